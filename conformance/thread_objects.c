/* Threads as objects: handles.md HND-101, HND-62, HND-107 and neighbours. */
#include "handles.h"

#include <process.h>

static volatile LONG go;

static DWORD WINAPI return_when_told(void *code)
{
    while (!go) Sleep(1);
    return (DWORD)(ULONG_PTR)code;
}

static DWORD WINAPI exit_when_told(void *code)
{
    while (!go) Sleep(1);
    ExitThread((DWORD)(ULONG_PTR)code);
    return 1;
}

static HANDLE start(LPTHREAD_START_ROUTINE routine, DWORD code)
{
    HANDLE thread;

    go = 0;
    thread = CreateThread(NULL, 0, routine, (void *)(ULONG_PTR)code, 0, NULL);
    ok(thread != NULL, "no thread: %u", (unsigned)GetLastError());
    return thread;
}

/* Rules: HND-101, HND-62 */
static void hnd_101_a_thread_signals_at_its_end(void)
{
    static const DWORD codes[] = { 0, 42, 0xffffffff, 0x80000000 };
    DWORD code;
    int i;

    for (i = 0; i < 8; i++) {
        HANDLE thread = start(i % 2 ? exit_when_told : return_when_told, codes[i / 2]);

        code = UNTOUCHED;
        ok(GetExitCodeThread(thread, &code) && code == STILL_ACTIVE, "running: %#x",
           (unsigned)code);
        ok(WaitForSingleObject(thread, 20) == WAIT_TIMEOUT, "signaled while running");
        go = 1;
        ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "no end");
        ok(is_signaled(thread) && is_signaled(thread), "it stays signaled");
        ok(GetExitCodeThread(thread, &code) && code == codes[i / 2], "code %#x, expected %#x",
           (unsigned)code, (unsigned)codes[i / 2]);
        CloseHandle(thread);
    }
}

/* Rules: HND-29, HND-61 */
static void hnd_029_closing_the_handle_does_not_end_the_thread(void)
{
    HANDLE thread = start(return_when_told, 5), copy = duplicate(thread);

    CloseHandle(thread);
    ok(WaitForSingleObject(copy, MOMENT) == WAIT_TIMEOUT, "the thread is gone");
    go = 1;
    ok(WaitForSingleObject(copy, LIMIT) == WAIT_OBJECT_0, "no end");
    CloseHandle(copy);
}

static void wait_for_a_handle(struct actor *actor)
{
    actor->packet.error = WaitForSingleObject(actor->handle, actor->milliseconds);
}

static void hnd_101_the_end_releases_all_waiters(void)
{
    HANDLE thread = start(return_when_told, 0);
    struct actor waiters[3];
    int i;

    for (i = 0; i < 3; i++) {
        actor_start(&waiters[i], NULL, FALSE);
        waiters[i].handle = thread;
        actor_begin(&waiters[i], wait_for_a_handle);
    }
    settle();
    go = 1;
    for (i = 0; i < 3; i++) {
        ok(actor_ends(&waiters[i], LIMIT / 2) && waiters[i].packet.error == WAIT_OBJECT_0,
           "waiter %d: %#x", i, (unsigned)waiters[i].packet.error);
        actor_stop(&waiters[i]);
    }
    CloseHandle(thread);
}

static void hnd_101_many_threads(void)
{
    HANDLE threads[MAXIMUM_WAIT_OBJECTS];
    DWORD code;
    int i, wrong = 0;

    go = 0;
    for (i = 0; i < MAXIMUM_WAIT_OBJECTS; i++)
        threads[i] = CreateThread(NULL, 0, return_when_told, (void *)(ULONG_PTR)i, 0, NULL);
    ok(WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS, threads, FALSE, 0) == WAIT_TIMEOUT,
       "all are running");
    go = 1;
    ok(WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS, threads, TRUE, 2 * LIMIT) == WAIT_OBJECT_0,
       "not all end");
    for (i = 0; i < MAXIMUM_WAIT_OBJECTS; i++) {
        wrong += !GetExitCodeThread(threads[i], &code) || code != (DWORD)i;
        CloseHandle(threads[i]);
    }
    ok(!wrong, "%d wrong exit codes", wrong);
}

static void hnd_101_a_suspended_thread_starts_when_it_is_resumed(void)
{
    HANDLE thread;

    go = 1;
    thread = CreateThread(NULL, 0, return_when_told, (void *)3, CREATE_SUSPENDED, NULL);
    ok(thread != NULL, "no thread: %u", (unsigned)GetLastError());
    ok(WaitForSingleObject(thread, MOMENT) == WAIT_TIMEOUT, "it runs");
    ok(ResumeThread(thread) == 1, "the count was not 1");
    ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "no end");
    CloseHandle(thread);
    thread = start(return_when_told, 0);
    ok(ResumeThread(thread) == 0, "the count of a running thread was not 0");
    go = 1;
    ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "no end");
    CloseHandle(thread);
}

static volatile DWORD seen_id;

static DWORD WINAPI tell_id(void *unused)
{
    (void)unused;
    seen_id = GetCurrentThreadId();
    return 0;
}

static void hnd_101_thread_ids(void)
{
    DWORD id = 0;
    HANDLE thread = CreateThread(NULL, 0, tell_id, NULL, 0, &id);

    ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "no end");
    ok(id && id == seen_id && id != GetCurrentThreadId(), "%u, %u", (unsigned)id,
       (unsigned)seen_id);
    CloseHandle(thread);
}

static void hnd_055_exit_code_of_bad_handles(void)
{
    HANDLE event = make_event(FALSE, FALSE);
    DWORD code = UNTOUCHED;

    ok_fails(GetExitCodeThread(NULL, &code), ERROR_INVALID_HANDLE);
    ok_fails(GetExitCodeThread(closed_handle(), &code), ERROR_INVALID_HANDLE);
    ok_fails(GetExitCodeThread(event, &code), ERROR_INVALID_HANDLE);
    ok(code == UNTOUCHED, "written on failure");
    CloseHandle(event);
}

static unsigned __stdcall crt_thread(void *code)
{
    while (!go) Sleep(1);
    if ((ULONG_PTR)code == 8) _endthreadex(8);
    return (unsigned)(ULONG_PTR)code;
}

static void hnd_107_beginthreadex_leaves_its_handle_open(void)
{
    unsigned code;

    for (code = 7; code <= 8; code++) {
        DWORD result = UNTOUCHED;
        unsigned id = 0;
        HANDLE thread;

        go = 0;
        thread = (HANDLE)_beginthreadex(NULL, 0, crt_thread, (void *)(ULONG_PTR)code, 0, &id);
        ok(thread && id, "no thread");
        go = 1;
        ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "no end");
        ok(GetExitCodeThread(thread, &result) && result == code, "code %u", (unsigned)result);
        ok(CloseHandle(thread), "the handle was closed: %u", (unsigned)GetLastError());
    }
}

static DWORD WINAPI set_last_error(void *event)
{
    SetLastError(1234);
    SetEvent(event);
    while (!go) Sleep(1);
    return GetLastError();
}

/* The last error belongs to the thread. */
static void hnd_013_each_thread_has_its_last_error(void)
{
    HANDLE event = make_event(TRUE, FALSE), thread;
    DWORD code = 0;

    go = 0;
    thread = CreateThread(NULL, 0, set_last_error, event, 0, NULL);
    ok(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0, "no start");
    SetLastError(77);
    go = 1;
    ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "no end");
    ok(GetLastError() == 77, "last error %u", (unsigned)GetLastError());
    ok(GetExitCodeThread(thread, &code) && code == 1234, "code %u", (unsigned)code);
    CloseHandle(thread);
    CloseHandle(event);
}

int main(void)
{
    RUN(hnd_013_each_thread_has_its_last_error);
    RUN(hnd_029_closing_the_handle_does_not_end_the_thread);
    RUN(hnd_055_exit_code_of_bad_handles);
    RUN(hnd_101_a_thread_signals_at_its_end);
    RUN(hnd_101_the_end_releases_all_waiters);
    RUN(hnd_101_many_threads);
    RUN(hnd_101_a_suspended_thread_starts_when_it_is_resumed);
    RUN(hnd_101_thread_ids);
    RUN(hnd_107_beginthreadex_leaves_its_handle_open);
    return conform_end();
}
