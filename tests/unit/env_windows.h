/* A world with a Windows machine in it: CPython of python.org with tensorflow 2.20.0. Included once per test
 * program. */
#ifndef TFD_TESTS_ENV_WINDOWS_H
#define TFD_TESTS_ENV_WINDOWS_H

#include "world.h"

#define ROOT "C:\\Program Files\\Python312"
#define SITE ROOT "\\Lib\\site-packages"
#define COMMON SITE "\\tensorflow\\python\\_pywrap_tensorflow_common.dll"
#define INTERNAL SITE "\\tensorflow\\python\\_pywrap_tensorflow_internal.pyd"
#define SYSTEM32 "C:\\Windows\\System32"

static inline void add_runtime(world *w, const char *name, const char *path, const char *version,
                               bool is_loaded)
{
    tfd_runtime *row;

    assert_true(TFD_GROW(&w->arena, &w->facts.runtimes));
    row = &w->facts.runtimes.items[w->facts.runtimes.count++];
    memset(row, 0, sizeof *row);
    row->name = tfd_str_of(name);
    row->path = tfd_str_of(path);
    row->version = tfd_str_of(version);
    row->is_system = tfd_str_starts_z(row->path, SYSTEM32);
    row->rule = row->is_system ? TFD_STR("System32") : TFD_STR("the folder of python.exe");
    row->is_loaded = is_loaded;
    row->state = row->path.len > 0 ? TFD_OBJECT_OK : TFD_OBJECT_MISSING;
    row->object = TFD_NONE;
}

static inline size_t add_object(world *w, const char *path, size_t dist)
{
    tfd_object *row;

    assert_true(TFD_GROW(&w->arena, &w->facts.objects));
    row = &w->facts.objects.items[w->facts.objects.count++];
    memset(row, 0, sizeof *row);
    row->path = tfd_str_of(path);
    row->dist = dist;
    row->is_needed = true;
    return w->facts.objects.count - 1;
}

static inline tfd_resolution *add_need(world *w, size_t object, const char *name, size_t hit)
{
    tfd_resolution *row;

    assert_true(TFD_GROW(&w->arena, &w->facts.resolutions));
    row = &w->facts.resolutions.items[w->facts.resolutions.count++];
    memset(row, 0, sizeof *row);
    row->object = object;
    row->name = tfd_str_of(name);
    row->hit = hit;
    row->state = hit == TFD_NONE ? TFD_STATE_ABSENT : TFD_STATE_PRESENT;
    row->is_needed = true;
    return row;
}

/* Windows 10, CPython 3.12 of python.org, tensorflow 2.20.0, a redistributable of 14.44. */
static inline void begin(world *w)
{
    tfd_place *site;
    tfd_dist *tf;

    world_init(w);
    w->facts.python.path = w->facts.python.real = TFD_STR(ROOT "\\python.exe");
    w->facts.python.base_prefix = w->facts.python.prefix = TFD_STR(ROOT);
    w->facts.python.version = TFD_STR("3.12.9");
    w->facts.python.site_packages = TFD_STR(SITE);
    w->system.os = TFD_OS_WINDOWS;
    w->system.arch = TFD_ARCH_X86_64;
    w->system.system_dir = TFD_STR(SYSTEM32);
    w->system.uid = 1;
    assert_true(TFD_GROW(&w->arena, &w->facts.places));
    site = &w->facts.places.items[w->facts.places.count++];
    memset(site, 0, sizeof *site);
    site->path = TFD_STR(SITE);
    site->kind = TFD_PLACE_SITE;
    site->exists = site->readable = true;
    assert_true(TFD_GROW(&w->arena, &w->facts.dists));
    tf = &w->facts.dists.items[w->facts.dists.count++];
    memset(tf, 0, sizeof *tf);
    tf->name = tf->key = TFD_STR("tensorflow");
    tf->version = TFD_STR("2.20.0");
    tf->path = TFD_STR(SITE "\\tensorflow-2.20.0.dist-info");
    tf->has_record = tf->is_needed = tf->is_tensorflow = true;
    tf->tags_fit = TFD_YES;
    tf->files = 16000;
    w->facts.tensorflow = 0;
    w->facts.places.complete = w->facts.dists.complete = w->facts.runtimes.complete = true;
    w->facts.objects.complete = w->facts.resolutions.complete = true;
    (void)add_object(w, INTERNAL, 0);
    (void)add_object(w, COMMON, 0);
    (void)add_object(w, SYSTEM32 "\\msvcp140.dll", TFD_NONE);
    (void)add_need(w, 0, "_pywrap_tensorflow_common.dll", 1);
    (void)add_need(w, 1, "MSVCP140.dll", 2);
    w->facts.objects.items[1].needs_constexpr_mutex = true;
    w->facts.objects.items[2].is_system = true;
}

static inline void with_redistributable(world *w, const char *version)
{
    add_runtime(w, "msvcp140.dll", SYSTEM32 "\\msvcp140.dll", version, true);
    add_runtime(w, "msvcp140_1.dll", SYSTEM32 "\\msvcp140_1.dll", version, true);
}

#endif
