#include "sys/sys.h"

tfd_status tfd_sys_read_file(const tfd_sys *sys, tfd_arena *arena, tfd_str path, size_t max, tfd_str *out,
                             tfd_err *err)
{
    tfd_file file = TFD_FILE_NONE;
    tfd_arena_mark mark = tfd_arena_get_mark(arena);
    tfd_status st;
    size_t want;
    size_t got = 0;
    char *text;

    st = sys->open(sys, path, &file, err);
    if (st != TFD_OK)
        return st;
    if (file.size > max) {
        st = tfd_err_set(err, TFD_ELIMIT, 0, "%.*s: more than %zu bytes", TFD_ARG(path), max);
        goto done;
    }
    /* Files of /proc and /sys call themselves empty, or a page long: these are read up to the limit. */
    want = file.size ? (size_t)file.size : (max < TFD_PROC_MAX ? max : TFD_PROC_MAX);
    text = tfd_arena_take(arena, want + 1, 1);
    if (!text) {
        st = tfd_err_set(err, TFD_ENOMEM, 0, "%.*s: out of memory", TFD_ARG(path));
        goto done;
    }
    st = sys->read_at(sys, &file, 0, text, want, &got, err);
    if (st != TFD_OK) {
        tfd_arena_rewind(arena, mark);
        goto done;
    }
    text[got] = '\0';
    out->ptr = text;
    out->len = got;
done:
    sys->close(sys, &file);
    return st;
}

tfd_kind tfd_sys_kind(const tfd_sys *sys, tfd_str path)
{
    tfd_stat st;

    return sys->stat(sys, path, true, &st, NULL) == TFD_OK ? st.kind : TFD_KIND_NONE;
}

bool tfd_sys_is_file(const tfd_sys *sys, tfd_str path)
{
    return tfd_sys_kind(sys, path) == TFD_KIND_FILE;
}

bool tfd_sys_is_dir(const tfd_sys *sys, tfd_str path)
{
    return tfd_sys_kind(sys, path) == TFD_KIND_DIR;
}

tfd_status tfd_sys_reg_value(const tfd_sys *sys, tfd_arena *arena, tfd_reg_root root, tfd_reg_view view,
                             tfd_str key, tfd_str name, tfd_reg_value *out, tfd_err *err)
{
    if (!sys->reg_value)
        return tfd_err_set(err, TFD_EUNSUPPORTED, 0, "this machine has no registry");
    return sys->reg_value(sys, arena, root, view, key, name, out, err);
}

tfd_status tfd_sys_reg_keys(const tfd_sys *sys, tfd_arena *arena, tfd_reg_root root, tfd_reg_view view,
                            tfd_str key, tfd_dirents *out, tfd_err *err)
{
    if (!sys->reg_keys)
        return tfd_err_set(err, TFD_EUNSUPPORTED, 0, "this machine has no registry");
    return sys->reg_keys(sys, arena, root, view, key, out, err);
}

tfd_status tfd_sys_events(const tfd_sys *sys, tfd_arena *arena, const char *channel, const uint32_t *ids,
                          size_t id_count, tfd_events *out, tfd_err *err)
{
    *out = (tfd_events){NULL, 0, 0};
    if (!sys->events)
        return tfd_err_set(err, TFD_EUNSUPPORTED, 0, "this machine has no event log");
    return sys->events(sys, arena, channel, ids, id_count, out, err);
}

tfd_str tfd_sys_reg_text(const tfd_sys *sys, tfd_arena *arena, tfd_reg_root root, tfd_reg_view view,
                         tfd_str key, tfd_str name)
{
    tfd_reg_value value = {0};

    if (tfd_sys_reg_value(sys, arena, root, view, key, name, &value, NULL) != TFD_OK || value.is_number)
        return TFD_STR("");
    return value.text;
}
