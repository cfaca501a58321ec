/* State that the parts of the model of site.py share: syspath.c (site.main), pth.c (.pth files), startcode.c
 * (code of .pth files, sitecustomize, usercustomize). */
#ifndef TFD_PYTHON_SITE_MODEL_H
#define TFD_PYTHON_SITE_MODEL_H

#include "python/pycode.h"
#include "python/syspath.h"

/* site.addsitedir called from a .pth file of a folder that … : real ones stop at one. */
#define TFD_SITE_DEPTH_MAX 8
/* Folders that one interpreter takes in; more is hostile. */
#define TFD_SITE_ENTRIES_MAX 4096

typedef struct tfd_site_model {
    const tfd_sys *sys;
    tfd_arena *arena;
    const tfd_getpath *layout;
    tfd_facts *facts;
    tfd_syspath *out;
    tfd_map known;       /* known_paths of site.py */
    tfd_place_kind kind; /* of the site folder being read */
    size_t startup;      /* row of startup_files being read, or TFD_NONE */
    int depth;
    size_t egg_mark, egg_insert; /* sys.__plen, sys.__egginsert of easy-install.pth */
    bool no_memory;
} tfd_site_model;

tfd_str tfd_site_abs(const tfd_site_model *m, tfd_str path);
/* os.path.normcase: the form under which a path is known. Empty at the arena's limit. */
tfd_str tfd_site_case(const tfd_site_model *m, tfd_str path);
bool tfd_site_is_known(const tfd_site_model *m, tfd_str path);
void tfd_site_set_known(tfd_site_model *m, tfd_str path);
void tfd_site_insert(tfd_site_model *m, size_t at, tfd_str path, tfd_place_kind kind, tfd_str source);
/* site.addsitedir(dir, known_paths). */
void tfd_site_add_dir(tfd_site_model *m, tfd_str dir, tfd_place_kind kind, tfd_str source);
/* Row of startup_files for a file; m->startup becomes it. */
void tfd_site_open_startup(tfd_site_model *m, tfd_str path);
void tfd_site_incomplete(tfd_site_model *m, tfd_str why);

/* Windows: ntpath.abspath (a path may be relative to a drive, or to its root), the site folders of a prefix,
 * and the user's own. */
tfd_str tfd_site_abs_windows(tfd_arena *arena, tfd_str cwd, tfd_str path);
size_t tfd_site_folders_windows(const tfd_site_model *m, tfd_str prefix, tfd_str out[3]);
tfd_str tfd_site_user_base_windows(const tfd_site_model *m);
tfd_str tfd_site_user_windows(const tfd_site_model *m, tfd_str base);
/* The locale's encoding: the number of the ANSI code page; 0: unknown. */
#define TFD_SITE_PAGE_UTF8 65001u
unsigned tfd_site_page_windows(const tfd_site_model *m);

/* Reads one .pth file of a folder. */
void tfd_site_read_pth(tfd_site_model *m, tfd_str dir, tfd_str name);

/* Applies what one line of code does. false: it raises, so that the rest of the file is ignored. */
bool tfd_site_run_line(tfd_site_model *m, tfd_str dir, tfd_str line, size_t number);
/* sitecustomize or usercustomize, if the path has one. */
void tfd_site_customize(tfd_site_model *m, const char *module);

#endif
