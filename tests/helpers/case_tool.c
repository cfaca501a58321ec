/* case_tool elf SPEC.json ROOT     writes the ELF objects that SPEC.json describes below ROOT
 * case_tool pe SPEC.json ROOT      writes the PE images
 * case_tool run DIR [ARGUMENT]...  is tfdiag on the recorded machine DIR (sys/sys_fixture.h)
 *
 * SPEC.json: {"/path": {"interp", "soname", "rpath", "runpath": "…", "needed", "defs", "exports",
 * "undefined", "texts": ["…"], "machine": n, "bits": 32, "exec_stack", "no_stack", "pie": true}}; the words
 * are those of mkelf.h. Of an image: {"bits": 32, "machine": n, "program": true, "imports", "exports": ["…"],
 * "dll", "original_name", "manifest": "…", "version": [14, 44, 35211, 0]}; those of mkpe.h. Folders must be
 * there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "cli/cli.h"
#include "mkelf.h"
#include "mkpe.h"

#define SPEC_MAX ((size_t)4 << 20)

static int fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "case_tool: %s: %s\n", what, why);
    return 3;
}

/* ---- elf */

static const char *get_text(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static bool get_flag(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static int get_number(const cJSON *object, const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsNumber(value) ? value->valueint : 0;
}

/* false: more than the object can hold. */
static bool get_list(const cJSON *object, const char *name, const char **out, size_t most)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, name);
    const cJSON *item;
    size_t count = 0;

    cJSON_ArrayForEach(item, list)
    {
        if (count == most)
            return false;
        out[count++] = cJSON_GetStringValue(item);
    }
    return true;
}

static bool read_spec(const cJSON *json, mkelf *out)
{
    memset(out, 0, sizeof *out);
    out->bits = get_number(json, "bits");
    out->machine = (uint16_t)get_number(json, "machine");
    out->interp = get_text(json, "interp");
    out->soname = get_text(json, "soname");
    out->rpath = get_text(json, "rpath");
    out->runpath = get_text(json, "runpath");
    out->exec_stack = get_flag(json, "exec_stack");
    out->no_stack = get_flag(json, "no_stack");
    out->pie = get_flag(json, "pie");
    return get_list(json, "needed", out->needed, MKELF_LIST) &&
           get_list(json, "defs", out->defs, MKELF_LIST) &&
           get_list(json, "exports", out->exports, MKELF_LIST) &&
           get_list(json, "undefined", out->undefined, MKELF_LIST) &&
           get_list(json, "texts", out->texts, MKELF_LIST);
}

static bool read_image(const cJSON *json, mkpe *out)
{
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(json, "version");
    const cJSON *part;
    size_t count = 0;

    memset(out, 0, sizeof *out);
    out->bits = get_number(json, "bits");
    out->machine = (uint16_t)get_number(json, "machine");
    out->is_program = get_flag(json, "program");
    out->dll = get_text(json, "dll");
    out->original_name = get_text(json, "original_name");
    out->manifest = get_text(json, "manifest");
    cJSON_ArrayForEach(part, version)
    {
        if (count < 4)
            out->version[count++] = (uint16_t)part->valueint;
    }
    return get_list(json, "imports", out->imports, MKPE_LIST) &&
           get_list(json, "exports", out->exports, MKPE_LIST);
}

static bool write_object(const char *root, const char *path, const uint8_t *bytes, size_t len)
{
    char name[4096];
    FILE *file;
    bool ok;

    if (snprintf(name, sizeof name, "%s%s", root, path) >= (int)sizeof name)
        return false;
    file = fopen(name, "wb");
    if (!file)
        return false;
    ok = fwrite(bytes, 1, len, file) == len;
    return fclose(file) == 0 && ok;
}

static int make_object(const cJSON *item, const char *root)
{
    static mkelf_out object;
    mkelf spec;

    if (!read_spec(item, &spec))
        return fail(item->string, "a list has too many entries");
    mkelf_build(&spec, &object);
    return write_object(root, item->string, object.bytes, object.len)
               ? 0
               : fail(item->string, "cannot be written");
}

static int make_image(const cJSON *item, const char *root)
{
    static mkpe_out image;
    mkpe spec;

    if (!read_image(item, &spec))
        return fail(item->string, "a list has too many entries");
    mkpe_build(&spec, &image);
    if (image.len > MKPE_MAX)
        return fail(item->string, "an image has too much in it");
    return write_object(root, item->string, image.bytes, image.len) ? 0
                                                                    : fail(item->string, "cannot be written");
}

static int make_objects(const tfd_sys *sys, const char *spec_path, const char *root,
                        int (*make)(const cJSON *item, const char *root))
{
    tfd_arena arena;
    tfd_str text;
    const cJSON *item;
    cJSON *json;
    int code = 0;

    tfd_arena_init(&arena, 0);
    if (tfd_sys_read_file(sys, &arena, tfd_str_of(spec_path), SPEC_MAX, &text, NULL) != TFD_OK)
        return fail(spec_path, "cannot be read");
    json = cJSON_ParseWithLength(text.ptr, text.len);
    if (!cJSON_IsObject(json))
        code = fail(spec_path, "no JSON object");
    cJSON_ArrayForEach(item, json)
    {
        if (code == 0)
            code = make(item, root);
    }
    cJSON_Delete(json);
    tfd_arena_done(&arena);
    return code;
}

/* ---- run */

static int run_case(const tfd_sys *host, int argc, char **argv)
{
    tfd_err err = {TFD_OK, 0, ""};
    tfd_sys *machine = NULL;
    int code;

    if (tfd_sys_fixture_new(host, tfd_str_of(argv[2]), &machine, &err) != TFD_OK)
        return fail(argv[2], err.text);
    argv[2] = argv[0];
    code = tfd_cli_main(machine, &err, argc - 2, (const char *const *)(argv + 2));
    tfd_sys_fixture_free(machine);
    return code;
}

int main(int argc, char **argv)
{
    tfd_err err = {TFD_OK, 0, ""};
    tfd_sys *sys = NULL;
    int code;

    if (argc < 3)
        return fail("usage", "case_tool elf|pe SPEC.json ROOT | case_tool run DIR [ARGUMENT]...");
    if (tfd_sys_native_new(&sys, &err) != TFD_OK)
        return fail("this machine", err.text);
    if (strcmp(argv[1], "elf") == 0 && argc == 4)
        code = make_objects(sys, argv[2], argv[3], make_object);
    else if (strcmp(argv[1], "pe") == 0 && argc == 4)
        code = make_objects(sys, argv[2], argv[3], make_image);
    else if (strcmp(argv[1], "run") == 0)
        code = run_case(sys, argc, argv);
    else
        code = fail(argv[1], "unknown word");
    tfd_sys_native_free(sys);
    return code;
}
