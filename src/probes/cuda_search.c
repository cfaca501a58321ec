#include "probes/cuda_search.h"

#include "formats/elf_constant.h"

static tfd_status no_memory(tfd_err *err)
{
    return tfd_err_set(err, TFD_ENOMEM, 0, "CUDA libraries: out of memory");
}

/* ---- the process */

tfd_status tfd_cuda_search_init(tfd_cuda_search *search, tfd_probe_ctx *ctx, tfd_err *err)
{
    tfd_loader_settings settings = tfd_loader_settings_get(ctx->sys);
    tfd_str framework = ctx->facts->gpu.build.framework;
    bool ok;
    tfd_status st;

    search->ctx = ctx;
    search->err = err;
    search->framework = TFD_NONE;
    tfd_arena_init(&search->scratch, ctx->arena->limit);
    st = tfd_loader_init(&search->loader, ctx->sys, ctx->arena, &search->scratch, &settings, err);
    if (st == TFD_OK)
        st = tfd_loader_start(&search->loader, ctx->facts->python.path, &ok, err);
    if (st == TFD_OK && framework.len > 0 && search->loader.program != TFD_NONE)
        st = tfd_loader_open(&search->loader, framework, false, &search->framework, &ok, err);
    /* Versions and symbols of TensorFlow's own files are another probe's; those of CUDA's count here. */
    search->loader.settings.check_symbols = true;
    return st;
}

void tfd_cuda_search_done(tfd_cuda_search *search)
{
    search->ctx->arena->failed = search->ctx->arena->failed || search->scratch.failed;
    tfd_arena_done(&search->scratch);
}

/* ---- versions */

/* "12.5.82" of "libcudart.so.12.5.82"; a name with the major alone tells nothing. */
static tfd_str version_of_name(tfd_str path)
{
    tfd_str base = tfd_path_base(TFD_PATH_POSIX, path);
    size_t at = tfd_str_find_z(base, ".so.");
    tfd_str version = at == TFD_NPOS ? TFD_STR("") : tfd_str_from(base, at + 4);

    return tfd_str_find_char(version, '.') == TFD_NPOS ? TFD_STR("") : version;
}

/* libcudnn.so.9 is of a wheel 9.x; the other libraries count in numbers of their own. */
static bool may_bring(const tfd_dist *dist, tfd_str name)
{
    size_t at = tfd_str_find_z(name, ".so.");
    tfd_str major, rest;

    (void)tfd_str_cut(dist->version, '.', &major, &rest);
    return !tfd_str_starts_z(name, "libcudnn") || at == TFD_NPOS ||
           tfd_str_eq(tfd_str_from(name, at + 4), major);
}

/* nvidia-cublas-cu11 and -cu12 put different files into the same folder: the name of the file decides. */
static size_t owner_of(tfd_cuda_search *search, tfd_str name, tfd_str path)
{
    static const char *const majors[] = {"11", "12", "13"};
    const tfd_facts *facts = search->ctx->facts;

    for (size_t i = 0; i < sizeof majors / sizeof majors[0]; i++) {
        tfd_str folder;
        size_t dist =
            tfd_dist_find(facts, tfd_kb_cuda_dist(search->ctx->kb, name, tfd_str_of(majors[i]), &folder));

        if (dist != TFD_NONE && may_bring(&facts->dists.items[dist], name) &&
            tfd_str_ends(tfd_path_dir(TFD_PATH_POSIX, path), folder) &&
            facts->dists.items[dist].place < facts->places.count &&
            tfd_str_starts(path, facts->places.items[facts->dists.items[dist].place].path))
            return dist;
    }
    return TFD_NONE;
}

/* cudnn_graph_version, cudnn_ops_infer_version …: 9 << 16 | 28 << 8 from some 9.x on, before 90100 or 8907
 * (CUDNN_VERSION of cudnn_version.h). */
static tfd_str version_of_constant(tfd_arena *arena, uint32_t value)
{
    unsigned major = (unsigned)value >> 16, minor = (unsigned)(value >> 8 & 255u),
             patch = (unsigned)(value & 255u);

    if (major < 8 || major > 99) {
        bool is_long = value >= 90000 && value < 1000000;

        if (!is_long && (value < 7000 || value > 8999))
            return TFD_STR("");
        major = (unsigned)value / (is_long ? 10000u : 1000u);
        minor = (unsigned)value / 100u % (is_long ? 100u : 10u);
        patch = (unsigned)value % 100u;
    }
    return tfd_arena_fmt(arena, "%u.%u.%u", major, minor, patch);
}

static tfd_status read_own_version(tfd_cuda_search *search, tfd_gpu_library *library)
{
    static const char prefix[] = "libcudnn_";
    static const char *const endings[] = {"version", "infer_version"};
    tfd_probe_ctx *ctx = search->ctx;
    size_t end = tfd_str_find_z(library->name, ".so.");
    uint32_t value;

    if (!tfd_str_starts_z(library->name, prefix) || end == TFD_NPOS)
        return TFD_OK;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0] && library->own_version.len == 0; i++) {
        tfd_str part = tfd_str_sub(library->name, sizeof prefix - 1, end);
        tfd_str name = tfd_arena_fmt(ctx->arena, "cudnn_%.*s_%s", TFD_ARG(part), endings[i]);
        tfd_status st =
            name.ptr ? tfd_elf_constant_read(ctx->sys, &search->scratch, library->path, name, &value, NULL)
                     : TFD_ENOMEM;

        if (st == TFD_ENOMEM)
            return no_memory(search->err);
        if (st == TFD_OK)
            library->own_version = version_of_constant(ctx->arena, value);
    }
    return TFD_OK;
}

tfd_status tfd_cuda_search_version(tfd_cuda_search *search, tfd_gpu_library *library)
{
    const tfd_facts *facts = search->ctx->facts;
    const tfd_sys *sys = search->ctx->sys;

    library->dist = owner_of(search, library->name, library->path);
    if (sys->realpath(sys, search->ctx->arena, library->path, &library->real, NULL) != TFD_OK)
        library->real = library->path;
    if (library->dist != TFD_NONE) {
        library->version = tfd_kb_cuda_release(facts->dists.items[library->dist].version);
        library->version_source = facts->dists.items[library->dist].metadata;
        return read_own_version(search, library);
    }
    library->version = version_of_name(library->real);
    library->version_source = library->real;
    return read_own_version(search, library);
}

/* ---- opening */

/* What libcuda.so.1 lacks is the driver's business: it changes with every release, and simulated ones have
 * little. */
static bool is_drivers(const tfd_loader *loader, const tfd_loader_problem *problem)
{
    tfd_str provider =
        problem->provider == TFD_NONE ? TFD_STR("") : loader->files.items[problem->provider].path;

    return tfd_str_starts_z(tfd_path_base(TFD_PATH_POSIX, provider), "libcuda.so") ||
           (problem->symbol.len > 3 && tfd_str_starts_z(problem->symbol, "cu") &&
            problem->symbol.ptr[2] >= 'A' && problem->symbol.ptr[2] <= 'Z');
}

/* What `by` would get by that name without the setting that brought the one it gets. */
static tfd_status look_behind(tfd_cuda_search *search, tfd_str name, size_t by, tfd_str rule,
                              tfd_loader_need *behind)
{
    *behind = (tfd_loader_need){.hit = TFD_NONE};
    if (!tfd_loader_is_forced(rule))
        return TFD_OK;
    return tfd_loader_search(&search->loader, name, by, tfd_str_is(rule, "LD_LIBRARY_PATH"), behind,
                             search->err);
}

/* Whether a variable brought the library of that name, which spoils the one that was opened, while another
 * copy waits behind it. */
static tfd_status find_culprit(tfd_cuda_search *search, tfd_str name, size_t by, tfd_gpu_library *library)
{
    const tfd_loader *loader = &search->loader;
    size_t known = tfd_loader_named(loader, name);
    tfd_loader_need now = {.hit = TFD_NONE};
    tfd_loader_need behind;
    tfd_status st = TFD_OK;

    if (name.len == 0)
        return TFD_OK;
    st = tfd_loader_search(&search->loader, name, by, false, &now, search->err);
    /* What is loaded keeps the name. Opened by its path, its own rule does not tell what led there. */
    if (known != TFD_NONE && (!now.is_found || now.hit != known))
        now = (tfd_loader_need){.is_found = true, .hit = known, .rule = loader->files.items[known].rule};
    if (st == TFD_OK && now.is_found)
        st = look_behind(search, name, by, now.rule, &behind);
    if (st == TFD_OK && now.is_found && behind.is_found) {
        library->culprit = loader->files.items[now.hit].path;
        library->culprit_rule = now.rule;
    }
    return st;
}

/* mmap with PROT_EXEC is refused on a file system that is mounted noexec. */
static tfd_status ask_mount(tfd_cuda_search *search, tfd_gpu_library *library)
{
    tfd_probe_ctx *ctx = search->ctx;
    tfd_mount mount;
    tfd_status st = ctx->sys->mount_of(ctx->sys, ctx->arena, library->path, &mount, NULL);

    if (st != TFD_OK || !mount.noexec || library->broken.len > 0)
        return st == TFD_ENOMEM ? no_memory(search->err) : TFD_OK;
    library->noexec = mount.point;
    library->broken = tfd_arena_fmt(ctx->arena, "%.*s is mounted noexec", TFD_ARG(mount.point));
    return library->broken.ptr ? TFD_OK : no_memory(search->err);
}

/* Whether it is what was opened last, or something that this needs. */
static bool is_needed(const tfd_loader *loader, size_t file)
{
    for (size_t i = 0; i < loader->closure.count; i++)
        if (loader->closure.items[i] == file)
            return true;
    return false;
}

/* A symbol or a version is not there: another wheel's library is older than the one that asks for it, or a
 * variable brought one that is. */
static tfd_status explain_problem(tfd_cuda_search *search, const tfd_loader_problem *problem,
                                  tfd_gpu_library *library)
{
    const tfd_loader *loader = &search->loader;
    tfd_str provider =
        problem->provider == TFD_NONE ? TFD_STR("") : loader->files.items[problem->provider].path;
    tfd_str name = tfd_path_base(TFD_PATH_POSIX, provider);
    size_t dist = owner_of(search, name, provider);

    if (dist != TFD_NONE && dist != library->dist)
        library->outdated = search->ctx->facts->dists.items[dist].key;
    library->broken =
        tfd_arena_fmt(search->ctx->arena, "%.*s %.*s, which %.*s needs, is not to be had from %.*s",
                      TFD_ARG(problem->symbol.len ? problem->symbol : TFD_STR("symbol version")),
                      TFD_ARG(problem->version), TFD_ARG(loader->files.items[problem->file].path),
                      TFD_ARG(provider.len > 0 ? provider : TFD_STR("any loaded library")));
    return library->broken.ptr ? find_culprit(search, name, problem->file, library) : no_memory(search->err);
}

/* Why a file that was found cannot be loaded: it is damaged, or something that it needs is not there. */
static tfd_status explain_failure(tfd_cuda_search *search, size_t file, tfd_gpu_library *library)
{
    tfd_loader *loader = &search->loader;
    const tfd_loader_file *hit = &loader->files.items[file];

    if (hit->state != TFD_OBJECT_OK) {
        library->broken = hit->why.len > 0 ? hit->why : TFD_STR("it cannot be loaded");
        return TFD_OK;
    }
    for (size_t i = 0; i < loader->closure.count; i++) {
        const tfd_loader_file *one = &loader->files.items[loader->closure.items[i]];

        for (size_t j = 0; j < one->need_count; j++) {
            const tfd_loader_need *need = &loader->needs.items[one->first_need + j];

            if ((need->is_found && loader->files.items[need->hit].state == TFD_OBJECT_OK) ||
                tfd_str_starts_z(need->name, "libcuda.so")) /* the driver's own absence is told once */
                continue;
            library->is_dependency = true;
            library->dependency = need->name;
            library->broken =
                tfd_arena_fmt(search->ctx->arena, "%.*s, which %.*s needs, %s", TFD_ARG(need->name),
                              TFD_ARG(one->path), need->is_found ? "cannot be loaded" : "is not found");
            return library->broken.ptr ? find_culprit(search, need->name, loader->closure.items[i], library)
                                       : no_memory(search->err);
        }
    }
    for (size_t i = 0; i < loader->problems.count; i++) {
        const tfd_loader_problem *problem = &loader->problems.items[i];

        if (!problem->is_lazy && is_needed(loader, problem->file) && !is_drivers(loader, problem))
            return explain_problem(search, problem, library);
    }
    return TFD_OK;
}

static tfd_status ask_without_variable(tfd_cuda_search *search, size_t by, tfd_gpu_library *library)
{
    tfd_gpu_library other = {.name = library->name, .dist = TFD_NONE};
    tfd_loader_need need;
    tfd_status st;

    st = look_behind(search, library->name, by, library->rule, &need);
    if (st != TFD_OK || !need.is_found)
        return st;
    other.path = search->loader.files.items[need.hit].path;
    st = tfd_cuda_search_version(search, &other);
    library->without_env = other.path;
    library->without_version = other.version;
    return st;
}

tfd_status tfd_cuda_search_open(tfd_cuda_search *search, tfd_str name, size_t by, tfd_gpu_library *out)
{
    tfd_loader *loader = &search->loader;
    size_t known = tfd_loader_named(loader, name);
    tfd_loader_need need = {.hit = TFD_NONE};
    size_t file = known;
    bool ok = true;
    tfd_status st = TFD_OK;

    out->name = name;
    out->dist = TFD_NONE;
    if (loader->program == TFD_NONE)
        return TFD_OK; /* unknown */
    if (known == TFD_NONE) {
        st = tfd_loader_search(loader, name, by, false, &need, search->err);
        if (st != TFD_OK)
            return st;
        if (!need.is_found && need.hit != TFD_NONE) { /* passed over: no permission, another processor */
            out->state = TFD_STATE_PRESENT;
            out->path = loader->files.items[need.hit].path;
            out->is_forbidden = loader->files.items[need.hit].state == TFD_OBJECT_UNREADABLE;
            out->broken = loader->files.items[need.hit].why.len > 0 ? loader->files.items[need.hit].why
                                                                    : TFD_STR("ld.so passes it over");
            return tfd_cuda_search_version(search, out);
        }
        if (!need.is_found) {
            out->state = loader->reader->failed ? TFD_STATE_UNKNOWN : TFD_STATE_ABSENT;
            return tfd_cuda_search_elsewhere(search, out);
        }
        st = tfd_loader_open(loader, loader->files.items[need.hit].opened, false, &file, &ok, search->err);
    }
    if (st != TFD_OK)
        return st;
    out->state = TFD_STATE_PRESENT;
    out->path = loader->files.items[file].path;
    /* Opened by its path, a file's first rule is not the search's. */
    out->rule = known == TFD_NONE ? need.rule : loader->files.items[file].rule;
    st = tfd_cuda_search_version(search, out);
    if (st == TFD_OK && !ok)
        st = explain_failure(search, file, out);
    if (st == TFD_OK)
        st = ask_mount(search, out);
    return st == TFD_OK ? ask_without_variable(search, by, out) : st;
}
