/* uv's settings: variables, uv.toml and pyproject.toml of the project, of the user and of the system. uv
 * takes a value from the first of them that has it, and joins lists in this order. An index of [[index]]
 * comes before those of extra-index-url, and the default index last of all.
 *
 * Sources: uv's reference of settings and of variables; its order measured with uv 0.13. */
#include <stdio.h>
#include <string.h>

#include "formats/toml.h"
#include "net/settings.h"
#include "net/url.h"

#define CONFIG_MAX ((size_t)256 << 10)
#define FOLDERS_MAX 64

/* One index of [[index]] or of a variable. */
typedef struct entry {
    tfd_str url, name, source;
    bool is_default, is_explicit, is_flat;
    unsigned table;
} entry;

typedef struct uv {
    const tfd_sys *sys;
    tfd_arena *arena;
    tfd_net_settings *out;
    TFD_TABLE(entry) entries;
    tfd_net_values extra, extra_pip;          /* of the files: top-level and [pip] */
    tfd_net_value index, index_pip, strategy; /* of the files */
    tfd_str certs;
    bool no_memory;
} uv;

static tfd_str variable(const uv *in, const char *name)
{
    tfd_str value;

    return tfd_net_env(in->sys, name, &value) ? value : TFD_STR("");
}

static void add_words(uv *in, tfd_str words, tfd_str source, tfd_net_values *out)
{
    in->no_memory |= !tfd_net_add_words(in->arena, words, source, out);
}

static void set_once(tfd_net_value *to, tfd_str text, tfd_str source)
{
    if (to->text.len == 0)
        *to = (tfd_net_value){text, source};
}

/* ---- files */

static entry *entry_of(uv *in, tfd_str source, unsigned table)
{
    if (in->entries.count > 0) {
        entry *last = &in->entries.items[in->entries.count - 1];

        if (last->table == table && tfd_str_eq(last->source, source))
            return last;
    }
    if (!TFD_GROW(in->arena, &in->entries)) {
        in->no_memory = true;
        return NULL;
    }
    in->entries.items[in->entries.count] = (entry){.source = source, .table = table};
    return &in->entries.items[in->entries.count++];
}

static void take_index(uv *in, tfd_str path, tfd_str key, const tfd_toml_value *value)
{
    entry *one = entry_of(in, path, value->table);
    bool is_true = !value->is_string && tfd_str_is(value->text, "true");

    if (!one)
        return;
    if (tfd_str_is(key, "url"))
        one->url = value->text;
    else if (tfd_str_is(key, "name"))
        one->name = value->text;
    else if (tfd_str_is(key, "default"))
        one->is_default = is_true;
    else if (tfd_str_is(key, "explicit"))
        one->is_explicit = is_true;
    else if (tfd_str_is(key, "format"))
        one->is_flat = tfd_str_is(value->text, "flat");
}

/* A folder is named as it is seen from the file. */
static void add_links(uv *in, tfd_str path, tfd_str text)
{
    if (tfd_str_find_z(text, "://") == TFD_NPOS)
        text = tfd_path_join(in->sys->style, in->arena, tfd_path_dir(in->sys->style, path), text);
    if (TFD_GROW(in->arena, &in->out->links))
        in->out->links.items[in->out->links.count++] = (tfd_net_value){text, path};
    else
        in->no_memory = true;
}

/* key: without what stands before it in pyproject.toml. */
static void take_value(uv *in, tfd_str path, tfd_str key, const tfd_toml_value *value)
{
    bool is_pip = tfd_str_starts_z(key, "pip."),
         is_true = !value->is_string && tfd_str_is(value->text, "true");

    if (tfd_str_starts_z(key, "index.")) {
        take_index(in, path, tfd_str_from(key, 6), value);
        return;
    }
    if (is_pip)
        key = tfd_str_from(key, 4);
    if (tfd_str_is(key, "index-url"))
        set_once(is_pip ? &in->index_pip : &in->index, value->text, path);
    else if (tfd_str_is(key, "extra-index-url"))
        add_words(in, value->text, path, is_pip ? &in->extra_pip : &in->extra);
    else if (tfd_str_is(key, "find-links"))
        add_links(in, path, value->text);
    else if (tfd_str_is(key, "index-strategy"))
        set_once(&in->strategy, value->text, path);
    else if (tfd_str_is(key, "allow-insecure-host"))
        add_words(in, value->text, path, &in->out->trusted);
    else if (tfd_str_is(key, "no-index") && is_true)
        set_once(&in->out->no_index, value->text, path);
    else if ((tfd_str_is(key, "system-certs") || tfd_str_is(key, "native-tls")) && in->certs.len == 0)
        in->certs = value->text;
}

/* prefix: of the keys that are uv's ("tool.uv."). False where the file is not there, or has none of them. */
static bool read_file(uv *in, tfd_str path, const char *prefix)
{
    tfd_toml toml = {.arena = in->arena};
    tfd_toml_value value;
    bool found = prefix[0] == '\0';

    if (tfd_sys_read_file(in->sys, in->arena, path, CONFIG_MAX, &toml.rest, NULL) != TFD_OK)
        return false;
    while (tfd_toml_next(&toml, &value)) {
        if (!tfd_str_starts_z(value.key, prefix))
            continue;
        found = true;
        take_value(in, path, tfd_str_from(value.key, strlen(prefix)), &value);
    }
    return found;
}

static tfd_str below(const uv *in, tfd_str folder, const char *name)
{
    return tfd_path_join(in->sys->style, in->arena, folder, tfd_str_of(name));
}

/* The nearest folder upwards that has settings; uv.toml wins over the pyproject.toml beside it. */
static void read_project(uv *in)
{
    tfd_str folder = in->sys->cwd(in->sys), before = TFD_STR("");

    for (int i = 0; i < FOLDERS_MAX && folder.len > 0 && !tfd_str_eq(folder, before); i++) {
        if (read_file(in, below(in, folder, "uv.toml"), "") ||
            read_file(in, below(in, folder, "pyproject.toml"), "tool.uv."))
            return;
        before = folder;
        folder = tfd_path_dir(in->sys->style, folder);
    }
}

static void read_user(uv *in)
{
    tfd_str config = variable(in, in->sys->style == TFD_PATH_WINDOWS ? "APPDATA" : "XDG_CONFIG_HOME");

    if (config.len == 0)
        config = below(in, in->sys->home(in->sys), ".config");
    (void)read_file(in, below(in, config, "uv/uv.toml"), "");
}

static void read_system(uv *in)
{
    tfd_str dirs = variable(in, "XDG_CONFIG_DIRS"), dir;
    bool more = in->sys->style == TFD_PATH_POSIX;

    if (!more && variable(in, "ProgramData").len > 0)
        (void)read_file(in, below(in, variable(in, "ProgramData"), "uv/uv.toml"), "");
    if (dirs.len == 0)
        dirs = TFD_STR("/etc/xdg");
    while (more) {
        more = tfd_str_cut(dirs, ':', &dir, &dirs);
        if (read_file(in, below(in, dir, "uv/uv.toml"), ""))
            return;
    }
    if (in->sys->style == TFD_PATH_POSIX)
        (void)read_file(in, TFD_STR("/etc/uv/uv.toml"), "");
}

static void read_files(uv *in)
{
    tfd_str own = variable(in, "UV_CONFIG_FILE"), none = variable(in, "UV_NO_CONFIG");

    if (own.len > 0) {
        (void)read_file(in, own, "");
    } else if (none.len == 0 || tfd_str_is(none, "0") || tfd_str_is(none, "false")) {
        read_project(in);
        read_user(in);
        read_system(in);
    }
}

/* ---- variables */

/* Each "name=url" or "url". */
static void add_named(uv *in, const char *name, bool is_default)
{
    tfd_net_values words = {0};

    add_words(in, variable(in, name), tfd_str_of(name), &words);
    for (size_t i = 0; i < words.count; i++) {
        tfd_str word = words.items[i].text;
        size_t at = tfd_str_find_char(word, '='), scheme = tfd_str_find_z(word, "://");
        bool is_named = at != TFD_NPOS && (scheme == TFD_NPOS || at < scheme);

        if (!TFD_GROW(in->arena, &in->entries)) {
            in->no_memory = true;
            return;
        }
        in->entries.items[in->entries.count++] = (entry){.url = is_named ? tfd_str_from(word, at + 1) : word,
                                                         .name = tfd_str_sub(word, 0, is_named ? at : 0),
                                                         .source = words.items[i].source,
                                                         .is_default = is_default};
    }
}

static void read_variables(uv *in)
{
    add_named(in, "UV_INDEX", false);
    add_named(in, "UV_EXTRA_INDEX_URL", false);
    add_named(in, "UV_DEFAULT_INDEX", true);
    add_named(in, "UV_INDEX_URL", true);
    add_words(in, variable(in, "UV_FIND_LINKS"), TFD_STR("UV_FIND_LINKS"), &in->out->links);
    add_words(in, variable(in, "UV_INSECURE_HOST"), TFD_STR("UV_INSECURE_HOST"), &in->out->trusted);
    in->strategy.text = variable(in, "UV_INDEX_STRATEGY");
    in->certs = variable(in, "UV_SYSTEM_CERTS");
    if (in->certs.len == 0)
        in->certs = variable(in, "UV_NATIVE_TLS");
}

/* ---- all together */

/* As user or password of a URL. */
static tfd_str encode(uv *in, tfd_str text)
{
    char *out = tfd_arena_take(in->arena, 3 * text.len + 1, 1);
    size_t n = 0;

    for (size_t i = 0; out && i < text.len; i++) {
        char c = text.ptr[i];

        if (tfd_char_is_alpha(c) || tfd_char_is_digit(c) || strchr("-._~", c))
            out[n++] = c;
        else
            n += (size_t)snprintf(out + n, 4, "%%%02X", (unsigned)(unsigned char)c);
    }
    return (tfd_str){out, n};
}

/* UV_INDEX_<NAME>_USERNAME and …_PASSWORD. */
static tfd_str with_credentials(uv *in, const entry *one)
{
    tfd_str upper = tfd_arena_str(in->arena, one->name), name, user, password;
    tfd_url url;

    if (upper.len == 0 || !tfd_url_split(one->url, &url) || url.user.len > 0)
        return one->url;
    for (size_t i = 0; i < upper.len; i++) {
        char c = upper.ptr[i];

        ((char *)upper.ptr)[i] = c >= 'a' && c <= 'z'                           ? (char)(c - 'a' + 'A')
                                 : tfd_char_is_alpha(c) || tfd_char_is_digit(c) ? c
                                                                                : '_';
    }
    name = tfd_arena_fmt(in->arena, "UV_INDEX_%.*s_USERNAME", TFD_ARG(upper));
    user = encode(in, variable(in, name.ptr));
    name = tfd_arena_fmt(in->arena, "UV_INDEX_%.*s_PASSWORD", TFD_ARG(upper));
    password = encode(in, variable(in, name.ptr));
    if (user.len + password.len == 0)
        return one->url;
    return tfd_arena_fmt(in->arena, "%.*s://%.*s:%.*s@%.*s", TFD_ARG(url.scheme), TFD_ARG(user),
                         TFD_ARG(password), TFD_ARG(tfd_str_from(one->url, url.scheme.len + 3)));
}

static void add_value(uv *in, tfd_net_value value, tfd_net_values *out)
{
    if (TFD_GROW(in->arena, out))
        out->items[out->count++] = value;
    else
        in->no_memory = true;
}

static void merge(uv *in)
{
    tfd_net_settings *out = in->out;

    for (size_t i = 0; i < in->entries.count; i++) {
        const entry *one = &in->entries.items[i];
        tfd_net_value value = {with_credentials(in, one), one->source};

        if (one->url.len == 0 || one->is_explicit)
            continue;
        if (one->is_flat)
            add_value(in, value, &out->links);
        else if (one->is_default)
            set_once(&out->index, value.text, value.source);
        else
            add_value(in, value, &out->extra);
    }
    for (size_t i = 0; i < in->extra_pip.count; i++)
        add_value(in, in->extra_pip.items[i], &out->extra);
    for (size_t i = 0; i < in->extra.count; i++)
        add_value(in, in->extra.items[i], &out->extra);
    set_once(&out->index, in->index_pip.text, in->index_pip.source);
    set_once(&out->index, in->index.text, in->index.source);
    out->first_only = !tfd_str_starts_z(in->strategy.text, "unsafe");
    out->uses_system = in->certs.len > 0 && !tfd_str_is(in->certs, "0") && !tfd_str_is(in->certs, "false");
}

tfd_status tfd_net_settings_uv(const tfd_sys *sys, tfd_arena *arena, tfd_net_settings *out)
{
    uv in = {.sys = sys, .arena = arena, .out = out};

    *out = (tfd_net_settings){.is_uv = true};
    read_variables(&in);
    read_files(&in);
    merge(&in);
    return in.no_memory ? TFD_ENOMEM : TFD_OK;
}
