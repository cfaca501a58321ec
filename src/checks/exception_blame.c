#include "checks/exception_blame.h"

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

typedef struct reading {
    const tfd_view *view;
    const tfd_exception *exc;
    int less; /* how much less this exception of the chain counts */
    tfd_findings *out;
} reading;

static tfd_str headline(const reading *r)
{
    tfd_str message = r->exc->message;
    tfd_str line;

    if (!tfd_str_line(&message, &line))
        line = TFD_STR("");
    return tfd_arena_fmt(r->out->arena, "%.*s: %.*s", TFD_ARG(r->exc->type),
                         TFD_ARG(tfd_str_sub(line, 0, 300)));
}

static bool add(const reading *r, tfd_finding finding)
{
    if (finding.cause == TFD_CAUSE_COUNT)
        return false;
    finding.from_import = true;
    finding.effect = TFD_EFFECT_BREAKS;
    finding.weight -= r->less;
    finding.text = headline(r);
    finding.source =
        r->exc->frame_count > 0
            ? tfd_arena_fmt(r->out->arena, "%.*s:%d", TFD_ARG(r->exc->frames[r->exc->frame_count - 1].file),
                            r->exc->frames[r->exc->frame_count - 1].line)
            : TFD_STR("import");
    tfd_findings_add(r->out, &finding);
    return true;
}

static bool says(const reading *r, const char *words)
{
    return tfd_str_find_z(r->exc->message, words) != TFD_NPOS;
}

/* The file that ran the statement which raised: the innermost frame outside of the import system. */
static tfd_str raising_file(const tfd_exception *exc)
{
    for (size_t i = exc->frame_count; i > 0; i--)
        if (!tfd_str_starts_z(exc->frames[i - 1].file, "<"))
            return exc->frames[i - 1].file;
    return TFD_STR("");
}

static tfd_str stem(tfd_str path)
{
    tfd_str name = tfd_path_base(TFD_PATH_POSIX, path);
    tfd_str head;
    tfd_str tail;

    (void)tfd_str_cut(name, '.', &head, &tail);
    return head;
}

static bool place_has(const tfd_place *place, tfd_str name)
{
    for (size_t i = 0; i < place->entries.count; i++) {
        tfd_str head;
        tfd_str tail;

        (void)tfd_str_cut(place->entries.items[i].name, '.', &head, &tail);
        if (tfd_str_eq(head, name) && !tfd_str_ends_z(place->entries.items[i].name, "-info"))
            return true;
    }
    return false;
}

/* Whether a file of the start folder answers to a name that means something else further down sys.path (or is
 * built into the interpreter). A user's own module, which hides nothing, is no shadow. */
static bool hides_something(const tfd_view *view, size_t place, tfd_str path)
{
    const tfd_kb_imports *imports = tfd_kb_imports_find(view->kb, tfd_view_tf_version(view));
    tfd_str below = tfd_str_from(path, view->facts->places.items[place].path.len + 1);
    tfd_str top;
    tfd_str tail;

    (void)tfd_str_cut(below, '/', &top, &tail);
    top = stem(top);
    for (size_t i = 0; i < view->facts->modules.count; i++)
        if (tfd_str_eq(view->facts->modules.items[i].name, top) && view->facts->modules.items[i].is_stdlib)
            return true;
    for (size_t i = place + 1; i < view->facts->places.count; i++)
        if (place_has(&view->facts->places.items[i], top))
            return true;
    /* The name of a package that others look for (pandas, scipy …), though it is not installed here. */
    return tfd_kb_module_dist(view->kb, top).len > 0 || (imports && tfd_kb_module_find(imports, top));
}

static tfd_finding blame_file(const tfd_view *view, tfd_str path, int weight)
{
    tfd_finding finding = tfd_blame_file(view, path, weight, TFD_EFFECT_BREAKS);
    size_t place = tfd_view_place_of(view, path);
    const tfd_place *row = tfd_view_place(view, place);

    if (finding.cause != TFD_CAUSE_NAME_SHADOWING || !row || hides_something(view, place, path))
        return finding;
    finding = tfd_finding_of(TFD_CAUSE_NOT_AN_ENVIRONMENT_PROBLEM, stem(path), weight, TFD_EFFECT_BREAKS);
    finding.path = path;
    return finding;
}

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
    return TFD_STR("");
}

/* ---- rules: each answers whether it understood the exception */

/* tempfile.gettempdir tried every candidate (TMPDIR, /tmp, /var/tmp, /usr/tmp, the current folder) and could
 * write in none. */
static bool is_no_tempdir(const reading *r)
{
    return r->exc->os_code == CODE_ENOENT && tfd_str_ends_z(raising_file(r->exc), "/tempfile.py");
}

static bool blame_tempdir(const reading *r)
{
    const tfd_fact *free_bytes = &r->view->facts->scalars[TFD_FACT_TMP_FREE_BYTES];
    bool is_full = free_bytes->state == TFD_STATE_PRESENT && free_bytes->integer < TFD_TMP_MIN;

    return add(r, tfd_finding_of(is_full ? TFD_CAUSE_DISK_FULL : TFD_CAUSE_PERMISSION_DENIED,
                                 TFD_STR("temporary folder"), TFD_W_NAMED + 10, TFD_EFFECT_BREAKS));
}

static bool rule_variable(const reading *r)
{
    tfd_str name = tfd_exception_named_variable(r->view, r->exc->message);

    return name.len > 0 &&
           add(r, tfd_finding_of(TFD_CAUSE_ENV_SETTING, name, TFD_W_NAMED, TFD_EFFECT_BREAKS));
}

/* PYTHONWARNINGS=error turns every warning into an exception of its category. */
static bool rule_warning(const reading *r)
{
    if (!tfd_str_ends_z(r->exc->type, "Warning"))
        return false;
    for (size_t i = 0; i < r->view->facts->environment_count; i++)
        if (tfd_str_starts_z(r->view->facts->environment[i], "PYTHONWARNINGS="))
            return add(r, tfd_finding_of(TFD_CAUSE_ENV_SETTING, TFD_STR("PYTHONWARNINGS"), TFD_W_NAMED,
                                         TFD_EFFECT_BREAKS));
    return false;
}

/* Nobody pressed a key: OpenBLAS raises SIGINT when a thread cannot be made (a seccomp filter, RLIMIT_NPROC).
 */
static bool rule_interrupt(const reading *r)
{
    bool filtered = r->view->facts->system && r->view->facts->system->seccomp_filter;

    if (!tfd_str_is(r->exc->type, "KeyboardInterrupt"))
        return false;
    return add(r, filtered ? tfd_finding_of(TFD_CAUSE_SECURITY_BLOCKED, TFD_STR("seccomp"), TFD_W_POINTS,
                                            TFD_EFFECT_BREAKS)
                           : tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("processes"), TFD_W_POINTS,
                                            TFD_EFFECT_BREAKS));
}

static bool rule_os_error(const reading *r)
{
    tfd_str path = r->exc->filename;

    if (is_no_tempdir(r))
        return blame_tempdir(r);
    switch (r->exc->os_code) {
    case CODE_EPERM:
    case CODE_EACCES:
        if (r->view->facts->system && r->view->facts->system->selinux_enforcing &&
            r->exc->os_code == CODE_EACCES)
            (void)add(r, tfd_finding_of(TFD_CAUSE_SECURITY_BLOCKED, TFD_STR("SELinux"), TFD_W_MAYBE,
                                        TFD_EFFECT_BREAKS));
        {
            tfd_finding finding =
                tfd_finding_of(TFD_CAUSE_PERMISSION_DENIED, path, TFD_W_NAMED, TFD_EFFECT_BREAKS);

            finding.path = path;
            return add(r, finding);
        }
    case CODE_ENOSPC:
    case CODE_EDQUOT: {
        tfd_finding finding =
            tfd_finding_of(TFD_CAUSE_DISK_FULL, TFD_STR(""), TFD_W_NAMED + 10, TFD_EFFECT_BREAKS);

        finding.path = path;
        return add(r, finding);
    }
    case CODE_ENOMEM:
        return add(r,
                   tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("memory"), TFD_W_NAMED, TFD_EFFECT_BREAKS));
    case CODE_EMFILE:
    case CODE_ENFILE:
        return add(
            r, tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("open files"), TFD_W_NAMED, TFD_EFFECT_BREAKS));
    case CODE_ENAMETOOLONG:
        return add(r, tfd_finding_of(TFD_CAUSE_PATH_TOO_LONG, TFD_STR(""), TFD_W_NAMED, TFD_EFFECT_BREAKS));
    case CODE_ENOENT:
        return path.len > 0 && add(r, blame_file(r->view, path, TFD_W_POINTS));
    default:
        return false;
    }
}

static tfd_str limit_subject(const tfd_view *view)
{
    return view->facts->scalars[TFD_FACT_LIMIT_AS].state == TFD_STATE_PRESENT ? TFD_STR("address space")
                                                                              : TFD_STR("memory");
}

static bool rule_memory(const reading *r)
{
    bool is_memory = tfd_str_is(r->exc->type, "MemoryError") || says(r, "Cannot allocate memory") ||
                     says(r, "std::bad_alloc") || says(r, "can't start new thread") ||
                     says(r, "cannot allocate memory in static TLS block");

    if (says(r, "static TLS block"))
        return add(r, tfd_finding_of(TFD_CAUSE_LIBRARY_CONFLICT, TFD_STR("static TLS"), TFD_W_NAMED,
                                     TFD_EFFECT_BREAKS));
    return is_memory && add(r, tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, limit_subject(r->view), TFD_W_NAMED,
                                              TFD_EFFECT_BREAKS));
}

/* The path of a native file that the exception is about: ImportError.path, or what dlopen's message begins
 * with. */
static tfd_str native_path(const reading *r)
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
static bool blame_words_of_loader(const reading *r, tfd_str path)
{
    tfd_finding finding = blame_file(r->view, path, TFD_W_POINTS);

    if (says(r, "failed to map segment") &&
        r->view->facts->scalars[TFD_FACT_LIMIT_AS].state == TFD_STATE_PRESENT)
        return add(r, tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("address space"), TFD_W_NAMED,
                                     TFD_EFFECT_BREAKS));
    if (says(r, "failed to map segment") || says(r, "Operation not permitted"))
        (void)add(r, tfd_finding_of(TFD_CAUSE_SECURITY_BLOCKED, TFD_STR("noexec"), TFD_W_POINTS + 10,
                                    TFD_EFFECT_BREAKS));
    if (says(r, "cannot enable executable stack"))
        return add(r, tfd_finding_of(TFD_CAUSE_GLIBC_EXECSTACK, TFD_STR(""), TFD_W_NAMED, TFD_EFFECT_BREAKS));
    if (says(r, "Permission denied")) {
        finding = tfd_finding_of(TFD_CAUSE_PERMISSION_DENIED, path, TFD_W_POINTS, TFD_EFFECT_BREAKS);
        finding.path = path;
        return add(r, finding);
    }
    if (says(r, "version `GLIBCXX_") || says(r, "version `CXXABI_"))
        return add(r, tfd_finding_of(TFD_CAUSE_LIBSTDCXX_OLD, TFD_STR(""), TFD_W_POINTS, TFD_EFFECT_BREAKS));
    if (says(r, "version `GLIBC_"))
        return add(r, tfd_finding_of(TFD_CAUSE_OS_TOO_OLD, TFD_STR(""), TFD_W_POINTS, TFD_EFFECT_BREAKS));
    return add(r, finding);
}

static bool rule_native(const reading *r)
{
    tfd_str path = native_path(r);
    size_t before = r->out->count;

    if (path.len == 0)
        return false;
    if (!tfd_native_blame_path(r->view, path, TFD_W_POINTS, r->out))
        return blame_words_of_loader(r, path);
    for (size_t i = before; i < r->out->count; i++)
        r->out->items[i].from_import = true;
    return true;
}

static tfd_str top_of(tfd_str module)
{
    tfd_str head;
    tfd_str tail;

    (void)tfd_str_cut(module, '.', &head, &tail);
    return head;
}

static const tfd_module *find_module(const tfd_view *view, tfd_str name)
{
    for (size_t i = 0; i < view->facts->modules.count; i++)
        if (tfd_str_eq(view->facts->modules.items[i].name, name))
            return &view->facts->modules.items[i];
    return NULL;
}

static tfd_str find_loaded(const tfd_view *view, tfd_str name)
{
    for (size_t i = 0; i < view->facts->import.modules.count; i++)
        if (tfd_str_eq(view->facts->import.modules.items[i].name, name))
            return view->facts->import.modules.items[i].file;
    return TFD_STR("");
}

/* Keras takes its back end from KERAS_BACKEND, else from keras.json in the user's folder. */
static bool blame_keras_backend(const reading *r, tfd_str name)
{
    bool is_backend = tfd_str_is(name, "torch") || tfd_str_is(name, "jax") || tfd_str_is(name, "openvino");
    bool is_set = false;

    if (!is_backend || tfd_str_find_z(raising_file(r->exc), "/keras/") == TFD_NPOS)
        return false;
    for (size_t i = 0; i < r->view->facts->environment_count; i++)
        is_set |= tfd_str_starts_z(r->view->facts->environment[i], "KERAS_BACKEND=");
    return add(r, tfd_finding_of(TFD_CAUSE_ENV_SETTING,
                                 is_set ? TFD_STR("KERAS_BACKEND") : TFD_STR("keras.json"), TFD_W_NAMED,
                                 TFD_EFFECT_BREAKS));
}

/* A requirement that is not installed and whose modules lie below the same top-level name: "google" for
 * protobuf. */
static tfd_str missing_requirement(const tfd_view *view, tfd_str top)
{
    for (size_t i = 0; i < view->facts->requirements.count; i++) {
        const tfd_requirement *req = &view->facts->requirements.items[i];

        if (req->is_needed && req->applies != TFD_NO && req->found == TFD_NONE &&
            tfd_str_eq(top_of(tfd_kb_dist_module(view->kb, req->key)), top))
            return req->key;
    }
    return TFD_STR("");
}

/* "google.protobuf.internal" is protobuf's because "google.protobuf" is. */
static tfd_str dist_of_module(const tfd_view *view, tfd_str name)
{
    tfd_str key = tfd_kb_module_dist(view->kb, name);

    while (key.len == 0 && tfd_str_rfind_char(name, '.') != TFD_NPOS) {
        name = tfd_str_sub(name, 0, tfd_str_rfind_char(name, '.'));
        key = tfd_kb_module_dist(view->kb, name);
    }
    return key.len > 0 ? key : missing_requirement(view, name);
}

/* A requirement of a distribution that does not fit itself: that one has to be replaced. */
static bool blame_unfit_requirer(const reading *r, tfd_str key)
{
    const tfd_requirements *all = &r->view->facts->requirements;

    for (size_t i = 0; i < all->count; i++)
        if (tfd_str_eq(all->items[i].key, key) && all->items[i].is_needed &&
            tfd_view_is_unfit(r->view, all->items[i].by))
            return add(r, tfd_blame_dist(r->view, all->items[i].by, TFD_W_NAMED, TFD_EFFECT_BREAKS));
    return false;
}

static bool blame_requirement(const reading *r, tfd_str name)
{
    tfd_str key = dist_of_module(r->view, name);

    if (key.len == 0) {
        char *text = tfd_arena_new(r->out->arena, char, name.len + 1);
        tfd_str top = top_of(name);

        if (!text)
            return false;
        for (size_t i = 0; i < top.len; i++)
            text[i] = top.ptr[i] == '_' ? '-' : tfd_char_lower(top.ptr[i]);
        key.ptr = text;
        key.len = top.len;
    }
    return blame_unfit_requirer(r, key) ||
           add(r, tfd_blame_key(r->view, key, TFD_W_NAMED, TFD_EFFECT_BREAKS));
}

/* The caller is older than this Python. */
static bool blame_outdated(const reading *r)
{
    tfd_finding finding = blame_file(r->view, raising_file(r->exc), TFD_W_NAMED);

    if (finding.cause == TFD_CAUSE_TF_CORRUPT)
        finding.cause = TFD_CAUSE_TF_ABI_MISMATCH;
    return add(r, finding);
}

static bool rule_no_module(const reading *r)
{
    tfd_str name = r->exc->name;
    tfd_str top = top_of(name);
    const tfd_module *module = find_module(r->view, top);
    tfd_str parent = find_loaded(r->view, top);
    size_t place = parent.len > 0 ? tfd_view_place_of(r->view, parent) : TFD_NONE;

    if (!tfd_str_is(r->exc->type, "ModuleNotFoundError") || name.len == 0)
        return false;
    if (parent.len > 0 && top.len < name.len && tfd_blame_is_foreign(r->view, place))
        return add(r, blame_file(r->view, parent, TFD_W_NAMED));
    if (module && module->is_shadowed && tfd_blame_is_foreign(r->view, module->place))
        return add(r, tfd_blame_place(r->view, module->place, module->path, TFD_W_NAMED, TFD_EFFECT_BREAKS));
    if (blame_keras_backend(r, top))
        return true;
    if (tfd_str_is(top, "tensorflow")) {
        if (r->view->facts->tensorflow == TFD_NONE)
            return true; /* check_install knows which of the ways of not being there it is */
        return add(r, tfd_blame_dist(r->view, r->view->facts->tensorflow, TFD_W_POINTS, TFD_EFFECT_BREAKS));
    }
    if (tfd_view_was_removed(r->view, top))
        return blame_outdated(r);
    if (module && module->is_stdlib)
        return add(r, tfd_finding_of(TFD_CAUSE_PYTHON_BROKEN, TFD_STR(""), TFD_W_NAMED, TFD_EFFECT_BREAKS));
    return blame_requirement(r, name);
}

/* "cannot import name 'x' from 'm' (path)": m is the wrong one, or of the wrong version; `path` tells which.
 */
static bool rule_no_name(const reading *r)
{
    tfd_str path = r->exc->path;
    tfd_finding finding;

    if (!tfd_str_is(r->exc->type, "ImportError") || r->exc->name.len == 0)
        return false;
    if (path.len == 0)
        path = find_loaded(r->view, r->exc->name);
    if (path.len == 0) /* a namespace package has no file: whatever should have been there is not */
        return !tfd_str_is(top_of(r->exc->name), "tensorflow") && blame_requirement(r, r->exc->name);
    finding = blame_file(r->view, path, TFD_W_POINTS + 15);
    /* TensorFlow's own files call each other: the other party is the odd one unless the caller is TensorFlow
     * too. */
    if (finding.cause == TFD_CAUSE_TF_CORRUPT) {
        tfd_finding caller = blame_file(r->view, raising_file(r->exc), TFD_W_POINTS);

        if (caller.cause != TFD_CAUSE_COUNT && caller.cause != TFD_CAUSE_TF_CORRUPT)
            finding = caller;
    }
    return add(r, finding);
}

/* "module 'numpy' has no attribute …" where that module has no file: its folder lost __init__.py, or may not
 * be read. */
static bool rule_empty_namespace(const reading *r)
{
    tfd_str name = tfd_str_from(r->exc->object, sizeof "module " - 1);

    if (!tfd_str_starts_z(r->exc->object, "module ") || tfd_str_is(top_of(name), "tensorflow"))
        return false;
    return dist_of_module(r->view, name).len > 0 && blame_requirement(r, name);
}

static bool rule_attribute(const reading *r)
{
    tfd_str caller = raising_file(r->exc);
    tfd_finding finding;

    if (!tfd_str_is(r->exc->type, "AttributeError"))
        return false;
    if (r->exc->object_file.len == 0)
        return rule_empty_namespace(r);
    finding = blame_file(r->view, r->exc->object_file, TFD_W_POINTS);
    if (finding.cause == TFD_CAUSE_TF_CORRUPT && caller.len > 0) {
        tfd_finding other = blame_file(r->view, caller, TFD_W_POINTS);

        if (other.cause != TFD_CAUSE_COUNT && other.cause != TFD_CAUSE_TF_CORRUPT)
            finding = other;
    }
    return add(r, finding);
}

static bool rule_syntax(const reading *r)
{
    bool is_syntax = tfd_str_is(r->exc->type, "SyntaxError") ||
                     tfd_str_is(r->exc->type, "IndentationError") || tfd_str_is(r->exc->type, "TabError");

    return is_syntax && r->exc->filename.len > 0 &&
           add(r, blame_file(r->view, r->exc->filename, TFD_W_NAMED - 10));
}

/* An exception class of a package's own, raised about itself ("google.protobuf…VersionError"). */
static bool rule_own_type(const reading *r)
{
    if (!tfd_str_starts_z(r->exc->module, "google.protobuf"))
        return false;
    return add(r, tfd_blame_key(r->view, TFD_STR("protobuf"), TFD_W_NAMED, TFD_EFFECT_BREAKS));
}

/* Keras reads keras.json at import: what it cannot use is raised in a config.py of its own (floatx,
 * image_data_format, no JSON object), or as a back end that does not exist. */
static bool rule_keras_json(const reading *r)
{
    tfd_str file = raising_file(r->exc);
    bool in_keras = tfd_str_find_z(file, "/keras/") != TFD_NPOS;
    bool is_config = tfd_str_ends_z(file, "config.py") || tfd_str_ends_z(file, "/keras/backend.py");
    bool is_backend = tfd_str_ends_z(file, "/backend/__init__.py") && tfd_str_is(r->exc->type, "ValueError");
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_ENV_SETTING, TFD_STR("keras.json"), TFD_W_NAMED, TFD_EFFECT_BREAKS);

    if (!in_keras || (!is_config && !is_backend) ||
        r->view->facts->scalars[TFD_FACT_KERAS_JSON].state != TFD_STATE_PRESENT)
        return false;
    finding.path = r->view->facts->scalars[TFD_FACT_KERAS_JSON].text;
    return add(r, finding);
}

/* Byte code in __pycache__ that is cut or altered: importlib raises while it reads it, called by whoever
 * imports it. */
static bool rule_bytecode(const reading *r)
{
    bool is_marshal = tfd_str_is(r->exc->type, "EOFError") || says(r, "bad marshal data");

    if (!is_marshal || r->exc->frame_count == 0 ||
        !tfd_str_starts_z(r->exc->frames[r->exc->frame_count - 1].file, "<frozen importlib"))
        return false;
    return add(r, blame_file(r->view, raising_file(r->exc), TFD_W_POINTS));
}

/* Nothing said it in so many words: the package in which it happened, and the one that called it.
 * TensorFlow's own frames are on every such stack, so they count least. */
static bool rule_frames(const reading *r)
{
    size_t named = 0;
    tfd_cause_id last = TFD_CAUSE_COUNT;

    for (size_t i = r->exc->frame_count; i > 0 && named < 2; i--) {
        tfd_str file = r->exc->frames[i - 1].file;
        tfd_finding finding;

        if (tfd_str_starts_z(file, "<"))
            continue;
        finding = blame_file(r->view, file, named == 0 ? TFD_W_MAYBE + 10 : TFD_W_HINT);
        if (finding.cause == TFD_CAUSE_COUNT || finding.cause == TFD_CAUSE_PYTHON_BROKEN ||
            finding.cause == last)
            continue;
        if (finding.cause == TFD_CAUSE_TF_CORRUPT)
            finding.weight = TFD_W_HINT;
        last = finding.cause;
        named += add(r, finding) ? 1 : 0;
    }
    return named > 0;
}

typedef bool (*rule)(const reading *r);

/* Most telling first; the first that understands an exception ends its reading. */
static const rule rules[] = {
    rule_memory,    rule_native,    rule_os_error, rule_variable, rule_warning,
    rule_interrupt, rule_no_module, rule_own_type, rule_bytecode, rule_keras_json,
    rule_no_name,   rule_attribute, rule_syntax,   rule_frames,
};

static void read_one(const reading *r)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i](r))
            return;
}

/* A file of the start folder on the stack of `import tensorflow`, or among the modules it loaded, under a
 * name that means something else: that is a shadow, whatever the words of the exception. */
static void blame_start_folder(const reading *r)
{
    const tfd_import *import = &r->view->facts->import;

    for (size_t i = 0; i < r->exc->frame_count + import->modules.count; i++) {
        tfd_str file = i < r->exc->frame_count ? r->exc->frames[i].file
                                               : import->modules.items[i - r->exc->frame_count].file;
        const tfd_place *place = tfd_view_place(r->view, tfd_view_place_of(r->view, file));
        tfd_finding finding;

        if (!place || place->kind != TFD_PLACE_START)
            continue;
        finding = blame_file(r->view, file, TFD_W_NAMED);
        if (finding.cause == TFD_CAUSE_NAME_SHADOWING)
            (void)add(r, finding);
    }
}

/* TensorFlow itself was imported and an add-on's code failed in it: the two do not fit, whatever TensorFlow's
 * frame says. */
static void blame_addon(const reading *r)
{
    for (size_t i = 0; i < r->exc->frame_count; i++) {
        size_t dist = tfd_view_dist_of(r->view, r->exc->frames[i].file);
        const tfd_dist *row = tfd_view_dist(r->view, dist);

        if (!row || !tfd_kb_is_addon(r->view->kb, row->key))
            continue;
        (void)add(r, tfd_blame_dist(r->view, dist, TFD_W_POINTS + 5, TFD_EFFECT_BREAKS));
        return;
    }
}

#define CHAIN_MAX 16

void tfd_exception_blame(const tfd_view *view, tfd_findings *out)
{
    const tfd_import *import = &view->facts->import;
    size_t count = import->exception_count < CHAIN_MAX ? import->exception_count : CHAIN_MAX;

    for (size_t i = 0; i < count; i++) {
        bool is_first_raised = i + 1 == count;
        reading r = {view, &import->exceptions[i], is_first_raised ? 0 : i == 0 ? 15 : 25, out};

        /* An ImportError that only repeats another one's traceback (TensorFlow's own wrapper) has no name and
         * no path. */
        if (i == 0 && count > 1 && r.exc->name.len == 0 && r.exc->path.len == 0 && r.exc->os_code == 0)
            r.less = 35;
        read_one(&r);
        blame_addon(&r);
        blame_start_folder(&r);
    }
}

void tfd_exception_blame_start_files(const tfd_view *view, tfd_str text, tfd_findings *out)
{
    const tfd_facts *facts = view->facts;

    for (size_t i = 0; i < facts->startup_files.count; i++) {
        tfd_str path = facts->startup_files.items[i].path;
        tfd_finding finding =
            tfd_finding_of(TFD_CAUSE_PYTHONPATH_CONFLICT, path, TFD_W_NAMED, TFD_EFFECT_BREAKS);

        /* Code that nobody understands, run while the interpreter starts, is named even where stderr does not
         * name it: sys.exit in sitecustomize prints no path at all. */
        if (tfd_str_find(facts->import.err, path) == TFD_NPOS) {
            if (!facts->startup_files.items[i].has_imports || facts->startup_files.items[i].understood)
                continue;
            finding.weight = TFD_W_POINTS;
        }
        finding.path = path;
        finding.from_import = true;
        finding.text = text;
        finding.source = path;
        tfd_findings_add(out, &finding);
    }
    for (size_t i = 0; i < facts->modules.count; i++) {
        const tfd_module *module = &facts->modules.items[i];
        tfd_finding finding;

        if (!module->is_shadowed || !module->is_stdlib)
            continue;
        finding = tfd_blame_place(view, module->place, module->path, TFD_W_POINTS, TFD_EFFECT_BREAKS);
        finding.from_import = true;
        finding.text = text;
        finding.source = module->path;
        tfd_findings_add(out, &finding);
    }
}
