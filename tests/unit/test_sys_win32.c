#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sys/child_win32.h"
#include "sys/host.h"
#include "sys/os_win32.h"
#include "sys/sys.h"
#include "sys/sys_win32.h"

#define TEST_KEY "Software\\tfdiag-test"

static tfd_sys *sys;
static tfd_arena arena;
static tfd_str folder; /* of the test */

/* A path below the test's folder. */
static tfd_str at(const char *name)
{
    return tfd_arena_fmt(&arena, "%.*s\\%s", TFD_ARG(folder), name);
}

static void write_file(const char *name, const char *text)
{
    tfd_err err = {0};

    if (tfd_host_write_file(at(name), tfd_str_of(text), &err) != TFD_OK)
        fail_msg("%s", err.text);
}

static void make_folder(tfd_str path)
{
    tfd_win32_path z;

    assert_int_equal(tfd_win32_path_of(path, 0, &z, NULL), TFD_OK);
    if (!CreateDirectoryW(z.z, NULL))
        fail_msg("%.*s: error %lu", TFD_ARG(path), (unsigned long)GetLastError());
    tfd_win32_path_done(&z);
}

static void set_attributes(tfd_str path, DWORD attributes)
{
    tfd_win32_path z;

    assert_int_equal(tfd_win32_path_of(path, 0, &z, NULL), TFD_OK);
    assert_true(SetFileAttributesW(z.z, attributes));
    tfd_win32_path_done(&z);
}

static int set_up(void **state)
{
    WCHAR units[MAX_PATH + 1];
    tfd_str temp;

    (void)state;
    tfd_arena_init(&arena, 0);
    if (!GetTempPathW(MAX_PATH, units) || tfd_sys_native_new(&sys, NULL) != TFD_OK)
        return -1;
    temp = tfd_win32_text_z(&arena, units);
    folder = tfd_arena_fmt(&arena, "%.*stest_sys-%lu-\xC3\xA9\xE6\xBC\xA2", TFD_ARG(temp),
                           (unsigned long)GetCurrentProcessId());
    make_folder(folder);
    write_file("abc", "abc");
    make_folder(at("d"));
    write_file("d\\b", "");
    write_file("d\\a.PY", "12345");
    write_file("d\\c.exe", "x");
    make_folder(at("d\\sub"));
    write_file("d\\sub\\x", "xyz");
    write_file("d\\\xC3\xBC", "1");
    write_file("d\\read-only", "1");
    set_attributes(at("d\\read-only"), FILE_ATTRIBUTE_READONLY);
    make_folder(at("empty"));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tfd_win32_scratch_remove(folder);
    tfd_sys_native_free(sys);
    tfd_arena_done(&arena);
    return 0;
}

static void test_open(void **state)
{
    static const struct {
        int line;
        const char *name;
        tfd_status status;
        int os_code;
    } table[] = {
        {__LINE__, "abc", TFD_OK, 0},
        {__LINE__, "ABC", TFD_OK, 0},
        {__LINE__, "d/a.py", TFD_OK, 0},
        {__LINE__, "d\\..\\abc", TFD_OK, 0},
        {__LINE__, "missing", TFD_ENOENT, ERROR_FILE_NOT_FOUND},
        {__LINE__, "missing\\x", TFD_ENOENT, ERROR_PATH_NOT_FOUND},
        {__LINE__, "abc\\x", TFD_ENOENT, ERROR_PATH_NOT_FOUND},
        {__LINE__, "d", TFD_EIO, 336},
        {__LINE__, "d\\*", TFD_ENOENT, ERROR_INVALID_NAME},
    };
    static const char with_nul[] = "C:\\windows\\win.ini\0x";
    tfd_file file = TFD_FILE_NONE;

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        tfd_err err = {0};
        tfd_status st = sys->open(sys, at(table[i].name), &file, &err);

        if (st != table[i].status || err.os_code != table[i].os_code)
            fail_msg("line %d: status %d: %s", table[i].line, (int)st, err.text);
        sys->close(sys, &file);
        assert_true(file.handle == TFD_FILE_NONE.handle);
        sys->close(sys, &file);
    }
    assert_int_equal(sys->open(sys, (tfd_str){with_nul, sizeof with_nul - 1}, &file, NULL), TFD_ENOENT);
    assert_int_equal(sys->open(sys, (tfd_str){NULL, 0}, &file, NULL), TFD_ENOENT);
    assert_int_equal(sys->open(sys, TFD_STR("NUL"), &file, NULL), TFD_EIO);
}

static void test_read(void **state)
{
    tfd_file file = TFD_FILE_NONE;
    tfd_str text;
    char bytes[8];
    size_t got;

    (void)state;
    assert_int_equal(sys->open(sys, at("abc"), &file, NULL), TFD_OK);
    assert_int_equal(file.size, 3);
    assert_int_equal(sys->read_at(sys, &file, 1, bytes, 8, &got, NULL), TFD_OK);
    assert_int_equal(got, 2);
    assert_memory_equal(bytes, "bc", 2);
    assert_int_equal(sys->read_at(sys, &file, UINT64_MAX, bytes, 8, &got, NULL), TFD_OK);
    assert_int_equal(got, 0);
    assert_int_equal(sys->read_at(sys, &file, (uint64_t)5 << 32, bytes, 8, &got, NULL), TFD_OK);
    assert_int_equal(got, 0);
    sys->close(sys, &file);
    assert_int_equal(tfd_sys_read_file(sys, &arena, at("abc"), 3, &text, NULL), TFD_OK);
    assert_string_equal(text.ptr, "abc");
    assert_int_equal(tfd_sys_read_file(sys, &arena, at("abc"), 2, &text, NULL), TFD_ELIMIT);
}

static void test_stat(void **state)
{
    static const struct {
        int line;
        const char *name;
        tfd_kind kind;
        uint64_t size;
        uint32_t mode;
    } table[] = {
        {__LINE__, "abc", TFD_KIND_FILE, 3, 0666},          {__LINE__, "d", TFD_KIND_DIR, 0, 0777},
        {__LINE__, "d\\c.EXE", TFD_KIND_FILE, 1, 0777},     {__LINE__, "d\\sub\\x", TFD_KIND_FILE, 3, 0666},
        {__LINE__, "d\\read-only", TFD_KIND_FILE, 1, 0444}, {__LINE__, "d\\\xC3\xBC", TFD_KIND_FILE, 1, 0666},
        {__LINE__, "missing", TFD_KIND_NONE, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        for (int follow = 0; follow < 2; follow++) {
            tfd_stat info = {0};
            tfd_status st = sys->stat(sys, at(table[i].name), follow, &info, NULL);

            if ((st == TFD_OK) != (table[i].kind != TFD_KIND_NONE) || info.kind != table[i].kind ||
                info.size != table[i].size || info.mode != table[i].mode)
                fail_msg("line %d: status %d, kind %d, size %u, mode %o", table[i].line, (int)st,
                         (int)info.kind, (unsigned)info.size, (unsigned)info.mode);
            assert_true(st != TFD_OK || info.mtime > 1600000000);
        }
}

/* The folder as a whole and one file after the other give the same. */
static void test_stat_many(void **state)
{
    static const char *const names[] = {"b",        "A.py",    "c.exe", "sub",    "sub\\x",  "sub/x",
                                        "\xC3\xBC", "missing", "B",     "no\\no", "..\\abc", ""};
    enum { COUNT = sizeof names / sizeof names[0] };
    tfd_stat_item items[COUNT];

    (void)state;
    for (size_t n = 1; n <= COUNT; n += COUNT - 1) {
        memset(items, 0, sizeof items);
        for (size_t i = 0; i < n; i++)
            items[i].name = tfd_str_of(names[i]);
        assert_int_equal(sys->stat_many(sys, at("d"), items, n, NULL), TFD_OK);
        for (size_t i = 0; i < n; i++) {
            tfd_stat one = {0};
            tfd_status st =
                sys->stat(sys, tfd_path_join(sys->style, &arena, at("d"), items[i].name), true, &one, NULL);

            if (items[i].status != st || (st == TFD_OK && memcmp(&items[i].stat, &one, sizeof one) != 0))
                fail_msg("%s: status %d, not %d", names[i], (int)items[i].status, (int)st);
        }
        assert_int_equal(sys->stat_many(sys, at("missing"), items, n, NULL), TFD_ENOENT);
        assert_int_equal(sys->stat_many(sys, at("abc"), items, n, NULL), TFD_ENOENT);
    }
}

static void test_list(void **state)
{
    static const char *const names[] = {"a.PY", "b", "c.exe", "read-only", "sub", "\xC3\xBC"};
    tfd_dirents list;

    (void)state;
    assert_int_equal(sys->list(sys, &arena, at("d"), &list, NULL), TFD_OK);
    assert_int_equal(list.count, sizeof names / sizeof names[0]);
    for (size_t i = 0; i < list.count; i++) {
        assert_string_equal(list.items[i].name.ptr, names[i]);
        assert_int_equal(list.items[i].kind, i == 4 ? TFD_KIND_DIR : TFD_KIND_FILE);
    }
    assert_int_equal(sys->list(sys, &arena, at("empty"), &list, NULL), TFD_OK);
    assert_int_equal(list.count, 0);
    assert_int_equal(sys->list(sys, &arena, at("abc"), &list, NULL), TFD_ENOENT);
    assert_int_equal(sys->list(sys, &arena, at("missing"), &list, NULL), TFD_ENOENT);
    assert_int_equal(sys->list(sys, &arena, TFD_STR("C:\\"), &list, NULL), TFD_OK);
    assert_true(list.count > 0);
}

/* Longer than MAX_PATH, with and without the prefix. */
static void test_long(void **state)
{
    tfd_str path = folder, file, real;
    tfd_dirents list;
    tfd_stat info;

    (void)state;
    for (int i = 0; i < 12; i++) {
        path = tfd_arena_fmt(&arena, "%.*s\\a-folder-with-a-rather-long-name-%02d", TFD_ARG(path), i);
        make_folder(path);
    }
    assert_true(path.len > 400);
    file = tfd_arena_fmt(&arena, "%.*s/x.txt", TFD_ARG(path));
    assert_int_equal(tfd_host_write_file(file, TFD_STR("long"), NULL), TFD_OK);
    assert_int_equal(sys->stat(sys, file, true, &info, NULL), TFD_OK);
    assert_int_equal(info.size, 4);
    assert_int_equal(sys->list(sys, &arena, path, &list, NULL), TFD_OK);
    assert_int_equal(list.count, 1);
    assert_int_equal(sys->realpath(sys, &arena, file, &real, NULL), TFD_OK);
    assert_true(tfd_str_ends_z(real, "-11\\x.txt") && tfd_str_sub(real, 1, 2).ptr[0] == ':');
    assert_int_equal(
        sys->stat(sys, tfd_arena_fmt(&arena, "\\\\?\\%.*s\\x.txt", TFD_ARG(path)), true, &info, NULL),
        TFD_OK);
}

static void test_links(void **state)
{
    tfd_win32_path link;
    tfd_str out;
    tfd_stat info;

    (void)state;
    assert_int_equal(sys->realpath(sys, &arena, at("D\\..\\d/A.py"), &out, NULL), TFD_OK);
    assert_true(tfd_str_ends_z(out, "\\d\\a.PY"));
    assert_int_equal(sys->realpath(sys, &arena, at("missing"), &out, NULL), TFD_ENOENT);
    assert_int_equal(sys->readlink(sys, &arena, at("abc"), &out, NULL), TFD_EIO);
    assert_int_equal(sys->readlink(sys, &arena, at("missing"), &out, NULL), TFD_ENOENT);
    assert_int_equal(tfd_win32_path_of(at("link"), 0, &link, NULL), TFD_OK);
    if (!CreateSymbolicLinkW(link.z, L"d\\sub", SYMBOLIC_LINK_FLAG_DIRECTORY | 2) ||
        sys->stat(sys, at("link"), false, &info, NULL) != TFD_OK) {
        print_message("no symbolic links here\n");
    } else {
        assert_int_equal(info.kind, TFD_KIND_LINK);
        assert_int_equal(sys->readlink(sys, &arena, at("link"), &out, NULL), TFD_OK);
        assert_string_equal(out.ptr, "d\\sub");
        assert_int_equal(sys->stat(sys, at("link\\x"), true, &info, NULL), TFD_OK);
    }
    tfd_win32_path_done(&link);
}

static void test_access(void **state)
{
    tfd_mount mount;

    (void)state;
    assert_int_equal(sys->access(sys, at("abc"), TFD_ACCESS_READ | TFD_ACCESS_WRITE, NULL), TFD_OK);
    assert_int_equal(sys->access(sys, at("d"), TFD_ACCESS_READ | TFD_ACCESS_WRITE | TFD_ACCESS_EXEC, NULL),
                     TFD_OK);
    assert_int_equal(sys->access(sys, at("d\\read-only"), TFD_ACCESS_WRITE, NULL), TFD_EACCESS);
    assert_int_equal(sys->access(sys, at("d\\read-only"), TFD_ACCESS_READ, NULL), TFD_OK);
    assert_int_equal(sys->access(sys, at("missing"), TFD_ACCESS_READ, NULL), TFD_ENOENT);
    assert_int_equal(sys->mount_of(sys, &arena, at("abc"), &mount, NULL), TFD_OK);
    assert_int_equal(mount.point.len, 3);
    assert_true(mount.free_bytes > 0);
    assert_false(mount.readonly);
}

static void test_registry(void **state)
{
    static const WCHAR lines[] = L"one\0two\0";
    tfd_reg_value value;
    tfd_dirents keys;
    HKEY key;
    DWORD number = 7;

    (void)state;
    assert_int_equal(
        RegCreateKeyExA(HKEY_CURRENT_USER, TEST_KEY "\\sub", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL),
        ERROR_SUCCESS);
    (void)RegSetValueExW(key, L"text", 0, REG_SZ, (const BYTE *)L"\x00e4-text", 7 * sizeof(WCHAR));
    (void)RegSetValueExW(key, NULL, 0, REG_EXPAND_SZ, (const BYTE *)L"%x%", 4 * sizeof(WCHAR));
    (void)RegSetValueExW(key, L"number", 0, REG_DWORD, (const BYTE *)&number, sizeof number);
    (void)RegSetValueExW(key, L"lines", 0, REG_MULTI_SZ, (const BYTE *)lines, sizeof lines);
    (void)RegSetValueExW(key, L"binary", 0, REG_BINARY, (const BYTE *)&number, sizeof number);
    (void)RegSetValueExW(key, L"cut", 0, REG_SZ, (const BYTE *)L"ab", 3);
    (void)RegCloseKey(key);
    assert_true(tfd_str_is(tfd_sys_reg_text(sys, &arena, TFD_REG_CURRENT_USER, TFD_REG_VIEW_64,
                                            TFD_STR(TEST_KEY "\\SUB"), TFD_STR("Text")),
                           "\xC3\xA4-text"));
    assert_true(tfd_str_is(tfd_sys_reg_text(sys, &arena, TFD_REG_CURRENT_USER, TFD_REG_VIEW_32,
                                            TFD_STR(TEST_KEY "\\sub"), TFD_STR("")),
                           "%x%"));
    assert_true(tfd_str_is(tfd_sys_reg_text(sys, &arena, TFD_REG_CURRENT_USER, TFD_REG_VIEW_64,
                                            TFD_STR(TEST_KEY "\\sub"), TFD_STR("lines")),
                           "one\ntwo"));
    assert_true(tfd_str_is(tfd_sys_reg_text(sys, &arena, TFD_REG_CURRENT_USER, TFD_REG_VIEW_64,
                                            TFD_STR(TEST_KEY "\\sub"), TFD_STR("cut")),
                           "a"));
    assert_int_equal(sys->reg_value(sys, &arena, TFD_REG_CURRENT_USER, TFD_REG_VIEW_64,
                                    TFD_STR(TEST_KEY "\\sub"), TFD_STR("number"), &value, NULL),
                     TFD_OK);
    assert_true(value.is_number && value.number == 7);
    assert_int_equal(sys->reg_value(sys, &arena, TFD_REG_CURRENT_USER, TFD_REG_VIEW_64,
                                    TFD_STR(TEST_KEY "\\sub"), TFD_STR("binary"), &value, NULL),
                     TFD_EUNSUPPORTED);
    assert_int_equal(sys->reg_value(sys, &arena, TFD_REG_CURRENT_USER, TFD_REG_VIEW_64,
                                    TFD_STR(TEST_KEY "\\sub"), TFD_STR("absent"), &value, NULL),
                     TFD_ENOENT);
    assert_int_equal(
        sys->reg_keys(sys, &arena, TFD_REG_CURRENT_USER, TFD_REG_VIEW_64, TFD_STR(TEST_KEY), &keys, NULL),
        TFD_OK);
    assert_int_equal(keys.count, 1);
    assert_string_equal(keys.items[0].name.ptr, "sub");
    (void)RegDeleteKeyA(HKEY_CURRENT_USER, TEST_KEY "\\sub");
    (void)RegDeleteKeyA(HKEY_CURRENT_USER, TEST_KEY);
    assert_int_equal(
        sys->reg_keys(sys, &arena, TFD_REG_CURRENT_USER, TFD_REG_VIEW_64, TFD_STR(TEST_KEY), &keys, NULL),
        TFD_ENOENT);
}

static void test_machine(void **state)
{
    const tfd_system *system = sys->system(sys);
    const tfd_cpu *cpu = sys->cpu(sys);
    tfd_str value, other;
    uint64_t limit;

    (void)state;
    assert_int_equal(system->os, TFD_OS_WINDOWS);
    assert_int_equal(system->arch, TFD_ARCH_X86_64);
    assert_true(system->build >= 10240);
    assert_true(system->memory > 0 && system->memory_free > 0 && system->commit_limit >= system->memory);
    assert_true(tfd_sys_is_dir(sys, system->windows_dir));
    assert_true(
        tfd_sys_is_file(sys, tfd_path_join(sys->style, &arena, system->system_dir, TFD_STR("kernel32.dll"))));
    assert_true(tfd_str_starts_z(system->release, "Windows") && tfd_str_starts_z(system->kernel, "10.0."));
    assert_true(sys->env(sys, "PATH", &value) && sys->env(sys, "path", &other) && value.len > 0);
    assert_true(tfd_str_eq(value, other));
    assert_false(sys->env(sys, "TFDIAG_NO_SUCH_VARIABLE", &value));
    assert_true(tfd_path_is_abs(sys->style, sys->cwd(sys)));
    assert_true(tfd_sys_is_dir(sys, sys->home(sys)));
    assert_int_equal(sys->limit(sys, TFD_LIMIT_AS, &limit), TFD_OK);
    assert_true(cpu->known);
    assert_true(tfd_str_starts_z(cpu->flags, " ") && tfd_str_ends_z(cpu->flags, " "));
}

static void mark_index(void *ctx, size_t index)
{
    ((unsigned char *)ctx)[index]++;
}

static void test_work(void **state)
{
    static const uint8_t
        abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad}; /* FIPS 180-2, B.1 */
    static unsigned char seen[1000];
    uint8_t out[TFD_SHA256_LEN];
    volatile int stop = 1;
    uint64_t before = sys->clock_us(sys);

    (void)state;
    assert_int_equal(sys->sha256(sys, at("abc"), out, NULL, NULL), TFD_OK);
    assert_memory_equal(out, abc, sizeof abc);
    memset(out, 0, sizeof out);
    assert_int_equal(sys->sha256_bytes(sys, TFD_STR("abc"), out, NULL), TFD_OK);
    assert_memory_equal(out, abc, sizeof abc);
    assert_int_equal(sys->sha256(sys, at("d\\b"), out, NULL, NULL), TFD_OK);
    assert_int_equal(out[0], 0xe3); /* of nothing: e3b0c442… */
    assert_int_equal(sys->sha256(sys, at("abc"), out, &stop, NULL), TFD_ETIMEOUT);
    assert_int_equal(sys->sha256(sys, at("missing"), out, NULL, NULL), TFD_ENOENT);
    sys->parallel(sys, sizeof seen, mark_index, seen);
    for (size_t i = 0; i < sizeof seen; i++)
        assert_int_equal(seen[i], 1);
    Sleep(20);
    assert_true(sys->clock_us(sys) - before >= 15000);
}

static void test_write_file(void **state)
{
    tfd_str text;
    tfd_dirents list;

    (void)state;
    make_folder(at("w"));
    assert_int_equal(tfd_host_write_file(at("w\\x"), TFD_STR("one\n"), NULL), TFD_OK);
    assert_int_equal(tfd_host_write_file(at("w\\x"), TFD_STR("two\n"), NULL), TFD_OK);
    assert_int_equal(tfd_sys_read_file(sys, &arena, at("w\\x"), 100, &text, NULL), TFD_OK);
    assert_string_equal(text.ptr, "two\n");
    assert_int_equal(sys->list(sys, &arena, at("w"), &list, NULL), TFD_OK);
    assert_int_equal(list.count, 1);
    assert_int_equal(tfd_host_write_file(TFD_STR("NUL"), TFD_STR("x"), NULL), TFD_OK);
    assert_int_equal(tfd_host_write_file(at("missing\\x"), TFD_STR("x"), NULL), TFD_ENOENT);
    assert_int_equal(tfd_host_write_file(at("d"), TFD_STR("x"), NULL), TFD_EACCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),  cmocka_unit_test(test_read),      cmocka_unit_test(test_stat),
        cmocka_unit_test(test_list),  cmocka_unit_test(test_stat_many), cmocka_unit_test(test_long),
        cmocka_unit_test(test_links), cmocka_unit_test(test_access),    cmocka_unit_test(test_registry),
        cmocka_unit_test(test_work),  cmocka_unit_test(test_machine),   cmocka_unit_test(test_write_file),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
