/* setuptools stands in for distutils: its .pth file (distutils-precedence.pth) has `import distutils`
 * answered by setuptools/_distutils, from 3.12 on the only one there is; and that import lays
 * setuptools/_vendor behind sys.path (setuptools/__init__.py, from release 71 on), where other packages then
 * find packaging or typing_extensions that are not installed. TensorFlow 2.4 to 2.18 import distutils before
 * anything else. */
#ifndef TFD_PROBES_MODULE_SHIM_H
#define TFD_PROBES_MODULE_SHIM_H

#include "core/probe.h"

typedef struct tfd_module_shim {
    bool asks;      /* TensorFlow's __init__.py imports distutils */
    bool answers;   /* setuptools answers */
    size_t place;   /* where setuptools lies */
    tfd_str vendor; /* setuptools/_vendor, if it comes behind sys.path; else empty */
} tfd_module_shim;

/* tensorflow: path of the folder of the package, empty if there is none; files that cannot be read ask for
 * nothing and answer nothing. */
tfd_status tfd_module_shim_find(tfd_probe_ctx *ctx, tfd_str tensorflow, tfd_module_shim *out);
/* Path of a top-level module among the vendored ones, or the empty slice. */
tfd_str tfd_module_shim_path(tfd_probe_ctx *ctx, const tfd_module_shim *shim, tfd_str name);

#endif
