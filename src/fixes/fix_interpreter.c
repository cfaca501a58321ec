/* The interpreter: another one has TensorFlow, it is of the wrong kind, or it does not start. */
#include "fixes/fix.h"

static const tfd_interpreter *find_with_tensorflow(const tfd_view *view)
{
    for (size_t i = 0; i < view->facts->interpreters.count; i++) {
        const tfd_interpreter *one = &view->facts->interpreters.items[i];

        if (!one->is_target && one->tf_dist.len > 0 && one->runs_for_user && !one->is_broken)
            return one;
    }
    return NULL;
}

const tfd_interpreter *tfd_fix_find_base(const tfd_view *view, tfd_str minor)
{
    const tfd_interpreter *best = NULL;

    for (size_t i = 0; i < view->facts->interpreters.count; i++) {
        const tfd_interpreter *one = &view->facts->interpreters.items[i];
        tfd_str line = tfd_kb_line_of(one->version);
        tfd_str major;
        tfd_str rest;
        uint64_t number = 0;
        bool fits;

        (void)tfd_str_cut(line, '.', &major, &rest);
        if (one->is_broken || one->is_target || !tfd_str_u64(rest, &number))
            continue; /* the target is what has to be mended */
        fits = minor.len > 0 ? tfd_str_eq(line, minor)
                             : tfd_kb_python_support(view->kb, 3, (int)number) == TFD_YES && number >= 9;
        if (fits && (!best || tfd_str_find_z(best->path, "venv") != TFD_NPOS))
            best = one;
    }
    return best;
}

/* What is installed there has a wheel for the interpreter here as well. */
static bool is_same_minor(const tfd_view *view, const tfd_interpreter *other)
{
    return tfd_str_eq(tfd_kb_line_of(other->version), tfd_kb_line_of(view->facts->python.version));
}

static void fix_wrong_one(tfd_fix_ctx *ctx)
{
    const tfd_interpreter *other = find_with_tensorflow(ctx->view);
    tfd_str version;
    tfd_str bin;
    tfd_str spec;

    if (!other)
        return;
    bin = tfd_path_dir(tfd_fix_style(ctx), other->path);
    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Use the interpreter that has TensorFlow: %.*s",
                                     TFD_ARG(other->path)));
    if (ctx->view->facts->python.conda.len > 0 &&
        (tfd_str_starts_z(other->seen_in, "conda") || tfd_str_is(other->seen_in, "CONDA_PREFIX")))
        tfd_fix_activate_conda(ctx, tfd_fix_is_cmd(ctx) ? bin : tfd_path_dir(tfd_fix_style(ctx), bin));
    else if (other->has_activate)
        tfd_fix_activate(ctx, tfd_path_dir(tfd_fix_style(ctx), bin));
    else
        tfd_fix_put_first(ctx, "PATH", bin);
    tfd_fix_note(ctx, TFD_STR("In an IDE or notebook, choose this interpreter or kernel."));
    if (ctx->lead->cause != TFD_CAUSE_PYTHON_WRONG_ONE)
        return;
    version = is_same_minor(ctx->view, other) ? other->tf_version : tfd_fix_best_tensorflow(ctx);
    spec = version.len > 0
               ? tfd_arena_fmt(ctx->arena, "%.*s==%.*s", TFD_ARG(other->tf_dist), TFD_ARG(version))
               : other->tf_dist;
    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Install it into %.*s as well",
                                     TFD_ARG(ctx->view->facts->python.path)));
    tfd_fix_install(ctx, TFD_INSTALL, spec);
}

/* Windows' own installer of packages brings CPython; the launcher then finds it by its number. */
static void install_python(tfd_fix_ctx *ctx)
{
    tfd_fix_command(
        ctx, TFD_STR("winget install --id Python.Python.3.12 --exact --source winget --architecture x64 "
                     "--accept-package-agreements --accept-source-agreements"));
    tfd_fix_command(ctx, TFD_STR("py -3.12 -m venv .venv-tensorflow"));
}

/* A new environment with an interpreter that TensorFlow has wheels for. */
static void fix_new_environment(tfd_fix_ctx *ctx)
{
    const tfd_interpreter *base = tfd_fix_find_base(ctx->view, TFD_STR(""));
    tfd_str uv = ctx->view->facts->python.uv;

    if (base) {
        tfd_fix_begin(ctx,
                      tfd_arena_fmt(ctx->arena,
                                    "Make an environment with CPython %.*s, which TensorFlow has wheels for",
                                    TFD_ARG(base->version)));
        tfd_fix_make_environment(ctx, base->path, "", TFD_STR(".venv-tensorflow"));
    } else {
        tfd_fix_begin(
            ctx,
            TFD_STR(
                "Make an environment with a CPython that TensorFlow has wheels for (uv brings one along)"));
        if (uv.len == 0 && !tfd_fix_is_cmd(ctx))
            return;
        if (uv.len == 0)
            install_python(ctx);
        else
            tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%.*s venv --seed --python 3.12 .venv-tensorflow",
                                               TFD_ARG(tfd_fix_program(ctx, uv))));
    }
    tfd_fix_activate(ctx, TFD_STR(".venv-tensorflow"));
    tfd_fix_command(ctx, TFD_STR("python -m pip install tensorflow"));
    ctx->items[ctx->count - 1].needs_network = true;
}

/* Only pyvenv.cfg is missing: venv writes it anew, run by the interpreter that the links lead to. */
static void fix_lost_venv(tfd_fix_ctx *ctx)
{
    const tfd_python *py = &ctx->view->facts->python;

    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Write the pyvenv.cfg of %.*s anew; its packages stay",
                                     TFD_ARG(py->venv_lost)));
    tfd_fix_make_environment(ctx, py->real, "", py->venv_lost);
}

/* pyvenv.cfg is no text: venv writes it anew, run by the interpreter that the links lead to. */
static void fix_cfg(tfd_fix_ctx *ctx)
{
    const tfd_python *py = &ctx->view->facts->python;

    tfd_fix_begin(ctx,
                  tfd_arena_fmt(ctx->arena, "Write %.*s anew; the packages stay", TFD_ARG(py->pyvenv_cfg)));
    tfd_fix_remove(ctx, py->pyvenv_cfg);
    tfd_fix_make_environment(ctx, py->real,
                             py->system_site ? " --without-pip --system-site-packages" : " --without-pip",
                             py->env_root);
}

static void fix_lost_lib(tfd_fix_ctx *ctx)
{
    tfd_str root = ctx->view->facts->python.lib64_only;

    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Put the link %.*s/lib in place again", TFD_ARG(root)));
    tfd_fix_command(ctx,
                    tfd_arena_fmt(ctx->arena, "ln -s lib64 %.*s/lib", TFD_ARG(tfd_fix_quote(ctx, root))));
}

/* The base is a Python of another minor version now, and the old one is nowhere: the packages have to follow.
 * tensorflow-intel has no release for Pythons after 3.12, so what is there goes first, whatever its name. */
static void fix_packages_of_base(tfd_fix_ctx *ctx, const tfd_dist *tf, tfd_str line)
{
    const tfd_python *py = &ctx->view->facts->python;
    tfd_str version = tfd_fix_best_tensorflow(ctx);

    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena,
                                     "Install TensorFlow %.*s and what it needs for CPython %d.%d, which the "
                                     "environment has in place of %.*s now; or install CPython %.*s again",
                                     TFD_ARG(version), py->major, py->minor, TFD_ARG(line), TFD_ARG(line)));
    tfd_fix_uninstall(ctx, tf->name);
    tfd_fix_install(ctx, TFD_REINSTALL, tfd_arena_fmt(ctx->arena, "tensorflow==%.*s", TFD_ARG(version)));
}

static void fix_venv(tfd_fix_ctx *ctx)
{
    const tfd_python *py = &ctx->view->facts->python;
    tfd_str line = tfd_kb_line_of(py->cfg_version.len > 0 ? py->cfg_version : py->version);
    const tfd_interpreter *base = tfd_fix_find_base(ctx->view, line);
    const tfd_dist *tf = tfd_view_tensorflow(ctx->view);

    if (py->venv_lost.len > 0 && py->real.len > 0 &&
        !tfd_path_is_below(tfd_fix_style(ctx), py->real, py->venv_lost)) {
        fix_lost_venv(ctx);
        return;
    }
    if (py->broken == TFD_PY_CFG_NO_TEXT && py->real.len > 0 &&
        !tfd_path_is_below(tfd_fix_style(ctx), py->real, py->env_root)) {
        fix_cfg(ctx);
        return;
    }
    if (py->lib64_only.len > 0 && py->broken == TFD_PY_FINE) {
        fix_lost_lib(ctx);
        return;
    }
    if (py->broken == TFD_PY_MISSING && py->env_root.len == 0) {
        fix_wrong_one(ctx); /* the environment is gone, or lies elsewhere by now */
        return;
    }
    if (!base && tf && line.len > 0 && !tfd_str_eq(line, tfd_kb_line_of(py->version)) &&
        tfd_fix_best_tensorflow(ctx).len > 0) {
        fix_packages_of_base(ctx, tf, line);
        return;
    }
    if (!base) {
        tfd_fix_begin(
            ctx, tfd_arena_fmt(ctx->arena,
                               "Install CPython %.*s again (the environment %.*s was made from it), or make "
                               "the environment anew",
                               TFD_ARG(line), TFD_ARG(py->env_root)));
        return;
    }
    tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Attach the environment to %.*s; its packages stay",
                                     TFD_ARG(base->path)));
    /* venv keeps a dangling bin/python as it is, so the old links have to go first; on Windows it writes its
     * launchers anew. */
    if (!tfd_fix_is_cmd(ctx))
        tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "rm -f %.*s/bin/python*",
                                           TFD_ARG(tfd_fix_quote(ctx, py->env_root))));
    tfd_fix_make_environment(ctx, base->path, py->system_site ? " --system-site-packages" : "", py->env_root);
}

static void fix_library_of_system_python(tfd_fix_ctx *ctx)
{
    const tfd_python *py = &ctx->view->facts->python;
    tfd_str distro = ctx->view->facts->system ? ctx->view->facts->system->distro : TFD_STR("");
    const char *sudo;

    if (!tfd_str_is(distro, "debian") && !tfd_str_is(distro, "ubuntu"))
        return;
    tfd_fix_begin(ctx, TFD_STR("Put the distribution's Python in place again"));
    sudo = tfd_fix_sudo(ctx);
    tfd_fix_command(
        ctx, tfd_arena_fmt(ctx->arena,
                           "%sapt-get install --reinstall -y libpython%d.%d-minimal libpython%d.%d-stdlib "
                           "python%d.%d-minimal python%d.%d",
                           sudo, py->major, py->minor, py->major, py->minor, py->major, py->minor, py->major,
                           py->minor));
    tfd_fix_needs_admin(ctx);
    ctx->items[ctx->count - 1].needs_network = true;
}

static void fix_broken(tfd_fix_ctx *ctx)
{
    const tfd_python *py = &ctx->view->facts->python;

    if (py->home_variable.len > 0) {
        tfd_fix_begin(ctx, TFD_STR("Unset PYTHONHOME"));
        tfd_fix_unset(ctx, TFD_STR("PYTHONHOME"));
        tfd_fix_note(ctx, tfd_fix_where_set(ctx));
        return;
    }
    if (py->stopped_by.len > 0) {
        tfd_fix_begin(ctx, tfd_arena_fmt(ctx->arena, "Rename %.*s, which keeps Python from starting",
                                         TFD_ARG(py->stopped_by)));
        tfd_fix_move(ctx, py->stopped_by, tfd_arena_fmt(ctx->arena, "%.*s.off", TFD_ARG(py->stopped_by)));
        return;
    }
    if (py->env == TFD_ENV_SYSTEM)
        fix_library_of_system_python(ctx);
    else if (py->env == TFD_ENV_CONDA && py->conda.len > 0) {
        tfd_fix_begin(ctx, TFD_STR("Put conda's Python in place again"));
        tfd_fix_command(ctx,
                        tfd_arena_fmt(ctx->arena, "%.*s install -y -p %.*s --force-reinstall python=%.*s",
                                      TFD_ARG(tfd_fix_program(ctx, py->conda)),
                                      TFD_ARG(tfd_fix_quote(ctx, py->env_root)), TFD_ARG(py->version)));
        ctx->items[ctx->count - 1].needs_network = true;
    } else {
        tfd_fix_begin(
            ctx, tfd_arena_fmt(ctx->arena,
                               "Install CPython %.*s in %.*s again; where it is built from source, with the "
                               "headers of the library that is missing",
                               TFD_ARG(py->version), TFD_ARG(py->base_prefix)));
    }
}

void tfd_fix_interpreter(tfd_fix_ctx *ctx)
{
    switch (ctx->lead->cause) {
    case TFD_CAUSE_ARCH_MISMATCH:
        if (ctx->view->facts->python.broken == TFD_PY_FOREIGN_ARCH)
            fix_new_environment(ctx);
        else
            tfd_fix_tensorflow(ctx); /* the interpreter is right, the wheel is not */
        break;
    case TFD_CAUSE_PYTHON_WRONG_ONE:
        fix_wrong_one(ctx);
        break;
    case TFD_CAUSE_VENV_BROKEN:
        fix_venv(ctx);
        break;
    case TFD_CAUSE_PYTHON_BROKEN:
        fix_broken(ctx);
        break;
    case TFD_CAUSE_PYTHON_STORE_ALIAS:
        fix_wrong_one(ctx);
        if (ctx->count == 0)
            fix_new_environment(ctx);
        break;
    default:
        fix_new_environment(ctx);
        break;
    }
}
