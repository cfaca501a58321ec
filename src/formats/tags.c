#include "formats/tags.h"

#include <string.h>

#define VERSION_PART_MAX 99999

/* Digits at the front; -1 where there is none, or too many. */
static int take_number(tfd_str *rest)
{
    int value = 0;
    size_t n = 0;

    while (n < rest->len && tfd_char_is_digit(rest->ptr[n]) && value <= VERSION_PART_MAX)
        value = value * 10 + (rest->ptr[n++] - '0');
    if (n == 0 || value > VERSION_PART_MAX)
        return -1;
    *rest = tfd_str_from(*rest, n);
    return value;
}

/* "312" is 3.12, "3" is 3 alone (minor -1), as PEP 425 writes it; what follows stays in *rest. */
static bool take_python(tfd_str *rest, int *major, int *minor)
{
    if (!rest->len || !tfd_char_is_digit(rest->ptr[0]))
        return false;
    *major = rest->ptr[0] - '0';
    *minor = -1;
    *rest = tfd_str_from(*rest, 1);
    if (rest->len && rest->ptr[0] == '_')
        *rest = tfd_str_from(*rest, 1);
    if (rest->len && tfd_char_is_digit(rest->ptr[0])) {
        *minor = take_number(rest);
        return *minor >= 0;
    }
    return true;
}

static tfd_tri tri_of(bool value)
{
    return value ? TFD_YES : TFD_NO;
}

static tfd_tri both(tfd_tri a, tfd_tri b)
{
    if (a == TFD_NO || b == TFD_NO)
        return TFD_NO;
    return a == TFD_YES && b == TFD_YES ? TFD_YES : TFD_UNKNOWN;
}

static tfd_tri match_exact_python(int major, int minor, const tfd_tag_target *target)
{
    if (target->major < 0)
        return TFD_UNKNOWN;
    if (major != target->major)
        return TFD_NO;
    if (target->minor < 0)
        return TFD_UNKNOWN;
    return tri_of(minor == target->minor);
}

/* Python 3.y of a tag against an interpreter that takes 3.y and everything older. */
static tfd_tri match_python_or_older(int major, int minor, const tfd_tag_target *target)
{
    if (target->major < 0)
        return TFD_UNKNOWN;
    if (major != target->major)
        return TFD_NO;
    if (minor < 0)
        return TFD_YES;
    return target->minor < 0 ? TFD_UNKNOWN : tri_of(minor <= target->minor);
}

static tfd_tri match_python(tfd_str python, tfd_str abi, const tfd_tag_target *target)
{
    tfd_str rest = tfd_str_from(python, 2);
    int major, minor;

    if (python.len < 3 || !take_python(&rest, &major, &minor) || rest.len)
        return TFD_NO;
    if (tfd_str_starts_z(python, "py"))
        return match_python_or_older(major, minor, target);
    if (!tfd_str_starts_z(python, "cp") || target->is_cpython == TFD_NO)
        return TFD_NO; /* pp, ip …: implementations that TensorFlow has no wheels for */
    if (tfd_str_starts_z(abi, "abi3"))
        return both(target->is_cpython, match_python_or_older(major, minor, target));
    return both(target->is_cpython, match_exact_python(major, minor, target));
}

/* Flags behind the version of an ABI tag: 'd' debug, 'm' pymalloc and 'u' wide Unicode (to 3.7), 't'
 * free-threaded. */
static tfd_tri match_abi_flags(tfd_str flags, const tfd_tag_target *target)
{
    bool has_d = tfd_str_find_char(flags, 'd') != TFD_NPOS;
    bool has_t = tfd_str_find_char(flags, 't') != TFD_NPOS;
    bool has_m = tfd_str_find_char(flags, 'm') != TFD_NPOS;
    tfd_tri threads;

    for (size_t i = 0; i < flags.len; i++)
        if (!strchr("dmut", flags.ptr[i]))
            return TFD_NO;
    if (target->major == 3 && target->minor >= 0 && has_m != (target->minor < 8))
        return TFD_NO; /* configure's default is pymalloc, and 3.8 dropped the flag */
    threads = target->free_threaded == TFD_UNKNOWN ? TFD_UNKNOWN
                                                   : tri_of(has_t == (target->free_threaded == TFD_YES));
    if (!has_d) /* since 3.8 a debug build takes modules of a release build */
        return target->debug == TFD_YES && target->minor >= 0 && target->minor < 8 ? TFD_NO : threads;
    return both(threads, target->debug);
}

static tfd_tri match_abi(tfd_str python, tfd_str abi, const tfd_tag_target *target)
{
    tfd_str rest = tfd_str_from(abi, 2);
    int major, minor;

    if (tfd_str_is(abi, "none"))
        return TFD_YES;
    if (!tfd_str_starts_z(python, "cp"))
        return TFD_NO;
    if (tfd_str_is(abi, "abi3"))
        return target->free_threaded == TFD_UNKNOWN ? TFD_UNKNOWN : tri_of(target->free_threaded == TFD_NO);
    if (tfd_str_is(abi, "abi3t")) /* the stable ABI of free-threaded builds, PEP 803 */
        return target->free_threaded;
    if (!tfd_str_starts_z(abi, "cp") || !take_python(&rest, &major, &minor))
        return TFD_NO;
    return both(match_exact_python(major, minor, target), match_abi_flags(rest, target));
}

static const char *arch_name(tfd_os os, tfd_arch arch)
{
    switch (arch) {
    case TFD_ARCH_X86_64:
        return os == TFD_OS_WINDOWS ? "amd64" : "x86_64";
    case TFD_ARCH_X86:
        return "i686";
    case TFD_ARCH_AARCH64:
        return os == TFD_OS_LINUX ? "aarch64" : "arm64";
    case TFD_ARCH_ARM:
        return "armv7l";
    case TFD_ARCH_UNKNOWN:
    case TFD_ARCH_OTHER:
        break;
    }
    return NULL;
}

static tfd_tri match_arch(tfd_str arch, const tfd_tag_target *target)
{
    const char *name = arch_name(target->os, target->arch);

    if (target->arch == TFD_ARCH_UNKNOWN)
        return TFD_UNKNOWN;
    if (target->arch == TFD_ARCH_ARM && (tfd_str_is(arch, "armv6l") || tfd_str_is(arch, "armv8l")))
        return TFD_YES;
    return tri_of(name && tfd_str_is(arch, name));
}

/* "manylinux_2_17_x86_64", "manylinux2014_x86_64", "musllinux_1_1_x86_64" taken apart. */
static bool split_linux(tfd_str platform, tfd_str *libc, int *major, int *minor, tfd_str *arch)
{
    static const struct {
        const char *alias;
        int minor;
    } aliases[] = {{"manylinux1_", 5}, {"manylinux2010_", 12}, {"manylinux2014_", 17}};

    *libc = TFD_STR("glibc");
    *major = 2;
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (tfd_str_starts_z(platform, aliases[i].alias)) {
            *minor = aliases[i].minor;
            *arch = tfd_str_from(platform, strlen(aliases[i].alias));
            return true;
        }
    if (tfd_str_starts_z(platform, "musllinux_"))
        *libc = TFD_STR("musl");
    else if (!tfd_str_starts_z(platform, "manylinux_"))
        return false;
    *arch = tfd_str_from(platform, 10);
    *major = take_number(arch);
    if (*major < 0 || !arch->len || arch->ptr[0] != '_')
        return false;
    *arch = tfd_str_from(*arch, 1);
    *minor = take_number(arch);
    if (*minor < 0 || !arch->len || arch->ptr[0] != '_')
        return false;
    *arch = tfd_str_from(*arch, 1);
    return true;
}

static tfd_tri match_libc(tfd_str libc, int major, int minor, const tfd_tag_target *target)
{
    if (!target->libc.len)
        return TFD_UNKNOWN;
    if (!tfd_str_eq(libc, target->libc))
        return TFD_NO;
    if (target->libc_major < 0)
        return TFD_UNKNOWN;
    if (major != target->libc_major)
        return TFD_NO;
    return target->libc_minor < 0 ? TFD_UNKNOWN : tri_of(minor <= target->libc_minor);
}

/* System and processor; the libc of a Linux tag is answered on its own. */
static tfd_tri match_platform(tfd_str platform, const tfd_tag_target *target, tfd_tri *libc_fits)
{
    tfd_str libc, arch;
    int major, minor;

    *libc_fits = TFD_YES;
    if (tfd_str_is(platform, "any"))
        return TFD_YES;
    if (target->os == TFD_OS_UNKNOWN)
        return TFD_UNKNOWN;
    if (target->os == TFD_OS_WINDOWS) {
        if (tfd_str_is(platform, "win32"))
            return target->arch == TFD_ARCH_UNKNOWN ? TFD_UNKNOWN : tri_of(target->arch == TFD_ARCH_X86);
        return tfd_str_starts_z(platform, "win_") ? match_arch(tfd_str_from(platform, 4), target) : TFD_NO;
    }
    if (target->os != TFD_OS_LINUX)
        return tfd_str_starts_z(platform, "macosx_") ? TFD_UNKNOWN : TFD_NO;
    if (tfd_str_starts_z(platform, "linux_"))
        return match_arch(tfd_str_from(platform, 6), target);
    if (!split_linux(platform, &libc, &major, &minor, &arch))
        return TFD_NO;
    *libc_fits = match_libc(libc, major, minor, target);
    return match_arch(arch, target);
}

/* One combination. The obstacle is the first that fails, so a later one means a nearer miss. */
static tfd_tri match_one(tfd_str python, tfd_str abi, tfd_str platform, const tfd_tag_target *target,
                         tfd_tag_why *why)
{
    tfd_tri libc_fits;
    tfd_tri answers[4];
    static const tfd_tag_why obstacles[4] = {TFD_TAG_PYTHON, TFD_TAG_ABI, TFD_TAG_PLATFORM, TFD_TAG_LIBC};
    tfd_tri all = TFD_YES;

    answers[0] = match_python(python, abi, target);
    answers[1] = match_abi(python, abi, target);
    answers[2] = match_platform(platform, target, &libc_fits);
    answers[3] = libc_fits;
    *why = TFD_TAG_FITS;
    for (size_t i = 0; i < 4; i++) {
        all = both(all, answers[i]);
        if (answers[i] == TFD_NO) {
            *why = obstacles[i];
            break;
        }
    }
    return all;
}

/* The parts of a hostile tag could multiply; in WHEEL files each line holds one combination (PEP 427). */
#define COMBINATIONS_MAX 256

tfd_tri tfd_tag_match(tfd_str tag, const tfd_tag_target *target, tfd_tag_why *why)
{
    tfd_str pythons, abis, platforms, rest, python, abi, platform;
    tfd_tag_why best = TFD_TAG_MALFORMED;
    tfd_tri answer = TFD_NO;
    size_t count = 0;

    if (why)
        *why = TFD_TAG_FITS;
    (void)tfd_str_cut(tag, '-', &pythons, &rest);
    (void)tfd_str_cut(rest, '-', &abis, &platforms);
    for (tfd_str p = pythons; p.len;) {
        (void)tfd_str_cut(p, '.', &python, &p);
        for (tfd_str a = abis; a.len;) {
            (void)tfd_str_cut(a, '.', &abi, &a);
            for (tfd_str s = platforms; s.len && count < COMBINATIONS_MAX; count++) {
                tfd_tag_why obstacle;
                tfd_tri fits;

                (void)tfd_str_cut(s, '.', &platform, &s);
                fits = match_one(python, abi, platform, target, &obstacle);
                if (fits == TFD_YES)
                    return TFD_YES;
                if (fits == TFD_UNKNOWN)
                    answer = TFD_UNKNOWN;
                else if (obstacle > best)
                    best = obstacle;
            }
        }
    }
    if (why && answer == TFD_NO)
        *why = best;
    return answer;
}

bool tfd_tag_libc(tfd_str tag, tfd_str *libc, int *major, int *minor)
{
    size_t at = tfd_str_rfind_char(tag, '-');
    tfd_str rest = at == TFD_NPOS ? tag : tfd_str_from(tag, at + 1);
    bool found = false;

    while (rest.len) {
        tfd_str platform, name, arch;
        int x, y;

        (void)tfd_str_cut(rest, '.', &platform, &rest);
        if (!split_linux(platform, &name, &x, &y, &arch) ||
            (found && (x > *major || (x == *major && y >= *minor))))
            continue;
        *libc = name;
        *major = x;
        *minor = y;
        found = true;
    }
    return found;
}
