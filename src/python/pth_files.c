#include "python/pth.h"
#include "python/site_model.h"

void tfd_site_open_startup(tfd_site_model *m, tfd_str path)
{
    tfd_startup_file *row;

    for (size_t i = 0; i < m->facts->startup_files.count; i++)
        if (tfd_str_eq(m->facts->startup_files.items[i].path, path)) {
            m->startup = i;
            return;
        }
    if (!TFD_GROW(m->arena, &m->facts->startup_files)) {
        m->no_memory = true;
        return;
    }
    m->startup = m->facts->startup_files.count++;
    row = &m->facts->startup_files.items[m->startup];
    row->path = path;
    row->understood = true;
    row->first_place = TFD_NONE;
}

static bool names_utf8(tfd_str locale)
{
    size_t dot = tfd_str_find_char(locale, '.');
    tfd_str codeset = dot == TFD_NPOS ? TFD_STR("") : tfd_str_from(locale, dot + 1);

    codeset = tfd_str_sub(codeset, 0, tfd_str_find_char(codeset, '@'));
    return tfd_str_eq_nocase(codeset, TFD_STR("UTF-8")) || tfd_str_eq_nocase(codeset, TFD_STR("utf8"));
}

/* locale.getpreferredencoding: LC_ALL, LC_CTYPE, LANG; the C locale is UTF-8 from 3.7 (PEP 538, PEP 540). A
 * locale that is not installed counts as C, which cannot be seen here: its name decides. */
static tfd_pth_encoding find_encoding(const tfd_site_model *m, unsigned *page)
{
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    tfd_str value = TFD_STR("");
    int minor = m->layout->minor;
    size_t by = 0;
    bool is_c;

    *page = 0;
    if (m->sys->style == TFD_PATH_WINDOWS) {
        *page = tfd_site_page_windows(m);
        return *page == TFD_SITE_PAGE_UTF8 ? TFD_PTH_UTF8 : TFD_PTH_PAGE;
    }
    for (size_t i = 0; i < 3 && value.len == 0; i++) {
        by = i;
        if (!m->sys->env(m->sys, variables[i], &value))
            value = TFD_STR("");
    }
    is_c = value.len == 0 || tfd_str_is(value, "C") || tfd_str_is(value, "POSIX");
    if (is_c)
        return minor < 7 || (minor >= 11 && by == 0 && value.len) ? TFD_PTH_ASCII : TFD_PTH_UTF8;
    return names_utf8(value) ? TFD_PTH_UTF8 : TFD_PTH_PAGE;
}

/* A path line: taken if it exists and is not known yet. */
static void run_path(tfd_site_model *m, tfd_str dir, tfd_str line, tfd_str file, size_t number)
{
    tfd_str path;

    if (tfd_str_find_char(line, '\0') != TFD_NPOS)
        return;
    path = tfd_site_abs(m, tfd_path_join(m->sys->style, m->arena, dir, line));
    if (tfd_site_is_known(m, path) || tfd_sys_kind(m->sys, path) == TFD_KIND_NONE)
        return;
    tfd_site_insert(m, m->out->count, path, TFD_PLACE_PTH,
                    tfd_arena_fmt(m->arena, "%.*s:%lu", TFD_ARG(file), (unsigned long)number));
    tfd_site_set_known(m, path);
}

static void run_text(tfd_site_model *m, tfd_str dir, tfd_str file, tfd_str text)
{
    tfd_pth_kind kind;
    tfd_str line;

    for (size_t number = 1; tfd_pth_take(&text, &kind, &line) && !m->no_memory; number++) {
        if (kind == TFD_PTH_PATH) {
            run_path(m, dir, line, file, number);
        } else if (kind == TFD_PTH_CODE) {
            m->facts->startup_files.items[m->startup].has_imports = true;
            if (!tfd_site_run_line(m, dir, line, number))
                return;
        }
    }
}

/* A file that cannot be decoded stops the interpreter: the error is raised outside of the handler that makes
 * site go on after a bad line. */
static bool is_decodable(tfd_site_model *m, tfd_str file, tfd_str text)
{
    unsigned page;
    tfd_pth_encoding encoding = find_encoding(m, &page);
    size_t line = tfd_pth_undecodable(text, encoding, page);

    if (line == 0 || (m->out->rules.utf8_first && tfd_pth_undecodable(text, TFD_PTH_UTF8, 0) == 0))
        return true;
    m->facts->startup_files.items[m->startup].problem =
        tfd_arena_fmt(m->arena, "line %lu: bytes that cannot be decoded", (unsigned long)line);
    m->out->fatal_file = file;
    m->out->fatal =
        tfd_arena_fmt(m->arena, "line %lu of %.*s cannot be decoded: Python stops while it starts",
                      (unsigned long)line, TFD_ARG(file));
    return false;
}

void tfd_site_read_pth(tfd_site_model *m, tfd_str dir, tfd_str name)
{
    tfd_str file = tfd_path_join(m->sys->style, m->arena, dir, name);
    size_t outer = m->startup;
    tfd_status status;
    tfd_str text;

    if (tfd_sys_kind(m->sys, file) != TFD_KIND_FILE)
        return; /* a dangling link, or a folder: open fails, site passes it over */
    tfd_site_open_startup(m, file);
    if (m->no_memory)
        return;
    status = tfd_sys_read_file(m->sys, m->arena, file, TFD_PTH_MAX, &text, NULL);
    if (status == TFD_OK && is_decodable(m, file, text)) {
        if (m->out->rules.utf8_first && tfd_str_starts_z(text, "\xef\xbb\xbf"))
            text = tfd_str_from(text, 3);
        run_text(m, dir, file, text);
    } else if (status != TFD_OK) {
        m->facts->startup_files.items[m->startup].problem = tfd_str_of(tfd_status_text(status));
        if (status == TFD_ELIMIT)
            tfd_site_incomplete(m, tfd_arena_fmt(m->arena, "%.*s is too large to be read", TFD_ARG(file)));
    }
    m->startup = outer;
}
