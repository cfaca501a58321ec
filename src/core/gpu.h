/* Whether a GPU is expected to work, and whether one does. */
#ifndef TFD_CORE_GPU_H
#define TFD_CORE_GPU_H

#include "core/report.h"
#include "core/view.h"

/* Whether GPUs are looked into beyond the list of devices: one is there, or the user wants one. */
bool tfd_gpu_is_tried(const tfd_gpu *gpu);
/* Whether a GPU has to work: the user says so, or the machine has one that this build is made for. */
bool tfd_gpu_is_expected(const tfd_view *view);
/* The distribution with CUDA over whose files those of a build without were laid, or TFD_NONE. */
size_t tfd_gpu_other_build(const tfd_view *view);
/* Whether the import child computed on every GPU that it listed, or on none of them. What only lists is
 * neither. */
bool tfd_gpu_computes(const tfd_view *view);
/* Fills the members gpu, gpu_why (one sentence) and gpu_devices ("NVIDIA A100-SXM4-40GB (8.0)" for each GPU:
 * by the driver, else by PCI), after the ranking. */
void tfd_gpu_report(const tfd_view *view, bool was_examined, tfd_arena *arena, tfd_report *report);

#endif
