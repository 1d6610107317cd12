/* Cancelling, and the exit of the thread that started an operation: sockets.md
 * section G, second half.
 */
#include "sockets.h"

static char big[32u << 20];

/* Rules: SOCK-78, T8, T12 */
static void sock_078_cancelioex_finds_one_or_all(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY), h = (HANDLE)pair.here;
    DWORD bytes, flags;
    static OVERLAPPED ov[3];
    static char data[3];
    struct packet first, second;
    int i;

    WINE_DIFFERS("without OVERLAPPED it always succeeds")
    ok_false(CancelIoEx(h, NULL), ERROR_NOT_FOUND);
    ok_false(CancelIoEx(h, &ov[0]), ERROR_NOT_FOUND);
    for (i = 0; i < 3; i++) {
        fresh(&ov[i]);
        ok_pends(start_recv(pair.here, &data[i], 1, &ov[i]));
    }
    ok_true(CancelIoEx(h, &ov[1]));
    ok_failure(port, KEY, &ov[1], ERROR_OPERATION_ABORTED, 0);
    ok_status(&ov[1], NT_CANCELLED, 0);
    ok(!WSAGetOverlappedResult(pair.here, &ov[1], &bytes, FALSE, &flags) &&
           WSAGetLastError() == WSA_OPERATION_ABORTED, "error %d", WSAGetLastError());
    ok_quiet(port);
    ok_true(CancelIoEx(h, NULL));
    first = take(port, LIMIT);
    second = take(port, LIMIT);
    ok(!first.result && first.error == ERROR_OPERATION_ABORTED, "%s", packet_text(&first));
    ok(!second.result && second.error == ERROR_OPERATION_ABORTED, "%s", packet_text(&second));
    ok((first.ov == &ov[0] && second.ov == &ov[2]) || (first.ov == &ov[2] && second.ov == ov),
       "the packets are not those of the two receives");
    ok_quiet(port);
    WINE_DIFFERS("without OVERLAPPED it always succeeds")
    ok_false(CancelIoEx(h, NULL), ERROR_NOT_FOUND);
    send_text(pair.peer, "abc");
    ok(receives(pair.here, "abc"), "the stream is damaged");
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-78 */
static void sock_078_a_completed_operation_is_not_found(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov;
    static char data[8];

    fresh(&ov);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    send_text(pair.peer, "abc");
    UNTIL(HasOverlappedIoCompleted(&ov));
    ok_false(CancelIoEx((HANDLE)pair.here, &ov), ERROR_NOT_FOUND);
    ok_success(port, KEY, &ov, 3);
    close_pair(pair);
    CloseHandle(port);
}

struct starter {
    SOCKET s;
    OVERLAPPED ov;
    char data[8];
    int error;
};

static DWORD WINAPI start_and_exit(void *argument)
{
    struct starter *starter = argument;

    starter->error = start_recv(starter->s, starter->data, sizeof(starter->data), &starter->ov);
    return 0;
}

static DWORD WINAPI start_and_wait(void *argument)
{
    struct starter *starter = argument;

    start_and_exit(starter);
    UNTIL(HasOverlappedIoCompleted(&starter->ov));
    return 0;
}

static void run_thread(DWORD(WINAPI *function)(void *), void *argument)
{
    HANDLE thread = CreateThread(NULL, 0, function, argument, 0, NULL);

    ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "the thread hangs");
    CloseHandle(thread);
}

/* Rules: SOCK-79 */
static void sock_079_cancelio_is_for_the_own_thread(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY), thread, h = (HANDLE)pair.here;
    static struct starter starter;
    static OVERLAPPED ov;
    static char data[8];

    starter.s = pair.here;
    starter.error = 1;
    fresh(&starter.ov);
    fresh(&ov);
    ok_true(CancelIo(h));
    thread = CreateThread(NULL, 0, start_and_wait, &starter, 0, NULL);
    UNTIL(starter.ov.Internal == NT_PENDING);
    UNTIL(*(volatile int *)&starter.error != 1);
    ok_pends(*(volatile int *)&starter.error);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    ok_true(CancelIo(h));
    ok_failure(port, KEY, &ov, ERROR_OPERATION_ABORTED, 0);
    ok_quiet(port);
    ok_true(CancelIoEx(h, NULL));
    ok_failure(port, KEY, &starter.ov, ERROR_OPERATION_ABORTED, 0);
    ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "the thread hangs");
    CloseHandle(thread);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-79, SOCK-97 */
static void sock_079_acceptex_belongs_to_the_listener(void)
{
    struct sockaddr_in address;
    SOCKET door = listener(&address), acceptor = tcp_socket(), client = tcp_socket();
    HANDLE port = port_of(door, KEY);
    LPFN_ACCEPTEX accept_ex = (LPFN_ACCEPTEX)extension(door, (GUID)WSAID_ACCEPTEX);
    static char area[2 * ADDRESS_AREA];
    static OVERLAPPED ov;
    DWORD bytes;

    fresh(&ov);
    ok_false(accept_ex(door, acceptor, area, 0, ADDRESS_AREA, ADDRESS_AREA, &bytes, &ov),
             ERROR_IO_PENDING);
    ok_true(CancelIo((HANDLE)acceptor));
    WINE_DIFFERS("without OVERLAPPED it always succeeds")
    ok_false(CancelIoEx((HANDLE)acceptor, NULL), ERROR_NOT_FOUND);
    ok_quiet(port);
    ok_zero(connect_to(client, &address));
    ok_success(port, KEY, &ov, 0);
    closesocket(client);
    closesocket(acceptor);
    closesocket(door);
    CloseHandle(port);
}

/* Rules: SOCK-80 */
static void sock_080_a_cancelled_send_counts_no_bytes(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov[3];
    struct packet packet;
    int i;

    for (i = 0; i < 3; i++) {
        fresh(&ov[i]);
        ok_pends(start_send(pair.here, big, sizeof(big), &ov[i]));
    }
    ok_true(CancelIoEx((HANDLE)pair.here, &ov[2]));
    ok_failure(port, KEY, &ov[2], ERROR_OPERATION_ABORTED, 0);
    ok_true(CancelIoEx((HANDLE)pair.here, &ov[0]));
    packet = take(port, LIMIT);
    ok(!packet.result && packet.ov == &ov[0] && packet.error == ERROR_OPERATION_ABORTED, "%s",
       packet_text(&packet));
    WINE_DIFFERS("a send tells what it had sent before the cancel")
    ok(packet.bytes == 0 && ov[0].InternalHigh == 0, "%s", packet_text(&packet));
    ok_true(CancelIoEx((HANDLE)pair.here, NULL));
    packet = take(port, LIMIT);
    ok(packet.ov == &ov[1] && !packet.result && packet.error == ERROR_OPERATION_ABORTED, "%s",
       packet_text(&packet));
    ok_quiet(port);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-81, LX-01, LX-05 */
static void sock_081_a_receive_outlives_its_thread(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static struct starter starter[2];
    int i;

    for (i = 0; i < 2; i++) {
        starter[i].s = pair.here;
        fresh(&starter[i].ov);
        run_thread(start_and_exit, &starter[i]);
        ok_pends(starter[i].error);
    }
    ok_quiet(port);
    send_text(pair.peer, "abcdefghi");
    ok_success(port, KEY, &starter[0].ov, 8);
    ok_success(port, KEY, &starter[1].ov, 1);
    ok(!memcmp(starter[0].data, "abcdefgh", 8) && starter[1].data[0] == 'i', "the data");
    close_pair(pair);
    CloseHandle(port);
}

static DWORD WINAPI send_and_exit(void *argument)
{
    struct starter *starter = argument;

    starter->error = start_send(starter->s, big, sizeof(big), &starter->ov);
    return 0;
}

/* Rules: SOCK-81, SOCK-54, LX-01 */
static void sock_081_a_send_outlives_its_thread(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static struct starter starter;

    starter.s = pair.here;
    fresh(&starter.ov);
    run_thread(send_and_exit, &starter);
    ok_starts(starter.error);
    ok(drain(pair.peer, sizeof(big)), "the data does not arrive");
    ok_success(port, KEY, &starter.ov, sizeof(big));
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-81 */
static void sock_081_without_a_port_the_exit_cancels(void)
{
    struct pair pair = tcp_pair();
    static struct starter starter;
    ULONGLONG end = GetTickCount64() + 2000;

    starter.s = pair.here;
    fresh(&starter.ov);
    starter.ov.hEvent = new_event();
    run_thread(start_and_exit, &starter);
    ok_pends(starter.error);
    while (!HasOverlappedIoCompleted(&starter.ov) && GetTickCount64() < end) Sleep(1);
    ok_status(&starter.ov, NT_CANCELLED, 0);
    ok(is_set(starter.ov.hEvent), "the event is not set");
    CloseHandle(starter.ov.hEvent);
    close_pair(pair);
}

/* Rules: SOCK-81 */
static void sock_081_with_port_and_event_the_exit_cancels(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static struct starter starter;

    starter.s = pair.here;
    fresh(&starter.ov);
    starter.ov.hEvent = new_event();
    run_thread(start_and_exit, &starter);
    ok_pends(starter.error);
    ok_failure(port, KEY, &starter.ov, ERROR_OPERATION_ABORTED, 0);
    ok_quiet(port);
    CloseHandle(starter.ov.hEvent);
    close_pair(pair);
    CloseHandle(port);
}

int main(void)
{
    winsock_start();
    RUN(sock_078_cancelioex_finds_one_or_all);
    RUN(sock_078_a_completed_operation_is_not_found);
    RUN(sock_079_cancelio_is_for_the_own_thread);
    RUN(sock_079_acceptex_belongs_to_the_listener);
    RUN(sock_080_a_cancelled_send_counts_no_bytes);
    RUN(sock_081_a_receive_outlives_its_thread);
    RUN(sock_081_a_send_outlives_its_thread);
    RUN(sock_081_without_a_port_the_exit_cancels);
    RUN(sock_081_with_port_and_event_the_exit_cancels);
    return conform_end();
}
