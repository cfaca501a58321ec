/* The files of installed distributions: METADATA and WHEEL (header lines), RECORD (CSV), requires.txt of old
 * eggs, direct_url.json. Bytes in, slices out; who reads the files is the caller's business.
 *
 * Sources: core metadata specification, PEP 376 and PEP 627 (RECORD), PEP 427 (WHEEL, names of folders), PEP
 * 610 (direct_url.json), setuptools' description of egg-info. */
#ifndef TFD_FORMATS_DISTINFO_H
#define TFD_FORMATS_DISTINFO_H

#include "base/arena.h"
#include "base/err.h"

/* ---- names of folders */

typedef enum tfd_info_form {
    TFD_INFO_NONE,
    TFD_INFO_DIST, /* name-version.dist-info */
    TFD_INFO_EGG,  /* name-version-py3.7.egg-info, name.egg-info; folder or file */
    TFD_INFO_LINK  /* name.egg-link */
} tfd_info_form;

/* What an entry of a folder on sys.path is; name and version (may be empty) as the entry spells them. */
tfd_info_form tfd_info_split(tfd_str entry, tfd_str *name, tfd_str *version);

/* ---- header lines (METADATA, PKG-INFO, WHEEL) */

typedef struct tfd_headers {
    tfd_str rest;
    size_t line; /* lines taken so far */
} tfd_headers;

typedef struct tfd_header {
    tfd_str key;
    tfd_str value; /* trimmed; a folded one holds its line ends */
    size_t line;   /* 1-based, of the key */
} tfd_header;

/* Where the headers end (the offset of the blank line), so that a description of any length need not be read.
 * TFD_NPOS: not in these bytes. */
size_t tfd_headers_end(tfd_str bytes);
/* The next header; false at the blank line or the end. Lines without a ':' are passed over. */
bool tfd_header_next(tfd_headers *headers, tfd_header *out);

/* ---- RECORD */

/* Longer paths are not looked at. */
#define TFD_RECORD_PATH_MAX 4096u

typedef struct tfd_record_row {
    tfd_str path; /* with '/', relative to the folder that the .dist-info lies in; empty: a malformed row */
    tfd_str hash; /* "sha256=…"; empty: none */
    bool has_size;
    uint64_t size;
} tfd_record_row;

/* Takes the next row off *rest, which must end behind a whole row; false at the end. scratch holds the path
 * of a row with quotes or back slashes until the next call. */
bool tfd_record_next(tfd_str *rest, char scratch[TFD_RECORD_PATH_MAX], tfd_record_row *out);
/* "sha256=" and 43 letters of URL-safe base64. false for another algorithm or malformed text. */
bool tfd_record_sha256(tfd_str hash, uint8_t out[32]);
/* Whether installers write the file without telling size and hash, or Python makes it anew: byte code. */
bool tfd_record_is_bytecode(tfd_str path);

/* ---- requires.txt of an egg */

typedef struct tfd_egg_requires {
    tfd_str rest;
    tfd_str section; /* "dev:python_version<'3'" of the line "[dev:python_version<'3']" */
    size_t line;
} tfd_egg_requires;

/* The next requirement as PEP 508 text, section turned into a marker; false at the end or at the arena's
 * limit. */
bool tfd_egg_requires_next(tfd_arena *arena, tfd_egg_requires *state, tfd_str *text, size_t *line);

/* ---- direct_url.json */

#define TFD_DIRECT_URL_MAX ((size_t)64 << 10)

/* Folder of an editable install; the empty slice, with TFD_OK, if the file tells of another kind of origin.
 */
tfd_status tfd_direct_url_editable(tfd_arena *arena, tfd_str json, tfd_str *out);
/* Path of a file: URL, %XX decoded; empty where it is none. */
tfd_str tfd_file_url_path(tfd_arena *arena, tfd_str url);

#endif
