#include "python/seen.h"

#include "python/getpath.h"
#include "python/name.h"

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

/* One folder of packages. Only names that begin like a TensorFlow distribution are looked at closely. */
static bool look_in(const tfd_sys *sys, tfd_arena *arena, tfd_str dir, tfd_str *dist, tfd_str *version)
{
    tfd_str folder = tfd_path_join(sys->style, arena, dir, TFD_STR("tensorflow"));
    tfd_dirents entries;

    /* Without the folder there is nothing to import: one stat instead of a listing. */
    if (!tfd_sys_is_dir(sys, folder))
        return false;
    memset(&entries, 0, sizeof entries);
    *dist = *version = TFD_STR("");
    if (sys->list(sys, arena, dir, &entries, NULL) == TFD_OK)
        for (size_t i = 0; i < entries.count; i++)
            if (parse_info_name(entries.items[i].name, dist, version))
                return true;
    *dist = *version = TFD_STR("");
    return tfd_sys_is_file(sys, tfd_path_join(sys->style, arena, folder, TFD_STR("__init__.py")));
}

static bool look_below(const tfd_sys *sys, tfd_arena *arena, tfd_str prefix, const char *lib, tfd_str *dist,
                       tfd_str *version)
{
    tfd_str dir = tfd_path_join(sys->style, arena, prefix, tfd_str_of(lib));
    tfd_dirents entries;

    memset(&entries, 0, sizeof entries);
    if (sys->list(sys, arena, dir, &entries, NULL) != TFD_OK)
        return false;
    for (size_t i = 0; i < entries.count; i++) {
        static const char *const leaves[] = {"site-packages", "dist-packages"};
        tfd_pyname name;

        if (!tfd_pyname_parse(entries.items[i].name, &name) || name.major != 3)
            continue;
        for (size_t k = 0; k < 2; k++) {
            tfd_str packages =
                tfd_arena_fmt(arena, "%.*s/%.*s/%s", TFD_ARG(dir), TFD_ARG(entries.items[i].name), leaves[k]);

            if (look_in(sys, arena, packages, dist, version))
                return true;
        }
    }
    return false;
}

bool tfd_seen_tensorflow(const tfd_sys *sys, tfd_arena *arena, tfd_str python, tfd_str *dist,
                         tfd_str *version)
{
    tfd_str prefix = tfd_path_dir(sys->style, tfd_path_dir(sys->style, python));
    tfd_str cfg = tfd_path_join(sys->style, arena, prefix, TFD_STR("pyvenv.cfg"));
    tfd_str real;

    *dist = *version = TFD_STR("");
    if (look_below(sys, arena, prefix, "lib", dist, version))
        return true;
    if (tfd_str_is(prefix, "/usr"))
        return look_below(sys, arena, TFD_STR("/usr/local"), "lib", dist, version);
    if (tfd_sys_is_file(sys, cfg))
        return false;
    /* A link to a base installation: its own packages count. */
    real = tfd_getpath_follow(sys, arena, python);
    if (real.len == 0 || tfd_str_eq(real, python))
        return false;
    return look_below(sys, arena, tfd_path_dir(sys->style, tfd_path_dir(sys->style, real)), "lib", dist,
                      version);
}

static tfd_str version_of_cfg(const tfd_sys *sys, tfd_arena *arena, tfd_str python)
{
    tfd_str prefix = tfd_path_dir(sys->style, tfd_path_dir(sys->style, python));
    tfd_str file = tfd_path_join(sys->style, arena, prefix, TFD_STR("pyvenv.cfg"));
    tfd_pyversion version;
    tfd_pyvenv cfg;
    tfd_str text;

    if (tfd_sys_read_file(sys, arena, file, TFD_PYVENV_MAX, &text, NULL) != TFD_OK)
        return TFD_STR("");
    tfd_pyvenv_parse(text, &cfg);
    return tfd_pyversion_parse(cfg.version, &version) ? version.text : TFD_STR("");
}

tfd_str tfd_seen_version(const tfd_sys *sys, tfd_arena *arena, tfd_str python)
{
    tfd_str real, cfg = version_of_cfg(sys, arena, python);
    tfd_pyversion version;
    tfd_pyname name;

    if (cfg.len)
        return cfg;
    real = tfd_getpath_follow(sys, arena, python);
    if (real.len == 0)
        return TFD_STR("");
    if (tfd_pyversion_parse(
            tfd_path_base(sys->style, tfd_path_dir(sys->style, tfd_path_dir(sys->style, real))), &version))
        return version.text;
    if (!tfd_pyname_parse(tfd_path_base(sys->style, real), &name) || name.minor < 0)
        return TFD_STR("");
    return tfd_arena_fmt(arena, "%d.%d", name.major, name.minor);
}
