/* Cuts Python source into logical lines, simple statements and tokens, as far as start-up code needs it
 * (Python Language Reference, chapter 2). Strings are values only where they hold no replacement fields. */
#ifndef TFD_PYTHON_PYTOKEN_H
#define TFD_PYTHON_PYTOKEN_H

#include "base/arena.h"

typedef enum tfd_pytoken_kind {
    TFD_PYTOKEN_END,
    TFD_PYTOKEN_NAME,
    TFD_PYTOKEN_NUMBER,
    TFD_PYTOKEN_STRING, /* text includes prefix and quotes */
    TFD_PYTOKEN_OP      /* one character, or += -= == != <= >= -> := */
} tfd_pytoken_kind;

typedef struct tfd_pytoken {
    tfd_pytoken_kind kind;
    tfd_str text;
} tfd_pytoken;

typedef struct tfd_pytokens {
    tfd_pytoken *items;
    size_t count, capacity;
} tfd_pytokens;

/* Most tokens of one statement. */
#define TFD_PYTOKENS_MAX ((size_t)4096)

/* false: a string without end, a character that begins no token, more than TFD_PYTOKENS_MAX, or no memory. */
bool tfd_pytokens_read(tfd_arena *arena, tfd_str text, tfd_pytokens *out);

/* The value of a string token: escapes resolved, UTF-8. false for bytes and f-strings with fields, and for
 * escapes that are malformed. */
bool tfd_pystring_value(tfd_arena *arena, tfd_str token, tfd_str *out);

/* Takes the next simple statement off *rest, up to a ';' outside strings and brackets; without blanks at its
 * ends. */
bool tfd_pystatement_take(tfd_str *rest, tfd_str *statement);

typedef struct tfd_pylines {
    tfd_str rest;
    size_t next; /* number of the line that rest begins with; 1 at the start */
} tfd_pylines;

/* Takes the next logical line: brackets, triple quotes and a final backslash join physical lines. *number is
 * that of its first physical line. */
bool tfd_pyline_take(tfd_pylines *lines, tfd_str *line, size_t *number);

#endif
