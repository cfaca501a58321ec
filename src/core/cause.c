#include "core/cause.h"

typedef struct cause_row {
    const char *name;
    tfd_side side;
    const char *area;
} cause_row;

static const cause_row rows[TFD_CAUSE_COUNT] = {
#define TFD_CAUSE(symbol, id, side, area) {id, side, area},
#include "core/cause_list.h"
#undef TFD_CAUSE
};

const char *tfd_cause_name(tfd_cause_id id)
{
    return rows[id].name;
}

const char *tfd_cause_area(tfd_cause_id id)
{
    return rows[id].area;
}

tfd_side tfd_cause_side(tfd_cause_id id)
{
    return rows[id].side;
}

const char *tfd_side_name(tfd_side side)
{
    static const char *const names[] = {"import", "gpu", "install", "warning"};

    return names[side];
}

tfd_cause_id tfd_cause_find(tfd_str name)
{
    for (int i = 0; i < TFD_CAUSE_COUNT; i++)
        if (tfd_str_is(name, rows[i].name))
            return (tfd_cause_id)i;
    return TFD_CAUSE_COUNT;
}
