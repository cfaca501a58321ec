/* What the rules share that read exceptions: the reading itself, and the few questions every rule asks. A
 * rule answers whether it understood the exception; exception_blame.c calls them in order. */
#ifndef TFD_CHECKS_EXCEPTION_RULES_H
#define TFD_CHECKS_EXCEPTION_RULES_H

#include "checks/exception_blame.h"

typedef struct tfd_reading {
    const tfd_view *view;
    const tfd_exception *exc;
    int less; /* how much less this exception of the chain counts */
    tfd_findings *out;
} tfd_reading;

/* Adds a finding with the exception's first line as its text; false for "nobody" (TFD_CAUSE_COUNT). */
bool tfd_reading_add(const tfd_reading *r, tfd_finding finding);
/* Whether the message holds these words. */
bool tfd_reading_says(const tfd_reading *r, const char *words);
/* The file that ran the statement which raised: the innermost frame outside of the import system. */
tfd_str tfd_reading_raising_file(const tfd_exception *exc);
/* As tfd_blame_file, but a module of the user's own that hides nothing is no shadow. */
tfd_finding tfd_reading_blame_file(const tfd_view *view, tfd_str path, int weight);

/* exception_startup.c: what .pth files, sitecustomize and usercustomize set up. */
bool tfd_rule_startup(const tfd_reading *r);

/* exception_system.c: memory, native files, error numbers, variables, interrupts. */
bool tfd_rule_memory(const tfd_reading *r);
bool tfd_rule_native(const tfd_reading *r);
bool tfd_rule_os_error(const tfd_reading *r);
bool tfd_rule_variable(const tfd_reading *r);
bool tfd_rule_warning(const tfd_reading *r);
bool tfd_rule_interrupt(const tfd_reading *r);

/* exception_windows.c: DLLs, TensorFlow's own check of the run time, other numbers of Windows. */
bool tfd_rule_dll(const tfd_reading *r);
bool tfd_rule_self_check(const tfd_reading *r);
bool tfd_rule_winerror(const tfd_reading *r);

/* exception_modules.c: modules, names and attributes that are not there. */
bool tfd_rule_no_module(const tfd_reading *r);
bool tfd_rule_no_name(const tfd_reading *r);
bool tfd_rule_attribute(const tfd_reading *r);

#endif
