#include "python/pyexpr.h"

const tfd_pytoken *tfd_pyexpr_peek(const tfd_pyparser *p, size_t ahead)
{
    static const tfd_pytoken end = {TFD_PYTOKEN_END, {NULL, 0}};

    return p->at + ahead < p->tokens.count ? &p->tokens.items[p->at + ahead] : &end;
}

/* Whether the next tokens are the given words, which blanks separate: "sys . path . insert (". */
bool tfd_pyexpr_words(tfd_pyparser *p, const char *words)
{
    tfd_str rest = tfd_str_of(words), word;
    size_t n = 0;

    while (rest.len) {
        const tfd_pytoken *t = tfd_pyexpr_peek(p, n);

        tfd_str_cut(rest, ' ', &word, &rest);
        if ((t->kind != TFD_PYTOKEN_NAME && t->kind != TFD_PYTOKEN_OP && t->kind != TFD_PYTOKEN_NUMBER) ||
            !tfd_str_eq(t->text, word))
            return false;
        n++;
    }
    p->at += n;
    return true;
}

bool tfd_pyexpr_at_end(const tfd_pyparser *p)
{
    return p->at >= p->tokens.count;
}

static const tfd_pyvariable *find_variable(const tfd_pyparser *p, tfd_str name)
{
    for (size_t i = p->variable_count; i > 0; i--)
        if (tfd_str_eq(p->variables[i - 1].name, name))
            return &p->variables[i - 1];
    return NULL;
}

/* Adjacent string literals. */
static bool take_literal(tfd_pyparser *p, tfd_str *out)
{
    tfd_str all = TFD_STR("");

    if (tfd_pyexpr_peek(p, 0)->kind != TFD_PYTOKEN_STRING)
        return false;
    while (tfd_pyexpr_peek(p, 0)->kind == TFD_PYTOKEN_STRING) {
        tfd_str one;

        if (!tfd_pystring_value(p->arena, tfd_pyexpr_peek(p, 0)->text, &one))
            return false;
        all = all.len ? tfd_arena_fmt(p->arena, "%.*s%.*s", TFD_ARG(all), TFD_ARG(one)) : one;
        p->at++;
    }
    *out = all;
    return true;
}

/* os.environ['X'], os.environ.get('X'), os.environ.get('X', 'default'), os.getenv(…); only variables that are
 * set, or that have a default. */
static bool take_environ(tfd_pyparser *p, tfd_str *out)
{
    bool is_index = tfd_pyexpr_words(p, "os . environ [");
    tfd_str name, value, fallback = {NULL, 0};
    bool is_set;

    if (!is_index && !tfd_pyexpr_words(p, "os . environ . get (") && !tfd_pyexpr_words(p, "os . getenv ("))
        return false;
    if (!p->names->sys || !take_literal(p, &name))
        return false;
    if (!is_index && tfd_pyexpr_words(p, ",") && !take_literal(p, &fallback))
        return false;
    if (!tfd_pyexpr_words(p, is_index ? "]" : ")"))
        return false;
    is_set = p->names->sys->env(p->names->sys, tfd_arena_z(p->arena, name), &value);
    *out = is_set ? value : fallback;
    return is_set || fallback.ptr != NULL;
}

/* A name with a known value, or a literal. */
static bool take_simple(tfd_pyparser *p, tfd_str *out)
{
    const tfd_pyvariable *v;

    if (take_literal(p, out))
        return true;
    if (tfd_pyexpr_words(p, "sys . _getframe ( 1 ) . f_locals [")) {
        tfd_str key;

        *out = p->names->sitedir;
        return take_literal(p, &key) && tfd_str_is(key, "sitedir") && tfd_pyexpr_words(p, "]") && out->len;
    }
    if (tfd_pyexpr_words(p, "sys . prefix") || tfd_pyexpr_words(p, "sys . exec_prefix")) {
        *out = p->names->prefix;
        return out->len > 0;
    }
    if (take_environ(p, out))
        return true;
    if (tfd_pyexpr_peek(p, 0)->kind != TFD_PYTOKEN_NAME)
        return false;
    v = find_variable(p, tfd_pyexpr_peek(p, 0)->text);
    if (v)
        *out = v->value;
    else if (tfd_str_is(tfd_pyexpr_peek(p, 0)->text, "sitedir"))
        *out = p->names->sitedir;
    else if (tfd_str_is(tfd_pyexpr_peek(p, 0)->text, "__file__"))
        *out = p->names->file;
    else
        return false;
    p->at++;
    return out->len > 0;
}

static tfd_path_style style_of(const tfd_pyparser *p)
{
    return p->names->sys ? p->names->sys->style : TFD_PATH_POSIX;
}

static tfd_str expand_user(const tfd_pyparser *p, tfd_str path)
{
    if (path.len == 0 || path.ptr[0] != '~' || (path.len > 1 && !tfd_path_is_sep(style_of(p), path.ptr[1])) ||
        p->names->home.len == 0)
        return path;
    return tfd_arena_fmt(p->arena, "%.*s%.*s", TFD_ARG(p->names->home), TFD_ARG(tfd_str_from(path, 1)));
}

/* A simple value, or one function of os.path around it (twice dirname at most: no recursion on input). */
static bool take_atom(tfd_pyparser *p, tfd_str *out)
{
    int dirs = 0, closing = 0;
    bool expand = false;

    for (; closing < 4; closing++) {
        if (tfd_pyexpr_words(p, "os . path . dirname ("))
            dirs++;
        else if (tfd_pyexpr_words(p, "os . path . expanduser ("))
            expand = true;
        else if (!tfd_pyexpr_words(p, "os . path . abspath (") &&
                 !tfd_pyexpr_words(p, "os . path . realpath (") && !tfd_pyexpr_words(p, "str ("))
            break;
    }
    if (!take_simple(p, out))
        return false;
    while (closing-- > 0)
        if (!tfd_pyexpr_words(p, ")"))
            return false;
    if (expand)
        *out = expand_user(p, *out);
    while (dirs-- > 0)
        *out = tfd_path_dir(style_of(p), *out);
    return true;
}

/* An atom, os.path.join of atoms, or atoms with + between them. */
bool tfd_pyexpr_text(tfd_pyparser *p, tfd_str *out)
{
    tfd_str part;

    if (tfd_pyexpr_words(p, "os . path . join (")) {
        if (!take_atom(p, out))
            return false;
        while (tfd_pyexpr_words(p, ",")) {
            if (tfd_pyexpr_peek(p, 0)->kind == TFD_PYTOKEN_OP && tfd_str_is(tfd_pyexpr_peek(p, 0)->text, ")"))
                break;
            if (!take_atom(p, &part))
                return false;
            *out = tfd_path_join(style_of(p), p->arena, *out, part);
        }
        return tfd_pyexpr_words(p, ")");
    }
    if (!take_atom(p, out))
        return false;
    while (tfd_pyexpr_words(p, "+")) {
        if (!take_atom(p, &part))
            return false;
        *out = tfd_arena_fmt(p->arena, "%.*s%.*s", TFD_ARG(*out), TFD_ARG(part));
    }
    return true;
}

/* [a, b] or (a, b). */
bool tfd_pyexpr_list(tfd_pyparser *p, tfd_str *items, size_t *count)
{
    bool square = tfd_pyexpr_words(p, "[");

    *count = 0;
    if (!square && !tfd_pyexpr_words(p, "("))
        return false;
    while (!tfd_pyexpr_words(p, square ? "]" : ")")) {
        if (*count == TFD_PYEXPR_PATHS_MAX || (*count > 0 && !tfd_pyexpr_words(p, ",")))
            return false;
        if (tfd_pyexpr_words(p, square ? "]" : ")"))
            return true;
        if (!tfd_pyexpr_text(p, &items[(*count)++]))
            return false;
    }
    return true;
}

bool tfd_pyexpr_index(tfd_pyparser *p, long *out)
{
    bool minus = tfd_pyexpr_words(p, "-");
    uint64_t value;

    if (tfd_pyexpr_words(p, "len ( sys . path )")) {
        *out = 100000;
        return !minus;
    }
    if (tfd_pyexpr_peek(p, 0)->kind != TFD_PYTOKEN_NUMBER ||
        !tfd_str_u64(tfd_pyexpr_peek(p, 0)->text, &value) || value > 100000)
        return false;
    p->at++;
    *out = minus ? -(long)value : (long)value;
    return true;
}
