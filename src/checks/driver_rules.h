/* What the check of the driver (check_driver.c) shares with its parts: how old it is (driver_age.c), and
 * whether it starts (driver_start.c). */
#ifndef TFD_CHECKS_DRIVER_RULES_H
#define TFD_CHECKS_DRIVER_RULES_H

#include "checks/gpu_blame.h"

/* Adds a finding that breaks the GPU. */
void tfd_driver_add(tfd_findings *out, tfd_cause_id cause, const char *subject, int weight, tfd_str text,
                    tfd_str source);
/* Whether ld.so finds a libcuda.so.1 that can be loaded. */
bool tfd_driver_has_library(const tfd_gpu *gpu);
/* "550.54.14", as opposed to what only says that there is one. */
bool tfd_driver_is_version(tfd_str text);

void tfd_driver_check_age(const tfd_view *view, tfd_findings *out);
void tfd_driver_check_start(const tfd_view *view, tfd_findings *out);

#endif
