/* Requirements of Python distributions ("numpy<2.0.0,>=1.23.5; python_version < \"3.12\""): PEP 508 with the
 * legacy form "name (>=1)", as the `packaging` library reads them. Nothing is allocated; nesting is bounded.
 */
#ifndef TFD_FORMATS_PEP508_H
#define TFD_FORMATS_PEP508_H

#include "base/err.h"
#include "base/tri.h"

/* Parentheses deeper than this in a marker give TFD_ELIMIT; the markers of installed TensorFlow environments
 * nest one deep. */
#define TFD_MARKER_DEPTH 64

/* Longest requirement that is looked at, in bytes. */
#define TFD_REQUIREMENT_MAX 16384u

/* Slices point into the text that was parsed. */
typedef struct tfd_requirement_text {
    tfd_str name;
    tfd_str extras;    /* what stands between the brackets: "cuda, dev"; empty: none */
    tfd_str specifier; /* without parentheses; empty: every version */
    tfd_str url;       /* of "name @ url"; empty: none */
    tfd_str marker;    /* behind the ';'; empty: none */
} tfd_requirement_text;

/* TFD_EFORMAT where text is no requirement; the marker's syntax is checked too. */
tfd_status tfd_requirement_parse(tfd_str text, tfd_requirement_text *out);

/* Takes the next extra off the list of tfd_requirement_text.extras; false at the end. */
bool tfd_extra_next(tfd_str *extras, tfd_str *extra);

typedef enum tfd_marker_variable {
    TFD_MARKER_IMPLEMENTATION_NAME,
    TFD_MARKER_IMPLEMENTATION_VERSION,
    TFD_MARKER_OS_NAME,
    TFD_MARKER_PLATFORM_MACHINE,
    TFD_MARKER_PLATFORM_PYTHON_IMPLEMENTATION,
    TFD_MARKER_PLATFORM_RELEASE,
    TFD_MARKER_PLATFORM_SYSTEM,
    TFD_MARKER_PLATFORM_VERSION,
    TFD_MARKER_PYTHON_FULL_VERSION,
    TFD_MARKER_PYTHON_VERSION,
    TFD_MARKER_SYS_PLATFORM,
    TFD_MARKER_EXTRA,
    TFD_MARKER_VARIABLES
} tfd_marker_variable;

/* Values of one interpreter on one machine; ptr NULL = unknown (the empty string is a value). For EXTRA: the
 * one extra that is asked for, or "" for none; a requirement that several extras could bring is asked once
 * for each. */
typedef struct tfd_marker_env {
    tfd_str value[TFD_MARKER_VARIABLES];
} tfd_marker_env;

/* Whether the marker holds. *out is TFD_UNKNOWN where that hangs on a value that is unknown, or on a
 * comparison that has no meaning ("~=" of two words). The empty marker holds. TFD_EFORMAT, TFD_ELIMIT:
 * malformed. env may be NULL: nothing is known, only the syntax is checked. */
tfd_status tfd_marker_eval(tfd_str marker, const tfd_marker_env *env, tfd_tri *out);

/* The key of a distribution's name (PEP 503): lower case, runs of '-', '_' and '.' are one '-'. Written to
 * dst (size bytes, cut, NUL-ended); returns its length. */
size_t tfd_name_key(tfd_str name, char *dst, size_t size);
/* Whether two names have the same key. */
bool tfd_name_eq(tfd_str a, tfd_str b);

#endif
