#include "core/facts.h"

#include "formats/pep440.h"

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

tfd_str tfd_facts_tf_version(const tfd_facts *facts)
{
    return facts->tensorflow == TFD_NONE ? TFD_STR("") : facts->dists.items[facts->tensorflow].version;
}

bool tfd_facts_has_intruder(const tfd_facts *facts, size_t object)
{
    for (size_t i = 0; i < facts->intruders.count; i++)
        if (facts->intruders.items[i].object == object)
            return true;
    return false;
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

/* Measured with a wheel of 214 MB: pip 20.0 to 23.2 hold it three times while they put it into their cache
 * (666 to 673 MB resident), 23.3 maps it once from a file (its NEWS: bodies are kept in files of their own),
 * and without a cache every pip needs some 50 MB. */
#define PIP_BYTES ((uint64_t)50 << 20)
/* The smallest wheel of TensorFlow that is still installed: tensorflow-cpu 2.10. */
#define WHEEL_MIN ((uint64_t)214 * 1000000)

uint64_t tfd_facts_memory_room(const tfd_facts *facts)
{
    const tfd_fact *limit = &facts->scalars[TFD_FACT_LIMIT_AS];
    uint64_t room = facts->system ? facts->system->memory_free : 0;

    return limit->state == TFD_STATE_PRESENT && limit->integer > 0 &&
                   (room == 0 || (uint64_t)limit->integer < room)
               ? (uint64_t)limit->integer
               : room;
}

bool tfd_facts_pip_lacks_memory(const tfd_facts *facts, uint64_t wheel)
{
    size_t pip = tfd_dist_find(facts, TFD_STR("pip"));
    uint64_t need = PIP_BYTES + 3 * (wheel > 0 ? wheel : WHEEL_MIN);
    uint64_t room = tfd_facts_memory_room(facts);

    return room > 0 && room < need && pip != TFD_NONE &&
           tfd_specifier_match(TFD_STR("<23.3"), facts->dists.items[pip].version, TFD_PRE_ALLOW) == TFD_YES;
}
