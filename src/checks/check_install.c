/* Is TensorFlow in this interpreter at all, whole and of the right kind; and if not, in which one? */
#include "base/utf8.h"
#include "core/check.h"

static bool is_stub(const tfd_dist *tf)
{
    /* Metadata with a handful of files: the package itself is another distribution's (tensorflow on Windows
     * before 2.18.1 is a shim for tensorflow-intel). */
    return tf && tf->has_record && tf->files < 20;
}

static void blame_other_python(const tfd_view *view, tfd_findings *out)
{
    const tfd_interpreters *all = &view->facts->interpreters;

    for (size_t i = 0; i < all->count; i++) {
        const tfd_interpreter *one = &all->items[i];
        tfd_finding finding;

        if (one->is_target || one->tf_dist.len == 0 || !one->runs_for_user || one->is_broken)
            continue;
        finding = tfd_finding_of(TFD_CAUSE_PYTHON_WRONG_ONE, TFD_STR(""), TFD_W_STRONG, TFD_EFFECT_BREAKS);
        finding.path = one->path;
        finding.text = tfd_arena_fmt(out->arena, "%.*s %.*s is in %.*s (%.*s), not in %.*s",
                                     TFD_ARG(one->tf_dist), TFD_ARG(one->tf_version), TFD_ARG(one->path),
                                     TFD_ARG(one->seen_in), TFD_ARG(view->facts->python.path));
        finding.source = one->path;
        tfd_findings_add(out, &finding);
        return;
    }
}

static void say_choice(const tfd_view *view, tfd_str text, tfd_str source, tfd_findings *out)
{
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_PYTHON_WRONG_ONE, TFD_STR(""), TFD_W_LIKELY, TFD_EFFECT_LATENT);

    finding.path = view->facts->python.path;
    finding.text = text;
    finding.source = source;
    tfd_findings_add(out, &finding);
}

/* What PATH starts may not be what the user means. */
static void check_choice(const tfd_view *view, tfd_findings *out)
{
    const tfd_python *py = &view->facts->python;

    if (!tfd_str_is(py->why, "PATH"))
        return;
    if (py->active_env_differs)
        say_choice(view,
                   tfd_arena_fmt(out->arena, "%.*s names %.*s, but what PATH starts is %.*s",
                                 TFD_ARG(py->active_env_var), TFD_ARG(py->active_env), TFD_ARG(py->path)),
                   py->active_env_var, out);
    if (py->passed_over.len > 0)
        say_choice(view,
                   tfd_arena_fmt(out->arena, "%.*s; %.*s was examined in its place", TFD_ARG(py->passed_over),
                                 TFD_ARG(py->path)),
                   TFD_STR("PATH"), out);
}

static bool blame_leftovers(const tfd_view *view, tfd_findings *out)
{
    const tfd_leftovers *all = &view->facts->leftovers;
    bool found = false;

    for (size_t i = 0; i < all->count; i++) {
        const tfd_leftover *one = &all->items[i];
        bool of_tensorflow = tfd_str_starts_z(one->key, "tensorflow") || tfd_str_is(one->key, "tf-nightly");
        tfd_finding finding;

        if (one->kind != TFD_LEFTOVER_TILDE || !of_tensorflow)
            continue;
        finding = tfd_finding_of(TFD_CAUSE_TF_CORRUPT, one->key, TFD_W_PROOF, TFD_EFFECT_BREAKS);
        finding.path = one->path;
        finding.text = tfd_arena_fmt(
            out->arena, "%.*s was left behind by an interrupted upgrade; TensorFlow itself is gone",
            TFD_ARG(one->path));
        finding.source = one->path;
        tfd_findings_add(out, &finding);
        found = true;
    }
    return found;
}

/* A folder of packages that may not be listed looks empty to Python. */
static bool blame_unreadable_site(const tfd_view *view, tfd_findings *out)
{
    for (size_t i = 0; i < view->facts->places.count; i++) {
        const tfd_place *place = &view->facts->places.items[i];
        tfd_finding finding;

        if (place->kind != TFD_PLACE_SITE || !place->exists || place->readable || place->is_zip)
            continue;
        finding = tfd_finding_of(TFD_CAUSE_PERMISSION_DENIED, place->path, TFD_W_STRONG, TFD_EFFECT_BREAKS);
        finding.path = place->path;
        finding.text = tfd_arena_fmt(out->arena, "this user may not read %.*s, where the packages are",
                                     TFD_ARG(place->path));
        finding.source = place->path;
        tfd_findings_add(out, &finding);
        return true;
    }
    return false;
}

/* A folder laid out as an environment without its pyvenv.cfg: Python starts as the base interpreter and sees
 * none of its packages. */
static bool blame_lost_venv(const tfd_view *view, tfd_findings *out)
{
    tfd_str root = view->facts->python.venv_lost;
    tfd_finding finding = tfd_finding_of(TFD_CAUSE_VENV_BROKEN, TFD_STR(""), TFD_W_STRONG, TFD_EFFECT_BREAKS);

    if (root.len == 0)
        return false;
    finding.path = root;
    finding.text = tfd_arena_fmt(
        out->arena,
        "%.*s is laid out as a virtual environment, but its pyvenv.cfg is gone: its packages are not seen",
        TFD_ARG(root));
    finding.source = root;
    tfd_findings_add(out, &finding);
    return true;
}

/* The same without the link lib: the packages are in lib64, where this interpreter does not look. */
static bool blame_lost_lib(const tfd_view *view, tfd_findings *out)
{
    tfd_str root = view->facts->python.lib64_only;
    tfd_finding finding = tfd_finding_of(TFD_CAUSE_VENV_BROKEN, TFD_STR(""), TFD_W_STRONG, TFD_EFFECT_BREAKS);

    if (root.len == 0)
        return false;
    finding.path = root;
    finding.text = tfd_arena_fmt(
        out->arena, "%.*s/lib is gone; the packages lie in %.*s/lib64, where this interpreter does not look",
        TFD_ARG(root), TFD_ARG(root));
    finding.source = root;
    tfd_findings_add(out, &finding);
    return true;
}

static bool blame_hiding_variable(const tfd_view *view, tfd_findings *out)
{
    const tfd_python *py = &view->facts->python;
    bool is_home = tfd_str_is(py->hidden_by, "PYTHONHOME");
    tfd_finding finding = tfd_finding_of(is_home ? TFD_CAUSE_PYTHON_BROKEN : TFD_CAUSE_ENV_SETTING,
                                         py->hidden_by, TFD_W_STRONG, TFD_EFFECT_BREAKS);

    if (py->hidden_site.len == 0)
        return false;
    finding.text = tfd_arena_fmt(out->arena, "TensorFlow is in %.*s, which %.*s keeps off sys.path",
                                 TFD_ARG(py->hidden_site), TFD_ARG(py->hidden_by));
    finding.source = TFD_STR("environment");
    tfd_findings_add(out, &finding);
    return true;
}

static bool is_unsupported(const tfd_view *view)
{
    const tfd_python *py = &view->facts->python;
    const tfd_online *online = &view->facts->online;

    if (online->newest_fit.len > 0) /* the index knows better */
        return false;
    if (online->newest.len > 0 && online->complete && online->fits_tags_known && !online->python_fits &&
        !tfd_view_newest_release(view)) /* else it is the index that lacks files */
        return true;
    return py->major == 2 ||
           (py->minor >= 0 && tfd_kb_python_support(view->kb, py->major, py->minor) == TFD_NO);
}

static void blame_unsupported(const tfd_view *view, tfd_findings *out)
{
    const tfd_python *py = &view->facts->python;
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_PYTHON_UNSUPPORTED, TFD_STR(""), TFD_W_STRONG, TFD_EFFECT_BREAKS);

    finding.text = tfd_arena_fmt(
        out->arena,
        "no release of TensorFlow that is still of use has a wheel for CPython %d.%d (as known on %.*s)",
        py->major, py->minor, TFD_ARG(tfd_kb_date(view->kb)));
    finding.source = TFD_STR("knowledge base: tensorflow");
    if (view->facts->online.newest.len > 0 && view->facts->online.complete &&
        !view->facts->online.python_fits) {
        finding.text = tfd_arena_fmt(
            out->arena, "none of the %zu files of TensorFlow on %.*s is for CPython %d.%d",
            view->facts->online.files, TFD_ARG(view->facts->online.index), py->major, py->minor);
        finding.source = view->facts->online.index;
    }
    tfd_findings_add(out, &finding);
}

/* The import itself says that there is none: then it does not matter that sys.path is not fully known. Python
 * 2 has no ModuleNotFoundError and no name in it. */
static bool import_misses_it(const tfd_view *view)
{
    const tfd_import *import = &view->facts->import;

    for (size_t i = 0; i < import->exception_count; i++)
        if (tfd_str_is(import->exceptions[i].name, "tensorflow") ||
            tfd_str_is(import->exceptions[i].message, "No module named tensorflow"))
            return true;
    return false;
}

/* Windows on ARM with a Python of its own: pip finds no wheel at all. */
static bool blame_arm(const tfd_view *view, tfd_findings *out)
{
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_ARCH_MISMATCH, TFD_STR(""), TFD_W_STRONG, TFD_EFFECT_BREAKS);

    if (!tfd_view_is_windows(view) || view->facts->python.arch != TFD_ARCH_AARCH64)
        return false;
    finding.text =
        tfd_arena_fmt(out->arena, "%.*s is an ARM64 program; there is no TensorFlow for Windows on ARM",
                      TFD_ARG(view->facts->python.path));
    finding.source = view->facts->python.path;
    tfd_findings_add(out, &finding);
    return true;
}

static void blame_missing(const tfd_view *view, tfd_findings *out)
{
    const tfd_python *py = &view->facts->python;
    tfd_finding finding = tfd_finding_of(TFD_CAUSE_TF_MISSING, TFD_STR(""), TFD_W_LIKELY, TFD_EFFECT_BREAKS);

    if (blame_leftovers(view, out) || blame_unreadable_site(view, out) || blame_lost_venv(view, out) ||
        blame_lost_lib(view, out) || blame_hiding_variable(view, out))
        return;
    finding.text = tfd_arena_fmt(out->arena, "no distribution and no folder of TensorFlow in %.*s",
                                 TFD_ARG(py->site_packages));
    finding.source = py->site_packages;
    tfd_findings_add(out, &finding);
    blame_other_python(view, out);
    (void)blame_arm(view, out);
    if (is_unsupported(view))
        blame_unsupported(view, out);
}

static void blame_no_files(const tfd_view *view, const tfd_dist *tf, tfd_findings *out)
{
    tfd_finding finding;

    if (is_stub(tf)) {
        finding = tfd_finding_of(TFD_CAUSE_TF_MISSING, TFD_STR(""), TFD_W_STRONG, TFD_EFFECT_BREAKS);
        finding.text = tfd_arena_fmt(out->arena, "%.*s %.*s is metadata only: its RECORD lists %zu files",
                                     TFD_ARG(tf->name), TFD_ARG(tf->version), tf->files);
    } else {
        finding = tfd_blame_dist(view, view->facts->tensorflow, TFD_W_PROOF, TFD_EFFECT_BREAKS);
        finding.text =
            tfd_arena_fmt(out->arena, "%.*s %.*s is listed as installed, but its package folder is gone",
                          TFD_ARG(tf->name), TFD_ARG(tf->version));
    }
    finding.source = tf->path;
    tfd_findings_add(out, &finding);
}

/* The module that was asked for where it is not TensorFlow itself: an add-on that nobody installed. */
static void check_addon(const tfd_view *view, const tfd_module *module, tfd_findings *out)
{
    tfd_str key = module->hint.len > 0 ? module->hint : tfd_kb_module_dist(view->kb, module->name);
    tfd_finding finding;

    if (module->kind != TFD_MODULE_MISSING)
        return;
    if (key.len == 0)
        key = module->name;
    finding = tfd_blame_key(view, key, TFD_W_STRONG, TFD_EFFECT_BREAKS);
    if (finding.dist == TFD_NONE && finding.cause == TFD_CAUSE_ADDON_MISMATCH)
        finding.cause = TFD_CAUSE_DEP_OTHER;
    finding.text = tfd_arena_fmt(out->arena, "module %.*s is nowhere on sys.path", TFD_ARG(module->name));
    finding.source = TFD_STR("sys.path");
    tfd_findings_add(out, &finding);
}

static bool is_ascii(tfd_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] > 127)
            return false;
    return true;
}

/* In the locale C Python takes UTF-8 by itself (PEP 540) or sets another locale (PEP 538, not where LC_ALL is
 * set). PYTHONUTF8=0 and PYTHONCOERCECLOCALE=0 forbid it: then letters of file names become surrogates. */
static bool reads_names_as_ascii(const tfd_view *view)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    tfd_str locale = TFD_STR("");
    tfd_str value;
    size_t i = 0;

    if (!tfd_view_variable(view, TFD_STR("PYTHONUTF8"), &value) || !tfd_str_is(value, "0"))
        return false;
    for (; i < sizeof names / sizeof names[0] && locale.len == 0; i++)
        (void)tfd_view_variable(view, tfd_str_of(names[i]), &locale);
    if (locale.len > 0 && !tfd_str_is(locale, "C") && !tfd_str_is(locale, "POSIX"))
        return false;
    if (locale.len > 0 && i == 1)
        return true; /* LC_ALL */
    return tfd_view_variable(view, TFD_STR("PYTHONCOERCECLOCALE"), &value) && tfd_str_is(value, "0");
}

static bool failed_over_letters(const tfd_view *view)
{
    const tfd_import *import = &view->facts->import;

    for (size_t i = 0; tfd_view_import_failed(view) && i < import->exception_count; i++)
        if (tfd_str_is(import->exceptions[i].type, "UnicodeEncodeError"))
            return true;
    return false;
}

/* The name is UTF-8, and Python does not read it so. */
static void check_letters(const tfd_view *view, tfd_str path, tfd_findings *out)
{
    bool is_read_as_ascii = reads_names_as_ascii(view);
    bool failed = failed_over_letters(view);
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_PATH_NON_ASCII, TFD_STR(""), TFD_W_STRONG, TFD_EFFECT_MAY_BREAK);

    if (is_ascii(path) || (!is_read_as_ascii && !failed))
        return;
    finding.path = path;
    finding.text = tfd_arena_fmt(out->arena, "Python does not read the name of the folder %.*s as UTF-8%s",
                                 TFD_ARG(path), is_read_as_ascii ? ": PYTHONUTF8=0 in the locale C" : "");
    finding.source = TFD_STR("environment");
    tfd_findings_add(out, &finding);
}

/* Native code is handed paths as UTF-8; Python's text of another byte cannot be encoded so
 * (measured: 2.10, 2.15 and 2.20 all fail). */
static void check_path(const tfd_view *view, const tfd_dist *tf, tfd_findings *out)
{
    tfd_str path = view->facts->places.items[tf->place].path;
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_PATH_NON_ASCII, TFD_STR(""), TFD_W_PROOF, TFD_EFFECT_MAY_BREAK);

    if (tfd_view_is_windows(view))
        return;
    if (tfd_utf8_valid(path)) {
        check_letters(view, path, out);
        return;
    }
    finding.path = path;
    finding.text = tfd_arena_fmt(out->arena, "the name of the folder %.*s is no valid UTF-8", TFD_ARG(path));
    finding.source = path;
    tfd_findings_add(out, &finding);
}

static const tfd_module *find_module(const tfd_facts *facts, tfd_str name)
{
    for (size_t i = 0; i < facts->modules.count; i++)
        if (tfd_str_eq(facts->modules.items[i].name, name))
            return &facts->modules.items[i];
    return NULL;
}

static void run(const tfd_view *view, tfd_findings *out)
{
    const tfd_facts *facts = view->facts;
    const tfd_dist *tf = tfd_view_tensorflow(view);
    const tfd_module *module = find_module(facts, TFD_STR("tensorflow"));
    const tfd_module *asked = find_module(facts, facts->module_top);

    if (facts->python.broken == TFD_PY_DANGLING || facts->python.broken == TFD_PY_MISSING ||
        facts->python.broken == TFD_PY_NO_STDLIB || facts->python.broken == TFD_PY_CFG_DENIED ||
        facts->python.broken == TFD_PY_CFG_NO_TEXT) {
        tfd_findings_unknown(out, TFD_STR("the interpreter does not start"));
        return;
    }
    check_choice(view, out);
    if (!tf && (!module || module->kind == TFD_MODULE_MISSING)) {
        if (facts->places.complete || import_misses_it(view))
            blame_missing(view, out);
        else if (is_unsupported(view))
            blame_unsupported(view, out);
        else
            tfd_findings_unknown(out, facts->places.why);
        return;
    }
    if (tf)
        check_path(view, tf, out);
    if (tf && module && module->kind == TFD_MODULE_MISSING)
        blame_no_files(view, tf, out);
    if (asked && asked != module)
        check_addon(view, asked, out);
    if (tf && out->check_status == TFD_CHECK_OK)
        tfd_findings_say(out,
                         tfd_arena_fmt(out->arena, "%.*s %.*s in %.*s", TFD_ARG(tf->name),
                                       TFD_ARG(tf->version), TFD_ARG(facts->places.items[tf->place].path)));
}

const tfd_check tfd_check_install = {
    .id = "install",
    .summary = "TensorFlow is installed in this interpreter, and not in another one only",
    .run = run,
};
