/* Which DLL is it? Windows says that an extension module cannot be loaded, not which of the files that it
 * needs failed (error 126 names the module, 1114 nothing at all). A supervised child, the interpreter that is
 * examined itself (isolated, without site: its own folder and its own vcruntime140.dll count), loads the
 * files one by one in the order in which the loader would set them up. */
#ifndef TFD_CORE_DLL_TRIAL_H
#define TFD_CORE_DLL_TRIAL_H

#include "core/facts.h"

#define TFD_DLL_TRIAL_DEADLINE_MS 60000u

/* Whether the import failed in a way that such a trial can explain: while an extension module was loaded. */
bool tfd_dll_trial_is_wanted(const tfd_facts *facts);

/* The files to load, in order: what a module needs before the module itself. From the tables of native code;
 * DLLs of Windows are left out, those of the Visual C++ run time are not. Empty where the tables do not know
 * the module. TFD_ENOMEM. */
tfd_status tfd_dll_trial_plan(const tfd_facts *facts, tfd_arena *arena, tfd_strs *out);

/* Runs it and puts the outcome into facts->import.dlls. Waits for the end; sooner if the user asks to stop
 * (sys->interrupted). TFD_EUNSUPPORTED where nothing can be run, TFD_ENOMEM. */
tfd_status tfd_dll_trial_run(const tfd_sys *sys, tfd_arena *arena, tfd_facts *facts, tfd_err *err);

/* What the child wrote, for the files of the plan. TFD_ENOMEM is the only failure. */
tfd_status tfd_dll_trial_read(tfd_arena *arena, tfd_str data, const tfd_strs *plan, tfd_dll_trial *out);

#endif
