#include "advise/online.h"

#include <string.h>

#include "formats/pep440.h"
#include "formats/pep508.h"
#include "formats/tags.h"
#include "net/index.h"

#define REQUESTS_MAX 40u
#define DEADLINE_MS 60000u
#define PLATFORMS_MAX 8
#define PYTHONS_MAX 32
#define REQUIRES_MAX 128

/* ---- file names */

/* "linux-x86_64" of "manylinux_2_17_x86_64.manylinux2014_x86_64"; empty: none that is known. */
static tfd_str platform_of(tfd_str tag)
{
    bool is_x86 = tfd_str_ends_z(tag, "x86_64"), is_arm = tfd_str_ends_z(tag, "arm64");

    if (tfd_str_starts_z(tag, "manylinux") || tfd_str_starts_z(tag, "linux_"))
        return is_x86                           ? TFD_STR("linux-x86_64")
               : tfd_str_ends_z(tag, "aarch64") ? TFD_STR("linux-aarch64")
                                                : TFD_STR("");
    if (tfd_str_starts_z(tag, "macosx"))
        return is_x86 ? TFD_STR("macos-x86_64") : is_arm ? TFD_STR("macos-arm64") : TFD_STR("");
    return tfd_str_is(tag, "win_amd64")   ? TFD_STR("windows-x86_64")
           : tfd_str_is(tag, "win_arm64") ? TFD_STR("windows-arm64")
                                          : TFD_STR("");
}

static bool cut_tags(tfd_str tags, tfd_str *python, tfd_str *abi, tfd_str *platform)
{
    tfd_str rest;

    return tfd_str_cut(tags, '-', python, &rest) && tfd_str_cut(rest, '-', abi, platform) &&
           platform->len > 0;
}

/* "3.12" of "cp312" with the ABI of the same Python; with the stable ABI, the target's Python where it is no
 * older. Empty: none that is wanted (free-threaded builds, other implementations). */
static tfd_str python_of(const tfd_advise_target *t, tfd_arena *arena, tfd_str python, tfd_str abi)
{
    tfd_str digits = tfd_str_from(python, 3);
    uint64_t minor;

    if (!tfd_str_starts_z(python, "cp3") || !tfd_str_u64(digits, &minor) || minor > 999)
        return TFD_STR("");
    if (tfd_str_is(abi, "abi3"))
        return t->major == 3 && (uint64_t)t->minor >= minor ? tfd_arena_fmt(arena, "3.%d", t->minor)
                                                            : TFD_STR("");
    if (!tfd_str_eq(abi, python) &&
        !(abi.len == python.len + 1 && tfd_str_starts(abi, python) && tfd_str_ends_z(abi, "m")))
        return TFD_STR("");
    return tfd_arena_fmt(arena, "3.%u", (unsigned)minor);
}

/* ---- releases under construction */

typedef struct found {
    tfd_kb_release release;
    tfd_kb_wheel wheels[PLATFORMS_MAX];
    tfd_str pythons[PLATFORMS_MAX][PYTHONS_MAX];
    const tfd_index_file *file; /* whose METADATA is read: the target's own where there is one */
    bool is_for_target;
} found;

typedef struct search {
    const tfd_advise_target *target;
    tfd_kb *kb;
    tfd_arena *arena;
    const tfd_index_project *project;
    found items[TFD_ADVISE_NEWER_MAX]; /* newest first */
    size_t count;
} search;

static tfd_kb_wheel *wheel_of(found *one, tfd_str platform)
{
    for (size_t i = 0; i < one->release.wheel_count; i++)
        if (tfd_str_eq(one->wheels[i].platform, platform))
            return &one->wheels[i];
    if (one->release.wheel_count == PLATFORMS_MAX)
        return NULL;
    one->wheels[one->release.wheel_count].platform = platform;
    return &one->wheels[one->release.wheel_count++];
}

static void add_python(found *one, tfd_kb_wheel *wheel, tfd_str python)
{
    tfd_str *list = one->pythons[wheel - one->wheels];

    wheel->pythons.items = list;
    for (size_t i = 0; i < wheel->pythons.count; i++)
        if (tfd_str_eq(list[i], python))
            return;
    if (wheel->pythons.count < PYTHONS_MAX)
        list[wheel->pythons.count++] = python;
}

/* "3.12" */
static bool is_of_target(const search *s, tfd_str python)
{
    return tfd_str_eq(python, tfd_arena_fmt(s->arena, "%d.%d", s->target->major, s->target->minor));
}

/* Of several wheels for the target, pip takes the one that fits: the oldest C library that one asks for
 * counts. */
static void lower_glibc(search *s, tfd_kb_wheel *wheel, tfd_str tags)
{
    tfd_str libc, text;
    int major, minor, order;

    if (!tfd_tag_libc(tags, &libc, &major, &minor) || !tfd_str_is(libc, "glibc"))
        return;
    text = tfd_arena_fmt(s->arena, "%d.%d", major, minor);
    if (wheel->glibc.len == 0 || (tfd_version_cmp_text(text, wheel->glibc, &order) && order < 0))
        wheel->glibc = text;
}

static void add_file(search *s, found *one, const tfd_index_file *file)
{
    tfd_str python, abi, tag, version;
    tfd_kb_wheel *wheel;
    bool is_own;

    if (!cut_tags(file->tags, &python, &abi, &tag))
        return;
    version = python_of(s->target, s->arena, python, abi);
    wheel = version.len > 0 && platform_of(tag).len > 0 ? wheel_of(one, platform_of(tag)) : NULL;
    if (!wheel)
        return;
    is_own = is_of_target(s, version);
    wheel->tag = tag;
    wheel->size = file->size > wheel->size ? file->size : wheel->size;
    if (is_own)
        lower_glibc(s, wheel, file->tags);
    add_python(one, wheel, version);
    is_own = is_own && tfd_str_eq(wheel->platform, s->target->platform);
    if (!one->file || (!one->is_for_target && is_own)) {
        one->release.requires_python = file->requires_python;
        one->file = file;
        one->is_for_target = is_own;
    }
}

/* ---- the project's page */

static bool is_release(const tfd_index_file *file)
{
    tfd_version version;

    return file->form == TFD_INDEX_WHEEL && !file->is_yanked && file->version.len > 0 &&
           tfd_version_parse(file->version, &version) == TFD_OK && !tfd_version_is_prerelease(&version);
}

static bool is_older_than_knowledge(search *s, tfd_str version)
{
    const tfd_kb_release *const *all = NULL;
    size_t count = 0;
    int order;

    if (tfd_kb_releases_get(s->kb, &all, &count, NULL) != TFD_OK || count == 0)
        return false;
    return tfd_version_cmp_text(version, all[0]->version, &order) && order < 0;
}

/* Room for a version among the newest ones; NULL where it is not among them. */
static found *place_of(search *s, tfd_str version)
{
    size_t at = 0;
    int order = 0;

    while (at < s->count && tfd_version_cmp_text(s->items[at].release.version, version, &order) && order > 0)
        at++;
    if (at < s->count && order == 0)
        return &s->items[at];
    if (at == TFD_ADVISE_NEWER_MAX)
        return NULL;
    if (s->count == TFD_ADVISE_NEWER_MAX)
        s->count--;
    memmove(&s->items[at + 1], &s->items[at], (s->count - at) * sizeof *s->items);
    memset(&s->items[at], 0, sizeof s->items[at]);
    s->items[at].release.version = version;
    s->count++;
    return &s->items[at];
}

/* Two passes: files of one version need not stand together, and a version may be pushed out on the way. */
static void read_page(search *s)
{
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < s->project->count; i++) {
            const tfd_index_file *file = &s->project->items[i];
            found *one;

            if (!is_release(file) || tfd_kb_release_find(s->kb, file->version) ||
                is_older_than_knowledge(s, file->version))
                continue;
            one = place_of(s, file->version);
            if (one && pass == 1)
                add_file(s, one, file);
        }
    for (size_t i = 0; i < s->count; i++)
        s->items[i].release.wheels = s->items[i].wheels;
}

/* ---- METADATA */

static bool is_extra(tfd_str marker, const char *extra)
{
    return tfd_str_find_z(marker, "extra") != TFD_NPOS && tfd_str_find_z(marker, extra) != TFD_NPOS;
}

static tfd_str without_marker(tfd_arena *arena, const tfd_requirement_text *one)
{
    return tfd_arena_fmt(arena, "%.*s%.*s", TFD_ARG(one->name), TFD_ARG(one->specifier));
}

/* "12.5" of nvidia-cuda-runtime-cu12>=12.5.82: the CUDA of the build. */
static void read_cuda(search *s, tfd_kb_release *release, const tfd_requirement_text *one)
{
    tfd_str rest = one->specifier;
    tfd_clause clause;

    if (tfd_str_find_z(one->name, "cuda-runtime") == TFD_NPOS &&
        tfd_str_find_z(one->name, "cuda_runtime") == TFD_NPOS)
        return;
    while (tfd_clause_next(&rest, &clause) == TFD_OK)
        if (clause.op == TFD_OP_EQ || clause.op == TFD_OP_GE || clause.op == TFD_OP_COMPATIBLE)
            release->cuda = tfd_arena_str(s->arena, tfd_kb_line_of(clause.version.text));
}

static void read_metadata(search *s, found *one, tfd_str text)
{
    tfd_kb_release *release = &one->release;
    tfd_str *plain = tfd_arena_new(s->arena, tfd_str, REQUIRES_MAX);
    tfd_str *cuda = tfd_arena_new(s->arena, tfd_str, REQUIRES_MAX);
    tfd_str *platform = tfd_arena_new(s->arena, tfd_str, 1);
    tfd_str state = text, value;

    if (!plain || !cuda || !platform)
        return;
    if (release->requires_python.len == 0) /* pages need not tell it */
        release->requires_python = tfd_index_metadata_first(text, "Requires-Python");
    release->requires.items = plain;
    release->requires_and_cuda.items = cuda;
    while (tfd_index_metadata_next(&state, "Requires-Dist", &value)) {
        tfd_requirement_text requirement;

        if (tfd_requirement_parse(value, &requirement) != TFD_OK)
            continue;
        if (is_extra(requirement.marker, "and-cuda") && release->requires_and_cuda.count < REQUIRES_MAX) {
            cuda[release->requires_and_cuda.count++] = without_marker(s->arena, &requirement);
            read_cuda(s, release, &requirement);
        } else if (!is_extra(requirement.marker, "") && release->requires.count < REQUIRES_MAX) {
            plain[release->requires.count++] = value;
        }
    }
    /* CUDA's wheels are for Linux on x86-64, and so is the build that asks for them. */
    if (release->requires_and_cuda.count > 0) {
        platform[0] = TFD_STR("linux-x86_64");
        release->gpu = (tfd_kb_strs){platform, 1};
    }
}

/* ---- what was taken back */

static bool has_wheel(search *s, tfd_str version)
{
    for (size_t i = 0; i < s->project->count; i++) {
        const tfd_index_file *file = &s->project->items[i];
        tfd_str python, abi, tag;
        int order;

        if (file->form == TFD_INDEX_WHEEL && !file->is_yanked &&
            tfd_version_cmp_text(file->version, version, &order) && order == 0 &&
            cut_tags(file->tags, &python, &abi, &tag) && tfd_str_eq(platform_of(tag), s->target->platform) &&
            is_of_target(s, python_of(s->target, s->arena, python, abi)))
            return true;
    }
    return false;
}

static bool is_known_for_target(const search *s, const tfd_kb_release *release)
{
    const tfd_kb_wheel *wheel = tfd_kb_wheel_find(release, s->target->platform);

    for (size_t i = 0; wheel && i < wheel->pythons.count; i++)
        if (is_of_target(s, wheel->pythons.items[i]))
            return true;
    return false;
}

/* Yanked, deleted, or not kept by a mirror: pip does not get it from there. */
static void find_withdrawn(search *s, tfd_advise_index *out)
{
    const tfd_kb_release *const *all = NULL;
    size_t count = 0;
    tfd_str *list;

    if (!s->project->complete || tfd_kb_releases_get(s->kb, &all, &count, NULL) != TFD_OK)
        return;
    list = tfd_arena_new(s->arena, tfd_str, count + 1);
    for (size_t i = 0; list && i < count; i++)
        if (is_known_for_target(s, all[i]) && !has_wheel(s, all[i]->version))
            list[out->withdrawn_count++] = all[i]->version;
    out->withdrawn = list;
}

/* ---- the session */

static tfd_status read_all_metadata(search *s, tfd_index *index, tfd_advise_index *out, tfd_err *err)
{
    const tfd_index_file *files[TFD_ADVISE_NEWER_MAX];
    tfd_index_text texts[TFD_ADVISE_NEWER_MAX];
    tfd_status st;

    if (s->count == 0)
        return TFD_OK;
    for (size_t i = 0; i < s->count; i++)
        files[i] = s->items[i].file;
    memset(texts, 0, sizeof texts);
    st = tfd_index_metadata_read(index, files, s->count, texts, err);
    out->releases = tfd_arena_new(s->arena, const tfd_kb_release *, TFD_ADVISE_NEWER_MAX);
    if (st != TFD_OK || !out->releases)
        return st != TFD_OK ? st : TFD_ENOMEM;
    for (size_t i = 0; i < s->count; i++) {
        out->problem = texts[i].failure.kind != TFD_NET_OK ? texts[i].failure.text : out->problem;
        if (texts[i].failure.kind == TFD_NET_HOSTILE || texts[i].failure.kind == TFD_NET_TOO_LARGE)
            continue;
        read_metadata(s, &s->items[i],
                      texts[i].text); /* without it, the names of its files and the page hold */
        out->releases[out->release_count++] = &s->items[i].release;
    }
    return TFD_OK;
}

/* Versions without one usable file say nothing. */
static void drop_empty(search *s)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->count; i++)
        if (s->items[i].file) {
            if (kept != i)
                memmove(&s->items[kept], &s->items[i], sizeof s->items[i]);
            s->items[kept].release.wheels = s->items[kept].wheels;
            for (size_t k = 0; k < s->items[kept].release.wheel_count; k++)
                s->items[kept].wheels[k].pythons.items = s->items[kept].pythons[k];
            kept++;
        }
    s->count = kept;
}

tfd_status tfd_advise_ask(const tfd_sys *sys, const tfd_advise_target *target, const tfd_facts *facts,
                          tfd_kb *kb, tfd_arena *arena, tfd_advise_index *out, tfd_err *err)
{
    static const tfd_str name = TFD_STR_INIT("tensorflow");
    tfd_index_config config = {.index_url = target->options->index_url,
                               .offline = target->options->offline,
                               .requests_max = REQUESTS_MAX,
                               .deadline_ms = DEADLINE_MS,
                               .facts = facts};
    tfd_index_project project = {0};
    tfd_net_failure failure = {0};
    search *s = tfd_arena_new(arena, search, 1);
    tfd_index *index = NULL;
    size_t addresses = 0;
    tfd_status st;

    memset(out, 0, sizeof *out);
    if (!s)
        return tfd_err_set(err, TFD_ENOMEM, 0, "out of memory");
    st = tfd_index_open(sys, arena, &config, &index, &failure, err);
    if (st == TFD_OK && failure.kind == TFD_NET_OK)
        st = tfd_index_projects_read(index, &name, 1, &project, err);
    if (st != TFD_OK)
        return st;
    out->was_asked = failure.kind == TFD_NET_OK;
    if (out->was_asked && tfd_index_addresses(index, &addresses))
        out->address = addresses > 0 ? tfd_index_addresses(index, &addresses)->url : TFD_STR("");
    out->problem = out->was_asked ? project.failure.text : failure.text;
    if (!project.is_found)
        return TFD_OK;
    *s = (search){.target = target, .kb = kb, .arena = arena, .project = &project};
    read_page(s);
    drop_empty(s);
    find_withdrawn(s, out);
    return read_all_metadata(s, index, out, err);
}
