/* One line for each probe: TFD_PROBE(name) stands for probe_name.c, which defines tfd_probe_name. Order
 * within a phase is the order in which they are started. */
/* clang-format off: one line each */
TFD_PROBE(system)
TFD_PROBE(python)
TFD_PROBE(gpu)
TFD_PROBE(packages)
TFD_PROBE(settings)
TFD_PROBE(interpreters)
TFD_PROBE(record)
TFD_PROBE(modules)
TFD_PROBE(native)
TFD_PROBE(windows)
TFD_PROBE(events)
TFD_PROBE(cuda)
/* clang-format on */
