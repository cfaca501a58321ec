/* What the package index knows beyond the knowledge base: releases that are newer, judged by their own file
 * names and METADATA, and releases that were taken back. */
#ifndef TFD_ADVISE_ONLINE_H
#define TFD_ADVISE_ONLINE_H

#include "advise/target.h"
#include "sys/sys.h"

/* Asks the index of the environment in facts (or of the options): one page, and METADATA of at most
 * TFD_ADVISE_NEWER_MAX releases. Where it cannot be asked, out->problem says why. TFD_ENOMEM; TFD_ETIMEOUT:
 * interrupted by the user. */
#define TFD_ADVISE_NEWER_MAX 4
tfd_status tfd_advise_ask(const tfd_sys *sys, const tfd_advise_target *target, const tfd_facts *facts,
                          tfd_kb *kb, tfd_arena *arena, tfd_advise_index *out, tfd_err *err);

#endif
