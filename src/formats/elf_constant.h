/* Numbers that a shared object exports as data: libraries say their own version in them. */
#ifndef TFD_FORMATS_ELF_CONSTANT_H
#define TFD_FORMATS_ELF_CONSTANT_H

#include "formats/elf.h"

/* The first four bytes of the exported object `name` as the file has them. TFD_ENOENT: the file exports no
 * such object, or is no ELF object of this machine's byte order; TFD_EIO, TFD_EACCESS, TFD_ENOMEM. Text that
 * is read on the way lives in the arena. */
tfd_status tfd_elf_constant_read(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str name,
                                 uint32_t *out, tfd_err *err);

#endif
