/* Whether a GPU is expected to work, and whether one does. */
#ifndef TFD_CORE_GPU_H
#define TFD_CORE_GPU_H

#include "core/report.h"
#include "core/view.h"

/* Whether GPUs are looked into beyond the list of devices: one is there, or the user wants one. */
bool tfd_gpu_is_tried(const tfd_gpu *gpu);
/* Whether a GPU has to work: the user says so, or the machine has one that this build is made for. */
bool tfd_gpu_is_expected(const tfd_view *view);
/* The distribution with CUDA over whose files those of a build without were laid, or before which a foreign
 * place of sys.path puts such a build; or TFD_NONE. */
size_t tfd_gpu_other_build(const tfd_view *view);
/* An NVIDIA GPU as far as it is known: by the driver's answer, else by its PCI id. */
typedef struct tfd_gpu_seen {
    tfd_str name;         /* "NVIDIA GeForce RTX 3090", "GA102" or "device 10de:2204" */
    tfd_str cc;           /* "8.6"; empty: not known */
    tfd_str architecture; /* "Ampere"; empty: not known */
    tfd_str source;
} tfd_gpu_seen;

/* Number of NVIDIA GPUs, and one of them. Text lives in the arena. */
size_t tfd_gpu_seen_count(const tfd_view *view);
tfd_gpu_seen tfd_gpu_seen_get(const tfd_view *view, size_t index, tfd_arena *arena);

/* Whether the import child computed on every GPU that it listed, or on none of them. What only lists is
 * neither. */
bool tfd_gpu_computes(const tfd_view *view);
/* Fills the members gpu, gpu_why (one sentence) and gpu_devices ("NVIDIA A100-SXM4-40GB (8.0)" for each GPU:
 * by the driver, else by PCI), after the ranking. */
void tfd_gpu_report(const tfd_view *view, bool was_examined, tfd_arena *arena, tfd_report *report);

#endif
