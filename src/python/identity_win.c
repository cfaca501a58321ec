#include "python/identity_win.h"

#include "python/shim.h"

void tfd_python_set_identity_windows(const tfd_interp *interp, tfd_facts *facts)
{
    tfd_python *py = &facts->python;
    const tfd_pe *pe = &interp->binary.pe;
    bool is_image = interp->binary.kind == TFD_BINARY_PE && pe->bits != 0;

    if (interp->kind == TFD_PYDLL_MINGW)
        py->implementation = TFD_STR("cpython-mingw");
    else if (interp->kind == TFD_PYDLL_CYGWIN)
        py->implementation = TFD_STR("cpython-cygwin");
    py->bits = is_image ? pe->bits : 0;
    py->arch = is_image ? tfd_pe_arch(pe) : TFD_ARCH_UNKNOWN;
    tfd_fact_set_absent(facts, TFD_FACT_GLIBC_VERSION, TFD_STR("Windows"));
}

void tfd_python_set_soabi_windows(tfd_arena *arena, tfd_python *py)
{
    const char *arch = py->arch == TFD_ARCH_X86_64    ? "win_amd64"
                       : py->arch == TFD_ARCH_X86     ? "win32"
                       : py->arch == TFD_ARCH_AARCH64 ? "win_arm64"
                                                      : NULL;

    if (py->major == 3 && arch)
        py->soabi =
            tfd_arena_fmt(arena, "cp3%d%s-%s", py->minor, py->free_threaded == TFD_YES ? "t" : "", arch);
}

static tfd_str first_file(const tfd_sys *sys, tfd_arena *arena, tfd_str folder, const char *const *names,
                          size_t count)
{
    for (size_t i = 0; folder.len && i < count; i++) {
        tfd_str file =
            tfd_path_norm(sys->style, arena, tfd_path_join(sys->style, arena, folder, tfd_str_of(names[i])));

        if (tfd_sys_is_file(sys, file))
            return file;
    }
    return TFD_STR("");
}

void tfd_python_find_installers_windows(const tfd_sys *sys, tfd_arena *arena, tfd_python *py)
{
    static const char *const uv[] = {".local\\bin\\uv.exe", ".cargo\\bin\\uv.exe"};
    static const char *const conda[] = {"Scripts\\conda.exe", "..\\..\\Scripts\\conda.exe",
                                        "condabin\\conda.bat", "..\\..\\condabin\\conda.bat"};
    tfd_str value;

    py->uv = tfd_shim_which(sys, arena, TFD_STR("uv"), TFD_STR(""));
    if (py->uv.len == 0)
        py->uv = first_file(sys, arena, sys->home(sys), uv, sizeof uv / sizeof *uv);
    py->conda = tfd_shim_which(sys, arena, TFD_STR("conda"), TFD_STR(""));
    if (py->conda.len == 0 && sys->env(sys, "CONDA_EXE", &value) && tfd_sys_is_file(sys, value))
        py->conda = value;
    if (py->conda.len == 0 && py->env == TFD_ENV_CONDA)
        py->conda = first_file(sys, arena, py->env_root, conda, sizeof conda / sizeof *conda);
}
