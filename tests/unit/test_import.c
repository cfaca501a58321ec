#define _GNU_SOURCE 1

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/import.h"

#define POLL_US 50000u

static tfd_sys *sys;
static tfd_arena arena;
static char folder[] = "/tmp/test_import-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    tfd_arena_init(&arena, 0);
    return mkdtemp(folder) && chdir(folder) == 0 && tfd_sys_native_new(&sys, NULL) == TFD_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[64];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    tfd_sys_native_free(sys);
    tfd_arena_done(&arena);
    return system(command) == 0 ? 0 : -1; /* NOLINT(cert-env33-c): our own folder */
}

static tfd_import read_data(const char *data)
{
    tfd_import import = {0};

    assert_int_equal(tfd_import_read(&arena, tfd_str_of(data), &import), TFD_OK);
    return import;
}

static void test_read(void **state)
{
    tfd_import import = read_data(
        "[\"hello\",[3,12,1],\"cpython\",\"/v/bin/python\",\"/v\",\"/usr\",\".so\",[\"\",\"/usr/lib\"]]\n"
        "[\"stage\",\"import\"]\n"
        "[\"exception\",false,\"ImportError\",\"builtins\",\"a\\\"b\",\"x\",\"/x.so\",null,null,0,null,0,"
        "[[\"/a.py\",7,\"f\"],[\"/b.py\",8,\"g\"]]]\n"
        "[\"exception\",true,\"OSError\",\"builtins\",\"m\",null,null,null,null,13,\"/f\",0,[]]\n"
        "[\"modules\",[\"sys\",null,false],[\"google\",\"/g\",true]]\n"
        "[\"libraries\",\"/lib/libc.so.6\"]\n");

    (void)state;
    assert_true(tfd_str_is(import.version, "3.12.1"));
    assert_int_equal(import.stage, TFD_STAGE_IMPORT);
    assert_int_equal(import.sys_path.count, 2);
    assert_int_equal(import.exception_count, 2);
    assert_true(tfd_str_is(import.exceptions[0].message, "a\"b"));
    assert_int_equal(import.exceptions[0].frame_count, 2);
    assert_int_equal(import.exceptions[0].frames[1].line, 8);
    assert_int_equal(import.exceptions[1].os_code, 13);
    assert_true(import.exceptions[1].is_context);
    assert_int_equal(import.modules.count, 2);
    assert_true(import.modules.items[1].is_namespace);
    assert_int_equal(import.libraries.count, 1);
}

/* As CPython 3.6 to 3.14 write it. */
static void test_fatal(void **state)
{
    tfd_import import =
        read_data("[\"stage\",\"import\"]\n"
                  "Fatal Python error: Bus error\n\n"
                  "Current thread 0x00007f0e5c5d5740 (most recent call first):\n"
                  "  File \"<frozen importlib._bootstrap>\", line 488 in _call_with_frames_removed\n"
                  "  File \"/a \"b\", line 1.py\", line 30 in <module>\n"
                  "  File \"/no number\", line x in y\n"
                  "  ...\n\nExtension modules: numpy (total: 1)\n");

    (void)state;
    assert_int_equal(import.fatal_count, 1);
    assert_int_equal(import.fatal[0].line, 488);
    assert_true(tfd_str_is(import.fatal[0].function, "_call_with_frames_removed"));
}

static void test_lies(void **state)
{
    static const char *const lies[] = {
        "",
        "\n\n",
        "[",
        "[]\n",
        "{}\n",
        "[\"hello\"]\n",
        "[\"hello\",3,3,3,3,3,3,{\"a\":1}]\n",
        "[\"exception\"]\n",
        "[\"exception\",1,[],[],[],[],[],[],[],[],[],[],[[]]]\n",
        "[\"modules\",1,[],[1,2,3]]\n",
        "[\"stage\",7]\n",
        "[\"libraries\",null,1,[]]\n",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[\n",
        "  File \"\n",
        "  File \"x\", line \n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        tfd_import import = read_data(lies[i]);

        assert_true(import.stage <= TFD_STAGE_IMPORT);
        assert_int_equal(import.exception_count, 0);
        assert_int_equal(import.fatal_count, 0);
    }
}

static tfd_import run_import(const char *python, const char *module, const char *script)
{
    tfd_import_request request = {tfd_str_of(python), tfd_str_of(module), tfd_str_of(script), false, 20000};
    tfd_import_run *run;
    tfd_import import;
    tfd_err err = {0};

    if (tfd_import_start(sys, &arena, &request, &run, &err) != TFD_OK)
        fail_msg("%s", err.text);
    while (!tfd_import_poll(run, POLL_US))
        ;
    assert_int_equal(tfd_import_finish(run, &arena, &import), TFD_OK);
    tfd_import_free(run);
    return import;
}

/* Programs that are no Python: whatever they do, the import has failed and nothing is claimed beyond. */
static void test_impostors(void **state)
{
    static const char *const modes[] = {"exit", "liar", "flood-data", "daemon", "signal"};
    tfd_import import;

    (void)state;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        import = run_import(TFD_CHILD_HELPER, modes[i], "");
        assert_int_equal(import.status, TFD_IMPORT_FAILS);
        assert_int_equal(import.stage, TFD_STAGE_START);
        assert_int_equal(import.flooded, i == 2);
    }
    import = run_import("/nonexistent/python", "tensorflow", "");
    assert_int_equal(import.start_error, 2);
    assert_int_equal(import.exit_code, -1);
}

/* python3 on PATH. */
static const char *find_python(void)
{
    tfd_str rest;
    tfd_str entry;

    if (!sys->env(sys, "PATH", &rest))
        return NULL;
    while (rest.len) {
        tfd_str path;

        (void)tfd_str_cut(rest, ':', &entry, &rest);
        path = tfd_path_join(sys->style, &arena, entry, TFD_STR("python3"));
        if (sys->access(sys, path, TFD_ACCESS_EXEC, NULL) == TFD_OK)
            return path.ptr;
    }
    return NULL;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void test_python(void **state)
{
    static const struct {
        const char *module, *source;
        const char *type, *name;
        tfd_import_stage stage;
        int line;
    } cases[] = {
        {"fine", "x = 1\n", NULL, NULL, TFD_STAGE_DONE, __LINE__},
        {"missing", NULL, "ModuleNotFoundError", "missing", TFD_STAGE_IMPORT, __LINE__},
        {"lacking", "import no_such_module\n", "ModuleNotFoundError", "no_such_module", TFD_STAGE_IMPORT,
         __LINE__},
        {"leaving", "import sys\nsys.exit(3)\n", "SystemExit", "", TFD_STAGE_IMPORT, __LINE__},
        {"wrong", "def broken(:\n", "SyntaxError", "", TFD_STAGE_IMPORT, __LINE__},
        {"forbidden", "raise PermissionError(13, 'no', '/x')\n", "PermissionError", "", TFD_STAGE_IMPORT,
         __LINE__},
        {"nasty", "class E(Exception):\n  def __str__(s): raise s\nraise E\n", "E", "", TFD_STAGE_IMPORT,
         __LINE__},
        /* A file that hides a module of the standard library must not disturb the report itself. */
        {"json", "raise ValueError('mine')\n", "ValueError", "", TFD_STAGE_IMPORT, __LINE__},
        {"tensorflow", "constant = None\n", "TypeError", "", TFD_STAGE_USE, __LINE__},
    };
    const char *python = find_python();

    (void)state;
    if (!python) {
        print_message("no python3 on PATH: the import child is NOT TESTED\n");
        skip();
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char file[64];
        tfd_import import;

        (void)snprintf(file, sizeof file, "%s.py", cases[i].module);
        if (cases[i].source)
            write_file(file, cases[i].source);
        import = run_import(python, cases[i].module, "");
        if (import.stage != cases[i].stage || (import.exception_count == 0) != (cases[i].type == NULL))
            fail_msg("line %d: stage %d, %s", cases[i].line, (int)import.stage, import.err.ptr);
        assert_true(import.version.len > 0 && import.modules.complete && import.sys_path.count > 1);
        if (cases[i].type && (!tfd_str_is(import.exceptions[0].type, cases[i].type) ||
                              !tfd_str_is(import.exceptions[0].name, cases[i].name)))
            fail_msg("line %d: %.*s", cases[i].line, TFD_ARG(import.exceptions[0].type));
        (void)remove(file);
    }
}

static void test_fatal_signal(void **state)
{
    const char *python = find_python();
    tfd_import import;

    (void)state;
    if (!python)
        skip();
    write_file("dying.py", "import os, signal\ndef die():\n    os.kill(os.getpid(), signal.SIGBUS)\ndie()\n");
    import = run_import(python, "dying", "");
    assert_int_equal(import.signal, 7);
    assert_true(import.fatal_count >= 2);
    assert_true(tfd_str_is(import.fatal[0].function, "die"));
    assert_int_equal(import.fatal[0].line, 3);
    assert_true(tfd_str_ends_z(import.fatal[1].file, "/dying.py"));
    (void)remove("dying.py");
}

static void test_script_folder(void **state)
{
    const char *python = find_python();
    tfd_import import;

    (void)state;
    if (!python)
        skip();
    assert_int_equal(
        system("mkdir -p prog && echo x=1 > prog/beside.py && : > prog/main.py && ln -sf prog/main.py run"),
        0); /* NOLINT(cert-env33-c) */
    import = run_import(python, "beside", "run");
    assert_int_equal(import.status, TFD_IMPORT_OK);
    assert_true(tfd_str_ends_z(import.sys_path.items[0], "/prog"));
    assert_int_equal(access("prog/__pycache__", F_OK), -1);
    import = run_import(python, "beside", "");
    assert_int_equal(import.status, TFD_IMPORT_FAILS);
    import = run_import(python, "prog", ""); /* a folder without __init__.py */
    assert_true(import.is_namespace);
    assert_int_equal(import.status, TFD_IMPORT_FAILS);
}

/* Keras writes its default configuration where there is none: then it is sent elsewhere. A file that is there
 * stays in force. */
static void test_keras_home(void **state)
{
    const char *python = find_python();
    tfd_import import;

    (void)state;
    if (!python)
        skip();
    assert_int_equal(setenv("HOME", folder, 1), 0);
    assert_int_equal(unsetenv("KERAS_HOME"), 0);
    write_file("told.py", "import os\nraise LookupError(os.environ.get('KERAS_HOME', 'none'))\n");
    import = run_import(python, "told", "");
    assert_int_equal(import.exception_count, 1);
    assert_true(tfd_str_ends_z(import.exceptions[0].message, "/keras"));
    assert_int_equal(system("mkdir .keras && echo '{}' > .keras/keras.json"), 0); /* NOLINT(cert-env33-c) */
    import = run_import(python, "told", "");
    assert_int_equal(import.exception_count, 1);
    assert_true(tfd_str_is(import.exceptions[0].message, "none"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),          cmocka_unit_test(test_fatal),
        cmocka_unit_test(test_lies),          cmocka_unit_test(test_impostors),
        cmocka_unit_test(test_python),        cmocka_unit_test(test_fatal_signal),
        cmocka_unit_test(test_script_folder), cmocka_unit_test(test_keras_home),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
