/* CreateProcess and what it needs: command line, environment, the handles that are inherited. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/arguments.h"
#include "sys/child_win32.h"

#define COMMAND_MAX 32767u                /* units, the NUL included (CreateProcessW) */
#define ENVIRONMENT_MAX ((size_t)4 << 20) /* bytes of UTF-8 */

static tfd_str name_of(tfd_str entry)
{
    size_t equals = tfd_str_find_char(tfd_str_from(entry, 1), '=');

    /* "=C:=C:\x": the first '=' belongs to the name. */
    return equals == TFD_NPOS ? entry : tfd_str_sub(entry, 0, equals + 1);
}

static bool is_overridden(const tfd_child_spec *spec, tfd_str entry)
{
    tfd_str name = name_of(entry);

    if ((spec->scratch && tfd_str_eq_nocase(name, tfd_str_of(spec->scratch))) ||
        (spec->data_fd_env && tfd_str_eq_nocase(name, tfd_str_of(spec->data_fd_env))))
        return true;
    for (size_t i = 0; spec->env && spec->env[i]; i++)
        if (tfd_str_eq_nocase(name, name_of(tfd_str_of(spec->env[i]))))
            return true;
    return false;
}

static bool add_entry(tfd_arena *arena, tfd_str **items, size_t *capacity, size_t *count, tfd_str entry)
{
    if (!entry.ptr || !tfd_arena_grow(arena, items, capacity, *count, sizeof **items))
        return false;
    (*items)[(*count)++] = entry;
    return true;
}

/* By name without case, as the system wants a block (CreateProcessW, lpEnvironment). */
static int compare_names(const void *a, const void *b)
{
    tfd_str x = name_of(*(const tfd_str *)a);
    tfd_str y = name_of(*(const tfd_str *)b);

    for (size_t i = 0; i < x.len && i < y.len; i++) {
        /* In capitals: '_' comes after the letters. */
        int p = (unsigned char)tfd_char_lower(x.ptr[i]), q = (unsigned char)tfd_char_lower(y.ptr[i]);

        p = p >= 'a' && p <= 'z' ? p - 'a' + 'A' : p;
        q = q >= 'a' && q <= 'z' ? q - 'a' + 'A' : q;
        if (p != q)
            return p < q ? -1 : 1;
    }
    return x.len < y.len ? -1 : x.len > y.len;
}

/* tfdiag's own variables with those of spec, the scratch folder and the data handle set over them. */
static bool list_environment(const tfd_child_spec *spec, const tfd_child *child, HANDLE data,
                             tfd_arena *arena, tfd_str **items, size_t *count)
{
    WCHAR *own = GetEnvironmentStringsW();
    size_t capacity = 0;
    bool ok = own != NULL;

    for (const WCHAR *at = own; ok && *at; at += wcslen(at) + 1) {
        tfd_str entry = tfd_win32_text_z(arena, at);

        ok = entry.ptr && (is_overridden(spec, entry) || add_entry(arena, items, &capacity, count, entry));
    }
    if (own)
        (void)FreeEnvironmentStringsW(own);
    for (size_t i = 0; ok && spec->env && spec->env[i]; i++)
        if (strchr(spec->env[i], '='))
            ok = add_entry(arena, items, &capacity, count, tfd_str_of(spec->env[i]));
    if (ok && spec->scratch && child->scratch)
        ok = add_entry(arena, items, &capacity, count,
                       tfd_arena_fmt(arena, "%s=%s", spec->scratch, child->scratch));
    if (ok && spec->data_fd_env)
        ok = add_entry(
            arena, items, &capacity, count,
            tfd_arena_fmt(arena, "%s=%llu", spec->data_fd_env, (unsigned long long)(uintptr_t)data));
    if (ok && *count)
        qsort(*items, *count, sizeof **items, compare_names);
    return ok;
}

static WCHAR *make_environment(const tfd_child_spec *spec, const tfd_child *child, HANDLE data)
{
    tfd_arena arena;
    tfd_str *items = NULL;
    size_t count = 0;
    WCHAR *out = NULL;
    tfd_buf text;

    tfd_arena_init(&arena, 4 * ENVIRONMENT_MAX);
    tfd_buf_init(&text, ENVIRONMENT_MAX);
    if (list_environment(spec, child, data, &arena, &items, &count)) {
        for (size_t i = 0; i < count; i++) {
            tfd_buf_str(&text, items[i]);
            tfd_buf_char(&text, '\0');
        }
        tfd_buf_char(&text, '\0');
        if (!text.failed)
            out = tfd_win32_units(tfd_buf_get(&text), NULL);
    }
    tfd_buf_done(&text);
    tfd_arena_done(&arena);
    return out;
}

static WCHAR *make_line(const char *const *argv)
{
    WCHAR *out = NULL;
    size_t n = 0;
    tfd_buf line;

    tfd_buf_init(&line, (size_t)COMMAND_MAX * TFD_UTF16_BYTES);
    for (; *argv; argv++)
        tfd_arguments_add(&line, tfd_str_of(*argv));
    if (!line.failed)
        out = tfd_win32_units(tfd_buf_get(&line), &n);
    tfd_buf_done(&line);
    if (n < COMMAND_MAX)
        return out;
    free(out);
    return NULL;
}

/* A list of attributes with the handles that the child inherits: nothing else of tfdiag's goes to it, and
 * nothing of this child to another one that is started meanwhile. */
static LPPROC_THREAD_ATTRIBUTE_LIST make_attributes(HANDLE *handles, size_t count)
{
    LPPROC_THREAD_ATTRIBUTE_LIST list;
    SIZE_T size = 0;

    (void)InitializeProcThreadAttributeList(NULL, 1, 0, &size);
    list = malloc(size ? size : 1);
    if (!list || !InitializeProcThreadAttributeList(list, 1, 0, &size)) {
        free(list);
        return NULL;
    }
    if (UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles,
                                  count * sizeof *handles, NULL, NULL))
        return list;
    DeleteProcThreadAttributeList(list);
    free(list);
    return NULL;
}

/* A child in a group of its own does not see Ctrl-C, so tfdiag alone decides what becomes of it. */
static DWORD creation_flags(void)
{
    DWORD flags = CREATE_SUSPENDED | CREATE_UNICODE_ENVIRONMENT | EXTENDED_STARTUPINFO_PRESENT |
                  CREATE_NEW_PROCESS_GROUP;

    /* Without a console of our own each console program would open a window. */
    return GetConsoleCP() ? flags : flags | CREATE_NO_WINDOW;
}

static DWORD create(WCHAR *line, WCHAR *environment, const tfd_win32_path *program, const WCHAR *cwd,
                    HANDLE *handles, tfd_child *child)
{
    STARTUPINFOEXW info;
    PROCESS_INFORMATION process;
    DWORD code = ERROR_SUCCESS;

    memset(&info, 0, sizeof info);
    info.StartupInfo.cb = sizeof info;
    info.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    info.StartupInfo.hStdOutput = handles[TFD_PIPE_OUT];
    info.StartupInfo.hStdError = handles[TFD_PIPE_ERR];
    info.StartupInfo.hStdInput = handles[TFD_PIPE_COUNT];
    info.lpAttributeList = make_attributes(handles, TFD_PIPE_COUNT + 1);
    if (!info.lpAttributeList)
        return ERROR_OUTOFMEMORY;
    if (!CreateProcessW(program->z, line, NULL, NULL, TRUE, creation_flags(), environment, cwd,
                        &info.StartupInfo, &process))
        code = GetLastError();
    DeleteProcThreadAttributeList(info.lpAttributeList);
    free(info.lpAttributeList);
    if (code != ERROR_SUCCESS)
        return code;
    child->process = process.hProcess;
    if (child->job && !AssignProcessToJobObject(child->job, process.hProcess)) {
        (void)CloseHandle(child->job);
        child->job = NULL;
    }
    (void)ResumeThread(process.hThread);
    (void)CloseHandle(process.hThread);
    return ERROR_SUCCESS;
}

DWORD tfd_win32_launch(const tfd_child_spec *spec, tfd_child *child, HANDLE *ends)
{
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    HANDLE handles[TFD_PIPE_COUNT + 1];
    WCHAR *line = make_line(spec->argv);
    WCHAR *environment = make_environment(spec, child, ends[TFD_PIPE_DATA]);
    WCHAR *cwd = spec->cwd ? tfd_win32_units(tfd_str_of(spec->cwd), NULL) : NULL;
    tfd_win32_path program;
    tfd_err err = {TFD_OK, 0, ""};
    DWORD code;

    memcpy(handles, ends, TFD_PIPE_COUNT * sizeof *handles);
    handles[TFD_PIPE_COUNT] = CreateFileW(L"NUL", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                          &inherited, OPEN_EXISTING, 0, NULL);
    if (!line || !environment || (spec->cwd && !cwd))
        code = line ? ERROR_OUTOFMEMORY : ERROR_FILENAME_EXCED_RANGE;
    else if (tfd_win32_path_of(tfd_str_of(spec->argv[0]), 0, &program, &err) != TFD_OK)
        code = (DWORD)err.os_code;
    else {
        code = create(line, environment, &program, cwd, handles, child);
        tfd_win32_path_done(&program);
    }
    if (handles[TFD_PIPE_COUNT] != INVALID_HANDLE_VALUE)
        (void)CloseHandle(handles[TFD_PIPE_COUNT]);
    free(cwd);
    free(environment);
    free(line);
    return code;
}
