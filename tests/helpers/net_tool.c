/* Asks an index as tfdiag does and prints what it said, one JSON object a line:
 *   net_tool [--index-url URL] [--offline] [--no-cache] [--requests N] [--deadline MS] [--metadata N]
 * PROJECT...
 * --metadata N: METADATA of the first N wheels of each project, too. For tests/net. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/index.h"

#define PROJECTS_MAX 64
#define FILES_MAX 64

typedef struct arguments {
    tfd_index_config config;
    size_t metadata;
    tfd_str projects[PROJECTS_MAX];
    size_t count;
} arguments;

static size_t number_of(const char *text)
{
    return (size_t)strtoul(text, NULL, 10);
}

/* Options with a value; false: it is none of them. */
static bool take_option(arguments *out, const char *name, const char *value)
{
    if (strcmp(name, "--index-url") == 0)
        out->config.index_url = tfd_str_of(value);
    else if (strcmp(name, "--requests") == 0)
        out->config.requests_max = number_of(value);
    else if (strcmp(name, "--deadline") == 0)
        out->config.deadline_ms = number_of(value);
    else if (strcmp(name, "--metadata") == 0)
        out->metadata = number_of(value);
    else
        return false;
    return true;
}

static void read_arguments(int argc, char **argv, arguments *out)
{
    memset(out, 0, sizeof *out);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--offline") == 0)
            out->config.offline = true;
        else if (strcmp(argv[i], "--no-cache") == 0)
            out->config.no_cache = true;
        else if (i + 1 < argc && take_option(out, argv[i], argv[i + 1]))
            i++;
        else if (out->count < PROJECTS_MAX)
            out->projects[out->count++] = tfd_str_of(argv[i]);
    }
}

static void add_text(cJSON *to, const char *key, tfd_str text)
{
    char *z = malloc(text.len + 1);

    if (!z)
        abort();
    if (text.len > 0)
        memcpy(z, text.ptr, text.len);
    z[text.len] = '\0';
    (void)cJSON_AddStringToObject(to, key, z);
    free(z);
}

static void print_line(cJSON *line)
{
    char *text = cJSON_PrintUnformatted(line);

    if (!text || puts(text) == EOF)
        abort();
    cJSON_free(text);
    cJSON_Delete(line);
}

static void add_failure(cJSON *to, const tfd_net_failure *failure)
{
    cJSON *one = cJSON_AddObjectToObject(to, "failure");

    add_text(one, "kind", tfd_str_of(tfd_net_kind_name(failure->kind)));
    add_text(one, "url", failure->url);
    add_text(one, "host", failure->host);
    add_text(one, "text", failure->text);
    add_text(one, "issuer", failure->issuer);
    (void)cJSON_AddNumberToObject(one, "status", failure->status);
    (void)cJSON_AddBoolToObject(one, "interceptable", failure->is_interceptable);
    if (failure->knows_clock)
        (void)cJSON_AddNumberToObject(one, "clock_off", (double)failure->clock_off);
}

static void print_project(const tfd_index_project *project)
{
    cJSON *line = cJSON_CreateObject(), *files = cJSON_AddArrayToObject(line, "files");

    add_text(line, "project", project->key);
    (void)cJSON_AddBoolToObject(line, "found", project->is_found);
    (void)cJSON_AddBoolToObject(line, "complete", project->complete);
    add_failure(line, &project->failure);
    for (size_t i = 0; i < project->count; i++) {
        const tfd_index_file *file = &project->items[i];
        cJSON *one = cJSON_CreateObject();

        add_text(one, "name", file->name);
        add_text(one, "version", file->version);
        add_text(one, "tags", file->tags);
        add_text(one, "sha256", file->sha256);
        add_text(one, "python", file->requires_python);
        add_text(one, "reason", file->yanked_reason);
        (void)cJSON_AddBoolToObject(one, "yanked", file->is_yanked);
        (void)cJSON_AddBoolToObject(one, "metadata", file->has_metadata);
        (void)cJSON_AddNumberToObject(one, "size", (double)file->size);
        (void)cJSON_AddItemToArray(files, one);
    }
    print_line(line);
}

static void print_metadata(tfd_index *index, const tfd_index_project *project, size_t max)
{
    const tfd_index_file *files[FILES_MAX];
    tfd_index_text texts[FILES_MAX];
    tfd_err err = {TFD_OK, 0, ""};
    size_t n = 0;

    for (size_t i = 0; i < project->count && n < max && n < FILES_MAX; i++)
        if (project->items[i].form == TFD_INDEX_WHEEL)
            files[n++] = &project->items[i];
    if (tfd_index_metadata_read(index, files, n, texts, &err) != TFD_OK)
        return;
    for (size_t i = 0; i < n; i++) {
        cJSON *line = cJSON_CreateObject();

        add_text(line, "metadata", files[i]->name);
        add_text(line, "name", tfd_index_metadata_first(texts[i].text, "Name"));
        add_text(line, "version", tfd_index_metadata_first(texts[i].text, "Version"));
        add_failure(line, &texts[i].failure);
        print_line(line);
    }
}

static void print_end(const tfd_index *index)
{
    tfd_index_counts counts = tfd_index_get_counts(index);
    cJSON *line = cJSON_CreateObject();
    int64_t seconds;

    (void)cJSON_AddNumberToObject(line, "requests", (double)counts.requests);
    (void)cJSON_AddNumberToObject(line, "from_cache", (double)counts.from_cache);
    (void)cJSON_AddNumberToObject(line, "unchanged", (double)counts.unchanged);
    (void)cJSON_AddNumberToObject(line, "bytes", (double)counts.bytes);
    (void)cJSON_AddNumberToObject(line, "milliseconds", (double)counts.microseconds / 1000);
    if (tfd_index_clock_off(index, &seconds))
        (void)cJSON_AddNumberToObject(line, "clock_off", (double)seconds);
    print_line(line);
}

int main(int argc, char **argv)
{
    arguments given;
    tfd_index_project projects[PROJECTS_MAX];
    tfd_net_failure failure;
    tfd_err err = {TFD_OK, 0, ""};
    tfd_index *index = NULL;
    tfd_sys *sys = NULL;
    tfd_arena arena;
    tfd_status st;

    read_arguments(argc, argv, &given);
    tfd_arena_init(&arena, 0);
    st = tfd_sys_native_new(&sys, &err);
    if (st == TFD_OK)
        st = tfd_index_open(sys, &arena, &given.config, &index, &failure, &err);
    if (st == TFD_OK)
        st = tfd_index_projects_read(index, given.projects, given.count, projects, &err);
    for (size_t i = 0; st == TFD_OK && i < given.count; i++) {
        print_project(&projects[i]);
        print_metadata(index, &projects[i], given.metadata);
    }
    if (st == TFD_OK)
        print_end(index);
    else
        (void)fprintf(stderr, "%s\n", err.text);
    tfd_arena_done(&arena);
    if (sys)
        tfd_sys_native_free(sys);
    return st == TFD_OK ? 0 : 1;
}
