/* Does the place of the installation, or a folder on PATH, stand in the way? (Windows: lengths, letters,
 * PATH, conda) */
#include "core/check.h"

/* MAX_PATH with its closing NUL (win32: Maximum Path Length Limitation). */
#define PATH_LIMIT 259

static bool has_long_paths(const tfd_view *view)
{
    const tfd_fact *fact = &view->facts->scalars[TFD_FACT_WINDOWS_LONG_PATHS];

    return fact->state != TFD_STATE_PRESENT || fact->boolean; /* unknown blames nobody */
}

static void add_long(const tfd_view *view, tfd_str path, int weight, tfd_effect effect, const char *what,
                     tfd_findings *out)
{
    tfd_finding finding = tfd_finding_of(TFD_CAUSE_PATH_TOO_LONG, TFD_STR(""), weight, effect);

    finding.path = path;
    finding.text = tfd_arena_fmt(out->arena, "%.*s %s: its path has %zu characters, Windows is set to %d",
                                 TFD_ARG(path), what, path.len, PATH_LIMIT);
    finding.source = view->facts->scalars[TFD_FACT_WINDOWS_LONG_PATHS].source;
    tfd_findings_add(out, &finding);
}

/* Bytes above 127 continue or begin a letter in UTF-8: those that continue one do not count as characters. */
static size_t characters_of(tfd_str path)
{
    size_t count = 0;

    for (size_t i = 0; i < path.len; i++)
        count += ((unsigned char)path.ptr[i] & 0xC0u) != 0x80u ? 1 : 0;
    return count;
}

/* A file that pip could not write, or that Python cannot open. */
static void check_lengths(const tfd_view *view, tfd_findings *out)
{
    const tfd_facts *facts = view->facts;

    if (has_long_paths(view))
        return;
    for (size_t i = 0; i < facts->file_problems.count; i++) {
        const tfd_file_problem *one = &facts->file_problems.items[i];

        if (one->state == TFD_FILE_MISSING && characters_of(one->path) > PATH_LIMIT) {
            add_long(view, one->path, TFD_W_STRONG + 20, TFD_EFFECT_MAY_BREAK, "was not installed", out);
            return;
        }
    }
    for (size_t i = 0; i < facts->objects.count; i++) {
        const tfd_object *one = &facts->objects.items[i];

        if (one->is_needed && !one->is_optional && characters_of(one->path) > PATH_LIMIT) {
            add_long(view, one->path, TFD_W_STRONG, TFD_EFFECT_MAY_BREAK, "cannot be loaded", out);
            return;
        }
    }
}

static bool is_ascii(tfd_str path)
{
    for (size_t i = 0; i < path.len; i++)
        if ((unsigned char)path.ptr[i] > 126)
            return false;
    return true;
}

/* Python and TensorFlow's modules load from such a path; some of their libraries open files by the names of
 * the system's code page. It counts only where the import failed over letters. */
static void check_letters(const tfd_view *view, tfd_findings *out)
{
    const tfd_facts *facts = view->facts;
    tfd_str path = is_ascii(facts->python.site_packages) ? facts->python.path : facts->python.site_packages;
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_PATH_NON_ASCII, TFD_STR(""), TFD_W_MAYBE, TFD_EFFECT_MAY_BREAK);
    bool is_about_letters = false;

    if (is_ascii(path) || !tfd_view_import_failed(view))
        return;
    for (size_t i = 0; i < facts->import.exception_count; i++)
        is_about_letters |= tfd_str_is(facts->import.exceptions[i].type, "UnicodeDecodeError") ||
                            tfd_str_is(facts->import.exceptions[i].type, "UnicodeEncodeError");
    if (is_about_letters) {
        finding.weight = TFD_W_NAMED;
        finding.from_import = true;
    }
    finding.path = path;
    finding.text = tfd_arena_fmt(out->arena, "the installation's path has letters outside of ASCII: %.*s",
                                 TFD_ARG(path));
    finding.source = path;
    tfd_findings_add(out, &finding);
}

/* A copy of a library that is found before the one that belongs to a package or to Windows. */
static void check_intruders(const tfd_view *view, tfd_findings *out)
{
    const tfd_intruders *all = &view->facts->intruders;

    for (size_t i = 0; i < all->count; i++) {
        const tfd_object *object = tfd_view_object(view, all->items[i].object);
        bool is_loaded = object && object->state == TFD_OBJECT_OK;
        tfd_finding finding;

        if (!object || object->dist != TFD_NONE || tfd_kb_runtime_find(view->kb, all->items[i].name))
            continue;
        finding = tfd_finding_of(TFD_CAUSE_PATH_ORDER, tfd_path_dir(TFD_PATH_WINDOWS, object->path),
                                 is_loaded ? TFD_W_MAYBE : TFD_W_STRONG,
                                 is_loaded && !tfd_view_import_failed(view) ? TFD_EFFECT_LATENT
                                                                            : TFD_EFFECT_MAY_BREAK);
        finding.path = object->path;
        finding.text =
            tfd_arena_fmt(out->arena, "%.*s is found first by %.*s%s%.*s", TFD_ARG(object->path),
                          TFD_ARG(all->items[i].rule), all->items[i].instead.len > 0 ? ", before " : "",
                          TFD_ARG(all->items[i].instead));
        finding.source = TFD_STR("loader model");
        tfd_findings_add(out, &finding);
    }
}

static void run(const tfd_view *view, tfd_findings *out)
{
    if (!tfd_view_is_windows(view)) {
        tfd_findings_skip(out, TFD_STR("not Windows"));
        return;
    }
    check_lengths(view, out);
    check_letters(view, out);
    check_intruders(view, out);
    if (out->check_status == TFD_CHECK_OK)
        tfd_findings_say(out, TFD_STR("no path is too long, and nobody's DLL is found before the right one"));
}

const tfd_check tfd_check_paths = {
    .id = "paths",
    .summary = "Windows: no path is too long, and no foreign DLL is found first",
    .run = run,
};
