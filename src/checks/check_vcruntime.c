/* Is the Visual C++ run time there, whole, new enough, and the copy that the modules were built for?
 * (Windows) */
#include "checks/vcruntime_blame.h"

/* Names that were looked at already: the run time has some twelve DLLs. */
#define NAMES_MAX 32

typedef struct names {
    tfd_str items[NAMES_MAX];
    size_t count;
} names;

static bool is_new(names *seen, tfd_str name)
{
    for (size_t i = 0; i < seen->count; i++)
        if (tfd_str_eq_nocase(seen->items[i], name))
            return false;
    if (seen->count < NAMES_MAX)
        seen->items[seen->count++] = name;
    return true;
}

/* Adds what is wrong with one DLL; why says who needs it. */
static void judge(const tfd_view *view, tfd_str name, tfd_str why, tfd_effect effect, tfd_findings *out)
{
    tfd_vc_state state = tfd_vc_state_of(view, name);
    tfd_finding finding = tfd_vc_finding(view, &state, out->arena);

    if (finding.cause == TFD_CAUSE_COUNT)
        return;
    if (state.fault == TFD_VC_MAYBE_OLD && !tfd_view_import_failed(view))
        return; /* not known to fail, and nothing failed */
    finding.effect = effect;
    if (why.len > 0)
        finding.text = tfd_arena_fmt(out->arena, "%.*s; %.*s", TFD_ARG(finding.text), TFD_ARG(why));
    tfd_findings_add(out, &finding);
}

static void check_imports(const tfd_view *view, names *seen, tfd_findings *out)
{
    const tfd_resolutions *all = &view->facts->resolutions;

    for (size_t i = 0; i < all->count; i++) {
        const tfd_resolution *one = &all->items[i];
        const tfd_object *object = tfd_view_object(view, one->object);

        if (!one->is_needed || one->is_delayed || one->is_optional || !object ||
            !tfd_kb_runtime_find(view->kb, one->name) || !is_new(seen, one->name))
            continue;
        judge(view, one->name, tfd_arena_fmt(out->arena, "%.*s imports it", TFD_ARG(object->path)),
              TFD_EFFECT_MAY_BREAK, out);
    }
}

/* TensorFlow loads these by name before anything else, and refuses to go on without them. */
static void check_self_check(const tfd_view *view, names *seen, tfd_findings *out)
{
    tfd_kb_strs wanted = tfd_kb_self_check_find(view->kb, tfd_view_tf_version(view));

    for (size_t i = 0; i < wanted.count; i++)
        if (is_new(seen, wanted.items[i]))
            judge(view, wanted.items[i], TFD_STR("TensorFlow's own check loads it"), TFD_EFFECT_MAY_BREAK,
                  out);
}

/* DLLs of the releases before 2015, each of which another redistributable brings. */
static void check_older(const tfd_view *view, names *seen, tfd_findings *out)
{
    const tfd_resolutions *all = &view->facts->resolutions;

    for (size_t i = 0; i < all->count; i++) {
        const tfd_resolution *one = &all->items[i];
        const tfd_object *object = tfd_view_object(view, one->object);
        tfd_str release = tfd_kb_redist_release(view->kb, one->name);
        tfd_finding finding =
            tfd_finding_of(TFD_CAUSE_VCRUNTIME_MISSING, release, TFD_W_STRONG, TFD_EFFECT_MAY_BREAK);

        if (one->state != TFD_STATE_ABSENT || !one->is_needed || one->is_delayed || !object ||
            release.len == 0 || !is_new(seen, one->name))
            continue;
        if (one->is_optional)
            finding.effect = TFD_EFFECT_LATENT;
        finding.text = tfd_arena_fmt(out->arena, "%.*s of %.*s is nowhere the loader looks; %.*s imports it",
                                     TFD_ARG(one->name), TFD_ARG(release), TFD_ARG(object->path));
        finding.source = object->path;
        tfd_findings_add(out, &finding);
    }
}

static void summarize(const tfd_view *view, tfd_findings *out)
{
    tfd_vc_state state = tfd_vc_state_of(view, TFD_STR("msvcp140.dll"));

    if (out->check_status != TFD_CHECK_OK)
        return;
    if (state.copy && state.copy->version.len > 0) {
        tfd_findings_clear(out, TFD_STR("the Visual C++ run time is there and new enough"));
        tfd_findings_say(out, tfd_arena_fmt(out->arena, "msvcp140.dll %.*s from %.*s",
                                            TFD_ARG(state.copy->version), TFD_ARG(state.copy->path)));
    } else {
        tfd_findings_say(out, TFD_STR("nothing that is wanted of the Visual C++ run time is missing"));
    }
}

static void run(const tfd_view *view, tfd_findings *out)
{
    names seen = {.count = 0};

    if (!tfd_view_is_windows(view)) {
        tfd_findings_skip(out, TFD_STR("not Windows"));
        return;
    }
    if (!tfd_view_tensorflow(view)) {
        tfd_findings_say(out, TFD_STR("no TensorFlow that would need it"));
        return;
    }
    if (!view->facts->runtimes.complete) {
        tfd_findings_unknown(out, view->facts->runtimes.why.len > 0
                                      ? view->facts->runtimes.why
                                      : TFD_STR("the files of the run time could not be looked at"));
        if (view->facts->runtimes.count == 0)
            return;
    }
    check_imports(view, &seen, out);
    check_self_check(view, &seen, out);
    check_older(view, &seen, out);
    summarize(view, out);
}

const tfd_check tfd_check_vcruntime = {
    .id = "vcruntime",
    .summary = "The Visual C++ run time is there, whole and new enough for the modules that use it",
    .run = run,
};
