/* Calls queued for threads and the waits that make them: PORT-205, handles.md
 * HND-102, HND-105 and HND-106.
 */
#include "calls.h"

static void hnd_102_all_calls_run_in_order_before_the_wait_returns(void)
{
    HANDLE event = make_event(FALSE, FALSE);

    forget();
    ok(SleepEx(0, TRUE) == 0, "nothing was queued");
    queue('a');
    queue('b');
    queue('c');
    ok(SleepEx(INFINITE, TRUE) == WAIT_IO_COMPLETION, "SleepEx");
    ok_ran("abc");
    queue('d');
    ok(SleepEx(0, TRUE) == WAIT_IO_COMPLETION, "with a time-out of 0");
    queue('e');
    ok(WaitForSingleObjectEx(event, INFINITE, TRUE) == WAIT_IO_COMPLETION, "one");
    queue('f');
    ok(WaitForMultipleObjectsEx(1, &event, FALSE, INFINITE, TRUE) == WAIT_IO_COMPLETION, "any");
    queue('g');
    ok(WaitForMultipleObjectsEx(1, &event, TRUE, INFINITE, TRUE) == WAIT_IO_COMPLETION, "all");
    queue('h');
    ok(SignalObjectAndWait(event, GetCurrentThread(), INFINITE, TRUE) == WAIT_IO_COMPLETION,
       "signal and wait");
    ok(is_signaled(event), "the event was not set");
    ok_ran("abcdefgh");
    CloseHandle(event);
}

static void hnd_102_other_waits_run_nothing(void)
{
    HANDLE event = make_event(TRUE, TRUE);

    forget();
    queue('a');
    ok(SleepEx(1, FALSE) == 0, "SleepEx");
    Sleep(1);
    ok(WaitForSingleObject(event, 0) == WAIT_OBJECT_0, "one");
    ok(WaitForSingleObjectEx(event, 0, FALSE) == WAIT_OBJECT_0, "one, not alertable");
    ok(WaitForMultipleObjectsEx(1, &event, TRUE, 0, FALSE) == WAIT_OBJECT_0, "all");
    ok(SignalObjectAndWait(event, event, 0, FALSE) == WAIT_OBJECT_0, "signal and wait");
    ok_ran("");
    ok(SleepEx(0, TRUE) == WAIT_IO_COMPLETION, "the call is gone");
    ok_ran("a");
    CloseHandle(event);
}

static void port_205_a_call_comes_before_an_object_that_is_signaled(void)
{
    HANDLE event = make_event(FALSE, TRUE);
    DWORD result;

    forget();
    queue('a');
    result = WaitForSingleObjectEx(event, LIMIT, TRUE);
    WINE_DIFFERS("Wine looks at the object first")
    ok(result == WAIT_IO_COMPLETION, "%#x", (unsigned)result);
    WINE_DIFFERS("Wine has consumed the event")
    ok(is_signaled(event), "the event was consumed");
    SleepEx(0, TRUE);
    SetEvent(event);
    queue('b');
    result = WaitForMultipleObjectsEx(1, &event, TRUE, LIMIT, TRUE);
    WINE_DIFFERS("Wine looks at the object first")
    ok(result == WAIT_IO_COMPLETION, "%#x", (unsigned)result);
    SleepEx(0, TRUE);
    ok_ran("ab");
    CloseHandle(event);
}

static void wait_alertably(struct actor *actor)
{
    actor->packet.error = WaitForSingleObjectEx(actor->handle, actor->milliseconds, TRUE);
}

static void wait_for_all_alertably(struct actor *actor)
{
    HANDLE handles[2];

    handles[0] = actor->handle;
    handles[1] = actor->context;
    actor->packet.error = WaitForMultipleObjectsEx(2, handles, TRUE, actor->milliseconds, TRUE);
}

static void wait_deaf(struct actor *actor)
{
    actor->packet.error = WaitForSingleObjectEx(actor->handle, actor->milliseconds, FALSE);
}

static void hnd_102_a_call_ends_a_wait_that_has_begun(void)
{
    static void (*const waits[])(struct actor *) = { wait_alertably, wait_for_all_alertably,
                                                     sleep_alertably };
    HANDLE never = make_event(FALSE, FALSE), set = make_event(FALSE, TRUE);
    struct actor actor;
    size_t i;

    actor_start(&actor, NULL, FALSE);
    actor.handle = never;
    actor.context = set;
    for (i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        forget();
        actor_begin(&actor, waits[i]);
        settle();
        queue_for(actor.thread, 'a');
        ok(actor_ends(&actor, LIMIT / 2) && actor.packet.error == WAIT_IO_COMPLETION,
           "wait %d: %#x", (int)i, (unsigned)actor.packet.error);
        ok_ran("a");
    }
    ok(is_signaled(set), "a wait that a call has ended took the event");
    forget();
    actor_begin(&actor, wait_deaf);
    settle();
    queue_for(actor.thread, 'b');
    ok(!actor_ends(&actor, MOMENT) && calls == 0, "a wait that is not alertable heard of it");
    SetEvent(never);
    ok(actor_ends(&actor, LIMIT / 2) && actor.packet.error == WAIT_OBJECT_0, "%#x",
       (unsigned)actor.packet.error);
    ok_ran("");
    actor_stop(&actor);
    CloseHandle(never);
    CloseHandle(set);
}

static VOID CALLBACK wait_inside(ULONG_PTR event)
{
    note('(');
    ok(WaitForSingleObject((HANDLE)event, LIMIT) == WAIT_OBJECT_0, "inside");
    note(')');
}

static VOID CALLBACK sleep_inside(ULONG_PTR unused)
{
    (void)unused;
    note('[');
    ok(SleepEx(0, TRUE) == WAIT_IO_COMPLETION, "inside");
    note(']');
}

static void hnd_105_a_call_may_wait_itself(void)
{
    HANDLE event = make_event(FALSE, TRUE);

    forget();
    QueueUserAPC(wait_inside, GetCurrentThread(), (ULONG_PTR)event);
    queue('a');
    ok(SleepEx(0, TRUE) == WAIT_IO_COMPLETION, "SleepEx");
    ok_ran("()a");
    forget();
    QueueUserAPC(sleep_inside, GetCurrentThread(), 0);
    queue('a');
    queue('b');
    ok(SleepEx(0, TRUE) == WAIT_IO_COMPLETION, "SleepEx");
    ok_ran("[ab]");
    CloseHandle(event);
}

static volatile LONG again;

static VOID CALLBACK queue_again(ULONG_PTR letter)
{
    note(letter);
    if (InterlockedDecrement(&again) > 0)
        QueueUserAPC(queue_again, GetCurrentThread(), letter + 1);
}

static void hnd_102_what_a_call_queues_runs_before_the_wait_returns(void)
{
    forget();
    again = 3;
    QueueUserAPC(queue_again, GetCurrentThread(), 'a');
    ok(SleepEx(0, TRUE) == WAIT_IO_COMPLETION, "SleepEx");
    ok_ran("abc");
}

static DWORD WINAPI note_start(void *unused)
{
    (void)unused;
    note('s');
    return 7;
}

static VOID CALLBACK leave(ULONG_PTR code)
{
    note('x');
    ExitThread((DWORD)code);
}

static void hnd_106_calls_run_before_the_thread_begins(void)
{
    HANDLE thread;
    DWORD code = 0;

    forget();
    thread = CreateThread(NULL, 0, note_start, NULL, CREATE_SUSPENDED, NULL);
    queue_for(thread, 'a');
    queue_for(thread, 'b');
    ResumeThread(thread);
    ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "no end");
    ok_ran("abs");
    CloseHandle(thread);
    forget();
    thread = CreateThread(NULL, 0, note_start, NULL, CREATE_SUSPENDED, NULL);
    QueueUserAPC(leave, thread, 9);
    queue_for(thread, 'c');
    ResumeThread(thread);
    ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "no end");
    ok(GetExitCodeThread(thread, &code) && code == 9, "exit code %u", (unsigned)code);
    ok_ran("x");
    CloseHandle(thread);
}

static void hnd_106_a_call_may_end_its_thread(void)
{
    static void (*const waits[])(struct actor *) = { wait_alertably, sleep_alertably,
                                                     wait_for_all_alertably, take_alertable };
    HANDLE never = make_event(FALSE, FALSE), neither = make_event(FALSE, FALSE);
    HANDLE port = make_port(1), thread;
    size_t i;

    for (i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        /* Its thread never gets back to it. */
        struct actor *actor = calloc(1, sizeof(*actor));

        forget();
        actor_start(actor, port, FALSE);
        actor->handle = never;
        actor->context = neither;
        thread = duplicate(actor->thread);
        actor_begin(actor, waits[i]);
        settle();
        QueueUserAPC(leave, thread, 1);
        QueueUserAPC(note, thread, 'y');
        ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "no end");
        ok_ran("x");
        CloseHandle(thread);
    }
    CloseHandle(never);
    CloseHandle(neither);
    CloseHandle(port);
}

static void hnd_106_who_cannot_be_called(void)
{
    HANDLE thread = CreateThread(NULL, 0, note_start, NULL, 0, NULL), weak;
    HANDLE event = make_event(FALSE, FALSE);

    ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "no end");
    ok_fails(QueueUserAPC(note, thread, 0), ERROR_GEN_FAILURE);
    ok_fails(QueueUserAPC(note, NULL, 0), ERROR_INVALID_HANDLE);
    ok_fails(QueueUserAPC(note, closed_handle(), 0), ERROR_INVALID_HANDLE);
    ok_fails(QueueUserAPC(note, event, 0), ERROR_INVALID_HANDLE);
    weak = duplicate_with_access(thread, SYNCHRONIZE | THREAD_SUSPEND_RESUME);
    ok_fails(QueueUserAPC(note, weak, 0), ERROR_ACCESS_DENIED);
    CloseHandle(weak);
    CloseHandle(thread);
    CloseHandle(event);
}

int main(void)
{
    RUN(hnd_102_all_calls_run_in_order_before_the_wait_returns);
    RUN(hnd_102_other_waits_run_nothing);
    RUN(port_205_a_call_comes_before_an_object_that_is_signaled);
    RUN(hnd_102_a_call_ends_a_wait_that_has_begun);
    RUN(hnd_105_a_call_may_wait_itself);
    RUN(hnd_102_what_a_call_queues_runs_before_the_wait_returns);
    RUN(hnd_106_calls_run_before_the_thread_begins);
    RUN(hnd_106_a_call_may_end_its_thread);
    RUN(hnd_106_who_cannot_be_called);
    return conform_end();
}
