/* CancelIo and CancelIoEx: ports.md section K. */
#include "net.h"
#include "ports.h"

#define WINE8_ANY "Wine 8 succeeds without a request unless an overlapped is given"

struct request {
    SOCKET socket;
    OVERLAPPED overlapped;
    char buffer[8];
    int error;
};

static void start_request(struct actor *actor)
{
    struct request *request = actor->context;

    request->error = start_receive(request->socket, request->buffer, sizeof(request->buffer),
                                   &request->overlapped);
}

static void cancel_io(struct actor *actor)
{
    SetLastError(UNTOUCHED);
    actor->packet.ok = CancelIo(actor->handle);
    actor->packet.error = GetLastError();
}

/* Rules: PORT-180, HND-128 */
static void port_180_cancel_io_reaches_the_requests_of_its_thread(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    struct request mine = {0}, other = {0};
    struct actor actor;

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    mine.socket = other.socket = server;
    ok(start_receive(server, mine.buffer, 8, &mine.overlapped) == WSA_IO_PENDING, "pending");
    actor_start(&actor, port, FALSE);
    actor.handle = (HANDLE)server;
    actor.context = &other;
    actor_do(&actor, start_request);
    ok(other.error == WSA_IO_PENDING, "pending");
    ok(CancelIo((HANDLE)server), "%u", (unsigned)GetLastError());
    ok_failure(get_packet(port, LIMIT), ERROR_OPERATION_ABORTED, 0, 1, &mine.overlapped);
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    ok(CancelIo((HANDLE)server), "nothing to cancel: %u", (unsigned)GetLastError());
    actor_do(&actor, cancel_io);
    ok(actor.packet.ok, "%u", (unsigned)actor.packet.error);
    ok_failure(get_packet(port, LIMIT), ERROR_OPERATION_ABORTED, 0, 1, &other.overlapped);
    actor_stop(&actor);
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
}

/* Rules: PORT-181, HND-128 */
static void port_181_cancel_io_ex_reaches_all_threads(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    struct request mine = {0}, other = {0};
    struct actor actor;
    struct packet first, second;

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    other.socket = server;
    start_receive(server, mine.buffer, 8, &mine.overlapped);
    actor_start(&actor, port, FALSE);
    actor.context = &other;
    actor_do(&actor, start_request);
    ok(CancelIoEx((HANDLE)server, NULL), "%u", (unsigned)GetLastError());
    first = get_packet(port, LIMIT);
    second = get_packet(port, LIMIT);
    ok(first.overlapped != second.overlapped, "twice the same request");
    ok_failure(first, ERROR_OPERATION_ABORTED, 0, 1,
               first.overlapped == &mine.overlapped ? &mine.overlapped : &other.overlapped);
    ok_failure(second, ERROR_OPERATION_ABORTED, 0, 1,
               second.overlapped == &mine.overlapped ? &mine.overlapped : &other.overlapped);
    actor_stop(&actor);
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
}

/* Rules: PORT-181, HND-128 */
static void port_181_cancel_io_ex_of_one_overlapped(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    OVERLAPPED first = {0}, second = {0}, stranger = {0};
    char buffers[2][8];

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    start_receive(server, buffers[0], 8, &first);
    start_receive(server, buffers[1], 8, &second);
    ok_fails(CancelIoEx((HANDLE)server, &stranger), ERROR_NOT_FOUND);
    ok(CancelIoEx((HANDLE)server, &second), "%u", (unsigned)GetLastError());
    ok_failure(get_packet(port, LIMIT), ERROR_OPERATION_ABORTED, 0, 1, &second);
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    ok_fails(CancelIoEx((HANDLE)server, &second), ERROR_NOT_FOUND);
    send(client, "abc", 3, 0);
    ok_success(get_packet(port, LIMIT), 3, 1, &first);
    WINE_DIFFERS(WINE8_ANY)
    ok_fails(CancelIoEx((HANDLE)server, NULL), ERROR_NOT_FOUND);
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
}

/* Rules: PORT-181, HND-14 */
static void port_181_bad_handles(void)
{
    HANDLE event = make_event(FALSE, FALSE);
    OVERLAPPED overlapped = {0};

    ok_fails(CancelIoEx(closed_handle(), NULL), ERROR_INVALID_HANDLE);
    ok_fails(CancelIoEx(NULL, &overlapped), ERROR_INVALID_HANDLE);
    WINE_DIFFERS("Wine 8 takes any kind of handle")
    ok_fails(CancelIoEx(event, NULL), ERROR_INVALID_HANDLE);
    ok_fails(CancelIo(closed_handle()), ERROR_INVALID_HANDLE);
    ok_fails(CancelIo(NULL), ERROR_INVALID_HANDLE);
    WINE_DIFFERS("Wine 8 takes any kind of handle")
    ok_fails(CancelIo(event), ERROR_INVALID_HANDLE);
    CloseHandle(event);
}

/* Rules: PORT-182, HND-128 */
static void port_182_requests_are_found_through_a_duplicate(void)
{
    HANDLE port = make_port(0), copy;
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[8];

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    copy = duplicate((HANDLE)server);
    start_receive(server, buffer, sizeof(buffer), &overlapped);
    ok(CancelIoEx(copy, &overlapped), "CancelIoEx: %u", (unsigned)GetLastError());
    ok_failure(get_packet(port, LIMIT), ERROR_OPERATION_ABORTED, 0, 1, &overlapped);
    start_receive(server, buffer, sizeof(buffer), &overlapped);
    ok(CancelIo(copy), "CancelIo: %u", (unsigned)GetLastError());
    ok_failure(get_packet(port, LIMIT), ERROR_OPERATION_ABORTED, 0, 1, &overlapped);
    CloseHandle(copy);
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
}

static void port_182_requests_that_share_an_overlapped_go_together(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffers[2][8];

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    start_receive(server, buffers[0], 8, &overlapped);
    start_receive(server, buffers[1], 8, &overlapped);
    ok(CancelIoEx((HANDLE)server, &overlapped), "%u", (unsigned)GetLastError());
    ok_failure(get_packet(port, LIMIT), ERROR_OPERATION_ABORTED, 0, 1, &overlapped);
    ok_failure(get_packet(port, LIMIT), ERROR_OPERATION_ABORTED, 0, 1, &overlapped);
    ok_none(get_packet(port, 0), WAIT_TIMEOUT);
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
}

static void port_183_cancelled_requests_end_the_usual_way(void)
{
    HANDLE port = make_port(0), event = make_event(TRUE, FALSE);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    DWORD bytes = UNTOUCHED;
    char buffer[8];

    make_tcp_pair(&client, &server);
    start_receive(server, buffer, sizeof(buffer), &overlapped);
    ok(!is_signaled((HANDLE)server), "pending");
    CancelIoEx((HANDLE)server, NULL);
    ok(WaitForSingleObject((HANDLE)server, LIMIT) == WAIT_OBJECT_0, "the file is not signaled");
    ok_fails(GetOverlappedResult((HANDLE)server, &overlapped, &bytes, FALSE),
             ERROR_OPERATION_ABORTED);
    ok(bytes == 0, "%#x bytes", (unsigned)bytes);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    overlapped.hEvent = event;
    start_receive(server, buffer, sizeof(buffer), &overlapped);
    CancelIo((HANDLE)server);
    ok(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0, "the event is not set");
    ok_failure(get_packet(port, LIMIT), ERROR_OPERATION_ABORTED, 0, 1, &overlapped);
    closesocket(server);
    closesocket(client);
    CloseHandle(event);
    CloseHandle(port);
}

static void port_183_accept_ex_is_cancelled(void)
{
    HANDLE port = make_port(0);
    struct sockaddr_in address;
    SOCKET listener = make_listener(&address), accepted = make_socket();
    OVERLAPPED overlapped = {0};
    char buffer[2 * ADDRESS_SPACE];
    DWORD bytes;

    CreateIoCompletionPort((HANDLE)listener, port, 4, 0);
    AcceptEx(listener, accepted, buffer, 0, ADDRESS_SPACE, ADDRESS_SPACE, &bytes, &overlapped);
    WINE_DIFFERS(WINE8_ANY)
    ok_fails(CancelIoEx((HANDLE)accepted, NULL), ERROR_NOT_FOUND);
    ok(CancelIoEx((HANDLE)listener, &overlapped), "%u", (unsigned)GetLastError());
    ok_failure(get_packet(port, LIMIT), ERROR_OPERATION_ABORTED, 0, 4, &overlapped);
    closesocket(accepted);
    closesocket(listener);
    CloseHandle(port);
}

static void port_185_a_queued_packet_keeps_its_status(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[8];

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    start_receive(server, buffer, sizeof(buffer), &overlapped);
    send(client, "abc", 3, 0);
    ok(WaitForSingleObject(port, LIMIT) == WAIT_OBJECT_0, "no packet");
    ok_fails(CancelIoEx((HANDLE)server, &overlapped), ERROR_NOT_FOUND);
    WINE_DIFFERS(WINE8_ANY)
    ok_fails(CancelIoEx((HANDLE)server, NULL), ERROR_NOT_FOUND);
    ok(CancelIo((HANDLE)server), "%u", (unsigned)GetLastError());
    ok_success(get_packet(port, 0), 3, 1, &overlapped);
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
}

/* What a cancelled receive would have read is there for the next one. */
static void port_183_a_cancelled_receive_loses_no_data(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[8];
    int i;

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    for (i = 0; i < 20; i++) {
        start_receive(server, buffer, sizeof(buffer), &overlapped);
        CancelIoEx((HANDLE)server, &overlapped);
        ok_failure(get_packet(port, LIMIT), ERROR_OPERATION_ABORTED, 0, 1, &overlapped);
        send(client, "abc", 3, 0);
        start_receive(server, buffer, sizeof(buffer), &overlapped);
        ok_success(get_packet(port, LIMIT), 3, 1, &overlapped);
    }
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
}

int main(void)
{
    net_start();
    RUN(port_180_cancel_io_reaches_the_requests_of_its_thread);
    RUN(port_181_cancel_io_ex_reaches_all_threads);
    RUN(port_181_cancel_io_ex_of_one_overlapped);
    RUN(port_181_bad_handles);
    RUN(port_182_requests_are_found_through_a_duplicate);
    RUN(port_182_requests_that_share_an_overlapped_go_together);
    RUN(port_183_cancelled_requests_end_the_usual_way);
    RUN(port_183_accept_ex_is_cancelled);
    RUN(port_183_a_cancelled_receive_loses_no_data);
    RUN(port_185_a_queued_packet_keeps_its_status);
    return conform_end();
}
