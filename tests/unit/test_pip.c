/* pip and memory: what its log says, and commands for a pip that cannot hold the wheel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after them */
#include <cmocka.h>

#include "advise/advise.h"
#include "world.h"

#define SITE "/env/lib/python3.12/site-packages"
#define MB ((uint64_t)1000000)

/* An environment without TensorFlow, with this pip and this much memory to be had. */
static void begin(world *w, tfd_dist *pip, const char *version, uint64_t room)
{
    world_init(w);
    memset(pip, 0, sizeof *pip);
    pip->name = pip->key = TFD_STR("pip");
    pip->version = tfd_str_of(version);
    pip->place = add_place(w, SITE, TFD_PLACE_SITE) ? 0 : TFD_NONE;
    w->facts.dists.items = pip;
    w->facts.dists.count = 1;
    w->facts.dists.complete = w->facts.places.complete = true;
    w->facts.python.path = TFD_STR("/env/bin/python");
    w->facts.python.libc_version = TFD_STR("2.36");
    w->facts.python.site_writable = TFD_YES;
    w->system.memory_free = room;
}

static bool leaves_cache_out(const tfd_str *commands, size_t count)
{
    return count > 0 && tfd_str_find_z(commands[count - 1], " install --no-cache-dir ") != TFD_NPOS;
}

static void test_pip_that_cannot_hold_the_wheel(void **state)
{
    static const struct {
        const char *version;
        uint64_t room;
        int64_t limit;
        bool is_left_out;
        int line;
    } rows[] = {
        {"22.3.1", 800 * MB, 0, true, __LINE__}, {"23.2.1", 800 * MB, 0, true, __LINE__},
        {"23.3", 800 * MB, 0, false, __LINE__},  {"22.3.1", 8000 * MB, 0, false, __LINE__},
        {"22.3.1", 0, 0, false, __LINE__},       {"22.3.1", 8000 * MB, 900 * 1000000, true, __LINE__},
        {"25.0", 80 * MB, 0, false, __LINE__},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const tfd_fix *fix;
        tfd_dist pip;
        world w;

        begin(&w, &pip, rows[i].version, rows[i].room);
        if (rows[i].limit > 0)
            tfd_fact_set_int(&w.facts, TFD_FACT_LIMIT_AS, rows[i].limit, TFD_STR("ulimit -v"));
        assert_string_equal(diagnose(&w), "tf-missing");
        fix = &w.report.causes[0].fixes[0];
        if (leaves_cache_out(fix->commands, fix->command_count) != rows[i].is_left_out)
            fail_msg("line %d: %.*s", rows[i].line, TFD_ARG(fix->commands[fix->command_count - 1]));
        end(&w);
    }
}

static void test_what_the_log_says(void **state)
{
    static const struct {
        tfd_pip_end end;
        uint64_t room;
        const char *version, *cause;
        int line;
        bool is_of_another;
    } rows[] = {
        {TFD_PIP_END_MEMORY, 8000 * MB, "25.0", "tf-missing", __LINE__, true},
        {TFD_PIP_END_MEMORY, 8000 * MB, "25.0", "pip-out-of-memory", __LINE__, false},
        {TFD_PIP_END_DOWNLOADING, 400 * MB, "22.3", "pip-out-of-memory", __LINE__, false},
        {TFD_PIP_END_DOWNLOADING, 400 * MB, "25.0", "tf-missing", __LINE__, false},
        {TFD_PIP_END_DOWNLOADING, 8000 * MB, "22.3", "tf-missing", __LINE__, false},
        {TFD_PIP_END_SPACE, 400 * MB, "22.3", "tf-missing", __LINE__, false},
        {TFD_PIP_END_OTHER, 400 * MB, "22.3", "tf-missing", __LINE__, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *cause;
        tfd_dist pip;
        world w;

        begin(&w, &pip, rows[i].version, rows[i].room);
        w.facts.pip_log_path = TFD_STR("/home/me/pip.log");
        w.facts.pip_log_is_read = true;
        w.facts.pip_log.names_tensorflow = !rows[i].is_of_another;
        w.facts.pip_log.end = rows[i].end;
        w.facts.pip_log.text = TFD_STR("MemoryError");
        w.facts.pip_log.line = 93;
        cause = diagnose(&w);
        if (strcmp(cause, rows[i].cause) != 0)
            fail_msg("line %d: %s, then %s", rows[i].line, cause,
                     w.report.cause_count > 1 ? tfd_cause_name(w.report.causes[1].id) : "");
        if (strcmp(cause, "pip-out-of-memory") == 0) {
            const tfd_fix *fix = &w.report.causes[0].fixes[0];

            assert_int_equal(w.report.cause_count, 1);
            assert_true(leaves_cache_out(fix->commands, fix->command_count));
        }
        end(&w);
    }
}

static void test_constraints(void **state)
{
    static const struct {
        const char *key, *specifier, *setting;
        const char *command; /* the first; NULL: nothing before the installation */
        int line;
    } rows[] = {
        {"tensorflow", "==2.15.0", "", "unset PIP_CONSTRAINT", __LINE__},
        {"tensorflow", "<2.16", "", "unset PIP_CONSTRAINT", __LINE__},
        {"tensorflow", ">=2.16", "", NULL, __LINE__},
        {"protobuf", "==3.20.3", "", "unset PIP_CONSTRAINT", __LINE__},
        {"protobuf", "==3.20.3", "/etc/pip.conf", "export PIP_CONSTRAINT=/dev/null", __LINE__},
        {"protobuf", "!=4.21.0", "", NULL, __LINE__},
        {"pandas", "==1.0", "", NULL, __LINE__},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tfd_pip_constraint one = {.path = TFD_STR_INIT("/etc/constraints.txt"), .line = 7};
        const tfd_fix *fix;
        bool is_fine;
        tfd_dist pip;
        world w;

        begin(&w, &pip, "25.0", 9000 * MB);
        one.key = tfd_str_of(rows[i].key);
        one.specifier = tfd_str_of(rows[i].specifier);
        one.setting = tfd_str_of(rows[i].setting);
        w.facts.pip_constraints.items = &one;
        w.facts.pip_constraints.count = 1;
        assert_string_equal(diagnose(&w), "tf-missing");
        fix = &w.report.causes[0].fixes[0];
        is_fine = rows[i].command ? fix->command_count == 2 && tfd_str_is(fix->commands[0], rows[i].command)
                                  : fix->command_count == 1;
        if (!is_fine)
            fail_msg("line %d: %zu, %.*s", rows[i].line, fix->command_count, TFD_ARG(fix->commands[0]));
        end(&w);
    }
}

static void test_advice(void **state)
{
    (void)state;
    for (int is_small = 0; is_small < 2; is_small++) {
        static tfd_advise_target target;
        static tfd_advice advice;
        tfd_options options;
        tfd_err err;
        tfd_dist pip;
        world w;

        begin(&w, &pip, "22.3.1", is_small ? 900 * MB : 9000 * MB);
        memset(&options, 0, sizeof options);
        assert_int_equal(tfd_advise_aim(&options, &w.facts, w.kb, &w.arena, &target, &err), TFD_OK);
        assert_true(target.is_here);
        assert_int_equal(tfd_advise(&target, w.kb, &w.arena, &advice, &err), TFD_OK);
        assert_int_equal(leaves_cache_out(advice.commands, advice.command_count), is_small);
        assert_int_equal(advice.before_count, is_small);
        if (is_small)
            assert_int_equal(advice.before[0].cause, TFD_CAUSE_PIP_OUT_OF_MEMORY);
        end(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pip_that_cannot_hold_the_wheel),
        cmocka_unit_test(test_what_the_log_says),
        cmocka_unit_test(test_constraints),
        cmocka_unit_test(test_advice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
