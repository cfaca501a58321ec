#include "render/render.h"

#include <stdio.h>

#define TFD_RENDERER(name) extern const tfd_renderer tfd_renderer_##name;
#include "render/render_list.h"
#undef TFD_RENDERER

static const tfd_renderer *const renderers[] = {
#define TFD_RENDERER(name) &tfd_renderer_##name,
#include "render/render_list.h"
#undef TFD_RENDERER
};

const tfd_renderer *tfd_renderer_find(tfd_str name)
{
    for (size_t i = 0; i < sizeof renderers / sizeof renderers[0]; i++)
        if (tfd_str_is(name, renderers[i]->name))
            return renderers[i];
    return NULL;
}

const char *tfd_works_name(tfd_works works)
{
    static const char *const names[] = {"unknown", "ok", "fails", "not-expected"};

    return names[works];
}

const char *tfd_certainty_name(tfd_certainty certainty)
{
    static const char *const names[] = {"possible", "likely", "certain", "proven"};

    return names[certainty];
}

const char *tfd_shell_name(tfd_shell shell)
{
    static const char *const names[] = {"sh", "cmd", "powershell"};

    return names[shell];
}

const char *tfd_check_status_name(tfd_check_status status)
{
    static const char *const names[] = {"ok", "warn", "fail", "unknown", "skipped"};

    return names[status];
}

const char *tfd_platform_name(const tfd_facts *facts, char buf[40])
{
    static const char *const systems[] = {"unknown", "linux", "windows", "macos"};
    static const char *const archs[] = {"unknown", "x86_64", "x86", "aarch64", "arm", "other"};
    tfd_os os = facts->system ? facts->system->os : TFD_OS_UNKNOWN;
    tfd_arch arch = facts->python.arch;

    if (arch == TFD_ARCH_UNKNOWN && facts->system)
        arch = facts->system->arch;
    (void)snprintf(buf, 40, "%s-%s", systems[os], archs[arch]);
    return buf;
}
