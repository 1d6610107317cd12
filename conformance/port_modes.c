/* SetFileCompletionNotificationModes: ports.md section H. */
#include "net.h"
#include "ports.h"

#define SKIP_PORT FILE_SKIP_COMPLETION_PORT_ON_SUCCESS
#define SKIP_EVENT FILE_SKIP_SET_EVENT_ON_HANDLE

/* A receive that finds its data there. */
static void immediate_receive(SOCKET from, SOCKET to, OVERLAPPED *overlapped)
{
    char buffer[8];
    int error;

    send(from, "abc", 3, 0);
    ok(has_bytes(to, 3), "data arrives");
    error = start_receive(to, buffer, sizeof(buffer), overlapped);
    ok(!error, "the receive is not immediate: %d", error);
    ok(STATUS_OF(overlapped) == 0 && overlapped->InternalHigh == 3, "status %#x, %u bytes",
       (unsigned)STATUS_OF(overlapped), (unsigned)overlapped->InternalHigh);
}

/* Rules: PORT-140, HND-118 */
static void port_140_immediate_success_queues_nothing(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[8];
    int i;

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    ok(SetFileCompletionNotificationModes((HANDLE)server, SKIP_PORT), "modes");
    for (i = 0; i < 3; i++) immediate_receive(client, server, &overlapped);
    ok(!start_send(server, "abc", 3, &overlapped), "send: %d", WSAGetLastError());
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    memset(&overlapped, 0, sizeof(overlapped));
    ok(start_receive(server, buffer, sizeof(buffer), &overlapped) == WSA_IO_PENDING, "pending");
    send(client, "de", 2, 0);
    ok_success(get_packet(port, LIMIT), 2, 1, &overlapped);
    ok(start_receive(server, buffer, sizeof(buffer), &overlapped) == WSA_IO_PENDING, "pending");
    CancelIoEx((HANDLE)server, &overlapped);
    ok_failure(get_packet(port, LIMIT), ERROR_OPERATION_ABORTED, 0, 1, &overlapped);
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
}

/* Without the mode the same receive queues a packet. */
static void port_140_without_the_mode_there_is_a_packet(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    immediate_receive(client, server, &overlapped);
    ok_success(get_packet(port, LIMIT), 3, 1, &overlapped);
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
}

static void port_141_the_event_is_set_all_the_same(void)
{
    HANDLE port = make_port(0), event = make_event(TRUE, FALSE);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    SetFileCompletionNotificationModes((HANDLE)server, SKIP_PORT);
    overlapped.hEvent = event;
    immediate_receive(client, server, &overlapped);
    ok(is_signaled(event), "the event is not set");
    ok_none(get_packet(port, 0), WAIT_TIMEOUT);
    closesocket(server);
    closesocket(client);
    CloseHandle(event);
    CloseHandle(port);
}

/* Rules: PORT-143, PORT-144 */
static void port_143_the_file_is_signaled_no_more(void)
{
    HANDLE port = make_port(0), file = make_overlapped_file(), event = make_event(TRUE, FALSE);
    OVERLAPPED overlapped = {0};
    char buffer[8];

    CreateIoCompletionPort(file, port, 1, 0);
    ok(is_signaled(file), "at first it is");
    ok(SetFileCompletionNotificationModes(file, SKIP_EVENT), "modes");
    ok(!is_signaled(file), "still signaled");
    ReadFile(file, buffer, sizeof(buffer), NULL, &overlapped);
    ok_success(get_packet(port, LIMIT), sizeof(buffer), 1, &overlapped);
    ok(!is_signaled(file), "signaled by a completion");
    overlapped.hEvent = event;
    ReadFile(file, buffer, sizeof(buffer), NULL, &overlapped);
    ok_success(get_packet(port, LIMIT), sizeof(buffer), 1, &overlapped);
    ok(is_signaled(event), "the event of the operation is not set");
    CloseHandle(event);
    CloseHandle(file);
    CloseHandle(port);
}

static void port_143_immediate_completions_leave_it_too(void)
{
    SOCKET client, server;
    OVERLAPPED overlapped = {0};

    make_tcp_pair(&client, &server);
    ok(SetFileCompletionNotificationModes((HANDLE)server, SKIP_EVENT), "modes");
    immediate_receive(client, server, &overlapped);
    ok(!is_signaled((HANDLE)server), "signaled by a completion");
    closesocket(server);
    closesocket(client);
}

static void wait_for_result(struct actor *actor)
{
    actor->packet.bytes = UNTOUCHED;
    SetLastError(UNTOUCHED);
    actor->packet.ok = GetOverlappedResultEx(actor->handle, actor->context, &actor->packet.bytes,
                                             actor->milliseconds, FALSE);
    actor->packet.error = GetLastError();
}

static void port_145_a_wait_for_the_file_never_ends(void)
{
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    struct actor waiter;
    char buffer[8];

    make_tcp_pair(&client, &server);
    SetFileCompletionNotificationModes((HANDLE)server, SKIP_EVENT);
    ok(start_receive(server, buffer, sizeof(buffer), &overlapped) == WSA_IO_PENDING, "pending");
    actor_start(&waiter, NULL, FALSE);
    waiter.handle = (HANDLE)server;
    waiter.context = &overlapped;
    waiter.milliseconds = 5 * MOMENT;
    actor_begin(&waiter, wait_for_result);
    settle();
    send(client, "ab", 2, 0);
    ok(actor_ends(&waiter, LIMIT), "the wait has no end");
    ok(!waiter.packet.ok && waiter.packet.error == WAIT_TIMEOUT, "%d, %u", waiter.packet.ok,
       (unsigned)waiter.packet.error);
    ok(STATUS_OF(&overlapped) == 0 && overlapped.InternalHigh == 2, "the receive is done");
    actor_stop(&waiter);
    closesocket(server);
    closesocket(client);
}

/* Rules: PORT-147, HND-117 */
static void port_147_modes_accumulate(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    ok(SetFileCompletionNotificationModes((HANDLE)server, SKIP_PORT), "first");
    ok(SetFileCompletionNotificationModes((HANDLE)server, 0), "none");
    immediate_receive(client, server, &overlapped);
    ok_none(get_packet(port, 0), WAIT_TIMEOUT);
    ok(is_signaled((HANDLE)server), "the other mode is not set yet");
    ok(SetFileCompletionNotificationModes((HANDLE)server, SKIP_EVENT), "second");
    immediate_receive(client, server, &overlapped);
    ok(!is_signaled((HANDLE)server), "both modes: signaled");
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
}

/* Rules: PORT-148, HND-117 */
static void port_148_refusals(void)
{
    HANDLE plain = make_file(GENERIC_READ, 0), event = make_event(FALSE, FALSE);
    HANDLE port = make_port(0);

    ok_fails(SetFileCompletionNotificationModes(plain, SKIP_PORT), ERROR_INVALID_PARAMETER);
    ok_fails(SetFileCompletionNotificationModes(plain, SKIP_EVENT), ERROR_INVALID_PARAMETER);
    ok_fails(SetFileCompletionNotificationModes(NULL, SKIP_PORT), ERROR_INVALID_HANDLE);
    ok_fails(SetFileCompletionNotificationModes(closed_handle(), SKIP_PORT), ERROR_INVALID_HANDLE);
    ok_fails(SetFileCompletionNotificationModes(INVALID_HANDLE_VALUE, SKIP_PORT),
             ERROR_INVALID_HANDLE);
    ok_fails(SetFileCompletionNotificationModes(event, SKIP_PORT), ERROR_INVALID_HANDLE);
    ok_fails(SetFileCompletionNotificationModes(port, SKIP_PORT), ERROR_INVALID_HANDLE);
    CloseHandle(port);
    CloseHandle(event);
    CloseHandle(plain);
}

/* Implementations disagree; D8 says what was decided. */
static void port_149_unknown_modes(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    WINE_DIFFERS("Wine accepts them")
    ok_fails(SetFileCompletionNotificationModes((HANDLE)server, 0x80), ERROR_INVALID_PARAMETER);
    immediate_receive(client, server, &overlapped);
    ok_success(get_packet(port, LIMIT), 3, 1, &overlapped);
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
}

/* Rules: PORT-150, HND-117 */
static void port_150_modes_belong_to_the_file_object(void)
{
    HANDLE port = make_port(0), copy;
    SOCKET client, server;
    OVERLAPPED overlapped = {0};

    make_tcp_pair(&client, &server);
    copy = duplicate((HANDLE)server);
    ok(SetFileCompletionNotificationModes(copy, SKIP_PORT | SKIP_EVENT), "before association");
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    immediate_receive(client, server, &overlapped);
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    ok(!is_signaled((HANDLE)server) && !is_signaled(copy), "signaled");
    CloseHandle(copy);
    immediate_receive(client, server, &overlapped);
    ok_none(get_packet(port, 0), WAIT_TIMEOUT);
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
}

/* Rules: PORT-284, PORT-140, PORT-143 */
static void port_284_the_modes_save_the_packet_and_the_event(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    int i;

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    immediate_receive(client, server, &overlapped);
    ok_success(get_packet(port, LIMIT), 3, 1, &overlapped);
    ok(is_signaled((HANDLE)server), "without the modes: a packet, and the file is signaled");
    ok(SetFileCompletionNotificationModes((HANDLE)server, SKIP_EVENT), "modes");
    immediate_receive(client, server, &overlapped);
    ok(!is_signaled((HANDLE)server), "the file is signaled");
    ok_success(get_packet(port, LIMIT), 3, 1, &overlapped);
    ok(SetFileCompletionNotificationModes((HANDLE)server, SKIP_PORT), "modes");
    for (i = 0; i < 50; i++) {
        immediate_receive(client, server, &overlapped);
        ok(!is_signaled((HANDLE)server), "the file is signaled");
    }
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
}

int main(void)
{
    net_start();
    RUN(port_140_immediate_success_queues_nothing);
    RUN(port_140_without_the_mode_there_is_a_packet);
    RUN(port_141_the_event_is_set_all_the_same);
    RUN(port_143_the_file_is_signaled_no_more);
    RUN(port_143_immediate_completions_leave_it_too);
    RUN(port_145_a_wait_for_the_file_never_ends);
    RUN(port_147_modes_accumulate);
    RUN(port_148_refusals);
    RUN(port_149_unknown_modes);
    RUN(port_150_modes_belong_to_the_file_object);
    RUN(port_284_the_modes_save_the_packet_and_the_event);
    return conform_end();
}
