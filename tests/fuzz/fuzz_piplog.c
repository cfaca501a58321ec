/* pip's log. */
#include <stdint.h>

#include "formats/piplog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tfd_pip_log log;

    tfd_pip_log_parse((tfd_str){(const char *)data, size}, &log);
    return log.line > size;
}
