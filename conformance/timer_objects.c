/* Waitable timers: handles.md, HND-97 and HND-98, and what they share with all objects. */
#include "handles.h"

#ifndef CREATE_WAITABLE_TIMER_HIGH_RESOLUTION
#define CREATE_WAITABLE_TIMER_HIGH_RESOLUTION 2
#endif

#define MILLISECONDS(n) ((n) * -10000LL)
#define LONG_AFTER MILLISECONDS(3600 * 1000)

static HANDLE make_timer(BOOL manual)
{
    HANDLE timer = CreateWaitableTimerW(NULL, manual, NULL);

    ok(timer != NULL, "error %u", (unsigned)GetLastError());
    return timer;
}

static BOOL set_timer(HANDLE timer, LONGLONG due, LONG period)
{
    LARGE_INTEGER time;

    time.QuadPart = due;
    return SetWaitableTimer(timer, &time, period, NULL, NULL, FALSE);
}

static LONGLONG now(void)
{
    FILETIME time;

    GetSystemTimeAsFileTime(&time);
    return (LONGLONG)time.dwHighDateTime << 32 | time.dwLowDateTime;
}

static LONGLONG counter(void)
{
    LARGE_INTEGER value, frequency;

    QueryPerformanceCounter(&value);
    QueryPerformanceFrequency(&frequency);
    return value.QuadPart / (frequency.QuadPart / 1000000);
}

/* Rules: HND-97 */
static void hnd_097_a_manual_timer_stays_signaled(void)
{
    HANDLE timer = make_timer(TRUE);
    LONGLONG begin = counter();

    ok(WaitForSingleObject(timer, 0) == WAIT_TIMEOUT, "a new timer is not set");
    ok(set_timer(timer, MILLISECONDS(20), 0), "error %u", (unsigned)GetLastError());
    ok(WaitForSingleObject(timer, 0) == WAIT_TIMEOUT || counter() - begin >= 20000, "early");
    ok(WaitForSingleObject(timer, 10000) == WAIT_OBJECT_0, "never");
    ok(WaitForSingleObject(timer, 0) == WAIT_OBJECT_0, "consumed");
    ok(set_timer(timer, LONG_AFTER, 0), "error %u", (unsigned)GetLastError());
    ok(WaitForSingleObject(timer, 0) == WAIT_TIMEOUT, "setting it anew does not reset it");
    CloseHandle(timer);
}

static void hnd_097_an_automatic_timer_is_consumed(void)
{
    HANDLE timer = make_timer(FALSE);

    ok(set_timer(timer, MILLISECONDS(20), 0), "error %u", (unsigned)GetLastError());
    ok(WaitForSingleObject(timer, 10000) == WAIT_OBJECT_0, "never");
    ok(WaitForSingleObject(timer, 50) == WAIT_TIMEOUT, "not consumed, or set again");
    CloseHandle(timer);
}

static void hnd_097_setting_replaces_the_setting_before(void)
{
    HANDLE timer = make_timer(FALSE);

    set_timer(timer, MILLISECONDS(30), 10);
    set_timer(timer, LONG_AFTER, 0);
    ok(WaitForSingleObject(timer, 100) == WAIT_TIMEOUT, "the first setting lives on");
    set_timer(timer, MILLISECONDS(1), 0);
    ok(WaitForSingleObject(timer, 10000) == WAIT_OBJECT_0, "an earlier time is ignored");
    CloseHandle(timer);
}

/* A time that has passed is due at once, so that a wait without time sees it. */
static void hnd_097_absolute_times(void)
{
    HANDLE timer = make_timer(TRUE);
    LONGLONG due;

    set_timer(timer, 0, 0);
    ok(WaitForSingleObject(timer, 1000) == WAIT_OBJECT_0, "time 0");
    set_timer(timer, now() - 50000000, 0);
    ok(WaitForSingleObject(timer, 1000) == WAIT_OBJECT_0, "five seconds ago");
    due = now() + 300000;
    set_timer(timer, due, 0);
    ok(WaitForSingleObject(timer, 10000) == WAIT_OBJECT_0, "never");
    ok(now() >= due, "early by %d", (int)(due - now()));
    set_timer(timer, now() + 36000000000LL, 0);
    ok(WaitForSingleObject(timer, 20) == WAIT_TIMEOUT, "in an hour");
    set_timer(timer, 0x7fffffffffffffffLL, 0);
    ok(WaitForSingleObject(timer, 20) == WAIT_TIMEOUT, "in 29000 years");
    ok(set_timer(timer, (LONGLONG)((ULONGLONG)1 << 63), 0)
           && WaitForSingleObject(timer, 20) == WAIT_TIMEOUT, "in other 29000 years");
    CloseHandle(timer);
}

/* It is never early, and periods do not add up to a drift. */
static void hnd_097_periods_do_not_drift(void)
{
    HANDLE timer = make_timer(FALSE);
    LONGLONG begin = counter(), at;
    int i;

    set_timer(timer, MILLISECONDS(20), 10);
    for (i = 0; i < 30; i++) {
        ok(WaitForSingleObject(timer, 10000) == WAIT_OBJECT_0, "period %d never comes", i);
        at = counter() - begin;
        /* The counters of a program and of a system may differ a little. */
        ok(at >= 20000 + i * 10000 - 1000, "period %d is early: %d us", i, (int)at);
    }
    CloseHandle(timer);
}

static void hnd_097_a_timer_that_nobody_waited_for_is_signaled_once(void)
{
    HANDLE timer = make_timer(FALSE), later = make_timer(TRUE);

    set_timer(timer, MILLISECONDS(1), 1);
    set_timer(later, MILLISECONDS(50), 0);
    ok(WaitForSingleObject(later, 10000) == WAIT_OBJECT_0, "never");
    ok(CancelWaitableTimer(timer), "error %u", (unsigned)GetLastError());
    ok(WaitForSingleObject(timer, 0) == WAIT_OBJECT_0, "not signaled");
    ok(WaitForSingleObject(timer, 0) == WAIT_TIMEOUT, "signaled more than once");
    CloseHandle(later);
    CloseHandle(timer);
}

/* Rules: HND-98 */
static void hnd_098_cancelling_leaves_the_signal(void)
{
    HANDLE timer = make_timer(TRUE);

    ok(CancelWaitableTimer(timer), "never set: error %u", (unsigned)GetLastError());
    set_timer(timer, MILLISECONDS(20), 0);
    ok(CancelWaitableTimer(timer), "error %u", (unsigned)GetLastError());
    ok(WaitForSingleObject(timer, 60) == WAIT_TIMEOUT, "not cancelled");
    set_timer(timer, 0, 0);
    WaitForSingleObject(timer, 1000);
    ok(CancelWaitableTimer(timer), "error %u", (unsigned)GetLastError());
    ok(WaitForSingleObject(timer, 0) == WAIT_OBJECT_0, "cancelling resets");
    CloseHandle(timer);
}

static void hnd_098_bad_parameters(void)
{
    HANDLE timer = make_timer(TRUE), event = make_event(TRUE, FALSE);
    LARGE_INTEGER due;

    due.QuadPart = 0;
    WINE_DIFFERS("a negative period is accepted")
    ok_fails(SetWaitableTimer(timer, &due, -1, NULL, NULL, FALSE), ERROR_INVALID_PARAMETER);
#if !CONFORM_WINE
    ok_fails(SetWaitableTimer(timer, NULL, 0, NULL, NULL, FALSE), ERROR_NOACCESS);
#endif
    ok_fails(SetWaitableTimer(closed_handle(), &due, 0, NULL, NULL, FALSE), ERROR_INVALID_HANDLE);
    ok_fails(SetWaitableTimer(event, &due, 0, NULL, NULL, FALSE), ERROR_INVALID_HANDLE);
    ok_fails(CancelWaitableTimer(NULL), ERROR_INVALID_HANDLE);
    ok_fails(CancelWaitableTimer(event), ERROR_INVALID_HANDLE);
    WINE_DIFFERS("unknown flags are accepted")
    ok(CreateWaitableTimerExW(NULL, NULL, 8, TIMER_ALL_ACCESS) == NULL
           && GetLastError() == ERROR_INVALID_PARAMETER, "flags: %u", (unsigned)GetLastError());
    CloseHandle(event);
    CloseHandle(timer);
}

/* No machine is woken for it, and the caller is told so. */
static void hnd_098_waking_the_machine_is_not_supported(void)
{
    HANDLE timer = make_timer(TRUE);
    LARGE_INTEGER due;

    due.QuadPart = LONG_AFTER;
    SetLastError(UNTOUCHED);
    ok(SetWaitableTimer(timer, &due, 0, NULL, NULL, TRUE), "error %u", (unsigned)GetLastError());
    WINE_DIFFERS("the caller is not told")
    ok(GetLastError() == ERROR_NOT_SUPPORTED, "error %u", (unsigned)GetLastError());
    CloseHandle(timer);
}

/* Rules: HND-53, HND-55 */
static void hnd_055_rights(void)
{
    HANDLE timer = CreateWaitableTimerExW(NULL, NULL, CREATE_WAITABLE_TIMER_MANUAL_RESET,
                                          SYNCHRONIZE);
    HANDLE weak = CreateWaitableTimerExW(NULL, NULL, CREATE_WAITABLE_TIMER_HIGH_RESOLUTION,
                                         TIMER_MODIFY_STATE);
    LARGE_INTEGER due;

    due.QuadPart = 0;
    ok(timer != NULL, "error %u", (unsigned)GetLastError());
    ok_fails(SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE), ERROR_ACCESS_DENIED);
    ok_fails(CancelWaitableTimer(timer), ERROR_ACCESS_DENIED);
    ok(WaitForSingleObject(timer, 0) == WAIT_TIMEOUT, "it cannot be waited for");
    ok(weak != NULL, "error %u", (unsigned)GetLastError());
    if (weak) {
        ok(SetWaitableTimer(weak, &due, 0, NULL, NULL, FALSE), "%u", (unsigned)GetLastError());
        ok_wait_fails(WaitForSingleObject(weak, 0), ERROR_ACCESS_DENIED);
        CloseHandle(weak);
    }
    CloseHandle(timer);
}

/* A wait for all takes a timer like any other object.
 * Rules: HND-29, HND-86 */
static void hnd_086_among_other_objects(void)
{
    HANDLE handles[2];

    handles[0] = make_timer(FALSE);
    handles[1] = make_event(FALSE, FALSE);
    set_timer(handles[0], MILLISECONDS(10), 0);
    ok(WaitForMultipleObjects(2, handles, FALSE, 10000) == WAIT_OBJECT_0, "any");
    set_timer(handles[0], 0, 0);
    ok(WaitForMultipleObjects(2, handles, TRUE, 20) == WAIT_TIMEOUT, "one is enough for all");
    SetEvent(handles[1]);
    ok(WaitForMultipleObjects(2, handles, TRUE, 10000) == WAIT_OBJECT_0, "all");
    ok(WaitForSingleObject(handles[0], 0) == WAIT_TIMEOUT, "not consumed");
    CloseHandle(handles[0]);
    CloseHandle(handles[1]);
}

int main(void)
{
    RUN(hnd_097_a_manual_timer_stays_signaled);
    RUN(hnd_097_an_automatic_timer_is_consumed);
    RUN(hnd_097_setting_replaces_the_setting_before);
    RUN(hnd_097_absolute_times);
    RUN(hnd_097_periods_do_not_drift);
    RUN(hnd_097_a_timer_that_nobody_waited_for_is_signaled_once);
    RUN(hnd_098_cancelling_leaves_the_signal);
    RUN(hnd_098_bad_parameters);
    RUN(hnd_098_waking_the_machine_is_not_supported);
    RUN(hnd_055_rights);
    RUN(hnd_086_among_other_objects);
    return conform_end();
}
