/* A model of ld.so: which file answers a library name, by which rule, in which places it was looked for;
 * which objects a process has loaded; whether their symbol versions and symbols bind. Nothing is run or
 * mapped. Rules of glibc are those of elf/dl-load.c, elf/dl-version.c and elf/dl-lookup.c and of ld.so(8);
 * what the pages leave open was tried on glibc 2.36: a candidate that may not be opened or is for another
 * processor is passed over and the search goes on, one that is cut short or no ELF file ends it. Of musl:
 * ldso/dynlink.c. The process is taken as one without AT_SECURE.
 *
 * A loader holds the state of one simulated process and belongs to one thread. Files are rows that are never
 * removed; an index into them stays good. Memory comes from the arena given; `scratch` holds hash tables and
 * may go when the loader is no longer asked. */
#ifndef TFD_LOADER_LOADER_H
#define TFD_LOADER_LOADER_H

#include "base/map.h"
#include "core/facts.h"
#include "formats/elf_symbols.h"
#include "loader/ldcache.h"

#define TFD_LOADER_FILES_MAX 8192
#define TFD_LOADER_DIRS_MAX 4096 /* folders of one search path; ld.so has no limit */
#define TFD_LOADER_CLOSURE_MAX 2048

typedef struct tfd_loader_settings {
    tfd_str library_path; /* LD_LIBRARY_PATH; empty: not set (ld.so treats both alike) */
    tfd_str preload;      /* LD_PRELOAD */
    tfd_str cwd;
    const tfd_str *hwcaps; /* subfolders of glibc-hwcaps that this processor may use, best first */
    size_t hwcap_count;
    bool check_symbols; /* bind versions and symbols of what is loaded */
} tfd_loader_settings;

/* As a process would have them that is started here, symbols not bound. */
tfd_loader_settings tfd_loader_settings_get(const tfd_sys *sys);

/* Folders of one search path, expanded, in order. */
typedef struct tfd_loader_path {
    tfd_str *items;
    size_t count, capacity;
    bool is_ready;
} tfd_loader_path;

typedef struct tfd_loader_file {
    tfd_str path;   /* for people: "x/../" folded where that names the same file */
    tfd_str opened; /* as ld.so would print it */
    tfd_str origin; /* $ORIGIN */
    tfd_str rule;   /* that found it first: "RUNPATH of …", "LD_LIBRARY_PATH", "ld.so.cache", "LD_PRELOAD",
                       "import" … */
    tfd_object_state state;
    tfd_str why;
    tfd_str noexec_mount; /* TFD_OBJECT_NOEXEC: where its file system is mounted */
    tfd_elf elf;
    uint64_t dev, ino, size;
    bool is_loaded;
    bool versions_checked, symbols_checked;
    bool has_problem; /* some of them are missing */
    size_t loader;    /* file whose DT_NEEDED brought it; TFD_NONE: program, preloaded, dlopen */
    size_t first_need,
        need_count; /* rows of needs, in order of DT_NEEDED; need_count 0 until it was loaded once */
    tfd_loader_path rpath, runpath;
    bool exports_ready;
    tfd_elf_exports exports;
} tfd_loader_file;

typedef struct tfd_loader_need {
    size_t by; /* file; TFD_NONE: LD_PRELOAD */
    tfd_str name;
    bool is_found;
    size_t hit; /* file; where nothing is found: the first that was there and was passed over, or TFD_NONE */
    tfd_str rule;
    tfd_try *tried;
    size_t tried_count;
} tfd_loader_need;

typedef struct tfd_loader_problem {
    tfd_symbol_kind kind;
    size_t file, provider; /* provider may be TFD_NONE */
    tfd_str symbol, version;
    size_t count;
    bool is_lazy;
} tfd_loader_problem;

typedef struct tfd_loader_list {
    size_t *items;
    size_t count, capacity;
} tfd_loader_list;

struct tfd_loader_binding; /* cache: symbol -> file that has it */

typedef struct tfd_loader {
    const tfd_sys *sys;
    tfd_arena *arena, *scratch;
    tfd_loader_settings settings;
    bool is_musl;
    struct {
        tfd_loader_file *items;
        size_t count, capacity;
    } files;
    struct {
        tfd_loader_need *items;
        size_t count, capacity;
    } needs;
    struct {
        tfd_loader_problem *items;
        size_t count, capacity;
    } problems;
    tfd_loader_list loaded;      /* in load order */
    tfd_loader_list global;      /* the scope that every object sees */
    size_t program, interpreter; /* files; TFD_NONE: not there */
    tfd_map by_path, names,
        dirs;      /* opened path -> file; name -> file that answers to it; folder -> there or not */
    tfd_map by_id; /* 16 bytes of device and inode -> file */
    tfd_loader_path library_path, default_dirs;
    tfd_str lib_token; /* $LIB */
    tfd_ldcache cache;
    bool cache_ready;
    tfd_reader *reader, *lookup_reader; /* on an object, and on those its symbols are looked up in */
    tfd_loader_list closure;            /* of the object opened last: breadth first, itself first */
    struct tfd_loader_binding *bindings;
    size_t binding_capacity, binding_count;
    uint32_t *marks; /* by file: number of the scope it was last in */
    size_t mark_capacity;
    uint32_t mark;
} tfd_loader;

/* arena and scratch may be the same. TFD_ENOMEM. */
tfd_status tfd_loader_init(tfd_loader *loader, const tfd_sys *sys, tfd_arena *arena, tfd_arena *scratch,
                           const tfd_loader_settings *settings, tfd_err *err);

/* Starts a program: PT_INTERP, LD_PRELOAD, /etc/ld.so.preload, DT_NEEDED. TFD_OK also if it could not start:
 * *ok. */
tfd_status tfd_loader_start(tfd_loader *loader, tfd_str program, bool *ok, tfd_err *err);

/* dlopen(path, RTLD_NOW) of an absolute path, called from a module without search path of its own. is_global:
 * its closure joins the global scope. *file is its row (never TFD_NONE), *ok whether all of it is there and
 * binds; if not, what it brought is unloaded again. loader->closure tells what it depends on, as far as that
 * was found. */
tfd_status tfd_loader_open(tfd_loader *loader, tfd_str path, bool is_global, size_t *file, bool *ok,
                           tfd_err *err);

/* Whether a setting of the user's or the administrator's brought a file, by the rule that found it. */
bool tfd_loader_is_forced(tfd_str rule);

/* Where a name would be found if `by` (TFD_NONE: dlopen from the program) needed it, loaded objects left out
 * of account. without_variable: as if LD_LIBRARY_PATH were not set. */
tfd_status tfd_loader_search(tfd_loader *loader, tfd_str name, size_t by, bool without_variable,
                             tfd_loader_need *out, tfd_err *err);

/* The loaded file that answers to a name, or TFD_NONE. */
size_t tfd_loader_named(const tfd_loader *loader, tfd_str name);

#endif
