/* A program for Windows that misbehaves on request: child_helper MODE [ARGUMENT]. */
#define WIN32_LEAN_AND_MEAN 1
#include <windows.h>

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As Python does it: msvcrt.open_osfhandle of the number. */
static HANDLE data_handle(void)
{
    const char *number = getenv("TFDIAG_DATA");

    return number ? (HANDLE)(uintptr_t)strtoull(number, NULL, 10) : INVALID_HANDLE_VALUE;
}

static void flood(HANDLE to)
{
    static char bytes[65536];
    DWORD n;

    memset(bytes, 'x', sizeof bytes);
    while (WriteFile(to, bytes, sizeof bytes, &n, NULL))
        ;
}

static void put_data(const char *text)
{
    int fd = _open_osfhandle((intptr_t)data_handle(), _O_WRONLY | _O_BINARY);

    if (fd < 0 || _write(fd, text, (unsigned)strlen(text)) != (int)strlen(text))
        exit(99);
}

/* A grandchild without a console that outlives this process. Its number goes to stdout. */
static void leave_daemon(void)
{
    char program[MAX_PATH], line[MAX_PATH + 10];
    STARTUPINFOA info;
    PROCESS_INFORMATION process;

    memset(&info, 0, sizeof info);
    info.cb = sizeof info;
    (void)GetModuleFileNameA(NULL, program, sizeof program);
    (void)snprintf(line, sizeof line, "\"%s\" hang", program);
    if (!CreateProcessA(program, line, NULL, NULL, TRUE, DETACHED_PROCESS, NULL, NULL, &info, &process))
        exit(98);
    printf("%lu\n", (unsigned long)process.dwProcessId);
}

static void describe(int argc, char **argv)
{
    const char *set = getenv("HELPER_SET"), *unset = getenv("HELPER_UNSET"), *folded = getenv("helper_set");
    char byte;
    DWORD n = 1;
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);

    printf("HELPER_SET=%s\n", set ? set : "(unset)");
    printf("helper_set=%s\n", folded ? folded : "(unset)");
    printf("HELPER_UNSET=%s\n", unset ? unset : "(unset)");
    printf("stdin %s\n", !ReadFile(input, &byte, 1, &n, NULL) || n == 0 ? "empty" : "open");
    for (int i = 2; i < argc; i++)
        printf("[%s]\n", argv[i]);
}

static void fill_scratch(void)
{
    const char *folder = getenv("TFDIAG_SCRATCH");
    char path[1024];
    FILE *file;

    if (!folder)
        exit(97);
    printf("%s\n", folder);
    (void)snprintf(path, sizeof path, "%s\\deep", folder);
    (void)CreateDirectoryA(path, NULL);
    (void)snprintf(path, sizeof path, "%s\\deep\\file.txt", folder);
    file = fopen(path, "wb");
    if (!file || fclose(file) != 0 || !SetFileAttributesA(path, FILE_ATTRIBUTE_READONLY))
        exit(96);
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "", *argument = argc > 2 ? argv[2] : "";

    (void)_setmode(1, _O_BINARY);
    if (strcmp(mode, "exit") == 0)
        ExitProcess((UINT)strtoul(argument, NULL, 0));
    if (strcmp(mode, "crash") == 0)
        RaiseException((DWORD)strtoul(argument, NULL, 0), EXCEPTION_NONCONTINUABLE, 0, NULL);
    else if (strcmp(mode, "describe") == 0)
        describe(argc, argv);
    else if (strcmp(mode, "data") == 0)
        put_data(argument);
    else if (strcmp(mode, "hang") == 0)
        Sleep(INFINITE);
    else if (strcmp(mode, "flood") == 0)
        flood(GetStdHandle(STD_OUTPUT_HANDLE));
    else if (strcmp(mode, "flood-data") == 0)
        flood(data_handle());
    else if (strcmp(mode, "daemon") == 0)
        leave_daemon();
    else if (strcmp(mode, "scratch") == 0)
        fill_scratch();
    else if (strcmp(mode, "parts") == 0)
        for (int i = 0; i < 1000; i++)
            printf("line %04d\n", i);
    else
        return 95;
    return 0;
}
