/* Which variables code that runs while Python starts has changed: what the child saw against what it was
 * given. */
#include "core/import.h"

/* What the child got from tfdiag on top of tfdiag's own variables, and what Python itself sets in the C
 * locale (PEP 538). */
static bool is_own_variable(tfd_str name)
{
    return tfd_str_starts_z(name, "TFDIAG_") || tfd_str_is(name, "PYTHONDONTWRITEBYTECODE") ||
           tfd_str_is(name, "TF_CPP_VMODULE") || tfd_str_is(name, "TF_CPP_MIN_LOG_LEVEL") ||
           tfd_str_is(name, "LC_CTYPE");
}

/* The row of a name among the first count ones, or NULL. Names on Windows come in any case. */
static const tfd_import_variable *find_variable(const tfd_sys *sys, const tfd_import *import, size_t count,
                                                tfd_str name)
{
    for (size_t i = 0; i < count; i++)
        if (sys->style == TFD_PATH_WINDOWS ? tfd_str_eq_nocase(import->variables.items[i].name, name)
                                           : tfd_str_eq(import->variables.items[i].name, name))
            return &import->variables.items[i];
    return NULL;
}

/* Longer values are sent in part. */
#define VALUE_MAX 4096

static bool is_as_given(const tfd_sys *sys, const tfd_import_variable *one)
{
    size_t count;
    const tfd_str *given = sys->environ_all(sys, &count);

    for (size_t i = 0; i < count; i++) {
        tfd_str name;
        tfd_str value;

        (void)tfd_str_cut(given[i], '=', &name, &value);
        if (sys->style == TFD_PATH_WINDOWS ? tfd_str_eq_nocase(name, one->name) : tfd_str_eq(name, one->name))
            return value.len > VALUE_MAX || tfd_str_eq(value, one->value);
    }
    return false;
}

tfd_status tfd_import_keep_changed(const tfd_sys *sys, tfd_arena *arena, tfd_import *out)
{
    size_t count;
    const tfd_str *given = sys->environ_all(sys, &count);
    size_t seen = out->variables.count;
    size_t kept = 0;

    for (size_t i = 0; out->variables.complete && i < count; i++) {
        tfd_import_variable one = {{"", 0}, {"", 0}, false};

        (void)tfd_str_cut(given[i], '=', &one.name, &one.value);
        one.value = TFD_STR("");
        if (one.name.len == 0 || find_variable(sys, out, seen, one.name))
            continue;
        if (!TFD_GROW(arena, &out->variables))
            return TFD_ENOMEM;
        out->variables.items[out->variables.count++] = one;
    }
    for (size_t i = 0; i < out->variables.count; i++) {
        tfd_import_variable one = out->variables.items[i];

        if (!is_own_variable(one.name) && (!one.is_set || !is_as_given(sys, &one)))
            out->variables.items[kept++] = one;
    }
    out->variables.count = kept;
    return TFD_OK;
}
