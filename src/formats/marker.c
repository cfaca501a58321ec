#include "formats/pep508.h"

#include "formats/pep440.h"

#include <string.h>

/* One operand: a variable or a quoted string. */
typedef struct operand {
    tfd_str text;
    int variable;   /* tfd_marker_variable; -1: a string; TFD_MARKER_VARIABLES: a variable without meaning in
                       METADATA */
    bool is_opaque; /* a string with escapes: its value is not worked out */
} operand;

typedef enum membership { NO_MEMBERSHIP, MEMBER, NO_MEMBER } membership;

/* One level of parentheses: the `or` of all closed groups, and the `and` of the group that is open. */
typedef struct level {
    tfd_tri any;
    tfd_tri all;
} level;

static const struct {
    const char *name;
    int variable;
} names[] = {
    {"python_version", TFD_MARKER_PYTHON_VERSION},
    {"python_full_version", TFD_MARKER_PYTHON_FULL_VERSION},
    {"os_name", TFD_MARKER_OS_NAME},
    {"os.name", TFD_MARKER_OS_NAME},
    {"sys_platform", TFD_MARKER_SYS_PLATFORM},
    {"sys.platform", TFD_MARKER_SYS_PLATFORM},
    {"platform_release", TFD_MARKER_PLATFORM_RELEASE},
    {"platform_system", TFD_MARKER_PLATFORM_SYSTEM},
    {"platform_version", TFD_MARKER_PLATFORM_VERSION},
    {"platform.version", TFD_MARKER_PLATFORM_VERSION},
    {"platform_machine", TFD_MARKER_PLATFORM_MACHINE},
    {"platform.machine", TFD_MARKER_PLATFORM_MACHINE},
    {"platform_python_implementation", TFD_MARKER_PLATFORM_PYTHON_IMPLEMENTATION},
    {"platform.python_implementation", TFD_MARKER_PLATFORM_PYTHON_IMPLEMENTATION},
    {"python_implementation", TFD_MARKER_PLATFORM_PYTHON_IMPLEMENTATION},
    {"implementation_name", TFD_MARKER_IMPLEMENTATION_NAME},
    {"implementation_version", TFD_MARKER_IMPLEMENTATION_VERSION},
    {"extra", TFD_MARKER_EXTRA},
    {"extras", TFD_MARKER_VARIABLES},            /* lock files only */
    {"dependency_groups", TFD_MARKER_VARIABLES}, /* lock files only */
};

static tfd_str skip_blanks(tfd_str s)
{
    while (s.len && tfd_char_is_space(s.ptr[0]))
        s = tfd_str_from(s, 1);
    return s;
}

static bool is_word(char c)
{
    return tfd_char_is_alpha(c) || tfd_char_is_digit(c) || c == '_';
}

/* A whole word at the front. */
static bool take_word(tfd_str *rest, const char *word)
{
    size_t len = strlen(word);

    if (!tfd_str_starts_z(*rest, word) || (rest->len > len && is_word(rest->ptr[len])))
        return false;
    *rest = tfd_str_from(*rest, len);
    return true;
}

static bool take_operand(tfd_str *rest, operand *out)
{
    *rest = skip_blanks(*rest);
    memset(out, 0, sizeof *out);
    out->variable = -1;
    if (rest->len && (rest->ptr[0] == '"' || rest->ptr[0] == '\'')) {
        size_t end = tfd_str_find_char(tfd_str_from(*rest, 1), rest->ptr[0]);

        if (end == TFD_NPOS)
            return false;
        out->text = (tfd_str){rest->ptr + 1, end}; /* ptr is never NULL: "" is a value */
        out->is_opaque = tfd_str_find_char(out->text, '\\') != TFD_NPOS;
        *rest = tfd_str_from(*rest, end + 2);
        return true;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (take_word(rest, names[i].name)) {
            out->variable = names[i].variable;
            return true;
        }
    return false;
}

static bool take_operator(tfd_str *rest, tfd_op *op, membership *in)
{
    *rest = skip_blanks(*rest);
    *op = TFD_OP_NONE;
    *in = NO_MEMBERSHIP;
    if (take_word(rest, "in")) {
        *in = MEMBER;
        return true;
    }
    if (take_word(rest, "not")) {
        tfd_str after = skip_blanks(*rest);

        *in = NO_MEMBER;
        if (after.len == rest->len || !take_word(&after, "in"))
            return false;
        *rest = after;
        return true;
    }
    *op = tfd_op_take(rest);
    return *op != TFD_OP_NONE;
}

static tfd_tri tri_of(bool value)
{
    return value ? TFD_YES : TFD_NO;
}

/* python_version and its like are compared as versions, where both sides are ones. */
static bool compares_versions(int variable)
{
    return variable == TFD_MARKER_PYTHON_VERSION || variable == TFD_MARKER_PYTHON_FULL_VERSION ||
           variable == TFD_MARKER_IMPLEMENTATION_VERSION || variable == TFD_MARKER_PLATFORM_RELEASE;
}

static tfd_tri compare_words(tfd_str left, tfd_op op, tfd_str right, bool is_extra)
{
    bool equal = is_extra ? tfd_name_eq(left, right) : tfd_str_eq(left, right);

    switch (op) {
    case TFD_OP_EQ:
    case TFD_OP_LE:
    case TFD_OP_GE:
        return tri_of(equal);
    case TFD_OP_NE:
        return tri_of(!equal);
    case TFD_OP_LT:
    case TFD_OP_GT:
        return TFD_NO;
    case TFD_OP_COMPATIBLE:
    case TFD_OP_ARBITRARY:
    case TFD_OP_NONE:
        break;
    }
    return TFD_UNKNOWN;
}

/* The value of an operand; ptr NULL if it is unknown. */
static tfd_str value_of(const operand *side, const tfd_marker_env *env)
{
    if (side->variable < 0)
        return side->is_opaque ? (tfd_str){NULL, 0} : side->text;
    if (!env || side->variable >= TFD_MARKER_VARIABLES)
        return (tfd_str){NULL, 0};
    return env->value[side->variable];
}

/* The value of python_version as a version. An untagged build says "3.13.0+", which PEP 440 does not know. */
static tfd_status parse_left(tfd_str left, tfd_version *version)
{
    if (tfd_str_ends_z(left, "+"))
        left.len--;
    return tfd_version_parse(left, version);
}

static tfd_tri compare(const operand *left, tfd_op op, membership in, const operand *right,
                       const tfd_marker_env *env)
{
    tfd_str a = value_of(left, env);
    tfd_str b = value_of(right, env);
    int variable = left->variable >= 0 ? left->variable : right->variable;
    bool is_extra = variable == TFD_MARKER_EXTRA;

    /* Two variables or two strings: no real marker does so, and packaging gives no meaning to it. */
    if (!a.ptr || !b.ptr || (left->variable < 0) == (right->variable < 0))
        return TFD_UNKNOWN;
    if (in != NO_MEMBERSHIP)
        return tri_of((tfd_str_find(b, a) != TFD_NPOS) == (in == MEMBER));
    if (compares_versions(variable)) {
        tfd_clause clause;
        tfd_version version;

        if (tfd_clause_parse(op, b, &clause) == TFD_OK) {
            if (op == TFD_OP_ARBITRARY)
                return tri_of(tfd_str_eq_nocase(a, clause.text));
            return tri_of(parse_left(a, &version) == TFD_OK && tfd_clause_match(&clause, &version));
        }
    }
    return compare_words(a, op, b, is_extra);
}

static tfd_tri both(tfd_tri a, tfd_tri b)
{
    if (a == TFD_NO || b == TFD_NO)
        return TFD_NO;
    return a == TFD_YES && b == TFD_YES ? TFD_YES : TFD_UNKNOWN;
}

static tfd_tri either(tfd_tri a, tfd_tri b)
{
    if (a == TFD_YES || b == TFD_YES)
        return TFD_YES;
    return a == TFD_NO && b == TFD_NO ? TFD_NO : TFD_UNKNOWN;
}

/* What may follow a comparison or a ')': any number of ')', then `and`, `or` or the end. */
static tfd_status take_continuation(tfd_str *rest, level *levels, size_t *depth, bool *at_end)
{
    for (;;) {
        *rest = skip_blanks(*rest);
        *at_end = rest->len == 0;
        if (*at_end)
            return *depth == 0 ? TFD_OK : TFD_EFORMAT;
        if (rest->ptr[0] != ')')
            break;
        if (*depth == 0)
            return TFD_EFORMAT;
        *rest = tfd_str_from(*rest, 1);
        --*depth;
        levels[*depth].all = both(levels[*depth].all, either(levels[*depth + 1].any, levels[*depth + 1].all));
    }
    if (take_word(rest, "and"))
        return TFD_OK;
    if (!take_word(rest, "or"))
        return TFD_EFORMAT;
    levels[*depth].any = either(levels[*depth].any, levels[*depth].all);
    levels[*depth].all = TFD_YES;
    return TFD_OK;
}

tfd_status tfd_marker_eval(tfd_str marker, const tfd_marker_env *env, tfd_tri *out)
{
    level levels[TFD_MARKER_DEPTH];
    tfd_str rest = skip_blanks(marker);
    size_t depth = 0;
    bool at_end = rest.len == 0;

    levels[0] = (level){TFD_NO, TFD_YES};
    *out = TFD_UNKNOWN;
    while (!at_end) {
        operand left, right;
        tfd_op op;
        membership in;
        tfd_status status;

        for (rest = skip_blanks(rest); rest.len && rest.ptr[0] == '(';
             rest = skip_blanks(tfd_str_from(rest, 1))) {
            if (++depth == TFD_MARKER_DEPTH)
                return TFD_ELIMIT;
            levels[depth] = (level){TFD_NO, TFD_YES};
        }
        if (!take_operand(&rest, &left) || !take_operator(&rest, &op, &in) || !take_operand(&rest, &right))
            return TFD_EFORMAT;
        levels[depth].all = both(levels[depth].all, compare(&left, op, in, &right, env));
        status = take_continuation(&rest, levels, &depth, &at_end);
        if (status != TFD_OK)
            return status;
    }
    *out = either(levels[0].any, levels[0].all);
    return TFD_OK;
}
