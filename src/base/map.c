#include "base/map.h"

/* The empty key is legal; it needs a pointer that is not NULL. */
static tfd_str occupied(tfd_str key)
{
    return key.ptr ? key : TFD_STR("");
}

static size_t find_slot(const tfd_map *map, tfd_str key, uint32_t hash)
{
    size_t at = hash & (map->capacity - 1);

    while (map->slots[at].key.ptr && (map->slots[at].hash != hash || !tfd_str_eq(map->slots[at].key, key)))
        at = (at + 1) & (map->capacity - 1);
    return at;
}

static bool grow(tfd_arena *arena, tfd_map *map)
{
    tfd_map bigger = {NULL, map->capacity ? map->capacity * 2 : 16, map->count};

    bigger.slots = tfd_arena_new(arena, tfd_map_slot, bigger.capacity);
    if (!bigger.slots)
        return false;
    for (size_t i = 0; i < map->capacity; i++)
        if (map->slots[i].key.ptr)
            bigger.slots[find_slot(&bigger, map->slots[i].key, map->slots[i].hash)] = map->slots[i];
    *map = bigger;
    return true;
}

bool tfd_map_put(tfd_arena *arena, tfd_map *map, tfd_str key, uint32_t value)
{
    uint64_t wide = tfd_str_hash(key);
    uint32_t hash = (uint32_t)(wide ^ (wide >> 32));
    size_t at;

    if (map->count * 4 >= map->capacity * 3 && !grow(arena, map))
        return false;
    at = find_slot(map, key, hash);
    if (!map->slots[at].key.ptr)
        map->count++;
    map->slots[at].key = occupied(key);
    map->slots[at].hash = hash;
    map->slots[at].value = value;
    return true;
}

uint32_t tfd_map_get(const tfd_map *map, tfd_str key)
{
    uint64_t wide = tfd_str_hash(key);
    size_t at;

    if (map->count == 0)
        return TFD_MAP_NONE;
    at = find_slot(map, key, (uint32_t)(wide ^ (wide >> 32)));
    return map->slots[at].key.ptr ? map->slots[at].value : TFD_MAP_NONE;
}
