/* pyvenv.cfg, patchlevel.h, names and literals that tell a version: the bytes are each in turn. */
#include <stdint.h>

#include "python/name.h"
#include "python/pyvenv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tfd_str text = {(const char *)data, size};
    tfd_pyversion version;
    tfd_pyvenv cfg;
    tfd_pyname name;

    tfd_pyvenv_parse(text, &cfg);
    (void)tfd_pyversion_parse(cfg.version, &version);
    (void)tfd_pyversion_parse(text, &version);
    (void)tfd_pyversion_in_patchlevel(text, &version);
    (void)tfd_pyversion_in_literals(text, 3, 12, &version);
    (void)tfd_pyname_parse(text, &name);
    (void)tfd_pyname_parse_lib(text, &name);
    return 0;
}
