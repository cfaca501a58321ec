#include "packages/packages.h"

#include "formats/distinfo.h"
#include "formats/tags.h"

#include <string.h>

/* Most headers fit; a longer one is read again. */
#define FIRST_READ ((size_t)8 << 10)

tfd_str tfd_packages_info_path(tfd_packages *packages, const tfd_dist *dist, const char *name)
{
    return tfd_path_join(packages->sys->style, packages->arena, dist->path, tfd_str_of(name));
}

tfd_status tfd_packages_read_head(tfd_packages *packages, tfd_str path, size_t wanted, tfd_str *out)
{
    tfd_file file = TFD_FILE_NONE;
    size_t got = 0;
    tfd_status status;

    *out = (tfd_str){NULL, 0};
    if (packages->scratch_size < wanted) {
        char *more = tfd_arena_take(packages->arena, wanted, 1);

        if (!more)
            return TFD_ENOMEM;
        packages->scratch = more;
        packages->scratch_size = wanted;
    }
    status = packages->sys->open(packages->sys, path, &file, NULL);
    if (status != TFD_OK)
        return status;
    /* Not one byte more than there is: at the end of a file a second call would be needed to find it. */
    if (file.size < wanted)
        wanted = (size_t)file.size;
    status = packages->sys->read_at(packages->sys, &file, 0, packages->scratch, wanted, &got, NULL);
    packages->sys->close(packages->sys, &file);
    *out = (tfd_str){packages->scratch, got};
    return status;
}

/* Header lines up to the blank line; the description behind it may have any length and is not read. */
static tfd_status read_headers(tfd_packages *packages, tfd_str path, tfd_str *out)
{
    size_t wanted = FIRST_READ;
    tfd_status status;

    for (;;) {
        size_t end;

        status = tfd_packages_read_head(packages, path, wanted, out);
        if (status != TFD_OK)
            return status;
        end = tfd_headers_end(*out);
        if (end != TFD_NPOS)
            *out = tfd_str_sub(*out, 0, end);
        if (end != TFD_NPOS || out->len < wanted)
            return TFD_OK;
        if (wanted >= TFD_METADATA_MAX)
            return TFD_ELIMIT;
        wanted = wanted * 8 < TFD_METADATA_MAX ? wanted * 8 : TFD_METADATA_MAX;
    }
}

static tfd_status add_requirement(tfd_packages *packages, size_t row, tfd_str text, size_t line)
{
    tfd_facts *facts = packages->facts;
    tfd_requirement_text parts;
    tfd_requirement req;
    char key[256];
    size_t len;

    memset(&req, 0, sizeof req);
    if (!TFD_GROW(packages->arena, &facts->requirements))
        return TFD_ENOMEM;
    if (!tfd_arena_grow(packages->arena, &packages->markers, &packages->marker_capacity,
                        facts->requirements.count, sizeof *packages->markers))
        return TFD_ENOMEM;
    req.by = row;
    req.text = text;
    req.line = line;
    req.found = TFD_NONE;
    req.is_malformed = tfd_requirement_parse(text, &parts) != TFD_OK;
    req.specifier = parts.specifier;
    req.extras = parts.extras;
    len = tfd_name_key(parts.name, key, sizeof key);
    req.key = tfd_arena_str(packages->arena, (tfd_str){key, len});
    packages->markers[facts->requirements.count] = parts.marker;
    facts->requirements.items[facts->requirements.count++] = req;
    packages->requires[row].count++;
    return req.key.ptr ? TFD_OK : TFD_ENOMEM;
}

static tfd_status take_headers(tfd_packages *packages, size_t row, tfd_str text)
{
    tfd_dist *dist = &packages->facts->dists.items[row];
    tfd_headers headers = {text, 0};
    tfd_header header;
    bool has_name = false;
    bool has_version = false;

    while (tfd_header_next(&headers, &header)) {
        tfd_status status = TFD_OK;
        tfd_str *target = NULL;

        if (tfd_str_eq_nocase(header.key, TFD_STR("requires-dist")))
            status =
                add_requirement(packages, row, tfd_arena_str(packages->arena, header.value), header.line);
        else if (!has_name && tfd_str_eq_nocase(header.key, TFD_STR("name")))
            has_name = true, target = &dist->name;
        else if (!has_version && tfd_str_eq_nocase(header.key, TFD_STR("version")))
            has_version = true, target = &dist->version;
        else if (tfd_str_eq_nocase(header.key, TFD_STR("requires-python")))
            target = &dist->requires_python;
        if (target && header.value.len)
            *target = tfd_arena_str(packages->arena, header.value);
        if (status != TFD_OK || (target && !target->ptr))
            return TFD_ENOMEM;
    }
    return TFD_OK;
}

/* The requirements of an egg-info folder stand in requires.txt; where PKG-INFO names them too, that is
 * enough. */
static tfd_status take_egg_requires(tfd_packages *packages, size_t row)
{
    const tfd_dist *dist = &packages->facts->dists.items[row];
    tfd_egg_requires state;
    tfd_str text;
    size_t line = 0;

    memset(&state, 0, sizeof state);
    if (packages->requires[row].count > 0 ||
        tfd_sys_read_file(packages->sys, packages->arena,
                          tfd_packages_info_path(packages, dist, "requires.txt"), TFD_METADATA_MAX,
                          &state.rest, NULL) != TFD_OK)
        return TFD_OK;
    while (tfd_egg_requires_next(packages->arena, &state, &text, &line))
        if (add_requirement(packages, row, text, line) != TFD_OK)
            return TFD_ENOMEM;
    return TFD_OK;
}

/* Old egg-info is PKG-INFO itself, or a folder that holds it. */
static tfd_str metadata_path(tfd_packages *packages, const tfd_dist *dist)
{
    if (dist->kind == TFD_DIST_INFO)
        return tfd_packages_info_path(packages, dist, "METADATA");
    if (dist->kind != TFD_DIST_EGG_INFO)
        return (tfd_str){NULL, 0};
    if (tfd_sys_is_dir(packages->sys, dist->path))
        return tfd_packages_info_path(packages, dist, "PKG-INFO");
    return dist->path;
}

static tfd_status read_one(tfd_packages *packages, size_t row)
{
    tfd_dist *dist = &packages->facts->dists.items[row];
    tfd_str path = metadata_path(packages, dist);
    tfd_str text;
    tfd_status status;

    packages->requires[row].first = packages->facts->requirements.count;
    if (!path.len)
        return TFD_OK;
    status = read_headers(packages, path, &text);
    if (status == TFD_ENOENT)
        return TFD_OK;
    if (status == TFD_ENOMEM)
        return status;
    if (status != TFD_OK) {
        packages->facts->requirements.complete = false;
        packages->facts->requirements.why =
            tfd_arena_fmt(packages->arena, "%.*s: %s", TFD_ARG(path), tfd_status_text(status));
        return TFD_OK;
    }
    dist->metadata = path;
    status = take_headers(packages, row, text);
    if (status == TFD_OK && dist->kind == TFD_DIST_EGG_INFO && !tfd_str_eq(path, dist->path))
        status = take_egg_requires(packages, row);
    return status;
}

tfd_status tfd_packages_read_metadata(tfd_packages *packages)
{
    tfd_facts *facts = packages->facts;

    facts->requirements.complete = true;
    packages->requires = tfd_arena_take(packages->arena, facts->dists.count, sizeof *packages->requires);
    if (!packages->requires)
        return TFD_ENOMEM;
    for (size_t i = 0; i < facts->dists.count; i++)
        if (!facts->dists.items[i].is_shadowed && facts->dists.items[i].kind != TFD_DIST_CONDA) {
            tfd_status status = read_one(packages, i);

            if (status != TFD_OK)
                return status;
        }
    return TFD_OK;
}

tfd_tag_target tfd_packages_tag_target(const tfd_facts *facts)
{
    const tfd_python *python = &facts->python;
    tfd_tag_target target = {.major = python->major,
                             .minor = python->minor,
                             .free_threaded = python->free_threaded,
                             .debug = python->debug,
                             .arch = python->arch,
                             .libc = python->libc,
                             .libc_major = -1,
                             .libc_minor = -1};
    tfd_str major, minor, rest;
    uint64_t number;

    if (python->implementation.len)
        target.is_cpython = tfd_str_is(python->implementation, "cpython") ? TFD_YES : TFD_NO;
    target.os = facts->system ? facts->system->os : TFD_OS_UNKNOWN;
    (void)tfd_str_cut(python->libc_version, '.', &major, &rest);
    (void)tfd_str_cut(rest, '.', &minor, &rest);
    if (tfd_str_u64(major, &number) && number < 1000)
        target.libc_major = (int)number;
    if (tfd_str_u64(minor, &number) && number < 1000)
        target.libc_minor = (int)number;
    return target;
}

static const char *why_text(tfd_tag_why why)
{
    switch (why) {
    case TFD_TAG_MALFORMED:
        return "malformed";
    case TFD_TAG_PYTHON:
        return "python";
    case TFD_TAG_ABI:
        return "abi";
    case TFD_TAG_PLATFORM:
        return "platform";
    case TFD_TAG_LIBC:
        return "libc";
    case TFD_TAG_FITS:
        break;
    }
    return "";
}

/* A platform of the right system can only fail by its processor. */
static bool is_of_system(tfd_str tag, tfd_os os)
{
    tfd_str platform = tfd_str_from(tag, tfd_str_rfind_char(tag, '-') + 1); /* NPOS + 1 is 0 */

    if (os == TFD_OS_WINDOWS)
        return tfd_str_is(platform, "win32") || tfd_str_starts_z(platform, "win_");
    return os == TFD_OS_LINUX &&
           (tfd_str_starts_z(platform, "manylinux") || tfd_str_starts_z(platform, "musllinux_") ||
            tfd_str_starts_z(platform, "linux_"));
}

static tfd_str describe_why(tfd_arena *arena, tfd_tag_why why, tfd_str tag, tfd_os os)
{
    tfd_str libc;
    int major, minor;

    if (why == TFD_TAG_LIBC && tfd_tag_libc(tag, &libc, &major, &minor))
        return tfd_arena_fmt(arena, "%.*s %d.%d", TFD_ARG(libc), major, minor);
    if (why == TFD_TAG_PLATFORM && is_of_system(tag, os))
        return TFD_STR("architecture");
    return tfd_str_of(why_text(why));
}

/* One tag that fits is enough; of those that do not, the nearest miss is told. */
static tfd_status take_tags(tfd_packages *packages, tfd_dist *dist, tfd_str text)
{
    tfd_tag_target target = tfd_packages_tag_target(packages->facts);
    tfd_headers headers = {text, 0};
    tfd_header header;
    tfd_tag_why best = TFD_TAG_FITS;
    tfd_tri answer = TFD_NO;
    tfd_str first = {NULL, 0};
    size_t count = 0;

    while (tfd_header_next(&headers, &header)) {
        tfd_tag_why why;
        tfd_tri fits;

        if (!tfd_str_eq_nocase(header.key, TFD_STR("tag")))
            continue;
        if (count++ == 0)
            first = header.value;
        fits = tfd_tag_match(header.value, &target, &why);
        if (fits == TFD_YES || (fits == TFD_UNKNOWN && answer == TFD_NO))
            answer = fits;
        if (fits == TFD_NO && why >= best) {
            best = why;
            dist->tags_why = describe_why(packages->arena, why, header.value, target.os);
        }
    }
    if (count == 0)
        return TFD_OK;
    dist->tags_fit = answer;
    if (answer != TFD_NO)
        dist->tags_why.len = 0;
    dist->tags = count == 1 ? tfd_arena_str(packages->arena, first)
                            : tfd_arena_fmt(packages->arena, "%.*s and %zu more", TFD_ARG(first), count - 1);
    return dist->tags.ptr ? TFD_OK : TFD_ENOMEM;
}

/* Debian's own packages: apt installs them, and pip must not touch them. */
static bool is_debian(tfd_str place)
{
    return tfd_str_is(place, "/usr/lib/python3/dist-packages");
}

static tfd_status read_link(tfd_packages *packages, tfd_dist *dist)
{
    tfd_str text, line;
    tfd_status status = tfd_packages_read_head(packages, dist->path, FIRST_READ, &text);

    if (status == TFD_OK && tfd_str_line(&text, &line))
        dist->editable = tfd_arena_str(packages->arena, tfd_str_trim(line));
    return status == TFD_ENOMEM ? status : TFD_OK;
}

tfd_status tfd_packages_read_details(tfd_packages *packages, size_t row)
{
    tfd_dist *dist = &packages->facts->dists.items[row];
    tfd_str text;
    tfd_stat info;

    if (dist->kind == TFD_DIST_EGG_LINK)
        return read_link(packages, dist);
    if (is_debian(packages->facts->places.items[dist->place].path))
        dist->installer = TFD_STR("debian");
    if (dist->kind != TFD_DIST_INFO)
        return TFD_OK;
    if (tfd_packages_read_head(packages, tfd_packages_info_path(packages, dist, "INSTALLER"), 256, &text) ==
            TFD_OK &&
        !dist->installer.len)
        dist->installer = tfd_arena_str(packages->arena, tfd_str_trim(text));
    dist->has_record = packages->sys->stat(packages->sys, tfd_packages_info_path(packages, dist, "RECORD"),
                                           true, &info, NULL) == TFD_OK &&
                       info.kind == TFD_KIND_FILE;
    if (tfd_packages_read_head(packages, tfd_packages_info_path(packages, dist, "direct_url.json"),
                               TFD_DIRECT_URL_MAX, &text) == TFD_OK)
        (void)tfd_direct_url_editable(packages->arena, text, &dist->editable);
    if (read_headers(packages, tfd_packages_info_path(packages, dist, "WHEEL"), &text) == TFD_OK)
        return take_tags(packages, dist, text);
    return TFD_OK;
}
