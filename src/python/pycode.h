/* What start-up code does to the search path: the `import` lines of .pth files, sitecustomize and
 * usercustomize. A handful of statement forms is understood; whatever else could touch the path makes the
 * answer "not complete". Nothing is run. */
#ifndef TFD_PYTHON_PYCODE_H
#define TFD_PYTHON_PYCODE_H

#include "base/arena.h"
#include "sys/sys.h"

typedef enum tfd_effect_kind {
    TFD_EFFECT_INSERT,    /* sys.path.insert(index, path) */
    TFD_EFFECT_APPEND,    /* sys.path.append(path) */
    TFD_EFFECT_SITEDIR,   /* site.addsitedir(path) */
    TFD_EFFECT_IMPORT,    /* import of the module named in path */
    TFD_EFFECT_INSTALL,   /* <module in path>.install(): an editable finder (PEP 660) */
    TFD_EFFECT_NAMESPACE, /* sys.modules gets a namespace package: name in path (setuptools' -nspkg.pth) */
    TFD_EFFECT_EGG_MARK,  /* sys.__plen = len(sys.path) (easy-install.pth) */
    TFD_EFFECT_EGG_MOVE,  /* what was added since the mark moves to sys.__egginsert */
    TFD_EFFECT_DROP,      /* entries of sys.path go away: path and match say which */
    TFD_EFFECT_SET,       /* a variable of the environment, named in path, gets value */
    TFD_EFFECT_UNSET,     /* … is removed */
    TFD_EFFECT_LOAD,      /* ctypes loads the native library in path (or of that name) */
    TFD_EFFECT_DLL_DIR,   /* os.add_dll_directory(path) */
    TFD_EFFECT_UNKNOWN    /* code that may change the search path in a way that is not understood */
} tfd_effect_kind;

/* How TFD_EFFECT_DROP compares an entry of sys.path with its text. */
typedef enum tfd_match { TFD_MATCH_EQUAL, TFD_MATCH_CONTAINS, TFD_MATCH_STARTS, TFD_MATCH_ENDS } tfd_match;

typedef struct tfd_effect {
    tfd_effect_kind kind;
    tfd_match match;
    tfd_str path;
    tfd_str value;  /* TFD_EFFECT_SET */
    long index;     /* TFD_EFFECT_INSERT; negative counts from the end */
    bool if_absent; /* only where path is not on sys.path (the variable not set) yet */
    bool is_global; /* TFD_EFFECT_LOAD: with RTLD_GLOBAL */
    size_t line;    /* 1-based */
} tfd_effect;

typedef struct tfd_effects {
    tfd_effect *items;
    size_t count, capacity;
} tfd_effects;

/* Values that expressions may name. */
typedef struct tfd_pycode_names {
    tfd_str sitedir;    /* the local variable of site.addpackage; empty in sitecustomize */
    tfd_str file;       /* __file__; empty in a .pth line */
    tfd_str prefix;     /* sys.prefix */
    tfd_str home;       /* "~" */
    const tfd_sys *sys; /* for os.environ; may be NULL: then environment variables are not understood */
} tfd_pycode_names;

/* One logical line of a .pth file. TFD_ENOMEM or TFD_OK. */
tfd_status tfd_pycode_line(tfd_arena *arena, tfd_str line, size_t number, const tfd_pycode_names *names,
                           tfd_effects *out);

/* A whole module (sitecustomize.py). Code inside functions and classes counts as far as it mentions the path;
 * libraries that are loaded under `if` and `try` count. */
tfd_status tfd_pycode_module(tfd_arena *arena, tfd_str text, const tfd_pycode_names *names, tfd_effects *out);

/* Whether text could change the search path at all; cheap, for modules that start-up code imports. */
bool tfd_pycode_is_suspect(tfd_str text);

/* Whether text could load native libraries; cheap. */
bool tfd_pycode_loads_libraries(tfd_str text);

/* Whether text sets or removes variables of the environment; cheap. Reading them does not count. */
bool tfd_pycode_sets_variables(tfd_str text);

/* Whether text names what makes Python itself work otherwise: limits, import hooks, modules put in the place
 * of others, warnings made errors, the end of the process; cheap. */
bool tfd_pycode_changes_python(tfd_str text);

#endif
