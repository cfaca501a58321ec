/* What the import itself said. The exception is read as structure (types, names, paths, frames, error
 * numbers); its words only where there is nothing else. Each reading is evidence for the cause behind it: the
 * static checks have found what is wrong, this one finds what hurts. */
#include "checks/exception_blame.h"
#include "checks/native_blame.h"

static const char *signal_name(int number)
{
    switch (number) {
    case 4:
        return "SIGILL";
    case 6:
        return "SIGABRT";
    case 7:
        return "SIGBUS";
    case 8:
        return "SIGFPE";
    case 9:
        return "SIGKILL";
    case 11:
        return "SIGSEGV";
    case 15:
        return "SIGTERM";
    case 24:
        return "SIGXCPU";
    case 31:
        return "SIGSYS";
    default:
        return "signal";
    }
}

static tfd_str where_it_died(const tfd_import *import, tfd_findings *out)
{
    if (import->fatal_count == 0)
        return tfd_arena_fmt(out->arena, "the import died of %s", signal_name(import->signal));
    return tfd_arena_fmt(out->arena, "the import died of %s in %.*s:%d", signal_name(import->signal),
                         TFD_ARG(import->fatal[0].file), import->fatal[0].line);
}

static void add(const tfd_view *view, tfd_finding finding, tfd_str text, tfd_findings *out)
{
    (void)view;
    if (finding.cause == TFD_CAUSE_COUNT)
        return;
    finding.from_import = true;
    finding.text = text;
    finding.source = TFD_STR("import");
    tfd_findings_add(out, &finding);
}

/* The first Python frame that is not the import system's own. */
static tfd_str fatal_file(const tfd_import *import)
{
    for (size_t i = 0; i < import->fatal_count; i++)
        if (!tfd_str_starts_z(import->fatal[i].file, "<frozen"))
            return import->fatal[i].file;
    return TFD_STR("");
}

static void blame_intruders(const tfd_view *view, tfd_str text, tfd_findings *out)
{
    const tfd_intruders *all = &view->facts->intruders;

    for (size_t i = 0; i < all->count; i++) {
        tfd_finding finding =
            tfd_finding_of(TFD_CAUSE_LDPATH_CONFLICT, tfd_native_forced_by(all->items[i].rule), TFD_W_POINTS,
                           TFD_EFFECT_BREAKS);
        const tfd_object *object = tfd_view_object(view, all->items[i].object);

        finding.path = object ? object->path : TFD_STR("");
        add(view, finding, text, out);
    }
}

/* No library of a known name, and Python did not come to its first line: what is loaded before it is the
 * first thing to doubt. ld.so goes on without a file that is not there, and says so. */
static void blame_preload(const tfd_view *view, tfd_str text, tfd_findings *out)
{
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_LDPATH_CONFLICT, TFD_STR("LD_PRELOAD"), TFD_W_MAYBE + 10, TFD_EFFECT_BREAKS);

    if (!tfd_view_variable(view, finding.subject, &finding.path) || finding.path.len == 0 ||
        view->facts->intruders.count > 0 ||
        tfd_str_find_z(view->facts->import.err, "cannot be preloaded") != TFD_NPOS)
        return;
    add(view, finding, text, out);
}

/* SIGXCPU at the soft limit, SIGKILL at the hard one (setrlimit(2)); an import never takes minutes of it. */
#define CPU_TIME_MAX 60

static bool is_out_of_time(const tfd_view *view)
{
    const tfd_fact *limit = &view->facts->scalars[TFD_FACT_LIMIT_CPU];

    return view->facts->import.signal == 24 ||
           (view->facts->import.signal == 9 && limit->state == TFD_STATE_PRESENT &&
            limit->integer < CPU_TIME_MAX);
}

/* "Check failed: ret == 0 (11 vs. 0)Thread tf_Compute creation via pthread_create() failed." of TensorFlow,
 * and "OpenBLAS blas_thread_init: pthread_create failed": the function's name stands in both. */
static bool has_no_thread(const tfd_view *view)
{
    bool filtered = view->facts->system && view->facts->system->seccomp_filter;

    return tfd_str_find_z(view->facts->import.err, "pthread_create") != TFD_NPOS &&
           (!filtered || view->facts->scalars[TFD_FACT_LIMIT_NPROC].state == TFD_STATE_PRESENT);
}

static tfd_str line_with(tfd_str text, const char *words)
{
    tfd_str line;

    while (tfd_str_line(&text, &line))
        if (tfd_str_find_z(line, words) != TFD_NPOS)
            return tfd_str_sub(line, 0, 300);
    return TFD_STR("");
}

/* Libraries end the process in their own words; a variable that these name, or a limit that is in force,
 * explains it. */
static void blame_last_words(const tfd_view *view, tfd_str text, tfd_findings *out)
{
    const tfd_facts *facts = view->facts;
    tfd_str name = tfd_exception_named_variable(view, facts->import.err);

    if (name.len > 0)
        add(view, tfd_finding_of(TFD_CAUSE_ENV_SETTING, name, TFD_W_NAMED, TFD_EFFECT_BREAKS), text, out);
    if (has_no_thread(view))
        add(view,
            tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("processes"), TFD_W_NAMED, TFD_EFFECT_BREAKS),
            line_with(facts->import.err, "pthread_create"), out);
    if (tfd_view_is_data_tight(view))
        add(view,
            tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("data segment"), TFD_W_POINTS, TFD_EFFECT_BREAKS),
            text, out);
    if (tfd_view_is_space_tight(view, facts->native_bytes))
        add(view,
            tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("address space"), TFD_W_POINTS, TFD_EFFECT_BREAKS),
            text, out);
}

/* The first use of TensorFlow opens CUDA's libraries: one that is cut short ends the process (SIGBUS), and
 * the Python file that was running is innocent. The check of these libraries names it. */
static bool has_broken_gpu_library(const tfd_view *view)
{
    const tfd_gpu_libraries *all = &view->facts->gpu.libraries;

    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].state == TFD_STATE_PRESENT && all->items[i].broken.len > 0 &&
            !all->items[i].is_dependency)
            return true;
    return false;
}

static void blame_signal(const tfd_view *view, tfd_findings *out)
{
    const tfd_import *import = &view->facts->import;
    const tfd_cpu *cpu = view->facts->cpu;
    tfd_str text = where_it_died(import, out);
    tfd_str file = fatal_file(import);

    if (import->signal == 4 && cpu && cpu->known && cpu->arch == TFD_ARCH_X86_64 && !cpu->avx_enabled)
        add(view, tfd_finding_of(TFD_CAUSE_CPU_NO_AVX, TFD_STR(""), TFD_W_NAMED, TFD_EFFECT_BREAKS), text,
            out);
    if (is_out_of_time(view))
        add(view,
            tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("processor time"), TFD_W_NAMED, TFD_EFFECT_BREAKS),
            tfd_arena_fmt(out->arena, "%.*s: the limit of processor time (ulimit -t) was reached",
                          TFD_ARG(text)),
            out);
    else if (import->signal == 9)
        add(view, tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("memory"), TFD_W_POINTS, TFD_EFFECT_BREAKS),
            tfd_arena_fmt(out->arena, "%.*s: as the system does when memory runs out", TFD_ARG(text)), out);
    if (import->signal == 31)
        add(view,
            tfd_finding_of(TFD_CAUSE_SECURITY_BLOCKED, TFD_STR("seccomp"), TFD_W_NAMED, TFD_EFFECT_BREAKS),
            tfd_arena_fmt(out->arena, "%.*s: a seccomp filter ended it for a system call", TFD_ARG(text)),
            out);
    blame_intruders(view, text, out);
    blame_last_words(view, text, out);
    /* A process that ends itself (SIGABRT) has found something that it does not expect; that is no sign of
     * damage. */
    if (file.len > 0 && import->signal != 6 && !has_broken_gpu_library(view))
        add(view, tfd_blame_file(view, file, TFD_W_MAYBE, TFD_EFFECT_BREAKS), text, out);
}

static bool find_text(const tfd_import *import, const char *words)
{
    return tfd_str_find_z(import->err, words) != TFD_NPOS;
}

/* "PermissionError: [Errno 13] Permission denied: '/env/pyvenv.cfg'": the number is fixed, and so is the
 * quoted path. */
static void blame_unreadable_at_start(const tfd_view *view, tfd_str text, tfd_findings *out)
{
    tfd_str err = view->facts->import.err;
    size_t at = tfd_str_find_z(err, "[Errno 13]");
    tfd_str rest = at == TFD_NPOS ? TFD_STR("") : tfd_str_from(err, at);
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_PERMISSION_DENIED, TFD_STR(""), TFD_W_NAMED + 20, TFD_EFFECT_BREAKS);
    tfd_str before;
    tfd_str path;

    if (!tfd_str_cut(rest, '\'', &before, &rest) || !tfd_str_cut(rest, '\'', &path, &rest))
        return;
    finding.subject = path;
    finding.path = path;
    add(view, finding, text, out);
}

/* It did not get as far as our first line. */
static void blame_start(const tfd_view *view, tfd_findings *out)
{
    const tfd_facts *facts = view->facts;
    const tfd_import *import = &facts->import;
    bool in_venv = facts->python.pyvenv_cfg.len > 0;
    bool is_windows = tfd_view_is_windows(view);
    tfd_str text =
        is_windows
            ? tfd_exit_text_windows(view, out->arena)
            : tfd_arena_fmt(out->arena, "the interpreter ended before its first line (exit %d, signal %d)",
                            import->exit_code, import->signal);

    if (is_windows)
        (void)tfd_exit_blame_windows(view, out);
    else if (import->start_error == 13 && tfd_view_noexec_mount(view, facts->python.real).len > 0)
        add(view,
            tfd_finding_of(TFD_CAUSE_SECURITY_BLOCKED, TFD_STR("noexec"), TFD_W_NAMED, TFD_EFFECT_BREAKS),
            TFD_STR("the system refused to execute the interpreter (EACCES)"), out);
    else if (import->start_error == 13)
        add(view,
            tfd_finding_of(TFD_CAUSE_PERMISSION_DENIED,
                           facts->python.closed_folder.len > 0 ? facts->python.closed_folder
                                                               : facts->python.path,
                           TFD_W_NAMED, TFD_EFFECT_BREAKS),
            TFD_STR("the system refused to execute the interpreter (EACCES)"), out);
    else if (import->start_error == 8)
        add(view, tfd_finding_of(TFD_CAUSE_ARCH_MISMATCH, TFD_STR(""), TFD_W_POINTS, TFD_EFFECT_BREAKS),
            TFD_STR("the system cannot execute the interpreter (ENOEXEC)"), out);
    if (facts->python.home_variable.len > 0)
        add(view,
            tfd_finding_of(TFD_CAUSE_PYTHON_BROKEN, TFD_STR("PYTHONHOME"), TFD_W_POINTS, TFD_EFFECT_BREAKS),
            text, out);
    blame_intruders(view, text, out);
    blame_preload(view, text, out);
    blame_last_words(view, text, out);
    blame_unreadable_at_start(view, text, out);
    tfd_exception_blame_start_files(view, text, out);
    if (find_text(import, "error while loading shared libraries"))
        add(view, tfd_finding_of(TFD_CAUSE_PYTHON_BROKEN, TFD_STR(""), TFD_W_POINTS + 10, TFD_EFFECT_BREAKS),
            text, out);
    add(view,
        tfd_finding_of(in_venv && facts->python.broken != TFD_PY_FINE ? TFD_CAUSE_VENV_BROKEN
                                                                      : TFD_CAUSE_PYTHON_BROKEN,
                       facts->python.home_variable.len > 0 ? TFD_STR("PYTHONHOME") : TFD_STR(""), TFD_W_MAYBE,
                       TFD_EFFECT_BREAKS),
        text, out);
}

static void blame_namespace(const tfd_view *view, tfd_findings *out)
{
    const tfd_facts *facts = view->facts;
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_TF_CORRUPT, TFD_STR("tensorflow"), TFD_W_POINTS, TFD_EFFECT_BREAKS);

    if (facts->tensorflow != TFD_NONE)
        finding = tfd_blame_dist(view, facts->tensorflow, TFD_W_NAMED, TFD_EFFECT_BREAKS);
    for (size_t i = 0; i < facts->modules.count; i++) {
        const tfd_module *module = &facts->modules.items[i];

        if (!tfd_str_eq(module->name, facts->module_top))
            continue;
        if (tfd_blame_is_foreign(view, module->place))
            finding = tfd_blame_place(view, module->place, module->path, TFD_W_NAMED, TFD_EFFECT_BREAKS);
        finding.path = module->path;
    }
    /* An empty folder of that name and no TensorFlow anywhere: nothing to repair but the install. */
    if (facts->tensorflow == TFD_NONE && finding.cause == TFD_CAUSE_NAME_SHADOWING) {
        finding = tfd_finding_of(TFD_CAUSE_TF_MISSING, TFD_STR(""), TFD_W_NAMED, TFD_EFFECT_BREAKS);
        finding.weight = TFD_W_POINTS;
    }
    add(view, finding,
        tfd_arena_fmt(out->arena,
                      "import %.*s succeeds as an empty namespace package (no __init__.py was found)",
                      TFD_ARG(facts->module)),
        out);
}

/* Measured: with sched_getaffinity refused by a seccomp filter TensorFlow 2.20 says so and hangs at the first
 * tensor. Other calls that filters of containers refuse (get_mempolicy, mbind) are done without. */
static bool blame_filter(const tfd_view *view, tfd_findings *out)
{
    const tfd_facts *facts = view->facts;
    tfd_str said = line_with(facts->import.err, "sched_getaffinity: Operation not permitted");

    if (!facts->system || !facts->system->seccomp_filter || said.len == 0)
        return false;
    add(view, tfd_finding_of(TFD_CAUSE_SECURITY_BLOCKED, TFD_STR("seccomp"), TFD_W_NAMED, TFD_EFFECT_BREAKS),
        tfd_arena_fmt(out->arena, "the import did not end in time, and said: %.*s", TFD_ARG(said)), out);
    return true;
}

static void run(const tfd_view *view, tfd_findings *out)
{
    const tfd_import *import = &view->facts->import;

    if (!import->ran) {
        tfd_findings_skip(out, view->options->no_run ? TFD_STR("--no-run: the interpreter is not started")
                                                     : TFD_STR("the import was not tried"));
        return;
    }
    if (import->status == TFD_IMPORT_OK) {
        tfd_findings_say(out, tfd_arena_fmt(out->arena, "import %.*s works", TFD_ARG(view->facts->module)));
        return;
    }
    if (import->timed_out) {
        if (!blame_filter(view, out))
            tfd_findings_unknown(out, TFD_STR("the import did not end in time"));
        return;
    }
    if (import->is_namespace)
        blame_namespace(view, out);
    else if (import->exception_count > 0)
        tfd_exception_blame(view, out);
    else if (import->stage == TFD_STAGE_START)
        blame_start(view, out);
    else if (import->signal != 0)
        blame_signal(view, out);
    else if (tfd_view_is_windows(view) && import->exit_code < 0)
        (void)tfd_exit_blame_windows(view, out);
    else
        blame_last_words(view,
                         tfd_arena_fmt(out->arena,
                                       "the process ended with exit code %d and without an exception",
                                       import->exit_code),
                         out);
    if (out->check_status == TFD_CHECK_OK) {
        out->check_status = TFD_CHECK_FAIL;
        tfd_findings_say(out, tfd_arena_fmt(out->arena, "import %.*s fails", TFD_ARG(view->facts->module)));
    }
}

const tfd_check tfd_check_import = {
    .id = "import",
    .summary = "The import works in a child process of the interpreter",
    .needs_import = true,
    .run = run,
};
