/* Receiving on streams: sockets.md section D. */
#include "sockets.h"

/* Waits until the peer's bytes have arrived here. */
static void arrived(SOCKET s, int count)
{
    static char data[64];

    UNTIL(recv(s, data, sizeof(data), MSG_PEEK) >= count);
}

/* Rules: SOCK-36, SOCK-37 */
static void sock_036_a_receive_completes_with_what_is_there(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    DWORD bytes = UNTOUCHED, flags = 0;
    static char one[2], two[8];
    WSABUF buffers[2] = { { sizeof(one), one }, { sizeof(two), two } };
    static OVERLAPPED ov;

    fresh(&ov);
    ok_wsa(WSARecv(pair.here, buffers, 2, &bytes, &flags, &ov, NULL), WSA_IO_PENDING);
    ok(bytes == UNTOUCHED, "pending: %u bytes", (unsigned)bytes);
    send_text(pair.peer, "abcde");
    ok_success(port, KEY, &ov, 5);
    ok(!memcmp(one, "ab", 2) && !memcmp(two, "cde", 3), "scattered data");
    ok(bytes == UNTOUCHED, "delayed: %u bytes", (unsigned)bytes);
    send_text(pair.peer, "fgh");
    arrived(pair.here, 3);
    ok_zero(WSARecv(pair.here, buffers, 2, &bytes, &flags, &ov, NULL));
    ok(bytes == 3, "immediate: %u bytes", (unsigned)bytes);
    ok_success(port, KEY, &ov, 3);
    ok(!memcmp(one, "fg", 2) && two[0] == 'h', "scattered data");
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-37, SOCK-39 */
static void sock_039_arguments_of_a_receive(void)
{
    struct pair pair = tcp_pair();
    DWORD bytes = UNTOUCHED, flags = 0;
    static char data[8];
    WSABUF buffer = { sizeof(data), data };
    static OVERLAPPED ov;

    fresh(&ov);
    nonblocking(pair.here);
    WINE_DIFFERS("a NULL count is accepted")
    ok_wsa(WSARecv(pair.here, &buffer, 1, NULL, &flags, NULL, NULL), WSAEFAULT);
    WINE_DIFFERS("an empty array of buffers is accepted")
    ok_wsa(WSARecv(pair.here, NULL, 0, &bytes, &flags, NULL, NULL), WSAEINVAL);
    WINE_DIFFERS("an empty array of buffers is accepted")
    ok_wsa(WSARecv(pair.here, &buffer, 0, &bytes, &flags, &ov, NULL), WSAEINVAL);
    ok_wsa(WSARecv(pair.here, &buffer, 1, &bytes, NULL, NULL, NULL), WSAEFAULT);
    ok_wsa(recv(pair.here, data, -1, 0), WSAEFAULT);
    flags = 0x40000000;
    WINE_DIFFERS("unknown flags are accepted")
    ok_wsa(WSARecv(pair.here, &buffer, 1, &bytes, &flags, &ov, NULL), WSAEOPNOTSUPP);
    ok(bytes == UNTOUCHED, "%u bytes", (unsigned)bytes);
    CancelIoEx((HANDLE)pair.here, NULL);
    UNTIL(HasOverlappedIoCompleted(&ov));
    close_pair(pair);
}

/* Rules: SOCK-39 */
static void sock_039_partial_means_nothing_to_a_stream(void)
{
    struct pair pair = tcp_pair();
    DWORD bytes = UNTOUCHED, flags = MSG_PARTIAL;
    static char data[8];
    WSABUF buffer = { sizeof(data), data };

    send_text(pair.peer, "abc");
    ok_zero(WSARecv(pair.here, &buffer, 1, &bytes, &flags, NULL, NULL));
    ok(bytes == 3, "%u bytes", (unsigned)bytes);
    WINE_DIFFERS("the flags are not written")
    ok(flags == 0, "flags %x", (unsigned)flags);
    close_pair(pair);
}

/* Rules: SOCK-38 */
static void sock_038_the_buffer_array_is_captured(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static char data[16], other[16] = "";
    DWORD flags = 0;
    static OVERLAPPED ov;
    WSABUF buffers[2] = { { 2, data }, { 14, data + 2 } };

    fresh(&ov);
    ok_wsa(WSARecv(pair.here, buffers, 2, NULL, &flags, &ov, NULL), WSA_IO_PENDING);
    buffers[0].buf = buffers[1].buf = other;
    buffers[0].len = buffers[1].len = 1;
    send_text(pair.peer, "abcde");
    ok_success(port, KEY, &ov, 5);
    ok(!memcmp(data, "abcde", 5) && !other[0], "data %.5s", data);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-40 */
static void sock_040_a_receive_of_nothing_waits_for_data(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov;

    fresh(&ov);
    ok_pends(start_recv(pair.here, NULL, 0, &ov));
    ok_quiet(port);
    send_text(pair.peer, "abc");
    ok_success(port, KEY, &ov, 0);
    ok_gives(start_recv(pair.here, NULL, 0, &ov), 0);
    ok_success(port, KEY, &ov, 0);
    ok_zero(recv(pair.here, NULL, 0, 0));
    ok(receives(pair.here, "abc"), "the data is gone");
    ok_pends(start_recv(pair.here, NULL, 0, &ov));
    ok_zero(shutdown(pair.peer, SD_SEND));
    ok_success(port, KEY, &ov, 0);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-40, SOCK-60 */
static void sock_040_a_receive_of_nothing_sees_the_reset(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov;

    fresh(&ov);
    ok_pends(start_recv(pair.here, NULL, 0, &ov));
    reset_connection(pair.peer);
    ok_failure(port, KEY, &ov, ERROR_NETNAME_DELETED, 0);
    ok_status(&ov, NT_CONNECTION_RESET, 0);
    closesocket(pair.here);
    CloseHandle(port);
}

/* Rules: SOCK-41, T8 */
static void sock_041_a_receive_of_nothing_truncates_a_datagram(void)
{
    SOCKET s = udp_socket(), peer = udp_socket();
    struct sockaddr_in address = bind_loopback(s);
    HANDLE port = port_of(s, KEY);
    static OVERLAPPED ov;
    static char data[8];

    limit_blocking(s);
    connect_to(peer, &address);
    fresh(&ov);
    ok_pends(start_recv_flags(s, NULL, 0, MSG_PEEK, &ov));
    send_text(peer, "abc");
    ok_failure(port, KEY, &ov, ERROR_MORE_DATA, 0);
    ok_status(&ov, NT_BUFFER_OVERFLOW, 0);
    ok(recv(s, data, sizeof(data), 0) == 3, "the peeked datagram: error %d",
       WSAGetLastError());
    ok_pends(start_recv(s, NULL, 0, &ov));
    send_text(peer, "abc");
    ok_failure(port, KEY, &ov, ERROR_MORE_DATA, 0);
    send_text(peer, "second");
    ok(recv(s, data, sizeof(data), 0) == 6, "the first datagram was not consumed");
    ok_pends(start_recv(s, NULL, 0, &ov));
    send_text(peer, "");
    ok_success(port, KEY, &ov, 0);
    closesocket(s);
    closesocket(peer);
    CloseHandle(port);
}

/* Rules: SOCK-42, SOCK-23, LX-02 */
static void sock_042_receives_are_served_in_the_order_of_the_calls(void)
{
    enum { COUNT = 16, LENGTH = 16 };
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static char data[COUNT][LENGTH], sent[COUNT * LENGTH];
    static OVERLAPPED ov[COUNT];
    int round, i;

    for (i = 0; i < COUNT * LENGTH; i++) sent[i] = (char)i;
    for (round = 0; round < 10; round++) {
        memset(data, 0, sizeof(data));
        for (i = 0; i < COUNT; i++) {
            fresh(&ov[i]);
            ok_pends(start_recv_flags(pair.here, data[i], LENGTH, 0, &ov[i]));
        }
        ok(send(pair.peer, sent, sizeof(sent), 0) == sizeof(sent), "send");
        for (i = 0; i < COUNT; i++) ok_success(port, KEY, &ov[i], LENGTH);
        ok(!memcmp(data, sent, sizeof(sent)), "round %d: bytes in wrong buffers", round);
    }
    close_pair(pair);
    CloseHandle(port);
}

struct receiver {
    SOCKET s;
    char data[8];
    int got;
};

static DWORD WINAPI plain_recv(void *argument)
{
    struct receiver *receiver = argument;

    receiver->got = recv(receiver->s, receiver->data, 3, 0);
    return 0;
}

/* Rules: SOCK-43 */
static void sock_043_recv_does_not_overtake_a_pending_receive(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY), thread;
    struct receiver receiver = { pair.here, "", 0 };
    static OVERLAPPED ov;
    static char data[3];

    fresh(&ov);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    thread = CreateThread(NULL, 0, plain_recv, &receiver, 0, NULL);
    ok(WaitForSingleObject(thread, QUIET) == WAIT_TIMEOUT, "recv returned without data");
    send_text(pair.peer, "abc");
    ok_success(port, KEY, &ov, 3);
    send_text(pair.peer, "def");
    ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "recv hangs");
    ok(!memcmp(data, "abc", 3), "the pending receive got %.3s", data);
    ok(receiver.got == 3 && !memcmp(receiver.data, "def", 3), "recv got %d: %.3s",
       receiver.got, receiver.data);
    CloseHandle(thread);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-44 */
static void sock_044_peeking_leaves_the_data(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov;
    static char data[8];
    int i;

    fresh(&ov);
    ok_pends(start_recv_flags(pair.here, data, sizeof(data), MSG_PEEK, &ov));
    send_text(pair.peer, "abc");
    ok_success(port, KEY, &ov, 3);
    for (i = 0; i < 2; i++) {
        ok(recv(pair.here, data, sizeof(data), MSG_PEEK) == 3, "peek %d", i);
        ok(!memcmp(data, "abc", 3), "data %.3s", data);
    }
    ok(receives(pair.here, "abc"), "the data is gone");
    ok_quiet(port);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-45 */
static void sock_045_waitall_completes_when_the_buffer_is_full(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov;
    static char data[6] = "";

    fresh(&ov);
    ok_pends(start_recv_flags(pair.here, data, sizeof(data), MSG_WAITALL, &ov));
    send_text(pair.peer, "abcd");
    ok_quiet(port);
    send_text(pair.peer, "ef");
    ok_success(port, KEY, &ov, 6);
    ok(!memcmp(data, "abcdef", 6), "data %.6s", data);
    send_text(pair.peer, "ghij");
    arrived(pair.here, 4);
    ok_pends(start_recv_flags(pair.here, data, sizeof(data), MSG_WAITALL, &ov));
    ok_zero(shutdown(pair.peer, SD_SEND));
    ok_success(port, KEY, &ov, 4);
    ok(!memcmp(data, "ghij", 4), "data %.4s", data);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-45, SOCK-44 */
static void sock_045_waitall_needs_a_stream_that_may_wait(void)
{
    struct pair pair = tcp_pair();
    DWORD bytes, flags = MSG_WAITALL;
    static char data[8];
    WSABUF buffer = { sizeof(data), data };
    static OVERLAPPED ov;

    fresh(&ov);
    send_text(pair.peer, "abc");
    arrived(pair.here, 3);
    ok_gives(start_recv_flags(pair.here, data, sizeof(data), MSG_PEEK | MSG_WAITALL, &ov),
             WSAEOPNOTSUPP);
    nonblocking(pair.here);
    ok_wsa(WSARecv(pair.here, &buffer, 1, &bytes, &flags, NULL, NULL), WSAEOPNOTSUPP);
    ok(receives(pair.here, "abc"), "the data is gone");
    close_pair(pair);
}

/* Rules: SOCK-47 */
static void sock_047_overlapped_calls_pend_on_nonblocking_sockets(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    DWORD bytes, flags = 0;
    static OVERLAPPED ov;
    static char data[8];
    WSABUF buffer = { sizeof(data), data };

    nonblocking(pair.here);
    ok_wsa(WSARecv(pair.here, &buffer, 1, &bytes, &flags, NULL, NULL), WSAEWOULDBLOCK);
    ok_wsa(recv(pair.here, data, 1, 0), WSAEWOULDBLOCK);
    fresh(&ov);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    send_text(pair.peer, "abc");
    ok_success(port, KEY, &ov, 3);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-48 */
static void sock_048_timeouts_are_for_blocking_calls(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    DWORD timeout = 40, bytes = UNTOUCHED, flags = 0;
    static OVERLAPPED ov;
    static char data[8];
    WSABUF buffer = { sizeof(data), data };

    ok_zero(setsockopt(pair.here, SOL_SOCKET, SO_RCVTIMEO, (char *)&timeout, sizeof(timeout)));
    ok_wsa(recv(pair.here, data, 1, 0), WSAETIMEDOUT);
    ok_wsa(WSARecv(pair.here, &buffer, 1, &bytes, &flags, NULL, NULL), WSAETIMEDOUT);
    ok(bytes == UNTOUCHED, "%u bytes", (unsigned)bytes);
    fresh(&ov);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    ok_quiet(port);
    send_text(pair.peer, "abc");
    ok_success(port, KEY, &ov, 3);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-49 */
static void sock_049_receives_in_the_wrong_state(void)
{
    struct sockaddr_in address;
    SOCKET fresh_tcp = tcp_socket(), door = listener(&address), unbound = udp_socket();
    HANDLE port = new_port();
    static OVERLAPPED ov;
    static char byte;

    CreateIoCompletionPort((HANDLE)fresh_tcp, port, 1, 0);
    CreateIoCompletionPort((HANDLE)door, port, 2, 0);
    CreateIoCompletionPort((HANDLE)unbound, port, 3, 0);
    fresh(&ov);
    ok_gives(start_recv(fresh_tcp, &byte, 1, &ov), WSAENOTCONN);
    WINE_DIFFERS("a receive on a listener pends")
    ok_gives(start_recv(door, &byte, 1, &ov), WSAENOTCONN);
    WINE_DIFFERS("a receive on an unbound socket pends")
    ok_gives(start_recv(unbound, &byte, 1, &ov), WSAEINVAL);
    ok_quiet(port);
    closesocket(fresh_tcp);
    closesocket(door);
    closesocket(unbound);
    CloseHandle(port);
}

/* Rules: SOCK-50 */
static void sock_050_files_calls_serve_sockets(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY), h = (HANDLE)pair.here;
    DWORD bytes = UNTOUCHED;
    static OVERLAPPED ov;
    static char data[8];

    memset(&ov, 0, sizeof(ov));
    ok_false(ReadFile(h, data, sizeof(data), &bytes, &ov), ERROR_IO_PENDING);
    send_text(pair.peer, "abc");
    ok_success(port, KEY, &ov, 3);
    ok(WriteFile(h, "def", 3, &bytes, &ov) || GetLastError() == ERROR_IO_PENDING,
       "WriteFile: error %u", (unsigned)GetLastError());
    ok_success(port, KEY, &ov, 3);
    ok(receives(pair.peer, "def"), "the written bytes");
    ok_false(ReadFile(h, data, sizeof(data), &bytes, &ov), ERROR_IO_PENDING);
    ok_zero(shutdown(pair.peer, SD_SEND));
    ok_success(port, KEY, &ov, 0);
    ok_status(&ov, NT_SUCCESS_VALUE, 0);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-51, SOCK-78 */
static void sock_051_a_cancelled_receive_loses_no_data(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static char data[8], wanted, next = 'a';
    static OVERLAPPED ov;
    int i;

    for (i = 0; i < 200; i++) {
        struct packet packet;
        BOOL found;

        wanted = (char)('a' + i % 26);
        fresh(&ov);
        ok_pends(start_recv(pair.here, data, 1, &ov));
        ok(send(pair.peer, &wanted, 1, 0) == 1, "send");
        found = CancelIoEx((HANDLE)pair.here, &ov);
        packet = take(port, LIMIT);
        ok(packet.ov == &ov && (packet.result || packet.error == ERROR_OPERATION_ABORTED),
           "found %d: %s", found, packet_text(&packet));
        if (!packet.result && recv(pair.here, data, 1, 0) != 1) break;
        next = data[0];
        if (next != wanted) break;
    }
    ok(i == 200, "round %d: got %c, wanted %c", i, next, wanted);
    ok_quiet(port);
    close_pair(pair);
    CloseHandle(port);
}

int main(void)
{
    winsock_start();
    RUN(sock_036_a_receive_completes_with_what_is_there);
    RUN(sock_039_arguments_of_a_receive);
    RUN(sock_039_partial_means_nothing_to_a_stream);
    RUN(sock_038_the_buffer_array_is_captured);
    RUN(sock_040_a_receive_of_nothing_waits_for_data);
    RUN(sock_040_a_receive_of_nothing_sees_the_reset);
    RUN(sock_041_a_receive_of_nothing_truncates_a_datagram);
    RUN(sock_042_receives_are_served_in_the_order_of_the_calls);
    RUN(sock_043_recv_does_not_overtake_a_pending_receive);
    RUN(sock_044_peeking_leaves_the_data);
    RUN_WINE_FAILS(sock_045_waitall_completes_when_the_buffer_is_full,
                   "MSG_WAITALL returns early");
    RUN_WINE_FAILS(sock_045_waitall_needs_a_stream_that_may_wait,
                   "MSG_WAITALL returns early");
    RUN(sock_047_overlapped_calls_pend_on_nonblocking_sockets);
    RUN(sock_048_timeouts_are_for_blocking_calls);
    RUN(sock_049_receives_in_the_wrong_state);
    RUN(sock_050_files_calls_serve_sockets);
    RUN(sock_051_a_cancelled_receive_loses_no_data);
    return conform_end();
}
