/* find-links that names a folder. */
#include "net/index_parts.h"
#include "net/url.h"

tfd_str tfd_index_folder_of(tfd_index *index, tfd_str link)
{
    tfd_str path;

    if (tfd_str_starts_z(link, "file:")) {
        path = tfd_str_from(link, 5);
        while (tfd_str_starts_z(path, "//"))
            path = tfd_str_from(path, 1);
        if (index->sys->style == TFD_PATH_WINDOWS)
            path = tfd_str_from(path, 1);
        return tfd_url_decode(index->arena, path);
    }
    if (tfd_str_find_z(link, "://") != TFD_NPOS)
        return TFD_STR("");
    return tfd_path_join(index->sys->style, index->arena, index->sys->cwd(index->sys), link);
}

tfd_status tfd_index_read_folder(tfd_index *index, size_t address, tfd_index_project *project)
{
    tfd_str dir = tfd_index_folder_of(index, index->urls[address]);
    tfd_dirents entries;

    if (dir.len == 0 || index->sys->list(index->sys, index->arena, dir, &entries, NULL) != TFD_OK)
        return index->arena->failed ? TFD_ENOMEM : TFD_OK; /* pip passes over what is not there */
    for (size_t i = 0; i < entries.count; i++) {
        tfd_index_file file = {.name = entries.items[i].name, .address = address};

        tfd_simple_read_name(index->arena, project->key, &file);
        if (file.form == TFD_INDEX_OTHER || entries.items[i].kind == TFD_KIND_DIR)
            continue;
        file.url = tfd_path_join(index->sys->style, index->arena, dir, file.name);
        if (!tfd_simple_add(index->arena, project, &file))
            break;
    }
    return index->arena->failed ? TFD_ENOMEM : TFD_OK;
}
