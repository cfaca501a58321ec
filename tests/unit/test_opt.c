#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/opt.h"

#define WORDS_MAX 12

static const tfd_opt_command commands[] = {
    {"check", NULL, 0, 0, "Examine one environment"},
    {"list", "[checks|causes|facts]", 0, 1, "What there is"},
    {"show", "ID", 1, 1, "All about one cause"},
    {"advise", NULL, 0, 0, "Which release suits"},
};
static const char *const checks[] = {"deps", "import", "native", "record"};
static const tfd_opt_names names = {commands, 4, checks, 4};

/* Cuts a line at blanks, as a shell would without quotes; "''" is the empty word. */
static int cut_line(const char *line, char *text, size_t size, const char **argv)
{
    int argc = 1;

    (void)snprintf(text, size, "%s", line);
    argv[0] = "tfdiag";
    for (char *at = text; *at && argc < WORDS_MAX;) {
        argv[argc++] = strncmp(at, "''", 2) == 0 ? "" : at;
        at += strcspn(at, " ");
        if (*at)
            *at++ = '\0';
    }
    return argc;
}

static tfd_status parse(const char *line, tfd_request *request, tfd_usage *usage)
{
    static char text[512]; /* the request keeps slices of it */
    const char *argv[WORDS_MAX];

    return tfd_opt_parse(cut_line(line, text, sizeof text, argv), argv, &names, request, usage);
}

/* What was understood, as one string; defaults are left out. */
static void describe(const tfd_request *r, char *out, size_t size)
{
    const tfd_options *o = &r->options;
    size_t n = (size_t)snprintf(out, size, "%s", commands[r->command].name);

#define ADD(...) n += (size_t)snprintf(out + n, n < size ? size - n : 0, __VA_ARGS__)
    for (size_t i = 0; i < r->word_count; i++)
        ADD(" %.*s", TFD_ARG(r->words[i]));
    if (o->python.len)
        ADD(" python=%.*s", TFD_ARG(o->python));
    if (!tfd_str_is(o->module, "tensorflow"))
        ADD(" module=%.*s", TFD_ARG(o->module));
    if (o->script.len)
        ADD(" script=%.*s", TFD_ARG(o->script));
    if (o->expect)
        ADD(" expect=%d", (int)o->expect);
    if (o->fail_on)
        ADD(" fail_on=%d", (int)o->fail_on);
    if (o->timeout_ms != 120000)
        ADD(" ms=%u", (unsigned)o->timeout_ms);
    for (size_t i = 0; i < o->only.count; i++)
        ADD(" only=%.*s", TFD_ARG(o->only.items[i]));
    for (size_t i = 0; i < o->skip.count; i++)
        ADD(" skip=%.*s", TFD_ARG(o->skip.items[i]));
    if (o->kb_dir.len)
        ADD(" kb=%.*s", TFD_ARG(o->kb_dir));
    if (!tfd_str_is(o->format, "text"))
        ADD(" format=%.*s", TFD_ARG(o->format));
    if (o->output.len)
        ADD(" output=%.*s", TFD_ARG(o->output));
    if (o->color)
        ADD(" color=%d", (int)o->color);
    if (o->want)
        ADD(" want=%d", (int)o->want);
    if (o->platform.len)
        ADD(" platform=%.*s", TFD_ARG(o->platform));
    if (o->glibc.len)
        ADD(" glibc=%.*s", TFD_ARG(o->glibc));
    if (o->driver.len)
        ADD(" driver=%.*s", TFD_ARG(o->driver));
    if (o->gpu.len)
        ADD(" gpu=%.*s", TFD_ARG(o->gpu));
    if (o->tensorflow.len)
        ADD(" tf=%.*s", TFD_ARG(o->tensorflow));
    for (size_t i = 0; i < o->with.count; i++)
        ADD(" with=%.*s", TFD_ARG(o->with.items[i]));
    if (o->index_url.len)
        ADD(" index=%.*s", TFD_ARG(o->index_url));
    ADD("%s", o->online ? " online" : "");
    ADD("%s%s%s%s%s%s%s", o->no_run ? " no-run" : "", o->deep ? " deep" : "", o->verbose ? " verbose" : "",
        o->stat ? " stat" : "", r->help ? " help" : "", r->version ? " version" : "", r->json ? " json" : "");
#undef ADD
}

static void test_lines(void **state)
{
    static const struct {
        int line;
        const char *input;
        const char *expected;
    } cases[] = {
        {__LINE__, "", "check"},
        {__LINE__, "check", "check"},
        {__LINE__, "--json", "check format=json json"},
        {__LINE__, "--json check", "check format=json json"},
        {__LINE__, "check --json --format text", "check"},
        {__LINE__, "--format=json", "check format=json json"},
        {__LINE__, "--python /x/python check --no-run", "check python=/x/python no-run"},
        {__LINE__, "--python=a=b", "check python=a=b"},
        {__LINE__, "--python a --python b", "check python=b"},
        {__LINE__, "--python=--odd", "check python=--odd"},
        {__LINE__, "--module tensorflow.keras", "check module=tensorflow.keras"},
        {__LINE__, "--module _a.b1", "check module=_a.b1"},
        {__LINE__, "--expect import --fail-on gpu", "check expect=1 fail_on=2"},
        {__LINE__, "--expect gpu --fail-on warning", "check expect=2 fail_on=3"},
        {__LINE__, "--timeout 1", "check ms=1000"},
        {__LINE__, "--timeout 0.5", "check ms=500"},
        {__LINE__, "--timeout .25", "check ms=250"},
        {__LINE__, "--timeout 0.0001", "check ms=1"},
        {__LINE__, "--timeout 86400", "check ms=86400000"},
        {__LINE__, "--only deps,native --only import,deps", "check only=deps only=native only=import"},
        {__LINE__, "--skip=record", "check skip=record"},
        {__LINE__, "--only deps,", "check only=deps"},
        {__LINE__, "-v --stat --deep", "check deep verbose stat"},
        {__LINE__, "-o out.json", "check output=out.json"},
        {__LINE__, "-oout.json", "check output=out.json"},
        {__LINE__, "-vo out.json", "check output=out.json verbose"},
        {__LINE__, "-o -", "check"},
        {__LINE__, "--output=x", "check output=x"},
        {__LINE__, "--color always", "check color=1"},
        {__LINE__, "--kb dir", "check kb=dir"},
        {__LINE__, "advise", "advise"},
        {__LINE__, "advise --want gpu --driver 470 --gpu 8.6 --glibc 2.31",
         "advise want=2 glibc=2.31 driver=470 gpu=8.6"},
        {__LINE__, "advise --want cpu --platform win_amd64 --tensorflow <2.16",
         "advise want=1 platform=win_amd64 tf=<2.16"},
        {__LINE__, "advise --with a,b --with b,c, --online --index-url x",
         "advise with=a with=b with=c index=x online"},
        {__LINE__, "list", "list"},
        {__LINE__, "list causes --json", "list causes format=json json"},
        {__LINE__, "--color=never show dep-numpy", "show dep-numpy color=2"},
        {__LINE__, "show -- --odd", "show --odd"},
        {__LINE__, "-- check", "check"},
        {__LINE__, "--help", "check help"},
        {__LINE__, "show --help", "show help"},
        {__LINE__, "-h", "check help"},
        {__LINE__, "--version --json", "check format=json version json"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tfd_request request;
        tfd_usage usage;
        char got[512];

        if (parse(cases[i].input, &request, &usage) != TFD_OK)
            fail_msg("line %d: refused: %s", cases[i].line, usage.message);
        describe(&request, got, sizeof got);
        if (strcmp(got, cases[i].expected) != 0)
            fail_msg("line %d: '%s', expected '%s'", cases[i].line, got, cases[i].expected);
        assert_string_equal("", usage.message);
    }
}

static void test_refused(void **state)
{
    static const struct {
        int line;
        const char *input;
        const char *message; /* whole */
        const char *hint;    /* that it holds */
        bool json;
    } cases[] = {
        {__LINE__, "--pyton x", "there is no option --pyton", "Did you mean --python?", false},
        {__LINE__, "--verb", "there is no option --verb", "Did you mean --verbose?", false},
        {__LINE__, "--xyzzy", "there is no option --xyzzy", "--help", false},
        {__LINE__, "--prove", "there is no option --prove", "--help", false},
        {__LINE__, "--upside --json", "there is no option --upside", "--help", true},
        {__LINE__, "list --online --json", "'tfdiag list' has no option --online", "list --help", true},
        {__LINE__, "--want gpu", "'tfdiag check' has no option --want", "check --help", false},
        {__LINE__, "advise --deep", "'tfdiag advise' has no option --deep", "advise --help", false},
        {__LINE__, "advise --want both", "--want: 'both' is not known", "cpu|gpu", false},
        {__LINE__, "advise --glibc", "--glibc needs a value (VERSION)", "--help", false},
        {__LINE__, "advise x", "'x' is one word too many for 'tfdiag advise'", "advise --help", false},
        {__LINE__, "--json -x", "there is no option -x", "--help", true},
        {__LINE__, "-vx", "there is no option -x", "--help", false},
        {__LINE__, "--format=json --bad=1", "there is no option --bad", "", true},
        {__LINE__, "--bad -- --json", "there is no option --bad", "", false},
        {__LINE__, "explain", "there is no command 'explain'", "--help", false},
        {__LINE__, "chekc", "there is no command 'chekc'", "tfdiag check", false},
        {__LINE__, "check extra", "'extra' is one word too many for 'tfdiag check'", "check --help", false},
        {__LINE__, "show", "'tfdiag show' needs ID", "show --help", false},
        {__LINE__, "show a b", "'b' is one word too many for 'tfdiag show'", "", false},
        {__LINE__, "list --deep", "'tfdiag list' has no option --deep", "list --help", false},
        {__LINE__, "a b c d e", "'e' is one word too many", "", false},
        {__LINE__, "--python", "--python needs a value (PATH)", "--help", false},
        {__LINE__, "--python ''", "--python needs a value (PATH)", "", false},
        {__LINE__, "--python=", "--python needs a value (PATH)", "", false},
        {__LINE__, "--timeout --json", "--timeout needs a value (SECONDS)", "", true},
        {__LINE__, "--json=1", "--json takes no value, '1' was given", "--json alone", false},
        {__LINE__, "--no-run=yes", "--no-run takes no value, 'yes' was given", "", false},
        {__LINE__, "--timeout 0", "--timeout: '0' is no time", "86400", false},
        {__LINE__, "--timeout 0.0", "--timeout: '0.0' is no time", "", false},
        {__LINE__, "--timeout -5", "--timeout: '-5' is no time", "", false},
        {__LINE__, "--timeout abc", "--timeout: 'abc' is no time", "", false},
        {__LINE__, "--timeout 1e3", "--timeout: '1e3' is no time", "", false},
        {__LINE__, "--timeout .", "--timeout: '.' is no time", "", false},
        {__LINE__, "--timeout 86400.001", "--timeout: '86400.001' is no time", "", false},
        {__LINE__, "--timeout 99999999999999999999999", "--timeout: '99999999999999999999999' is no time", "",
         false},
        {__LINE__, "--expect cpu", "--expect: 'cpu' is not known", "import|gpu", false},
        {__LINE__, "--fail-on nothing", "--fail-on: 'nothing' is not known", "warning", false},
        {__LINE__, "--format html", "--format: 'html' is not known", "text|json", false},
        {__LINE__, "--color blue", "--color: 'blue' is not known", "auto", false},
        {__LINE__, "--only dep", "--only: there is no check 'dep'", "Did you mean 'deps'?", false},
        {__LINE__, "--skip nosuch", "--skip: there is no check 'nosuch'", "list checks", false},
        {__LINE__, "--only ,", "--only: ',' names no check", "list checks", false},
        {__LINE__, "--module 1x", "--module: '1x' is no module name", "import statement", false},
        {__LINE__, "--module a..b", "--module: 'a..b' is no module name", "", false},
        {__LINE__, "--module tensor-flow", "--module: 'tensor-flow' is no module name", "", false},
        {__LINE__, "--module os;x", "--module: 'os;x' is no module name", "", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tfd_request request;
        tfd_usage usage;

        if (parse(cases[i].input, &request, &usage) != TFD_EUSAGE)
            fail_msg("line %d: accepted", cases[i].line);
        if (strcmp(usage.message, cases[i].message) != 0)
            fail_msg("line %d: '%s'", cases[i].line, usage.message);
        if (!strstr(usage.hint, cases[i].hint))
            fail_msg("line %d: hint '%s'", cases[i].line, usage.hint);
        if (request.json != cases[i].json)
            fail_msg("line %d: json", cases[i].line);
    }
}

/* A name may be as long as the system lets an argument be. */
static void test_long_words(void **state)
{
    static char word[100000];
    const char *argv[] = {"tfdiag", word};
    tfd_request request;
    tfd_usage usage;

    (void)state;
    memset(word, '-', 2);
    memset(word + 2, 'a', sizeof word - 3);
    assert_int_equal(TFD_EUSAGE, tfd_opt_parse(2, argv, &names, &request, &usage));
    assert_true(strlen(usage.message) < sizeof usage.message);
    word[0] = word[1] = 'a';
    assert_int_equal(TFD_EUSAGE, tfd_opt_parse(2, argv, &names, &request, &usage));
}

static void test_help(void **state)
{
    tfd_buf out;

    (void)state;
    for (size_t width = 30; width <= 120; width += 30) {
        tfd_buf_init(&out, 1 << 16);
        tfd_opt_help(&names, 0, false, width, &out);
        assert_false(out.failed);
        for (int i = 0; i < TFD_OPT_COUNT; i++)
            assert_true(tfd_str_find_z(tfd_buf_get(&out), tfd_opt_get((tfd_opt_id)i)->name) != TFD_NPOS);
        for (size_t i = 0; i < 4; i++)
            assert_true(tfd_str_find_z(tfd_buf_get(&out), commands[i].name) != TFD_NPOS);
        tfd_buf_done(&out);
    }
    tfd_buf_init(&out, 1 << 16);
    tfd_opt_help(&names, 1, true, 80, &out);
    assert_true(tfd_str_find_z(tfd_buf_get(&out), "--json") != TFD_NPOS);
    assert_true(tfd_str_find_z(tfd_buf_get(&out), "--deep") == TFD_NPOS);
    tfd_buf_done(&out);
}

/* Names and letters stand for one option each. */
static void test_table(void **state)
{
    (void)state;
    for (int i = 0; i < TFD_OPT_COUNT; i++)
        for (int k = 0; k < i; k++) {
            const tfd_opt *a = tfd_opt_get((tfd_opt_id)i), *b = tfd_opt_get((tfd_opt_id)k);

            assert_string_not_equal(a->name, b->name);
            assert_true(a->letter == 0 || a->letter != b->letter);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines), cmocka_unit_test(test_refused), cmocka_unit_test(test_long_words),
        cmocka_unit_test(test_help),  cmocka_unit_test(test_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
