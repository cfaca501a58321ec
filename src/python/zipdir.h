/* Top-level names inside a ZIP file (a zipped standard library, an egg): what zipimport would find there. */
#ifndef TFD_PYTHON_ZIPDIR_H
#define TFD_PYTHON_ZIPDIR_H

#include "sys/sys.h"

/* Central directories larger than this, or with more members, are hostile. */
#define TFD_ZIPDIR_MAX ((uint64_t)16 << 20)

/* Names without a '/' become files, first components of the others folders; each once, sorted. TFD_EFORMAT:
 * no ZIP (zipimport passes it over, too). ZIP64 and comments behind the end record are understood as far as
 * zipimport does. */
tfd_status tfd_zipdir_read(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_dirents *out,
                           tfd_err *err);

#endif
