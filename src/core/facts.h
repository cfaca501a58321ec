/* What is known of a machine: scalar facts by id, and tables. Probes write, everyone else has `const`.
 *
 * Three rules hold everywhere. (1) Unknown is not absent: a scalar has a state, a table says whether it is
 * complete, and only a complete table can prove that something is not there. (2) Every fact says where it was
 * read. (3) Rows are never removed or reordered once written, so an index names a row for the whole run;
 * TFD_NONE is no row. All text lives in the run's arenas. */
#ifndef TFD_CORE_FACTS_H
#define TFD_CORE_FACTS_H

#include "base/arena.h"
#include "base/map.h"
#include "base/tri.h"
#include "core/gpu_facts.h"
#include "core/import_facts.h"
#include "core/native_facts.h"
#include "core/online_facts.h"
#include "core/table.h"
#include "formats/piplog.h"
#include "sys/sys.h"

/* ---- scalars: one line each in fact_list.h */

typedef enum tfd_fact_id {
#define TFD_FACT(symbol, key, type, sentence) TFD_FACT_##symbol,
#include "core/fact_list.h"
#undef TFD_FACT
    TFD_FACT_COUNT
} tfd_fact_id;

typedef enum tfd_type { TFD_TYPE_BOOL, TFD_TYPE_INT, TFD_TYPE_TEXT } tfd_type;

typedef struct tfd_fact {
    tfd_state state;
    bool boolean;
    int64_t integer;
    tfd_str text;
    tfd_str source; /* where it was read; for unknown: why */
} tfd_fact;

/* ---- the interpreter */

typedef enum tfd_env_kind {
    TFD_ENV_UNKNOWN,
    TFD_ENV_SYSTEM,     /* the distribution's own Python (/usr) */
    TFD_ENV_PYENV,      /* a pyenv version, or another self-built prefix under a home folder */
    TFD_ENV_STANDALONE, /* any other base installation: /usr/local, /opt, uv's managed Python */
    TFD_ENV_VENV,       /* pyvenv.cfg: venv or virtualenv */
    TFD_ENV_UV,         /* pyvenv.cfg written by uv */
    TFD_ENV_CONDA,      /* conda-meta/ beside bin/ */
    TFD_ENV_EMBEDDED, /* Windows: the embeddable package, or what was made of it (._pth beside python.exe) */
    TFD_ENV_STORE     /* Windows: the Store's Python */
} tfd_env_kind;

typedef enum tfd_broken {
    TFD_PY_FINE = 0,
    TFD_PY_UNKNOWN,      /* could not look; why_broken says why */
    TFD_PY_DANGLING,     /* bin/python is a link to nothing (venv: its base is gone) */
    TFD_PY_MISSING,      /* an environment folder without any interpreter, or a deleted VIRTUAL_ENV */
    TFD_PY_NOT_EXEC,     /* there, but this user may not execute it */
    TFD_PY_BAD_FILE,     /* no ELF (or script) at all, truncated, empty */
    TFD_PY_FOREIGN_ARCH, /* an ELF for another processor */
    TFD_PY_NO_LOADER,    /* its PT_INTERP or a NEEDED library (libpython…) is not found */
    TFD_PY_NO_STDLIB, /* the standard library (os.py, encodings) is not where it looks: PYTHONHOME, pyvenv.cfg
                         home */
    TFD_PY_STDLIB_DAMAGED, /* a module of the standard library that start-up or TensorFlow needs is missing or
                              damaged */
    TFD_PY_VENV_VERSION,   /* the venv was made for another minor version than the interpreter it now runs */
    TFD_PY_CFG_DENIED,     /* pyvenv.cfg is there, and this user may not read it */
    TFD_PY_CFG_NO_TEXT     /* pyvenv.cfg is no UTF-8 text: Python stops while it starts */
} tfd_broken;

/* One entry of sys.path, in order. */
typedef enum tfd_place_kind {
    TFD_PLACE_START, /* the script's folder, or the current folder */
    TFD_PLACE_PYTHONPATH,
    TFD_PLACE_STDLIB_ZIP,
    TFD_PLACE_STDLIB,
    TFD_PLACE_DYNLOAD,
    TFD_PLACE_SITE, /* the environment's own site-packages (or Debian's dist-packages for a system Python) */
    TFD_PLACE_USER_SITE,
    TFD_PLACE_BASE_SITE, /* the base interpreter's, through include-system-site-packages */
    TFD_PLACE_PTH,       /* a path line or a known import line of a .pth file */
    TFD_PLACE_CUSTOMIZE, /* put there by sitecustomize or usercustomize */
    TFD_PLACE_OTHER      /* reported by the import child, origin unknown */
} tfd_place_kind;

typedef struct tfd_place {
    tfd_str path;
    tfd_place_kind kind;
    tfd_str source; /* "PYTHONPATH", "/…/zz_vendor.pth:1", "pyvenv.cfg", "getpath" */
    bool exists;
    bool readable;   /* may be listed by this user */
    bool is_unknown; /* the machine could not say what is there */
    bool is_zip;
    tfd_str dropped_by;  /* start-up file that takes it off sys.path again; empty: none */
    tfd_dirents entries; /* of a folder, listed once; empty if it is not readable */
    tfd_map names;       /* entry name -> index into entries */
} tfd_place;

typedef TFD_TABLE(tfd_place) tfd_places;

/* A .pth file, sitecustomize or usercustomize that is read at start-up. */
typedef struct tfd_startup_file {
    tfd_str path;
    bool has_imports; /* it runs code */
    bool understood;  /* every line of code has a known form (virtualenv, setuptools, editable finders …) */
    tfd_str problem;  /* "line 3: cannot be decoded" …; empty: none */
    size_t first_place;        /* first row of places that it added, or TFD_NONE */
    bool adds_first;           /* it inserts in front (sys.path.insert(0, …)) */
    tfd_str changes_variables; /* text of the code that sets or removes variables of the environment; empty:
                                  none does */
    tfd_str changes_python;    /* text of the code that names what makes Python itself work otherwise (limits,
                                  import hooks, the end of the process); empty: none does */
} tfd_startup_file;

/* A variable that a known form of start-up code sets (os.environ['X'] = '1') or removes, in the order in
 * which that happens. */
typedef struct tfd_start_variable {
    tfd_str name, value;
    bool is_set;    /* false: removed */
    size_t startup; /* row of startup_files */
    size_t line;
} tfd_start_variable;

/* A native library that start-up code loads by ctypes, or a folder that it adds to the search for DLLs. */
typedef struct tfd_start_load {
    tfd_str path; /* or the bare name of a library */
    bool is_dir;
    bool is_global; /* RTLD_GLOBAL */
    size_t startup; /* row of startup_files: what runs the code */
} tfd_start_load;

/* A module that start-up code settles without sys.path: the namespace packages of setuptools' -nspkg.pth
 * files are in sys.modules before any import (is_first); editable finders (PEP 660) are asked when sys.path
 * has no answer. */
typedef struct tfd_preset {
    tfd_str name;   /* "google", "mypkg", "ns.mypkg" */
    tfd_str path;   /* folder, or module file without its suffix */
    tfd_str source; /* the .pth file or finder module */
    bool is_first;
} tfd_preset;

typedef TFD_TABLE(tfd_preset) tfd_presets;

typedef struct tfd_python {
    tfd_str path; /* as it would be started: "/home/me/.venv/bin/python" */
    tfd_str real; /* the file behind all links; empty if there is none */
    tfd_str why;  /* "--python", "PATH", "VIRTUAL_ENV", "CONDA_PREFIX", ".venv" */
    tfd_broken broken;
    tfd_str broken_why;     /* sentence with the path */
    tfd_str stopped_by;     /* a .pth or ._pth file without which it would start; empty: none is known */
    tfd_str implementation; /* "cpython", "pypy", "cpython-mingw", "cpython-cygwin"; empty: unknown */
    int major, minor;       /* -1: unknown */
    int micro;              /* -1: unknown (patchlevel cannot always be read from files) */
    tfd_str version;        /* "3.12.1", or "3.12" where micro is unknown */
    tfd_str version_source;
    tfd_tri free_threaded, debug;
    int bits; /* 32, 64; 0: unknown */
    tfd_arch arch;
    tfd_str libc;         /* "glibc", "musl"; empty: unknown */
    tfd_str libc_version; /* of the libc that the interpreter would be run with: "2.36" */
    tfd_str soabi;   /* "cpython-312-x86_64-linux-gnu" as found in lib-dynload or by rule, "cp312-win_amd64";
                        empty: unknown */
    tfd_str library; /* file that holds the interpreter's code (pythonXY.dll, libpython…so, the program
                        itself); empty: unknown */
    tfd_env_kind env;
    tfd_str env_root;            /* folder of the venv or conda environment; else prefix */
    tfd_str prefix, base_prefix; /* as sys.prefix, sys.base_prefix */
    tfd_str stdlib;              /* folder of os.py; empty if none */
    tfd_str stdlib_zip;          /* where it is looked for */
    tfd_str pyvenv_cfg;          /* path; empty if none */
    tfd_str cfg_home;            /* its "home"; empty if none */
    tfd_str cfg_version;         /* its "version" or "version_info" */
    bool system_site;            /* include-system-site-packages = true */
    tfd_str home_variable;       /* PYTHONHOME in force; empty: none */
    tfd_str stand_in; /* PYTHONEXECUTABLE, where it hides the interpreter's venv; empty: it does not */
    tfd_str externally_managed; /* path of the PEP 668 marker; empty: none (venvs are never managed) */
    tfd_str site_packages;      /* where an installer puts packages (purelib) */
    tfd_tri site_writable;
    bool site_readonly; /* its file system is mounted read-only: root may not write there either */
    tfd_tri has_pip;    /* pip importable by this interpreter */
    tfd_str uv, conda;  /* installers' executables on PATH or in well-known places; empty: none */
    tfd_tri user_site_on;
    tfd_str venv_lost;   /* folder that is laid out as a virtual environment around the executable, but has no
                            pyvenv.cfg: its packages are not seen; empty: none */
    tfd_str store_alias; /* Windows: the alias of the Store that the shell finds first and behind which there
                            is no Python; empty: none */
    tfd_str lib64_only;  /* environment whose packages lie in lib64 while the link lib beside it is gone;
                            empty: not so */
    tfd_str closed_folder; /* the folder on the way to the interpreter (or to its library) that this user may
                              not enter; empty: none */
    tfd_str hidden_site;   /* a folder with a TensorFlow that a variable keeps off sys.path; empty: none */
    tfd_str
        hidden_by; /* PYTHONNOUSERSITE, PYTHONUSERBASE (the user site), PYTHONHOME (the interpreter's own) */
    tfd_str passed_over;     /* a python earlier on PATH that starts nothing, and why; empty: none */
    tfd_str active_env;      /* folder that VIRTUAL_ENV or CONDA_PREFIX names; empty: neither is set */
    tfd_str active_env_var;  /* which of them */
    bool active_env_differs; /* it is not the environment of the interpreter chosen */
    bool active_env_on_path; /* its folder of programs stands on PATH before the interpreter chosen */
    tfd_broken active_env_broken;
    tfd_str active_env_why; /* sentence for active_env_broken */
} tfd_python;

/* Any interpreter that was seen, the target included. */
typedef struct tfd_interpreter {
    tfd_str path;
    tfd_str real;
    tfd_str seen_in; /* "PATH", "pyenv", "conda", ".venv", "jupyter kernel …", "vscode", "well-known" */
    tfd_str version; /* empty: unknown */
    tfd_str tf_dist, tf_version; /* TensorFlow distribution in it; empty: none seen */
    bool has_activate;           /* bin/activate (Scripts\activate.bat) lies beside it */
    bool runs_for_user; /* on PATH, VIRTUAL_ENV, CONDA_PREFIX, .venv here or above, Jupyter kernel, VS Code
                           setting */
    bool is_target;
    bool is_broken;
} tfd_interpreter;

typedef TFD_TABLE(tfd_interpreter) tfd_interpreters;

/* ---- packages */

typedef enum tfd_dist_kind {
    TFD_DIST_INFO,
    TFD_DIST_EGG_INFO,
    TFD_DIST_EGG_LINK,
    TFD_DIST_CONDA,
    TFD_DIST_DEBIAN
} tfd_dist_kind;

typedef struct tfd_dist {
    tfd_str name;    /* as METADATA spells it (or the folder's name, where there is no METADATA) */
    tfd_str key;     /* PEP 503: lower case, runs of -_. are one '-' */
    tfd_str version; /* as METADATA spells it */
    tfd_dist_kind kind;
    size_t place;      /* row of places */
    tfd_str path;      /* the .dist-info or .egg-info */
    tfd_str metadata;  /* path of METADATA or PKG-INFO; empty if it is missing */
    tfd_str installer; /* "pip", "uv", "conda", "debian"; empty: unknown */
    tfd_str requires_python;
    tfd_tri tags_fit; /* WHEEL's tags against this interpreter and libc */
    tfd_str tags;     /* "cp312-cp312-manylinux_2_17_x86_64" (the first, with the number of others) */
    tfd_str tags_why; /* why they do not fit: "python", "abi", "platform", "architecture", "glibc 2.39" */
    tfd_str editable; /* root of an editable install; empty: none */
    bool is_shadowed; /* an earlier place (or an earlier name in the same folder) has the same key */
    bool has_record;
    bool is_needed;     /* in the requirement closure of the module asked for */
    bool is_tensorflow; /* provides the tensorflow package: tensorflow, -cpu, -gpu, -intel, -rocm, -macos,
                           tf-nightly … */
    size_t files;       /* rows of RECORD; 0 without RECORD */
    size_t missing, wrong_size, altered, unreadable, foreign; /* counts of file problems, by kind */
    bool was_hashed;                                          /* every hash of RECORD was compared */
    bool record_cut;     /* RECORD does not list itself: it was cut short, and what it lacks is unknown */
    bool has_dead_links; /* files of it are links to nothing */
} tfd_dist;

typedef TFD_TABLE(tfd_dist) tfd_dists;

/* The pip that a repair would use. */
typedef struct tfd_pip {
    size_t dist;        /* row of dists, or TFD_NONE */
    tfd_str site;       /* the folder it lies in; empty: none seen */
    tfd_str damaged;    /* one of its files that is missing or cut; empty: none seen */
    tfd_str base;       /* where damaged: the base interpreter that has a pip of its own; empty: none */
    bool base_can_lend; /* that pip works for another interpreter (--python, 22.3) */
    bool has_record;
} tfd_pip;

/* A setting of pip that keeps an installation from its place, or refuses it. */
typedef struct tfd_pip_option {
    tfd_str name;   /* long option without "--": "target" */
    tfd_str value;  /* "constraint": the first of its files that is not there */
    tfd_str source; /* file; empty: the variable PIP_<NAME> */
} tfd_pip_option;

/* A line of a file of constraints that a setting of pip names. */
typedef struct tfd_pip_constraint {
    tfd_str key, specifier;
    tfd_str path;    /* of the file */
    size_t line;     /* 1-based */
    tfd_str setting; /* file that names it; empty: the variable PIP_CONSTRAINT */
} tfd_pip_constraint;

typedef struct tfd_requirement {
    size_t by;         /* row of dists */
    tfd_str text;      /* "numpy<2.0.0,>=1.23.5" as METADATA has it, marker included */
    size_t line;       /* of METADATA, 1-based */
    tfd_str key;       /* of the distribution that is required */
    tfd_str specifier; /* "<2.0.0,>=1.23.5" */
    tfd_str extras;    /* "and-cuda"; empty: none */
    tfd_tri applies;   /* its marker holds here (an extra counts only where it was asked for by another
                          requirement) */
    size_t found;      /* row of dists that answers it (not a shadowed one), or TFD_NONE */
    tfd_tri satisfied;
    bool is_needed; /* `by` is in the closure */
    bool is_malformed;
} tfd_requirement;

typedef TFD_TABLE(tfd_requirement) tfd_requirements;

typedef enum tfd_file_state {
    TFD_FILE_MISSING,
    TFD_FILE_WRONG_SIZE,
    TFD_FILE_ALTERED,    /* SHA-256 differs */
    TFD_FILE_UNREADABLE, /* this user may not read it (or may not enter its folder: then once, with the
                            folder's path) */
    TFD_FILE_FOREIGN /* in the package's folder, in no RECORD, and of a kind the import can pick up (.py, .so)
                      */
} tfd_file_state;

typedef struct tfd_file_problem {
    size_t dist;    /* row of dists; TFD_NONE for a foreign file nobody owns */
    tfd_str path;   /* absolute */
    tfd_str module; /* "tensorflow.python.framework.ops" for importable files; empty otherwise */
    tfd_file_state state;
    bool is_folder;         /* TFD_FILE_UNREADABLE: it may not be entered, what lies in it is unknown */
    uint64_t expected, got; /* sizes */
    size_t
        other; /* another distribution whose RECORD owns the path too and agrees with the file, or TFD_NONE */
} tfd_file_problem;

typedef TFD_TABLE(tfd_file_problem) tfd_file_problems;

/* Two distributions whose RECORDs own the same files (files that both hold alike in content count as shared
 * only). */
typedef struct tfd_overlap {
    size_t first, second; /* rows of dists, first < second */
    size_t shared;        /* paths in both */
    size_t differing;     /* of these, where the RECORDs' sizes or hashes differ */
    size_t first_lost,
        second_lost; /* of these, where the file on disk is not what that RECORD says (by size, or hash) */
    tfd_str sample;  /* one path */
} tfd_overlap;

typedef TFD_TABLE(tfd_overlap) tfd_overlaps;

typedef enum tfd_leftover_kind {
    TFD_LEFTOVER_TILDE,    /* "~ensorflow": pip could not finish an upgrade */
    TFD_LEFTOVER_NO_FILES, /* metadata there, the package folder gone */
    TFD_LEFTOVER_NO_META,  /* package folder with __init__.py or extension modules, no distribution owns it */
    TFD_LEFTOVER_NAMESPACE, /* a package's folder without its __init__.py: imports silently as an empty
                               namespace */
    TFD_LEFTOVER_TWO_META   /* two .dist-info of one distribution in one folder */
} tfd_leftover_kind;

typedef struct tfd_leftover {
    tfd_leftover_kind kind;
    tfd_str path;
    tfd_str key;            /* distribution concerned, if known */
    size_t dist;            /* row of dists, or TFD_NONE */
    tfd_str build, version; /* TensorFlow without metadata: "tensorflow-cpu" and "2.15.1" by its own files;
                               empty: they do not tell */
} tfd_leftover;

typedef TFD_TABLE(tfd_leftover) tfd_leftovers;

/* ---- modules: what a top-level (or dotted) name resolves to over sys.path */

typedef enum tfd_module_kind {
    TFD_MODULE_MISSING,
    TFD_MODULE_BUILTIN, /* in the interpreter itself; nothing on sys.path can hide it */
    TFD_MODULE_PACKAGE, /* folder with __init__ */
    TFD_MODULE_NAMESPACE,
    TFD_MODULE_SOURCE,
    TFD_MODULE_BYTECODE,
    TFD_MODULE_EXTENSION,
    TFD_MODULE_ZIPPED
} tfd_module_kind;

typedef struct tfd_module {
    tfd_str name;
    tfd_module_kind kind;
    size_t place;  /* that wins, row of places; TFD_NONE: missing or built in */
    tfd_str path;  /* file or folder that wins */
    size_t dist;   /* whose RECORD owns the winner, or TFD_NONE */
    size_t wanted; /* place that should win (standard library, or where the requirement's distribution lies);
                      TFD_NONE */
    tfd_str wanted_path;
    size_t wanted_dist; /* the distribution that should provide it, or TFD_NONE (standard library, or not
                           installed) */
    tfd_str hint; /* distribution name that provides it, from the knowledge base, where none is installed */
    bool is_stdlib;
    bool is_needed; /* `import` of the module asked for loads it (knowledge base, or the requirement closure)
                     */
    bool is_optional; /* the import goes on without it */
    bool is_shadowed; /* another place wins than should */
    bool
        is_closed; /* a folder that this user may not list or enter: Python takes it for an empty namespace */
} tfd_module;

typedef TFD_TABLE(tfd_module) tfd_modules;

/* ---- all of it */

typedef struct tfd_facts {
    tfd_fact scalars[TFD_FACT_COUNT];
    tfd_str module;     /* asked for: "tensorflow", "tensorflow.keras" */
    tfd_str module_top; /* "tensorflow" */
    tfd_str start_dir;  /* first entry of sys.path: the script's folder or the current one */
    bool has_script;
    tfd_str home;               /* the user's folder; empty: unknown */
    const tfd_str *environment; /* "NAME=value" */
    size_t environment_count;
    const tfd_system *system;
    const tfd_cpu *cpu;
    tfd_python python;
    tfd_interpreters interpreters;
    tfd_places places;
    bool packages_known; /* places is not complete, for the interpreter does not start; but all folders of
                            packages that it will look into once it does are there: its environment's own */
    TFD_TABLE(tfd_startup_file) startup_files;
    TFD_TABLE(tfd_start_variable) start_variables;
    TFD_TABLE(tfd_start_load) start_loads;
    tfd_presets presets;
    tfd_dists dists;
    size_t tensorflow; /* the distribution that provides the tensorflow that would be imported, row of dists
                          or TFD_NONE */
    tfd_requirements requirements;
    tfd_file_problems file_problems;
    tfd_overlaps overlaps;
    tfd_leftovers leftovers;
    tfd_pip pip;
    TFD_TABLE(tfd_pip_option) pip_options; /* variables, then files */
    TFD_TABLE(tfd_pip_constraint) pip_constraints;
    tfd_str pip_refused; /* a configuration file at which every pip ends; empty: none */
    size_t pip_refused_line;
    tfd_str pip_log_path; /* empty: pip keeps none, or has not begun it */
    bool pip_log_is_read;
    tfd_pip_log pip_log; /* of a pip on this sys.path */
    tfd_modules modules;
    tfd_objects objects;
    tfd_resolutions resolutions;
    tfd_symbol_problems symbol_problems;
    tfd_intruders intruders;
    tfd_runtimes runtimes;
    tfd_blocks blocks; /* the newest first; complete where every log could be read, or is not there */
    tfd_gpu gpu;
    uint64_t native_bytes; /* size of the native files that the import maps; 0: unknown */
    tfd_import import;
    tfd_online online;
} tfd_facts;

/* tempfile.gettempdir proves a folder by writing four bytes into it, which takes a block. */
#define TFD_TMP_MIN 4096
#define TFD_TMP_PROBE 4

void tfd_facts_init(tfd_facts *facts);
/* Of the TensorFlow that is examined; empty: none. */
tfd_str tfd_facts_tf_version(const tfd_facts *facts);
/* Whether the object is among the intruders already. */
bool tfd_facts_has_intruder(const tfd_facts *facts, size_t object);
/* ensurepip, which venv needs, is a package of its own in Debian (python3-venv). false where the standard
 * library could not be listed. */
bool tfd_facts_lack_ensurepip(const tfd_facts *facts);
/* Whether the pip that is there would hold more of a wheel (bytes; 0: any of TensorFlow's) in memory, while
 * it puts it into its cache, than a process can get here. --no-cache-dir helps. */
bool tfd_facts_pip_lacks_memory(const tfd_facts *facts, uint64_t wheel);
/* What a process can get: free memory, or a limit of the address space below it; 0: not known. */
uint64_t tfd_facts_memory_room(const tfd_facts *facts);

const char *tfd_fact_key(tfd_fact_id id);      /* "cpu.avx2" */
const char *tfd_fact_sentence(tfd_fact_id id); /* what it says, for `list facts` */
tfd_type tfd_fact_type(tfd_fact_id id);

/* Setting a scalar; source is kept as it is (must live as long as facts). */
void tfd_fact_set_bool(tfd_facts *facts, tfd_fact_id id, bool value, tfd_str source);
void tfd_fact_set_int(tfd_facts *facts, tfd_fact_id id, int64_t value, tfd_str source);
void tfd_fact_set_text(tfd_facts *facts, tfd_fact_id id, tfd_str value, tfd_str source);
void tfd_fact_set_absent(tfd_facts *facts, tfd_fact_id id, tfd_str source);
void tfd_fact_set_unknown(tfd_facts *facts, tfd_fact_id id, tfd_str why);

/* Row of dists for a PEP 503 key (the one that wins, not a shadowed one), or TFD_NONE. */
size_t tfd_dist_find(const tfd_facts *facts, tfd_str key);

#endif
