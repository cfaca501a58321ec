/* RECORD against the files on disk. Rows are read in pieces of bounded size, so that memory does not grow
 * with RECORD, and pieces are worked on by several threads. Byte code is not looked at (it is made anew at
 * will), nor are rows that leave the folder (scripts in bin/, data in share/): no import reads them, and
 * tools rewrite them. */
#ifndef TFD_PACKAGES_RECORD_H
#define TFD_PACKAGES_RECORD_H

#include "core/probe.h"
#include "formats/distinfo.h"

/* Bytes of RECORD that one piece of work covers. */
#define TFD_RECORD_CHUNK ((size_t)64 << 10)
/* Room for one piece: the row that begins in it may end behind it. */
#define TFD_RECORD_BUFFER (TFD_RECORD_CHUNK + 3 * (size_t)TFD_RECORD_PATH_MAX)

/* Reads the rows that begin at offset … offset + TFD_RECORD_CHUNK of a file into buffer. */
tfd_status tfd_record_read_chunk(const tfd_sys *sys, tfd_str path, uint64_t offset, char *buffer,
                                 tfd_str *rows);

/* Whether the row is one whose file is compared: not byte code, not outside the folder, not RECORD's own kin
 * that installers change (.dist-info). */
bool tfd_record_is_payload(const tfd_record_row *row);

/* Whether sizes and hashes of RECORD hold for the files of a distribution. Repackagers (conda, Linux
 * distributions) strip and patch binaries after RECORD was written; there only missing files mean anything.
 */
bool tfd_record_is_exact(const tfd_dist *dist);

/* Whether the file is one that people change on purpose: certifi's list of certificate authorities, to which
 * companies and proxies append their own. Its size and hash are not compared. */
bool tfd_record_is_edited(tfd_str path);

/* The file of a row: RECORD's path below the folder it is relative to, with the machine's own separators. */
tfd_str tfd_record_file(const tfd_sys *sys, tfd_arena *arena, tfd_str root, tfd_str path);

/* Dotted name under which Python would import the file ("tensorflow.python.framework.ops"), or empty. */
tfd_str tfd_record_module(tfd_arena *arena, tfd_str path);

/* Sizes, presence, rights and double ownership for all distributions that the import needs:
 * facts->file_problems, facts->overlaps, and the counts in facts->dists. */
tfd_status tfd_record_check(tfd_probe_ctx *ctx, tfd_err *err);

/* Where RECORD is gone or cut short, nobody says which files should be there; but which modules the import of
 * this very release loads is known: those that are missing become problems. */
tfd_status tfd_record_check_loaded(tfd_probe_ctx *ctx);

/* Whether the pip that a repair would use is whole: its RECORD, and what it starts with. facts->pip. */
tfd_status tfd_record_check_pip(tfd_probe_ctx *ctx);

/* Compares the SHA-256 of every file in the RECORDs of the rows that `wanted` names (NULL: all needed ones),
 * largest file first, on all cores; adds TFD_FILE_ALTERED to facts->file_problems and sets was_hashed. stop
 * (may be NULL) is polled: when it turns nonzero what was found so far is kept, was_hashed stays false where
 * files are left, and the answer is TFD_ETIMEOUT; called again it goes on where it was stopped if the same
 * state is given. */
typedef struct tfd_record_hashing tfd_record_hashing;

/* Reads the RECORDs; NULL at the arena's limit. Memory: about 220 bytes a file, in the arena. Writes no
 * facts. */
tfd_record_hashing *tfd_record_hash_new(const tfd_sys *sys, tfd_arena *arena, const tfd_facts *facts,
                                        const size_t *wanted, size_t count);
/* Hashes what is left. May run beside readers of facts: nothing is written to them. TFD_ETIMEOUT when
 * stopped. */
tfd_status tfd_record_hash_run(tfd_record_hashing *hashing, const volatile int *stop);
/* Files and bytes hashed so far, and in all. */
void tfd_record_hash_progress(const tfd_record_hashing *hashing, uint64_t *done, uint64_t *all);
/* Writes what was found to facts; call it when no other thread reads them. */
tfd_status tfd_record_hash_report(tfd_record_hashing *hashing, tfd_arena *arena, tfd_facts *facts);

/* Files of a kind that the import can pick up (.py, .so) in the top-level folders of a distribution that are
 * in no RECORD of any distribution: TFD_FILE_FOREIGN rows. Lists every folder: some 30 ms for TensorFlow;
 * asked for only where something else points to a half-finished upgrade. */
tfd_status tfd_record_find_foreign(tfd_probe_ctx *ctx, size_t dist, tfd_err *err);

#endif
