/* Windows: a process that ended without an exception of Python. Its exit code is an NTSTATUS where the system
 * ended it; where it could not even be started there is an error number. */
#include "checks/exception_blame.h"

#include "checks/vcruntime_blame.h"
#include "checks/windows_blame.h"

#define STATUS_ACCESS_VIOLATION 0xC0000005u
#define STATUS_NO_MEMORY 0xC0000017u
#define STATUS_ILLEGAL_INSTRUCTION 0xC000001Du
#define STATUS_ACCESS_DENIED 0xC0000022u
#define STATUS_INVALID_IMAGE_FORMAT 0xC000007Bu
#define STATUS_STACK_OVERFLOW 0xC00000FDu
#define STATUS_COMMITMENT_LIMIT 0xC000012Du
#define STATUS_DLL_NOT_FOUND 0xC0000135u
#define STATUS_ORDINAL_NOT_FOUND 0xC0000138u
#define STATUS_ENTRYPOINT_NOT_FOUND 0xC0000139u
#define STATUS_DLL_INIT_FAILED 0xC0000142u
#define STATUS_HEAP_CORRUPTION 0xC0000374u
#define STATUS_INVALID_IMAGE_HASH 0xC0000428u
#define STATUS_VIRUS_INFECTED 0xC0000906u

static bool add(tfd_finding finding, tfd_str text, tfd_findings *out)
{
    if (finding.cause == TFD_CAUSE_COUNT)
        return false;
    finding.from_import = true;
    finding.effect = TFD_EFFECT_BREAKS;
    finding.text = text;
    finding.source = TFD_STR("import");
    tfd_findings_add(out, &finding);
    return true;
}

static tfd_finding plain(tfd_cause_id cause, int weight)
{
    return tfd_finding_of(cause, TFD_STR(""), weight, TFD_EFFECT_BREAKS);
}

/* The run time is older than a module needs, missing or damaged: says so about each such DLL. */
static bool blame_runtime(const tfd_view *view, int weight, tfd_str text, tfd_findings *out)
{
    static const char *const names[] = {"vcruntime140.dll", "vcruntime140_1.dll", "msvcp140.dll",
                                        "vcruntime140_threads.dll"};
    bool found = false;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        tfd_vc_state vc = tfd_vc_state_of(view, tfd_str_of(names[i]));
        tfd_finding finding = tfd_vc_finding(view, &vc, out->arena);

        if (finding.cause == TFD_CAUSE_COUNT || vc.fault == TFD_VC_MAYBE_OLD)
            continue;
        finding.weight = weight;
        found = add(finding, text, out) || found;
    }
    return found;
}

static void blame_instruction(const tfd_view *view, tfd_str text, tfd_findings *out)
{
    const tfd_cpu *cpu = view->facts->cpu;
    bool has_avx = cpu && cpu->known && cpu->arch == TFD_ARCH_X86_64 && cpu->avx_enabled;
    bool is_arm = view->facts->system && view->facts->system->arch == TFD_ARCH_AARCH64;

    (void)add(
        plain(is_arm ? TFD_CAUSE_ARCH_MISMATCH : TFD_CAUSE_CPU_NO_AVX, has_avx ? TFD_W_POINTS : TFD_W_NAMED),
        text, out);
}

/* The program itself did not come up: a DLL that python.exe or python3XY.dll is linked to. */
static void blame_program(const tfd_view *view, tfd_str text, tfd_findings *out)
{
    const tfd_facts *facts = view->facts;
    bool found = blame_runtime(view, TFD_W_NAMED, text, out);

    for (size_t i = 0; i < facts->resolutions.count; i++) {
        const tfd_resolution *one = &facts->resolutions.items[i];
        const tfd_object *object = tfd_view_object(view, one->object);
        tfd_finding finding;

        if (one->state != TFD_STATE_ABSENT || one->is_delayed || !object || object->is_module ||
            object->dist != TFD_NONE || tfd_kb_runtime_find(view->kb, one->name))
            continue;
        finding = tfd_windows_blame_missing(view, object, one->name, TFD_W_POINTS, out->arena);
        found = add(finding, text, out) || found;
    }
    if (!found)
        (void)add(plain(facts->python.pyvenv_cfg.len > 0 && facts->python.broken != TFD_PY_FINE
                            ? TFD_CAUSE_VENV_BROKEN
                            : TFD_CAUSE_PYTHON_BROKEN,
                        TFD_W_POINTS),
                  text, out);
}

static void blame_crash(const tfd_view *view, tfd_str text, tfd_findings *out)
{
    const tfd_import *import = &view->facts->import;

    if (blame_runtime(view, TFD_W_NAMED, text, out))
        return;
    for (size_t i = 0; i < import->fatal_count; i++) {
        if (tfd_str_starts_z(import->fatal[i].file, "<"))
            continue;
        (void)add(tfd_blame_file(view, import->fatal[i].file, TFD_W_MAYBE, TFD_EFFECT_BREAKS), text, out);
        break;
    }
    (void)add(plain(TFD_CAUSE_LIBRARY_CONFLICT, TFD_W_HINT + 5), text, out);
}

static void blame_status(const tfd_view *view, uint32_t status, tfd_str text, tfd_findings *out)
{
    switch (status) {
    case STATUS_ILLEGAL_INSTRUCTION:
        blame_instruction(view, text, out);
        break;
    case STATUS_ACCESS_VIOLATION:
    case STATUS_HEAP_CORRUPTION:
        blame_crash(view, text, out);
        break;
    case STATUS_NO_MEMORY:
    case STATUS_COMMITMENT_LIMIT:
    case STATUS_STACK_OVERFLOW:
        (void)add(
            tfd_finding_of(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("page file"), TFD_W_NAMED, TFD_EFFECT_BREAKS),
            text, out);
        break;
    case STATUS_ACCESS_DENIED:
        (void)add(tfd_finding_of(TFD_CAUSE_PERMISSION_DENIED, view->facts->python.path, TFD_W_POINTS,
                                 TFD_EFFECT_BREAKS),
                  text, out);
        break;
    case STATUS_INVALID_IMAGE_HASH:
    case STATUS_VIRUS_INFECTED:
        (void)add(plain(TFD_CAUSE_SECURITY_BLOCKED, TFD_W_NAMED), text, out);
        break;
    case STATUS_INVALID_IMAGE_FORMAT:
    case STATUS_DLL_NOT_FOUND:
    case STATUS_ORDINAL_NOT_FOUND:
    case STATUS_ENTRYPOINT_NOT_FOUND:
    case STATUS_DLL_INIT_FAILED:
        blame_program(view, text, out);
        break;
    default:
        break;
    }
}

tfd_str tfd_exit_text_windows(const tfd_view *view, tfd_arena *arena)
{
    const tfd_import *import = &view->facts->import;
    uint32_t status = (uint32_t)import->exit_code;
    const tfd_kb_ntstatus *known = tfd_kb_ntstatus_find(view->kb, status);
    const char *when =
        import->stage == TFD_STAGE_START ? "the interpreter ended before its first line" : "the import died";

    if (import->exit_code >= 0)
        return tfd_arena_fmt(arena, "%s (exit code %d)", when, import->exit_code);
    return tfd_arena_fmt(arena, "%s with exit code 0x%08X%s%.*s%s%.*s", when, (unsigned)status,
                         known ? " (" : "", TFD_ARG(known ? known->name : TFD_STR("")), known ? "): " : "",
                         TFD_ARG(known ? known->meaning : TFD_STR("")));
}

bool tfd_exit_blame_windows(const tfd_view *view, tfd_findings *out)
{
    const tfd_import *import = &view->facts->import;
    tfd_str text = tfd_exit_text_windows(view, out->arena);
    size_t before = out->count;

    if (import->start_error != 0) {
        const tfd_kb_winerror *known = tfd_kb_winerror_find(view->kb, import->start_error);
        tfd_finding finding =
            tfd_windows_blame_refusal(view, import->start_error, view->facts->python.path, TFD_W_NAMED);

        text = tfd_arena_fmt(out->arena, "the system refused to start the interpreter (error %d%s%.*s)",
                             import->start_error, known ? ": " : "",
                             TFD_ARG(known ? known->meaning : TFD_STR("")));
        if (import->start_error == 193 || import->start_error == 216)
            finding = plain(TFD_CAUSE_ARCH_MISMATCH, TFD_W_POINTS);
        (void)add(finding, text, out);
    } else if (import->exit_code < 0) {
        blame_status(view, (uint32_t)import->exit_code, text, out);
    }
    return out->count > before;
}
