/* The transfer program where it is one of its own. */
#include "sys/net/wire.h"

int main(void)
{
    return tfd_net_main();
}
