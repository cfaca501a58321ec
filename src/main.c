/* The program: this machine, the command line, the exit code. */
#include "cli/cli.h"

#ifdef TFD_NET_INSIDE
#include <string.h>

#include "sys/net/wire.h"
#endif

int main(int argc, char **argv)
{
    tfd_sys *sys = NULL;
    tfd_err err = {TFD_OK, 0, ""};
    const char *const *arguments;
    tfd_arena arena;
    tfd_status st;
    int code;

#ifdef TFD_NET_INSIDE
    if (argc == 2 && strcmp(argv[1], TFD_NET_PROGRAM) == 0)
        return tfd_net_main();
#endif
    tfd_host_open_streams();
    tfd_arena_init(&arena, 0);
    arguments = tfd_host_arguments(&arena, &argc, argv);
    st = arguments ? tfd_sys_native_new(&sys, &err) : tfd_err_set(&err, TFD_ENOMEM, 0, "out of memory");
    code = tfd_cli_main(st == TFD_OK ? sys : NULL, &err, arguments ? argc : 0, arguments);
    tfd_arena_done(&arena);
    if (st == TFD_OK)
        tfd_sys_native_free(sys);
    return code;
}
