#define _GNU_SOURCE 1

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sys/sys.h"

/* The machine lies in tests/unit/windows_machine: a checkout keeps all of it. */
static tfd_sys *host;
static tfd_sys *sys;
static tfd_arena arena;

static int set_up(void **state)
{
    tfd_err err = {0};

    (void)state;
    tfd_arena_init(&arena, 0);
    if (tfd_sys_native_new(&host, NULL) != TFD_OK)
        return -1;
    if (tfd_sys_fixture_new(host, TFD_STR(TFD_TEST_DATA "/unit/windows_machine"), &sys, &err) == TFD_OK)
        return 0;
    print_error("%s\n", err.text);
    return -1;
}

static int tear_down(void **state)
{
    (void)state;
    tfd_sys_fixture_free(sys);
    tfd_sys_native_free(host);
    tfd_arena_done(&arena);
    return 0;
}

static void test_stat(void **state)
{
    static const struct {
        int line;
        const char *path;
        bool follow;
        tfd_status status;
        tfd_kind kind;
        uint32_t attributes, reparse_tag;
    } table[] = {
        {__LINE__, "C:\\Windows\\System32\\kernel32.dll", true, TFD_OK, TFD_KIND_FILE, 0x20, 0},
        {__LINE__, "c:/windows/SYSTEM32/Kernel32.DLL", true, TFD_OK, TFD_KIND_FILE, 0x20, 0},
        {__LINE__, "\\\\?\\C:\\Windows\\System32", true, TFD_OK, TFD_KIND_DIR, 0x10, 0},
        {__LINE__, "C:\\", true, TFD_OK, TFD_KIND_DIR, 0x10, 0},
        {__LINE__, "C:\\Windows\\..\\windows\\.\\system32\\", true, TFD_OK, TFD_KIND_DIR, 0x10, 0},
        {__LINE__, "\\Windows", true, TFD_OK, TFD_KIND_DIR, 0x10, 0},
        {__LINE__, "C:note.txt", true, TFD_OK, TFD_KIND_FILE, 0x21, 0},
        {__LINE__, "note.txt", true, TFD_OK, TFD_KIND_FILE, 0x21, 0},
        {__LINE__, "C:Windows", true, TFD_ENOENT, TFD_KIND_NONE, 0, 0},
        {__LINE__, "D:note.txt", true, TFD_ENOENT, TFD_KIND_NONE, 0, 0},
        {__LINE__, "\\\\Server\\share\\far.txt", true, TFD_OK, TFD_KIND_FILE, 0x20, 0},
        {__LINE__, "\\\\?\\UNC\\server\\share\\far.txt", true, TFD_OK, TFD_KIND_FILE, 0x20, 0},
        {__LINE__, "C:\\absent", true, TFD_ENOENT, TFD_KIND_NONE, 0, 0},
        {__LINE__, "C:\\Users\\me\\note.txt\\x", true, TFD_ENOENT, TFD_KIND_NONE, 0, 0},
        {__LINE__, "C:\\Users\\me\\alias.exe", true, TFD_OK, TFD_KIND_FILE, 0x20, TFD_REPARSE_APPEXECLINK},
        {__LINE__, "C:\\Users\\me\\cloud.dll", true, TFD_OK, TFD_KIND_FILE, 0x401020, 0},
        {__LINE__, "C:\\USERS\\me\\junction", false, TFD_OK, TFD_KIND_LINK, 0x420, 0xA0000003},
        {__LINE__, "C:\\USERS\\me\\junction", true, TFD_OK, TFD_KIND_DIR, 0x10, 0},
        {__LINE__, "C:\\Users\\me\\JUNCTION\\kernel32.dll", false, TFD_OK, TFD_KIND_FILE, 0x20, 0},
        {__LINE__, "C:\\Users\\me\\up\\note.txt", true, TFD_OK, TFD_KIND_FILE, 0x21, 0},
        {__LINE__, "C:\\loop", true, TFD_EIO, TFD_KIND_NONE, 0, 0},
        {__LINE__, "C:\\Users\\me\\note.txt:Zone.Identifier", true, TFD_OK, TFD_KIND_FILE, 0x20, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        tfd_stat info = {0};
        tfd_err err = {0};
        tfd_status st = sys->stat(sys, tfd_str_of(table[i].path), table[i].follow, &info, &err);

        if (st != table[i].status)
            fail_msg("line %d: status %d: %s", table[i].line, (int)st, err.text);
        if (st == TFD_OK && (info.kind != table[i].kind || info.attributes != table[i].attributes ||
                             info.reparse_tag != table[i].reparse_tag))
            fail_msg("line %d: kind %d, attributes %#x, tag %#x", table[i].line, (int)info.kind,
                     (unsigned)info.attributes, (unsigned)info.reparse_tag);
    }
}

static void test_open(void **state)
{
    static const struct {
        int line;
        const char *path;
        tfd_status status;
        int os_code;
    } table[] = {
        {__LINE__, "c:\\users\\ME\\NOTE.TXT", TFD_OK, 0},
        {__LINE__, "C:\\Users\\me\\alias.exe", TFD_EIO, 1920},
        {__LINE__, "C:\\Users\\me\\virus.dll", TFD_EACCESS, 225},
        {__LINE__, "C:\\Users\\me\\denied.dll", TFD_EACCESS, 5},
        {__LINE__, "C:\\Users\\me\\absent.dll", TFD_ENOENT, 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        tfd_file file = TFD_FILE_NONE;
        tfd_err err = {0};
        tfd_status st = sys->open(sys, tfd_str_of(table[i].path), &file, &err);

        if (st != table[i].status || err.os_code != table[i].os_code)
            fail_msg("line %d: status %d, code %d", table[i].line, (int)st, err.os_code);
        sys->close(sys, &file);
    }
}

static void test_folders(void **state)
{
    static const char *const names[] = {"alias.exe", "cloud.dll", "denied.dll", "junction",
                                        "note.txt",  "up",        "virus.dll"};
    tfd_stat_item items[] = {{.name = TFD_STR_INIT("NOTE.txt")}, {.name = TFD_STR_INIT("absent")}};
    tfd_dirents list;
    tfd_str out;

    (void)state;
    assert_int_equal(sys->list(sys, &arena, TFD_STR("c:\\users\\me"), &list, NULL), TFD_OK);
    assert_int_equal(list.count, 7);
    for (size_t i = 0; i < list.count; i++)
        assert_string_equal(list.items[i].name.ptr, names[i]);
    assert_int_equal(sys->stat_many(sys, TFD_STR("C:\\users\\me"), items, 2, NULL), TFD_OK);
    assert_int_equal(items[0].status, TFD_OK);
    assert_int_equal(items[1].status, TFD_ENOENT);
    assert_int_equal(sys->readlink(sys, &arena, TFD_STR("C:\\Users\\me\\junction"), &out, NULL), TFD_OK);
    assert_string_equal(out.ptr, "C:\\Windows\\System32");
    assert_int_equal(sys->readlink(sys, &arena, TFD_STR("C:\\Users\\me\\note.txt"), &out, NULL), TFD_EIO);
    assert_int_equal(sys->realpath(sys, &arena, TFD_STR("c:/users/me/junction/KERNEL32.dll"), &out, NULL),
                     TFD_OK);
    /* Where the host does not mind the case either, a name stays as it was asked for. */
    assert_true(host->style == TFD_PATH_WINDOWS
                    ? tfd_str_eq_nocase(out, TFD_STR("C:\\Windows\\System32\\kernel32.dll"))
                    : tfd_str_is(out, "C:\\Windows\\System32\\kernel32.dll"));
    assert_int_equal(sys->access(sys, TFD_STR("C:\\Users\\me\\note.txt"), TFD_ACCESS_WRITE, NULL),
                     TFD_EACCESS);
    assert_int_equal(sys->access(sys, TFD_STR("C:\\Users\\me\\cloud.dll"), TFD_ACCESS_EXEC, NULL), TFD_OK);
}

static void test_registry(void **state)
{
    static const struct {
        int line;
        tfd_reg_root root;
        tfd_reg_view view;
        const char *key, *name;
        tfd_status status;
        const char *text;
        uint64_t number;
    } table[] = {
        {__LINE__, TFD_REG_LOCAL_MACHINE, TFD_REG_VIEW_64, "SOFTWARE\\VC", "Version", TFD_OK, "v14.44", 0},
        {__LINE__, TFD_REG_LOCAL_MACHINE, TFD_REG_VIEW_64, "software\\vc", "VERSION", TFD_OK, "v14.44", 0},
        {__LINE__, TFD_REG_LOCAL_MACHINE, TFD_REG_VIEW_64, "SOFTWARE\\VC", "Major", TFD_OK, NULL, 14},
        {__LINE__, TFD_REG_LOCAL_MACHINE, TFD_REG_VIEW_32, "SOFTWARE\\VC", "Version", TFD_OK, "v14.29", 0},
        {__LINE__, TFD_REG_LOCAL_MACHINE, TFD_REG_VIEW_32, "SOFTWARE\\WOW6432Node\\VC", "Version", TFD_OK,
         "v14.29", 0},
        {__LINE__, TFD_REG_LOCAL_MACHINE, TFD_REG_VIEW_32, "SOFTWARE\\Empty", "x", TFD_ENOENT, NULL, 0},
        {__LINE__, TFD_REG_CURRENT_USER, TFD_REG_VIEW_32, "Software\\Python\\PythonCore\\3.10\\InstallPath",
         "", TFD_OK, "C:\\Py", 0},
        {__LINE__, TFD_REG_CURRENT_USER, TFD_REG_VIEW_64, "Software\\Python", "", TFD_ENOENT, NULL, 0},
        {__LINE__, TFD_REG_CURRENT_USER, TFD_REG_VIEW_64, "Software\\List", "many", TFD_OK, "a\nb", 0},
    };
    tfd_dirents keys;

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        tfd_reg_value value = {0};
        tfd_status st = tfd_sys_reg_value(sys, &arena, table[i].root, table[i].view, tfd_str_of(table[i].key),
                                          tfd_str_of(table[i].name), &value, NULL);

        if (st != table[i].status)
            fail_msg("line %d: status %d", table[i].line, (int)st);
        if (st == TFD_OK && (value.is_number != (table[i].text == NULL) || value.number != table[i].number ||
                             (table[i].text && !tfd_str_is(value.text, table[i].text))))
            fail_msg("line %d: \"%.*s\"", table[i].line, TFD_ARG(value.text));
    }
    assert_int_equal(tfd_sys_reg_keys(sys, &arena, TFD_REG_CURRENT_USER, TFD_REG_VIEW_64,
                                      TFD_STR("software\\python\\pythoncore"), &keys, NULL),
                     TFD_OK);
    assert_int_equal(keys.count, 2);
    assert_string_equal(keys.items[0].name.ptr, "3.10");
    assert_string_equal(keys.items[1].name.ptr, "3.9");
    assert_int_equal(tfd_sys_reg_keys(sys, &arena, TFD_REG_LOCAL_MACHINE, TFD_REG_VIEW_64,
                                      TFD_STR("SOFTWARE\\Empty"), &keys, NULL),
                     TFD_OK);
    assert_int_equal(keys.count, 0);
    assert_int_equal(tfd_sys_reg_keys(sys, &arena, TFD_REG_LOCAL_MACHINE, TFD_REG_VIEW_64,
                                      TFD_STR("SOFTWARE\\Absent"), &keys, NULL),
                     TFD_ENOENT);
    assert_int_equal(tfd_sys_reg_keys(host, &arena, TFD_REG_LOCAL_MACHINE, TFD_REG_VIEW_64,
                                      TFD_STR("SOFTWARE\\Absent"), &keys, NULL),
                     host->reg_keys ? TFD_ENOENT : TFD_EUNSUPPORTED);
}

static void test_machine(void **state)
{
    const tfd_system *system = sys->system(sys);
    tfd_mount mount;
    tfd_str value;

    (void)state;
    assert_int_equal(sys->style, TFD_PATH_WINDOWS);
    assert_int_equal(system->os, TFD_OS_WINDOWS);
    assert_string_equal(system->windows_dir.ptr, "C:\\Windows");
    assert_string_equal(system->system_dir.ptr, "C:\\Windows\\System32");
    assert_int_equal(system->build, 19045);
    assert_int_equal(system->uid, 1);
    assert_true(system->is_wine);
    assert_true(system->commit_limit == 8589934592u && system->commit_free == 1048576u);
    assert_true(sys->env(sys, "PATH", &value) && tfd_str_is(value, "C:\\Windows"));
    assert_int_equal(sys->mount_of(sys, &arena, TFD_STR("c:\\users"), &mount, NULL), TFD_OK);
    assert_string_equal(mount.fstype.ptr, "NTFS");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stat),     cmocka_unit_test(test_open),    cmocka_unit_test(test_folders),
        cmocka_unit_test(test_registry), cmocka_unit_test(test_machine),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
