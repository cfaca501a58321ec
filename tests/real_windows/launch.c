/*
 * launch.exe REQUEST: starts one Windows program the way a test says, and nothing else of the world around
 * it.
 *
 * Wine hands a program the Unix environment, puts quotes into its command line that cmd does not read, and
 * cuts its exit code to 8 bits.  REQUEST is a UTF-8 file whose lines say instead, each with its first word:
 *   cwd PATH           folder to start in
 *   env NAME=VALUE     the environment is these lines and nothing else; they must be sorted by name, case
 * folded run COMMAND LINE   handed to CreateProcessW as it is code PATH          the 32-bit exit code is
 * written there as a decimal number Standard handles are inherited.  Exit code: that of the program, cut; 125
 * where it could not be started (the error number is then written to PATH with a minus sign).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

static wchar_t *wide(const char *s)
{
    int n = MultiByteToWideChar(CP_UTF8, 0, s, -1, NULL, 0);
    wchar_t *w = calloc((size_t)n + 1, sizeof *w);
    if (w)
        MultiByteToWideChar(CP_UTF8, 0, s, -1, w, n);
    return w;
}

static char *read_whole(const wchar_t *path)
{
    FILE *f = _wfopen(path, L"rb");
    if (!f)
        return NULL;
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    rewind(f);
    char *b = n < 0 ? NULL : calloc((size_t)n + 1, 1);
    if (b && fread(b, 1, (size_t)n, f) != (size_t)n)
        b[0] = '\0';
    fclose(f);
    return b;
}

static void write_code(const wchar_t *path, long long code)
{
    FILE *f = path ? _wfopen(path, L"wb") : NULL;
    if (f) {
        fprintf(f, "%lld\n", code);
        fclose(f);
    }
}

int wmain(int argc, wchar_t **argv)
{
    char *text = argc == 2 ? read_whole(argv[1]) : NULL;
    if (!text)
        return 124;
    wchar_t *cwd = NULL, *run = NULL, *code = NULL, *env = calloc(strlen(text) + 2, sizeof *env);
    size_t used = 0;
    for (char *line = strtok(text, "\n"); line && env; line = strtok(NULL, "\n")) {
        if (strncmp(line, "cwd ", 4) == 0) {
            cwd = wide(line + 4);
        } else if (strncmp(line, "run ", 4) == 0) {
            run = wide(line + 4);
        } else if (strncmp(line, "code ", 5) == 0) {
            code = wide(line + 5);
        } else if (strncmp(line, "env ", 4) == 0) {
            wchar_t *w = wide(line + 4);
            if (w) {
                wcscpy(env + used, w);
                used += wcslen(w) + 1;
            }
        }
    }
    if (!run || !env)
        return 124;
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    STARTUPINFOW si;
    PROCESS_INFORMATION pi;
    memset(&si, 0, sizeof si);
    si.cb = sizeof si;
    si.dwFlags = STARTF_USESTDHANDLES;
    si.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    si.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    si.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!CreateProcessW(NULL, run, NULL, NULL, TRUE, CREATE_UNICODE_ENVIRONMENT, env, cwd, &si, &pi)) {
        write_code(code, -(long long)GetLastError());
        return 125;
    }
    WaitForSingleObject(pi.hProcess, INFINITE);
    DWORD rc = 1;
    GetExitCodeProcess(pi.hProcess, &rc);
    write_code(code, (long long)rc);
    return (int)rc;
}
