/* When an operation queues a packet: ports.md section G. */
#include "net.h"
#include "ports.h"

struct connection {
    HANDLE port;
    SOCKET client, server;
};

/* A connection whose server end belongs to a new port with key 125. */
static struct connection make_connection(void)
{
    struct connection c;

    c.port = make_port(0);
    make_tcp_pair(&c.client, &c.server);
    ok(CreateIoCompletionPort((HANDLE)c.server, c.port, 125, 0) == c.port, "associate");
    return c;
}

static void close_connection(struct connection *c)
{
    closesocket(c->server);
    closesocket(c->client);
    CloseHandle(c->port);
}

/* Rules: PORT-120, HND-125 */
static void port_120_immediate_success_queues_a_packet(void)
{
    struct connection c = make_connection();
    OVERLAPPED receive = {0}, sending = {0};
    WSABUF area;
    DWORD bytes = UNTOUCHED, flags = 0;
    char buffer[16];

    send(c.client, "hello", 5, 0);
    ok(has_bytes(c.server, 5), "data arrives");
    area.buf = buffer;
    area.len = sizeof(buffer);
    ok(!WSARecv(c.server, &area, 1, &bytes, &flags, &receive, NULL), "%d", WSAGetLastError());
    ok(bytes == 5 && !memcmp(buffer, "hello", 5), "%u bytes at once", (unsigned)bytes);
    ok_success(get_packet(c.port, LIMIT), 5, 125, &receive);
    area.len = 3;
    bytes = UNTOUCHED;
    ok(!WSASend(c.server, &area, 1, &bytes, 0, &sending, NULL), "%d", WSAGetLastError());
    ok(bytes == 3, "%u bytes at once", (unsigned)bytes);
    ok_success(get_packet(c.port, LIMIT), 3, 125, &sending);
    ok_none(get_packet(c.port, MOMENT), WAIT_TIMEOUT);
    close_connection(&c);
}

/* Rules: PORT-121, PORT-122, HND-125 */
static void port_121_immediate_failure_queues_nothing(void)
{
    HANDLE port = make_port(0), event = make_event(TRUE, FALSE);
    SOCKET lonely = make_socket();
    OVERLAPPED overlapped = {0};
    DWORD bytes = UNTOUCHED, flags = 0;
    WSABUF area;
    char buffer[4] = "abc";

    CreateIoCompletionPort((HANDLE)lonely, port, 1, 0);
    overlapped.InternalHigh = 0x1234;
    overlapped.hEvent = event;
    area.buf = buffer;
    area.len = sizeof(buffer);
    ok(WSARecv(lonely, &area, 1, &bytes, &flags, &overlapped, NULL) == SOCKET_ERROR
       && WSAGetLastError() == WSAENOTCONN, "receive: %d", WSAGetLastError());
    WINE_DIFFERS("Wine 8 gives WSAECONNRESET")
    ok(WSASend(lonely, &area, 1, &bytes, 0, &overlapped, NULL) == SOCKET_ERROR
       && WSAGetLastError() == WSAENOTCONN, "send: %d", WSAGetLastError());
    ok(bytes == UNTOUCHED, "the byte count is written: %u", (unsigned)bytes);
    ok(overlapped.InternalHigh == 0x1234, "InternalHigh is written");
    ok(!is_signaled(event), "the event is set");
    ok(!memcmp(buffer, "abc", 4), "the buffer is written");
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    closesocket(lonely);
    CloseHandle(event);
    CloseHandle(port);
}

/* Rules: PORT-121, PORT-122 */
static void port_121_refused_disk_operations_queue_nothing(void)
{
    HANDLE port = make_port(0), event = make_event(TRUE, FALSE);
    HANDLE file = make_file(GENERIC_READ, FILE_FLAG_OVERLAPPED);
    OVERLAPPED overlapped = {0};

    CreateIoCompletionPort(file, port, 1, 0);
    overlapped.hEvent = event;
    overlapped.InternalHigh = 0x1234;
    ok_fails(WriteFile(file, "a", 1, NULL, &overlapped), ERROR_ACCESS_DENIED);
    ok(overlapped.InternalHigh == 0x1234, "InternalHigh is written");
    ok(!is_signaled(event), "the event is set");
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    CloseHandle(file);
    CloseHandle(event);
    CloseHandle(port);
}

/* Rules: PORT-121, PORT-123, HND-124 */
static void port_123_reset_while_pending_and_failures_after_it(void)
{
    struct connection c = make_connection();
    OVERLAPPED pending = {0}, late = {0};
    char buffer[8];
    int error;

    ok(start_receive(c.server, buffer, sizeof(buffer), &pending) == WSA_IO_PENDING, "pending");
    close_with_reset(c.client);
    ok_failure(get_packet(c.port, LIMIT), ERROR_NETNAME_DELETED, 0, 125, &pending);
    error = start_send(c.server, "abc", 3, &late);
    ok(error == WSAECONNRESET || error == WSAECONNABORTED, "send after a reset: %d", error);
    ok_none(get_packet(c.port, MOMENT), WAIT_TIMEOUT);
    closesocket(c.server);
    ok_none(get_packet(c.port, MOMENT), WAIT_TIMEOUT);
    CloseHandle(c.port);
}

/* Rules: PORT-129, PORT-130 */
static void port_129_everything_is_done_when_the_packet_comes(void)
{
    struct connection c = make_connection();
    HANDLE event = make_event(TRUE, FALSE);
    char buffer[64], data[64];
    int i;

    memset(data, 'd', sizeof(data));
    for (i = 0; i < 50; i++) {
        OVERLAPPED overlapped = {0};
        struct packet packet;

        memset(buffer, 0, sizeof(buffer));
        overlapped.hEvent = event;
        start_receive(c.server, buffer, sizeof(buffer), &overlapped);
        send(c.client, data, sizeof(data), 0);
        packet = get_packet(c.port, LIMIT);
        ok(!memcmp(buffer, data, sizeof(data)), "round %d: no data", i);
        ok(STATUS_OF(&overlapped) == 0 && overlapped.InternalHigh == sizeof(data),
           "round %d: status block", i);
        ok(is_signaled(event), "round %d: the event is not set", i);
        ok_success(packet, sizeof(data), 125, &overlapped);
    }
    CloseHandle(event);
    close_connection(&c);
}

static void port_130_event_and_packet_are_not_exclusive(void)
{
    HANDLE port = make_port(0), file = make_overlapped_file(), event = make_event(TRUE, FALSE);
    OVERLAPPED overlapped = {0};
    char buffer[8];

    CreateIoCompletionPort(file, port, 3, 0);
    overlapped.hEvent = event;
    ReadFile(file, buffer, sizeof(buffer), NULL, &overlapped);
    ok(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0, "the event is not set");
    ok_success(get_packet(port, LIMIT), sizeof(buffer), 3, &overlapped);
    CloseHandle(event);
    CloseHandle(file);
    CloseHandle(port);
}

static void port_131_immediate_ioctl_queues_a_packet_without_bytes(void)
{
    struct connection c = make_connection();
    GUID id = WSAID_CONNECTEX, unknown = { 1, 2, 3, { 4, 5, 6, 7, 8, 9, 10, 11 } };
    LPFN_CONNECTEX function = NULL;
    OVERLAPPED overlapped = {0};
    DWORD bytes = UNTOUCHED;

    overlapped.Internal = overlapped.InternalHigh = 0xabc;
    ok(!WSAIoctl(c.server, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id), &function,
                 sizeof(function), &bytes, &overlapped, NULL), "%d", WSAGetLastError());
    ok(function && bytes == sizeof(function), "%u bytes", (unsigned)bytes);
    ok_success(get_packet(c.port, LIMIT), 0, 125, &overlapped);
    ok(STATUS_OF(&overlapped) == 0 && overlapped.InternalHigh == 0, "status block");
    overlapped.Internal = overlapped.InternalHigh = 0xabc;
    ok(WSAIoctl(c.server, SIO_GET_EXTENSION_FUNCTION_POINTER, &unknown, sizeof(unknown), &function,
                sizeof(function), &bytes, &overlapped, NULL) == SOCKET_ERROR
       && WSAGetLastError() == WSAEINVAL, "%d", WSAGetLastError());
    ok_none(get_packet(c.port, MOMENT), WAIT_TIMEOUT);
    ok(overlapped.Internal == 0xabc && overlapped.InternalHigh == 0xabc, "written");
    close_connection(&c);
}

/* Rules: PORT-133, PORT-025 */
static void port_133_accept_ex_reports_with_the_key_of_the_listener(void)
{
    HANDLE port = make_port(0);
    struct sockaddr_in address;
    SOCKET listener = make_listener(&address), accepted = make_socket(), client = make_socket();
    OVERLAPPED overlapped = {0};
    char buffer[16 + 2 * ADDRESS_SPACE];
    DWORD bytes = 0;

    CreateIoCompletionPort((HANDLE)listener, port, 125, 0);
    CreateIoCompletionPort((HANDLE)accepted, port, 236, 0);
    ok(!AcceptEx(listener, accepted, buffer, 16, ADDRESS_SPACE, ADDRESS_SPACE, &bytes, &overlapped)
       && WSAGetLastError() == WSA_IO_PENDING, "AcceptEx: %d", WSAGetLastError());
    connect(client, (struct sockaddr *)&address, sizeof(address));
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    send(client, "first", 5, 0);
    ok_success(get_packet(port, LIMIT), 5, 125, &overlapped);
    ok(!memcmp(buffer, "first", 5), "the first data");
    closesocket(client);
    closesocket(accepted);
    closesocket(listener);
    CloseHandle(port);
}

/* Rules: PORT-133, PORT-025 */
static void port_133_connect_ex_and_disconnect_ex(void)
{
    HANDLE port = make_port(0);
    struct sockaddr_in address, any;
    SOCKET listener = make_listener(&address), client = make_socket(), server;
    LPFN_CONNECTEX connect_ex = get_connect_ex(client);
    LPFN_DISCONNECTEX disconnect_ex = get_disconnect_ex(client);
    OVERLAPPED connecting = {0}, disconnecting = {0};
    DWORD bytes = 0;

    memset(&any, 0, sizeof(any));
    any.sin_family = AF_INET;
    bind(client, (struct sockaddr *)&any, sizeof(any));
    CreateIoCompletionPort((HANDLE)client, port, 77, 0);
    ok(connect_ex && disconnect_ex, "extension functions");
    ok(connect_ex(client, (struct sockaddr *)&address, sizeof(address), NULL, 0, &bytes,
                  &connecting) || WSAGetLastError() == WSA_IO_PENDING, "%d", WSAGetLastError());
    ok_success(get_packet(port, LIMIT), 0, 77, &connecting);
    server = accept(listener, NULL, NULL);
    ok(disconnect_ex(client, &disconnecting, 0, 0) || WSAGetLastError() == WSA_IO_PENDING, "%d",
       WSAGetLastError());
    closesocket(server);
    ok_success(get_packet(port, LIMIT), 0, 77, &disconnecting);
    closesocket(client);
    closesocket(listener);
    CloseHandle(port);
}

/* Rules: PORT-025, PORT-090 */
static void port_025_each_kind_of_transfer_queues_its_packet(void)
{
    struct connection c = make_connection();
    HANDLE file = make_overlapped_file();
    OVERLAPPED overlapped = {0};
    char buffer[16];

    CreateIoCompletionPort(file, c.port, 9, 0);
    WriteFile(file, "disk", 4, NULL, &overlapped);
    ok_success(get_packet(c.port, LIMIT), 4, 9, &overlapped);
    memset(&overlapped, 0, sizeof(overlapped));
    ReadFile(file, buffer, 8, NULL, &overlapped);
    ok_success(get_packet(c.port, LIMIT), 8, 9, &overlapped);
    ok(!memcmp(buffer, "diskxxxx", 8), "data");
    memset(&overlapped, 0, sizeof(overlapped));
    WriteFile((HANDLE)c.server, "wire", 4, NULL, &overlapped);
    ok_success(get_packet(c.port, LIMIT), 4, 125, &overlapped);
    memset(&overlapped, 0, sizeof(overlapped));
    ReadFile((HANDLE)c.server, buffer, sizeof(buffer), NULL, &overlapped);
    send(c.client, "back", 4, 0);
    ok_success(get_packet(c.port, LIMIT), 4, 125, &overlapped);
    memset(&overlapped, 0, sizeof(overlapped));
    start_send(c.server, "send", 4, &overlapped);
    ok_success(get_packet(c.port, LIMIT), 4, 125, &overlapped);
    CloseHandle(file);
    close_connection(&c);
}

static void port_134_flush_is_synchronous(void)
{
    HANDLE port = make_port(0), file = make_overlapped_file();
    OVERLAPPED overlapped = {0};

    CreateIoCompletionPort(file, port, 1, 0);
    WriteFile(file, "abc", 3, NULL, &overlapped);
    ok_success(get_packet(port, LIMIT), 3, 1, &overlapped);
    ok(FlushFileBuffers(file), "flush: %u", (unsigned)GetLastError());
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    CloseHandle(file);
    CloseHandle(port);
}

/* The end of the file is known at once; the read pends and queues all the same.
 * Rules: PORT-135, PORT-123, PORT-124 */
static void port_135_disk_reads(void)
{
    HANDLE port = make_port(0), file = make_overlapped_file();
    OVERLAPPED overlapped = {0};
    char buffer[4096];
    BOOL done;

    CreateIoCompletionPort(file, port, 1, 0);
    done = ReadFile(file, buffer, sizeof(buffer), NULL, &overlapped);
    ok(done || GetLastError() == ERROR_IO_PENDING, "read: %u", (unsigned)GetLastError());
    ok_success(get_packet(port, LIMIT), sizeof(buffer), 1, &overlapped);
    overlapped.Offset = 4000;
    ReadFile(file, buffer, sizeof(buffer), NULL, &overlapped);
    ok_success(get_packet(port, LIMIT), 96, 1, &overlapped);
    overlapped.Offset = 4096;
    ok_fails(ReadFile(file, buffer, sizeof(buffer), NULL, &overlapped), ERROR_IO_PENDING);
    ok_failure(get_packet(port, LIMIT), ERROR_HANDLE_EOF, 0, 1, &overlapped);
    overlapped.Offset = 0;
    done = ReadFile(file, buffer, 0, NULL, &overlapped);
    ok(done || GetLastError() == ERROR_IO_PENDING, "no bytes: %u", (unsigned)GetLastError());
    ok_success(get_packet(port, LIMIT), 0, 1, &overlapped);
    CloseHandle(file);
    CloseHandle(port);
}

static void send_two_bytes(struct actor *actor)
{
    send(*(SOCKET *)actor->context, "ab", 2, 0);
}

/* Rules: PORT-136, PORT-184, PORT-062 */
static void port_136_one_packet_whoever_wins_the_race(void)
{
    struct connection c = make_connection();
    struct actor sender;
    int i;

    actor_start(&sender, NULL, TRUE);
    sender.context = &c.client;
    for (i = 0; i < 200; i++) {
        OVERLAPPED overlapped = {0};
        struct packet packet;
        char buffer[2], rest[2];

        ok(start_receive(c.server, buffer, 2, &overlapped) == WSA_IO_PENDING, "pending");
        actor_begin(&sender, send_two_bytes);
        CancelIoEx((HANDLE)c.server, &overlapped);
        actor_ends(&sender, LIMIT);
        packet = get_packet(c.port, LIMIT);
        ok(packet.overlapped == &overlapped && packet.key == 125, "round %d: no packet", i);
        ok(packet.ok ? packet.bytes == 2 : packet.error == ERROR_OPERATION_ABORTED
           && packet.bytes == 0, "round %d: %d %u %u", i, packet.ok, (unsigned)packet.error,
           (unsigned)packet.bytes);
        if (!packet.ok) ok(recv(c.server, rest, 2, 0) == 2, "round %d: data is lost", i);
    }
    ok_none(get_packet(c.port, MOMENT), WAIT_TIMEOUT);
    actor_stop(&sender);
    close_connection(&c);
}

int main(void)
{
    net_start();
    RUN(port_025_each_kind_of_transfer_queues_its_packet);
    RUN(port_120_immediate_success_queues_a_packet);
    RUN(port_121_immediate_failure_queues_nothing);
    RUN(port_121_refused_disk_operations_queue_nothing);
    RUN(port_123_reset_while_pending_and_failures_after_it);
    RUN(port_129_everything_is_done_when_the_packet_comes);
    RUN(port_130_event_and_packet_are_not_exclusive);
    RUN(port_131_immediate_ioctl_queues_a_packet_without_bytes);
    RUN(port_133_accept_ex_reports_with_the_key_of_the_listener);
    RUN(port_133_connect_ex_and_disconnect_ex);
    RUN(port_134_flush_is_synchronous);
    RUN(port_135_disk_reads);
    RUN(port_136_one_packet_whoever_wins_the_race);
    return conform_end();
}
