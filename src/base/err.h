/* Status codes and the error record. The lowest layer that knows what went wrong fills the record; upper
 * layers pass it on unchanged. Codes exist only where a caller acts on the difference. */
#ifndef TFD_BASE_ERR_H
#define TFD_BASE_ERR_H

#include "base/str.h"

typedef enum tfd_status {
    TFD_OK = 0,
    TFD_ENOENT = -1,       /* the thing is not there: an answer, not a failure */
    TFD_EACCESS = -2,      /* it is there and this user may not look */
    TFD_EIO = -3,          /* reading failed for another reason; os_code tells */
    TFD_EFORMAT = -4,      /* bytes that are not what their name promises */
    TFD_ELIMIT = -5,       /* a named limit of tfdiag was reached */
    TFD_ENOMEM = -6,       /* the arena's limit, or the system's */
    TFD_ETIMEOUT = -7,     /* a deadline passed */
    TFD_EUNSUPPORTED = -8, /* this system or machine cannot answer */
    TFD_EUSAGE = -9        /* the caller's (or user's) words are off */
} tfd_status;

typedef struct tfd_err {
    tfd_status status;
    int os_code;    /* errno or GetLastError; 0 if none */
    char text[256]; /* one line, with the path or command; cut where it is longer */
} tfd_err;

/* Fills err (may be NULL) and returns status, so that a failure is one statement. */
tfd_status tfd_err_set(tfd_err *err, tfd_status status, int os_code, const char *format, ...);

/* A word for a status: "not found", "no access" … */
const char *tfd_status_text(tfd_status status);

#endif
