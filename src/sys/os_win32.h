/* <windows.h> as tfdiag takes it: Windows 10 and later, no sockets, no macros min and max. Private to
 * src/sys. */
#ifndef TFD_SYS_OS_WIN32_H
#define TFD_SYS_OS_WIN32_H

#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0A00
#endif
#define WIN32_LEAN_AND_MEAN 1
#define NOMINMAX 1
#include <windows.h>
/* after it */
#include <winioctl.h>

#endif
