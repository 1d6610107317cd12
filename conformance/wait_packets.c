/* Wait completion packets: ports.md section O. Wine 8 has none. */
#include "native.h"

#define MISSING "Wine 8 has no wait completion packets"

static HANDLE make_wait_packet(void)
{
    HANDLE packet = NULL;

    ok_status(nt_NtCreateWaitCompletionPacket(&packet, GENERIC_ALL, NULL), NT_SUCCESS_);
    return packet;
}

static NTSTATUS associate(HANDLE packet, HANDLE port, HANDLE target, BOOLEAN *already)
{
    return nt_NtAssociateWaitCompletionPacket(packet, port, target, 11, 12, NT_BUFFER_OVERFLOW, 13,
                                              already);
}

#define ok_wait_packet(port) ok_nt_packet(nt_take(port, LIMIT), 11, 12, NT_BUFFER_OVERFLOW, 13)

/* Rules: PORT-230 */
static void port_230_a_packet_object_is_like_others(void)
{
    HANDLE packet = NULL, port = make_port(0), event = make_event(FALSE, FALSE);

    ok_status(nt_NtCreateWaitCompletionPacket(NULL, GENERIC_ALL, NULL), NT_ACCESS_VIOLATION);
    ok_status(nt_NtCreateWaitCompletionPacket(&packet, GENERIC_ALL, NULL), NT_SUCCESS_);
    ok_status(associate(NULL, port, event, NULL), NT_INVALID_HANDLE);
    ok_status(associate(event, port, event, NULL), NT_OBJECT_TYPE_MISMATCH);
    ok_status(associate(packet, packet, event, NULL), NT_OBJECT_TYPE_MISMATCH);
    ok_status(associate(packet, port, NULL, NULL), NT_INVALID_HANDLE);
    ok_status(nt_NtCancelWaitCompletionPacket(port, FALSE), NT_OBJECT_TYPE_MISMATCH);
    ok(WaitForSingleObject(packet, 0) == WAIT_FAILED && GetLastError() == ERROR_ACCESS_DENIED,
       "it is waited for: %u", (unsigned)GetLastError());
    ok(CloseHandle(packet), "%u", (unsigned)GetLastError());
    CloseHandle(event);
    CloseHandle(port);
}

/* Rules: PORT-231 */
static void port_231_a_signal_queues_one_packet(void)
{
    HANDLE packet = make_wait_packet(), port = make_port(0), event = make_event(FALSE, FALSE);
    BOOLEAN already = 7;
    int i;

    for (i = 0; i < 3; i++) {
        ok_status(associate(packet, port, event, &already), NT_SUCCESS_);
        ok(!already, "signaled at once");
        ok_no_nt_packet(nt_take(port, 0));
        SetEvent(event);
        ok_wait_packet(port);
        ok(!is_signaled(event), "the event is still set");
        SetEvent(event);
        ok_no_nt_packet(nt_take(port, 0));
        ok(is_signaled(event), "somebody has taken the event");
    }
    CloseHandle(packet);
    CloseHandle(event);
    CloseHandle(port);
}

/* Rules: PORT-232 */
static void port_232_a_target_that_is_signaled_queues_at_once(void)
{
    HANDLE packet = make_wait_packet(), port = make_port(0);
    HANDLE once = make_event(FALSE, TRUE), always = make_event(TRUE, TRUE);
    HANDLE semaphore = CreateSemaphoreA(NULL, 2, 9, NULL);
    BOOLEAN already = FALSE;
    LONG before = 0;

    ok_status(associate(packet, port, once, &already), NT_SUCCESS_);
    ok(already == TRUE, "not signaled at once");
    ok(!is_signaled(once), "the event is not taken");
    ok_wait_packet(port);
    already = FALSE;
    ok_status(associate(packet, port, always, &already), NT_SUCCESS_);
    ok(already == TRUE && is_signaled(always), "a manual event");
    ok_wait_packet(port);
    already = FALSE;
    ok_status(associate(packet, port, semaphore, &already), NT_SUCCESS_);
    ok(already == TRUE, "not signaled at once");
    ok_wait_packet(port);
    ok(ReleaseSemaphore(semaphore, 1, &before) && before == 1, "%d units left", (int)before);
    ok_status(associate(packet, port, once, NULL), NT_SUCCESS_);
    CloseHandle(packet);
    CloseHandle(semaphore);
    CloseHandle(always);
    CloseHandle(once);
    CloseHandle(port);
}

static DWORD WINAPI wait_for_event(void *event)
{
    return WaitForSingleObject(event, INFINITE);
}

/* Rules: PORT-231 */
static void port_231_threads_semaphores_and_files_are_targets(void)
{
    HANDLE packet = make_wait_packet(), port = make_port(0), event = make_event(TRUE, FALSE);
    HANDLE semaphore = CreateSemaphoreA(NULL, 0, 9, NULL), file = make_overlapped_file();
    HANDLE thread = CreateThread(NULL, 0, wait_for_event, event, 0, NULL);
    LONG before = 7;

    ok_status(associate(packet, port, thread, NULL), NT_SUCCESS_);
    ok_no_nt_packet(nt_take(port, 0));
    SetEvent(event);
    ok_wait_packet(port);
    ok(is_signaled(thread), "the thread has not ended");
    ok_status(associate(packet, port, semaphore, NULL), NT_SUCCESS_);
    ReleaseSemaphore(semaphore, 3, NULL);
    ok_wait_packet(port);
    ok(ReleaseSemaphore(semaphore, 1, &before) && before == 2, "%d units left", (int)before);
    ok_status(associate(packet, port, file, NULL), NT_SUCCESS_);
    ok_wait_packet(port);
    CloseHandle(thread);
    CloseHandle(packet);
    CloseHandle(semaphore);
    CloseHandle(event);
    CloseHandle(file);
    CloseHandle(port);
}

/* Rules: PORT-233 */
static void port_233_a_packet_in_use_is_refused(void)
{
    HANDLE packet = make_wait_packet(), port = make_port(0), event = make_event(FALSE, FALSE);
    NTSTATUS status;

    ok_status(associate(packet, port, event, NULL), NT_SUCCESS_);
    status = associate(packet, port, event, NULL);
    ok(nt_RtlNtStatusToDosError(status) == ERROR_INVALID_PARAMETER, "while it waits: %#x",
       (unsigned)status);
    SetEvent(event);
    status = associate(packet, port, event, NULL);
    ok(nt_RtlNtStatusToDosError(status) == ERROR_INVALID_PARAMETER, "while it is queued: %#x",
       (unsigned)status);
    ok_wait_packet(port);
    ok_status(associate(packet, port, event, NULL), NT_SUCCESS_);
    CloseHandle(packet);
    CloseHandle(event);
    CloseHandle(port);
}

/* Rules: PORT-234 */
static void port_234_cancelling_tells_what_was_there(void)
{
    HANDLE packet = make_wait_packet(), port = make_port(0), event = make_event(FALSE, FALSE);

    ok_status(nt_NtCancelWaitCompletionPacket(packet, FALSE), NT_CANCELLED);
    ok_status(nt_NtCancelWaitCompletionPacket(packet, TRUE), NT_CANCELLED);
    associate(packet, port, event, NULL);
    ok_status(nt_NtCancelWaitCompletionPacket(packet, FALSE), NT_SUCCESS_);
    ok_status(nt_NtCancelWaitCompletionPacket(packet, FALSE), NT_CANCELLED);
    SetEvent(event);
    ok_no_nt_packet(nt_take(port, 0));
    ok(is_signaled(event), "a wait that was cancelled has taken the event");
    associate(packet, port, event, NULL);
    SetEvent(event);
    ok_status(nt_NtCancelWaitCompletionPacket(packet, FALSE), NT_PENDING);
    ok_wait_packet(port);
    ok_status(nt_NtCancelWaitCompletionPacket(packet, FALSE), NT_CANCELLED);
    ok_status(nt_NtCancelWaitCompletionPacket(packet, TRUE), NT_CANCELLED);
    CloseHandle(packet);
    CloseHandle(event);
    CloseHandle(port);
}

/* Rules: PORT-234 */
static void port_234_a_queued_packet_is_removed_and_no_other(void)
{
    HANDLE packet = make_wait_packet(), port = make_port(0), event = make_event(FALSE, FALSE);

    nt_NtSetIoCompletion(port, 11, 12, NT_BUFFER_OVERFLOW, 13);
    associate(packet, port, event, NULL);
    SetEvent(event);
    nt_NtSetIoCompletion(port, 11, 12, NT_BUFFER_OVERFLOW, 13);
    ok_status(nt_NtCancelWaitCompletionPacket(packet, TRUE), NT_SUCCESS_);
    ok_wait_packet(port);
    ok_wait_packet(port);
    ok_no_nt_packet(nt_take(port, 0));
    ok(!is_signaled(event), "the event was taken");
    ok_status(associate(packet, port, event, NULL), NT_SUCCESS_);
    CloseHandle(packet);
    CloseHandle(event);
    CloseHandle(port);
}

/* Rules: PORT-234, PORT-240 */
static void port_234_a_port_that_loses_its_last_packet_is_empty(void)
{
    HANDLE packet = make_wait_packet(), port = make_port(0), event = make_event(FALSE, FALSE);

    ok(!is_signaled(port), "an empty port");
    associate(packet, port, event, NULL);
    SetEvent(event);
    ok(is_signaled(port), "a packet is in the queue");
    nt_NtCancelWaitCompletionPacket(packet, TRUE);
    ok(!is_signaled(port), "no packet is in the queue");
    CloseHandle(packet);
    CloseHandle(event);
    CloseHandle(port);
}

/* Rules: PORT-235 */
static void port_235_mutexes_are_refused(void)
{
    HANDLE packet = make_wait_packet(), port = make_port(0);
    HANDLE mutex = CreateMutexA(NULL, FALSE, NULL);
    NTSTATUS status = associate(packet, port, mutex, NULL);

    ok(nt_RtlNtStatusToDosError(status) == ERROR_INVALID_PARAMETER, "%#x", (unsigned)status);
    ok_status(nt_NtCancelWaitCompletionPacket(packet, FALSE), NT_CANCELLED);
    CloseHandle(mutex);
    CloseHandle(packet);
    CloseHandle(port);
}

/* Rules: PORT-235 */
static void port_235_another_thread_takes_the_packet(void)
{
    HANDLE packet = make_wait_packet(), port = make_port(0), event = make_event(FALSE, FALSE);
    struct actor waiter;

    waiter_start(&waiter, port);
    nt_NtAssociateWaitCompletionPacket(packet, port, event, 5, 6, 0, 7, NULL);
    SetEvent(event);
    ok(actor_ends(&waiter, LIMIT), "the waiter is not woken");
    ok_success(waiter.packet, 7, 5, (void *)6);
    actor_stop(&waiter);
    CloseHandle(packet);
    CloseHandle(event);
    CloseHandle(port);
}

/* Rules: PORT-231, PORT-032 */
static void port_231_what_closes_meanwhile_loses_nothing_else(void)
{
    HANDLE packet = make_wait_packet(), port = make_port(0), other = make_port(0);
    HANDLE event = make_event(FALSE, FALSE), copy;

    /* The target: a wait holds it. */
    associate(packet, port, event, NULL);
    copy = duplicate(event);
    CloseHandle(event);
    SetEvent(copy);
    ok_wait_packet(port);
    /* The port: the object is free for another. */
    associate(packet, other, copy, NULL);
    CloseHandle(other);
    ok_status(associate(packet, port, copy, NULL), NT_SUCCESS_);
    SetEvent(copy);
    ok_wait_packet(port);
    ok_no_nt_packet(nt_take(port, 0));
    /* The object: its wait ends. */
    associate(packet, port, copy, NULL);
    CloseHandle(packet);
    SetEvent(copy);
    ok_no_nt_packet(nt_take(port, 0));
    ok(is_signaled(copy), "a wait that has ended has taken the event");
    CloseHandle(copy);
    CloseHandle(port);
}

int main(void)
{
    RUN_WINE_FAILS(port_230_a_packet_object_is_like_others, MISSING);
    /* Without the calls every other test would wait for its packets in vain. */
    if (CONFORM_WINE) return conform_end();
    RUN_WINE_FAILS(port_231_a_signal_queues_one_packet, MISSING);
    RUN_WINE_FAILS(port_232_a_target_that_is_signaled_queues_at_once, MISSING);
    RUN_WINE_FAILS(port_231_threads_semaphores_and_files_are_targets, MISSING);
    RUN_WINE_FAILS(port_233_a_packet_in_use_is_refused, MISSING);
    RUN_WINE_FAILS(port_234_cancelling_tells_what_was_there, MISSING);
    RUN_WINE_FAILS(port_234_a_queued_packet_is_removed_and_no_other, MISSING);
    RUN_WINE_FAILS(port_234_a_port_that_loses_its_last_packet_is_empty, MISSING);
    RUN_WINE_FAILS(port_235_mutexes_are_refused, MISSING);
    RUN_WINE_FAILS(port_235_another_thread_takes_the_packet, MISSING);
    RUN_WINE_FAILS(port_231_what_closes_meanwhile_loses_nothing_else, MISSING);
    return conform_end();
}
