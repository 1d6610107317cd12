/* Sending on streams: sockets.md section E. */
#include "sockets.h"

#define BIG (16u << 20) /* more than loopback buffers on both ends together */
static unsigned char big[BIG];

/* Rules: SOCK-52, T12 */
static void sock_052_a_send_completes_with_its_whole_length(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static unsigned char got[65536];
    WSABUF buffers[2] = { { 100, (char *)big }, { BIG - 100, (char *)big + 100 } };
    size_t total = 0, wrong = 0, i;
    static OVERLAPPED ov;

    for (i = 0; i < BIG; i++) big[i] = (unsigned char)(i * 7 + (i >> 8));
    fresh(&ov);
    ok_wsa(WSASend(pair.here, buffers, 2, NULL, 0, &ov, NULL), WSA_IO_PENDING);
    ok_quiet(port);
    while (total < BIG) {
        int count = recv(pair.peer, (char *)got, sizeof(got), 0);

        if (count <= 0) break;
        for (i = 0; i < (size_t)count; i++) wrong += got[i] != big[total + i];
        total += (size_t)count;
    }
    ok(total == BIG && wrong == 0, "%u bytes arrived, %u wrong", (unsigned)total,
       (unsigned)wrong);
    ok_success(port, KEY, &ov, BIG);
    ok_status(&ov, NT_SUCCESS_VALUE, BIG);
    ok_quiet(port);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-53, SOCK-52, LX-02 */
static void sock_053_sends_go_out_whole_and_in_call_order(void)
{
    enum { COUNT = 16, PIECE = 1 << 20 };
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static char got[65536];
    static OVERLAPPED ov[COUNT];
    size_t total = 0, wrong = 0, i;
    int seen[COUNT] = { 0 };

    for (i = 0; i < COUNT; i++) {
        memset(big + i * PIECE, (int)('A' + i), PIECE);
        fresh(&ov[i]);
        ok_starts(start_send(pair.here, big + i * PIECE, PIECE, &ov[i]));
    }
    while (total < (size_t)COUNT * PIECE) {
        int count = recv(pair.peer, got, sizeof(got), 0);

        if (count <= 0) break;
        for (i = 0; i < (size_t)count; i++) {
            wrong += got[i] != (char)('A' + (total + i) / PIECE);
        }
        total += (size_t)count;
    }
    ok(total == (size_t)COUNT * PIECE && wrong == 0, "%u bytes arrived, %u out of place",
       (unsigned)total, (unsigned)wrong);
    for (i = 0; i < COUNT; i++) {
        struct packet packet = take(port, LIMIT);
        size_t index = packet.ov ? (size_t)(packet.ov - ov) : COUNT;

        ok(index < COUNT && packet.result && packet.bytes == PIECE, "%s", packet_text(&packet));
        if (index >= COUNT) break;
        seen[index]++;
    }
    for (i = 0; i < COUNT; i++) ok(seen[i] == 1, "send %u: %d packets", (unsigned)i, seen[i]);
    close_pair(pair);
    CloseHandle(port);
}

struct sender {
    SOCKET s;
    char letter;
    char data[20000];
    OVERLAPPED ov[20];
    HANDLE end;
};

static DWORD WINAPI send_many(void *argument)
{
    struct sender *sender = argument;
    int i;

    memset(sender->data, sender->letter, sizeof(sender->data));
    for (i = 0; i < 20; i++) {
        int error = start_send(sender->s, sender->data, sizeof(sender->data), &sender->ov[i]);

        if (error && error != WSA_IO_PENDING) return 1;
    }
    WaitForSingleObject(sender->end, LIMIT);
    return 0;
}

/* Rules: SOCK-53 */
static void sock_053_sends_of_several_threads_do_not_interleave(void)
{
    enum { THREADS = 4, PIECE = 20000, TOTAL = THREADS * 20 * PIECE };
    static struct sender senders[THREADS];
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY), threads[THREADS], end = new_event();
    int got = 0, mixed = 0, i, packets = 0;

    for (i = 0; i < THREADS; i++) {
        senders[i].s = pair.here;
        senders[i].end = end;
        senders[i].letter = (char)('a' + i);
        threads[i] = CreateThread(NULL, 0, send_many, &senders[i], 0, NULL);
    }
    while (got < TOTAL) {
        int count = recv(pair.peer, (char *)big + got, TOTAL - got, 0);

        if (count <= 0) break;
        got += count;
    }
    ok(got == TOTAL, "%d bytes of %d", got, (int)TOTAL);
    for (i = 0; i < got; i++) mixed += big[i] != big[i - i % PIECE];
    ok(mixed == 0, "%d bytes inside another message", mixed);
    while (packets < THREADS * 20) {
        struct packet packet = take(port, LIMIT);

        if (!packet.ov || packet.bytes != PIECE) break;
        packets++;
    }
    ok(packets == THREADS * 20, "%d packets", packets);
    SetEvent(end);
    WaitForMultipleObjects(THREADS, threads, TRUE, LIMIT);
    CloseHandle(end);
    for (i = 0; i < THREADS; i++) CloseHandle(threads[i]);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-54 */
static void sock_054_a_nonblocking_send_is_never_short(void)
{
    struct pair pair = tcp_pair();
    int sent;

    nonblocking(pair.here);
    memset(big, 'x', BIG);
    sent = send(pair.here, (char *)big, BIG, 0);
    WINE_DIFFERS("Wine 8 sends what fits")
    ok(sent == (int)BIG, "%d bytes of %u", sent, BIG);
    ok_wsa(send(pair.here, "y", 1, 0), WSAEWOULDBLOCK);
    SetLastError(0);
    WINE_DIFFERS("a past call is found")
    ok_false(CancelIoEx((HANDLE)pair.here, NULL), ERROR_NOT_FOUND);
    closesocket(pair.here);
    ok(sent > 0 && drain(pair.peer, (size_t)sent), "accepted data is lost at closesocket");
    ok_zero(recv(pair.peer, (char *)big, 1, 0));
    closesocket(pair.peer);
}

/* Rules: SOCK-54 */
static void sock_054_sending_works_again_after_the_queue_drained(void)
{
    struct pair pair = tcp_pair();
    size_t total = fill(pair.here);

    nonblocking(pair.here);
    ok_wsa(send(pair.here, "y", 1, 0), WSAEWOULDBLOCK);
    ok(drain(pair.peer, total), "the accepted data");
    UNTIL(send(pair.here, "z", 1, 0) == 1);
    ok(receives(pair.peer, "z"), "the byte after the drain");
    close_pair(pair);
}

/* Rules: SOCK-55 */
static void sock_055_a_completed_send_gives_its_buffer_back(void)
{
    enum { LENGTH = 30000 };
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov;
    int got = 0, wrong = 0, i;

    memset(big, 'x', LENGTH);
    fresh(&ov);
    ok_starts(start_send(pair.here, big, LENGTH, &ov));
    ok_success(port, KEY, &ov, LENGTH);
    memset(big, 'y', LENGTH);
    while (got < LENGTH) {
        int count = recv(pair.peer, (char *)big + BIG / 2 + got, LENGTH - got, 0);

        if (count <= 0) break;
        got += count;
    }
    for (i = 0; i < got; i++) wrong += big[BIG / 2 + i] != 'x';
    ok(got == LENGTH && wrong == 0, "%d bytes, %d changed", got, wrong);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-56 */
static void sock_056_sending_nothing_on_a_stream(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov;
    static char byte;

    fresh(&ov);
    ok_starts(start_send(pair.here, "", 0, &ov));
    ok_success(port, KEY, &ov, 0);
    nonblocking(pair.peer);
    ok_wsa(recv(pair.peer, &byte, 1, 0), WSAEWOULDBLOCK);
    ok_zero(send(pair.here, "", 0, 0));
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-56 */
static void sock_056_sending_nothing_makes_an_empty_datagram(void)
{
    SOCKET s = udp_socket(), peer = udp_socket();
    struct sockaddr_in address = bind_loopback(s);
    HANDLE port = port_of(peer, KEY);
    static OVERLAPPED ov;
    static char data[8];

    limit_blocking(s);
    ok_zero(connect_to(peer, &address));
    fresh(&ov);
    ok_starts(start_send(peer, "", 0, &ov));
    ok_success(port, KEY, &ov, 0);
    ok_zero(recv(s, data, sizeof(data), 0));
    closesocket(s);
    closesocket(peer);
    CloseHandle(port);
}

/* Rules: SOCK-57, SOCK-37 */
static void sock_057_sends_that_fail_at_once(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    DWORD bytes = UNTOUCHED;
    SOCKET s = udp_socket();
    WSABUF buffer = { 1, (char *)big };
    static OVERLAPPED ov;

    CreateIoCompletionPort((HANDLE)s, port, 2, 0);
    fresh(&ov);
    WINE_DIFFERS("10022 from a datagram socket without peer")
    ok_wsa(WSASend(s, &buffer, 1, &bytes, 0, &ov, NULL), WSAENOTCONN);
    ok_wsa(WSASend(pair.here, &buffer, 1, NULL, 0, NULL, NULL), WSAEFAULT);
    ok_zero(shutdown(pair.here, SD_SEND));
    ok_wsa(WSASend(pair.here, &buffer, 1, &bytes, 0, &ov, NULL), WSAESHUTDOWN);
    ok_wsa(send(pair.here, "x", 1, 0), WSAESHUTDOWN);
    ok(bytes == UNTOUCHED, "%u bytes", (unsigned)bytes);
    ok_quiet(port);
    closesocket(s);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-58, T4 */
static void sock_058_flags_of_sends(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    WSABUF buffer = { 3, (char *)big };
    DWORD bytes;
    static OVERLAPPED ov;

    memcpy(big, "abc", 3);
    fresh(&ov);
    WINE_DIFFERS("unknown flags are accepted")
    ok_wsa(WSASend(pair.here, &buffer, 1, &bytes, 0x40000000, &ov, NULL), WSAEOPNOTSUPP);
    take(port, QUIET);
    drain(pair.peer, CONFORM_WINE ? 3 : 0);
    ok_starts(WSASend(pair.here, &buffer, 1, &bytes, MSG_PARTIAL, &ov, NULL));
    ok_success(port, KEY, &ov, 3);
    ok(receives(pair.peer, "abc"), "the data of a partial send does not arrive");
    ok(send(pair.here, "d", 1, MSG_DONTROUTE) == 1, "MSG_DONTROUTE: error %d",
       WSAGetLastError());
    ok(receives(pair.peer, "d"), "the data of a send without routing does not arrive");
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-58, SOCK-46 */
static void sock_058_only_the_last_byte_is_urgent(void)
{
    struct pair pair = tcp_pair();
    static char byte = 0;
    DWORD timeout = 40;
    int got = 0;

    setsockopt(pair.here, SOL_SOCKET, SO_RCVTIMEO, (char *)&timeout, sizeof(timeout));
    WINE_DIFFERS("waits for an urgent byte")
    ok_wsa(recv(pair.here, &byte, 1, MSG_OOB), WSAEWOULDBLOCK);
    limit_blocking(pair.here);
    ok(send(pair.peer, "abc", 3, MSG_OOB) == 3, "error %d", WSAGetLastError());
    UNTIL((got = recv(pair.here, &byte, 1, MSG_OOB)) == 1);
    ok(got == 1 && byte == 'c', "urgent byte %c", byte);
    ok(receives(pair.here, "ab"), "normal bytes");
    close_pair(pair);
}

int main(void)
{
    winsock_start();
    RUN(sock_052_a_send_completes_with_its_whole_length);
    RUN(sock_053_sends_go_out_whole_and_in_call_order);
    RUN(sock_053_sends_of_several_threads_do_not_interleave);
    RUN(sock_054_a_nonblocking_send_is_never_short);
    RUN(sock_054_sending_works_again_after_the_queue_drained);
    RUN(sock_055_a_completed_send_gives_its_buffer_back);
    RUN(sock_056_sending_nothing_on_a_stream);
    RUN(sock_056_sending_nothing_makes_an_empty_datagram);
    RUN(sock_057_sends_that_fail_at_once);
    RUN(sock_058_flags_of_sends);
    RUN(sock_058_only_the_last_byte_is_urgent);
    return conform_end();
}
