#include "python/pycode.h"

#include "python/pyexpr.h"

#include <string.h>

static tfd_effect *emit(tfd_pyparser *p, tfd_effect_kind kind, tfd_str path, long index)
{
    tfd_effect *e;

    if (!TFD_GROW(p->arena, p->out)) {
        p->no_memory = true;
        return NULL;
    }
    e = &p->out->items[p->out->count++];
    memset(e, 0, sizeof *e);
    e->kind = kind;
    e->path = path;
    e->index = index;
    e->if_absent = p->if_absent;
    e->line = p->line;
    return e;
}

/* sys.path.insert(0, x), sys.path.append(x), site.addsitedir(x). */
static bool parse_call(tfd_pyparser *p)
{
    tfd_str path;
    long index = 0;
    tfd_effect_kind kind;

    if (tfd_pyexpr_words(p, "sys . path . insert (")) {
        kind = TFD_EFFECT_INSERT;
        if (!tfd_pyexpr_index(p, &index) || !tfd_pyexpr_words(p, ","))
            return false;
    } else if (tfd_pyexpr_words(p, "sys . path . append (")) {
        kind = TFD_EFFECT_APPEND;
    } else if (tfd_pyexpr_words(p, "site . addsitedir (")) {
        kind = TFD_EFFECT_SITEDIR;
    } else {
        return false;
    }
    if (!tfd_pyexpr_text(p, &path) || !tfd_pyexpr_words(p, ")") || !tfd_pyexpr_at_end(p))
        return false;
    emit(p, kind, path, index);
    return true;
}

/* sys.path.extend([…]), sys.path += […], sys.path[:0] = […], sys.path = […] + sys.path. */
static bool parse_lists(tfd_pyparser *p)
{
    tfd_str items[TFD_PYEXPR_PATHS_MAX];
    size_t count;
    bool is_first = false;
    bool is_call = tfd_pyexpr_words(p, "sys . path . extend (");
    bool is_concat = false;

    if (!is_call && !tfd_pyexpr_words(p, "sys . path +=")) {
        is_first =
            tfd_pyexpr_words(p, "sys . path [ : 0 ] =") || tfd_pyexpr_words(p, "sys . path [ 0 : 0 ] =");
        is_concat =
            !is_first && (tfd_pyexpr_words(p, "sys . path =") || tfd_pyexpr_words(p, "sys . path [ : ] ="));
        if (!is_first && !is_concat)
            return false;
    }
    if (is_concat && tfd_pyexpr_words(p, "sys . path +"))
        is_concat = false;
    else if (is_concat)
        is_first = true;
    if (!tfd_pyexpr_list(p, items, &count) || (is_call && !tfd_pyexpr_words(p, ")")) ||
        (is_concat && !tfd_pyexpr_words(p, "+ sys . path")) || !tfd_pyexpr_at_end(p))
        return false;
    for (size_t i = 0; i < count; i++)
        emit(p, is_first ? TFD_EFFECT_INSERT : TFD_EFFECT_APPEND, items[i], (long)i);
    return true;
}

/* The condition of a comprehension that keeps entry v: 'text' not in v, v != 'text', not
 * v.startswith('text'), not v.endswith('text'). */
static bool parse_condition(tfd_pyparser *p, tfd_str v, tfd_match *match, tfd_str *text)
{
    const char *name = tfd_arena_z(p->arena, v);

    if (!name)
        return false;
    if (tfd_pyexpr_words(p, "not") && tfd_pyexpr_words(p, name)) {
        *match = tfd_pyexpr_words(p, ". startswith (") ? TFD_MATCH_STARTS : TFD_MATCH_ENDS;
        return (*match == TFD_MATCH_STARTS || tfd_pyexpr_words(p, ". endswith (")) &&
               tfd_pyexpr_text(p, text) && tfd_pyexpr_words(p, ")");
    }
    if (tfd_pyexpr_words(p, name)) {
        *match = TFD_MATCH_EQUAL;
        return tfd_pyexpr_words(p, "!=") && tfd_pyexpr_text(p, text);
    }
    *match = TFD_MATCH_CONTAINS;
    return tfd_pyexpr_text(p, text) && tfd_pyexpr_words(p, "not in") && tfd_pyexpr_words(p, name);
}

/* sys.path.remove('text'), sys.path[:] = [p for p in sys.path if 'text' not in p]. */
static bool parse_drop(tfd_pyparser *p)
{
    tfd_match match = TFD_MATCH_EQUAL;
    const tfd_pytoken *v;
    const char *name;
    tfd_effect *e;
    tfd_str text;

    if (tfd_pyexpr_words(p, "sys . path . remove (")) {
        if (!tfd_pyexpr_text(p, &text) || !tfd_pyexpr_words(p, ")") || !tfd_pyexpr_at_end(p))
            return false;
    } else {
        if (!tfd_pyexpr_words(p, "sys . path [ : ] = [") && !tfd_pyexpr_words(p, "sys . path = ["))
            return false;
        v = tfd_pyexpr_peek(p, 0);
        name = tfd_arena_z(p->arena, v->text);
        if (v->kind != TFD_PYTOKEN_NAME || !name || !tfd_pyexpr_words(p, name) ||
            !tfd_pyexpr_words(p, "for") || !tfd_pyexpr_words(p, name) ||
            !tfd_pyexpr_words(p, "in sys . path if") || !parse_condition(p, v->text, &match, &text) ||
            !tfd_pyexpr_words(p, "]") || !tfd_pyexpr_at_end(p))
            return false;
    }
    e = emit(p, TFD_EFFECT_DROP, text, 0);
    if (e)
        e->match = match;
    return true;
}

static void emit_variable(tfd_pyparser *p, tfd_str name, tfd_str value)
{
    tfd_effect *e = emit(p, TFD_EFFECT_SET, name, 0);

    if (e)
        e->value = value;
}

/* The arguments of os.environ.update: {'X': 'text', …} or X='text', … */
static bool parse_update(tfd_pyparser *p)
{
    bool is_dict = tfd_pyexpr_words(p, "{");

    do {
        tfd_str name, value;

        if (tfd_pyexpr_words(p, is_dict ? "}" : ")"))
            return (!is_dict || tfd_pyexpr_words(p, ")")) && tfd_pyexpr_at_end(p);
        if (is_dict) {
            if (!tfd_pyexpr_text(p, &name) || !tfd_pyexpr_words(p, ":"))
                return false;
        } else {
            name = tfd_pyexpr_peek(p, 0)->text;
            if (tfd_pyexpr_peek(p, 0)->kind != TFD_PYTOKEN_NAME)
                return false;
            p->at++;
            if (!tfd_pyexpr_words(p, "="))
                return false;
        }
        if (!tfd_pyexpr_text(p, &value))
            return false;
        emit_variable(p, name, value);
    } while (tfd_pyexpr_words(p, ","));
    return tfd_pyexpr_words(p, is_dict ? "} )" : ")") && tfd_pyexpr_at_end(p);
}

/* os.environ['X'] = 'text', os.environ.setdefault('X', 'text'). */
static bool parse_variable(tfd_pyparser *p)
{
    bool is_default;
    tfd_str name, value;

    if (tfd_pyexpr_words(p, "os . environ . update ("))
        return parse_update(p);
    is_default = tfd_pyexpr_words(p, "os . environ . setdefault (");
    if (!is_default && !tfd_pyexpr_words(p, "os . environ ["))
        return false;
    if (!tfd_pyexpr_text(p, &name) || !tfd_pyexpr_words(p, is_default ? "," : "] =") ||
        !tfd_pyexpr_text(p, &value) || (is_default && !tfd_pyexpr_words(p, ")")) || !tfd_pyexpr_at_end(p))
        return false;
    p->if_absent = is_default;
    emit_variable(p, name, value);
    p->if_absent = false;
    return true;
}

/* os.environ.pop('X', None), del os.environ['X']. */
static bool parse_removal(tfd_pyparser *p)
{
    bool is_del = tfd_pyexpr_words(p, "del os . environ [");
    tfd_str name, fallback;

    if (!is_del && !tfd_pyexpr_words(p, "os . environ . pop ("))
        return false;
    if (!tfd_pyexpr_text(p, &name))
        return false;
    if (!is_del && tfd_pyexpr_words(p, ",") && !tfd_pyexpr_words(p, "None") && !tfd_pyexpr_text(p, &fallback))
        return false;
    if (!tfd_pyexpr_words(p, is_del ? "]" : ")") || !tfd_pyexpr_at_end(p))
        return false;
    emit(p, TFD_EFFECT_UNSET, name, 0);
    return true;
}

/* The rest of a call of CDLL: mode=ctypes.RTLD_GLOBAL, or its number on Linux (dlfcn.h), 256, alone or with
 * RTLD_LAZY and RTLD_NOW. */
static bool has_global_mode(const tfd_pyparser *p)
{
    for (size_t i = 0; tfd_pyexpr_peek(p, i)->kind != TFD_PYTOKEN_END; i++) {
        const tfd_pytoken *t = tfd_pyexpr_peek(p, i);
        uint64_t number;

        if (tfd_str_is(t->text, "RTLD_GLOBAL") ||
            (t->kind == TFD_PYTOKEN_NUMBER && tfd_str_u64(t->text, &number) && (number & 0x100) != 0))
            return true;
    }
    return false;
}

/* ctypes.CDLL(path, …), x = WinDLL(path), cdll.LoadLibrary(path), os.add_dll_directory(path). */
static bool parse_load(tfd_pyparser *p)
{
    static const char *const calls[] = {
        "CDLL (", "WinDLL (", "OleDLL (", "PyDLL (", "cdll . LoadLibrary (", "windll . LoadLibrary ("};
    bool is_load = false;
    bool is_dir;
    tfd_effect *e;
    tfd_str path;

    if (tfd_pyexpr_peek(p, 0)->kind == TFD_PYTOKEN_NAME && tfd_str_is(tfd_pyexpr_peek(p, 1)->text, "="))
        p->at += 2;
    is_dir = tfd_pyexpr_words(p, "os . add_dll_directory (") || tfd_pyexpr_words(p, "add_dll_directory (");
    if (!is_dir)
        (void)tfd_pyexpr_words(p, "ctypes .");
    for (size_t i = 0; i < sizeof calls / sizeof *calls && !is_dir && !is_load; i++)
        is_load = tfd_pyexpr_words(p, calls[i]);
    if ((!is_dir && !is_load) || !tfd_pyexpr_text(p, &path) || path.len == 0)
        return false;
    e = emit(p, is_dir ? TFD_EFFECT_DLL_DIR : TFD_EFFECT_LOAD, path, 0);
    if (e)
        e->is_global = has_global_mode(p);
    return true;
}

/* import a, b.c as d */
static bool parse_import(tfd_pyparser *p)
{
    if (!tfd_pyexpr_words(p, "import"))
        return false;
    do {
        const tfd_pytoken *first = tfd_pyexpr_peek(p, 0);
        tfd_str name = first->text;

        if (first->kind != TFD_PYTOKEN_NAME)
            return false;
        p->at++;
        while (tfd_pyexpr_words(p, ".")) {
            const tfd_pytoken *next = tfd_pyexpr_peek(p, 0);

            if (next->kind != TFD_PYTOKEN_NAME)
                return false;
            name.len = (size_t)(next->text.ptr + next->text.len - name.ptr);
            p->at++;
        }
        if (tfd_pyexpr_words(p, "as"))
            p->at++;
        emit(p, TFD_EFFECT_IMPORT, name, 0);
    } while (tfd_pyexpr_words(p, ","));
    return tfd_pyexpr_at_end(p);
}

/* name = text. */
static bool parse_assignment(tfd_pyparser *p)
{
    const tfd_pytoken *name = tfd_pyexpr_peek(p, 0), *op = tfd_pyexpr_peek(p, 1);
    tfd_str value;

    if (name->kind != TFD_PYTOKEN_NAME || op->kind != TFD_PYTOKEN_OP || !tfd_str_is(op->text, "="))
        return false;
    p->at += 2;
    if (!tfd_pyexpr_text(p, &value) || !tfd_pyexpr_at_end(p) || p->variable_count == TFD_PYEXPR_VARIABLES_MAX)
        return false;
    p->variables[p->variable_count].name = name->text;
    p->variables[p->variable_count++].value = value;
    return true;
}

/* __editable___x_finder.install(), and easy-install.pth's two lines. */
static bool parse_known(tfd_pyparser *p)
{
    const tfd_pytoken *first = tfd_pyexpr_peek(p, 0);

    if (first->kind == TFD_PYTOKEN_NAME && tfd_str_starts_z(first->text, "__editable__")) {
        p->at++;
        if (!tfd_pyexpr_words(p, ". install ( )") || !tfd_pyexpr_at_end(p))
            return false;
        emit(p, TFD_EFFECT_INSTALL, first->text, 0);
        return true;
    }
    if (tfd_pyexpr_words(p, "sys . __plen = len ( sys . path )") && tfd_pyexpr_at_end(p)) {
        emit(p, TFD_EFFECT_EGG_MARK, TFD_STR(""), 0);
        return true;
    }
    return false;
}

/* x not in sys.path and sys.path.append(x). */
static bool parse_guarded(tfd_pyparser *p)
{
    tfd_str path;
    bool done;

    if (!tfd_pyexpr_text(p, &path) || !tfd_pyexpr_words(p, "not in sys . path and"))
        return false;
    p->if_absent = true;
    done = parse_call(p);
    p->if_absent = false;
    return done;
}

static bool parse_with(tfd_pyparser *p, bool (*rule)(tfd_pyparser *p))
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
static void parse_statement(tfd_pyparser *p, tfd_str text)
{
    static bool (*const rules[])(tfd_pyparser * p) = {
        parse_load,     parse_import,  parse_call,       parse_lists, parse_drop,
        parse_variable, parse_removal, parse_assignment, parse_known, parse_guarded};

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
static bool parse_namespace(tfd_pyparser *p, tfd_str line)
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
static bool parse_whole(tfd_pyparser *p, tfd_str line)
{
    if (tfd_str_find_z(line, "_distutils_hack") != TFD_NPOS && tfd_str_find_z(line, "sys.path") == TFD_NPOS)
        return true; /* setuptools: redirects distutils, leaves the path alone */
    if (tfd_str_find_z(line, "sys.__plen") != TFD_NPOS && tfd_str_find_z(line, "__egginsert") != TFD_NPOS) {
        emit(p, TFD_EFFECT_EGG_MOVE, TFD_STR(""), 0);
        return true;
    }
    return parse_namespace(p, line);
}

static void parse_line(tfd_pyparser *p, tfd_str line)
{
    tfd_str rest = line, statement;

    if (parse_whole(p, line))
        return;
    while (tfd_pystatement_take(&rest, &statement) && !p->no_memory)
        parse_statement(p, statement);
}

static void start(tfd_pyparser *p, tfd_arena *arena, const tfd_pycode_names *names, tfd_effects *out)
{
    memset(p, 0, sizeof *p);
    p->arena = arena;
    p->names = names;
    p->out = out;
}

tfd_status tfd_pycode_line(tfd_arena *arena, tfd_str line, size_t number, const tfd_pycode_names *names,
                           tfd_effects *out)
{
    tfd_pyparser p;

    start(&p, arena, names, out);
    p.line = number;
    parse_line(&p, line);
    return p.no_memory ? TFD_ENOMEM : TFD_OK;
}

static void parse_indented(tfd_pyparser *p, tfd_str line)
{
    p->at = 0;
    if (tfd_pycode_loads_libraries(line) && tfd_pytokens_read(p->arena, tfd_str_trim(line), &p->tokens))
        (void)parse_with(p, parse_load);
}

static bool opens_definition(tfd_str line)
{
    return tfd_str_starts_z(line, "def ") || tfd_str_starts_z(line, "class ") ||
           tfd_str_starts_z(line, "async ");
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
    bool in_definition = false;
    tfd_pyparser p;

    start(&p, arena, names, out);
    while (tfd_pyline_take(&lines, &line, &p.line)) {
        bool indented = line.len > 0 && tfd_char_is_space(line.ptr[0]);

        if (tfd_str_trim(line).len == 0 || tfd_str_trim(line).ptr[0] == '#')
            continue;
        if (!indented) {
            in_guard = opens_guard(line);
            in_definition = opens_definition(line);
        }
        if (!indented && in_guard)
            continue;
        if (indented && !in_guard) {
            if (tfd_pycode_is_suspect(line))
                emit(&p, TFD_EFFECT_UNKNOWN, line, 0);
            if (!in_definition)
                parse_indented(&p, line);
            continue;
        }
        p.if_absent = in_guard;
        parse_line(&p, tfd_str_trim(line));
        p.if_absent = false;
    }
    return p.no_memory ? TFD_ENOMEM : TFD_OK;
}
