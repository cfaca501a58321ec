/* Do limits of the process leave room for the import: address space, memory, stack, size of files, processes,
 * processor time? */
#include "core/check.h"

/* What the import maps is a little less than its native files: what is only in sections (symbol tables,
 * notes) is not mapped. Measured on 2.20, with 949 MB of files: 1000 MB suffice, 700 MB do not. */
#define MEMORY_MIN ((uint64_t)300 << 20) /* resident; measured 430 to 460 MiB with everything touched */

static void check_address_space(const tfd_view *view, tfd_findings *out)
{
    const tfd_facts *facts = view->facts;
    const tfd_fact *limit = &facts->scalars[TFD_FACT_LIMIT_AS];
    uint64_t need = facts->native_bytes / 10 * 9;
    uint64_t have;
    tfd_finding finding;

    if (limit->state != TFD_STATE_PRESENT || limit->integer < 0)
        return;
    have = (uint64_t)limit->integer;
    finding = tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("address space"), 0, TFD_EFFECT_MAY_BREAK);
    finding.source = TFD_STR("RLIMIT_AS");
    if (need == 0 || !tfd_view_is_space_tight(view, need))
        return;
    finding.weight = facts->native_bytes > 0 && have < need ? TFD_W_STRONG + 10 : TFD_W_HINT;
    finding.text = tfd_arena_fmt(
        out->arena, "the address space of a process is limited to %llu MB; the import maps about %llu MB",
        (unsigned long long)(have / 1000000), (unsigned long long)(need / 1000000));
    if (finding.weight > TFD_W_HINT || tfd_view_import_failed(view))
        tfd_findings_add(out, &finding);
}

/* Private writable memory of the import: measured, 100 MB do not suffice (OpenBLAS ends the process). */
#define DATA_MIN ((int64_t)256 << 20)

static void check_data(const tfd_view *view, tfd_findings *out)
{
    const tfd_fact *limit = &view->facts->scalars[TFD_FACT_LIMIT_DATA];
    tfd_finding finding;

    if (limit->state != TFD_STATE_PRESENT || limit->integer >= DATA_MIN)
        return;
    finding =
        tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("data segment"), TFD_W_STRONG, TFD_EFFECT_MAY_BREAK);
    finding.text = tfd_arena_fmt(out->arena, "the data segment of a process is limited to %lld MB",
                                 (long long)(limit->integer / 1000000));
    finding.source = TFD_STR("RLIMIT_DATA");
    tfd_findings_add(out, &finding);
}

static void check_memory(const tfd_view *view, tfd_findings *out)
{
    const tfd_system *system = view->facts->system;
    tfd_finding finding;

    if (!system || system->memory_free == 0 || system->memory_free >= MEMORY_MIN)
        return;
    finding = tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("memory"), TFD_W_LIKELY, TFD_EFFECT_MAY_BREAK);
    finding.text =
        tfd_arena_fmt(out->arena, "a new process can get %llu MB of memory; the import needs about 450 MB",
                      (unsigned long long)(system->memory_free / 1000000));
    finding.source = TFD_STR("/proc/meminfo and the control group");
    tfd_findings_add(out, &finding);
}

/* Seconds. Measured on a fast machine: 4.5 for 2.20, 2.9 for 2.10. */
#define CPU_TIME_MIN 3

static void check_cpu_time(const tfd_view *view, tfd_findings *out)
{
    const tfd_fact *limit = &view->facts->scalars[TFD_FACT_LIMIT_CPU];
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("processor time"), TFD_W_LIKELY, TFD_EFFECT_MAY_BREAK);

    if (limit->state != TFD_STATE_PRESENT || limit->integer >= CPU_TIME_MIN)
        return;
    finding.text = tfd_arena_fmt(
        out->arena, "the processor time of a process is limited to %lld s; the import needs three to five",
        (long long)limit->integer);
    finding.source = TFD_STR("RLIMIT_CPU");
    tfd_findings_add(out, &finding);
}

/* The stack of the main thread. Measured: the import of 2.20 ends with SIGSEGV in 96 KiB and works in 128. */
#define STACK_MIN ((int64_t)128 << 10)

static void check_stack(const tfd_view *view, tfd_findings *out)
{
    const tfd_fact *limit = &view->facts->scalars[TFD_FACT_LIMIT_STACK];
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("stack"), TFD_W_STRONG, TFD_EFFECT_MAY_BREAK);

    if (limit->state != TFD_STATE_PRESENT || limit->integer >= STACK_MIN)
        return;
    finding.text = tfd_arena_fmt(
        out->arena, "the stack of a process is limited to %lld KiB; the import needs more than 96",
        (long long)(limit->integer / 1024));
    finding.source = TFD_STR("RLIMIT_STACK");
    tfd_findings_add(out, &finding);
}

static void check_file_size(const tfd_view *view, tfd_findings *out)
{
    const tfd_fact *limit = &view->facts->scalars[TFD_FACT_LIMIT_FSIZE];
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("file size"), TFD_W_STRONG, TFD_EFFECT_MAY_BREAK);

    if (limit->state != TFD_STATE_PRESENT || limit->integer >= TFD_TMP_PROBE)
        return;
    finding.text = tfd_arena_fmt(out->arena,
                                 "files may not grow beyond %lld bytes; the import asks for a folder for "
                                 "temporary files, and Python tries one by writing %d bytes",
                                 (long long)limit->integer, TFD_TMP_PROBE);
    finding.source = TFD_STR("RLIMIT_FSIZE");
    tfd_findings_add(out, &finding);
}

/* Threads count as well; the first tensor starts one for each processor. Root is exempt. */
#define PROCESSES_MIN 8
#define CODE_EAGAIN 11

static void check_processes(const tfd_view *view, tfd_findings *out)
{
    const tfd_fact *limit = &view->facts->scalars[TFD_FACT_LIMIT_NPROC];
    const tfd_system *system = view->facts->system;
    bool is_refused = !view->facts->import.ran && view->facts->import.start_error == CODE_EAGAIN;
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("processes"), TFD_W_LIKELY, TFD_EFFECT_MAY_BREAK);

    if (limit->state != TFD_STATE_PRESENT || !system || system->uid == 0)
        return;
    if (!is_refused && limit->integer >= PROCESSES_MIN)
        return;
    finding.text = tfd_arena_fmt(out->arena, "this user may have %lld processes and threads%s",
                                 (long long)limit->integer,
                                 is_refused ? ", and the system refused to start the import's (EAGAIN)" : "");
    if (is_refused)
        finding.weight = TFD_W_PROOF;
    finding.source = TFD_STR("RLIMIT_NPROC");
    tfd_findings_add(out, &finding);
}

/* TensorFlow reads /proc/self/exe when it is used first (tsl/platform/env.cc) and ends the process where it
 * cannot. */
static void check_proc(const tfd_view *view, tfd_findings *out)
{
    const tfd_fact *proc = &view->facts->scalars[TFD_FACT_OS_PROC];
    tfd_finding finding = tfd_finding_of(TFD_CAUSE_NOT_AN_ENVIRONMENT_PROBLEM, TFD_STR("/proc"), TFD_W_STRONG,
                                         TFD_EFFECT_MAY_BREAK);

    if (proc->state != TFD_STATE_PRESENT || proc->boolean)
        return;
    finding.text = TFD_STR("no proc file system is mounted on /proc; TensorFlow reads /proc/self/exe");
    finding.source = proc->source;
    tfd_findings_add(out, &finding);
}

/* Windows promises memory before it is used: RAM and page file together bound it (error 1455). Measured,
 * private and writable memory of the import is some 300 MB. */
#define COMMIT_MIN ((int64_t)350 << 20)

static void check_commit(const tfd_view *view, tfd_findings *out)
{
    const tfd_fact *left = &view->facts->scalars[TFD_FACT_MEMORY_COMMIT_FREE];
    tfd_finding finding;

    if (left->state != TFD_STATE_PRESENT || left->integer >= COMMIT_MIN)
        return;
    finding =
        tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("page file"), TFD_W_LIKELY, TFD_EFFECT_MAY_BREAK);
    finding.text =
        tfd_arena_fmt(out->arena,
                      "memory and page file together can promise %lld MB more; the import needs about "
                      "350 MB",
                      (long long)(left->integer / 1000000));
    finding.source = left->source;
    tfd_findings_add(out, &finding);
}

static void run(const tfd_view *view, tfd_findings *out)
{
    check_address_space(view, out);
    check_data(view, out);
    check_memory(view, out);
    check_commit(view, out);
    check_cpu_time(view, out);
    check_stack(view, out);
    check_file_size(view, out);
    check_processes(view, out);
    check_proc(view, out);
    if (out->check_status == TFD_CHECK_OK)
        tfd_findings_say(
            out, TFD_STR("no limit of memory, address space, processes or processor time is in the way"));
}

const tfd_check tfd_check_limits = {
    .id = "limits",
    .summary = "Limits of memory, address space, processes and processor time leave room for the import",
    .needs_import = true,
    .run = run,
};
