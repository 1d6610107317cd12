/* Ioctls of sockets: sockets.md section M. */
#include "sockets.h"

#include <mstcpip.h>

/* WSAIoctl with an OVERLAPPED. 0, or the error. */
static int start_ioctl(SOCKET s, DWORD code, void *in, DWORD in_size, void *out, DWORD out_size,
                       DWORD *bytes, OVERLAPPED *ov)
{
    return WSAIoctl(s, code, in, in_size, out, out_size, bytes, ov, NULL) == 0
               ? 0
               : WSAGetLastError();
}

/* Rules: SOCK-128 */
static void sock_128_conventions_of_wsaioctl(void)
{
    SOCKET s = tcp_socket();
    u_long value = 0;
    DWORD bytes = UNTOUCHED;

    ok_wsa(WSAIoctl(s, FIONREAD, NULL, 0, &value, sizeof(value), NULL, NULL, NULL), WSAEFAULT);
    ok_wsa(WSAIoctl(s, FIONREAD, NULL, 0, &value, 3, &bytes, NULL, NULL), WSAEFAULT);
    ok(bytes == UNTOUCHED, "%u bytes", (unsigned)bytes);
    ok_wsa(WSAIoctl(s, 0xdeadbeef, NULL, 0, &value, sizeof(value), &bytes, NULL, NULL),
           WSAEOPNOTSUPP);
    ok(bytes == 0, "%u bytes", (unsigned)bytes);
    closesocket(s);
}

/* Rules: SOCK-128, SOCK-16 */
static void sock_128_an_overlapped_ioctl_queues_a_packet(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov;
    static u_long value;
    static DWORD bytes;

    fresh(&ov);
    bytes = UNTOUCHED;
    ok_gives(start_ioctl(pair.here, FIONREAD, NULL, 0, &value, sizeof(value), &bytes, &ov), 0);
    ok(bytes == sizeof(value), "%u bytes", (unsigned)bytes);
    ok_success(port, KEY, &ov, 0);
    ok_status(&ov, NT_SUCCESS_VALUE, 0);
    fresh(&ov);
    ok_pends(start_ioctl(pair.here, 0xdeadbeef, NULL, 0, &value, sizeof(value), &bytes, &ov));
    ok_failure(port, KEY, &ov, ERROR_NOT_SUPPORTED, 0);
    ok((ULONG)ov.Internal == NT_NOT_SUPPORTED, "Internal %08x", (unsigned)ov.Internal);
    ok_quiet(port);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-129, T6 */
static void sock_129_extension_functions(void)
{
    static const GUID ids[] = {
        WSAID_ACCEPTEX, WSAID_GETACCEPTEXSOCKADDRS, WSAID_CONNECTEX, WSAID_DISCONNECTEX,
    };
    static const GUID acceptex = {
        0xb5367df1, 0xcbac, 0x11cf, { 0x95, 0xca, 0x00, 0x80, 0x5f, 0x48, 0xa1, 0x92 }
    };
    GUID unknown = { 0xdeadbeef, 0x1111, 0x2222, { 1, 2, 3, 4, 5, 6, 7, 8 } };
    SOCKET s = tcp_socket();
    void *function;
    DWORD bytes;
    size_t i;

    ok(SIO_GET_EXTENSION_FUNCTION_POINTER == 0xC8000006, "the code");
    ok(!memcmp(&ids[0], &acceptex, sizeof(acceptex)), "the id of AcceptEx");
    for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        GUID id = ids[i];

        function = NULL;
        bytes = UNTOUCHED;
        ok_zero(WSAIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id), &function,
                         sizeof(function), &bytes, NULL, NULL));
        ok(function != NULL && bytes == sizeof(function), "id %u: %u bytes", (unsigned)i,
           (unsigned)bytes);
    }
    function = (void *)(ULONG_PTR)UNTOUCHED;
    ok_wsa(WSAIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &unknown, sizeof(unknown), &function,
                    sizeof(function), &bytes, NULL, NULL), WSAEINVAL);
    ok(function == (void *)(ULONG_PTR)UNTOUCHED, "a pointer was written");
    closesocket(s);
}

/* Rules: SOCK-129, SOCK-16 */
static void sock_129_an_unknown_function_queues_nothing(void)
{
    GUID unknown = { 0xdeadbeef, 0x1111, 0x2222, { 1, 2, 3, 4, 5, 6, 7, 8 } };
    GUID known = WSAID_ACCEPTEX;
    SOCKET s = tcp_socket();
    HANDLE port = port_of(s, KEY);
    static OVERLAPPED ov;
    static void *function;
    static DWORD bytes;

    fresh(&ov);
    ok_gives(start_ioctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &unknown, sizeof(unknown),
                         &function, sizeof(function), &bytes, &ov), WSAEINVAL);
    ok_quiet(port);
    ok_gives(start_ioctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &known, sizeof(known),
                         &function, sizeof(function), &bytes, &ov), 0);
    ok(function != NULL, "no function");
    ok_success(port, KEY, &ov, 0);
    closesocket(s);
    CloseHandle(port);
}

/* Rules: SOCK-130, SOCK-173, T4 */
static void sock_130_nonblocking_mode(void)
{
    struct pair pair = tcp_pair();
    struct {
        u_long value;
        unsigned canary;
    } argument = { 1, 0x55aa55aa };
    DWORD bytes = UNTOUCHED;
    char byte;

    ok(sizeof(u_long) == 4 && (DWORD)FIONBIO == 0x8004667Eu, "types");
    ok_zero(ioctlsocket(pair.here, FIONBIO, &argument.value));
    ok(argument.canary == 0x55aa55aa, "more than 4 bytes were written");
    ok_wsa(recv(pair.here, &byte, 1, 0), WSAEWOULDBLOCK);
    argument.value = 0;
    ok_zero(WSAIoctl(pair.here, FIONBIO, &argument.value, sizeof(argument.value), NULL, 0,
                     &bytes, NULL, NULL));
    ok(bytes == 0, "%u bytes", (unsigned)bytes);
    send_text(pair.peer, "a");
    ok(recv(pair.here, &byte, 1, 0) == 1, "recv: error %d", WSAGetLastError());
    ok_wsa(ioctlsocket(pair.here, FIONBIO, NULL), WSAEFAULT);
    close_pair(pair);
}

/* Rules: SOCK-131 */
static void sock_131_fionread(void)
{
    struct pair pair = tcp_pair();
    u_long value = UNTOUCHED;
    SOCKET s = udp_socket(), peer = udp_socket();
    struct sockaddr_in address = bind_loopback(s);

    ok_zero(ioctlsocket(pair.here, FIONREAD, &value));
    ok(value == 0, "%u bytes", (unsigned)value);
    send_text(pair.peer, "abcde");
    UNTIL(ioctlsocket(pair.here, FIONREAD, &value) == 0 && value == 5);
    ok(value == 5, "%u bytes", (unsigned)value);
    ok_zero(ioctlsocket(pair.here, SIOCATMARK, &value));
    ok(value == TRUE, "SIOCATMARK gives %u", (unsigned)value);
    ok_zero(connect_to(peer, &address));
    send_text(peer, "abc");
    UNTIL(ioctlsocket(s, FIONREAD, &value) == 0 && value != 0);
    ok(value == 3, "%u bytes", (unsigned)value);
    closesocket(s);
    closesocket(peer);
    close_pair(pair);
}

/* Rules: SOCK-132, T8 */
static void sock_132_keepalive_values(void)
{
    struct tcp_keepalive values = { 1, 60000, 5000 };
    SOCKET s = tcp_socket();
    int on = 0, length = sizeof(on);
    DWORD bytes = UNTOUCHED;

    ok(sizeof(values) == 12 && (DWORD)SIO_KEEPALIVE_VALS == 0x98000004u, "types");
    ok_zero(WSAIoctl(s, SIO_KEEPALIVE_VALS, &values, sizeof(values), NULL, 0, &bytes, NULL,
                     NULL));
    ok(bytes == 0, "%u bytes", (unsigned)bytes);
    ok_zero(getsockopt(s, SOL_SOCKET, SO_KEEPALIVE, (char *)&on, &length));
    ok(on, "keep-alive is off");
    values.keepaliveinterval = 0;
    ok_zero(WSAIoctl(s, SIO_KEEPALIVE_VALS, &values, sizeof(values), NULL, 0, &bytes, NULL,
                     NULL));
    values.onoff = 0;
    ok_zero(WSAIoctl(s, SIO_KEEPALIVE_VALS, &values, sizeof(values), NULL, 0, &bytes, NULL,
                     NULL));
    ok_wsa(WSAIoctl(s, SIO_KEEPALIVE_VALS, &values, 11, NULL, 0, &bytes, NULL, NULL),
           WSAEFAULT);
    ok(bytes == 0, "%u bytes", (unsigned)bytes);
    ok_wsa(WSAIoctl(s, SIO_KEEPALIVE_VALS, NULL, sizeof(values), NULL, 0, &bytes, NULL, NULL),
           WSAEFAULT);
    closesocket(s);
}

/* Rules: SOCK-133, T8 */
static void sock_133_the_base_handle_is_the_socket(void)
{
    SOCKET s = tcp_socket(), base = 0;
    HANDLE port = port_of(s, KEY);
    static OVERLAPPED ov;
    static DWORD bytes;

    bytes = UNTOUCHED;
    ok((DWORD)SIO_BASE_HANDLE == 0x48000022u, "the code");
    ok_zero(WSAIoctl(s, SIO_BASE_HANDLE, NULL, 0, &base, sizeof(base), &bytes, NULL, NULL));
    ok(base == s && bytes == sizeof(base), "base %llx, %u bytes", (unsigned long long)base,
       (unsigned)bytes);
    fresh(&ov);
    ok_pends(start_ioctl(s, SIO_BASE_HANDLE, NULL, 0, &base, sizeof(base), &bytes, &ov));
    ok_failure(port, KEY, &ov, ERROR_NOT_SUPPORTED, 0);
    closesocket(s);
    CloseHandle(port);
}

int main(void)
{
    winsock_start();
    RUN(sock_128_conventions_of_wsaioctl);
    RUN(sock_128_an_overlapped_ioctl_queues_a_packet);
    RUN(sock_129_extension_functions);
    RUN(sock_129_an_unknown_function_queues_nothing);
    RUN(sock_130_nonblocking_mode);
    RUN(sock_131_fionread);
    RUN(sock_132_keepalive_values);
    RUN(sock_133_the_base_handle_is_the_socket);
    return conform_end();
}
