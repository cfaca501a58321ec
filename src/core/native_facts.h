/* Native code: the files that an import loads, what the loader makes of their names, whether their symbols
 * bind, and which copies of run-time libraries a process gets. Part of the facts. */
#ifndef TFD_CORE_NATIVE_FACTS_H
#define TFD_CORE_NATIVE_FACTS_H

#include "core/table.h"
#include "sys/sys.h"

typedef enum tfd_object_state {
    TFD_OBJECT_OK,
    TFD_OBJECT_MISSING,
    TFD_OBJECT_UNREADABLE,
    TFD_OBJECT_EMPTY,
    TFD_OBJECT_TRUNCATED,  /* program headers or tables reach past the end of the file */
    TFD_OBJECT_NOT_ELF,    /* no image of this system's format: a text, a Git LFS pointer, zeros … */
    TFD_OBJECT_WRONG_ARCH, /* machine or class differs from the interpreter's */
    TFD_OBJECT_DAMAGED,    /* ELF, but its tables contradict each other */
    TFD_OBJECT_NOEXEC,     /* on a file system mounted noexec: mapping its code is refused */
    TFD_OBJECT_UNKNOWN     /* could not be looked at; why says why */
} tfd_object_state;

typedef struct tfd_object {
    tfd_str path;
    size_t dist; /* owner by RECORD, or TFD_NONE */
    tfd_str soname;
    tfd_object_state state;
    tfd_str why;          /* "e_machine 183 (AArch64), the interpreter's is 62 (x86-64)" */
    tfd_str noexec_mount; /* state NOEXEC: where its file system is mounted */
    bool is_module;       /* a Python extension module (by its name) that this interpreter would import */
    bool is_needed;       /* the import of the module asked for loads it, directly or through NEEDED */
    bool is_optional;     /* loaded inside try/except: a failure is survived */
    bool wants_execstack; /* PT_GNU_STACK with PF_X, or none at all on x86 */
    /* Windows */
    tfd_str version; /* of the file ("14.29.30133.0"); empty: it has none, or was not read */
    bool is_system;  /* lies in the system's own folder */
    bool
        needs_constexpr_mutex; /* takes _Mtx_lock but not _Mtx_init_in_situ from msvcp140.dll: its mutexes are
                                  made by the compiler, which msvcp140.dll before 14.39/14.40 cannot lock */
} tfd_object;

typedef TFD_TABLE(tfd_object) tfd_objects;

typedef struct tfd_try {
    tfd_str path;
    tfd_str rule; /* "RPATH of …", "LD_LIBRARY_PATH", "ld.so.cache", "/lib" */
    tfd_str why;  /* why it was passed over: "not there", "wrong architecture" */
} tfd_try;

typedef struct tfd_resolution {
    size_t object;   /* that needs it, row of objects; TFD_NONE: LD_PRELOAD */
    tfd_str name;    /* NEEDED, dlopen name or LD_PRELOAD entry */
    tfd_state state; /* PRESENT: found; ABSENT: looked everywhere; UNKNOWN: could not */
    size_t hit;      /* row of objects, or TFD_NONE */
    tfd_str rule; /* that found it: "RUNPATH of …", "LD_LIBRARY_PATH", "ld.so.cache", "already loaded", … */
    tfd_try *tried;
    size_t tried_count;
    bool is_needed, is_optional;
    tfd_str owner; /* Windows, where object is TFD_NONE: who asks ("TensorFlow's self-check", a .pth file) */
    bool is_assembly; /* Windows: name is that of a side-by-side assembly and its version */
    bool is_delayed;  /* Windows: looked for when a function of it is called, not with the import */
} tfd_resolution;

typedef TFD_TABLE(tfd_resolution) tfd_resolutions;

typedef enum tfd_symbol_kind { TFD_SYMBOL_UNDEFINED, TFD_SYMBOL_NO_VERSION } tfd_symbol_kind;

typedef struct tfd_symbol_problem {
    tfd_symbol_kind kind;
    size_t object;   /* that needs it */
    size_t provider; /* file that should have it (NO_VERSION: the one named by verneed; UNDEFINED: the likely
                        one), or TFD_NONE */
    tfd_str symbol;  /* empty for NO_VERSION */
    tfd_str version; /* "GLIBCXX_3.4.29"; empty: none */
    tfd_str rule;    /* how `provider` came to be loaded: "LD_LIBRARY_PATH", "ld.so.cache" … */
    size_t count;    /* undefined symbols of this object with the same provider; `symbol` is the first */
    bool is_needed, is_optional;
    bool is_lazy; /* only a function that is bound when called: the import survives unless it is called */
} tfd_symbol_problem;

typedef TFD_TABLE(tfd_symbol_problem) tfd_symbol_problems;

/* A foreign library that wins over the one that belongs to a package or the system. */
typedef struct tfd_intruder {
    tfd_str name;    /* SONAME */
    size_t object;   /* the copy that wins */
    tfd_str rule;    /* "LD_PRELOAD", "LD_LIBRARY_PATH" */
    tfd_str instead; /* path of the copy that would win without that variable; empty: none */
} tfd_intruder;

typedef TFD_TABLE(tfd_intruder) tfd_intruders;

/* One copy of a DLL of the Visual C++ or Universal C runtime (msvcp140*.dll, vcruntime140*.dll,
 * concrt140.dll, ucrtbase.dll) that a process of the interpreter can get. Of one name only one copy serves a
 * process: the one that was loaded first. Rows of one name stand in the order in which they would be taken; a
 * name that some file needs and that has no copy anywhere has one row, with state TFD_OBJECT_MISSING. */
typedef struct tfd_runtime {
    tfd_str name; /* "msvcp140.dll": lower case */
    tfd_str path;
    tfd_str version; /* "14.29.30133.0"; empty: unknown */
    tfd_str rule;    /* where it stands: "the folder of python.exe", "System32", "PATH" … */
    bool is_loaded;  /* the copy that the import gets */
    bool is_early;   /* … and python.exe has it before the first line of Python is run */
    bool is_system;  /* in System32 */
    tfd_arch arch;
    tfd_object_state state;
    tfd_str why;   /* for a state other than OK */
    tfd_str owner; /* who brought it there or loads it first: "python.exe", "numpy", "TensorFlow's
                      self-check"; empty: unknown */
    size_t object; /* row of objects, or TFD_NONE: only seen */
} tfd_runtime;

typedef TFD_TABLE(tfd_runtime) tfd_runtimes;

/* Windows: a record of the event log in which code integrity, AppLocker or Defender names a file. */
typedef struct tfd_block {
    tfd_str file;    /* as written: "\\Device\\HarddiskVolume3\\x.dll"; compare with tfd_winevent_is */
    tfd_str channel; /* "CodeIntegrity", "AppLocker", "Defender" */
    uint32_t event;
    tfd_str time;
    bool is_audit; /* it would have been refused; it was not */
    bool is_virus; /* a virus scanner found something in it, and may have taken it away */
} tfd_block;

typedef TFD_TABLE(tfd_block) tfd_blocks;

#endif
