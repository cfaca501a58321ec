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

/* ---- where else it may be */

static tfd_status add_folder(tfd_cuda_search *search, tfd_str path)
{
    tfd_probe_ctx *ctx = search->ctx;
    tfd_cuda_folder *folder = &search->folders[search->folder_count];
    tfd_status st;

    if (!path.ptr)
        return no_memory(search->err);
    if (search->folder_count == TFD_CUDA_FOLDERS_MAX || !tfd_sys_is_dir(ctx->sys, path))
        return TFD_OK;
    folder->path = path;
    st = ctx->sys->list(ctx->sys, ctx->arena, path, &folder->entries, NULL);
    if (st == TFD_ENOMEM)
        return no_memory(search->err);
    folder->is_closed = st == TFD_EACCESS;
    search->folder_count++;
    return TFD_OK;
}

static tfd_status add_text(tfd_cuda_search *search, tfd_strs *out, tfd_str text)
{
    for (size_t i = 0; i < out->count; i++)
        if (tfd_str_eq(out->items[i], text))
            return TFD_OK;
    if (!text.ptr || !TFD_GROW(search->ctx->arena, out))
        return no_memory(search->err);
    out->items[out->count++] = text;
    return TFD_OK;
}

tfd_status tfd_cuda_search_roots(tfd_cuda_search *search, tfd_strs *out)
{
    static const char *const variables[] = {"CUDA_HOME", "CUDA_PATH", "CUDA_ROOT"};
    static const char *const fixed[] = {"/usr/local/cuda", "/opt/cuda", "/usr/lib/cuda"};
    tfd_probe_ctx *ctx = search->ctx;
    tfd_dirents entries = {0};
    tfd_status st = TFD_OK;
    tfd_str value;

    for (size_t i = 0; i < sizeof variables / sizeof variables[0] && st == TFD_OK; i++)
        if (ctx->sys->env(ctx->sys, variables[i], &value) && tfd_path_is_abs(ctx->sys->style, value))
            st = add_text(search, out, value);
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0] && st == TFD_OK; i++)
        if (tfd_sys_is_dir(ctx->sys, tfd_str_of(fixed[i])))
            st = add_text(search, out, tfd_str_of(fixed[i]));
    (void)ctx->sys->list(ctx->sys, ctx->arena, TFD_STR("/usr/local"), &entries, NULL);
    for (size_t i = 0; i < entries.count && st == TFD_OK; i++)
        if (tfd_str_starts_z(entries.items[i].name, "cuda-"))
            st = add_text(search, out,
                          tfd_arena_fmt(ctx->arena, "/usr/local/%.*s", TFD_ARG(entries.items[i].name)));
    return st;
}

/* nvidia/<component>/lib below each place of packages, whatever the component is called. */
static tfd_status add_wheel_folders(tfd_cuda_search *search)
{
    tfd_probe_ctx *ctx = search->ctx;
    tfd_status st = TFD_OK;

    for (size_t i = 0; i < ctx->facts->places.count && st == TFD_OK; i++) {
        const tfd_place *place = &ctx->facts->places.items[i];
        tfd_dirents entries = {0};
        tfd_str root;

        if (place->is_zip || tfd_map_get(&place->names, TFD_STR("nvidia")) == TFD_MAP_NONE)
            continue;
        root = tfd_path_join(ctx->sys->style, ctx->arena, place->path, TFD_STR("nvidia"));
        if (ctx->sys->list(ctx->sys, ctx->arena, root, &entries, NULL) == TFD_EACCESS)
            st = add_folder(search, root);
        for (size_t j = 0; j < entries.count && st == TFD_OK; j++)
            st = add_folder(search, tfd_arena_fmt(ctx->arena, "%.*s/%.*s/lib", TFD_ARG(root),
                                                  TFD_ARG(entries.items[j].name)));
    }
    return st;
}

static tfd_status find_folders(tfd_cuda_search *search)
{
    static const char *const system[] = {"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
                                         "/usr/lib64", "/usr/lib"};
    static const char *const below[] = {"lib64", "lib", "targets/x86_64-linux/lib"};
    tfd_probe_ctx *ctx = search->ctx;
    tfd_strs roots = {0};
    tfd_str conda;
    tfd_status st;

    search->folders_ready = true;
    search->folders = tfd_arena_new(ctx->arena, tfd_cuda_folder, TFD_CUDA_FOLDERS_MAX + 1);
    if (!search->folders)
        return no_memory(search->err);
    st = add_wheel_folders(search);
    if (st == TFD_OK)
        st = tfd_cuda_search_roots(search, &roots);
    for (size_t i = 0; i < roots.count; i++)
        for (size_t j = 0; j < sizeof below / sizeof below[0] && st == TFD_OK; j++)
            st = add_folder(search, tfd_arena_fmt(ctx->arena, "%.*s/%s", TFD_ARG(roots.items[i]), below[j]));
    if (st == TFD_OK && ctx->facts->python.env_root.len > 0)
        st = add_folder(search, tfd_arena_fmt(ctx->arena, "%.*s/lib", TFD_ARG(ctx->facts->python.env_root)));
    if (st == TFD_OK && ctx->sys->env(ctx->sys, "CONDA_PREFIX", &conda) && conda.len > 0)
        st = add_folder(search, tfd_arena_fmt(ctx->arena, "%.*s/lib", TFD_ARG(conda)));
    for (size_t i = 0; i < sizeof system / sizeof system[0] && st == TFD_OK; i++)
        st = add_folder(search, tfd_str_of(system[i]));
    return st;
}

/* Whether `below`, or a folder that it lies in, is what the path ends with. */
static bool leads_into(tfd_str path, tfd_str below)
{
    while (below.len > 1) { /* "nvidia/cudnn/lib", "nvidia/cudnn", "nvidia" */
        if (tfd_str_ends(path, below))
            return true;
        below = tfd_path_dir(TFD_PATH_POSIX, below);
    }
    return false;
}

/* The folder of its wheel, which this user may not look into, hides it from ld.so. */
static void find_closed(const tfd_cuda_search *search, tfd_gpu_library *library)
{
    tfd_probe_ctx *ctx = search->ctx;
    tfd_str below;

    (void)tfd_kb_cuda_dist(ctx->kb, library->name, ctx->facts->gpu.build.cuda, &below);
    for (size_t i = 0; below.len > 0 && i < search->folder_count; i++)
        if (search->folders[i].is_closed && leads_into(search->folders[i].path, below)) {
            library->is_forbidden = true;
            library->path = search->folders[i].path;
        }
}

/* The same name in a folder that ld.so does not look into, or the same library in another version. */
static tfd_status look_elsewhere(tfd_cuda_search *search, tfd_gpu_library *library)
{
    size_t at = tfd_str_find_z(library->name, ".so.");
    tfd_str stem = tfd_str_sub(library->name, 0, at == TFD_NPOS ? library->name.len : at + 4);
    tfd_status st = search->folders_ready ? TFD_OK : find_folders(search);

    for (size_t i = 0; i < search->folder_count && st == TFD_OK; i++) {
        const tfd_cuda_folder *folder = &search->folders[i];

        for (size_t j = 0; j < folder->entries.count; j++) {
            tfd_str name = folder->entries.items[j].name;
            tfd_str *found = tfd_str_eq(name, library->name) ? &library->elsewhere : &library->other;

            if (!tfd_str_starts(name, stem) || found->len > 0)
                continue;
            *found = tfd_path_join(TFD_PATH_POSIX, search->ctx->arena, folder->path, name);
            if (!found->ptr)
                return no_memory(search->err);
            /* A link to nothing is no library. */
            if (!tfd_sys_is_file(search->ctx->sys, *found)) {
                if (found == &library->elsewhere)
                    library->dead_link = *found;
                *found = TFD_STR("");
            }
        }
    }
    if (library->elsewhere.len == 0)
        find_closed(search, library);
    return st;
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

/* Why a file that was found cannot be loaded: it is damaged, or something that it needs is not there. */
static tfd_status explain_failure(tfd_cuda_search *search, size_t file, tfd_gpu_library *library)
{
    tfd_loader *loader = &search->loader;
    const tfd_loader_file *hit = &loader->files.items[file];
    tfd_str provider;

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

        if (problem->is_lazy || problem->file != file || is_drivers(loader, problem))
            continue;
        provider = problem->provider == TFD_NONE ? TFD_STR("") : loader->files.items[problem->provider].path;
        library->broken = tfd_arena_fmt(
            search->ctx->arena, "%.*s %.*s is not to be had from %.*s",
            TFD_ARG(problem->symbol.len ? problem->symbol : TFD_STR("symbol version")),
            TFD_ARG(problem->version), TFD_ARG(provider.len > 0 ? provider : TFD_STR("any loaded library")));
        return library->broken.ptr
                   ? find_culprit(search, tfd_path_base(TFD_PATH_POSIX, provider), file, library)
                   : no_memory(search->err);
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
            return look_elsewhere(search, out);
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
