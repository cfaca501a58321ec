/* pip itself: which one is asked, whether it can work, and settings that keep a command from this
 * environment. */
#include "fixes/fix.h"
#include "formats/pep440.h"
#include "formats/pep508.h"

static bool start_folder_has(const tfd_fix_ctx *ctx, const char *name)
{
    const tfd_places *all = &ctx->view->facts->places;

    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].kind == TFD_PLACE_START &&
            tfd_map_get(&all->items[i].names, tfd_str_of(name)) != TFD_MAP_NONE)
            return true;
    return false;
}

/* -m looks into the current folder first: a pip there must not answer. -P came with 3.11 (-I also leaves
 * PYTHONPATH and the user site out). */
const char *tfd_fix_pip_module(const tfd_fix_ctx *ctx)
{
    if (!start_folder_has(ctx, "pip.py") && !start_folder_has(ctx, "pip"))
        return "-m pip";
    return ctx->view->facts->python.minor >= 11 ? "-P -m pip" : "-I -m pip";
}

/* manylinux2014 wheels are seen from 19.3 on (pip's NEWS); older ones answer "no matching distribution". */
static void upgrade_old_pip(tfd_fix_ctx *ctx, tfd_str python, const char *sudo)
{
    size_t row = tfd_dist_find(ctx->view->facts, TFD_STR("pip"));
    const tfd_dist *pip = tfd_view_dist(ctx->view, row);

    if (pip && tfd_specifier_match(TFD_STR("<19.3"), pip->version, TFD_PRE_ALLOW) == TFD_YES)
        tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%s%.*s %s install --upgrade pip", sudo,
                                           TFD_ARG(python), tfd_fix_pip_module(ctx)));
}

/* A pip that lost files of its own cannot repair anything: the base interpreter's puts it in place again, or,
 * where that is too old or there is none, the copy that Python brings along. */
static void mend_pip(tfd_fix_ctx *ctx, tfd_str python, const char *sudo)
{
    const tfd_pip *pip = &ctx->view->facts->pip;
    const tfd_dist *dist = tfd_view_dist(ctx->view, pip->dist);

    if (pip->base_can_lend) {
        tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena,
                                           "%s%.*s -m pip --python %.*s install %s --no-deps pip%s%.*s", sudo,
                                           TFD_ARG(tfd_fix_program(ctx, pip->base)), TFD_ARG(python),
                                           pip->has_record ? "--force-reinstall" : "--ignore-installed",
                                           dist ? "==" : "", TFD_ARG(dist ? dist->version : TFD_STR(""))));
        return;
    }
    tfd_fix_remove_tree(ctx, tfd_fix_join(ctx, pip->site, TFD_STR("pip")));
    if (dist)
        tfd_fix_remove_tree(ctx, dist->path);
    tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%s%.*s -m ensurepip", sudo, TFD_ARG(python)));
}

/* A pip that ends at its settings gets none. Without TensorFlow that is a cause with a repair of its own. */
static void get_over_settings(tfd_fix_ctx *ctx)
{
    tfd_str file = ctx->view->facts->pip_refused;

    if (file.len == 0 || !tfd_view_tensorflow(ctx->view))
        return;
    tfd_fix_set(ctx, "PIP_CONFIG_FILE", tfd_fix_is_cmd(ctx) ? TFD_STR("nul") : TFD_STR("/dev/null"));
    tfd_fix_note(ctx, tfd_arena_fmt(ctx->arena, "pip cannot read %.*s; this shell's pip reads no settings.",
                                    TFD_ARG(file)));
}

void tfd_fix_ensure_pip(tfd_fix_ctx *ctx, tfd_str python, const char *sudo)
{
    get_over_settings(ctx);
    if (ctx->view->facts->pip.damaged.len > 0)
        mend_pip(ctx, python, sudo);
    else if (ctx->view->facts->python.has_pip == TFD_NO)
        tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%s%.*s -m ensurepip", sudo, TFD_ARG(python)));
    upgrade_old_pip(ctx, python, sudo);
}

static bool is_on_path(const tfd_fix_ctx *ctx, tfd_str folder)
{
    const tfd_facts *facts = ctx->view->facts;

    for (size_t i = 0; i < facts->places.count; i++)
        if (tfd_str_eq(facts->places.items[i].path, folder))
            return true;
    return false;
}

/* What says the opposite of an option in this shell; a variable wins over the files. "": an empty file; NULL:
 * nothing does. */
static const struct {
    const char *name, *variable, *opposite;
} pip_options[] = {
    {"target", "PIP_TARGET", NULL},
    {"prefix", "PIP_PREFIX", NULL},
    {"root", "PIP_ROOT", NULL},
    {"user", "PIP_USER", "0"},
    {"dry-run", "PIP_DRY_RUN", "0"},
    {"no-binary", "PIP_NO_BINARY", ":none:"},
    {"require-hashes", "PIP_REQUIRE_HASHES", "0"},
    {"require-virtualenv", "PIP_REQUIRE_VIRTUALENV", "0"},
    {"constraint", "PIP_CONSTRAINT", ""},
    {"no-index", "PIP_NO_INDEX", "0"},
};

static bool is_in_the_way(const tfd_fix_ctx *ctx, const tfd_pip_option *option)
{
    const tfd_python *py = &ctx->view->facts->python;
    bool is_venv = py->pyvenv_cfg.len > 0;

    if (is_on_path(ctx, option->value))
        return false;
    /* A user site that Python looks into is a place like any other. */
    if (tfd_str_is(option->name, "user"))
        return is_venv || py->user_site_on == TFD_NO;
    return !is_venv || !tfd_str_is(option->name, "require-virtualenv");
}

/* Takes a setting out of this shell: its variable is unset, or, where files have it, set to say the opposite
 * (the files hold indexes and proxies as well); what no variable can say hides the files. */
static void clear_option(tfd_fix_ctx *ctx, size_t k, bool is_in_file, tfd_str source)
{
    const char *opposite = pip_options[k].opposite;
    tfd_str nothing = tfd_fix_is_cmd(ctx) ? TFD_STR("nul") : TFD_STR("/dev/null");

    if (!is_in_file) {
        tfd_fix_unset(ctx, tfd_str_of(pip_options[k].variable));
    } else if (opposite) {
        tfd_fix_set(ctx, pip_options[k].variable, *opposite ? tfd_str_of(opposite) : nothing);
    } else {
        tfd_fix_set(ctx, "PIP_CONFIG_FILE", nothing);
        tfd_fix_note(ctx, tfd_arena_fmt(ctx->arena, "%.*s sets %s; this shell's pip reads no settings.",
                                        TFD_ARG(source), pip_options[k].name));
    }
}

static size_t row_of(tfd_str name)
{
    size_t k = 0;

    while (!tfd_str_is(name, pip_options[k].name))
        k++;
    return k;
}

/* A line that counts: the variable PIP_CONSTRAINT wins over the files. */
static const tfd_pip_constraint *find_excluding(const tfd_fix_ctx *ctx, tfd_str requirement)
{
    const tfd_facts *facts = ctx->view->facts;
    tfd_str value;
    bool by_variable = tfd_view_variable(ctx->view, TFD_STR("PIP_CONSTRAINT"), &value) && value.len > 0;
    tfd_requirement_text one;
    char key[256];
    tfd_str name;

    if (tfd_requirement_parse(requirement, &one) != TFD_OK || one.marker.len > 0)
        return NULL;
    name = (tfd_str){key, tfd_name_key(one.name, key, sizeof key)};
    for (size_t i = 0; i < facts->pip_constraints.count; i++)
        if (tfd_str_eq(facts->pip_constraints.items[i].key, name) &&
            (!by_variable || facts->pip_constraints.items[i].setting.len == 0) &&
            tfd_fix_excludes(facts->pip_constraints.items[i].specifier, one.specifier))
            return &facts->pip_constraints.items[i];
    return NULL;
}

/* The release that a requirement of TensorFlow names; NULL for anything else. */
static const tfd_kb_release *release_of(const tfd_fix_ctx *ctx, tfd_str spec, bool *is_cpu)
{
    tfd_requirement_text one;
    char key[256];
    tfd_str name;

    if (tfd_requirement_parse(spec, &one) != TFD_OK)
        return NULL;
    name = (tfd_str){key, tfd_name_key(one.name, key, sizeof key)};
    *is_cpu = !tfd_str_is(name, "tensorflow");
    return tfd_kb_is_tensorflow(ctx->view->kb, name)
               ? tfd_kb_release_find(ctx->view->kb, tfd_fix_pinned_version(one.specifier))
               : NULL;
}

static bool sets_constraint(const tfd_facts *facts)
{
    for (size_t i = 0; i < facts->pip_constraints.count; i++)
        if (facts->pip_constraints.items[i].setting.len > 0)
            return true;
    return false;
}

/* The first constraint that leaves no version of what is asked for, or of what TensorFlow brings along. */
static const tfd_pip_constraint *find_refusing(const tfd_fix_ctx *ctx, tfd_install_mode mode, tfd_str spec)
{
    const tfd_pip_constraint *found = find_excluding(ctx, spec);
    bool is_cpu;
    const tfd_kb_release *release =
        tfd_fix_brings_requirements(mode) && !found ? release_of(ctx, spec, &is_cpu) : NULL;

    for (size_t i = 0; release && !found && i < release->requires.count; i++)
        found = find_excluding(ctx, release->requires.items[i]);
    return found;
}

void tfd_fix_clear_pip_options(tfd_fix_ctx *ctx, tfd_install_mode mode, const tfd_str *specs, size_t count)
{
    const tfd_facts *facts = ctx->view->facts;
    const tfd_pip_constraint *refusing = NULL;

    for (size_t i = 0; i < facts->pip_options.count; i++) {
        const tfd_pip_option *option = &facts->pip_options.items[i];

        if (is_in_the_way(ctx, option))
            clear_option(ctx, row_of(option->name), option->source.len > 0, option->source);
    }
    for (size_t i = 0; i < count && !refusing; i++)
        refusing = find_refusing(ctx, mode, specs[i]);
    if (!refusing)
        return;
    clear_option(ctx, row_of(TFD_STR("constraint")), sets_constraint(facts), refusing->setting);
    tfd_fix_note(ctx, tfd_arena_fmt(ctx->arena,
                                    "%.*s:%zu allows %.*s only as %.*s; this shell's pip does not "
                                    "read it.",
                                    TFD_ARG(refusing->path), refusing->line, TFD_ARG(refusing->key),
                                    TFD_ARG(refusing->specifier)));
}

/* Bytes of the TensorFlow wheel that a requirement asks for; 0: of another package, or not known. */
static uint64_t wheel_of(const tfd_fix_ctx *ctx, tfd_str spec)
{
    bool is_cpu = false;
    const tfd_kb_release *release = release_of(ctx, spec, &is_cpu);
    const tfd_kb_wheel *wheel = release ? tfd_kb_wheel_find(release, tfd_fix_platform(ctx)) : NULL;

    return !wheel ? 0 : is_cpu && wheel->cpu_size > 0 ? wheel->cpu_size : wheel->size;
}

const char *tfd_fix_pip_cache_flag(const tfd_fix_ctx *ctx, const tfd_str *specs, size_t count)
{
    const tfd_facts *facts = ctx->view->facts;
    uint64_t largest = 0;

    for (size_t i = 0; i < count; i++) {
        uint64_t size = wheel_of(ctx, specs[i]);

        largest = size > largest ? size : largest;
    }
    return ctx->lead->cause == TFD_CAUSE_PIP_OUT_OF_MEMORY ||
                   (largest > 0 && tfd_facts_pip_lacks_memory(facts, largest))
               ? " --no-cache-dir"
               : "";
}
