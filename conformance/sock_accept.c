/* listen, accept and what an accepted socket inherits; SO_CONNECT_TIME:
 * sockets.md section I without AcceptEx.
 */
#include "sockets.h"

/* Rules: SOCK-86 */
static void sock_086_which_sockets_can_listen(void)
{
    struct sockaddr_in address;
    struct pair pair = tcp_pair();
    SOCKET s = tcp_socket(), udp = udp_socket();

    ok_wsa(listen(s, 1), WSAEINVAL);
    bind_loopback(s);
    ok_zero(listen(s, SOMAXCONN));
    ok_zero(listen(s, 1));
    bind_loopback(udp);
    ok_wsa(listen(udp, 1), WSAEOPNOTSUPP);
    WINE_DIFFERS("10022")
    ok_wsa(listen(pair.peer, 1), WSAEISCONN);
    closesocket(s);
    closesocket(udp);
    close_pair(pair);
    s = listener(&address);
    ok_wsa(connect_to(s, &address), WSAEINVAL);
    closesocket(s);
}

/* Rules: SOCK-87 */
static void sock_087_address_arguments_of_accept(void)
{
    struct sockaddr_in address, peer, real;
    SOCKET door = listener(&address), client[3], s;
    int i, length;

    for (i = 0; i < 3; i++) {
        client[i] = tcp_socket();
        ok_zero(connect_to(client[i], &address));
    }
    length = 0;
    s = accept(door, (struct sockaddr *)&peer, &length);
    ok(s == INVALID_SOCKET && WSAGetLastError() == WSAEFAULT && length == 0,
       "short length: error %d, length %d", WSAGetLastError(), length);
    if (s != INVALID_SOCKET) closesocket(s);
    length = sizeof(peer);
    memset(&peer, 0xcc, sizeof(peer));
    s = accept(door, (struct sockaddr *)&peer, &length);
    ok_socket(s);
    ok(length == sizeof(peer) && peer.sin_family == AF_INET, "length %d, family %d", length,
       peer.sin_family);
    length = sizeof(real);
    for (i = 0; i < 3; i++) {
        length = sizeof(real);
        ok_zero(getsockname(client[i], (struct sockaddr *)&real, &length));
        if (real.sin_port == peer.sin_port) break;
    }
    ok(i < 3, "the address is that of no client");
    closesocket(s);
    s = accept(door, (struct sockaddr *)&peer, NULL);
    ok_socket(s);
    closesocket(s);
    for (i = 0; i < 3; i++) closesocket(client[i]);
    closesocket(door);
}

/* Rules: SOCK-87 */
static void sock_087_a_nonblocking_listener_does_not_wait(void)
{
    struct sockaddr_in address;
    SOCKET door = listener(&address), client = tcp_socket(), s;

    nonblocking(door);
    s = accept(door, NULL, NULL);
    ok(s == INVALID_SOCKET && WSAGetLastError() == WSAEWOULDBLOCK, "error %d",
       WSAGetLastError());
    ok_zero(connect_to(client, &address));
    UNTIL((s = accept(door, NULL, NULL)) != INVALID_SOCKET);
    ok_socket(s);
    closesocket(s);
    closesocket(client);
    closesocket(door);
}

struct verdict {
    int answer, calls;
    u_short caller_port;
};

static int CALLBACK decide(WSABUF *caller, WSABUF *data, QOS *sqos, QOS *gqos, WSABUF *callee,
                           WSABUF *reply, GROUP *group, DWORD_PTR argument)
{
    struct verdict *verdict = (struct verdict *)argument;

    (void)data;
    (void)sqos;
    (void)gqos;
    (void)callee;
    (void)reply;
    (void)group;
    verdict->calls++;
    if (caller && caller->buf) {
        verdict->caller_port = ((struct sockaddr_in *)(void *)caller->buf)->sin_port;
    }
    return verdict->answer;
}

/* Rules: SOCK-87 */
static void sock_087_a_condition_decides(void)
{
    struct sockaddr_in address, name;
    SOCKET door = listener(&address), client = tcp_socket(), s;
    struct verdict verdict = { CF_DEFER, 0, 0 };
    int length = sizeof(name);

    nonblocking(door);
    ok_zero(connect_to(client, &address));
    ok_zero(getsockname(client, (struct sockaddr *)&name, &length));
    UNTIL((s = WSAAccept(door, NULL, NULL, decide, (DWORD_PTR)&verdict)) != INVALID_SOCKET ||
          WSAGetLastError() != WSAEWOULDBLOCK);
    ok(s == INVALID_SOCKET && WSAGetLastError() == WSATRY_AGAIN, "deferred: error %d",
       WSAGetLastError());
    ok(verdict.calls == 1 && verdict.caller_port == name.sin_port, "%d calls, port %u",
       verdict.calls, ntohs(verdict.caller_port));
    verdict.answer = CF_ACCEPT;
    s = WSAAccept(door, NULL, NULL, decide, (DWORD_PTR)&verdict);
    ok_socket(s);
    send_text(client, "abc");
    limit_blocking(s);
    UNTIL(recv(s, (char *)&name, 3, MSG_PEEK) == 3);
    ok(receives(s, "abc"), "the deferred connection does not work");
    closesocket(s);
    closesocket(client);
    client = tcp_socket();
    verdict.answer = CF_REJECT;
    ok_zero(connect_to(client, &address));
    UNTIL((s = WSAAccept(door, NULL, NULL, decide, (DWORD_PTR)&verdict)) != INVALID_SOCKET ||
          WSAGetLastError() != WSAEWOULDBLOCK);
    ok(s == INVALID_SOCKET && WSAGetLastError() == WSAECONNREFUSED, "rejected: error %d",
       WSAGetLastError());
    ok(verdict.calls == 3, "%d calls", verdict.calls);
    closesocket(client);
    closesocket(door);
}

static int option(SOCKET s, int level, int name)
{
    int value = 0, length = sizeof(value);
    int result = getsockopt(s, level, name, (char *)&value, &length);

    ok(result == 0, "getsockopt %x: error %d", name, WSAGetLastError());
    return value;
}

/* Rules: SOCK-88, SOCK-142 */
static void sock_088_options_are_inherited(void)
{
    static const struct {
        int level, name, value;
    } cases[] = {
        { SOL_SOCKET, SO_KEEPALIVE, 1 },
        { SOL_SOCKET, SO_OOBINLINE, 1 },
        { SOL_SOCKET, SO_SNDBUF, 0x1234 },
        { SOL_SOCKET, SO_RCVBUF, 0x4321 },
        { SOL_SOCKET, SO_SNDTIMEO, 9123 },
        { SOL_SOCKET, SO_RCVTIMEO, 8456 },
        { IPPROTO_TCP, TCP_NODELAY, 1 },
    };
    struct sockaddr_in address;
    SOCKET door = listener(&address), client = tcp_socket(), s;
    struct linger value;
    int length = sizeof(value);
    char byte;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ok_zero(setsockopt(door, cases[i].level, cases[i].name, (char *)&cases[i].value, 4));
    }
    linger(door, 1, 42);
    ok_zero(connect_to(client, &address));
    s = accept(door, NULL, NULL);
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int got = option(s, cases[i].level, cases[i].name);

        ok(got == cases[i].value, "option %x is %d, wanted %d", cases[i].name, got,
           cases[i].value);
    }
    ok_zero(getsockopt(s, SOL_SOCKET, SO_LINGER, (char *)&value, &length));
    ok(value.l_onoff && value.l_linger == 42, "linger %u %u", value.l_onoff, value.l_linger);
    linger(s, 0, 0);
    closesocket(s);
    closesocket(client);
    client = tcp_socket();
    nonblocking(door);
    ok_zero(connect_to(client, &address));
    UNTIL((s = accept(door, NULL, NULL)) != INVALID_SOCKET);
    limit_blocking(s);
    ok_wsa(recv(s, &byte, 1, 0), WSAEWOULDBLOCK);
    linger(s, 0, 0);
    closesocket(s);
    closesocket(client);
    closesocket(door);
}

/* Rules: SOCK-98, SOCK-91, T7 */
static void sock_098_connect_time(void)
{
    struct sockaddr_in address;
    struct pair pair = tcp_pair();
    SOCKET door = listener(&address), s = tcp_socket(), udp = udp_socket(), acceptor;
    SOCKET client = tcp_socket();
    HANDLE port = port_of(door, KEY);
    LPFN_ACCEPTEX accept_ex = (LPFN_ACCEPTEX)extension(door, (GUID)WSAID_ACCEPTEX);
    static char area[16 + 2 * ADDRESS_AREA];
    static OVERLAPPED ov;
    DWORD bytes;

    ok(option(s, SOL_SOCKET, SO_CONNECT_TIME) == -1, "unconnected");
    ok(option(door, SOL_SOCKET, SO_CONNECT_TIME) == -1, "listener");
    ok(option(udp, SOL_SOCKET, SO_CONNECT_TIME) == -1, "datagram");
    ok((unsigned)option(pair.here, SOL_SOCKET, SO_CONNECT_TIME) < 60, "accepted");
    ok((unsigned)option(pair.peer, SOL_SOCKET, SO_CONNECT_TIME) < 60, "connected");
    acceptor = tcp_socket();
    fresh(&ov);
    ok_false(accept_ex(door, acceptor, area, 16, ADDRESS_AREA, ADDRESS_AREA, &bytes, &ov),
             ERROR_IO_PENDING);
    ok(option(acceptor, SOL_SOCKET, SO_CONNECT_TIME) == -1, "acceptor without connection");
    ok_zero(connect_to(client, &address));
    UNTIL(option(acceptor, SOL_SOCKET, SO_CONNECT_TIME) != -1);
    ok((unsigned)option(acceptor, SOL_SOCKET, SO_CONNECT_TIME) < 60, "silent client");
    ok_quiet(port);
    send_text(client, "x");
    ok_success(port, KEY, &ov, 1);
    closesocket(acceptor);
    closesocket(client);
    closesocket(door);
    closesocket(udp);
    closesocket(s);
    close_pair(pair);
    CloseHandle(port);
}

int main(void)
{
    winsock_start();
    RUN(sock_086_which_sockets_can_listen);
    RUN(sock_087_address_arguments_of_accept);
    RUN(sock_087_a_nonblocking_listener_does_not_wait);
    RUN(sock_087_a_condition_decides);
    RUN(sock_088_options_are_inherited);
    RUN(sock_098_connect_time);
    return conform_end();
}
