/* Mutexes, and signalling one object while waiting for another: handles.md
 * HND-56, HND-71, HND-83, HND-88, HND-89, HND-93 to HND-95.
 */
#include "handles.h"

static HANDLE make_mutex(BOOL owned)
{
    HANDLE mutex = CreateMutexA(NULL, owned, NULL);

    ok(mutex != NULL, "no mutex: %u", (unsigned)GetLastError());
    return mutex;
}

static DWORD WINAPI try_now(void *mutex)
{
    DWORD result = WaitForSingleObject(mutex, 0);

    if (result == WAIT_OBJECT_0 || result == WAIT_ABANDONED) ReleaseMutex(mutex);
    return result;
}

/* What a wait of another thread comes to, which gives back what it gets. */
static DWORD tried_by_another(HANDLE mutex)
{
    HANDLE thread = CreateThread(NULL, 0, try_now, mutex, 0, NULL);
    DWORD code = UNTOUCHED;

    ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "no end");
    GetExitCodeThread(thread, &code);
    CloseHandle(thread);
    return code;
}

static void hnd_093_a_mutex_is_its_owners_as_often_as_he_likes(void)
{
    HANDLE mutex = make_mutex(FALSE);
    int i;

    ok_fails(ReleaseMutex(mutex), ERROR_NOT_OWNER);
    for (i = 0; i < 5; i++)
        ok(WaitForSingleObject(mutex, 0) == WAIT_OBJECT_0, "%d: no success", i);
    for (i = 0; i < 5; i++) {
        ok(tried_by_another(mutex) == WAIT_TIMEOUT, "%d: another has got it", i);
        ok(ReleaseMutex(mutex), "%d: %u", i, (unsigned)GetLastError());
    }
    ok(tried_by_another(mutex) == WAIT_OBJECT_0, "it is not free");
    ok_fails(ReleaseMutex(mutex), ERROR_NOT_OWNER);
    CloseHandle(mutex);
    mutex = make_mutex(TRUE);
    ok(tried_by_another(mutex) == WAIT_TIMEOUT, "it had no owner");
    ok(WaitForMultipleObjects(1, &mutex, TRUE, 0) == WAIT_OBJECT_0, "all");
    ok(WaitForMultipleObjects(1, &mutex, FALSE, 0) == WAIT_OBJECT_0, "any");
    ok(ReleaseMutex(mutex) && ReleaseMutex(mutex), "%u", (unsigned)GetLastError());
    ok(tried_by_another(mutex) == WAIT_TIMEOUT, "given back too early");
    ok(ReleaseMutex(mutex), "%u", (unsigned)GetLastError());
    ok(tried_by_another(mutex) == WAIT_OBJECT_0, "it is not free");
    CloseHandle(mutex);
}

static void release(struct actor *actor)
{
    SetLastError(UNTOUCHED);
    actor->packet.ok = ReleaseMutex(actor->handle);
    actor->packet.error = GetLastError();
}

static void hnd_093_only_the_owner_can_give_it_back(void)
{
    struct actor actor;

    actor_start(&actor, NULL, FALSE);
    actor.handle = make_mutex(TRUE);
    actor_do(&actor, release);
    ok(!actor.packet.ok && actor.packet.error == ERROR_NOT_OWNER, "error %u",
       (unsigned)actor.packet.error);
    CloseHandle(actor.handle);
    actor_stop(&actor);
}

static void own(struct actor *actor)
{
    actor->packet.error = WaitForSingleObject(actor->handle, actor->milliseconds);
}

static void hnd_083_a_mutex_is_handed_over(void)
{
    HANDLE mutex = make_mutex(TRUE);
    struct actor actor;

    actor_start(&actor, NULL, FALSE);
    actor.handle = mutex;
    actor_begin(&actor, own);
    settle();
    ok(!actor_ends(&actor, 0), "it is owned twice");
    ok(ReleaseMutex(mutex), "%u", (unsigned)GetLastError());
    ok(WaitForSingleObject(mutex, 0) == WAIT_TIMEOUT, "it was stolen back");
    ok(actor_ends(&actor, LIMIT) && actor.packet.error == WAIT_OBJECT_0, "%#x",
       (unsigned)actor.packet.error);
    actor_do(&actor, release);
    ok(actor.packet.ok, "error %u", (unsigned)actor.packet.error);
    ok(WaitForSingleObject(mutex, LIMIT) == WAIT_OBJECT_0, "it is not free");
    CloseHandle(mutex);
    actor_stop(&actor);
}

static void hnd_081_wait_all_takes_a_mutex_with_the_rest(void)
{
    HANDLE handles[3];

    handles[0] = make_mutex(FALSE);
    handles[1] = make_mutex(TRUE);
    handles[2] = make_event(FALSE, FALSE);
    ok(WaitForMultipleObjects(3, handles, TRUE, 0) == WAIT_TIMEOUT, "not all are free");
    ok(tried_by_another(handles[0]) == WAIT_OBJECT_0, "taken by a wait that has failed");
    SetEvent(handles[2]);
    ok(WaitForMultipleObjects(3, handles, TRUE, 0) == WAIT_OBJECT_0, "all are free");
    ok(!is_signaled(handles[2]), "the event is still set");
    ok(ReleaseMutex(handles[0]), "%u", (unsigned)GetLastError());
    ok_fails(ReleaseMutex(handles[0]), ERROR_NOT_OWNER);
    ok(ReleaseMutex(handles[1]) && ReleaseMutex(handles[1]), "%u", (unsigned)GetLastError());
    ok_fails(ReleaseMutex(handles[1]), ERROR_NOT_OWNER);
    CloseHandle(handles[0]);
    CloseHandle(handles[1]);
    CloseHandle(handles[2]);
}

static DWORD WINAPI take_twice_and_end(void *mutex)
{
    WaitForSingleObject(mutex, LIMIT);
    WaitForSingleObject(mutex, LIMIT);
    return 0;
}

static void abandon(HANDLE mutex)
{
    HANDLE thread = CreateThread(NULL, 0, take_twice_and_end, mutex, 0, NULL);

    ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "no end");
    CloseHandle(thread);
}

static void hnd_094_a_mutex_is_abandoned_by_the_end_of_its_owner(void)
{
    HANDLE mutex = make_mutex(FALSE), handles[2];
    DWORD result;

    abandon(mutex);
    ok(WaitForSingleObject(mutex, 0) == WAIT_ABANDONED, "not abandoned");
    ok(WaitForSingleObject(mutex, 0) == WAIT_OBJECT_0, "abandoned a second time");
    ok(ReleaseMutex(mutex) && ReleaseMutex(mutex), "%u", (unsigned)GetLastError());
    ok_fails(ReleaseMutex(mutex), ERROR_NOT_OWNER);
    ok(tried_by_another(mutex) == WAIT_OBJECT_0, "still abandoned");

    handles[0] = make_event(FALSE, FALSE);
    handles[1] = mutex;
    abandon(mutex);
    result = WaitForMultipleObjects(2, handles, FALSE, 0);
    ok(result == WAIT_ABANDONED_0 + 1, "any: %#x", (unsigned)result);
    ReleaseMutex(mutex);
    abandon(mutex);
    ok(WaitForMultipleObjects(2, handles, TRUE, 0) == WAIT_TIMEOUT, "not all are set");
    SetEvent(handles[0]);
    result = WaitForMultipleObjects(2, handles, TRUE, 0);
    ok(result == WAIT_ABANDONED_0, "all: %#x", (unsigned)result);
    ReleaseMutex(mutex);
    CloseHandle(handles[0]);
    CloseHandle(mutex);
}

static volatile LONG may_end;

static DWORD WINAPI own_and_close(void *mutex)
{
    WaitForSingleObject(mutex, LIMIT);
    CloseHandle(mutex);
    InterlockedIncrement(&may_end);
    reaches(&may_end, 2, LIMIT);
    return 0;
}

static void hnd_095_abandoning_takes_no_handle(void)
{
    HANDLE mutex = make_mutex(FALSE), copy = duplicate(mutex), thread;
    struct actor actor;

    may_end = 0;
    actor_start(&actor, NULL, FALSE);
    actor.handle = mutex;
    thread = CreateThread(NULL, 0, own_and_close, copy, 0, NULL);
    ok(reaches(&may_end, 1, LIMIT), "the thread does not begin");
    actor_begin(&actor, own);
    settle();
    ok(!actor_ends(&actor, 0), "a closed handle gave the mutex back");
    InterlockedIncrement(&may_end);
    ok(actor_ends(&actor, LIMIT) && actor.packet.error == WAIT_ABANDONED, "%#x",
       (unsigned)actor.packet.error);
    ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "no end");
    CloseHandle(thread);
    CloseHandle(mutex);
    actor_stop(&actor);
}

static void hnd_056_to_give_back_takes_no_right(void)
{
    HANDLE mutex = make_mutex(TRUE), weak = duplicate_with_access(mutex, READ_CONTROL);

    ok_wait_fails(WaitForSingleObject(weak, 0), ERROR_ACCESS_DENIED);
    ok(ReleaseMutex(weak), "%u", (unsigned)GetLastError());
    CloseHandle(weak);
    weak = CreateMutexExA(NULL, NULL, CREATE_MUTEX_INITIAL_OWNER, SYNCHRONIZE);
    ok(weak && ReleaseMutex(weak), "%u", (unsigned)GetLastError());
    CloseHandle(weak);
    CloseHandle(mutex);
    ok_fails(ReleaseMutex(NULL), ERROR_INVALID_HANDLE);
    mutex = make_event(FALSE, FALSE);
    ok_fails(ReleaseMutex(mutex), ERROR_INVALID_HANDLE);
    CloseHandle(mutex);
}

static void hnd_054_the_rights_of_a_mutex(void)
{
    HANDLE mutex = make_mutex(FALSE), weak;

    weak = duplicate_with_access(mutex, GENERIC_READ | GENERIC_WRITE);
    ok_wait_fails(WaitForSingleObject(weak, 0), ERROR_ACCESS_DENIED);
    CloseHandle(weak);
    weak = duplicate_with_access(mutex, GENERIC_EXECUTE);
    ok(WaitForSingleObject(weak, 0) == WAIT_OBJECT_0, "%u", (unsigned)GetLastError());
    ReleaseMutex(weak);
    CloseHandle(weak);
    CloseHandle(mutex);
}

/* ---- SignalObjectAndWait ---- */

static void hnd_088_both_handles_are_looked_at_first(void)
{
    HANDLE event = make_event(FALSE, FALSE), other = make_event(TRUE, TRUE);
    HANDLE semaphore = CreateSemaphoreA(NULL, 1, 1, NULL), mutex = make_mutex(FALSE);
    HANDLE thread = duplicate(GetCurrentThread());

    ok_wait_fails(SignalObjectAndWait(NULL, other, 0, FALSE), ERROR_INVALID_HANDLE);
    ok_wait_fails(SignalObjectAndWait(event, NULL, 0, FALSE), ERROR_INVALID_HANDLE);
    ok_wait_fails(SignalObjectAndWait(event, closed_handle(), 0, FALSE), ERROR_INVALID_HANDLE);
    ok(!is_signaled(event), "the event was set before both were looked at");
    ok_wait_fails(SignalObjectAndWait(thread, other, 0, FALSE), ERROR_INVALID_HANDLE);
    ok_wait_fails(SignalObjectAndWait(mutex, event, 0, FALSE), ERROR_NOT_OWNER);
    ok_wait_fails(SignalObjectAndWait(semaphore, event, 0, FALSE), ERROR_TOO_MANY_POSTS);
    SetEvent(event);
    ok_wait_fails(SignalObjectAndWait(mutex, event, 0, FALSE), ERROR_NOT_OWNER);
    ok(is_signaled(event), "it was waited for all the same");
    CloseHandle(event);
    CloseHandle(other);
    CloseHandle(semaphore);
    CloseHandle(mutex);
    CloseHandle(thread);
}

static void hnd_088_each_kind_is_signaled(void)
{
    HANDLE event = make_event(FALSE, FALSE), other = make_event(FALSE, TRUE);
    HANDLE semaphore = CreateSemaphoreA(NULL, 0, 1, NULL), mutex = make_mutex(TRUE);

    ok(SignalObjectAndWait(event, other, 0, FALSE) == WAIT_OBJECT_0, "event");
    ok(is_signaled(event) && !is_signaled(other), "not set, or not consumed");
    ok(SignalObjectAndWait(semaphore, other, 0, FALSE) == WAIT_TIMEOUT, "semaphore");
    ok(is_signaled(semaphore), "not released");
    ok(SignalObjectAndWait(mutex, other, 1, FALSE) == WAIT_TIMEOUT, "mutex");
    ok(tried_by_another(mutex) == WAIT_OBJECT_0, "not given back");
    CloseHandle(event);
    CloseHandle(other);
    CloseHandle(semaphore);
    CloseHandle(mutex);
}

static void hnd_089_one_object_on_both_sides(void)
{
    HANDLE event = make_event(FALSE, FALSE);
    int i, wrong = 0;

    for (i = 0; i < 1000; i++)
        wrong += SignalObjectAndWait(event, event, LIMIT, FALSE) != WAIT_OBJECT_0;
    ok(!wrong, "%d waits failed", wrong);
    ok(!is_signaled(event), "the event is still set");
    CloseHandle(event);
}

int main(void)
{
    RUN(hnd_093_a_mutex_is_its_owners_as_often_as_he_likes);
    RUN(hnd_093_only_the_owner_can_give_it_back);
    RUN(hnd_083_a_mutex_is_handed_over);
    RUN(hnd_081_wait_all_takes_a_mutex_with_the_rest);
    RUN(hnd_094_a_mutex_is_abandoned_by_the_end_of_its_owner);
    RUN(hnd_095_abandoning_takes_no_handle);
    RUN(hnd_056_to_give_back_takes_no_right);
    RUN(hnd_054_the_rights_of_a_mutex);
    RUN(hnd_088_both_handles_are_looked_at_first);
    RUN(hnd_088_each_kind_is_signaled);
    RUN(hnd_089_one_object_on_both_sides);
    return conform_end();
}
