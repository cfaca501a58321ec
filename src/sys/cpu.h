/* What the processor says of itself. Private to src/sys. */
#ifndef TFD_SYS_CPU_H
#define TFD_SYS_CPU_H

#include "sys/sys.h"

/* Fills *out by asking the instruction CPUID; false on processors without it. */
bool tfd_cpu_ask(tfd_arena *arena, tfd_cpu *out);

#endif
