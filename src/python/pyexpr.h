/* Expressions of start-up code whose value can be told: literals, a few names, os.path and os.environ. Shared
 * by pycode.c (statements) and pyexpr.c. */
#ifndef TFD_PYTHON_PYEXPR_H
#define TFD_PYTHON_PYEXPR_H

#include "python/pycode.h"
#include "python/pytoken.h"

#define TFD_PYEXPR_VARIABLES_MAX 16
/* Elements of one list. */
#define TFD_PYEXPR_PATHS_MAX 64

typedef struct tfd_pyvariable {
    tfd_str name, value;
} tfd_pyvariable;

/* One statement being read; each take function moves `at` only as far as it understood. */
typedef struct tfd_pyparser {
    tfd_arena *arena;
    const tfd_pycode_names *names;
    tfd_effects *out;
    tfd_pytokens tokens;
    size_t at, line;
    tfd_pyvariable variables[TFD_PYEXPR_VARIABLES_MAX];
    size_t variable_count;
    bool if_absent;
    bool no_memory;
} tfd_pyparser;

/* The token `ahead` places on; past the last one a token of kind END. */
const tfd_pytoken *tfd_pyexpr_peek(const tfd_pyparser *p, size_t ahead);
bool tfd_pyexpr_at_end(const tfd_pyparser *p);
/* Takes the given words, which blanks separate ("sys . path . insert ("), if they come next. */
bool tfd_pyexpr_words(tfd_pyparser *p, const char *words);
/* A text: an atom, os.path.join of atoms, or atoms with + between them. */
bool tfd_pyexpr_text(tfd_pyparser *p, tfd_str *out);
/* [a, b] or (a, b); items has room for TFD_PYEXPR_PATHS_MAX. */
bool tfd_pyexpr_list(tfd_pyparser *p, tfd_str *items, size_t *count);
/* An integer, or len(sys.path), which gives a number past any end. */
bool tfd_pyexpr_index(tfd_pyparser *p, long *out);

#endif
