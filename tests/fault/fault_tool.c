/* fault_tool DIR calls|requests|blocks [-n STEP] [CAUSE]...
 *
 * Examines the recorded machine DIR again and again. Each time one thing fails: a call of the machine (each
 * of its statuses in turn), a request to one of the run's arenas, or a block of memory from the C library.
 * Nothing may crash, leak (built with the address sanitizer) or be invented: the causes are those named, none
 * of them or no report at all. Every STEP-th (61st) thing is made to fail.
 * Prints what was tried. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run.h"

#define CAUSES_MAX 8

/* ---- the C library's memory: the linker leads calls of the program here (--wrap) */

static atomic_long block_countdown; /* > 0: the request that reaches 0 fails */
static atomic_long block_count;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool block_fails(void)
{
    atomic_fetch_add(&block_count, 1);
    return atomic_load(&block_countdown) > 0 && atomic_fetch_sub(&block_countdown, 1) == 1;
}

void *__wrap_malloc(size_t size)
{
    return block_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return block_fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return block_fails() ? NULL : __real_realloc(old, size);
}

/* ---- one examination */

typedef struct tool {
    tfd_sys *machine;
    tfd_arena kb_arena;
    tfd_kb *kb; /* NULL: each examination opens its own */
    const char *causes[CAUSES_MAX];
    size_t cause_count;
    size_t dists, objects, modules, requirements, problems; /* as found when nothing fails */
    long tried, refused, silent, failed;
    long step;
} tool;

typedef struct fault {
    const char *what;
    tfd_status status;
    long at;
} fault;

/* In turn, so that the same thing fails in every run. */
static void run_in_turn(const tfd_sys *sys, size_t n, tfd_task task, void *ctx)
{
    (void)sys;
    for (size_t i = 0; i < n; i++)
        task(ctx, i);
}

static void complain(tool *t, const fault *f, const char *text, const char *more)
{
    t->failed++;
    if (t->failed <= 20)
        printf("%s %ld (%s): %s %s\n", f->what, f->at, tfd_status_text(f->status), text, more);
}

static bool is_allowed(const tool *t, const fault *f, const char *cause)
{
    if (f->status == TFD_ENOENT)
        return true; /* what is not there is a reason */
    if (f->status == TFD_EACCESS &&
        (strcmp(cause, "permission-denied") == 0 || strcmp(cause, "python-broken") == 0))
        return true; /* an interpreter that may not read its library does not start */
    for (size_t i = 0; i < t->cause_count; i++)
        if (strcmp(cause, t->causes[i]) == 0)
            return true;
    return false;
}

static bool says_unknown(const tfd_report *report)
{
    for (size_t i = 0; i < report->check_count; i++)
        if (report->checks[i].status == TFD_CHECK_UNKNOWN)
            return true;
    return report->error.len > 0 || report->warning_count > 0;
}

/* What is less than without the fault, and nothing in the report says so. */
static const char *find_silent_loss(const tool *t, const tfd_facts *facts)
{
    if (facts->dists.count < t->dists)
        return "distributions";
    if (facts->objects.count < t->objects)
        return "native files";
    if (facts->modules.count < t->modules)
        return "modules";
    return facts->requirements.count < t->requirements ? "requirements" : NULL;
}

static void judge(tool *t, const fault *f, const tfd_report *report)
{
    const char *loss;

    if (report->error.len > 0) {
        t->refused++;
        return;
    }
    for (size_t i = 0; i < report->cause_count; i++)
        if (!is_allowed(t, f, tfd_cause_name(report->causes[i].id))) {
            complain(t, f, "invented", tfd_cause_name(report->causes[i].id));
            if (t->failed <= 20 && report->causes[i].evidence_count > 0)
                printf("    %.*s\n", TFD_ARG(report->causes[i].evidence[0].text));
        }
    loss = f->status == TFD_ENOENT || report->cause_count > 0 ? NULL : find_silent_loss(t, report->facts);
    if (loss && !says_unknown(report)) {
        t->silent++;
        complain(t, f, "nobody says what was not seen:", loss);
    }
}

static void keep(tool *t, const tfd_report *report)
{
    t->dists = report->facts->dists.count;
    t->objects = report->facts->objects.count;
    t->modules = report->facts->modules.count;
    t->requirements = report->facts->requirements.count;
}

typedef void (*prepare)(void *ctx, tfd_run *run, const fault *f);

static void examine(tool *t, const tfd_sys *sys, const fault *f, prepare before, void *ctx)
{
    tfd_options options = {.no_run = true};
    tfd_err err = {TFD_OK, 0, ""};
    tfd_arena arena;
    tfd_kb *kb = t->kb;
    tfd_run *run;
    tfd_status st = TFD_OK;

    tfd_arena_init(&arena, 0);
    if (!kb)
        st = tfd_kb_open(&arena, NULL, TFD_STR(""), &kb, &err);
    run = st == TFD_OK ? tfd_run_new(sys, &options, kb) : NULL;
    t->tried++;
    if (run && before)
        before(ctx, run, f);
    if (run)
        st = tfd_run_check(run, &err);
    atomic_store(&block_countdown, 0);
    if (!run || (st != TFD_OK && tfd_run_get_report(run)->error.len == 0))
        t->refused++;
    else if (f)
        judge(t, f, tfd_run_get_report(run));
    else
        keep(t, tfd_run_get_report(run));
    tfd_run_free(run);
    tfd_arena_done(&arena);
}

/* ---- what fails */

static int fail_calls(tool *t)
{
    static const tfd_status statuses[] = {TFD_EIO,    TFD_EACCESS, TFD_EUNSUPPORTED,
                                          TFD_ENOMEM, TFD_ENOENT,  TFD_ELIMIT};
    const int rounds = (int)(sizeof statuses / sizeof statuses[0]);
    tfd_sys *faulty;
    long *calls, count;

    if (tfd_sys_faulty_new(t->machine, 0, TFD_OK, &faulty, &calls) != TFD_OK)
        return 3;
    examine(t, faulty, NULL, NULL, NULL);
    count = *calls;
    tfd_sys_faulty_free(faulty);
    for (int s = 0; s < rounds; s++)
        for (long at = 1 + s * t->step / rounds; at <= count; at += t->step) {
            fault f = {"call", statuses[s], at};

            if (tfd_sys_faulty_new(t->machine, at, statuses[s], &faulty, &calls) != TFD_OK)
                return 3;
            examine(t, faulty, &f, NULL, NULL);
            tfd_sys_faulty_free(faulty);
        }
    printf("%ld machine calls, every %ld. made to fail with %d statuses\n", count, t->step, rounds);
    return 0;
}

static void set_request(void *ctx, tfd_run *run, const fault *f)
{
    (void)tfd_run_set_fault(run, *(const size_t *)ctx, f->at);
}

/* Denser at the beginning of each arena, where the structures are made that everything hangs on. */
static int fail_requests(tool *t)
{
    tfd_options options = {.no_run = true};
    tfd_run *sample = tfd_run_new(t->machine, &options, t->kb);
    size_t arenas = 0;

    while (sample && tfd_run_set_fault(sample, arenas, 0))
        arenas++;
    tfd_run_free(sample);
    for (size_t i = 0; i < arenas; i++) {
        bool reached = true;

        for (long at = 1; reached; at += 1 + at * t->step / 100) {
            fault f = {"request", TFD_ENOMEM, at};
            long refused = t->refused;

            examine(t, t->machine, &f, set_request, &i);
            reached = t->refused > refused; /* beyond the last request nothing fails */
        }
    }
    printf("requests of %zu arenas\n", arenas);
    return arenas > 0 ? 0 : 3;
}

static void set_block(void *ctx, tfd_run *run, const fault *f)
{
    (void)ctx;
    (void)run;
    atomic_store(&block_countdown, f->at);
}

static int fail_blocks(tool *t)
{
    long count;

    atomic_store(&block_count, 0);
    examine(t, t->machine, NULL, NULL, NULL);
    count = atomic_load(&block_count);
    for (long at = 1; at <= count; at += t->step) {
        fault f = {"block", TFD_ENOMEM, at};

        examine(t, t->machine, &f, set_block, NULL);
    }
    printf("%ld blocks, every %ld.\n", count, t->step);
    return 0;
}

static bool read_arguments(tool *t, int argc, char **argv)
{
    t->step = 61;
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "-n") == 0 && i + 1 < argc)
            t->step = strtol(argv[++i], NULL, 10);
        else if (t->cause_count < CAUSES_MAX)
            t->causes[t->cause_count++] = argv[i];
    }
    return argc >= 3 && t->step > 0;
}

static int work(tool *t, const char *mode)
{
    if (strcmp(mode, "blocks") == 0)
        return fail_blocks(t);
    if (tfd_kb_open(&t->kb_arena, NULL, TFD_STR(""), &t->kb, NULL) != TFD_OK)
        return 3;
    examine(t, t->machine, NULL, NULL, NULL); /* the knowledge is read once */
    return strcmp(mode, "requests") == 0 ? fail_requests(t) : fail_calls(t);
}

int main(int argc, char **argv)
{
    static tool t;
    tfd_err err = {TFD_OK, 0, ""};
    tfd_sys *host = NULL;
    int code;

    if (!read_arguments(&t, argc, argv) || tfd_sys_native_new(&host, &err) != TFD_OK)
        return 2;
    tfd_arena_init(&t.kb_arena, 0);
    if (tfd_sys_fixture_new(host, tfd_str_of(argv[1]), &t.machine, &err) != TFD_OK) {
        printf("%s\n", err.text);
        return 3;
    }
    t.machine->parallel = run_in_turn;
    code = work(&t, argv[2]);
    printf("%ld examinations, %ld of them refused, %ld faults of tfdiag\n", t.tried, t.refused, t.failed);
    tfd_arena_done(&t.kb_arena);
    tfd_sys_fixture_free(t.machine);
    tfd_sys_native_free(host);
    return code ? code : t.failed > 0;
}
