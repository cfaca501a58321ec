#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

tfd_status tfd_err_set(tfd_err *err, tfd_status status, int os_code, const char *format, ...)
{
    va_list args;

    if (!err)
        return status;
    err->status = status;
    err->os_code = os_code;
    va_start(args, format);
    (void)vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return status;
}

const char *tfd_status_text(tfd_status status)
{
    switch (status) {
    case TFD_OK:
        return "ok";
    case TFD_ENOENT:
        return "not found";
    case TFD_EACCESS:
        return "no access";
    case TFD_EIO:
        return "cannot be read";
    case TFD_EFORMAT:
        return "malformed";
    case TFD_ELIMIT:
        return "over a limit";
    case TFD_ENOMEM:
        return "out of memory";
    case TFD_ETIMEOUT:
        return "timed out";
    case TFD_EUNSUPPORTED:
        return "not supported here";
    case TFD_EUSAGE:
        return "wrong usage";
    }
    return "unknown status";
}
