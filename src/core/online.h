/* The package index as a witness: at most TFD_ONLINE_REQUESTS requests, never a wheel. */
#ifndef TFD_CORE_ONLINE_H
#define TFD_CORE_ONLINE_H

#include "core/facts.h"
#include "core/options.h"

#define TFD_ONLINE_REQUESTS 10u
#define TFD_ONLINE_DEADLINE_MS 30000u

/* Asks the index that the examined environment's pip would ask for the releases of TensorFlow, and for the
 * METADATA of the newest that fits; writes facts->online. Nothing is done without --online. Nothing is asked
 * on a recorded machine. tick: see tfd_index_config. TFD_OK whatever the index said; TFD_ENOMEM, TFD_ETIMEOUT
 * (the user). */
tfd_status tfd_online_ask(const tfd_sys *sys, tfd_arena *arena, const tfd_options *options, tfd_facts *facts,
                          bool (*tick)(void *ctx), void *tick_ctx, tfd_err *err);

#endif
