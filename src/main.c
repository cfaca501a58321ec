/* The program: this machine, the command line, the exit code. */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    tfd_sys *sys = NULL;
    tfd_err err = {TFD_OK, 0, ""};
    tfd_status st;
    int code;

    tfd_host_open_streams();
    st = tfd_sys_native_new(&sys, &err);
    code = tfd_cli_main(st == TFD_OK ? sys : NULL, &err, argc, (const char *const *)argv);
    if (st == TFD_OK)
        tfd_sys_native_free(sys);
    return code;
}
