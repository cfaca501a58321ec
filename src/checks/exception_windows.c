/* "DLL load failed": which file, which number, whose fault. Numbers decide (those that the trial of the
 * single DLLs got, else those that the exception has); Windows' words, in any language, only give a number
 * back. */
#include "checks/exception_rules.h"

#include "checks/vcruntime_blame.h"
#include "checks/windows_blame.h"

/* One cause, two numbers: Windows turns an exception in the set-up into 1114, Wine and some of Windows'
 * loaders give 998. */
enum { CODE_NOACCESS = 998, CODE_DLL_INIT_FAILED = 1114 };

#define FAULT_ILLEGAL_INSTRUCTION 0xC000001Du

/* ---- the number */

/* The file at which the trial of the single DLLs ended, or NULL: all load, or nothing was tried. */
static const tfd_dll_step *failed_step(const tfd_view *view)
{
    const tfd_dll_trial *trial = &view->facts->import.dlls;

    for (size_t i = 0; i < trial->count; i++)
        if (trial->items[i].state == TFD_STEP_FAILED || trial->items[i].state == TFD_STEP_DIED)
            return &trial->items[i];
    return NULL;
}

/* The finding with the exception's first line, and with what the trial found out about the file. */
static bool add_told(const tfd_reading *r, tfd_finding finding)
{
    const tfd_dll_step *step = failed_step(r->view);
    const tfd_kb_winerror *known = step ? tfd_kb_winerror_find(r->view->kb, step->code) : NULL;
    size_t row = r->out->count;
    tfd_str text;

    if (!tfd_reading_add(r, finding))
        return false;
    if (!step || r->out->count == row)
        return true;
    text = r->out->items[row].text;
    r->out->items[row].text =
        step->state == TFD_STEP_DIED
            ? tfd_arena_fmt(r->out->arena, "%.*s; loaded one by one, %.*s ends the process", TFD_ARG(text),
                            TFD_ARG(step->path))
            : tfd_arena_fmt(r->out->arena,
                            "%.*s; loaded one by one, %.*s is the first that fails: error %d%s%.*s",
                            TFD_ARG(text), TFD_ARG(step->path), step->code, known ? ", " : "",
                            TFD_ARG(known ? known->meaning : TFD_STR("")));
    return true;
}

/* "DLL load failed with error code -1073741795 while importing …": Windows had no text for it. */
static int code_in_words(tfd_str message)
{
    static const char words[] = "with error code ";
    size_t at = tfd_str_find_z(message, words);
    tfd_str rest = at == TFD_NPOS ? TFD_STR("") : tfd_str_from(message, at + sizeof words - 1);
    bool negative = tfd_str_starts_z(rest, "-");
    uint64_t number = 0;
    size_t len = negative ? 1 : 0;

    while (len < rest.len && tfd_char_is_digit(rest.ptr[len]))
        len++;
    if (!tfd_str_u64(tfd_str_sub(rest, negative ? 1 : 0, len), &number) || number > INT32_MAX)
        return 0;
    return negative ? -(int)number : (int)number;
}

static int code_of(const tfd_reading *r)
{
    const tfd_dll_step *step = failed_step(r->view);
    int code;

    if (step && step->state == TFD_STEP_FAILED)
        return step->code;
    if (r->exc->winerror != 0)
        return r->exc->winerror;
    code = code_in_words(r->exc->message);
    return code != 0 ? code : tfd_kb_winerror_of_text(r->view->kb, r->exc->message);
}

/* ---- 1114 and 998 told apart */

static bool lacks_avx(const tfd_view *view)
{
    const tfd_cpu *cpu = view->facts->cpu;

    return cpu && cpu->known && cpu->arch == TFD_ARCH_X86_64 && !cpu->avx_enabled;
}

static bool blame_old_runtime(const tfd_reading *r)
{
    tfd_vc_state vc = tfd_vc_state_of(r->view, TFD_STR("msvcp140.dll"));
    tfd_finding finding = tfd_vc_finding(r->view, &vc, r->out->arena);

    if ((vc.fault != TFD_VC_OLD && vc.fault != TFD_VC_MAYBE_OLD) || finding.cause == TFD_CAUSE_COUNT)
        return false;
    /* Where the illegal instruction was seen, the mutex is not to blame. */
    if (r->view->facts->import.fatal_code == FAULT_ILLEGAL_INSTRUCTION)
        return false;
    finding.weight = vc.fault == TFD_VC_OLD ? TFD_W_NAMED : TFD_W_POINTS;
    return add_told(r, finding);
}

/* The copy that the process really had, where it is neither the system's nor beside python.exe: a package or
 * a start-up file loaded it before. The trial began without it. */
static bool blame_loaded_runtime(const tfd_reading *r)
{
    const tfd_facts *facts = r->view->facts;
    const tfd_strs *all = &facts->import.libraries;

    for (size_t i = 0; i < all->count; i++) {
        tfd_str path = all->items[i];
        tfd_str dir = tfd_path_dir(TFD_PATH_WINDOWS, path);
        tfd_finding finding =
            tfd_finding_of(TFD_CAUSE_VCRUNTIME_SHADOWED, TFD_STR(""), TFD_W_NAMED, TFD_EFFECT_BREAKS);

        if (!tfd_str_eq_nocase(tfd_path_base(TFD_PATH_WINDOWS, path), TFD_STR("msvcp140.dll")) ||
            tfd_path_eq(TFD_PATH_WINDOWS, dir, facts->system->system_dir) ||
            tfd_path_eq(TFD_PATH_WINDOWS, dir, facts->python.base_prefix))
            continue;
        finding.path = path;
        if (add_told(r, finding))
            r->out->items[r->out->count - 1].text = tfd_arena_fmt(
                r->out->arena,
                "the process had %.*s loaded before; without it the module's DLLs load one by one",
                TFD_ARG(path));
        return true;
    }
    return false;
}

/* The file at which loading ended belongs to the run time itself: it is damaged, or not what it says. */
static bool blame_failed_runtime(const tfd_reading *r)
{
    const tfd_dll_step *step = failed_step(r->view);
    tfd_str dir = step ? tfd_path_dir(TFD_PATH_WINDOWS, step->path) : TFD_STR("");
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_VCRUNTIME_SHADOWED, TFD_STR(""), TFD_W_NAMED, TFD_EFFECT_BREAKS);

    if (!step || !tfd_kb_runtime_find(r->view->kb, tfd_path_base(TFD_PATH_WINDOWS, step->path)))
        return false;
    if (tfd_path_eq(TFD_PATH_WINDOWS, dir, r->view->facts->system->system_dir))
        finding.cause = TFD_CAUSE_VCRUNTIME_MISSING;
    finding.path = step->path;
    return add_told(r, finding);
}

static bool is_illegal_instruction(const tfd_reading *r, int code)
{
    const tfd_dll_step *step = failed_step(r->view);

    return r->view->facts->import.fatal_code == FAULT_ILLEGAL_INSTRUCTION ||
           (step && step->fault == FAULT_ILLEGAL_INSTRUCTION) || (uint32_t)code == FAULT_ILLEGAL_INSTRUCTION;
}

static bool blame_processor(const tfd_reading *r, int code)
{
    tfd_finding finding = tfd_finding_of(TFD_CAUSE_CPU_NO_AVX, TFD_STR(""), TFD_W_NAMED, TFD_EFFECT_BREAKS);

    if (r->view->facts->system && r->view->facts->system->arch == TFD_ARCH_AARCH64)
        finding.cause = TFD_CAUSE_ARCH_MISMATCH;
    if (is_illegal_instruction(r, code))
        return add_told(r, finding);
    return lacks_avx(r->view) && add_told(r, finding);
}

/* The library's own set-up failed. What is known of the machine comes before the file itself. */
static bool blame_set_up(const tfd_reading *r, int code, tfd_str path)
{
    const tfd_dll_step *step = failed_step(r->view);
    tfd_finding finding;

    if (blame_processor(r, code) || blame_failed_runtime(r) || blame_old_runtime(r))
        return true;
    /* The trial began with a clean process and all files were set up: something in the real one is in the
     * way. */
    if (r->view->facts->import.dlls.ran && !step && r->view->facts->import.dlls.count > 0)
        return blame_loaded_runtime(r) || add_told(r, tfd_finding_of(TFD_CAUSE_LIBRARY_CONFLICT, TFD_STR(""),
                                                                     TFD_W_POINTS, TFD_EFFECT_BREAKS));
    finding = tfd_reading_blame_file(r->view, step ? step->path : path, TFD_W_MAYBE);
    return add_told(r, finding);
}

/* ---- the other numbers */

/* Windows does not say which assembly is missing: the manifests do. */
static tfd_finding assembly_finding(const tfd_view *view)
{
    const tfd_resolutions *all = &view->facts->resolutions;
    tfd_str release = TFD_STR("");

    for (size_t i = 0; i < all->count && release.len == 0; i++)
        if (all->items[i].is_assembly && all->items[i].state == TFD_STATE_ABSENT)
            release = tfd_kb_redist_release(view->kb, all->items[i].name);
    return tfd_finding_of(TFD_CAUSE_VCRUNTIME_MISSING, release, TFD_W_POINTS, TFD_EFFECT_BREAKS);
}

static tfd_finding finding_of_code(const tfd_reading *r, int code, tfd_str path)
{
    const tfd_view *view = r->view;
    tfd_finding refusal = tfd_windows_blame_refusal(view, code, path, TFD_W_NAMED);

    if (refusal.cause != TFD_CAUSE_COUNT)
        return refusal;
    switch (code) {
    case 8:    /* ERROR_NOT_ENOUGH_MEMORY */
    case 14:   /* ERROR_OUTOFMEMORY */
    case 1450: /* ERROR_NO_SYSTEM_RESOURCES */
    case 1455: /* ERROR_COMMITMENT_LIMIT */
        return tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("page file"), TFD_W_NAMED, TFD_EFFECT_BREAKS);
    case 87: /* ERROR_INVALID_PARAMETER: Windows 7 without KB2533623 does not know the search flags */
        return tfd_finding_of(TFD_CAUSE_OS_TOO_OLD, TFD_STR(""), TFD_W_POINTS, TFD_EFFECT_BREAKS);
    case 112: /* ERROR_DISK_FULL */
        return tfd_finding_of(TFD_CAUSE_DISK_FULL, TFD_STR(""), TFD_W_NAMED, TFD_EFFECT_BREAKS);
    case 206: /* ERROR_FILENAME_EXCED_RANGE */
        return tfd_finding_of(TFD_CAUSE_PATH_TOO_LONG, TFD_STR(""), TFD_W_NAMED, TFD_EFFECT_BREAKS);
    case 14001: /* ERROR_SXS_CANT_GEN_ACTCTX */
    case 14003: /* ERROR_SXS_ASSEMBLY_NOT_FOUND */
        return assembly_finding(view);
    default:
        return tfd_reading_blame_file(view, path, TFD_W_POINTS);
    }
}

static bool is_dll_path(tfd_str path)
{
    return tfd_path_ends(TFD_PATH_WINDOWS, path, ".pyd") || tfd_path_ends(TFD_PATH_WINDOWS, path, ".dll");
}

/* What the tables of native code say about this file and what it needs. */
static bool blame_tables(const tfd_reading *r, tfd_str path)
{
    size_t before = r->out->count;

    if (!tfd_native_blame_path(r->view, path, TFD_W_POINTS, r->out))
        return false;
    for (size_t i = before; i < r->out->count; i++)
        r->out->items[i].from_import = true;
    return r->out->count > before;
}

/* ---- rules */

/* "Could not find the DLL(s) 'msvcp140.dll or msvcp140_1.dll'", "Could not find 'msvcp140.dll'":
 * tensorflow/python/platform/self_check.py. */
bool tfd_rule_self_check(const tfd_reading *r)
{
    static const char *const names[] = {"msvcp140_1.dll", "msvcp140.dll", "vcruntime140_1.dll",
                                        "vcruntime140.dll", "vcruntime140_threads.dll"};
    bool is_told = false;

    if (!tfd_view_is_windows(r->view) || !tfd_str_is(r->exc->type, "ImportError") ||
        !tfd_str_starts_z(r->exc->message, "Could not find ") || !tfd_reading_says(r, "DLL"))
        return false;
    /* The check loads the two names; what they need may be what is missing. */
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        tfd_vc_state vc = tfd_vc_state_of(r->view, tfd_str_of(names[i]));
        tfd_finding finding = tfd_vc_finding(r->view, &vc, r->out->arena);

        if (vc.fault != TFD_VC_MISSING && vc.fault != TFD_VC_LATER && vc.fault != TFD_VC_DAMAGED)
            continue;
        finding.weight = TFD_W_NAMED;
        is_told = add_told(r, finding) || is_told;
    }
    return is_told || add_told(r, tfd_finding_of(TFD_CAUSE_VCRUNTIME_MISSING, TFD_STR(""), TFD_W_NAMED,
                                                 TFD_EFFECT_BREAKS));
}

/* ctypes: "Could not find module 'C:\…\x.dll' (or one of its dependencies)". */
static bool blame_ctypes(const tfd_reading *r)
{
    static const char words[] = "Could not find module '";
    size_t at = tfd_str_find_z(r->exc->message, words);
    tfd_str path;
    tfd_str rest;

    if (at == TFD_NPOS)
        return false;
    (void)tfd_str_cut(tfd_str_from(r->exc->message, at + sizeof words - 1), '\'', &path, &rest);
    if (blame_tables(r, path))
        return true;
    if (tfd_path_is_abs(TFD_PATH_WINDOWS, path))
        return add_told(r, tfd_reading_blame_file(r->view, path, TFD_W_POINTS));
    return add_told(r, tfd_windows_blame_missing(r->view, NULL, path, TFD_W_POINTS, r->out->arena));
}

/* "C:\…\x.dll not found": TensorFlow's own LoadLibraryExW, for plugins and kernels, says no more than that
 * (tsl/platform/windows/load_library.cc). */
static bool blame_load_library(const tfd_reading *r)
{
    static const char words[] = " not found";
    tfd_str path;

    if (!tfd_str_is(r->exc->type, "NotFoundError") || !tfd_str_ends_z(r->exc->message, words))
        return false;
    path = tfd_str_sub(r->exc->message, 0, r->exc->message.len - (sizeof words - 1));
    return tfd_path_is_abs(TFD_PATH_WINDOWS, path) &&
           (blame_tables(r, path) || add_told(r, tfd_reading_blame_file(r->view, path, TFD_W_POINTS)));
}

/* CPython's own words, the same in every language (Python/dynload_win.c, Python/importdl.c). */
static bool is_of_loader(const tfd_reading *r)
{
    return tfd_str_is(r->exc->type, "ImportError") && is_dll_path(r->exc->path) &&
           (tfd_reading_says(r, "DLL load failed") || tfd_reading_says(r, "dynamic module does not define") ||
            tfd_reading_says(r, "conflicts with this version of Python"));
}

/* "Module use of python36.dll conflicts with this version of Python": built for another one. */
static bool blame_other_python(const tfd_reading *r)
{
    tfd_finding finding = tfd_reading_blame_file(r->view, r->exc->path, TFD_W_NAMED);

    if (!tfd_reading_says(r, "conflicts with this version of Python"))
        return false;
    if (finding.cause == TFD_CAUSE_TF_CORRUPT)
        finding.cause = TFD_CAUSE_TF_ABI_MISMATCH;
    return add_told(r, finding);
}

bool tfd_rule_dll(const tfd_reading *r)
{
    tfd_str path = is_dll_path(r->exc->path) ? r->exc->path : r->exc->filename;
    bool is_import = is_of_loader(r);
    int code;

    if (!tfd_view_is_windows(r->view))
        return false;
    if (blame_ctypes(r) || blame_load_library(r))
        return true;
    if (!is_import && (r->exc->winerror == 0 || !is_dll_path(path)))
        return false;
    if (blame_other_python(r))
        return true;
    code = code_of(r);
    if (code == CODE_DLL_INIT_FAILED || code == CODE_NOACCESS || code < 0)
        return blame_set_up(r, code, path) || blame_tables(r, path);
    if (blame_tables(r, path))
        return true;
    if (code == 0 && tfd_reading_says(r, "DLL load failed") &&
        (blame_processor(r, code) || blame_old_runtime(r)))
        return true;
    return add_told(r, finding_of_code(r, code, path));
}

/* Numbers of Windows in an OSError that is about no DLL. */
bool tfd_rule_winerror(const tfd_reading *r)
{
    tfd_finding finding;

    if (!tfd_view_is_windows(r->view) || r->exc->winerror == 0)
        return false;
    finding = finding_of_code(r, r->exc->winerror, r->exc->filename);
    return add_told(r, finding);
}
