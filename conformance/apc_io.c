/* Completion routines: ports.md section M and PORT-022, PORT-174, PORT-183;
 * sockets.md SOCK-25; handles.md HND-114.
 */
#include "sockets.h"

static struct {
    volatile LONG calls;
    DWORD error, bytes, flags, thread;
    OVERLAPPED *ov;
    ULONG status;
} seen;

static void CALLBACK socket_routine(DWORD error, DWORD bytes, WSAOVERLAPPED *ov, DWORD flags)
{
    seen.error = error;
    seen.bytes = bytes;
    seen.flags = flags;
    seen.ov = ov;
    seen.status = (ULONG)ov->Internal;
    seen.thread = GetCurrentThreadId();
    InterlockedIncrement(&seen.calls);
}

static void CALLBACK file_routine(DWORD error, DWORD bytes, OVERLAPPED *ov)
{
    socket_routine(error, bytes, ov, 0);
}

#define ok_called(code, count, overlapped) \
    ok(seen.calls == 1 && seen.error == (DWORD)(code) && seen.bytes == (DWORD)(count) && \
           seen.ov == (overlapped) && seen.thread == GetCurrentThreadId(), \
       "%d calls, error %u, %u bytes; wanted error %u, %u bytes", (int)seen.calls, \
       (unsigned)seen.error, (unsigned)seen.bytes, (unsigned)(code), (unsigned)(count))

static int receive_calling(SOCKET s, void *data, ULONG length, OVERLAPPED *ov)
{
    WSABUF buffer;
    DWORD flags = 0;

    memset(&seen, 0, sizeof(seen));
    buffer.buf = data;
    buffer.len = length;
    return WSARecv(s, &buffer, 1, NULL, &flags, ov, socket_routine) == 0 ? 0 : WSAGetLastError();
}

/* Everything that is queued for this thread is called. */
static DWORD hear(void)
{
    return SleepEx(LIMIT, TRUE);
}

static void port_203_a_routine_runs_in_its_thread_in_an_alertable_wait(void)
{
    struct pair pair = tcp_pair();
    static char data[8];
    OVERLAPPED ov;

    fresh(&ov);
    ok_pends(receive_calling(pair.here, data, sizeof(data), &ov));
    send_text(pair.peer, "abc");
    UNTIL((ULONG)ov.Internal != NT_PENDING);
    Sleep(QUIET);
    SleepEx(1, FALSE);
    ok(seen.calls == 0, "called in no alertable wait");
    ok(hear() == WAIT_IO_COMPLETION, "no call");
    ok_called(0, 3, &ov);
    ok(memcmp(data, "abc", 3) == 0, "wrong data");
    ok_status(&ov, NT_SUCCESS_VALUE, 3);
    close_pair(pair);
}

static void port_203_read_file_ex_and_write_file_ex(void)
{
    struct pair pair = tcp_pair();
    static char data[8];
    OVERLAPPED ov;

    memset(&seen, 0, sizeof(seen));
    fresh(&ov);
    SetLastError(UNTOUCHED);
    ok_true(ReadFileEx((HANDLE)pair.here, data, sizeof(data), &ov, file_routine));
    WINE_DIFFERS("Wine leaves the last error")
    ok(GetLastError() == ERROR_SUCCESS, "error %u", (unsigned)GetLastError());
    send_text(pair.peer, "abcd");
    ok(hear() == WAIT_IO_COMPLETION, "no call");
    ok_called(0, 4, &ov);
    memset(&seen, 0, sizeof(seen));
    fresh(&ov);
    ok_true(WriteFileEx((HANDLE)pair.here, "ef", 2, &ov, file_routine));
    ok(hear() == WAIT_IO_COMPLETION, "no call");
    ok_called(0, 2, &ov);
    ok(receives(pair.peer, "ef"), "wrong data");
    close_pair(pair);
}

static void port_203_a_start_that_fails_calls_nothing(void)
{
    SOCKET idle = tcp_socket();
    static char data[8];
    OVERLAPPED ov;

    fresh(&ov);
    ok_gives(receive_calling(idle, data, sizeof(data), &ov), WSAENOTCONN);
    ok_gives(receive_calling(INVALID_SOCKET, data, sizeof(data), &ov), WSAENOTSOCK);
    memset(&seen, 0, sizeof(seen));
    ok_false(ReadFileEx(NULL, data, 1, &ov, file_routine), ERROR_INVALID_HANDLE);
    ok_false(ReadFileEx((HANDLE)idle, data, 1, NULL, file_routine), ERROR_INVALID_PARAMETER);
    ok(SleepEx(0, TRUE) == 0 && seen.calls == 0, "called all the same");
    closesocket(idle);
}

static void sock_025_what_succeeds_at_once_calls_too(void)
{
    struct pair pair = tcp_pair();
    static char data[8];
    WSABUF buffer;
    DWORD bytes = 0;
    OVERLAPPED ov;

    memset(&seen, 0, sizeof(seen));
    fresh(&ov);
    buffer.buf = data;
    buffer.len = 5;
    ok_starts(WSASend(pair.here, &buffer, 1, &bytes, 0, &ov, socket_routine) ? WSAGetLastError()
                                                                             : 0);
    ok(seen.calls == 0, "called by the start itself");
    ok(hear() == WAIT_IO_COMPLETION, "no call");
    ok_called(0, 5, &ov);
    UNTIL(recv(pair.peer, data, 5, MSG_PEEK) == 5);
    send_text(pair.peer, "abc");
    UNTIL(recv(pair.here, data, 3, MSG_PEEK) == 3);
    fresh(&ov);
    ok_starts(receive_calling(pair.here, data, sizeof(data), &ov));
    ok(hear() == WAIT_IO_COMPLETION, "no call");
    ok_called(0, 3, &ov);
    close_pair(pair);
}

static void sock_025_errors_are_winsocks_and_the_event_is_the_callers(void)
{
    struct pair pair = tcp_pair();
    HANDLE event = new_event();
    static char data[8];
    OVERLAPPED ov;

    fresh(&ov);
    ov.hEvent = event;
    ok_pends(receive_calling(pair.here, data, sizeof(data), &ov));
    ok_true(CancelIo((HANDLE)pair.here));
    ok(hear() == WAIT_IO_COMPLETION, "no call");
    ok_called(WSA_OPERATION_ABORTED, 0, &ov);
    ok(!is_set(event), "the caller's event was set");
    CloseHandle(event);
    fresh(&ov);
    ov.hEvent = (HANDLE)(ULONG_PTR)0x1234567;
    ok_pends(receive_calling(pair.here, data, sizeof(data), &ov));
    reset_connection(pair.peer);
    ok(hear() == WAIT_IO_COMPLETION, "no call");
    ok_called(WSAECONNRESET, 0, &ov);
    ok(ov.hEvent == (HANDLE)(ULONG_PTR)0x1234567, "hEvent was changed");
    closesocket(pair.here);
}

static void port_183_a_cancelled_read_is_told_by_its_routine(void)
{
    struct pair pair = tcp_pair();
    static char data[8];
    OVERLAPPED ov;

    memset(&seen, 0, sizeof(seen));
    fresh(&ov);
    ok_true(ReadFileEx((HANDLE)pair.here, data, sizeof(data), &ov, file_routine));
    ok_true(CancelIoEx((HANDLE)pair.here, &ov));
    ok(hear() == WAIT_IO_COMPLETION, "no call");
    ok_called(ERROR_OPERATION_ABORTED, 0, &ov);
    ok(seen.status == NT_CANCELLED, "status %08x", (unsigned)seen.status);
    close_pair(pair);
}

static void port_204_the_files_own_event_is_set_too(void)
{
    struct pair pair = tcp_pair();
    static char data[8];
    OVERLAPPED ov;

    fresh(&ov);
    ok_pends(receive_calling(pair.here, data, sizeof(data), &ov));
    ok(!is_set((HANDLE)pair.here), "signaled while the receive is pending");
    send_text(pair.peer, "abc");
    ok(WaitForSingleObject((HANDLE)pair.here, LIMIT) == WAIT_OBJECT_0, "not signaled");
    ok(seen.calls == 0, "called in a wait that is not alertable");
    ok(hear() == WAIT_IO_COMPLETION, "no call");
    ok_called(0, 3, &ov);
    close_pair(pair);
}

/* Rules: PORT-022, HND-114 */
static void port_022_a_routine_outlives_a_later_association(void)
{
    struct pair pair = tcp_pair();
    static char data[8], more[8];
    OVERLAPPED ov, next;
    HANDLE port;

    fresh(&ov);
    fresh(&next);
    ok_pends(receive_calling(pair.here, data, 3, &ov));
    port = port_of(pair.here, KEY);
    ok_pends(start_recv(pair.here, more, 3, &next));
    ok_gives(receive_calling(pair.here, data, 3, &next), WSAEINVAL);
    next.Internal = NT_PENDING;
    send_text(pair.peer, "abcdef");
    ok(hear() == WAIT_IO_COMPLETION, "no call");
    ok_called(0, 3, &ov);
    ok_success(port, KEY, &next, 3);
    ok_quiet(port);
    ok(memcmp(data, "abc", 3) == 0 && memcmp(more, "def", 3) == 0, "wrong data");
    close_pair(pair);
    CloseHandle(port);
}

static void port_201_no_routine_on_a_socket_that_has_a_port(void)
{
    struct pair pair = tcp_pair();
    struct sockaddr_in address;
    SOCKET udp = udp_socket();
    WSABUF buffer;
    static char data[8];
    int length = sizeof(address);
    DWORD flags = 0, bytes = UNTOUCHED;
    OVERLAPPED ov;
    HANDLE port = port_of(pair.here, KEY);

    fresh(&ov);
    buffer.buf = data;
    buffer.len = sizeof(data);
    ok_gives(receive_calling(pair.here, data, sizeof(data), &ov), WSAEINVAL);
    ok_wsa(WSASend(pair.here, &buffer, 1, &bytes, 0, &ov, socket_routine), WSAEINVAL);
    address = bind_loopback(udp);
    ok(CreateIoCompletionPort((HANDLE)udp, port, KEY, 0) == port, "not associated");
    ok_wsa(WSASendTo(udp, &buffer, 1, &bytes, 0, (struct sockaddr *)&address, sizeof(address),
                     &ov, socket_routine), WSAEINVAL);
    ok_wsa(WSARecvFrom(udp, &buffer, 1, &bytes, &flags, (struct sockaddr *)&address, &length, &ov,
                       socket_routine), WSAEINVAL);
    ok(bytes == UNTOUCHED, "%u bytes", (unsigned)bytes);
    ok(SleepEx(0, TRUE) == 0 && seen.calls == 0, "called all the same");
    ok_quiet(port);
    closesocket(udp);
    close_pair(pair);
    CloseHandle(port);
}

static void sock_025_datagrams_and_ioctls(void)
{
    struct sockaddr_in address, from;
    SOCKET udp = udp_socket();
    WSABUF buffer;
    static char data[8];
    int length = sizeof(from);
    DWORD flags = 0, bytes, pending = 0;
    OVERLAPPED ov, send_ov;

    memset(&seen, 0, sizeof(seen));
    fresh(&ov);
    fresh(&send_ov);
    buffer.buf = data;
    buffer.len = sizeof(data);
    address = bind_loopback(udp);
    ok_pends(WSARecvFrom(udp, &buffer, 1, NULL, &flags, (struct sockaddr *)&from, &length, &ov,
                         socket_routine) ? WSAGetLastError() : 0);
    buffer.buf = (char *)"abc";
    buffer.len = 3;
    ok_starts(WSASendTo(udp, &buffer, 1, &bytes, 0, (struct sockaddr *)&address, sizeof(address),
                        &send_ov, socket_routine) ? WSAGetLastError() : 0);
    UNTIL((ULONG)ov.Internal != NT_PENDING && (ULONG)send_ov.Internal != NT_PENDING);
    UNTIL(SleepEx(0, TRUE) == 0 && seen.calls == 2);
    ok(seen.calls == 2 && seen.bytes == 3, "%d calls, %u bytes", (int)seen.calls,
       (unsigned)seen.bytes);
    ok(from.sin_port == address.sin_port && memcmp(data, "abc", 3) == 0, "wrong datagram");
    memset(&seen, 0, sizeof(seen));
    fresh(&ov);
    ok_starts(WSAIoctl(udp, FIONREAD, NULL, 0, &pending, sizeof(pending), &bytes, &ov,
                       socket_routine) ? WSAGetLastError() : 0);
    ok(hear() == WAIT_IO_COMPLETION && seen.calls == 1 && seen.error == 0, "%d calls, error %u",
       (int)seen.calls, (unsigned)seen.error);
    closesocket(udp);
}

static void hnd_114_association_does_not_move_a_call(void)
{
    port_022_a_routine_outlives_a_later_association();
}

static void port_174_an_alertable_wait_for_a_result(void)
{
    struct pair pair = tcp_pair();
    static char data[8], more[8];
    OVERLAPPED ov, slow;
    DWORD bytes;

    fresh(&ov);
    fresh(&slow);
    slow.hEvent = new_event();
    ok_pends(receive_calling(pair.here, data, 3, &ov));
    ok_pends(start_recv(pair.here, more, 3, &slow));
    send_text(pair.peer, "abc");
    UNTIL((ULONG)ov.Internal != NT_PENDING);
    ok_false(GetOverlappedResultEx((HANDLE)pair.here, &slow, &bytes, 0, TRUE),
             ERROR_IO_INCOMPLETE);
    ok_false(GetOverlappedResultEx((HANDLE)pair.here, &slow, &bytes, QUIET, FALSE), WAIT_TIMEOUT);
    ok(seen.calls == 0, "called though not alertable");
    ok_false(GetOverlappedResultEx((HANDLE)pair.here, &slow, &bytes, LIMIT, TRUE),
             WAIT_IO_COMPLETION);
    ok_called(0, 3, &ov);
    send_text(pair.peer, "def");
    ok_true(GetOverlappedResultEx((HANDLE)pair.here, &slow, &bytes, LIMIT, TRUE));
    ok(bytes == 3, "%u bytes", (unsigned)bytes);
    CloseHandle(slow.hEvent);
    close_pair(pair);
}

static void port_171_no_call_in_a_question_without_a_wait(void)
{
    struct pair pair = tcp_pair();
    static char data[8], more[8];
    OVERLAPPED ov, slow;
    DWORD bytes = UNTOUCHED;

    fresh(&ov);
    fresh(&slow);
    ok_pends(receive_calling(pair.here, data, 3, &ov));
    ok_pends(start_recv(pair.here, more, 3, &slow));
    send_text(pair.peer, "abc");
    UNTIL((ULONG)ov.Internal != NT_PENDING);
    ok_false(GetOverlappedResultEx((HANDLE)pair.here, &slow, &bytes, 0, TRUE),
             ERROR_IO_INCOMPLETE);
    ok(seen.calls == 0 && bytes == UNTOUCHED, "%d calls, %u bytes", (int)seen.calls,
       (unsigned)bytes);
    ok(hear() == WAIT_IO_COMPLETION, "no call");
    close_pair(pair);
}

static void sock_025_wait_for_multiple_events(void)
{
    struct pair pair = tcp_pair();
    WSAEVENT event = WSACreateEvent();
    static char data[8];
    OVERLAPPED ov;
    DWORD result;

    fresh(&ov);
    ok_pends(receive_calling(pair.here, data, 3, &ov));
    result = WSAWaitForMultipleEvents(1, &event, FALSE, 0, TRUE);
    ok(result == WSA_WAIT_TIMEOUT, "%u", (unsigned)result);
    send_text(pair.peer, "abc");
    result = WSAWaitForMultipleEvents(1, &event, FALSE, LIMIT, TRUE);
    ok(result == WSA_WAIT_IO_COMPLETION, "%u", (unsigned)result);
    ok_called(0, 3, &ov);
    WSASetEvent(event);
    result = WSAWaitForMultipleEvents(1, &event, TRUE, LIMIT, TRUE);
    ok(result == WSA_WAIT_EVENT_0, "%u", (unsigned)result);
    result = WSAWaitForMultipleEvents(0, &event, TRUE, 0, TRUE);
    ok(result == WSA_WAIT_FAILED && WSAGetLastError() == WSA_INVALID_PARAMETER, "%u, error %d",
       (unsigned)result, WSAGetLastError());
    WSACloseEvent(event);
    result = WSAWaitForMultipleEvents(1, &event, FALSE, 0, TRUE);
    ok(result == WSA_WAIT_FAILED && WSAGetLastError() == WSA_INVALID_HANDLE, "%u, error %d",
       (unsigned)result, WSAGetLastError());
    close_pair(pair);
}

struct start {
    SOCKET s;
    OVERLAPPED ov;
    char data[8];
    int error;
    HANDLE may_end;
};

static DWORD WINAPI start_and_end(void *context)
{
    struct start *start = context;

    start->error = receive_calling(start->s, start->data, sizeof(start->data), &start->ov);
    return 0;
}

static void port_193_the_end_of_a_thread_cancels_and_calls_nothing(void)
{
    struct pair pair = tcp_pair();
    struct start start;
    HANDLE thread, port;

    fresh(&start.ov);
    start.s = pair.here;
    thread = CreateThread(NULL, 0, start_and_end, &start, 0, NULL);
    ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "no end");
    CloseHandle(thread);
    ok_pends(start.error);
    UNTIL((ULONG)start.ov.Internal != NT_PENDING);
    ok_status(&start.ov, NT_CANCELLED, 0);
    ok(SleepEx(QUIET, TRUE) == 0 && seen.calls == 0, "called in another thread");
    port = port_of(pair.here, KEY);
    ok_quiet(port);
    close_pair(pair);
    CloseHandle(port);
}

static SOCKET chain_socket;
static char chain_data[1];
static int chain_length;

static void CALLBACK next_byte(DWORD error, DWORD bytes, WSAOVERLAPPED *ov, DWORD flags)
{
    WSABUF buffer = { 1, chain_data };
    DWORD none = 0;

    socket_routine(error, bytes, ov, flags);
    if (!error && bytes && ++chain_length < 50)
        WSARecv(chain_socket, &buffer, 1, NULL, &none, ov, next_byte);
}

static void port_203_routines_that_start_the_next_operation(void)
{
    struct pair pair = tcp_pair();
    WSABUF buffer = { 1, chain_data };
    DWORD flags = 0;
    OVERLAPPED ov;
    int i;

    fresh(&ov);
    memset(&seen, 0, sizeof(seen));
    chain_socket = pair.here;
    chain_length = 0;
    ok_pends(WSARecv(pair.here, &buffer, 1, NULL, &flags, &ov, next_byte) ? WSAGetLastError() : 0);
    for (i = 0; i < 50; i++) send_text(pair.peer, "x");
    UNTIL(SleepEx(QUIET, TRUE) != WAIT_IO_COMPLETION && chain_length == 50);
    ok(chain_length == 50 && seen.calls == 50, "%d bytes, %d calls", chain_length,
       (int)seen.calls);
    close_pair(pair);
}

int main(void)
{
    winsock_start();
    RUN(port_203_a_routine_runs_in_its_thread_in_an_alertable_wait);
    RUN(port_203_read_file_ex_and_write_file_ex);
    RUN(port_203_a_start_that_fails_calls_nothing);
    RUN(sock_025_what_succeeds_at_once_calls_too);
    RUN(sock_025_errors_are_winsocks_and_the_event_is_the_callers);
    RUN(port_183_a_cancelled_read_is_told_by_its_routine);
    RUN(port_204_the_files_own_event_is_set_too);
    RUN(port_022_a_routine_outlives_a_later_association);
    RUN(port_201_no_routine_on_a_socket_that_has_a_port);
    RUN(sock_025_datagrams_and_ioctls);
    RUN(hnd_114_association_does_not_move_a_call);
    RUN(port_174_an_alertable_wait_for_a_result);
    RUN(port_171_no_call_in_a_question_without_a_wait);
    RUN(sock_025_wait_for_multiple_events);
    RUN(port_193_the_end_of_a_thread_cancels_and_calls_nothing);
    RUN(port_203_routines_that_start_the_next_operation);
    return conform_end();
}
