#include "sys/sys_fixture.h"

#include <stdlib.h>

/* Numbers as they are written where uname and ulimit write them; a double holds bytes up to 2^53 exactly. */
static uint64_t get_number(const cJSON *object, const char *name, uint64_t otherwise)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsNumber(value) && value->valuedouble >= 0 ? (uint64_t)value->valuedouble : otherwise;
}

/* A number, or text that strtoul reads: "0x8000001B". */
static uint32_t get_code(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

    return text ? (uint32_t)strtoul(text, NULL, 0) : (uint32_t)get_number(object, name, 0);
}

static bool get_flag(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static tfd_str get_text(tfd_arena *arena, const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

    return tfd_arena_str(arena, tfd_str_of(text));
}

static tfd_arch arch_of(tfd_str name)
{
    if (tfd_str_is(name, "x86_64"))
        return TFD_ARCH_X86_64;
    if (tfd_str_is(name, "aarch64"))
        return TFD_ARCH_AARCH64;
    if (tfd_str_is(name, "i686"))
        return TFD_ARCH_X86;
    if (tfd_str_starts_z(name, "arm"))
        return TFD_ARCH_ARM;
    return name.len ? TFD_ARCH_OTHER : TFD_ARCH_UNKNOWN;
}

static void read_windows(tfd_fixture *out, const cJSON *json)
{
    tfd_arena *arena = &out->arena;
    tfd_system *system = &out->system;

    out->sys.style = TFD_PATH_WINDOWS;
    system->windows_dir = get_text(arena, json, "windows_dir");
    if (system->windows_dir.len == 0)
        system->windows_dir = TFD_STR("C:\\Windows");
    system->system_dir = get_text(arena, json, "system_dir");
    if (system->system_dir.len == 0)
        system->system_dir = tfd_path_join(TFD_PATH_WINDOWS, arena, system->windows_dir, TFD_STR("System32"));
    system->build = (uint32_t)get_number(json, "build", 0);
    system->is_wine = get_flag(json, "wine");
    system->commit_limit = get_number(json, "commit_limit", 0);
    system->commit_free = get_number(json, "commit_free", 0);
    system->uid = (uint32_t)get_number(json, "uid", 1);
    out->gid = (uint32_t)get_number(json, "gid", 1);
}

static void read_system(tfd_fixture *out, const cJSON *json)
{
    tfd_arena *arena = &out->arena;
    tfd_system *system = &out->system;
    tfd_str os = get_text(arena, json, "os");

    system->os = tfd_str_is(os, "windows") ? TFD_OS_WINDOWS
                 : tfd_str_is(os, "macos") ? TFD_OS_MACOS
                                           : TFD_OS_LINUX;
    system->arch = arch_of(get_text(arena, json, "arch"));
    system->kernel = get_text(arena, json, "kernel");
    system->release = get_text(arena, json, "release");
    system->distro = get_text(arena, json, "distro");
    system->is_wsl = get_flag(json, "wsl");
    system->is_container = get_flag(json, "container");
    system->seccomp_filter = get_flag(json, "seccomp");
    system->selinux_enforcing = get_flag(json, "selinux");
    system->memory = get_number(json, "memory", 0);
    system->memory_free = get_number(json, "memory_free", 0);
    system->processors = get_number(json, "processors", 0);
    system->uid = (uint32_t)get_number(json, "uid", 1000);
    out->gid = (uint32_t)get_number(json, "gid", 1000);
    out->cwd = get_text(arena, json, "cwd");
    out->home = get_text(arena, json, "home");
    if (system->os == TFD_OS_WINDOWS)
        read_windows(out, json);
}

static void read_cpu(tfd_fixture *out, const cJSON *json)
{
    const cJSON *cpu = cJSON_GetObjectItemCaseSensitive(json, "cpu");
    tfd_str flags = get_text(&out->arena, cpu, "flags");

    out->cpu.arch = out->system.arch;
    out->cpu.source = TFD_STR("machine.json");
    if (!cJSON_IsObject(cpu))
        return;
    if (get_text(&out->arena, cpu, "arch").len > 0)
        out->cpu.arch = arch_of(get_text(&out->arena, cpu, "arch"));
    out->cpu.known = flags.len > 0;
    out->cpu.model = get_text(&out->arena, cpu, "model");
    out->cpu.flags = tfd_arena_fmt(&out->arena, " %.*s ", TFD_ARG(flags));
    out->cpu.avx_enabled = tfd_str_find_z(out->cpu.flags, " avx ") != TFD_NPOS;
    out->cpu.avx_in_cpu = out->cpu.avx_enabled || get_flag(cpu, "avx_in_cpu");
}

static void read_limits(tfd_fixture *out, const cJSON *json)
{
    static const char *const names[] = {"address_space", "data",           "stack",    "open_files",
                                        "processes",     "processor_time", "file_size"};
    const cJSON *limits = cJSON_GetObjectItemCaseSensitive(json, "limits");

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(limits, names[i]);

        out->has_limit[i] = value != NULL;
        out->limits[i] = value && cJSON_IsNumber(value) ? (uint64_t)value->valuedouble : TFD_UNLIMITED;
    }
}

static bool read_environ(tfd_fixture *out, const cJSON *json)
{
    const cJSON *env = cJSON_GetObjectItemCaseSensitive(json, "env");
    const cJSON *item;

    out->environ_items = tfd_arena_new(&out->arena, tfd_str, (size_t)cJSON_GetArraySize(env) + 1);
    if (!out->environ_items)
        return false;
    cJSON_ArrayForEach(item, env)
    {
        if (cJSON_IsString(item))
            out->environ_items[out->environ_count++] =
                tfd_arena_fmt(&out->arena, "%s=%s", item->string, item->valuestring);
    }
    return true;
}

static bool read_mounts(tfd_fixture *out, const cJSON *json)
{
    const cJSON *mounts = cJSON_GetObjectItemCaseSensitive(json, "mounts");
    const cJSON *item;

    out->mounts = tfd_arena_new(&out->arena, tfd_mount, (size_t)cJSON_GetArraySize(mounts) + 1);
    if (!out->mounts)
        return false;
    cJSON_ArrayForEach(item, mounts)
    {
        tfd_mount *mount = &out->mounts[out->mount_count++];

        mount->point = get_text(&out->arena, item, "point");
        mount->fstype = get_text(&out->arena, item, "fstype");
        mount->noexec = get_flag(item, "noexec");
        mount->nodev = get_flag(item, "nodev");
        mount->readonly = get_flag(item, "readonly");
        mount->free_bytes = get_number(item, "free_bytes", UINT64_MAX);
        mount->free_inodes = get_number(item, "free_inodes", UINT64_MAX);
    }
    return true;
}

static bool add_file(tfd_fixture *out, const cJSON *item)
{
    tfd_fixture_file *file = &out->files[out->file_count];
    tfd_str mode = get_text(&out->arena, item, "mode");
    tfd_str path = tfd_str_of(item->string);
    tfd_str key;

    if (out->sys.style == TFD_PATH_WINDOWS)
        path = tfd_path_norm(TFD_PATH_WINDOWS, &out->arena, path);
    file->path = tfd_arena_str(&out->arena, path);
    key = out->sys.style == TFD_PATH_WINDOWS ? tfd_fixture_fold(&out->arena, path) : file->path;
    file->link = get_text(&out->arena, item, "link");
    file->has_mode = mode.len > 0;
    file->mode = mode.len ? (uint32_t)strtoul(mode.ptr, NULL, 8) & 07777u : 0;
    file->has_uid = cJSON_HasObjectItem(item, "uid");
    file->uid = (uint32_t)get_number(item, "uid", 0);
    file->has_gid = cJSON_HasObjectItem(item, "gid");
    file->gid = (uint32_t)get_number(item, "gid", 0);
    file->has_size = cJSON_HasObjectItem(item, "size");
    file->size = get_number(item, "size", 0);
    file->has_attributes = cJSON_HasObjectItem(item, "attributes");
    file->attributes = get_code(item, "attributes");
    file->reparse_tag = get_code(item, "reparse_tag");
    file->error = (int)(get_code(item, "error") & 0x7fffffffu);
    return key.ptr && tfd_map_put(&out->arena, &out->file_by_path, key, (uint32_t)out->file_count++);
}

static bool read_files(tfd_fixture *out, const cJSON *json)
{
    const cJSON *files = cJSON_GetObjectItemCaseSensitive(json, "files");
    const cJSON *item;

    out->files = tfd_arena_new(&out->arena, tfd_fixture_file, (size_t)cJSON_GetArraySize(files) + 1);
    if (!out->files)
        return false;
    cJSON_ArrayForEach(item, files)
    {
        if (!add_file(out, item))
            return false;
    }
    return true;
}

tfd_status tfd_fixture_read(tfd_fixture *fixture, tfd_str text, tfd_err *err)
{
    cJSON *json = cJSON_ParseWithLength(text.ptr, text.len);
    bool ok;

    if (!cJSON_IsObject(json)) {
        cJSON_Delete(json);
        return tfd_err_set(err, TFD_EFORMAT, 0, "machine.json: not a JSON object");
    }
    read_system(fixture, json);
    read_cpu(fixture, json);
    read_limits(fixture, json);
    ok = read_environ(fixture, json) && read_mounts(fixture, json) && read_files(fixture, json) &&
         tfd_fixture_read_registry(fixture, json) && tfd_fixture_read_events(fixture, json);
    cJSON_Delete(json);
    return ok ? TFD_OK : tfd_err_set(err, TFD_ENOMEM, 0, "machine.json: out of memory");
}
