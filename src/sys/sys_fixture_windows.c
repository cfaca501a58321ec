/* A recorded Windows machine: drives, names without case, registry. */
#include <string.h>

#include "sys/sys_fixture.h"

tfd_str tfd_fixture_fold(tfd_arena *arena, tfd_str path)
{
    char *text = tfd_arena_take(arena, path.len + 1, 1);

    if (!text)
        return (tfd_str){NULL, 0};
    for (size_t i = 0; i < path.len; i++)
        text[i] = path.ptr[i] == '/' ? '\\' : tfd_char_lower(path.ptr[i]);
    return (tfd_str){text, path.len};
}

/* "\\?\C:\x" and "\\?\UNC\server\x" as they are written without (Win32 file namespaces, "Naming files"). */
static tfd_str strip_prefix(tfd_arena *arena, tfd_str path)
{
    tfd_str start = tfd_fixture_fold(arena, tfd_str_sub(path, 0, 8));

    if (tfd_str_is(start, "\\\\?\\unc\\"))
        return tfd_arena_fmt(arena, "\\\\%.*s", TFD_ARG(tfd_str_from(path, 8)));
    if (tfd_str_starts_z(start, "\\\\?\\") || tfd_str_starts_z(start, "\\\\.\\"))
        return tfd_str_from(path, 4);
    return path;
}

/* "\x" is on the drive of the current folder, "D:x" in the current folder if that is on D:, else in D:\. */
static tfd_str make_absolute(const tfd_fixture *fixture, tfd_arena *arena, tfd_str path)
{
    if (tfd_path_is_abs(TFD_PATH_WINDOWS, path))
        return path;
    if (path.len >= 2 && path.ptr[1] == ':') {
        tfd_str drive = tfd_str_sub(path, 0, 2), rest = tfd_str_from(path, 2);

        if (tfd_str_eq_nocase(drive, tfd_str_sub(fixture->cwd, 0, 2)))
            return tfd_path_join(TFD_PATH_WINDOWS, arena, fixture->cwd, rest);
        return tfd_arena_fmt(arena, "%.*s\\%.*s", TFD_ARG(drive), TFD_ARG(rest));
    }
    if (tfd_path_is_sep(TFD_PATH_WINDOWS, path.ptr[0]))
        return tfd_arena_fmt(arena, "%.*s%.*s", TFD_ARG(tfd_str_sub(fixture->cwd, 0, 2)), TFD_ARG(path));
    return tfd_path_join(TFD_PATH_WINDOWS, arena, fixture->cwd, path);
}

tfd_status tfd_fixture_drive(const tfd_fixture *fixture, tfd_arena *arena, tfd_str path, tfd_fixture_spot *at,
                             tfd_str *rest)
{
    tfd_str full =
        tfd_path_norm(TFD_PATH_WINDOWS, arena, make_absolute(fixture, arena, strip_prefix(arena, path)));
    tfd_str name;

    if (!full.ptr)
        return TFD_ENOMEM;
    if (!tfd_path_is_abs(TFD_PATH_WINDOWS, full))
        return TFD_ENOENT;
    if (full.ptr[0] == '\\') {
        at->path = TFD_STR("\\\\");
        name = TFD_STR("UNC");
        *rest = tfd_str_from(full, 2);
    } else {
        tfd_str folded = tfd_fixture_fold(arena, full);

        if (!folded.ptr)
            return TFD_ENOMEM;
        at->path = tfd_arena_fmt(arena, "%c:\\", folded.ptr[0] - 'a' + 'A');
        name = tfd_str_sub(at->path, 0, 1);
        *rest = tfd_str_from(full, 3);
    }
    at->host = tfd_path_join(fixture->host->style, arena, fixture->root,
                             tfd_fixture_name(fixture, arena, fixture->root, name));
    return at->host.ptr ? TFD_OK : TFD_ENOMEM;
}

tfd_str tfd_fixture_name(const tfd_fixture *fixture, tfd_arena *arena, tfd_str folder, tfd_str name)
{
    tfd_dirents all;

    if (fixture->host->list(fixture->host, arena, folder, &all, NULL) != TFD_OK)
        return name;
    for (size_t i = 0; i < all.count; i++)
        if (tfd_str_eq_nocase(all.items[i].name, name))
            return all.items[i].name;
    return name;
}

/* ---- registry */

static bool add_value(tfd_fixture *fixture, size_t *capacity, tfd_reg_root root, const char *key,
                      const cJSON *item)
{
    tfd_arena *arena = &fixture->arena;
    tfd_fixture_value *value;
    const cJSON *part;

    if (!tfd_arena_grow(arena, &fixture->values, capacity, fixture->value_count, sizeof *fixture->values))
        return false;
    value = &fixture->values[fixture->value_count++];
    memset(value, 0, sizeof *value);
    value->root = root;
    value->key = tfd_arena_str(arena, tfd_str_of(key));
    value->is_key = item == NULL;
    if (!item)
        return true;
    value->name = tfd_arena_str(arena, tfd_str_of(item->string));
    if (cJSON_IsNumber(item)) {
        value->value.is_number = true;
        value->value.number = item->valuedouble >= 0 ? (uint64_t)item->valuedouble : 0;
    }
    value->value.text = tfd_arena_str(arena, tfd_str_of(cJSON_GetStringValue(item)));
    if (cJSON_IsArray(item))
        cJSON_ArrayForEach(part, item)
        {
            const char *text = cJSON_GetStringValue(part);

            value->value.text = tfd_arena_fmt(arena, "%.*s%s%s", TFD_ARG(value->value.text),
                                              value->value.text.len ? "\n" : "", text ? text : "");
        }
    return value->value.text.ptr != NULL;
}

bool tfd_fixture_read_registry(tfd_fixture *fixture, const cJSON *json)
{
    static const char *const roots[] = {"HKLM", "HKCU"};
    const cJSON *registry = cJSON_GetObjectItemCaseSensitive(json, "registry");
    size_t capacity = 0;
    const cJSON *key;
    const cJSON *item;

    fixture->has_registry = cJSON_IsObject(registry);
    for (int i = 0; i < 2; i++) {
        cJSON_ArrayForEach(key, cJSON_GetObjectItemCaseSensitive(registry, roots[i]))
        {
            if (!add_value(fixture, &capacity, (tfd_reg_root)i, key->string, NULL))
                return false;
            cJSON_ArrayForEach(item, key)
            {
                if (!add_value(fixture, &capacity, (tfd_reg_root)i, key->string, item))
                    return false;
            }
        }
    }
    return true;
}

/* 32-bit programs see HKLM\SOFTWARE\WOW6432Node as HKLM\SOFTWARE ("Registry redirector"); where the system
 * itself has 32 bits there is one view. */
static tfd_str redirect(const tfd_fixture *fixture, tfd_arena *arena, tfd_reg_root root, tfd_reg_view view,
                        tfd_str key)
{
    static const char software[] = "SOFTWARE\\";
    size_t n = sizeof software - 1;
    tfd_str node = TFD_STR("WOW6432Node");

    if (root != TFD_REG_LOCAL_MACHINE || view != TFD_REG_VIEW_32 || fixture->system.arch == TFD_ARCH_X86 ||
        !tfd_str_eq_nocase(tfd_str_sub(key, 0, n), tfd_str_of(software)) ||
        tfd_str_eq_nocase(tfd_str_sub(key, n, n + node.len), node))
        return key;
    return tfd_arena_fmt(arena, "%s%.*s\\%.*s", software, TFD_ARG(node), TFD_ARG(tfd_str_from(key, n)));
}

tfd_status tfd_fixture_reg_value(const tfd_sys *sys, tfd_arena *arena, tfd_reg_root root, tfd_reg_view view,
                                 tfd_str key, tfd_str name, tfd_reg_value *out, tfd_err *err)
{
    const tfd_fixture *fixture = sys->ctx;

    key = redirect(fixture, arena, root, view, key);
    for (size_t i = 0; i < fixture->value_count; i++) {
        const tfd_fixture_value *one = &fixture->values[i];

        if (one->root == root && !one->is_key && tfd_str_eq_nocase(one->key, key) &&
            tfd_str_eq_nocase(one->name, name)) {
            *out = one->value;
            return TFD_OK;
        }
    }
    return tfd_err_set(err, TFD_ENOENT, 2, "%.*s: no value \"%.*s\"", TFD_ARG(key), TFD_ARG(name));
}

static bool has_name(const tfd_dirents *list, tfd_str name)
{
    for (size_t i = 0; i < list->count; i++)
        if (tfd_str_eq_nocase(list->items[i].name, name))
            return true;
    return false;
}

/* Puts a name in its place by bytes. */
static bool insert_name(tfd_arena *arena, tfd_dirents *list, tfd_str name)
{
    size_t at = list->count;

    if (!TFD_GROW(arena, list))
        return false;
    for (; at > 0 && tfd_str_cmp(list->items[at - 1].name, name) > 0; at--)
        list->items[at] = list->items[at - 1];
    list->items[at] = (tfd_dirent){tfd_arena_str(arena, name), TFD_KIND_DIR};
    list->count++;
    return list->items[at].name.ptr != NULL;
}

tfd_status tfd_fixture_reg_keys(const tfd_sys *sys, tfd_arena *arena, tfd_reg_root root, tfd_reg_view view,
                                tfd_str key, tfd_dirents *out, tfd_err *err)
{
    const tfd_fixture *fixture = sys->ctx;
    bool is_there = false;

    memset(out, 0, sizeof *out);
    key = redirect(fixture, arena, root, view, key);
    for (size_t i = 0; i < fixture->value_count; i++) {
        const tfd_fixture_value *one = &fixture->values[i];
        tfd_str name, rest;

        if (one->root != root || !tfd_path_is_below(TFD_PATH_WINDOWS, one->key, key))
            continue;
        is_there = true;
        (void)tfd_str_cut(tfd_str_from(one->key, key.len + 1), '\\', &name, &rest);
        if (name.len && !has_name(out, name) && !insert_name(arena, out, name))
            return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    }
    return is_there ? TFD_OK : tfd_err_set(err, TFD_ENOENT, 2, "%.*s: no such key", TFD_ARG(key));
}

/* ---- event log */

static bool add_event(tfd_fixture *fixture, size_t *capacity, tfd_str channel, tfd_str xml)
{
    if (!tfd_arena_grow(&fixture->arena, &fixture->events, capacity, fixture->event_count,
                        sizeof *fixture->events))
        return false;
    fixture->events[fixture->event_count].channel = channel;
    fixture->events[fixture->event_count++].xml = xml;
    return channel.ptr && xml.ptr;
}

bool tfd_fixture_read_events(tfd_fixture *fixture, const cJSON *json)
{
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(json, "events");
    size_t capacity = 0;
    const cJSON *channel;
    const cJSON *event;

    fixture->has_events = cJSON_IsObject(all);
    cJSON_ArrayForEach(channel, all)
    {
        tfd_str name = tfd_arena_str(&fixture->arena, tfd_str_of(channel->string));

        if (!add_event(fixture, &capacity, name, cJSON_IsFalse(channel) ? TFD_STR("denied") : TFD_STR("")))
            return false;
        cJSON_ArrayForEach(event, channel)
        {
            tfd_str xml = tfd_arena_str(&fixture->arena, tfd_str_of(cJSON_GetStringValue(event)));

            if (!add_event(fixture, &capacity, name, xml))
                return false;
        }
    }
    return true;
}

tfd_status tfd_fixture_events(const tfd_sys *sys, tfd_arena *arena, const char *channel, const uint32_t *ids,
                              size_t id_count, tfd_events *out, tfd_err *err)
{
    const tfd_fixture *fixture = sys->ctx;
    bool is_there = false;

    (void)ids;
    (void)id_count;
    *out = (tfd_events){NULL, 0, 0};
    for (size_t i = 0; i < fixture->event_count && out->count < TFD_EVENTS_MAX; i++) {
        if (!tfd_str_is(fixture->events[i].channel, channel))
            continue;
        is_there = true;
        if (tfd_str_is(fixture->events[i].xml, "denied"))
            return tfd_err_set(err, TFD_EACCESS, 5, "%s: access is denied", channel);
        if (fixture->events[i].xml.len == 0)
            continue;
        if (!TFD_GROW(arena, out))
            return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
        out->items[out->count++] = fixture->events[i].xml;
    }
    return is_there ? TFD_OK : tfd_err_set(err, TFD_ENOENT, 15007, "%s: no such channel", channel);
}
