#include "python/stdlib.h"

typedef struct span {
    const char *module;
    int from, before; /* minor versions of Python 3; 0: no limit */
} span;

static const span spans[] = {
    {"_abc", 7, 0},
    {"_android_support", 13, 0},
    {"_apple_support", 13, 0},
    {"_ast_unparse", 14, 0},
    {"_bootlocale", 0, 10},
    {"_bootsubprocess", 9, 12},
    {"_colorize", 13, 0},
    {"_contextvars", 7, 0},
    {"_crypt", 0, 13},
    {"_dummy_thread", 0, 9},
    {"_hacl", 12, 0},
    {"_interpchannels", 13, 0},
    {"_interpqueues", 13, 0},
    {"_interpreters", 13, 0},
    {"_ios_support", 13, 0},
    {"_missing_stdlib_info", 15, 0},
    {"_opcode_metadata", 13, 0},
    {"_peg_parser", 9, 10},
    {"_posixshmem", 8, 0},
    {"_py_warnings", 14, 0},
    {"_pydatetime", 12, 0},
    {"_pylong", 12, 0},
    {"_pyrepl", 13, 0},
    {"_queue", 7, 0},
    {"_sha1", 0, 0},
    {"_sha2", 12, 0},
    {"_sha256", 0, 12},
    {"_sha512", 0, 12},
    {"_statistics", 8, 0},
    {"_suggestions", 13, 0},
    {"_sysconfig", 13, 0},
    {"_tokenize", 11, 0},
    {"_typing", 11, 0},
    {"_uuid", 7, 0},
    {"_zoneinfo", 9, 0},
    {"_zstd", 14, 0},
    {"aifc", 0, 13},
    {"annotationlib", 14, 0},
    {"asynchat", 0, 12},
    {"asyncore", 0, 12},
    {"audioop", 0, 13},
    {"binhex", 0, 11},
    {"cgi", 0, 13},
    {"cgitb", 0, 13},
    {"chunk", 0, 13},
    {"compression", 14, 0},
    {"_compression", 0, 14},
    {"contextvars", 7, 0},
    {"crypt", 0, 13},
    {"dataclasses", 7, 0},
    {"distutils", 0, 12},
    {"dummy_threading", 0, 9},
    {"formatter", 0, 10},
    {"graphlib", 9, 0},
    {"imghdr", 0, 13},
    {"imp", 0, 12},
    {"lib2to3", 0, 13},
    {"macpath", 0, 8},
    {"mailcap", 0, 13},
    {"msilib", 0, 13},
    {"nis", 0, 13},
    {"nntplib", 0, 13},
    {"ossaudiodev", 0, 13},
    {"parser", 0, 10},
    {"pipes", 0, 13},
    {"smtpd", 0, 12},
    {"sndhdr", 0, 13},
    {"spwd", 0, 13},
    {"sre_compile", 0, 0},
    {"sunau", 0, 13},
    {"symbol", 0, 10},
    {"telnetlib", 0, 13},
    {"tomllib", 11, 0},
    {"uu", 0, 13},
    {"xdrlib", 0, 13},
    {"zoneinfo", 9, 0},
};

/* Modules/config.c.in and Setup.bootstrap. */
static const char *const builtins[] = {
    "_abc",      "_ast",       "_codecs",  "_collections", "_functools",   "_imp",    "_io",
    "_locale",   "_operator",  "_signal",  "_sre",         "_stat",        "_string", "_suggestions",
    "_symtable", "_sysconfig", "_thread",  "_tokenize",    "_tracemalloc", "_typing", "_warnings",
    "_weakref",  "atexit",     "builtins", "errno",        "faulthandler", "gc",      "itertools",
    "marshal",   "posix",      "pwd",      "sys",          "time",
};

/* FROZEN of Tools/build/freeze_modules.py. */
static const char *const frozen[] = {
    "importlib",     "zipimport",   "abc",       "codecs",     "io", "_collections_abc",
    "_sitebuiltins", "genericpath", "ntpath",    "posixpath",  "os", "site",
    "stat",          "runpy",       "__hello__", "__phello__",
};

/* Built into every pythonXY.dll from 3.6 on; those that came or went. */
static const char *const windows_builtins[] = {
    "_abc",
    "_ast",
    "_bisect",
    "_blake2",
    "_codecs",
    "_codecs_cn",
    "_codecs_hk",
    "_codecs_jp",
    "_codecs_kr",
    "_codecs_tw",
    "_codecs_iso2022",
    "_collections",
    "_contextvars",
    "_csv",
    "_datetime",
    "_functools",
    "_heapq",
    "_imp",
    "_io",
    "_json",
    "_locale",
    "_lsprof",
    "_md5",
    "_multibytecodec",
    "_opcode",
    "_operator",
    "_pickle",
    "_random",
    "_sha1",
    "_sha3",
    "_signal",
    "_sre",
    "_stat",
    "_string",
    "_struct",
    "_symtable",
    "_thread",
    "_tracemalloc",
    "_warnings",
    "_weakref",
    "_winapi",
    "array",
    "atexit",
    "binascii",
    "builtins",
    "cmath",
    "errno",
    "faulthandler",
    "gc",
    "itertools",
    "marshal",
    "math",
    "mmap",
    "msvcrt",
    "nt",
    "sys",
    "time",
    "winreg",
    "xxsubtype",
    "zlib",
};
static const span windows_spans[] = {
    {"_interpchannels", 13, 0}, {"_interpqueues", 13, 0}, {"_interpreters", 13, 0}, {"_sha2", 12, 0},
    {"_sha256", 0, 12},         {"_sha512", 0, 12},       {"_statistics", 8, 0},    {"_sysconfig", 13, 0},
    {"_tokenize", 11, 0},       {"_typing", 11, 0},       {"audioop", 0, 13},       {"parser", 0, 10},
    {"zipimport", 0, 8},
};

/* Marked as Unix in the library reference, with the modules behind them. */
static const char *const posix_only[] = {
    "_crypt",   "_curses", "_curses_panel", "_dbm",     "_gdbm",    "_posixshmem", "_posixsubprocess",
    "_scproxy", "crypt",   "curses",        "fcntl",    "grp",      "nis",         "ossaudiodev",
    "posix",    "pty",     "pwd",           "readline", "resource", "spwd",        "syslog",
    "termios",  "tty",
};

static const char *const loaded[] = {
    "encodings",        "codecs",        "io",        "abc",         "site", "os", "stat", "genericpath",
    "_collections_abc", "_sitebuiltins", "zipimport", "_bootlocale",
};

static bool is_one_of(tfd_str module, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (tfd_str_is(module, names[i]))
            return true;
    return false;
}

#define IS_ONE_OF(module, names) is_one_of((module), (names), sizeof(names) / sizeof *(names))

bool tfd_stdlib_has(tfd_str module, int major, int minor)
{
    if (major != 3)
        return true;
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
        if (tfd_str_is(module, spans[i].module))
            return minor >= spans[i].from && (spans[i].before == 0 || minor < spans[i].before);
    return true;
}

bool tfd_stdlib_is_builtin(tfd_str module)
{
    return IS_ONE_OF(module, builtins);
}

bool tfd_stdlib_is_frozen(tfd_str module, int major, int minor)
{
    if (major == 3 && minor < 11)
        return tfd_str_is(module, "zipimport") && minor >= 8;
    return IS_ONE_OF(module, frozen);
}

bool tfd_stdlib_is_builtin_windows(tfd_str module, int major, int minor)
{
    for (size_t i = 0; major == 3 && i < sizeof windows_spans / sizeof *windows_spans; i++)
        if (tfd_str_is(module, windows_spans[i].module))
            return minor >= windows_spans[i].from &&
                   (windows_spans[i].before == 0 || minor < windows_spans[i].before);
    return IS_ONE_OF(module, windows_builtins);
}

bool tfd_stdlib_is_posix_only(tfd_str module)
{
    return IS_ONE_OF(module, posix_only);
}

bool tfd_stdlib_is_loaded_at_start(tfd_str module, bool on_windows)
{
    return IS_ONE_OF(module, loaded) || tfd_str_is(module, on_windows ? "ntpath" : "posixpath");
}
