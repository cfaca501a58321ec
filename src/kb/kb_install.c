/* What is installed for a release with its CUDA. */
#include "formats/pep440.h"
#include "formats/pep508.h"
#include "kb/kb_gpu.h"

typedef struct list {
    tfd_str *items;
    size_t count, max;
} list;

static void add(list *l, tfd_str requirement)
{
    for (size_t i = 0; i < l->count; i++)
        if (tfd_str_eq(l->items[i], requirement))
            return;
    if (l->count < l->max)
        l->items[l->count++] = requirement;
}

/* TensorRT's distributions are source packages without source for most Pythons, and 2.15.0's libraries are on
 * no index; TensorFlow does not need them. */
static bool is_tensorrt(tfd_str requirement)
{
    return tfd_str_starts_z(requirement, "tensorrt");
}

static bool wants_tensorrt(const tfd_kb_release *release)
{
    for (size_t i = 0; i < release->requires_and_cuda.count; i++)
        if (is_tensorrt(release->requires_and_cuda.items[i]))
            return true;
    return false;
}

/* The newest cuDNN that a requirement accepts may have no code for an older GPU. */
static void bound_cudnn(tfd_kb *kb, tfd_arena *arena, tfd_str requirement, const tfd_str *capabilities,
                        size_t count, list *l)
{
    tfd_requirement_text one;

    if (tfd_requirement_parse(requirement, &one) != TFD_OK || tfd_str_find_z(one.name, "cudnn") == TFD_NPOS)
        return;
    for (size_t i = 0; i < count; i++) {
        tfd_str first = capabilities[i].len > 0 ? tfd_kb_cudnn_dropped(kb, capabilities[i]) : TFD_STR("");

        if (first.len > 0 && tfd_specifier_match(one.specifier, first, TFD_PRE_ALLOW) == TFD_YES)
            add(l, tfd_arena_fmt(arena, "%.*s<%.*s", TFD_ARG(one.name), TFD_ARG(first)));
    }
}

size_t tfd_kb_with_cuda(tfd_kb *kb, tfd_arena *arena, const tfd_kb_release *release,
                        const tfd_str *capabilities, size_t capability_count, tfd_str *out, size_t max)
{
    const tfd_kb_strs *extra = &release->requires_and_cuda;
    bool is_plain = extra->count == 0 || wants_tensorrt(release);
    list l = {out, 0, max};

    add(&l,
        tfd_arena_fmt(arena, "tensorflow%s==%.*s", is_plain ? "" : "[and-cuda]", TFD_ARG(release->version)));
    for (size_t i = 0; is_plain && i < extra->count; i++)
        if (!is_tensorrt(extra->items[i]))
            add(&l, extra->items[i]);
    for (size_t i = 0; i < extra->count; i++)
        bound_cudnn(kb, arena, extra->items[i], capabilities, capability_count, &l);
    return l.count;
}
