#include "core/import.h"

#include <cjson/cJSON.h>
#include <string.h>

/* What one report may hold; import_child.py sends less. */
#define LINE_MAX_BYTES ((size_t)2 << 20)
#define DEPTH_MAX 8
#define EXCEPTIONS_MAX 64
#define FRAMES_MAX 400
#define ROWS_MAX 8000
#define VARIABLES_MAX 1000

typedef struct reader {
    tfd_arena *arena;
    tfd_import *out;
    size_t exception_capacity;
    size_t fatal_capacity;
    bool no_memory;
} reader;

/* ---- JSON values; a value of another type than expected counts as not given */

static tfd_str get_text(reader *in, const cJSON *value)
{
    tfd_str text = {NULL, 0};

    if (!cJSON_IsString(value))
        return text;
    text = tfd_arena_str(in->arena, tfd_str_of(value->valuestring));
    if (!text.ptr)
        in->no_memory = true;
    return text;
}

static int get_int(const cJSON *value)
{
    return cJSON_IsNumber(value) ? value->valueint : 0;
}

/* cJSON descends once for each level of nesting, so hostile depth is refused before it sees the line. */
static bool is_shallow(tfd_str line)
{
    int depth = 0;
    bool in_text = false;

    for (size_t i = 0; i < line.len; i++) {
        char c = line.ptr[i];

        if (in_text && c == '\\')
            i++;
        else if (c == '"')
            in_text = !in_text;
        else if (!in_text && (c == '[' || c == '{') && ++depth > DEPTH_MAX)
            return false;
        else if (!in_text && (c == ']' || c == '}'))
            depth--;
    }
    return true;
}

static void add_text(reader *in, tfd_strs *list, const cJSON *value)
{
    if (list->count >= ROWS_MAX || in->no_memory)
        return;
    if (!TFD_GROW(in->arena, list)) {
        in->no_memory = true;
        return;
    }
    list->items[list->count++] = get_text(in, value);
}

/* ---- the lines, by their first element */

/* ["hello", [3, 12, 1], implementation, executable, prefix, base prefix, extension suffix, sys.path] */
static void read_hello(reader *in, const cJSON *value)
{
    tfd_import *out = in->out;
    const cJSON *part = cJSON_GetArrayItem(value, 1);
    const cJSON *item;

    if (out->version.len)
        return; /* the first one counts */
    out->version = tfd_arena_fmt(in->arena, "%d.%d.%d", get_int(cJSON_GetArrayItem(part, 0)),
                                 get_int(cJSON_GetArrayItem(part, 1)), get_int(cJSON_GetArrayItem(part, 2)));
    out->implementation = get_text(in, cJSON_GetArrayItem(value, 2));
    out->executable = get_text(in, cJSON_GetArrayItem(value, 3));
    out->prefix = get_text(in, cJSON_GetArrayItem(value, 4));
    out->base_prefix = get_text(in, cJSON_GetArrayItem(value, 5));
    out->suffix = get_text(in, cJSON_GetArrayItem(value, 6));
    cJSON_ArrayForEach(item, cJSON_GetArrayItem(value, 7)) add_text(in, &out->sys_path, item);
    out->sys_path.complete = true;
    out->stage = TFD_STAGE_IMPORT;
}

/* ["stage", "import" | "use" | "done"]; stages only go forward. */
static void read_stage(reader *in, const cJSON *value)
{
    const cJSON *name = cJSON_GetArrayItem(value, 1);
    tfd_import_stage stage = TFD_STAGE_NONE;

    if (!cJSON_IsString(name))
        return;
    if (strcmp(name->valuestring, "import") == 0)
        stage = TFD_STAGE_IMPORT;
    else if (strcmp(name->valuestring, "use") == 0)
        stage = TFD_STAGE_USE;
    else if (strcmp(name->valuestring, "done") == 0)
        stage = TFD_STAGE_DONE;
    if (stage > in->out->stage)
        in->out->stage = stage;
}

/* ["module", file, is a namespace package, version] */
static void read_module(reader *in, const cJSON *value)
{
    in->out->module_file = get_text(in, cJSON_GetArrayItem(value, 1));
    in->out->is_namespace = cJSON_IsTrue(cJSON_GetArrayItem(value, 2));
    in->out->module_version = get_text(in, cJSON_GetArrayItem(value, 3));
}

/* [[file, line, function], …], outermost first */
static void read_frames(reader *in, const cJSON *value, tfd_exception *out)
{
    int count = cJSON_GetArraySize(value);
    const cJSON *item;

    if (count <= 0)
        return;
    out->frames =
        tfd_arena_new(in->arena, tfd_frame, (size_t)count < FRAMES_MAX ? (size_t)count : FRAMES_MAX);
    if (!out->frames) {
        in->no_memory = true;
        return;
    }
    cJSON_ArrayForEach(item, value)
    {
        tfd_frame *frame = &out->frames[out->frame_count];

        if (out->frame_count == FRAMES_MAX)
            break;
        frame->file = get_text(in, cJSON_GetArrayItem(item, 0));
        frame->line = get_int(cJSON_GetArrayItem(item, 1));
        frame->function = get_text(in, cJSON_GetArrayItem(item, 2));
        out->frame_count++;
    }
}

/* ["exception", is context, type, its module, message, name, path, object, its file, errno, file name, line,
 * frames, error number of Windows] */
static void read_exception(reader *in, const cJSON *value)
{
    tfd_import *out = in->out;
    tfd_exception *one;

    if (out->exception_count >= EXCEPTIONS_MAX || !cJSON_IsString(cJSON_GetArrayItem(value, 2)))
        return;
    if (!tfd_arena_grow(in->arena, &out->exceptions, &in->exception_capacity, out->exception_count,
                        sizeof *out->exceptions)) {
        in->no_memory = true;
        return;
    }
    one = &out->exceptions[out->exception_count++];
    memset(one, 0, sizeof *one);
    one->is_context = cJSON_IsTrue(cJSON_GetArrayItem(value, 1));
    one->type = get_text(in, cJSON_GetArrayItem(value, 2));
    one->module = get_text(in, cJSON_GetArrayItem(value, 3));
    one->message = get_text(in, cJSON_GetArrayItem(value, 4));
    one->name = get_text(in, cJSON_GetArrayItem(value, 5));
    one->path = get_text(in, cJSON_GetArrayItem(value, 6));
    one->object = get_text(in, cJSON_GetArrayItem(value, 7));
    one->object_file = get_text(in, cJSON_GetArrayItem(value, 8));
    one->os_code = get_int(cJSON_GetArrayItem(value, 9));
    one->filename = get_text(in, cJSON_GetArrayItem(value, 10));
    one->line = get_int(cJSON_GetArrayItem(value, 11));
    read_frames(in, cJSON_GetArrayItem(value, 12), one);
    one->winerror = get_int(cJSON_GetArrayItem(value, 13));
}

/* ["variables", [name, value], …]: all of them */
static void read_variables(reader *in, const cJSON *value)
{
    tfd_import *out = in->out;
    const cJSON *item;

    cJSON_ArrayForEach(item, value)
    {
        tfd_import_variable *one;

        if (!cJSON_IsArray(item) || !cJSON_IsString(cJSON_GetArrayItem(item, 0)))
            continue;
        if (out->variables.count >= VARIABLES_MAX)
            return; /* not complete: nothing is concluded from them */
        if (!TFD_GROW(in->arena, &out->variables)) {
            in->no_memory = true;
            return;
        }
        one = &out->variables.items[out->variables.count++];
        one->name = get_text(in, cJSON_GetArrayItem(item, 0));
        one->value = get_text(in, cJSON_GetArrayItem(item, 1));
        one->is_set = true;
    }
    out->variables.complete = true;
}

/* ["modules", [name, file, is a namespace package], …] */
static void read_modules(reader *in, const cJSON *value)
{
    tfd_import *out = in->out;
    const cJSON *item;

    cJSON_ArrayForEach(item, value)
    {
        tfd_loaded_module *one;

        if (!cJSON_IsArray(item))
            continue;
        if (out->modules.count >= ROWS_MAX)
            return;
        if (!TFD_GROW(in->arena, &out->modules)) {
            in->no_memory = true;
            return;
        }
        one = &out->modules.items[out->modules.count++];
        one->name = get_text(in, cJSON_GetArrayItem(item, 0));
        one->file = get_text(in, cJSON_GetArrayItem(item, 1));
        one->is_namespace = cJSON_IsTrue(cJSON_GetArrayItem(item, 2));
    }
    out->modules.complete = true;
}

/* ["libraries", path, …] */
static void read_libraries(reader *in, const cJSON *value)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, value)
    {
        if (item != value->child)
            add_text(in, &in->out->libraries, item);
    }
    in->out->libraries.complete = true;
}

/* ["gpu", "build", CUDA, ROCm], ["gpu", "list", [name, …]], ["gpu", "list-error", text], ["gpu", "step",
 * name, device], ["gpu", "computed"], ["gpu", "error", text], ["gpu", "skipped", why] */
static void read_gpu(reader *in, const cJSON *value)
{
    tfd_gpu_trial *gpu = &in->out->gpu;
    const cJSON *kind = cJSON_GetArrayItem(value, 1);
    const cJSON *first = cJSON_GetArrayItem(value, 2);
    tfd_str what = cJSON_IsString(kind) ? tfd_str_of(kind->valuestring) : TFD_STR("");
    const cJSON *item;

    gpu->asked = true;
    if (tfd_str_is(what, "build")) {
        gpu->is_cuda = cJSON_IsTrue(first);
        gpu->is_rocm = cJSON_IsTrue(cJSON_GetArrayItem(value, 3));
    } else if (tfd_str_is(what, "list") && cJSON_IsArray(first)) {
        gpu->listed = true;
        cJSON_ArrayForEach(item, first) add_text(in, &gpu->names, item);
    } else if (tfd_str_is(what, "list-error")) {
        gpu->list_error = get_text(in, first);
    } else if (tfd_str_is(what, "step")) {
        gpu->compute_began = true;
        gpu->compute_step = get_text(in, first);
    } else if (tfd_str_is(what, "computed")) {
        gpu->computed = gpu->compute_began;
    } else if (tfd_str_is(what, "error")) {
        gpu->compute_error = get_text(in, first);
    } else if (tfd_str_is(what, "skipped")) {
        gpu->compute_skipped = get_text(in, first);
    }
}

static void read_json(reader *in, tfd_str line)
{
    static const struct {
        const char *name;
        void (*read)(reader *in, const cJSON *value);
    } kinds[] = {
        {"hello", read_hello},     {"stage", read_stage},
        {"module", read_module},   {"exception", read_exception},
        {"modules", read_modules}, {"libraries", read_libraries},
        {"gpu", read_gpu},         {"variables", read_variables},
    };
    cJSON *value;
    const char *kind;

    if (line.len > LINE_MAX_BYTES || !is_shallow(line))
        return;
    value = cJSON_ParseWithLength(line.ptr, line.len);
    kind = cJSON_IsArray(value) ? cJSON_GetStringValue(cJSON_GetArrayItem(value, 0)) : NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kind && strcmp(kind, kinds[i].name) == 0)
            kinds[i].read(in, value);
    cJSON_Delete(value);
}

/* '  File "/x/y.py", line 12 in <module>', innermost first (Python/traceback.c, dump_frame). */
static void read_fatal(reader *in, tfd_str line)
{
    tfd_import *out = in->out;
    tfd_str rest = tfd_str_from(line, sizeof "  File \"" - 1);
    size_t end = tfd_str_find_z(rest, "\", line ");
    tfd_str number;
    tfd_str function;
    uint64_t n;

    if (end == TFD_NPOS || out->fatal_count >= FRAMES_MAX)
        return;
    (void)tfd_str_cut(tfd_str_from(rest, end + sizeof "\", line " - 1), ' ', &number, &function);
    if (!tfd_str_u64(number, &n) || n > INT32_MAX || !tfd_str_starts_z(function, "in "))
        return;
    if (!tfd_arena_grow(in->arena, &out->fatal, &in->fatal_capacity, out->fatal_count, sizeof *out->fatal)) {
        in->no_memory = true;
        return;
    }
    out->fatal[out->fatal_count].file = tfd_arena_str(in->arena, tfd_str_sub(rest, 0, end));
    out->fatal[out->fatal_count].line = (int)n;
    out->fatal[out->fatal_count].function = tfd_arena_str(in->arena, tfd_str_from(function, 3));
    out->fatal_count++;
}

/* "Windows fatal exception: access violation", "… code 0xc000001d" (Modules/faulthandler.c): also where the
 * loader catches it afterwards, and all that Python says is that the set-up of a DLL failed. The frames that
 * follow are those of the last one. */
static void read_fatal_code(reader *in, tfd_str line)
{
    static const struct {
        const char *words;
        uint32_t code;
    } known[] = {{"access violation", 0xC0000005u}, {"float divide by zero", 0xC000008Eu},
                 {"float overflow", 0xC0000091u},   {"int divide by zero", 0xC0000094u},
                 {"integer overflow", 0xC0000095u}, {"page error", 0xC0000006u},
                 {"stack overflow", 0xC00000FDu}};
    tfd_str what = tfd_str_from(line, sizeof "Windows fatal exception: " - 1);
    uint64_t code = 0;

    in->out->fatal_count = 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (tfd_str_is(what, known[i].words))
            code = known[i].code;
    if (tfd_str_starts_z(what, "code 0x") && what.len <= 15)
        for (size_t i = 7; i < what.len; i++) {
            char c = tfd_char_lower(what.ptr[i]);

            if (tfd_char_is_digit(c) || (c >= 'a' && c <= 'f'))
                code = code << 4 | (uint64_t)(tfd_char_is_digit(c) ? c - '0' : c - 'a' + 10);
        }
    if (code != 0)
        in->out->fatal_code = (uint32_t)code;
}

tfd_status tfd_import_read(tfd_arena *arena, tfd_str data, tfd_import *out)
{
    reader in = {.arena = arena, .out = out};
    tfd_str line;

    while (tfd_str_line(&data, &line) && !in.no_memory) {
        if (tfd_str_starts_z(line, "["))
            read_json(&in, line);
        else if (tfd_str_starts_z(line, "Windows fatal exception: "))
            read_fatal_code(&in, line);
        else if (tfd_str_starts_z(line, "  File \""))
            read_fatal(&in, line);
    }
    return in.no_memory ? TFD_ENOMEM : TFD_OK;
}
