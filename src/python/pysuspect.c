/* What start-up code may be about, by words in its text: cheap, for modules that are then read with care. */
#include "python/pycode.h"

static const char *const suspects[] = {"sys.path",    "path.insert", "path.append", "path.extend",
                                       "meta_path",   "path_hooks",  "addsitedir",  "addpackage",
                                       "from sys",    "getattr(sys", "vars(sys",    "sys.__dict__",
                                       "sys.modules", "b64decode",   "zlib"};

bool tfd_pycode_is_suspect(tfd_str text)
{
    for (size_t i = 0; i < sizeof suspects / sizeof *suspects; i++)
        if (tfd_str_find_z(text, suspects[i]) != TFD_NPOS)
            return true;
    return false;
}

bool tfd_pycode_loads_libraries(tfd_str text)
{
    static const char *const words[] = {"DLL(", "LoadLibrary(", "add_dll_directory("};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (tfd_str_find_z(text, words[i]) != TFD_NPOS)
            return true;
    return false;
}

/* "environ['X'] = …" somewhere in text, as opposed to environ['X'] as a value. */
static bool assigns_item(tfd_str text)
{
    static const char marker[] = "environ[";
    size_t at;

    while ((at = tfd_str_find_z(text, marker)) != TFD_NPOS) {
        size_t close;

        text = tfd_str_from(text, at + sizeof marker - 1);
        close = tfd_str_find_char(text, ']');
        if (close == TFD_NPOS)
            return false;
        close++;
        while (close < text.len && text.ptr[close] == ' ')
            close++;
        if (close < text.len && text.ptr[close] == '=' && !tfd_str_starts_z(tfd_str_from(text, close), "=="))
            return true;
    }
    return false;
}

bool tfd_pycode_sets_variables(tfd_str text)
{
    static const char *const words[] = {
        "environ.setdefault", "environ.update", "environ.pop", "environ.clear",
        "environ |=",         "del os.environ", "putenv(",     "unsetenv("};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (tfd_str_find_z(text, words[i]) != TFD_NPOS)
            return true;
    return assigns_item(text);
}

bool tfd_pycode_changes_python(tfd_str text)
{
    static const char *const words[] = {
        "setrecursionlimit",   "setrlimit",       "meta_path",       "path_hooks",   "builtins",
        "path_importer_cache", "_exit(",          "sys.exit(",       "sys.modules[", "filter('error",
        "filter(\"error",      "warnings('error", "warnings(\"error"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (tfd_str_find_z(text, words[i]) != TFD_NPOS)
            return true;
    return false;
}
