/* CloseHandle and the reuse of values: handles.md sections C and D. */
#include "handles.h"

/* Rules: HND-15, HND-16, HND-19 */
static void hnd_015_open_values_are_distinct(void)
{
    enum { COUNT = 20000 };
    static HANDLE handles[COUNT];
    ULONG_PTR highest = 0;
    unsigned char *seen;
    int i, wrong = 0;

    for (i = 0; i < COUNT; i++) {
        handles[i] = CreateEventA(NULL, FALSE, FALSE, NULL);
        if ((ULONG_PTR)handles[i] > highest) highest = (ULONG_PTR)handles[i];
    }
    seen = calloc(1, highest / 4 + 1);
    for (i = 0; i < COUNT && seen; i++)
        wrong += !handles[i] || seen[(ULONG_PTR)handles[i] / 4]++;
    ok(!wrong, "%d values are not new", wrong);
    for (i = wrong = 0; i < COUNT; i++) wrong += !CloseHandle(handles[i]);
    ok(!wrong, "%d handles cannot be closed", wrong);
    free(seen);
}

/* A closed value may belong to a stranger at once, and a late user hits him.
 * How soon values come back is up to the system. */
static void hnd_020_a_recycled_value_is_a_stranger(void)
{
    HANDLE event = make_event(TRUE, FALSE), stranger = NULL;
    int i;

    CloseHandle(event);
    for (i = 0; i < 10000 && stranger != event; i++) {
        if (stranger) CloseHandle(stranger);
        stranger = make_event(TRUE, FALSE);
    }
    if (stranger == event) {
        ok(SetEvent(event) && is_signaled(stranger), "the late user sets the stranger's event");
        ok(CloseHandle(event), "the late user closes it");
        ok_fails(SetEvent(stranger), ERROR_INVALID_HANDLE);
    } else {
        ok_fails(SetEvent(event), ERROR_INVALID_HANDLE);
        CloseHandle(stranger);
    }
}

static void hnd_021_close_once(void)
{
    HANDLE handles[4];
    int i;

    handles[0] = make_event(FALSE, FALSE);
    handles[1] = make_port(0);
    handles[2] = make_overlapped_file();
    handles[3] = CreateSemaphoreA(NULL, 0, 1, NULL);
    for (i = 0; i < 4; i++) {
        SetLastError(UNTOUCHED);
        ok(CloseHandle(handles[i]), "handle %d: %u", i, (unsigned)GetLastError());
        ok(GetLastError() == UNTOUCHED, "handle %d: last error %u", i, (unsigned)GetLastError());
        ok_fails(CloseHandle(handles[i]), ERROR_INVALID_HANDLE);
        ok_fails(SetEvent(handles[i]), ERROR_INVALID_HANDLE);
    }
}

static void hnd_022_close_of_null(void)
{
    ok_fails(CloseHandle(NULL), ERROR_INVALID_HANDLE);
}

static void hnd_023_close_of_pseudo_handles(void)
{
    LONG_PTR value;

    for (value = -1; value >= -6; value--) {
        ok(CloseHandle((HANDLE)value), "%d: %u", (int)value, (unsigned)GetLastError());
    }
    ok(CloseHandle(GetCurrentThread()), "again");
    ok(WaitForSingleObject(GetCurrentThread(), 0) == WAIT_TIMEOUT, "it has no effect");
    ok_fails(CloseHandle(PSEUDO(-7)), ERROR_INVALID_HANDLE);
    ok_fails(CloseHandle(PSEUDO(-8)), ERROR_INVALID_HANDLE);
    ok_fails(CloseHandle(PSEUDO(-100)), ERROR_INVALID_HANDLE);
}

static void hnd_024_protected_handles_stay(void)
{
    HANDLE event = make_event(TRUE, FALSE), copy = duplicate(event);

    ok(SetHandleInformation(event, HANDLE_FLAG_PROTECT_FROM_CLOSE,
                            HANDLE_FLAG_PROTECT_FROM_CLOSE), "protect");
    ok_fails(CloseHandle(event), ERROR_INVALID_HANDLE);
    ok(SetEvent(event), "it still works: %u", (unsigned)GetLastError());
    ok(CloseHandle(copy), "a duplicate is not protected");
    ok(SetHandleInformation(event, HANDLE_FLAG_PROTECT_FROM_CLOSE, 0), "unprotect");
    ok(CloseHandle(event), "%u", (unsigned)GetLastError());
}

static void wait_for_a_handle(struct actor *actor)
{
    actor->packet.error = WaitForSingleObject(actor->handle, actor->milliseconds);
}

/* Rules: HND-27, HND-87, HND-61 */
static void hnd_027_a_wait_survives_the_close_of_its_handle(void)
{
    HANDLE event = make_event(FALSE, FALSE), copy = duplicate(event), stranger;
    struct actor waiter;

    actor_start(&waiter, NULL, FALSE);
    waiter.handle = event;
    actor_begin(&waiter, wait_for_a_handle);
    settle();
    ok(CloseHandle(event), "close: %u", (unsigned)GetLastError());
    stranger = make_event(TRUE, TRUE);
    ok(!actor_ends(&waiter, MOMENT), "the close or a stranger ends the wait");
    SetEvent(copy);
    ok(actor_ends(&waiter, LIMIT / 2), "the waiter waits for nothing");
    ok(waiter.packet.error == WAIT_OBJECT_0, "got %#x", (unsigned)waiter.packet.error);
    actor_stop(&waiter);
    CloseHandle(stranger);
    CloseHandle(copy);
}

static void hnd_027_a_wait_for_a_closed_object_times_out(void)
{
    HANDLE event = make_event(FALSE, FALSE);
    struct actor waiter;

    actor_start(&waiter, NULL, FALSE);
    waiter.handle = event;
    waiter.milliseconds = 4 * MOMENT;
    actor_begin(&waiter, wait_for_a_handle);
    settle();
    ok(CloseHandle(event), "close: %u", (unsigned)GetLastError());
    ok(actor_ends(&waiter, LIMIT), "no end");
    ok(waiter.packet.error == WAIT_TIMEOUT, "got %#x", (unsigned)waiter.packet.error);
    actor_stop(&waiter);
}

static volatile LONG stop;

static void open_and_close(struct actor *actor)
{
    LONG wrong = 0;

    while (!stop) {
        HANDLE event = CreateEventA(NULL, TRUE, TRUE, NULL);

        wrong += !event || WaitForSingleObject(event, 0) != WAIT_OBJECT_0 || !CloseHandle(event);
    }
    actor->packet.bytes = wrong;
}

/* Rules: HND-26, HND-21 */
static void hnd_026_values_change_hands_between_threads(void)
{
    struct actor actors[3];
    int i;

    stop = 0;
    for (i = 0; i < 3; i++) {
        actor_start(&actors[i], NULL, FALSE);
        actor_begin(&actors[i], open_and_close);
    }
    Sleep(5 * MOMENT);
    stop = 1;
    for (i = 0; i < 3; i++) {
        ok(actor_ends(&actors[i], LIMIT), "thread %d does not end", i);
        ok(!actors[i].packet.bytes, "thread %d: %u failures", i, (unsigned)actors[i].packet.bytes);
        actor_stop(&actors[i]);
    }
}

int main(void)
{
    RUN(hnd_015_open_values_are_distinct);
    RUN(hnd_020_a_recycled_value_is_a_stranger);
    RUN(hnd_021_close_once);
    RUN(hnd_022_close_of_null);
    RUN(hnd_023_close_of_pseudo_handles);
    RUN(hnd_024_protected_handles_stay);
    RUN(hnd_026_values_change_hands_between_threads);
    RUN(hnd_027_a_wait_survives_the_close_of_its_handle);
    RUN(hnd_027_a_wait_for_a_closed_object_times_out);
    return conform_end();
}
