/* Waits, events and semaphores: handles.md section K, and L for these kinds. */
#include "net.h"
#include "handles.h"

static void hnd_079_number_of_handles(void)
{
    HANDLE handles[MAXIMUM_WAIT_OBJECTS + 1];
    int i;

    for (i = 0; i <= MAXIMUM_WAIT_OBJECTS; i++) handles[i] = make_event(TRUE, TRUE);
    ok_wait_fails(WaitForMultipleObjects(0, handles, FALSE, 0), ERROR_INVALID_PARAMETER);
    ok_wait_fails(WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS + 1, handles, FALSE, 0),
                  ERROR_INVALID_PARAMETER);
    ok_wait_fails(WaitForMultipleObjects(0xffffffff, handles, TRUE, 0), ERROR_INVALID_PARAMETER);
    ok(WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS, handles, TRUE, 0) == WAIT_OBJECT_0, "64: %u",
       (unsigned)GetLastError());
    for (i = 0; i <= MAXIMUM_WAIT_OBJECTS; i++) CloseHandle(handles[i]);
}

static void hnd_079_a_bad_handle_consumes_nothing(void)
{
    HANDLE event = make_event(FALSE, TRUE), weak = duplicate_with_access(event, EVENT_MODIFY_STATE);
    HANDLE handles[2];
    BOOL all;

    for (all = FALSE; all <= TRUE; all++) {
        handles[0] = event;
        handles[1] = closed_handle();
        ok_wait_fails(WaitForMultipleObjects(2, handles, all, 0), ERROR_INVALID_HANDLE);
        handles[1] = NULL;
        ok_wait_fails(WaitForMultipleObjects(2, handles, all, 0), ERROR_INVALID_HANDLE);
        handles[1] = weak;
        ok_wait_fails(WaitForMultipleObjects(2, handles, all, 0), ERROR_ACCESS_DENIED);
        ok(is_signaled(event), "the event was consumed");
        SetEvent(event);
    }
    ok_wait_fails(WaitForSingleObject(NULL, 0), ERROR_INVALID_HANDLE);
    ok_wait_fails(WaitForSingleObject(closed_handle(), INFINITE), ERROR_INVALID_HANDLE);
    CloseHandle(weak);
    CloseHandle(event);
}

static void hnd_080_wait_any_takes_the_lowest(void)
{
    HANDLE handles[MAXIMUM_WAIT_OBJECTS];
    DWORD result;
    int i;

    for (i = 0; i < MAXIMUM_WAIT_OBJECTS; i++) handles[i] = make_event(FALSE, TRUE);
    for (i = 0; i < MAXIMUM_WAIT_OBJECTS; i++) {
        result = WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS, handles, FALSE, 0);
        ok(result == WAIT_OBJECT_0 + (DWORD)i, "wait %d gives %#x", i, (unsigned)result);
    }
    result = WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS, handles, FALSE, 0);
    ok(result == WAIT_TIMEOUT, "got %#x", (unsigned)result);
    SetEvent(handles[7]);
    SetEvent(handles[40]);
    ok(WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS, handles, FALSE, 0) == 7, "the lower one");
    ok(is_signaled(handles[40]), "the other one is left");
    for (i = 0; i < MAXIMUM_WAIT_OBJECTS; i++) CloseHandle(handles[i]);
}

static void wait_for_two(struct actor *actor)
{
    actor->packet.error = WaitForMultipleObjects(2, actor->context, TRUE, actor->milliseconds);
}

static void hnd_081_wait_all_is_atomic(void)
{
    HANDLE handles[2];
    struct actor waiter;

    handles[0] = make_event(FALSE, FALSE);
    handles[1] = make_event(FALSE, FALSE);
    actor_start(&waiter, NULL, FALSE);
    waiter.context = handles;
    actor_begin(&waiter, wait_for_two);
    settle();
    SetEvent(handles[0]);
    ok(!actor_ends(&waiter, MOMENT), "one of two is enough");
    ok(is_signaled(handles[0]), "others can take it meanwhile");
    SetEvent(handles[1]);
    ok(!actor_ends(&waiter, MOMENT), "the other one is enough");
    SetEvent(handles[0]);
    ok(actor_ends(&waiter, LIMIT), "both are not enough");
    ok(waiter.packet.error == WAIT_OBJECT_0, "got %#x", (unsigned)waiter.packet.error);
    ok(!is_signaled(handles[0]) && !is_signaled(handles[1]), "both are taken");
    SetEvent(handles[0]);
    ok(WaitForMultipleObjects(2, handles, TRUE, 20) == WAIT_TIMEOUT, "a time-out");
    ok(is_signaled(handles[0]), "it takes nothing");
    actor_stop(&waiter);
    CloseHandle(handles[1]);
    CloseHandle(handles[0]);
}

static void hnd_082_one_object_twice(void)
{
    HANDLE event = make_event(TRUE, TRUE), copy = duplicate(event), handles[2];

    handles[0] = handles[1] = event;
    ok(WaitForMultipleObjects(2, handles, FALSE, 0) == WAIT_OBJECT_0, "wait-any may");
    WINE_DIFFERS("Wine accepts it")
    ok_wait_fails(WaitForMultipleObjects(2, handles, TRUE, 0), ERROR_INVALID_PARAMETER);
    handles[1] = copy;
    ok(WaitForMultipleObjects(2, handles, FALSE, 0) == WAIT_OBJECT_0, "wait-any may");
    WINE_DIFFERS("Wine accepts it")
    ok_wait_fails(WaitForMultipleObjects(2, handles, TRUE, 0), ERROR_INVALID_PARAMETER);
    CloseHandle(copy);
    CloseHandle(event);
}

static void wait_for_a_handle(struct actor *actor)
{
    actor->packet.error = WaitForSingleObject(actor->handle, actor->milliseconds);
}

static void waiters_for(HANDLE handle, struct actor *waiters, int count)
{
    int i;

    for (i = 0; i < count; i++) {
        actor_start(&waiters[i], NULL, FALSE);
        waiters[i].handle = handle;
        actor_begin(&waiters[i], wait_for_a_handle);
    }
    settle();
}

/* How many of three waiters end when so many are let go: no fewer, and after
 * a moment no more. */
static int ends_of(struct actor *waiters, int expected)
{
    ULONGLONG begun = GetTickCount64();
    int i, ended;

    do {
        for (ended = i = 0; i < 3; i++) ended += actor_ends(&waiters[i], 0);
        Sleep(1);
    } while (ended < expected && GetTickCount64() - begun < LIMIT);
    settle();
    for (ended = i = 0; i < 3; i++) ended += actor_ends(&waiters[i], 0);
    return ended;
}

static void hnd_083_two_signals_wake_two(void)
{
    HANDLE event = make_event(FALSE, FALSE);
    struct actor waiters[2];
    int i;

    waiters_for(event, waiters, 2);
    SetEvent(event);
    SetEvent(event);
    for (i = 0; i < 2; i++)
        ok(actor_ends(&waiters[i], LIMIT / 2) && waiters[i].packet.error == WAIT_OBJECT_0,
           "waiter %d: %#x", i, (unsigned)waiters[i].packet.error);
    ok(!is_signaled(event), "a signal is left");
    actor_stop(&waiters[1]);
    actor_stop(&waiters[0]);
    CloseHandle(event);
}

static void hnd_083_a_signal_that_was_handed_over_cannot_be_stolen(void)
{
    HANDLE event = make_event(FALSE, FALSE);
    struct actor waiter;
    int round;

    for (round = 0; round < 5; round++) {
        waiters_for(event, &waiter, 1);
        SetEvent(event);
        ok(WaitForSingleObject(event, 0) == WAIT_TIMEOUT, "round %d: stolen", round);
        ok(actor_ends(&waiter, LIMIT / 2) && waiter.packet.error == WAIT_OBJECT_0,
           "round %d: %#x", round, (unsigned)waiter.packet.error);
        actor_stop(&waiter);
    }
    CloseHandle(event);
}

static void hnd_083_set_and_reset_frees_all_waiters(void)
{
    HANDLE event = make_event(TRUE, FALSE);
    struct actor waiters[3];
    int i;

    waiters_for(event, waiters, 3);
    SetEvent(event);
    ResetEvent(event);
    for (i = 0; i < 3; i++) {
        ok(actor_ends(&waiters[i], LIMIT / 2) && waiters[i].packet.error == WAIT_OBJECT_0,
           "waiter %d: %#x", i, (unsigned)waiters[i].packet.error);
        actor_stop(&waiters[i]);
    }
    CloseHandle(event);
}

static void hnd_083_semaphore_units_are_handed_over(void)
{
    HANDLE semaphore = CreateSemaphoreA(NULL, 0, 10, NULL);
    struct actor waiters[3];
    LONG previous = 99;
    int i, ended;

    waiters_for(semaphore, waiters, 3);
    ok(ReleaseSemaphore(semaphore, 2, &previous) && previous == 0, "%d", (int)previous);
    ok(WaitForSingleObject(semaphore, 0) == WAIT_TIMEOUT, "a unit is stolen");
    ended = ends_of(waiters, 2);
    ok(ended == 2, "%d waiters got a unit", ended);
    ReleaseSemaphore(semaphore, 1, NULL);
    for (i = 0; i < 3; i++) {
        ok(actor_ends(&waiters[i], LIMIT / 2) && waiters[i].packet.error == WAIT_OBJECT_0,
           "waiter %d: %#x", i, (unsigned)waiters[i].packet.error);
        actor_stop(&waiters[i]);
    }
    CloseHandle(semaphore);
}

static void hnd_084_pulse_releases_those_who_wait_now(void)
{
    HANDLE manual = make_event(TRUE, FALSE), automatic = make_event(FALSE, FALSE);
    struct actor waiters[3];
    int i, ended;

    ok(PulseEvent(manual) && !is_signaled(manual), "nobody waits");
    waiters_for(manual, waiters, 3);
    ok(PulseEvent(manual), "%u", (unsigned)GetLastError());
    ok(!is_signaled(manual), "it stays set");
    for (i = 0; i < 3; i++) {
        ok(actor_ends(&waiters[i], LIMIT / 2) && waiters[i].packet.error == WAIT_OBJECT_0,
           "waiter %d: %#x", i, (unsigned)waiters[i].packet.error);
        actor_stop(&waiters[i]);
    }
    waiters_for(automatic, waiters, 3);
    ok(PulseEvent(automatic) && !is_signaled(automatic), "%u", (unsigned)GetLastError());
    ended = ends_of(waiters, 1);
    ok(ended == 1, "%d waiters of an automatic event ended", ended);
    SetEvent(automatic);
    SetEvent(automatic);
    for (i = 0; i < 3; i++) actor_stop(&waiters[i]);
    ok_fails(PulseEvent(NULL), ERROR_INVALID_HANDLE);
    CloseHandle(automatic);
    CloseHandle(manual);
}

static void hnd_085_timeouts(void)
{
    HANDLE event = make_event(FALSE, TRUE);
    ULONGLONG begun;
    struct actor waiter;

    ok(WaitForSingleObject(event, 0) == WAIT_OBJECT_0, "a test consumes");
    ok(WaitForSingleObject(event, 0) == WAIT_TIMEOUT, "it consumed");
    begun = GetTickCount64();
    ok(WaitForSingleObject(event, 60) == WAIT_TIMEOUT, "60 ms");
    begun = GetTickCount64() - begun;
    ok(begun + 16 >= 60 && begun < 5000, "60 ms last %u ms", (unsigned)begun);
    actor_start(&waiter, NULL, FALSE);
    waiter.handle = event;
    waiter.milliseconds = INFINITE;
    actor_begin(&waiter, wait_for_a_handle);
    ok(!actor_ends(&waiter, MOMENT), "INFINITE ends");
    SetEvent(event);
    ok(actor_ends(&waiter, LIMIT) && waiter.packet.error == WAIT_OBJECT_0, "%#x",
       (unsigned)waiter.packet.error);
    actor_stop(&waiter);
    CloseHandle(event);
}

static DWORD WINAPI return_0(void *unused)
{
    (void)unused;
    return 0;
}

static void hnd_086_kinds_that_can_be_waited_for(void)
{
    HANDLE handles[6];
    SOCKET client, server;
    DWORD i, result;

    make_tcp_pair(&client, &server);
    handles[0] = make_event(TRUE, TRUE);
    handles[1] = CreateSemaphoreA(NULL, 1, 1, NULL);
    handles[2] = CreateThread(NULL, 0, return_0, NULL, 0, NULL);
    handles[3] = make_overlapped_file();
    handles[4] = make_port(0);
    handles[5] = make_file(GENERIC_READ, 0);
    PostQueuedCompletionStatus(handles[4], 0, 0, NULL);
    for (i = 0; i < 6; i++) {
        result = WaitForSingleObject(handles[i], LIMIT);
        ok(result == WAIT_OBJECT_0, "kind %u: %#x", (unsigned)i, (unsigned)result);
    }
    ReleaseSemaphore(handles[1], 1, NULL);
    result = WaitForMultipleObjects(6, handles, TRUE, LIMIT);
    ok(result == WAIT_OBJECT_0, "all together: %#x", (unsigned)result);
    ok(WaitForSingleObject((HANDLE)server, 0) != WAIT_FAILED, "socket: %u",
       (unsigned)GetLastError());
    for (i = 0; i < 6; i++) CloseHandle(handles[i]);
    closesocket(server);
    closesocket(client);
}

static void hnd_087_recycling_during_a_wait(void)
{
    HANDLE event = make_event(FALSE, FALSE), copy = duplicate(event), strangers[16], handles[2];
    struct actor waiter;
    int i;

    handles[0] = event;
    handles[1] = make_event(TRUE, TRUE);
    actor_start(&waiter, NULL, FALSE);
    waiter.context = handles;
    actor_begin(&waiter, wait_for_two);
    settle();
    CloseHandle(event);
    for (i = 0; i < 16; i++) strangers[i] = make_event(FALSE, TRUE);
    ok(!actor_ends(&waiter, MOMENT), "a stranger ends the wait");
    SetEvent(copy);
    ok(actor_ends(&waiter, LIMIT) && waiter.packet.error == WAIT_OBJECT_0, "%#x",
       (unsigned)waiter.packet.error);
    for (i = 0; i < 16; i++) ok(is_signaled(strangers[i]), "stranger %d is taken", i);
    for (i = 0; i < 16; i++) CloseHandle(strangers[i]);
    actor_stop(&waiter);
    CloseHandle(handles[1]);
    CloseHandle(copy);
}

static void hnd_090_events(void)
{
    HANDLE manual = make_event(TRUE, FALSE), automatic = make_event(FALSE, FALSE);

    ok(!is_signaled(manual) && !is_signaled(automatic), "initial state");
    ok(SetEvent(manual) && SetEvent(manual) && is_signaled(manual) && is_signaled(manual),
       "manual stays set");
    ok(ResetEvent(manual) && ResetEvent(manual) && !is_signaled(manual), "until it is reset");
    ok(SetEvent(automatic) && SetEvent(automatic), "twice is once");
    ok(is_signaled(automatic) && !is_signaled(automatic), "one wait resets it");
    CloseHandle(automatic);
    CloseHandle(manual);
}

static void hnd_091_semaphore_counts(void)
{
    HANDLE semaphore;
    LONG previous = 99;

    ok_fails(CreateSemaphoreA(NULL, 0, 0, NULL), ERROR_INVALID_PARAMETER);
    ok_fails(CreateSemaphoreA(NULL, 0, -1, NULL), ERROR_INVALID_PARAMETER);
    ok_fails(CreateSemaphoreA(NULL, -1, 1, NULL), ERROR_INVALID_PARAMETER);
    ok_fails(CreateSemaphoreA(NULL, 2, 1, NULL), ERROR_INVALID_PARAMETER);
    semaphore = CreateSemaphoreA(NULL, 1, 3, NULL);
    ok(ReleaseSemaphore(semaphore, 1, &previous) && previous == 1, "%d", (int)previous);
    previous = 99;
    ok_fails(ReleaseSemaphore(semaphore, 2, &previous), ERROR_TOO_MANY_POSTS);
    ok(previous == 99, "written on failure: %d", (int)previous);
    ok(is_signaled(semaphore) && is_signaled(semaphore) && !is_signaled(semaphore), "two units");
    ok_fails(ReleaseSemaphore(semaphore, 0x7fffffff, NULL), ERROR_TOO_MANY_POSTS);
    CloseHandle(semaphore);
}

static void hnd_092_release_of_nothing(void)
{
    HANDLE semaphore = CreateSemaphoreA(NULL, 1, 3, NULL);
    LONG previous = 99;

    WINE_DIFFERS("Wine accepts 0")
    ok_fails(ReleaseSemaphore(semaphore, 0, NULL), ERROR_INVALID_PARAMETER);
    WINE_DIFFERS("Wine gives 298")
    ok_fails(ReleaseSemaphore(semaphore, -1, NULL), ERROR_INVALID_PARAMETER);
    ok(ReleaseSemaphore(semaphore, 1, &previous) && previous == 1, "%d", (int)previous);
    CloseHandle(semaphore);
}

int main(void)
{
    net_start();
    RUN(hnd_079_number_of_handles);
    RUN(hnd_079_a_bad_handle_consumes_nothing);
    RUN(hnd_080_wait_any_takes_the_lowest);
    RUN(hnd_081_wait_all_is_atomic);
    RUN(hnd_082_one_object_twice);
    RUN(hnd_083_two_signals_wake_two);
    RUN(hnd_083_a_signal_that_was_handed_over_cannot_be_stolen);
    RUN(hnd_083_set_and_reset_frees_all_waiters);
    RUN(hnd_083_semaphore_units_are_handed_over);
    RUN(hnd_084_pulse_releases_those_who_wait_now);
    RUN(hnd_085_timeouts);
    RUN(hnd_086_kinds_that_can_be_waited_for);
    RUN(hnd_087_recycling_during_a_wait);
    RUN(hnd_090_events);
    RUN(hnd_091_semaphore_counts);
    RUN(hnd_092_release_of_nothing);
    return conform_end();
}
