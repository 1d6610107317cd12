/* Thread pool objects: work, timers, waits, cleanup groups. What they do is documented; no rule of
 * ports.md is about them. */
#include "handles.h"
#include "pools.h"

static volatile LONG calls, cancels;
static HANDLE gate, begun;

static void reset(void)
{
    calls = cancels = 0;
    ResetEvent(gate);
    ResetEvent(begun);
}

static void CALLBACK count_work(TP_CALLBACK_INSTANCE *instance, void *context, TP_WORK *work)
{
    (void)instance;
    (void)work;
    InterlockedIncrement((volatile LONG *)context);
}

static void CALLBACK block_work(TP_CALLBACK_INSTANCE *instance, void *context, TP_WORK *work)
{
    (void)instance;
    (void)work;
    InterlockedIncrement((volatile LONG *)context);
    SetEvent(begun);
    waited(gate);
}

static void work_runs_as_often_as_it_is_submitted(void)
{
    TP_WORK *work = CreateThreadpoolWork(count_work, (void *)&calls, NULL);
    int i;

    reset();
    ok(work != NULL, "error %u", (unsigned)GetLastError());
    WaitForThreadpoolWorkCallbacks(work, FALSE);
    for (i = 0; i < 100; i++) SubmitThreadpoolWork(work);
    WaitForThreadpoolWorkCallbacks(work, FALSE);
    ok(calls == 100, "%d calls", (int)calls);
    for (i = 0; i < 10; i++) SubmitThreadpoolWork(work);
    CloseThreadpoolWork(work);
    ok(counts(&calls, 110), "closing cancels: %d calls", (int)calls);
}

static void all_that_block_run_at_once(void)
{
    TP_WORK *work = CreateThreadpoolWork(block_work, (void *)&calls, NULL);
    int i;

    reset();
    for (i = 0; i < 16; i++) SubmitThreadpoolWork(work);
    ok(counts(&calls, 16), "%d of 16 run", (int)calls);
    SetEvent(gate);
    WaitForThreadpoolWorkCallbacks(work, FALSE);
    CloseThreadpoolWork(work);
}

/* Win32 cannot tell that a thread has come to rest in a wait. */
static DWORD CALLBACK open_later(void *unused)
{
    (void)unused;
    Sleep(300);
    SetEvent(gate);
    return 0;
}

static void what_has_not_begun_can_be_cancelled(void)
{
    TP_CALLBACK_ENVIRON environment;
    TP_POOL *pool = CreateThreadpool(NULL);
    TP_WORK *work;
    HANDLE thread;
    int i;

    reset();
    ok(pool != NULL, "error %u", (unsigned)GetLastError());
    SetThreadpoolThreadMaximum(pool, 1);
    InitializeThreadpoolEnvironment(&environment);
    SetThreadpoolCallbackPool(&environment, pool);
    work = CreateThreadpoolWork(block_work, (void *)&calls, &environment);
    for (i = 0; i < 5; i++) SubmitThreadpoolWork(work);
    ok(waited(begun), "never begun");
    thread = CreateThread(NULL, 0, open_later, NULL, 0, NULL);
    WaitForThreadpoolWorkCallbacks(work, TRUE);
    ok(calls == 1, "%d calls", (int)calls);
    SubmitThreadpoolWork(work);
    WaitForThreadpoolWorkCallbacks(work, FALSE);
    ok(calls == 2, "%d calls after one more", (int)calls);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    CloseThreadpoolWork(work);
    CloseThreadpool(pool);
    DestroyThreadpoolEnvironment(&environment);
}

static void CALLBACK simple(TP_CALLBACK_INSTANCE *instance, void *context)
{
    HANDLE *handles = context;

    if (handles[0]) SetEventWhenCallbackReturns(instance, handles[0]);
    if (handles[2]) {
        WaitForSingleObject(handles[2], INFINITE);
        ReleaseMutexWhenCallbackReturns(instance, handles[2]);
    }
    if (handles[1]) ReleaseSemaphoreWhenCallbackReturns(instance, handles[1], 3);
    ok(CallbackMayRunLong(instance), "nobody else is there");
    InterlockedIncrement(&calls);
}

static void what_follows_a_callback(void)
{
    HANDLE handles[3];
    LONG before = -1;

    reset();
    handles[0] = make_event(FALSE, FALSE);
    handles[1] = CreateSemaphoreW(NULL, 0, 10, NULL);
    handles[2] = CreateMutexW(NULL, FALSE, NULL);
    ok(TrySubmitThreadpoolCallback(simple, handles, NULL), "error %u", (unsigned)GetLastError());
    ok(waited(handles[0]), "no event");
    ok(waited(handles[1]), "no semaphore");
    ok(ReleaseSemaphore(handles[1], 1, &before) && before == 2, "count %d", (int)before);
    ok(waited(handles[2]) && ReleaseMutex(handles[2]), "the mutex is not free");
    CloseHandle(handles[0]);
    CloseHandle(handles[1]);
    CloseHandle(handles[2]);
}

static void CALLBACK independent(TP_CALLBACK_INSTANCE *instance, void *context, TP_WORK *work)
{
    (void)context;
    (void)work;
    DisassociateCurrentThreadFromCallback(instance);
    SetEvent(begun);
    waited(gate);
    InterlockedIncrement(&calls);
}

static void nobody_waits_for_an_independent_callback(void)
{
    TP_WORK *work = CreateThreadpoolWork(independent, NULL, NULL);

    reset();
    SubmitThreadpoolWork(work);
    ok(waited(begun), "never begun");
    WaitForThreadpoolWorkCallbacks(work, FALSE);
    ok(calls == 0, "it has ended");
    SetEvent(gate);
    CloseThreadpoolWork(work);
    ok(counts(&calls, 1), "it never ends");
}

static void CALLBACK cancelled(void *object, void *context)
{
    ok(object == (void *)&calls && context == (void *)0x1234, "%p %p", object, context);
    InterlockedIncrement(&cancels);
}

static void a_group_closes_its_members(void)
{
    TP_CALLBACK_ENVIRON environment;
    TP_CLEANUP_GROUP *group = CreateThreadpoolCleanupGroup();
    TP_POOL *pool = CreateThreadpool(NULL);
    TP_WORK *work[3];
    HANDLE thread;
    int i;

    reset();
    SetThreadpoolThreadMaximum(pool, 1);
    InitializeThreadpoolEnvironment(&environment);
    SetThreadpoolCallbackPool(&environment, pool);
    SetThreadpoolCallbackCleanupGroup(&environment, group, cancelled);
    for (i = 0; i < 3; i++)
        work[i] = CreateThreadpoolWork(block_work, (void *)&calls, &environment);
    CloseThreadpoolWork(work[2]);
    SubmitThreadpoolWork(work[0]);
    ok(waited(begun), "never begun");
    SubmitThreadpoolWork(work[1]);
    thread = CreateThread(NULL, 0, open_later, NULL, 0, NULL);
    CloseThreadpoolCleanupGroupMembers(group, TRUE, (void *)0x1234);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    ok(calls == 1 && cancels == 2, "%d calls, %d cancelled", (int)calls, (int)cancels);
    work[0] = CreateThreadpoolWork(count_work, (void *)&calls, &environment);
    for (i = 0; i < 10; i++) SubmitThreadpoolWork(work[0]);
    CloseThreadpoolCleanupGroupMembers(group, FALSE, NULL);
    ok(calls == 11 && cancels == 2, "%d calls, %d cancelled", (int)calls, (int)cancels);
    CloseThreadpoolCleanupGroup(group);
    CloseThreadpool(pool);
}

static void CALLBACK ring(TP_CALLBACK_INSTANCE *instance, void *context, TP_TIMER *timer)
{
    (void)instance;
    (void)timer;
    InterlockedIncrement((volatile LONG *)context);
}

static void timers_ring(void)
{
    TP_TIMER *timer = CreateThreadpoolTimer(ring, (void *)&calls, NULL);
    FILETIME due = after_ms(10), now = { 0, 0 };
    LONG seen;

    reset();
    ok(timer != NULL, "error %u", (unsigned)GetLastError());
    ok(!IsThreadpoolTimerSet(timer), "a new timer is set");
    SetThreadpoolTimer(timer, &due, 0, 0);
    ok(IsThreadpoolTimerSet(timer), "not set");
    ok(counts(&calls, 1), "%d calls", (int)calls);
    Sleep(30);
    ok(calls == 1, "%d calls", (int)calls);
    SetThreadpoolTimer(timer, &now, 0, 0);
    ok(counts(&calls, 2), "%d calls: a time of zero is now", (int)calls);
    SetThreadpoolTimer(timer, &due, 5, 0);
    ok(counts(&calls, 5), "%d calls", (int)calls);
    SetThreadpoolTimer(timer, NULL, 0, 0);
    ok(!IsThreadpoolTimerSet(timer), "set");
    WaitForThreadpoolTimerCallbacks(timer, TRUE);
    seen = calls;
    Sleep(30);
    ok(calls == seen, "it still rings");
    CloseThreadpoolTimer(timer);
}

static volatile LONG results[2];

static void CALLBACK tell(TP_CALLBACK_INSTANCE *instance, void *context, TP_WAIT *wait,
                          TP_WAIT_RESULT result)
{
    (void)instance;
    (void)context;
    (void)wait;
    InterlockedIncrement(&results[result == WAIT_OBJECT_0 ? 0 : 1]);
    if (result != WAIT_OBJECT_0) ok(result == WAIT_TIMEOUT, "result %u", (unsigned)result);
}

static void waits_call_once_for_each_time_they_are_set(void)
{
    TP_WAIT *wait = CreateThreadpoolWait(tell, NULL, NULL);
    HANDLE event = make_event(FALSE, FALSE);
    FILETIME soon = after_ms(10), never = after_ms(3600 * 1000), now = { 0, 0 };

    results[0] = results[1] = 0;
    SetThreadpoolWait(wait, event, NULL);
    SetEvent(event);
    ok(counts(&results[0], 1), "%d signals", (int)results[0]);
    SetEvent(event);
    Sleep(30);
    ok(results[0] == 1 && is_signaled(event), "it waits though it was not set again");
    SetEvent(event);
    SetThreadpoolWait(wait, event, &never);
    ok(counts(&results[0], 2), "%d signals", (int)results[0]);
    SetThreadpoolWait(wait, event, &soon);
    ok(counts(&results[1], 1), "%d times", (int)results[1]);
    SetThreadpoolWait(wait, event, &now);
    ok(counts(&results[1], 2), "%d times", (int)results[1]);
    SetThreadpoolWait(wait, event, NULL);
    SetThreadpoolWait(wait, NULL, NULL);
    WaitForThreadpoolWaitCallbacks(wait, TRUE);
    SetEvent(event);
    ok(is_signaled(event), "it waits though that was taken away");
    ok(results[0] == 2 && results[1] == 2, "%d and %d", (int)results[0], (int)results[1]);
    CloseThreadpoolWait(wait);
    CloseHandle(event);
}

int main(void)
{
    gate = make_event(TRUE, FALSE);
    begun = make_event(TRUE, FALSE);
    RUN(work_runs_as_often_as_it_is_submitted);
    RUN_WINE_FAILS(all_that_block_run_at_once, "the number of threads does not follow");
    RUN(what_has_not_begun_can_be_cancelled);
    RUN(what_follows_a_callback);
    RUN(nobody_waits_for_an_independent_callback);
    RUN(a_group_closes_its_members);
    RUN(timers_ring);
    RUN(waits_call_once_for_each_time_they_are_set);
    return conform_end();
}
