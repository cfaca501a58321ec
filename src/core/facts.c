#include "core/facts.h"

#include <string.h>

typedef struct fact_row {
    const char *key;
    tfd_type type;
    const char *sentence;
} fact_row;

static const fact_row rows[TFD_FACT_COUNT] = {
#define TFD_FACT(symbol, key, type, sentence) {key, type, sentence},
#include "core/fact_list.h"
#undef TFD_FACT
};

void tfd_facts_init(tfd_facts *facts)
{
    memset(facts, 0, sizeof *facts);
    facts->tensorflow = facts->pip.dist = TFD_NONE;
    facts->python.major = facts->python.minor = facts->python.micro = -1;
    facts->import.exit_code = -1;
}

const char *tfd_fact_key(tfd_fact_id id)
{
    return rows[id].key;
}

const char *tfd_fact_sentence(tfd_fact_id id)
{
    return rows[id].sentence;
}

tfd_type tfd_fact_type(tfd_fact_id id)
{
    return rows[id].type;
}

static tfd_fact *set(tfd_facts *facts, tfd_fact_id id, tfd_state state, tfd_str source)
{
    tfd_fact *fact = &facts->scalars[id];

    memset(fact, 0, sizeof *fact);
    fact->state = state;
    fact->source = source;
    return fact;
}

void tfd_fact_set_bool(tfd_facts *facts, tfd_fact_id id, bool value, tfd_str source)
{
    set(facts, id, TFD_STATE_PRESENT, source)->boolean = value;
}

void tfd_fact_set_int(tfd_facts *facts, tfd_fact_id id, int64_t value, tfd_str source)
{
    set(facts, id, TFD_STATE_PRESENT, source)->integer = value;
}

void tfd_fact_set_text(tfd_facts *facts, tfd_fact_id id, tfd_str value, tfd_str source)
{
    set(facts, id, TFD_STATE_PRESENT, source)->text = value;
}

void tfd_fact_set_absent(tfd_facts *facts, tfd_fact_id id, tfd_str source)
{
    (void)set(facts, id, TFD_STATE_ABSENT, source);
}

void tfd_fact_set_unknown(tfd_facts *facts, tfd_fact_id id, tfd_str why)
{
    (void)set(facts, id, TFD_STATE_UNKNOWN, why);
}

size_t tfd_dist_find(const tfd_facts *facts, tfd_str key)
{
    for (size_t i = 0; i < facts->dists.count; i++)
        if (!facts->dists.items[i].is_shadowed && tfd_str_eq(facts->dists.items[i].key, key))
            return i;
    return TFD_NONE;
}

bool tfd_facts_lack_ensurepip(const tfd_facts *facts)
{
    for (size_t i = 0; i < facts->places.count; i++) {
        const tfd_place *place = &facts->places.items[i];

        if (place->kind == TFD_PLACE_STDLIB)
            return place->readable && tfd_map_get(&place->names, TFD_STR("ensurepip")) == TFD_MAP_NONE;
    }
    return false;
}
