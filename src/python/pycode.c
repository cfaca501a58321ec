#include "python/pycode.h"

#include "python/pytoken.h"

#include <string.h>

#define VARIABLES_MAX 16
#define PATHS_MAX 64

typedef struct variable {
    tfd_str name, value;
} variable;

typedef struct parser {
    tfd_arena *arena;
    const tfd_pycode_names *names;
    tfd_effects *out;
    tfd_pytokens tokens;
    size_t at, line;
    variable variables[VARIABLES_MAX];
    size_t variable_count;
    bool if_absent;
    bool no_memory;
} parser;

static const char *const suspects[] = {"sys.path",    "path.insert", "path.append", "path.extend",
                                       "meta_path",   "path_hooks",  "addsitedir",  "addpackage",
                                       "from sys",    "getattr(sys", "vars(sys",    "sys.__dict__",
                                       "sys.modules", "b64decode",   "zlib"};

bool tfd_pycode_is_suspect(tfd_str text)
{
    for (size_t i = 0; i < sizeof suspects / sizeof *suspects; i++)
        if (tfd_str_find_z(text, suspects[i]) != TFD_NPOS)
            return true;
    return false;
}

static void emit(parser *p, tfd_effect_kind kind, tfd_str path, long index)
{
    tfd_effect *e;

    if (!TFD_GROW(p->arena, p->out)) {
        p->no_memory = true;
        return;
    }
    e = &p->out->items[p->out->count++];
    e->kind = kind;
    e->path = path;
    e->index = index;
    e->if_absent = p->if_absent;
    e->line = p->line;
}

static const tfd_pytoken *peek(const parser *p, size_t ahead)
{
    static const tfd_pytoken end = {TFD_PYTOKEN_END, {NULL, 0}};

    return p->at + ahead < p->tokens.count ? &p->tokens.items[p->at + ahead] : &end;
}

/* Whether the next tokens are the given words, which blanks separate: "sys . path . insert (". */
static bool take_words(parser *p, const char *words)
{
    tfd_str rest = tfd_str_of(words), word;
    size_t n = 0;

    while (rest.len) {
        const tfd_pytoken *t = peek(p, n);

        tfd_str_cut(rest, ' ', &word, &rest);
        if ((t->kind != TFD_PYTOKEN_NAME && t->kind != TFD_PYTOKEN_OP && t->kind != TFD_PYTOKEN_NUMBER) ||
            !tfd_str_eq(t->text, word))
            return false;
        n++;
    }
    p->at += n;
    return true;
}

static bool at_end(const parser *p)
{
    return p->at >= p->tokens.count;
}

static const variable *find_variable(const parser *p, tfd_str name)
{
    for (size_t i = p->variable_count; i > 0; i--)
        if (tfd_str_eq(p->variables[i - 1].name, name))
            return &p->variables[i - 1];
    return NULL;
}

/* Adjacent string literals. */
static bool take_literal(parser *p, tfd_str *out)
{
    tfd_str all = TFD_STR("");

    if (peek(p, 0)->kind != TFD_PYTOKEN_STRING)
        return false;
    while (peek(p, 0)->kind == TFD_PYTOKEN_STRING) {
        tfd_str one;

        if (!tfd_pystring_value(p->arena, peek(p, 0)->text, &one))
            return false;
        all = all.len ? tfd_arena_fmt(p->arena, "%.*s%.*s", TFD_ARG(all), TFD_ARG(one)) : one;
        p->at++;
    }
    *out = all;
    return true;
}

/* os.environ['X'], os.environ.get('X'), os.environ.get('X', 'default'), os.getenv(…); only variables that are
 * set, or that have a default. */
static bool take_environ(parser *p, tfd_str *out)
{
    bool is_index = take_words(p, "os . environ [");
    tfd_str name, value, fallback = {NULL, 0};
    bool is_set;

    if (!is_index && !take_words(p, "os . environ . get (") && !take_words(p, "os . getenv ("))
        return false;
    if (!p->names->sys || !take_literal(p, &name))
        return false;
    if (!is_index && take_words(p, ",") && !take_literal(p, &fallback))
        return false;
    if (!take_words(p, is_index ? "]" : ")"))
        return false;
    is_set = p->names->sys->env(p->names->sys, tfd_arena_z(p->arena, name), &value);
    *out = is_set ? value : fallback;
    return is_set || fallback.ptr != NULL;
}

/* A name with a known value, or a literal. */
static bool take_simple(parser *p, tfd_str *out)
{
    const variable *v;

    if (take_literal(p, out))
        return true;
    if (take_words(p, "sys . _getframe ( 1 ) . f_locals [")) {
        tfd_str key;

        *out = p->names->sitedir;
        return take_literal(p, &key) && tfd_str_is(key, "sitedir") && take_words(p, "]") && out->len;
    }
    if (take_words(p, "sys . prefix") || take_words(p, "sys . exec_prefix")) {
        *out = p->names->prefix;
        return out->len > 0;
    }
    if (take_environ(p, out))
        return true;
    if (peek(p, 0)->kind != TFD_PYTOKEN_NAME)
        return false;
    v = find_variable(p, peek(p, 0)->text);
    if (v)
        *out = v->value;
    else if (tfd_str_is(peek(p, 0)->text, "sitedir"))
        *out = p->names->sitedir;
    else if (tfd_str_is(peek(p, 0)->text, "__file__"))
        *out = p->names->file;
    else
        return false;
    p->at++;
    return out->len > 0;
}

static tfd_str expand_user(const parser *p, tfd_str path)
{
    if (path.len == 0 || path.ptr[0] != '~' || (path.len > 1 && path.ptr[1] != '/') ||
        p->names->home.len == 0)
        return path;
    return tfd_arena_fmt(p->arena, "%.*s%.*s", TFD_ARG(p->names->home), TFD_ARG(tfd_str_from(path, 1)));
}

/* A simple value, or one function of os.path around it (twice dirname at most: no recursion on input). */
static bool take_atom(parser *p, tfd_str *out)
{
    int dirs = 0, closing = 0;
    bool expand = false;

    for (; closing < 4; closing++) {
        if (take_words(p, "os . path . dirname ("))
            dirs++;
        else if (take_words(p, "os . path . expanduser ("))
            expand = true;
        else if (!take_words(p, "os . path . abspath (") && !take_words(p, "os . path . realpath (") &&
                 !take_words(p, "str ("))
            break;
    }
    if (!take_simple(p, out))
        return false;
    while (closing-- > 0)
        if (!take_words(p, ")"))
            return false;
    if (expand)
        *out = expand_user(p, *out);
    while (dirs-- > 0)
        *out = tfd_path_dir(TFD_PATH_POSIX, *out);
    return true;
}

/* An atom, os.path.join of atoms, or atoms with + between them. */
static bool take_text(parser *p, tfd_str *out)
{
    tfd_str part;

    if (take_words(p, "os . path . join (")) {
        if (!take_atom(p, out))
            return false;
        while (take_words(p, ",")) {
            if (peek(p, 0)->kind == TFD_PYTOKEN_OP && tfd_str_is(peek(p, 0)->text, ")"))
                break;
            if (!take_atom(p, &part))
                return false;
            *out = tfd_path_join(TFD_PATH_POSIX, p->arena, *out, part);
        }
        return take_words(p, ")");
    }
    if (!take_atom(p, out))
        return false;
    while (take_words(p, "+")) {
        if (!take_atom(p, &part))
            return false;
        *out = tfd_arena_fmt(p->arena, "%.*s%.*s", TFD_ARG(*out), TFD_ARG(part));
    }
    return true;
}

/* [a, b] or (a, b). */
static bool take_list(parser *p, tfd_str *items, size_t *count)
{
    bool square = take_words(p, "[");

    *count = 0;
    if (!square && !take_words(p, "("))
        return false;
    while (!take_words(p, square ? "]" : ")")) {
        if (*count == PATHS_MAX || (*count > 0 && !take_words(p, ",")))
            return false;
        if (take_words(p, square ? "]" : ")"))
            return true;
        if (!take_text(p, &items[(*count)++]))
            return false;
    }
    return true;
}

static bool take_index(parser *p, long *out)
{
    bool minus = take_words(p, "-");
    uint64_t value;

    if (take_words(p, "len ( sys . path )")) {
        *out = 100000;
        return !minus;
    }
    if (peek(p, 0)->kind != TFD_PYTOKEN_NUMBER || !tfd_str_u64(peek(p, 0)->text, &value) || value > 100000)
        return false;
    p->at++;
    *out = minus ? -(long)value : (long)value;
    return true;
}

/* sys.path.insert(0, x), sys.path.append(x), site.addsitedir(x). */
static bool parse_call(parser *p)
{
    tfd_str path;
    long index = 0;
    tfd_effect_kind kind;

    if (take_words(p, "sys . path . insert (")) {
        kind = TFD_EFFECT_INSERT;
        if (!take_index(p, &index) || !take_words(p, ","))
            return false;
    } else if (take_words(p, "sys . path . append (")) {
        kind = TFD_EFFECT_APPEND;
    } else if (take_words(p, "site . addsitedir (")) {
        kind = TFD_EFFECT_SITEDIR;
    } else {
        return false;
    }
    if (!take_text(p, &path) || !take_words(p, ")") || !at_end(p))
        return false;
    emit(p, kind, path, index);
    return true;
}

/* sys.path.extend([…]), sys.path += […], sys.path[:0] = […], sys.path = […] + sys.path. */
static bool parse_lists(parser *p)
{
    tfd_str items[PATHS_MAX];
    size_t count;
    bool is_first = false;
    bool is_call = take_words(p, "sys . path . extend (");
    bool is_concat = false;

    if (!is_call && !take_words(p, "sys . path +=")) {
        is_first = take_words(p, "sys . path [ : 0 ] =") || take_words(p, "sys . path [ 0 : 0 ] =");
        is_concat = !is_first && (take_words(p, "sys . path =") || take_words(p, "sys . path [ : ] ="));
        if (!is_first && !is_concat)
            return false;
    }
    if (is_concat && take_words(p, "sys . path +"))
        is_concat = false;
    else if (is_concat)
        is_first = true;
    if (!take_list(p, items, &count) || (is_call && !take_words(p, ")")) ||
        (is_concat && !take_words(p, "+ sys . path")) || !at_end(p))
        return false;
    for (size_t i = 0; i < count; i++)
        emit(p, is_first ? TFD_EFFECT_INSERT : TFD_EFFECT_APPEND, items[i], (long)i);
    return true;
}

/* import a, b.c as d */
static bool parse_import(parser *p)
{
    if (!take_words(p, "import"))
        return false;
    do {
        const tfd_pytoken *first = peek(p, 0);
        tfd_str name = first->text;

        if (first->kind != TFD_PYTOKEN_NAME)
            return false;
        p->at++;
        while (take_words(p, ".")) {
            const tfd_pytoken *next = peek(p, 0);

            if (next->kind != TFD_PYTOKEN_NAME)
                return false;
            name.len = (size_t)(next->text.ptr + next->text.len - name.ptr);
            p->at++;
        }
        if (take_words(p, "as"))
            p->at++;
        emit(p, TFD_EFFECT_IMPORT, name, 0);
    } while (take_words(p, ","));
    return at_end(p);
}

/* name = text. */
static bool parse_assignment(parser *p)
{
    const tfd_pytoken *name = peek(p, 0), *op = peek(p, 1);
    tfd_str value;

    if (name->kind != TFD_PYTOKEN_NAME || op->kind != TFD_PYTOKEN_OP || !tfd_str_is(op->text, "="))
        return false;
    p->at += 2;
    if (!take_text(p, &value) || !at_end(p) || p->variable_count == VARIABLES_MAX)
        return false;
    p->variables[p->variable_count].name = name->text;
    p->variables[p->variable_count++].value = value;
    return true;
}

/* __editable___x_finder.install(), and easy-install.pth's two lines. */
static bool parse_known(parser *p)
{
    const tfd_pytoken *first = peek(p, 0);

    if (first->kind == TFD_PYTOKEN_NAME && tfd_str_starts_z(first->text, "__editable__")) {
        p->at++;
        if (!take_words(p, ". install ( )") || !at_end(p))
            return false;
        emit(p, TFD_EFFECT_INSTALL, first->text, 0);
        return true;
    }
    if (take_words(p, "sys . __plen = len ( sys . path )") && at_end(p)) {
        emit(p, TFD_EFFECT_EGG_MARK, TFD_STR(""), 0);
        return true;
    }
    return false;
}

/* x not in sys.path and sys.path.append(x). */
static bool parse_guarded(parser *p)
{
    tfd_str path;
    bool done;

    if (!take_text(p, &path) || !take_words(p, "not in sys . path and"))
        return false;
    p->if_absent = true;
    done = parse_call(p);
    p->if_absent = false;
    return done;
}

static bool parse_with(parser *p, bool (*rule)(parser *p))
{
    size_t at = p->at;
    size_t count = p->out->count;

    if (rule(p))
        return true;
    p->at = at;
    p->out->count = count;
    return false;
}

/* One simple statement; text is its source. */
static void parse_statement(parser *p, tfd_str text)
{
    static bool (*const rules[])(parser * p) = {parse_import,     parse_call,  parse_lists,
                                                parse_assignment, parse_known, parse_guarded};

    p->at = 0;
    if (!tfd_pytokens_read(p->arena, text, &p->tokens)) {
        emit(p, TFD_EFFECT_UNKNOWN, text, 0);
        return;
    }
    if (p->tokens.count == 0 || (p->tokens.count == 1 && p->tokens.items[0].kind == TFD_PYTOKEN_STRING))
        return; /* nothing, or a docstring */
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (parse_with(p, rules[i]))
            return;
    if (tfd_pycode_is_suspect(text))
        emit(p, TFD_EFFECT_UNKNOWN, text, 0);
}

/* setuptools' -nspkg.pth: it makes the package `sys.modules.setdefault('google', …)` before any import. */
static bool parse_namespace(parser *p, tfd_str line)
{
    static const char marker[] = "sys.modules.setdefault(";
    size_t hit = tfd_str_find_z(line, marker);
    tfd_str rest, name, quote;

    if (hit == TFD_NPOS || tfd_str_find_z(line, "types.ModuleType(") == TFD_NPOS ||
        tfd_str_find_z(line, "f_locals['sitedir']") == TFD_NPOS)
        return false;
    rest = tfd_str_from(line, hit + sizeof marker - 1);
    quote = tfd_str_sub(rest, 0, 1);
    if (!tfd_str_is(quote, "'") && !tfd_str_is(quote, "\""))
        return false;
    if (!tfd_str_cut(tfd_str_from(rest, 1), quote.ptr[0], &name, &rest))
        return false;
    emit(p, TFD_EFFECT_NAMESPACE, name, 0);
    return true;
}

/* Lines that are known as a whole. true: nothing more to look at. */
static bool parse_whole(parser *p, tfd_str line)
{
    if (tfd_str_find_z(line, "_distutils_hack") != TFD_NPOS && tfd_str_find_z(line, "sys.path") == TFD_NPOS)
        return true; /* setuptools: redirects distutils, leaves the path alone */
    if (tfd_str_find_z(line, "sys.__plen") != TFD_NPOS && tfd_str_find_z(line, "__egginsert") != TFD_NPOS) {
        emit(p, TFD_EFFECT_EGG_MOVE, TFD_STR(""), 0);
        return true;
    }
    return parse_namespace(p, line);
}

static void parse_line(parser *p, tfd_str line)
{
    tfd_str rest = line, statement;

    if (parse_whole(p, line))
        return;
    while (tfd_pystatement_take(&rest, &statement) && !p->no_memory)
        parse_statement(p, statement);
}

static void start(parser *p, tfd_arena *arena, const tfd_pycode_names *names, tfd_effects *out)
{
    memset(p, 0, sizeof *p);
    p->arena = arena;
    p->names = names;
    p->out = out;
}

tfd_status tfd_pycode_line(tfd_arena *arena, tfd_str line, size_t number, const tfd_pycode_names *names,
                           tfd_effects *out)
{
    parser p;

    start(&p, arena, names, out);
    p.line = number;
    parse_line(&p, line);
    return p.no_memory ? TFD_ENOMEM : TFD_OK;
}

/* "if x not in sys.path:" opens a block whose calls happen only then. */
static bool opens_guard(tfd_str line)
{
    line = tfd_str_trim(line);
    return tfd_str_starts_z(line, "if ") && tfd_str_ends_z(line, "not in sys.path:");
}

tfd_status tfd_pycode_module(tfd_arena *arena, tfd_str text, const tfd_pycode_names *names, tfd_effects *out)
{
    tfd_pylines lines = {text, 1};
    tfd_str line;
    bool in_guard = false;
    parser p;

    start(&p, arena, names, out);
    while (tfd_pyline_take(&lines, &line, &p.line)) {
        bool indented = line.len > 0 && tfd_char_is_space(line.ptr[0]);

        if (tfd_str_trim(line).len == 0 || tfd_str_trim(line).ptr[0] == '#')
            continue;
        if (!indented)
            in_guard = opens_guard(line);
        if (!indented && in_guard)
            continue;
        if (indented && !in_guard) {
            if (tfd_pycode_is_suspect(line))
                emit(&p, TFD_EFFECT_UNKNOWN, line, 0);
            continue;
        }
        p.if_absent = in_guard;
        parse_line(&p, tfd_str_trim(line));
        p.if_absent = false;
    }
    return p.no_memory ? TFD_ENOMEM : TFD_OK;
}
