/* The distributions in the places of sys.path: what is installed, what it requires, what the import needs of
 * it. Used by the packages probe alone; the steps are called in the order in which they stand here. */
#ifndef TFD_PACKAGES_PACKAGES_H
#define TFD_PACKAGES_PACKAGES_H

#include "core/probe.h"
#include "formats/pep508.h"
#include "formats/tags.h"

/* Headers of METADATA longer than this are hostile: the longest seen, with a licence
 * folded into it, has 57 KB. */
#define TFD_METADATA_MAX ((size_t)1 << 20)

/* What the steps hand to each other; rows are those of facts->dists. */
typedef struct tfd_packages {
    const tfd_sys *sys;
    tfd_kb *kb;
    tfd_arena *arena;
    tfd_facts *facts;
    tfd_map keys;     /* PEP 503 key -> row that wins (conda's own records are not in it) */
    tfd_str *markers; /* of each requirement; capacity of facts->requirements */
    size_t marker_capacity;
    struct tfd_package_requires {
        size_t first, count; /* rows of facts->requirements */
    } * requires;            /* of each row of dists */
    tfd_marker_env
        env[2];    /* where the patch level is unknown: with the lowest and the highest there can be */
    char *scratch; /* file heads are read into it */
    size_t scratch_size;
} tfd_packages;

/* Rows of facts->dists from the names in the folders; which of two of one key wins. */
tfd_status tfd_packages_scan(tfd_packages *packages);
/* Packages that conda installed and that have no metadata of their own (libraries). */
tfd_status tfd_packages_scan_conda(tfd_packages *packages);

/* METADATA of every row that is not shadowed: name, version, requirements (not judged yet). */
tfd_status tfd_packages_read_metadata(tfd_packages *packages);
/* INSTALLER, WHEEL, direct_url.json, presence of RECORD: for one row. */
tfd_status tfd_packages_read_details(tfd_packages *packages, size_t row);

/* The interpreter that is examined, as wheels' tags are matched against it. */
tfd_tag_target tfd_packages_tag_target(const tfd_facts *facts);

/* The head of a file, at most `wanted` bytes of it, in packages->scratch, until the next call. */
tfd_status tfd_packages_read_head(tfd_packages *packages, tfd_str path, size_t wanted, tfd_str *out);
/* Path of a file in the metadata folder of a row. */
tfd_str tfd_packages_info_path(tfd_packages *packages, const tfd_dist *dist, const char *name);

/* Which distribution provides the TensorFlow that would be imported: facts->tensorflow. */
tfd_status tfd_packages_find_tensorflow(tfd_packages *packages);
/* How well the files on disk agree with the RECORD of a row: native files first, 0 … 1000; -1 without RECORD.
 */
int tfd_packages_agreement(tfd_packages *packages, size_t row);

/* Build and version of a folder tensorflow/ that no metadata describes, by its own files; what they do not
 * tell stays empty. */
void tfd_packages_describe_tensorflow(tfd_packages *packages, tfd_str folder, tfd_leftover *out);

/* Markers, requirements, extras, and the closure of the module asked for (is_needed). */
tfd_status tfd_packages_resolve(tfd_packages *packages);

/* facts->leftovers. */
tfd_status tfd_packages_find_leftovers(tfd_packages *packages);

/* Whether a place has an entry of this name. */
bool tfd_place_has(const tfd_place *place, tfd_str name);

#endif
