/* Versions and version specifiers of Python distributions: PEP 440, in the reading of the `packaging` library
 * (23 and newer), because that is what pip and every other installer judge with. Pure text: nothing is
 * allocated, numbers of any length are compared as digits, so there is no overflow. */
#ifndef TFD_FORMATS_PEP440_H
#define TFD_FORMATS_PEP440_H

#include "base/err.h"
#include "base/tri.h"

/* A longer version is refused; it bounds what a hostile one costs. */
#define TFD_VERSION_MAX 1024u

/* Slices point into the text that was parsed and live as long as it. Numbers are digit strings; empty means
 * 0. */
typedef struct tfd_version {
    tfd_str text;    /* as written, without white space around it */
    tfd_str epoch;   /* "1" of "1!2.0" */
    tfd_str release; /* "2.20.0" */
    char pre;        /* 'a', 'b', 'r' (release candidate), or 0 */
    tfd_str pre_number;
    bool has_post, has_dev;
    tfd_str post_number, dev_number;
    tfd_str local; /* behind the '+'; empty: none */
} tfd_version;

/* TFD_EFORMAT where text is no version (TFD_ELIMIT where it is too long); *out is then all zero. */
tfd_status tfd_version_parse(tfd_str text, tfd_version *out);

/* < 0, 0, > 0 as PEP 440 orders them: dev < a < b < rc < release < post, 1.0 = 1.0.0, local versions last. */
int tfd_version_cmp(const tfd_version *a, const tfd_version *b);
/* The same of two texts; false, with *order untouched, if one of them is no version. */
bool tfd_version_cmp_text(tfd_str a, tfd_str b, int *order);

bool tfd_version_is_prerelease(const tfd_version *version); /* a, b, rc or dev */

/* Component i of the release (0 = major); 0 where there is none, UINT32_MAX where it does not fit. */
uint32_t tfd_version_part(const tfd_version *version, size_t i);

/* The normal form ("1.0RC1" gives "1.0rc1"), cut to size - 1 bytes and NUL-ended (size 0: nothing is
 * written). Returns the length that it needs without the NUL. */
size_t tfd_version_format(const tfd_version *version, char *dst, size_t size);

typedef enum tfd_op {
    TFD_OP_NONE,
    TFD_OP_EQ,         /* == */
    TFD_OP_NE,         /* != */
    TFD_OP_LE,         /* <= */
    TFD_OP_GE,         /* >= */
    TFD_OP_LT,         /* < */
    TFD_OP_GT,         /* > */
    TFD_OP_COMPATIBLE, /* ~= */
    TFD_OP_ARBITRARY   /* === */
} tfd_op;

/* One clause of a specifier: ">=1.23.5". */
typedef struct tfd_clause {
    tfd_op op;
    tfd_str text;        /* the version as written, with ".*" */
    tfd_version version; /* without ".*"; all zero for === */
    bool is_wildcard;    /* "==2.15.*" */
} tfd_clause;

/* Takes an operator off the front of *text; TFD_OP_NONE, with *text untouched, if there is none. */
tfd_op tfd_op_take(tfd_str *text);

/* A clause of an operator and the version behind it. TFD_EFORMAT where the pair is not allowed (">=1.*",
 * "~=1"). */
tfd_status tfd_clause_parse(tfd_op op, tfd_str version, tfd_clause *out);

/* Takes the next clause off *specifier ("<2.0.0,>=1.23.5"). TFD_ENOENT at the end, TFD_EFORMAT at a malformed
 * one. */
tfd_status tfd_clause_next(tfd_str *specifier, tfd_clause *out);

/* Whether the version answers the clause; pre-releases count like any other. */
bool tfd_clause_match(const tfd_clause *clause, const tfd_version *version);

/* Which pre-releases answer a specifier. */
typedef enum tfd_prereleases {
    TFD_PRE_ALLOW,   /* all: the rule for what is installed already (pip check) */
    TFD_PRE_DENY,    /* none */
    TFD_PRE_IF_NAMED /* only where a clause other than != names a pre-release: the rule for choosing what to
                        install */
} tfd_prereleases;

/* TFD_UNKNOWN where the specifier is malformed, or the version is none and no === clause decides. The empty
 * specifier accepts every version. */
tfd_tri tfd_specifier_match(tfd_str specifier, tfd_str version, tfd_prereleases rule);

#endif
