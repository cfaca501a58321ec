/* The log that pip is told to write (--log as a setting): how its last run ended. */
#include "formats/piplog.h"

#include <string.h>

#include "net/settings.h"

/* Bytes from the end. One run with TensorFlow and all that it requires writes some 200 KB. */
#define LOG_MAX ((uint64_t)1 << 20)

static tfd_str read_tail(const tfd_sys *sys, tfd_arena *arena, tfd_str path, bool *is_whole)
{
    tfd_str out = {NULL, 0}; /* not read */
    tfd_file file;
    tfd_stat info;
    uint64_t skip;
    size_t size, got = 0;
    char *text;

    if (sys->stat(sys, path, true, &info, NULL) != TFD_OK || sys->open(sys, path, &file, NULL) != TFD_OK)
        return out;
    skip = info.size > LOG_MAX ? info.size - LOG_MAX : 0;
    size = (size_t)(info.size - skip);
    *is_whole = skip == 0;
    text = tfd_arena_take(arena, size + 1, 1);
    if (text && sys->read_at(sys, &file, skip, text, size, &got, NULL) == TFD_OK)
        out = (tfd_str){text, got};
    sys->close(sys, &file);
    return out;
}

/* Whether that pip lies in a folder of packages that this interpreter looks into. */
static bool is_own(const tfd_sys *sys, const tfd_facts *facts, tfd_str pip)
{
    for (size_t i = 0; i < facts->places.count; i++) {
        const tfd_place *place = &facts->places.items[i];
        bool has_packages = place->kind == TFD_PLACE_SITE || place->kind == TFD_PLACE_USER_SITE ||
                            place->kind == TFD_PLACE_BASE_SITE;

        if (has_packages && place->path.len > 0 && tfd_path_is_below(sys->style, pip, place->path))
            return true;
    }
    return false;
}

tfd_status tfd_net_pip_log(const tfd_sys *sys, tfd_arena *arena, tfd_facts *facts)
{
    bool is_whole = false;
    tfd_str path, text;
    tfd_stat info;

    if (tfd_net_log_setting(sys, arena, facts, &path) != TFD_OK)
        return TFD_ENOMEM;
    if (path.len > 0)
        path = tfd_net_path(sys, arena, path);
    if (path.len == 0 || sys->stat(sys, path, true, &info, NULL) == TFD_ENOENT)
        return arena->failed ? TFD_ENOMEM : TFD_OK;
    text = read_tail(sys, arena, path, &is_whole);
    facts->pip_log_path = path;
    facts->pip_log_is_read = text.ptr != NULL;
    tfd_pip_log_parse(text, &facts->pip_log);
    if (!is_own(sys, facts, facts->pip_log.pip))
        memset(&facts->pip_log, 0, sizeof facts->pip_log);
    if (!is_whole)
        facts->pip_log.line = 0;
    return arena->failed ? TFD_ENOMEM : TFD_OK;
}
