#include "python/seen.h"

#include "python/getpath.h"
#include "python/interp.h"
#include "python/name.h"

#include <stdio.h>
#include <string.h>

/* Distributions that own the folder tensorflow; the knowledge base has the full list, these are enough to see
 * that an environment holds one. */
static const char *const distributions[] = {"tensorflow",      "tensorflow_cpu",     "tensorflow_gpu",
                                            "tf_nightly",      "tf_nightly_cpu",     "tensorflow_intel",
                                            "tensorflow_rocm", "tensorflow_aarch64", "tensorflow_cpu_aws",
                                            "tf_nightly_gpu",  "intel_tensorflow",   "tensorflow_macos"};

static char fold(char c)
{
    return c == '-' || c == '.' ? '_' : tfd_char_lower(c);
}

static bool is_tensorflow(tfd_str name)
{
    for (size_t i = 0; i < sizeof distributions / sizeof *distributions; i++) {
        size_t k = 0;

        while (k < name.len && fold(name.ptr[k]) == distributions[i][k])
            k++;
        if (k == name.len && distributions[i][k] == '\0')
            return true;
    }
    return false;
}

/* "tensorflow_cpu-2.20.0.dist-info" */
static bool parse_info_name(tfd_str entry, tfd_str *dist, tfd_str *version)
{
    static const char *const endings[] = {".dist-info", ".egg-info"};

    for (size_t i = 0; i < 2; i++) {
        tfd_str stem = entry;

        if (!tfd_str_ends_z(entry, endings[i]))
            continue;
        stem.len -= strlen(endings[i]);
        tfd_str_cut(stem, '-', dist, version);
        tfd_str_cut(*version, '-', version, &stem); /* egg-info: "-py3.8" follows */
        return is_tensorflow(*dist);
    }
    return false;
}

static bool find_info(const tfd_dirents *entries, tfd_str *dist, tfd_str *version)
{
    for (size_t i = 0; i < entries->count; i++)
        if (parse_info_name(entries->items[i].name, dist, version))
            return true;
    *dist = *version = TFD_STR("");
    return false;
}

bool tfd_seen_in_places(const tfd_facts *facts, tfd_str *dist, tfd_str *version)
{
    *dist = *version = TFD_STR("");
    for (size_t i = 0; i < facts->places.count; i++)
        if (find_info(&facts->places.items[i].entries, dist, version))
            return true;
    return false;
}

/* One folder of packages. Only names that begin like a TensorFlow distribution are looked at closely. */
static bool look_in(const tfd_sys *sys, tfd_arena *arena, tfd_str dir, tfd_str *dist, tfd_str *version)
{
    tfd_str folder = tfd_path_join(sys->style, arena, dir, TFD_STR("tensorflow"));
    tfd_dirents entries;

    /* Without the folder there is nothing to import: one stat instead of a listing. */
    if (!tfd_sys_is_dir(sys, folder))
        return false;
    memset(&entries, 0, sizeof entries);
    if (sys->list(sys, arena, dir, &entries, NULL) == TFD_OK && find_info(&entries, dist, version))
        return true;
    return tfd_sys_is_file(sys, tfd_path_join(sys->style, arena, folder, TFD_STR("__init__.py")));
}

bool tfd_seen_in_folder(const tfd_sys *sys, tfd_arena *arena, tfd_str dir)
{
    tfd_str dist, version;

    return look_in(sys, arena, dir, &dist, &version);
}

/* The folders of packages below a prefix for one version, the distribution's (Debian) included. */
static bool look_below(const tfd_sys *sys, tfd_arena *arena, tfd_str prefix, int minor, tfd_str *dist,
                       tfd_str *version)
{
    static const char *const folders[] = {
        "lib/python3.%d/site-packages", "lib/python3.%dt/site-packages", "lib64/python3.%d/site-packages",
        "local/lib/python3.%d/dist-packages", "lib/python3.%d/dist-packages"};

    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char folder[64];
        tfd_str name;

        (void)snprintf(folder, sizeof folder, folders[i], minor);
        name = tfd_str_of(folder);
        if (look_in(sys, arena, tfd_path_join(sys->style, arena, prefix, name), dist, version))
            return true;
    }
    return look_in(sys, arena, tfd_path_join(sys->style, arena, prefix, TFD_STR("lib/python3/dist-packages")),
                   dist, version);
}

/* Folder of the environment: python.exe lies in it, or in its folder Scripts. */
static tfd_str root_windows(const tfd_sys *sys, tfd_str python)
{
    tfd_str dir = tfd_path_dir(sys->style, python);

    return tfd_path_ends(sys->style, dir, "/Scripts") ? tfd_path_dir(sys->style, dir) : dir;
}

bool tfd_seen_tensorflow(const tfd_sys *sys, tfd_arena *arena, tfd_str python, tfd_str *dist,
                         tfd_str *version)
{
    tfd_str prefix = tfd_path_dir(sys->style, tfd_path_dir(sys->style, python));
    tfd_str cfg = tfd_path_join(sys->style, arena, prefix, TFD_STR("pyvenv.cfg"));
    tfd_pyversion of;
    tfd_str real;

    *dist = *version = TFD_STR("");
    if (sys->style == TFD_PATH_WINDOWS)
        return look_in(
            sys, arena,
            tfd_path_join(sys->style, arena, root_windows(sys, python), TFD_STR("Lib\\site-packages")), dist,
            version);
    if (!tfd_pyversion_parse(tfd_seen_version(sys, arena, python), &of) || of.major != 3)
        return false;
    if (look_below(sys, arena, prefix, of.minor, dist, version))
        return true;
    if (tfd_sys_is_file(sys, cfg))
        return false;
    /* A link to a base installation: its own packages count. */
    real = tfd_getpath_follow(sys, arena, python);
    if (real.len == 0 || tfd_str_eq(real, python))
        return false;
    return look_below(sys, arena, tfd_path_dir(sys->style, tfd_path_dir(sys->style, real)), of.minor, dist,
                      version);
}

static tfd_str version_of_cfg(const tfd_sys *sys, tfd_arena *arena, tfd_str python)
{
    tfd_str prefix = sys->style == TFD_PATH_WINDOWS
                         ? root_windows(sys, python)
                         : tfd_path_dir(sys->style, tfd_path_dir(sys->style, python));
    tfd_str file = tfd_path_join(sys->style, arena, prefix, TFD_STR("pyvenv.cfg"));
    tfd_pyversion version;
    tfd_pyvenv cfg;
    tfd_str text;

    if (tfd_sys_read_file(sys, arena, file, TFD_PYVENV_MAX, &text, NULL) != TFD_OK)
        return TFD_STR("");
    tfd_pyvenv_parse(text, &cfg);
    return tfd_pyversion_parse(cfg.version, &version) ? version.text : TFD_STR("");
}

/* The version resource of the program, else of the DLL that its folder has. */
static tfd_str version_windows(const tfd_sys *sys, tfd_arena *arena, tfd_str python)
{
    tfd_str real = tfd_interp_unalias(sys, arena, python);
    tfd_pe_version resource;
    char suffix[8];
    int micro;

    if (tfd_pe_file_version(sys, arena, real, &resource, NULL) != TFD_OK || !resource.is_present ||
        resource.file[0] != 3)
        return TFD_STR("");
    micro = tfd_pyversion_of_field3(resource.file[2], suffix);
    if (micro < 0)
        return tfd_arena_fmt(arena, "3.%u", (unsigned)resource.file[1]);
    return tfd_arena_fmt(arena, "3.%u.%d%s", (unsigned)resource.file[1], micro, suffix);
}

tfd_str tfd_seen_version(const tfd_sys *sys, tfd_arena *arena, tfd_str python)
{
    tfd_str real, cfg = version_of_cfg(sys, arena, python);
    tfd_pyversion version;
    tfd_pyname name;

    if (cfg.len)
        return cfg;
    if (sys->style == TFD_PATH_WINDOWS)
        return version_windows(sys, arena, python);
    real = tfd_getpath_follow(sys, arena, python);
    if (real.len == 0)
        return TFD_STR("");
    if (tfd_pyversion_parse(
            tfd_path_base(sys->style, tfd_path_dir(sys->style, tfd_path_dir(sys->style, real))), &version))
        return version.text;
    if ((!tfd_pyname_parse(tfd_path_base(sys->style, real), &name) || name.minor < 0) &&
        !tfd_interp_layout(sys, arena, tfd_path_dir(sys->style, tfd_path_dir(sys->style, real)), "os.py",
                           &name))
        return TFD_STR("");
    return tfd_arena_fmt(arena, "%d.%d", name.major, name.minor);
}
