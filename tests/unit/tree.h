/* A small tree of files below a temporary folder, and the native machine with variables, current and home
 * folder of the test's own. For the tests of src/python. */
#ifndef TFD_TEST_TREE_H
#define TFD_TEST_TREE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/facts.h"

#define TREE_VARIABLES 16

typedef struct tree {
    tfd_sys sys; /* first: functions of the table get its address */
    tfd_sys *native;
    tfd_arena arena;
    tfd_facts facts;
    char root[64];
    const char *names[TREE_VARIABLES];
    tfd_str values[TREE_VARIABLES];
    tfd_str cwd, home;
} tree;

static inline bool tree_env(const tfd_sys *sys, const char *name, tfd_str *value)
{
    const tree *t = (const tree *)(const void *)sys;

    for (size_t i = 0; i < TREE_VARIABLES; i++)
        if (t->names[i] && strcmp(t->names[i], name) == 0) {
            *value = t->values[i];
            return true;
        }
    return false;
}

static inline tfd_str tree_cwd(const tfd_sys *sys)
{
    return ((const tree *)(const void *)sys)->cwd;
}

static inline tfd_str tree_home(const tfd_sys *sys)
{
    return ((const tree *)(const void *)sys)->home;
}

/* Absolute path of one in the tree; in the arena. Several may be joined with ':' ("%s" is the root). */
static inline tfd_str tree_path(tree *t, const char *path)
{
    return tfd_arena_fmt(&t->arena, "%s/%s", t->root, path);
}

/* value: every '@' becomes the root. NULL takes the variable away. */
static inline void tree_set(tree *t, const char *name, const char *value)
{
    size_t free_slot = TREE_VARIABLES, n = 0;
    char text[2048];

    for (size_t i = 0; i < TREE_VARIABLES; i++) {
        if (t->names[i] && strcmp(t->names[i], name) == 0)
            t->names[i] = NULL;
        if (!t->names[i] && free_slot == TREE_VARIABLES)
            free_slot = i;
    }
    if (!value)
        return;
    assert_true(free_slot < TREE_VARIABLES);
    for (; *value; value++)
        n += (size_t)snprintf(text + n, sizeof text - n, *value == '@' ? "%s" : "%.1s",
                              *value == '@' ? t->root : value);
    text[n] = '\0';
    t->names[free_slot] = name;
    t->values[free_slot] = tfd_arena_str(&t->arena, tfd_str_of(text));
}

static inline void tree_folders(const char *full, size_t root)
{
    char text[512];

    (void)snprintf(text, sizeof text, "%s", full);
    for (char *at = strchr(text + root + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        (void)mkdir(text, 0700);
        *at = '/';
    }
}

/* A file, its folders made; a path that ends with '/' is a folder. */
static inline void tree_put(tree *t, const char *path, const char *text, mode_t mode)
{
    char full[512];
    FILE *file;

    (void)snprintf(full, sizeof full, "%s/%s", t->root, path);
    tree_folders(full, strlen(t->root));
    if (full[strlen(full) - 1] == '/')
        return;
    file = fopen(full, "wb");
    assert_non_null(file);
    (void)fwrite(text, 1, strlen(text), file);
    (void)fclose(file);
    assert_int_equal(chmod(full, mode), 0);
}

/* target as it stands; a first '@' becomes the root. */
static inline void tree_link(tree *t, const char *target, const char *path)
{
    char full[512], to[512];

    (void)snprintf(full, sizeof full, "%s/%s", t->root, path);
    tree_folders(full, strlen(t->root));
    (void)snprintf(to, sizeof to, "%s%s", target[0] == '@' ? t->root : "",
                   target[0] == '@' ? target + 1 : target);
    assert_int_equal(symlink(to, full), 0);
}

static inline int tree_setup(void **state)
{
    tree *t = calloc(1, sizeof *t);

    assert_non_null(t);
    (void)strcpy(t->root, "/tmp/tfd_tree_XXXXXX");
    assert_non_null(mkdtemp(t->root));
    assert_int_equal(tfd_sys_native_new(&t->native, NULL), TFD_OK);
    t->sys = *t->native;
    t->sys.env = tree_env;
    t->sys.cwd = tree_cwd;
    t->sys.home = tree_home;
    tfd_arena_init(&t->arena, 0);
    tfd_facts_init(&t->facts);
    t->cwd = tree_path(t, "here");
    t->home = tree_path(t, "home");
    tree_put(t, "here/", "", 0);
    tree_put(t, "home/", "", 0);
    *state = t;
    return 0;
}

static inline int tree_remove(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static inline int tree_teardown(void **state)
{
    tree *t = *state;

    (void)nftw(t->root, tree_remove, 8, FTW_DEPTH | FTW_PHYS);
    tfd_arena_done(&t->arena);
    tfd_sys_native_free(t->native);
    free(t);
    return 0;
}

/* path with the root in front as "@". */
static inline void tree_check(const tree *t, int line, tfd_str got, const char *expected)
{
    char text[1024];
    size_t root = strlen(t->root);

    if (tfd_str_starts_z(got, t->root))
        (void)snprintf(text, sizeof text, "@%.*s", (int)(got.len - root), got.ptr + root);
    else
        (void)snprintf(text, sizeof text, "%.*s", TFD_ARG(got));
    if (strcmp(text, expected) != 0)
        fail_msg("line %d: got \"%s\", expected \"%s\"", line, text, expected);
}

#define TREE_TEST(function) cmocka_unit_test_setup_teardown(function, tree_setup, tree_teardown)

#endif
