/* What TensorFlow itself said when it was to list GPUs and to compute on them. */
#include "checks/gpu_blame.h"

typedef struct rule {
    const char *words; /* in the exception or in what the process printed */
    tfd_cause_id cause;
    const char *why;
} rule;

/* The first that fits decides. Texts of cuda_dnn.cc, cuda_driver.cc, gpu_device.cc, nvptx_compiler.cc and of
 * the CUDA run time's error table. */
static const rule rules[] = {
    {"but source was compiled with", TFD_CAUSE_CUDNN_VERSION,
     "cuDNN is not the one that TensorFlow was built with"},
    {"SUBLIBRARY_VERSION_MISMATCH", TFD_CAUSE_CUDA_MIXED, "parts of two cuDNN versions meet"},
    {"SUBLIBRARY_LOADING_FAILED", TFD_CAUSE_CUDNN_MISSING, "a part of cuDNN cannot be loaded"},
    {"Unable to load any of {libcudnn", TFD_CAUSE_CUDNN_MISSING, "a part of cuDNN cannot be loaded"},
    {"ARCH_MISMATCH", TFD_CAUSE_CUDNN_VERSION, "this cuDNN does not support the GPU"},
    {"no kernel image is available", TFD_CAUSE_GPU_ARCH, "the build has no code for the GPU"},
    {"CUDA_ERROR_NO_BINARY_FOR_GPU", TFD_CAUSE_GPU_ARCH, "the build has no code for the GPU"},
    {"CUDA_ERROR_INVALID_PTX", TFD_CAUSE_GPU_ARCH, "the build's code cannot be compiled for the GPU"},
    {"CUDA_ERROR_UNSUPPORTED_PTX_VERSION", TFD_CAUSE_DRIVER_TOO_OLD,
     "the driver cannot compile the build's code"},
    {"driver version is insufficient", TFD_CAUSE_DRIVER_TOO_OLD,
     "the driver is older than the CUDA run time"},
    {"CUDA_ERROR_OUT_OF_MEMORY", TFD_CAUSE_GPU_MEMORY, "the GPU's memory is exhausted"},
    {"CUDA_ERROR_DEVICE_UNAVAILABLE", TFD_CAUSE_GPU_MEMORY, "the GPU is taken or closed to programs"},
    {"CUDA-capable device(s) is/are busy or unavailable", TFD_CAUSE_GPU_MEMORY, "the GPU is taken"},
    {"RESOURCE_EXHAUSTED", TFD_CAUSE_GPU_MEMORY, "the GPU's memory is exhausted"},
    {"libdevice not found", TFD_CAUSE_CUDA_TOOLCHAIN, "XLA finds no libdevice"},
    {"libdevice is required", TFD_CAUSE_CUDA_TOOLCHAIN, "XLA finds no libdevice"},
    {"find ptxas", TFD_CAUSE_CUDA_TOOLCHAIN, "XLA finds no ptxas"},
    {"CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", TFD_CAUSE_DRIVER_MISMATCH, "kernel module and libraries differ"},
    {"Unknown flag in XLA_FLAGS", TFD_CAUSE_ENV_SETTING, "XLA_FLAGS has a flag that this XLA does not know"},
    {"Unknown flags in XLA_FLAGS", TFD_CAUSE_ENV_SETTING, "XLA_FLAGS has flags that this XLA does not know"},
    {"CUDA_ERROR_SYSTEM_NOT_READY", TFD_CAUSE_DRIVER_BROKEN, "the driver's services are not up"},
};

static const rule *find_rule(tfd_str text)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (tfd_str_find_z(text, rules[i].words) != TFD_NPOS)
            return &rules[i];
    return NULL;
}

/* Facts that the static checks found have their subject; to add up, the same one is named here. */
static tfd_str subject_for(const tfd_findings *out, tfd_cause_id cause)
{
    for (size_t i = 0; i < out->count; i++)
        if (out->items[i].cause == cause && out->items[i].for_gpu)
            return out->items[i].subject;
    return cause == TFD_CAUSE_ENV_SETTING ? TFD_STR("XLA_FLAGS") : TFD_STR("");
}

static void blame(tfd_findings *out, tfd_cause_id cause, int weight, tfd_str text)
{
    tfd_finding finding = tfd_gpu_finding(cause, subject_for(out, cause), weight, TFD_EFFECT_BREAKS);

    finding.from_import = true;
    finding.text = text;
    tfd_findings_add(out, &finding);
}

static bool has_finding(const tfd_findings *out)
{
    for (size_t i = 0; i < out->count; i++)
        if (out->items[i].for_gpu && out->items[i].effect != TFD_EFFECT_LATENT)
            return true;
    return false;
}

/* CUDA's and cuDNN's libraries for 2.20, as the nvidia-* wheels bring them: 4.4 GB. */
#define CUDA_BYTES ((uint64_t)4400 * 1000000)

/* The library is whole: what keeps it out is a limit of the process, where there is one that may not leave
 * room for all. */
static tfd_finding no_room(const tfd_view *view, tfd_findings *out, tfd_str name)
{
    const tfd_fact *limit = &view->facts->scalars[TFD_FACT_LIMIT_AS];
    tfd_finding finding =
        tfd_gpu_finding(TFD_CAUSE_MEMORY_LIMIT, TFD_STR("address space"), TFD_W_NAMED, TFD_EFFECT_BREAKS);

    finding.from_import = true;
    finding.source = TFD_STR("RLIMIT_AS");
    finding.text =
        tfd_arena_fmt(out->arena,
                      "TensorFlow could not load %.*s, which is whole; the address space of a process is "
                      "limited to %lld MB",
                      TFD_ARG(name), (long long)(limit->integer / 1000000));
    return finding;
}

/* Names in TensorFlow's own log. Mostly the loader model knows more; a name that it found all the same is
 * told. */
static void check_missing(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu_trial *trial = &view->facts->import.gpu;
    const tfd_gpu *gpu = &view->facts->gpu;

    for (size_t i = 0; i < trial->missing.count; i++) {
        tfd_str name = trial->missing.items[i];
        bool is_known = false;

        for (size_t j = 0; j < gpu->libraries.count; j++)
            is_known |= tfd_str_eq(gpu->libraries.items[j].name, name) &&
                        (gpu->libraries.items[j].state != TFD_STATE_PRESENT ||
                         gpu->libraries.items[j].broken.len > 0);
        if (is_known || tfd_str_starts_z(name, "libcuda.so") || tfd_str_starts_z(name, "libnvinfer") ||
            trial->names.count > 0)
            continue;
        if (tfd_view_is_space_tight(view, view->facts->native_bytes + CUDA_BYTES)) {
            tfd_finding finding = no_room(view, out, name);

            tfd_findings_add(out, &finding);
            continue;
        }
        blame(out, tfd_str_starts_z(name, "libcudnn") ? TFD_CAUSE_CUDNN_MISSING : TFD_CAUSE_CUDA_MISSING,
              TFD_W_NAMED,
              tfd_arena_fmt(out->arena, "TensorFlow says that it could not load %.*s", TFD_ARG(name)));
    }
}

static void check_compute(const tfd_view *view, tfd_findings *out)
{
    const tfd_import *import = &view->facts->import;
    const rule *found = find_rule(import->gpu.compute_error);

    if (!found)
        found = find_rule(import->err);
    if (found)
        blame(out, found->cause, TFD_W_NAMED,
              tfd_arena_fmt(out->arena, "computing (step \"%.*s\") fails: %s",
                            TFD_ARG(import->gpu.compute_step), found->why));
    else if (!has_finding(out))
        tfd_findings_unknown(out,
                             import->gpu.compute_error.len > 0
                                 ? tfd_arena_fmt(out->arena, "computing fails, and nothing explains it: %.*s",
                                                 TFD_ARG(tfd_str_sub(import->gpu.compute_error, 0, 300)))
                                 : TFD_STR("computing ends the process, and nothing explains it"));
}

static void run(const tfd_view *view, tfd_findings *out)
{
    const tfd_gpu_trial *trial = &view->facts->import.gpu;

    if (tfd_gpu_skip(view, out))
        return;
    if (!trial->asked) {
        tfd_findings_skip(out, TFD_STR("it was not tried"));
        return;
    }
    tfd_findings_say(out, tfd_arena_fmt(out->arena, "%zu listed%s", trial->names.count,
                                        trial->computed        ? ", all compute"
                                        : trial->compute_began ? ", computing fails"
                                                               : ""));
    check_missing(view, out);
    if (trial->compute_began && !trial->computed)
        check_compute(view, out);
    else if (trial->listed && trial->names.count == 0 && !has_finding(out))
        tfd_findings_unknown(out, TFD_STR("TensorFlow lists no GPU, and nothing explains it"));
}

const tfd_check tfd_check_gpu_run = {
    .id = "gpu-run",
    .summary = "TensorFlow lists the GPUs and computes on each",
    .needs_import = true,
    .run = run,
};
