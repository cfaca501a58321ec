#include "core/survey.h"

#include "core/probe.h"

extern const tfd_probe tfd_probe_system, tfd_probe_python, tfd_probe_gpu, tfd_probe_packages,
    tfd_probe_interpreters;

static void read_surroundings(const tfd_sys *sys, tfd_facts *facts)
{
    tfd_facts_init(facts);
    facts->module = TFD_STR("tensorflow");
    facts->module_top = facts->module;
    facts->environment = sys->environ_all(sys, &facts->environment_count);
    facts->home = sys->home(sys);
}

tfd_status tfd_survey_run(const tfd_sys *sys, const tfd_options *options, tfd_kb *kb, tfd_arena *arena,
                          tfd_survey *out, tfd_err *err)
{
    tfd_probe_ctx ctx = {sys, options, kb, arena, &out->facts};
    tfd_err why = {TFD_OK, 0, ""};
    tfd_status st;

    read_surroundings(sys, &out->facts);
    (void)tfd_probe_system.run(&ctx, NULL);
    st = tfd_probe_python.run(&ctx, &why);
    out->has_python = st == TFD_OK;
    if (!out->has_python)
        out->why_no_python = tfd_arena_str(arena, tfd_str_of(why.text));
    (void)tfd_probe_gpu.run(&ctx, NULL);
    if (st != TFD_ENOMEM && !arena->failed) {
        st = tfd_kb_preload(kb, TFD_STR(""), err);
        if (st != TFD_OK)
            return st;
        if (out->has_python)
            (void)tfd_probe_packages.run(&ctx, NULL);
        (void)tfd_probe_interpreters.run(&ctx, NULL);
    }
    return st == TFD_ENOMEM || arena->failed || !tfd_kb_is_whole(kb)
               ? tfd_err_set(err, TFD_ENOMEM, 0, "out of memory")
               : TFD_OK;
}
