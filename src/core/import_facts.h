/* What the import said: the outcome of the child that tried it (core/import.h). Part of the facts. */
#ifndef TFD_CORE_IMPORT_FACTS_H
#define TFD_CORE_IMPORT_FACTS_H

#include "core/gpu_facts.h"
#include "core/table.h"

typedef enum tfd_import_status { TFD_IMPORT_UNKNOWN, TFD_IMPORT_OK, TFD_IMPORT_FAILS } tfd_import_status;
typedef enum tfd_import_stage {
    TFD_STAGE_NONE,   /* not run */
    TFD_STAGE_START,  /* the interpreter did not get as far as our first line */
    TFD_STAGE_IMPORT, /* the import statement */
    TFD_STAGE_USE,    /* tf.constant, the attribute of a dotted name */
    TFD_STAGE_DONE
} tfd_import_stage;

typedef struct tfd_frame {
    tfd_str file;
    int line;
    tfd_str function;
} tfd_frame;

typedef struct tfd_exception {
    tfd_str type;   /* "ImportError" */
    tfd_str module; /* of the type: "builtins" */
    tfd_str message;
    tfd_str name;        /* ImportError.name, NameError/AttributeError.name */
    tfd_str path;        /* ImportError.path; the source of the byte code in filename */
    tfd_str object;      /* AttributeError: "module numpy" or the type's name */
    tfd_str object_file; /* AttributeError on a module: its __file__ */
    int os_code;         /* OSError.errno; 0: none */
    int winerror;        /* OSError.winerror, Windows' own number; 0: none */
    tfd_str filename;    /* OSError.filename, SyntaxError.filename; byte code that importlib could not read */
    int line;            /* SyntaxError.lineno */
    tfd_frame *frames;   /* outermost first */
    size_t frame_count;
    bool is_context; /* __context__ (raised while handling the next) rather than __cause__ */
} tfd_exception;

typedef struct tfd_loaded_module {
    tfd_str name; /* top-level names, and every module below tensorflow's requirements up to two levels */
    tfd_str file; /* __file__, or the first of __path__ with is_namespace; empty: built in */
    bool is_namespace;
} tfd_loaded_module;

/* What came of loading one DLL by itself, after all that it needs (core/dll_trial.h). */
typedef enum tfd_step_state {
    TFD_STEP_NOT_TRIED,
    TFD_STEP_LOADED,
    TFD_STEP_FAILED,
    TFD_STEP_DIED
} tfd_step_state;

typedef struct tfd_dll_step {
    tfd_str path;
    tfd_step_state state; /* DIED: the process ended while it was loaded */
    int code;             /* FAILED: GetLastError */
    uint32_t fault;       /* exception that its set-up raised, caught or not: 0xC000001D …; 0: none */
} tfd_dll_step;

typedef struct tfd_dll_trial {
    bool ran;
    tfd_dll_step *items; /* in the order of loading; those behind the first that fails are not tried */
    size_t count;
    int exit_code; /* of the process: an NTSTATUS where it died */
    tfd_str why;   /* why nothing can be said; empty: something can */
} tfd_dll_trial;

/* What start-up code did to a variable before the first line of a program. */
typedef struct tfd_import_variable {
    tfd_str name;
    tfd_str value; /* secrets masked */
    bool is_set;   /* false: removed */
} tfd_import_variable;

typedef struct tfd_import {
    tfd_import_status status;
    bool ran; /* a child tried it (else the forecast decided) */
    tfd_import_stage stage;
    int exit_code; /* -1: none */
    int signal;    /* 0: none */
    bool timed_out;
    bool flooded;    /* ended because it sent more than any import does: no Python, or a broken one */
    int start_error; /* errno of exec; 0: started */
    uint64_t wall_us;
    uint64_t peak_bytes;
    tfd_exception *exceptions; /* the one that escaped first, then its causes and contexts */
    size_t exception_count;
    tfd_frame *fatal; /* Python frames at a fatal signal, innermost first */
    size_t fatal_count;
    uint32_t fatal_code;    /* Windows: the last exception that the processor or the system raised, though the
                               loader may have caught it (0xC000001D: illegal instruction); 0: none */
    bool is_namespace;      /* import went well, but the module is an empty namespace package */
    tfd_str module_file;    /* __file__ of the module asked for */
    tfd_str module_version; /* __version__ */
    tfd_str version;        /* of the interpreter, by itself: "3.12.1"; empty: it did not say */
    tfd_str implementation, executable, prefix, base_prefix; /* sys.implementation.name, sys.executable … */
    tfd_str suffix;    /* of its extension modules: ".cpython-312-x86_64-linux-gnu.so" */
    tfd_strs sys_path; /* the real one */
    TFD_TABLE(tfd_import_variable) variables; /* that start-up code changed; complete: the child said all */
    TFD_TABLE(tfd_loaded_module) modules;
    tfd_strs libraries; /* files mapped executable into the child when it reported (order of addresses, on
                           Windows of loading) */
    tfd_gpu_trial gpu;  /* what it did with GPUs after the import */
    tfd_dll_trial dlls; /* Windows: which DLL does not load, where the exception did not say */
    tfd_str out, err;   /* what it printed, capped, secrets masked */
} tfd_import;

#endif
