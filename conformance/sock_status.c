/* The contents of OVERLAPPED, events, and both ways to ask for a result:
 * sockets.md section C.
 */
#include "sockets.h"

/* Rules: SOCK-27, SOCK-28, T12 */
static void sock_027_the_status_block_while_pending_and_after(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov;
    static char data[8];

    fresh(&ov);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    ok_status(&ov, NT_PENDING, UNTOUCHED);
    ok(!HasOverlappedIoCompleted(&ov), "a pending operation looks complete");
    send_text(pair.peer, "abc");
    ok_success(port, KEY, &ov, 3);
    ok_status(&ov, NT_SUCCESS_VALUE, 3);
    ok(ov.Offset == UNTOUCHED, "Offset %08x", (unsigned)ov.Offset);
    ok(ov.OffsetHigh == UNTOUCHED, "OffsetHigh %08x", (unsigned)ov.OffsetHigh);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-27, SOCK-28, T8 */
static void sock_027_the_same_structure_serves_again_at_once(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov;
    static char data[8];
    int i;

    fresh(&ov);
    for (i = 0; i < 50; i++) {
        ok_starts(start_recv(pair.here, data, 1, &ov));
        send_text(pair.peer, "a");
        ok_success(port, KEY, &ov, 1);
        ov.Internal = 1236;
        ov.Offset = i;
        ov.OffsetHigh = 10053;
    }
    ok_quiet(port);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-29 */
static void sock_029_status_block_after_a_failed_start(void)
{
    SOCKET s = tcp_socket(), acceptor = tcp_socket();
    struct sockaddr_in address = loopback(htons(9));
    LPFN_CONNECTEX connect_ex = (LPFN_CONNECTEX)extension(s, (GUID)WSAID_CONNECTEX);
    LPFN_ACCEPTEX accept_ex = (LPFN_ACCEPTEX)extension(s, (GUID)WSAID_ACCEPTEX);
    static char area[2 * ADDRESS_AREA];
    static OVERLAPPED ov;
    DWORD bytes;

    fresh(&ov);
    ok_false(connect_ex(s, (struct sockaddr *)&address, sizeof(address), NULL, 0, &bytes, &ov),
             WSAEINVAL);
    WINE_DIFFERS("InternalHigh is written")
    ok_status(&ov, NT_PENDING, UNTOUCHED);
    bind_loopback(s);
    fresh(&ov);
    WINE_DIFFERS("AcceptEx on a bound socket pends or fails otherwise")
    ok_false(accept_ex(s, acceptor, area, 0, ADDRESS_AREA, ADDRESS_AREA, &bytes, &ov),
             WSAEINVAL);
    WINE_DIFFERS("InternalHigh is written")
    ok_status(&ov, NT_PENDING, UNTOUCHED);
    closesocket(acceptor);
    closesocket(s);
}

/* Rules: SOCK-30 */
static void sock_030_two_operations_with_one_overlapped(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov;
    static char data[2];

    fresh(&ov);
    ok_pends(start_recv(pair.here, data, 1, &ov));
    ok_pends(start_recv(pair.here, data + 1, 1, &ov));
    send_text(pair.peer, "ab");
    ok_success(port, KEY, &ov, 1);
    ok_success(port, KEY, &ov, 1);
    ok(!memcmp(data, "ab", 2), "data %.2s", data);
    ok_quiet(port);
    ok_pends(start_recv(pair.here, data, 1, &ov));
    ok_pends(start_recv(pair.here, data + 1, 1, &ov));
    ok_true(CancelIoEx((HANDLE)pair.here, &ov));
    ok_failure(port, KEY, &ov, ERROR_OPERATION_ABORTED, 0);
    ok_failure(port, KEY, &ov, ERROR_OPERATION_ABORTED, 0);
    ok_quiet(port);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-31, SOCK-33 */
static void sock_031_without_event_the_socket_is_signalled(void)
{
    struct pair pair = tcp_pair();
    static OVERLAPPED ov;
    DWORD bytes = UNTOUCHED;
    static char data[8];

    fresh(&ov);
    ov.hEvent = NULL;
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    ok(!is_set((HANDLE)pair.here), "signalled while the receive pends");
    send_text(pair.peer, "abc");
    ok(WaitForSingleObject((HANDLE)pair.here, LIMIT) == WAIT_OBJECT_0, "not signalled");
    ok_true(GetOverlappedResult((HANDLE)pair.here, &ov, &bytes, TRUE));
    ok(bytes == 3, "%u bytes", (unsigned)bytes);
    close_pair(pair);
}

/* Rules: SOCK-32 */
static void sock_032_the_event_is_reset_at_the_start_and_set_at_the_end(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY), event = new_event();
    static OVERLAPPED ov;
    static char data[8];

    SetEvent(event);
    fresh(&ov);
    ov.hEvent = event;
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    ok(!is_set(event), "the event is still set");
    send_text(pair.peer, "abc");
    ok(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0, "the event is not set");
    ok_status(&ov, NT_SUCCESS_VALUE, 3);
    ok_success(port, KEY, &ov, 3);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    ok(!is_set(event), "the event is still set");
    ok_true(CancelIoEx((HANDLE)pair.here, &ov));
    ok(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0, "cancelled: event not set");
    ok_failure(port, KEY, &ov, ERROR_OPERATION_ABORTED, 0);
    ResetEvent(event);
    ok_gives(start_send(pair.here, "x", 1, &ov), 0);
    ok(is_set(event), "immediate success: event not set");
    ok_success(port, KEY, &ov, 1);
    close_pair(pair);
    CloseHandle(event);
    CloseHandle(port);
}

/* Rules: SOCK-33, SOCK-60 */
static void sock_033_getoverlappedresult_speaks_win32(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY), copy = NULL;
    DWORD bytes = UNTOUCHED;
    static OVERLAPPED ov;
    static char data[8];

    fresh(&ov);
    ov.hEvent = new_event();
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    ok_false(GetOverlappedResult((HANDLE)pair.here, &ov, &bytes, FALSE), ERROR_IO_INCOMPLETE);
    send_text(pair.peer, "abc");
    ok_true(GetOverlappedResult((HANDLE)pair.here, &ov, &bytes, TRUE));
    ok(bytes == 3, "%u bytes", (unsigned)bytes);
    ok_true(DuplicateHandle(GetCurrentProcess(), (HANDLE)pair.here, GetCurrentProcess(), &copy,
                            0, FALSE, DUPLICATE_SAME_ACCESS));
    bytes = 0;
    ok_true(GetOverlappedResult(copy, &ov, &bytes, FALSE));
    ok(bytes == 3, "%u bytes through the duplicate", (unsigned)bytes);
    CloseHandle(copy);
    ok_success(port, KEY, &ov, 3);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    reset_connection(pair.peer);
    ok_false(GetOverlappedResult((HANDLE)pair.here, &ov, &bytes, TRUE), ERROR_NETNAME_DELETED);
    ok_failure(port, KEY, &ov, ERROR_NETNAME_DELETED, 0);
    CloseHandle(ov.hEvent);
    closesocket(pair.here);
    CloseHandle(port);
}

/* Rules: SOCK-34, SOCK-60 */
static void sock_034_wsagetoverlappedresult_speaks_winsock(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    DWORD bytes = UNTOUCHED, flags = UNTOUCHED;
    static OVERLAPPED ov;
    static char data[8];

    fresh(&ov);
    ov.hEvent = new_event();
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    ok(!WSAGetOverlappedResult(pair.here, &ov, &bytes, FALSE, &flags) &&
           WSAGetLastError() == WSA_IO_INCOMPLETE, "pending: error %d", WSAGetLastError());
    send_text(pair.peer, "abc");
    ok_true(WSAGetOverlappedResult(pair.here, &ov, &bytes, TRUE, &flags));
    ok(bytes == 3, "%u bytes", (unsigned)bytes);
    WINE_DIFFERS("the flags are read from Offset")
    ok(flags == 0, "flags %x", (unsigned)flags);
    ok_success(port, KEY, &ov, 3);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    reset_connection(pair.peer);
    ok(!WSAGetOverlappedResult(pair.here, &ov, &bytes, TRUE, &flags) &&
           WSAGetLastError() == WSAECONNRESET, "reset: error %d", WSAGetLastError());
    ok(bytes == 0, "%u bytes", (unsigned)bytes);
    ok_failure(port, KEY, &ov, ERROR_NETNAME_DELETED, 0);
    closesocket(pair.here);
    ok(!WSAGetOverlappedResult(pair.here, &ov, &bytes, FALSE, &flags) &&
           WSAGetLastError() == WSAENOTSOCK, "dead socket: error %d", WSAGetLastError());
    CloseHandle(ov.hEvent);
    CloseHandle(port);
}

/* Rules: SOCK-34, SOCK-176 */
static void sock_034_every_status_has_its_code(void)
{
    static const struct {
        ULONG status;
        int code;
    } cases[] = {
        { 0x00000000, 0 }, { 0x00000102, 0 }, { 0x00000103, 996 }, { 0x4000000F, 0 },
        { 0x40000010, 0 }, { 0x40000011, 0 }, { 0x80000005, 10040 }, { 0x8000000A, 10022 },
        { 0xC0000002, 10045 }, { 0xC0000005, 10014 }, { 0xC0000008, 10038 },
        { 0xC000000D, 10022 }, { 0xC0000017, 10055 }, { 0xC0000018, 10055 },
        { 0xC0000022, 10013 }, { 0xC0000023, 10014 }, { 0xC0000024, 10038 },
        { 0xC0000043, 10048 }, { 0xC0000044, 10055 }, { 0xC000009A, 10055 },
        { 0xC00000A3, 10035 }, { 0xC00000B0, 10058 }, { 0xC00000B5, 10060 },
        { 0xC00000BB, 10045 }, { 0xC00000BC, 10061 }, { 0xC00000BE, 10051 },
        { 0xC00000BF, 10050 }, { 0xC00000C4, 10050 }, { 0xC00000C9, 10022 },
        { 0xC00000D0, 10035 }, { 0xC000011F, 10022 }, { 0xC0000120, 995 },
        { 0xC000013B, 10053 }, { 0xC000013C, 10054 }, { 0xC000013D, 10055 },
        { 0xC000013E, 10054 }, { 0xC000013F, 10060 }, { 0xC0000140, 10057 },
        { 0xC0000141, 10049 }, { 0xC0000206, 10040 }, { 0xC0000207, 10049 },
        { 0xC0000209, 10055 }, { 0xC000020A, 10048 }, { 0xC000020C, 10054 },
        { 0xC000020D, 10054 }, { 0xC000020F, 10053 }, { 0xC0000225, 10022 },
        { 0xC00002C5, 10014 }, { 0xC0000236, 10061 }, { 0xC0000237, 10101 },
        { 0xC0000238, 10022 }, { 0xC000023B, 10056 }, { 0xC000023C, 10051 },
        { 0xC000023D, 10065 }, { 0xC000023E, 10051 }, { 0xC000023F, 10054 },
        { 0xC0000240, 10004 }, { 0xC0000241, 10053 }, { 0xC0000350, 10064 },
        { 0x00000abc, 0 }, { 0xC0000001, 10022 }, { 0xCabcdef0, 10022 },
    };
    SOCKET s = tcp_socket();
    static OVERLAPPED ov;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        DWORD bytes = UNTOUCHED, flags = UNTOUCHED;
        BOOL result;
        int code;

        memset(&ov, 0, sizeof(ov));
        ov.Internal = cases[i].status;
        ov.InternalHigh = 1;
        result = WSAGetOverlappedResult(s, &ov, &bytes, FALSE, &flags);
        code = result ? 0 : WSAGetLastError();
        ok(code == cases[i].code, "%08x gives %d, wanted %d", (unsigned)cases[i].status, code,
           cases[i].code);
        if (cases[i].status != NT_PENDING) {
            ok(bytes == 1, "%08x: %u bytes", (unsigned)cases[i].status, (unsigned)bytes);
        }
    }
    closesocket(s);
}

/* Rules: SOCK-34 */
static void sock_034_bad_arguments(void)
{
    SOCKET s = tcp_socket();
    HANDLE event = new_event(), copy = NULL;
    DWORD bytes, flags;
    static OVERLAPPED ov;
    BOOL result;

    memset(&ov, 0, sizeof(ov));
    result = WSAGetOverlappedResult(s, NULL, &bytes, FALSE, &flags);
    ok(!result && (WSAGetLastError() == WSAEFAULT ||
                   WSAGetLastError() == WSA_INVALID_PARAMETER),
       "NULL OVERLAPPED: result %d, error %d", result, WSAGetLastError());
    result = WSAGetOverlappedResult((SOCKET)event, &ov, &bytes, FALSE, &flags);
    ok(!result && WSAGetLastError() == WSAENOTSOCK, "event: result %d, error %d", result,
       WSAGetLastError());
    ok_true(DuplicateHandle(GetCurrentProcess(), (HANDLE)s, GetCurrentProcess(), &copy, 0,
                            FALSE, DUPLICATE_SAME_ACCESS));
    result = WSAGetOverlappedResult((SOCKET)copy, &ov, &bytes, FALSE, &flags);
    ok(!result && WSAGetLastError() == WSAENOTSOCK, "copy: result %d, error %d", result,
       WSAGetLastError());
    CloseHandle(copy);
    CloseHandle(event);
    closesocket(s);
}

/* Rules: SOCK-35 */
static void sock_035_flags_are_written_only_by_an_immediate_receive(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    DWORD flags = 0, later = UNTOUCHED, bytes = UNTOUCHED;
    static OVERLAPPED ov;
    static char data[8];
    WSABUF buffer = { sizeof(data), data };

    fresh(&ov);
    ok_wsa(WSARecv(pair.here, &buffer, 1, &bytes, &flags, &ov, NULL), WSA_IO_PENDING);
    ok(bytes == UNTOUCHED, "%u bytes", (unsigned)bytes);
    flags = UNTOUCHED;
    send_text(pair.peer, "abc");
    ok_success(port, KEY, &ov, 3);
    ok(flags == UNTOUCHED, "flags %x", (unsigned)flags);
    ok(bytes == UNTOUCHED, "%u bytes", (unsigned)bytes);
    ok_true(WSAGetOverlappedResult(pair.here, &ov, &bytes, FALSE, &later));
    WINE_DIFFERS("the flags are read from Offset")
    ok(later == 0, "flags %x", (unsigned)later);
    close_pair(pair);
    CloseHandle(port);
}

int main(void)
{
    winsock_start();
    RUN(sock_027_the_status_block_while_pending_and_after);
    RUN(sock_027_the_same_structure_serves_again_at_once);
    RUN(sock_029_status_block_after_a_failed_start);
    RUN(sock_030_two_operations_with_one_overlapped);
    RUN(sock_031_without_event_the_socket_is_signalled);
    RUN(sock_032_the_event_is_reset_at_the_start_and_set_at_the_end);
    RUN(sock_033_getoverlappedresult_speaks_win32);
    RUN(sock_034_wsagetoverlappedresult_speaks_winsock);
    RUN(sock_034_every_status_has_its_code);
    RUN(sock_034_bad_arguments);
    RUN(sock_035_flags_are_written_only_by_an_immediate_receive);
    return conform_end();
}
