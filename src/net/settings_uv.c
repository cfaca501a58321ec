/* uv's settings. Of uv.toml only plain lines are read: top-level and [pip] keys with one string or a list of
 * strings on one line, and [[index]] tables. */
#include <string.h>

#include "net/settings.h"

#define CONFIG_MAX ((size_t)256 << 10)

/* The next string of a TOML value; false at the end. */
static bool take_string(tfd_str *value, tfd_str *out)
{
    for (size_t i = 0; i < value->len; i++) {
        char quote = value->ptr[i];

        if (quote == '#')
            return false;
        if (quote == '"' || quote == '\'')
            return tfd_str_cut(tfd_str_from(*value, i + 1), quote, out, value);
    }
    return false;
}

typedef struct toml {
    tfd_arena *arena;
    tfd_net_settings *out;
    tfd_str path;
    tfd_str url; /* of the [[index]] that is being read */
    bool is_default;
    bool no_memory;
} toml;

static void end_table(toml *in)
{
    if (in->url.len > 0 && in->is_default)
        in->out->index = (tfd_net_value){in->url, in->path};
    else if (in->url.len > 0)
        in->no_memory |= !tfd_net_add_words(in->arena, in->url, in->path, &in->out->extra);
    in->url = TFD_STR("");
    in->is_default = false;
}

static void take_line(toml *in, tfd_str section, tfd_str line)
{
    tfd_str key, value, text;

    if (!tfd_str_cut(line, '=', &key, &value))
        return;
    key = tfd_str_trim(key);
    if (tfd_str_is(section, "[[index]]")) {
        if (tfd_str_is(key, "url") && take_string(&value, &text))
            in->url = text;
        else if (tfd_str_is(key, "default"))
            in->is_default = tfd_str_is(tfd_str_trim(value), "true");
    } else if (section.len > 0 && !tfd_str_is(section, "[pip]")) {
        return;
    } else if (tfd_str_is(key, "index-url") && take_string(&value, &text)) {
        in->out->index = (tfd_net_value){text, in->path};
    } else if (tfd_str_is(key, "no-index") && tfd_str_is(tfd_str_trim(value), "true")) {
        in->out->no_index = (tfd_net_value){TFD_STR("true"), in->path};
    } else if (tfd_str_is(key, "extra-index-url") || tfd_str_is(key, "find-links")) {
        while (take_string(&value, &text))
            in->no_memory |= !tfd_net_add_words(
                in->arena, text, in->path, tfd_str_is(key, "find-links") ? &in->out->links : &in->out->extra);
    }
}

static bool read_toml(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_net_settings *out)
{
    toml in = {.arena = arena, .out = out, .path = path};
    tfd_str text, line, section = TFD_STR("");

    if (tfd_sys_read_file(sys, arena, path, CONFIG_MAX, &text, NULL) != TFD_OK)
        return true;
    while (tfd_str_line(&text, &line)) {
        line = tfd_str_trim(line);
        if (line.len > 0 && line.ptr[0] == '[') {
            end_table(&in);
            section = line;
        } else {
            take_line(&in, section, line);
        }
    }
    end_table(&in);
    return !in.no_memory;
}

/* UV_INDEX: "name=url" or "url", separated by white space. */
static bool add_named(tfd_arena *arena, tfd_str words, tfd_net_values *out)
{
    size_t first = out->count;

    if (!tfd_net_add_words(arena, words, TFD_STR("UV_INDEX"), out))
        return false;
    for (size_t i = first; i < out->count; i++) {
        tfd_str text = out->items[i].text;
        size_t at = tfd_str_find_char(text, '='), scheme = tfd_str_find_z(text, "://");

        if (at != TFD_NPOS && (scheme == TFD_NPOS || at < scheme))
            out->items[i].text = tfd_str_from(text, at + 1);
    }
    return true;
}

tfd_status tfd_net_settings_uv(const tfd_sys *sys, tfd_arena *arena, tfd_net_settings *out)
{
    static const char *const defaults[] = {"UV_INDEX_URL", "UV_DEFAULT_INDEX"}; /* the second wins */
    tfd_net_settings fresh = {.is_uv = true};
    tfd_str home = sys->home(sys), config, value;
    bool ok = true;

    if (!tfd_net_env(sys, "XDG_CONFIG_HOME", &config))
        config = tfd_path_join(sys->style, arena, home, TFD_STR(".config"));
    if (sys->style == TFD_PATH_WINDOWS && tfd_net_env(sys, "APPDATA", &value))
        config = value;
    if (sys->style == TFD_PATH_POSIX)
        ok = read_toml(sys, arena, TFD_STR("/etc/uv/uv.toml"), &fresh);
    ok = ok && read_toml(sys, arena, tfd_path_join(sys->style, arena, config, TFD_STR("uv/uv.toml")), &fresh);
    ok = ok &&
         read_toml(sys, arena, tfd_path_join(sys->style, arena, sys->cwd(sys), TFD_STR("uv.toml")), &fresh);
    for (size_t i = 0; i < 2; i++)
        if (tfd_net_env(sys, defaults[i], &value))
            fresh.index = (tfd_net_value){value, tfd_str_of(defaults[i])};
    if (tfd_net_env(sys, "UV_INDEX", &value))
        ok = ok && add_named(arena, value, &fresh.extra);
    if (tfd_net_env(sys, "UV_EXTRA_INDEX_URL", &value))
        ok = ok && tfd_net_add_words(arena, value, TFD_STR("UV_EXTRA_INDEX_URL"), &fresh.extra);
    if (tfd_net_env(sys, "UV_FIND_LINKS", &value))
        ok = ok && tfd_net_add_words(arena, value, TFD_STR("UV_FIND_LINKS"), &fresh.links);
    if (tfd_net_env(sys, "UV_INSECURE_HOST", &value))
        ok = ok && tfd_net_add_words(arena, value, TFD_STR("UV_INSECURE_HOST"), &fresh.trusted);
    *out = fresh;
    return ok ? TFD_OK : TFD_ENOMEM;
}
