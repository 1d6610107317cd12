/* Association of sockets with a port, and which call queues a packet:
 * sockets.md section B.
 */
#include "sockets.h"

/* Rules: SOCK-12, SOCK-05 */
static void sock_012_one_association_for_the_life_of_a_socket(void)
{
    SOCKET s = tcp_socket();
    HANDLE port = new_port(), other = new_port(), copy = NULL;

    ok(CreateIoCompletionPort((HANDLE)s, port, KEY, 0) == port, "a different handle");
    SetLastError(0);
    ok(!CreateIoCompletionPort((HANDLE)s, port, KEY, 0), "second association");
    ok(GetLastError() == ERROR_INVALID_PARAMETER, "error %u", (unsigned)GetLastError());
    SetLastError(0);
    ok(!CreateIoCompletionPort((HANDLE)s, other, 1, 0), "association with another port");
    ok(GetLastError() == ERROR_INVALID_PARAMETER, "error %u", (unsigned)GetLastError());
    ok_true(DuplicateHandle(GetCurrentProcess(), (HANDLE)s, GetCurrentProcess(), &copy, 0,
                            FALSE, DUPLICATE_SAME_ACCESS));
    SetLastError(0);
    ok(!CreateIoCompletionPort(copy, other, 1, 0), "association through a duplicate");
    ok(GetLastError() == ERROR_INVALID_PARAMETER, "error %u", (unsigned)GetLastError());
    CloseHandle(copy);
    closesocket(s);
    SetLastError(0);
    ok(!CreateIoCompletionPort((HANDLE)s, port, KEY, 0), "association of a dead socket");
    ok(GetLastError() == ERROR_INVALID_HANDLE, "error %u", (unsigned)GetLastError());
    SetLastError(0);
    ok(!CreateIoCompletionPort((HANDLE)INVALID_SOCKET, port, KEY, 0), "INVALID_SOCKET");
    ok(GetLastError() == ERROR_INVALID_PARAMETER, "error %u", (unsigned)GetLastError());
    ok_true(CloseHandle(other));
    ok_true(CloseHandle(port));
    ok_false(CloseHandle(port), ERROR_INVALID_HANDLE);
}

/* Rules: SOCK-13 */
static void sock_013_association_after_the_start_still_counts(void)
{
    struct pair pair = tcp_pair();
    static OVERLAPPED ov;
    HANDLE port;
    static char data[4] = "";

    fresh(&ov);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    port = port_of(pair.here, KEY);
    ok_quiet(port);
    send_text(pair.peer, "abc");
    ok_success(port, KEY, &ov, 3);
    ok(!memcmp(data, "abc", 3), "data %.3s", data);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-13, SOCK-90 */
static void sock_013_acceptex_started_before_the_association(void)
{
    struct sockaddr_in address;
    SOCKET door = listener(&address), acceptor = tcp_socket(), client = tcp_socket();
    LPFN_ACCEPTEX accept_ex = (LPFN_ACCEPTEX)extension(door, (GUID)WSAID_ACCEPTEX);
    static char area[2 * ADDRESS_AREA];
    static OVERLAPPED ov;
    HANDLE port;
    DWORD bytes;

    fresh(&ov);
    ok_false(accept_ex(door, acceptor, area, 0, ADDRESS_AREA, ADDRESS_AREA, &bytes, &ov),
             ERROR_IO_PENDING);
    port = port_of(door, KEY);
    ok_zero(connect_to(client, &address));
    ok_success(port, KEY, &ov, 0);
    closesocket(client);
    closesocket(acceptor);
    closesocket(door);
    CloseHandle(port);
}

static DWORD WINAPI wait_on_port(void *port)
{
    struct packet packet = take((HANDLE)port, 3000);

    if (packet.result || packet.ov) return 0;
    return packet.error;
}

/* Rules: SOCK-14 */
static void sock_014_sockets_outlive_the_handle_of_their_port(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY), thread;
    static OVERLAPPED ov;
    DWORD code = 0;
    static char data[8];

    thread = CreateThread(NULL, 0, wait_on_port, port, 0, NULL);
    ok(WaitForSingleObject(thread, QUIET) == WAIT_TIMEOUT, "the waiter returned");
    ok_true(CloseHandle(port));
    WINE_DIFFERS("waiters are not woken while a file refers to the port")
    ok(WaitForSingleObject(thread, 2500) == WAIT_OBJECT_0, "the waiter was not woken");
    WaitForSingleObject(thread, LIMIT);
    GetExitCodeThread(thread, &code);
    WINE_DIFFERS("waiters are not woken while a file refers to the port")
    ok(code == ERROR_ABANDONED_WAIT_0, "the waiter got %u", (unsigned)code);
    CloseHandle(thread);
    fresh(&ov);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    send_text(pair.peer, "abc");
    UNTIL(HasOverlappedIoCompleted(&ov));
    ok_status(&ov, NT_SUCCESS_VALUE, 3);
    send_text(pair.here, "def");
    ok(receives(pair.peer, "def"), "the socket is broken");
    close_pair(pair);
}

/* Rules: SOCK-15 */
static void sock_015_accepted_sockets_have_no_port(void)
{
    struct sockaddr_in address;
    SOCKET door = listener(&address), client = tcp_socket(), accepted;
    HANDLE port = port_of(door, KEY), other;
    static OVERLAPPED ov;
    static char byte;

    ok_zero(connect_to(client, &address));
    accepted = accept_one(door);
    send_text(client, "x");
    fresh(&ov);
    ok_starts(start_recv(accepted, &byte, 1, &ov));
    UNTIL(HasOverlappedIoCompleted(&ov));
    ok_quiet(port);
    other = port_of(accepted, 5);
    send_text(client, "y");
    ok_starts(start_recv(accepted, &byte, 1, &ov));
    ok_success(other, 5, &ov, 1);
    closesocket(client);
    closesocket(accepted);
    closesocket(door);
    CloseHandle(port);
    CloseHandle(other);
}

/* Rules: SOCK-16, SOCK-36, SOCK-52, FILE-03 */
static void sock_016_success_and_pending_queue_one_packet_each(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    DWORD bytes = UNTOUCHED;
    static OVERLAPPED ov;
    static char data[8];

    send_text(pair.peer, "abc");
    fresh(&ov);
    UNTIL(recv(pair.here, data, sizeof(data), MSG_PEEK) == 3);
    ok_gives(start_recv(pair.here, data, sizeof(data), &ov), 0);
    ok_success(port, KEY, &ov, 3);
    fresh(&ov);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    send_text(pair.peer, "de");
    ok_success(port, KEY, &ov, 2);
    fresh(&ov);
    ok_starts(start_send(pair.here, "fgh", 3, &ov));
    ok_success(port, KEY, &ov, 3);
    ok(receives(pair.peer, "fgh"), "the sent bytes");
    ov.Offset = ov.OffsetHigh = 0;
    ok(WriteFile((HANDLE)pair.here, "ij", 2, &bytes, &ov) || GetLastError() == ERROR_IO_PENDING,
       "WriteFile: error %u", (unsigned)GetLastError());
    ok_success(port, KEY, &ov, 2);
    ok(receives(pair.peer, "ij"), "the written bytes");
    ok_quiet(port);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-16, SOCK-49, SOCK-57 */
static void sock_016_a_call_that_fails_queues_nothing(void)
{
    struct pair pair = tcp_pair();
    SOCKET s = tcp_socket();
    HANDLE port = port_of(s, KEY);
    static OVERLAPPED ov;
    static char byte = 0;

    CreateIoCompletionPort((HANDLE)pair.here, port, 2, 0);
    fresh(&ov);
    ok_gives(start_recv(s, &byte, 1, &ov), WSAENOTCONN);
    WINE_DIFFERS("the first send on an unconnected socket gives 10054")
    ok_gives(start_send(s, &byte, 1, &ov), WSAENOTCONN);
    WINE_DIFFERS("unknown flags are accepted")
    ok_gives(start_recv_flags(pair.here, &byte, 1, 0x40000000, &ov), WSAEOPNOTSUPP);
    ok_quiet(port);
    closesocket(s);
    ok_quiet(port);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-17, SOCK-116, FILE-04, T12 */
static void sock_017_a_truncated_datagram_fails_and_queues(void)
{
    SOCKET s = udp_socket(), peer = udp_socket();
    struct sockaddr_in address = bind_loopback(s);
    HANDLE port = port_of(s, KEY);
    WSABUF buffer;
    DWORD bytes = UNTOUCHED, flags = 0;
    static OVERLAPPED ov;
    static char data[4];

    ok(sendto(peer, "0123456789", 10, 0, (struct sockaddr *)&address, sizeof(address)) == 10,
       "sendto: error %d", WSAGetLastError());
    limit_blocking(s);
    recv(s, data, 0, MSG_PEEK); /* until it has arrived */
    fresh(&ov);
    buffer.buf = data;
    buffer.len = sizeof(data);
    ok_wsa(WSARecv(s, &buffer, 1, &bytes, &flags, &ov, NULL), WSAEMSGSIZE);
    ok(bytes == UNTOUCHED, "%u bytes written to the count", (unsigned)bytes);
    ok_failure(port, KEY, &ov, ERROR_MORE_DATA, sizeof(data));
    ok_status(&ov, NT_BUFFER_OVERFLOW, sizeof(data));
    ok(!memcmp(data, "0123", 4), "data %.4s", data);
    ok_quiet(port);
    closesocket(s);
    closesocket(peer);
    CloseHandle(port);
}

struct waiting {
    HANDLE port;
    struct packet packet;
};

static DWORD WINAPI wait_for_packet(void *argument)
{
    struct waiting *waiting = argument;

    waiting->packet = take(waiting->port, LIMIT);
    return 0;
}

/* Rules: SOCK-16, LX-01, LX-10, T12 */
static void lx_10_sleeping_workers_are_woken_by_anything(void)
{
    static struct waiting waiting;
    struct pair pair = tcp_pair();
    static OVERLAPPED ov;
    static char data[8];
    HANDLE thread;
    int round;

    waiting.port = port_of(pair.here, KEY);
    for (round = 0; round < 3; round++) {
        memset(&waiting.packet, 0, sizeof(waiting.packet));
        thread = CreateThread(NULL, 0, wait_for_packet, &waiting, 0, NULL);
        ok(WaitForSingleObject(thread, QUIET) == WAIT_TIMEOUT, "the worker does not wait");
        fresh(&ov);
        if (round == 0) {
            ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
            send_text(pair.peer, "abc");
        } else if (round == 1) {
            ok_starts(start_send(pair.here, "def", 3, &ov));
        } else {
            ok_true(PostQueuedCompletionStatus(waiting.port, 3, KEY, &ov));
        }
        ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "round %d: still waits", round);
        ok(waiting.packet.result && waiting.packet.ov == &ov && waiting.packet.bytes == 3,
           "round %d: %s", round, packet_text(&waiting.packet));
        CloseHandle(thread);
    }
    close_pair(pair);
    CloseHandle(waiting.port);
}

/* Rules: SOCK-18 */
static void sock_018_calls_without_overlapped_queue_nothing(void)
{
    struct sockaddr_in address;
    SOCKET door = listener(&address), client = tcp_socket(), accepted;
    HANDLE port = port_of(client, 1);
    WSABUF buffer;
    DWORD bytes, flags = 0;
    static char data[8];

    CreateIoCompletionPort((HANDLE)door, port, 2, 0);
    ok_zero(connect_to(client, &address));
    accepted = accept_one(door);
    limit_blocking(client);
    limit_blocking(accepted);
    send_text(accepted, "abcd");
    ok(recv(client, data, 1, 0) == 1, "recv: error %d", WSAGetLastError());
    buffer.buf = data;
    buffer.len = 1;
    ok_zero(WSARecv(client, &buffer, 1, &bytes, &flags, NULL, NULL));
    ok_zero(WSASend(client, &buffer, 1, &bytes, 0, NULL, NULL));
    ok(send(client, data, 1, 0) == 1, "send: error %d", WSAGetLastError());
    ok_zero(shutdown(client, SD_SEND));
    closesocket(client);
    closesocket(door);
    closesocket(accepted);
    ok_quiet(port);
    CloseHandle(port);
}

int main(void)
{
    winsock_start();
    RUN(sock_012_one_association_for_the_life_of_a_socket);
    RUN(sock_013_association_after_the_start_still_counts);
    RUN(sock_013_acceptex_started_before_the_association);
    RUN(sock_014_sockets_outlive_the_handle_of_their_port);
    RUN(sock_015_accepted_sockets_have_no_port);
    RUN(sock_016_success_and_pending_queue_one_packet_each);
    RUN(sock_016_a_call_that_fails_queues_nothing);
    RUN(sock_017_a_truncated_datagram_fails_and_queues);
    RUN(lx_10_sleeping_workers_are_woken_by_anything);
    RUN(sock_018_calls_without_overlapped_queue_nothing);
    return conform_end();
}
