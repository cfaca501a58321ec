#include "core/mask.h"

#include <string.h>

#define NAME_MAX_LEN 80 /* longer words are no variable names */
#define RUN_MAX 4096    /* longest token looked at; the bounds keep the work linear in the text */
#define STARS TFD_STR("***")

/* A stretch of text that is replaced: bytes from (inclusive) to (exclusive); to = 0: none. */
typedef struct hit {
    size_t from, to;
} hit;

static const hit no_hit = {0, 0};

static bool is_word(char c)
{
    return tfd_char_is_alpha(c) || tfd_char_is_digit(c) || c == '_';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* ---- names */

static bool part_is(tfd_str part, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (tfd_str_eq_nocase(part, tfd_str_of(words[i])))
            return true;
    return false;
}
#define PART_IS(part, words) part_is((part), (words), sizeof(words) / sizeof((words)[0]))

static bool ends_nocase(tfd_str s, const char *suffix)
{
    size_t n = strlen(suffix);

    return s.len >= n && tfd_str_eq_nocase(tfd_str_from(s, s.len - n), tfd_str_of(suffix));
}

static bool holds_nocase(tfd_str s, const char *needle)
{
    size_t n = strlen(needle);

    for (size_t i = 0; i + n <= s.len; i++)
        if (tfd_str_eq_nocase(tfd_str_sub(s, i, i + n), tfd_str_of(needle)))
            return true;
    return false;
}

/* "key" alone means little in running text; after one of these words it is a credential. */
static bool is_key_of(tfd_str previous)
{
    static const char *const owners[] = {
        "api",        "access", "secret",  "private", "auth",   "account", "storage", "signing",
        "encryption", "ssh",    "license", "service", "master", "shared",  "deploy",  "subscription"};

    return PART_IS(previous, owners);
}

static bool is_secret_part(tfd_str part, tfd_str previous, bool is_variable)
{
    static const char *const exact[] = {"apikey",        "accesskey", "privatekey", "secretkey", "auth",
                                        "authorization", "authtoken", "passwd",     "cookie"};
    static const char *const inside[] = {"password", "passwd", "passphrase", "secret", "credential"};

    if (ends_nocase(part, "token") || PART_IS(part, exact))
        return true;
    for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++)
        if (holds_nocase(part, inside[i]))
            return true;
    if (tfd_str_eq_nocase(part, TFD_STR("key")) && is_key_of(previous))
        return true;
    if (!is_variable)
        return false;
    return ends_nocase(part, "key") || ends_nocase(part, "keys") || ends_nocase(part, "tokens") ||
           (previous.len && tfd_str_eq_nocase(part, TFD_STR("pwd")));
}

/* Next part of a name: cut at _ - . and where camelCase turns. */
static bool take_part(tfd_str *rest, tfd_str *part)
{
    size_t from = 0, to;

    while (from < rest->len && strchr("_-.", rest->ptr[from]))
        from++;
    for (to = from; to < rest->len && !strchr("_-.", rest->ptr[to]); to++)
        if (to > from && is_upper(rest->ptr[to]) && !is_upper(rest->ptr[to - 1]))
            break;
    *part = tfd_str_sub(*rest, from, to);
    *rest = tfd_str_from(*rest, to);
    return part->len != 0;
}

bool tfd_mask_is_secret_name(tfd_str name)
{
    /* A name that ends so says where a secret lies, or is a file's own name ("secrets.py: 12"). */
    static const char *const places[] = {"file", "path", "dir",  "folder", "py", "pyc", "so",
                                         "json", "yaml", "toml", "cfg",    "md", "txt", "error"};
    bool is_variable = true, found = false;
    tfd_str rest = name, part, previous = {0};

    for (size_t i = 0; i < name.len; i++)
        if (tfd_char_is_alpha(name.ptr[i]) && !is_upper(name.ptr[i]))
            is_variable = false;
    while (take_part(&rest, &part)) {
        found = found || is_secret_part(part, previous, is_variable);
        previous = part;
    }
    return found && !PART_IS(previous, places);
}

/* ---- values */

static bool is_path(tfd_str value)
{
    static const char *const tops[] = {"home", "Users", "etc", "usr", "opt", "var",  "tmp",
                                       "root", "mnt",   "run", "srv", "app", "data", "workspace"};
    tfd_str top, rest;

    if (tfd_str_starts_z(value, "~/") || tfd_str_starts_z(value, "./") || tfd_str_starts_z(value, "../"))
        return true;
    if (value.len > 0 && value.ptr[0] == '/' && tfd_str_cut(tfd_str_from(value, 1), '/', &top, &rest))
        for (size_t i = 0; i < sizeof tops / sizeof tops[0]; i++)
            if (tfd_str_is(top, tops[i]))
                return true;
    return value.len > 2 && tfd_char_is_alpha(value.ptr[0]) && value.ptr[1] == ':' && value.ptr[2] == '\\';
}

static bool is_harmless(tfd_str value)
{
    static const char *const words[] = {"true", "false", "yes", "no", "on", "off",
                                        "none", "null",  "0",   "1",  "***"};

    return value.len == 0 || PART_IS(value, words) || value.ptr[0] == '$' || value.ptr[0] == '<' ||
           is_path(value);
}

static bool has_digit(tfd_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (tfd_char_is_digit(s.ptr[i]))
            return true;
    return false;
}

/* The value that begins at offset at: quoted up to its quote, else up to a blank, a quote or '&'. */
static hit find_value(tfd_str s, size_t at)
{
    hit value = {at, at};
    char quote = at < s.len && (s.ptr[at] == '"' || s.ptr[at] == '\'') ? s.ptr[at] : '\0';

    if (quote) {
        value.from = value.to = at + 1;
        while (value.to < s.len && s.ptr[value.to] != quote && s.ptr[value.to] != '\n')
            value.to += s.ptr[value.to] == '\\' && value.to + 1 < s.len ? 2 : 1;
        return value;
    }
    while (value.to < s.len && !tfd_char_is_space(s.ptr[value.to]) && !strchr("\"'&", s.ptr[value.to]))
        value.to++;
    while (value.to > value.from && strchr(",;.)]}", s.ptr[value.to - 1]))
        value.to--;
    return value;
}

static size_t skip_blanks(tfd_str s, size_t at)
{
    while (at < s.len && (s.ptr[at] == ' ' || s.ptr[at] == '\t'))
        at++;
    return at;
}

/* "Bearer abc": past the scheme, if one stands there. */
static size_t skip_scheme(tfd_str s, size_t at)
{
    static const char *const schemes[] = {"bearer ", "basic ", "token ", "digest "};

    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t n = strlen(schemes[i]);

        if (tfd_str_eq_nocase(tfd_str_sub(s, at, at + n), tfd_str_of(schemes[i])))
            return skip_blanks(s, at + n);
    }
    return at;
}

static size_t name_end(tfd_str s, size_t at)
{
    size_t end = at;

    while (end < s.len && end - at <= NAME_MAX_LEN &&
           (is_word(s.ptr[end]) || s.ptr[end] == '-' || s.ptr[end] == '.'))
        end++;
    return end;
}

/* Offset of what stands for the value after a name that ends at `end`; 0: there is none. *is_strict: after a
 * colon in running text, where a word need not be a value. */
static size_t value_start(tfd_str s, size_t at, size_t end, bool *is_strict)
{
    size_t i = end;
    bool is_quoted =
        i < s.len && (s.ptr[i] == '"' || s.ptr[i] == '\'') && at > 0 && s.ptr[at - 1] == s.ptr[i];
    bool is_option = at >= 2 && s.ptr[at - 1] == '-' && s.ptr[at - 2] == '-';

    *is_strict = false;
    i = skip_blanks(s, is_quoted ? i + 1 : i);
    if (i >= s.len)
        return 0;
    if (s.ptr[i] == '=') /* "token==1.0" is a requirement; in "A= B=1" A is empty */
        return i + 1 < s.len && s.ptr[i + 1] == '=' ? 0 : i > end ? skip_blanks(s, i + 1) : i + 1;
    if (s.ptr[i] == ':') {
        *is_strict = !is_quoted;
        return skip_blanks(s, i + 1);
    }
    return is_option && i > end && s.ptr[i] != '-' ? i : 0;
}

/* NAME=value, "name": "value", name: value, --name value. */
static hit find_named(tfd_str s, size_t at)
{
    size_t end = name_end(s, at), start;
    tfd_str name = tfd_str_sub(s, at, end), text;
    bool is_strict;
    hit value;

    if (name.len > NAME_MAX_LEN || !tfd_mask_is_secret_name(name))
        return no_hit;
    start = value_start(s, at, end, &is_strict);
    if (start == 0)
        return no_hit;
    value = find_value(s, skip_scheme(s, start));
    text = tfd_str_sub(s, value.from, value.to);
    if (is_harmless(text))
        return no_hit;
    /* "unexpected token: ')'", "Not a secret: see …": a password may be any word, the rest has length and
     * digits. */
    if (is_strict && !holds_nocase(name, "passw") && !holds_nocase(name, "authorization") &&
        (text.len < 8 || !has_digit(text)))
        return no_hit;
    return value;
}

/* ---- shapes */

typedef struct shape {
    const char *prefix;
    size_t min;         /* characters that must follow */
    const char *beside; /* that may follow besides letters and digits */
} shape;

static const shape shapes[] = {
    {"ghp_", 36, ""},       {"gho_", 36, ""},         {"ghu_", 36, ""},     {"ghs_", 36, ""},
    {"ghr_", 36, ""},       {"github_pat_", 22, "_"}, {"glpat-", 20, "_-"}, {"xoxb-", 10, "-"},
    {"xoxp-", 10, "-"},     {"xoxa-", 10, "-"},       {"xoxs-", 10, "-"},   {"hf_", 30, ""},
    {"pypi-AgE", 40, "_-"}, {"npm_", 36, ""},         {"AIza", 35, "_-"},   {"sk-", 32, "_-"},
    {"ya29.", 20, "_-"},    {"dckr_pat_", 20, "_-"},  {"AKIA", 16, ""},     {"ASIA", 16, ""},
    {"dop_v1_", 40, ""},
};

static size_t run_of(tfd_str s, size_t at, const char *beside)
{
    size_t end = at;

    while (end < s.len && end - at < RUN_MAX &&
           (tfd_char_is_alpha(s.ptr[end]) || tfd_char_is_digit(s.ptr[end]) ||
            (s.ptr[end] && strchr(beside, s.ptr[end]))))
        end++;
    return end - at;
}

/* A JSON Web Token: three base64url parts, the first an object ("eyJ" is {" in base64). */
static hit find_jwt(tfd_str s, size_t at)
{
    size_t end = at;

    for (int part = 0; part < 3; part++) {
        size_t n = run_of(s, end, "_-");

        if (n < 8 || (part < 2 && (end + n >= s.len || s.ptr[end + n] != '.')))
            return no_hit;
        end += n + (part < 2 ? 1 : 0);
    }
    return (hit){at, end};
}

static hit find_shape(tfd_str s, size_t at)
{
    tfd_str here = tfd_str_from(s, at);

    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        size_t n = strlen(shapes[i].prefix), follows;

        if (!tfd_str_starts_z(here, shapes[i].prefix))
            continue;
        follows = run_of(s, at + n, shapes[i].beside);
        if (follows >= shapes[i].min && has_digit(tfd_str_sub(s, at + n, at + n + follows)))
            return (hit){at, at + n + follows};
    }
    if (tfd_str_starts_z(here, "eyJ"))
        return find_jwt(s, at);
    if (tfd_str_eq_nocase(tfd_str_sub(here, 0, 7), TFD_STR("bearer "))) {
        size_t from = skip_blanks(s, at + 7), n = run_of(s, from, "._~+/=-");

        if (n >= 16 && has_digit(tfd_str_sub(s, from, from + n)))
            return (hit){from, from + n};
    }
    return no_hit;
}

static hit find_private_key(tfd_str s, size_t at)
{
    tfd_str here = tfd_str_from(s, at);
    size_t line, end;

    if (!tfd_str_starts_z(here, "-----BEGIN "))
        return no_hit;
    line = tfd_str_find_z(tfd_str_sub(here, 0, 64), "PRIVATE KEY-----");
    if (line == TFD_NPOS)
        return no_hit;
    line += strlen("PRIVATE KEY-----");
    end = tfd_str_find_z(tfd_str_from(here, line), "-----END ");
    return (hit){at + line, end == TFD_NPOS ? s.len : at + line + end};
}

/* at stands on "://": user:password@ or token@ before the host. The user's name stays, a lone name that is
 * not "git" is taken for a token (package indexes and forges accept one there). */
static hit find_url(tfd_str s, size_t at)
{
    size_t from = at + 3, end = from, colon = TFD_NPOS, sign = TFD_NPOS;
    tfd_str user;

    for (; end < s.len && !tfd_char_is_space(s.ptr[end]) && !strchr("/?#\"'<>", s.ptr[end]); end++) {
        if (s.ptr[end] == ':' && colon == TFD_NPOS)
            colon = end;
        if (s.ptr[end] == '@')
            sign = end;
    }
    if (sign == TFD_NPOS)
        return no_hit;
    user = tfd_str_sub(s, from, colon < sign ? colon : sign);
    if (colon >= sign)
        return tfd_str_is(user, "git") || user.len == 0 ? no_hit : (hit){from, sign};
    if (find_shape(user, 0).to || user.len > 24)
        return (hit){from, sign};
    return colon + 1 == sign || user.ptr[0] == '$' ? no_hit : (hit){colon + 1, sign};
}

/* ---- values that are known */

#define SECRET_MIN 6

static bool is_plain_word(tfd_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!tfd_char_is_alpha(s.ptr[i]))
            return false;
    return true;
}

static bool add_secret(tfd_arena *arena, tfd_secrets *list, tfd_str value)
{
    size_t at = list->count;

    if (value.len < SECRET_MIN || is_plain_word(value) || is_harmless(value))
        return true;
    if (!TFD_GROW(arena, list))
        return false;
    for (list->count++; at > 0 && list->items[at - 1].len < value.len; at--)
        list->items[at] = list->items[at - 1];
    list->items[at] = value;
    return true;
}

bool tfd_secrets_read(const tfd_str *environment, size_t count, tfd_arena *arena, tfd_secrets *out)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < count; i++) {
        tfd_str name, value;
        size_t at;

        if (!tfd_str_cut(environment[i], '=', &name, &value))
            continue;
        if (tfd_mask_is_secret_name(name) && !add_secret(arena, out, value))
            return false;
        at = tfd_str_find_z(value, "://");
        if (at != TFD_NPOS) {
            hit found = find_url(value, at);

            if (!add_secret(arena, out, tfd_str_sub(value, found.from, found.to)))
                return false;
        }
    }
    return true;
}

static hit find_known(tfd_str text, size_t at, const tfd_secrets *secrets)
{
    for (size_t i = 0; secrets && i < secrets->count; i++) {
        tfd_str one = secrets->items[i];

        if (text.ptr[at] == one.ptr[0] && tfd_str_starts(tfd_str_from(text, at), one))
            return (hit){at, at + one.len};
    }
    return no_hit;
}

static hit find_any(tfd_str text, size_t at, tfd_mask_level level, const tfd_secrets *secrets)
{
    bool starts_word = is_word(text.ptr[at]) && (at == 0 || !is_word(text.ptr[at - 1]));
    hit found = find_known(text, at, secrets);

    if (found.to)
        return found;
    if (text.ptr[at] == ':' && tfd_str_starts_z(tfd_str_from(text, at), "://"))
        return find_url(text, at);
    if (level != TFD_MASK_ALL)
        return no_hit;
    if (text.ptr[at] == '-')
        return find_private_key(text, at);
    if (!starts_word)
        return no_hit;
    found = find_shape(text, at);
    return found.to ? found : find_named(text, at);
}

void tfd_mask_add(tfd_buf *out, tfd_str text, tfd_mask_level level, const tfd_secrets *secrets)
{
    size_t done = 0;

    for (size_t at = 0; at < text.len; at++) {
        hit found = find_any(text, at, level, secrets);

        if (found.to <= found.from)
            continue;
        tfd_buf_str(out, tfd_str_sub(text, done, found.from));
        tfd_buf_str(out, STARS);
        done = found.to;
        at = done - 1;
    }
    tfd_buf_str(out, tfd_str_from(text, done));
}
