#include "sys/host.h"

#include <stdio.h>
#include <stdlib.h>

#include "sys/arguments.h"
#include "sys/sys_win32.h"

#define TEMP_TRIES 100
#define WRITE_PIECE ((size_t)64 << 10)
#define CONSOLE_PIECE 8192u /* units for one WriteConsoleW; old consoles refuse more than 64 KiB */
#define CODE_PAGE_UTF8 65001u

static HANDLE handle_of(tfd_stream stream)
{
    return GetStdHandle(stream == TFD_STDOUT ? STD_OUTPUT_HANDLE : STD_ERROR_HANDLE);
}

void tfd_host_open_streams(void)
{
    static const DWORD streams[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};

    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
        HANDLE handle = GetStdHandle(streams[i]);

        if (handle == NULL || handle == INVALID_HANDLE_VALUE)
            (void)SetStdHandle(streams[i],
                               CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE,
                                           FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL));
    }
    /* No boxes for drives without a disk, crashes or missing DLLs: children inherit this, and nobody may be
     * there to close one. */
    (void)SetErrorMode(GetErrorMode() | SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX |
                       SEM_NOOPENFILEERRORBOX);
}

const char *const *tfd_host_arguments(tfd_arena *arena, int *argc, char **argv)
{
    const WCHAR *line = GetCommandLineW();
    tfd_str text = tfd_win32_text_z(arena, line);

    /* argv is in the code page of the system, which lacks most characters. */
    (void)argv;
    return text.ptr ? tfd_arguments_split(arena, text, argc) : NULL;
}

tfd_str tfd_host_program(tfd_arena *arena)
{
    WCHAR path[4096];
    DWORD n = GetModuleFileNameW(NULL, path, sizeof path / sizeof path[0]);

    if (n == 0 || n == sizeof path / sizeof path[0])
        return TFD_STR("");
    return tfd_win32_text(arena, path, n);
}

/* Whether the console takes escape sequences (Windows 10, 1511); *mode gets what it was set to. */
static bool set_sequences(HANDLE console, DWORD *mode)
{
    return GetConsoleMode(console, mode) &&
           SetConsoleMode(console, *mode | ENABLE_PROCESSED_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
}

tfd_terminal tfd_host_get_terminal(tfd_stream stream)
{
    tfd_terminal terminal = {false, 0, 0, false, false};
    HANDLE handle = handle_of(stream);
    CONSOLE_SCREEN_BUFFER_INFO info;
    DWORD mode;

    terminal.is_terminal = GetConsoleMode(handle, &mode) != 0;
    terminal.is_utf8 = terminal.is_terminal || GetConsoleOutputCP() == CODE_PAGE_UTF8;
    if (!terminal.is_terminal)
        return terminal;
    if (GetConsoleScreenBufferInfo(handle, &info)) {
        terminal.columns = (size_t)(info.srWindow.Right - info.srWindow.Left + 1);
        terminal.rows = (size_t)(info.srWindow.Bottom - info.srWindow.Top + 1);
    }
    terminal.has_sequences = set_sequences(handle, &mode);
    (void)SetConsoleMode(handle, mode);
    return terminal;
}

/* ERROR_SUCCESS, or why it failed. */
static DWORD write_all(HANDLE file, tfd_str bytes)
{
    while (bytes.len) {
        DWORD n = 0;
        DWORD want = (DWORD)(bytes.len < WRITE_PIECE ? bytes.len : WRITE_PIECE);

        if (!WriteFile(file, bytes.ptr, want, &n, NULL))
            return GetLastError();
        bytes = tfd_str_from(bytes, n);
    }
    return ERROR_SUCCESS;
}

static DWORD write_units(HANDLE console, const WCHAR *units, size_t n)
{
    while (n) {
        DWORD want = (DWORD)(n < CONSOLE_PIECE ? n : CONSOLE_PIECE);
        DWORD done = 0;

        if (want < n && units[want - 1] >= 0xD800 && units[want - 1] <= 0xDBFF)
            want--; /* the halves of a pair stay together */
        if (!WriteConsoleW(console, units, want, &done, NULL))
            return GetLastError();
        if (done == 0)
            return ERROR_WRITE_FAULT;
        units += done;
        n -= done;
    }
    return ERROR_SUCCESS;
}

static DWORD write_console(HANDLE console, tfd_str bytes)
{
    DWORD mode = 0;
    bool is_set;
    size_t n = 0;
    WCHAR *units = tfd_win32_units(bytes, &n);
    DWORD code;

    if (!units)
        return ERROR_OUTOFMEMORY;
    is_set = set_sequences(console, &mode);
    code = write_units(console, units, n);
    if (is_set)
        (void)SetConsoleMode(console, mode);
    free(units);
    return code;
}

tfd_status tfd_host_write(tfd_stream stream, tfd_str bytes, tfd_err *err)
{
    HANDLE handle = handle_of(stream);
    DWORD mode;
    DWORD code = GetConsoleMode(handle, &mode) ? write_console(handle, bytes) : write_all(handle, bytes);

    if (code == ERROR_SUCCESS)
        return TFD_OK;
    (void)tfd_win32_fail(err, code, stream == TFD_STDOUT ? TFD_STR("output") : TFD_STR("error"),
                         "cannot write to standard");
    if (err)
        err->status = TFD_EIO;
    return TFD_EIO;
}

/* ---- files */

/* Opens a new file beside path; its name goes to temp, malloc'ed. */
static HANDLE open_beside(const tfd_win32_path *path, WCHAR **temp)
{
    size_t room = path->len + 40;
    HANDLE file = INVALID_HANDLE_VALUE;

    *temp = malloc(room * sizeof **temp);
    if (!*temp) {
        SetLastError(ERROR_OUTOFMEMORY);
        return file;
    }
    for (int i = 0; i < TEMP_TRIES; i++) {
        (void)swprintf(*temp, room, L"%ls.%lu.%d.tmp", path->z, (unsigned long)GetCurrentProcessId(), i);
        file = CreateFileW(*temp, GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
        if (file != INVALID_HANDLE_VALUE || GetLastError() != ERROR_FILE_EXISTS)
            break;
    }
    return file;
}

/* ERROR_SUCCESS, or why it failed; then nothing is left behind. */
static DWORD replace_file(const tfd_win32_path *path, bool exists, tfd_str bytes)
{
    WCHAR *temp;
    HANDLE file = open_beside(path, &temp);
    DWORD code = ERROR_SUCCESS;

    if (file == INVALID_HANDLE_VALUE) {
        code = GetLastError();
        free(temp);
        return code;
    }
    code = write_all(file, bytes);
    if (!CloseHandle(file) && code == ERROR_SUCCESS)
        code = GetLastError();
    /* ReplaceFile keeps rights and streams of the old file; file systems without them refuse it. */
    if (code == ERROR_SUCCESS &&
        !(exists && ReplaceFileW(path->z, temp, NULL, REPLACEFILE_IGNORE_MERGE_ERRORS, NULL, NULL)) &&
        !MoveFileExW(temp, path->z, MOVEFILE_REPLACE_EXISTING))
        code = GetLastError();
    if (code != ERROR_SUCCESS)
        (void)DeleteFileW(temp);
    free(temp);
    return code;
}

/* What is there already: a file, a link to one, or a device or pipe, which is written to directly. */
static DWORD write_existing(const tfd_win32_path *path, HANDLE file, tfd_str bytes)
{
    WCHAR *units;
    tfd_win32_path real = *path;
    DWORD n;
    DWORD code;

    if (GetFileType(file) != FILE_TYPE_DISK) {
        code = write_all(file, bytes);
        (void)CloseHandle(file);
        return code;
    }
    units = malloc((TFD_WIN32_PATH_MAX + 1) * sizeof *units);
    n = units ? GetFinalPathNameByHandleW(file, units, TFD_WIN32_PATH_MAX, FILE_NAME_NORMALIZED) : 0;
    (void)CloseHandle(file);
    if (n && n <= TFD_WIN32_PATH_MAX) {
        real.z = units;
        real.len = n;
    }
    code = replace_file(&real, true, bytes);
    free(units);
    return code;
}

tfd_status tfd_host_write_file(tfd_str path, tfd_str bytes, tfd_err *err)
{
    tfd_win32_path z;
    HANDLE file;
    DWORD code;
    tfd_status st = tfd_win32_path_of(path, 0, &z, err);

    if (st != TFD_OK)
        return st;
    file = CreateFileW(z.z, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                       OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file != INVALID_HANDLE_VALUE)
        code = write_existing(&z, file, bytes);
    else if (GetLastError() == ERROR_FILE_NOT_FOUND)
        code = replace_file(&z, false, bytes);
    else
        code = GetLastError();
    tfd_win32_path_done(&z);
    return code == ERROR_SUCCESS ? TFD_OK : tfd_win32_fail(err, code, path, "cannot write");
}
