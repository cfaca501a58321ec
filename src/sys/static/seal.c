/* Part of the static program alone: functions of the C library that would bring shared libraries of the
 * examined machine into it, replaced by such that refuse.
 *
 * A static program stands on nothing that the machine may have broken. But glibc's dlopen, resolver and
 * account functions load libraries (the last two NSS modules, nsswitch.conf(5)) of whatever glibc is
 * installed, and the linker warns of each. libcrypto refers to them for engines, provider modules and
 * sockets, libuv for uv_os_homedir and its like; tfdiag calls none of that. The linker's --wrap=NAME (ld(1))
 * turns every reference to NAME into __wrap_NAME; cmake/TfdDependencies.cmake has the same list of names. */
#define _GNU_SOURCE 1

#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stddef.h>

void *__wrap_dlopen(const char *file, int mode);
int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found);
struct hostent *__wrap_gethostbyname(const char *name);
int __wrap_getpwuid_r(uid_t uid, struct passwd *entry, char *buffer, size_t size, struct passwd **found);
int __wrap_getgrgid_r(gid_t gid, struct group *entry, char *buffer, size_t size, struct group **found);

void *__wrap_dlopen(const char *file, int mode)
{
    (void)file;
    (void)mode;
    return NULL;
}

int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found)
{
    (void)node;
    (void)service;
    (void)hints;
    *found = NULL;
    return EAI_FAIL;
}

struct hostent *__wrap_gethostbyname(const char *name)
{
    (void)name;
    return NULL;
}

int __wrap_getpwuid_r(uid_t uid, struct passwd *entry, char *buffer, size_t size, struct passwd **found)
{
    (void)uid;
    (void)entry;
    (void)buffer;
    (void)size;
    *found = NULL;
    return ENOSYS;
}

int __wrap_getgrgid_r(gid_t gid, struct group *entry, char *buffer, size_t size, struct group **found)
{
    (void)gid;
    (void)entry;
    (void)buffer;
    (void)size;
    *found = NULL;
    return ENOSYS;
}
