/* Answers that are kept between runs, so that an unchanged page costs a few bytes (RFC 9111: validation with
 * ETag and Last-Modified). One file for each URL and form; the oldest go where the folder grows too large. */
#ifndef TFD_SYS_NET_CACHE_H
#define TFD_SYS_NET_CACHE_H

#include "base/arena.h"

typedef struct tfd_cached {
    char *memory; /* of the whole file; who asked for it frees it */
    tfd_str etag, modified, type;
    tfd_str body;
} tfd_cached;

/* What is kept for it; false where there is nothing, or not for this very URL and form. */
bool tfd_cache_find(tfd_arena *arena, tfd_str dir, tfd_str url, tfd_str accept, tfd_cached *out);
/* Keeps an answer, replacing an older one; a failure changes nothing. */
void tfd_cache_put(tfd_arena *arena, tfd_str dir, tfd_str url, tfd_str accept, const tfd_cached *answer);
/* Removes the oldest files until the folder is small enough. */
void tfd_cache_trim(tfd_arena *arena, tfd_str dir);

#endif
