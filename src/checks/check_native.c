/* Can ld.so load every native file that the import needs: whole, of this processor, with all libraries,
 * symbol versions and symbols? */
#include "checks/native_blame.h"

static int version_number(tfd_str text)
{
    tfd_str major;
    tfd_str minor;
    uint64_t a = 0;
    uint64_t b = 0;

    (void)tfd_str_cut(text, '.', &major, &minor);
    if (!tfd_str_u64(major, &a) || !tfd_str_u64(minor, &b))
        return 0;
    return (int)(a * 1000 + b);
}

/* glibc 2.41 and later refuse dlopen of a library that asks for an executable stack (NEWS of glibc 2.41). */
#define EXECSTACK_REFUSED 2041

static void check_execstack(const tfd_view *view, tfd_findings *out)
{
    const tfd_facts *facts = view->facts;

    if (!tfd_str_is(facts->python.libc, "glibc") ||
        version_number(facts->python.libc_version) < EXECSTACK_REFUSED)
        return;
    for (size_t i = 0; i < facts->objects.count; i++) {
        const tfd_object *object = &facts->objects.items[i];
        tfd_finding finding;

        if (!object->wants_execstack || !object->is_needed)
            continue;
        finding = tfd_finding_of(TFD_CAUSE_GLIBC_EXECSTACK, TFD_STR(""), TFD_W_STRONG, TFD_EFFECT_MAY_BREAK);
        finding.path = object->path;
        finding.dist = object->dist;
        finding.text = tfd_arena_fmt(out->arena, "%.*s asks for an executable stack; glibc %.*s refuses it",
                                     TFD_ARG(object->path), TFD_ARG(facts->python.libc_version));
        finding.source = object->path;
        tfd_findings_add(out, &finding);
    }
}

/* ld.so passes over an LD_PRELOAD entry that is missing, empty or no ELF; one that is cut kills every program
 * by SIGBUS. */
static void check_preloads(const tfd_view *view, tfd_findings *out)
{
    const tfd_resolutions *all = &view->facts->resolutions;

    for (size_t i = 0; i < all->count; i++) {
        const tfd_object *hit = tfd_view_object(view, all->items[i].hit);
        tfd_finding finding;

        if (all->items[i].object != TFD_NONE || !hit || hit->state != TFD_OBJECT_TRUNCATED)
            continue;
        finding = tfd_finding_of(TFD_CAUSE_LDPATH_CONFLICT, TFD_STR("LD_PRELOAD"), TFD_W_STRONG + 10,
                                 TFD_EFFECT_BREAKS);
        finding.path = all->items[i].name;
        finding.text = tfd_arena_fmt(out->arena, "%.*s is cut: %.*s", TFD_ARG(hit->path), TFD_ARG(hit->why));
        finding.source = finding.subject;
        tfd_findings_add(out, &finding);
    }
}

static void check_intruders(const tfd_view *view, tfd_findings *out)
{
    const tfd_facts *facts = view->facts;

    for (size_t i = 0; i < facts->intruders.count; i++) {
        const tfd_intruder *one = &facts->intruders.items[i];
        const tfd_object *object = tfd_view_object(view, one->object);
        const tfd_dist *owner = object ? tfd_view_dist(view, object->dist) : NULL;
        bool is_tf = tfd_str_starts_z(one->name, "libtensorflow");
        tfd_finding finding;

        if (!object || owner)
            continue;
        finding = tfd_finding_of(TFD_CAUSE_LDPATH_CONFLICT, tfd_native_forced_by(one->rule),
                                 is_tf ? TFD_W_STRONG : TFD_W_HINT,
                                 is_tf ? TFD_EFFECT_MAY_BREAK : TFD_EFFECT_LATENT);
        finding.path = object->path;
        finding.source = finding.subject;
        finding.text =
            tfd_arena_fmt(out->arena, "%.*s is loaded from %.*s by %.*s instead of %.*s", TFD_ARG(one->name),
                          TFD_ARG(object->path), TFD_ARG(one->rule), TFD_ARG(one->instead));
        if (is_tf || tfd_view_import_failed(view))
            tfd_findings_add(out, &finding);
    }
}

/* A DLL of the Visual C++ run time: check_vcruntime knows more about it. */
static bool is_of_vcruntime(const tfd_view *view, tfd_str path)
{
    const tfd_kb_runtime *known = tfd_view_is_windows(view)
                                      ? tfd_kb_runtime_find(view->kb, tfd_path_base(TFD_PATH_WINDOWS, path))
                                      : NULL;

    return known && known->in_redistributable;
}

static void run(const tfd_view *view, tfd_findings *out)
{
    const tfd_facts *facts = view->facts;

    if (facts->python.broken == TFD_PY_FOREIGN_ARCH) {
        tfd_findings_unknown(out, TFD_STR("the interpreter is built for another processor"));
        return;
    }
    for (size_t i = 0; i < facts->objects.count; i++)
        if (facts->objects.items[i].is_needed && !is_of_vcruntime(view, facts->objects.items[i].path))
            (void)tfd_native_blame_object(view, i, TFD_W_STRONG, out);
    for (size_t i = 0; i < facts->resolutions.count; i++)
        if (facts->resolutions.items[i].is_needed && !is_of_vcruntime(view, facts->resolutions.items[i].name))
            (void)tfd_native_blame_resolution(view, &facts->resolutions.items[i], TFD_W_STRONG, out);
    for (size_t i = 0; i < facts->symbol_problems.count; i++)
        if (facts->symbol_problems.items[i].is_needed)
            (void)tfd_native_blame_symbol(view, &facts->symbol_problems.items[i], TFD_W_STRONG, out);
    if (!tfd_view_is_windows(view)) {
        check_execstack(view, out);
        check_preloads(view, out);
        check_intruders(view, out);
    }
    if (!facts->objects.complete && facts->objects.why.len > 0 && out->check_status == TFD_CHECK_OK)
        tfd_findings_unknown(out, facts->objects.why);
    else if (out->check_status == TFD_CHECK_OK)
        tfd_findings_say(out,
                         tfd_arena_fmt(out->arena,
                                       "%zu native files load: libraries, versions and symbols are all there",
                                       facts->objects.count));
}

const tfd_check tfd_check_native = {
    .id = "native",
    .summary = "Every native file that the import needs can be loaded: libraries, symbol versions and "
               "symbols are there",
    .run = run,
};
