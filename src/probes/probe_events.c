/* What Windows' event log says was refused: code integrity (WDAC, Smart App Control), AppLocker, Microsoft
 * Defender. Only records that name files are kept; whether one of them is the import's is for the check. */
#include "core/probe.h"
#include "formats/winevent.h"

#define IDS_MAX 4

/* 3076: audit, allowed all the same. 3077: refused by the policy. 3033: refused, its signature does not reach
 * the level asked for. 8003, 8004: DLL or program, audit and refused. 8006, 8007: script, audit and refused.
 * 1116, 1117: found, and dealt with. (Microsoft: "Understanding App Control events", "Using Event Viewer with
 * AppLocker", "Microsoft Defender Antivirus event IDs".) */
static const struct {
    const char *channel, *name;
    uint32_t ids[IDS_MAX];
    uint32_t audits[2];
    bool is_virus;
} logs[] = {
    {"Microsoft-Windows-CodeIntegrity/Operational", "CodeIntegrity", {3076, 3077, 3033}, {3076, 0}, false},
    {"Microsoft-Windows-AppLocker/EXE and DLL", "AppLocker", {8003, 8004}, {8003, 0}, false},
    {"Microsoft-Windows-AppLocker/MSI and Script", "AppLocker", {8006, 8007}, {8006, 0}, false},
    {"Microsoft-Windows-Windows Defender/Operational", "Defender", {1116, 1117}, {0, 0}, true},
};

static tfd_status no_memory(tfd_err *err)
{
    return tfd_err_set(err, TFD_ENOMEM, 0, "event log: out of memory");
}

static bool is_wanted(size_t log, uint32_t id)
{
    for (size_t i = 0; i < IDS_MAX; i++)
        if (logs[log].ids[i] == id && id != 0)
            return true;
    return false;
}

static tfd_status add_record(tfd_probe_ctx *ctx, size_t log, tfd_str xml, tfd_err *err)
{
    tfd_blocks *all = &ctx->facts->blocks;
    tfd_winevent event;
    tfd_status st = tfd_winevent_parse(ctx->arena, xml, &event, NULL);

    if (st != TFD_OK || !is_wanted(log, event.id))
        return st == TFD_ENOMEM ? no_memory(err) : TFD_OK;
    for (size_t i = 0; i < event.file_count; i++) {
        if (!TFD_GROW(ctx->arena, all))
            return no_memory(err);
        all->items[all->count++] = (tfd_block){
            .file = event.files[i],
            .channel = tfd_str_of(logs[log].name),
            .event = event.id,
            .time = event.time,
            .is_audit = event.id == logs[log].audits[0] || event.id == logs[log].audits[1],
            .is_virus = logs[log].is_virus,
        };
    }
    return TFD_OK;
}

static tfd_status read_log(tfd_probe_ctx *ctx, size_t log, tfd_err *err)
{
    tfd_blocks *all = &ctx->facts->blocks;
    tfd_events events;
    tfd_err why = {TFD_OK, 0, ""};
    size_t count = 0;
    tfd_status st;

    while (count < IDS_MAX && logs[log].ids[count] != 0)
        count++;
    st = tfd_sys_events(ctx->sys, ctx->arena, logs[log].channel, logs[log].ids, count, &events, &why);
    if (st == TFD_ENOMEM)
        return no_memory(err);
    if (st != TFD_OK && st != TFD_ENOENT) {
        all->complete = false;
        all->why = tfd_arena_fmt(ctx->arena, "the event log of %s cannot be read", logs[log].name);
    }
    st = TFD_OK;
    for (size_t i = 0; i < events.count && st == TFD_OK; i++)
        st = add_record(ctx, log, events.items[i], err);
    return st;
}

static tfd_status run(tfd_probe_ctx *ctx, tfd_err *err)
{
    tfd_blocks *all = &ctx->facts->blocks;
    const tfd_system *system = ctx->facts->system;
    tfd_status st = TFD_OK;

    all->complete = true;
    if (!system || system->os != TFD_OS_WINDOWS)
        return TFD_OK;
    for (size_t i = 0; i < sizeof logs / sizeof logs[0] && st == TFD_OK; i++)
        st = read_log(ctx, i, err);
    if (st != TFD_OK)
        all->complete = false;
    return st;
}

const tfd_probe tfd_probe_events = {
    .id = "events",
    .summary = "Windows: records of the event log that name refused files",
    .phase = TFD_PHASE_FILES,
    .run = run,
};
