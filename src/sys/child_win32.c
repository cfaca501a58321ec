#include "sys/child_win32.h"

#include <stdlib.h>
#include <string.h>

#define PSAPI_VERSION 2 /* in kernel32 */
#include <psapi.h>

#define OUTPUT_MAX ((size_t)256 << 10)
#define DATA_MAX ((size_t)8 << 20)
#define SLICE_MS 5u          /* between looks at the pipes */
#define PIPE_SIZE (1u << 20) /* bytes that a child can write between two looks */
#define PIECE ((size_t)64 << 10)
#define DRAIN_MAX 64     /* pieces that are read before looking at the clock again */
#define GONE_US 2000000u /* a process that is not gone by then waits in the kernel; it is given up */
#define STEP_MS 2u
#define KILLED_CODE 1u
#define PROCESSES_MAX 256u

static tfd_child *alive; /* children not yet ended */

/* ---- interruption */

static volatile LONG was_seen; /* 128 and this is the exit code, as shells have it */

static BOOL WINAPI note_event(DWORD event)
{
    switch (event) {
    case CTRL_C_EVENT:
        (void)InterlockedExchange(&was_seen, 2); /* SIGINT */
        return TRUE;
    case CTRL_BREAK_EVENT:
        (void)InterlockedExchange(&was_seen, 15); /* SIGTERM */
        return TRUE;
    default: /* the console or the session ends: so does tfdiag, and with it the job */
        return FALSE;
    }
}

int tfd_win32_interrupted(const tfd_sys *sys)
{
    (void)sys;
    return (int)was_seen;
}

/* ---- start */

static void close_handle(HANDLE *handle)
{
    if (*handle && *handle != INVALID_HANDLE_VALUE)
        (void)CloseHandle(*handle);
    *handle = NULL;
}

static bool open_pipes(tfd_child *child, HANDLE *ends)
{
    for (int i = 0; i < TFD_PIPE_COUNT; i++) {
        if (!CreatePipe(&child->pipes[i], &ends[i], NULL, PIPE_SIZE) ||
            !SetHandleInformation(ends[i], HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT))
            return false;
    }
    return true;
}

static HANDLE make_job(void)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits;
    HANDLE job = CreateJobObjectW(NULL, NULL);

    memset(&limits, 0, sizeof limits);
    limits.BasicLimitInformation.LimitFlags =
        JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
    if (job)
        (void)SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits);
    return job;
}

static void save_console(tfd_child *child)
{
    HANDLE console = GetStdHandle(STD_OUTPUT_HANDLE);

    if (GetConsoleMode(console, &child->console_mode))
        child->console = console;
}

static tfd_child *new_child(const tfd_child_spec *spec)
{
    tfd_child *child = calloc(1, sizeof *child);

    if (!child)
        return NULL;
    child->data_max = spec->data_max ? spec->data_max : DATA_MAX;
    tfd_capture_init(&child->out, spec->output_max ? spec->output_max : OUTPUT_MAX);
    tfd_capture_init(&child->err, spec->output_max ? spec->output_max : OUTPUT_MAX);
    tfd_buf_init(&child->data, child->data_max);
    if (spec->scratch)
        child->scratch = tfd_win32_scratch_new();
    child->job = make_job();
    return child;
}

tfd_status tfd_win32_child_start(const tfd_sys *sys, const tfd_child_spec *spec, tfd_child **out,
                                 tfd_err *err)
{
    HANDLE ends[TFD_PIPE_COUNT] = {NULL, NULL, NULL};
    tfd_child *child = new_child(spec);
    tfd_status st = TFD_OK;
    DWORD code = ERROR_SUCCESS;

    (void)sys;
    if (!child)
        return tfd_err_set(err, TFD_ENOMEM, ERROR_OUTOFMEMORY, "out of memory");
    if (!open_pipes(child, ends)) {
        st = tfd_win32_fail(err, GetLastError(), tfd_str_of(spec->argv[0]), "make pipes for");
    } else {
        save_console(child);
        if (!alive)
            (void)SetConsoleCtrlHandler(note_event, TRUE);
        child->next = alive;
        alive = child;
        child->started_us = tfd_win32_clock_us();
        child->deadline_us =
            child->started_us +
            1000u * (spec->deadline_ms ? spec->deadline_ms : (uint64_t)TFD_CHILD_DEADLINE_MS);
        code = tfd_win32_launch(spec, child, ends);
        child->result.os_code = (int)code;
    }
    for (int i = 0; i < TFD_PIPE_COUNT; i++)
        close_handle(&ends[i]);
    if (st == TFD_OK)
        *out = child;
    else
        tfd_child_free(child);
    return st;
}

/* ---- reading */

/* false when data came in excess. */
static bool take_bytes(tfd_child *child, int which, const char *bytes, size_t n)
{
    size_t room;

    if (which != TFD_PIPE_DATA) {
        tfd_capture_add(which == TFD_PIPE_OUT ? &child->out : &child->err, bytes, n);
        return true;
    }
    room = child->data_max - child->data.len;
    tfd_buf_add(&child->data, bytes, n < room ? n : room);
    return n <= room;
}

/* Reads what lies ready on one pipe; false when data came in excess. */
static bool drain_pipe(tfd_child *child, int which)
{
    char *bytes = malloc(PIECE);
    bool ok = true;

    for (int i = 0; bytes && ok && i < DRAIN_MAX && child->pipes[which]; i++) {
        DWORD ready = 0, n = 0;

        if (!PeekNamedPipe(child->pipes[which], NULL, 0, NULL, &ready, NULL)) {
            close_handle(&child->pipes[which]);
            break;
        }
        if (ready == 0)
            break;
        if (ReadFile(child->pipes[which], bytes, ready < PIECE ? ready : (DWORD)PIECE, &n, NULL))
            ok = take_bytes(child, which, bytes, n);
        else
            close_handle(&child->pipes[which]);
    }
    free(bytes);
    return ok;
}

static bool drain_all(tfd_child *child)
{
    bool ok = true;

    for (int i = 0; i < TFD_PIPE_COUNT; i++)
        if (child->pipes[i])
            ok = drain_pipe(child, i) && ok;
    return ok;
}

/* ---- end */

static void unlink_child(tfd_child *child)
{
    for (tfd_child **at = &alive; *at; at = &(*at)->next)
        if (*at == child) {
            *at = child->next;
            break;
        }
    if (!alive)
        (void)SetConsoleCtrlHandler(note_event, FALSE);
}

static bool has_ended(const tfd_child *child)
{
    return !child->process || WaitForSingleObject(child->process, 0) == WAIT_OBJECT_0;
}

/* The console of the children, which Wine starts in their job. */
static bool is_console_host(DWORD id)
{
    static const WCHAR name[] = L"\\conhost.exe";
    WCHAR path[MAX_PATH + 1];
    DWORD n = MAX_PATH + 1;
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, id);
    bool is = false;

    if (process && QueryFullProcessImageNameW(process, 0, path, &n) && n >= wcslen(name))
        is = _wcsicmp(path + n - wcslen(name), name) == 0;
    if (process)
        (void)CloseHandle(process);
    return is;
}

/* Processes of the job that live, the child itself left out; of many the first PROCESSES_MAX. */
static size_t count_others(const tfd_child *child)
{
    union {
        JOBOBJECT_BASIC_PROCESS_ID_LIST list;
        unsigned char room[sizeof(JOBOBJECT_BASIC_PROCESS_ID_LIST) + PROCESSES_MAX * sizeof(ULONG_PTR)];
    } all;
    DWORD own = child->process ? GetProcessId(child->process) : 0;
    size_t count = 0;

    memset(&all, 0, sizeof all);
    if (!child->job ||
        (!QueryInformationJobObject(child->job, JobObjectBasicProcessIdList, &all, sizeof all, NULL) &&
         GetLastError() != ERROR_MORE_DATA))
        return 0;
    for (DWORD i = 0; i < all.list.NumberOfProcessIdsInList; i++)
        if ((DWORD)all.list.ProcessIdList[i] != own && !is_console_host((DWORD)all.list.ProcessIdList[i]))
            count++;
    return count;
}

/* Ends the whole tree; the number of processes besides the child that were still alive. */
static size_t end_tree(tfd_child *child)
{
    uint64_t until = tfd_win32_clock_us() + GONE_US;
    size_t others = count_others(child);

    if (child->job)
        (void)TerminateJobObject(child->job, KILLED_CODE);
    if (child->process && !has_ended(child)) {
        (void)TerminateProcess(child->process, KILLED_CODE);
        (void)WaitForSingleObject(child->process, GONE_US / 1000u);
    }
    while (count_others(child) && tfd_win32_clock_us() < until)
        Sleep(STEP_MS);
    return others;
}

/* Of the child; of the largest process of its tree where that was larger: python.exe of a virtual environment
 * is a small program that starts the real one. */
static void note_peak(tfd_child *child)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION job;
    PROCESS_MEMORY_COUNTERS memory;
    uint64_t *peak = &child->result.peak_bytes;

    memset(&memory, 0, sizeof memory);
    memset(&job, 0, sizeof job);
    if (child->process && GetProcessMemoryInfo(child->process, &memory, sizeof memory) &&
        memory.PeakWorkingSetSize > *peak)
        *peak = memory.PeakWorkingSetSize;
    if (child->job &&
        QueryInformationJobObject(child->job, JobObjectExtendedLimitInformation, &job, sizeof job, NULL) &&
        job.PeakProcessMemoryUsed > *peak)
        *peak = job.PeakProcessMemoryUsed;
}

/* end: TFD_CHILD_RUNNING where it ended by itself. */
static void finish(tfd_child *child, tfd_child_end end)
{
    tfd_child_result *result = &child->result;
    DWORD code = 0;

    result->left_over = end_tree(child);
    (void)drain_all(child);
    for (int i = 0; i < TFD_PIPE_COUNT; i++)
        close_handle(&child->pipes[i]);
    if (child->console)
        (void)SetConsoleMode(child->console, child->console_mode);
    unlink_child(child);
    result->end = end == TFD_CHILD_RUNNING ? TFD_CHILD_EXITED : end;
    result->code = -1;
    if (!child->process)
        result->end = TFD_CHILD_NO_START;
    else if (end == TFD_CHILD_RUNNING && GetExitCodeProcess(child->process, &code))
        memcpy(&result->code, &code, sizeof code); /* an NTSTATUS keeps its bits */
    tfd_capture_text(&child->out, &child->out_text);
    tfd_capture_text(&child->err, &child->err_text);
    result->out = tfd_buf_get(&child->out_text);
    result->err = tfd_buf_get(&child->err_text);
    result->data = tfd_buf_get(&child->data);
    result->out_total = child->out.total;
    result->err_total = child->err.total;
    result->wall_us = tfd_win32_clock_us() - child->started_us;
    note_peak(child);
}

bool tfd_child_poll(tfd_child *child, uint64_t wait_us)
{
    uint64_t until = tfd_win32_clock_us() + wait_us;

    while (child->result.end == TFD_CHILD_RUNNING) {
        /* Asked before the pipes are: what the child wrote last is in them then. */
        bool ended = has_ended(child);
        uint64_t now;

        if (!drain_all(child)) {
            finish(child, TFD_CHILD_FLOODED);
            break;
        }
        if (ended) {
            finish(child, TFD_CHILD_RUNNING);
            break;
        }
        note_peak(child); /* Wine forgets it at the end */
        now = tfd_win32_clock_us();
        if (now >= child->deadline_us) {
            finish(child, TFD_CHILD_TIMEOUT);
            break;
        }
        if (now >= until || was_seen)
            return false;
        (void)WaitForSingleObject(child->process, until - now < (uint64_t)SLICE_MS * 1000u
                                                      ? (DWORD)((until - now) / 1000u)
                                                      : SLICE_MS);
    }
    return true;
}

void tfd_child_stop(tfd_child *child)
{
    if (child->result.end == TFD_CHILD_RUNNING)
        finish(child, TFD_CHILD_STOPPED);
}

const tfd_child_result *tfd_child_get_result(const tfd_child *child)
{
    return &child->result;
}

void tfd_child_free(tfd_child *child)
{
    if (!child)
        return;
    tfd_child_stop(child);
    close_handle(&child->process);
    close_handle(&child->job);
    tfd_win32_scratch_remove(tfd_str_of(child->scratch));
    tfd_capture_done(&child->out);
    tfd_capture_done(&child->err);
    tfd_buf_done(&child->data);
    tfd_buf_done(&child->out_text);
    tfd_buf_done(&child->err_text);
    free(child->scratch);
    free(child);
}
