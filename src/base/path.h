/* Path rules, pure text: nothing here asks the machine. Both styles are always compiled, so that a Windows
 * tree can be examined on Linux. */
#ifndef TFD_BASE_PATH_H
#define TFD_BASE_PATH_H

#include "base/arena.h"

typedef enum tfd_path_style { TFD_PATH_POSIX, TFD_PATH_WINDOWS } tfd_path_style;

bool tfd_path_is_sep(tfd_path_style style, char c);
bool tfd_path_is_abs(tfd_path_style style, tfd_str path);
/* Folder part without the final separator ("/" stays "/"; "" for a bare name) and last component. */
tfd_str tfd_path_dir(tfd_path_style style, tfd_str path);
tfd_str tfd_path_base(tfd_path_style style, tfd_str path);
/* dir + separator + name; name alone if it is absolute or dir is empty. Windows: a name with a lone leading
 * separator is rooted on the drive of dir. Empty slice at the arena's limit. */
tfd_str tfd_path_join(tfd_path_style style, tfd_arena *arena, tfd_str dir, tfd_str name);
/* Lexical: "." and empty components go, ".." takes its parent (as os.path.normpath does; symbolic links are
 * not asked). */
tfd_str tfd_path_norm(tfd_path_style style, tfd_arena *arena, tfd_str path);
/* Whether path is dir itself or lies below it; both already normalised. */
bool tfd_path_is_below(tfd_path_style style, tfd_str path, tfd_str dir);
/* The same text; on Windows whatever the case of ASCII letters and the kind of separators. */
bool tfd_path_eq(tfd_path_style style, tfd_str a, tfd_str b);
/* Whether path holds this piece ("/keras/"), or ends with it, compared likewise; '/' in it is any separator.
 */
bool tfd_path_has(tfd_path_style style, tfd_str path, const char *piece);
bool tfd_path_ends(tfd_path_style style, tfd_str path, const char *tail);
/* The first component and what follows it; no separator: all of it, and nothing. */
tfd_str tfd_path_first(tfd_path_style style, tfd_str path, tfd_str *rest);

#endif
