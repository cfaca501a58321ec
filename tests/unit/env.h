/* A world with an environment in it: CPython 3.12 in /env with tensorflow-cpu and numpy. Included once per
 * test program. */
#ifndef TFD_TESTS_ENV_H
#define TFD_TESTS_ENV_H

#include "world.h"

#define SITE "/env/lib/python3.12/site-packages"

static inline size_t add_dist(world *w, const char *name, const char *version, size_t place)
{
    tfd_dist *row;

    assert_true(TFD_GROW(&w->arena, &w->facts.dists));
    row = &w->facts.dists.items[w->facts.dists.count++];
    memset(row, 0, sizeof *row);
    row->name = row->key = tfd_str_of(name);
    row->version = tfd_str_of(version);
    row->place = place;
    row->path = tfd_arena_fmt(&w->arena, "%.*s/%s-%s.dist-info", TFD_ARG(w->facts.places.items[place].path),
                              name, version);
    row->metadata = tfd_arena_fmt(&w->arena, "%.*s/METADATA", TFD_ARG(row->path));
    row->has_record = row->is_needed = true;
    row->tags_fit = TFD_YES;
    row->files = 100;
    return w->facts.dists.count - 1;
}

static inline void require(world *w, const char *text, const char *key, const char *specifier, size_t found,
                           tfd_tri satisfied)
{
    tfd_requirement *row;

    assert_true(TFD_GROW(&w->arena, &w->facts.requirements));
    row = &w->facts.requirements.items[w->facts.requirements.count++];
    memset(row, 0, sizeof *row);
    row->by = w->facts.tensorflow;
    row->text = tfd_str_of(text);
    row->key = tfd_str_of(key);
    row->specifier = tfd_str_of(specifier);
    row->line = 10;
    row->applies = TFD_YES;
    row->found = found;
    row->satisfied = satisfied;
    row->is_needed = true;
}

/* CPython 3.12 in a venv with tensorflow-cpu 2.20.0 and numpy 2.3.1. */
static inline void begin(world *w)
{
    world_init(w);
    w->facts.python.path = TFD_STR("/env/bin/python");
    w->facts.python.version = TFD_STR("3.12.1");
    w->facts.python.libc = TFD_STR("glibc");
    w->facts.python.libc_version = TFD_STR("2.36");
    w->facts.python.site_packages = TFD_STR(SITE);
    w->system.os = TFD_OS_LINUX;
    add_place(w, "/work", TFD_PLACE_START)->source = TFD_STR("current folder");
    add_place(w, "/vendor", TFD_PLACE_PTH)->source = TFD_STR(SITE "/zz.pth:1");
    add_place(w, "/usr/lib/python3.12", TFD_PLACE_STDLIB)->source = TFD_STR("getpath");
    add_place(w, SITE, TFD_PLACE_SITE)->source = TFD_STR("pyvenv.cfg");
    w->facts.places.complete = w->facts.dists.complete = true;
    w->facts.tensorflow = add_dist(w, "tensorflow-cpu", "2.20.0", 3);
    w->facts.dists.items[0].is_tensorflow = true;
    (void)add_dist(w, "numpy", "2.3.1", 3);
}

static inline bool first_command_has(const world *w, const char *text)
{
    const tfd_fix *fix = w->report.cause_count > 0 ? w->report.causes[0].fixes : NULL;

    return fix && fix->command_count > 0 && tfd_str_find_z(fix->commands[0], text) != TFD_NPOS;
}

#endif
