/* Where the libraries are that TensorFlow opens by name: by the loader model, and, for those that ld.so does
 * not find, in the folders where people and installers put CUDA. Nothing is loaded. */
#ifndef TFD_PROBES_CUDA_SEARCH_H
#define TFD_PROBES_CUDA_SEARCH_H

#include "core/probe.h"
#include "kb/kb_gpu.h"
#include "loader/loader.h"

#define TFD_CUDA_FOLDERS_MAX 96u

typedef struct tfd_cuda_folder {
    tfd_str path;
    tfd_dirents entries;
    bool is_closed; /* this user may not list it */
} tfd_cuda_folder;

typedef struct tfd_cuda_search {
    tfd_probe_ctx *ctx;
    tfd_loader loader;
    tfd_arena scratch;
    size_t framework;         /* file of the loader that opens the libraries, or TFD_NONE */
    tfd_cuda_folder *folders; /* in which CUDA may lie; listed when first needed */
    size_t folder_count;
    bool folders_ready;
    tfd_str dead_folder; /* a link nvidia in a place of packages that leads nowhere; empty: none */
    tfd_err *err;
} tfd_cuda_search;

/* Starts a process of the interpreter in the model, with TensorFlow's own library loaded. TFD_ENOMEM. */
tfd_status tfd_cuda_search_init(tfd_cuda_search *search, tfd_probe_ctx *ctx, tfd_err *err);
void tfd_cuda_search_done(tfd_cuda_search *search);
/* dlopen(name) by `by` (a file of the loader, or TFD_NONE for the program). out->name and is_required are the
 * caller's. */
tfd_status tfd_cuda_search_open(tfd_cuda_search *search, tfd_str name, size_t by, tfd_gpu_library *out);
/* The same for a name that an absolute path was found for already: its version and owner. */
tfd_status tfd_cuda_search_version(tfd_cuda_search *search, tfd_gpu_library *library);
/* Fills elsewhere, other, dead_link and is_forbidden of a library that ld.so does not find: the same name in
 * a folder that it does not look into, or the same library in another version. */
tfd_status tfd_cuda_search_elsewhere(tfd_cuda_search *search, tfd_gpu_library *library);
/* Folders of installed CUDA toolkits ("/usr/local/cuda"), the variables' first. */
tfd_status tfd_cuda_search_roots(tfd_cuda_search *search, tfd_strs *out);

#endif
