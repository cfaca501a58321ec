/* find-links that names a folder, a wheel or a page on this machine. */
#include "net/index_parts.h"
#include "net/url.h"

tfd_str tfd_index_folder_of(tfd_index *index, tfd_str link)
{
    tfd_str path;

    if (tfd_str_starts_z(link, "file:")) {
        path = tfd_str_from(link, 5);
        if (tfd_str_starts_z(path, "//localhost/"))
            path = tfd_str_from(path, 11);
        while (tfd_str_starts_z(path, "//"))
            path = tfd_str_from(path, 1);
        if (index->sys->style == TFD_PATH_WINDOWS)
            path = tfd_str_from(path, 1);
        return tfd_url_decode(index->arena, path);
    }
    if (tfd_str_find_z(link, "://") != TFD_NPOS)
        return TFD_STR("");
    return tfd_net_path(index->sys, index->arena, link);
}

static bool add_file(tfd_index *index, tfd_str path, size_t address, tfd_index_project *project)
{
    tfd_index_file file = {.name = tfd_path_base(index->sys->style, path), .url = path, .address = address};

    tfd_simple_read_name(index->arena, project->key, &file);
    return file.form == TFD_INDEX_OTHER || tfd_simple_add(index->arena, project, &file);
}

/* pip reads a page whose name ends so; what it names are files beside it, or URLs. */
static void read_local_page(tfd_index *index, tfd_str path, size_t address, tfd_index_project *project)
{
    size_t first = project->count;
    tfd_str text;

    if (tfd_sys_read_file(index->sys, index->arena, path, TFD_INDEX_PAGE_MAX, &text, NULL) == TFD_OK)
        (void)tfd_simple_read_html(index->arena, text,
                                   tfd_arena_fmt(index->arena, "file://localhost%.*s", TFD_ARG(path)),
                                   address, project, NULL);
    for (size_t i = first; i < project->count; i++) {
        tfd_str local = tfd_index_folder_of(index, project->items[i].url);

        project->items[i].url = local.len > 0 ? local : project->items[i].url;
    }
}

tfd_status tfd_index_read_folder(tfd_index *index, size_t address, tfd_index_project *project)
{
    tfd_str path = tfd_index_folder_of(index, index->urls[address]);
    tfd_dirents entries = {0};
    bool ok = true;

    if (path.len == 0)
        return TFD_OK;
    if (tfd_sys_is_file(index->sys, path) && (tfd_str_ends_z(path, ".html") || tfd_str_ends_z(path, ".htm")))
        read_local_page(index, path, address, project);
    else if (tfd_sys_is_file(index->sys, path))
        (void)add_file(index, path, address, project);
    else /* pip passes over what is not there */
        (void)index->sys->list(index->sys, index->arena, path, &entries, NULL);
    for (size_t i = 0; i < entries.count && ok; i++)
        if (entries.items[i].kind != TFD_KIND_DIR)
            ok = add_file(index, tfd_path_join(index->sys->style, index->arena, path, entries.items[i].name),
                          address, project);
    return index->arena->failed ? TFD_ENOMEM : TFD_OK;
}
