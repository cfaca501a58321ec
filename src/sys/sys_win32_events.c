/* The event log, through wevtapi.dll: loaded when it is first asked for, so that a start without it costs
 * nothing. Constants are those of winevt.h. */
#include <stdio.h>
#include <stdlib.h>

#include "sys/sys_win32.h"

#define QUERY_CHANNEL_PATH 0x1u
#define QUERY_REVERSE 0x200u
#define RENDER_EVENT_XML 1u
#define WAIT_MS 2000u
#define QUERY_MAX 512

typedef HANDLE(WINAPI *evt_query)(HANDLE session, LPCWSTR path, LPCWSTR query, DWORD flags);
typedef BOOL(WINAPI *evt_next)(HANDLE results, DWORD size, HANDLE *events, DWORD timeout, DWORD flags,
                               DWORD *got);
typedef BOOL(WINAPI *evt_render)(HANDLE context, HANDLE fragment, DWORD flags, DWORD size, void *buffer,
                                 DWORD *used, DWORD *count);
typedef BOOL(WINAPI *evt_close)(HANDLE object);

typedef struct evt_api {
    HMODULE dll;
    evt_query query;
    evt_next next;
    evt_render render;
    evt_close close;
} evt_api;

/* GetProcAddress gives a type that fits no function; a cast from one to the other goes through void. */
#define TFD_FUNCTION(type, name) ((type)(void (*)(void))GetProcAddress(api->dll, name))

static bool load(evt_api *api)
{
    api->dll = LoadLibraryExW(L"wevtapi.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (!api->dll)
        return false;
    api->query = TFD_FUNCTION(evt_query, "EvtQuery");
    api->next = TFD_FUNCTION(evt_next, "EvtNext");
    api->render = TFD_FUNCTION(evt_render, "EvtRender");
    api->close = TFD_FUNCTION(evt_close, "EvtClose");
    return api->query && api->next && api->render && api->close;
}

/* "*[System[(EventID=3077 or EventID=3033)]]" */
static tfd_str make_query(char text[QUERY_MAX], const uint32_t *ids, size_t count)
{
    size_t len = 0;

    for (size_t i = 0; i < count && len < QUERY_MAX; i++) {
        int n = snprintf(text + len, QUERY_MAX - len, "%sEventID=%lu", i == 0 ? "*[System[(" : " or ",
                         (unsigned long)ids[i]);

        len += n > 0 ? (size_t)n : 0;
    }
    if (len < QUERY_MAX) {
        int n = snprintf(text + len, QUERY_MAX - len, "%s", count > 0 ? ")]]" : "*");

        len += n > 0 ? (size_t)n : 0;
    }
    return (tfd_str){text, len < QUERY_MAX ? len : QUERY_MAX - 1};
}

/* The XML of one event, added to out; one that is too long is left out. */
static tfd_status add_event(const evt_api *api, HANDLE event, WCHAR *units, tfd_arena *arena, tfd_events *out,
                            tfd_err *err)
{
    DWORD used = 0, count = 0;
    size_t n = 0, most = TFD_EVENT_MAX / sizeof *units;

    if (!api->render(NULL, event, RENDER_EVENT_XML, (DWORD)TFD_EVENT_MAX, units, &used, &count))
        return TFD_OK;
    while (n < most && n < used / sizeof *units && units[n])
        n++;
    if (!TFD_GROW(arena, out))
        return tfd_err_set(err, TFD_ENOMEM, ERROR_OUTOFMEMORY, "out of memory");
    out->items[out->count] = tfd_win32_text(arena, units, n);
    return out->items[out->count++].ptr ? TFD_OK
                                        : tfd_err_set(err, TFD_ENOMEM, ERROR_OUTOFMEMORY, "out of memory");
}

static tfd_status read_results(const evt_api *api, HANDLE results, tfd_arena *arena, tfd_events *out,
                               tfd_err *err)
{
    WCHAR *units = malloc(TFD_EVENT_MAX);
    tfd_status st = TFD_OK;

    if (!units)
        return tfd_err_set(err, TFD_ENOMEM, ERROR_OUTOFMEMORY, "out of memory");
    while (st == TFD_OK && out->count < TFD_EVENTS_MAX) {
        HANDLE event = NULL;
        DWORD got = 0;

        if (!api->next(results, 1, &event, WAIT_MS, 0, &got) || got == 0) {
            DWORD code = GetLastError();

            if (code != ERROR_NO_MORE_ITEMS)
                st = tfd_win32_fail(err, code, TFD_STR("event log"), "read");
            break;
        }
        st = add_event(api, event, units, arena, out, err);
        (void)api->close(event);
    }
    free(units);
    return st;
}

static tfd_status fail_query(const char *channel, tfd_err *err)
{
    DWORD code = GetLastError();

    if (code == ERROR_EVT_CHANNEL_NOT_FOUND)
        return tfd_err_set(err, TFD_ENOENT, (int)code, "%s: no such channel", channel);
    return tfd_win32_fail(err, code, tfd_str_of(channel), "open the event log");
}

tfd_status tfd_win32_events(const tfd_sys *sys, tfd_arena *arena, const char *channel, const uint32_t *ids,
                            size_t id_count, tfd_events *out, tfd_err *err)
{
    char text[QUERY_MAX];
    WCHAR *path = tfd_win32_units(tfd_str_of(channel), NULL);
    WCHAR *query = tfd_win32_units(make_query(text, ids, id_count), NULL);
    evt_api known = {0}, *api = &known;
    HANDLE results = NULL;
    tfd_status st;

    (void)sys;
    *out = (tfd_events){NULL, 0, 0};
    if (!path || !query) {
        st = tfd_err_set(err, TFD_ENOMEM, ERROR_OUTOFMEMORY, "out of memory");
    } else if (!load(api)) {
        st = tfd_err_set(err, TFD_EUNSUPPORTED, 0, "wevtapi.dll cannot be used");
    } else {
        results = api->query(NULL, path, query, QUERY_CHANNEL_PATH | QUERY_REVERSE);
        st = results ? read_results(api, results, arena, out, err) : fail_query(channel, err);
    }
    if (results)
        (void)api->close(results);
    if (api->dll)
        (void)FreeLibrary(api->dll);
    free(path);
    free(query);
    return st;
}
