#include "core/title.h"
#include "fixes/fix.h"

#include <string.h>

typedef struct fix_row {
    tfd_cause_id cause;
    void (*find)(tfd_fix_ctx *ctx);
} fix_row;

static const fix_row rows[] = {
    {TFD_CAUSE_DEP_NUMPY, tfd_fix_distribution},
    {TFD_CAUSE_DEP_PROTOBUF, tfd_fix_distribution},
    {TFD_CAUSE_DEP_KERAS, tfd_fix_distribution},
    {TFD_CAUSE_DEP_OTHER, tfd_fix_distribution},
    {TFD_CAUSE_ADDON_MISMATCH, tfd_fix_distribution},
    {TFD_CAUSE_TF_MISSING, tfd_fix_tensorflow},
    {TFD_CAUSE_PIP_OUT_OF_MEMORY, tfd_fix_tensorflow},
    {TFD_CAUSE_TF_CORRUPT, tfd_fix_tensorflow},
    {TFD_CAUSE_TF_DUPLICATE, tfd_fix_tensorflow},
    {TFD_CAUSE_TF_ABI_MISMATCH, tfd_fix_tensorflow},
    {TFD_CAUSE_WRONG_PLATFORM_WHEEL, tfd_fix_tensorflow},
    {TFD_CAUSE_OS_TOO_OLD, tfd_fix_tensorflow},
    {TFD_CAUSE_PYTHON_WRONG_ONE, tfd_fix_interpreter},
    {TFD_CAUSE_PYTHON_UNSUPPORTED, tfd_fix_interpreter},
    {TFD_CAUSE_PYTHON_32BIT, tfd_fix_interpreter},
    {TFD_CAUSE_PYTHON_NOT_CPYTHON, tfd_fix_interpreter},
    {TFD_CAUSE_PYTHON_BROKEN, tfd_fix_interpreter},
    {TFD_CAUSE_VENV_BROKEN, tfd_fix_interpreter},
    {TFD_CAUSE_ARCH_MISMATCH, tfd_fix_interpreter},
    {TFD_CAUSE_PIP_NETWORK, tfd_fix_network},
    {TFD_CAUSE_NAME_SHADOWING, tfd_fix_search_path},
    {TFD_CAUSE_PYTHONPATH_CONFLICT, tfd_fix_search_path},
    {TFD_CAUSE_LDPATH_CONFLICT, tfd_fix_search_path},
    {TFD_CAUSE_LIBRARY_CONFLICT, tfd_fix_search_path},
    {TFD_CAUSE_ENV_SETTING, tfd_fix_search_path},
    {TFD_CAUSE_GPU_NONE, tfd_fix_gpu},
    {TFD_CAUSE_GPU_HIDDEN, tfd_fix_gpu},
    {TFD_CAUSE_GPU_PERMISSION, tfd_fix_gpu},
    {TFD_CAUSE_GPU_MEMORY, tfd_fix_gpu},
    {TFD_CAUSE_DRIVER_MISSING, tfd_fix_gpu},
    {TFD_CAUSE_DRIVER_TOO_OLD, tfd_fix_gpu},
    {TFD_CAUSE_DRIVER_MISMATCH, tfd_fix_gpu},
    {TFD_CAUSE_DRIVER_BROKEN, tfd_fix_gpu},
    {TFD_CAUSE_GPU_ARCH, tfd_fix_cuda},
    {TFD_CAUSE_TF_NO_GPU_BUILD, tfd_fix_cuda},
    {TFD_CAUSE_CUDA_MISSING, tfd_fix_cuda},
    {TFD_CAUSE_CUDA_VERSION, tfd_fix_cuda},
    {TFD_CAUSE_CUDA_PATH, tfd_fix_cuda},
    {TFD_CAUSE_CUDA_MIXED, tfd_fix_cuda},
    {TFD_CAUSE_CUDA_TOOLCHAIN, tfd_fix_cuda},
    {TFD_CAUSE_CUDNN_MISSING, tfd_fix_cuda},
    {TFD_CAUSE_CUDNN_VERSION, tfd_fix_cuda},
    {TFD_CAUSE_ROCM_VERSION, tfd_fix_cuda},
};

void tfd_fix_begin(tfd_fix_ctx *ctx, tfd_str title)
{
    tfd_fix *fix;

    if (ctx->count == TFD_FIXES_MAX)
        return;
    fix = &ctx->items[ctx->count];
    memset(fix, 0, sizeof *fix);
    fix->title = title;
    fix->shell = tfd_fix_is_cmd(ctx) ? TFD_SHELL_CMD : TFD_SHELL_SH;
    ctx->count++;
}

void tfd_fix_command(tfd_fix_ctx *ctx, tfd_str command)
{
    tfd_fix *fix = &ctx->items[ctx->count - 1];

    if (fix->command_count < TFD_COMMANDS_MAX)
        ctx->commands[ctx->count - 1][fix->command_count++] = command;
}

void tfd_fix_note(tfd_fix_ctx *ctx, tfd_str note)
{
    ctx->items[ctx->count - 1].note = note;
}

void tfd_fix_needs_admin(tfd_fix_ctx *ctx)
{
    ctx->items[ctx->count - 1].needs_admin = true;
}

static tfd_status copy_out(tfd_fix_ctx *ctx, tfd_fix **out, size_t *count)
{
    *out = tfd_arena_new(ctx->arena, tfd_fix, ctx->count);
    if (!*out)
        return TFD_ENOMEM;
    for (size_t i = 0; i < ctx->count; i++) {
        (*out)[i] = ctx->items[i];
        (*out)[i].commands = tfd_arena_new(ctx->arena, tfd_str, TFD_COMMANDS_MAX);
        if (!(*out)[i].commands)
            return TFD_ENOMEM;
        memcpy((*out)[i].commands, ctx->commands[i], sizeof ctx->commands[i]);
    }
    *count = ctx->count;
    return TFD_OK;
}

static bool find_byte_code(tfd_fix_ctx *ctx)
{
    if (!tfd_title_is_byte_code(ctx->view, ctx->lead))
        return false;
    tfd_fix_begin(ctx, TFD_STR("Remove the damaged byte code; Python makes it anew from the source"));
    tfd_fix_remove(ctx, ctx->lead->path);
    return true;
}

tfd_status tfd_fixes_find(const tfd_view *view, const tfd_finding *lead, tfd_arena *arena, tfd_fix **out,
                          size_t *count)
{
    tfd_fix_ctx ctx = {.view = view, .lead = lead, .arena = arena};
    void (*find)(tfd_fix_ctx * ctx) = tfd_fix_system;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].cause == lead->cause)
            find = rows[i].find;
    if (!find_byte_code(&ctx) && (!tfd_fix_is_cmd(&ctx) || !tfd_fix_windows(&ctx)))
        find(&ctx);
    if (ctx.count == 0)
        tfd_fix_begin(&ctx, tfd_arena_fmt(arena, "No command can repair this; see: tfdiag show %s",
                                          tfd_cause_name(lead->cause)));
    return copy_out(&ctx, out, count);
}

static bool has_command(const tfd_fix *fix, tfd_str command)
{
    for (size_t i = 0; i < fix->command_count; i++)
        if (tfd_str_eq(fix->commands[i], command))
            return true;
    return false;
}

static bool is_of_tensorflow(tfd_cause_id cause)
{
    return cause == TFD_CAUSE_TF_ABI_MISMATCH || cause == TFD_CAUSE_TF_CORRUPT ||
           cause == TFD_CAUSE_TF_DUPLICATE || cause == TFD_CAUSE_WRONG_PLATFORM_WHEEL;
}

/* How many requirements of TensorFlow's own METADATA are not met; *is_one: key is among them. */
static size_t count_unmet(const tfd_view *view, tfd_str key, bool *is_one)
{
    const tfd_requirements *all = &view->facts->requirements;
    size_t count = 0;

    *is_one = false;
    for (size_t i = 0; i < all->count; i++) {
        const tfd_requirement *req = &all->items[i];

        if (req->by != view->facts->tensorflow || req->satisfied != TFD_NO || req->applies == TFD_NO)
            continue;
        count++;
        *is_one |= tfd_str_eq(req->key, key);
    }
    return count;
}

/* Where TensorFlow has to be put in place again and more than one of its requirements is not met, the
 * packages around it are those of another release. What these ask for contradicts it; only the installer can
 * bring all of them along. Empty: one package will do. */
static tfd_str requirements_command(const tfd_view *view, const tfd_cause *other, tfd_arena *arena)
{
    const tfd_dist *tf = tfd_view_tensorflow(view);
    tfd_finding lead = tfd_finding_of(TFD_CAUSE_TF_CORRUPT, TFD_STR(""), 0, TFD_EFFECT_MAY_BREAK);
    tfd_fix_ctx ctx = {.view = view, .lead = &lead, .arena = arena};
    tfd_str key, version;
    bool is_one;

    (void)tfd_str_cut(other->subject, ' ', &key, &version);
    if (!tf || count_unmet(view, key, &is_one) < 2 || !is_one)
        return TFD_STR("");
    lead.dist = view->facts->tensorflow;
    tfd_fix_begin(&ctx, TFD_STR(""));
    tfd_fix_install(&ctx, TFD_INSTALL,
                    tfd_arena_fmt(arena, "%.*s==%.*s", TFD_ARG(tf->name), TFD_ARG(tf->version)));
    return ctx.items[0].command_count == 1 ? ctx.commands[0][0] : TFD_STR("");
}

static bool join_command(tfd_fix *fix, tfd_str command)
{
    if (fix->command_count == TFD_COMMANDS_MAX || has_command(fix, command))
        return false;
    fix->commands[fix->command_count++] = command;
    return true;
}

/* One more id in needs_also, which has no room of its own. */
static tfd_status add_need(tfd_cause *cause, tfd_cause_id id, tfd_arena *arena)
{
    tfd_cause_id *ids = tfd_arena_new(arena, tfd_cause_id, cause->needs_also_count + 1);

    if (!ids)
        return TFD_ENOMEM;
    if (cause->needs_also_count > 0)
        memcpy(ids, cause->needs_also, cause->needs_also_count * sizeof *ids);
    ids[cause->needs_also_count++] = id;
    cause->needs_also = ids;
    return TFD_OK;
}

/* What is fetched to repair the first cause needs a way to the index: that one is opened before. */
static tfd_status open_way(tfd_report *report, tfd_arena *arena)
{
    tfd_cause *first = &report->causes[0], *way = &report->causes[report->cause_count - 1];
    tfd_fix *fix = &first->fixes[0];
    tfd_str opening[TFD_COMMANDS_MAX];
    size_t count = 0;
    tfd_status st;

    if (way == first || way->id != TFD_CAUSE_PIP_NETWORK || !fix->needs_network)
        return TFD_OK;
    st = add_need(first, way->id, arena);
    if (st == TFD_OK)
        st = add_need(way, first->id, arena);
    for (size_t i = 0; way->fix_count > 0 && i < way->fixes[0].command_count; i++)
        if (!has_command(fix, way->fixes[0].commands[i]))
            opening[count++] = way->fixes[0].commands[i];
    if (st != TFD_OK || count + fix->command_count > TFD_COMMANDS_MAX)
        return st;
    memmove(fix->commands + count, fix->commands, fix->command_count * sizeof fix->commands[0]);
    for (size_t i = 0; i < count; i++)
        fix->commands[i] = opening[i];
    fix->command_count += count;
    fix->needs_admin |= count > 0 && way->fixes[0].needs_admin;
    return TFD_OK;
}

/* Another release of TensorFlow is put in place with all that it requires: what was built for another Python,
 * as TensorFlow was, is replaced with it, in the version that this release wants. */
static bool comes_along(const tfd_view *view, const tfd_cause *first, const tfd_cause *other,
                        tfd_arena *arena)
{
    tfd_fix_ctx ctx = {.view = view, .arena = arena};
    tfd_str key, version;

    (void)tfd_str_cut(other->subject, ' ', &key, &version);
    return first->id == TFD_CAUSE_TF_ABI_MISMATCH && !tfd_fix_has_own_wheel(&ctx) && key.len > 0 &&
           tfd_fix_is_of_other_python(view->facts, key);
}

static void join_others(const tfd_view *view, tfd_report *report, tfd_arena *arena)
{
    tfd_cause *first = &report->causes[0];
    tfd_fix *fix = &first->fixes[0];
    bool was_joined = false;

    if (first->needs_also_count == 0 || fix->command_count == 0)
        return;
    for (size_t i = 1; i < report->cause_count; i++) {
        const tfd_cause *other = &report->causes[i];
        tfd_str all;

        if (other->needs_also_count == 0 || other->fix_count == 0 || other->side != first->side ||
            comes_along(view, first, other, arena))
            continue;
        all = is_of_tensorflow(first->id) ? requirements_command(view, other, arena) : TFD_STR("");
        for (size_t j = 0; j < (all.len > 0 ? 1 : other->fixes[0].command_count); j++) {
            if (!join_command(fix, all.len > 0 ? all : other->fixes[0].commands[j]))
                continue;
            fix->needs_admin |= other->fixes[0].needs_admin;
            fix->needs_network |= other->fixes[0].needs_network;
            was_joined = true;
        }
        tfd_fix_add_cost(arena, &fix->cost, &other->fixes[0].cost);
    }
    if (was_joined)
        fix->title = tfd_arena_fmt(arena, "%.*s, and repair what is broken beside it", TFD_ARG(fix->title));
}

tfd_status tfd_fixes_combine(const tfd_view *view, tfd_report *report, tfd_arena *arena)
{
    if (report->cause_count == 0 || report->causes[0].fix_count == 0)
        return TFD_OK;
    join_others(view, report, arena);
    return open_way(report, arena);
}
