/* Which file a module name leads to: importlib's PathFinder and FileFinder over the places of facts, by their
 * listings. Also zipimport's order, built-in and frozen modules, and the modules that start-up code settles.
 */
#ifndef TFD_PYTHON_MODFIND_H
#define TFD_PYTHON_MODFIND_H

#include "core/facts.h"

#define TFD_SUFFIXES_MAX 8

typedef struct tfd_modfind {
    const tfd_sys *sys;
    tfd_arena *arena;
    const tfd_facts *facts;
    tfd_str suffixes[TFD_SUFFIXES_MAX]; /* extension modules first, then ".py", ".pyc": FileFinder's order */
    size_t suffix_count, extension_count;
    bool is_windows;
    bool ignores_case; /* PYTHONCASEOK on Windows: FileFinder takes names in any case */
    bool names_read;
    tfd_str builtin_names; /* dynamic symbols of the interpreter, on Windows the names of its inittab; read
                              when first needed */
} tfd_modfind;

typedef struct tfd_modfound {
    tfd_module_kind kind;
    size_t place; /* TFD_NONE: missing, built in, or settled by start-up code */
    tfd_str path; /* file, or folder of a package */
} tfd_modfound;

void tfd_modfind_init(tfd_modfind *f, const tfd_sys *sys, tfd_arena *arena, const tfd_facts *facts);

/* Module "a" or "a.b" (any depth) as `import` would find it in the program. For "a.b" whose "a" is a regular
 * package without b: kind MISSING with the place and folder of "a". */
void tfd_modfind_find(tfd_modfind *f, tfd_str name, tfd_modfound *out);

/* A top-level name in one place only. */
void tfd_modfind_in_place(tfd_modfind *f, size_t place, tfd_str name, tfd_modfound *out);
/* "a.b" in one place only: below the folder a, regular package or not. */
void tfd_modfind_below_place(tfd_modfind *f, size_t place, tfd_str name, tfd_modfound *out);

/* Compiled into this very interpreter: by the list of default builds, or by its dynamic symbols. */
bool tfd_modfind_is_builtin(tfd_modfind *f, tfd_str name);

#endif
