#include "formats/pep440.h"

#include <string.h>

typedef struct word {
    const char *text;
    char letter;
} word;

/* Longer spellings first: "preview" starts with "pre". */
static const word pre_words[] = {{"alpha", 'a'}, {"beta", 'b'}, {"preview", 'r'}, {"pre", 'r'},
                                 {"rc", 'r'},    {"a", 'a'},    {"b", 'b'},       {"c", 'r'}};
static const word post_words[] = {{"post", 'p'}, {"rev", 'p'}, {"r", 'p'}};
static const word dev_words[] = {{"dev", 'd'}};

static bool is_separator(char c)
{
    return c == '.' || c == '-' || c == '_';
}

static size_t skip_digits(tfd_str s, size_t at)
{
    while (at < s.len && tfd_char_is_digit(s.ptr[at]))
        at++;
    return at;
}

/* A word with its separators and number, "-rc.1", at *at. 0, with *at untouched, if none of the words stands
 * there. */
static char take_word(tfd_str s, size_t *at, const word *words, size_t n, tfd_str *number)
{
    size_t from = *at + (*at < s.len && is_separator(s.ptr[*at]));
    size_t end;

    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(words[i].text);

        if (s.len - from < len ||
            !tfd_str_eq_nocase(tfd_str_sub(s, from, from + len), tfd_str_of(words[i].text)))
            continue;
        from += len;
        from += from < s.len && is_separator(s.ptr[from]);
        end = skip_digits(s, from);
        *number = tfd_str_sub(s, from, end);
        *at = end;
        return words[i].letter;
    }
    return 0;
}

/* The implicit post release, "1.0-1". */
static bool take_bare_post(tfd_str s, size_t *at, tfd_str *number)
{
    size_t end;

    if (*at >= s.len || s.ptr[*at] != '-')
        return false;
    end = skip_digits(s, *at + 1);
    if (end == *at + 1)
        return false;
    *number = tfd_str_sub(s, *at + 1, end);
    *at = end;
    return true;
}

static bool is_local_char(char c)
{
    return tfd_char_is_digit(c) || tfd_char_is_alpha(c);
}

static bool take_local(tfd_str s, size_t *at, tfd_str *local)
{
    size_t i = *at + 1;
    size_t end;

    if (*at >= s.len || s.ptr[*at] != '+')
        return false;
    do {
        end = i;
        while (end < s.len && is_local_char(s.ptr[end]))
            end++;
        if (end == i)
            return false;
        i = end + 1;
    } while (end < s.len && is_separator(s.ptr[end]) && i < s.len && is_local_char(s.ptr[i]));
    *local = tfd_str_sub(s, *at + 1, end);
    *at = end;
    return true;
}

/* "v1!2.20.0" up to the end of the release; TFD_NPOS where none stands at the front. */
static size_t scan_release(tfd_str s, tfd_version *out)
{
    size_t from = s.len > 0 && tfd_char_lower(s.ptr[0]) == 'v';
    size_t end = skip_digits(s, from);

    if (end > from && end < s.len && s.ptr[end] == '!') {
        out->epoch = tfd_str_sub(s, from, end);
        from = end + 1;
        end = skip_digits(s, from);
    }
    if (end == from)
        return TFD_NPOS;
    while (end + 1 < s.len && s.ptr[end] == '.' && tfd_char_is_digit(s.ptr[end + 1]))
        end = skip_digits(s, end + 1);
    out->release = tfd_str_sub(s, from, end);
    return end;
}

/* Everything behind the release; where the version ends. */
static size_t scan_suffixes(tfd_str s, size_t at, tfd_version *out)
{
    out->pre = take_word(s, &at, pre_words, sizeof pre_words / sizeof *pre_words, &out->pre_number);
    out->has_post =
        take_bare_post(s, &at, &out->post_number) ||
        take_word(s, &at, post_words, sizeof post_words / sizeof *post_words, &out->post_number) != 0;
    out->has_dev = take_word(s, &at, dev_words, sizeof dev_words / sizeof *dev_words, &out->dev_number) != 0;
    (void)take_local(s, &at, &out->local);
    return at;
}

tfd_status tfd_version_parse(tfd_str text, tfd_version *out)
{
    tfd_str s = tfd_str_trim(text);
    size_t at;

    memset(out, 0, sizeof *out);
    if (s.len > TFD_VERSION_MAX)
        return TFD_ELIMIT;
    at = scan_release(s, out);
    if (at != TFD_NPOS)
        at = scan_suffixes(s, at, out);
    if (at != s.len) {
        memset(out, 0, sizeof *out);
        return TFD_EFORMAT;
    }
    out->text = s;
    return TFD_OK;
}

static tfd_str strip_zeros(tfd_str digits)
{
    while (digits.len > 0 && digits.ptr[0] == '0')
        digits = tfd_str_from(digits, 1);
    return digits;
}

static int cmp_numbers(tfd_str a, tfd_str b)
{
    a = strip_zeros(a);
    b = strip_zeros(b);
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return a.len ? memcmp(a.ptr, b.ptr, a.len) : 0;
}

/* The first `count` components; a missing one is 0. */
static int cmp_releases(tfd_str a, tfd_str b, size_t count)
{
    for (size_t i = 0; i < count && (a.len || b.len); i++) {
        tfd_str x, y;
        int order;

        (void)tfd_str_cut(a, '.', &x, &a);
        (void)tfd_str_cut(b, '.', &y, &b);
        order = cmp_numbers(x, y);
        if (order)
            return order;
    }
    return 0;
}

/* Epoch and release. */
static int cmp_base(const tfd_version *a, const tfd_version *b)
{
    int order = cmp_numbers(a->epoch, b->epoch);

    return order ? order : cmp_releases(a->release, b->release, SIZE_MAX);
}

static bool is_number(tfd_str s)
{
    return skip_digits(s, 0) == s.len;
}

static int cmp_local_part(tfd_str a, tfd_str b)
{
    bool a_is_number = is_number(a);
    bool b_is_number = is_number(b);

    if (a_is_number != b_is_number)
        return a_is_number ? 1 : -1;
    if (a_is_number)
        return cmp_numbers(a, b);
    for (size_t i = 0; i < a.len && i < b.len; i++) {
        int order = tfd_char_lower(a.ptr[i]) - tfd_char_lower(b.ptr[i]);

        if (order)
            return order;
    }
    return a.len == b.len ? 0 : a.len < b.len ? -1 : 1;
}

static tfd_str take_local_part(tfd_str *rest)
{
    size_t end = 0;
    tfd_str part;

    while (end < rest->len && !is_separator(rest->ptr[end]))
        end++;
    part = tfd_str_sub(*rest, 0, end);
    *rest = tfd_str_from(*rest, end + 1);
    return part;
}

static int cmp_locals(tfd_str a, tfd_str b)
{
    while (a.len && b.len) {
        tfd_str x = take_local_part(&a);
        tfd_str y = take_local_part(&b);
        int order = cmp_local_part(x, y);

        if (order)
            return order;
    }
    return a.len ? 1 : b.len ? -1 : 0;
}

/* Place among the pre-releases: dev alone comes first, no pre-release last. */
static int pre_rank(const tfd_version *v)
{
    if (v->pre)
        return v->pre;
    return v->has_dev && !v->has_post ? 0 : 127;
}

static int cmp_without_local(const tfd_version *a, const tfd_version *b)
{
    int order = cmp_base(a, b);

    if (!order)
        order = pre_rank(a) - pre_rank(b);
    if (!order)
        order = cmp_numbers(a->pre_number, b->pre_number);
    if (!order)
        order = (int)a->has_post - (int)b->has_post;
    if (!order)
        order = cmp_numbers(a->post_number, b->post_number);
    if (!order)
        order = (int)b->has_dev - (int)a->has_dev;
    return order ? order : cmp_numbers(a->dev_number, b->dev_number);
}

int tfd_version_cmp(const tfd_version *a, const tfd_version *b)
{
    int order = cmp_without_local(a, b);

    return order ? order : cmp_locals(a->local, b->local);
}

bool tfd_version_cmp_text(tfd_str a, tfd_str b, int *order)
{
    tfd_version x, y;

    if (tfd_version_parse(a, &x) != TFD_OK || tfd_version_parse(b, &y) != TFD_OK)
        return false;
    *order = tfd_version_cmp(&x, &y);
    return true;
}

bool tfd_version_is_prerelease(const tfd_version *version)
{
    return version->pre || version->has_dev;
}

uint32_t tfd_version_part(const tfd_version *version, size_t i)
{
    tfd_str rest = version->release;
    tfd_str part = {NULL, 0};
    uint64_t value = 0;

    for (size_t n = 0; n <= i; n++)
        (void)tfd_str_cut(rest, '.', &part, &rest);
    if (part.len == 0)
        return 0;
    if (!tfd_str_u64(strip_zeros(part), &value) && strip_zeros(part).len)
        return UINT32_MAX;
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

typedef struct writer {
    char *dst;
    size_t size;
    size_t len;
} writer;

static void put(writer *w, tfd_str s)
{
    for (size_t i = 0; i < s.len; i++, w->len++)
        if (w->len + 1 < w->size)
            w->dst[w->len] = s.ptr[i];
}

static void put_number(writer *w, const char *before, tfd_str digits)
{
    digits = strip_zeros(digits);
    put(w, tfd_str_of(before));
    put(w, digits.len ? digits : TFD_STR("0"));
}

static void put_local(writer *w, tfd_str local)
{
    const char *before = "+";

    while (local.len) {
        tfd_str part = take_local_part(&local);

        if (is_number(part)) {
            put_number(w, before, part);
        } else {
            put(w, tfd_str_of(before));
            for (size_t i = 0; i < part.len; i++) {
                char c = tfd_char_lower(part.ptr[i]);

                put(w, (tfd_str){&c, 1});
            }
        }
        before = ".";
    }
}

size_t tfd_version_format(const tfd_version *version, char *dst, size_t size)
{
    writer w = {dst, size, 0};
    tfd_str rest = version->release;
    const char *before = "";

    if (strip_zeros(version->epoch).len) {
        put_number(&w, "", version->epoch);
        put(&w, TFD_STR("!"));
    }
    while (rest.len) {
        tfd_str part;

        (void)tfd_str_cut(rest, '.', &part, &rest);
        put_number(&w, before, part);
        before = ".";
    }
    if (version->pre)
        put_number(&w, version->pre == 'a' ? "a" : version->pre == 'b' ? "b" : "rc", version->pre_number);
    if (version->has_post)
        put_number(&w, ".post", version->post_number);
    if (version->has_dev)
        put_number(&w, ".dev", version->dev_number);
    put_local(&w, version->local);
    if (size)
        dst[w.len < size ? w.len : size - 1] = '\0';
    return w.len;
}
