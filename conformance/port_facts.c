/* What a port shows of sockets: ports.md section S. */
#include "sockets.h"

/* Rules: PORT-270, PORT-051 */
static void port_270_a_reset_is_64_in_the_packet_and_10054_from_the_call(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov[2];
    static char data[8];

    fresh(&ov[0]);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov[0]));
    reset_connection(pair.peer);
    ok_failure(port, KEY, &ov[0], ERROR_NETNAME_DELETED, 0);
    ok_status(&ov[0], NT_CONNECTION_RESET, 0);
    fresh(&ov[1]);
    WINE_DIFFERS("a receive after the reset succeeds without bytes")
    ok_gives(start_recv(pair.here, data, sizeof(data), &ov[1]), WSAECONNRESET);
    ok_gives(start_send(pair.here, data, sizeof(data), &ov[1]), WSAECONNRESET);
    WINE_DIFFERS("and queues a packet")
    ok_quiet(port);
    closesocket(pair.here);
    CloseHandle(port);
}

static LPFN_CONNECTEX connect_ex;

/* A ConnectEx to an address where nobody listens has pended. */
static SOCKET start_refused_connect(HANDLE port, OVERLAPPED *ov)
{
    SOCKET closed = tcp_socket(), s = tcp_socket();
    struct sockaddr_in nobody = bind_loopback(closed);

    bind_loopback(s);
    CreateIoCompletionPort((HANDLE)s, port, KEY, 0);
    connect_ex = (LPFN_CONNECTEX)extension(s, (GUID)WSAID_CONNECTEX);
    fresh(ov);
    ok_false(connect_ex(s, (struct sockaddr *)&nobody, sizeof(nobody), NULL, 0, NULL, ov),
             ERROR_IO_PENDING);
    UNTIL(HasOverlappedIoCompleted(ov));
    closesocket(closed);
    return s;
}

/* Rules: PORT-271, PORT-051 */
static void port_271_a_refused_connectex_is_1225(void)
{
    HANDLE port = new_port();
    static OVERLAPPED ov;
    SOCKET s = start_refused_connect(port, &ov);

    ok_failure(port, KEY, &ov, ERROR_CONNECTION_REFUSED, 0);
    ok((ULONG)ov.Internal == NT_CONNECTION_REFUSED, "Internal %08x", (unsigned)ov.Internal);
    ok_quiet(port);
    closesocket(s);
    CloseHandle(port);
}

/* Rules: PORT-272 */
static void port_272_a_message_has_its_exact_byte_count(void)
{
    SOCKET here = udp_socket(), peer = udp_socket();
    struct sockaddr_in address = bind_loopback(here);
    HANDLE port = port_of(here, KEY);
    static const int lengths[] = { 1, 0, 5, 64 };
    static OVERLAPPED ov[4];
    static char data[4][64], message[64];
    int i;

    bind_loopback(peer);
    for (i = 0; i < 4; i++) {
        fresh(&ov[i]);
        ok_pends(start_recv(here, data[i], sizeof(data[i]), &ov[i]));
    }
    for (i = 0; i < 4; i++) {
        memset(message, 'a' + i, sizeof(message));
        ok(sendto(peer, message, lengths[i], 0, (struct sockaddr *)&address,
                  sizeof(address)) == lengths[i], "sendto: error %d", WSAGetLastError());
        ok_success(port, KEY, &ov[i], lengths[i]);
        ok(!memcmp(data[i], message, (size_t)lengths[i]), "data of message %d", i);
    }
    ok_quiet(port);
    closesocket(here);
    closesocket(peer);
    CloseHandle(port);
}

/* Rules: PORT-272 */
static void port_272_a_receive_of_no_bytes_waits_for_data_and_leaves_it(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED empty, whole;
    static char data[8];

    fresh(&empty);
    ok_pends(start_recv(pair.here, data, 0, &empty));
    ok_quiet(port);
    send_text(pair.peer, "abc");
    ok_success(port, KEY, &empty, 0);
    fresh(&whole);
    ok_starts(start_recv(pair.here, data, sizeof(data), &whole));
    ok_success(port, KEY, &whole, 3);
    ok(!memcmp(data, "abc", 3), "data %.3s", data);
    ok_quiet(port);
    close_pair(pair);
    CloseHandle(port);
}

/* A connection that waits, if there is one. */
static SOCKET accept_now(SOCKET door)
{
    u_long on = 1;

    ioctlsocket(door, FIONBIO, &on);
    return accept(door, NULL, NULL);
}

/* Rules: PORT-273 */
static void port_273_closing_the_accept_socket_under_a_connection(void)
{
    enum { ROUNDS = 20 };
    struct sockaddr_in address;
    SOCKET door = listener(&address), acceptor, client;
    HANDLE port = port_of(door, KEY);
    LPFN_ACCEPTEX accept_ex = (LPFN_ACCEPTEX)extension(door, (GUID)WSAID_ACCEPTEX);
    static char area[64 + 2 * ADDRESS_AREA];
    static OVERLAPPED ov;
    struct packet packet;
    DWORD bytes;
    int i;

    for (i = 0; i < ROUNDS; i++) {
        acceptor = tcp_socket();
        client = tcp_socket();
        fresh(&ov);
        ok_false(accept_ex(door, acceptor, area, 64, ADDRESS_AREA, ADDRESS_AREA, &bytes, &ov),
                 ERROR_IO_PENDING);
        /* In every other round the connection waits already, for its data. */
        if (i % 2) ok_zero(connect_to(client, &address));
        ok_zero(closesocket(acceptor));
        if (i % 2 == 0) connect_to(client, &address);
        packet = take(port, LIMIT);
        ok(!packet.result && packet.ov == &ov && packet.key == KEY && packet.bytes == 0 &&
               (packet.error == ERROR_OPERATION_ABORTED ||
                packet.error == ERROR_CONNECTION_ABORTED), "%s", packet_text(&packet));
        closesocket(client);
        while ((client = accept_now(door)) != INVALID_SOCKET) closesocket(client);
    }
    ok_quiet(port);
    closesocket(door);
    CloseHandle(port);
}

/* One failed operation: the port's code and Winsock's. */
static void ok_codes(HANDLE port, SOCKET s, OVERLAPPED *ov, DWORD code, int winsock_code)
{
    struct packet packet = take(port, LIMIT);
    DWORD bytes = UNTOUCHED, flags = 0;
    char text[256];

    ok(!packet.result && packet.ov == ov && packet.error == code, "wanted %u; %s",
       (unsigned)code, packet_text(&packet));
    WSASetLastError(0);
    ok(!WSAGetOverlappedResult(s, ov, &bytes, FALSE, &flags) &&
           WSAGetLastError() == winsock_code, "Winsock says %d, wanted %d", WSAGetLastError(),
       winsock_code);
    ok(FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
                      packet.error, 0, text, sizeof(text), NULL) > 0,
       "the system has no text for %u", (unsigned)packet.error);
}

/* Rules: PORT-274, PORT-051, PORT-052 */
static void port_274_errors_of_packets_are_win32_codes(void)
{
    struct pair pair = tcp_pair();
    SOCKET s, here = udp_socket(), peer = udp_socket();
    struct sockaddr_in address = bind_loopback(here);
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov;
    static char data[8];

    fresh(&ov);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    ok_true(CancelIoEx((HANDLE)pair.here, &ov));
    ok_codes(port, pair.here, &ov, ERROR_OPERATION_ABORTED, WSA_OPERATION_ABORTED);
    fresh(&ov);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    reset_connection(pair.peer);
    ok_codes(port, pair.here, &ov, ERROR_NETNAME_DELETED, WSAECONNRESET);
    closesocket(pair.here);
    s = start_refused_connect(port, &ov);
    ok_codes(port, s, &ov, ERROR_CONNECTION_REFUSED, WSAECONNREFUSED);
    closesocket(s);
    CreateIoCompletionPort((HANDLE)here, port, KEY, 0);
    fresh(&ov);
    ok_pends(start_recv(here, data, 2, &ov));
    ok(sendto(peer, "abcdef", 6, 0, (struct sockaddr *)&address, sizeof(address)) == 6,
       "sendto: error %d", WSAGetLastError());
    ok_codes(port, here, &ov, ERROR_MORE_DATA, WSAEMSGSIZE);
    closesocket(here);
    closesocket(peer);
    CloseHandle(port);
}

int main(void)
{
    winsock_start();
    RUN(port_270_a_reset_is_64_in_the_packet_and_10054_from_the_call);
    RUN(port_271_a_refused_connectex_is_1225);
    RUN(port_272_a_message_has_its_exact_byte_count);
    RUN(port_272_a_receive_of_no_bytes_waits_for_data_and_leaves_it);
    RUN(port_273_closing_the_accept_socket_under_a_connection);
    RUN(port_274_errors_of_packets_are_win32_codes);
    return conform_end();
}
