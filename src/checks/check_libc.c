/* Is the C library one that wheels are built for? (Whether it is new enough is read from symbol versions:
 * check_native.) */
#include "core/check.h"

static void run(const tfd_view *view, tfd_findings *out)
{
    const tfd_python *py = &view->facts->python;
    const tfd_dist *tf = tfd_view_tensorflow(view);
    tfd_finding finding;

    if (tfd_view_is_windows(view)) {
        tfd_findings_skip(out, TFD_STR("Windows has no C library that wheels are built for"));
        return;
    }
    if (py->libc.len == 0) {
        tfd_findings_unknown(out, TFD_STR("the interpreter's C library could not be told"));
        return;
    }
    tfd_findings_say(out,
                     tfd_arena_fmt(out->arena, "%.*s %.*s", TFD_ARG(py->libc), TFD_ARG(py->libc_version)));
    /* A TensorFlow built for musl by the distribution itself has no wheel tags that speak against it. */
    if (!tfd_str_is(py->libc, "musl") || (tf && tf->tags_fit != TFD_NO))
        return;
    finding = tfd_finding_of(TFD_CAUSE_LIBC_MUSL, TFD_STR(""), TFD_W_STRONG + 10, TFD_EFFECT_BREAKS);
    finding.text = tfd_arena_fmt(
        out->arena, "%.*s is linked to musl libc; wheels of TensorFlow are for glibc", TFD_ARG(py->real));
    finding.source = py->real;
    tfd_findings_add(out, &finding);
}

const tfd_check tfd_check_libc = {
    .id = "libc",
    .summary = "The C library is one that wheels of TensorFlow are built for",
    .run = run,
};
