/* Do limits of the process leave room for the import: address space, memory, space on disk? */
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
    if (facts->native_bytes > 0 && have < need)
        finding.weight = TFD_W_STRONG + 10;
    else if (have < need * 4)
        finding.weight = TFD_W_HINT;
    else
        return;
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

static void run(const tfd_view *view, tfd_findings *out)
{
    check_address_space(view, out);
    check_data(view, out);
    check_memory(view, out);
    if (out->check_status == TFD_CHECK_OK)
        tfd_findings_say(out, TFD_STR("no limit of memory or address space is in the way"));
}

const tfd_check tfd_check_limits = {
    .id = "limits",
    .summary = "Limits of memory and address space leave room for the import",
    .needs_import = true,
    .run = run,
};
