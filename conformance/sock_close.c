/* closesocket with operations pending: sockets.md section G, first half. */
#include "sockets.h"

static char big[32u << 20];

/* Rules: SOCK-68, SOCK-69, T12 */
static void sock_068_closing_a_connection_aborts_its_receive(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov;
    static char data[8];

    fresh(&ov);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    ok_zero(closesocket(pair.here));
    WINE_DIFFERS("676 or 995")
    ok_failure(port, KEY, &ov, ERROR_CONNECTION_ABORTED, 0);
    WINE_DIFFERS("another status")
    ok_status(&ov, NT_CONNECTION_ABORTED, 0);
    ok_quiet(port);
    closesocket(pair.peer);
    CloseHandle(port);
}

/* Rules: SOCK-68 */
static void sock_068_closing_after_shutdown_ends_the_receive(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov;
    static char data[8];
    struct packet packet;

    fresh(&ov);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    ok_zero(shutdown(pair.here, SD_SEND));
    ok_quiet(port);
    ok_zero(closesocket(pair.here));
    packet = take(port, LIMIT);
    WINE_DIFFERS("676 or 995")
    ok(!packet.result && packet.ov == &ov && packet.key == KEY && packet.bytes == 0 &&
           (packet.error == ERROR_CONNECTION_ABORTED || packet.error == ERROR_NETNAME_DELETED),
       "%s", packet_text(&packet));
    ok_quiet(port);
    closesocket(pair.peer);
    CloseHandle(port);
}

/* Rules: SOCK-68 */
static void sock_068_closing_a_datagram_socket_cancels(void)
{
    SOCKET s = udp_socket();
    HANDLE port = port_of(s, KEY);
    static OVERLAPPED ov;
    static char data[8];

    bind_loopback(s);
    fresh(&ov);
    ok_pends(start_recv(s, data, sizeof(data), &ov));
    ok_zero(closesocket(s));
    WINE_DIFFERS("676")
    ok_failure(port, KEY, &ov, ERROR_OPERATION_ABORTED, 0);
    WINE_DIFFERS("another status")
    ok_status(&ov, NT_CANCELLED, 0);
    ok_quiet(port);
    CloseHandle(port);
}

/* Closes a connection with so many receives and sends pending. */
static void close_with_pending(int receives, int sends)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov[16];
    static char data[16];
    int seen[16] = { 0 }, count = receives + sends, i, last = -1, disorder = 0;

    for (i = 0; i < count; i++) {
        fresh(&ov[i]);
        if (i < receives) {
            ok_pends(start_recv(pair.here, &data[i], 1, &ov[i]));
        } else {
            ok_pends(start_send(pair.here, big, sizeof(big), &ov[i]));
        }
    }
    ok_zero(closesocket(pair.here));
    for (i = 0; i < count; i++) {
        struct packet packet = take(port, LIMIT);
        int index = packet.ov ? (int)(packet.ov - ov) : -1;

        ok(index >= 0 && !packet.result && packet.key == KEY, "%s", packet_text(&packet));
        if (index < 0) break;
        seen[index]++;
        if (index < receives) {
            disorder += index < last;
            last = index;
        }
    }
    for (i = 0; i < count; i++) ok(seen[i] == 1, "%d: %d packets", i, seen[i]);
    ok(disorder == 0, "%d receives out of order", disorder);
    ok_quiet(port);
    closesocket(pair.peer);
    CloseHandle(port);
}

/* Rules: SOCK-69, SOCK-70, SOCK-71, LX-03 */
static void sock_069_every_pending_receive_completes_once(void)
{
    close_with_pending(16, 0);
}

/* Rules: SOCK-69, SOCK-54, SOCK-70, LX-03 */
static void sock_069_every_pending_send_completes_once(void)
{
    close_with_pending(0, 4);
    close_with_pending(12, 4);
}

/* Rules: SOCK-72, SOCK-54 */
static void sock_072_an_ordinary_close_delivers_and_ends(void)
{
    struct pair pair = tcp_pair();
    char byte;

    send_text(pair.here, "abc");
    ok_zero(closesocket(pair.here));
    ok(receives(pair.peer, "abc"), "the data is lost");
    ok_zero(recv(pair.peer, &byte, 1, 0));
    closesocket(pair.peer);
}

/* Rules: SOCK-72, SOCK-73 */
static void sock_072_linger_zero_resets(void)
{
    struct pair pair = tcp_pair();
    static struct ending ending;

    await_end(&ending, pair.peer);
    reset_connection(pair.here);
    ok_reset(&ending);
    closesocket(pair.peer);
}

/* Rules: SOCK-72 */
static void sock_072_unread_data_resets(void)
{
    struct pair pair = tcp_pair();
    static struct ending ending;
    char byte;

    await_end(&ending, pair.peer);
    send_text(pair.peer, "abc");
    UNTIL(recv(pair.here, &byte, 1, MSG_PEEK) == 1);
    closesocket(pair.here);
    ok_reset(&ending);
    closesocket(pair.peer);
}

/* Rules: SOCK-72, SOCK-68 */
static void sock_072_a_pending_receive_makes_the_close_a_reset(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static struct ending ending;
    static OVERLAPPED ov;
    static char data[8];

    await_end(&ending, pair.peer);
    fresh(&ov);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    ok_zero(closesocket(pair.here));
    ok(take(port, LIMIT).ov == &ov, "no packet for the receive");
    WINE_DIFFERS("an ordinary end")
    OURS_DIFFERS("D4")
    ok_reset(&ending);
    closesocket(pair.peer);
    CloseHandle(port);
}

/* Rules: SOCK-73 */
static void sock_073_linger_option(void)
{
    SOCKET s = tcp_socket(), udp = udp_socket();
    struct linger value = { 9, 9 };
    BOOL dont = FALSE;
    int length = sizeof(value);

    ok(sizeof(value) == 4, "struct linger has %u bytes", (unsigned)sizeof(value));
    ok_zero(getsockopt(s, SOL_SOCKET, SO_LINGER, (char *)&value, &length));
    ok(value.l_onoff == 0 && length == 4, "default %u", value.l_onoff);
    length = sizeof(dont);
    ok_zero(getsockopt(s, SOL_SOCKET, SO_DONTLINGER, (char *)&dont, &length));
    ok(dont, "SO_DONTLINGER is off by default");
    linger(s, 1, 7);
    length = sizeof(value);
    ok_zero(getsockopt(s, SOL_SOCKET, SO_LINGER, (char *)&value, &length));
    ok(value.l_onoff && value.l_linger == 7, "linger %u %u", value.l_onoff, value.l_linger);
    length = sizeof(dont);
    ok_zero(getsockopt(s, SOL_SOCKET, SO_DONTLINGER, (char *)&dont, &length));
    ok(!dont, "SO_DONTLINGER is on");
    dont = TRUE;
    ok_zero(setsockopt(s, SOL_SOCKET, SO_DONTLINGER, (char *)&dont, sizeof(dont)));
    length = sizeof(value);
    ok_zero(getsockopt(s, SOL_SOCKET, SO_LINGER, (char *)&value, &length));
    ok(!value.l_onoff, "SO_DONTLINGER does not switch lingering off");
    WINE_DIFFERS("the option is accepted")
    ok_wsa(setsockopt(udp, SOL_SOCKET, SO_LINGER, (char *)&value, sizeof(value)),
           WSAENOPROTOOPT);
    closesocket(s);
    closesocket(udp);
}

/* Rules: SOCK-73 */
static void sock_073_a_lingering_nonblocking_close_would_block(void)
{
    struct pair pair = tcp_pair();
    int type, length = sizeof(type), result;

    fill(pair.here);
    linger(pair.here, 1, 5);
    nonblocking(pair.here);
    WINE_DIFFERS("the socket is closed")
    ok_wsa(closesocket(pair.here), WSAEWOULDBLOCK);
    result = getsockopt(pair.here, SOL_SOCKET, SO_TYPE, (char *)&type, &length);
    WINE_DIFFERS("the socket is closed")
    ok(result == 0, "the socket is closed");
    if (result == 0) reset_connection(pair.here);
    closesocket(pair.peer);
}

/* Rules: SOCK-74, SOCK-68, SOCK-75 */
static void sock_074_closing_a_listener_cancels_its_acceptex(void)
{
    enum { COUNT = 3 };
    struct sockaddr_in address;
    SOCKET door = listener(&address), other, client = tcp_socket(), acceptors[COUNT];
    HANDLE port = port_of(door, KEY);
    LPFN_ACCEPTEX accept_ex = (LPFN_ACCEPTEX)extension(door, (GUID)WSAID_ACCEPTEX);
    static char area[COUNT][2 * ADDRESS_AREA];
    static OVERLAPPED ov[COUNT];
    DWORD bytes;
    int i;

    for (i = 0; i < COUNT; i++) {
        acceptors[i] = tcp_socket();
        fresh(&ov[i]);
        ok_false(accept_ex(door, acceptors[i], area[i], 0, ADDRESS_AREA, ADDRESS_AREA, &bytes,
                           &ov[i]), ERROR_IO_PENDING);
    }
    ok_zero(closesocket(door));
    for (i = 0; i < COUNT; i++) {
        ok_failure(port, KEY, &ov[i], ERROR_OPERATION_ABORTED, 0);
    }
    ok_quiet(port);
    other = listener(&address);
    CreateIoCompletionPort((HANDLE)other, port, 9, 0);
    ok_zero(connect_to(client, &address));
    fresh(&ov[0]);
    ok(accept_ex(other, acceptors[0], area[0], 0, ADDRESS_AREA, ADDRESS_AREA, &bytes, &ov[0]) ||
           GetLastError() == ERROR_IO_PENDING, "AcceptEx: error %u", (unsigned)GetLastError());
    ok_success(port, 9, &ov[0], 0);
    send_text(client, "abc");
    ok(receives(acceptors[0], "abc"), "the acceptor is not connected");
    closesocket(client);
    for (i = 0; i < COUNT; i++) closesocket(acceptors[i]);
    closesocket(other);
    CloseHandle(port);
}

/* Rules: SOCK-74 */
static void sock_074_closing_a_listener_resets_its_backlog(void)
{
    struct sockaddr_in address;
    SOCKET door = listener(&address), client = tcp_socket();
    HANDLE port = port_of(door, KEY);
    static struct ending ending;

    ok_zero(connect_to(client, &address));
    await_end(&ending, client);
    ok_zero(closesocket(door));
    ok_reset(&ending);
    ok_quiet(port);
    closesocket(client);
    CloseHandle(port);
}

/* Rules: SOCK-75 */
static void sock_075_closing_the_acceptor_cancels_the_acceptex(void)
{
    struct sockaddr_in address;
    SOCKET door = listener(&address), acceptor = tcp_socket(), client = tcp_socket();
    HANDLE port = port_of(door, KEY);
    LPFN_ACCEPTEX accept_ex = (LPFN_ACCEPTEX)extension(door, (GUID)WSAID_ACCEPTEX);
    static char area[64 + 2 * ADDRESS_AREA];
    static OVERLAPPED ov;
    struct packet packet;
    DWORD bytes;

    fresh(&ov);
    ok_false(accept_ex(door, acceptor, area, 0, ADDRESS_AREA, ADDRESS_AREA, &bytes, &ov),
             ERROR_IO_PENDING);
    ok_zero(closesocket(acceptor));
    ok_failure(port, KEY, &ov, ERROR_OPERATION_ABORTED, 0);
    ok_quiet(port);
    acceptor = tcp_socket();
    fresh(&ov);
    ok_false(accept_ex(door, acceptor, area, 64, ADDRESS_AREA, ADDRESS_AREA, &bytes, &ov),
             ERROR_IO_PENDING);
    ok_zero(connect_to(client, &address));
    ok_quiet(port);
    ok_zero(closesocket(acceptor));
    packet = take(port, LIMIT);
    ok(!packet.result && packet.ov == &ov && packet.key == KEY &&
           (packet.error == ERROR_OPERATION_ABORTED ||
            packet.error == ERROR_CONNECTION_ABORTED), "%s", packet_text(&packet));
    ok_quiet(port);
    closesocket(client);
    closesocket(door);
    CloseHandle(port);
}

struct blocked {
    SOCKET s;
    int call, result, error;
};

static DWORD WINAPI blocking_call(void *argument)
{
    struct blocked *blocked = argument;
    char data[8];

    if (blocked->call == 0) {
        SOCKET s = accept(blocked->s, NULL, NULL);

        blocked->result = s == INVALID_SOCKET ? SOCKET_ERROR : 0;
    } else {
        blocked->result = recvfrom(blocked->s, data, sizeof(data), 0, NULL, NULL);
    }
    blocked->error = WSAGetLastError();
    return 0;
}

/* Rules: SOCK-76 */
static void sock_076_closing_wakes_blocked_calls(void)
{
    static struct blocked blocked[3];
    struct sockaddr_in address;
    struct pair pair = tcp_pair();
    DWORD none = 0;
    HANDLE thread;
    int i;

    blocked[0].s = listener(&address);
    blocked[1].s = udp_socket();
    bind_loopback(blocked[1].s);
    blocked[2].s = pair.here;
    setsockopt(pair.here, SOL_SOCKET, SO_RCVTIMEO, (char *)&none, sizeof(none));
    for (i = 0; i < 3; i++) {
        int error;

        blocked[i].call = i;
        thread = CreateThread(NULL, 0, blocking_call, &blocked[i], 0, NULL);
        ok(WaitForSingleObject(thread, QUIET) == WAIT_TIMEOUT, "call %d returned", i);
        ok_zero(closesocket(blocked[i].s));
        if (WaitForSingleObject(thread, LIMIT) != WAIT_OBJECT_0) {
            ok(FALSE, "call %d hangs", i);
            break;
        }
        error = blocked[i].error;
        WINE_DIFFERS("995 or 10022")
        ok(blocked[i].result == SOCKET_ERROR &&
               (error == WSAEINTR || error == WSAECONNABORTED || error == WSAENOTSOCK),
           "call %d: result %d, error %d", i, blocked[i].result, error);
        CloseHandle(thread);
    }
    closesocket(pair.peer);
}

/* Rules: SOCK-77 */
static void sock_077_closing_a_duplicate_ends_nothing(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY), copy = NULL;
    static OVERLAPPED ov;
    static char data[8];

    ok_true(DuplicateHandle(GetCurrentProcess(), (HANDLE)pair.here, GetCurrentProcess(), &copy,
                            0, FALSE, DUPLICATE_SAME_ACCESS));
    fresh(&ov);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    ok_true(CloseHandle(copy));
    ok_quiet(port);
    send_text(pair.peer, "abc");
    ok_success(port, KEY, &ov, 3);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-77, SOCK-05 */
static void sock_077_a_duplicate_keeps_operations_alive(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY), copy = NULL;
    static OVERLAPPED ov;
    static char data[8];

    ok_true(DuplicateHandle(GetCurrentProcess(), (HANDLE)pair.here, GetCurrentProcess(), &copy,
                            0, FALSE, DUPLICATE_SAME_ACCESS));
    fresh(&ov);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    ok_true(CloseHandle((HANDLE)pair.here));
    ok_quiet(port);
    send_text(pair.peer, "def");
    ok_success(port, KEY, &ov, 3);
    memset(&ov, 0, sizeof(ov));
    ok_false(ReadFile(copy, data, sizeof(data), NULL, &ov), ERROR_IO_PENDING);
    ok_true(CloseHandle(copy));
    WINE_DIFFERS("676 or 995")
    ok_failure(port, KEY, &ov, ERROR_CONNECTION_ABORTED, 0);
    ok_quiet(port);
    closesocket(pair.peer);
    CloseHandle(port);
}

int main(void)
{
    winsock_start();
    RUN(sock_068_closing_a_connection_aborts_its_receive);
    RUN(sock_068_closing_after_shutdown_ends_the_receive);
    RUN(sock_068_closing_a_datagram_socket_cancels);
    RUN(sock_069_every_pending_receive_completes_once);
    RUN_WINE_FAILS(sock_069_every_pending_send_completes_once,
                   "pending sends keep the socket alive");
    RUN(sock_072_an_ordinary_close_delivers_and_ends);
    RUN(sock_072_linger_zero_resets);
    RUN(sock_072_unread_data_resets);
    RUN(sock_072_a_pending_receive_makes_the_close_a_reset);
    RUN(sock_073_linger_option);
    RUN(sock_073_a_lingering_nonblocking_close_would_block);
    RUN(sock_074_closing_a_listener_cancels_its_acceptex);
    RUN(sock_074_closing_a_listener_resets_its_backlog);
    RUN(sock_075_closing_the_acceptor_cancels_the_acceptex);
    RUN(sock_076_closing_wakes_blocked_calls);
    RUN(sock_077_closing_a_duplicate_ends_nothing);
    RUN_WINE_FAILS(sock_077_a_duplicate_keeps_operations_alive,
                   "the operation needs the handle that started it");
    return conform_end();
}
