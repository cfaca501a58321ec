/* pip's log. */
#include <stdint.h>
#include <stdlib.h>

#include "formats/piplog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tfd_pip_log log;

    const char *begin = (const char *)data;

    tfd_pip_log_parse((tfd_str){begin, size}, &log);
    if (log.line > size ||
        (log.text.len > 0 && (log.text.ptr < begin || log.text.ptr + log.text.len > begin + size)) ||
        (log.pip.len > 0 && (log.pip.ptr < begin || log.pip.ptr + log.pip.len > begin + size)))
        abort();
    return 0;
}
