/* Windows: is a file kept from being read or loaded by rights, a virus scanner or a policy? Proven by the
 * error number that opening or loading the very file gave; installed products are never blamed by name. */
#include "checks/windows_blame.h"

static bool add(const tfd_view *view, int code, tfd_str path, const char *what, bool from_import,
                tfd_findings *out)
{
    const tfd_kb_winerror *known = tfd_kb_winerror_find(view->kb, code);
    tfd_finding finding =
        tfd_windows_blame_refusal(view, code, path, from_import ? TFD_W_NAMED : TFD_W_STRONG);

    if (finding.cause == TFD_CAUSE_COUNT)
        return false;
    finding.from_import = from_import;
    finding.text = tfd_arena_fmt(out->arena, "%s %.*s gives error %d%s%.*s", what, TFD_ARG(path), code,
                                 known ? ": " : "", TFD_ARG(known ? known->meaning : TFD_STR("")));
    finding.source = path;
    tfd_findings_add(out, &finding);
    return true;
}

/* The trial loaded the module's DLLs one by one and was refused at this one. */
static bool check_trial(const tfd_view *view, tfd_findings *out)
{
    const tfd_dll_trial *trial = &view->facts->import.dlls;

    for (size_t i = 0; i < trial->count; i++)
        if (trial->items[i].state == TFD_STEP_FAILED)
            return add(view, trial->items[i].code, trial->items[i].path, "loading", true, out);
    return false;
}

/* A mark alone refuses nothing; where something was refused it is the likely reason. */
static void check_mark(const tfd_view *view, bool was_refused, tfd_findings *out)
{
    const tfd_fact *marked = &view->facts->scalars[TFD_FACT_WINDOWS_MARKED_FILE];
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_SECURITY_BLOCKED, TFD_STR(""), TFD_W_MAYBE, TFD_EFFECT_MAY_BREAK);

    if (marked->state != TFD_STATE_PRESENT || !was_refused)
        return;
    finding.path = marked->text;
    finding.text = tfd_arena_fmt(out->arena, "%.*s bears the mark of the internet (Zone.Identifier)",
                                 TFD_ARG(marked->text));
    finding.source = marked->text;
    tfd_findings_add(out, &finding);
}

static void run(const tfd_view *view, tfd_findings *out)
{
    const tfd_facts *facts = view->facts;
    size_t before = out->count;

    if (!tfd_view_is_windows(view)) {
        tfd_findings_skip(out, TFD_STR("not Windows"));
        return;
    }
    for (size_t i = 0; i < facts->objects.count; i++)
        if (facts->objects.items[i].is_needed && facts->objects.items[i].state == TFD_OBJECT_UNREADABLE)
            (void)tfd_windows_blame_object(view, i, TFD_W_STRONG, out);
    (void)check_trial(view, out);
    check_mark(view, out->count > before, out);
    if (out->check_status == TFD_CHECK_OK)
        tfd_findings_say(out, TFD_STR("no native file of the import is refused to this user"));
}

const tfd_check tfd_check_security = {
    .id = "security",
    .summary = "Windows: rights, virus scanners and policies let the import's native files be loaded",
    .run = run,
};
