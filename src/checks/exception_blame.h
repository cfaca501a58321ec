/* From the exceptions of a failed import to causes. */
#ifndef TFD_CHECKS_EXCEPTION_BLAME_H
#define TFD_CHECKS_EXCEPTION_BLAME_H

#include "checks/native_blame.h"

/* Reads every exception of the chain; the one that escaped and the one that was raised first count most. */
void tfd_exception_blame(const tfd_view *view, tfd_findings *out);
/* A variable of the environment (of those that choose something) that a text names; empty if none. */
tfd_str tfd_exception_named_variable(const tfd_view *view, tfd_str text);
/* What start-up runs and may die of: .pth files, sitecustomize, names that hide modules of the start-up. */
void tfd_exception_blame_start_files(const tfd_view *view, tfd_str text, tfd_findings *out);

/* Windows: what the exit code (an NTSTATUS) or the error number of the start says; false if it says nothing.
 */
bool tfd_exit_blame_windows(const tfd_view *view, tfd_findings *out);
/* One line about it: "the import died with exit code 0xC000001D (STATUS_ILLEGAL_INSTRUCTION): …". */
tfd_str tfd_exit_text_windows(const tfd_view *view, tfd_arena *arena);

#endif
