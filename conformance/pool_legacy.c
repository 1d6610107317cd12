/* The older thread pool functions: work items, registered waits, timer queues. */
#include "handles.h"
#include "pools.h"

static volatile LONG calls, late;

static DWORD CALLBACK item(void *context)
{
    InterlockedIncrement((volatile LONG *)context);
    return 0;
}

static void work_items_run(void)
{
    ULONG flags[] = { WT_EXECUTEDEFAULT, WT_EXECUTELONGFUNCTION, WT_EXECUTEINPERSISTENTTHREAD };
    int i;

    calls = 0;
    for (i = 0; i < 30; i++)
        ok(QueueUserWorkItem(item, (void *)&calls, flags[i % 3]), "%u", (unsigned)GetLastError());
    ok(counts(&calls, 30), "%d calls", (int)calls);
}

static void CALLBACK signaled(void *context, BOOLEAN timed_out)
{
    (void)context;
    InterlockedIncrement(timed_out ? &late : &calls);
}

static void registered_waits_repeat(void)
{
    HANDLE event = make_event(FALSE, FALSE), wait = NULL;
    int i;

    calls = late = 0;
    ok(RegisterWaitForSingleObject(&wait, event, signaled, NULL, INFINITE, 0), "error %u",
       (unsigned)GetLastError());
    for (i = 1; i <= 3; i++) {
        SetEvent(event);
        ok(counts(&calls, i), "%d calls", (int)calls);
    }
    ok(UnregisterWaitEx(wait, INVALID_HANDLE_VALUE), "error %u", (unsigned)GetLastError());
    SetEvent(event);
    ok(is_signaled(event) && calls == 3 && late == 0, "%d calls", (int)calls);
    CloseHandle(event);
}

static void registered_waits_time_out(void)
{
    HANDLE event = make_event(FALSE, FALSE), wait = NULL, done = make_event(FALSE, FALSE);
    LONG seen;

    calls = late = 0;
    ok(RegisterWaitForSingleObject(&wait, event, signaled, NULL, 10, WT_EXECUTEONLYONCE), "%u",
       (unsigned)GetLastError());
    ok(counts(&late, 1), "%d times", (int)late);
    Sleep(50);
    ok(late == 1, "%d times", (int)late);
    ok(UnregisterWait(wait) || GetLastError() == ERROR_IO_PENDING, "%u", (unsigned)GetLastError());
    ok(RegisterWaitForSingleObject(&wait, event, signaled, NULL, 5, WT_EXECUTEINWAITTHREAD), "%u",
       (unsigned)GetLastError());
    WINE_DIFFERS("the time is up once only")
    ok(counts(&late, 4), "%d times", (int)late);
    ok(UnregisterWaitEx(wait, done) || GetLastError() == ERROR_IO_PENDING, "error %u",
       (unsigned)GetLastError());
    ok(waited(done), "the end is not told");
    seen = late;
    Sleep(30);
    ok(late == seen && calls == 0, "it goes on");
    CloseHandle(done);
    CloseHandle(event);
}

static HANDLE gate, begun;

static void CALLBACK block(void *context, BOOLEAN timed_out)
{
    (void)context;
    ok(timed_out, "a timer has fired");
    SetEvent(begun);
    waited(gate);
    InterlockedIncrement(&calls);
}

static void CALLBACK ring(void *context, BOOLEAN timed_out)
{
    (void)context;
    ok(timed_out, "a timer has fired");
    InterlockedIncrement(&calls);
}

static void timers_of_queues(void)
{
    HANDLE queue = CreateTimerQueue(), once = NULL, again = NULL;

    calls = 0;
    ok(queue != NULL, "error %u", (unsigned)GetLastError());
    ok(CreateTimerQueueTimer(&once, queue, ring, NULL, 10, 0, 0), "%u", (unsigned)GetLastError());
    ok(counts(&calls, 1), "%d calls", (int)calls);
    ok(ChangeTimerQueueTimer(queue, once, 0, 0), "error %u", (unsigned)GetLastError());
    Sleep(30);
    ok(calls == 1, "a timer that has rung for good is set again");
    ok(CreateTimerQueueTimer(&again, queue, ring, NULL, 0, 5, WT_EXECUTEINTIMERTHREAD), "%u",
       (unsigned)GetLastError());
    ok(counts(&calls, 4), "%d calls", (int)calls);
    ok(ChangeTimerQueueTimer(queue, again, 3600000, 0), "error %u", (unsigned)GetLastError());
    ok(DeleteTimerQueueTimer(queue, again, INVALID_HANDLE_VALUE), "%u", (unsigned)GetLastError());
    ok(DeleteTimerQueueEx(queue, INVALID_HANDLE_VALUE), "error %u", (unsigned)GetLastError());
    calls = 0;
    ok(CreateTimerQueueTimer(&once, NULL, ring, NULL, 1, 0, 0), "%u", (unsigned)GetLastError());
    ok(counts(&calls, 1), "%d calls", (int)calls);
    ok(DeleteTimerQueueTimer(NULL, once, INVALID_HANDLE_VALUE), "%u", (unsigned)GetLastError());
}

static void deleting_a_timer_whose_callback_runs(void)
{
    HANDLE queue = CreateTimerQueue(), timer = NULL, done = make_event(TRUE, FALSE);

    calls = 0;
    ResetEvent(gate);
    ResetEvent(begun);
    CreateTimerQueueTimer(&timer, queue, block, NULL, 1, 0, 0);
    ok(waited(begun), "never begun");
    ok_fails(DeleteTimerQueueTimer(queue, timer, NULL), ERROR_IO_PENDING);
    SetEvent(gate);
    ok(counts(&calls, 1), "%d calls", (int)calls);
    ResetEvent(gate);
    ResetEvent(begun);
    CreateTimerQueueTimer(&timer, queue, block, NULL, 1, 0, 0);
    ok(waited(begun), "never begun");
    ok_fails(DeleteTimerQueueEx(queue, done), ERROR_IO_PENDING);
    WINE_DIFFERS("the event does not wait for the callback")
    ok(!is_signaled(done), "too early");
    SetEvent(gate);
    ok(waited(done), "the end is not told");
    ok(calls == 2, "%d calls", (int)calls);
    CloseHandle(done);
}

/* Rules: HND-100 */
static void hnd_100_they_are_no_handles(void)
{
    HANDLE event = make_event(FALSE, FALSE), wait = NULL, queue = CreateTimerQueue();
    HANDLE other = NULL;

    RegisterWaitForSingleObject(&wait, event, signaled, NULL, INFINITE, 0);
    ok_fails(CloseHandle(wait), ERROR_INVALID_HANDLE);
    ok_fails(CloseHandle(queue), ERROR_INVALID_HANDLE);
    ok_fails(UnregisterWait(NULL), ERROR_INVALID_HANDLE);
    ok_fails(DeleteTimerQueueEx(NULL, NULL), ERROR_INVALID_HANDLE);
    ok_fails(DeleteTimerQueueTimer(queue, NULL, NULL), ERROR_INVALID_PARAMETER);
    WINE_DIFFERS("a bad handle is noticed later")
    ok_fails(RegisterWaitForSingleObject(&other, closed_handle(), signaled, NULL, 0, 0),
             ERROR_INVALID_HANDLE);
    ok(UnregisterWaitEx(wait, INVALID_HANDLE_VALUE), "error %u", (unsigned)GetLastError());
    DeleteTimerQueueEx(queue, INVALID_HANDLE_VALUE);
    CloseHandle(event);
}

int main(void)
{
    gate = make_event(TRUE, FALSE);
    begun = make_event(TRUE, FALSE);
    RUN(work_items_run);
    RUN(registered_waits_repeat);
    RUN(registered_waits_time_out);
    RUN(timers_of_queues);
    RUN(deleting_a_timer_whose_callback_runs);
    RUN(hnd_100_they_are_no_handles);
    return conform_end();
}
