#define _GNU_SOURCE 1

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/sys.h"
#include "sys/sys_posix.h"

static tfd_sys *sys;
static tfd_arena arena;
static char folder[] = "/tmp/test_sys-XXXXXX";

/* A path below the test's folder. */
static tfd_str at(const char *name)
{
    return tfd_arena_fmt(&arena, "%s/%s", folder, name);
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(at(name).ptr, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void make_folder(const char *name)
{
    assert_int_equal(mkdir(at(name).ptr, 0755), 0);
}

static void make_link(const char *target, const char *name)
{
    assert_int_equal(symlink(target, at(name).ptr), 0);
}

static const char machine[] =
    "{\"os\": \"linux\", \"arch\": \"x86_64\", \"kernel\": \"6.1.0\", \"distro\": \"debian\", \"memory\": "
    "8589934592,\n"
    " \"uid\": 1000, \"cpu\": {\"model\": \"Old\", \"flags\": \"sse4_2\", \"avx_in_cpu\": true},\n"
    " \"limits\": {\"address_space\": 1000000, \"stack\": \"unlimited\"}, \"env\": {\"LANG\": \"C\", "
    "\"EMPTY\": \"\"},\n"
    " \"cwd\": \"/home/me\", \"home\": \"/home/me\",\n"
    " \"mounts\": [{\"point\": \"/\", \"fstype\": \"ext4\"}, {\"point\": \"/ro\", \"fstype\": \"squashfs\", "
    "\"readonly\": true}],\n"
    " \"files\": {\"/home/me/secret\": {\"mode\": \"000\"}, \"/home/me/other\": {\"mode\": \"600\", \"uid\": "
    "0},\n"
    "  \"/locked\": {\"mode\": \"700\", \"uid\": 0}, \"/home/me/big\": {\"size\": 5000000000},\n"
    "  \"/home/me/abs\": {\"link\": \"/etc/text\"}, \"/loop\": {\"link\": \"loop\"}}}\n";

/* What a recorded machine shows as its "/" (src/sys/sys_fixture.h). */
#define INSIDE "m/root"

static int set_up(void **state)
{
    (void)state;
    tfd_arena_init(&arena, 0);
    if (!mkdtemp(folder) || tfd_sys_native_new(&sys, NULL) != TFD_OK)
        return -1;
    write_file("abc", "abc");
    make_folder("d");
    write_file("d/b", "");
    write_file("d/a", "12345");
    write_file("d/B", "");
    make_link("../abc", "d/link");
    make_link("loop2", "loop");
    make_link("loop", "loop2");
    make_link("nowhere", "dangling");
    make_folder("m");
    write_file("m/machine.json", machine);
    make_folder(INSIDE);
    make_folder(INSIDE "/etc");
    write_file(INSIDE "/etc/text", "inside");
    make_folder(INSIDE "/home");
    make_folder(INSIDE "/home/me");
    write_file(INSIDE "/home/me/secret", "s");
    write_file(INSIDE "/home/me/other", "o");
    write_file(INSIDE "/home/me/big", "head");
    make_folder(INSIDE "/locked");
    write_file(INSIDE "/locked/x", "x");
    make_folder(INSIDE "/ro");
    make_link("/etc", INSIDE "/home/me/stored");
    return mkfifo(at("fifo").ptr, 0600);
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

static void test_open(void **state)
{
    static const struct {
        const char *name;
        tfd_status status;
        int line;
    } cases[] = {
        {"abc", TFD_OK, __LINE__},          {"d/link", TFD_OK, __LINE__},
        {"missing", TFD_ENOENT, __LINE__},  {"abc/x", TFD_ENOENT, __LINE__},
        {"dangling", TFD_ENOENT, __LINE__}, {"d", TFD_EIO, __LINE__},
        {"fifo", TFD_EIO, __LINE__},        {"loop", TFD_EIO, __LINE__},
    };
    static const char with_nul[] = "/etc/passwd\0x";
    static char longest[8192];
    tfd_file file;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tfd_err err = {0};

        file = TFD_FILE_NONE;
        if (sys->open(sys, at(cases[i].name), &file, &err) != cases[i].status)
            fail_msg("line %d: %s", cases[i].line, err.text);
        sys->close(sys, &file);
        assert_int_equal(file.handle, -1);
        sys->close(sys, &file);
    }
    memset(longest, 'a', sizeof longest);
    longest[0] = '/';
    assert_int_equal(sys->open(sys, (tfd_str){with_nul, sizeof with_nul - 1}, &file, NULL), TFD_ENOENT);
    assert_int_equal(sys->open(sys, (tfd_str){longest, sizeof longest}, &file, NULL), TFD_EIO);
    assert_int_equal(sys->open(sys, (tfd_str){NULL, 0}, &file, NULL), TFD_ENOENT);
    assert_int_equal(sys->open(sys, TFD_STR("/dev/zero"), &file, NULL), TFD_EIO);
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
    sys->close(sys, &file);
    assert_int_equal(tfd_sys_read_file(sys, &arena, at("abc"), 3, &text, NULL), TFD_OK);
    assert_string_equal(text.ptr, "abc");
    assert_int_equal(tfd_sys_read_file(sys, &arena, at("abc"), 2, &text, NULL), TFD_ELIMIT);
    assert_int_equal(tfd_sys_read_file(sys, &arena, TFD_STR("/proc/self/stat"), 65536, &text, NULL), TFD_OK);
    assert_true(text.len > 0);
}

static void test_stat(void **state)
{
    tfd_stat_item items[] = {
        {.name = TFD_STR_INIT("d/a")}, {.name = TFD_STR_INIT("missing")}, {.name = TFD_STR_INIT("d/link")}};
    tfd_stat info;

    (void)state;
    assert_int_equal(sys->stat(sys, at("d/link"), false, &info, NULL), TFD_OK);
    assert_int_equal(info.kind, TFD_KIND_LINK);
    assert_int_equal(sys->stat(sys, at("d/link"), true, &info, NULL), TFD_OK);
    assert_int_equal(info.kind, TFD_KIND_FILE);
    assert_int_equal(info.size, 3);
    assert_int_equal(sys->stat(sys, at("dangling"), true, &info, NULL), TFD_ENOENT);
    assert_int_equal(tfd_sys_kind(sys, at("fifo")), TFD_KIND_OTHER);
    assert_int_equal(sys->stat_many(sys, tfd_str_of(folder), items, 3, NULL), TFD_OK);
    assert_int_equal(items[0].stat.size, 5);
    assert_int_equal(items[1].status, TFD_ENOENT);
    assert_int_equal(items[2].stat.size, 3);
    assert_int_equal(sys->stat_many(sys, at("abc"), items, 3, NULL), TFD_ENOENT);
}

static void test_list(void **state)
{
    static const char *const names[] = {"B", "a", "b", "link"};
    tfd_dirents list;

    (void)state;
    assert_int_equal(sys->list(sys, &arena, at("d"), &list, NULL), TFD_OK);
    assert_int_equal(list.count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(list.items[i].name.ptr, names[i]);
    assert_int_equal(sys->list(sys, &arena, at("abc"), &list, NULL), TFD_ENOENT);
    assert_int_equal(list.count, 0);
}

static void test_links(void **state)
{
    tfd_str out;

    (void)state;
    assert_int_equal(sys->readlink(sys, &arena, at("d/link"), &out, NULL), TFD_OK);
    assert_string_equal(out.ptr, "../abc");
    assert_int_equal(sys->readlink(sys, &arena, at("abc"), &out, NULL), TFD_EIO);
    assert_int_equal(sys->realpath(sys, &arena, at("d/../d/link"), &out, NULL), TFD_OK);
    assert_true(tfd_str_ends_z(out, "/abc"));
    assert_int_equal(sys->realpath(sys, &arena, at("loop"), &out, NULL), TFD_EIO);
}

static void test_machine(void **state)
{
    tfd_mount mount;
    uint64_t limit;
    tfd_str value;
    const tfd_cpu *cpu = sys->cpu(sys);

    (void)state;
    assert_int_equal(sys->mount_of(sys, &arena, TFD_STR("/proc/self"), &mount, NULL), TFD_OK);
    assert_true(tfd_str_is(mount.fstype, "proc"));
    assert_true(tfd_str_is(mount.point, "/proc"));
    assert_int_equal(sys->limit(sys, TFD_LIMIT_NOFILE, &limit), TFD_OK);
    assert_true(limit > 0);
    assert_true(sys->env(sys, "PATH", &value) && value.len > 0);
    assert_false(sys->env(sys, "TFDIAG_NO_SUCH_VARIABLE", &value));
    assert_true(tfd_str_starts_z(sys->cwd(sys), "/"));
    assert_int_equal(sys->system(sys)->os, TFD_OS_LINUX);
    assert_true(sys->system(sys)->memory > 0);
    assert_true(cpu->known);
    assert_true(tfd_str_starts_z(cpu->flags, " ") && tfd_str_ends_z(cpu->flags, " "));
    assert_int_equal(sys->access(sys, at("abc"), TFD_ACCESS_READ, NULL), TFD_OK);
    assert_int_equal(sys->access(sys, at("abc"), TFD_ACCESS_EXEC, NULL), TFD_EACCESS);
    assert_int_equal(sys->access(sys, at("missing"), TFD_ACCESS_READ, NULL), TFD_ENOENT);
}

static void test_sha256(void **state)
{
    static const uint8_t
        abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad}; /* FIPS 180-2, B.1 */
    uint8_t out[TFD_SHA256_LEN];
    volatile int stop = 1;

    (void)state;
    assert_int_equal(sys->sha256(sys, at("abc"), out, NULL, NULL), TFD_OK);
    assert_memory_equal(out, abc, sizeof abc);
    memset(out, 0, sizeof out);
    assert_int_equal(sys->sha256_bytes(sys, TFD_STR("abc"), out, NULL), TFD_OK);
    assert_memory_equal(out, abc, sizeof abc);
    assert_int_equal(sys->sha256(sys, at("d/b"), out, NULL, NULL), TFD_OK);
    assert_int_equal(out[0], 0xe3); /* of nothing: e3b0c442… */
    assert_int_equal(sys->sha256(sys, at("abc"), out, &stop, NULL), TFD_ETIMEOUT);
    assert_int_equal(sys->sha256(sys, at("missing"), out, NULL, NULL), TFD_ENOENT);
}

static void mark_index(void *ctx, size_t index)
{
    ((unsigned char *)ctx)[index]++;
}

static void test_parallel(void **state)
{
    static unsigned char seen[1000];

    (void)state;
    sys->parallel(sys, sizeof seen, mark_index, seen);
    for (size_t i = 0; i < sizeof seen; i++)
        assert_int_equal(seen[i], 1);
    sys->parallel(sys, 0, mark_index, seen);
    sys->parallel(sys, 1, mark_index, seen);
    assert_int_equal(seen[0], 2);
}

static void test_fixture_files(void **state)
{
    static const struct {
        const char *path;
        bool follow;
        tfd_status status;
        tfd_kind kind;
        int line;
    } cases[] = {
        {"/etc/text", true, TFD_OK, TFD_KIND_FILE, __LINE__},
        {"/home/me/abs", true, TFD_OK, TFD_KIND_FILE, __LINE__},
        {"/home/me/abs", false, TFD_OK, TFD_KIND_LINK, __LINE__},
        {"/home/me/stored/text", true, TFD_OK, TFD_KIND_FILE, __LINE__},
        {"/../../etc/text", true, TFD_OK, TFD_KIND_FILE, __LINE__},
        {"other", true, TFD_OK, TFD_KIND_FILE, __LINE__},
        {"/etc/passwd", true, TFD_ENOENT, TFD_KIND_NONE, __LINE__},
        {"/etc/text/", true, TFD_OK, TFD_KIND_FILE, __LINE__},
        {"/etc/text/x", true, TFD_ENOENT, TFD_KIND_NONE, __LINE__},
        {"/loop", true, TFD_EIO, TFD_KIND_NONE, __LINE__},
        {"/locked/x", true, TFD_EACCESS, TFD_KIND_NONE, __LINE__},
        {"", true, TFD_ENOENT, TFD_KIND_NONE, __LINE__},
    };
    tfd_sys *fixture;
    tfd_err err = {0};
    tfd_stat info;

    (void)state;
    assert_int_equal(tfd_sys_fixture_new(sys, at("m"), &fixture, &err), TFD_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tfd_status st = fixture->stat(fixture, tfd_str_of(cases[i].path), cases[i].follow, &info, &err);

        if (st != cases[i].status || (st == TFD_OK && info.kind != cases[i].kind))
            fail_msg("line %d: status %d, kind %d", cases[i].line, (int)st, (int)info.kind);
    }
    assert_int_equal(fixture->stat(fixture, TFD_STR("/home/me/big"), true, &info, NULL), TFD_OK);
    assert_true(info.size == 5000000000u);
    tfd_sys_fixture_free(fixture);
    assert_int_equal(tfd_sys_fixture_new(sys, at("d"), &fixture, &err), TFD_ENOENT);
}

static void test_fixture_rights(void **state)
{
    tfd_sys *fixture;
    tfd_file file;
    tfd_str text;
    tfd_dirents list;

    (void)state;
    assert_int_equal(tfd_sys_fixture_new(sys, at("m"), &fixture, NULL), TFD_OK);
    assert_int_equal(fixture->open(fixture, TFD_STR("/home/me/secret"), &file, NULL), TFD_EACCESS);
    assert_int_equal(fixture->open(fixture, TFD_STR("/home/me/other"), &file, NULL), TFD_EACCESS);
    assert_int_equal(fixture->list(fixture, &arena, TFD_STR("/locked"), &list, NULL), TFD_EACCESS);
    assert_int_equal(fixture->access(fixture, TFD_STR("/home/me"), TFD_ACCESS_WRITE, NULL), TFD_OK);
    assert_int_equal(fixture->access(fixture, TFD_STR("/ro"), TFD_ACCESS_WRITE, NULL), TFD_EACCESS);
    assert_int_equal(tfd_sys_read_file(fixture, &arena, TFD_STR("/home/me/abs"), 100, &text, NULL), TFD_OK);
    assert_string_equal(text.ptr, "inside");
    assert_int_equal(fixture->list(fixture, &arena, TFD_STR("/home/me"), &list, NULL), TFD_OK);
    assert_int_equal(list.count, 5);
    assert_string_equal(list.items[0].name.ptr, "abs");
    assert_int_equal(list.items[0].kind, TFD_KIND_LINK);
    tfd_sys_fixture_free(fixture);
}

static void test_fixture_machine(void **state)
{
    tfd_sys *fixture;
    tfd_mount mount;
    tfd_str value;
    uint64_t limit;

    (void)state;
    assert_int_equal(tfd_sys_fixture_new(sys, at("m"), &fixture, NULL), TFD_OK);
    assert_false(fixture->is_native);
    assert_null(fixture->child_start);
    assert_true(fixture->cpu(fixture)->known);
    assert_true(fixture->cpu(fixture)->avx_in_cpu);
    assert_false(fixture->cpu(fixture)->avx_enabled);
    assert_true(fixture->system(fixture)->memory == 8589934592u);
    assert_int_equal(fixture->limit(fixture, TFD_LIMIT_AS, &limit), TFD_OK);
    assert_int_equal(limit, 1000000);
    assert_int_equal(fixture->limit(fixture, TFD_LIMIT_STACK, &limit), TFD_OK);
    assert_true(limit == TFD_UNLIMITED);
    assert_int_equal(fixture->limit(fixture, TFD_LIMIT_NPROC, &limit), TFD_EUNSUPPORTED);
    assert_true(fixture->env(fixture, "EMPTY", &value));
    assert_int_equal(value.len, 0);
    assert_false(fixture->env(fixture, "PATH", &value));
    assert_int_equal(fixture->mount_of(fixture, &arena, TFD_STR("/ro"), &mount, NULL), TFD_OK);
    assert_true(mount.readonly);
    assert_true(tfd_str_is(mount.fstype, "squashfs"));
    tfd_sys_fixture_free(fixture);
}

static void test_passwd(void **state)
{
    static const char text[] = "# accounts\n"
                               "+::::::\n"
                               "root:x:0:0:root:/root:/bin/bash\n"
                               "short:x:7:7\n"
                               "odd:x:-1:0::/odd:/bin/sh\n"
                               "me:x:1000:1000:A,B,:/home/me:\n"
                               "again:x:1000:1000::/home/again:/bin/sh\n"
                               "none:x:1001:1001:::/bin/sh\n"
                               "big:x:4294967294:1::/big:/bin/sh\r\n"
                               "cut:x:1002:1002::/home/cu";
    static const struct {
        int line;
        uint64_t uid;
        const char *expected;
    } table[] = {
        {__LINE__, 0, "/root"}, {__LINE__, 1000, "/home/me"},    {__LINE__, 1001, ""},
        {__LINE__, 1002, ""},   {__LINE__, 4294967294u, "/big"}, {__LINE__, 7, ""},
        {__LINE__, 42, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (!tfd_str_is(tfd_posix_passwd_home(tfd_str_of(text), table[i].uid), table[i].expected))
            fail_msg("line %d", table[i].line);
    assert_int_equal(tfd_posix_passwd_home(tfd_str_of(""), 0).len, 0);
}

static void test_faulty(void **state)
{
    tfd_sys *faulty;
    long *calls;
    tfd_stat info;
    tfd_dirents list;

    (void)state;
    assert_int_equal(tfd_sys_faulty_new(sys, 2, TFD_EACCESS, &faulty, &calls), TFD_OK);
    assert_int_equal(faulty->stat(faulty, at("abc"), true, &info, NULL), TFD_OK);
    assert_int_equal(faulty->list(faulty, &arena, at("d"), &list, NULL), TFD_EACCESS);
    assert_int_equal(list.count, 0);
    assert_int_equal(faulty->list(faulty, &arena, at("d"), &list, NULL), TFD_OK);
    assert_int_equal(*calls, 3);
    tfd_sys_faulty_free(faulty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_stat),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_machine),
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_parallel),
        cmocka_unit_test(test_fixture_files),
        cmocka_unit_test(test_fixture_rights),
        cmocka_unit_test(test_fixture_machine),
        cmocka_unit_test(test_passwd),
        cmocka_unit_test(test_faulty),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
