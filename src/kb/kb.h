/* Facts of the world, as against facts of the machine: which TensorFlow releases there are, what they
 * require, what their import loads, what breaks it although metadata is content, which add-ons fit. They are
 * data files (src/kb/data, see docs/KNOWLEDGE.md), embedded when tfdiag is built; a folder given with --kb
 * replaces them file by file. A topic is parsed when it is first asked for.
 *
 * Answers are slices and arrays in the arena given to tfd_kb_open and live as long as it. What the tables do
 * not hold is unknown, never "unsupported": find functions give NULL or the empty slice then.
 *
 * Threads: a query may parse, so a kb belongs to one thread; after tfd_kb_preload(version) all queries but
 * tfd_kb_release_find for other lines, tfd_kb_releases_get and the cause texts only read, and may be asked
 * from several threads at once. */
#ifndef TFD_KB_KB_H
#define TFD_KB_KB_H

#include "base/arena.h"
#include "base/err.h"
#include "base/tri.h"
#include "sys/sys.h"

typedef struct tfd_kb tfd_kb;

/* Where a row comes from. confidence: "measured", "documented", "seen in code", "reported". as_of: "2026-11".
 */
typedef struct tfd_kb_origin {
    tfd_str source;
    tfd_str confidence;
    tfd_str as_of;
} tfd_kb_origin;

typedef struct tfd_kb_strs {
    const tfd_str *items;
    size_t count;
} tfd_kb_strs;

/* ---- opening ----------------------------------------------------------------------------------------------
 */

/* dir empty: the built-in data only, sys may be NULL. Otherwise every .json file of dir and of its folders
 * tensorflow, imports and loaded replaces the built-in file of that name or adds to it; all of them are
 * parsed at once, so that a broken one is an error that names its path (TFD_EFORMAT), not a gap found later.
 * TFD_ENOENT: dir is no folder. Memory comes from arena. */
tfd_status tfd_kb_open(tfd_arena *arena, const tfd_sys *sys, tfd_str dir, tfd_kb **out, tfd_err *err);
/* Parses what a diagnosis of this TensorFlow version (empty: unknown) asks for. TFD_EFORMAT, TFD_ENOMEM. */
tfd_status tfd_kb_preload(tfd_kb *kb, tfd_str tf_version, tfd_err *err);
/* False once memory was missing: an answer may lack rows then. */
bool tfd_kb_is_whole(const tfd_kb *kb);
/* "2026-11-22": when the data was last brought up to date. */
tfd_str tfd_kb_date(tfd_kb *kb);

/* ---- TensorFlow releases ----------------------------------------------------------------------------------
 */

typedef struct tfd_kb_wheel {
    tfd_str platform; /* "linux-x86_64", "linux-aarch64", "windows-x86_64", "macos-arm64", "macos-x86_64" */
    tfd_kb_strs pythons; /* "3.9" … : the CPython versions with which pip can really install it */
    tfd_str tag;         /* "manylinux_2_17.manylinux2014", "win_amd64" */
    tfd_str glibc;       /* "2.17"; empty where it is not Linux */
    uint64_t size;       /* bytes of the largest of them, the one that via names included; 0: not known */
    uint64_t cpu_size; /* the same of the distribution called tensorflow-cpu; 0: it has none, or not known */
    tfd_str via; /* "tensorflow-intel==2.15.0": this wheel is a shell that requires that one; else empty */
} tfd_kb_wheel;

typedef struct tfd_kb_release {
    tfd_str version; /* "2.15.0.post1" */
    tfd_str date;    /* "2023-12-05", first upload */
    tfd_str requires_python;
    const tfd_kb_wheel *wheels; /* of the distribution called tensorflow */
    size_t wheel_count;
    tfd_kb_strs requires;           /* PEP 508 */
    tfd_kb_strs requires_and_cuda;  /* of the extra and-cuda */
    tfd_kb_strs cpu;                /* instruction sets needed: "AVX" */
    tfd_kb_strs gpu;                /* platforms on which the build has CUDA */
    tfd_str cuda, cudnn;            /* "12.5", "9.3"; empty where the build has no CUDA */
    tfd_kb_strs gpu_sass, gpu_ptx;  /* compute capabilities: "8.9" */
    tfd_str glibc, glibcxx, cxxabi; /* highest symbol versions needed on linux-x86_64; empty: not read */
    tfd_str note;
    tfd_kb_origin origin;
} tfd_kb_release;

/* Line of a version: "2.15" for "2.15.0.post1" and "2.15.1rc0"; empty if it does not start with two numbers.
 */
tfd_str tfd_kb_line_of(tfd_str version);
/* The release of exactly this version, or NULL: not in the table. */
const tfd_kb_release *tfd_kb_release_find(tfd_kb *kb, tfd_str version);
const tfd_kb_wheel *tfd_kb_wheel_find(const tfd_kb_release *release, tfd_str platform);
/* All releases, oldest line first, by date within a line. Parses every line: for lists and advice only. */
tfd_status tfd_kb_releases_get(tfd_kb *kb, const tfd_kb_release *const **out, size_t *count, tfd_err *err);

typedef struct tfd_kb_python {
    tfd_str version; /* "3.12" */
    tfd_str status;  /* "security", "end-of-life", … */
    tfd_str end_of_life;
    tfd_str tensorflow; /* "2.16.1-2.21": first and last release with wheels; empty: none so far */
    tfd_kb_origin origin;
} tfd_kb_python;

/* The newest release that has a wheel for this platform ("linux-x86_64"), Python ("3.11") and version of
 * glibc (empty: not known, and not held against it); NULL: none. */
const tfd_kb_release *tfd_kb_newest_find(tfd_kb *kb, tfd_str platform, tfd_str python, tfd_str glibc);

const tfd_kb_python *tfd_kb_python_find(tfd_kb *kb, int major, int minor);
/* Whether any TensorFlow release in the table has a wheel for it; TFD_UNKNOWN for one newer than the table.
 */
tfd_tri tfd_kb_python_support(tfd_kb *kb, int major, int minor);

/* ---- what the import loads --------------------------------------------------------------------------------
 */

/* What stops working when a module or distribution is not there. */
typedef enum tfd_kb_need {
    TFD_KB_NEED_UNKNOWN, /* not measured */
    TFD_KB_NEED_NONE,    /* nothing that import tensorflow, a constant and tf.keras notice */
    TFD_KB_NEED_KERAS,   /* tf.keras; import tensorflow goes on */
    TFD_KB_NEED_IMPORT   /* import tensorflow */
} tfd_kb_need;

typedef struct tfd_kb_module {
    tfd_str name; /* top level, or "google.protobuf" */
    bool stdlib;
    bool native;          /* an extension module of the standard library (a .so of its own) */
    tfd_kb_need hidden;   /* effect when it is not found */
    tfd_kb_need shadowed; /* effect when an empty NAME.py in the start folder is found first. A lower bound: a
                             file with other contents may break what an empty one does not */
    tfd_kb_need broken; /* effect when it is there but raises ValueError as it is imported (built for another
                           NumPy, half removed): guards against ImportError do not help then. Optional
                           packages that are merely looked for have it, too */
} tfd_kb_module;

typedef struct tfd_kb_library {
    tfd_str dist; /* PEP 503 name */
    tfd_str path; /* below site-packages; the interpreter's suffix is replaced by '*' */
} tfd_kb_library;

typedef struct tfd_kb_imports {
    tfd_str line;                 /* that was measured */
    const tfd_kb_module *modules; /* sorted by name; those that a bare interpreter has loaded are left out */
    size_t module_count;
    const tfd_kb_library *libraries; /* shared objects that were mapped */
    size_t library_count;
    tfd_kb_strs unused; /* required distributions of which nothing is loaded */
    tfd_kb_strs spared; /* modules of needed packages without which the import goes on all the same */
    tfd_kb_origin origin;
} tfd_kb_imports;

/* What import tensorflow loads: measured for the line of this version, or else for the nearest lower line
 * (below the first: the first; version empty: the last). NULL only if there is no data at all. */
const tfd_kb_imports *tfd_kb_imports_find(tfd_kb *kb, tfd_str tf_version);
/* Whether it is the line of this version itself that was measured. */
bool tfd_kb_imports_are_of(const tfd_kb_imports *imports, tfd_str tf_version);
const tfd_kb_module *tfd_kb_module_find(const tfd_kb_imports *imports, tfd_str name);
/* Effect of a missing distribution (PEP 503 name) on import tensorflow and tf.keras. */
tfd_kb_need tfd_kb_dist_need(tfd_kb *kb, tfd_str tf_version, tfd_str dist);
/* Whether the import of module ("tensorflow", "tensorflow.keras", …) goes on without this distribution in
 * every line measured. false where it is not known. */
bool tfd_kb_is_optional(tfd_kb *kb, tfd_str module, tfd_str dist);
/* Whether import tensorflow of exactly this line is known not to load that module of tensorflow
 * ("tensorflow.lite.tools.visualize"). false where it is loaded and where it is not known. */
bool tfd_kb_is_never_imported(tfd_kb *kb, tfd_str tf_version, tfd_str module);

/* What import tensorflow opens on Windows, in order: extension modules as dist and path ("*" as above); those
 * of the standard library have no dist and are names ("_ctypes"). A path that ends in "self_check.py" stands
 * where that file loads the DLLs of build_info by ctypes. */
typedef struct tfd_kb_opened {
    tfd_str line; /* that was measured */
    const tfd_kb_library *items;
    size_t count;
    tfd_kb_origin origin;
} tfd_kb_opened;
/* Of the line of this version, or else the nearest lower one (a version that is not known: the newest). NULL
 * where there is none. */
const tfd_kb_opened *tfd_kb_opened_find(tfd_kb *kb, tfd_str tf_version);

/* Whether import tensorflow goes on where this part of a package that it needs cannot be imported, because
 * Python code stands behind it ("google._upb._message"). By the nearest line measured. */
bool tfd_kb_is_spared(tfd_kb *kb, tfd_str tf_version, tfd_str module);
bool tfd_kb_library_is_spared(const tfd_kb_imports *imports, const tfd_kb_library *library);
/* Whether that holds for every extension module that the import was seen to load from a distribution. */
bool tfd_kb_dist_is_spared(const tfd_kb_imports *imports, tfd_str dist);
/* Whether import tensorflow of exactly this line is known not to load that module ("numpy.random.mtrand") of
 * another distribution (PEP 503 name). Known only for the installed versions whose first number is the
 * measured one's. */
bool tfd_kb_is_unused_part(tfd_kb *kb, tfd_str tf_version, tfd_str dist, tfd_str version, tfd_str module);

/* What import tensorflow of exactly this line loads, module by module: TensorFlow's own, or (others) those of
 * the other packages. */
#define TFD_KB_TREE_DEPTH 24
typedef struct tfd_kb_tree {
    tfd_str rest;
    size_t depth, len;
    size_t parents[TFD_KB_TREE_DEPTH]; /* lengths of the names that the brackets stand behind */
    char name[512];
} tfd_kb_tree;

/* false: that line was not measured. */
bool tfd_kb_tree_open(tfd_kb *kb, tfd_str tf_version, bool others, tfd_kb_tree *out);
/* The next module, "numpy._core.multiarray", valid until the next call, and whether modules below it are
 * loaded, too (it is a package then). false: no more. */
bool tfd_kb_tree_next(tfd_kb_tree *tree, tfd_str *module, bool *has_parts);
/* Whether this version of another distribution is near enough to the one that was measured with that line. */
bool tfd_kb_is_measured_part(tfd_kb *kb, tfd_str tf_version, tfd_str dist, tfd_str version);

/* The distribution (PEP 503 name) that provides a top-level module or "google.protobuf"; empty if the table
 * has none: then mostly the module's own name. */
tfd_str tfd_kb_module_dist(tfd_kb *kb, tfd_str module);
/* The first module that a distribution provides by the same table; empty if the table has none. */
tfd_str tfd_kb_dist_module(tfd_kb *kb, tfd_str dist);
/* Distributions that own the folder tensorflow/ (tensorflow, tensorflow-cpu, tf-nightly, …); PEP 503 name. */
bool tfd_kb_is_tensorflow(tfd_kb *kb, tfd_str dist);

/* ---- versions that break, or do not -----------------------------------------------------------------------
 */

typedef enum tfd_kb_effect {
    TFD_KB_EFFECT_NONE,  /* works, whatever metadata says */
    TFD_KB_EFFECT_NOISE, /* works and prints something */
    TFD_KB_EFFECT_KERAS, /* tf.keras fails */
    TFD_KB_EFFECT_IMPORT /* import tensorflow fails */
} tfd_kb_effect;

typedef struct tfd_kb_break {
    tfd_str id;            /* "numpy2-tf215" */
    tfd_str tensorflow;    /* PEP 440 specifier: the releases it is about */
    tfd_str python;        /* likewise; empty: any */
    tfd_str dist;          /* PEP 503 name */
    tfd_str versions;      /* specifier: the versions that have this effect; empty: any, and none at all */
    tfd_str with_dist;     /* only where this other distribution is installed … */
    tfd_str with_versions; /* … in these versions; both empty: no such condition */
    tfd_kb_effect effect;
    tfd_str error; /* how it shows; may be empty */
    tfd_str why;   /* one sentence */
    tfd_str fix;   /* specifier of versions that work, to be joined with metadata's own; may be empty */
    tfd_kb_origin origin;
} tfd_kb_break;

/* Rows are ordered: the first that fits decides. */
const tfd_kb_break *tfd_kb_breaks_get(tfd_kb *kb, size_t *count);
/* The installed version of a distribution (PEP 503 name); empty if it is not installed or not known. */
typedef tfd_str (*tfd_kb_version_of)(void *ctx, tfd_str dist);
/* The row for this combination, or NULL: nothing is known beyond metadata. python "3.12" or empty. version_of
 * NULL: rows with a condition on another distribution are passed over. */
const tfd_kb_break *tfd_kb_break_find_with(tfd_kb *kb, tfd_str tf_version, tfd_str python, tfd_str dist,
                                           tfd_str version, tfd_kb_version_of version_of, void *ctx);
const tfd_kb_break *tfd_kb_break_find(tfd_kb *kb, tfd_str tf_version, tfd_str python, tfd_str dist,
                                      tfd_str version);

/* ---- add-ons ----------------------------------------------------------------------------------------------
 */

typedef struct tfd_kb_fit {
    tfd_str versions;   /* specifier on the add-on */
    tfd_str tensorflow; /* specifier on TensorFlow */
} tfd_kb_fit;

/* A distribution that an add-on's import needs although its metadata does not ask for it. */
typedef struct tfd_kb_addon_need {
    tfd_str tensorflow; /* specifier */
    tfd_str versions;   /* specifier on the add-on */
    tfd_str dist;       /* "tf-keras", "setuptools<82" */
} tfd_kb_addon_need;

typedef struct tfd_kb_addon {
    tfd_str dist;   /* PEP 503 name */
    tfd_str module; /* empty: none is imported by name (plug-ins) */
    tfd_str link; /* "native": own libraries against TensorFlow's; "python"; "plugin": import tensorflow loads
                     it */
    bool is_strict; /* a mismatch breaks; otherwise it is only outside of what its makers tested */
    const tfd_kb_fit *fits;
    size_t fit_count;
    const tfd_kb_addon_need *needs;
    size_t need_count;
    tfd_str platform;          /* "macos", "windows": for that system alone; empty: any */
    tfd_str error, hint, last; /* how it shows; advice; where the series ended; each may be empty */
    tfd_kb_origin origin;
} tfd_kb_addon;

bool tfd_kb_is_addon(tfd_kb *kb, tfd_str dist);
const tfd_kb_addon *tfd_kb_addon_find(tfd_kb *kb, tfd_str dist);
const tfd_kb_addon *tfd_kb_addon_of_module(tfd_kb *kb, tfd_str module);
/* Whether this version of the add-on is made for that TensorFlow; TFD_UNKNOWN if no row names the version. */
tfd_tri tfd_kb_addon_fits(const tfd_kb_addon *addon, tfd_str version, tfd_str tf_version);
/* The specifier of the add-on for a TensorFlow version ("==2.15.*"), or empty. */
tfd_str tfd_kb_addon_wanted(const tfd_kb_addon *addon, tfd_str tf_version);

/* Whether the add-on in these versions (as tfd_kb_addon_wanted gives them) has a wheel for that platform and
 * CPython. TFD_UNKNOWN for one of which no wheels are in the table: mostly pure Python. */
tfd_tri tfd_kb_addon_has_wheel(tfd_kb *kb, tfd_str dist, tfd_str versions, tfd_str platform, tfd_str python);

/* ---- what an installation costs ---------------------------------------------------------------------------
 */

/* Of a fresh installation without add-ons, as an index resolved it on that day. */
typedef struct tfd_kb_cost {
    tfd_str tensorflow, platform, python; /* "2.21.0", "linux-x86_64", "3.12" */
    bool with_cuda;                       /* NVIDIA's wheels are part of it */
    uint64_t packages;
    uint64_t download, disk; /* bytes of all wheels, and of what they hold unpacked */
    tfd_str as_of;
} tfd_kb_cost;

/* NULL: not measured. */
const tfd_kb_cost *tfd_kb_cost_find(tfd_kb *kb, tfd_str tf_version, tfd_str platform, tfd_str python,
                                    bool with_cuda);

/* About what a wheel of that distribution has on that platform: the newest version's, on the day of the
 * table. 0: not in the table. */
uint64_t tfd_kb_wheel_bytes(tfd_kb *kb, tfd_str dist, tfd_str platform);

/* ---- environment variables --------------------------------------------------------------------------------
 */

typedef struct tfd_kb_env {
    tfd_str name;
    tfd_kb_strs values; /* that have the effect; "*": any but the empty one. Compared exactly */
    bool is_list;       /* the variable holds words with white space or commas between them; one suffices */
    tfd_kb_strs except; /* values that have not, where values is "*" */
    tfd_str tensorflow, python; /* specifiers; empty: any */
    tfd_str dist, versions; /* only with this distribution in these versions; versions "": any, "absent": only
                               where it is not installed */
    tfd_kb_effect effect;
    tfd_str cause; /* cause id: "env-setting", "python-broken" … */
    tfd_str error, why;
    tfd_kb_origin origin;
} tfd_kb_env;

const tfd_kb_env *tfd_kb_envs_get(tfd_kb *kb, size_t *count);
/* Whether the row is about this value (TensorFlow and distribution are the caller's to compare). */
bool tfd_kb_env_matches(const tfd_kb_env *env, tfd_str value);

/* ---- Linux ------------------------------------------------------------------------------------------------
 */

typedef struct tfd_kb_manylinux {
    tfd_str policy, alias; /* "manylinux_2_17", "manylinux2014" (may be empty) */
    tfd_str glibc, glibcxx, cxxabi;
    tfd_kb_origin origin;
} tfd_kb_manylinux;

typedef struct tfd_kb_gcc {
    tfd_str gcc, glibcxx, cxxabi, libstdcxx; /* "12.1", "3.4.30", "1.3.13" or empty, "libstdc++.so.6.0.30" */
    tfd_kb_origin origin;
} tfd_kb_gcc;

/* By policy or alias; NULL if the table has none. */
const tfd_kb_manylinux *tfd_kb_manylinux_find(tfd_kb *kb, tfd_str tag);
/* The oldest GCC whose libstdc++ has GLIBCXX_<version>; NULL if the table has none. */
const tfd_kb_gcc *tfd_kb_gcc_for(tfd_kb *kb, tfd_str glibcxx);

/* ---- Windows ----------------------------------------------------------------------------------------------
 */

/* A DLL of the Visual C++ run time, or the Universal CRT. */
typedef struct tfd_kb_runtime {
    tfd_str name;            /* "msvcp140.dll" */
    tfd_str since;           /* "14.40": the first version that has it */
    tfd_str what;            /* "C++ standard library" */
    bool in_redistributable; /* the redistributable installs it (else: Windows itself) */
    bool with_python;        /* python.org's installers put it beside python.exe */
    tfd_kb_origin origin;
} tfd_kb_runtime;

/* A version that a DLL has to reach before what was built with newer tools runs with it. */
typedef struct tfd_kb_level {
    tfd_str id;        /* "constexpr-mutex" */
    tfd_str dll;       /* "msvcp140.dll" */
    tfd_str bad, good; /* below bad it is known to fail, from good on it is known to work */
    tfd_str advised;   /* what its makers ask for: "14.40" */
    tfd_str why;
    tfd_kb_origin origin;
} tfd_kb_level;

typedef struct tfd_kb_redist {
    tfd_str arch, url, winget; /* "x86_64", Microsoft's permanent link, the id in winget */
    tfd_str release;           /* "Visual C++ 2010"; empty: the current one, for all since 2015 */
    tfd_kb_strs names;         /* of a release: its DLLs and assemblies, with '*' and '?' */
    tfd_kb_origin origin;
} tfd_kb_redist;

typedef struct tfd_kb_self_check {
    tfd_str tensorflow; /* specifier */
    tfd_kb_strs dlls;   /* that tensorflow/python/platform/self_check.py loads before anything else */
    tfd_kb_origin origin;
} tfd_kb_self_check;

/* A distribution that brings a copy under the plain name. */
typedef struct tfd_kb_bundled {
    tfd_str dist, versions; /* PEP 503 name, specifier */
    tfd_str dll, version;   /* of the copy */
    tfd_str fix;            /* specifier of the distribution that ended it; may be empty */
    tfd_kb_origin origin;
} tfd_kb_bundled;

typedef struct tfd_kb_winerror {
    int code;
    tfd_str name, meaning; /* "ERROR_MOD_NOT_FOUND"; what it means when a DLL is loaded */
    tfd_kb_strs texts;     /* what Windows says, in the languages that were seen */
    tfd_kb_origin origin;
} tfd_kb_winerror;

typedef struct tfd_kb_ntstatus {
    uint32_t code;
    tfd_str name, meaning; /* "STATUS_ACCESS_VIOLATION"; "it touched memory …" */
    tfd_kb_origin origin;
} tfd_kb_ntstatus;

typedef struct tfd_kb_dll {
    tfd_str pattern; /* of the name, with '*' and '?' */
    tfd_str what;    /* what it belongs to: "the CUDA run time" */
    tfd_str cause;   /* cause id where it is missing */
    tfd_str dist;    /* PEP 503 name; may be empty */
    tfd_kb_origin origin;
} tfd_kb_dll;

/* By name, whatever its case; NULL: it is none (copies with a hash in their name are not). */
const tfd_kb_runtime *tfd_kb_runtime_find(tfd_kb *kb, tfd_str name);
const tfd_kb_level *tfd_kb_level_find(tfd_kb *kb, const char *id);
/* Whether a file version has reached the level; TFD_UNKNOWN between bad and good, and for an empty one. */
tfd_tri tfd_kb_level_reached(const tfd_kb_level *level, tfd_str version);
/* release: empty for the current one. NULL: not known. */
const tfd_kb_redist *tfd_kb_redist_find(tfd_kb *kb, tfd_arch arch, tfd_str release);
/* The older release that has this DLL or assembly; empty: none. */
tfd_str tfd_kb_redist_release(tfd_kb *kb, tfd_str name);
tfd_kb_strs tfd_kb_self_check_find(tfd_kb *kb, tfd_str tf_version);
const tfd_kb_bundled *tfd_kb_bundled_find(tfd_kb *kb, tfd_str dist, tfd_str version);
const tfd_kb_winerror *tfd_kb_winerror_find(tfd_kb *kb, int code);
/* The error number behind a text of Windows that stands somewhere in text; 0: none that is known. */
int tfd_kb_winerror_of_text(tfd_kb *kb, tfd_str text);
const tfd_kb_ntstatus *tfd_kb_ntstatus_find(tfd_kb *kb, uint32_t code);
/* What a DLL belongs to, by its name; ask tfd_kb_runtime_find first. NULL: not known. */
const tfd_kb_dll *tfd_kb_dll_find(tfd_kb *kb, tfd_str name);

/* ---- prose ------------------------------------------------------------------------------------------------
 */

/* Markdown about a cause, without its title line; empty if there is none of that id. */
tfd_str tfd_kb_cause_text(tfd_kb *kb, tfd_str id);
/* Its title, one line; empty likewise. */
tfd_str tfd_kb_cause_title(tfd_kb *kb, tfd_str id);

#endif
