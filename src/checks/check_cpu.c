/* Has the processor the instructions that this build of TensorFlow needs, and does the system let programs
 * use them? */
#include "core/check.h"

/* Every x86-64 wheel since 1.6 needs AVX (release notes of TensorFlow 1.6.0): for a release that the table
 * does not hold, or whose row does not say, that is the likely answer. */
static bool needs_avx(const tfd_view *view, tfd_str version)
{
    const tfd_kb_release *release = tfd_kb_release_find(view->kb, version);

    if (!release || release->cpu.count == 0)
        return true;
    for (size_t i = 0; i < release->cpu.count; i++)
        if (tfd_str_starts_z(release->cpu.items[i], "AVX"))
            return true;
    return false;
}

/* Windows on ARM runs x86-64 programs through an emulator, which has AVX in the newer releases of Windows 11
 * only. CPUID tells it to whoever is emulated as well. */
static bool is_emulated_without_avx(const tfd_view *view)
{
    const tfd_cpu *cpu = view->facts->cpu;

    return tfd_view_is_windows(view) && view->facts->system->arch == TFD_ARCH_AARCH64 &&
           view->facts->python.arch == TFD_ARCH_X86_64 &&
           !(cpu && cpu->known && cpu->arch == TFD_ARCH_X86_64 && cpu->avx_enabled);
}

static void blame_emulation(const tfd_view *view, tfd_findings *out)
{
    tfd_str version = tfd_view_tf_version(view);
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_ARCH_MISMATCH, TFD_STR(""), TFD_W_STRONG, TFD_EFFECT_MAY_BREAK);

    if (version.len == 0 || !needs_avx(view, version)) {
        tfd_findings_say(out, TFD_STR("x86-64 programs are emulated, and nothing here needs AVX"));
        return;
    }
    finding.text =
        tfd_arena_fmt(out->arena,
                      "this is an ARM processor: Windows emulates x86-64 for %.*s, and TensorFlow %.*s needs "
                      "AVX; there is no build for Windows on ARM",
                      TFD_ARG(view->facts->python.path), TFD_ARG(version));
    finding.source = TFD_STR("architecture of the system");
    tfd_findings_add(out, &finding);
}

static void run(const tfd_view *view, tfd_findings *out)
{
    const tfd_cpu *cpu = view->facts->cpu;
    tfd_str version = tfd_view_tf_version(view);
    tfd_finding finding;

    if (is_emulated_without_avx(view)) {
        blame_emulation(view, out);
        return;
    }
    if (!cpu || !cpu->known) {
        tfd_findings_unknown(out, TFD_STR("the processor's features could not be read"));
        return;
    }
    if (cpu->arch != TFD_ARCH_X86_64) {
        tfd_findings_skip(out, TFD_STR("not an x86-64 processor"));
        return;
    }
    if (cpu->avx_enabled) {
        tfd_findings_clear(out, TFD_STR("the processor has AVX"));
        tfd_findings_say(out,
                         tfd_arena_fmt(out->arena, "AVX is there and enabled (%.*s)", TFD_ARG(cpu->source)));
        return;
    }
    if (version.len == 0 || !needs_avx(view, version)) {
        tfd_findings_say(out, TFD_STR("no AVX, and nothing that needs it"));
        return;
    }
    finding = tfd_finding_of(TFD_CAUSE_CPU_NO_AVX, TFD_STR(""), TFD_W_STRONG + 20, TFD_EFFECT_MAY_BREAK);
    finding.text =
        cpu->avx_in_cpu
            ? tfd_arena_fmt(out->arena,
                            "%.*s has AVX, but the system does not save its registers (XCR0), so programs "
                            "may not use it; TensorFlow %.*s needs it",
                            TFD_ARG(cpu->model), TFD_ARG(version))
            : tfd_arena_fmt(out->arena, "%.*s has no AVX; TensorFlow %.*s needs it", TFD_ARG(cpu->model),
                            TFD_ARG(version));
    finding.source = cpu->source;
    tfd_findings_add(out, &finding);
}

const tfd_check tfd_check_cpu = {
    .id = "cpu",
    .summary = "The processor has the instructions that this build needs, and the system enables them",
    .run = run,
};
