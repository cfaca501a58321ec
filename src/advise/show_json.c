#include "advise/show.h"
#include "render/json.h"

static const char *shell_of(const tfd_advice *advice)
{
    return tfd_shell_name(advice->target->os == TFD_OS_WINDOWS ? TFD_SHELL_CMD : TFD_SHELL_SH);
}

typedef struct writer {
    tfd_json json;
    const tfd_style *style;
    tfd_buf masked;
} writer;

/* Text that may hold a path or a URL of the machine. */
static void put_text(writer *w, const char *key, tfd_str text)
{
    tfd_buf_clear(&w->masked);
    tfd_mask_add(&w->masked, text, TFD_MASK_ALL, w->style->secrets);
    tfd_json_str(&w->json, key, tfd_buf_get(&w->masked));
}

static void put_command(writer *w, tfd_str text)
{
    tfd_buf_clear(&w->masked);
    tfd_mask_add(&w->masked, text, TFD_MASK_URLS, w->style->secrets);
    tfd_json_str(&w->json, NULL, tfd_buf_get(&w->masked));
}

static void put_commands(writer *w, const tfd_str *commands, size_t count)
{
    tfd_json_open(&w->json, "commands", '[');
    for (size_t i = 0; i < count; i++)
        put_command(w, commands[i]);
    tfd_json_close(&w->json, ']');
}

static void put_tool(writer *w, const tfd_advice *advice)
{
    tfd_json_open(&w->json, "tool", '{');
    tfd_json_str(&w->json, "name", TFD_STR("tfdiag"));
    tfd_json_str(&w->json, "version", TFD_STR(TFDIAG_VERSION));
    tfd_json_str(&w->json, "knowledge", advice->knowledge);
    tfd_json_close(&w->json, '}');
}

static void put_tri(writer *w, const char *key, tfd_tri value)
{
    if (value == TFD_UNKNOWN)
        tfd_json_null(&w->json, key);
    else
        tfd_json_bool(&w->json, key, value == TFD_YES);
}

static void put_target(writer *w, const tfd_advise_target *t)
{
    tfd_json_open(&w->json, "target", '{');
    tfd_json_str_or_null(&w->json, "python", t->is_here ? t->facts->python.path : TFD_STR(""));
    tfd_json_str(&w->json, "why", t->why);
    tfd_json_str(&w->json, "version", t->version);
    tfd_json_str_or_null(&w->json, "implementation", t->implementation);
    tfd_json_str(&w->json, "platform", t->platform);
    tfd_json_str(&w->json, "tag", t->tag);
    tfd_json_str_or_null(&w->json, "libc", t->libc);
    tfd_json_str_or_null(&w->json, "libc_version", t->libc_version);
    put_tri(w, "avx", t->avx);
    put_tri(w, "avx2", t->avx2);
    tfd_json_str(&w->json, "want", t->wants_gpu ? TFD_STR("gpu") : TFD_STR("cpu"));
    tfd_json_str_or_null(&w->json, "driver", t->driver);
    tfd_json_open(&w->json, "gpus", '[');
    for (size_t i = 0; i < t->gpu_count; i++) {
        tfd_json_open(&w->json, NULL, '{');
        put_text(w, "name", t->gpus[i].name);
        tfd_json_str_or_null(&w->json, "compute_capability", t->gpus[i].capability);
        tfd_json_close(&w->json, '}');
    }
    tfd_json_close(&w->json, ']');
    tfd_json_str_or_null(&w->json, "tensorflow", t->options->tensorflow);
    tfd_json_open(&w->json, "with", '[');
    for (size_t i = 0; i < t->with.count; i++)
        tfd_json_str(&w->json, NULL, t->with.items[i]);
    tfd_json_close(&w->json, ']');
    tfd_json_close(&w->json, '}');
}

static void put_index(writer *w, const tfd_advise_index *index)
{
    if (!index) {
        tfd_json_null(&w->json, "index");
        return;
    }
    tfd_json_open(&w->json, "index", '{');
    tfd_json_bool(&w->json, "asked", index->was_asked);
    put_text(w, "address", index->address);
    put_text(w, "problem", index->problem);
    tfd_json_close(&w->json, '}');
}

static void put_releases(writer *w, const tfd_advice *advice)
{
    tfd_json_open(&w->json, "releases", '[');
    for (size_t i = 0; i < advice->release_count; i++) {
        const tfd_judged *one = &advice->releases[i];

        tfd_json_open(&w->json, NULL, '{');
        tfd_json_str(&w->json, "version", one->release->version);
        tfd_json_bool(&w->json, "fits", one->obstacle_count == 0);
        tfd_json_str(&w->json, "known_from", one->is_from_index ? TFD_STR("index") : TFD_STR("knowledge"));
        tfd_json_open(&w->json, "why_not", '[');
        for (size_t k = 0; k < one->obstacle_count; k++) {
            tfd_json_open(&w->json, NULL, '{');
            tfd_json_str(&w->json, "id", tfd_str_of(tfd_cause_name(one->obstacles[k].cause)));
            put_text(w, "text", one->obstacles[k].text);
            tfd_json_close(&w->json, '}');
        }
        tfd_json_close(&w->json, ']');
        tfd_json_close(&w->json, '}');
    }
    tfd_json_close(&w->json, ']');
}

static void put_before(writer *w, const tfd_advice *advice)
{
    tfd_json_open(&w->json, "before", '[');
    for (size_t i = 0; i < advice->before_count; i++)
        put_text(w, NULL, advice->before[i].text);
    tfd_json_close(&w->json, ']');
}

static void put_install(writer *w, const tfd_advice *advice)
{
    if (!advice->best) {
        tfd_json_null(&w->json, "install");
        return;
    }
    tfd_json_open(&w->json, "install", '{');
    tfd_json_str(&w->json, "distribution", advice->distribution);
    tfd_json_str(&w->json, "version", advice->best->release->version);
    tfd_json_open(&w->json, "requirements", '[');
    for (size_t i = 0; i < advice->requirement_count; i++)
        tfd_json_str(&w->json, NULL, advice->requirements[i]);
    tfd_json_close(&w->json, ']');
    tfd_json_str(&w->json, "shell", tfd_str_of(shell_of(advice)));
    put_commands(w, advice->commands, advice->command_count);
    put_before(w, advice);
    tfd_json_close(&w->json, '}');
}

static void put_changes(writer *w, const tfd_advice *advice)
{
    tfd_json_open(&w->json, "changes", '[');
    for (size_t i = 0; i < advice->before_count; i++) {
        const tfd_change *one = &advice->before[i];

        tfd_json_open(&w->json, NULL, '{');
        tfd_json_str(&w->json, "id", tfd_str_of(tfd_cause_name(one->cause)));
        put_text(w, "text", one->text);
        tfd_json_str(&w->json, "shell", tfd_str_of(shell_of(advice)));
        put_commands(w, one->commands, one->command_count);
        tfd_json_close(&w->json, '}');
    }
    tfd_json_close(&w->json, ']');
}

static void put_bytes(writer *w, const char *key, uint64_t bytes)
{
    if (bytes == 0 || bytes > INT64_MAX)
        tfd_json_null(&w->json, key);
    else
        tfd_json_int(&w->json, key, (int64_t)bytes);
}

static void put_cost(writer *w, const tfd_advice *advice)
{
    const tfd_cost *cost = &advice->cost;

    if (!advice->best) {
        tfd_json_null(&w->json, "cost");
        return;
    }
    tfd_json_open(&w->json, "cost", '{');
    put_bytes(w, "download_bytes", cost->download);
    put_bytes(w, "disk_bytes", cost->disk);
    put_bytes(w, "tensorflow_wheel_bytes", cost->wheel);
    put_bytes(w, "packages", cost->packages);
    tfd_json_str_or_null(&w->json, "as_of", cost->source);
    if (cost->knows_changed) {
        tfd_json_open(&w->json, "changed", '[');
        for (size_t i = 0; i < cost->changed.count; i++)
            put_text(w, NULL, cost->changed.items[i]);
        tfd_json_close(&w->json, ']');
    } else {
        tfd_json_null(&w->json, "changed");
    }
    tfd_json_close(&w->json, '}');
}

void tfd_advise_show_json(const tfd_advice *advice, const tfd_style *style, tfd_buf *out)
{
    writer w = {tfd_json_to(out), style, {0}};

    tfd_buf_init(&w.masked, TFD_RENDER_MAX);
    tfd_json_open(&w.json, NULL, '{');
    tfd_json_str(&w.json, "schema", TFD_STR("tfdiag.advice/1"));
    put_tool(&w, advice);
    put_target(&w, advice->target);
    put_index(&w, advice->target->index);
    put_releases(&w, advice);
    put_install(&w, advice);
    put_before(&w, advice);
    put_changes(&w, advice);
    put_cost(&w, advice);
    tfd_json_open(&w.json, "notes", '[');
    for (size_t i = 0; i < advice->note_count; i++)
        put_text(&w, NULL, advice->notes[i]);
    tfd_json_close(&w.json, ']');
    tfd_json_close(&w.json, '}');
    if (w.masked.failed)
        out->failed = true;
    tfd_buf_done(&w.masked);
}
