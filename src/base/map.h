/* Hash map from slices to 32-bit numbers (mostly indices into a table), in an arena. Keys are not copied:
 * they must live as long as the map. Insertion order is not kept; iterate the table the numbers point into.
 */
#ifndef TFD_BASE_MAP_H
#define TFD_BASE_MAP_H

#include "base/arena.h"

typedef struct tfd_map_slot {
    tfd_str key;
    uint32_t hash;
    uint32_t value;
} tfd_map_slot;

typedef struct tfd_map {
    tfd_map_slot *slots; /* capacity is a power of two; a free slot has key.ptr NULL */
    size_t capacity;
    size_t count;
} tfd_map;

#define TFD_MAP_NONE UINT32_MAX

/* Sets key to value, replacing what was there. A zero map is empty and ready. false at the arena's limit. */
bool tfd_map_put(tfd_arena *arena, tfd_map *map, tfd_str key, uint32_t value);
/* The value, or TFD_MAP_NONE. */
uint32_t tfd_map_get(const tfd_map *map, tfd_str key);

#endif
