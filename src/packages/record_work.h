/* How the pieces of record_*.c hand work to each other; nobody else includes this. */
#ifndef TFD_PACKAGES_RECORD_WORK_H
#define TFD_PACKAGES_RECORD_WORK_H

#include "packages/record.h"

/* A piece of one RECORD and what was found in it. */
typedef struct tfd_record_chunk {
    size_t dist;
    uint64_t offset;
    tfd_status status;
    size_t rows, missing, wrong_size, altered, unreadable;
    bool lists_itself; /* the row of RECORD itself is in it */
    bool ends_open;    /* its last row has no line end */
    size_t unknown;    /* of which the machine could not say whether they are there */
} tfd_record_chunk;

/* A problem as a worker found it; becomes a row of facts->file_problems. */
typedef struct tfd_record_problem {
    size_t chunk, order; /* order of rows in RECORD */
    tfd_file_state state;
    tfd_str path; /* relative; for a folder that may not be entered, the folder's */
    bool is_folder;
    uint64_t expected, got;
} tfd_record_problem;

/* A payload row, reduced to what double ownership needs. */
typedef struct tfd_record_owner {
    uint64_t hash; /* of the path */
    uint32_t dist;
} tfd_record_owner;

typedef struct tfd_record_problems {
    tfd_record_problem *items;
    size_t count, capacity;
} tfd_record_problems;

typedef struct tfd_record_owners {
    tfd_record_owner *items;
    size_t count, capacity;
} tfd_record_owners;

/* Work of one thread at a time; `keep` holds what outlives it. */
typedef struct tfd_record_worker {
    tfd_arena keep;
    tfd_record_problems problems;
    tfd_record_owners owners;
    size_t plain;                      /* problems with files that no import reads */
    bool is_cut;                       /* there were more problems than are kept */
    size_t converted, converted_tries; /* files of which only the line ends differ; files read to see that */
} tfd_record_worker;

/* Problems that one worker keeps: counts go on, rows would fill memory with an uninstalled TensorFlow. */
#define TFD_RECORD_KEEP_MAX 512
#define TFD_RECORD_KEEP_PLAIN_MAX 64

typedef struct tfd_record_work {
    const tfd_sys *sys;
    const tfd_facts *facts;
    tfd_record_chunk *chunks;
    size_t chunk_count;
    tfd_record_worker *workers;
    size_t worker_count;
} tfd_record_work;

/* Task for sys->parallel over the workers. */
void tfd_record_worker_run(void *work, size_t index);

/* Path of the RECORD of a row. */
tfd_str tfd_record_path(const tfd_sys *sys, tfd_arena *arena, const tfd_dist *dist);

/* Files that two distributions own, from what the workers collected: facts->overlaps, and `other` of
 * problems. */
tfd_status tfd_record_find_overlaps(tfd_probe_ctx *ctx, const tfd_record_work *work);

#endif
