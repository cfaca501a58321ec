/* The file of an interpreter (or of a C library) before anything is run: program, script or rubbish, the
 * modules built into it, and its string literals. */
#ifndef TFD_PYTHON_BINARY_H
#define TFD_PYTHON_BINARY_H

#include "formats/elf.h"
#include "formats/pe.h"

typedef enum tfd_binary_kind {
    TFD_BINARY_OTHER, /* none of these */
    TFD_BINARY_EMPTY,
    TFD_BINARY_ELF,   /* elf says in which state */
    TFD_BINARY_PE,    /* begins with "MZ"; pe says in which state */
    TFD_BINARY_SCRIPT /* begins with "#!" */
} tfd_binary_kind;

typedef struct tfd_binary {
    tfd_binary_kind kind;
    tfd_str script; /* the first bytes of a script, up to TFD_BINARY_SCRIPT_MAX */
    tfd_elf elf;
    tfd_pe pe;
} tfd_binary;

#define TFD_BINARY_SCRIPT_MAX ((size_t)8 << 10)

/* TFD_OK also for a file that is nothing of that; ENOENT, EACCESS, EIO, ENOMEM. */
tfd_status tfd_binary_read(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_binary *out, tfd_err *err);

/* Sees a piece of the file; true ends the scan. */
typedef bool (*tfd_binary_visit)(void *ctx, tfd_str bytes);

/* Hands the loaded parts of an ELF to visit, in pieces that overlap by TFD_BINARY_OVERLAP bytes, so that a
 * literal shorter than that is seen whole. At most 32 MiB. True if visit ended it. */
bool tfd_binary_scan(const tfd_sys *sys, tfd_arena *arena, tfd_str path, const tfd_elf *elf,
                     tfd_binary_visit visit, void *ctx);

/* The same for all bytes of a file. */
bool tfd_binary_scan_file(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_binary_visit visit,
                          void *ctx);

#define TFD_BINARY_OVERLAP ((size_t)1024)

/* Names of the dynamic symbols, NUL between them. Empty if they cannot be read. */
tfd_str tfd_binary_names(const tfd_sys *sys, tfd_arena *arena, tfd_str path, const tfd_elf *elf);

/* Names of the modules built into a pythonXY.dll, NUL between them, from the table that its exported variable
 * PyImport_Inittab leads to (Include/import.h: pairs of a name's and a function's address). Empty if they
 * cannot be read. */
tfd_str tfd_binary_inittab(const tfd_sys *sys, tfd_arena *arena, tfd_str dll);

/* Whether a list of names with NUL between them holds this one. */
bool tfd_binary_lists(tfd_str names, tfd_str name);

/* Whether "PyInit_<module>" is among the names: the module is built into this file. */
bool tfd_binary_has_module(tfd_str names, tfd_str module);

#endif
