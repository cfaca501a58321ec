#include "core/import.h"

#include <stdlib.h>
#include <string.h>

#include "core/mask.h"
#include "sys/child.h"

#define OUTPUT_MAX ((size_t)64 << 10)
#define DATA_MAX ((size_t)4 << 20) /* a healthy TensorFlow makes it 70 KiB */
#define MASKED_MAX (4 * OUTPUT_MAX)

/* The source of import_child.py, NUL-ended (cmake/TfdEmbedFile.cmake). */
extern const unsigned char tfd_import_child_py[];
extern const size_t tfd_import_child_py_len;

struct tfd_import_run {
    const tfd_sys *sys;
    tfd_child *child;
};

/* The folder that Python would put first on sys.path for a script: the real one (Python/pathconfig.c,
 * _PyPathConfig_ComputeSysPath0). */
static tfd_str find_script_folder(const tfd_sys *sys, tfd_arena *arena, tfd_str script)
{
    tfd_str real;

    if (script.len == 0)
        return TFD_STR("");
    if (sys->realpath(sys, arena, script, &real, NULL) != TFD_OK)
        real = script;
    return tfd_path_dir(sys->style, real);
}

static tfd_status start_child(const tfd_sys *sys, tfd_arena *arena, const tfd_import_request *request,
                              tfd_child **out, tfd_err *err)
{
    /* A first import would write byte code beside the packages. */
    static const char *const env[] = {"PYTHONDONTWRITEBYTECODE=1", NULL};
    /* From 2.12 on only this makes TensorFlow name the libraries that it does not find. */
    static const char *const gpu_env[] = {"PYTHONDONTWRITEBYTECODE=1", "TF_CPP_VMODULE=dso_loader=1",
                                          "TF_CPP_MIN_LOG_LEVEL=0", NULL};
    const char *argv[7];
    tfd_child_spec spec = {
        .env = request->wants_gpu ? gpu_env : env, .output_max = OUTPUT_MAX, .data_max = DATA_MAX};

    argv[0] = tfd_arena_z(arena, request->python);
    argv[1] = "-c";
    argv[2] = (const char *)tfd_import_child_py;
    argv[3] = tfd_arena_z(arena, request->module.len ? request->module : TFD_STR("tensorflow"));
    argv[4] = tfd_arena_z(arena, find_script_folder(sys, arena, request->script));
    argv[5] = request->wants_gpu ? "gpu" : NULL;
    argv[6] = NULL;
    if (!argv[0] || !argv[3] || !argv[4])
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    spec.argv = argv;
    spec.deadline_ms = request->timeout_ms;
    spec.scratch = "TFDIAG_SCRATCH";
    spec.data_fd_env = "TFDIAG_DATA";
    return sys->child_start(sys, &spec, out, err);
}

tfd_status tfd_import_start(const tfd_sys *sys, tfd_arena *arena, const tfd_import_request *request,
                            tfd_import_run **out, tfd_err *err)
{
    tfd_import_run *run;
    tfd_status st;

    if (!sys->child_start)
        return tfd_err_set(err, TFD_EUNSUPPORTED, 0, "nothing can be run on this machine");
    run = tfd_arena_new(arena, tfd_import_run, 1);
    if (!run)
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    run->sys = sys;
    st = start_child(sys, arena, request, &run->child, err);
    if (st == TFD_OK)
        *out = run;
    return st;
}

bool tfd_import_poll(tfd_import_run *run, uint64_t wait_us)
{
    return tfd_child_poll(run->child, wait_us);
}

static tfd_str mask_text(tfd_arena *arena, tfd_str text, const tfd_secrets *secrets)
{
    tfd_buf masked;
    tfd_str out;

    tfd_buf_init(&masked, MASKED_MAX);
    tfd_mask_add(&masked, text, TFD_MASK_ALL, secrets);
    out = tfd_buf_to_arena(&masked, arena);
    tfd_buf_done(&masked);
    return out;
}

static void mask_variables(tfd_arena *arena, const tfd_secrets *secrets, tfd_import *out)
{
    for (size_t i = 0; i < out->variables.count; i++) {
        tfd_import_variable *one = &out->variables.items[i];

        one->value =
            tfd_mask_is_secret_name(one->name) ? TFD_STR("***") : mask_text(arena, one->value, secrets);
    }
}

static tfd_status copy_output(const tfd_sys *sys, tfd_arena *arena, const tfd_child_result *result,
                              tfd_import *out)
{
    tfd_secrets secrets = {0};
    size_t count;
    const tfd_str *environment = sys->environ_all(sys, &count);

    if (!tfd_secrets_read(environment, count, arena, &secrets))
        return TFD_ENOMEM;
    mask_variables(arena, &secrets, out);
    out->out = mask_text(arena, result->out, &secrets);
    out->err = mask_text(arena, result->err, &secrets);
    return out->out.ptr && out->err.ptr ? TFD_OK : TFD_ENOMEM;
}

/* "Could not load dynamic library 'libcudnn.so.9'; dlerror: …" of TensorFlow's dso_loader.cc. */
static tfd_status read_missing(tfd_arena *arena, tfd_str err, tfd_gpu_trial *gpu)
{
    static const char words[] = "Could not load dynamic library '";
    size_t at;

    while ((at = tfd_str_find_z(err, words)) != TFD_NPOS) {
        tfd_str name;
        bool known = false;

        (void)tfd_str_cut(tfd_str_from(err, at + sizeof words - 1), '\'', &name, &err);
        for (size_t i = 0; i < gpu->missing.count; i++)
            known |= tfd_str_eq(gpu->missing.items[i], name);
        if (known || name.len > 200 || gpu->missing.count == 64)
            continue;
        if (!TFD_GROW(arena, &gpu->missing))
            return TFD_ENOMEM;
        gpu->missing.items[gpu->missing.count++] = name;
    }
    return TFD_OK;
}

/* What ended a process that had imported everything belongs to its GPUs. */
static void separate_gpu(const tfd_child_result *result, tfd_import *out)
{
    if (out->stage != TFD_STAGE_DONE || !out->gpu.asked)
        return;
    out->gpu.ended_by = out->signal;
    out->gpu.timed_out = out->timed_out;
    out->gpu.exit_code = result->end == TFD_CHILD_EXITED ? result->code : 0;
    out->signal = 0;
    out->timed_out = false;
    out->exit_code = 0;
}

/* A stop by the user tells nothing; whatever else did not come to the last stage has failed. */
static tfd_import_status status_of(const tfd_child_result *result, const tfd_import *import)
{
    if (import->stage == TFD_STAGE_DONE)
        return import->is_namespace ? TFD_IMPORT_FAILS : TFD_IMPORT_OK;
    return result->end == TFD_CHILD_STOPPED ? TFD_IMPORT_UNKNOWN : TFD_IMPORT_FAILS;
}

tfd_status tfd_import_finish(tfd_import_run *run, tfd_arena *arena, tfd_import *out)
{
    const tfd_child_result *result;
    tfd_status st;

    tfd_child_stop(run->child);
    result = tfd_child_get_result(run->child);
    memset(out, 0, sizeof *out);
    out->ran = true;
    out->stage = TFD_STAGE_START;
    out->exit_code = result->end == TFD_CHILD_NO_START ? -1 : result->code;
    out->signal = result->end == TFD_CHILD_SIGNALED ? result->signal : 0; /* not one that we sent */
    out->timed_out = result->end == TFD_CHILD_TIMEOUT;
    out->flooded = result->end == TFD_CHILD_FLOODED;
    out->start_error = result->os_code;
    out->wall_us = result->wall_us;
    out->peak_bytes = result->peak_bytes;
    st = tfd_import_read(arena, result->data, out);
    if (st == TFD_OK)
        st = tfd_import_keep_changed(run->sys, arena, out);
    if (st == TFD_OK)
        st = copy_output(run->sys, arena, result, out);
    if (st == TFD_OK)
        st = read_missing(arena, out->err, &out->gpu);
    separate_gpu(result, out);
    out->status = status_of(result, out);
    return st;
}

void tfd_import_free(tfd_import_run *run)
{
    if (!run)
        return;
    tfd_child_free(run->child);
    run->child = NULL;
}
