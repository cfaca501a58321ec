#include "core/dll_trial.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "core/import.h"
#include "sys/child.h"

#define PLAN_MAX 400u
#define REACH_MAX 4096u
#define COMMAND_MAX 24000u /* bytes of paths: a command line of Windows ends at 32,767 characters */
#define DATA_MAX ((size_t)256 << 10)
#define POLL_US 100000u

/* LoadLibraryExW as Python/dynload_win.c calls it: LOAD_LIBRARY_SEARCH_DEFAULT_DIRS and _DLL_LOAD_DIR since
 * 3.8, LOAD_WITH_ALTERED_SEARCH_PATH before. */
#define FLAGS_38 "4352"
#define FLAGS_37 "8"

/* The source of dll_trial.py, NUL-ended. */
extern const unsigned char tfd_dll_trial_py[];
extern const size_t tfd_dll_trial_py_len;

/* ---- what to load */

static bool is_windows(const tfd_facts *facts)
{
    return facts->system && facts->system->os == TFD_OS_WINDOWS;
}

/* The extension module that an exception is about; empty: none. */
static tfd_str failed_module(const tfd_import *import)
{
    for (size_t i = import->exception_count; i > 0; i--)
        if (tfd_path_ends(TFD_PATH_WINDOWS, import->exceptions[i - 1].path, ".pyd"))
            return import->exceptions[i - 1].path;
    return TFD_STR("");
}

/* The process died, or TensorFlow's own words stand for the error: then it is the library that everything
 * else of TensorFlow hangs on. */
static size_t find_start(const tfd_facts *facts)
{
    tfd_str path = failed_module(&facts->import);

    for (size_t i = 0; i < facts->objects.count; i++)
        if (path.len > 0 ? tfd_path_eq(TFD_PATH_WINDOWS, facts->objects.items[i].path, path)
                         : tfd_path_ends(TFD_PATH_WINDOWS, facts->objects.items[i].path,
                                         "/_pywrap_tensorflow_internal.pyd"))
            return i;
    return TFD_NONE;
}

bool tfd_dll_trial_is_wanted(const tfd_facts *facts)
{
    const tfd_import *import = &facts->import;

    if (!is_windows(facts) || !import->ran || import->status != TFD_IMPORT_FAILS || import->timed_out ||
        import->stage != TFD_STAGE_IMPORT)
        return false;
    if (import->exception_count == 0)
        return import->exit_code < 0; /* an NTSTATUS */
    if (failed_module(import).len > 0)
        return true;
    for (size_t i = 0; i < import->exception_count; i++)
        if (tfd_str_find_z(import->exceptions[i].message, "DLL") != TFD_NPOS)
            return true;
    return false;
}

static bool is_worth_loading(const tfd_facts *facts, const tfd_object *object)
{
    tfd_str name = tfd_path_base(TFD_PATH_WINDOWS, object->path);

    if (!object->is_system)
        return true;
    for (size_t i = 0; i < facts->runtimes.count; i++)
        if (tfd_str_eq_nocase(facts->runtimes.items[i].name, name))
            return true;
    return false;
}

typedef struct walk {
    size_t object;
    size_t next; /* resolution to look at next */
} walk;

/* Depth first, what is needed before what needs it; an explicit stack, since files may name each other. */
tfd_status tfd_dll_trial_plan(const tfd_facts *facts, tfd_arena *arena, tfd_strs *out)
{
    size_t start = find_start(facts);
    bool *seen = tfd_arena_new(arena, bool, facts->objects.count + 1);
    walk *stack = tfd_arena_new(arena, walk, REACH_MAX);
    size_t depth = 0;
    size_t bytes = 0;

    if (!seen || !stack)
        return TFD_ENOMEM;
    if (start == TFD_NONE)
        return TFD_OK;
    stack[depth++] = (walk){start, 0};
    seen[start] = true;
    while (depth > 0) {
        walk *top = &stack[depth - 1];
        const tfd_object *object = &facts->objects.items[top->object];
        const tfd_resolution *one;

        if (top->next < facts->resolutions.count) {
            one = &facts->resolutions.items[top->next++];
            if (one->object == top->object && one->hit < facts->objects.count && !one->is_delayed &&
                !seen[one->hit] && depth < REACH_MAX) {
                seen[one->hit] = true;
                stack[depth++] = (walk){one->hit, 0};
            }
            continue;
        }
        depth--;
        bytes += object->path.len + 3;
        if (!is_worth_loading(facts, object) || out->count == PLAN_MAX || bytes > COMMAND_MAX)
            continue;
        if (!TFD_GROW(arena, out))
            return TFD_ENOMEM;
        out->items[out->count++] = object->path;
    }
    out->complete = true;
    return TFD_OK;
}

/* ---- what came of it */

static tfd_dll_step *step_of(const cJSON *row, tfd_dll_trial *out)
{
    const cJSON *index = cJSON_GetArrayItem(row, 1);

    if (!cJSON_IsNumber(index) || index->valueint < 0 || (size_t)index->valueint >= out->count)
        return NULL;
    return &out->items[index->valueint];
}

static void read_row(const cJSON *row, tfd_dll_trial *out)
{
    const char *kind = cJSON_GetStringValue(cJSON_GetArrayItem(row, 0));
    const cJSON *code = cJSON_GetArrayItem(row, 2);
    tfd_dll_step *step = step_of(row, out);

    if (kind && strcmp(kind, "unavailable") == 0)
        out->why = TFD_STR("this Python has no ctypes that works");
    if (!kind || !step)
        return;
    if (strcmp(kind, "try") == 0) {
        step->state = TFD_STEP_DIED; /* unless its end is told */
    } else if (strcmp(kind, "done") == 0 && cJSON_IsNumber(code)) {
        step->state = code->valueint == 0 ? TFD_STEP_LOADED : TFD_STEP_FAILED;
        step->code = code->valueint;
    }
}

/* faulthandler's words belong to the file that was being loaded. */
static tfd_status read_fault(tfd_arena *arena, tfd_str line, tfd_dll_trial *out)
{
    tfd_import import = {0};
    tfd_status st = tfd_import_read(arena, line, &import);

    for (size_t i = out->count; i > 0; i--)
        if (out->items[i - 1].state != TFD_STEP_NOT_TRIED) {
            out->items[i - 1].fault = import.fatal_code;
            break;
        }
    return st;
}

tfd_status tfd_dll_trial_read(tfd_arena *arena, tfd_str data, const tfd_strs *plan, tfd_dll_trial *out)
{
    tfd_status st = TFD_OK;
    tfd_str line;

    memset(out, 0, sizeof *out);
    out->items = tfd_arena_new(arena, tfd_dll_step, plan->count + 1);
    if (!out->items)
        return TFD_ENOMEM;
    out->count = plan->count;
    for (size_t i = 0; i < plan->count; i++)
        out->items[i].path = plan->items[i];
    while (st == TFD_OK && tfd_str_line(&data, &line)) {
        if (tfd_str_starts_z(line, "[") && line.len < 200) {
            cJSON *row = cJSON_ParseWithLength(line.ptr, line.len);

            read_row(row, out);
            cJSON_Delete(row);
        } else if (tfd_str_starts_z(line, "Windows fatal exception: ")) {
            st = read_fault(arena, line, out);
        }
    }
    return st;
}

/* ---- running */

static tfd_status start(const tfd_sys *sys, tfd_arena *arena, const tfd_facts *facts, const tfd_strs *plan,
                        tfd_child **out, tfd_err *err)
{
    const char **argv = tfd_arena_new(arena, const char *, plan->count + 8);
    tfd_child_spec spec = {.deadline_ms = TFD_DLL_TRIAL_DEADLINE_MS, .data_max = DATA_MAX};
    size_t count = 0;

    if (!argv)
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    argv[count++] = tfd_arena_z(arena, facts->python.path);
    argv[count++] = "-I"; /* which does not hear PYTHONDONTWRITEBYTECODE: */
    argv[count++] = "-B";
    argv[count++] = "-S";
    argv[count++] = "-c";
    argv[count++] = (const char *)tfd_dll_trial_py;
    argv[count++] = facts->python.minor >= 8 ? FLAGS_38 : FLAGS_37;
    for (size_t i = 0; i < plan->count; i++)
        argv[count++] = tfd_arena_z(arena, plan->items[i]);
    for (size_t i = 0; i < count; i++)
        if (!argv[i])
            return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    spec.argv = argv;
    spec.data_fd_env = "TFDIAG_DATA";
    return sys->child_start(sys, &spec, out, err);
}

tfd_status tfd_dll_trial_run(const tfd_sys *sys, tfd_arena *arena, tfd_facts *facts, tfd_err *err)
{
    tfd_strs plan = {0};
    tfd_child *child = NULL;
    const tfd_child_result *result;
    tfd_status st;

    if (!sys->child_start)
        return tfd_err_set(err, TFD_EUNSUPPORTED, 0, "nothing can be run on this machine");
    st = tfd_dll_trial_plan(facts, arena, &plan);
    if (st != TFD_OK || plan.count == 0)
        return st;
    st = start(sys, arena, facts, &plan, &child, err);
    if (st != TFD_OK)
        return st;
    while (!tfd_child_poll(child, POLL_US))
        if (sys->interrupted && sys->interrupted(sys) != 0)
            break;
    tfd_child_stop(child);
    result = tfd_child_get_result(child);
    st = tfd_dll_trial_read(arena, result->data, &plan, &facts->import.dlls);
    facts->import.dlls.ran = result->end == TFD_CHILD_EXITED;
    facts->import.dlls.exit_code = result->code;
    tfd_child_free(child);
    return st;
}
