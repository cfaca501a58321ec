/* health.h: the modules of the standard library that the import cannot do without. */
#include "python/health.h"

#include "python/stdlib.h"

#include <string.h>

static void set_damaged(tfd_python *py, tfd_str why)
{
    py->broken = TFD_PY_STDLIB_DAMAGED;
    py->broken_why = why;
}

/* Empty, all zeros, or no ELF: the first bytes tell. NULL: nothing to object. */
static const char *find_damage(const tfd_modfind *f, const tfd_modfound *found)
{
    char head[64];
    size_t got = 0;
    tfd_file file;
    tfd_status status;

    if (found->kind != TFD_MODULE_SOURCE && found->kind != TFD_MODULE_EXTENSION)
        return NULL;
    if (f->sys->open(f->sys, found->path, &file, NULL) != TFD_OK)
        return NULL;
    status = f->sys->read_at(f->sys, &file, 0, head, sizeof head, &got, NULL);
    f->sys->close(f->sys, &file);
    if (status != TFD_OK)
        return NULL;
    if (got == 0)
        return "is an empty file";
    if (found->kind == TFD_MODULE_EXTENSION && f->is_windows)
        return got >= 2 && memcmp(head, "MZ", 2) == 0 ? NULL : "is no DLL";
    if (found->kind == TFD_MODULE_EXTENSION)
        return got >= 4 && memcmp(head, "\177ELF", 4) == 0 ? NULL : "is no shared object";
    return memchr(head, '\0', got) ? "is no Python source: it holds NUL bytes" : NULL;
}

typedef struct name_scan {
    tfd_str needle;
} name_scan;

static bool visit_name(void *ctx, tfd_str bytes)
{
    return tfd_str_find(bytes, ((const name_scan *)ctx)->needle) != TFD_NPOS;
}

/* Whether the interpreter's list of its own modules (sys.stdlib_module_names, from 3.10) has the name: a
 * module that this version never had is not missing. */
static bool is_own_module(const tfd_modfind *f, const tfd_python *py, tfd_str module)
{
    char text[128];
    name_scan scan = {{text, module.len + 1}};
    tfd_interp interp;
    tfd_binary library;
    tfd_status status;

    if (f->is_windows && tfd_stdlib_is_posix_only(module))
        return false;
    if (module.len == 0 || !tfd_stdlib_has(module, py->major, py->minor) || module.len > sizeof text - 2)
        return false;
    if (py->major == 3 && py->minor < 10)
        return true;
    memset(text, 0, sizeof text);
    memcpy(text, module.ptr,
           module.len); /* with the NUL behind it; what stands before may be the end of "cmath" */
    if (f->is_windows)
        return py->library.len == 0 || tfd_binary_scan_file(f->sys, f->arena, py->library, visit_name, &scan);
    if (tfd_interp_read(f->sys, f->arena, py->path, &interp, &status, NULL) != TFD_OK ||
        interp.libpython.len == 0 ||
        tfd_binary_read(f->sys, f->arena, interp.libpython, &library, NULL) != TFD_OK ||
        library.kind != TFD_BINARY_ELF)
        return true;
    return tfd_binary_scan(f->sys, f->arena, interp.libpython, &library.elf, visit_name, &scan);
}

/* What `import` does without the module; where that was not measured, what a file that raises in its place
 * does. */
static bool is_essential(const tfd_kb_module *module)
{
    if (module->hidden != TFD_KB_NEED_UNKNOWN)
        return module->hidden == TFD_KB_NEED_IMPORT;
    if (module->broken != TFD_KB_NEED_UNKNOWN)
        return module->broken == TFD_KB_NEED_IMPORT;
    return module->shadowed == TFD_KB_NEED_IMPORT;
}

static bool check_module(tfd_modfind *f, tfd_python *py, tfd_str name)
{
    tfd_modfound found;
    const char *damage;

    tfd_modfind_find(f, name, &found);
    if (found.kind == TFD_MODULE_MISSING) {
        if (!is_own_module(f, py, name))
            return true;
        set_damaged(py,
                    tfd_arena_fmt(f->arena, "the standard library has no module %.*s (looked for in %.*s)",
                                  TFD_ARG(name), TFD_ARG(py->stdlib)));
        return false;
    }
    if (found.place == TFD_NONE)
        return true;
    if (f->facts->places.items[found.place].kind != TFD_PLACE_STDLIB &&
        f->facts->places.items[found.place].kind != TFD_PLACE_DYNLOAD)
        return true; /* hidden by another file: the shadowing check has it */
    damage = find_damage(f, &found);
    if (damage)
        set_damaged(py,
                    tfd_arena_fmt(f->arena, "%.*s of the standard library %s", TFD_ARG(found.path), damage));
    return damage == NULL;
}

void tfd_health_stdlib(tfd_modfind *find, const tfd_kb_imports *imports, tfd_facts *facts)
{
    if (facts->python.broken != TFD_PY_FINE || !imports || facts->python.major != 3 ||
        !facts->places.complete)
        return;
    for (size_t i = 0; i < imports->module_count; i++) {
        const tfd_kb_module *module = &imports->modules[i];

        if (module->stdlib && is_essential(module) && !check_module(find, &facts->python, module->name))
            return;
    }
}
