/* pip's configuration files, and what in them or in variables keeps an installation from its place. */
#include <string.h>

#include "formats/pep508.h"
#include "net/settings.h"

typedef struct listing {
    const tfd_sys *sys;
    tfd_arena *arena;
    tfd_strs *out;
} listing;

static tfd_str variable(const listing *in, const char *name)
{
    tfd_str value;

    return tfd_net_env(in->sys, name, &value) ? value : TFD_STR("");
}

static void add_file(listing *in, tfd_str path)
{
    if (path.len > 0 && TFD_GROW(in->arena, in->out))
        in->out->items[in->out->count++] = path;
}

/* folder/a/b; a may be NULL. Nothing where the folder is unknown. */
static void add_below(listing *in, tfd_str folder, const char *a, const char *b)
{
    if (folder.len == 0)
        return;
    if (a)
        folder = tfd_path_join(in->sys->style, in->arena, folder, tfd_str_of(a));
    add_file(in, tfd_path_join(in->sys->style, in->arena, folder, tfd_str_of(b)));
}

static void add_global_posix(listing *in)
{
    tfd_str dirs = variable(in, "XDG_CONFIG_DIRS"), dir;
    bool more = true;

    if (dirs.len == 0)
        dirs = TFD_STR("/etc/xdg");
    while (more) {
        more = tfd_str_cut(dirs, ':', &dir, &dirs);
        add_below(in, dir, "pip", "pip.conf");
    }
    add_file(in, TFD_STR("/etc/pip.conf"));
}

static void add_user_posix(listing *in)
{
    tfd_str home = in->sys->home(in->sys), config = variable(in, "XDG_CONFIG_HOME");

    if (config.len == 0)
        config = home.len > 0 ? tfd_path_join(in->sys->style, in->arena, home, TFD_STR(".config")) : home;
    add_below(in, home, ".pip", "pip.conf");
    add_below(in, config, "pip", "pip.conf");
}

tfd_status tfd_net_pip_files(const tfd_sys *sys, tfd_arena *arena, const tfd_facts *facts, tfd_strs *out)
{
    listing in = {sys, arena, out};
    bool is_windows = sys->style == TFD_PATH_WINDOWS, has_own;
    tfd_str own = variable(&in, "PIP_CONFIG_FILE");

    if (tfd_str_is(own, "/dev/null") || (is_windows && tfd_str_eq_nocase(own, TFD_STR("nul"))))
        return TFD_OK;
    has_own = own.len > 0 && tfd_sys_kind(sys, own) != TFD_KIND_NONE;
    if (is_windows)
        add_below(&in, variable(&in, "ProgramData"), "pip", "pip.ini");
    else
        add_global_posix(&in);
    if (!has_own && is_windows) {
        add_below(&in, sys->home(sys), "pip", "pip.ini");
        add_below(&in, variable(&in, "APPDATA"), "pip", "pip.ini");
    } else if (!has_own) {
        add_user_posix(&in);
    }
    if (facts)
        add_below(&in, facts->python.prefix, NULL, is_windows ? "pip.ini" : "pip.conf");
    add_file(&in, own);
    return arena->failed ? TFD_ENOMEM : TFD_OK;
}

bool tfd_net_is_option(tfd_str key, const char *name)
{
    size_t n = name ? strlen(name) : 0;

    if (tfd_str_starts_z(key, "--"))
        key = tfd_str_from(key, 2);
    if (n == 0 || key.len != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((key.ptr[i] == '_' ? '-' : tfd_char_lower(key.ptr[i])) != name[i])
            return false;
    return true;
}

/* ---- what keeps an installation from its place */

static const struct {
    const char *name, *variable;
} options[] = {
    {"target", "PIP_TARGET"},
    {"prefix", "PIP_PREFIX"},
    {"root", "PIP_ROOT"},
    {"user", "PIP_USER"},
    {"dry-run", "PIP_DRY_RUN"},
    {"no-binary", "PIP_NO_BINARY"},
    {"require-hashes", "PIP_REQUIRE_HASHES"},
    {"require-virtualenv", "PIP_REQUIRE_VIRTUALENV"},
    {"constraint", "PIP_CONSTRAINT"},
    {"no-index", "PIP_NO_INDEX"},
};

/* cli/parser.py takes these words for "no". */
static bool is_off(tfd_str value)
{
    static const char *const words[] = {"", "0", "false", "no", "off", "f", "n"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (tfd_str_eq_nocase(value, tfd_str_of(words[i])))
            return true;
    return false;
}

/* Lines with markers, of URLs, and files that are included, are left out: what they say is not known. */
static void read_constraints(const listing *in, tfd_facts *facts, tfd_str path, tfd_str setting)
{
    tfd_str text, line, comment;

    if (tfd_sys_read_file(in->sys, in->arena, path, TFD_PIP_CONFIG_MAX, &text, NULL) != TFD_OK)
        return;
    for (size_t number = 1; tfd_str_line(&text, &line); number++) {
        tfd_requirement_text one;
        char *key;

        (void)tfd_str_cut(line, '#', &line, &comment);
        line = tfd_str_trim(line);
        if (line.len == 0 || tfd_requirement_parse(line, &one) != TFD_OK || one.specifier.len == 0 ||
            one.marker.len > 0)
            continue;
        key = tfd_arena_take(in->arena, one.name.len + 1, 1);
        if (!key || !TFD_GROW(in->arena, &facts->pip_constraints))
            return;
        facts->pip_constraints.items[facts->pip_constraints.count++] =
            (tfd_pip_constraint){(tfd_str){key, tfd_name_key(one.name, key, one.name.len + 1)}, one.specifier,
                                 path, number, setting};
    }
}

/* Reads the files of constraints; the first that is not there, empty: all are, or cannot be looked for. */
static tfd_str find_gone(const listing *in, tfd_facts *facts, tfd_str value, tfd_str setting)
{
    tfd_net_values words = {0};

    (void)tfd_net_add_words(in->arena, value, TFD_STR(""), &words);
    for (size_t i = 0; i < words.count; i++) {
        tfd_str path = words.items[i].text;
        tfd_stat info;

        if (tfd_str_find_z(path, "://") != TFD_NPOS)
            continue;
        path = tfd_net_path(in->sys, in->arena, path);
        if (in->sys->stat(in->sys, path, true, &info, NULL) == TFD_ENOENT)
            return words.items[i].text;
        read_constraints(in, facts, path, setting);
    }
    return TFD_STR("");
}

/* file: empty for a variable. */
static void add_option(const listing *in, tfd_facts *facts, const char *name, tfd_str value, tfd_str file)
{
    if (strcmp(name, "constraint") == 0)
        value = find_gone(in, facts, value, file);
    if (!is_off(value) && TFD_GROW(in->arena, &facts->pip_options))
        facts->pip_options.items[facts->pip_options.count++] =
            (tfd_pip_option){tfd_str_of(name), value, file};
}

/* Whether one of the places to install from holds anything, or cannot be looked into. */
static bool leads_somewhere(const listing *in, tfd_str value)
{
    tfd_net_values words = {0};

    (void)tfd_net_add_words(in->arena, value, TFD_STR(""), &words);
    for (size_t i = 0; i < words.count; i++) {
        tfd_str path = words.items[i].text;
        tfd_dirents entries = {0};
        tfd_status st;

        if (tfd_str_find_z(path, ":") != TFD_NPOS)
            return true;
        st = in->sys->list(in->sys, in->arena, tfd_net_path(in->sys, in->arena, path), &entries, NULL);
        if (st != TFD_ENOENT && (st != TFD_OK || entries.count > 0))
            return true;
    }
    return false;
}

static void read_file(const listing *in, tfd_facts *facts, tfd_str path, bool *has_links)
{
    tfd_str text, key, value;
    tfd_ini ini = {.arena = in->arena};

    if (tfd_sys_read_file(in->sys, in->arena, path, TFD_PIP_CONFIG_MAX, &text, NULL) != TFD_OK)
        return;
    ini.rest = text;
    while (tfd_ini_next(&ini, &key, &value)) {
        if (!tfd_str_is(ini.section, "global") && !tfd_str_is(ini.section, "install"))
            continue;
        *has_links = *has_links || (tfd_net_is_option(key, "find-links") && leads_somewhere(in, value));
        for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
            if (tfd_net_is_option(key, options[i].name))
                add_option(in, facts, options[i].name, tfd_str_trim(value), path);
    }
    if (ini.refused && facts->pip_refused.len == 0) {
        facts->pip_refused = path;
        facts->pip_refused_line = ini.refused;
    }
}

/* With files named to install from, no index is a wish; without, nothing could ever be installed. */
static void drop_no_index(tfd_facts *facts)
{
    size_t kept = 0;

    for (size_t i = 0; i < facts->pip_options.count; i++)
        if (!tfd_str_is(facts->pip_options.items[i].name, "no-index"))
            facts->pip_options.items[kept++] = facts->pip_options.items[i];
    facts->pip_options.count = kept;
}

tfd_status tfd_net_pip_options(const tfd_sys *sys, tfd_arena *arena, tfd_facts *facts)
{
    tfd_strs files = {0};
    listing in = {sys, arena, &files};
    bool has_links = leads_somewhere(&in, variable(&in, "PIP_FIND_LINKS"));

    if (tfd_net_pip_files(sys, arena, facts, &files) != TFD_OK)
        return TFD_ENOMEM;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        add_option(&in, facts, options[i].name, variable(&in, options[i].variable), TFD_STR(""));
    for (size_t i = 0; i < files.count; i++)
        read_file(&in, facts, files.items[i], &has_links);
    if (has_links)
        drop_no_index(facts);
    return arena->failed ? TFD_ENOMEM : TFD_OK;
}
