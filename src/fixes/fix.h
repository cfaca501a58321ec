/* What the files of this folder share: a list of fixes under construction, shell quoting, and the installer's
 * commands. */
#ifndef TFD_FIXES_FIX_H
#define TFD_FIXES_FIX_H

#include "fixes/fixes.h"

#define TFD_FIXES_MAX 4
#define TFD_COMMANDS_MAX 16

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

/* ---- the shell that the commands are for (fix_shell.c): sh, or cmd on Windows. Nobody else writes either */
bool tfd_fix_is_cmd(const tfd_fix_ctx *ctx);
tfd_path_style tfd_fix_style(const tfd_fix_ctx *ctx);
/* s as one word: as it stands where that is safe, else quoted. */
tfd_str tfd_fix_quote(const tfd_fix_ctx *ctx, tfd_str s);
/* The same for what a command line begins with. */
tfd_str tfd_fix_program(const tfd_fix_ctx *ctx, tfd_str path);
tfd_str tfd_fix_join(const tfd_fix_ctx *ctx, tfd_str dir, tfd_str name);
/* A file in the folder of programs of a virtual environment. */
tfd_str tfd_fix_env_file(const tfd_fix_ctx *ctx, tfd_str root, const char *name);
/* "sudo " where one needs it and the shell has it; marks the fix as one for administrators. */
const char *tfd_fix_sudo(tfd_fix_ctx *ctx);
/* The same before the command that was appended last. */
void tfd_fix_as_admin(tfd_fix_ctx *ctx);

/* Where a variable that the fix changes for this shell has to be changed for good. */
tfd_str tfd_fix_where_set(const tfd_fix_ctx *ctx);

/* Each appends one command. Variables hold for the rest of the shell. */
void tfd_fix_set(tfd_fix_ctx *ctx, const char *name, tfd_str value);
void tfd_fix_unset(tfd_fix_ctx *ctx, tfd_str name);
/* Begins the fix for a variable that code sets while Python starts: its file is switched off. False, and
 * nothing begun, where no such code sets it. */
bool tfd_fix_start_variable(tfd_fix_ctx *ctx, tfd_str name);
void tfd_fix_put_first(tfd_fix_ctx *ctx, const char *name, tfd_str dir); /* of a list such as PATH */
/* A folder below the current one, first in a list of folders. */
void tfd_fix_put_first_here(tfd_fix_ctx *ctx, const char *name, const char *folder);
void tfd_fix_remove(tfd_fix_ctx *ctx, tfd_str path); /* a file, or a link */
void tfd_fix_remove_tree(tfd_fix_ctx *ctx, tfd_str path);
void tfd_fix_move(tfd_fix_ctx *ctx, tfd_str from, tfd_str to);
void tfd_fix_enter(tfd_fix_ctx *ctx, tfd_str dir);
void tfd_fix_activate(tfd_fix_ctx *ctx, tfd_str root); /* a virtual environment */
void tfd_fix_activate_conda(tfd_fix_ctx *ctx, tfd_str root);
/* options: "", " --system-site-packages" … */
/* An interpreter that was seen, of a given minor version ("3.12") or, with an empty one, of any that
 * TensorFlow has wheels for; never the one examined. Base installations before environments, since a venv
 * made from a venv dies with it. NULL: none was seen. */
const tfd_interpreter *tfd_fix_find_base(const tfd_view *view, tfd_str minor);
void tfd_fix_make_environment(tfd_fix_ctx *ctx, tfd_str python, const char *options, tfd_str root);

/* Whether the release of TensorFlow that is installed has a wheel for this Python and system. */
bool tfd_fix_has_own_wheel(const tfd_fix_ctx *ctx);
/* Whether packages that TensorFlow needs were built for another Python than this one: the environment was
 * made for that one. */
bool tfd_fix_is_of_other_python(const tfd_facts *facts,
                                tfd_str key); /* key: of one; empty: any but TensorFlow */

/* Commands of the installer that this environment uses (pip, uv, conda), for its own interpreter. */
typedef enum tfd_install_mode {
    TFD_INSTALL, /* with requirements */
    TFD_INSTALL_NO_DEPS,
    TFD_INSTALL_UPGRADE,
    TFD_REINSTALL,         /* with requirements, those that are there in a version that will do included */
    TFD_REINSTALL_NO_DEPS, /* put the same version in place again */
    TFD_INSTALL_OVER       /* the same where the installer cannot uninstall: its RECORD is lost */
} tfd_install_mode;

static inline bool tfd_fix_brings_requirements(tfd_install_mode mode)
{
    return mode == TFD_INSTALL || mode == TFD_INSTALL_UPGRADE || mode == TFD_REINSTALL;
}

/* spec: "numpy<2,>=1.23.5", unquoted. */
void tfd_fix_install(tfd_fix_ctx *ctx, tfd_install_mode mode, tfd_str spec);
/* Several in one command, so that they are resolved together. */
void tfd_fix_install_all(tfd_fix_ctx *ctx, tfd_install_mode mode, const tfd_str *specs, size_t count);
/* Installed distributions, "pandas 3.0.1, scipy 1.17.0", that the import does not need and that accept no
 * version of key within these bounds, while they accept the one that is there; empty: none. */
tfd_str tfd_fix_left_out(tfd_fix_ctx *ctx, tfd_str key, tfd_str specifier);
void tfd_fix_uninstall(tfd_fix_ctx *ctx, tfd_str names); /* separated by blanks */

/* pip itself (fix_pip.c). How it is started: "-m pip", or so that a pip in the start folder does not answer.
 */
const char *tfd_fix_pip_module(const tfd_fix_ctx *ctx);
/* Appends what brings a pip that is missing, damaged or too old to see today's wheels. python: quoted; sudo:
 * "" or "sudo ". */
void tfd_fix_ensure_pip(tfd_fix_ctx *ctx, tfd_str python, const char *sudo);
/* A command of pip has to reach this environment: what sends packages elsewhere, or refuses or only plays the
 * installation, is taken out of this shell. Indexes and proxies stay, and constraints that are there and
 * leave a version of what is asked for. */
void tfd_fix_clear_pip_options(tfd_fix_ctx *ctx, tfd_install_mode mode, const tfd_str *specs, size_t count);
/* " --no-cache-dir" where this pip could not hold what it has to fetch in memory, else "". */
const char *tfd_fix_pip_cache_flag(const tfd_fix_ctx *ctx, const tfd_str *specs, size_t count);

/* What a fix costs (fix_cost.c); the installer's commands above count by themselves. from_index: the package
 * is a wheel of the index, whose size the knowledge base may have. */
void tfd_fix_count_install(tfd_fix_ctx *ctx, tfd_install_mode mode, tfd_str spec, bool from_index);
/* "2.20.0" of "==2.20.0"; empty for anything else. */
tfd_str tfd_fix_pinned_version(tfd_str specifier);
void tfd_fix_count_removal(tfd_fix_ctx *ctx, tfd_str names); /* separated by blanks */
void tfd_fix_add_cost(tfd_arena *arena, tfd_fix_cost *to, const tfd_fix_cost *from);

/* Takes one entry out of a list variable: unset where nothing is left, else set to the rest
 * (fix_search_path.c).
 */
void tfd_fix_remove_entry(tfd_fix_ctx *ctx, const char *name, tfd_str separators, tfd_str entry);

/* The package's folder, where it is a link to nothing: installers write through it and fail. */
void tfd_fix_remove_dangling(tfd_fix_ctx *ctx, const tfd_dist *dist);
/* What has to go before an installer can put the distribution of that row in place again. */
void tfd_fix_remove_dead_links(tfd_fix_ctx *ctx, size_t row);

/* "name" and all clauses that installed distributions and the knowledge base put on it: "numpy<2,>=1.23.5".
 */
tfd_str tfd_fix_requirement(tfd_fix_ctx *ctx, tfd_str key);
/* Whether no version satisfies both specifiers. */
bool tfd_fix_excludes(tfd_str one, tfd_str other);
/* What the knowledge base calls this system and the interpreter's processor: "linux-x86_64". */
tfd_str tfd_fix_platform(const tfd_fix_ctx *ctx);
/* The newest release of TensorFlow with a wheel for this interpreter, system and C library; empty: none
 * known. */
tfd_str tfd_fix_best_tensorflow(tfd_fix_ctx *ctx);

/* One function for each kind of repair (fix_*.c). */
void tfd_fix_distribution(tfd_fix_ctx *ctx); /* dep-*, addon-mismatch */
void tfd_fix_tensorflow(tfd_fix_ctx *ctx);   /* tf-*, wheels of another kind */
void tfd_fix_interpreter(tfd_fix_ctx *ctx);  /* python-*, venv-broken */
void tfd_fix_network(tfd_fix_ctx *ctx);      /* pip-network */
void tfd_fix_search_path(tfd_fix_ctx *ctx);  /* shadowing, PYTHONPATH, LD_LIBRARY_PATH, variables */
/* The same for what is repaired on Windows alone; false: nothing of the kind. */
bool tfd_fix_windows(tfd_fix_ctx *ctx);
bool tfd_fix_cuda_windows(tfd_fix_ctx *ctx); /* those of the GPU's side */
void tfd_fix_system(tfd_fix_ctx *ctx);       /* limits, rights, mounts, libraries of the system */
void tfd_fix_gpu(tfd_fix_ctx *ctx);          /* gpu-*, driver-* */
void tfd_fix_cuda(tfd_fix_ctx *ctx);         /* cuda-*, cudnn-*, gpu-arch, builds without CUDA */
/* Adds "or install the newest TensorFlow whose CUDA this driver runs", where there is one. */
void tfd_fix_older_cuda(tfd_fix_ctx *ctx);

#endif
