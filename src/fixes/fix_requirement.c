/* What is wanted of a package: the clauses of all that ask for it, made one requirement. */
#include "fixes/fix.h"
#include "formats/pep440.h"

/* Whether two clauses bound the same side: 1 from below, -1 from above; 0: neither (!=, ==, ~=). */
static int side_of(tfd_str clause, tfd_str *version)
{
    size_t skip = tfd_str_starts_z(tfd_str_from(clause, 1), "=") ? 2 : 1;

    *version = tfd_str_trim(tfd_str_from(clause, skip));
    if (tfd_str_starts_z(clause, ">"))
        return 1;
    return tfd_str_starts_z(clause, "<") ? -1 : 0;
}

/* True if one clause makes the other superfluous: the tighter of the two is then in *kept. */
static bool merge_bound(tfd_str *kept, tfd_str clause)
{
    tfd_str old_version;
    tfd_str new_version;
    int side = side_of(clause, &new_version);
    int order = 0;

    if (tfd_str_eq(*kept, clause))
        return true;
    if (side == 0 || side_of(*kept, &old_version) != side ||
        !tfd_version_cmp_text(new_version, old_version, &order))
        return false;
    /* Of equal bounds the one without '=' is tighter. */
    if (order * side > 0 || (order == 0 && !tfd_str_starts_z(tfd_str_from(clause, 1), "=")))
        *kept = clause;
    return true;
}

static void add_clauses(tfd_str *clauses, size_t *count, size_t max, tfd_str specifier)
{
    tfd_str rest = specifier;

    while (rest.len > 0) {
        tfd_str one;
        bool known = false;

        (void)tfd_str_cut(rest, ',', &one, &rest);
        one = tfd_str_trim(one);
        for (size_t i = 0; i < *count && !known; i++)
            known = merge_bound(&clauses[i], one);
        if (one.len > 0 && !known && *count < max)
            clauses[(*count)++] = one;
    }
}

#define CLAUSES_MAX 24

/* What is wanted of a distribution by all that the import needs (by: TFD_NONE), or by one alone. */
static size_t collect_clauses(const tfd_facts *facts, tfd_str key, size_t by, tfd_str *clauses)
{
    size_t count = 0;

    for (size_t i = 0; i < facts->requirements.count; i++) {
        const tfd_requirement *req = &facts->requirements.items[i];

        if (tfd_str_eq(req->key, key) && req->applies != TFD_NO && !req->is_malformed && req->is_needed &&
            (by == TFD_NONE || req->by == by))
            add_clauses(clauses, &count, CLAUSES_MAX, req->specifier);
    }
    return count;
}

/* No version is above one bound and below the other: packages of two releases ask for different things. */
static bool is_contradictory(const tfd_str *clauses, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            tfd_str low, high;
            int order;

            if (side_of(clauses[i], &low) == 1 && side_of(clauses[j], &high) == -1 &&
                tfd_version_cmp_text(low, high, &order) && order >= 0)
                return order > 0 || !tfd_str_starts_z(clauses[i], ">=") ||
                       !tfd_str_starts_z(clauses[j], "<=");
        }
    }
    return false;
}

tfd_str tfd_fix_requirement(tfd_fix_ctx *ctx, tfd_str key)
{
    const tfd_facts *facts = ctx->view->facts;
    size_t row = tfd_dist_find(facts, key);
    const tfd_dist *dist = tfd_view_dist(ctx->view, row);
    tfd_str clauses[CLAUSES_MAX];
    size_t count = collect_clauses(facts, key, TFD_NONE, clauses);
    const tfd_kb_break *rule = NULL;
    tfd_str out = dist ? dist->name : key;

    if (dist)
        (void)tfd_view_verdict(ctx->view, key, dist->version, &rule);
    if (rule)
        add_clauses(clauses, &count, CLAUSES_MAX, rule->fix);
    if (is_contradictory(clauses, count)) { /* TensorFlow's word counts, and what is known of this release */
        count = collect_clauses(facts, key, facts->tensorflow, clauses);
        if (rule)
            add_clauses(clauses, &count, CLAUSES_MAX, rule->fix);
    }
    for (size_t i = 0; i < count; i++)
        out = tfd_arena_fmt(ctx->arena, i == 0 ? "%.*s%.*s" : "%.*s,%.*s", TFD_ARG(out), TFD_ARG(clauses[i]));
    return out;
}

tfd_str tfd_fix_left_out(tfd_fix_ctx *ctx, tfd_str key, tfd_str specifier)
{
    const tfd_facts *facts = ctx->view->facts;
    size_t last = TFD_NONE;
    tfd_str names = TFD_STR("");

    for (size_t i = 0; i < facts->requirements.count; i++) {
        const tfd_requirement *req = &facts->requirements.items[i];
        const tfd_dist *dist = tfd_view_dist(ctx->view, req->by);
        tfd_str clauses[CLAUSES_MAX];
        size_t count = 0;

        if (!dist || req->is_needed || req->by == last || req->satisfied != TFD_YES ||
            req->applies == TFD_NO || !tfd_str_eq(req->key, key))
            continue;
        add_clauses(clauses, &count, CLAUSES_MAX, specifier);
        add_clauses(clauses, &count, CLAUSES_MAX, req->specifier);
        if (!is_contradictory(clauses, count))
            continue;
        last = req->by;
        names = tfd_arena_fmt(ctx->arena, "%.*s%s%.*s %.*s", TFD_ARG(names), names.len > 0 ? ", " : "",
                              TFD_ARG(dist->name), TFD_ARG(dist->version));
    }
    return names;
}

/* A clause that names one version leaves only that one: "==1.26.4". */
static bool misses_pin(const tfd_str *clauses, size_t count, size_t pin)
{
    tfd_str rest = clauses[pin];
    tfd_clause clause;

    if (tfd_clause_next(&rest, &clause) != TFD_OK || clause.op != TFD_OP_EQ || clause.is_wildcard)
        return false;
    for (size_t i = 0; i < count; i++)
        if (tfd_specifier_match(clauses[i], clause.version.text, TFD_PRE_ALLOW) == TFD_NO)
            return true;
    return false;
}

bool tfd_fix_excludes(tfd_str one, tfd_str other)
{
    tfd_str clauses[CLAUSES_MAX];
    size_t count = 0;

    add_clauses(clauses, &count, CLAUSES_MAX, one);
    add_clauses(clauses, &count, CLAUSES_MAX, other);
    for (size_t i = 0; i < count; i++)
        if (misses_pin(clauses, count, i))
            return true;
    return is_contradictory(clauses, count);
}
