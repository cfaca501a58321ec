#define _GNU_SOURCE 1

#include "sys/child.h"
#include "sys/sys_posix.h"

tfd_status tfd_posix_child_start(const tfd_sys *sys, const tfd_child_spec *spec, tfd_child **out,
                                 tfd_err *err)
{
    (void)sys;
    (void)spec;
    (void)out;
    return tfd_err_set(err, TFD_EUNSUPPORTED, 0, "no children here");
}

bool tfd_posix_interrupted(const tfd_sys *sys)
{
    (void)sys;
    return false;
}
