#include "core/title.h"

static bool is_dist_cause(tfd_cause_id cause)
{
    switch (cause) {
    case TFD_CAUSE_DEP_NUMPY:
    case TFD_CAUSE_DEP_PROTOBUF:
    case TFD_CAUSE_DEP_KERAS:
    case TFD_CAUSE_DEP_OTHER:
    case TFD_CAUSE_ADDON_MISMATCH:
    case TFD_CAUSE_TF_CORRUPT:
        return true;
    default:
        return false;
    }
}

tfd_dist_fault tfd_dist_fault_of(const tfd_view *view, size_t row, tfd_str key)
{
    const tfd_facts *facts = view->facts;
    const tfd_dist *dist = tfd_view_dist(view, row);

    if (!dist)
        return TFD_FAULT_MISSING;
    if (dist->tags_fit == TFD_NO)
        return TFD_FAULT_DAMAGED;
    for (size_t i = 0; i < facts->requirements.count; i++) {
        const tfd_requirement *req = &facts->requirements.items[i];

        if (req->is_needed && req->satisfied == TFD_NO && tfd_str_eq(req->key, key))
            return TFD_FAULT_UNFIT;
    }
    if (tfd_view_verdict(view, dist->key, dist->version, NULL) == TFD_VERDICT_BREAKS)
        return TFD_FAULT_UNFIT;
    if (dist->missing + dist->wrong_size + dist->altered > 0 || dist->record_cut)
        return TFD_FAULT_DAMAGED;
    return TFD_FAULT_UNKNOWN;
}

/* "ops.cpython-312.pyc": with the interpreter's tag, unlike byte code that stands in for its source. */
static bool has_cache_name(tfd_str name)
{
    return tfd_str_ends_z(name, ".pyc") && tfd_str_find_char(name, '.') + 4 < name.len;
}

bool tfd_title_is_byte_code(const tfd_view *view, const tfd_finding *lead)
{
    const tfd_dist *dist = tfd_view_dist(view, lead->dist);

    return has_cache_name(tfd_path_base(tfd_view_style(view), lead->path)) &&
           (!dist || tfd_dist_fault_of(view, lead->dist, dist->key) == TFD_FAULT_UNKNOWN);
}

tfd_str tfd_title_subject(const tfd_view *view, const tfd_finding *lead, tfd_arena *arena)
{
    const tfd_dist *dist = tfd_view_dist(view, lead->dist);

    if (is_dist_cause(lead->cause) && dist)
        return tfd_arena_fmt(arena, "%.*s %.*s", TFD_ARG(dist->name), TFD_ARG(dist->version));
    return lead->subject;
}

static tfd_str dist_title(const tfd_view *view, const tfd_finding *lead, tfd_arena *arena)
{
    const tfd_dist *dist = tfd_view_dist(view, lead->dist);
    tfd_str tf = tfd_view_tf_version(view);

    if (!dist && lead->cause == TFD_CAUSE_ADDON_MISMATCH && lead->path.len > 0)
        return tfd_arena_fmt(arena, "The library %.*s does not work with TensorFlow %.*s",
                             TFD_ARG(lead->subject), TFD_ARG(tf));
    if (!dist)
        return tfd_arena_fmt(arena, "%.*s is not installed", TFD_ARG(lead->subject));
    if (tfd_title_is_byte_code(view, lead))
        return tfd_arena_fmt(arena, "The byte code of %.*s %.*s is damaged", TFD_ARG(dist->name),
                             TFD_ARG(dist->version));
    switch (tfd_dist_fault_of(view, lead->dist, lead->subject)) {
    case TFD_FAULT_UNFIT:
        if (lead->cause != TFD_CAUSE_TF_CORRUPT)
            return tfd_arena_fmt(arena, "%.*s %.*s does not fit TensorFlow %.*s", TFD_ARG(dist->name),
                                 TFD_ARG(dist->version), TFD_ARG(tf));
        break;
    case TFD_FAULT_MISSING:
    case TFD_FAULT_DAMAGED:
        break;
    case TFD_FAULT_UNKNOWN:
        if (lead->cause != TFD_CAUSE_TF_CORRUPT)
            return tfd_arena_fmt(arena, "%.*s %.*s does not work with TensorFlow %.*s", TFD_ARG(dist->name),
                                 TFD_ARG(dist->version), TFD_ARG(tf));
        break;
    }
    return tfd_arena_fmt(arena, "The installation of %.*s %.*s is damaged", TFD_ARG(dist->name),
                         TFD_ARG(dist->version));
}

static tfd_str place_title(const tfd_view *view, const tfd_finding *lead, tfd_arena *arena)
{
    const tfd_place *place = tfd_view_place(view, lead->place);

    for (size_t i = 0; !place && i < view->facts->places.count; i++)
        if (lead->path.len > 0 && tfd_str_eq(tfd_view_dropped_by(view, i), lead->path))
            return tfd_arena_fmt(arena, "%.*s takes folders off sys.path", TFD_ARG(lead->path));
    if (!place && view->facts->import.exception_count > 0)
        return tfd_arena_fmt(arena, "%.*s changes the import system while Python starts",
                             TFD_ARG(lead->subject));
    if (!place)
        return tfd_arena_fmt(arena, "%.*s keeps the interpreter from starting", TFD_ARG(lead->subject));
    return tfd_arena_fmt(arena, "Foreign packages in %.*s win over the environment's own",
                         TFD_ARG(place->path));
}

/* Causes whose subject is the thing itself: a variable, a path, a limit. Empty: there is nothing special to
 * say. */
static tfd_str subject_title(const tfd_view *view, const tfd_finding *lead, tfd_arena *arena)
{
    switch (lead->cause) {
    case TFD_CAUSE_NAME_SHADOWING:
        return tfd_arena_fmt(arena, "%.*s hides a module that TensorFlow needs", TFD_ARG(lead->path));
    case TFD_CAUSE_PYTHONPATH_CONFLICT:
        return place_title(view, lead, arena);
    case TFD_CAUSE_LDPATH_CONFLICT:
        return tfd_arena_fmt(arena, "%.*s brings a foreign %.*s", TFD_ARG(lead->subject),
                             TFD_ARG(tfd_path_base(tfd_view_style(view), lead->path)));
    case TFD_CAUSE_ENV_SETTING:
        if (tfd_str_is(lead->subject, "PYTHONNOUSERSITE") || tfd_str_is(lead->subject, "PYTHONUSERBASE"))
            return tfd_arena_fmt(arena, "%.*s hides the user site, where TensorFlow is installed",
                                 TFD_ARG(lead->subject));
        if (tfd_str_is(lead->subject, "PYTHONEXECUTABLE"))
            return TFD_STR("PYTHONEXECUTABLE leads Python away from its virtual environment");
        return tfd_arena_fmt(arena, "TensorFlow does not work with %.*s as it is set",
                             TFD_ARG(lead->subject));
    case TFD_CAUSE_VENV_BROKEN:
        return view->facts->python.broken == TFD_PY_CFG_NO_TEXT
                   ? TFD_STR("Python cannot read the pyvenv.cfg of its virtual environment")
                   : TFD_STR("");
    case TFD_CAUSE_PYTHON_BROKEN:
        return tfd_str_is(lead->subject, "PYTHONHOME")
                   ? TFD_STR("PYTHONHOME leads Python away from its own installation")
                   : TFD_STR("");
    case TFD_CAUSE_PERMISSION_DENIED:
        return lead->subject.len > 0
                   ? tfd_arena_fmt(arena, "This user may not use %.*s", TFD_ARG(lead->subject))
                   : TFD_STR("");
    case TFD_CAUSE_NOT_AN_ENVIRONMENT_PROBLEM:
        return tfd_str_is(lead->subject, "/proc") ? TFD_STR("No proc file system is mounted on /proc")
                                                  : TFD_STR("");
    case TFD_CAUSE_LIBSTDCXX_OLD:
        return lead->subject.len > 0
                   ? tfd_arena_fmt(arena, "The system's %.*s is missing or damaged", TFD_ARG(lead->subject))
                   : TFD_STR("");
    case TFD_CAUSE_MEMORY_LIMIT:
        return tfd_arena_fmt(arena, "The limit of %.*s is too small for TensorFlow", TFD_ARG(lead->subject));
    default:
        return TFD_STR("");
    }
}

tfd_str tfd_title_cause(const tfd_view *view, const tfd_finding *lead, tfd_arena *arena)
{
    tfd_str special = subject_title(view, lead, arena);
    tfd_str id = tfd_str_of(tfd_cause_name(lead->cause));
    tfd_str title = tfd_kb_cause_title(view->kb, id);

    if (is_dist_cause(lead->cause) && (lead->dist != TFD_NONE || lead->cause != TFD_CAUSE_TF_CORRUPT))
        return dist_title(view, lead, arena);
    if (special.len > 0)
        return special;
    if (title.len == 0)
        title = id;
    return lead->subject.len > 0 ? tfd_arena_fmt(arena, "%.*s (%.*s)", TFD_ARG(title), TFD_ARG(lead->subject))
                                 : title;
}
