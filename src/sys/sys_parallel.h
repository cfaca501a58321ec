/* tfd_sys.parallel for native machines. Private to src/sys. */
#ifndef TFD_SYS_PARALLEL_H
#define TFD_SYS_PARALLEL_H

#include "sys/sys.h"

void tfd_sys_parallel(const tfd_sys *sys, size_t n, tfd_task task, void *ctx);

#endif
