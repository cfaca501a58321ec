#include "python/editable.h"

#include "python/pytoken.h"

#include <string.h>

static bool is_op(const tfd_pytokens *t, size_t at, const char *op)
{
    return at < t->count && t->items[at].kind == TFD_PYTOKEN_OP && tfd_str_is(t->items[at].text, op);
}

static bool take_string(tfd_arena *arena, const tfd_pytokens *t, size_t *at, tfd_str *out)
{
    if (*at >= t->count || t->items[*at].kind != TFD_PYTOKEN_STRING ||
        !tfd_pystring_value(arena, t->items[*at].text, out))
        return false;
    (*at)++;
    return true;
}

/* Index behind the first "=", which an annotation ("MAPPING: dict[str, str] = …") may precede. */
static size_t find_value(const tfd_pytokens *t)
{
    size_t at = 0;

    while (at < t->count && !is_op(t, at, "="))
        at++;
    return at + 1;
}

static tfd_status parse_mapping(tfd_arena *arena, const tfd_pytokens *t, tfd_editable *out)
{
    size_t at = find_value(t);

    if (!is_op(t, at, "{"))
        return TFD_EFORMAT;
    at++;
    while (!is_op(t, at, "}")) {
        tfd_editable_item item;

        if (!take_string(arena, t, &at, &item.name) || !is_op(t, at, ":"))
            return TFD_EFORMAT;
        at++;
        if (!take_string(arena, t, &at, &item.path))
            return TFD_EFORMAT;
        if (!TFD_GROW(arena, out))
            return TFD_ENOMEM;
        out->items[out->count++] = item;
        if (is_op(t, at, ","))
            at++;
    }
    return TFD_OK;
}

tfd_status tfd_editable_parse(tfd_arena *arena, tfd_str text, tfd_editable *out)
{
    tfd_pylines lines = {text, 1};
    tfd_status status = TFD_EFORMAT;
    tfd_str line;
    size_t number;

    memset(out, 0, sizeof *out);
    while (tfd_pyline_take(&lines, &line, &number)) {
        bool mapping = tfd_str_starts_z(line, "MAPPING");
        tfd_pytokens tokens;
        size_t at;

        if (!mapping && !tfd_str_starts_z(line, "NAMESPACES") && !tfd_str_starts_z(line, "PATH_PLACEHOLDER"))
            continue;
        if (!tfd_pytokens_read(arena, line, &tokens))
            return TFD_EFORMAT;
        if (mapping) {
            status = parse_mapping(arena, &tokens, out);
            if (status != TFD_OK)
                return status;
            continue;
        }
        at = find_value(&tokens);
        if (tfd_str_starts_z(line, "NAMESPACES"))
            out->has_namespaces = !(is_op(&tokens, at, "{") && is_op(&tokens, at + 1, "}"));
        else
            take_string(arena, &tokens, &at, &out->placeholder);
    }
    return status;
}
