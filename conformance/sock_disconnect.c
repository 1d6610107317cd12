/* DisconnectEx: sockets.md section K. */
#include "sockets.h"

static LPFN_DISCONNECTEX disconnect_ex;

/* DisconnectEx. 0, or the error. */
static int start_disconnect(SOCKET s, DWORD flags, OVERLAPPED *ov)
{
    return disconnect_ex(s, ov, flags, 0) ? 0 : WSAGetLastError();
}

/* Rules: SOCK-110 */
static void sock_110_arguments_of_disconnectex(void)
{
    struct pair pair = tcp_pair();
    SOCKET s = tcp_socket();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov;

    CreateIoCompletionPort((HANDLE)s, port, 2, 0);
    fresh(&ov);
    ok_gives(start_disconnect(s, 0, &ov), WSAENOTCONN);
    ok_gives(start_disconnect(INVALID_SOCKET, 0, &ov), WSAENOTSOCK);
    ok_quiet(port);
    WINE_DIFFERS("the reserved argument is not checked")
    ok_false(disconnect_ex(pair.here, &ov, 0, 1), WSAEINVAL);
    WINE_DIFFERS("the reserved argument is not checked")
    ok_quiet(port);
    closesocket(s);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-110, SOCK-111, SOCK-83, T12 */
static void sock_110_disconnectex_ends_our_direction(void)
{
    struct sockaddr_in address;
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    int length = sizeof(address);
    static OVERLAPPED ov, receive;
    static char data[8];

    fresh(&ov);
    fresh(&receive);
    ok_pends(start_recv(pair.here, data, sizeof(data), &receive));
    ok_pends(start_disconnect(pair.here, 0, &ov));
    ok_success(port, KEY, &ov, 0);
    ok_zero(recv(pair.peer, data, 1, 0));
    ok_wsa(send(pair.here, "x", 1, 0), WSAESHUTDOWN);
    send_text(pair.peer, "abc");
    ok_success(port, KEY, &receive, 3);
    ok(!memcmp(data, "abc", 3), "data %.3s", data);
    ok_zero(getpeername(pair.here, (struct sockaddr *)&address, &length));
    ok_wsa(connect_to(pair.here, &address), WSAEISCONN);
    fresh(&ov);
    ok_pends(start_disconnect(pair.here, 0, &ov));
    ok_success(port, KEY, &ov, 0);
    ok_quiet(port);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-110, SOCK-18 */
static void sock_110_without_overlapped_it_is_synchronous(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    char byte;

    ok_gives(start_disconnect(pair.here, 0, NULL), 0);
    ok_zero(recv(pair.peer, &byte, 1, 0));
    ok_wsa(send(pair.here, "x", 1, 0), WSAESHUTDOWN);
    ok_quiet(port);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-110, SOCK-84 */
static void sock_110_it_goes_out_behind_pending_sends(void)
{
    static char big[32u << 20];
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov, sending;
    struct packet first, second;
    char byte;

    fresh(&ov);
    fresh(&sending);
    ok_pends(start_send(pair.here, big, sizeof(big), &sending));
    ok_pends(start_disconnect(pair.here, 0, &ov));
    ok(drain(pair.peer, sizeof(big)), "the data of the send is cut");
    ok_zero(recv(pair.peer, &byte, 1, 0));
    first = take(port, LIMIT);
    second = take(port, LIMIT);
    ok(first.result && second.result && first.ov != second.ov, "%s", packet_text(&second));
    ok(first.bytes + second.bytes == sizeof(big), "bytes");
    ok_quiet(port);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-111, SOCK-20 */
static void sock_111_skip_mode_does_not_concern_disconnectex(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov;

    ok_true(SetFileCompletionNotificationModes((HANDLE)pair.here,
                                               FILE_SKIP_COMPLETION_PORT_ON_SUCCESS));
    fresh(&ov);
    ok_pends(start_disconnect(pair.here, 0, &ov));
    ok_success(port, KEY, &ov, 0);
    ok_quiet(port);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-112, SOCK-15, SOCK-06 */
static void sock_112_an_accepted_socket_is_used_again(void)
{
    struct sockaddr_in address;
    SOCKET door = listener(&address), acceptor = tcp_socket(), client;
    HANDLE port = port_of(door, 1);
    LPFN_ACCEPTEX accept_ex = (LPFN_ACCEPTEX)extension(door, (GUID)WSAID_ACCEPTEX);
    static char area[2 * ADDRESS_AREA];
    static OVERLAPPED ov;
    DWORD bytes;
    int i;

    CreateIoCompletionPort((HANDLE)acceptor, port, 2, 0);
    for (i = 0; i < 3; i++) {
        client = tcp_socket();
        fresh(&ov);
        ok_false(accept_ex(door, acceptor, area, 0, ADDRESS_AREA, ADDRESS_AREA, &bytes, &ov),
                 ERROR_IO_PENDING);
        ok_zero(connect_to(client, &address));
        ok_success(port, 1, &ov, 0);
        send_text(client, "ping");
        ok(receives(acceptor, "ping"), "round %d: the connection does not work", i);
        closesocket(client);
        ok_pends(start_disconnect(acceptor, TF_REUSE_SOCKET, &ov));
        ok_success(port, 2, &ov, 0);
        ok_wsa(send(acceptor, "x", 1, 0), WSAENOTCONN);
    }
    SetLastError(0);
    ok(!CreateIoCompletionPort((HANDLE)acceptor, port, 3, 0) &&
           GetLastError() == ERROR_INVALID_PARAMETER, "the association is lost");
    closesocket(acceptor);
    closesocket(door);
    CloseHandle(port);
}

/* Rules: SOCK-112, SOCK-100, SOCK-06 */
static void sock_112_a_connected_socket_is_used_again(void)
{
    struct sockaddr_in address, before, after;
    SOCKET door = listener(&address), s = tcp_socket(), accepted;
    HANDLE port = port_of(s, KEY);
    LPFN_CONNECTEX connect_ex = (LPFN_CONNECTEX)extension(s, (GUID)WSAID_CONNECTEX);
    static OVERLAPPED ov;
    int i, length = sizeof(before);

    before = bind_loopback(s);
    for (i = 0; i < 2; i++) {
        fresh(&ov);
        ok(connect_ex(s, (struct sockaddr *)&address, sizeof(address), NULL, 0, NULL, &ov) ||
               GetLastError() == ERROR_IO_PENDING, "ConnectEx: error %u",
           (unsigned)GetLastError());
        ok_success(port, KEY, &ov, 0);
        accepted = accept_one(door);
        /* The peer closes first: it is the one who keeps TIME_WAIT. */
        closesocket(accepted);
        ok_pends(start_disconnect(s, TF_REUSE_SOCKET, &ov));
        ok_success(port, KEY, &ov, 0);
        ok_zero(getsockname(s, (struct sockaddr *)&after, &length));
        ok(before.sin_port == after.sin_port, "the binding is lost");
        /* Another destination, so that no connection of the same four numbers
         * stands in the way. */
        closesocket(door);
        door = listener(&address);
    }
    closesocket(s);
    closesocket(door);
    CloseHandle(port);
}

int main(void)
{
    SOCKET s;

    winsock_start();
    s = tcp_socket();
    disconnect_ex = (LPFN_DISCONNECTEX)extension(s, (GUID)WSAID_DISCONNECTEX);
    closesocket(s);
    RUN(sock_110_arguments_of_disconnectex);
    RUN(sock_110_disconnectex_ends_our_direction);
    RUN(sock_110_without_overlapped_it_is_synchronous);
    RUN(sock_110_it_goes_out_behind_pending_sends);
    RUN_WINE_FAILS(sock_111_skip_mode_does_not_concern_disconnectex, "completes inline");
    RUN_WINE_FAILS(sock_112_an_accepted_socket_is_used_again, "TF_REUSE_SOCKET is ignored");
    RUN_WINE_FAILS(sock_112_a_connected_socket_is_used_again, "TF_REUSE_SOCKET is ignored");
    return conform_end();
}
