#include "formats/pep440.h"

#include <string.h>

static size_t count_parts(tfd_str release)
{
    size_t n = 1;

    for (size_t i = 0; i < release.len; i++)
        n += release.ptr[i] == '.';
    return n;
}

tfd_op tfd_op_take(tfd_str *text)
{
    static const struct {
        const char *sign;
        tfd_op op;
    } signs[] = {{"===", TFD_OP_ARBITRARY}, {"==", TFD_OP_EQ}, {"~=", TFD_OP_COMPATIBLE}, {"!=", TFD_OP_NE},
                 {"<=", TFD_OP_LE},         {">=", TFD_OP_GE}, {"<", TFD_OP_LT},          {">", TFD_OP_GT}};

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (tfd_str_starts_z(*text, signs[i].sign)) {
            *text = tfd_str_from(*text, strlen(signs[i].sign));
            return signs[i].op;
        }
    return TFD_OP_NONE;
}

static tfd_status parse_arbitrary(tfd_clause *out)
{
    /* White space, ';' and ')' end the text: they belong to the requirement around it. */
    for (size_t i = 0; i < out->text.len; i++)
        if (tfd_char_is_space(out->text.ptr[i]) || out->text.ptr[i] == ';' || out->text.ptr[i] == ')')
            return TFD_EFORMAT;
    return TFD_OK;
}

tfd_status tfd_clause_parse(tfd_op op, tfd_str version, tfd_clause *out)
{
    tfd_str bare;
    tfd_status status;

    memset(out, 0, sizeof *out);
    out->op = op;
    out->text = tfd_str_trim(version);
    if (op == TFD_OP_NONE)
        return TFD_EFORMAT;
    if (op == TFD_OP_ARBITRARY)
        return parse_arbitrary(out);
    bare = out->text;
    out->is_wildcard = tfd_str_ends_z(bare, ".*");
    if (out->is_wildcard)
        bare = tfd_str_sub(bare, 0, bare.len - 2);
    status = tfd_version_parse(bare, &out->version);
    if (status != TFD_OK)
        return status;
    if (out->is_wildcard) {
        const tfd_version *v = &out->version;

        /* Between release and ".*" nothing may stand, white space included. */
        if ((op != TFD_OP_EQ && op != TFD_OP_NE) || v->pre || v->has_post || v->has_dev || v->local.len ||
            v->text.len != bare.len)
            return TFD_EFORMAT;
    }
    if (out->version.local.len && op != TFD_OP_EQ && op != TFD_OP_NE)
        return TFD_EFORMAT;
    if (op == TFD_OP_COMPATIBLE && count_parts(out->version.release) < 2)
        return TFD_EFORMAT;
    return TFD_OK;
}

tfd_status tfd_clause_next(tfd_str *specifier, tfd_clause *out)
{
    tfd_str text = {NULL, 0};

    while (specifier->len && text.len == 0) {
        (void)tfd_str_cut(*specifier, ',', &text, specifier);
        text = tfd_str_trim(text);
    }
    if (text.len == 0)
        return TFD_ENOENT;
    return tfd_clause_parse(tfd_op_take(&text), text, out);
}

static bool match_prefix(const tfd_version *prefix, const tfd_version *version, size_t parts)
{
    tfd_version a = {.epoch = prefix->epoch};
    tfd_version b = {.epoch = version->epoch};
    tfd_str x = prefix->release;
    tfd_str y = version->release;

    if (tfd_version_cmp(&a, &b) != 0)
        return false;
    for (size_t i = 0; i < parts; i++) {
        (void)tfd_str_cut(x, '.', &a.release, &x);
        (void)tfd_str_cut(y, '.', &b.release, &y);
        if (tfd_version_cmp(&a, &b) != 0)
            return false;
    }
    return true;
}

static bool match_equal(const tfd_clause *clause, const tfd_version *version)
{
    tfd_version public_part = *version;

    if (clause->is_wildcard)
        return match_prefix(&clause->version, version, count_parts(clause->version.release));
    /* A local version answers a clause that names none. */
    if (!clause->version.local.len)
        public_part.local.len = 0;
    return tfd_version_cmp(&public_part, &clause->version) == 0;
}

/* "<3.1" excludes pre-releases of 3.1 itself, unless it names one (PEP 440, exclusive ordered comparison). */
static bool match_less(const tfd_version *wanted, const tfd_version *version)
{
    tfd_version bound = *wanted;

    if (!tfd_version_is_prerelease(wanted))
        bound.has_dev = true; /* 3.1.dev0 comes before all other versions of 3.1 */
    return tfd_version_cmp(version, &bound) < 0;
}

/* ">3.1" excludes local versions of 3.1 itself and, unless it names one, its post-releases. */
static bool match_greater(const tfd_version *wanted, const tfd_version *version)
{
    tfd_version stem = *version;

    stem.local.len = 0;
    if (tfd_version_cmp(&stem, wanted) <= 0)
        return false;
    if (!version->has_post || wanted->has_post || wanted->has_dev)
        return true;
    stem.has_post = stem.has_dev = false;
    stem.post_number.len = stem.dev_number.len = 0;
    return tfd_version_cmp(&stem, wanted) != 0;
}

static bool match_arbitrary(const tfd_clause *clause, const tfd_version *version)
{
    char text[TFD_VERSION_MAX + 32]; /* the normal form adds at most "rc0.post0.dev0" */
    size_t len = tfd_version_format(version, text, sizeof text);

    return len < sizeof text && tfd_str_eq_nocase(clause->text, (tfd_str){text, len});
}

bool tfd_clause_match(const tfd_clause *clause, const tfd_version *version)
{
    const tfd_version *wanted = &clause->version;
    tfd_version public_part = *version;

    public_part.local.len = 0;
    switch (clause->op) {
    case TFD_OP_EQ:
        return match_equal(clause, version);
    case TFD_OP_NE:
        return !match_equal(clause, version);
    case TFD_OP_LE:
        return tfd_version_cmp(&public_part, wanted) <= 0;
    case TFD_OP_GE:
        return tfd_version_cmp(&public_part, wanted) >= 0;
    case TFD_OP_LT:
        return match_less(wanted, version);
    case TFD_OP_GT:
        return match_greater(wanted, version);
    case TFD_OP_COMPATIBLE:
        return tfd_version_cmp(&public_part, wanted) >= 0 &&
               match_prefix(wanted, version, count_parts(wanted->release) - 1);
    case TFD_OP_ARBITRARY:
        return match_arbitrary(clause, version);
    case TFD_OP_NONE:
        break;
    }
    return false;
}

static bool names_prerelease(const tfd_clause *clause)
{
    tfd_version version;

    if (clause->op == TFD_OP_ARBITRARY)
        return tfd_version_parse(clause->text, &version) == TFD_OK && tfd_version_is_prerelease(&version);
    return clause->op != TFD_OP_NE && !clause->is_wildcard && tfd_version_is_prerelease(&clause->version);
}

tfd_tri tfd_specifier_match(tfd_str specifier, tfd_str version, tfd_prereleases rule)
{
    tfd_version v;
    bool parsed = tfd_version_parse(version, &v) == TFD_OK;
    bool named = false;
    bool undecided = false;
    bool matches = true;
    tfd_clause clause;
    tfd_status status;

    while ((status = tfd_clause_next(&specifier, &clause)) == TFD_OK) {
        named = named || names_prerelease(&clause);
        if (parsed)
            matches = matches && tfd_clause_match(&clause, &v);
        else if (clause.op == TFD_OP_ARBITRARY)
            matches = matches && tfd_str_eq_nocase(clause.text, tfd_str_trim(version));
        else
            undecided = true;
    }
    if (status != TFD_ENOENT)
        return TFD_UNKNOWN;
    if (!matches)
        return TFD_NO;
    if (undecided)
        return TFD_UNKNOWN;
    if (parsed && tfd_version_is_prerelease(&v) &&
        (rule == TFD_PRE_DENY || (rule == TFD_PRE_IF_NAMED && !named)))
        return TFD_NO;
    return TFD_YES;
}
