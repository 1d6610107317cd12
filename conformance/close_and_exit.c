/* Closing files with operations in flight, and the exit of threads that
 * started them: ports.md section L. */
#include "net.h"
#include "ports.h"

#define WINE_CLOSE "Wine ends the receive with 995"

/* Rules: PORT-188, HND-124 */
static void port_188_closing_idle_files_queues_nothing(void)
{
    HANDLE port = make_port(0), file = make_overlapped_file();
    struct sockaddr_in address;
    SOCKET client, server, listener = make_listener(&address);

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort(file, port, 1, 0);
    CreateIoCompletionPort((HANDLE)server, port, 2, 0);
    CreateIoCompletionPort((HANDLE)client, port, 3, 0);
    CreateIoCompletionPort((HANDLE)listener, port, 4, 0);
    CloseHandle(file);
    closesocket(server);
    closesocket(client);
    closesocket(listener);
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    CloseHandle(port);
}

/* Closes a connection with a pending receive, in one of two ways. */
static void close_with_pending_receive(BOOL close_handle)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[8];

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 125, 0);
    ok(start_receive(server, buffer, sizeof(buffer), &overlapped) == WSA_IO_PENDING, "pending");
    ok(close_handle ? CloseHandle((HANDLE)server) : !closesocket(server), "close");
    WINE_DIFFERS(WINE_CLOSE)
    ok_failure(get_packet(port, 0), ERROR_CONNECTION_ABORTED, 0, 125, &overlapped);
    WINE_DIFFERS(WINE_CLOSE)
    ok(STATUS_OF(&overlapped) == 0xC0000241, "status %#x", (unsigned)STATUS_OF(&overlapped));
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    closesocket(client);
    CloseHandle(port);
}

/* Rules: PORT-189, PORT-190, HND-122, HND-123 */
static void port_189_close_ends_a_pending_receive(void)
{
    close_with_pending_receive(FALSE);
}

/* Rules: PORT-189, PORT-190, HND-28, HND-123 */
static void port_189_close_handle_ends_a_pending_receive(void)
{
    close_with_pending_receive(TRUE);
}

/* Rules: PORT-189, PORT-190, HND-122 */
static void port_189_close_of_a_listener_ends_its_accepts(void)
{
    HANDLE port = make_port(0);
    struct sockaddr_in address;
    SOCKET listener = make_listener(&address), accepted[3];
    OVERLAPPED overlapped[3];
    char buffers[3][2 * ADDRESS_SPACE];
    int i, seen = 0;
    DWORD bytes;

    memset(overlapped, 0, sizeof(overlapped));
    CreateIoCompletionPort((HANDLE)listener, port, 7, 0);
    for (i = 0; i < 3; i++) {
        accepted[i] = make_socket();
        AcceptEx(listener, accepted[i], buffers[i], 0, ADDRESS_SPACE, ADDRESS_SPACE, &bytes,
                 &overlapped[i]);
    }
    closesocket(listener);
    for (i = 0; i < 3; i++) {
        struct packet packet = get_packet(port, 0);
        int which = (int)(packet.overlapped - overlapped);

        ok(!packet.ok && packet.error == ERROR_OPERATION_ABORTED && packet.bytes == 0
           && packet.key == 7, "packet %d: %d, %u", i, packet.ok, (unsigned)packet.error);
        if (packet.overlapped && which >= 0 && which < 3) seen |= 1 << which;
    }
    ok(seen == 7, "each request once: %#x", seen);
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    for (i = 0; i < 3; i++) closesocket(accepted[i]);
    CloseHandle(port);
}

enum { COUNT = 24 };

/* Closes a socket with many requests and counts how often each of them ends. */
static void close_with_many(BOOL with_sends)
{
    static char big[1 << 20], buffers[COUNT][4];
    static OVERLAPPED overlapped[COUNT];
    HANDLE port = make_port(0);
    SOCKET client, server;
    int i, times[COUNT] = {0}, started[COUNT], wrong = 0, expected = 0;

    memset(overlapped, 0, sizeof(overlapped));
    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    for (i = 0; i < COUNT; i++) {
        int error = with_sends && i % 2 ? start_send(server, big, sizeof(big), &overlapped[i])
                                        : start_receive(server, buffers[i], 4, &overlapped[i]);

        started[i] = !error || error == WSA_IO_PENDING;
        expected += started[i];
    }
    closesocket(server);
    for (i = 0; i < expected; i++) {
        struct packet packet = get_packet(port, LIMIT / 2);
        int which = (int)(packet.overlapped - overlapped);

        if (!packet.overlapped) break;
        if (which >= 0 && which < COUNT) times[which]++;
    }
    for (i = 0; i < COUNT; i++) wrong += times[i] != started[i];
    ok(!wrong, "%d requests of %d ended not once", wrong, expected);
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    closesocket(client);
    CloseHandle(port);
}

/* Rules: PORT-189, PORT-136, HND-122 */
static void port_189_close_ends_each_receive_once(void)
{
    close_with_many(FALSE);
}

/* Rules: PORT-189, PORT-136, HND-122 */
static void port_189_close_ends_each_request_of_both_directions_once(void)
{
    close_with_many(TRUE);
}

/* Rules: PORT-189, PORT-183, HND-64, HND-122 */
static void port_189_close_without_a_port_sets_the_event(void)
{
    HANDLE event = make_event(TRUE, FALSE);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[8];

    make_tcp_pair(&client, &server);
    overlapped.hEvent = event;
    start_receive(server, buffer, sizeof(buffer), &overlapped);
    closesocket(server);
    ok(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0, "the event is not set");
    WINE_DIFFERS(WINE_CLOSE)
    ok(STATUS_OF(&overlapped) == 0xC0000241, "status %#x", (unsigned)STATUS_OF(&overlapped));
    ok(overlapped.InternalHigh == 0, "%u bytes", (unsigned)overlapped.InternalHigh);
    closesocket(client);
    CloseHandle(event);
}

static void port_190_the_port_outlives_its_files(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    OVERLAPPED receive = {0};
    char buffer[8];

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    start_receive(server, buffer, sizeof(buffer), &receive);
    send(client, "abc", 3, 0);
    ok(WaitForSingleObject(port, LIMIT) == WAIT_OBJECT_0, "no packet");
    closesocket(server);
    ok_success(get_packet(port, 0), 3, 1, &receive);
    PostQueuedCompletionStatus(port, 5, 6, NULL);
    ok_success(get_packet(port, 0), 5, 6, NULL);
    closesocket(client);
    CloseHandle(port);
}

static void close_one_of_two(BOOL original_first)
{
    HANDLE port = make_port(0), copy, left;
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[8];

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 125, 0);
    copy = duplicate((HANDLE)server);
    start_receive(server, buffer, sizeof(buffer), &overlapped);
    left = original_first ? copy : (HANDLE)server;
    CloseHandle(original_first ? (HANDLE)server : copy);
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    ok(STATUS_OF(&overlapped) == 0x103, "status %#x", (unsigned)STATUS_OF(&overlapped));
    send(client, "abc", 3, 0);
    ok_success(get_packet(port, LIMIT), 3, 125, &overlapped);
    ok(!ReadFile(left, buffer, sizeof(buffer), NULL, &overlapped)
       && GetLastError() == ERROR_IO_PENDING, "%u", (unsigned)GetLastError());
    CloseHandle(left);
    WINE_DIFFERS(WINE_CLOSE)
    ok_failure(get_packet(port, 0), ERROR_CONNECTION_ABORTED, 0, 125, &overlapped);
    closesocket(client);
    CloseHandle(port);
}

/* Rules: PORT-191, PORT-196, HND-121, HND-113 */
static void port_191_closing_the_duplicate_cancels_nothing(void)
{
    close_one_of_two(FALSE);
}

/* Rules: PORT-191, PORT-196, HND-121, HND-113 */
static void port_191_closing_the_original_cancels_nothing(void)
{
    close_one_of_two(TRUE);
}

struct request {
    SOCKET socket;
    OVERLAPPED overlapped;
    char buffer[8];
    int error;
    BOOL exit;
};

static DWORD WINAPI start_and_end(void *context)
{
    struct request *request = context;

    request->error = start_receive(request->socket, request->buffer, sizeof(request->buffer),
                                   &request->overlapped);
    if (request->exit) ExitThread(1);
    return 0;
}

/* Starts a receive in a thread of its own and waits for the thread's end. */
static void start_in_dying_thread(struct request *request)
{
    HANDLE thread = CreateThread(NULL, 0, start_and_end, request, 0, NULL);

    ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "the thread does not end");
    ok(request->error == WSA_IO_PENDING, "pending: %d", request->error);
    CloseHandle(thread);
}

/* Rules: PORT-193, HND-127 */
static void port_193_port_requests_survive_their_thread(void)
{
    BOOL exit;

    for (exit = FALSE; exit <= TRUE; exit++) {
        HANDLE port = make_port(0);
        SOCKET client, server;
        struct request request = {0};

        make_tcp_pair(&client, &server);
        CreateIoCompletionPort((HANDLE)server, port, 1, 0);
        request.socket = server;
        request.exit = exit;
        start_in_dying_thread(&request);
        ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
        send(client, "abc", 3, 0);
        ok_success(get_packet(port, LIMIT), 3, 1, &request.overlapped);
        ok(!memcmp(request.buffer, "abc", 3), "data");
        closesocket(server);
        closesocket(client);
        CloseHandle(port);
    }
}

/* Rules: PORT-193, HND-127 */
static void port_193_an_event_binds_a_request_to_its_thread(void)
{
    HANDLE port = make_port(0), event = make_event(TRUE, FALSE);
    SOCKET client, server;
    struct request request = {0};

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    request.socket = server;
    request.overlapped.hEvent = event;
    start_in_dying_thread(&request);
    ok_failure(get_packet(port, LIMIT), ERROR_OPERATION_ABORTED, 0, 1, &request.overlapped);
    ok(is_signaled(event), "the event is not set");
    closesocket(server);
    closesocket(client);
    CloseHandle(event);
    CloseHandle(port);
}

/* A tagged event means a request without a packet; it dies without one. */
static void port_193_a_request_without_context_is_cancelled_silently(void)
{
    HANDLE port = make_port(0), event = make_event(TRUE, FALSE);
    SOCKET client, server;
    struct request request = {0};

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    request.socket = server;
    request.overlapped.hEvent = (HANDLE)((ULONG_PTR)event | 1);
    start_in_dying_thread(&request);
    ok(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0, "the event is not set");
    ok(STATUS_OF(&request.overlapped) == 0xC0000120, "status %#x",
       (unsigned)STATUS_OF(&request.overlapped));
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    closesocket(server);
    closesocket(client);
    CloseHandle(event);
    CloseHandle(port);
}

/* Rules: PORT-193, HND-127 */
static void port_193_without_a_port_requests_die_with_their_thread(void)
{
    HANDLE event = make_event(TRUE, FALSE);
    SOCKET client, server;
    struct request request = {0};
    int with_event;

    make_tcp_pair(&client, &server);
    request.socket = server;
    for (with_event = 0; with_event < 2; with_event++) {
        request.overlapped.hEvent = with_event ? event : NULL;
        start_in_dying_thread(&request);
        ok(WaitForSingleObject(with_event ? event : (HANDLE)server, LIMIT) == WAIT_OBJECT_0,
           "not signaled");
        ok(STATUS_OF(&request.overlapped) == 0xC0000120 && request.overlapped.InternalHigh == 0,
           "status %#x", (unsigned)STATUS_OF(&request.overlapped));
    }
    send(client, "abc", 3, 0);
    ok(recv(server, request.buffer, 8, 0) == 3, "the next receive gets the data");
    closesocket(server);
    closesocket(client);
    CloseHandle(event);
}

static void port_194_cancel_io_ex_reaches_the_orphan(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    struct request request = {0};

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    request.socket = server;
    start_in_dying_thread(&request);
    ok(CancelIo((HANDLE)server), "CancelIo: %u", (unsigned)GetLastError());
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    ok(CancelIoEx((HANDLE)server, &request.overlapped), "CancelIoEx: %u",
       (unsigned)GetLastError());
    ok_failure(get_packet(port, LIMIT), ERROR_OPERATION_ABORTED, 0, 1, &request.overlapped);
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
}

/* A late packet tells its source by the key, whoever has the handle value now. */
static void port_197_keys_identify_late_packets(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server, next_client, next_server;
    OVERLAPPED old = {0}, new = {0};
    char buffers[2][8];

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    start_receive(server, buffers[0], 8, &old);
    closesocket(server);
    make_tcp_pair(&next_client, &next_server);
    CreateIoCompletionPort((HANDLE)next_server, port, 2, 0);
    start_receive(next_server, buffers[1], 8, &new);
    send(next_client, "abc", 3, 0);
    WINE_DIFFERS(WINE_CLOSE)
    ok_failure(get_packet(port, 0), ERROR_CONNECTION_ABORTED, 0, 1, &old);
    ok_success(get_packet(port, LIMIT), 3, 2, &new);
    closesocket(next_server);
    closesocket(next_client);
    closesocket(client);
    CloseHandle(port);
}

int main(void)
{
    net_start();
    RUN(port_188_closing_idle_files_queues_nothing);
    RUN(port_189_close_ends_a_pending_receive);
    RUN(port_189_close_handle_ends_a_pending_receive);
    RUN(port_189_close_of_a_listener_ends_its_accepts);
    RUN(port_189_close_ends_each_receive_once);
    RUN_WINE_FAILS(port_189_close_ends_each_request_of_both_directions_once,
                   "Wine 8 never ends the requests of a socket with unsent data");
    RUN(port_189_close_without_a_port_sets_the_event);
    RUN(port_190_the_port_outlives_its_files);
    RUN(port_191_closing_the_duplicate_cancels_nothing);
    RUN_WINE_FAILS(port_191_closing_the_original_cancels_nothing,
                   "Wine 8 goes on with the value of the closed handle");
    RUN(port_193_port_requests_survive_their_thread);
    RUN(port_193_an_event_binds_a_request_to_its_thread);
    RUN(port_193_a_request_without_context_is_cancelled_silently);
    RUN(port_193_without_a_port_requests_die_with_their_thread);
    RUN(port_194_cancel_io_ex_reaches_the_orphan);
    RUN(port_197_keys_identify_late_packets);
    return conform_end();
}
