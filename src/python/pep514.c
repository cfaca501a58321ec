#include "python/pep514.h"

#include <string.h>

#define ROOT_KEY "SOFTWARE\\Python"

typedef struct reading {
    const tfd_sys *sys;
    tfd_arena *arena;
    tfd_pep514_list *out;
    tfd_reg_root root;
    tfd_reg_view view;
} reading;

static tfd_str text_of(const reading *r, tfd_str key, const char *name)
{
    return tfd_sys_reg_text(r->sys, r->arena, r->root, r->view, key, tfd_str_of(name));
}

static tfd_status add_tag(const reading *r, tfd_str company, tfd_str tag)
{
    tfd_str key = tfd_arena_fmt(r->arena, ROOT_KEY "\\%.*s\\%.*s", TFD_ARG(company), TFD_ARG(tag));
    tfd_str install = tfd_arena_fmt(r->arena, "%.*s\\InstallPath", TFD_ARG(key));
    tfd_str folder = text_of(r, install, "");
    tfd_str program = text_of(r, install, "ExecutablePath");
    tfd_pep514 *one;

    if (program.len == 0 && folder.len == 0)
        return TFD_OK;
    if (program.len == 0)
        program = tfd_path_join(TFD_PATH_WINDOWS, r->arena, folder, TFD_STR("python.exe"));
    if (!TFD_GROW(r->arena, r->out))
        return TFD_ENOMEM;
    one = &r->out->items[r->out->count++];
    one->company = company;
    one->tag = tag;
    one->executable = program;
    one->source =
        tfd_arena_fmt(r->arena, "%s\\%.*s", r->root == TFD_REG_CURRENT_USER ? "HKCU" : "HKLM", TFD_ARG(key));
    return TFD_OK;
}

static tfd_status add_company(const reading *r, tfd_str company)
{
    tfd_str key = tfd_arena_fmt(r->arena, ROOT_KEY "\\%.*s", TFD_ARG(company));
    tfd_status status = TFD_OK;
    tfd_dirents tags;

    memset(&tags, 0, sizeof tags);
    /* PEP 514: this name is the launcher's own. */
    if (tfd_str_eq_nocase(company, TFD_STR("PyLauncher")) ||
        tfd_sys_reg_keys(r->sys, r->arena, r->root, r->view, key, &tags, NULL) != TFD_OK)
        return TFD_OK;
    for (size_t i = 0; i < tags.count && r->out->count < TFD_PEP514_MAX && status == TFD_OK; i++)
        status = add_tag(r, company, tags.items[i].name);
    return status;
}

tfd_status tfd_pep514_read(const tfd_sys *sys, tfd_arena *arena, tfd_pep514_list *out)
{
    static const struct {
        tfd_reg_root root;
        tfd_reg_view view;
    } places[] = {{TFD_REG_CURRENT_USER, TFD_REG_VIEW_64},
                  {TFD_REG_LOCAL_MACHINE, TFD_REG_VIEW_64},
                  {TFD_REG_LOCAL_MACHINE, TFD_REG_VIEW_32}};
    tfd_status status = TFD_OK;

    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < sizeof places / sizeof *places && status == TFD_OK; i++) {
        reading r = {sys, arena, out, places[i].root, places[i].view};
        tfd_dirents companies;

        memset(&companies, 0, sizeof companies);
        if (tfd_sys_reg_keys(sys, arena, r.root, r.view, TFD_STR(ROOT_KEY), &companies, NULL) != TFD_OK)
            continue;
        for (size_t k = 0; k < companies.count && status == TFD_OK; k++)
            status = add_company(&r, companies.items[k].name);
    }
    return status;
}
