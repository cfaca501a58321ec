/* Locks and threads of tfdiag itself. Private to src/sys. libuv's on POSIX systems; on Windows the system's
 * own, because a libuv linked statically makes the program load user32, ws2_32 and others at every start. */
#ifndef TFD_SYS_THREAD_H
#define TFD_SYS_THREAD_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* uv.h wants it; where this is not the first header, the source file defines it */
#endif

#include <stdbool.h>
#include <stddef.h>

#ifdef _WIN32
#include "sys/os_win32.h"
typedef SRWLOCK tfd_lock;
typedef HANDLE tfd_thread;
#else
#include <uv.h>
typedef uv_mutex_t tfd_lock;
typedef uv_thread_t tfd_thread;
#endif

typedef void (*tfd_thread_main)(void *ctx);

bool tfd_lock_init(tfd_lock *lock);
void tfd_lock_done(tfd_lock *lock);
void tfd_lock_take(tfd_lock *lock);
void tfd_lock_give(tfd_lock *lock);

/* false where no thread can be made. */
bool tfd_thread_start(tfd_thread *thread, tfd_thread_main run, void *ctx);
void tfd_thread_join(tfd_thread *thread);
/* Processors that this process may use, at least 1. */
size_t tfd_thread_cores(void);

#endif
