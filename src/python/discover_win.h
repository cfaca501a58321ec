/* What discover.c and its Windows part share; nobody else includes it. */
#ifndef TFD_PYTHON_DISCOVER_WIN_H
#define TFD_PYTHON_DISCOVER_WIN_H

#include "core/facts.h"

typedef struct tfd_discovery {
    const tfd_sys *sys;
    tfd_arena *arena;
    tfd_facts *facts;
    tfd_map seen; /* path, or for a base installation its real path */
    bool no_memory;
} tfd_discovery;

/* A row for a program, for the program of an environment, for those of every environment below a folder. */
void tfd_discover_add_program(tfd_discovery *d, tfd_str path, tfd_str seen_in, bool runs_for_user);
void tfd_discover_add_env(tfd_discovery *d, tfd_str env, tfd_str seen_in, bool runs_for_user);
void tfd_discover_add_envs_below(tfd_discovery *d, tfd_str dir, tfd_str seen_in);
/* The kernels of a data folder of Jupyter. */
void tfd_discover_add_kernels(tfd_discovery *d, tfd_str data_dir);

/* Windows: the key under which a program is known. */
tfd_str tfd_discover_key_windows(const tfd_discovery *d, tfd_str path);
/* python.exe, python3.exe and batch files in the folders of PATH, and what py.exe starts. */
void tfd_discover_on_path_windows(tfd_discovery *d);
/* The registry (PEP 514), pyenv-win, uv, conda, installers' usual folders, Jupyter's folders. */
void tfd_discover_elsewhere_windows(tfd_discovery *d);

#endif
