/* Is a variable set that switches a package to something that is broken here? */
#include "core/check.h"
#include "formats/pep440.h"

static bool spec_fits(tfd_str spec, tfd_str version)
{
    return spec.len == 0 || (version.len > 0 && tfd_specifier_match(spec, version, TFD_PRE_ALLOW) == TFD_YES);
}

static bool dist_fits(const tfd_view *view, const tfd_kb_env *row)
{
    size_t dist;

    if (row->dist.len == 0)
        return true;
    dist = tfd_dist_find(view->facts, row->dist);
    if (tfd_str_is(row->versions, "absent"))
        return dist == TFD_NONE && view->facts->dists.complete;
    return dist != TFD_NONE && spec_fits(row->versions, view->facts->dists.items[dist].version);
}

static void add(const tfd_view *view, const tfd_kb_env *row, const tfd_variable *variable, tfd_findings *out)
{
    bool breaks = row->effect == TFD_KB_EFFECT_IMPORT ||
                  (row->effect == TFD_KB_EFFECT_KERAS && tfd_view_wants_keras(view));
    tfd_cause_id cause = tfd_cause_find(row->cause);
    tfd_finding finding = tfd_finding_of(cause == TFD_CAUSE_COUNT ? TFD_CAUSE_ENV_SETTING : cause, row->name,
                                         TFD_W_STRONG + 10, TFD_EFFECT_MAY_BREAK);

    if (!breaks)
        return; /* it breaks nothing that was asked for: not even worth a warning */
    finding.text = tfd_arena_fmt(out->arena, "%.*s=%.*s: %.*s", TFD_ARG(row->name), TFD_ARG(variable->value),
                                 TFD_ARG(row->why));
    finding.source = TFD_STR("environment");
    if (variable->by_startup) {
        finding.path = variable->file;
        finding.source =
            variable->file.len > 0 ? variable->file : TFD_STR("code that runs while Python starts");
        finding.text =
            tfd_arena_fmt(out->arena, "%.*s sets %.*s", TFD_ARG(finding.source), TFD_ARG(finding.text));
    }
    tfd_findings_add(out, &finding);
}

/* Keras 3 takes its back end from KERAS_BACKEND, else from keras.json; Keras 2 ignores both. */
static const char *backend_fault(const tfd_view *view, tfd_str backend)
{
    const tfd_dist *keras = tfd_view_dist(view, tfd_dist_find(view->facts, TFD_STR("keras")));
    bool needs_package =
        tfd_str_is(backend, "jax") || tfd_str_is(backend, "torch") || tfd_str_is(backend, "openvino");

    if (!keras || !spec_fits(TFD_STR(">=3"), keras->version) ||
        tfd_view_import_variable(view, TFD_STR("KERAS_BACKEND")).is_set)
        return NULL;
    if (tfd_str_is(backend, "unknown"))
        return "asks for a back end that Keras does not have";
    if (needs_package && tfd_view_wants_keras(view) && tfd_dist_find(view->facts, backend) == TFD_NONE)
        return "asks for a back end that is not installed";
    return NULL;
}

/* Measured on 2.10, 2.15 and 2.20: the import itself reads it, and catches no PermissionError. */
static void check_keras_access(const tfd_view *view, tfd_findings *out)
{
    const tfd_fact *file = &view->facts->scalars[TFD_FACT_KERAS_JSON];
    const tfd_fact *readable = &view->facts->scalars[TFD_FACT_KERAS_JSON_READABLE];
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_PERMISSION_DENIED, file->text, TFD_W_STRONG, TFD_EFFECT_MAY_BREAK);

    if (readable->state != TFD_STATE_PRESENT || readable->boolean)
        return;
    finding.path = file->text;
    finding.text =
        tfd_arena_fmt(out->arena, "this user may not read %.*s, which Keras reads when it is imported",
                      TFD_ARG(file->text));
    finding.source = file->text;
    tfd_findings_add(out, &finding);
}

static void check_keras_json(const tfd_view *view, tfd_findings *out)
{
    const tfd_fact *file = &view->facts->scalars[TFD_FACT_KERAS_JSON];
    const tfd_fact *fault = &view->facts->scalars[TFD_FACT_KERAS_JSON_FAULT];
    const tfd_fact *backend = &view->facts->scalars[TFD_FACT_KERAS_JSON_BACKEND];
    const char *text = NULL;
    tfd_finding finding;

    if (backend->state == TFD_STATE_PRESENT)
        text = backend_fault(view, backend->text);
    if (!text && fault->state == TFD_STATE_PRESENT)
        text = tfd_arena_z(out->arena, fault->text);
    if (!text)
        return;
    finding =
        tfd_finding_of(TFD_CAUSE_ENV_SETTING, TFD_STR("keras.json"), TFD_W_STRONG, TFD_EFFECT_MAY_BREAK);
    finding.path = file->text;
    finding.text = tfd_arena_fmt(out->arena, "%.*s %s", TFD_ARG(file->text), text);
    finding.source = file->text;
    tfd_findings_add(out, &finding);
}

static bool is_hash_seed(const tfd_python *python, tfd_str value)
{
    uint64_t number;

    (void)python;
    return tfd_str_is(value, "random") || (tfd_str_u64(value, &number) && number <= UINT32_MAX);
}

static bool is_flag(const tfd_python *python, tfd_str value)
{
    (void)python;
    return tfd_str_is(value, "0") || tfd_str_is(value, "1");
}

/* Only a build without the lock can do without it; the usual one refuses to try. */
static bool is_lock(const tfd_python *python, tfd_str value)
{
    return tfd_str_is(value, "1") || (tfd_str_is(value, "0") && python->free_threaded != TFD_NO);
}

/* Frames of a trace (Modules/_tracemalloc.c, MAX_NFRAME). */
static bool is_frame_count(const tfd_python *python, tfd_str value)
{
    uint64_t number;

    (void)python;
    return tfd_str_u64(value, &number) && number <= UINT16_MAX;
}

/* 0 lifts the limit; _PY_LONG_MAX_STR_DIGITS_THRESHOLD is the least that can be asked for. */
static bool is_digit_count(const tfd_python *python, tfd_str value)
{
    uint64_t number;

    (void)python;
    return tfd_str_u64(value, &number) && (number == 0 || number >= 640) && number <= INT32_MAX;
}

static bool is_cpu_count(const tfd_python *python, tfd_str value)
{
    uint64_t number;

    (void)python;
    return tfd_str_is(value, "default") || (tfd_str_u64(value, &number) && number > 0 && number <= INT32_MAX);
}

static bool is_allocator(const tfd_python *python, tfd_str value)
{
    static const char *const names[] = {"default",  "debug",          "malloc",   "malloc_debug",
                                        "pymalloc", "pymalloc_debug", "mimalloc", "mimalloc_debug"};

    (void)python;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (tfd_str_is(value, names[i]))
            return true;
    return false;
}

typedef struct start_variable {
    const char *name;
    int since; /* minor version of Python 3 that began to read it */
    bool (*is_valid)(const tfd_python *python, tfd_str value);
} start_variable;

/* The interpreter refuses to start with another value (Python/initconfig.c: "Fatal Python error:
 * config_init…"). */
static const start_variable start_variables[] = {{"PYTHONHASHSEED", 0, is_hash_seed},
                                                 {"PYTHONUTF8", 7, is_flag},
                                                 {"PYTHONMALLOC", 6, is_allocator},
                                                 {"PYTHONTRACEMALLOC", 4, is_frame_count},
                                                 {"PYTHONINTMAXSTRDIGITS", 11, is_digit_count},
                                                 {"PYTHON_CPU_COUNT", 13, is_cpu_count},
                                                 {"PYTHON_GIL", 13, is_lock}};

static void check_start_variables(const tfd_view *view, tfd_findings *out)
{
    const tfd_python *python = &view->facts->python;

    for (size_t i = 0; i < sizeof start_variables / sizeof start_variables[0]; i++) {
        tfd_str name = tfd_str_of(start_variables[i].name);
        tfd_str value;
        tfd_finding finding;

        if (!tfd_view_variable(view, name, &value) || value.len == 0 ||
            python->minor < start_variables[i].since || start_variables[i].is_valid(python, value))
            continue;
        finding = tfd_finding_of(TFD_CAUSE_ENV_SETTING, name, TFD_W_STRONG, TFD_EFFECT_BREAKS);
        finding.text = tfd_arena_fmt(out->arena, "%.*s=%.*s: the interpreter does not start with this value",
                                     TFD_ARG(name), TFD_ARG(value));
        finding.source = TFD_STR("environment");
        tfd_findings_add(out, &finding);
    }
}

static void run(const tfd_view *view, tfd_findings *out)
{
    size_t count = 0;
    const tfd_kb_env *rows = tfd_kb_envs_get(view->kb, &count);
    size_t seen = 0;

    for (size_t i = 0; i < count; i++) {
        tfd_variable variable = tfd_view_import_variable(view, rows[i].name);

        if (!variable.is_set)
            continue;
        seen++;
        if (tfd_kb_env_matches(&rows[i], variable.value) &&
            spec_fits(rows[i].tensorflow, tfd_view_tf_version(view)) &&
            spec_fits(rows[i].python, view->facts->python.version) && dist_fits(view, &rows[i]))
            add(view, &rows[i], &variable, out);
    }
    check_keras_json(view, out);
    check_keras_access(view, out);
    check_start_variables(view, out);
    if (out->check_status == TFD_CHECK_OK)
        tfd_findings_say(out, seen == 0
                                  ? TFD_STR("no variable that switches a package is set")
                                  : TFD_STR("the variables that are set switch nothing to something broken"));
}

const tfd_check tfd_check_environment = {
    .id = "environment",
    .summary = "No environment variable switches a package to something broken",
    .run = run,
};
