/* Settings that an import reads (keras.json), and those of pip that keep a repair from its place. */
#include "core/probe.h"
#include "net/settings.h"

#include <cjson/cJSON.h>

/* Keras writes some 120 bytes. */
#define KERAS_JSON_MAX ((size_t)64 << 10)

static bool is_one_of(const cJSON *value, const char *const *words)
{
    if (!cJSON_IsString(value))
        return false;
    for (; *words; words++)
        if (tfd_str_is(tfd_str_of(value->valuestring), *words))
            return true;
    return false;
}

/* What Keras refuses with an exception while it is imported (keras/src/backend/config.py, keras/backend.py of
 * Keras 2, and tensorflow/python/keras/backend.py). A file that is no JSON at all is ignored. NULL: nothing.
 */
static const char *find_fault(const cJSON *root)
{
    static const char *const floats[] = {"float16", "float32", "float64", "bfloat16", NULL};
    static const char *const formats[] = {"channels_last", "channels_first", NULL};
    const cJSON *floatx = cJSON_GetObjectItemCaseSensitive(root, "floatx");
    const cJSON *format = cJSON_GetObjectItemCaseSensitive(root, "image_data_format");

    if (!cJSON_IsObject(root))
        return "holds no JSON object";
    if (floatx && !is_one_of(floatx, floats))
        return "has a floatx that is no floating-point type";
    if (format && !is_one_of(format, formats))
        return "has an image_data_format that is neither channels_last nor channels_first";
    return NULL;
}

static void read_json(tfd_probe_ctx *ctx, tfd_str path, tfd_str text)
{
    static const char *const backends[] = {"tensorflow", "jax", "torch", "numpy", "openvino", NULL};
    cJSON *root = cJSON_ParseWithLength(text.ptr, text.len);
    const cJSON *backend;
    const char *fault;

    if (!root)
        return;
    fault = find_fault(root);
    if (fault)
        tfd_fact_set_text(ctx->facts, TFD_FACT_KERAS_JSON_FAULT, tfd_str_of(fault), path);
    backend = cJSON_GetObjectItemCaseSensitive(root, "backend");
    if (cJSON_IsString(backend))
        tfd_fact_set_text(ctx->facts, TFD_FACT_KERAS_JSON_BACKEND,
                          is_one_of(backend, backends)
                              ? tfd_arena_str(ctx->arena, tfd_str_of(backend->valuestring))
                              : TFD_STR("unknown"),
                          path);
    cJSON_Delete(root);
}

static void look_at_keras(tfd_probe_ctx *ctx)
{
    tfd_str folder;
    tfd_str path;
    tfd_str text;
    tfd_status status;

    if (!ctx->sys->env(ctx->sys, "KERAS_HOME", &folder) || folder.len == 0)
        folder = tfd_path_join(ctx->sys->style, ctx->arena, ctx->sys->home(ctx->sys), TFD_STR(".keras"));
    path = tfd_path_join(ctx->sys->style, ctx->arena, folder, TFD_STR("keras.json"));
    status = tfd_sys_read_file(ctx->sys, ctx->arena, path, KERAS_JSON_MAX, &text, NULL);
    /* Keras asks whether it is there, and opens it then. In a folder that may not be entered it is not there.
     */
    if (status == TFD_EACCESS && tfd_sys_is_file(ctx->sys, path)) {
        tfd_fact_set_text(ctx->facts, TFD_FACT_KERAS_JSON, path, path);
        tfd_fact_set_bool(ctx->facts, TFD_FACT_KERAS_JSON_READABLE, false, path);
        return;
    }
    if (status != TFD_OK) {
        tfd_fact_set_absent(ctx->facts, TFD_FACT_KERAS_JSON, path);
        return;
    }
    tfd_fact_set_text(ctx->facts, TFD_FACT_KERAS_JSON, path, path);
    tfd_fact_set_bool(ctx->facts, TFD_FACT_KERAS_JSON_READABLE, true, path);
    read_json(ctx, path, text);
}

static tfd_status run(tfd_probe_ctx *ctx, tfd_err *err)
{
    look_at_keras(ctx);
    if (tfd_net_pip_options(ctx->sys, ctx->arena, ctx->facts) != TFD_OK ||
        tfd_net_pip_log(ctx->sys, ctx->arena, ctx->facts) != TFD_OK)
        return tfd_err_set(err, TFD_ENOMEM, 0, "no memory for pip's settings");
    return TFD_OK;
}

const tfd_probe tfd_probe_settings = {
    .id = "settings",
    .summary = "Settings that the import and the installer read",
    .phase = TFD_PHASE_PACKAGES,
    .run = run,
};
