/* A model of the loader of Windows: which file answers a DLL's name in the process of an interpreter, by
 * which rule, in which places it was looked for; what the process has loaded; whether the imported functions
 * are exported. Nothing is run or mapped.
 *
 * Sources: Microsoft, "Dynamic-link library search order" and LoadLibraryExW; CPython, Python/dynload_win.c
 * and Lib/ctypes/__init__.py. What the pages leave open follows what can be seen: the first file of the name
 * ends the search, whatever is in it (Windows then gives 193, or 5 where it may not be opened); a name that
 * some loaded module has is never looked for again. The 16-bit system folder stands in the order and holds
 * nothing. Assemblies (side by side) that a DLL's manifest asks for are followed, the program's own and
 * .local files are not.
 *
 * A model holds the state of one simulated process and belongs to one thread. Files are rows that are never
 * removed; an index into them stays good. Memory comes from the arena given; `scratch` holds tables of
 * exports and may go when the model is no longer asked. */
#ifndef TFD_LOADER_WIN_LOADER_H
#define TFD_LOADER_WIN_LOADER_H

#include "base/map.h"
#include "core/facts.h"
#include "formats/pe.h"

#define TFD_WIN_FILES_MAX 8192
#define TFD_WIN_DIRS_MAX 1024 /* folders of PATH, and folders that were added */
#define TFD_WIN_CLOSURE_MAX 2048
#define TFD_WIN_FORWARDS_MAX 8 /* of one function, from DLL to DLL */
#define TFD_WIN_INDEX_MAX \
    16384u /* names that are kept of one DLL; in larger tables each one is searched for */

/* The order in which folders are searched. */
typedef enum tfd_win_order {
    TFD_WIN_STANDARD, /* LoadLibraryW(name), and what a program needs to start: the program's folder, the
                         system's, the current one, PATH */
    TFD_WIN_ALTERED,  /* LOAD_WITH_ALTERED_SEARCH_PATH: the module's folder in place of the program's */
    TFD_WIN_FLAGS,    /* LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS: the module's
                         folder, the program's, those that were added, System32 */
    TFD_WIN_DEFAULTS  /* LOAD_LIBRARY_SEARCH_DEFAULT_DIRS alone: the same without the module's folder */
} tfd_win_order;

typedef struct tfd_win_dir {
    tfd_str path;
    tfd_str owner; /* who added it: "numpy"; empty: unknown */
    tfd_str rule;  /* "os.add_dll_directory", "PATH", "conda's folders" */
} tfd_win_dir;

typedef struct tfd_win_dirs {
    tfd_win_dir *items;
    size_t count, capacity;
} tfd_win_dirs;

typedef struct tfd_win_settings {
    tfd_str path;       /* PATH; empty: not set */
    tfd_str cwd;        /* empty: unknown */
    bool unsafe_order;  /* SafeDllSearchMode = 0: the current folder stands before the system's */
    bool check_symbols; /* hold imported functions against exported ones */
} tfd_win_settings;

/* Names that a DLL exports, by hash; row NULL where the table is too large or cannot be read. */
typedef struct tfd_win_exports {
    struct tfd_win_export {
        uint64_t hash; /* of the name; 0: free */
        uint32_t rva;
    } * slots;
    size_t capacity;           /* a power of two; 0: search the file */
    bool is_ready, is_unknown; /* nothing can be said about it: built into Wine, or unreadable */
    uint32_t near;             /* row found last, in a file that is searched */
} tfd_win_exports;

typedef struct tfd_win_file {
    tfd_str path;
    tfd_str name;  /* base name, lower case */
    tfd_str rule;  /* that found it first: "the folder of python.exe", "System32", "PATH", "import" … */
    tfd_str owner; /* who loads it first, where no import table does: "numpy"; empty: none */
    tfd_object_state state;
    tfd_str why;
    tfd_pe pe;
    bool is_system;  /* lies in System32 */
    bool is_builtin; /* stands for a DLL that Wine has in itself: its tables say nothing */
    bool is_loaded;
    bool is_early;                 /* loaded before the first line of Python */
    bool is_checked;               /* its symbols were looked up */
    bool locks_mutex, makes_mutex; /* takes _Mtx_lock, _Mtx_init_in_situ from msvcp140.dll */
    size_t loader;                 /* file whose imports brought it; TFD_NONE: program, import, ctypes */
    size_t first_need, need_count; /* rows of needs, in table order; need_count 0 until it was loaded once */
    tfd_pe_assembly *assemblies;   /* of the manifest, if one of them is not Windows' own */
    size_t assembly_count;
    tfd_win_exports exports;
} tfd_win_file;

typedef struct tfd_win_need {
    size_t by;       /* file; TFD_NONE: ctypes */
    tfd_str name;    /* as written; of an assembly its name, a space and its version */
    tfd_state state; /* PRESENT; ABSENT; UNKNOWN: a place could not be looked at */
    size_t hit;      /* file, or TFD_NONE: not found, or a part of Windows that needs no file */
    tfd_str rule;
    tfd_try *tried;
    size_t tried_count;
    bool is_delayed, is_assembly;
} tfd_win_need;

typedef struct tfd_win_problem {
    size_t file, provider;
    tfd_str symbol; /* "#12" for an ordinal */
    size_t count;   /* of this file and provider; symbol is the first */
} tfd_win_problem;

typedef struct tfd_win_list {
    size_t *items;
    size_t count, capacity;
} tfd_win_list;

typedef struct tfd_win_loader {
    const tfd_sys *sys;
    tfd_arena *arena, *scratch;
    tfd_win_settings settings;
    tfd_str system_dir, windows_dir, program_dir, program_rule;
    uint32_t build; /* of Windows; 0: unknown, taken for 10 or later */
    bool is_wine;
    tfd_tri known; /* the registry's list of KnownDLLs can be read; unknown: not asked yet */
    struct {
        tfd_win_file *items;
        size_t count, capacity;
    } files;
    struct {
        tfd_win_need *items;
        size_t count, capacity;
    } needs;
    struct {
        tfd_win_problem *items;
        size_t count, capacity;
    } problems;
    tfd_win_list loaded;  /* in load order */
    tfd_win_list closure; /* of what was opened last: itself first */
    size_t program;       /* file; TFD_NONE: not there */
    tfd_win_dirs path_dirs, user_dirs, late_dirs;
    tfd_win_dirs assembly_dirs;     /* of what is opened now */
    tfd_map by_path, by_name, dirs; /* lower case path -> file; base name -> loaded file; folder -> kind */
    tfd_map misses;                 /* lower case path at which there is no file */
    tfd_reader *reader, *module_reader, *provider_reader; /* for headers; imported names; exported ones */
    size_t provider_open;                                 /* file that provider_reader is on, or TFD_NONE */
} tfd_win_loader;

/* arena and scratch may be the same. TFD_ENOMEM. */
tfd_status tfd_win_init(tfd_win_loader *loader, const tfd_sys *sys, tfd_arena *arena, tfd_arena *scratch,
                        const tfd_win_settings *settings, tfd_err *err);

/* Closes what is still open; the arenas stay. Once after tfd_win_init. */
void tfd_win_done(tfd_win_loader *loader);

/* Starts a program: what its import table asks for, in the standard order. *ok: it could start. */
tfd_status tfd_win_start(tfd_win_loader *loader, tfd_str program, bool *ok, tfd_err *err);

/* os.add_dll_directory, or another call of AddDllDirectory: searched with TFD_WIN_FLAGS and _DEFAULTS, the
 * last one first. owner as in tfd_win_dir. */
tfd_status tfd_win_add_dir(tfd_win_loader *loader, tfd_str dir, tfd_str owner, tfd_err *err);
/* A folder that code of the process appends to PATH. */
tfd_status tfd_win_add_path(tfd_win_loader *loader, tfd_str dir, tfd_err *err);
/* Folders that conda's Python searches besides, after those: in this order. */
tfd_status tfd_win_add_late_dir(tfd_win_loader *loader, tfd_str dir, tfd_str rule, tfd_err *err);

/* Loads a file by its absolute path (an extension module, ctypes with a path), in this order for what it
 * needs. *file is its row (never TFD_NONE), *ok whether all of it is there and binds; if not, what it brought
 * is unloaded again. loader->closure tells what it depends on, as far as that was found. */
tfd_status tfd_win_open(tfd_win_loader *loader, tfd_str path, tfd_win_order order, tfd_str owner,
                        size_t *file, bool *ok, tfd_err *err);
/* Loads a DLL by its name (ctypes.WinDLL("msvcp140.dll")). *file may be TFD_NONE; one row of needs tells. */
tfd_status tfd_win_open_name(tfd_win_loader *loader, tfd_str name, tfd_win_order order, tfd_str owner,
                             size_t *file, bool *ok, tfd_err *err);

/* Where a name would be found if nothing were loaded; module_dir: folder of the module that is opened (empty:
 * none). */
tfd_status tfd_win_search(tfd_win_loader *loader, tfd_str name, tfd_str module_dir, tfd_win_order order,
                          tfd_win_need *out, tfd_err *err);

/* The loaded file that has this base name (any case), or TFD_NONE. */
size_t tfd_win_named(const tfd_win_loader *loader, tfd_str name);
/* The row for a file, made and read on first sight; *file TFD_NONE if there is none. */
tfd_status tfd_win_look_at(tfd_win_loader *loader, tfd_str path, size_t *file, tfd_err *err);
/* Whether the loader would take the file. */
bool tfd_win_is_usable(const tfd_win_file *file);
/* api-ms-win-…, ext-ms-…: names that Windows maps to its own DLLs without looking for a file. */
bool tfd_win_is_api_set(tfd_str name);
/* Names of DLLs that belong to Windows itself and cannot be missing there. */
bool tfd_win_is_system_name(tfd_str name);
/* Those of them that are KnownDLLs: they come from System32, whatever lies in other folders. By the registry
 * (HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\KnownDLLs), else by what Windows 10 has there.
 */
bool tfd_win_is_known(tfd_win_loader *loader, tfd_str name);
/* msvcp140….dll, vcruntime140….dll and their kin: they are brought by an installer, not by Windows. */
bool tfd_win_is_runtime_name(tfd_str name);
/* A copy in the arena with ASCII letters lowered and '/' made '\\'; the empty slice with ptr NULL at the
 * limit. */
tfd_str tfd_win_lower(tfd_arena *arena, tfd_str text);

#endif
