#include "formats/pep440.h"
#include "kb/kb_read.h"

static void parse_manylinux(tfd_kb *kb, const cJSON *root)
{
    void *items;
    const cJSON *rows = tfd_kb_rows_get(kb, root, "manylinux", sizeof *kb->manylinux, &items);
    const cJSON *row;

    kb->manylinux = items;
    cJSON_ArrayForEach(row, rows)
    {
        tfd_kb_manylinux *out = &kb->manylinux[kb->manylinux_count++];

        out->policy = tfd_kb_text_get(kb, row, "policy");
        out->alias = tfd_kb_text_get(kb, row, "alias");
        out->glibc = tfd_kb_text_get(kb, row, "glibc");
        out->glibcxx = tfd_kb_text_get(kb, row, "glibcxx");
        out->cxxabi = tfd_kb_text_get(kb, row, "cxxabi");
        out->origin = tfd_kb_origin_get(kb, row);
    }
}

void tfd_kb_libc_parse(tfd_kb *kb, const cJSON *root)
{
    void *items;
    const cJSON *rows, *row;

    parse_manylinux(kb, root);
    rows = tfd_kb_rows_get(kb, root, "gcc", sizeof *kb->gccs, &items);
    kb->gccs = items;
    cJSON_ArrayForEach(row, rows)
    {
        tfd_kb_gcc *out = &kb->gccs[kb->gcc_count++];

        out->gcc = tfd_kb_text_get(kb, row, "gcc");
        out->glibcxx = tfd_kb_text_get(kb, row, "glibcxx");
        out->cxxabi = tfd_kb_text_get(kb, row, "cxxabi");
        out->libstdcxx = tfd_kb_text_get(kb, row, "libstdcxx");
        out->origin = tfd_kb_origin_get(kb, row);
    }
}

const tfd_kb_manylinux *tfd_kb_manylinux_find(tfd_kb *kb, tfd_str tag)
{
    tfd_kb_topic_load(kb, TFD_KB_TOPIC_LIBC, NULL);
    for (size_t i = 0; tag.len > 0 && i < kb->manylinux_count; i++) {
        if (tfd_str_eq(kb->manylinux[i].policy, tag) || tfd_str_eq(kb->manylinux[i].alias, tag))
            return &kb->manylinux[i];
    }
    return NULL;
}

const tfd_kb_gcc *tfd_kb_gcc_for(tfd_kb *kb, tfd_str glibcxx)
{
    int order;

    tfd_kb_topic_load(kb, TFD_KB_TOPIC_LIBC, NULL);
    /* Rows are ordered by GCC, and so by GLIBCXX. */
    for (size_t i = 0; i < kb->gcc_count; i++) {
        if (tfd_version_cmp_text(kb->gccs[i].glibcxx, glibcxx, &order) && order >= 0)
            return &kb->gccs[i];
    }
    return NULL;
}

/* The whole file of a cause; the first line is "# Title". */
static bool find_cause(const tfd_kb *kb, tfd_str id, tfd_str *out)
{
    char name[64];
    static const char start[] = "causes/", end[] = ".md";
    size_t n = 0;

    if (id.len == 0 || id.len > sizeof name - sizeof start - sizeof end)
        return false;
    for (const char *p = start; *p; p++)
        name[n++] = *p;
    for (size_t i = 0; i < id.len; i++)
        name[n++] = id.ptr[i];
    for (const char *p = end; *p; p++)
        name[n++] = *p;
    return tfd_kb_file_find(kb, tfd_str_sub((tfd_str){name, sizeof name}, 0, n), out);
}

tfd_str tfd_kb_cause_text(tfd_kb *kb, tfd_str id)
{
    tfd_str text, line;

    if (!find_cause(kb, id, &text) || !tfd_str_line(&text, &line))
        return TFD_STR("");
    return tfd_str_trim(text);
}

tfd_str tfd_kb_cause_title(tfd_kb *kb, tfd_str id)
{
    tfd_str text, line;

    if (!find_cause(kb, id, &text) || !tfd_str_line(&text, &line) || !tfd_str_starts_z(line, "# "))
        return TFD_STR("");
    return tfd_str_trim(tfd_str_from(line, 2));
}
