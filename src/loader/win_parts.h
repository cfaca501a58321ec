/* What the parts of the model of Windows' loader share; nobody else includes it. */
#ifndef TFD_LOADER_WIN_PARTS_H
#define TFD_LOADER_WIN_PARTS_H

#include "loader/win_loader.h"

tfd_status tfd_win_no_memory(tfd_err *err);

/* ---- win_search.c */

/* Answers a name: API set, loaded module (unless fresh), KnownDLLs, folders. */
tfd_status tfd_win_resolve(tfd_win_loader *loader, tfd_str name, tfd_str module_dir, tfd_win_order order,
                           bool fresh, tfd_win_need *out, tfd_err *err);

/* ---- win_file.c */

/* A row for something that is not there or may not be seen. */
tfd_status tfd_win_add_lost(tfd_win_loader *loader, tfd_str path, tfd_object_state state, tfd_str why,
                            size_t *file, tfd_err *err);
/* What stands at a path: TFD_KIND_NONE with *status TFD_ENOENT for nothing. */
tfd_kind tfd_win_kind(tfd_win_loader *loader, tfd_str path, tfd_status *status);

/* ---- win_bind.c */

/* Checks the symbols of the files of the closure that were not checked yet. *ok false if some are not
 * exported. */
tfd_status tfd_win_bind(tfd_win_loader *loader, tfd_str module_dir, tfd_win_order order, bool *ok,
                        tfd_err *err);

/* ---- win_assembly.c */

/* Sets row->assemblies from the file that reader is on. */
tfd_status tfd_win_read_assemblies(tfd_win_loader *loader, tfd_reader *reader, tfd_win_file *row,
                                   tfd_err *err);
/* Looks for the assemblies of a file: folders of those that are there go to assembly_dirs, the others become
 * rows of needs, and *ok false. */
tfd_status tfd_win_enter_assemblies(tfd_win_loader *loader, size_t file, bool *ok, tfd_err *err);

/* ---- win_loader.c */

tfd_status tfd_win_push_dir(tfd_win_loader *loader, tfd_win_dirs *dirs, tfd_win_dir dir, tfd_err *err);
tfd_status tfd_win_record_need(tfd_win_loader *loader, const tfd_win_need *need, tfd_err *err);

tfd_status tfd_win_mark_loaded(tfd_win_loader *loader, size_t file, tfd_str rule, size_t by, tfd_err *err);
tfd_status tfd_win_push(tfd_win_loader *loader, tfd_win_list *list, size_t file, tfd_err *err);

#endif
