/* Ways to change or suppress packets, the life of an operation around its packet:
 * sockets.md section B, second half.
 */
#include "sockets.h"

static HANDLE odd(HANDLE event)
{
    return (HANDLE)((ULONG_PTR)event | 1);
}

/* Rules: SOCK-19 */
static void sock_019_the_low_bit_of_the_event_suppresses_the_packet(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY), event = new_event();
    static OVERLAPPED ov;
    static char data[8];

    fresh(&ov);
    ov.hEvent = odd(event);
    ok_starts(start_send(pair.here, "a", 1, &ov));
    ok(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0, "send: no event");
    ok_status(&ov, NT_SUCCESS_VALUE, 1);
    fresh(&ov);
    ov.hEvent = odd(event);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    ok(!is_set(event), "the event was not reset");
    send_text(pair.peer, "bc");
    ok(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0, "receive: no event");
    ok_status(&ov, NT_SUCCESS_VALUE, 2);
    fresh(&ov);
    ov.hEvent = odd(event);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    ok_true(CancelIoEx((HANDLE)pair.here, &ov));
    ok(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0, "cancel: no event");
    ok_status(&ov, NT_CANCELLED, 0);
    ok_quiet(port);
    close_pair(pair);
    CloseHandle(event);
    CloseHandle(port);
}

/* Rules: SOCK-20, SOCK-32 */
static void sock_020_skip_mode_drops_packets_of_immediate_success(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY), event = new_event();
    static OVERLAPPED ov;
    static char data[8];

    ok_true(SetFileCompletionNotificationModes((HANDLE)pair.here,
                                               FILE_SKIP_COMPLETION_PORT_ON_SUCCESS));
    ok_true(SetFileCompletionNotificationModes((HANDLE)pair.here, 0));
    send_text(pair.peer, "abc");
    UNTIL(recv(pair.here, data, sizeof(data), MSG_PEEK) == 3);
    fresh(&ov);
    ov.hEvent = event;
    ok_gives(start_recv(pair.here, data, sizeof(data), &ov), 0);
    ok_status(&ov, NT_SUCCESS_VALUE, 3);
    ok(is_set(event), "the event is not set");
    ok_quiet(port);
    fresh(&ov);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    send_text(pair.peer, "de");
    ok_success(port, KEY, &ov, 2);
    fresh(&ov);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    ok_true(CancelIoEx((HANDLE)pair.here, &ov));
    ok_failure(port, KEY, &ov, ERROR_OPERATION_ABORTED, 0);
    close_pair(pair);
    CloseHandle(event);
    CloseHandle(port);
}

/* Rules: SOCK-20, SOCK-99, SOCK-100 */
static void sock_020_skip_mode_keeps_packets_of_connectex(void)
{
    struct sockaddr_in address, closed_address;
    SOCKET door = listener(&address), closed = tcp_socket(), s[2];
    HANDLE port = new_port();
    static OVERLAPPED ov;
    int i;

    closed_address = bind_loopback(closed);
    for (i = 0; i < 2; i++) {
        LPFN_CONNECTEX connect_ex;
        struct sockaddr_in *to = i ? &closed_address : &address;

        s[i] = tcp_socket();
        bind_loopback(s[i]);
        connect_ex = (LPFN_CONNECTEX)extension(s[i], (GUID)WSAID_CONNECTEX);
        CreateIoCompletionPort((HANDLE)s[i], port, i, 0);
        ok_true(SetFileCompletionNotificationModes((HANDLE)s[i],
                                                   FILE_SKIP_COMPLETION_PORT_ON_SUCCESS));
        fresh(&ov);
        ok_false(connect_ex(s[i], (struct sockaddr *)to, sizeof(*to), NULL, 0, NULL, &ov),
                 ERROR_IO_PENDING);
        if (i) {
            ok_failure(port, i, &ov, ERROR_CONNECTION_REFUSED, 0);
        } else {
            ok_success(port, i, &ov, 0);
        }
        closesocket(s[i]);
    }
    closesocket(door);
    closesocket(closed);
    CloseHandle(port);
}

/* Rules: SOCK-21, SOCK-31 */
static void sock_021_skip_event_leaves_the_handle_unsignalled(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov;
    static char data[8];

    fresh(&ov);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    ok(!is_set((HANDLE)pair.here), "the handle is signalled while a receive pends");
    send_text(pair.peer, "a");
    ok_success(port, KEY, &ov, 1);
    ok(is_set((HANDLE)pair.here), "the handle is not signalled after the receive");
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    ok_true(SetFileCompletionNotificationModes((HANDLE)pair.here,
                                               FILE_SKIP_SET_EVENT_ON_HANDLE));
    send_text(pair.peer, "b");
    ok_success(port, KEY, &ov, 1);
    ok(!is_set((HANDLE)pair.here), "the handle is signalled in spite of the mode");
    close_pair(pair);
    CloseHandle(port);
}

struct dequeued {
    HANDLE port;
    LONG count;
};

struct operation {
    OVERLAPPED ov;
    DWORD bytes, flags;
    WSABUF buffer;
    char data[8];
};

/* Takes packets and writes over their operations at once. */
static DWORD WINAPI scribbler(void *argument)
{
    struct dequeued *dequeued = argument;
    struct packet packet;

    for (;;) {
        packet = take(dequeued->port, LIMIT);
        if (!packet.ov || packet.key == 0) return 0;
        memset((void *)packet.ov, 0xdd, sizeof(struct operation));
        InterlockedIncrement(&dequeued->count);
    }
}

/* Rules: SOCK-22, SOCK-27, LX-09 */
static void sock_022_a_dequeued_operation_is_never_touched_again(void)
{
    enum { COUNT = 600 };
    static struct operation operations[COUNT];
    struct pair pair = tcp_pair();
    struct dequeued dequeued;
    HANDLE thread;
    size_t i, j, dirty = 0;
    int error;

    memset(operations, 0, sizeof(operations));
    dequeued.port = port_of(pair.here, KEY);
    dequeued.count = 0;
    thread = CreateThread(NULL, 0, scribbler, &dequeued, 0, NULL);
    for (i = 0; i < COUNT; i++) {
        struct operation *op = &operations[i];
        WSABUF buffer = { 1, op->data };

        if (i % 2) send(pair.peer, "x", 1, 0);
        error = i % 2 ? WSARecv(pair.here, &buffer, 1, &op->bytes, &op->flags, &op->ov, NULL)
                      : WSASend(pair.here, &buffer, 1, &op->bytes, 0, &op->ov, NULL);
        if (error && WSAGetLastError() != WSA_IO_PENDING) break;
    }
    ok(i == COUNT, "operation %u failed", (unsigned)i);
    UNTIL(dequeued.count == COUNT);
    ok(dequeued.count == COUNT, "%d of %d packets", (int)dequeued.count, (int)COUNT);
    PostQueuedCompletionStatus(dequeued.port, 0, 0, NULL);
    WaitForSingleObject(thread, LIMIT);
    for (i = 0; i < COUNT; i++) {
        const unsigned char *bytes = (const unsigned char *)&operations[i];

        for (j = 0; j < sizeof(struct operation); j++) dirty += bytes[j] != 0xdd;
    }
    ok(dirty == 0, "%u bytes were written after the packet was taken", (unsigned)dirty);
    CloseHandle(thread);
    close_pair(pair);
    CloseHandle(dequeued.port);
}

static int routine_calls;
static DWORD routine_error, routine_bytes;

static void CALLBACK routine(DWORD error, DWORD bytes, WSAOVERLAPPED *ov, DWORD flags)
{
    (void)ov;
    (void)flags;
    routine_calls++;
    routine_error = error;
    routine_bytes = bytes;
}

/* Rules: SOCK-25 */
static void sock_025_completion_routines_without_a_port(void)
{
    struct pair pair = tcp_pair();
    DWORD flags = 0;
    static OVERLAPPED ov;
    static char data[8];
    WSABUF buffer = { sizeof(data), data };
    int error;

    fresh(&ov);
    routine_calls = 0;
    error = WSARecv(pair.here, &buffer, 1, NULL, &flags, &ov, routine) ? WSAGetLastError() : 0;
    ok_pends(error);
    send_text(pair.peer, "abc");
    if (error == WSA_IO_PENDING) {
        ok(SleepEx(LIMIT, TRUE) == WAIT_IO_COMPLETION, "no routine ran");
        ok(routine_calls == 1 && routine_error == 0 && routine_bytes == 3,
           "%d calls, error %u, %u bytes", routine_calls, (unsigned)routine_error,
           (unsigned)routine_bytes);
    }
    close_pair(pair);
}

/* Rules: SOCK-24 */
static void sock_024_no_completion_routine_on_an_associated_socket(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    DWORD flags = 0;
    static OVERLAPPED ov;
    static char data[8];
    WSABUF buffer = { sizeof(data), data };

    fresh(&ov);
    routine_calls = 0;
    ok_wsa(WSARecv(pair.here, &buffer, 1, NULL, &flags, &ov, routine), WSAEINVAL);
    ok_wsa(WSASend(pair.here, &buffer, 1, NULL, 0, &ov, routine), WSAEINVAL);
    ok_quiet(port);
    ok(routine_calls == 0, "%d calls", routine_calls);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-26, SOCK-60, T8 */
static void sock_026_entries_of_failed_operations_hold_the_status(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    OVERLAPPED_ENTRY entries[2];
    ULONG count = 0;
    static OVERLAPPED ov;
    static char byte;

    fresh(&ov);
    ok_pends(start_recv(pair.here, &byte, 1, &ov));
    reset_connection(pair.peer);
    memset(entries, 0xcc, sizeof(entries));
    ok_true(GetQueuedCompletionStatusEx(port, entries, 2, &count, LIMIT, FALSE));
    ok(count == 1 && entries[0].lpOverlapped == &ov && entries[0].lpCompletionKey == KEY,
       "%u entries", (unsigned)count);
    ok((ULONG)ov.Internal == NT_CONNECTION_RESET, "Internal %08x", (unsigned)ov.Internal);
    ok((ULONG)entries[0].Internal == NT_CONNECTION_RESET, "entry %08x",
       (unsigned)entries[0].Internal);
    ok(entries[0].dwNumberOfBytesTransferred == 0, "bytes");
    closesocket(pair.here);
    CloseHandle(port);
}

int main(void)
{
    winsock_start();
    RUN(sock_019_the_low_bit_of_the_event_suppresses_the_packet);
    RUN(sock_020_skip_mode_drops_packets_of_immediate_success);
    RUN(sock_020_skip_mode_keeps_packets_of_connectex);
    RUN(sock_021_skip_event_leaves_the_handle_unsignalled);
    RUN(sock_022_a_dequeued_operation_is_never_touched_again);
    RUN(sock_025_completion_routines_without_a_port);
    RUN(sock_024_no_completion_routine_on_an_associated_socket);
    RUN(sock_026_entries_of_failed_operations_hold_the_status);
    return conform_end();
}
