#include "core/rank.h"

#include <math.h>
#include <stdlib.h>

#include "core/gpu.h"
#include "core/title.h"
#include "fixes/fixes.h"

/* All findings about one (cause, subject). */
typedef struct group {
    tfd_cause_id cause;
    tfd_str subject;
    const tfd_finding **items; /* strongest first */
    size_t count;
    size_t capacity;
    int from_files;        /* summed weights of what lies on the disk and in the environment */
    int breaking;          /* … of these, what would break that which was asked for */
    int from_import;       /* … and of what the import said */
    tfd_side side;         /* on which it was found */
    bool is_latent;        /* breaks nothing that was asked for */
    bool outweighs_import; /* on Windows it breaks, whatever Wine did */
    bool is_covered;       /* follows from another group: a symptom */
    size_t order;          /* of the first finding: the order of check_list.h */
} group;

typedef struct groups {
    group *items;
    size_t count;
    size_t capacity;
} groups;

static int score_of(const group *one)
{
    return one->from_files + one->from_import;
}

/* A library that the import itself needs is the import's, whatever it is for. */
static tfd_side side_of(const tfd_finding *finding)
{
    tfd_side side = tfd_cause_side(finding->cause);

    if (finding->for_gpu)
        return TFD_SIDE_GPU;
    return side == TFD_SIDE_GPU || side == TFD_SIDE_WARNING ? TFD_SIDE_IMPORT : side;
}

static group *find_group(groups *all, const tfd_finding *finding)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].cause == finding->cause && all->items[i].side == side_of(finding) &&
            tfd_str_eq(all->items[i].subject, finding->subject))
            return &all->items[i];
    return NULL;
}

static int compare_weight(const void *a, const void *b)
{
    const tfd_finding *const *left = a;
    const tfd_finding *const *right = b;

    return (*right)->weight - (*left)->weight;
}

/* Repetitions of one kind count half, a quarter …: ten missing files are one fault. What speaks against
 * counts in full. */
static int sum(const group *one, bool from_import, bool with_latent)
{
    int total = 0;
    int part = 1;

    for (size_t i = 0; i < one->count; i++) {
        int weight = one->items[i]->weight;

        if (one->items[i]->from_import != from_import ||
            (one->items[i]->effect == TFD_EFFECT_LATENT && !with_latent))
            continue;
        if (weight < 0) {
            total += weight;
        } else {
            total += weight / part;
            part = part < 64 ? part * 2 : part;
        }
    }
    return total;
}

static tfd_status collect(const tfd_findings *findings, tfd_arena *arena, groups *all)
{
    for (size_t i = 0; i < findings->count; i++) {
        const tfd_finding *finding = &findings->items[i];
        group *one = find_group(all, finding);

        if (!one) {
            if (!TFD_GROW(arena, all))
                return TFD_ENOMEM;
            one = &all->items[all->count++];
            *one = (group){.cause = finding->cause,
                           .subject = finding->subject,
                           .side = side_of(finding),
                           .is_latent = true,
                           .order = i};
        }
        if (!TFD_GROW(arena, one))
            return TFD_ENOMEM;
        one->items[one->count++] = finding;
        one->outweighs_import |= finding->outweighs_import;
        one->is_latent = one->is_latent && finding->effect == TFD_EFFECT_LATENT;
    }
    for (size_t i = 0; i < all->count; i++) {
        group *one = &all->items[i];

        qsort(one->items, one->count, sizeof(const tfd_finding *), compare_weight);
        one->from_files = sum(one, false, true);
        one->breaking = sum(one, false, false);
        one->from_import = sum(one, true, true);
    }
    return TFD_OK;
}

/* ---- symptoms: what follows from a deeper cause is its evidence */

typedef struct cover {
    tfd_cause_id root;
    tfd_cause_id symptom;
} cover;

/* Where the root is well founded (at least TFD_W_STRONG), the symptom is not a cause of its own.
 * TFD_CAUSE_COUNT: any. */
static const cover covers[] = {
    {TFD_CAUSE_VENV_BROKEN, TFD_CAUSE_COUNT},
    {TFD_CAUSE_PYTHON_32BIT, TFD_CAUSE_TF_MISSING},
    {TFD_CAUSE_PYTHON_NOT_CPYTHON, TFD_CAUSE_TF_MISSING},
    {TFD_CAUSE_PYTHON_WRONG_ONE, TFD_CAUSE_TF_MISSING},
    {TFD_CAUSE_PYTHON_UNSUPPORTED, TFD_CAUSE_TF_MISSING},
    {TFD_CAUSE_LIBC_MUSL, TFD_CAUSE_TF_MISSING},
    {TFD_CAUSE_PIP_OUT_OF_MEMORY, TFD_CAUSE_TF_MISSING},
    {TFD_CAUSE_LIBC_MUSL, TFD_CAUSE_WRONG_PLATFORM_WHEEL},
    {TFD_CAUSE_LIBC_MUSL, TFD_CAUSE_TF_CORRUPT},
    {TFD_CAUSE_TF_DUPLICATE, TFD_CAUSE_TF_CORRUPT},
    {TFD_CAUSE_TF_DUPLICATE, TFD_CAUSE_TF_ABI_MISMATCH},
    {TFD_CAUSE_TF_ABI_MISMATCH, TFD_CAUSE_TF_CORRUPT},
    {TFD_CAUSE_WRONG_PLATFORM_WHEEL, TFD_CAUSE_TF_CORRUPT},
    {TFD_CAUSE_WRONG_PLATFORM_WHEEL, TFD_CAUSE_TF_ABI_MISMATCH},
    {TFD_CAUSE_ARCH_MISMATCH, TFD_CAUSE_TF_CORRUPT},
    {TFD_CAUSE_PERMISSION_DENIED, TFD_CAUSE_TF_CORRUPT},
    {TFD_CAUSE_SECURITY_BLOCKED, TFD_CAUSE_TF_CORRUPT},
    {TFD_CAUSE_PERMISSION_DENIED, TFD_CAUSE_CUDA_TOOLCHAIN},
    {TFD_CAUSE_SECURITY_BLOCKED, TFD_CAUSE_CUDA_TOOLCHAIN},
    {TFD_CAUSE_LDPATH_CONFLICT, TFD_CAUSE_LIBSTDCXX_OLD},
    {TFD_CAUSE_LDPATH_CONFLICT, TFD_CAUSE_PYTHON_BROKEN},
    {TFD_CAUSE_ENV_SETTING, TFD_CAUSE_PYTHON_BROKEN},
    {TFD_CAUSE_ENV_SETTING, TFD_CAUSE_VENV_BROKEN},
    {TFD_CAUSE_PATH_TOO_LONG, TFD_CAUSE_TF_CORRUPT},
    {TFD_CAUSE_ARCH_MISMATCH, TFD_CAUSE_CPU_NO_AVX},
    {TFD_CAUSE_ARCH_MISMATCH, TFD_CAUSE_TF_MISSING},
    {TFD_CAUSE_PYTHON_STORE_ALIAS, TFD_CAUSE_TF_MISSING},
    {TFD_CAUSE_PYTHON_STORE_ALIAS, TFD_CAUSE_PYTHON_BROKEN},
    {TFD_CAUSE_PYTHON_32BIT, TFD_CAUSE_WRONG_PLATFORM_WHEEL},
    {TFD_CAUSE_GPU_NONE, TFD_CAUSE_DRIVER_MISSING},
    {TFD_CAUSE_GPU_HIDDEN, TFD_CAUSE_DRIVER_BROKEN},
    {TFD_CAUSE_GPU_PERMISSION, TFD_CAUSE_DRIVER_BROKEN},
    {TFD_CAUSE_DRIVER_MISSING, TFD_CAUSE_DRIVER_BROKEN},
    {TFD_CAUSE_DRIVER_MISMATCH, TFD_CAUSE_DRIVER_BROKEN},
    {TFD_CAUSE_LDPATH_CONFLICT, TFD_CAUSE_DRIVER_BROKEN},
};

/* A package that may not be read or executed looks missing, damaged or of the wrong version to everybody
 * else. */
static bool is_same_package(const group *root, const group *symptom)
{
    if (root->cause != TFD_CAUSE_PERMISSION_DENIED && root->cause != TFD_CAUSE_SECURITY_BLOCKED)
        return false;
    for (size_t i = 0; i < root->count; i++)
        for (size_t j = 0; j < symptom->count; j++)
            if (root->items[i]->dist != TFD_NONE && root->items[i]->dist == symptom->items[j]->dist)
                return root->cause != symptom->cause;
    return false;
}

/* Modules of the standard library that stumble over a foreign one are not damaged, unless their files say so.
 */
static bool is_stumbling(const group *root, const group *symptom)
{
    return (root->cause == TFD_CAUSE_PYTHONPATH_CONFLICT || root->cause == TFD_CAUSE_NAME_SHADOWING) &&
           symptom->cause == TFD_CAUSE_PYTHON_BROKEN && root->from_files >= TFD_W_LIKELY &&
           !root->is_latent && symptom->from_files <= TFD_W_HINT;
}

/* A requirement that is not met in the environment's own folder: it is not met either once the interpreter
 * starts again. */
static bool stays_unmet(const tfd_view *view, const group *root, const group *symptom)
{
    bool is_requirement = symptom->cause == TFD_CAUSE_DEP_NUMPY || symptom->cause == TFD_CAUSE_DEP_PROTOBUF ||
                          symptom->cause == TFD_CAUSE_DEP_KERAS || symptom->cause == TFD_CAUSE_DEP_OTHER;

    return view->facts->packages_known && is_requirement && symptom->breaking >= TFD_W_STRONG &&
           (root->cause == TFD_CAUSE_VENV_BROKEN || tfd_str_is(root->subject, "PYTHONHOME"));
}

static bool is_covering(const tfd_view *view, const group *root, const group *symptom)
{
    if (stays_unmet(view, root, symptom))
        return false;
    if (is_stumbling(root, symptom))
        return true;
    if (score_of(root) < TFD_W_STRONG || root->is_latent ||
        (root->side == TFD_SIDE_GPU && symptom->side != TFD_SIDE_GPU))
        return false;
    if (is_same_package(root, symptom))
        return true;
    /* These lead to another Python: all that was looked at is that one's. */
    if ((tfd_str_is(root->subject, "PYTHONHOME") || tfd_str_is(root->subject, "PYTHONEXECUTABLE")) &&
        root != symptom)
        return true;
    for (size_t i = 0; i < sizeof covers / sizeof covers[0]; i++)
        if (covers[i].root == root->cause &&
            (covers[i].symptom == symptom->cause || covers[i].symptom == TFD_CAUSE_COUNT) && root != symptom)
            return true;
    return false;
}

/* A cause for which nothing on the disk speaks, only frames of the exception, gives way to one that has both.
 */
static bool is_shadow_of(const group *root, const group *symptom)
{
    return root->side == symptom->side && symptom->from_files <= TFD_W_HINT &&
           root->from_files >= TFD_W_LIKELY && score_of(root) >= score_of(symptom) + TFD_W_MAYBE &&
           !root->is_latent;
}

static void mark_symptoms(const tfd_view *view, groups *all)
{
    for (size_t i = 0; i < all->count; i++)
        for (size_t j = 0; j < all->count; j++)
            if (i != j && !all->items[i].is_covered &&
                (is_covering(view, &all->items[i], &all->items[j]) ||
                 is_shadow_of(&all->items[i], &all->items[j])))
                all->items[j].is_covered = true;
}

/* ---- order and report */

/* On the GPU's side weights are an order of repair (checks/gpu_blame.h): seven missing libraries are no
 * better found than the one GPU that is missing. */
static int place_of(const group *one)
{
    return one->side == TFD_SIDE_GPU ? one->items[0]->weight + one->from_import : score_of(one);
}

/* The way to the index matters once it is settled what has to be fetched. */
static bool is_last(const group *one)
{
    return one->cause == TFD_CAUSE_PIP_NETWORK;
}

static int compare_groups(const void *a, const void *b)
{
    const group *left = a;
    const group *right = b;

    if (is_last(left) != is_last(right))
        return is_last(left) ? 1 : -1;
    if ((left->side == TFD_SIDE_GPU) != (right->side == TFD_SIDE_GPU))
        return left->side == TFD_SIDE_GPU ? 1 : -1;
    if (place_of(left) != place_of(right))
        return place_of(right) - place_of(left);
    return left->order < right->order ? -1 : left->order > right->order;
}

static bool is_cause(const tfd_view *view, const group *one)
{
    if (one->is_covered || one->is_latent)
        return false;
    /* That GPUs are listed clears nothing that keeps them from computing. */
    if (one->side == TFD_SIDE_GPU)
        return tfd_gpu_is_expected(view) && !tfd_gpu_computes(view) && score_of(one) >= TFD_W_FORECAST;
    if (view->facts->import.ran && view->facts->import.status == TFD_IMPORT_FAILS)
        return score_of(one) > TFD_W_HINT;
    if (view->facts->import.ran && !one->outweighs_import)
        return false;
    return one->breaking >= TFD_W_FORECAST;
}

static bool is_warning(const tfd_view *view, const group *one)
{
    bool import_failed = view->facts->import.ran && view->facts->import.status == TFD_IMPORT_FAILS;

    if (one->is_covered || one->from_files < TFD_W_FORECAST || is_cause(view, one))
        return false;
    if (one->side == TFD_SIDE_GPU)
        return one->is_latent || tfd_gpu_computes(view);
    return one->is_latent || !import_failed;
}

/* Broken by itself, whatever else is: has to be repaired too before the import can work. The files alone say
 * so, or they do and the import's error comes from the very thing. */
static bool is_independent(const group *one)
{
    return one->breaking >= TFD_W_STRONG ||
           (one->breaking >= TFD_W_FORECAST && one->from_import >= TFD_W_FORECAST);
}

/* Rules were fitted to cases; none of them is worth more than this without an experiment. */
#define PROBABILITY_MAX 0.99

static double odds(const group *one)
{
    double exponent = (double)score_of(one) / 10.0;

    return exp2(exponent < 40.0 ? exponent : 40.0);
}

static double probability(const groups *all, const tfd_view *view, const group *one)
{
    double others = 1.0;

    if (is_independent(one))
        return 1.0 - 1.0 / (1.0 + odds(one));
    for (size_t i = 0; i < all->count; i++)
        if (&all->items[i] != one && all->items[i].side == one->side && is_cause(view, &all->items[i]))
            others += odds(&all->items[i]);
    return odds(one) / (odds(one) + others);
}

static tfd_certainty certainty(const tfd_view *view, const group *one, double chance)
{
    bool import_agrees = view->facts->import.ran && one->from_import >= TFD_W_MAYBE;

    if (one->from_files >= TFD_W_STRONG && (import_agrees || one->from_files >= TFD_W_PROOF))
        return TFD_CERTAIN;
    return chance >= 0.5 ? TFD_LIKELY : TFD_POSSIBLE;
}

/* The strongest lines; a thousand more of the kind prove nothing further (an old libstdc++ lacks symbols of
 * every library). */
static tfd_status copy_evidence(const group *one, tfd_arena *arena, tfd_cause *cause)
{
    size_t left_out = 0;

    cause->evidence = tfd_arena_new(arena, tfd_evidence, TFD_EVIDENCE_MAX);
    if (!cause->evidence)
        return TFD_ENOMEM;
    for (size_t i = 0; i < one->count; i++) {
        const tfd_finding *finding = one->items[i];

        if (finding->text.len == 0)
            continue;
        if (cause->evidence_count < TFD_EVIDENCE_MAX)
            cause->evidence[cause->evidence_count++] =
                (tfd_evidence){finding->check, finding->text, finding->source, finding->weight};
        else
            left_out++;
    }
    if (left_out > 0) {
        tfd_evidence *last = &cause->evidence[TFD_EVIDENCE_MAX - 1];

        last->text = tfd_arena_fmt(arena, "and %u more findings of this kind", (unsigned)(left_out + 1));
        last->source = TFD_STR("");
    }
    return TFD_OK;
}

/* The finding that says best what to repair: the strongest one from the files that names a row or path. */
static tfd_finding lead_of(const group *one)
{
    tfd_finding lead = *one->items[0];

    for (size_t i = 0; i < one->count; i++) {
        if (lead.dist == TFD_NONE)
            lead.dist = one->items[i]->dist;
        if (lead.place == TFD_NONE)
            lead.place = one->items[i]->place;
        if (lead.path.len == 0)
            lead.path = one->items[i]->path;
    }
    return lead;
}

static tfd_status add_cause(const tfd_view *view, const groups *all, const group *one, tfd_arena *arena,
                            tfd_report *report)
{
    tfd_cause *cause = &report->causes[report->cause_count];
    tfd_finding lead = lead_of(one);
    tfd_status st;

    cause->id = one->cause;
    cause->side = one->side;
    cause->score = score_of(one);
    cause->probability = probability(all, view, one);
    if (cause->probability > PROBABILITY_MAX)
        cause->probability = PROBABILITY_MAX;
    cause->certainty = certainty(view, one, cause->probability);
    cause->subject = tfd_title_subject(view, &lead, arena);
    cause->title = tfd_title_cause(view, &lead, arena);
    cause->reason = tfd_arena_fmt(arena, "%d from files and settings, %d from the import", one->from_files,
                                  one->from_import);
    st = copy_evidence(one, arena, cause);
    if (st != TFD_OK)
        return st;
    st = tfd_fixes_find(view, &lead, arena, &cause->fixes, &cause->fix_count);
    if (st != TFD_OK)
        return st;
    report->cause_count++;
    return TFD_OK;
}

static tfd_status add_warning(const tfd_view *view, const group *one, tfd_arena *arena, tfd_report *report)
{
    tfd_warning *warning = &report->warnings[report->warning_count++];
    tfd_finding lead = lead_of(one);

    warning->id = one->cause;
    warning->subject = tfd_title_subject(view, &lead, arena);
    warning->text = one->items[0]->text;
    return tfd_fixes_find(view, &lead, arena, &warning->fixes, &warning->fix_count);
}

/* Every cause that is broken by itself names the others of that kind. */
static tfd_status link_needs(const groups *all, const tfd_view *view, tfd_arena *arena, tfd_report *report)
{
    size_t at = 0;

    for (size_t i = 0; i < all->count; i++) {
        tfd_cause *cause;

        if (!is_cause(view, &all->items[i]))
            continue;
        cause = &report->causes[at++];
        if (!is_independent(&all->items[i]))
            continue;
        cause->needs_also = tfd_arena_new(arena, tfd_cause_id, all->count);
        if (!cause->needs_also)
            return TFD_ENOMEM;
        for (size_t j = 0; j < all->count; j++)
            if (j != i && all->items[j].side == all->items[i].side && is_cause(view, &all->items[j]) &&
                is_independent(&all->items[j]))
                cause->needs_also[cause->needs_also_count++] = all->items[j].cause;
    }
    return TFD_OK;
}

tfd_status tfd_rank(const tfd_view *view, const tfd_findings *findings, tfd_arena *arena, tfd_report *report)
{
    groups all = {NULL, 0, 0};
    tfd_status st = collect(findings, arena, &all);

    if (st != TFD_OK)
        return st;
    if (all.count > 0)
        qsort(all.items, all.count, sizeof(group), compare_groups);
    mark_symptoms(view, &all);
    report->causes = tfd_arena_new(arena, tfd_cause, all.count);
    report->warnings = tfd_arena_new(arena, tfd_warning, all.count);
    report->cause_count = 0;
    report->warning_count = 0;
    if (!report->causes || !report->warnings)
        return TFD_ENOMEM;
    for (size_t i = 0; i < all.count && st == TFD_OK; i++) {
        if (is_cause(view, &all.items[i]))
            st = add_cause(view, &all, &all.items[i], arena, report);
        else if (is_warning(view, &all.items[i]))
            st = add_warning(view, &all.items[i], arena, report);
    }
    if (st == TFD_OK)
        st = link_needs(&all, view, arena, report);
    return st == TFD_OK ? tfd_fixes_combine(view, report, arena) : st;
}
