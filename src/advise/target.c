#include "advise/target.h"

#include <string.h>

#include "formats/pep440.h"
#include "formats/pep508.h"
#include "kb/kb_gpu.h"

static tfd_status refuse(tfd_err *err, const char *option, tfd_str value, const char *what)
{
    return tfd_err_set(err, TFD_EUSAGE, 0, "--%s: '%.*s' %s", option, TFD_ARG(value), what);
}

/* Two decimal numbers with a separator, and whatever follows the next one. */
static bool read_pair(tfd_str text, char separator, int *first, int *second)
{
    tfd_str head, tail, rest;
    uint64_t a, b;

    if (!tfd_str_cut(text, separator, &head, &tail))
        return false;
    (void)tfd_str_cut(tail, separator, &tail, &rest);
    if (!tfd_str_u64(head, &a) || !tfd_str_u64(tail, &b) || a > 9999 || b > 9999)
        return false;
    *first = (int)a;
    *second = (int)b;
    return true;
}

bool tfd_advise_is_version(tfd_str python)
{
    int major, minor;

    for (size_t i = 0; i < python.len; i++)
        if (!tfd_char_is_digit(python.ptr[i]) && python.ptr[i] != '.')
            return false;
    return read_pair(python, '.', &major, &minor);
}

/* ---- the platform */

typedef struct arch_row {
    const char *suffix; /* of a platform tag */
    tfd_arch arch;
    const char *name; /* in the knowledge base */
    int bits;
} arch_row;

static const arch_row arches[] = {
    {"x86_64", TFD_ARCH_X86_64, "x86_64", 64},
    {"amd64", TFD_ARCH_X86_64, "x86_64", 64},
    {"aarch64", TFD_ARCH_AARCH64, "aarch64", 64},
    {"arm64", TFD_ARCH_AARCH64, "arm64", 64},
    {"i686", TFD_ARCH_X86, "x86", 32},
    {"win32", TFD_ARCH_X86, "x86", 32},
    {"armv7l", TFD_ARCH_ARM, "arm", 32},
};

static const arch_row *find_arch(tfd_str tag)
{
    for (size_t i = 0; i < sizeof arches / sizeof arches[0]; i++)
        if (tfd_str_ends_z(tag, arches[i].suffix))
            return &arches[i];
    return NULL;
}

/* "manylinux_2_28_x86_64", "manylinux2014_x86_64", "musllinux_1_2_x86_64": what they say of the C library. */
static void read_libc_of_tag(tfd_kb *kb, tfd_arena *arena, tfd_str tag, tfd_advise_target *out)
{
    int major, minor;

    out->libc = TFD_STR("glibc");
    if (tfd_str_starts_z(tag, "musllinux_"))
        out->libc = TFD_STR("musl");
    else if (tfd_str_starts_z(tag, "manylinux_") && read_pair(tfd_str_from(tag, 10), '_', &major, &minor))
        out->libc_version = tfd_arena_fmt(arena, "%d.%d", major, minor);
    else if (tfd_str_starts_z(tag, "manylinux")) {
        tfd_str alias, rest;
        const tfd_kb_manylinux *row;

        (void)tfd_str_cut(tag, '_', &alias, &rest);
        row = tfd_kb_manylinux_find(kb, alias);
        out->libc_version = row ? row->glibc : TFD_STR("");
    }
}

static tfd_status read_platform(tfd_kb *kb, tfd_arena *arena, tfd_str tag, tfd_advise_target *out,
                                tfd_err *err)
{
    const arch_row *arch = find_arch(tag);
    const char *system;

    out->is_platform_given = true;
    if (tfd_str_starts_z(tag, "win")) {
        out->os = TFD_OS_WINDOWS;
        system = "windows";
    } else if (tfd_str_starts_z(tag, "macosx_") &&
               read_pair(tfd_str_from(tag, 7), '_', &out->macos_major, &out->macos_minor)) {
        out->os = TFD_OS_MACOS;
        system = "macos";
    } else if (tfd_str_starts_z(tag, "linux_") || tfd_str_starts_z(tag, "manylinux") ||
               tfd_str_starts_z(tag, "musllinux_")) {
        out->os = TFD_OS_LINUX;
        system = "linux";
        read_libc_of_tag(kb, arena, tag, out);
    } else {
        return refuse(err, "platform", tag, "is no platform tag of a wheel");
    }
    if (!arch)
        return refuse(err, "platform", tag, "names no processor that is known");
    out->arch = arch->arch;
    out->bits = arch->bits;
    out->tag = tag;
    out->platform = tfd_arena_fmt(arena, "%s-%s", system, arch->name);
    return TFD_OK;
}

static const char *name_of_arch(tfd_arch arch, tfd_os os)
{
    switch (arch) {
    case TFD_ARCH_X86_64:
        return "x86_64";
    case TFD_ARCH_X86:
        return "x86";
    case TFD_ARCH_AARCH64:
        return os == TFD_OS_LINUX ? "aarch64" : "arm64";
    case TFD_ARCH_ARM:
        return "arm";
    default:
        return "other";
    }
}

/* The system that tfdiag runs on, with the interpreter's processor. */
static void read_this_platform(const tfd_facts *facts, tfd_arena *arena, tfd_advise_target *out)
{
    const tfd_system *system = facts->system;
    const char *arch;

    out->os = system ? system->os : TFD_OS_UNKNOWN;
    out->arch = facts->python.arch != TFD_ARCH_UNKNOWN ? facts->python.arch
                : system                               ? system->arch
                                                       : TFD_ARCH_UNKNOWN;
    arch = name_of_arch(out->arch, out->os);
    if (out->os == TFD_OS_WINDOWS) {
        out->platform = tfd_arena_fmt(arena, "windows-%s", arch);
        out->tag = out->arch == TFD_ARCH_X86_64    ? TFD_STR("win_amd64")
                   : out->arch == TFD_ARCH_AARCH64 ? TFD_STR("win_arm64")
                                                   : TFD_STR("win32");
    } else {
        out->platform = tfd_arena_fmt(arena, "linux-%s", arch);
        out->tag = tfd_arena_fmt(arena, "linux_%s", out->arch == TFD_ARCH_X86 ? "i686" : arch);
    }
}

static bool is_same_platform(const tfd_advise_target *a, const tfd_advise_target *b)
{
    return a->os == b->os && a->arch == b->arch;
}

/* ---- what is seen here */

static void read_libc(const tfd_facts *facts, tfd_advise_target *out)
{
    const tfd_fact *glibc = &facts->scalars[TFD_FACT_GLIBC_VERSION];

    if (out->os != TFD_OS_LINUX || out->libc_version.len > 0 || tfd_str_is(out->libc, "musl"))
        return;
    if (facts->python.libc.len > 0) {
        out->libc = facts->python.libc;
        out->libc_version = facts->python.libc_version;
    } else if (glibc->state == TFD_STATE_PRESENT) {
        out->libc = TFD_STR("glibc");
        out->libc_version = glibc->text;
    }
}

static tfd_tri tri_of(const tfd_fact *fact)
{
    return fact->state != TFD_STATE_PRESENT ? TFD_UNKNOWN : fact->boolean ? TFD_YES : TFD_NO;
}

static void read_gpus(const tfd_facts *facts, tfd_kb *kb, tfd_arena *arena, tfd_advise_target *out)
{
    const tfd_gpu *gpu = &facts->gpu;

    if (!gpu->was_looked_for)
        return;
    out->driver = gpu->kernel_module;
    if (tfd_str_is(out->driver, "?"))
        out->driver = TFD_STR("");
    for (size_t i = 0; i < gpu->devices.count && out->gpu_count < TFD_ADVISE_GPUS; i++) {
        const tfd_gpu_device *device = &gpu->devices.items[i];
        tfd_advise_gpu *one = &out->gpus[out->gpu_count];
        const tfd_kb_chip *chip;

        if (device->vendor != TFD_PCI_NVIDIA)
            continue;
        chip = tfd_kb_chip_find(kb, device->device);
        one->name = device->name.len > 0 ? device->name : chip ? chip->name : TFD_STR("NVIDIA GPU");
        one->capability = chip ? chip->compute_capability : tfd_kb_gpu_capability(kb, arena, device->name);
        out->gpu_count++;
    }
    out->has_no_gpu =
        gpu->devices.complete && gpu->nvidia_count == 0 && !gpu->has_dxg && out->os == TFD_OS_LINUX;
    out->has_no_driver = gpu->nvidia_count > 0 && gpu->kernel_module.len == 0 && out->os == TFD_OS_LINUX;
}

static void read_machine(const tfd_facts *facts, tfd_kb *kb, tfd_arena *arena, tfd_advise_target *out)
{
    read_libc(facts, out);
    if (out->arch == TFD_ARCH_X86_64) {
        out->avx = tri_of(&facts->scalars[TFD_FACT_CPU_AVX]);
        out->avx2 = tri_of(&facts->scalars[TFD_FACT_CPU_AVX2]);
    }
    if (out->wants_gpu)
        read_gpus(facts, kb, arena, out);
}

/* ---- the interpreter */

static void read_interpreter(const tfd_python *py, tfd_advise_target *out)
{
    out->major = py->major;
    out->minor = py->minor;
    out->version = py->version;
    out->why = py->why;
    out->implementation = py->implementation;
    out->is_cpython = py->implementation.len == 0                 ? TFD_UNKNOWN
                      : tfd_str_is(py->implementation, "cpython") ? TFD_YES
                                                                  : TFD_NO;
    out->free_threaded = py->free_threaded;
    out->debug = py->debug;
    if (!out->is_platform_given)
        out->bits = py->bits;
}

static tfd_status read_python(const tfd_options *options, const tfd_facts *facts, tfd_advise_target *out,
                              tfd_err *err)
{
    out->major = out->minor = -1;
    if (tfd_advise_is_version(options->python)) {
        (void)read_pair(options->python, '.', &out->major, &out->minor);
        out->version = options->python;
        out->why = TFD_STR("--python");
        out->implementation = TFD_STR("cpython");
        out->is_cpython = TFD_YES;
        out->free_threaded = out->debug = TFD_NO;
        return TFD_OK;
    }
    if (!facts || facts->python.path.len == 0)
        return tfd_err_set(err, TFD_EUSAGE, 0, "no Python was found to advise for");
    read_interpreter(&facts->python, out);
    if (out->major < 0)
        return tfd_err_set(err, TFD_EUSAGE, 0, "the version of %.*s cannot be read",
                           TFD_ARG(facts->python.path));
    return TFD_OK;
}

/* ---- what is asked for */

/* "2.15": that line; "2.15.1": that release; "<2.16", "tensorflow-gpu==2.10": as they are written. */
static tfd_status read_wanted(tfd_str text, tfd_kb *kb, tfd_arena *arena, tfd_advise_target *out,
                              tfd_err *err)
{
    tfd_requirement_text requirement;
    tfd_version version;
    char key[64];

    if (text.len == 0)
        return TFD_OK;
    if (tfd_version_parse(text, &version) == TFD_OK) {
        tfd_str line = tfd_kb_line_of(text);

        out->specifier = tfd_arena_fmt(arena, tfd_str_eq(line, text) ? "==%.*s.*" : "==%.*s", TFD_ARG(text));
        return TFD_OK;
    }
    if (tfd_requirement_parse(text, &requirement) == TFD_OK && requirement.url.len == 0) {
        tfd_str name = {key, tfd_name_key(requirement.name, key, sizeof key)};

        if (name.len < sizeof key && tfd_kb_is_tensorflow(kb, name)) {
            out->specifier = requirement.specifier;
            if (!tfd_str_is(name, "tensorflow"))
                out->asked_for = tfd_arena_str(arena, name);
            return TFD_OK;
        }
    }
    if (tfd_specifier_match(text, TFD_STR("2.0"), TFD_PRE_ALLOW) == TFD_UNKNOWN)
        return refuse(err, "tensorflow", text, "is no version, specifier or requirement of TensorFlow");
    out->specifier = text;
    return TFD_OK;
}

static tfd_status read_addons(const tfd_ids *given, tfd_kb *kb, tfd_arena *arena, tfd_advise_target *out,
                              tfd_err *err)
{
    for (size_t i = 0; i < given->count; i++) {
        tfd_requirement_text requirement;
        char key[256];
        tfd_str name;

        if (tfd_requirement_parse(given->items[i], &requirement) != TFD_OK || requirement.url.len > 0 ||
            requirement.specifier.len > 0)
            return refuse(err, "with", given->items[i], "is no name of a distribution");
        name = (tfd_str){key, tfd_name_key(requirement.name, key, sizeof key)};
        if (name.len >= sizeof key)
            return refuse(err, "with", given->items[i], "is no name of a distribution");
        if (tfd_kb_is_tensorflow(kb, name))
            out->asked_for = tfd_arena_str(arena, name);
        else
            out->with.items[out->with.count++] = tfd_arena_str(arena, name);
    }
    return TFD_OK;
}

static tfd_status read_given(const tfd_options *options, tfd_kb *kb, tfd_arena *arena, tfd_advise_target *out,
                             tfd_err *err)
{
    tfd_version version;

    if (options->glibc.len > 0) {
        if (tfd_version_parse(options->glibc, &version) != TFD_OK)
            return refuse(err, "glibc", options->glibc, "is no version");
        out->libc = TFD_STR("glibc");
        out->libc_version = options->glibc;
    }
    if (options->driver.len > 0) {
        if (tfd_version_parse(options->driver, &version) != TFD_OK)
            return refuse(err, "driver", options->driver, "is no version");
        out->driver = options->driver;
        out->has_no_driver = false;
    }
    if (options->gpu.len > 0) {
        out->gpus[0].name = options->gpu;
        out->gpus[0].capability = tfd_kb_gpu_capability(kb, arena, options->gpu);
        out->gpu_count = 1;
        out->has_no_gpu = false;
    }
    return TFD_OK;
}

/* An environment that has the build for processors alone keeps it: beside tensorflow it would own the same
 * files. */
static void keep_build(tfd_advise_target *out)
{
    const tfd_facts *facts = out->facts;

    if (out->asked_for.len == 0 && !out->wants_gpu && facts->tensorflow != TFD_NONE &&
        tfd_str_is(facts->dists.items[facts->tensorflow].key, "tensorflow-cpu"))
        out->asked_for = facts->dists.items[facts->tensorflow].key;
}

tfd_status tfd_advise_aim(const tfd_options *options, const tfd_facts *facts, tfd_kb *kb, tfd_arena *arena,
                          tfd_advise_target *out, tfd_err *err)
{
    tfd_advise_target here;
    tfd_status st;

    memset(out, 0, sizeof *out);
    out->options = options;
    out->macos_major = out->macos_minor = -1;
    here = *out;
    if (facts)
        read_this_platform(facts, arena, &here);
    if (options->platform.len > 0) {
        st = read_platform(kb, arena, options->platform, out, err);
        if (st != TFD_OK)
            return st;
    } else if (facts) {
        *out = here;
    } else {
        return tfd_err_set(err, TFD_EUSAGE, 0, "the system is not known; name it with --platform");
    }
    st = read_python(options, facts, out, err);
    if (st == TFD_OK)
        st = read_wanted(options->tensorflow, kb, arena, out, err);
    if (st == TFD_OK)
        st = read_addons(&options->with, kb, arena, out, err);
    if (st != TFD_OK)
        return st;
    out->wants_gpu = options->want == TFD_WANT_GPU || tfd_str_is(out->asked_for, "tensorflow-gpu");
    if (facts && is_same_platform(&here, out)) {
        out->facts = facts;
        out->is_here = !tfd_advise_is_version(options->python) && facts->python.path.len > 0;
        read_machine(facts, kb, arena, out);
        if (out->is_here)
            keep_build(out);
    }
    return read_given(options, kb, arena, out, err);
}
