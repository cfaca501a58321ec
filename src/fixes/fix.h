/* What the files of this folder share: a list of fixes under construction, shell quoting, and the installer's
 * commands. */
#ifndef TFD_FIXES_FIX_H
#define TFD_FIXES_FIX_H

#include "fixes/fixes.h"

#define TFD_FIXES_MAX 4
#define TFD_COMMANDS_MAX 12

typedef struct tfd_fix_ctx {
    const tfd_view *view;
    const tfd_finding *lead;
    tfd_arena *arena;
    tfd_fix items[TFD_FIXES_MAX];
    size_t count;
    tfd_str commands[TFD_FIXES_MAX][TFD_COMMANDS_MAX];
} tfd_fix_ctx;

/* Begins the next fix. */
void tfd_fix_begin(tfd_fix_ctx *ctx, tfd_str title);
/* Appends a command to the fix that was begun last. */
void tfd_fix_command(tfd_fix_ctx *ctx, tfd_str command);
void tfd_fix_note(tfd_fix_ctx *ctx, tfd_str note);
void tfd_fix_needs_admin(tfd_fix_ctx *ctx);

/* s as one word of a POSIX shell: as it stands where that is safe, else in single quotes. */
tfd_str tfd_sh_quote(tfd_arena *arena, tfd_str s);

/* Commands of the installer that this environment uses (pip, uv, conda), for its own interpreter. */
typedef enum tfd_install_mode {
    TFD_INSTALL, /* with requirements */
    TFD_INSTALL_NO_DEPS,
    TFD_INSTALL_UPGRADE,
    TFD_REINSTALL_NO_DEPS, /* put the same version in place again */
    TFD_INSTALL_OVER       /* the same where the installer cannot uninstall: its RECORD is lost */
} tfd_install_mode;

/* spec: "numpy<2,>=1.23.5", unquoted. */
void tfd_fix_install(tfd_fix_ctx *ctx, tfd_install_mode mode, tfd_str spec);
void tfd_fix_uninstall(tfd_fix_ctx *ctx, tfd_str names); /* separated by blanks */

/* "name" and all clauses that installed distributions and the knowledge base put on it: "numpy<2,>=1.23.5".
 */
tfd_str tfd_fix_requirement(tfd_fix_ctx *ctx, tfd_str key);
/* What the knowledge base calls this system and the interpreter's processor: "linux-x86_64". */
tfd_str tfd_fix_platform(const tfd_fix_ctx *ctx);
/* The newest release of TensorFlow with a wheel for this interpreter, system and C library; empty: none
 * known. */
tfd_str tfd_fix_best_tensorflow(tfd_fix_ctx *ctx);

/* One function for each kind of repair (fix_*.c). */
void tfd_fix_distribution(tfd_fix_ctx *ctx); /* dep-*, addon-mismatch */
void tfd_fix_tensorflow(tfd_fix_ctx *ctx);   /* tf-*, wheels of another kind */
void tfd_fix_interpreter(tfd_fix_ctx *ctx);  /* python-*, venv-broken */
void tfd_fix_search_path(tfd_fix_ctx *ctx);  /* shadowing, PYTHONPATH, LD_LIBRARY_PATH, variables */
void tfd_fix_system(tfd_fix_ctx *ctx);       /* limits, rights, mounts, libraries of the system */

#endif
