/* Secrets in text that came from the machine: reports go into logs that others read, so what looks like a
 * credential is replaced by ***. A rule that hides too much costs a detail, one that hides too little costs a
 * password: names decide where there is one, shapes only where they are unmistakable. Hashes, versions and
 * paths stay. */
#ifndef TFD_CORE_MASK_H
#define TFD_CORE_MASK_H

#include "base/buf.h"

typedef enum tfd_mask_level {
    TFD_MASK_ALL, /* text, facts, messages */
    TFD_MASK_URLS /* commands: only credentials in URLs, everything else is needed as it stands */
} tfd_mask_level;

/* Values that are known to be secret and are replaced wherever they stand, commands included. */
typedef struct tfd_secrets {
    tfd_str *items; /* longest first */
    size_t count;
    size_t capacity;
} tfd_secrets;

/* Takes from an environment ("NAME=value" each) the values of variables whose name says so and the
 * credentials in URLs. Short values and plain words are left out: they would hide half the report. Slices
 * into the environment, the array in arena. false at the arena's limit. */
bool tfd_secrets_read(const tfd_str *environment, size_t count, tfd_arena *arena, tfd_secrets *out);

/* Appends text to out with secrets replaced; secrets may be NULL. */
void tfd_mask_add(tfd_buf *out, tfd_str text, tfd_mask_level level, const tfd_secrets *secrets);

/* Whether a variable, option or key of that name holds a secret: *TOKEN*, *PASSWORD*, *SECRET*, *_KEY … */
bool tfd_mask_is_secret_name(tfd_str name);

#endif
