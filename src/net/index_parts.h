/* What the files of an index session share. Private to src/net. */
#ifndef TFD_NET_INDEX_PARTS_H
#define TFD_NET_INDEX_PARTS_H

#include "net/fetch.h"
#include "net/simple.h"

struct tfd_index {
    const tfd_sys *sys;
    tfd_arena *arena;
    tfd_index_config config;
    tfd_net_settings settings;
    tfd_fetch fetch;
    tfd_index_address *addresses;
    tfd_str *urls; /* of the addresses, with what may be secret in them */
    size_t address_count;
    tfd_net_failure closed; /* why nothing can be asked; kind OK: it can */
};

/* Files that belong to the project, of what find-links names on this machine: a folder, a page, one of them
 * (local.c). */
tfd_status tfd_index_read_folder(tfd_index *index, size_t address, tfd_index_project *project);
/* A find-links address that is no URL to be asked: its path; empty: it is one. */
tfd_str tfd_index_folder_of(tfd_index *index, tfd_str link);

#endif
