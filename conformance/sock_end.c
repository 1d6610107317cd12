/* How a connection ends: sockets.md section F. */
#include "sockets.h"

static char big[32u << 20];

/* Rules: SOCK-59, T8, T12 */
static void sock_059_a_graceful_close_is_a_success_of_no_bytes(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov;
    static char data[8];
    int i;

    fresh(&ov);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    closesocket(pair.peer);
    ok_success(port, KEY, &ov, 0);
    ok_status(&ov, NT_SUCCESS_VALUE, 0);
    for (i = 0; i < 3; i++) {
        ok_gives(start_recv(pair.here, data, sizeof(data), &ov), 0);
        ok_success(port, KEY, &ov, 0);
    }
    ok_zero(recv(pair.here, data, sizeof(data), 0));
    ok_quiet(port);
    closesocket(pair.here);
    CloseHandle(port);
}

/* Rules: SOCK-59, SOCK-42 */
static void sock_059_data_comes_before_the_end_for_every_receive(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov[4];
    static char data[4][4];
    int i;

    for (i = 0; i < 4; i++) {
        fresh(&ov[i]);
        ok_pends(start_recv(pair.here, data[i], 4, &ov[i]));
    }
    send_text(pair.peer, "abcdef");
    ok_zero(shutdown(pair.peer, SD_SEND));
    ok_success(port, KEY, &ov[0], 4);
    ok_success(port, KEY, &ov[1], 2);
    ok_success(port, KEY, &ov[2], 0);
    ok_success(port, KEY, &ov[3], 0);
    ok_quiet(port);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-60, SOCK-26 */
static void sock_060_a_reset_fails_the_pending_receive(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    DWORD bytes = UNTOUCHED, flags = 0;
    static OVERLAPPED ov;
    static char data[8];

    fresh(&ov);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    reset_connection(pair.peer);
    ok_failure(port, KEY, &ov, ERROR_NETNAME_DELETED, 0);
    ok_status(&ov, NT_CONNECTION_RESET, 0);
    ok(!WSAGetOverlappedResult(pair.here, &ov, &bytes, FALSE, &flags) &&
           WSAGetLastError() == WSAECONNRESET, "error %d", WSAGetLastError());
    ok_quiet(port);
    closesocket(pair.here);
    CloseHandle(port);
}

/* Rules: SOCK-61, LX-04 */
static void sock_061_a_reset_fails_all_pending_operations(void)
{
    enum { RECEIVES = 5, SENDS = 3 };
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov[RECEIVES + SENDS];
    static char data[RECEIVES];
    int seen[RECEIVES + SENDS] = { 0 }, i;
    DWORD counted = 0;

    for (i = 0; i < RECEIVES; i++) {
        fresh(&ov[i]);
        ok_pends(start_recv(pair.here, &data[i], 1, &ov[i]));
    }
    for (; i < RECEIVES + SENDS; i++) {
        fresh(&ov[i]);
        ok_pends(start_send(pair.here, big, sizeof(big), &ov[i]));
    }
    reset_connection(pair.peer);
    for (i = 0; i < RECEIVES + SENDS; i++) {
        struct packet packet = take(port, LIMIT);
        int index = packet.ov ? (int)(packet.ov - ov) : -1;

        ok(index >= 0 && !packet.result && packet.error == ERROR_NETNAME_DELETED,
           "operation %d: %s", index, packet_text(&packet));
        if (index < 0) break;
        seen[index]++;
        counted += packet.bytes;
    }
    WINE_DIFFERS("a send tells what it had sent before it failed")
    ok(counted == 0, "%u bytes", (unsigned)counted);
    for (i = 0; i < RECEIVES + SENDS; i++) ok(seen[i] == 1, "%d: %d packets", i, seen[i]);
    ok_quiet(port);
    closesocket(pair.here);
    CloseHandle(port);
}

/* A connection whose reset has been reported through this port. */
static struct pair after_reset(HANDLE *port)
{
    struct pair pair = tcp_pair();
    static OVERLAPPED ov;
    static char byte;

    *port = port_of(pair.here, KEY);
    fresh(&ov);
    ok_pends(start_recv(pair.here, &byte, 1, &ov));
    reset_connection(pair.peer);
    ok_failure(*port, KEY, &ov, ERROR_NETNAME_DELETED, 0);
    return pair;
}

/* Rules: SOCK-62, SOCK-57, SOCK-16, LX-08 */
static void sock_062_calls_after_the_reset_fail_at_once(void)
{
    DWORD bytes = UNTOUCHED, flags = 0;
    static char data[8] = "";
    WSABUF buffer = { sizeof(data), data };
    static OVERLAPPED ov;
    HANDLE port;
    struct pair pair = after_reset(&port);

    fresh(&ov);
    ok_wsa(WSASend(pair.here, &buffer, 1, &bytes, 0, &ov, NULL), WSAECONNRESET);
    ok(bytes == UNTOUCHED, "%u bytes", (unsigned)bytes);
    ok_quiet(port);
    WINE_DIFFERS("after the first error the stream looks ended")
    ok_wsa(WSARecv(pair.here, &buffer, 1, &bytes, &flags, &ov, NULL), WSAECONNRESET);
    WINE_DIFFERS("after the first error the stream looks ended")
    ok_quiet(port);
    closesocket(pair.here);
    CloseHandle(port);
}

/* Rules: SOCK-62 */
static void sock_062_a_reset_drops_data_that_nobody_has_read(void)
{
    struct pair pair = tcp_pair();
    char data[8];
    int got;

    send_text(pair.peer, "abc");
    UNTIL(recv(pair.here, data, sizeof(data), MSG_PEEK) == 3);
    reset_connection(pair.peer);
    got = recv(pair.here, data, sizeof(data), 0);
    WINE_DIFFERS("the data is delivered first")
    OURS_DIFFERS("D5")
    ok(got == SOCKET_ERROR && WSAGetLastError() == WSAECONNRESET, "recv gave %d, error %d", got,
       WSAGetLastError());
    closesocket(pair.here);
}

/* Rules: SOCK-50, LX-08 */
static void sock_050_file_calls_after_the_reset(void)
{
    static char data[8];
    static OVERLAPPED ov;
    HANDLE port;
    struct pair pair = after_reset(&port);
    DWORD error;
    int i;

    for (i = 0; i < 3; i++) {
        memset(&ov, 0, sizeof(ov));
        error = WriteFile((HANDLE)pair.here, data, 1, NULL, &ov) ? 0 : GetLastError();
        ok(error == ERROR_NETNAME_DELETED || error == WSAECONNRESET, "WriteFile: error %u",
           (unsigned)error);
    }
    ok_quiet(port);
    closesocket(pair.here);
    CloseHandle(port);
}

/* Rules: SOCK-63, SOCK-67, LX-04, LX-08 */
static void sock_063_the_reset_is_permanent(void)
{
    struct sockaddr_in address;
    int i, error = 1, length = sizeof(error);
    static char byte = 0;
    HANDLE port;
    struct pair pair = after_reset(&port);

    for (i = 0; i < 3; i++) {
        WINE_DIFFERS("after the first error the stream looks ended")
        ok_wsa(recv(pair.here, &byte, 1, 0), WSAECONNRESET);
        ok_wsa(send(pair.here, &byte, 1, 0), WSAECONNRESET);
    }
    ok_zero(getsockopt(pair.here, SOL_SOCKET, SO_ERROR, (char *)&error, &length));
    ok(error == 0, "SO_ERROR %d", error);
    length = sizeof(address);
    WINE_DIFFERS("the address is gone with the connection")
    ok(getpeername(pair.here, (struct sockaddr *)&address, &length) == 0,
       "getpeername: error %d", WSAGetLastError());
    closesocket(pair.here);
    CloseHandle(port);
}

/* Rules: SOCK-64 */
static void sock_064_sending_to_a_closed_peer_aborts(void)
{
    struct pair pair = tcp_pair();
    ULONGLONG end = GetTickCount64() + 3000;
    static char byte;
    int got;

    closesocket(pair.peer);
    ok_zero(recv(pair.here, &byte, 1, 0));
    ok(send(pair.here, "x", 1, 0) == 1, "the first send: error %d", WSAGetLastError());
    do {
        got = recv(pair.here, &byte, 1, 0);
        if (got == 0) Sleep(1);
    } while (got == 0 && GetTickCount64() < end);
    WINE_DIFFERS("no error, or 10054")
    ok(got == SOCKET_ERROR && WSAGetLastError() == WSAECONNABORTED, "recv gave %d, error %d",
       got, WSAGetLastError());
    closesocket(pair.here);
}

static int so_error(SOCKET s)
{
    int error = -1, length = sizeof(error);

    ok_zero(getsockopt(s, SOL_SOCKET, SO_ERROR, (char *)&error, &length));
    return error;
}

/* Rules: SOCK-67, SOCK-106 */
static void sock_067_so_error_stays_after_a_failed_connect(void)
{
    SOCKET s = tcp_socket(), closed = tcp_socket();
    struct sockaddr_in address = bind_loopback(closed);
    int i;

    nonblocking(s);
    ok_wsa(connect_to(s, &address), WSAEWOULDBLOCK);
    UNTIL(so_error(s) != 0);
    for (i = 0; i < 3; i++) {
        int error = so_error(s);

        ok(error == WSAECONNREFUSED, "read %d: %d", i, error);
    }
    closesocket(s);
    closesocket(closed);
}

/* Rules: SOCK-67 */
static void sock_067_so_error_can_be_set(void)
{
    SOCKET s = tcp_socket(), closed = tcp_socket();
    struct sockaddr_in address = bind_loopback(closed);
    int error = 0xdead;

    ok(so_error(s) == 0, "a new socket");
    ok_zero(setsockopt(s, SOL_SOCKET, SO_ERROR, (char *)&error, sizeof(error)));
    error = so_error(s);
    WINE_DIFFERS("the option cannot be set")
    ok(error == 0xdead, "SO_ERROR %x", error);
    error = so_error(s);
    WINE_DIFFERS("the option cannot be set")
    ok(error == 0xdead, "SO_ERROR %x", error);
    closesocket(s);
    s = tcp_socket();
    ok_wsa(connect_to(s, &address), WSAECONNREFUSED);
    error = so_error(s);
    WINE_DIFFERS("the error of a blocking connect is kept")
    ok(error == 0, "SO_ERROR %d after a blocking connect", error);
    closesocket(s);
    closesocket(closed);
}

int main(void)
{
    winsock_start();
    RUN(sock_059_a_graceful_close_is_a_success_of_no_bytes);
    RUN(sock_059_data_comes_before_the_end_for_every_receive);
    RUN(sock_060_a_reset_fails_the_pending_receive);
    RUN(sock_061_a_reset_fails_all_pending_operations);
    RUN(sock_062_calls_after_the_reset_fail_at_once);
    RUN(sock_062_a_reset_drops_data_that_nobody_has_read);
    RUN(sock_050_file_calls_after_the_reset);
    RUN(sock_063_the_reset_is_permanent);
    RUN(sock_064_sending_to_a_closed_peer_aborts);
    RUN(sock_067_so_error_stays_after_a_failed_connect);
    RUN(sock_067_so_error_can_be_set);
    return conform_end();
}
