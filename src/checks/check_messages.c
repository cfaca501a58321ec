/* Lines that the import printed and that people mistake for the fault. They are named as harmless where the
 * import works, and beside a cause as well, so that nobody follows them. */
#include "core/check.h"

typedef struct notice {
    const char *id;
    const char *words; /* fixed part of the line, as TensorFlow, protobuf and absl print it */
    const char *why;
} notice;

/* From the sources of TensorFlow 1.15 to 2.21 (cpu_feature_guard.cc, cuda_diagnostics.cc, port.cc,
 * plugin_registry.cc, tf2tensorrt), absl (log/internal/log_sink_set.cc) and protobuf (message_factory.py),
 * and as seen in imports. */
static const notice notices[] = {
    {"cpu-features-notice", "This TensorFlow binary is optimized", "a notice about speed, not a fault"},
    {"cpu-features-notice",
     "Your CPU supports instructions that this TensorFlow binary was not compiled to use",
     "a notice about speed, not a fault"},
    {"onednn-notice", "oneDNN custom operations are on", "a notice: results may differ in the last digits"},
    {"absl-stderr", "All log messages before absl::InitializeLog() is called are written to STDERR",
     "a notice about logging"},
    {"register-factory", "factory: Attempting to register factory for plugin", "registered twice, used once"},
    {"computation-placer", "computation placer already registered", "registered twice, used once"},
    {"numa-node", "successful NUMA node read from SysFS had negative value",
     "the kernel was built without NUMA"},
    {"cuda-drivers-notice", "Could not find cuda drivers on your machine, GPU will not be used",
     "true on every machine without an NVIDIA GPU"},
    {"cudart-notice", "Ignore above cudart dlerror if you do not have a GPU set up",
     "true on every machine without an NVIDIA GPU"},
    {"tensorrt-missing", "Could not find TensorRT", "TensorRT is optional"},
    {"xla-devices", "Not creating XLA devices, tf_xla_enable_xla_devices not set", "a notice"},
    {"protobuf-messagefactory", "'MessageFactory' object has no attribute 'GetPrototype'",
     "a newer protobuf than TensorFlow knows; the import works with it"},
    {"protobuf-gencode", "is exactly one major version older than the runtime version",
     "protobuf promises that this works"},
};

/* The whole line that holds the offset. */
static tfd_str line_at(tfd_str text, size_t at)
{
    size_t from = at;
    size_t to = at;

    while (from > 0 && text.ptr[from - 1] != '\n')
        from--;
    while (to < text.len && text.ptr[to] != '\n')
        to++;
    return tfd_str_trim(tfd_str_sub(text, from, to));
}

static void run(const tfd_view *view, tfd_findings *out)
{
    const tfd_import *import = &view->facts->import;
    size_t count = 0;

    if (!import->ran) {
        tfd_findings_skip(out, TFD_STR("the import was not tried"));
        return;
    }
    for (size_t i = 0; i < sizeof notices / sizeof notices[0]; i++) {
        size_t at = tfd_str_find_z(import->err, notices[i].words);

        if (at == TFD_NPOS)
            continue;
        tfd_findings_benign(out, notices[i].id, line_at(import->err, at), tfd_str_of(notices[i].why));
        count++;
    }
    tfd_findings_say(out,
                     tfd_arena_fmt(out->arena, "%zu harmless lines among what the import printed", count));
}

const tfd_check tfd_check_messages = {
    .id = "messages",
    .summary = "Which lines that the import printed are harmless",
    .needs_import = true,
    .run = run,
};
