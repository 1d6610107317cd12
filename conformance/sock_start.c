/* Start-up of Winsock, the last error, sockets as handles, arguments of socket():
 * sockets.md section A.
 */
#include "sockets.h"

/* Rules: SOCK-01 */
static void sock_001_nothing_works_before_startup(void)
{
    struct sockaddr_in address = loopback(htons(1));
    struct addrinfo *list = NULL;
    static char byte;

    WSASetLastError(0);
    ok(socket(AF_INET, SOCK_STREAM, 0) == INVALID_SOCKET, "socket worked");
    ok(WSAGetLastError() == WSANOTINITIALISED, "socket: error %d", WSAGetLastError());
    WSASetLastError(0);
    ok(WSASocketA(AF_INET, SOCK_STREAM, 0, NULL, 0, WSA_FLAG_OVERLAPPED) == INVALID_SOCKET,
       "WSASocketA worked");
    ok(WSAGetLastError() == WSANOTINITIALISED, "WSASocketA: error %d", WSAGetLastError());
    ok_wsa(closesocket(0x1230), WSANOTINITIALISED);
    WINE_DIFFERS("only calls that make or close sockets check for start-up")
    ok_wsa(bind(0x1230, (struct sockaddr *)&address, sizeof(address)), WSANOTINITIALISED);
    WINE_DIFFERS("only calls that make or close sockets check for start-up")
    ok_wsa(send(0x1230, "x", 1, 0), WSANOTINITIALISED);
    WINE_DIFFERS("only calls that make or close sockets check for start-up")
    ok_wsa(recv(0x1230, &byte, 1, 0), WSANOTINITIALISED);
    WINE_DIFFERS("only calls that make or close sockets check for start-up")
    ok(getaddrinfo("127.0.0.1", NULL, NULL, &list) == WSANOTINITIALISED, "getaddrinfo worked");
    ok_wsa(WSACleanup(), WSANOTINITIALISED);
}

/* Rules: SOCK-01, SOCK-165 */
static void sock_001_pure_functions_need_no_startup(void)
{
    struct in_addr in;

    ok(htons(0x1234) == 0x3412 && ntohs(0x1234) == 0x3412, "htons");
    ok(htonl(0x12345678) == 0x78563412 && ntohl(0x12345678) == 0x78563412, "htonl");
    ok(inet_addr("127.0.0.1") == htonl(0x7f000001), "inet_addr");
    in.s_addr = htonl(0x01020304);
    ok(!strcmp(inet_ntoa(in), "1.2.3.4"), "inet_ntoa gave %s", inet_ntoa(in));
    WSASetLastError(4711);
    ok(WSAGetLastError() == 4711, "last error %d", WSAGetLastError());
}

/* Rules: SOCK-03 */
static void sock_003_version_is_negotiated(void)
{
    static const struct {
        WORD asked;
        int result;
        WORD given;
    } cases[] = {
        { MAKEWORD(0, 0), WSAVERNOTSUPPORTED, 0x0202 },
        { MAKEWORD(0, 1), WSAVERNOTSUPPORTED, 0x0202 },
        { MAKEWORD(1, 0), 0, MAKEWORD(1, 0) },
        { MAKEWORD(1, 1), 0, MAKEWORD(1, 1) },
        { MAKEWORD(1, 2), 0, MAKEWORD(1, 1) },
        { MAKEWORD(2, 0), 0, MAKEWORD(2, 0) },
        { MAKEWORD(2, 1), 0, MAKEWORD(2, 1) },
        { MAKEWORD(2, 2), 0, MAKEWORD(2, 2) },
        { MAKEWORD(2, 3), 0, MAKEWORD(2, 2) },
        { MAKEWORD(3, 0), 0, MAKEWORD(2, 2) },
        { MAKEWORD(255, 255), 0, MAKEWORD(2, 2) },
    };
    char *vendor = (char *)(ULONG_PTR)UNTOUCHED;
    WSADATA data;
    size_t i;
    int result;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int old = LOBYTE(cases[i].asked) == 1;

        memset(&data, 0xcc, sizeof(data));
        data.lpVendorInfo = vendor;
        result = WSAStartup(cases[i].asked, &data);
        ok(result == cases[i].result, "%04x: result %d", cases[i].asked, result);
        ok(data.wVersion == cases[i].given && data.wHighVersion == 0x0202,
           "%04x: versions %04x %04x", cases[i].asked, data.wVersion, data.wHighVersion);
        ok(!strcmp(data.szDescription, "WinSock 2.0") &&
               !strcmp(data.szSystemStatus, "Running"), "descriptions");
        ok(data.lpVendorInfo == vendor, "lpVendorInfo was written");
        if (result == 0) {
            ok(data.iMaxSockets == (old ? 32767 : 0) && data.iMaxUdpDg == (old ? 65467 : 0),
               "%04x: maxima %d %d", cases[i].asked, data.iMaxSockets, data.iMaxUdpDg);
            WSACleanup();
        }
    }
    ok(WSAStartup(MAKEWORD(2, 2), NULL) == WSAEFAULT, "NULL data");
    ok(WSAStartup(MAKEWORD(0, 0), NULL) == WSAVERNOTSUPPORTED, "NULL data, version 0");
    ok(sizeof(WSADATA) == 408, "WSADATA has %u bytes", (unsigned)sizeof(WSADATA));
}

/* Rules: SOCK-02 */
static void sock_002_startup_is_counted(void)
{
    WSADATA data;
    SOCKET s;
    int type, length = sizeof(type);

    ok_zero(WSAStartup(MAKEWORD(2, 2), &data));
    ok_zero(WSAStartup(MAKEWORD(2, 2), &data));
    s = tcp_socket();
    ok_socket(s);
    ok_zero(WSACleanup());
    ok_zero(getsockopt(s, SOL_SOCKET, SO_TYPE, (char *)&type, &length));
    ok_zero(WSACleanup());
    ok_wsa(WSACleanup(), WSANOTINITIALISED);
    ok_zero(WSAStartup(MAKEWORD(2, 2), &data));
    ok_wsa(closesocket(s), WSAENOTSOCK);
    ok_zero(WSACleanup());
}

/* Rules: SOCK-02 */
static void sock_002_success_clears_the_last_error(void)
{
    WSADATA data;

    SetLastError(UNTOUCHED);
    ok_zero(WSAStartup(MAKEWORD(2, 2), &data));
    WINE_DIFFERS("last error not cleared")
    ok(GetLastError() == 0, "WSAStartup: last error %u", (unsigned)GetLastError());
    SetLastError(UNTOUCHED);
    ok_zero(WSACleanup());
    WINE_DIFFERS("last error not cleared")
    ok(GetLastError() == 0, "WSACleanup: last error %u", (unsigned)GetLastError());
}

/* Rules: SOCK-02, SOCK-68, SOCK-69 */
static void sock_002_last_cleanup_ends_pending_receives(void)
{
    WSADATA data;
    static OVERLAPPED ov;
    HANDLE port;
    SOCKET s;
    static char byte;

    ok_zero(WSAStartup(MAKEWORD(2, 2), &data));
    /* No connection: the order in which both ends close would show. */
    s = udp_socket();
    bind_loopback(s);
    port = port_of(s, KEY);
    fresh(&ov);
    ok_pends(start_recv(s, &byte, 1, &ov));
    ok_zero(WSACleanup());
    WINE_DIFFERS("the status of a receive that a close ends")
    ok_failure(port, KEY, &ov, ERROR_OPERATION_ABORTED, 0);
    ok_quiet(port);
    CloseHandle(port);
}

static DWORD WINAPI last_error_of_thread(void *unused)
{
    DWORD first = GetLastError();

    (void)unused;
    WSASetLastError(55);
    return first;
}

/* Rules: SOCK-04 */
static void sock_004_one_last_error_per_thread(void)
{
    HANDLE thread;
    DWORD code = 1;
    SOCKET s;

    WSASetLastError(4711);
    ok(GetLastError() == 4711, "GetLastError %u", (unsigned)GetLastError());
    SetLastError(4712);
    ok(WSAGetLastError() == 4712, "WSAGetLastError %d", WSAGetLastError());
    thread = CreateThread(NULL, 0, last_error_of_thread, NULL, 0, NULL);
    WaitForSingleObject(thread, LIMIT);
    GetExitCodeThread(thread, &code);
    CloseHandle(thread);
    ok(code == 0, "a new thread starts with last error %u", (unsigned)code);
    s = tcp_socket();
    ok(WSAGetLastError() == 0 || WSAGetLastError() == 4712, "left %d", WSAGetLastError());
    closesocket(s);
}

/* Rules: SOCK-05 */
static void sock_005_a_socket_is_a_kernel_handle(void)
{
    SOCKET s = tcp_socket();
    HANDLE copy = NULL;
    DWORD flags = 0;

    ok(sizeof(SOCKET) == 8 && INVALID_SOCKET == (SOCKET)INVALID_HANDLE_VALUE, "SOCKET type");
    ok(s != 0 && s % 4 == 0, "socket %llx", (unsigned long long)s);
    ok_true(SetHandleInformation((HANDLE)s, HANDLE_FLAG_INHERIT, 0));
    ok_true(GetHandleInformation((HANDLE)s, &flags));
    ok(!(flags & HANDLE_FLAG_INHERIT), "flags %u", (unsigned)flags);
    ok_true(DuplicateHandle(GetCurrentProcess(), (HANDLE)s, GetCurrentProcess(), &copy, 0,
                            FALSE, DUPLICATE_SAME_ACCESS));
    ok(copy && copy != (HANDLE)s, "copy %p", copy);
    ok_true(CloseHandle(copy));
    ok_true(SetFileCompletionNotificationModes((HANDLE)s, FILE_SKIP_SET_EVENT_ON_HANDLE));
    ok_true(CloseHandle((HANDLE)s));
    WINE_DIFFERS("closesocket after CloseHandle gives 6")
    ok_wsa(closesocket(s), WSAENOTSOCK);
}

/* Rules: SOCK-05, SOCK-68 */
static void sock_005_closehandle_ends_pending_operations(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov;
    static char byte;

    fresh(&ov);
    ok_pends(start_recv(pair.here, &byte, 1, &ov));
    ok_true(CloseHandle((HANDLE)pair.here));
    WINE_DIFFERS("the status of a receive that a close ends")
    ok_failure(port, KEY, &ov, ERROR_CONNECTION_ABORTED, 0);
    ok_quiet(port);
    closesocket(pair.peer);
    CloseHandle(port);
}

/* Rules: SOCK-06, SOCK-86 */
static void sock_006_a_socket_whose_connect_failed_can_listen(void)
{
    SOCKET s = tcp_socket(), closed = tcp_socket();
    struct sockaddr_in address = bind_loopback(closed);

    ok_wsa(connect_to(s, &address), WSAECONNREFUSED);
    WINE_DIFFERS("listen after a failed connect")
    ok(listen(s, 1) == 0, "listen: error %d", WSAGetLastError());
    closesocket(s);
    closesocket(closed);
}

/* Every Winsock call says 10038 to this value. */
static void all_refuse(SOCKET s)
{
    struct sockaddr_in address = loopback(htons(1));
    static char data[64];
    WSABUF buffer = { 1, data };
    DWORD bytes, flags = 0;
    u_long number = 0;
    int length = sizeof(data);

    ok_wsa(bind(s, (struct sockaddr *)&address, sizeof(address)), WSAENOTSOCK);
    ok_wsa(listen(s, 1), WSAENOTSOCK);
    ok_wsa(connect_to(s, &address), WSAENOTSOCK);
    ok(accept(s, NULL, NULL) == INVALID_SOCKET && WSAGetLastError() == WSAENOTSOCK,
       "accept: error %d", WSAGetLastError());
    ok_wsa(send(s, data, 1, 0), WSAENOTSOCK);
    ok_wsa(recv(s, data, 1, 0), WSAENOTSOCK);
    ok_wsa(sendto(s, data, 1, 0, (struct sockaddr *)&address, sizeof(address)), WSAENOTSOCK);
    ok_wsa(recvfrom(s, data, 1, 0, NULL, NULL), WSAENOTSOCK);
    ok_wsa(shutdown(s, SD_BOTH), WSAENOTSOCK);
    ok_wsa(getsockopt(s, SOL_SOCKET, SO_TYPE, data, &length), WSAENOTSOCK);
    ok_wsa(setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, data, 4), WSAENOTSOCK);
    ok_wsa(getsockname(s, (struct sockaddr *)data, &length), WSAENOTSOCK);
    ok_wsa(getpeername(s, (struct sockaddr *)data, &length), WSAENOTSOCK);
    ok_wsa(ioctlsocket(s, FIONBIO, &number), WSAENOTSOCK);
    ok_wsa(WSARecv(s, &buffer, 1, &bytes, &flags, NULL, NULL), WSAENOTSOCK);
    ok_wsa(WSASend(s, &buffer, 1, &bytes, 0, NULL, NULL), WSAENOTSOCK);
    ok_wsa(WSAIoctl(s, FIONBIO, &number, sizeof(number), NULL, 0, &bytes, NULL, NULL),
           WSAENOTSOCK);
    ok_wsa(closesocket(s), WSAENOTSOCK);
}

/* Rules: SOCK-07 */
static void sock_007_wrong_handles_are_not_sockets(void)
{
    SOCKET s = tcp_socket();
    HANDLE event = new_event();
    DWORD flags;

    all_refuse(INVALID_SOCKET);
    all_refuse((SOCKET)event);
    ok_true(GetHandleInformation(event, &flags));
    CloseHandle(event);
    ok_zero(closesocket(s));
    all_refuse(s);
}

/* Rules: SOCK-07 */
static void sock_007_kernel_calls_on_a_dead_socket(void)
{
    SOCKET s = tcp_socket();
    static OVERLAPPED ov;
    DWORD flags, bytes;
    static char byte;

    ok_zero(closesocket(s));
    memset(&ov, 0, sizeof(ov));
    ok_false(GetHandleInformation((HANDLE)s, &flags), ERROR_INVALID_HANDLE);
    ok_false(ReadFile((HANDLE)s, &byte, 1, &bytes, &ov), ERROR_INVALID_HANDLE);
    ok_false(WriteFile((HANDLE)s, &byte, 1, &bytes, &ov), ERROR_INVALID_HANDLE);
    ok_false(CancelIoEx((HANDLE)s, NULL), ERROR_INVALID_HANDLE);
    ok_false(CloseHandle((HANDLE)s), ERROR_INVALID_HANDLE);
}

/* Rules: SOCK-08, SOCK-69 */
static void sock_008_reused_values_never_mix_completions(void)
{
    HANDLE port = new_port();
    static OVERLAPPED ov[40];
    struct pair pair;
    static char byte;
    size_t i;

    for (i = 0; i < 40; i++) {
        pair = tcp_pair();
        fresh(&ov[i]);
        CreateIoCompletionPort((HANDLE)pair.here, port, 1000 + i, 0);
        ok_pends(start_recv(pair.here, &byte, 1, &ov[i]));
        close_pair(pair);
    }
    for (i = 0; i < 40; i++) {
        struct packet packet = take(port, LIMIT);
        size_t index = packet.ov ? (size_t)(packet.ov - ov) : 99;

        ok(index < 40 && packet.key == 1000 + index && !packet.result, "%s",
           packet_text(&packet));
        if (index >= 40) break;
    }
    ok_quiet(port);
    CloseHandle(port);
}

static BOOL is_overlapped(SOCKET s)
{
    HANDLE port = new_port();
    BOOL result;

    SetLastError(0);
    result = CreateIoCompletionPort((HANDLE)s, port, 0, 0) == port;
    if (!result) {
        ok(GetLastError() == ERROR_INVALID_PARAMETER, "association: error %u",
           (unsigned)GetLastError());
    }
    CloseHandle(port);
    return result;
}

/* Rules: SOCK-09, SOCK-10 */
static void sock_009_which_sockets_are_overlapped(void)
{
    int kind = SO_SYNCHRONOUS_NONALERT;
    SOCKET s = tcp_socket(), door, client = tcp_socket(), accepted;
    struct sockaddr_in address;

    ok(is_overlapped(s), "socket() is overlapped");
    closesocket(s);
    s = WSASocketA(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);
    ok(is_overlapped(s), "WSASocketA with the flag is overlapped");
    closesocket(s);
    s = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, 0);
    ok(!is_overlapped(s), "WSASocketW without the flag is not");
    closesocket(s);

    ok_zero(setsockopt(INVALID_SOCKET, SOL_SOCKET, SO_OPENTYPE, (char *)&kind, sizeof(kind)));
    door = tcp_socket();
    kind = 0;
    ok_zero(setsockopt(INVALID_SOCKET, SOL_SOCKET, SO_OPENTYPE, (char *)&kind, sizeof(kind)));
    ok(!is_overlapped(door), "socket() under SO_OPENTYPE is not");
    address = bind_loopback(door);
    ok_zero(listen(door, 1));
    ok_zero(connect_to(client, &address));
    accepted = accept_one(door);
    ok(!is_overlapped(accepted), "accept() inherits from its listener");
    closesocket(accepted);
    closesocket(client);
    closesocket(door);
}

struct blocked {
    SOCKET s;
    char data[8];
    OVERLAPPED ov;
    DWORD bytes;
    int error;
};

static DWORD WINAPI blocking_recv(void *argument)
{
    struct blocked *blocked = argument;
    WSABUF buffer = { sizeof(blocked->data), blocked->data };
    DWORD flags = 0;

    blocked->error =
        WSARecv(blocked->s, &buffer, 1, &blocked->bytes, &flags, &blocked->ov, NULL);
    if (blocked->error) blocked->error = WSAGetLastError();
    return 0;
}

/* Rules: SOCK-10 */
static void sock_010_overlapped_calls_block_on_other_sockets(void)
{
    struct sockaddr_in address;
    SOCKET door = listener(&address), peer;
    struct blocked blocked;
    HANDLE thread;
    int round;

    for (round = 0; round < 2; round++) {
        memset(&blocked, 0, sizeof(blocked));
        blocked.ov.hEvent = new_event();
        blocked.s = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, 0);
        ok_zero(connect_to(blocked.s, &address));
        peer = accept_one(door);
        if (round == 1) nonblocking(blocked.s);
        thread = CreateThread(NULL, 0, blocking_recv, &blocked, 0, NULL);
        ok(WaitForSingleObject(thread, QUIET) == WAIT_TIMEOUT, "round %d: returned", round);
        send_text(peer, "abc");
        ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "round %d: hangs", round);
        ok(blocked.error == 0 && blocked.bytes == 3, "round %d: error %d, %u bytes", round,
           blocked.error, (unsigned)blocked.bytes);
        ok_status(&blocked.ov, NT_SUCCESS_VALUE, 3);
        ok(is_set(blocked.ov.hEvent), "round %d: the event is not set", round);
        CloseHandle(blocked.ov.hEvent);
        CloseHandle(thread);
        closesocket(peer);
        closesocket(blocked.s);
    }
    closesocket(door);
}

/* Rules: SOCK-11 */
static void sock_011_arguments_of_socket(void)
{
    static const struct {
        int family, type, protocol, error, real_type;
    } cases[] = {
        { 99, SOCK_STREAM, IPPROTO_TCP, WSAEAFNOSUPPORT, 0 },
        { AF_INET, 77, IPPROTO_TCP, WSAESOCKTNOSUPPORT, 0 },
        { AF_INET, SOCK_STREAM, IPPROTO_UDP, WSAEPROTONOSUPPORT, 0 },
        { AF_INET, SOCK_DGRAM, IPPROTO_TCP, WSAEPROTONOSUPPORT, 0 },
        { AF_INET, SOCK_STREAM, 200, WSAEPROTONOSUPPORT, 0 },
        { 0, 0, 0, WSAEINVAL, 0 },
        { 0, SOCK_STREAM, 0, WSAEINVAL, 0 },
        { 0, SOCK_STREAM, IPPROTO_TCP, 0, SOCK_STREAM },
        { AF_INET, 0, IPPROTO_TCP, 0, SOCK_STREAM },
        { AF_INET, 0, IPPROTO_UDP, 0, SOCK_DGRAM },
        { AF_INET, SOCK_STREAM, 0, 0, SOCK_STREAM },
        { AF_INET, SOCK_DGRAM, 0, 0, SOCK_DGRAM },
        { AF_INET6, SOCK_STREAM, IPPROTO_TCP, 0, SOCK_STREAM },
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        SOCKET s = socket(cases[i].family, cases[i].type, cases[i].protocol);
        int error = s == INVALID_SOCKET ? WSAGetLastError() : 0;
        int type = 0, length = sizeof(type);

        ok(error == cases[i].error, "case %u: error %d", (unsigned)i, error);
        if (s == INVALID_SOCKET) continue;
        ok_zero(getsockopt(s, SOL_SOCKET, SO_TYPE, (char *)&type, &length));
        ok(type == cases[i].real_type, "case %u: type %d", (unsigned)i, type);
        closesocket(s);
    }
}

/* Rules: SOCK-11, SOCK-161 */
static void sock_011_flags_of_wsasocket(void)
{
    SOCKET s = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0,
                          WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    DWORD flags = HANDLE_FLAG_INHERIT;

    ok_socket(s);
    ok_true(GetHandleInformation((HANDLE)s, &flags));
    ok(!(flags & HANDLE_FLAG_INHERIT), "inherited");
    closesocket(s);
    s = WSASocketW(AF_INET, SOCK_DGRAM, IPPROTO_UDP, NULL, 0,
                   WSA_FLAG_OVERLAPPED | WSA_FLAG_MULTIPOINT_C_ROOT);
    WINE_DIFFERS("flags of WSASocket are not checked")
    ok(s == INVALID_SOCKET && WSAGetLastError() == WSAEINVAL, "multipoint flag: error %d",
       WSAGetLastError());
}

int main(void)
{
    watchdog(120);
    RUN(sock_001_nothing_works_before_startup);
    RUN(sock_001_pure_functions_need_no_startup);
    RUN(sock_003_version_is_negotiated);
    RUN(sock_002_startup_is_counted);
    RUN(sock_002_success_clears_the_last_error);
    RUN(sock_002_last_cleanup_ends_pending_receives);
    winsock_start();
    RUN(sock_004_one_last_error_per_thread);
    RUN(sock_005_a_socket_is_a_kernel_handle);
    RUN(sock_005_closehandle_ends_pending_operations);
    RUN(sock_006_a_socket_whose_connect_failed_can_listen);
    RUN(sock_007_wrong_handles_are_not_sockets);
    RUN(sock_007_kernel_calls_on_a_dead_socket);
    RUN(sock_008_reused_values_never_mix_completions);
    RUN(sock_009_which_sockets_are_overlapped);
    RUN(sock_010_overlapped_calls_block_on_other_sockets);
    RUN(sock_011_arguments_of_socket);
    RUN(sock_011_flags_of_wsasocket);
    return conform_end();
}
