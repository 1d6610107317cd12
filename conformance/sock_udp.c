/* Datagrams: sockets.md section L, the basic calls. */
#include "sockets.h"

/* A bound socket on a port and another one connected to it. */
struct datagrams {
    SOCKET s, peer;
    HANDLE port;
    struct sockaddr_in address, peer_address;
};

static struct datagrams datagrams(void)
{
    struct datagrams d;

    d.s = udp_socket();
    d.peer = udp_socket();
    d.address = bind_loopback(d.s);
    d.peer_address = bind_loopback(d.peer);
    ok_zero(connect_to(d.peer, &d.address));
    d.port = port_of(d.s, KEY);
    limit_blocking(d.s);
    limit_blocking(d.peer);
    return d;
}

static void datagrams_close(struct datagrams d)
{
    closesocket(d.s);
    closesocket(d.peer);
    CloseHandle(d.port);
}

/* Rules: SOCK-116, SOCK-26 */
static void sock_116_a_datagram_larger_than_its_buffer(void)
{
    struct datagrams d = datagrams();
    static OVERLAPPED ov;
    static char data[4];
    struct sockaddr_in from;
    DWORD bytes, flags = 0;
    int length = sizeof(from);

    fresh(&ov);
    ok_pends(start_recv(d.s, data, sizeof(data), &ov));
    send_text(d.peer, "0123456789");
    ok_failure(d.port, KEY, &ov, ERROR_MORE_DATA, 4);
    ok_status(&ov, NT_BUFFER_OVERFLOW, 4);
    ok(!WSAGetOverlappedResult(d.s, &ov, &bytes, FALSE, &flags) &&
           WSAGetLastError() == WSAEMSGSIZE && bytes == 4, "error %d", WSAGetLastError());
    ok(!memcmp(data, "0123", 4), "data %.4s", data);
    send_text(d.peer, "abcdef");
    send_text(d.peer, "gh");
    memset(&from, 0, sizeof(from));
    ok_wsa(recvfrom(d.s, data, sizeof(data), 0, (struct sockaddr *)&from, &length),
           WSAEMSGSIZE);
    ok(!memcmp(data, "abcd", 4), "data %.4s", data);
    ok(from.sin_port == d.peer_address.sin_port && length == sizeof(from), "from port %u",
       ntohs(from.sin_port));
    ok(receives(d.s, "gh"), "the rest of a datagram was kept");
    datagrams_close(d);
}

/* Rules: SOCK-117 */
static void sock_117_sending_to_a_closed_port_fails_a_receive(void)
{
    SOCKET s = udp_socket(), closed = udp_socket();
    struct sockaddr_in address = bind_loopback(closed);
    HANDLE port = port_of(s, KEY);
    static OVERLAPPED ov;
    static char data[8];

    bind_loopback(s);
    closesocket(closed);
    fresh(&ov);
    ok_pends(start_recv(s, data, sizeof(data), &ov));
    ok(sendto(s, "a", 1, 0, (struct sockaddr *)&address, sizeof(address)) == 1,
       "sendto: error %d", WSAGetLastError());
    ok_failure(port, KEY, &ov, ERROR_PORT_UNREACHABLE, 0);
    limit_blocking(s);
    ok(sendto(s, "a", 1, 0, (struct sockaddr *)&address, sizeof(address)) == 1,
       "sendto: error %d", WSAGetLastError());
    ok_wsa(recvfrom(s, data, sizeof(data), 0, NULL, NULL), WSAECONNRESET);
    closesocket(s);
    CloseHandle(port);
}

/* Rules: SOCK-117, T7 */
static void sock_117_the_errors_can_be_switched_off(void)
{
    struct datagrams d = datagrams();
    SOCKET closed = udp_socket();
    struct sockaddr_in address = bind_loopback(closed);
    BOOL report = FALSE;
    static OVERLAPPED ov;
    static char data[8];
    DWORD bytes = 0;
    int i;

    closesocket(closed);
    ok_zero(WSAIoctl(d.s, _WSAIOW(IOC_VENDOR, 12), &report, sizeof(report), NULL, 0, &bytes,
                     NULL, NULL));
    fresh(&ov);
    ok_pends(start_recv(d.s, data, sizeof(data), &ov));
    for (i = 0; i < 3; i++) {
        ok(sendto(d.s, "a", 1, 0, (struct sockaddr *)&address, sizeof(address)) == 1,
           "sendto: error %d", WSAGetLastError());
    }
    ok_quiet(d.port);
    send_text(d.peer, "abc");
    ok_success(d.port, KEY, &ov, 3);
    datagrams_close(d);
}

/* Rules: SOCK-118 */
static void sock_118_the_senders_address_comes_with_the_completion(void)
{
    struct datagrams d = datagrams();
    static OVERLAPPED ov;
    static char data[8];
    static struct sockaddr_storage from;
    static int length;
    DWORD flags = 0, bytes = UNTOUCHED;
    WSABUF buffer = { sizeof(data), data };
    const struct sockaddr_in *sender = (const struct sockaddr_in *)&from;

    length = sizeof(from);
    fresh(&ov);
    ok_wsa(WSARecvFrom(d.s, &buffer, 1, NULL, &flags, (struct sockaddr *)&from, &length, &ov,
                       NULL), WSA_IO_PENDING);
    send_text(d.peer, "abc");
    ok_success(d.port, KEY, &ov, 3);
    ok(length == sizeof(*sender) && sender->sin_port == d.peer_address.sin_port &&
           sender->sin_family == AF_INET, "length %d, port %u", length,
       ntohs(sender->sin_port));
    memset(&from, 0, sizeof(from));
    length = sizeof(from);
    send_text(d.peer, "de");
    UNTIL(recv(d.s, data, sizeof(data), MSG_PEEK) == 2);
    ok_zero(WSARecvFrom(d.s, &buffer, 1, &bytes, &flags, (struct sockaddr *)&from, &length, &ov,
                        NULL));
    ok(bytes == 2, "%u bytes", (unsigned)bytes);
    ok_success(d.port, KEY, &ov, 2);
    ok(length == sizeof(*sender) && sender->sin_port == d.peer_address.sin_port,
       "length %d, port %u", length, ntohs(sender->sin_port));
    datagrams_close(d);
}

/* Rules: SOCK-118 */
static void sock_118_a_short_address_keeps_the_datagram(void)
{
    struct datagrams d = datagrams();
    struct sockaddr_in from;
    int length = 3;
    char data[8];

    send_text(d.peer, "abc");
    ok_wsa(recvfrom(d.s, data, sizeof(data), 0, (struct sockaddr *)&from, &length), WSAEFAULT);
    ok(receives(d.s, "abc"), "the datagram is lost");
    datagrams_close(d);
}

/* Rules: SOCK-119, SOCK-145 */
static void sock_119_sending_binds(void)
{
    struct datagrams d = datagrams();
    SOCKET s = udp_socket(), other = udp_socket();
    struct sockaddr_in name;
    HANDLE port = port_of(other, 2);
    WSABUF buffer = { 3, (char *)"abc" };
    int length = sizeof(name);
    static OVERLAPPED ov;
    DWORD bytes;

    ok_wsa(getsockname(s, (struct sockaddr *)&name, &length), WSAEINVAL);
    ok(sendto(s, "abc", 3, 0, (struct sockaddr *)&d.address, sizeof(d.address)) == 3,
       "sendto: error %d", WSAGetLastError());
    ok_zero(getsockname(s, (struct sockaddr *)&name, &length));
    ok(name.sin_port != 0 && name.sin_addr.s_addr == htonl(INADDR_ANY), "name %08x:%u",
       (unsigned)ntohl(name.sin_addr.s_addr), ntohs(name.sin_port));
    ok(receives(d.s, "abc"), "sendto");
    fresh(&ov);
    ok_starts(WSASendTo(other, &buffer, 1, &bytes, 0, (struct sockaddr *)&d.address,
                        sizeof(d.address), &ov, NULL) == 0 ? 0 : WSAGetLastError());
    ok_success(port, 2, &ov, 3);
    length = sizeof(name);
    ok_zero(getsockname(other, (struct sockaddr *)&name, &length));
    ok(receives(d.s, "abc"), "WSASendTo");
    closesocket(s);
    closesocket(other);
    CloseHandle(port);
    datagrams_close(d);
}

/* Rules: SOCK-120, SOCK-109 */
static void sock_120_connected_datagram_sockets(void)
{
    struct datagrams d = datagrams();
    SOCKET stranger = udp_socket(), noise = udp_socket();
    struct sockaddr_in name, stranger_address = bind_loopback(stranger), zero;
    int length = sizeof(name);
    char data[8];

    limit_blocking(stranger);
    ok(sendto(noise, "xx", 2, 0, (struct sockaddr *)&d.peer_address,
              sizeof(d.peer_address)) == 2, "sendto: error %d", WSAGetLastError());
    ok(sendto(d.s, "abc", 3, 0, (struct sockaddr *)&d.peer_address,
              sizeof(d.peer_address)) == 3, "sendto: error %d", WSAGetLastError());
    ok(receives(d.peer, "abc"), "a stranger's datagram was received");
    ok(sendto(d.peer, "def", 3, 0, (struct sockaddr *)&stranger_address,
              sizeof(stranger_address)) == 3, "to another address: error %d",
       WSAGetLastError());
    ok(receives(stranger, "def"), "the other address gets nothing");
    ok_zero(getpeername(d.peer, (struct sockaddr *)&name, &length));
    ok_zero(connect_to(d.peer, &stranger_address));
    send_text(d.peer, "ghi");
    ok(receives(stranger, "ghi"), "after a second connect");
    memset(&zero, 0, sizeof(zero));
    zero.sin_family = AF_INET;
    ok_zero(connect_to(d.peer, &zero));
    ok_wsa(getpeername(d.peer, (struct sockaddr *)&name, &length), WSAENOTCONN);
    WINE_DIFFERS("the bytes go somewhere")
    ok_wsa(send(d.peer, data, 1, 0), WSAENOTCONN);
    closesocket(stranger);
    closesocket(noise);
    datagrams_close(d);
}

/* Rules: SOCK-109, SOCK-49, SOCK-57 */
static void sock_109_unbound_and_unconnected(void)
{
    SOCKET s = udp_socket();
    char byte = 0;

    limit_blocking(s);
    WINE_DIFFERS("10022")
    ok_wsa(send(s, &byte, 1, 0), WSAENOTCONN);
    closesocket(s);
    s = udp_socket();
    nonblocking(s);
    WINE_DIFFERS("10035")
    ok_wsa(recv(s, &byte, 1, 0), WSAEINVAL);
    closesocket(s);
}

/* Rules: SOCK-120 */
static void sock_120_destinations_that_are_none(void)
{
    struct datagrams d = datagrams();
    struct sockaddr_in address = loopback(0);
    SOCKET s = udp_socket();
    int result;

    result = sendto(d.s, "a", 1, 0, (struct sockaddr *)&address, sizeof(address));
    WINE_DIFFERS("Wine 8 fails")
    ok(result == 1, "port 0: result %d, error %d", result, WSAGetLastError());
    address.sin_port = htons(9);
    address.sin_addr.s_addr = INADDR_BROADCAST;
    ok_wsa(sendto(s, "a", 1, 0, (struct sockaddr *)&address, sizeof(address)), WSAEACCES);
    closesocket(s);
    datagrams_close(d);
}

/* Rules: SOCK-121 */
static void sock_121_too_large_to_send(void)
{
    static char big[70000];
    struct datagrams d = datagrams();
    unsigned limit = 0;
    int length = sizeof(limit);
    static OVERLAPPED ov;

    ok_zero(getsockopt(d.s, SOL_SOCKET, SO_MAX_MSG_SIZE, (char *)&limit, &length));
    ok(limit == 65507, "SO_MAX_MSG_SIZE %u", limit);
    ok_zero(connect_to(d.s, &d.peer_address));
    fresh(&ov);
    ok_gives(start_send(d.s, big, 65508, &ov), WSAEMSGSIZE);
    WINE_DIFFERS("taken for the warning of a receive")
    ok_quiet(d.port);
    ok_starts(start_send(d.s, big, 65507, &ov));
    ok_success(d.port, KEY, &ov, 65507);
    ok(recv(d.peer, big, sizeof(big), 0) == 65507, "recv: error %d", WSAGetLastError());
    datagrams_close(d);
}

/* Rules: SOCK-122, SOCK-118 */
static void sock_122_streams_ignore_addresses(void)
{
    struct pair pair = tcp_pair();
    SOCKET s = tcp_socket();
    struct sockaddr_in address = loopback(htons(9)), from;
    WSABUF buffer = { 3, (char *)"abc" };
    int length = sizeof(from);
    char data[8];
    DWORD bytes = 0;

    memset(&from, 0xcc, sizeof(from));
    ok_zero(WSASendTo(pair.here, &buffer, 1, &bytes, 0, (struct sockaddr *)&address,
                      sizeof(address), NULL, NULL));
    ok(bytes == 3, "%u bytes", (unsigned)bytes);
    ok(recvfrom(pair.peer, data, sizeof(data), 0, (struct sockaddr *)&from, &length) == 3,
       "recvfrom: error %d", WSAGetLastError());
    ok(from.sin_port == 0xcccc && length == sizeof(from), "port %x, length %d", from.sin_port,
       length);
    WINE_DIFFERS("the first send on an unconnected socket gives 10054")
    ok_wsa(sendto(s, "a", 1, 0, (struct sockaddr *)&address, sizeof(address)), WSAENOTCONN);
    ok_wsa(recvfrom(s, data, 1, 0, (struct sockaddr *)&from, &length), WSAENOTCONN);
    closesocket(s);
    close_pair(pair);
}

/* Rules: SOCK-123, SOCK-42, LX-02 */
static void sock_123_one_datagram_per_receive_in_order(void)
{
    enum { COUNT = 8 };
    struct datagrams d = datagrams();
    static OVERLAPPED ov[COUNT];
    static char data[COUNT][16];
    char text[16] = "";
    int i;

    for (i = 0; i < COUNT; i++) {
        fresh(&ov[i]);
        memset(data[i], 0, sizeof(data[i]));
        ok_pends(start_recv(d.s, data[i], sizeof(data[i]), &ov[i]));
    }
    for (i = 0; i < COUNT; i++) {
        memset(text, 'a' + i, (size_t)i);
        send_text(d.peer, text);
        ok_success(d.port, KEY, &ov[i], i);
        ok(!memcmp(data[i], text, (size_t)i), "receive %d got %.16s", i, data[i]);
    }
    ok_quiet(d.port);
    datagrams_close(d);
}

/* Rules: SOCK-123, SOCK-36 */
static void sock_123_a_datagram_is_scattered_and_gathered(void)
{
    struct datagrams d = datagrams();
    static char one[2], two[3], rest[8];
    WSABUF in[3] = { { sizeof(one), one }, { sizeof(two), two }, { sizeof(rest), rest } };
    WSABUF out[3] = { { 3, (char *)"abc" }, { 0, NULL }, { 4, (char *)"defg" } };
    static OVERLAPPED ov;
    DWORD bytes = 0, flags = 0;

    ok_zero(WSASend(d.peer, out, 3, &bytes, 0, NULL, NULL));
    ok(bytes == 7, "%u bytes sent", (unsigned)bytes);
    fresh(&ov);
    ok_starts(WSARecv(d.s, in, 3, NULL, &flags, &ov, NULL) == 0 ? 0 : WSAGetLastError());
    ok_success(d.port, KEY, &ov, 7);
    ok(!memcmp(one, "ab", 2) && !memcmp(two, "cde", 3) && !memcmp(rest, "fg", 2), "data");
    datagrams_close(d);
}

int main(void)
{
    winsock_start();
    RUN(sock_109_unbound_and_unconnected);
    RUN(sock_116_a_datagram_larger_than_its_buffer);
    RUN_WINE_FAILS(sock_117_sending_to_a_closed_port_fails_a_receive,
                   "unconnected sockets get no error");
    RUN(sock_117_the_errors_can_be_switched_off);
    RUN(sock_118_the_senders_address_comes_with_the_completion);
    RUN_WINE_FAILS(sock_118_a_short_address_keeps_the_datagram, "the call succeeds");
    RUN(sock_119_sending_binds);
    RUN(sock_120_connected_datagram_sockets);
    RUN(sock_120_destinations_that_are_none);
    RUN(sock_121_too_large_to_send);
    RUN(sock_122_streams_ignore_addresses);
    RUN(sock_123_one_datagram_per_receive_in_order);
    RUN(sock_123_a_datagram_is_scattered_and_gathered);
    return conform_end();
}
