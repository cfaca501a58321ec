#include "loader/win_parts.h"

/* KnownDLLs of Windows 10 and 11 (HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\KnownDLLs) with what
 * these need in turn, and DLLs that every edition has in System32 and that wheels for Windows import. Sorted.
 */
static const char *const system_names[] = {
    "advapi32.dll", "authz.dll",    "avrt.dll",       "bcrypt.dll",    "bcryptprimitives.dll",
    "cabinet.dll",  "cfgmgr32.dll", "clbcatq.dll",    "combase.dll",   "comctl32.dll",
    "comdlg32.dll", "coml2.dll",    "credui.dll",     "crypt32.dll",   "cryptbase.dll",
    "cryptsp.dll",  "d2d1.dll",     "d3d11.dll",      "d3d12.dll",     "d3d9.dll",
    "dbghelp.dll",  "dnsapi.dll",   "dsound.dll",     "dwmapi.dll",    "dwrite.dll",
    "dxgi.dll",     "esent.dll",    "gdi32.dll",      "gdi32full.dll", "gdiplus.dll",
    "glu32.dll",    "hid.dll",      "httpapi.dll",    "imagehlp.dll",  "imm32.dll",
    "iphlpapi.dll", "kernel32.dll", "kernelbase.dll", "mpr.dll",       "msacm32.dll",
    "mscoree.dll",  "msctf.dll",    "msi.dll",        "msimg32.dll",   "msvcp_win.dll",
    "msvcrt.dll",   "mswsock.dll",  "ncrypt.dll",     "ndfapi.dll",    "netapi32.dll",
    "normaliz.dll", "nsi.dll",      "ntdll.dll",      "ntdsapi.dll",   "odbc32.dll",
    "ole32.dll",    "oleacc.dll",   "oleaut32.dll",   "opengl32.dll",  "pdh.dll",
    "powrprof.dll", "profapi.dll",  "propsys.dll",    "psapi.dll",     "rpcrt4.dll",
    "rstrtmgr.dll", "sechost.dll",  "secur32.dll",    "setupapi.dll",  "shcore.dll",
    "shell32.dll",  "shlwapi.dll",  "sspicli.dll",    "tdh.dll",       "ucrtbase.dll",
    "urlmon.dll",   "user32.dll",   "userenv.dll",    "usp10.dll",     "uxtheme.dll",
    "version.dll",  "wer.dll",      "wevtapi.dll",    "win32u.dll",    "winhttp.dll",
    "wininet.dll",  "winmm.dll",    "winscard.dll",   "winspool.drv",  "wintrust.dll",
    "wldap32.dll",  "wldp.dll",     "ws2_32.dll",     "wsock32.dll",   "wtsapi32.dll",
};

/* Those of them that are KnownDLLs of Windows 10 and 11: never looked for in a folder. */
static const char *const known_names[] = {
    "advapi32.dll", "clbcatq.dll",  "combase.dll", "comdlg32.dll", "coml2.dll",   "gdi32.dll",
    "gdiplus.dll",  "imagehlp.dll", "imm32.dll",   "kernel32.dll", "msctf.dll",   "msvcrt.dll",
    "normaliz.dll", "nsi.dll",      "ole32.dll",   "oleaut32.dll", "psapi.dll",   "rpcrt4.dll",
    "sechost.dll",  "setupapi.dll", "shcore.dll",  "shell32.dll",  "shlwapi.dll", "user32.dll",
    "wldap32.dll",  "ws2_32.dll",
};

/* What these import is known with them (smss.exe opens them all), and the registry does not name it. */
static const char *const implied_names[] = {
    "bcryptprimitives.dll", "gdi32full.dll", "kernelbase.dll", "msvcp_win.dll", "ntdll.dll",
    "ucrtbase.dll",         "win32u.dll",
};

static int compare(tfd_str name, const char *row)
{
    size_t i = 0;

    for (; i < name.len && row[i]; i++) {
        int order = (unsigned char)tfd_char_lower(name.ptr[i]) - (unsigned char)row[i];

        if (order != 0)
            return order;
    }
    return i < name.len ? 1 : row[i] ? -1 : 0;
}

static bool is_listed(const char *const *rows, size_t count, tfd_str name)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(name, rows[middle]);

        if (order == 0)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

bool tfd_win_is_system_name(tfd_str name)
{
    return is_listed(system_names, sizeof system_names / sizeof system_names[0], name);
}

/* Session Manager\\KnownDLLs: a value for each name, called like it without ".dll" or otherwise; asked for by
 * that rule, which all of Windows' own follow. */
static tfd_status ask_registry(const tfd_win_loader *loader, tfd_str name, bool *is_known)
{
    tfd_str key = TFD_STR("SYSTEM\\CurrentControlSet\\Control\\Session Manager\\KnownDLLs");
    size_t dot = tfd_str_rfind_char(name, '.');
    tfd_reg_value value = {0};
    tfd_status st =
        tfd_sys_reg_value(loader->sys, loader->scratch, TFD_REG_LOCAL_MACHINE, TFD_REG_VIEW_64, key,
                          tfd_str_sub(name, 0, dot == TFD_NPOS ? name.len : dot), &value, NULL);

    *is_known = st == TFD_OK && tfd_str_eq_nocase(value.text, name);
    return st;
}

bool tfd_win_is_known(tfd_win_loader *loader, tfd_str name)
{
    bool is_default = is_listed(known_names, sizeof known_names / sizeof known_names[0], name);
    bool is_known;

    if (is_listed(implied_names, sizeof implied_names / sizeof implied_names[0], name))
        return true;
    if (loader->known == TFD_UNKNOWN) /* every Windows has this one */
        loader->known =
            ask_registry(loader, TFD_STR("kernel32.dll"), &is_known) == TFD_OK && is_known ? TFD_YES : TFD_NO;
    if (loader->known == TFD_NO)
        return is_default;
    if (!is_default && !tfd_win_is_system_name(name))
        return false;
    return ask_registry(loader, name, &is_known) == TFD_OK && is_known;
}

static bool starts(tfd_str name, const char *prefix)
{
    return name.len >= 4 &&
           tfd_str_eq_nocase(tfd_str_sub(name, 0, tfd_str_of(prefix).len), tfd_str_of(prefix));
}

bool tfd_win_is_api_set(tfd_str name)
{
    return starts(name, "api-") || starts(name, "ext-");
}

bool tfd_win_is_runtime_name(tfd_str name)
{
    return starts(name, "msvcp140") || starts(name, "vcruntime140") || starts(name, "concrt140") ||
           starts(name, "vccorlib140") || starts(name, "vcomp140");
}

tfd_str tfd_win_lower(tfd_arena *arena, tfd_str text)
{
    char *out = tfd_arena_take(arena, text.len + 1, 1);

    if (!out)
        return (tfd_str){NULL, 0};
    for (size_t i = 0; i < text.len; i++)
        out[i] = text.ptr[i] == '/' ? '\\' : tfd_char_lower(text.ptr[i]);
    return (tfd_str){out, text.len};
}
