/* Waitable timers with completion routines: handles.md, HND-99, and what HND-98 says of them. */
#include "calls.h"

#define MILLISECONDS(n) ((n) * -10000LL)

static LONGLONG told;
static DWORD caller;

static VOID CALLBACK note_timer(LPVOID letter, DWORD low, DWORD high)
{
    note((ULONG_PTR)letter);
    told = (LONGLONG)high << 32 | low;
    caller = GetCurrentThreadId();
}

static LONGLONG now(void)
{
    FILETIME time;

    GetSystemTimeAsFileTime(&time);
    return (LONGLONG)time.dwHighDateTime << 32 | time.dwLowDateTime;
}

static HANDLE make_timer(void)
{
    HANDLE timer = CreateWaitableTimerW(NULL, TRUE, NULL);

    ok(timer != NULL, "error %u", (unsigned)GetLastError());
    return timer;
}

static void set_timer(HANDLE timer, LONGLONG due, LONG period, char letter)
{
    LARGE_INTEGER time;

    time.QuadPart = due;
    ok(SetWaitableTimer(timer, &time, period, letter ? note_timer : NULL,
                        (void *)(ULONG_PTR)letter, FALSE),
       "error %u", (unsigned)GetLastError());
}

/* Rules: HND-99 */
static void hnd_099_the_thread_that_has_set_it_makes_the_call(void)
{
    HANDLE timer = make_timer();
    LONGLONG begin = now();

    forget();
    set_timer(timer, MILLISECONDS(20), 0, 'a');
    ok(SleepEx(INFINITE, TRUE) == WAIT_IO_COMPLETION, "the call does not end the wait");
    ok_ran("a");
    ok(caller == GetCurrentThreadId(), "another thread made it");
    WINE_DIFFERS("the time is another")
    ok(told >= begin + 190000 && told <= now(), "due %d after the start", (int)(told - begin));
    ok(is_signaled(timer), "not signaled");
    CloseHandle(timer);
}

static void hnd_099_only_alertable_waits_make_it(void)
{
    HANDLE timer = make_timer();

    forget();
    set_timer(timer, MILLISECONDS(1), 0, 'a');
    ok(WaitForSingleObject(timer, LIMIT) == WAIT_OBJECT_0, "never");
    Sleep(20);
    ok_ran("");
    ok(SleepEx(0, TRUE) == WAIT_IO_COMPLETION, "the call is gone");
    ok_ran("a");
    CloseHandle(timer);
}

static void hnd_099_periods_call_again_but_are_queued_once(void)
{
    HANDLE timer = make_timer();

    forget();
    set_timer(timer, MILLISECONDS(1), 2, 'p');
    while (calls < 5 && SleepEx(1000, TRUE) == WAIT_IO_COMPLETION);
    WINE_DIFFERS("only the first time is told")
    ok(calls == 5, "%d calls", (int)calls);
    forget();
    Sleep(40);
    SleepEx(0, TRUE);
    WINE_DIFFERS("only the first time is told")
    ok(calls >= 1 && calls <= 2, "queued %d times", (int)calls);
    CancelWaitableTimer(timer);
    CloseHandle(timer);
}

/* Rules: HND-98 */
static void hnd_098_cancelling_takes_a_queued_call_back(void)
{
    HANDLE timer = make_timer();

    forget();
    set_timer(timer, 0, 0, 'a');
    ok(WaitForSingleObject(timer, LIMIT) == WAIT_OBJECT_0, "never");
    Sleep(20);
    ok(CancelWaitableTimer(timer), "error %u", (unsigned)GetLastError());
    ok(SleepEx(20, TRUE) == 0, "the call was left");
    ok(is_signaled(timer), "cancelling resets");
    set_timer(timer, 0, 0, 'b');
    WaitForSingleObject(timer, LIMIT);
    Sleep(20);
    set_timer(timer, MILLISECONDS(20), 0, 'c');
    ok(SleepEx(LIMIT, TRUE) == WAIT_IO_COMPLETION, "the second call never comes");
    ok_ran("c");
    set_timer(timer, 0, 0, 'd');
    WaitForSingleObject(timer, LIMIT);
    Sleep(20);
    set_timer(timer, MILLISECONDS(3600000), 0, 0);
    ok(SleepEx(20, TRUE) == 0, "the call was left");
    ok_ran("c");
    CloseHandle(timer);
}

/* Rules: HND-99 */
static void hnd_099_a_closed_timer_still_calls(void)
{
    HANDLE timer = make_timer();
    DWORD result;

    forget();
    set_timer(timer, MILLISECONDS(20), 0, 'a');
    CloseHandle(timer);
    result = SleepEx(CONFORM_WINE ? 100 : LIMIT, TRUE);
    WINE_DIFFERS("the last close cancels it")
    ok(result == WAIT_IO_COMPLETION, "the call never comes");
    WINE_DIFFERS("the last close cancels it")
    ok_ran("a");
}

static DWORD WINAPI set_and_end(LPVOID timer)
{
    set_timer(timer, MILLISECONDS(30), 0, 'a');
    return 0;
}

static void hnd_099_the_end_of_the_thread_cancels_it(void)
{
    HANDLE timer = make_timer();
    HANDLE thread = CreateThread(NULL, 0, set_and_end, timer, 0, NULL);

    forget();
    ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "the thread");
    WINE_DIFFERS("it is signaled")
    ok(WaitForSingleObject(timer, 100) == WAIT_TIMEOUT, "signaled after the end of its thread");
    ok_ran("");
    CloseHandle(thread);
    CloseHandle(timer);
}

static HANDLE inner;

static VOID CALLBACK set_again(LPVOID letter, DWORD low, DWORD high)
{
    (void)low;
    (void)high;
    note((ULONG_PTR)letter);
    if (calls < 4) set_timer(inner, MILLISECONDS(1), 0, 0);
}

static VOID CALLBACK set_from_call(LPVOID letter, DWORD low, DWORD high)
{
    LARGE_INTEGER due;

    (void)low;
    (void)high;
    note((ULONG_PTR)letter);
    due.QuadPart = MILLISECONDS(1);
    if (calls < 4)
        ok(SetWaitableTimer(inner, &due, 0, set_from_call, letter, FALSE), "%u",
           (unsigned)GetLastError());
}

/* A call may set its own timer: with a call again, or without. */
static void hnd_099_a_call_sets_its_timer_again(void)
{
    LARGE_INTEGER due;

    inner = make_timer();
    due.QuadPart = MILLISECONDS(1);
    forget();
    SetWaitableTimer(inner, &due, 0, set_from_call, (void *)'x', FALSE);
    while (calls < 4 && SleepEx(LIMIT, TRUE) == WAIT_IO_COMPLETION);
    ok_ran("xxxx");
    forget();
    SetWaitableTimer(inner, &due, 0, set_again, (void *)'y', FALSE);
    ok(SleepEx(LIMIT, TRUE) == WAIT_IO_COMPLETION, "never");
    ok(WaitForSingleObjectEx(inner, LIMIT, TRUE) == WAIT_OBJECT_0, "not set by the call");
    ok_ran("y");
    CloseHandle(inner);
}

int main(void)
{
    RUN(hnd_099_the_thread_that_has_set_it_makes_the_call);
    RUN(hnd_099_only_alertable_waits_make_it);
    RUN(hnd_099_periods_call_again_but_are_queued_once);
    RUN(hnd_098_cancelling_takes_a_queued_call_back);
    RUN(hnd_099_a_closed_timer_still_calls);
    RUN(hnd_099_the_end_of_the_thread_cancels_it);
    RUN(hnd_099_a_call_sets_its_timer_again);
    return conform_end();
}
