/* Socket options: sockets.md section N. */
#include "sockets.h"

/* getsockopt of 4 bytes: 0, or the error. */
static int get(SOCKET s, int level, int name, int *value)
{
    int length = sizeof(*value);

    *value = 0;
    return getsockopt(s, level, name, (char *)value, &length) == 0 ? 0 : WSAGetLastError();
}

static int set(SOCKET s, int level, int name, int value)
{
    return setsockopt(s, level, name, (char *)&value, sizeof(value)) == 0 ? 0
                                                                          : WSAGetLastError();
}

/* Rules: SOCK-135, T4 */
static void sock_135_the_numbers_are_those_of_windows(void)
{
    ok(SOL_SOCKET == 0xffff && SO_REUSEADDR == 4 && SO_KEEPALIVE == 8 && SO_BROADCAST == 0x20 &&
           SO_LINGER == 0x80 && SO_OOBINLINE == 0x100 && SO_SNDBUF == 0x1001 &&
           SO_RCVBUF == 0x1002 && SO_SNDTIMEO == 0x1005 && SO_RCVTIMEO == 0x1006 &&
           SO_ERROR == 0x1007 && SO_TYPE == 0x1008, "SOL_SOCKET");
    ok((unsigned)SO_EXCLUSIVEADDRUSE == 0xfffffffbu && (unsigned)SO_DONTLINGER == 0xffffff7fu,
       "inverted options");
    ok(SO_UPDATE_ACCEPT_CONTEXT == 0x700b && SO_UPDATE_CONNECT_CONTEXT == 0x7010 &&
           SO_CONNECT_TIME == 0x700c, "mswsock");
    ok(AF_INET == 2 && AF_INET6 == 23 && IPV6_V6ONLY == 27 && TCP_NODELAY == 1, "families");
    ok(MSG_PEEK == 2 && MSG_WAITALL == 8 && MSG_PARTIAL == 0x8000 && SOMAXCONN == 0x7fffffff,
       "flags");
    ok(SD_RECEIVE == 0 && SD_SEND == 1 && SD_BOTH == 2 && WSA_FLAG_OVERLAPPED == 1, "others");
}

/* Rules: SOCK-135 */
static void sock_135_information_options(void)
{
    struct sockaddr_in address;
    SOCKET s = tcp_socket(), door = listener(&address), udp = udp_socket();
    int value;

    ok_zero(get(s, SOL_SOCKET, SO_TYPE, &value));
    ok(value == SOCK_STREAM, "type %d", value);
    ok_zero(get(udp, SOL_SOCKET, SO_TYPE, &value));
    ok(value == SOCK_DGRAM, "type %d", value);
    ok_gives(set(s, SOL_SOCKET, SO_TYPE, SOCK_DGRAM), WSAENOPROTOOPT);
    ok_zero(get(s, SOL_SOCKET, SO_ACCEPTCONN, &value));
    ok(value == 0, "a new socket listens");
    ok_zero(get(door, SOL_SOCKET, SO_ACCEPTCONN, &value));
    ok(value == 1, "SO_ACCEPTCONN %d", value);
    ok_gives(set(s, SOL_SOCKET, SO_ACCEPTCONN, 1), WSAENOPROTOOPT);
    ok_gives(set(s, SOL_SOCKET, SO_CONNECT_TIME, 1), WSAENOPROTOOPT);
    ok_gives(get(s, SOL_SOCKET, 0x4321, &value), WSAENOPROTOOPT);
    ok_gives(set(s, SOL_SOCKET, 0x4321, 1), WSAENOPROTOOPT);
    ok_gives(get(s, 0x4321, 1, &value), WSAEINVAL);
    closesocket(s);
    closesocket(door);
    closesocket(udp);
}

/* Rules: SOCK-136 */
static void sock_136_sizes_of_values(void)
{
    static const int four[] = { SO_SNDBUF, SO_RCVBUF, SO_SNDTIMEO, SO_RCVTIMEO, SO_LINGER };
    SOCKET s = tcp_socket();
    char bytes[8] = { 1, 0, 0, 0, 0, 0, 0, 0 };
    int length, value;
    size_t i;

    for (i = 0; i < sizeof(four) / sizeof(four[0]); i++) {
        length = 3;
        ok_wsa(getsockopt(s, SOL_SOCKET, four[i], bytes, &length), WSAEFAULT);
        ok_wsa(setsockopt(s, SOL_SOCKET, four[i], bytes, 3), WSAEFAULT);
        ok_wsa(setsockopt(s, SOL_SOCKET, four[i], NULL, 4), WSAEFAULT);
    }
    bytes[0] = 1;
    ok_zero(setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, bytes, 1));
    ok_zero(get(s, SOL_SOCKET, SO_KEEPALIVE, &value));
    ok(value == 1, "SO_KEEPALIVE %d", value);
    length = 1;
    ok_zero(getsockopt(s, SOL_SOCKET, SO_KEEPALIVE, bytes, &length));
    ok(length == 1 && bytes[0] == 1, "length %d, value %d", length, bytes[0]);
    ok_zero(setsockopt(s, IPPROTO_TCP, TCP_NODELAY, bytes, 1));
    length = 1;
    ok_zero(getsockopt(s, IPPROTO_TCP, TCP_NODELAY, bytes, &length));
    ok(length == 1 && bytes[0] == 1, "length %d, value %d", length, bytes[0]);
    ok_wsa(setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, NULL, 4), WSAEFAULT);
    closesocket(s);
}

/* Rules: SOCK-137, T8 */
static void sock_137_buffer_sizes_read_as_set(void)
{
    static const int sizes[] = { 0, 1, 0x123, 20000, 65536, 200000 };
    struct pair pair = tcp_pair();
    SOCKET s = tcp_socket();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov;
    int value;
    size_t i;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        ok_zero(set(s, SOL_SOCKET, SO_SNDBUF, sizes[i]));
        ok_zero(get(s, SOL_SOCKET, SO_SNDBUF, &value));
        ok(value == sizes[i], "SO_SNDBUF %d reads %d", sizes[i], value);
        ok_zero(set(s, SOL_SOCKET, SO_RCVBUF, sizes[i]));
        ok_zero(get(s, SOL_SOCKET, SO_RCVBUF, &value));
        ok(value == sizes[i], "SO_RCVBUF %d reads %d", sizes[i], value);
    }
    ok_zero(set(pair.here, SOL_SOCKET, SO_SNDBUF, 0));
    ok_zero(set(pair.here, SOL_SOCKET, SO_RCVBUF, 0));
    fresh(&ov);
    ok_starts(start_send(pair.here, "abc", 3, &ov));
    ok(receives(pair.peer, "abc"), "no data with a send buffer of 0");
    ok_success(port, KEY, &ov, 3);
    send_text(pair.peer, "def");
    ok(receives(pair.here, "def"), "no data with a receive buffer of 0");
    closesocket(s);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-48, SOCK-137 */
static void sock_048_timeouts_are_numbers_of_milliseconds(void)
{
    SOCKET s = tcp_socket();
    int value = -1;

    ok_zero(get(s, SOL_SOCKET, SO_RCVTIMEO, &value));
    ok(value == 0, "default %d", value);
    ok_zero(set(s, SOL_SOCKET, SO_RCVTIMEO, 1500));
    ok_zero(get(s, SOL_SOCKET, SO_RCVTIMEO, &value));
    ok(value == 1500, "SO_RCVTIMEO %d", value);
    ok_zero(set(s, SOL_SOCKET, SO_SNDTIMEO, 2700));
    ok_zero(get(s, SOL_SOCKET, SO_SNDTIMEO, &value));
    ok(value == 2700, "SO_SNDTIMEO %d", value);
    closesocket(s);
}

/* Rules: SOCK-138 */
static void sock_138_exclusive_and_shared_exclude_each_other(void)
{
    SOCKET s = tcp_socket();
    int value;

    ok_zero(set(s, SOL_SOCKET, SO_REUSEADDR, 1));
    ok_zero(get(s, SOL_SOCKET, SO_REUSEADDR, &value));
    ok(value == 1, "SO_REUSEADDR %d", value);
    ok_gives(set(s, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 1), WSAEINVAL);
    ok_zero(set(s, SOL_SOCKET, SO_REUSEADDR, 0));
    ok_zero(set(s, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 1));
    ok_zero(get(s, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, &value));
    ok(value == 1, "SO_EXCLUSIVEADDRUSE %d", value);
    ok_gives(set(s, SOL_SOCKET, SO_REUSEADDR, 1), WSAEINVAL);
    closesocket(s);
}

/* Rules: SOCK-139, T8 */
static void sock_139_protocol_information(void)
{
    SOCKET s = tcp_socket(), udp = udp_socket();
    WSAPROTOCOL_INFOA a;
    WSAPROTOCOL_INFOW w;
    int length = sizeof(a);

    ok(sizeof(a) == 372 && sizeof(w) == 628, "sizes %u %u", (unsigned)sizeof(a),
       (unsigned)sizeof(w));
    memset(&a, 0xcc, sizeof(a));
    ok_zero(getsockopt(s, SOL_SOCKET, SO_PROTOCOL_INFOA, (char *)&a, &length));
    ok(length == sizeof(a) && a.dwServiceFlags1 & XP1_IFS_HANDLES, "flags %x",
       (unsigned)a.dwServiceFlags1);
    ok(a.ProtocolChain.ChainLen == 1 && a.iAddressFamily == AF_INET &&
           a.iSocketType == SOCK_STREAM && a.iProtocol == IPPROTO_TCP, "%d %d %d",
       a.iAddressFamily, a.iSocketType, a.iProtocol);
    length = sizeof(w);
    ok_zero(getsockopt(udp, SOL_SOCKET, SO_PROTOCOL_INFOW, (char *)&w, &length));
    ok(length == sizeof(w) && w.dwServiceFlags1 & XP1_IFS_HANDLES &&
           w.iSocketType == SOCK_DGRAM && w.iProtocol == IPPROTO_UDP, "%d %d", w.iSocketType,
       w.iProtocol);
    length = sizeof(a) - 1;
    ok_wsa(getsockopt(s, SOL_SOCKET, SO_PROTOCOL_INFOA, (char *)&a, &length), WSAEFAULT);
    closesocket(s);
    closesocket(udp);
}

/* Rules: SOCK-140 */
static void sock_140_ipv6_sockets_are_ipv6_only(void)
{
    SOCKET s = socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP);
    struct sockaddr_in6 address;
    int value = 0;

    ok_socket(s);
    ok_zero(get(s, IPPROTO_IPV6, IPV6_V6ONLY, &value));
    ok(value == 1, "default %d", value);
    ok_zero(set(s, IPPROTO_IPV6, IPV6_V6ONLY, 0));
    ok_zero(get(s, IPPROTO_IPV6, IPV6_V6ONLY, &value));
    ok(value == 0, "IPV6_V6ONLY %d", value);
    memset(&address, 0, sizeof(address));
    address.sin6_family = AF_INET6;
    if (bind(s, (struct sockaddr *)&address, sizeof(address)) == 0) {
        ok_gives(set(s, IPPROTO_IPV6, IPV6_V6ONLY, 1), WSAEINVAL);
    }
    closesocket(s);
}

/* Rules: SOCK-142 */
static void sock_142_nodelay(void)
{
    struct pair pair = tcp_pair();
    SOCKET s = tcp_socket();
    int value = 1;

    ok_zero(get(s, IPPROTO_TCP, TCP_NODELAY, &value));
    ok(value == 0, "default %d", value);
    ok_zero(set(s, IPPROTO_TCP, TCP_NODELAY, 1));
    ok_zero(get(s, IPPROTO_TCP, TCP_NODELAY, &value));
    ok(value == 1, "TCP_NODELAY %d", value);
    ok_zero(set(pair.here, IPPROTO_TCP, TCP_NODELAY, 1));
    ok_zero(get(pair.here, IPPROTO_TCP, TCP_NODELAY, &value));
    ok(value == 1, "connected: TCP_NODELAY %d", value);
    closesocket(s);
    close_pair(pair);
}

int main(void)
{
    winsock_start();
    RUN(sock_135_the_numbers_are_those_of_windows);
    RUN(sock_135_information_options);
    RUN(sock_136_sizes_of_values);
    RUN(sock_137_buffer_sizes_read_as_set);
    RUN(sock_048_timeouts_are_numbers_of_milliseconds);
    RUN(sock_138_exclusive_and_shared_exclude_each_other);
    RUN(sock_139_protocol_information);
    RUN(sock_140_ipv6_sockets_are_ipv6_only);
    RUN(sock_142_nodelay);
    return conform_end();
}
