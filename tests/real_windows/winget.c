/*
 * winget.exe of the tests: Wine has none.  `winget install … Microsoft.VCRedist.2015+.x64 …` installs the
 * runtime that lies in D:\redist, as the real one would; anything else is refused as the real one refuses
 * what it does not know.
 */
#include <stdio.h>
#include <wchar.h>
#include <windows.h>

#define KEY L"SOFTWARE\\Microsoft\\VisualStudio\\14.0\\VC\\Runtimes\\x64"
#define NO_APPLICATIONS_FOUND 0x8A150014u /* APPINSTALLER_CLI_ERROR_NO_APPLICATIONS_FOUND */

static void set_number(HKEY key, const wchar_t *name, unsigned value)
{
    DWORD v = value;
    RegSetValueExW(key, name, 0, REG_DWORD, (const BYTE *)&v, sizeof v);
}

static void enter_version(void)
{
    unsigned major = 14, minor = 0, build = 0;
    wchar_t text[64];
    HKEY key;
    FILE *f = _wfopen(L"D:\\redist\\version.txt", L"r");
    if (f) {
        if (fwscanf(f, L"%u.%u.%u", &major, &minor, &build) != 3)
            minor = 0;
        fclose(f);
    }
    if (RegCreateKeyExW(HKEY_LOCAL_MACHINE, KEY, 0, NULL, 0, KEY_WRITE, NULL, &key, NULL) != ERROR_SUCCESS)
        return;
    swprintf(text, 64, L"v%u.%u.%u.00", major, minor, build);
    RegSetValueExW(key, L"Version", 0, REG_SZ, (const BYTE *)text,
                   (DWORD)((wcslen(text) + 1) * sizeof text[0]));
    set_number(key, L"Installed", 1);
    set_number(key, L"Major", major);
    set_number(key, L"Minor", minor);
    set_number(key, L"Bld", build);
    RegCloseKey(key);
}

static int install(void)
{
    WIN32_FIND_DATAW found;
    int copied = 0;
    HANDLE h = FindFirstFileW(L"D:\\redist\\*.dll", &found);
    if (h == INVALID_HANDLE_VALUE)
        return 1;
    do {
        wchar_t from[MAX_PATH], to[MAX_PATH];
        swprintf(from, MAX_PATH, L"D:\\redist\\%ls", found.cFileName);
        swprintf(to, MAX_PATH, L"C:\\windows\\system32\\%ls", found.cFileName);
        DeleteFileW(to);
        copied += CopyFileW(from, to, FALSE) != 0;
    } while (FindNextFileW(h, &found));
    FindClose(h);
    enter_version();
    printf("Successfully installed (%d files)\n", copied);
    return copied == 0;
}

int wmain(int argc, wchar_t **argv)
{
    int known = 0;
    for (int i = 2; i < argc; i++)
        known |= _wcsicmp(argv[i], L"Microsoft.VCRedist.2015+.x64") == 0;
    if (argc > 2 && known && (wcscmp(argv[1], L"install") == 0 || wcscmp(argv[1], L"upgrade") == 0))
        return install();
    printf("No package found matching input criteria.\n");
    return (int)NO_APPLICATIONS_FOUND;
}
