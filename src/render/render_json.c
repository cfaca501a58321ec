/* The report as JSON: schema tfdiag.report/1, docs/report.schema.json. Everything is always there, whatever
 * -v says. */
#include <string.h>

#include "render/json.h"
#include "render/render.h"

typedef struct writer {
    tfd_json json;
    const tfd_secrets *secrets;
    tfd_buf scratch; /* of the string that is being masked */
} writer;

static void init_writer(writer *w, const tfd_style *style, tfd_buf *out)
{
    memset(w, 0, sizeof *w);
    w->json = tfd_json_to(out);
    w->secrets = style->secrets;
    tfd_buf_init(&w->scratch, TFD_RENDER_MAX);
}

static tfd_str masked(writer *w, tfd_str value, tfd_mask_level level)
{
    tfd_buf_clear(&w->scratch);
    tfd_mask_add(&w->scratch, value, level, w->secrets);
    return tfd_buf_get(&w->scratch);
}

static void put(writer *w, const char *key, tfd_str value)
{
    tfd_json_str(&w->json, key, masked(w, value, TFD_MASK_ALL));
}

static void put_or_null(writer *w, const char *key, tfd_str value)
{
    tfd_json_str_or_null(&w->json, key, masked(w, value, TFD_MASK_ALL));
}

static void put_name(writer *w, const char *key, const char *name)
{
    tfd_json_str(&w->json, key, tfd_str_of(name));
}

static void put_tool(writer *w, tfd_str knowledge)
{
    tfd_json_open(&w->json, "tool", '{');
    put_name(w, "name", "tfdiag");
    put_name(w, "version", TFDIAG_VERSION);
    if (knowledge.len)
        tfd_json_str(&w->json, "knowledge", knowledge);
    tfd_json_close(&w->json, '}');
}

static void put_target(writer *w, const tfd_facts *facts)
{
    const tfd_dist *tensorflow =
        facts->tensorflow < facts->dists.count ? &facts->dists.items[facts->tensorflow] : NULL;
    char platform[40];

    tfd_json_open(&w->json, "target", '{');
    put_or_null(w, "python", facts->python.path);
    put_or_null(w, "why", facts->python.why);
    put_or_null(w, "version", facts->python.version);
    put_or_null(w, "implementation", facts->python.implementation);
    put_name(w, "platform", tfd_platform_name(facts, platform));
    put_or_null(w, "tensorflow", tensorflow ? tensorflow->version : (tfd_str){0});
    put_or_null(w, "distribution", tensorflow ? tensorflow->key : (tfd_str){0});
    put(w, "module", facts->module);
    tfd_json_close(&w->json, '}');
}

static void put_import_error(writer *w, const tfd_report *report)
{
    const tfd_exception *error = report->import_error;
    int sig = report->import_ran ? report->facts->import.signal : 0;

    if (!error && report->import_summary.len == 0 && sig == 0) {
        tfd_json_null(&w->json, "error");
        return;
    }
    tfd_json_open(&w->json, "error", '{');
    put_or_null(w, "type", error ? error->type : (tfd_str){0});
    put(w, "message", error ? error->message : report->import_summary);
    if (error && error->os_code)
        tfd_json_int(&w->json, "os_code", error->os_code);
    else
        tfd_json_null(&w->json, "os_code");
    if (sig)
        tfd_json_int(&w->json, "signal", sig);
    else
        tfd_json_null(&w->json, "signal");
    tfd_json_close(&w->json, '}');
}

/* Listing and computing apart; null where it was not tried. */
static void put_trial(writer *w, const tfd_gpu_trial *trial)
{
    if (trial->listed)
        tfd_json_int(&w->json, "listed", (int64_t)trial->names.count);
    else
        tfd_json_null(&w->json, "listed");
    if (trial->compute_began)
        tfd_json_bool(&w->json, "computes", trial->computed);
    else
        tfd_json_null(&w->json, "computes");
    put_or_null(w, "error", trial->compute_error.len > 0 ? trial->compute_error : trial->list_error);
}

static void put_import(writer *w, const tfd_report *report)
{
    tfd_json_open(&w->json, "import", '{');
    put_name(w, "status", tfd_works_name(report->import));
    put_name(w, "how", report->import_ran ? "ran" : "examined");
    put_import_error(w, report);
    if (report->import_ran)
        tfd_json_num(&w->json, "seconds", report->import_seconds);
    else
        tfd_json_null(&w->json, "seconds");
    tfd_json_close(&w->json, '}');

    tfd_json_open(&w->json, "gpu", '{');
    put_name(w, "status", tfd_works_name(report->gpu));
    put_or_null(w, "why", report->gpu_why);
    put_trial(w, &report->facts->import.gpu);
    tfd_json_open(&w->json, "devices", '[');
    for (size_t i = 0; i < report->gpu_devices.count; i++)
        put(w, NULL, report->gpu_devices.items[i]);
    tfd_json_close(&w->json, ']');
    tfd_json_close(&w->json, '}');
}

static void put_bytes(writer *w, const char *key, uint64_t bytes)
{
    if (bytes > 0)
        tfd_json_int(&w->json, key, (int64_t)bytes);
    else
        tfd_json_null(&w->json, key);
}

static void put_cost(writer *w, const tfd_fix_cost *cost)
{
    if (cost->package_count == 0) {
        tfd_json_null(&w->json, "cost");
        return;
    }
    tfd_json_open(&w->json, "cost", '{');
    tfd_json_open(&w->json, "changes", '[');
    for (size_t i = 0; i < cost->package_count; i++)
        put(w, NULL, cost->packages[i]);
    tfd_json_close(&w->json, ']');
    tfd_json_bool(&w->json, "and_what_they_require", cost->brings_others);
    put_bytes(w, "download_bytes", cost->misses_size ? 0 : cost->download);
    put_bytes(w, "free_bytes", cost->free);
    tfd_json_close(&w->json, '}');
}

static void put_fixes(writer *w, const tfd_fix *fixes, size_t count)
{
    tfd_json_open(&w->json, "fixes", '[');
    for (size_t i = 0; i < count; i++) {
        const tfd_fix *fix = &fixes[i];

        tfd_json_open(&w->json, NULL, '{');
        put(w, "title", fix->title);
        put_name(w, "shell", tfd_shell_name(fix->shell));
        tfd_json_open(&w->json, "commands", '[');
        for (size_t k = 0; k < fix->command_count; k++)
            tfd_json_str(&w->json, NULL, masked(w, fix->commands[k], TFD_MASK_URLS));
        tfd_json_close(&w->json, ']');
        tfd_json_bool(&w->json, "needs_admin", fix->needs_admin);
        tfd_json_bool(&w->json, "needs_network", fix->needs_network);
        tfd_json_bool(&w->json, "verified", fix->verified);
        put_or_null(w, "url", fix->url);
        put_or_null(w, "note", fix->note);
        put_cost(w, &fix->cost);
        tfd_json_close(&w->json, '}');
    }
    tfd_json_close(&w->json, ']');
}

static void put_evidence(writer *w, const tfd_cause *cause)
{
    tfd_json_open(&w->json, "evidence", '[');
    for (size_t i = 0; i < cause->evidence_count; i++) {
        const tfd_evidence *one = &cause->evidence[i];

        tfd_json_open(&w->json, NULL, '{');
        put_name(w, "check", one->check ? one->check : "");
        put(w, "text", one->text);
        put(w, "source", one->source);
        tfd_json_close(&w->json, '}');
    }
    tfd_json_close(&w->json, ']');
}

static void put_cause(writer *w, const tfd_cause *cause, size_t rank)
{
    tfd_json_open(&w->json, NULL, '{');
    tfd_json_int(&w->json, "rank", (int64_t)rank);
    put_name(w, "id", tfd_cause_name(cause->id));
    put(w, "subject", cause->subject);
    put_name(w, "side", tfd_side_name(cause->side));
    put(w, "title", cause->title);
    tfd_json_num(&w->json, "probability", cause->probability);
    put_name(w, "certainty", tfd_certainty_name(cause->certainty));
    put_evidence(w, cause);
    put_fixes(w, cause->fixes, cause->fix_count);
    tfd_json_open(&w->json, "needs_also", '[');
    for (size_t i = 0; i < cause->needs_also_count; i++)
        put_name(w, NULL, tfd_cause_name(cause->needs_also[i]));
    tfd_json_close(&w->json, ']');
    tfd_json_close(&w->json, '}');
}

static void put_findings(writer *w, const tfd_report *report)
{
    tfd_json_open(&w->json, "causes", '[');
    for (size_t i = 0; i < report->cause_count; i++)
        put_cause(w, &report->causes[i], i + 1);
    tfd_json_close(&w->json, ']');

    tfd_json_open(&w->json, "warnings", '[');
    for (size_t i = 0; i < report->warning_count; i++) {
        const tfd_warning *one = &report->warnings[i];

        tfd_json_open(&w->json, NULL, '{');
        put_name(w, "id", tfd_cause_name(one->id));
        put(w, "subject", one->subject);
        put(w, "text", one->text);
        put_fixes(w, one->fixes, one->fix_count);
        tfd_json_close(&w->json, '}');
    }
    tfd_json_close(&w->json, ']');

    tfd_json_open(&w->json, "benign", '[');
    for (size_t i = 0; i < report->benign_count; i++) {
        tfd_json_open(&w->json, NULL, '{');
        put(w, "id", report->benign[i].id);
        put(w, "text", report->benign[i].text);
        put(w, "why", report->benign[i].why);
        tfd_json_close(&w->json, '}');
    }
    tfd_json_close(&w->json, ']');

    tfd_json_open(&w->json, "cleared", '[');
    for (size_t i = 0; i < report->cleared_count; i++)
        put(w, NULL, report->cleared[i]);
    tfd_json_close(&w->json, ']');
}

static void put_checks(writer *w, const tfd_report *report)
{
    tfd_json_open(&w->json, "checks", '[');
    for (size_t i = 0; i < report->check_count; i++) {
        const tfd_check_result *one = &report->checks[i];

        tfd_json_open(&w->json, NULL, '{');
        put_name(w, "id", one->id);
        put_name(w, "status", tfd_check_status_name(one->status));
        put(w, "summary", one->summary);
        tfd_json_num(&w->json, "milliseconds", (double)one->microseconds / 1000.0);
        tfd_json_close(&w->json, '}');
    }
    tfd_json_close(&w->json, ']');
}

static void put_interpreters(writer *w, const tfd_facts *facts)
{
    tfd_json_open(&w->json, "interpreters", '[');
    for (size_t i = 0; i < facts->interpreters.count; i++) {
        const tfd_interpreter *one = &facts->interpreters.items[i];

        tfd_json_open(&w->json, NULL, '{');
        put(w, "path", one->path);
        put(w, "seen_in", one->seen_in);
        put_or_null(w, "version", one->version);
        put_or_null(w, "tensorflow", one->tf_version);
        put_or_null(w, "distribution", one->tf_dist);
        tfd_json_bool(&w->json, "is_target", one->is_target);
        tfd_json_bool(&w->json, "is_broken", one->is_broken);
        tfd_json_close(&w->json, '}');
    }
    tfd_json_close(&w->json, ']');
}

static void put_fact(writer *w, tfd_fact_id id, const tfd_fact *fact)
{
    tfd_json_open(&w->json, tfd_fact_key(id), '{');
    if (fact->state == TFD_STATE_UNKNOWN) {
        put_name(w, "state", "unknown");
        put(w, "why", fact->source.len ? fact->source : TFD_STR("not looked at"));
        tfd_json_close(&w->json, '}');
        return;
    }
    if (fact->state == TFD_STATE_ABSENT)
        put_name(w, "state", "absent");
    else if (tfd_fact_type(id) == TFD_TYPE_BOOL)
        tfd_json_bool(&w->json, "value", fact->boolean);
    else if (tfd_fact_type(id) == TFD_TYPE_INT)
        tfd_json_int(&w->json, "value", fact->integer);
    else
        put(w, "value", fact->text);
    put(w, "source", fact->source);
    tfd_json_close(&w->json, '}');
}

static void put_report(writer *w, const tfd_report *report)
{
    tfd_json_open(&w->json, NULL, '{');
    put_name(w, "schema", "tfdiag.report/1");
    put_tool(w, report->knowledge);
    put_target(w, report->facts);
    put_import(w, report);
    put_findings(w, report);
    put_checks(w, report);
    put_interpreters(w, report->facts);
    tfd_json_open(&w->json, "facts", '{');
    for (int i = 0; i < TFD_FACT_COUNT; i++)
        put_fact(w, (tfd_fact_id)i, &report->facts->scalars[i]);
    tfd_json_close(&w->json, '}');
    tfd_json_open(&w->json, "timing", '{');
    tfd_json_num(&w->json, "static_milliseconds", (double)report->static_us / 1000.0);
    tfd_json_num(&w->json, "total_milliseconds", (double)report->total_us / 1000.0);
    tfd_json_close(&w->json, '}');
    tfd_json_close(&w->json, '}');
}

void tfd_render_json_error(tfd_str message, tfd_str hint, tfd_str knowledge, const tfd_style *style,
                           tfd_buf *out)
{
    writer w;

    init_writer(&w, style, out);
    tfd_json_open(&w.json, NULL, '{');
    put_name(&w, "schema", "tfdiag.report/1");
    put_tool(&w, knowledge);
    tfd_json_open(&w.json, "error", '{');
    put(&w, "message", message);
    put_or_null(&w, "hint", hint);
    tfd_json_close(&w.json, '}');
    tfd_json_close(&w.json, '}');
    tfd_buf_done(&w.scratch);
}

static tfd_status render(const tfd_report *report, const tfd_style *style, tfd_buf *out)
{
    writer w;

    if (report->error.len) {
        tfd_render_json_error(report->error, report->hint, report->knowledge, style, out);
        return out->failed ? TFD_ENOMEM : TFD_OK;
    }
    init_writer(&w, style, out);
    put_report(&w, report);
    if (w.scratch.failed)
        out->failed = true;
    tfd_buf_done(&w.scratch);
    return out->failed ? TFD_ENOMEM : TFD_OK;
}

const tfd_renderer tfd_renderer_json = {"json", render};
