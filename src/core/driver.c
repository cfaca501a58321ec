#include "core/driver.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "sys/child.h"

#define DATA_MAX ((size_t)256 << 10)
#define DEVICES_MAX 256u

/* The source of driver_child.py, NUL-ended. */
extern const unsigned char tfd_driver_child_py[];
extern const size_t tfd_driver_child_py_len;

#define POLL_US 100000u

struct tfd_driver_run {
    const tfd_sys *sys;
    tfd_child *child;
};

tfd_status tfd_driver_start(const tfd_sys *sys, tfd_arena *arena, tfd_str python, tfd_driver_run **out,
                            tfd_err *err)
{
    const char *argv[7] = {tfd_arena_z(arena, python),        "-I", "-B", "-S", "-c",
                           (const char *)tfd_driver_child_py, NULL};
    tfd_child_spec spec = {.argv = argv, .deadline_ms = TFD_DRIVER_DEADLINE_MS, .data_max = DATA_MAX};
    tfd_driver_run *run = tfd_arena_new(arena, tfd_driver_run, 1);
    tfd_status st;

    if (!sys->child_start || sys->style == TFD_PATH_WINDOWS) /* the child knows the names of Linux */
        return tfd_err_set(err, TFD_EUNSUPPORTED, 0, "nothing can be run on this machine");
    if (!run || !argv[0])
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    run->sys = sys;
    spec.scratch = "CUDA_CACHE_PATH"; /* the driver's cache of compiled kernels is the user's */
    spec.data_fd_env = "TFDIAG_DATA";
    st = sys->child_start(sys, &spec, &run->child, err);
    if (st == TFD_OK)
        *out = run;
    return st;
}

/* ---- what it sent */

typedef struct reader {
    tfd_arena *arena;
    tfd_driver_answer *out;
    bool no_memory;
} reader;

static int number_at(const cJSON *row, int index)
{
    const cJSON *item = cJSON_GetArrayItem(row, index);

    return cJSON_IsNumber(item) ? item->valueint : -1;
}

static tfd_str text_at(reader *in, const cJSON *row, int index)
{
    const cJSON *item = cJSON_GetArrayItem(row, index);
    tfd_str text = TFD_STR("");

    if (!cJSON_IsString(item))
        return text;
    text = tfd_arena_str(in->arena, tfd_str_of(item->valuestring));
    in->no_memory = in->no_memory || !text.ptr;
    return text;
}

static void read_nvml_open(reader *in, const cJSON *row)
{
    in->out->nvml_error = text_at(in, row, 1);
}

static void read_nvml_init(reader *in, const cJSON *row)
{
    in->out->has_nvml = true;
    in->out->nvml = number_at(row, 1);
}

static void read_nvml(reader *in, const cJSON *row)
{
    in->out->driver = text_at(in, row, 1);
    in->out->nvml_count = number_at(row, 2);
}

/* name, compute capability (two numbers), MiB in all and free, compute mode, processes, MIG, its instances */
static void read_nvml_device(reader *in, const cJSON *row)
{
    tfd_gpu_answer *one;

    if (in->out->nvml_devices.count == DEVICES_MAX)
        return;
    if (!TFD_GROW(in->arena, &in->out->nvml_devices)) {
        in->no_memory = true;
        return;
    }
    one = &in->out->nvml_devices.items[in->out->nvml_devices.count++];
    *one =
        (tfd_gpu_answer){.name = text_at(in, row, 1), .major = number_at(row, 2), .minor = number_at(row, 3)};
    one->has_memory = number_at(row, 4) >= 0 && number_at(row, 5) >= 0;
    one->total_mib = one->has_memory ? (uint64_t)number_at(row, 4) : 0;
    one->free_mib = one->has_memory ? (uint64_t)number_at(row, 5) : 0;
    one->compute_mode = number_at(row, 6);
    one->processes = number_at(row, 7);
    one->mig = number_at(row, 8);
    one->mig_instances = number_at(row, 9);
}

static void read_cuda_open(reader *in, const cJSON *row)
{
    in->out->cuda_error = text_at(in, row, 1);
    in->out->cuda_path = text_at(in, row, 2);
}

static void read_cuda_version(reader *in, const cJSON *row)
{
    in->out->cuda_version = number_at(row, 1);
}

static void read_cuda_init(reader *in, const cJSON *row)
{
    in->out->has_init = true;
    in->out->init = number_at(row, 1);
    in->out->init_name = text_at(in, row, 2);
}

static void read_cuda(reader *in, const cJSON *row)
{
    in->out->count = number_at(row, 1);
    in->out->can_compute = number_at(row, 2) == 1;
}

static void read_cuda_device(reader *in, const cJSON *row)
{
    tfd_gpu_answer *one;

    if (in->out->devices.count == DEVICES_MAX)
        return;
    if (!TFD_GROW(in->arena, &in->out->devices)) {
        in->no_memory = true;
        return;
    }
    one = &in->out->devices.items[in->out->devices.count++];
    *one =
        (tfd_gpu_answer){.name = text_at(in, row, 1), .major = number_at(row, 2), .minor = number_at(row, 3)};
    one->compute_mode = number_at(row, 4);
    one->processes = one->mig = one->mig_instances = -1;
}

static void read_end(reader *in, const cJSON *row)
{
    (void)row;
    in->out->devices.complete = true;
    in->out->nvml_devices.complete = true;
}

/* An interpreter may send anything: a line that nests is none of ours. */
static bool is_flat(tfd_str line)
{
    return tfd_str_starts_z(line, "[") && tfd_str_find_char(tfd_str_from(line, 1), '[') == TFD_NPOS &&
           tfd_str_find_char(line, '{') == TFD_NPOS;
}

static void read_line(reader *in, tfd_str line)
{
    static const struct {
        const char *name;
        void (*read)(reader *in, const cJSON *row);
    } kinds[] = {
        {"nvml-open", read_nvml_open},
        {"nvml-init", read_nvml_init},
        {"nvml", read_nvml},
        {"nvml-device", read_nvml_device},
        {"cuda-open", read_cuda_open},
        {"cuda-version", read_cuda_version},
        {"cuda-init", read_cuda_init},
        {"cuda", read_cuda},
        {"cuda-device", read_cuda_device},
        {"end", read_end},
    };
    cJSON *row = cJSON_ParseWithLength(line.ptr, line.len);
    const char *kind = cJSON_IsArray(row) ? cJSON_GetStringValue(cJSON_GetArrayItem(row, 0)) : NULL;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kind && strcmp(kind, kinds[i].name) == 0) {
            in->out->ran = true;
            kinds[i].read(in, row);
        }
    }
    cJSON_Delete(row);
}

tfd_status tfd_driver_read(tfd_arena *arena, tfd_str data, tfd_driver_answer *out)
{
    reader in = {arena, out, false};
    tfd_str line;

    memset(out, 0, sizeof *out);
    out->count = out->nvml_count = -1;
    while (tfd_str_line(&data, &line) && !in.no_memory)
        if (is_flat(line))
            read_line(&in, line);
    return in.no_memory ? TFD_ENOMEM : TFD_OK;
}

tfd_status tfd_driver_finish(tfd_driver_run *run, tfd_arena *arena, tfd_driver_answer *out)
{
    const tfd_child_result *result;
    tfd_status st;

    while (!tfd_child_poll(run->child, POLL_US) && run->sys->interrupted(run->sys) == 0)
        continue;
    tfd_child_stop(run->child);
    result = tfd_child_get_result(run->child);
    st = tfd_driver_read(arena, result->data, out);
    out->timed_out = result->end == TFD_CHILD_TIMEOUT;
    if (!out->ran)
        out->why = TFD_STR("the interpreter could not ask the driver (no ctypes, or it does not start)");
    return st;
}

tfd_status tfd_driver_recall(const tfd_sys *sys, tfd_arena *arena, tfd_driver_answer *out)
{
    tfd_str text;

    if (tfd_sys_read_file(sys, arena, TFD_STR(TFD_DRIVER_RECORD), DATA_MAX, &text, NULL) != TFD_OK)
        return TFD_OK;
    return tfd_driver_read(arena, text, out);
}

void tfd_driver_free(tfd_driver_run *run)
{
    if (!run)
        return;
    tfd_child_free(run->child);
    run->child = NULL;
}
