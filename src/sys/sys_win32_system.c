#include <string.h>

#include "sys/cpu.h"
#include "sys/sys_win32.h"
#include "sys/thread.h"

#define ARM64_MACHINE 0xAA64u /* IMAGE_FILE_MACHINE_ARM64 */
#define AMD64_MACHINE 0x8664u
#define I386_MACHINE 0x14Cu

static const char version_key[] = "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion";

/* A function that not every Windows has, or that is not in headers. */
static FARPROC find_function(const WCHAR *dll, const char *name)
{
    HMODULE module = GetModuleHandleW(dll);

    return module ? GetProcAddress(module, name) : NULL;
}

/* GetProcAddress gives a type that fits no function; a cast from one to the other goes through void. */
#define TFD_FUNCTION(type, dll, name) ((type)(void (*)(void))find_function(dll, name))

typedef LONG(WINAPI *rtl_get_version)(RTL_OSVERSIONINFOW *info);
typedef BOOL(WINAPI *is_wow64_process2)(HANDLE process, USHORT *machine, USHORT *native);

uint32_t tfd_win32_uid(void)
{
    TOKEN_ELEVATION elevation = {0};
    HANDLE token;
    DWORD size;
    bool ok;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return 1;
    ok = GetTokenInformation(token, TokenElevation, &elevation, sizeof elevation, &size) &&
         elevation.TokenIsElevated;
    (void)CloseHandle(token);
    return ok ? 0 : 1;
}

/* A 64-bit program on ARM is emulated and sees an AMD64 machine unless it asks this way. */
static tfd_arch ask_arch(void)
{
    is_wow64_process2 ask = TFD_FUNCTION(is_wow64_process2, L"kernel32.dll", "IsWow64Process2");
    USHORT machine = 0, native = 0;
    SYSTEM_INFO info;

    if (!ask || !ask(GetCurrentProcess(), &machine, &native)) {
        GetNativeSystemInfo(&info);
        native = info.wProcessorArchitecture == PROCESSOR_ARCHITECTURE_ARM64   ? ARM64_MACHINE
                 : info.wProcessorArchitecture == PROCESSOR_ARCHITECTURE_AMD64 ? AMD64_MACHINE
                 : info.wProcessorArchitecture == PROCESSOR_ARCHITECTURE_INTEL ? I386_MACHINE
                                                                               : 0;
    }
    switch (native) {
    case AMD64_MACHINE:
        return TFD_ARCH_X86_64;
    case ARM64_MACHINE:
        return TFD_ARCH_AARCH64;
    case I386_MACHINE:
        return TFD_ARCH_X86;
    default:
        return TFD_ARCH_OTHER;
    }
}

static tfd_str read_version_text(const tfd_sys *sys, tfd_arena *arena, const char *name)
{
    return tfd_sys_reg_text(sys, arena, TFD_REG_LOCAL_MACHINE, TFD_REG_VIEW_64, tfd_str_of(version_key),
                            tfd_str_of(name));
}

/* GetVersionEx tells programs without a manifest that they run on Windows 8; RtlGetVersion does not. */
static void fill_version(const tfd_sys *sys, tfd_arena *keep, tfd_arena *scratch, tfd_system *out)
{
    rtl_get_version ask = TFD_FUNCTION(rtl_get_version, L"ntdll.dll", "RtlGetVersion");
    RTL_OSVERSIONINFOW info;
    tfd_reg_value revision = {0};
    tfd_str product = read_version_text(sys, scratch, "ProductName");
    tfd_str display = read_version_text(sys, scratch, "DisplayVersion");

    memset(&info, 0, sizeof info);
    info.dwOSVersionInfoSize = sizeof info;
    if (!ask || ask(&info) != 0)
        return;
    out->build = info.dwBuildNumber;
    (void)tfd_sys_reg_value(sys, scratch, TFD_REG_LOCAL_MACHINE, TFD_REG_VIEW_64, tfd_str_of(version_key),
                            TFD_STR("UBR"), &revision, NULL);
    out->kernel = tfd_arena_fmt(keep, "%lu.%lu.%lu", (unsigned long)info.dwMajorVersion,
                                (unsigned long)info.dwMinorVersion, (unsigned long)info.dwBuildNumber);
    if (revision.is_number)
        out->kernel =
            tfd_arena_fmt(keep, "%.*s.%llu", TFD_ARG(out->kernel), (unsigned long long)revision.number);
    if (tfd_str_starts_z(product, "Microsoft "))
        product = tfd_str_from(product, sizeof "Microsoft " - 1);
    /* The registry of Windows 11 says Windows 10; the build tells. */
    if (info.dwBuildNumber >= 22000 && tfd_str_starts_z(product, "Windows 10"))
        product = tfd_arena_fmt(scratch, "Windows 11%.*s", TFD_ARG(tfd_str_from(product, 10)));
    if (product.len == 0)
        product = TFD_STR("Windows");
    out->release =
        tfd_arena_fmt(keep, "%.*s%s%.*s", TFD_ARG(product), display.len ? " " : "", TFD_ARG(display));
}

static void fill_memory(tfd_system *out)
{
    MEMORYSTATUSEX status;

    memset(&status, 0, sizeof status);
    status.dwLength = sizeof status;
    out->processors = tfd_thread_cores();
    if (!GlobalMemoryStatusEx(&status))
        return;
    out->memory = status.ullTotalPhys;
    out->memory_free = status.ullAvailPhys;
    /* "Page file" is the limit of what may be committed, RAM included (MEMORYSTATUSEX). */
    out->commit_limit = status.ullTotalPageFile;
    out->commit_free = status.ullAvailPageFile;
}

static void fill_system(const tfd_sys *sys, tfd_arena *keep, tfd_system *out)
{
    WCHAR folder[MAX_PATH + 1];
    tfd_arena scratch;
    UINT n;

    tfd_arena_init(&scratch, (size_t)4 << 20);
    out->os = TFD_OS_WINDOWS;
    out->arch = ask_arch();
    out->uid = tfd_win32_uid();
    out->is_wine = find_function(L"ntdll.dll", "wine_get_version") != NULL;
    fill_version(sys, keep, &scratch, out);
    fill_memory(out);
    n = GetSystemWindowsDirectoryW(folder, MAX_PATH);
    out->windows_dir = tfd_win32_text(keep, folder, n <= MAX_PATH ? n : 0);
    n = GetSystemDirectoryW(folder, MAX_PATH);
    out->system_dir = tfd_win32_text(keep, folder, n <= MAX_PATH ? n : 0);
    tfd_arena_done(&scratch);
}

const tfd_system *tfd_win32_system(const tfd_sys *sys)
{
    tfd_win32 *native = sys->ctx;

    tfd_lock_take(&native->lock);
    if (!native->has_system)
        fill_system(sys, &native->arena, &native->system);
    native->has_system = true;
    tfd_lock_give(&native->lock);
    return &native->system;
}

const tfd_cpu *tfd_win32_cpu(const tfd_sys *sys)
{
    tfd_win32 *native = sys->ctx;
    tfd_arch arch = tfd_win32_system(sys)->arch;

    tfd_lock_take(&native->lock);
    if (!native->has_cpu && !tfd_cpu_ask(&native->arena, &native->cpu))
        native->cpu.arch = arch; /* features stay unknown */
    native->has_cpu = true;
    tfd_lock_give(&native->lock);
    return &native->cpu;
}

/* A job may bound the memory of its processes (containers, schedulers); Windows has no other limits of this
 * kind. */
tfd_status tfd_win32_limit(const tfd_sys *sys, tfd_limit which, uint64_t *out)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION info;

    (void)sys;
    if (which != TFD_LIMIT_AS)
        return TFD_EUNSUPPORTED;
    memset(&info, 0, sizeof info);
    if (!QueryInformationJobObject(NULL, JobObjectExtendedLimitInformation, &info, sizeof info, NULL)) {
        *out = TFD_UNLIMITED; /* in no job */
        return TFD_OK;
    }
    *out = TFD_UNLIMITED;
    if (info.BasicLimitInformation.LimitFlags & JOB_OBJECT_LIMIT_PROCESS_MEMORY)
        *out = info.ProcessMemoryLimit;
    if ((info.BasicLimitInformation.LimitFlags & JOB_OBJECT_LIMIT_JOB_MEMORY) && info.JobMemoryLimit < *out)
        *out = info.JobMemoryLimit;
    return TFD_OK;
}
