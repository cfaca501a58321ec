/* What a check sees: facts, knowledge and what was asked for. */
#ifndef TFD_CORE_VIEW_H
#define TFD_CORE_VIEW_H

#include "core/facts.h"
#include "core/options.h"
#include "kb/kb.h"

typedef struct tfd_view {
    const tfd_facts *facts;
    const tfd_options *options;
    tfd_kb *kb;
} tfd_view;

/* Whether the machine that is examined is a Windows one, and how its paths are written. */
bool tfd_view_is_windows(const tfd_view *view);
tfd_path_style tfd_view_style(const tfd_view *view);
/* What the knowledge base calls this system and the interpreter's processor: "linux-x86_64". */
tfd_str tfd_view_platform(const tfd_view *view);
/* The newest release that the knowledge base has a wheel of for this interpreter and its C library; NULL:
 * none. */
const tfd_kb_release *tfd_view_newest_release(const tfd_view *view);
/* A variable of the environment that tfdiag was started in, whatever the case of its name on Windows; false
 * if it is not set. */
bool tfd_view_variable(const tfd_view *view, tfd_str name, tfd_str *value);
/* The same variable as the import sees it: code that runs while Python starts may have set or removed it. */
typedef struct tfd_variable {
    bool is_set;
    bool by_startup; /* start-up code set or removed it */
    tfd_str value;
    tfd_str file; /* the start-up file that did; empty: none, or which one is not known */
} tfd_variable;

tfd_variable tfd_view_import_variable(const tfd_view *view, tfd_str name);
/* The start-up file that takes one of the interpreter's own folders (standard library, packages) off sys.path
 * again; empty: none does, or it is not known which. */
tfd_str tfd_view_dropped_by(const tfd_view *view, size_t place);
/* A start-up file whose code is not understood, or names what makes Python itself work otherwise: it may have
 * done anything to the import system. */
bool tfd_view_is_startup_suspect(const tfd_startup_file *file);
/* The first such file; empty: none. */
tfd_str tfd_view_startup_suspect(const tfd_view *view);
/* That file, where path lies in a folder that the import found on sys.path and nothing else explains. */
tfd_str tfd_view_brought_by(const tfd_view *view, tfd_str path);
/* The start-up file that loads this native file (row of objects) before anything is imported; empty: none. */
tfd_str tfd_view_loaded_at_start(const tfd_view *view, size_t object);
/* Whether a limit of the address space (RLIMIT_AS) can be what a process ran into that maps this many bytes
 * of files: the heap comes on top, but not three times as much, and for each thread its stack and malloc's
 * arena. 0: not known how many. */
bool tfd_view_is_space_tight(const tfd_view *view, uint64_t bytes);
/* The same for private writable memory (RLIMIT_DATA), of which the import needs some 256 MiB
 * (check_limits.c). */
bool tfd_view_is_data_tight(const tfd_view *view);
/* The mount point of the file system, mounted noexec, that a file lies on; empty: none such is known there.
 */
tfd_str tfd_view_noexec_mount(const tfd_view *view, tfd_str path);
/* Rows by number; NULL for TFD_NONE. */
const tfd_dist *tfd_view_dist(const tfd_view *view, size_t row);
const tfd_object *tfd_view_object(const tfd_view *view, size_t row);
const tfd_place *tfd_view_place(const tfd_view *view, size_t row);
/* The distribution that provides TensorFlow, or NULL; its version, or "" if there is none. */
const tfd_dist *tfd_view_tensorflow(const tfd_view *view);
tfd_str tfd_view_tf_version(const tfd_view *view);
/* The environment's own TensorFlow, where another one in PYTHONPATH, the user site or behind a .pth file wins
 * over it, or where another version of the same distribution lies over it (two .dist-info); else NULL. */
const tfd_dist *tfd_view_hidden_tensorflow(const tfd_view *view);
/* The place on sys.path that a file lies in (the longest that fits), or TFD_NONE. */
size_t tfd_view_place_of(const tfd_view *view, tfd_str path);
/* The distribution that a file belongs to, by place and top-level name (RECORD is not read again), or
 * TFD_NONE. */
size_t tfd_view_dist_of(const tfd_view *view, tfd_str path);
/* What an installed version, or the absence of a distribution (version empty), does to the import that was
 * asked for. */
typedef enum tfd_verdict { TFD_VERDICT_UNKNOWN, TFD_VERDICT_BREAKS, TFD_VERDICT_HARMLESS } tfd_verdict;

/* From measured rows of the knowledge base only; rule (may be NULL) gets the row, or NULL, that decided. */
tfd_verdict tfd_view_verdict(const tfd_view *view, tfd_str key, tfd_str version, const tfd_kb_break **rule);
/* Whether a measured row says that a distribution breaks this release of TensorFlow. */
bool tfd_view_is_breaking(const tfd_view *view, tfd_str tf_version, tfd_str key, tfd_str version);
/* Whether the import that was asked for is known to go on without a distribution (or with a broken one). */
bool tfd_view_is_optional(const tfd_view *view, tfd_str key);
/* Whether jaxlib is newer than the jax beside it, which refuses that (jax/_src/lib/__init__.py,
 * check_jaxlib_version). */
bool tfd_view_jaxlib_is_newer(const tfd_view *view);
/* Whether the two are of different versions: an older jaxlib may be accepted, but only the same surely is. */
bool tfd_view_jaxlib_differs(const tfd_view *view);
/* What a package that is only looked for does to the import where its own import fails otherwise than by
 * ImportError. */
tfd_verdict tfd_view_verdict_broken(const tfd_view *view, tfd_str module);
/* Whether an empty module of that name was enough for the import of this very release: so is its folder
 * without
 * __init__.py. */
bool tfd_view_may_be_empty(const tfd_view *view, tfd_str module);
/* Whether an installed distribution is itself of a version that something needed does not accept: what it
 * requires in turn is then of no account, since it will be replaced. */
bool tfd_view_is_unfit(const tfd_view *view, size_t dist);
/* Whether a module of the standard library is no longer in the version that is examined. */
bool tfd_view_was_removed(const tfd_view *view, tfd_str module);
/* Whether the program asks for Keras: --module tensorflow.keras, or something that is not TensorFlow itself.
 */
bool tfd_view_wants_keras(const tfd_view *view);
/* Whether the import was tried and works / fails. */
bool tfd_view_import_ok(const tfd_view *view);
bool tfd_view_import_failed(const tfd_view *view);

#endif
