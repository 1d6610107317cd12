/* connect and ConnectEx: sockets.md section J. */
#include "sockets.h"

static LPFN_CONNECTEX connect_ex;

/* ConnectEx without data. 0, or the error. */
static int start_connect(SOCKET s, const struct sockaddr_in *address, OVERLAPPED *ov)
{
    return connect_ex(s, (const struct sockaddr *)address, sizeof(*address), NULL, 0, NULL, ov)
               ? 0
               : WSAGetLastError();
}

static SOCKET bound_socket(void)
{
    SOCKET s = tcp_socket();

    bind_loopback(s);
    return s;
}

/* A listener that never accepts and whose queue is full: a further connection
 * waits until it is cancelled. */
struct crowd {
    SOCKET door, waiting[6];
    struct sockaddr_in address;
};

static void crowd_open(struct crowd *crowd)
{
    int i;

    crowd->door = tcp_socket();
    crowd->address = bind_loopback(crowd->door);
    ok_zero(listen(crowd->door, 1));
    for (i = 0; i < 6; i++) {
        crowd->waiting[i] = tcp_socket();
        nonblocking(crowd->waiting[i]);
        connect_to(crowd->waiting[i], &crowd->address);
    }
}

static void crowd_close(struct crowd *crowd)
{
    int i;

    for (i = 0; i < 6; i++) closesocket(crowd->waiting[i]);
    closesocket(crowd->door);
}

/* Rules: SOCK-99, SOCK-16, SOCK-119 */
static void sock_099_arguments_of_connectex(void)
{
    struct sockaddr_in address;
    struct pair pair = tcp_pair();
    SOCKET door = listener(&address), s = tcp_socket(), udp = udp_socket();
    HANDLE port = port_of(s, KEY);
    static OVERLAPPED ov;
    DWORD bytes = UNTOUCHED;

    fresh(&ov);
    bind_loopback(udp);
    ok_false(connect_ex(s, (struct sockaddr *)&address, sizeof(address), NULL, 0, &bytes, NULL),
             ERROR_INVALID_PARAMETER);
    ok_gives(start_connect(s, &address, &ov), WSAEINVAL);
    ok_gives(start_connect(INVALID_SOCKET, &address, &ov), WSAENOTSOCK);
    ok_gives(start_connect(door, &address, &ov), WSAEINVAL);
    ok_gives(start_connect(pair.peer, &address, &ov), WSAEISCONN);
    WINE_DIFFERS("a datagram socket is connected")
    ok_gives(start_connect(udp, &address, &ov), WSAEOPNOTSUPP);
    ok_quiet(port);
    closesocket(s);
    closesocket(udp);
    closesocket(door);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-100, SOCK-26 */
static void sock_100_connectex_completes_on_the_own_port(void)
{
    struct sockaddr_in address, closed_address;
    SOCKET door = listener(&address), closed = bound_socket(), s = bound_socket(), accepted;
    HANDLE port = port_of(s, KEY);
    static OVERLAPPED ov;
    int length = sizeof(closed_address);

    ok_zero(getsockname(closed, (struct sockaddr *)&closed_address, &length));
    fresh(&ov);
    ok_starts(start_connect(s, &address, &ov));
    ok_success(port, KEY, &ov, 0);
    ok_status(&ov, NT_SUCCESS_VALUE, 0);
    accepted = accept_one(door);
    send_text(s, "abc");
    ok(receives(accepted, "abc"), "the connection does not work");
    closesocket(s);
    closesocket(accepted);
    s = bound_socket();
    CreateIoCompletionPort((HANDLE)s, port, 7, 0);
    fresh(&ov);
    ok_pends(start_connect(s, &closed_address, &ov));
    ok_failure(port, 7, &ov, ERROR_CONNECTION_REFUSED, 0);
    ok((ULONG)ov.Internal == NT_CONNECTION_REFUSED, "Internal %08x", (unsigned)ov.Internal);
    closesocket(s);
    closesocket(door);
    closesocket(closed);
    CloseHandle(port);
}

/* Rules: SOCK-101 */
static void sock_101_connectex_sends_its_data(void)
{
    struct sockaddr_in address;
    SOCKET door = listener(&address), s = bound_socket(), accepted;
    HANDLE port = port_of(s, KEY);
    static char data[] = "first words";
    DWORD bytes = UNTOUCHED;
    static OVERLAPPED ov;

    fresh(&ov);
    ok(connect_ex(s, (struct sockaddr *)&address, sizeof(address), data, 11, &bytes, &ov) ||
           WSAGetLastError() == WSA_IO_PENDING, "ConnectEx: error %d", WSAGetLastError());
    accepted = accept_one(door);
    ok_success(port, KEY, &ov, 11);
    limit_blocking(accepted);
    ok(receives(accepted, "first words"), "the data does not arrive");
    ok_quiet(port);
    closesocket(s);
    closesocket(accepted);
    closesocket(door);
    CloseHandle(port);
}

/* Rules: SOCK-102 */
static void sock_102_the_context_makes_a_whole_socket(void)
{
    struct sockaddr_in address, name;
    SOCKET door = listener(&address), s = bound_socket(), accepted;
    HANDLE port = port_of(s, KEY);
    int length = sizeof(name);
    static OVERLAPPED ov;
    char byte;

    fresh(&ov);
    ok_starts(start_connect(s, &address, &ov));
    ok_success(port, KEY, &ov, 0);
    accepted = accept_one(door);
    WINE_DIFFERS("10056: the context is implicit")
    ok_wsa(connect_to(s, &address), WSAEINVAL);
    send_text(s, "abc");
    ok(receives(accepted, "abc"), "sending before the context");
    ok_zero(setsockopt(s, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, NULL, 0));
    ok_zero(getpeername(s, (struct sockaddr *)&name, &length));
    ok(name.sin_port == address.sin_port, "peer port %u", ntohs(name.sin_port));
    length = sizeof(name);
    ok_zero(getsockname(s, (struct sockaddr *)&name, &length));
    ok_wsa(connect_to(s, &address), WSAEISCONN);
    ok_zero(shutdown(s, SD_SEND));
    ok_zero(recv(accepted, &byte, 1, 0));
    closesocket(s);
    closesocket(accepted);
    closesocket(door);
    CloseHandle(port);
}

/* Rules: SOCK-103, SOCK-99 */
static void sock_103_calls_while_connectex_runs(void)
{
    struct sockaddr_in name;
    struct crowd crowd;
    SOCKET s = bound_socket();
    HANDLE port = port_of(s, KEY);
    int length = sizeof(name);
    static OVERLAPPED ov, other;
    static char byte;

    crowd_open(&crowd);
    fresh(&ov);
    fresh(&other);
    ok_pends(start_connect(s, &crowd.address, &ov));
    ok_zero(getsockname(s, (struct sockaddr *)&name, &length));
    length = sizeof(name);
    ok_wsa(getpeername(s, (struct sockaddr *)&name, &length), WSAENOTCONN);
    ok_wsa(connect_to(s, &crowd.address), WSAEINVAL);
    ok_gives(start_connect(s, &crowd.address, &other), WSAEINVAL);
    ok_wsa(listen(s, 1), WSAEINVAL);
    ok_gives(start_send(s, "x", 1, &other), WSAENOTCONN);
    ok_gives(start_recv(s, &byte, 1, &other), WSAENOTCONN);
    ok_quiet(port);
    closesocket(s);
    ok(take(port, LIMIT).ov == &ov, "no packet of ConnectEx");
    crowd_close(&crowd);
    CloseHandle(port);
}

/* Rules: SOCK-103, SOCK-106 */
static void sock_103_calls_while_connect_runs(void)
{
    struct sockaddr_in name;
    struct crowd crowd;
    SOCKET s = tcp_socket();
    int length = sizeof(name);
    char byte = 0;

    crowd_open(&crowd);
    nonblocking(s);
    ok_wsa(connect_to(s, &crowd.address), WSAEWOULDBLOCK);
    ok_zero(getsockname(s, (struct sockaddr *)&name, &length));
    length = sizeof(name);
    ok_zero(getpeername(s, (struct sockaddr *)&name, &length));
    ok(name.sin_port == crowd.address.sin_port, "peer port %u", ntohs(name.sin_port));
    ok_wsa(connect_to(s, &crowd.address), WSAEALREADY);
    ok_wsa(listen(s, 1), WSAEINVAL);
    ok_wsa(send(s, &byte, 1, 0), WSAENOTCONN);
    ok_wsa(recv(s, &byte, 1, 0), WSAENOTCONN);
    closesocket(s);
    crowd_close(&crowd);
}

/* Rules: SOCK-104 */
static void sock_104_connectex_can_try_again(void)
{
    struct sockaddr_in address, closed_address, before, after;
    SOCKET door = listener(&address), closed = bound_socket(), s;
    HANDLE port = new_port();
    int length = sizeof(closed_address), i;
    static OVERLAPPED ov;

    ok_zero(getsockname(closed, (struct sockaddr *)&closed_address, &length));
    s = bound_socket();
    CreateIoCompletionPort((HANDLE)s, port, KEY, 0);
    ok_zero(getsockname(s, (struct sockaddr *)&before, &length));
    for (i = 0; i < 3; i++) {
        fresh(&ov);
        ok_pends(start_connect(s, &closed_address, &ov));
        ok_failure(port, KEY, &ov, ERROR_CONNECTION_REFUSED, 0);
    }
    ok_starts(start_connect(s, &address, &ov));
    ok_success(port, KEY, &ov, 0);
    ok_zero(setsockopt(s, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, NULL, 0));
    ok_zero(getsockname(s, (struct sockaddr *)&after, &length));
    ok(before.sin_port == after.sin_port, "the binding is lost");
    closesocket(s);
    closesocket(door);
    closesocket(closed);
    CloseHandle(port);
}

/* Rules: SOCK-104 */
static void sock_104_connect_can_try_again(void)
{
    struct sockaddr_in address, closed_address;
    SOCKET door = listener(&address), closed = tcp_socket(), s = tcp_socket();

    closed_address = bind_loopback(closed);
    ok_wsa(connect_to(s, &closed_address), WSAECONNREFUSED);
    ok_wsa(connect_to(s, &closed_address), WSAECONNREFUSED);
    ok_zero(connect_to(s, &address));
    closesocket(s);
    closesocket(door);
    closesocket(closed);
}

/* Rules: SOCK-105, SOCK-104 */
static void sock_105_a_cancelled_connectex_leaves_the_socket_unconnected(void)
{
    struct sockaddr_in name;
    struct crowd crowd;
    SOCKET s = bound_socket();
    HANDLE port = port_of(s, KEY);
    int length = sizeof(name);
    static OVERLAPPED ov;

    crowd_open(&crowd);
    fresh(&ov);
    ok_pends(start_connect(s, &crowd.address, &ov));
    ok_quiet(port);
    ok_true(CancelIoEx((HANDLE)s, &ov));
    ok_failure(port, KEY, &ov, ERROR_OPERATION_ABORTED, 0);
    ok_wsa(getpeername(s, (struct sockaddr *)&name, &length), WSAENOTCONN);
    ok_quiet(port);
    closesocket(s);
    crowd_close(&crowd);
    CloseHandle(port);
}

/* Rules: SOCK-105, SOCK-104 */
static void sock_105_after_a_cancelled_connectex_another_connects(void)
{
    struct sockaddr_in address;
    struct crowd crowd;
    SOCKET door = listener(&address), s = bound_socket(), accepted;
    HANDLE port = port_of(s, KEY);
    static OVERLAPPED ov;

    crowd_open(&crowd);
    fresh(&ov);
    ok_pends(start_connect(s, &crowd.address, &ov));
    ok_true(CancelIoEx((HANDLE)s, &ov));
    ok_failure(port, KEY, &ov, ERROR_OPERATION_ABORTED, 0);
    ok_starts(start_connect(s, &address, &ov));
    ok_success(port, KEY, &ov, 0);
    accepted = accept_one(door);
    closesocket(accepted);
    closesocket(s);
    crowd_close(&crowd);
    closesocket(door);
    CloseHandle(port);
}

/* Rules: SOCK-105, SOCK-68, SOCK-69 */
static void sock_105_closing_ends_connectex(void)
{
    struct crowd crowd;
    SOCKET s = bound_socket();
    HANDLE port = port_of(s, KEY);
    static OVERLAPPED ov;
    struct packet packet;

    crowd_open(&crowd);
    fresh(&ov);
    ok_pends(start_connect(s, &crowd.address, &ov));
    ok_zero(closesocket(s));
    packet = take(port, LIMIT);
    ok(!packet.result && packet.ov == &ov && packet.key == KEY &&
           (packet.error == ERROR_OPERATION_ABORTED ||
            packet.error == ERROR_CONNECTION_ABORTED), "%s", packet_text(&packet));
    ok_quiet(port);
    crowd_close(&crowd);
    CloseHandle(port);
}

/* Rules: SOCK-106, SOCK-18 */
static void sock_106_a_nonblocking_connect_queues_nothing(void)
{
    struct sockaddr_in address;
    SOCKET door = listener(&address), s = tcp_socket(), accepted;
    HANDLE port = port_of(s, KEY);

    nonblocking(s);
    ok_wsa(connect_to(s, &address), WSAEWOULDBLOCK);
    accepted = accept_one(door);
    limit_blocking(accepted);
    UNTIL(send(s, "a", 1, 0) == 1);
    ok(receives(accepted, "a"), "the connection does not work");
    ok_quiet(port);
    closesocket(s);
    closesocket(accepted);
    closesocket(door);
    CloseHandle(port);
}

/* Rules: SOCK-108 */
static void sock_108_the_wildcard_is_no_destination(void)
{
    struct sockaddr_in address;
    SOCKET door = listener(&address), s = tcp_socket();

    address.sin_addr.s_addr = htonl(INADDR_ANY);
    WINE_DIFFERS("taken for loopback")
    ok_wsa(connect_to(s, &address), WSAEADDRNOTAVAIL);
    closesocket(s);
    s = tcp_socket();
    address = loopback(0);
    WINE_DIFFERS("port 0 refuses")
    ok_wsa(connect_to(s, &address), WSAEADDRNOTAVAIL);
    closesocket(s);
    closesocket(door);
}

int main(void)
{
    SOCKET s;

    winsock_start();
    s = tcp_socket();
    connect_ex = (LPFN_CONNECTEX)extension(s, (GUID)WSAID_CONNECTEX);
    closesocket(s);
    RUN(sock_099_arguments_of_connectex);
    RUN(sock_100_connectex_completes_on_the_own_port);
    RUN(sock_101_connectex_sends_its_data);
    RUN(sock_102_the_context_makes_a_whole_socket);
    RUN_WINE_FAILS(sock_103_calls_while_connectex_runs, "receives pend");
    RUN_WINE_FAILS(sock_103_calls_while_connect_runs, "receives pend");
    RUN_WINE_FAILS(sock_104_connectex_can_try_again, "10053 at the second attempt");
    RUN_WINE_FAILS(sock_104_connect_can_try_again, "10053 at the second attempt");
    RUN(sock_105_a_cancelled_connectex_leaves_the_socket_unconnected);
    RUN_WINE_FAILS(sock_105_after_a_cancelled_connectex_another_connects,
                   "the socket goes on connecting");
    RUN(sock_105_closing_ends_connectex);
    RUN(sock_106_a_nonblocking_connect_queues_nothing);
    RUN(sock_108_the_wildcard_is_no_destination);
    return conform_end();
}
