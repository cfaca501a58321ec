/* A world for tests of checks and ranking: facts made by hand, all checks run over them, the causes ranked.
 * Included once per test program. */
#ifndef TFD_TESTS_WORLD_H
#define TFD_TESTS_WORLD_H

#include <string.h>

#include "core/check.h"
#include "core/run.h"

typedef struct world {
    tfd_arena arena;
    tfd_facts facts;
    tfd_options options;
    tfd_kb *kb;
    tfd_system system;
    tfd_cpu cpu;
    tfd_report report;
} world;

#define TFD_CHECK(name) extern const tfd_check tfd_check_##name;
#include "checks/check_list.h"
#undef TFD_CHECK

static const tfd_check *const all_checks[] = {
#define TFD_CHECK(name) &tfd_check_##name,
#include "checks/check_list.h"
#undef TFD_CHECK
};

/* Empty facts of a 64-bit CPython 3.12 on x86-64 with pip, asked for tensorflow. */
static void world_init(world *w)
{
    memset(w, 0, sizeof *w);
    tfd_arena_init(&w->arena, 0);
    tfd_facts_init(&w->facts);
    assert_int_equal(tfd_kb_open(&w->arena, NULL, TFD_STR(""), &w->kb, NULL), TFD_OK);
    w->facts.module = w->facts.module_top = TFD_STR("tensorflow");
    w->facts.python.implementation = TFD_STR("cpython");
    w->facts.python.major = 3;
    w->facts.python.minor = 12;
    w->facts.python.bits = 64;
    w->facts.python.arch = TFD_ARCH_X86_64;
    w->facts.python.has_pip = TFD_YES;
    w->facts.system = &w->system;
    w->cpu.known = w->cpu.avx_enabled = w->cpu.avx_in_cpu = true;
    w->cpu.arch = TFD_ARCH_X86_64;
    w->facts.cpu = &w->cpu;
}

static void end(world *w)
{
    tfd_arena_done(&w->arena);
}

/* A further row of sys.path that is there and can be read; archives and sources are the caller's to say. */
static inline tfd_place *add_place(world *w, const char *path, tfd_place_kind kind)
{
    tfd_place *row;

    assert_true(TFD_GROW(&w->arena, &w->facts.places));
    row = &w->facts.places.items[w->facts.places.count++];
    memset(row, 0, sizeof *row);
    row->path = tfd_str_of(path);
    row->kind = kind;
    row->exists = row->readable = true;
    return row;
}

/* The first cause's id, "" where there is none. */
static inline const char *diagnose(world *w)
{
    tfd_view view = {&w->facts, &w->options, w->kb};
    tfd_findings findings = {0};

    findings.arena = &w->arena;
    for (size_t i = 0; i < sizeof all_checks / sizeof all_checks[0]; i++) {
        findings.check = all_checks[i]->id;
        all_checks[i]->run(&view, &findings);
    }
    assert_int_equal(findings.status, TFD_OK);
    assert_int_equal(tfd_rank(&view, &findings, &w->arena, &w->report), TFD_OK);
    return w->report.cause_count > 0 ? tfd_cause_name(w->report.causes[0].id) : "";
}

/* The import fails with this exception; its further fields are the caller's to fill. */
static inline tfd_exception *fail_with(world *w, const char *type, const char *message)
{
    tfd_exception *exc = tfd_arena_new(&w->arena, tfd_exception, 1);

    assert_non_null(exc);
    exc->type = tfd_str_of(type);
    exc->message = tfd_str_of(message);
    w->facts.import.ran = true;
    w->facts.import.status = TFD_IMPORT_FAILS;
    w->facts.import.stage = TFD_STAGE_IMPORT;
    w->facts.import.exceptions = exc;
    w->facts.import.exception_count = 1;
    return exc;
}

#endif
