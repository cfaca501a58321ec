#include "checks/exception_rules.h"

static tfd_str headline(const tfd_reading *r)
{
    tfd_str message = r->exc->message;
    tfd_str line;

    if (!tfd_str_line(&message, &line))
        line = TFD_STR("");
    return tfd_arena_fmt(r->out->arena, "%.*s: %.*s", TFD_ARG(r->exc->type),
                         TFD_ARG(tfd_str_sub(line, 0, 300)));
}

/* Where it was raised: the file that importlib was reading, for its own frames say nothing; else the
 * innermost frame. */
static tfd_str raised_at(const tfd_reading *r)
{
    const tfd_frame *last = r->exc->frame_count > 0 ? &r->exc->frames[r->exc->frame_count - 1] : NULL;

    if (!last)
        return TFD_STR("import");
    if (tfd_str_starts_z(last->file, "<frozen importlib") && r->exc->filename.len > 0)
        return r->exc->filename;
    return tfd_arena_fmt(r->out->arena, "%.*s:%d", TFD_ARG(last->file), last->line);
}

bool tfd_reading_add(const tfd_reading *r, tfd_finding finding)
{
    if (finding.cause == TFD_CAUSE_COUNT)
        return false;
    finding.from_import = true;
    finding.effect = TFD_EFFECT_BREAKS;
    finding.weight -= r->less;
    finding.text = headline(r);
    finding.source = raised_at(r);
    tfd_findings_add(r->out, &finding);
    return true;
}

bool tfd_reading_says(const tfd_reading *r, const char *words)
{
    return tfd_str_find_z(r->exc->message, words) != TFD_NPOS;
}

/* The file that ran the statement which raised: the innermost frame outside of the import system. */
tfd_str tfd_reading_raising_file(const tfd_exception *exc)
{
    for (size_t i = exc->frame_count; i > 0; i--)
        if (!tfd_str_starts_z(exc->frames[i - 1].file, "<"))
            return exc->frames[i - 1].file;
    return TFD_STR("");
}

static tfd_str stem(const tfd_view *view, tfd_str path)
{
    tfd_str name = tfd_path_base(tfd_view_style(view), path);
    tfd_str head;
    tfd_str tail;

    (void)tfd_str_cut(name, '.', &head, &tail);
    return head;
}

static bool place_has(const tfd_place *place, tfd_str name)
{
    for (size_t i = 0; i < place->entries.count; i++) {
        tfd_str head;
        tfd_str tail;

        (void)tfd_str_cut(place->entries.items[i].name, '.', &head, &tail);
        if (tfd_str_eq(head, name) && !tfd_str_ends_z(place->entries.items[i].name, "-info"))
            return true;
    }
    return false;
}

/* Whether a file of the start folder answers to a name that means something else further down sys.path (or is
 * built into the interpreter). A user's own module, which hides nothing, is no shadow. */
static bool hides_something(const tfd_view *view, size_t place, tfd_str path)
{
    const tfd_kb_imports *imports = tfd_kb_imports_find(view->kb, tfd_view_tf_version(view));
    tfd_str below = tfd_str_from(path, view->facts->places.items[place].path.len + 1);
    tfd_str tail;
    tfd_str top = stem(view, tfd_path_first(tfd_view_style(view), below, &tail));

    for (size_t i = 0; i < view->facts->modules.count; i++)
        if (tfd_str_eq(view->facts->modules.items[i].name, top) && view->facts->modules.items[i].is_stdlib)
            return true;
    for (size_t i = place + 1; i < view->facts->places.count; i++)
        if (place_has(&view->facts->places.items[i], top))
            return true;
    /* The name of a package that others look for (pandas, scipy …), though it is not installed here. */
    return tfd_kb_module_dist(view->kb, top).len > 0 || (imports && tfd_kb_module_find(imports, top));
}

tfd_finding tfd_reading_blame_file(const tfd_view *view, tfd_str path, int weight)
{
    tfd_finding finding = tfd_blame_file(view, path, weight, TFD_EFFECT_BREAKS);
    size_t place = tfd_view_place_of(view, path);
    const tfd_place *row = tfd_view_place(view, place);
    tfd_str bringer = tfd_view_brought_by(view, path);

    if (bringer.len > 0) {
        finding = tfd_finding_of(TFD_CAUSE_PYTHONPATH_CONFLICT, bringer, weight, TFD_EFFECT_BREAKS);
        finding.path = bringer;
        return finding;
    }
    if (finding.cause != TFD_CAUSE_NAME_SHADOWING || !row || hides_something(view, place, path))
        return finding;
    finding =
        tfd_finding_of(TFD_CAUSE_NOT_AN_ENVIRONMENT_PROBLEM, stem(view, path), weight, TFD_EFFECT_BREAKS);
    finding.path = path;
    return finding;
}

static bool rule_syntax(const tfd_reading *r)
{
    bool is_syntax = tfd_str_is(r->exc->type, "SyntaxError") ||
                     tfd_str_is(r->exc->type, "IndentationError") || tfd_str_is(r->exc->type, "TabError");

    return is_syntax && r->exc->filename.len > 0 &&
           tfd_reading_add(r, tfd_reading_blame_file(r->view, r->exc->filename, TFD_W_NAMED - 10));
}

/* An exception class of a package's own, raised about itself ("google.protobuf…VersionError"). */
static bool rule_own_type(const tfd_reading *r)
{
    if (!tfd_str_starts_z(r->exc->module, "google.protobuf"))
        return false;
    return tfd_reading_add(r, tfd_blame_key(r->view, TFD_STR("protobuf"), TFD_W_NAMED, TFD_EFFECT_BREAKS));
}

/* Keras reads keras.json at import: what it cannot use is raised in a config.py of its own (floatx,
 * image_data_format, no JSON object), or as a back end that does not exist. */
static bool rule_keras_json(const tfd_reading *r)
{
    tfd_path_style style = tfd_view_style(r->view);
    tfd_str file = tfd_reading_raising_file(r->exc);
    bool in_keras = tfd_path_has(style, file, "/keras/");
    bool is_config =
        tfd_path_ends(style, file, "config.py") || tfd_path_ends(style, file, "/keras/backend.py");
    bool is_backend =
        tfd_path_ends(style, file, "/backend/__init__.py") && tfd_str_is(r->exc->type, "ValueError");
    tfd_finding finding =
        tfd_finding_of(TFD_CAUSE_ENV_SETTING, TFD_STR("keras.json"), TFD_W_NAMED, TFD_EFFECT_BREAKS);

    if (!in_keras || (!is_config && !is_backend) ||
        r->view->facts->scalars[TFD_FACT_KERAS_JSON].state != TFD_STATE_PRESENT)
        return false;
    finding.path = r->view->facts->scalars[TFD_FACT_KERAS_JSON].text;
    return tfd_reading_add(r, finding);
}

/* Byte code that is cut or altered: importlib raises while it reads it, called by whoever imports it. The
 * child names the file, and the source whose owner it belongs to, where it can tell. */
static bool rule_bytecode(const tfd_reading *r)
{
    bool is_marshal = tfd_str_is(r->exc->type, "EOFError") || tfd_reading_says(r, "bad marshal data");
    tfd_str owner = r->exc->path.len > 0 ? r->exc->path : r->exc->filename;
    tfd_finding finding;

    if (!is_marshal || r->exc->frame_count == 0 ||
        !tfd_str_starts_z(r->exc->frames[r->exc->frame_count - 1].file, "<frozen importlib"))
        return false;
    if (r->exc->filename.len > 0) {
        finding = tfd_reading_blame_file(r->view, owner, TFD_W_NAMED);
        if (tfd_str_eq(finding.path, owner))
            finding.path = r->exc->filename;
        return tfd_reading_add(r, finding);
    }
    return tfd_reading_add(r,
                           tfd_reading_blame_file(r->view, tfd_reading_raising_file(r->exc), TFD_W_POINTS));
}

/* "module 'tensorflow' has no attribute 'contrib'" where tensorflow.contrib is what was asked for. */
static bool is_step_of(const tfd_reading *r, tfd_str asked)
{
    static const char prefix[] = "module ";
    tfd_str module = tfd_str_from(r->exc->object, sizeof prefix - 1);

    return tfd_str_is(r->exc->type, "AttributeError") && tfd_str_starts_z(r->exc->object, prefix) &&
           tfd_str_starts(asked, module) && asked.len > module.len && asked.ptr[module.len] == '.';
}

/* Nothing is wrong with files and settings, TensorFlow itself was imported, and it does not have the module
 * that was asked for by its dotted name: there is none in this release. */
static bool rule_not_offered(const tfd_reading *r)
{
    const tfd_facts *facts = r->view->facts;
    bool is_module =
        tfd_str_is(r->exc->type, "ModuleNotFoundError") && tfd_str_eq(r->exc->name, facts->module);

    if (facts->import.stage != TFD_STAGE_USE || tfd_str_find_char(facts->module, '.') == TFD_NPOS ||
        (!is_module && !is_step_of(r, facts->module)))
        return false;
    for (size_t i = 0; i < r->out->count; i++)
        if (!r->out->items[i].from_import && r->out->items[i].effect != TFD_EFFECT_LATENT &&
            r->out->items[i].weight >= TFD_W_FORECAST)
            return false;
    return tfd_reading_add(r, tfd_finding_of(TFD_CAUSE_NOT_AN_ENVIRONMENT_PROBLEM, facts->module, TFD_W_NAMED,
                                             TFD_EFFECT_BREAKS));
}

/* CPython's Objects/capsule.c swallows the error of the module that it imports, and whoever asked is
 * innocent. */
static bool rule_capsule(const tfd_reading *r)
{
    static const char words[] = "PyCapsule_Import could not import module \"";
    size_t at = tfd_str_find_z(r->exc->message, words);
    tfd_str name, rest;

    if (at == TFD_NPOS)
        return false;
    (void)tfd_str_cut(tfd_str_from(r->exc->message, at + sizeof words - 1), '"', &name, &rest);
    for (size_t i = 0; i < r->view->facts->modules.count; i++) {
        const tfd_module *one = &r->view->facts->modules.items[i];

        if (tfd_str_eq(one->name, name) && one->is_shadowed)
            return tfd_reading_add(r, tfd_blame_module(r->view, one, TFD_W_NAMED, TFD_EFFECT_BREAKS));
        if (tfd_str_eq(one->name, name) && one->path.len > 0)
            return tfd_reading_add(r, tfd_reading_blame_file(r->view, one->path, TFD_W_NAMED));
    }
    return false;
}

/* Nothing said it in so many words: the package in which it happened, and the one that called it.
 * TensorFlow's own frames are on every such stack, so they count least. */
static bool rule_frames(const tfd_reading *r)
{
    size_t named = 0;
    tfd_cause_id last = TFD_CAUSE_COUNT;

    for (size_t i = r->exc->frame_count; i > 0 && named < 2; i--) {
        tfd_str file = r->exc->frames[i - 1].file;
        tfd_finding finding;

        if (tfd_str_starts_z(file, "<"))
            continue;
        finding = tfd_reading_blame_file(r->view, file, named == 0 ? TFD_W_MAYBE + 10 : TFD_W_HINT);
        if (finding.cause == TFD_CAUSE_COUNT || finding.cause == TFD_CAUSE_PYTHON_BROKEN ||
            finding.cause == last)
            continue;
        if (finding.cause == TFD_CAUSE_TF_CORRUPT)
            finding.weight = TFD_W_HINT;
        last = finding.cause;
        named += tfd_reading_add(r, finding) ? 1 : 0;
    }
    return named > 0;
}

typedef bool (*rule)(const tfd_reading *r);

/* Most telling first; the first that understands an exception ends its reading. */
static const rule rules[] = {
    tfd_rule_startup,  tfd_rule_memory,   tfd_rule_self_check, tfd_rule_dll,     tfd_rule_native,
    tfd_rule_winerror, tfd_rule_os_error, tfd_rule_variable,   tfd_rule_warning, tfd_rule_interrupt,
    rule_capsule,      rule_not_offered,  tfd_rule_no_module,  rule_own_type,    rule_bytecode,
    rule_keras_json,   tfd_rule_no_name,  tfd_rule_attribute,  rule_syntax,      rule_frames,
};

static void read_one(const tfd_reading *r)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i](r))
            return;
}

/* A file of the start folder on the stack of `import tensorflow`, or among the modules it loaded, under a
 * name that means something else: that is a shadow, whatever the words of the exception. */
static void blame_start_folder(const tfd_reading *r)
{
    const tfd_import *import = &r->view->facts->import;

    for (size_t i = 0; i < r->exc->frame_count + import->modules.count; i++) {
        tfd_str file = i < r->exc->frame_count ? r->exc->frames[i].file
                                               : import->modules.items[i - r->exc->frame_count].file;
        const tfd_place *place = tfd_view_place(r->view, tfd_view_place_of(r->view, file));
        tfd_finding finding;

        if (!place || place->kind != TFD_PLACE_START)
            continue;
        finding = tfd_reading_blame_file(r->view, file, TFD_W_NAMED);
        if (finding.cause == TFD_CAUSE_NAME_SHADOWING)
            (void)tfd_reading_add(r, finding);
    }
}

/* TensorFlow itself was imported and an add-on's code failed in it: the two do not fit, whatever TensorFlow's
 * frame says. */
static void blame_addon(const tfd_reading *r)
{
    for (size_t i = 0; i < r->exc->frame_count; i++) {
        size_t dist = tfd_view_dist_of(r->view, r->exc->frames[i].file);
        const tfd_dist *row = tfd_view_dist(r->view, dist);

        if (!row || !tfd_kb_is_addon(r->view->kb, row->key))
            continue;
        (void)tfd_reading_add(r, tfd_blame_dist(r->view, dist, TFD_W_POINTS + 5, TFD_EFFECT_BREAKS));
        return;
    }
}

#define CHAIN_MAX 16

void tfd_exception_blame(const tfd_view *view, tfd_findings *out)
{
    const tfd_import *import = &view->facts->import;
    size_t count = import->exception_count < CHAIN_MAX ? import->exception_count : CHAIN_MAX;

    for (size_t i = 0; i < count; i++) {
        bool is_first_raised = i + 1 == count;
        tfd_reading r = {view, &import->exceptions[i], is_first_raised ? 0 : i == 0 ? 15 : 25, out};

        /* An ImportError that only repeats another one's traceback (TensorFlow's own wrapper) has no name and
         * no path. */
        if (i == 0 && count > 1 && r.exc->name.len == 0 && r.exc->path.len == 0 && r.exc->os_code == 0)
            r.less = 35;
        read_one(&r);
        blame_addon(&r);
        blame_start_folder(&r);
    }
}

void tfd_exception_blame_start_files(const tfd_view *view, tfd_str text, tfd_findings *out)
{
    const tfd_facts *facts = view->facts;

    for (size_t i = 0; i < facts->startup_files.count; i++) {
        tfd_str path = facts->startup_files.items[i].path;
        tfd_finding finding =
            tfd_finding_of(TFD_CAUSE_PYTHONPATH_CONFLICT, path, TFD_W_NAMED, TFD_EFFECT_BREAKS);

        /* Code that nobody understands, run while the interpreter starts, is named even where stderr does not
         * name it: sys.exit in sitecustomize prints no path at all. */
        if (tfd_str_find(facts->import.err, path) == TFD_NPOS) {
            if (!tfd_view_is_startup_suspect(&facts->startup_files.items[i]))
                continue;
            finding.weight = TFD_W_POINTS;
        }
        finding.path = path;
        finding.from_import = true;
        finding.text = text;
        finding.source = path;
        tfd_findings_add(out, &finding);
    }
    for (size_t i = 0; i < facts->modules.count; i++) {
        const tfd_module *module = &facts->modules.items[i];
        tfd_finding finding;

        if (!module->is_shadowed || !module->is_stdlib)
            continue;
        finding = tfd_blame_place(view, module->place, module->path, TFD_W_POINTS, TFD_EFFECT_BREAKS);
        finding.from_import = true;
        finding.text = text;
        finding.source = module->path;
        tfd_findings_add(out, &finding);
    }
}
