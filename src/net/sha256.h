/* SHA-256 (FIPS 180-4) of bytes in memory: for METADATA texts of some kilobytes. Files are hashed by the
 * system's library (sys->sha256). */
#ifndef TFD_NET_SHA256_H
#define TFD_NET_SHA256_H

#include "base/str.h"

void tfd_sha256_hex(tfd_str bytes, char out[65]); /* lower case, NUL-ended */

#endif
