/* Slices: a pointer and a length, passed by value. A slice never owns what it points to and need not end in
 * NUL. The zero slice is the empty string. Comparisons are by byte; case folding is ASCII only, because every
 * name that tfdiag folds (PEP 503 names, DLL names, header keys) is ASCII by its specification. */
#ifndef TFD_BASE_STR_H
#define TFD_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tfd_str {
    const char *ptr;
    size_t len;
} tfd_str;

#define TFD_NPOS ((size_t)-1)

/* A slice of a string literal; usable as a constant expression in tables through TFD_STR_INIT. */
#define TFD_STR_INIT(lit)      \
    {                          \
        (lit), sizeof(lit) - 1 \
    }
#define TFD_STR(lit) ((tfd_str)TFD_STR_INIT(lit))

/* printf arguments for "%.*s"; only for slices known to be shorter than INT_MAX. */
#define TFD_ARG(s) (int)(s).len, (s).ptr ? (s).ptr : ""

/* The slice of a NUL-ended string; NULL gives the empty slice. */
tfd_str tfd_str_of(const char *z);

bool tfd_str_eq(tfd_str a, tfd_str b);
bool tfd_str_eq_nocase(tfd_str a, tfd_str b);
bool tfd_str_is(tfd_str a, const char *z);
int tfd_str_cmp(tfd_str a, tfd_str b); /* order of bytes, shorter first */
bool tfd_str_starts(tfd_str s, tfd_str prefix);
bool tfd_str_starts_z(tfd_str s, const char *prefix);
bool tfd_str_ends(tfd_str s, tfd_str suffix);
bool tfd_str_ends_z(tfd_str s, const char *suffix);

/* Offset of the first (last) occurrence, or TFD_NPOS. */
size_t tfd_str_find(tfd_str s, tfd_str needle);
size_t tfd_str_find_z(tfd_str s, const char *needle);
size_t tfd_str_find_char(tfd_str s, char c);
size_t tfd_str_rfind_char(tfd_str s, char c);

/* Bytes from..to (to exclusive); both are clamped to the slice. */
tfd_str tfd_str_sub(tfd_str s, size_t from, size_t to);
tfd_str tfd_str_from(tfd_str s, size_t from);
/* Without white space (space, tab, CR, LF, FF, VT) at both ends. */
tfd_str tfd_str_trim(tfd_str s);

/* Cuts s at the first sep: *head is what stands before it, *tail what follows. Without sep: head = s, tail
 * empty, false. */
bool tfd_str_cut(tfd_str s, char sep, tfd_str *head, tfd_str *tail);
/* Takes the next line off *rest, without its LF or CRLF; false at the end. */
bool tfd_str_line(tfd_str *rest, tfd_str *line);

/* Decimal number of at most 20 digits, the whole slice; false if it is none or does not fit. */
bool tfd_str_u64(tfd_str s, uint64_t *out);

/* FNV-1a, 64 bits; stable across runs and machines. */
uint64_t tfd_str_hash(tfd_str s);

bool tfd_char_is_space(char c);
bool tfd_char_is_digit(char c);
bool tfd_char_is_alpha(char c);
char tfd_char_lower(char c);

#endif
