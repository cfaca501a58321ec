#include "core/run.h"

#include <stdlib.h>
#include <string.h>

#include "core/check.h"
#include "core/dll_trial.h"
#include "core/driver.h"
#include "core/gpu.h"
#include "core/import.h"
#include "core/online.h"
#include "core/outcome.h"
#include "core/probe.h"
#include "kb/kb_gpu.h"
#include "packages/record.h"
#include "sys/child.h"

/* ---- what is registered */

#define TFD_PROBE(name) extern const tfd_probe tfd_probe_##name;
#include "probes/probe_list.h"
#undef TFD_PROBE
#define TFD_CHECK(name) extern const tfd_check tfd_check_##name;
#include "checks/check_list.h"
#undef TFD_CHECK

static const tfd_probe *const probes[] = {
#define TFD_PROBE(name) &tfd_probe_##name,
#include "probes/probe_list.h"
#undef TFD_PROBE
};

static const tfd_check *const checks[] = {
#define TFD_CHECK(name) &tfd_check_##name,
#include "checks/check_list.h"
#undef TFD_CHECK
};

#define PROBE_COUNT (sizeof probes / sizeof probes[0])
#define CHECK_COUNT (sizeof checks / sizeof checks[0])

const tfd_check *tfd_check_get(size_t index)
{
    return index < CHECK_COUNT ? checks[index] : NULL;
}

const char *tfd_check_id(const tfd_check *check)
{
    return check->id;
}

const char *tfd_check_summary(const tfd_check *check)
{
    return check->summary;
}

/* ---- the run */

typedef struct probe_state {
    tfd_arena arena;
    tfd_status status;
    tfd_err err;
    uint64_t us;
} probe_state;

struct tfd_run {
    const tfd_sys *sys;
    const tfd_options *options;
    tfd_kb *kb;
    tfd_progress progress;
    void *progress_ctx;
    tfd_arena arena;      /* of the report and of the import */
    tfd_arena rank_arena; /* of findings and causes; anew for each ranking */
    tfd_facts facts;
    probe_state probes[PROBE_COUNT];
    tfd_import_run *import;
    tfd_driver_run *driver;
    tfd_report report;
    tfd_check_result results[CHECK_COUNT];
    uint64_t started_us;
    bool was_hashed;
};

tfd_run *tfd_run_new(const tfd_sys *sys, const tfd_options *options, tfd_kb *kb)
{
    tfd_run *run = calloc(1, sizeof *run);

    if (!run)
        return NULL;
    run->sys = sys;
    run->options = options;
    run->kb = kb;
    tfd_arena_init(&run->arena, 0);
    tfd_arena_init(&run->rank_arena, 0);
    for (size_t i = 0; i < PROBE_COUNT; i++)
        tfd_arena_init(&run->probes[i].arena, 0);
    tfd_facts_init(&run->facts);
    run->report.options = options;
    run->report.facts = &run->facts;
    run->report.checks = run->results;
    return run;
}

void tfd_run_set_progress(tfd_run *run, tfd_progress progress, void *ctx)
{
    run->progress = progress;
    run->progress_ctx = ctx;
}

bool tfd_run_set_fault(tfd_run *run, size_t arena, long fail_at)
{
    tfd_arena *all[PROBE_COUNT + 2];

    for (size_t i = 0; i < PROBE_COUNT; i++)
        all[i] = &run->probes[i].arena;
    all[PROBE_COUNT] = &run->arena;
    all[PROBE_COUNT + 1] = &run->rank_arena;
    if (arena >= PROBE_COUNT + 2)
        return false;
    all[arena]->fail_at = fail_at;
    return true;
}

void tfd_run_free(tfd_run *run)
{
    if (!run)
        return;
    tfd_import_free(run->import);
    tfd_driver_free(run->driver);
    for (size_t i = 0; i < PROBE_COUNT; i++)
        tfd_arena_done(&run->probes[i].arena);
    tfd_arena_done(&run->rank_arena);
    tfd_arena_done(&run->arena);
    free(run);
}

const tfd_report *tfd_run_get_report(const tfd_run *run)
{
    return &run->report;
}

static bool was_interrupted(const tfd_run *run)
{
    return run->sys->interrupted && run->sys->interrupted(run->sys) != 0;
}

/* ---- probes */

typedef struct phase_task {
    tfd_run *run;
    size_t rows[PROBE_COUNT];
} phase_task;

static void run_probe(void *ctx, size_t index)
{
    phase_task *task = ctx;
    tfd_run *run = task->run;
    size_t row = task->rows[index];
    probe_state *state = &run->probes[row];
    tfd_probe_ctx probe = {run->sys, run->options, run->kb, &state->arena, &run->facts};
    uint64_t start = run->sys->clock_us(run->sys);

    state->status = probes[row]->run(&probe, &state->err);
    state->us = run->sys->clock_us(run->sys) - start;
}

static void run_phase(tfd_run *run, tfd_phase phase)
{
    phase_task task = {.run = run};
    size_t count = 0;

    for (size_t i = 0; i < PROBE_COUNT; i++)
        if (probes[i]->phase == phase)
            task.rows[count++] = i;
    if (phase == TFD_PHASE_SYSTEM) { /* the second needs what the first found */
        for (size_t i = 0; i < count; i++)
            run_probe(&task, i);
        return;
    }
    run->sys->parallel(run->sys, count, run_probe, &task);
}

static const probe_state *find_probe(const tfd_run *run, const char *id)
{
    for (size_t i = 0; i < PROBE_COUNT; i++)
        if (strcmp(probes[i]->id, id) == 0)
            return &run->probes[i];
    return NULL;
}

static void read_surroundings(tfd_run *run)
{
    tfd_facts *facts = &run->facts;
    tfd_str rest;

    facts->module = run->options->module.len > 0 ? run->options->module : TFD_STR("tensorflow");
    (void)tfd_str_cut(facts->module, '.', &facts->module_top, &rest);
    facts->environment = run->sys->environ_all(run->sys, &facts->environment_count);
    facts->home = run->sys->home(run->sys);
    facts->has_script = run->options->script.len > 0;
}

/* ---- the import */

static bool can_import(const tfd_run *run)
{
    tfd_broken broken = run->facts.python.broken;

    return !run->options->no_run && run->sys->is_native && run->sys->child_start &&
           tfd_options_select(run->options, "import") && run->facts.python.path.len > 0 &&
           broken != TFD_PY_DANGLING && broken != TFD_PY_MISSING;
}

static void start_import(tfd_run *run)
{
    tfd_import_request request = {run->facts.python.path, run->facts.module, run->options->script,
                                  tfd_gpu_is_tried(&run->facts.gpu), run->options->timeout_ms};
    tfd_err err = {TFD_OK, 0, ""};

    if (!can_import(run))
        return;
    if (tfd_import_start(run->sys, &run->arena, &request, &run->import, &err) != TFD_OK) {
        run->import = NULL;
        run->facts.import.start_error = err.os_code; /* a limit of processes, for one */
    }
    if (request.wants_gpu &&
        tfd_driver_start(run->sys, &run->arena, request.python, &run->driver, &err) != TFD_OK)
        run->driver = NULL;
}

#define POLL_US 100000u

/* While the index is waited for, the import's pipes are emptied. */
static bool keep_import_going(void *ctx)
{
    tfd_run *run = ctx;
    uint64_t now = run->sys->clock_us(run->sys);

    if (run->import)
        (void)tfd_import_poll(run->import, 0);
    if (run->progress)
        run->progress(run->progress_ctx, (double)(now - run->started_us) / 1e6);
    return !was_interrupted(run);
}

static tfd_status ask_index(tfd_run *run, tfd_err *err)
{
    if (!tfd_options_select(run->options, "index"))
        return TFD_OK;
    return tfd_online_ask(run->sys, &run->arena, run->options, &run->facts, keep_import_going, run, err);
}

static tfd_status finish_import(tfd_run *run)
{
    if (!run->import)
        return TFD_OK;
    while (!tfd_import_poll(run->import, POLL_US)) {
        uint64_t now = run->sys->clock_us(run->sys);

        if (was_interrupted(run))
            return TFD_ETIMEOUT;
        if (run->progress)
            run->progress(run->progress_ctx, (double)(now - run->started_us) / 1e6);
    }
    return tfd_import_finish(run->import, &run->arena, &run->facts.import);
}

/* ---- checks and ranking */

static void run_check(tfd_run *run, const tfd_view *view, size_t index, tfd_findings *out)
{
    tfd_check_result *result = &run->results[index];
    uint64_t start = run->sys->clock_us(run->sys);

    out->check = checks[index]->id;
    out->check_status = TFD_CHECK_OK;
    out->check_summary = TFD_STR("");
    result->id = checks[index]->id;
    if (tfd_options_select(run->options, checks[index]->id))
        checks[index]->run(view, out);
    else
        tfd_findings_skip(out, TFD_STR("not selected"));
    result->status = out->check_status;
    result->summary = out->check_summary;
    result->microseconds = run->sys->clock_us(run->sys) - start;
}

static tfd_status diagnose(tfd_run *run)
{
    tfd_view view = {&run->facts, run->options, run->kb};
    tfd_findings findings = {0};
    tfd_report *report = &run->report;

    tfd_arena_done(&run->rank_arena); /* keeps its limit and its test hook */
    findings.arena = &run->rank_arena;
    for (size_t i = 0; i < CHECK_COUNT; i++)
        run_check(run, &view, i, &findings);
    report->check_count = CHECK_COUNT;
    if (findings.status != TFD_OK)
        return findings.status;
    report->benign = findings.benign;
    report->benign_count = findings.benign_count;
    report->cleared = findings.cleared;
    report->cleared_count = findings.cleared_count;
    return tfd_rank(&view, &findings, &run->rank_arena, report);
}

static bool may_hash(const tfd_run *run)
{
    return !run->was_hashed && tfd_outcome_may_be_altered(&run->facts);
}

static bool wants_hashes(const tfd_run *run)
{
    if (run->options->deep)
        return !run->was_hashed && run->facts.dists.count > 0;
    return may_hash(run) && !tfd_outcome_is_explained(&run->report);
}

/* Seconds more, and only where a DLL did not load and what is known so far does not say for certain why. */
static tfd_status try_dlls(tfd_run *run)
{
    const tfd_report *report = &run->report;
    tfd_err err = {TFD_OK, 0, ""};
    tfd_status st;

    if (!run->sys->is_native || !tfd_dll_trial_is_wanted(&run->facts) ||
        (report->cause_count > 0 && report->causes[0].certainty >= TFD_CERTAIN))
        return TFD_OK;
    st = tfd_dll_trial_run(run->sys, &run->arena, &run->facts, &err);
    if (st == TFD_ENOMEM)
        return st;
    return run->facts.import.dlls.ran ? diagnose(run) : TFD_OK;
}

static tfd_status compare_hashes(tfd_run *run)
{
    tfd_record_hashing *hashing = tfd_record_hash_new(run->sys, &run->arena, &run->facts, NULL, 0);
    tfd_status st;

    run->was_hashed = true;
    if (!hashing)
        return TFD_ENOMEM;
    st = tfd_record_hash_run(hashing, NULL);
    return st == TFD_OK ? tfd_record_hash_report(hashing, &run->arena, &run->facts) : st;
}

typedef struct failure {
    tfd_run *run;
    tfd_record_hashing *hashing;
    volatile int stop;
    tfd_status diagnosed, hashed;
} failure;

/* 0: checks and ranking, which end the hashing where they explain the failure; 1: the hashing. */
static void examine_part(void *ctx, size_t part)
{
    failure *f = ctx;

    if (part == 0) {
        f->diagnosed = diagnose(f->run);
        f->stop = f->diagnosed != TFD_OK || tfd_outcome_is_explained(&f->run->report);
    } else if (!f->stop) {
        f->hashing = tfd_record_hash_new(f->run->sys, &f->run->arena, &f->run->facts, NULL, 0);
        f->hashed = f->hashing ? tfd_record_hash_run(f->hashing, &f->stop) : TFD_ENOMEM;
    }
}

/* Once the import has failed, hashes are compared beside the other work, and waited for only where that does
 * not explain it. */
static tfd_status examine_failure(tfd_run *run)
{
    failure f = {.run = run, .hashed = TFD_ETIMEOUT};
    tfd_status st;

    run->sys->parallel(run->sys, 2, examine_part, &f);
    if (f.diagnosed != TFD_OK || f.stop)
        return f.diagnosed;
    run->was_hashed = true;
    st = f.hashed;
    if (st == TFD_OK)
        st = tfd_record_hash_report(f.hashing, &run->arena, &run->facts);
    return st == TFD_OK ? diagnose(run) : st;
}

/* ---- the report */

/* A forecast that says "works" rests on every static check; where some were left out, or none ran (the user
 * stopped it), there is none. */
static bool was_examined(const tfd_run *run)
{
    for (size_t i = 0; i < CHECK_COUNT; i++)
        if (!checks[i]->needs_import && !tfd_options_select(run->options, checks[i]->id))
            return false;
    return run->report.check_count > 0;
}

static void fill_report(tfd_run *run)
{
    tfd_view view = {&run->facts, run->options, run->kb};
    tfd_report *report = &run->report;

    report->has_target = true;
    report->knowledge = tfd_kb_date(run->kb);
    report->import = tfd_outcome_import(report, &run->facts, was_examined(run));
    report->import_ran = run->facts.import.ran;
    report->import_error = tfd_import_telling(&run->facts.import);
    report->import_summary = tfd_import_summary(&run->facts, run->options->timeout_ms, &run->arena);
    report->import_seconds = (double)run->facts.import.wall_us / 1e6;
    tfd_gpu_report(&view, was_examined(run), &run->arena, report);
    report->total_us = run->sys->clock_us(run->sys) - run->started_us;
    report->exit_code = tfd_outcome_exit_code(report, run->options);
}

/* message and hint live as long as the run. */
static tfd_status fail_report(tfd_run *run, tfd_str message, tfd_str hint)
{
    tfd_report *report = &run->report;

    report->has_target = false;
    report->knowledge = tfd_kb_date(run->kb);
    report->error = message;
    report->hint = hint;
    report->exit_code = 3;
    return TFD_OK;
}

static tfd_status examine(tfd_run *run, tfd_err *err)
{
    tfd_status st = tfd_kb_preload(run->kb, TFD_STR(""), err);
    const tfd_dist *tf;

    if (st != TFD_OK)
        return st;
    run_phase(run, TFD_PHASE_PACKAGES);
    tf = run->facts.tensorflow < run->facts.dists.count ? &run->facts.dists.items[run->facts.tensorflow]
                                                        : NULL;
    st = tfd_kb_preload(run->kb, tf ? tf->version : TFD_STR(""), err);
    if (st == TFD_OK && tfd_gpu_is_tried(&run->facts.gpu))
        st = tfd_kb_gpu_preload(run->kb, err);
    if (st != TFD_OK)
        return st;
    run_phase(run, TFD_PHASE_FILES);
    run->report.static_us = run->sys->clock_us(run->sys) - run->started_us;
    return TFD_OK;
}

/* Whoever lacks memory for a path or a row may take the thing for absent. Nothing of such a run is told. */
static bool had_memory(const tfd_run *run)
{
    for (size_t i = 0; i < PROBE_COUNT; i++)
        if (run->probes[i].arena.failed || run->probes[i].status == TFD_ENOMEM)
            return false;
    return !run->arena.failed && !run->rank_arena.failed && tfd_kb_is_whole(run->kb);
}

tfd_status tfd_run_check(tfd_run *run, tfd_err *err)
{
    const probe_state *python;
    tfd_status st;

    run->started_us = run->sys->clock_us(run->sys);
    read_surroundings(run);
    run_phase(run, TFD_PHASE_SYSTEM);
    python = find_probe(run, "python");
    if (python->status != TFD_OK && python->status != TFD_ENOMEM)
        return fail_report(run, tfd_str_of(python->err.text), TFD_STR("Name one: tfdiag --python PATH"));
    if (!tfd_outcome_is_python(&run->facts, run->sys->style))
        return fail_report(
            run, tfd_arena_fmt(&run->arena, "%.*s is no Python interpreter", TFD_ARG(run->facts.python.path)),
            TFD_STR("Name an interpreter or the folder of an environment: tfdiag --python PATH"));
    start_import(run);
    st = examine(run, err);
    if (st == TFD_OK)
        st = ask_index(run, err);
    if (st == TFD_OK)
        st = finish_import(run);
    if (st == TFD_OK && run->driver)
        st = tfd_driver_finish(run->driver, &run->arena, &run->facts.gpu.driver);
    else if (st == TFD_OK && !run->sys->is_native && tfd_gpu_is_tried(&run->facts.gpu))
        st = tfd_driver_recall(run->sys, &run->arena, &run->facts.gpu.driver);
    if (st == TFD_OK) /* what try_dlls sees makes hashes needless */
        st = may_hash(run) && run->sys->style == TFD_PATH_POSIX ? examine_failure(run) : diagnose(run);
    if (st == TFD_OK)
        st = try_dlls(run);
    if (st == TFD_OK && wants_hashes(run)) {
        st = compare_hashes(run);
        if (st == TFD_OK)
            st = diagnose(run);
    }
    if (st == TFD_ENOMEM || (st == TFD_OK && !had_memory(run)))
        return fail_report(run, TFD_STR("out of memory"), TFD_STR("Run tfdiag where more memory is free."));
    fill_report(run);
    return st;
}
