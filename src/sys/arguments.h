/* Command lines of Windows, where a program gets one text and splits it itself. Pure text, UTF-8.
 *
 * The rules are those of the C run-time and of CommandLineToArgvW ("Parsing C command-line arguments"):
 * blanks and tabs separate; 2n backslashes before a quotation mark are n backslashes and the mark, 2n + 1 are
 * n backslashes and a mark that stands for itself; other backslashes stand for themselves. */
#ifndef TFD_SYS_ARGUMENTS_H
#define TFD_SYS_ARGUMENTS_H

#include "base/buf.h"

/* Splits a command line into *argc arguments, NULL-ended, in the arena. NULL at the arena's limit. */
const char **tfd_arguments_split(tfd_arena *arena, tfd_str line, int *argc);
/* Appends one argument so that a program gets it back; a blank before it if the line is not empty. */
void tfd_arguments_add(tfd_buf *line, tfd_str argument);

#endif
