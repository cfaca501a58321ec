/* What is wrong with a DLL of the Visual C++ run time, and whose cause it is; shared by the check of the run
 * time, the check of native code and the check of the import's own error, so that evidence adds up. */
#ifndef TFD_CHECKS_VCRUNTIME_BLAME_H
#define TFD_CHECKS_VCRUNTIME_BLAME_H

#include "core/check.h"

typedef enum tfd_vc_fault {
    TFD_VC_FINE,
    TFD_VC_UNKNOWN,  /* the tables cannot say */
    TFD_VC_MISSING,  /* nowhere the loader looks */
    TFD_VC_LATER,    /* missing, and the redistributable that is installed is from before it existed */
    TFD_VC_DAMAGED,  /* the copy that is found first cannot be loaded */
    TFD_VC_OLD,      /* the copy that is found first is too old for a module that needs it */
    TFD_VC_MAYBE_OLD /* … may be: its version lies between those that are known */
} tfd_vc_fault;

typedef struct tfd_vc_state {
    tfd_vc_fault fault;
    tfd_str name;
    const tfd_runtime *copy;   /* that is found first; NULL: none */
    const tfd_runtime *system; /* the copy in System32, if it can be loaded; NULL: there is none */
    const tfd_object *needs;   /* OLD: a module that needs a newer one */
} tfd_vc_state;

/* By the name of the DLL; one that is none of the run time's is TFD_VC_FINE. */
tfd_vc_state tfd_vc_state_of(const tfd_view *view, tfd_str name);
/* Version of the Visual C++ run time that the system has, by its files, else by what the registry says;
 * empty: none, or unknown. */
tfd_str tfd_vc_installed(const tfd_view *view);
/* The finding for a state: cause, subject, path, text and source. Cause TFD_CAUSE_COUNT for FINE and UNKNOWN.
 */
tfd_finding tfd_vc_finding(const tfd_view *view, const tfd_vc_state *state, tfd_arena *arena);

#endif
