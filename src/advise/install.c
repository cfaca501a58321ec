/* The command line that installs, for the installer and the shell of the target. */
#include "advise/advise.h"
#include "base/buf.h"
#include "fixes/fix.h"
#include "formats/pep440.h"

#define ENVIRONMENT ".venv-tensorflow"

/* Commands under construction; the quoting of fixes (fix_shell.c) is that of this shell, too. */
typedef struct writer {
    tfd_fix_ctx fix;
    tfd_view view;
    const tfd_advise_target *target;
    tfd_arena *arena;
} writer;

static bool begin(writer *w, const tfd_advise_target *target, tfd_arena *arena)
{
    tfd_facts *stand_in;
    tfd_system *system;

    w->target = target;
    w->arena = arena;
    w->view.options = target->options;
    w->view.facts = target->facts;
    if (!target->facts) {
        stand_in = tfd_arena_new(arena, tfd_facts, 1);
        system = tfd_arena_new(arena, tfd_system, 1);
        if (!stand_in || !system)
            return false;
        tfd_facts_init(stand_in);
        system->os = target->os;
        stand_in->system = system;
        w->view.facts = stand_in;
    }
    w->fix.view = &w->view;
    w->fix.arena = arena;
    tfd_fix_begin(&w->fix, TFD_STR("install"));
    return true;
}

static tfd_str words(writer *w, const tfd_str *requirements, size_t count)
{
    tfd_buf text;
    tfd_str out;

    tfd_buf_init(&text, (size_t)64 << 10);
    for (size_t i = 0; i < count; i++) {
        tfd_buf_char(&text, ' ');
        tfd_buf_str(&text, tfd_fix_quote(&w->fix, requirements[i]));
    }
    out = tfd_buf_to_arena(&text, w->arena);
    tfd_buf_done(&text);
    return out;
}

static size_t copy_out(const writer *w, tfd_str *out, size_t max)
{
    size_t count = w->fix.items[0].command_count < max ? w->fix.items[0].command_count : max;

    for (size_t i = 0; i < count; i++)
        out[i] = w->fix.commands[0][i];
    return count;
}

static tfd_str uv_of(const writer *w)
{
    tfd_str uv = w->target->facts ? w->target->facts->python.uv : TFD_STR("");

    return tfd_fix_program(&w->fix, uv.len > 0 ? uv : TFD_STR("uv"));
}

static bool uv_is_here(const writer *w)
{
    return w->target->facts && w->target->facts->python.uv.len > 0;
}

/* ---- a new environment */

/* which: "3.12", or an interpreter. */
static void new_with_uv(writer *w, tfd_str which, tfd_str list)
{
    const char *python =
        tfd_fix_is_cmd(&w->fix) ? ENVIRONMENT "\\Scripts\\python.exe" : ENVIRONMENT "/bin/python";
    tfd_str uv = uv_of(w);

    tfd_fix_command(&w->fix, tfd_arena_fmt(w->arena, "%.*s venv --python %.*s " ENVIRONMENT, TFD_ARG(uv),
                                           TFD_ARG(tfd_fix_quote(&w->fix, which))));
    tfd_fix_command(&w->fix, tfd_arena_fmt(w->arena, "%.*s pip install --python %s%.*s", TFD_ARG(uv), python,
                                           TFD_ARG(list)));
}

/* The pip that ensurepip brings is of the interpreter's own time; that of 3.8 and older does not know every
 * tag of today's wheels. */
static void fill_with_pip(writer *w, int minor, tfd_str list)
{
    tfd_fix_activate(&w->fix, TFD_STR(ENVIRONMENT));
    if (minor < 9)
        tfd_fix_command(&w->fix, TFD_STR("python -m pip install --upgrade pip"));
    tfd_fix_command(&w->fix, tfd_arena_fmt(w->arena, "python -m pip install%.*s", TFD_ARG(list)));
}

/* With the interpreter of that version that is here, or with uv, which fetches one. */
static void new_with(writer *w, tfd_str version, tfd_str list)
{
    const tfd_interpreter *base = tfd_fix_find_base(&w->view, version);
    uint64_t minor = 0;
    tfd_str rest;

    (void)tfd_str_cut(version, '.', &rest, &rest);
    if (!base || uv_is_here(w) || !tfd_str_u64(rest, &minor)) {
        new_with_uv(w, version, list);
        return;
    }
    tfd_fix_make_environment(&w->fix, base->path, "", TFD_STR(ENVIRONMENT));
    fill_with_pip(w, (int)minor, list);
}

size_t tfd_advise_new_environment(const tfd_advise_target *target, tfd_arena *arena, tfd_str version,
                                  const tfd_str *requirements, size_t count, tfd_str *out, size_t max)
{
    writer w = {0};

    if (!begin(&w, target, arena))
        return 0;
    new_with(&w, version, words(&w, requirements, count));
    return copy_out(&w, out, max);
}

static void new_elsewhere(writer *w, tfd_str list)
{
    const tfd_advise_target *t = w->target;
    tfd_str version = tfd_arena_fmt(w->arena, "%d.%d", t->major, t->minor);

    const char *module = t->major < 3 ? "virtualenv" : "venv"; /* Python 2 has no venv */

    if (uv_is_here(w) || tfd_fix_find_base(&w->view, version)) {
        new_with(w, version, list);
        return;
    }
    tfd_fix_command(&w->fix,
                    tfd_fix_is_cmd(&w->fix)
                        ? tfd_arena_fmt(w->arena, "py -%.*s -m %s " ENVIRONMENT, TFD_ARG(version), module)
                        : tfd_arena_fmt(w->arena, "python%.*s -m %s " ENVIRONMENT, TFD_ARG(version), module));
    fill_with_pip(w, t->minor, list);
}

static void new_beside_system(writer *w, tfd_str list)
{
    const tfd_facts *facts = w->target->facts;

    if (facts->python.uv.len > 0) {
        new_with_uv(w, facts->python.path, list);
        return;
    }
    if (tfd_facts_lack_ensurepip(facts))
        tfd_fix_command(&w->fix,
                        tfd_arena_fmt(w->arena, "%sapt-get install -y python%d.%d-venv",
                                      tfd_fix_sudo(&w->fix), facts->python.major, facts->python.minor));
    tfd_fix_make_environment(&w->fix, facts->python.path, "", TFD_STR(ENVIRONMENT));
    fill_with_pip(w, facts->python.minor, list);
}

/* ---- the environment that is there */

/* The pip that sees wheels of a tag, by pip's NEWS; empty: every pip does. */
static const char *pip_for(tfd_str tag)
{
    if (tfd_str_starts_z(tag, "macosx_1") && !tfd_str_starts_z(tag, "macosx_10"))
        return "20.3";
    if (!tfd_str_starts_z(tag, "manylinux"))
        return "";
    if (tfd_str_find_z(tag, "manylinux2014") != TFD_NPOS)
        return "19.3";
    return tfd_str_find_z(tag, "manylinux2010") != TFD_NPOS ? "19.0"
           : tfd_str_starts_z(tag, "manylinux_")            ? "20.3"
                                                            : "";
}

static void ready_pip(writer *w, tfd_advice *out, tfd_str python)
{
    const tfd_facts *facts = w->target->facts;
    size_t row = tfd_dist_find(facts, TFD_STR("pip"));
    const tfd_kb_wheel *wheel = tfd_kb_wheel_find(out->best->release, w->target->platform);
    const char *needed = wheel ? pip_for(wheel->tag) : "";
    int order;

    if (facts->python.has_pip == TFD_NO)
        tfd_fix_command(&w->fix, tfd_arena_fmt(w->arena, "%.*s -m ensurepip", TFD_ARG(python)));
    if (row == TFD_NONE || needed[0] == '\0' ||
        !tfd_version_cmp_text(facts->dists.items[row].version, tfd_str_of(needed), &order) || order >= 0)
        return;
    (void)tfd_advise_before(
        out, TFD_CAUSE_PIP_OUTDATED,
        tfd_arena_fmt(w->arena, "pip %.*s does not see %.*s wheels, which pip %s learned: upgrade it first",
                      TFD_ARG(facts->dists.items[row].version), TFD_ARG(wheel->tag), needed));
    tfd_fix_command(&w->fix, tfd_arena_fmt(w->arena, "%.*s -m pip install --upgrade pip", TFD_ARG(python)));
}

static bool uses_uv(const tfd_facts *facts)
{
    const tfd_dist *tf =
        facts->tensorflow < facts->dists.count ? &facts->dists.items[facts->tensorflow] : NULL;

    return facts->python.uv.len > 0 &&
           (facts->python.has_pip == TFD_NO || (tf && tfd_str_is(tf->installer, "uv")));
}

/* Another distribution with the same files: installing over it leaves two that tear at one folder. */
static void remove_rivals(writer *w, tfd_advice *out, tfd_str python, bool with_uv)
{
    const tfd_facts *facts = w->target->facts;
    const tfd_str installer = with_uv ? uv_of(w) : python;

    for (size_t i = 0; i < facts->dists.count; i++) {
        const tfd_dist *dist = &facts->dists.items[i];

        if (!dist->is_tensorflow || dist->is_shadowed || tfd_str_eq(dist->key, out->distribution) ||
            tfd_str_is(dist->key, "tensorflow-intel") || tfd_str_is(dist->key, "tensorflow-macos") ||
            tfd_str_is(dist->key, "tensorflow-cpu-aws"))
            continue;
        (void)tfd_advise_before(out, TFD_CAUSE_TF_DUPLICATE,
                                tfd_arena_fmt(w->arena, "%.*s %.*s owns the same files: remove it first",
                                              TFD_ARG(dist->name), TFD_ARG(dist->version)));
        tfd_fix_command(&w->fix, with_uv
                                     ? tfd_arena_fmt(w->arena, "%.*s pip uninstall --python %.*s %.*s",
                                                     TFD_ARG(installer), TFD_ARG(python), TFD_ARG(dist->name))
                                     : tfd_arena_fmt(w->arena, "%.*s -m pip uninstall -y %.*s",
                                                     TFD_ARG(installer), TFD_ARG(dist->name)));
    }
}

/* " --no-cache-dir" where this pip could not hold the wheel in memory. */
static const char *cache_flag(writer *w, tfd_advice *out)
{
    const tfd_facts *facts = w->target->facts;
    const tfd_kb_wheel *wheel = tfd_kb_wheel_find(out->best->release, w->target->platform);
    size_t row = tfd_dist_find(facts, TFD_STR("pip"));

    if (!wheel || !tfd_facts_pip_lacks_memory(facts, wheel->size))
        return "";
    (void)tfd_advise_before(
        out, TFD_CAUSE_PIP_OUT_OF_MEMORY,
        tfd_arena_fmt(
            w->arena,
            "pip %.*s holds the wheel (%u MB) three times in memory while it puts it into its cache, "
            "and a process can get %u MB here: the command leaves the cache out",
            TFD_ARG(facts->dists.items[row].version), (unsigned)(wheel->size / 1000000),
            (unsigned)(tfd_facts_memory_room(facts) / 1000000)));
    return " --no-cache-dir";
}

static void install_here(writer *w, tfd_advice *out, tfd_str list)
{
    const tfd_python *py = &w->target->facts->python;
    tfd_str python = tfd_fix_program(&w->fix, py->path);
    bool with_uv = uses_uv(w->target->facts);

    remove_rivals(w, out, python, with_uv);
    if (with_uv) {
        tfd_fix_command(&w->fix, tfd_arena_fmt(w->arena, "%.*s pip install --python %.*s%.*s",
                                               TFD_ARG(uv_of(w)), TFD_ARG(python), TFD_ARG(list)));
        return;
    }
    ready_pip(w, out, python);
    tfd_fix_command(&w->fix, tfd_arena_fmt(w->arena, "%.*s -m pip install%s%.*s", TFD_ARG(python),
                                           cache_flag(w, out), TFD_ARG(list)));
}

void tfd_advise_commands(const tfd_advise_target *target, tfd_arena *arena, tfd_advice *out)
{
    const tfd_python *py = target->facts ? &target->facts->python : NULL;
    writer w = {0};
    tfd_str list;

    if (!begin(&w, target, arena))
        return;
    list = words(&w, out->requirements, out->requirement_count);
    if (!target->is_here || !py) {
        new_elsewhere(&w, list);
    } else if (py->externally_managed.len > 0) {
        (void)tfd_advise_before(
            out, TFD_CAUSE_PIP_EXTERNALLY_MANAGED,
            TFD_STR("This Python belongs to the system and refuses pip (PEP 668): the first "
                    "command makes an environment of its own"));
        new_beside_system(&w, list);
    } else if (py->site_writable == TFD_NO || py->site_readonly) {
        (void)tfd_advise_before(
            out, TFD_CAUSE_PERMISSION_DENIED,
            tfd_arena_fmt(arena,
                          "You may not write to %.*s: the first command makes an environment of your own",
                          TFD_ARG(py->site_packages)));
        new_beside_system(&w, list);
    } else {
        install_here(&w, out, list);
    }
    out->command_count = copy_out(&w, out->commands, TFD_ADVISE_COMMANDS_MAX);
}
