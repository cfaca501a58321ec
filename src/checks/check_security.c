/* Windows: is a file kept from being read or loaded by rights, a virus scanner or a policy? Proven by the
 * error number that opening or loading the very file gave, or by a record of the event log that names it;
 * installed products are never blamed by name. */
#include "checks/windows_blame.h"
#include "formats/winevent.h"

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

/* ---- the event log */

static void add_block(const tfd_block *block, tfd_str path, int weight, const char *what, tfd_findings *out)
{
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_SECURITY_BLOCKED, TFD_STR(""), weight, TFD_EFFECT_MAY_BREAK);

    finding.path = path;
    finding.text = tfd_arena_fmt(out->arena, "%.*s %s: event %u of %.*s, %.*s", TFD_ARG(path), what,
                                 (unsigned)block->event, TFD_ARG(block->channel), TFD_ARG(block->time));
    finding.source =
        tfd_arena_fmt(out->arena, "event log, %.*s %u", TFD_ARG(block->channel), (unsigned)block->event);
    tfd_findings_add(out, &finding);
}

/* A policy lets a file be read and refuses to load it: only its record tells. What a scanner found and left
 * where it was, the import gets. */
static bool check_loaded(const tfd_view *view, const tfd_block *block, tfd_findings *out)
{
    const tfd_objects *all = &view->facts->objects;

    for (size_t i = 0; i < all->count; i++) {
        const tfd_object *one = &all->items[i];

        if (!one->is_needed || one->is_optional || !tfd_winevent_is(block->file, one->path))
            continue;
        if (!block->is_virus)
            add_block(block, one->path, TFD_W_STRONG, "was refused when it was loaded", out);
        else if (one->state != TFD_OBJECT_OK)
            add_block(block, one->path, TFD_W_STRONG, "is what the virus scanner found", out);
        return true;
    }
    return false;
}

/* … and what it took away is missing from a package. */
static void check_taken(const tfd_view *view, const tfd_block *block, tfd_findings *out)
{
    const tfd_file_problems *all = &view->facts->file_problems;

    for (size_t i = 0; block->is_virus && i < all->count; i++) {
        const tfd_dist *dist = tfd_view_dist(view, all->items[i].dist);

        if (all->items[i].state != TFD_FILE_MISSING || !dist || !dist->is_needed ||
            !tfd_winevent_is(block->file, all->items[i].path))
            continue;
        add_block(block, all->items[i].path, TFD_W_STRONG, "was taken away by the virus scanner", out);
        return;
    }
}

static bool is_repeated(const tfd_blocks *all, size_t row)
{
    for (size_t i = 0; i < row; i++)
        if (!all->items[i].is_audit && tfd_winevent_is(all->items[i].file, all->items[row].file))
            return true;
    return false;
}

/* Old records stay in the log: where the import works they are no evidence. */
static void check_events(const tfd_view *view, tfd_findings *out)
{
    const tfd_blocks *all = &view->facts->blocks;

    if (tfd_view_import_ok(view))
        return;
    for (size_t i = 0; i < all->count; i++)
        if (!all->items[i].is_audit && !is_repeated(all, i) && !check_loaded(view, &all->items[i], out))
            check_taken(view, &all->items[i], out);
}

/* A DLL fails over neither a missing file nor a missing function nor its form, and no record can be read. */
static bool is_log_missed(const tfd_view *view)
{
    const tfd_dll_trial *trial = &view->facts->import.dlls;

    for (size_t i = 0; !view->facts->blocks.complete && i < trial->count; i++) {
        int code = trial->items[i].code;

        if (trial->items[i].state == TFD_STEP_FAILED && code != 126 && code != 127 && code != 193)
            return true;
    }
    return false;
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
    check_events(view, out);
    check_mark(view, out->count > before, out);
    if (out->count == before && is_log_missed(view))
        tfd_findings_unknown(out, facts->blocks.why);
    else if (out->check_status == TFD_CHECK_OK)
        tfd_findings_say(out, TFD_STR("no native file of the import is refused to this user"));
}

const tfd_check tfd_check_security = {
    .id = "security",
    .summary = "Windows: rights, virus scanners and policies let the import's native files be loaded",
    .run = run,
};
