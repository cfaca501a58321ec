#include "kb/kb_gpu.h"

#include "formats/pep440.h"
#include "kb/kb_read.h"

/* One row of cuda.json that is a list of libraries and what it is for. */
typedef struct list_row {
    tfd_str key, folder;
    tfd_kb_strs libraries;
} list_row;

typedef struct pair_row {
    tfd_str key, first, second;
} pair_row;

typedef struct table {
    void *items;
    size_t count;
} table;

struct tfd_kb_gpu {
    table chips, names, architectures, needs, windows, generations, toolkits, floors, targets, errors, wheels,
        gaps, cudnns, files;
};

typedef void (*row_reader)(tfd_kb *kb, const cJSON *row, void *out);

static void read_table(tfd_kb *kb, const cJSON *root, const char *key, size_t size, row_reader read,
                       table *out)
{
    const cJSON *rows = tfd_kb_rows_get(kb, root, key, size, &out->items);
    const cJSON *row;

    cJSON_ArrayForEach(row, rows) read(kb, row, (char *)out->items + out->count++ * size);
}

static void read_chip(tfd_kb *kb, const cJSON *row, void *out)
{
    tfd_kb_chip *chip = out;

    chip->name = tfd_kb_text_get(kb, row, "chip");
    chip->architecture = tfd_kb_text_get(kb, row, "arch");
    chip->compute_capability = tfd_kb_text_get(kb, row, "cc");
    chip->ids = tfd_kb_text_get(kb, row, "ids");
}

static void read_name(tfd_kb *kb, const cJSON *row, void *out)
{
    list_row *one = out;

    one->key = tfd_kb_text_get(kb, row, "cc");
    one->libraries = tfd_kb_texts_get(kb, row, "names");
}

static void read_architecture(tfd_kb *kb, const cJSON *row, void *out)
{
    tfd_kb_architecture *one = out;

    one->name = tfd_kb_text_get(kb, row, "arch");
    one->last_branch = tfd_kb_text_get(kb, row, "last_branch");
    one->min_driver = tfd_kb_text_get(kb, row, "min_driver");
    one->origin = tfd_kb_origin_get(kb, row);
}

static void read_need(tfd_kb *kb, const cJSON *row, void *out)
{
    list_row *one = out;

    one->key = tfd_kb_text_get(kb, row, "tensorflow");
    one->libraries = tfd_kb_texts_get(kb, row, "libraries");
}

static void read_gap(tfd_kb *kb, const cJSON *row, void *out)
{
    list_row *one = out;

    one->key = tfd_kb_text_get(kb, row, "tensorflow");
    one->libraries = tfd_kb_texts_get(kb, row, "folders");
}

static void read_generation(tfd_kb *kb, const cJSON *row, void *out)
{
    list_row *one = out;

    one->key = tfd_kb_text_get(kb, row, "cuda");
    one->libraries = tfd_kb_texts_get(kb, row, "libraries");
}

static void read_wheel(tfd_kb *kb, const cJSON *row, void *out)
{
    list_row *one = out;

    one->key = tfd_kb_text_get(kb, row, "dist");
    one->folder = tfd_kb_text_get(kb, row, "folder");
    one->libraries = tfd_kb_texts_get(kb, row, "libraries");
}

static void read_cudnn_files(tfd_kb *kb, const cJSON *row, void *out)
{
    list_row *one = out;

    one->key = tfd_kb_text_get(kb, row, "major");
    one->libraries = tfd_kb_texts_get(kb, row, "libraries");
}

static void read_driver(tfd_kb *kb, const cJSON *row, void *out)
{
    pair_row *one = out;

    one->key = tfd_kb_text_get(kb, row, "cuda");
    one->first = tfd_kb_text_get(kb, row, "driver");
    one->second = tfd_kb_text_get(kb, row, "driver_windows");
}

static void read_target(tfd_kb *kb, const cJSON *row, void *out)
{
    pair_row *one = out;

    one->key = tfd_kb_text_get(kb, row, "cuda");
    one->first = tfd_kb_text_get(kb, row, "min_cc");
    one->second = tfd_kb_text_get(kb, row, "max_cc");
}

static void read_error(tfd_kb *kb, const cJSON *row, void *out)
{
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(row, "code");
    tfd_kb_driver_error *one = out;

    one->code = cJSON_IsNumber(code) ? code->valueint : -1;
    one->name = tfd_kb_text_get(kb, row, "name");
    one->text = tfd_kb_text_get(kb, row, "text");
    one->origin = tfd_kb_origin_get(kb, row);
}

static void read_cudnn(tfd_kb *kb, const cJSON *row, void *out)
{
    tfd_kb_cudnn *one = out;

    one->version = tfd_kb_text_get(kb, row, "version");
    one->min_cc = tfd_kb_text_get(kb, row, "min_cc");
    one->max_cc = tfd_kb_text_get(kb, row, "max_cc");
    one->origin = tfd_kb_origin_get(kb, row);
}

static void parse_cuda(tfd_kb *kb, const cJSON *root, struct tfd_kb_gpu *gpu)
{
    read_table(kb, root, "needs", sizeof(list_row), read_need, &gpu->needs);
    read_table(kb, root, "windows", sizeof(list_row), read_need, &gpu->windows);
    read_table(kb, root, "generations", sizeof(list_row), read_generation, &gpu->generations);
    read_table(kb, root, "toolkits", sizeof(pair_row), read_driver, &gpu->toolkits);
    read_table(kb, root, "floors", sizeof(pair_row), read_driver, &gpu->floors);
    read_table(kb, root, "targets", sizeof(pair_row), read_target, &gpu->targets);
    read_table(kb, root, "errors", sizeof(tfd_kb_driver_error), read_error, &gpu->errors);
    read_table(kb, root, "gaps", sizeof(list_row), read_gap, &gpu->gaps);
    read_table(kb, root, "wheels", sizeof(list_row), read_wheel, &gpu->wheels);
}

static void parse_gpus(tfd_kb *kb, const cJSON *root, struct tfd_kb_gpu *gpu)
{
    read_table(kb, root, "chips", sizeof(tfd_kb_chip), read_chip, &gpu->chips);
    read_table(kb, root, "names", sizeof(list_row), read_name, &gpu->names);
    read_table(kb, root, "architectures", sizeof(tfd_kb_architecture), read_architecture,
               &gpu->architectures);
}

static void parse_cudnn(tfd_kb *kb, const cJSON *root, struct tfd_kb_gpu *gpu)
{
    read_table(kb, root, "versions", sizeof(tfd_kb_cudnn), read_cudnn, &gpu->cudnns);
    read_table(kb, root, "files", sizeof(list_row), read_cudnn_files, &gpu->files);
}

tfd_status tfd_kb_gpu_preload(tfd_kb *kb, tfd_err *err)
{
    static const struct {
        const char *file;
        void (*parse)(tfd_kb *kb, const cJSON *root, struct tfd_kb_gpu *gpu);
    } files[] = {{"cuda.json", parse_cuda}, {"cudnn.json", parse_cudnn}, {"gpus.json", parse_gpus}};
    struct tfd_kb_gpu *gpu;

    if (kb->gpu)
        return TFD_OK;
    gpu = tfd_arena_new(kb->arena, struct tfd_kb_gpu, 1);
    if (!gpu)
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    kb->no_memory = false;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        cJSON *root = NULL;
        tfd_status st = tfd_kb_json_read(kb, tfd_str_of(files[i].file), &root, err);

        if (st != TFD_OK)
            return st;
        files[i].parse(kb, root, gpu);
        cJSON_Delete(root);
    }
    kb->gpu = gpu;
    return kb->no_memory ? tfd_err_set(err, TFD_ENOMEM, 0, "out of memory") : TFD_OK;
}

/* The tables; empty ones where a file cannot be read. */
static const struct tfd_kb_gpu *tables(tfd_kb *kb)
{
    static const struct tfd_kb_gpu none;

    (void)tfd_kb_gpu_preload(kb, NULL);
    return kb->gpu ? kb->gpu : &none;
}

const tfd_kb_chip *tfd_kb_chip_find(tfd_kb *kb, uint32_t device)
{
    static const char digits[] = "0123456789abcdef";
    const table *chips = &tables(kb)->chips;
    char id[4];

    if (device > 0xFFFFu)
        return NULL;
    for (int i = 0; i < 4; i++)
        id[i] = digits[(device >> (12 - 4 * i)) & 15u];
    for (size_t i = 0; i < chips->count; i++) {
        const tfd_kb_chip *chip = (const tfd_kb_chip *)chips->items + i;

        if (tfd_str_find(chip->ids, (tfd_str){id, sizeof id}) != TFD_NPOS)
            return chip;
    }
    return NULL;
}

const tfd_kb_architecture *tfd_kb_architecture_find(tfd_kb *kb, tfd_str name)
{
    const table *all = &tables(kb)->architectures;

    for (size_t i = 0; i < all->count; i++)
        if (tfd_str_eq(((const tfd_kb_architecture *)all->items)[i].name, name))
            return (const tfd_kb_architecture *)all->items + i;
    return NULL;
}

tfd_str tfd_kb_architecture_of(tfd_kb *kb, tfd_str compute_capability)
{
    const table *chips = &tables(kb)->chips;

    for (size_t i = 0; i < chips->count; i++)
        if (tfd_str_eq(((const tfd_kb_chip *)chips->items)[i].compute_capability, compute_capability))
            return ((const tfd_kb_chip *)chips->items)[i].architecture;
    return TFD_STR("");
}

static tfd_str major_of(tfd_str version)
{
    tfd_str head, tail;

    (void)tfd_str_cut(version, '.', &head, &tail);
    return head;
}

/* The libraries of the first row whose key, a specifier, holds this version; NULL: none does. */
static const tfd_kb_strs *match_release(const table *rows, tfd_str tf_version)
{
    const list_row *items = rows->items;

    for (size_t i = 0; tf_version.len > 0 && i < rows->count; i++)
        if (tfd_specifier_match(items[i].key, tf_version, TFD_PRE_ALLOW) == TFD_YES)
            return &items[i].libraries;
    return NULL;
}

static const tfd_kb_strs no_libraries = {NULL, 0};

tfd_kb_strs tfd_kb_cuda_libraries(tfd_kb *kb, tfd_str tf_version, tfd_str cuda, bool *is_exact)
{
    const struct tfd_kb_gpu *gpu = tables(kb);
    const tfd_kb_strs *exact = match_release(&gpu->needs, tf_version);
    const list_row *generations = gpu->generations.items;

    *is_exact = exact != NULL;
    if (exact)
        return *exact;
    for (size_t i = 0; cuda.len > 0 && i < gpu->generations.count; i++)
        if (tfd_str_eq(generations[i].key, major_of(cuda)))
            return generations[i].libraries;
    return no_libraries;
}

tfd_kb_strs tfd_kb_cuda_windows(tfd_kb *kb, tfd_str tf_version)
{
    const tfd_kb_strs *found = match_release(&tables(kb)->windows, tf_version);

    return found ? *found : no_libraries;
}

tfd_kb_strs tfd_kb_cuda_gaps(tfd_kb *kb, tfd_str tf_version)
{
    const tfd_kb_strs *found = match_release(&tables(kb)->gaps, tf_version);

    return found ? *found : no_libraries;
}

/* "12.5" of "12.5.1". */
static const pair_row *find_pair(const table *rows, tfd_str key)
{
    for (size_t i = 0; i < rows->count; i++)
        if (tfd_str_eq(((const pair_row *)rows->items)[i].key, key))
            return (const pair_row *)rows->items + i;
    return NULL;
}

tfd_str tfd_kb_cuda_release(tfd_str wheel_version)
{
    size_t dots = 0;

    for (size_t i = 0; i < wheel_version.len; i++)
        if (wheel_version.ptr[i] == '.' && ++dots == 3)
            return tfd_str_sub(wheel_version, 0, i);
    return wheel_version;
}

tfd_str tfd_kb_toolkit_driver(tfd_kb *kb, tfd_str cuda)
{
    const pair_row *row = find_pair(&tables(kb)->toolkits, tfd_kb_line_of(cuda));

    return row ? row->first : TFD_STR("");
}

tfd_str tfd_kb_driver_floor(tfd_kb *kb, tfd_str cuda)
{
    const pair_row *row = find_pair(&tables(kb)->floors, major_of(cuda));

    return row ? row->first : tfd_kb_toolkit_driver(kb, cuda);
}

tfd_str tfd_kb_windows_driver_floor(tfd_kb *kb, tfd_str cuda)
{
    const pair_row *row = find_pair(&tables(kb)->floors, major_of(cuda));

    return row ? row->second : TFD_STR("");
}

bool tfd_kb_cuda_targets(tfd_kb *kb, tfd_str cuda, tfd_str *min_cc, tfd_str *max_cc)
{
    const pair_row *row = find_pair(&tables(kb)->targets, tfd_kb_line_of(cuda));

    if (!row)
        return false;
    *min_cc = row->first;
    *max_cc = row->second;
    return true;
}

const tfd_kb_driver_error *tfd_kb_driver_error_find(tfd_kb *kb, int code)
{
    const table *errors = &tables(kb)->errors;

    for (size_t i = 0; i < errors->count; i++)
        if (((const tfd_kb_driver_error *)errors->items)[i].code == code)
            return (const tfd_kb_driver_error *)errors->items + i;
    return NULL;
}

/* Whether a distribution is for a CUDA generation: nvidia-cufft-cu12 for "12". */
static bool is_for_cuda(tfd_str dist, tfd_str major)
{
    return tfd_str_ends(dist, major) && dist.len > major.len + 3 &&
           tfd_str_ends_z(tfd_str_sub(dist, 0, dist.len - major.len), "-cu");
}

tfd_str tfd_kb_cuda_dist(tfd_kb *kb, tfd_str library, tfd_str cuda, tfd_str *folder)
{
    const struct tfd_kb_gpu *gpu = tables(kb);
    const list_row *wheels = gpu->wheels.items;

    *folder = TFD_STR("");
    for (size_t i = 0; i < gpu->wheels.count; i++) {
        if (!is_for_cuda(wheels[i].key, major_of(cuda)))
            continue;
        for (size_t j = 0; j < wheels[i].libraries.count; j++) {
            if (!tfd_str_eq(wheels[i].libraries.items[j], library))
                continue;
            *folder = wheels[i].folder;
            return wheels[i].key;
        }
    }
    return TFD_STR("");
}

const tfd_kb_cudnn *tfd_kb_cudnn_find(tfd_kb *kb, tfd_str version)
{
    const table *all = &tables(kb)->cudnns;
    const tfd_kb_cudnn *best = NULL;
    int order;

    for (size_t i = 0; i < all->count; i++) {
        const tfd_kb_cudnn *one = (const tfd_kb_cudnn *)all->items + i;

        if (tfd_version_cmp_text(one->version, version, &order) && order <= 0)
            best = one;
    }
    return best;
}

tfd_kb_strs tfd_kb_cudnn_files(tfd_kb *kb, tfd_str major)
{
    const struct tfd_kb_gpu *gpu = tables(kb);
    const list_row *files = gpu->files.items;

    for (size_t i = 0; i < gpu->files.count; i++)
        if (tfd_str_eq(files[i].key, major))
            return files[i].libraries;
    return (tfd_kb_strs){NULL, 0};
}

/* "sm_86", "8.6": what is written as a compute capability. */
static tfd_str read_capability(tfd_arena *arena, tfd_str name)
{
    bool is_sm = tfd_str_starts_z(name, "sm_");
    tfd_str digits = is_sm ? tfd_str_from(name, 3) : name, major, minor;
    uint64_t value;

    if (is_sm && digits.len >= 2 && tfd_str_u64(digits, &value))
        return tfd_arena_fmt(arena, "%.*s.%.*s", TFD_ARG(tfd_str_sub(digits, 0, digits.len - 1)),
                             TFD_ARG(tfd_str_from(digits, digits.len - 1)));
    if (tfd_str_cut(name, '.', &major, &minor) && tfd_str_u64(major, &value) && tfd_str_u64(minor, &value))
        return name;
    return TFD_STR("");
}

/* The name in lower case with one blank around each word: makers' words such as "(R)" and hyphens are
 * blanks. */
static tfd_str spell_out(tfd_arena *arena, tfd_str name)
{
    char *text = tfd_arena_new(arena, char, name.len + 3);
    size_t len = 0;

    if (!text)
        return TFD_STR("");
    text[len++] = ' ';
    for (size_t i = 0; i < name.len; i++) {
        char c = tfd_char_lower(name.ptr[i]);

        if (tfd_char_is_alpha(c) || tfd_char_is_digit(c))
            text[len++] = c;
        else if (text[len - 1] != ' ')
            text[len++] = ' ';
    }
    if (text[len - 1] != ' ')
        text[len++] = ' ';
    return (tfd_str){text, len};
}

tfd_str tfd_kb_gpu_capability(tfd_kb *kb, tfd_arena *arena, tfd_str name)
{
    const struct tfd_kb_gpu *gpu = tables(kb);
    tfd_str capability = read_capability(arena, name);
    tfd_str words = spell_out(arena, name);

    for (size_t i = 0; capability.len == 0 && i < gpu->chips.count; i++)
        if (tfd_str_eq_nocase(((const tfd_kb_chip *)gpu->chips.items)[i].name, tfd_str_trim(words)))
            capability = ((const tfd_kb_chip *)gpu->chips.items)[i].compute_capability;
    for (size_t i = 0; capability.len == 0 && i < gpu->names.count; i++) {
        const list_row *row = (const list_row *)gpu->names.items + i;

        for (size_t j = 0; j < row->libraries.count; j++)
            if (tfd_str_find(words, tfd_arena_fmt(arena, " %.*s ", TFD_ARG(row->libraries.items[j]))) !=
                TFD_NPOS)
                capability = row->key;
    }
    return capability;
}

tfd_str tfd_kb_cudnn_dropped(tfd_kb *kb, tfd_str compute_capability)
{
    const table *all = &tables(kb)->cudnns;
    const tfd_kb_cudnn *rows = all->items;
    int order;

    for (size_t i = 1; i < all->count; i++)
        if (tfd_version_cmp_text(rows[i - 1].min_cc, compute_capability, &order) && order <= 0 &&
            tfd_version_cmp_text(rows[i].min_cc, compute_capability, &order) && order > 0)
            return rows[i].version;
    return TFD_STR("");
}

bool tfd_kb_release_has_code(const tfd_kb_release *release, tfd_str compute_capability)
{
    tfd_str major, minor;
    int order;

    (void)tfd_str_cut(compute_capability, '.', &major, &minor);
    for (size_t i = 0; i < release->gpu_sass.count; i++) {
        tfd_str code, rest;

        (void)tfd_str_cut(release->gpu_sass.items[i], '.', &code, &rest);
        if (tfd_str_eq(code, major) &&
            tfd_version_cmp_text(release->gpu_sass.items[i], compute_capability, &order) && order <= 0)
            return true;
    }
    for (size_t i = 0; i < release->gpu_ptx.count; i++)
        if (tfd_version_cmp_text(release->gpu_ptx.items[i], compute_capability, &order) && order <= 0)
            return true;
    return false;
}
