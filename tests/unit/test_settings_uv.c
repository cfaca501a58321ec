/* uv's settings. Expected: what uv 0.13 asks, watched on loopback (the order of the addresses, the last one
 * its default). */
#define _XOPEN_SOURCE 700
#include "tree.h"

#include "net/settings.h"

#define SETTINGS_MAX 4

static const struct {
    struct {
        const char *name, *text; /* a path, or a variable in capitals */
    } set[SETTINGS_MAX];
    const char *expected; /* further indexes, then the default one; "links:" and "all" where set */
    int line;
} rows[] = {
    {{{"UV_DEFAULT_INDEX", "h://d"}, {"UV_INDEX", "h://a corp=h://b"}}, "h://a h://b h://d", __LINE__},
    {{{"UV_INDEX_URL", "h://d"}, {"UV_EXTRA_INDEX_URL", "h://a"}, {"UV_INDEX", "h://b"}},
     "h://b h://a h://d",
     __LINE__},
    {{{"UV_INDEX_URL", "h://c"}, {"UV_DEFAULT_INDEX", "h://d"}}, "h://d", __LINE__},
    {{{"home/.config/uv/uv.toml", "index-url = 'h://d'\nextra-index-url = [\n 'h://a', # x\n 'h://b'\n]\n"}},
     "h://a h://b h://d",
     __LINE__},
    {{{"home/.config/uv/uv.toml",
       "index-url='h://c'\nextra-index-url=['h://b']\n[pip]\nindex-url='h://d'\nextra-index-url=['h://a']"}},
     "h://a h://b h://d",
     __LINE__},
    {{{"home/.config/uv/uv.toml", "index-url='h://c'\nextra-index-url=['h://b']"},
      {"here/uv.toml", "index-url='h://d'\nextra-index-url=['h://a']"}},
     "h://a h://b h://d",
     __LINE__},
    {{{"here/uv.toml", "index-url='h://c'"}, {"home/.config/uv/uv.toml", "[pip]\nindex-url='h://d'"}},
     "h://d",
     __LINE__},
    {{{"here/pyproject.toml", "[project]\nname='x'\n[tool.uv]\nindex-url='h://d'"}}, "h://d", __LINE__},
    {{{"here/pyproject.toml", "[tool.other]\nindex-url='h://c'"}, {"uv.toml", "index-url='h://d'"}},
     "h://d",
     __LINE__},
    {{{"here/pyproject.toml", "[tool.uv]\nindex-url='h://c'"}, {"here/uv.toml", "index-url='h://d'"}},
     "h://d",
     __LINE__},
    {{{"here/pyproject.toml",
       "[[tool.uv.index]]\nname='a'\nurl='h://a'\n[[tool.uv.index]]\nurl='h://d'\ndefault=true"}},
     "h://a h://d",
     __LINE__},
    {{{"here/uv.toml", "index = [{name='a', url='h://a'}, {url='h://d', default=true}]"}},
     "h://a h://d",
     __LINE__},
    {{{"here/uv.toml", "index-url='h://d'\n[[index]]\nurl='h://a'\nexplicit=true"}}, "h://d", __LINE__},
    {{{"here/uv.toml", "[[index]]\nurl='h://f'\nformat='flat'"}}, "links:h://f", __LINE__},
    {{{"here/uv.toml", "index-url='h://c'\n[[index]]\nurl='h://d'\ndefault=true"}}, "h://d", __LINE__},
    {{{"here/uv.toml", "[[index]]\nurl='h://c'\ndefault=true"}, {"UV_INDEX_URL", "h://d"}},
     "h://d",
     __LINE__},
    {{{"here/uv.toml", "index-url='h://d'\n[[index]]\nurl='h://b'"}, {"UV_EXTRA_INDEX_URL", "h://a"}},
     "h://a h://b h://d",
     __LINE__},
    {{{"here/uv.toml", "index-url='h://c'"}, {"UV_NO_CONFIG", "1"}, {"UV_DEFAULT_INDEX", "h://d"}},
     "h://d",
     __LINE__},
    {{{"here/uv.toml", "index-url='h://c'"},
      {"other.toml", "index-url='h://d'"},
      {"UV_CONFIG_FILE", "@/other.toml"}},
     "h://d",
     __LINE__},
    {{{"here/uv.toml", "index-url='h://d'\nindex-strategy='unsafe-best-match'"}}, "h://d all", __LINE__},
    {{{"here/uv.toml", "[[index]]\nname='my-corp'\nurl='https://a/'"},
      {"UV_INDEX_MY_CORP_USERNAME", "me"},
      {"UV_INDEX_MY_CORP_PASSWORD", "p/:"}},
     "https://me:p%2F%3A@a/",
     __LINE__},
    {{{"here/uv.toml", "find-links=['h://f']"}}, "links:h://f", __LINE__},
    {{{"dirs/uv/uv.toml", "index-url='h://d'"}, {"XDG_CONFIG_DIRS", "@/dirs"}}, "h://d", __LINE__},
    {{{"PIP_INDEX_URL", "h://c"}}, "", __LINE__},
};

static void add(char *list, size_t size, const char *prefix, tfd_str text)
{
    size_t n = strlen(list);

    if (text.len > 0)
        (void)snprintf(list + n, size - n, "%s%s%.*s", n > 0 ? " " : "", prefix, TFD_ARG(text));
}

static void test_order(void **state)
{
    tree *t = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tfd_net_settings settings;
        char list[512] = "";

        for (size_t k = 0; k < SETTINGS_MAX && rows[i].set[k].name; k++)
            if (strncmp(rows[i].set[k].name, "UV_", 3) == 0 || strncmp(rows[i].set[k].name, "PIP_", 4) == 0 ||
                strncmp(rows[i].set[k].name, "XDG_", 4) == 0)
                tree_set(t, rows[i].set[k].name, rows[i].set[k].text);
            else
                tree_put(t, rows[i].set[k].name, rows[i].set[k].text, 0644);
        assert_int_equal(tfd_net_settings_uv(&t->sys, &t->arena, &settings), TFD_OK);
        for (size_t k = 0; k < settings.extra.count; k++)
            add(list, sizeof list, "", settings.extra.items[k].text);
        add(list, sizeof list, "", settings.index.text);
        for (size_t k = 0; k < settings.links.count; k++)
            add(list, sizeof list, "links:", settings.links.items[k].text);
        add(list, sizeof list, "", settings.first_only ? TFD_STR("") : TFD_STR("all"));
        tree_check(t, rows[i].line, tfd_str_of(list), rows[i].expected);
        for (size_t k = 0; k < SETTINGS_MAX && rows[i].set[k].name; k++)
            if (strchr(rows[i].set[k].name, '.'))
                assert_int_equal(unlink(tree_path(t, rows[i].set[k].name).ptr), 0);
            else
                tree_set(t, rows[i].set[k].name, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order, tree_setup, tree_teardown)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
