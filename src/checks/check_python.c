/* Does the interpreter itself start, and is it one that TensorFlow can be built for? */
#include "core/check.h"

static tfd_cause_id cause_of(const tfd_python *py)
{
    bool in_venv = py->pyvenv_cfg.len > 0 || py->env == TFD_ENV_VENV || py->env == TFD_ENV_UV;

    if (py->store_alias.len > 0 && tfd_str_eq(py->path, py->store_alias))
        return TFD_CAUSE_PYTHON_STORE_ALIAS;
    switch (py->broken) {
    case TFD_PY_DANGLING:
    case TFD_PY_MISSING:
    case TFD_PY_VENV_VERSION:
    case TFD_PY_CFG_NO_TEXT:
        return TFD_CAUSE_VENV_BROKEN;
    case TFD_PY_NOT_EXEC:
    case TFD_PY_CFG_DENIED:
        return TFD_CAUSE_PERMISSION_DENIED;
    case TFD_PY_FOREIGN_ARCH:
        return TFD_CAUSE_ARCH_MISMATCH;
    case TFD_PY_BAD_FILE:
        return in_venv ? TFD_CAUSE_VENV_BROKEN : TFD_CAUSE_PYTHON_BROKEN;
    case TFD_PY_NO_STDLIB:
        return in_venv && py->home_variable.len == 0 ? TFD_CAUSE_VENV_BROKEN : TFD_CAUSE_PYTHON_BROKEN;
    default:
        return TFD_CAUSE_PYTHON_BROKEN;
    }
}

static tfd_str subject_of(const tfd_python *py)
{
    if (py->broken == TFD_PY_NO_STDLIB && py->home_variable.len > 0)
        return TFD_STR("PYTHONHOME");
    if (py->broken == TFD_PY_CFG_DENIED)
        return py->pyvenv_cfg;
    if (py->broken == TFD_PY_NOT_EXEC)
        return py->closed_folder.len > 0 ? py->closed_folder : py->path;
    return TFD_STR("");
}

static void check_abi(const tfd_view *view, tfd_findings *out)
{
    const tfd_python *py = &view->facts->python;
    bool is_other = py->implementation.len > 0 && !tfd_str_is(py->implementation, "cpython");
    tfd_finding finding;

    if (py->bits == 32) {
        finding = tfd_finding_of(TFD_CAUSE_PYTHON_32BIT, TFD_STR(""), TFD_W_STRONG, TFD_EFFECT_BREAKS);
        finding.text = tfd_arena_fmt(
            out->arena, "%.*s is a 32-bit program; TensorFlow has 64-bit wheels only", TFD_ARG(py->real));
        finding.source = py->real;
        tfd_findings_add(out, &finding);
    }
    if (!is_other && py->free_threaded != TFD_YES && py->debug != TFD_YES)
        return;
    finding = tfd_finding_of(TFD_CAUSE_PYTHON_NOT_CPYTHON, TFD_STR(""), TFD_W_STRONG, TFD_EFFECT_MAY_BREAK);
    finding.text =
        tfd_str_starts_z(py->implementation, "cpython-")
            ? tfd_arena_fmt(
                  out->arena,
                  "the interpreter is CPython as %s builds it; wheels of TensorFlow are for python.org's",
                  tfd_str_ends_z(py->implementation, "mingw") ? "MinGW" : "Cygwin")
        : is_other
            ? tfd_arena_fmt(out->arena, "the interpreter is %.*s; wheels of TensorFlow are for CPython",
                            TFD_ARG(py->implementation))
            : tfd_arena_fmt(out->arena,
                            "the interpreter is a %s build; wheels of TensorFlow have another ABI",
                            py->free_threaded == TFD_YES ? "free-threaded" : "debug");
    finding.source = py->real;
    /* A debug build has loaded release extensions since 3.8; only a missing TensorFlow or a failed import
     * counts. */
    if (tfd_view_tensorflow(view) && py->debug == TFD_YES && !is_other && py->free_threaded != TFD_YES)
        finding.weight = TFD_W_HINT;
    tfd_findings_add(out, &finding);
}

/* A module of the standard library that the import needs and that is nowhere: the installation lost it, or it
 * was built without the library behind it (libffi, zlib …). Its packages are never namespaces: where
 * __init__.py is not to be had, the folder lost it or may not be read. */
static void blame_stdlib(const tfd_view *view, const tfd_module *one, tfd_findings *out)
{
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_PYTHON_BROKEN, TFD_STR(""), TFD_W_STRONG, TFD_EFFECT_MAY_BREAK);

    finding.source = view->facts->python.stdlib;
    if (one->is_closed) {
        finding.cause = TFD_CAUSE_PERMISSION_DENIED;
        finding.subject = finding.path = finding.source = one->path;
        finding.text = tfd_arena_fmt(
            out->arena, "this user may not read the folder of %.*s, a package of the standard library",
            TFD_ARG(one->name));
    } else {
        finding.text =
            tfd_arena_fmt(out->arena, "the %s %.*s of the standard library is %s in %.*s",
                          one->kind == TFD_MODULE_NAMESPACE ? "package" : "module", TFD_ARG(one->name),
                          one->kind == TFD_MODULE_NAMESPACE ? "without its __init__.py" : "missing",
                          TFD_ARG(view->facts->python.stdlib));
    }
    tfd_findings_add(out, &finding);
}

static bool lies_in_stdlib(const tfd_view *view, const tfd_module *one)
{
    const tfd_place *place = tfd_view_place(view, one->place);

    return place && place->kind == TFD_PLACE_STDLIB;
}

static void check_stdlib(const tfd_view *view, tfd_findings *out)
{
    const tfd_modules *all = &view->facts->modules;

    if (!all->complete || !view->facts->places.complete)
        return;
    for (size_t i = 0; i < all->count; i++) {
        const tfd_module *one = &all->items[i];
        bool is_gone = one->kind == TFD_MODULE_MISSING ||
                       (one->kind == TFD_MODULE_NAMESPACE && lies_in_stdlib(view, one));

        if (one->is_stdlib && one->is_needed && !one->is_optional && is_gone &&
            !tfd_view_was_removed(view, one->name))
            blame_stdlib(view, one, out);
    }
}

/* On Windows the packages' folder has no version in its name: an environment whose home was changed to
 * another minor version starts, and finds packages that were made for the old one. */
static void check_home(const tfd_view *view, tfd_findings *out)
{
    const tfd_python *py = &view->facts->python;
    tfd_str made_for = tfd_kb_line_of(py->cfg_version);
    tfd_str runs = tfd_kb_line_of(py->version);
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_VENV_BROKEN, TFD_STR(""), TFD_W_STRONG + 20, TFD_EFFECT_MAY_BREAK);
    bool has_old = false;

    if (!tfd_view_is_windows(view) || made_for.len == 0 || runs.len == 0 || tfd_str_eq(made_for, runs))
        return;
    for (size_t i = 0; i < view->facts->dists.count; i++)
        has_old |= view->facts->dists.items[i].is_needed && view->facts->dists.items[i].tags_fit == TFD_NO;
    if (!has_old)
        return;
    finding.text =
        tfd_arena_fmt(out->arena, "the environment was made for CPython %.*s, its home is now %.*s",
                      TFD_ARG(py->cfg_version), TFD_ARG(py->version));
    finding.source = py->pyvenv_cfg;
    finding.path = py->path;
    tfd_findings_add(out, &finding);
}

static void check_stand_in(const tfd_view *view, tfd_findings *out)
{
    const tfd_python *py = &view->facts->python;
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_ENV_SETTING, TFD_STR("PYTHONEXECUTABLE"), TFD_W_PROOF,
                       view->facts->tensorflow == TFD_NONE ? TFD_EFFECT_BREAKS : TFD_EFFECT_LATENT);

    if (py->stand_in.len == 0)
        return;
    finding.text = tfd_arena_fmt(
        out->arena, "PYTHONEXECUTABLE=%.*s: Python looks for its virtual environment there, not at %.*s",
        TFD_ARG(py->stand_in), TFD_ARG(py->path));
    finding.source = TFD_STR("environment");
    tfd_findings_add(out, &finding);
}

static void run(const tfd_view *view, tfd_findings *out)
{
    const tfd_python *py = &view->facts->python;
    const tfd_import *import = &view->facts->import;
    tfd_finding finding;
    tfd_str value;

    if (py->broken == TFD_PY_UNKNOWN) {
        tfd_findings_unknown(out, py->broken_why);
        return;
    }
    if (py->broken != TFD_PY_FINE) {
        finding = tfd_finding_of(cause_of(py), subject_of(py), TFD_W_PROOF, TFD_EFFECT_BREAKS);
        if (py->broken == TFD_PY_NO_STDLIB && py->home_variable.len == 0 &&
            tfd_view_variable(view, TFD_STR("PYTHONPLATLIBDIR"), &value)) {
            /* It renames lib/: a value without such a folder leaves the interpreter without its library. */
            finding.cause = TFD_CAUSE_ENV_SETTING;
            finding.subject = TFD_STR("PYTHONPLATLIBDIR");
        }
        finding.text = py->broken_why;
        finding.source = py->home_variable.len > 0 ? TFD_STR("PYTHONHOME")
                         : py->pyvenv_cfg.len > 0  ? py->pyvenv_cfg
                                                   : py->path;
        finding.path = finding.cause == TFD_CAUSE_PERMISSION_DENIED ? finding.subject : py->path;
        /* access(2) says EACCES of a whole file system that is mounted noexec, too. */
        if (finding.cause == TFD_CAUSE_PERMISSION_DENIED && tfd_view_noexec_mount(view, py->real).len > 0) {
            finding.cause = TFD_CAUSE_SECURITY_BLOCKED;
            finding.subject = TFD_STR("noexec");
            finding.path = tfd_view_noexec_mount(view, py->real);
        }
        /* It got as far as our first line: what the files say of its start is wrong. A damaged library
         * and packages of another version, which do not keep it from starting, still count. */
        if (import->ran && import->stage > TFD_STAGE_START && py->broken != TFD_PY_STDLIB_DAMAGED &&
            py->broken != TFD_PY_VENV_VERSION)
            finding.weight = 0;
        tfd_findings_add(out, &finding);
    }
    check_abi(view, out);
    check_stand_in(view, out);
    if (py->broken == TFD_PY_FINE)
        check_home(view, out);
    if (py->broken == TFD_PY_FINE)
        check_stdlib(view, out);
    if (out->check_status == TFD_CHECK_OK)
        tfd_findings_say(out, tfd_arena_fmt(out->arena, "%.*s %.*s, %d bits", TFD_ARG(py->implementation),
                                            TFD_ARG(py->version), py->bits));
}

const tfd_check tfd_check_python = {
    .id = "python",
    .summary = "The interpreter starts and is of a kind that TensorFlow is built for",
    .run = run,
};
