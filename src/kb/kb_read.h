/* Shared by the parts of the knowledge base: the cache, and reading of JSON into arena memory. Nothing
 * outside of src/kb includes it. */
#ifndef TFD_KB_KB_READ_H
#define TFD_KB_KB_READ_H

#include <cjson/cJSON.h>

#include "kb/kb.h"

#define TFD_KB_FILE_MAX ((size_t)4 << 20)
#define TFD_KB_DEPTH_MAX 16u /* cJSON recurses: brackets within brackets, counted before it is called */

typedef enum tfd_kb_topic {
    TFD_KB_TOPIC_DATE,
    TFD_KB_TOPIC_PYTHON,
    TFD_KB_TOPIC_MODULES,
    TFD_KB_TOPIC_DISTS,
    TFD_KB_TOPIC_BREAKS,
    TFD_KB_TOPIC_ADDONS,
    TFD_KB_TOPIC_ENV,
    TFD_KB_TOPIC_LIBC,
    TFD_KB_TOPIC_VCRUNTIME,
    TFD_KB_TOPIC_WINDOWS,
    TFD_KB_TOPIC_COSTS, /* this one and those behind it: only advice asks for them */
    TFD_KB_TOPIC_ADDON_WHEELS,
    TFD_KB_TOPIC_COUNT
} tfd_kb_topic;

typedef struct tfd_kb_override {
    tfd_str name; /* "tensorflow/2.15.json" */
    tfd_str text;
} tfd_kb_override;

typedef struct tfd_kb_line {
    tfd_str line;
    const tfd_kb_release *releases;
    size_t release_count;
} tfd_kb_line;

typedef struct tfd_kb_pair {
    tfd_str module, dist;
} tfd_kb_pair;

typedef struct tfd_kb_loaded {
    tfd_str line;
    tfd_str tree;                /* "python(framework(dtypes ops)) …"; empty: no such file */
    tfd_str others;              /* the same of the other packages: "numpy(_core(…)) …" */
    const tfd_kb_pair *versions; /* their distributions and versions, as they were measured */
    size_t version_count;
} tfd_kb_loaded;

typedef struct tfd_kb_addon_wheel {
    tfd_str dist, versions, platform;
    tfd_kb_strs pythons;
} tfd_kb_addon_wheel;

#define TFD_KB_LINES_MAX 128u

/* Of the newest version on the day of the table. */
typedef struct tfd_kb_wheel_size {
    tfd_str dist, platform; /* platform empty: any */
    uint64_t bytes;
} tfd_kb_wheel_size;

struct tfd_kb {
    tfd_arena *arena;
    struct {
        tfd_kb_override *items;
        size_t count, capacity;
    } overrides;
    bool is_done[TFD_KB_TOPIC_COUNT];
    bool no_memory; /* the arena refused: what is being parsed is incomplete */

    tfd_str date;
    tfd_kb_line lines[TFD_KB_LINES_MAX];
    size_t line_count;
    tfd_kb_imports *imports[TFD_KB_LINES_MAX];
    size_t imports_count;
    tfd_kb_loaded loaded[TFD_KB_LINES_MAX];
    size_t loaded_count;
    tfd_kb_opened *opened[TFD_KB_LINES_MAX];
    size_t opened_count;
    const tfd_kb_release *const *all;
    size_t all_count;
    tfd_kb_python *pythons;
    size_t python_count;
    tfd_kb_pair *modules;
    size_t module_count;
    tfd_kb_strs tensorflow_dists;
    tfd_kb_break *breaks;
    size_t break_count;
    tfd_kb_addon_wheel *addon_wheels;
    size_t addon_wheel_count;
    tfd_kb_cost *costs;
    size_t cost_count;
    tfd_kb_wheel_size *wheel_sizes;
    size_t wheel_size_count;
    tfd_kb_addon *addons;
    size_t addon_count;
    tfd_kb_env *envs;
    size_t env_count;
    tfd_kb_manylinux *manylinux;
    size_t manylinux_count;
    tfd_kb_gcc *gccs;
    size_t gcc_count;
    tfd_kb_runtime *runtimes;
    size_t runtime_count;
    tfd_kb_level *levels;
    size_t level_count;
    tfd_kb_redist *redists;
    size_t redist_count;
    tfd_kb_self_check *self_checks;
    size_t self_check_count;
    tfd_kb_bundled *bundled;
    size_t bundled_count;
    tfd_kb_winerror *winerrors;
    size_t winerror_count;
    tfd_kb_ntstatus *ntstatus;
    size_t ntstatus_count;
    tfd_kb_dll *dlls;
    size_t dll_count;
    const struct tfd_kb_gpu *gpu; /* kb_gpu.c; NULL until it is asked */
};

/* Text of a data file, from the folder of --kb or built in; false if there is none. */
bool tfd_kb_file_find(const tfd_kb *kb, tfd_str name, tfd_str *out);
/* Parses text; the caller deletes *out. name is for the message. TFD_EFORMAT, TFD_ELIMIT. */
tfd_status tfd_kb_json_parse(tfd_str name, tfd_str text, cJSON **out, tfd_err *err);
/* Both in one; TFD_ENOENT if there is no such file. */
tfd_status tfd_kb_json_read(const tfd_kb *kb, tfd_str name, cJSON **out, tfd_err *err);

/* Members of a JSON object, copied into the arena; empty if the member is missing or of another type. On lack
 * of memory kb->no_memory is set. */
tfd_str tfd_kb_text_get(tfd_kb *kb, const cJSON *object, const char *key);
tfd_kb_strs tfd_kb_texts_get(tfd_kb *kb, const cJSON *object, const char *key);
tfd_kb_origin tfd_kb_origin_get(tfd_kb *kb, const cJSON *object);
/* The array root[key], and in *items room for as many zeroed objects of that size as it has members; NULL
 * (and *items NULL) if it is missing, empty, or memory is short. */
const cJSON *tfd_kb_rows_get(tfd_kb *kb, const cJSON *root, const char *key, size_t size, void **items);
/* "import", "keras", "noise", "none"; *known is false for any other word. */
tfd_kb_effect tfd_kb_effect_get(const cJSON *object, const char *key, bool *known);

/* Parses the file of a topic unless that was done. */
tfd_status tfd_kb_topic_load(tfd_kb *kb, tfd_kb_topic topic, tfd_err *err);

/* The parsers of the topics; root is the whole file. */
void tfd_kb_python_parse(tfd_kb *kb, const cJSON *root);
void tfd_kb_modules_parse(tfd_kb *kb, const cJSON *root);
void tfd_kb_dists_parse(tfd_kb *kb, const cJSON *root);
void tfd_kb_breaks_parse(tfd_kb *kb, const cJSON *root);
void tfd_kb_addons_parse(tfd_kb *kb, const cJSON *root);
void tfd_kb_costs_parse(tfd_kb *kb, const cJSON *root);
void tfd_kb_addon_wheels_parse(tfd_kb *kb, const cJSON *root);
void tfd_kb_env_parse(tfd_kb *kb, const cJSON *root);
void tfd_kb_libc_parse(tfd_kb *kb, const cJSON *root);
void tfd_kb_vcruntime_parse(tfd_kb *kb, const cJSON *root);
void tfd_kb_windows_parse(tfd_kb *kb, const cJSON *root);

/* Lines ("2.15") for which a folder ("tensorflow", "imports") has a file, oldest first; at most
 * TFD_KB_LINES_MAX. */
size_t tfd_kb_lines_get(const tfd_kb *kb, const char *folder, tfd_str out[TFD_KB_LINES_MAX]);
/* Parses tensorflow/<line>.json unless that was done; *out NULL if there is none. */
tfd_status tfd_kb_line_load(tfd_kb *kb, tfd_str line, const tfd_kb_line **out, tfd_err *err);
/* Parses opened/<line>.json of the line that tfd_kb_opened_find takes; *out NULL if there is none. */
tfd_status tfd_kb_opened_load(tfd_kb *kb, tfd_str tf_version, tfd_kb_opened **out, tfd_err *err);
/* Parses imports/<line>.json likewise. */
tfd_status tfd_kb_imports_load(tfd_kb *kb, tfd_str line, tfd_kb_imports **out, tfd_err *err);

#endif
