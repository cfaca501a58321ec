/* What is repaired on Windows alone: the Visual C++ run time, DLLs that others put in the way, PATH, rights,
 * policies, page file. */
#include "fixes/fix.h"
#include "formats/pep440.h"

/* ---- the Visual C++ run time */

static const tfd_runtime *find_copy(const tfd_fix_ctx *ctx, tfd_str path)
{
    const tfd_runtimes *all = &ctx->view->facts->runtimes;

    for (size_t i = 0; i < all->count; i++)
        if (path.len > 0 && tfd_path_eq(TFD_PATH_WINDOWS, all->items[i].path, path))
            return &all->items[i];
    return NULL;
}

static bool is_older(tfd_str version, tfd_str than)
{
    int order;

    return tfd_version_cmp_text(version, than, &order) && order < 0;
}

/* The registry calls the run time new enough, and files of it are missing, old or damaged all the same: the
 * installer has to repair what it would pass over. */
static bool needs_repair(const tfd_fix_ctx *ctx)
{
    const tfd_fact *installed = &ctx->view->facts->scalars[TFD_FACT_VCREDIST_VERSION];
    const tfd_kb_level *level = tfd_kb_level_find(ctx->view->kb, "constexpr-mutex");

    return installed->state == TFD_STATE_PRESENT && level && !is_older(installed->text, level->advised);
}

static void add_redistributable(tfd_fix_ctx *ctx)
{
    tfd_str release = ctx->lead->cause == TFD_CAUSE_VCRUNTIME_MISSING ? ctx->lead->subject : TFD_STR("");
    const tfd_kb_redist *redist = tfd_kb_redist_find(ctx->view->kb, ctx->view->facts->python.arch, release);

    if (!redist)
        return;
    tfd_fix_command(
        ctx, tfd_arena_fmt(ctx->arena,
                           "winget install --id %.*s --exact --source winget --accept-package-agreements "
                           "--accept-source-agreements%s",
                           TFD_ARG(redist->winget),
                           release.len == 0 && needs_repair(ctx)
                               ? " --force --override \"/repair /quiet /norestart\""
                               : ""));
    tfd_fix_needs_admin(ctx);
    ctx->items[ctx->count - 1].needs_network = true;
    ctx->items[ctx->count - 1].url = redist->url;
    tfd_fix_note(ctx,
                 TFD_STR("Without winget: run the file behind the link. Restart Pythons and notebooks that "
                         "are running."));
}

static void fix_redistributable(tfd_fix_ctx *ctx)
{
    const char *arch = ctx->view->facts->python.arch == TFD_ARCH_AARCH64 ? "ARM64"
                       : ctx->view->facts->python.bits == 32             ? "x86"
                                                                         : "x64";

    if (ctx->lead->cause == TFD_CAUSE_VCRUNTIME_MISSING && ctx->lead->subject.len > 0)
        tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Install Microsoft's Redistributable of %.*s (%s)",
                                         TFD_ARG(ctx->lead->subject), arch));
    else
        tfd_fix_begin(ctx,
                      tfd_arena_fmt(ctx->arena, "%s Microsoft's Visual C++ Redistributable (%s)",
                                    needs_repair(ctx)                                  ? "Repair"
                                    : ctx->lead->cause == TFD_CAUSE_VCRUNTIME_OUTDATED ? "Install the current"
                                                                                       : "Install",
                                    arch));
    add_redistributable(ctx);
}

/* Whether a copy in System32 would serve once the private one is gone. */
static bool has_good_system_copy(const tfd_fix_ctx *ctx, tfd_str name)
{
    const tfd_runtimes *all = &ctx->view->facts->runtimes;
    const tfd_kb_level *level = tfd_kb_level_find(ctx->view->kb, "constexpr-mutex");
    bool wants_level = false;

    for (size_t i = 0; i < ctx->view->facts->objects.count; i++)
        wants_level |= ctx->view->facts->objects.items[i].needs_constexpr_mutex &&
                       ctx->view->facts->objects.items[i].is_needed;
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].is_system && all->items[i].state == TFD_OBJECT_OK &&
            tfd_str_eq_nocase(all->items[i].name, name))
            return !wants_level || !level || !tfd_str_eq_nocase(name, level->dll) ||
                   tfd_kb_level_reached(level, all->items[i].version) == TFD_YES;
    return false;
}

/* The package that brings the copy: a newer one brings a newer copy, or none under that name. TensorFlow's
 * wheels bring none (2.1 to 2.21, RECORD): what lies in its folder was put there, and pip leaves it. */
static bool fix_owner(tfd_fix_ctx *ctx, const tfd_dist *owner)
{
    const tfd_kb_bundled *known =
        owner ? tfd_kb_bundled_find(ctx->view->kb, owner->key, owner->version) : NULL;

    if (!owner || owner->is_tensorflow)
        return false;
    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Install a newer %.*s, which brings the old copy along",
                                     TFD_ARG(owner->name)));
    tfd_fix_install(ctx, TFD_INSTALL_UPGRADE,
                    known && known->fix.len > 0
                        ? tfd_arena_fmt(ctx->arena, "%.*s%.*s", TFD_ARG(owner->name), TFD_ARG(known->fix))
                        : owner->name);
    return true;
}

/* A .pth file that loads the copy, or adds its folder to the search. */
static tfd_str startup_file_of(const tfd_fix_ctx *ctx, tfd_str owner)
{
    const tfd_facts *facts = ctx->view->facts;

    for (size_t i = 0; i < facts->startup_files.count; i++) {
        tfd_str path = facts->startup_files.items[i].path;

        if (tfd_path_eq(TFD_PATH_WINDOWS, path, owner) ||
            tfd_str_eq_nocase(tfd_path_base(TFD_PATH_WINDOWS, path), tfd_path_base(TFD_PATH_WINDOWS, owner)))
            return path;
    }
    return TFD_STR("");
}

/* A start-up file that may have loaded the copy: one that nobody understands, else one that is called like
 * the package in which the copy lies. */
static tfd_str find_loading_file(const tfd_fix_ctx *ctx, tfd_str copy)
{
    const tfd_facts *facts = ctx->view->facts;
    tfd_str folder = tfd_path_base(TFD_PATH_WINDOWS, tfd_path_dir(TFD_PATH_WINDOWS, copy));

    for (size_t i = 0; i < facts->startup_files.count; i++)
        if (facts->startup_files.items[i].has_imports && !facts->startup_files.items[i].understood)
            return facts->startup_files.items[i].path;
    for (size_t i = 0; i < facts->startup_files.count; i++) {
        tfd_str name = tfd_path_base(TFD_PATH_WINDOWS, facts->startup_files.items[i].path);

        if (facts->startup_files.items[i].has_imports && folder.len > 0 &&
            tfd_str_eq_nocase(tfd_str_sub(name, 0, folder.len), folder))
            return facts->startup_files.items[i].path;
    }
    return TFD_STR("");
}

/* The import had a copy that no table knows: start-up code, or a package, loaded it. */
static void fix_loaded_copy(tfd_fix_ctx *ctx)
{
    tfd_str copy = ctx->lead->path;
    tfd_str file = find_loading_file(ctx, copy);
    size_t dist = tfd_view_dist_of(ctx->view, copy);

    if (copy.len == 0) {
        fix_redistributable(ctx);
    } else if (file.len > 0) {
        tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena,
                                         "Switch %.*s off, which runs before TensorFlow and loads %.*s",
                                         TFD_ARG(file), TFD_ARG(copy)));
        tfd_fix_move(ctx, file, tfd_arena_fmt(ctx->arena, "%.*s.off", TFD_ARG(file)));
    } else if (!fix_owner(ctx, tfd_view_dist(ctx->view, dist))) {
        tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Move %.*s out of the way", TFD_ARG(copy)));
        tfd_fix_move(ctx, copy, tfd_arena_fmt(ctx->arena, "%.*s.off", TFD_ARG(copy)));
    }
}

static void fix_shadow(tfd_fix_ctx *ctx)
{
    const tfd_python *py = &ctx->view->facts->python;
    const tfd_runtime *copy = find_copy(ctx, ctx->lead->path);
    const tfd_object *object = copy ? tfd_view_object(ctx->view, copy->object) : NULL;
    const tfd_dist *owner = object ? tfd_view_dist(ctx->view, object->dist) : NULL;
    tfd_str startup = copy && copy->owner.len > 0 ? startup_file_of(ctx, copy->owner) : TFD_STR("");
    bool has_good = copy && has_good_system_copy(ctx, copy->name);
    bool is_conda = py->env == TFD_ENV_CONDA && py->conda.len > 0;

    if (!copy) {
        fix_loaded_copy(ctx);
        return;
    }
    if (is_conda && tfd_path_is_below(TFD_PATH_WINDOWS, copy->path, py->env_root)) {
        tfd_fix_begin(ctx, TFD_STR("Install conda's current Visual C++ run time"));
        tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%.*s install -y -p %.*s \"vc14_runtime>=14.40\"",
                                           TFD_ARG(tfd_fix_program(ctx, py->conda)),
                                           TFD_ARG(tfd_fix_quote(ctx, py->env_root))));
        ctx->items[ctx->count - 1].needs_network = true;
        return;
    }
    if (startup.len == 0 && fix_owner(ctx, owner))
        return;
    tfd_fix_begin(ctx, has_good ? tfd_arena_fmt(ctx->arena,
                                                startup.len > 0
                                                    ? "Switch %.*s off; the system's own copy then serves"
                                                    : "Delete %.*s; the system's own copy then serves",
                                                TFD_ARG(startup.len > 0 ? startup : copy->path))
                                : tfd_arena_fmt(ctx->arena,
                                                "Install Microsoft's Visual C++ Redistributable, and delete "
                                                "%.*s, which stands before it",
                                                TFD_ARG(copy->path)));
    if (!has_good)
        add_redistributable(ctx);
    if (startup.len > 0)
        tfd_fix_move(ctx, startup, tfd_arena_fmt(ctx->arena, "%.*s.off", TFD_ARG(startup)));
    else
        tfd_fix_remove(ctx, copy->path);
    if (py->site_writable == TFD_NO)
        tfd_fix_needs_admin(ctx);
}

/* ---- PATH, conda, paths */

static void fix_path_order(tfd_fix_ctx *ctx)
{
    tfd_str path = ctx->lead->path;
    tfd_str value;

    if (tfd_view_variable(ctx->view, TFD_STR("PATH"), &value) &&
        tfd_path_has(TFD_PATH_WINDOWS, value, tfd_arena_z(ctx->arena, ctx->lead->subject))) {
        tfd_fix_remove_entry(ctx, "PATH", TFD_STR(";"), ctx->lead->subject);
        return;
    }
    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Move %.*s out of the way", TFD_ARG(path)));
    tfd_fix_move(ctx, path, tfd_arena_fmt(ctx->arena, "%.*s.off", TFD_ARG(path)));
}

static void fix_conda(tfd_fix_ctx *ctx)
{
    tfd_fix_begin(ctx, TFD_STR("Activate the conda environment before its Python is started"));
    tfd_fix_activate_conda(ctx, ctx->view->facts->python.env_root);
    tfd_fix_note(ctx, TFD_STR("In an IDE, choose the environment there, so that it is activated too."));
}

static tfd_str tensorflow_spec(tfd_fix_ctx *ctx)
{
    const tfd_dist *tf = tfd_view_tensorflow(ctx->view);
    tfd_str version = tfd_fix_best_tensorflow(ctx);

    if (tf)
        return tfd_arena_fmt(ctx->arena, "%.*s==%.*s", TFD_ARG(tf->name), TFD_ARG(tf->version));
    return version.len > 0 ? tfd_arena_fmt(ctx->arena, "tensorflow==%.*s", TFD_ARG(version))
                           : TFD_STR("tensorflow");
}

static void fix_elsewhere(tfd_fix_ctx *ctx, const char *title)
{
    tfd_fix_begin(ctx, tfd_str_of(title));
    tfd_fix_make_environment(ctx, ctx->view->facts->python.path, "", TFD_STR("C:\\tensorflow-env"));
    tfd_fix_activate(ctx, TFD_STR("C:\\tensorflow-env"));
    tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "python -m pip install %.*s",
                                       TFD_ARG(tfd_fix_quote(ctx, tensorflow_spec(ctx)))));
    ctx->items[ctx->count - 1].needs_network = true;
}

static void fix_long_path(tfd_fix_ctx *ctx)
{
    tfd_fix_begin(ctx, TFD_STR("Switch long paths on, and install TensorFlow again"));
    tfd_fix_command(
        ctx, TFD_STR("reg add HKLM\\SYSTEM\\CurrentControlSet\\Control\\FileSystem /v LongPathsEnabled /t "
                     "REG_DWORD /d 1 /f"));
    tfd_fix_needs_admin(ctx);
    tfd_fix_install(ctx, TFD_REINSTALL_NO_DEPS, tensorflow_spec(ctx));
    fix_elsewhere(ctx, "Make the environment in a folder with a short path");
}

/* ---- rights and policies */

/* /reset takes away what was set on the file itself; what it inherits from its folder then counts again. */
static void fix_rights(tfd_fix_ctx *ctx)
{
    tfd_str path = ctx->lead->path.len > 0 ? ctx->lead->path : ctx->lead->subject;

    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Let this user read %.*s", TFD_ARG(path)));
    if (path.len == 0)
        return;
    tfd_fix_command(ctx,
                    tfd_arena_fmt(ctx->arena, "icacls %.*s /reset /t", TFD_ARG(tfd_fix_quote(ctx, path))));
    if (ctx->view->facts->python.site_writable == TFD_NO)
        tfd_fix_needs_admin(ctx);
}

/* What a scanner took away comes back by installing, once it is allowed. */
static const tfd_dist *find_robbed(const tfd_fix_ctx *ctx)
{
    const tfd_file_problems *all = &ctx->view->facts->file_problems;

    for (size_t i = 0; ctx->lead->path.len > 0 && i < all->count; i++)
        if (all->items[i].state == TFD_FILE_MISSING &&
            tfd_path_eq(TFD_PATH_WINDOWS, all->items[i].path, ctx->lead->path))
            return tfd_view_dist(ctx->view, all->items[i].dist);
    return NULL;
}

static void fix_robbed(tfd_fix_ctx *ctx, const tfd_dist *dist)
{
    tfd_fix_begin(ctx,
                  tfd_arena_fmt(ctx->arena,
                                "Allow %.*s in the virus scanner (Windows Security, Protection history), "
                                "and install %.*s again",
                                TFD_ARG(ctx->lead->path), TFD_ARG(dist->name)));
    tfd_fix_install(ctx, TFD_REINSTALL_NO_DEPS,
                    tfd_arena_fmt(ctx->arena, "%.*s==%.*s", TFD_ARG(dist->name), TFD_ARG(dist->version)));
    tfd_fix_note(ctx, TFD_STR("On a machine that belongs to an organisation, ask its administrator. Do not "
                              "switch the protection off."));
}

static void fix_policy(tfd_fix_ctx *ctx)
{
    const tfd_dist *robbed = find_robbed(ctx);
    const tfd_fact *marked = &ctx->view->facts->scalars[TFD_FACT_WINDOWS_MARKED_FILE];
    const tfd_dist *tf = tfd_view_tensorflow(ctx->view);
    const tfd_place *place = tf ? tfd_view_place(ctx->view, tf->place) : NULL;

    if (robbed) {
        fix_robbed(ctx, robbed);
        return;
    }
    if (marked->state == TFD_STATE_PRESENT && place) {
        tfd_fix_begin(ctx, TFD_STR("Take the mark of the internet off the files"));
        tfd_fix_command(ctx,
                        tfd_arena_fmt(ctx->arena,
                                      "powershell -NoProfile -Command \"Get-ChildItem -LiteralPath '%.*s' "
                                      "-Recurse -File | Unblock-File\"",
                                      TFD_ARG(place->path)));
    }
    tfd_fix_begin(ctx,
                  ctx->lead->path.len > 0
                      ? tfd_arena_fmt(ctx->arena,
                                      "Allow %.*s in the protection software or policy that refuses it "
                                      "(Windows Security, Smart App Control, AppLocker), then try again",
                                      TFD_ARG(ctx->lead->path))
                      : TFD_STR("Allow Python's files in the protection software or policy that refuses them "
                                "(Windows Security, Smart App Control, AppLocker), then try again"));
    tfd_fix_note(ctx,
                 TFD_STR("On a machine that belongs to an organisation, ask its administrator. Do not switch "
                         "the protection off."));
}

/* ---- the system */

static void fix_page_file(tfd_fix_ctx *ctx)
{
    tfd_fix_begin(
        ctx, TFD_STR("Close programs that hold much memory, or enlarge the page file: System Properties, "
                     "Advanced, Performance, Advanced, Virtual memory, let Windows manage it; restart"));
    tfd_fix_command(ctx, TFD_STR("SystemPropertiesPerformance.exe"));
    tfd_fix_needs_admin(ctx);
}

static bool fix_processor(tfd_fix_ctx *ctx)
{
    const tfd_cpu *cpu = ctx->view->facts->cpu;

    if (!cpu || !cpu->avx_in_cpu || cpu->avx_enabled)
        return false;
    tfd_fix_begin(ctx, TFD_STR("Let Windows save the registers of AVX again, and restart"));
    tfd_fix_command(ctx, TFD_STR("bcdedit /deletevalue xsavedisable"));
    tfd_fix_needs_admin(ctx);
    tfd_fix_note(ctx, TFD_STR("In a virtual machine, the host has to hand AVX through."));
    return true;
}

static bool fix_arm(tfd_fix_ctx *ctx)
{
    if (!ctx->view->facts->system || ctx->view->facts->system->arch != TFD_ARCH_AARCH64)
        return false;
    tfd_fix_begin(ctx,
                  TFD_STR("Install TensorFlow in the Windows Subsystem for Linux: there are wheels for Linux "
                          "on ARM64"));
    tfd_fix_command(ctx, TFD_STR("wsl --install"));
    tfd_fix_needs_admin(ctx);
    ctx->items[ctx->count - 1].needs_network = true;
    tfd_fix_note(
        ctx, TFD_STR("Restart, open Ubuntu, and there: python3 -m venv tf && tf/bin/pip install tensorflow"));
    return true;
}

static void fix_ucrt(tfd_fix_ctx *ctx)
{
    tfd_fix_begin(ctx,
                  TFD_STR("Install the update of Windows that brings the Universal C Runtime (KB2999226)"));
    tfd_fix_needs_admin(ctx);
    ctx->items[ctx->count - 1].url = TFD_STR("https://support.microsoft.com/help/2999226");
}

static void fix_alias(tfd_fix_ctx *ctx)
{
    tfd_fix_interpreter(ctx);
    tfd_fix_note(
        ctx, TFD_STR("Switch the aliases python.exe and python3.exe off as well: Settings, Apps, Advanced "
                     "app settings, App execution aliases."));
}

bool tfd_fix_windows(tfd_fix_ctx *ctx)
{
    switch (ctx->lead->cause) {
    case TFD_CAUSE_VCRUNTIME_MISSING:
    case TFD_CAUSE_VCRUNTIME_OUTDATED:
        fix_redistributable(ctx);
        break;
    case TFD_CAUSE_VCRUNTIME_SHADOWED:
        fix_shadow(ctx);
        break;
    case TFD_CAUSE_PATH_ORDER:
        fix_path_order(ctx);
        break;
    case TFD_CAUSE_CONDA_NOT_ACTIVATED:
        fix_conda(ctx);
        break;
    case TFD_CAUSE_PATH_TOO_LONG:
        fix_long_path(ctx);
        break;
    case TFD_CAUSE_PATH_NON_ASCII:
        fix_elsewhere(ctx, "Make the environment in a folder whose path has only ASCII characters");
        break;
    case TFD_CAUSE_PERMISSION_DENIED:
        if (tfd_str_is(ctx->lead->subject, "temporary folder"))
            return false;
        fix_rights(ctx);
        break;
    case TFD_CAUSE_SECURITY_BLOCKED:
        fix_policy(ctx);
        break;
    case TFD_CAUSE_MEMORY_LIMIT:
        fix_page_file(ctx);
        break;
    case TFD_CAUSE_CPU_NO_AVX:
        return fix_processor(ctx);
    case TFD_CAUSE_ARCH_MISMATCH:
        return fix_arm(ctx);
    case TFD_CAUSE_UCRT_MISSING:
        fix_ucrt(ctx);
        break;
    case TFD_CAUSE_PYTHON_STORE_ALIAS:
        fix_alias(ctx);
        break;
    default:
        return tfd_fix_cuda_windows(ctx);
    }
    return true;
}
