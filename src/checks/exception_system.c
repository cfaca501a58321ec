/* Exceptions that the system or the environment is behind. */
#include "checks/exception_rules.h"

/* errno values of Linux; the child reports numbers, and other systems map theirs before they get here. */
enum {
    CODE_EPERM = 1,
    CODE_ENOENT = 2,
    CODE_ENOMEM = 12,
    CODE_EACCES = 13,
    CODE_ENFILE = 23,
    CODE_EMFILE = 24,
    CODE_ENOSPC = 28,
    CODE_ENAMETOOLONG = 36,
    CODE_EDQUOT = 122
};

/* ---- variables that an error names */

/* The name (or, for a variable that is known to choose something, the value) of a variable that is set, in
 * text. */
static bool is_named(tfd_str text, tfd_str name, tfd_str value)
{
    static const char *const choosers[] = {"KERAS_", "TF_", "XLA_", "PROTOCOL_BUFFERS_", "NPY_", "PYTHON"};
    bool chooses = false;

    for (size_t i = 0; i < sizeof choosers / sizeof choosers[0]; i++)
        chooses |= tfd_str_starts_z(name, choosers[i]);
    if (!chooses || value.len == 0)
        return false;
    return tfd_str_find(text, name) != TFD_NPOS || (value.len >= 4 && tfd_str_find(text, value) != TFD_NPOS);
}

tfd_str tfd_exception_named_variable(const tfd_view *view, tfd_str text)
{
    for (size_t i = 0; i < view->facts->environment_count; i++) {
        tfd_str name;
        tfd_str value;

        (void)tfd_str_cut(view->facts->environment[i], '=', &name, &value);
        if (tfd_str_is(name, "PYTHONPATH") || tfd_str_is(name, "PYTHONHOME") ||
            tfd_str_is(name, "PYTHONUSERBASE"))
            continue; /* search paths: their files are looked at one by one */
        if (name.len >= 6 && is_named(text, name, value))
            return name;
    }
    for (size_t i = 0; i < view->facts->import.variables.count; i++) {
        const tfd_import_variable *one = &view->facts->import.variables.items[i];

        if (one->name.len >= 6 && is_named(text, one->name, one->value))
            return one->name;
    }
    return TFD_STR("");
}

/* ---- rules: each answers whether it understood the exception */

/* tempfile.gettempdir tried every candidate (TMPDIR, /tmp, /var/tmp, /usr/tmp, the current folder) and could
 * write in none. */
static bool is_no_tempdir(const tfd_reading *r)
{
    return r->exc->os_code == CODE_ENOENT &&
           tfd_path_ends(tfd_view_style(r->view), tfd_reading_raising_file(r->exc), "/tempfile.py");
}

static bool blame_tempdir(const tfd_reading *r)
{
    const tfd_fact *free_bytes = &r->view->facts->scalars[TFD_FACT_TMP_FREE_BYTES];
    const tfd_fact *size = &r->view->facts->scalars[TFD_FACT_LIMIT_FSIZE];
    bool is_full = free_bytes->state == TFD_STATE_PRESENT && free_bytes->integer < TFD_TMP_MIN;

    if (size->state == TFD_STATE_PRESENT && size->integer < TFD_TMP_PROBE)
        return tfd_reading_add(r, tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("file size"),
                                                 TFD_W_NAMED + 10, TFD_EFFECT_BREAKS));
    return tfd_reading_add(r,
                           tfd_finding_of(is_full ? TFD_CAUSE_DISK_FULL : TFD_CAUSE_PERMISSION_DENIED,
                                          TFD_STR("temporary folder"), TFD_W_NAMED + 10, TFD_EFFECT_BREAKS));
}

bool tfd_rule_variable(const tfd_reading *r)
{
    tfd_str name = tfd_exception_named_variable(r->view, r->exc->message);

    return name.len > 0 &&
           tfd_reading_add(r, tfd_finding_of(TFD_CAUSE_ENV_SETTING, name, TFD_W_NAMED, TFD_EFFECT_BREAKS));
}

/* PYTHONWARNINGS=error turns every warning into an exception of its category. */
bool tfd_rule_warning(const tfd_reading *r)
{
    tfd_str name = TFD_STR("PYTHONWARNINGS");
    tfd_str value;

    return tfd_str_ends_z(r->exc->type, "Warning") && tfd_view_variable(r->view, name, &value) &&
           tfd_reading_add(r, tfd_finding_of(TFD_CAUSE_ENV_SETTING, name, TFD_W_NAMED, TFD_EFFECT_BREAKS));
}

/* Nobody pressed a key: OpenBLAS raises SIGINT when a thread cannot be made (a seccomp filter, RLIMIT_NPROC).
 */
bool tfd_rule_interrupt(const tfd_reading *r)
{
    bool filtered = r->view->facts->system && r->view->facts->system->seccomp_filter;

    if (!tfd_str_is(r->exc->type, "KeyboardInterrupt"))
        return false;
    /* "OpenBLAS blas_thread_init: pthread_create failed for thread 1 of 2: Resource temporarily unavailable"
     */
    if (tfd_str_find_z(r->view->facts->import.err, "pthread_create") != TFD_NPOS && !filtered) {
        tfd_finding finding =
            tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("processes"), TFD_W_NAMED, TFD_EFFECT_BREAKS);
        tfd_str text = r->view->facts->import.err;

        while (tfd_str_line(&text, &finding.text) &&
               tfd_str_find_z(finding.text, "pthread_create") == TFD_NPOS)
            continue;
        finding.text = tfd_str_sub(finding.text, 0, 300);
        finding.from_import = true;
        finding.source = TFD_STR("import");
        tfd_findings_add(r->out, &finding);
        return true;
    }
    return tfd_reading_add(r, filtered ? tfd_finding_of(TFD_CAUSE_SECURITY_BLOCKED, TFD_STR("seccomp"),
                                                        TFD_W_POINTS, TFD_EFFECT_BREAKS)
                                       : tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("processes"),
                                                        TFD_W_POINTS, TFD_EFFECT_BREAKS));
}

bool tfd_rule_os_error(const tfd_reading *r)
{
    tfd_str path = r->exc->filename;

    if (is_no_tempdir(r))
        return blame_tempdir(r);
    switch (r->exc->os_code) {
    case CODE_EPERM:
    case CODE_EACCES:
        if (r->view->facts->system && r->view->facts->system->selinux_enforcing &&
            r->exc->os_code == CODE_EACCES)
            (void)tfd_reading_add(r, tfd_finding_of(TFD_CAUSE_SECURITY_BLOCKED, TFD_STR("SELinux"),
                                                    TFD_W_MAYBE, TFD_EFFECT_BREAKS));
        {
            tfd_finding finding =
                tfd_finding_of(TFD_CAUSE_PERMISSION_DENIED, path, TFD_W_NAMED, TFD_EFFECT_BREAKS);

            finding.path = path;
            return tfd_reading_add(r, finding);
        }
    case CODE_ENOSPC:
    case CODE_EDQUOT: {
        tfd_finding finding =
            tfd_finding_of(TFD_CAUSE_DISK_FULL, TFD_STR(""), TFD_W_NAMED + 10, TFD_EFFECT_BREAKS);

        finding.path = path;
        return tfd_reading_add(r, finding);
    }
    case CODE_ENOMEM:
        return tfd_reading_add(
            r, tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("memory"), TFD_W_NAMED, TFD_EFFECT_BREAKS));
    case CODE_EMFILE:
    case CODE_ENFILE:
        return tfd_reading_add(
            r, tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("open files"), TFD_W_NAMED, TFD_EFFECT_BREAKS));
    case CODE_ENAMETOOLONG:
        return tfd_reading_add(
            r, tfd_finding_of(TFD_CAUSE_PATH_TOO_LONG, TFD_STR(""), TFD_W_NAMED, TFD_EFFECT_BREAKS));
    case CODE_ENOENT:
        return path.len > 0 && tfd_reading_add(r, tfd_reading_blame_file(r->view, path, TFD_W_POINTS));
    default:
        return false;
    }
}

static tfd_str limit_subject(const tfd_view *view)
{
    return tfd_view_is_space_tight(view, view->facts->native_bytes) ? TFD_STR("address space")
           : tfd_view_is_data_tight(view)                           ? TFD_STR("data segment")
                                                                    : TFD_STR("memory");
}

bool tfd_rule_memory(const tfd_reading *r)
{
    bool is_memory = tfd_str_is(r->exc->type, "MemoryError") ||
                     tfd_reading_says(r, "Cannot allocate memory") || tfd_reading_says(r, "std::bad_alloc") ||
                     tfd_reading_says(r, "can't start new thread") ||
                     tfd_reading_says(r, "cannot allocate memory in static TLS block");

    if (tfd_reading_says(r, "static TLS block"))
        return tfd_reading_add(r, tfd_finding_of(TFD_CAUSE_LIBRARY_CONFLICT, TFD_STR("static TLS"),
                                                 TFD_W_NAMED, TFD_EFFECT_BREAKS));
    return is_memory && tfd_reading_add(r, tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, limit_subject(r->view),
                                                          TFD_W_NAMED, TFD_EFFECT_BREAKS));
}

/* The path of a native file that the exception is about: ImportError.path, or what dlopen's message begins
 * with. */
static tfd_str native_path(const tfd_reading *r)
{
    tfd_str head;
    tfd_str tail;

    if (tfd_str_find_z(r->exc->path, ".so") != TFD_NPOS)
        return r->exc->path;
    (void)tfd_str_cut(r->exc->message, ':', &head, &tail);
    if (head.len > 0 && tfd_str_find_z(head, ".so") != TFD_NPOS && tfd_str_find_char(head, ' ') == TFD_NPOS)
        return head;
    return TFD_STR("");
}

/* What dlopen says where the loader model has found nothing to say: fixed words of glibc's elf/dl-load.c. */
static bool blame_words_of_loader(const tfd_reading *r, tfd_str path)
{
    tfd_finding finding = tfd_reading_blame_file(r->view, path, TFD_W_POINTS);

    if (tfd_reading_says(r, "failed to map segment") &&
        tfd_view_is_space_tight(r->view, r->view->facts->native_bytes))
        return tfd_reading_add(r, tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("address space"),
                                                 TFD_W_NAMED, TFD_EFFECT_BREAKS));
    if (tfd_reading_says(r, "failed to map segment") || tfd_reading_says(r, "Operation not permitted"))
        (void)tfd_reading_add(r, tfd_finding_of(TFD_CAUSE_SECURITY_BLOCKED, TFD_STR("noexec"),
                                                TFD_W_POINTS + 10, TFD_EFFECT_BREAKS));
    if (tfd_reading_says(r, "cannot enable executable stack"))
        return tfd_reading_add(
            r, tfd_finding_of(TFD_CAUSE_GLIBC_EXECSTACK, TFD_STR(""), TFD_W_NAMED, TFD_EFFECT_BREAKS));
    if (tfd_reading_says(r, "Permission denied")) {
        finding = tfd_finding_of(TFD_CAUSE_PERMISSION_DENIED, path, TFD_W_POINTS, TFD_EFFECT_BREAKS);
        finding.path = path;
        return tfd_reading_add(r, finding);
    }
    if (tfd_reading_says(r, "version `GLIBCXX_") || tfd_reading_says(r, "version `CXXABI_"))
        return tfd_reading_add(
            r, tfd_finding_of(TFD_CAUSE_LIBSTDCXX_OLD, TFD_STR(""), TFD_W_POINTS, TFD_EFFECT_BREAKS));
    if (tfd_reading_says(r, "version `GLIBC_"))
        return tfd_reading_add(
            r, tfd_finding_of(TFD_CAUSE_OS_TOO_OLD, TFD_STR(""), TFD_W_POINTS, TFD_EFFECT_BREAKS));
    return tfd_reading_add(r, finding);
}

/* tf.load_op_library opens a library of somebody else's and misses a symbol: it was built for another
 * TensorFlow. */
static bool blame_op_library(const tfd_reading *r, tfd_str path)
{
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_ADDON_MISMATCH, tfd_path_base(tfd_view_style(r->view), path), TFD_W_NAMED,
                       TFD_EFFECT_BREAKS);
    const tfd_dist *owner;

    finding.path = path;
    finding.dist = tfd_view_dist_of(r->view, path);
    owner = tfd_view_dist(r->view, finding.dist);
    if (owner)
        finding.subject = owner->key;
    return tfd_reading_says(r, "undefined symbol") && (!owner || !owner->is_tensorflow) &&
           tfd_path_ends(tfd_view_style(r->view), tfd_reading_raising_file(r->exc), "/load_library.py") &&
           tfd_reading_add(r, finding);
}

/* dlopen failed and dlerror knows of nothing (CPython's Python/dynload_shlib.c): the C library was not asked,
 * a preloaded library answers in its place. */
static bool blame_interposer(const tfd_reading *r)
{
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_LDPATH_CONFLICT, TFD_STR("LD_PRELOAD"), TFD_W_NAMED, TFD_EFFECT_BREAKS);

    return tfd_reading_says(r, "unknown dlopen() error") &&
           tfd_view_variable(r->view, finding.subject, &finding.path) && finding.path.len > 0 &&
           tfd_reading_add(r, finding);
}

bool tfd_rule_native(const tfd_reading *r)
{
    tfd_str path = native_path(r);
    size_t before = r->out->count;

    if (blame_interposer(r))
        return true;
    if (path.len == 0)
        return false;
    if (blame_op_library(r, path))
        return true;
    if (!tfd_native_blame_path(r->view, path, TFD_W_POINTS, r->out))
        return blame_words_of_loader(r, path);
    for (size_t i = before; i < r->out->count; i++)
        r->out->items[i].from_import = true;
    return true;
}
