/* AcceptEx: sockets.md section I. */
#include "sockets.h"

static LPFN_ACCEPTEX accept_ex;
static LPFN_GETACCEPTEXSOCKADDRS get_addresses;

/* AcceptEx with whole address areas. 0, or the error. */
static int start_accept(SOCKET door, SOCKET acceptor, char *area, DWORD data, OVERLAPPED *ov)
{
    DWORD bytes = 0;

    return accept_ex(door, acceptor, area, data, ADDRESS_AREA, ADDRESS_AREA, &bytes, ov)
               ? 0
               : WSAGetLastError();
}

static SOCKET client_of(const struct sockaddr_in *address)
{
    SOCKET s = tcp_socket();

    ok_zero(connect_to(s, address));
    limit_blocking(s);
    return s;
}

/* Rules: SOCK-89, SOCK-16 */
static void sock_089_arguments_of_acceptex(void)
{
    struct sockaddr_in address;
    struct pair pair = tcp_pair();
    SOCKET door = listener(&address), bound = tcp_socket(), acceptor = tcp_socket();
    SOCKET udp = udp_socket(), bound_acceptor = tcp_socket(), spare = tcp_socket();
    HANDLE port = port_of(door, KEY);
    static char area[64 + 2 * ADDRESS_AREA];
    static OVERLAPPED ov, busy;
    DWORD bytes;

    bind_loopback(bound);
    bind_loopback(bound_acceptor);
    fresh(&ov);
    ok_false(accept_ex(door, acceptor, area, 0, ADDRESS_AREA, ADDRESS_AREA, &bytes, NULL),
             ERROR_INVALID_PARAMETER);
    ok_gives(start_accept(INVALID_SOCKET, acceptor, area, 0, &ov), WSAENOTSOCK);
    ok_gives(start_accept(door, INVALID_SOCKET, area, 0, &ov), WSAENOTSOCK);
    WINE_DIFFERS("a socket that does not listen")
    ok_gives(start_accept(bound, spare, area, 0, &ov), WSAEINVAL);
    ok_false(accept_ex(door, acceptor, area, 0, ADDRESS_AREA, 0, &bytes, &ov), WSAEFAULT);
    ok_quiet(port);
    fresh(&busy);
    ok_pends(start_accept(door, acceptor, area, 0, &busy));
    ok_gives(start_accept(door, acceptor, area, 0, &ov), WSAEINVAL);
    ok_true(CancelIoEx((HANDLE)door, &busy));
    ok_failure(port, KEY, &busy, ERROR_OPERATION_ABORTED, 0);
    ok_quiet(port);
    WINE_DIFFERS("a NULL buffer is accepted")
    ok_gives(start_accept(door, acceptor, NULL, 0, &ov), WSAEFAULT);
    CancelIoEx((HANDLE)door, NULL);
    take(port, QUIET);
    WINE_DIFFERS("a bound acceptor is accepted")
    ok_gives(start_accept(door, bound_acceptor, area, 0, &ov), WSAEINVAL);
    CancelIoEx((HANDLE)door, NULL);
    take(port, QUIET);
    WINE_DIFFERS("a connected acceptor is accepted")
    ok_gives(start_accept(door, pair.here, area, 0, &ov), WSAEINVAL);
    CancelIoEx((HANDLE)door, NULL);
    take(port, QUIET);
    WINE_DIFFERS("a datagram socket is accepted")
    ok_gives(start_accept(door, udp, area, 0, &ov), WSAEINVAL);
    CancelIoEx((HANDLE)door, NULL);
    closesocket(door);
    closesocket(bound);
    closesocket(bound_acceptor);
    closesocket(spare);
    closesocket(acceptor);
    closesocket(udp);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-90, SOCK-15, LX-02 */
static void sock_090_accepts_are_served_in_order_on_the_listeners_port(void)
{
    enum { COUNT = 8 };
    struct sockaddr_in address;
    SOCKET door = listener(&address), acceptors[COUNT], clients[COUNT];
    HANDLE port = port_of(door, KEY), other;
    static char area[COUNT][2 * ADDRESS_AREA];
    static OVERLAPPED ov[COUNT];
    int i;

    for (i = 0; i < COUNT; i++) {
        acceptors[i] = tcp_socket();
        fresh(&ov[i]);
        ok_pends(start_accept(door, acceptors[i], area[i], 0, &ov[i]));
    }
    for (i = 0; i < COUNT; i++) {
        char text[2] = { (char)('a' + i), 0 };

        clients[i] = client_of(&address);
        send_text(clients[i], text);
        ok_success(port, KEY, &ov[i], 0);
        limit_blocking(acceptors[i]);
        ok(receives(acceptors[i], text), "acceptor %d has another client", i);
    }
    ok_quiet(port);
    other = port_of(acceptors[0], 5);
    for (i = 0; i < COUNT; i++) {
        closesocket(acceptors[i]);
        closesocket(clients[i]);
    }
    closesocket(door);
    CloseHandle(port);
    CloseHandle(other);
}

/* Rules: SOCK-90, SOCK-16 */
static void sock_090_a_waiting_connection_is_accepted_with_a_packet(void)
{
    struct sockaddr_in address;
    SOCKET door = listener(&address), acceptor = tcp_socket(), client = client_of(&address);
    HANDLE port = port_of(door, KEY);
    static char area[2 * ADDRESS_AREA];
    static OVERLAPPED ov;

    fresh(&ov);
    ok_starts(start_accept(door, acceptor, area, 0, &ov));
    ok_success(port, KEY, &ov, 0);
    ok_quiet(port);
    closesocket(acceptor);
    closesocket(client);
    closesocket(door);
    CloseHandle(port);
}

/* Rules: SOCK-91, SOCK-92, T12 */
static void sock_091_acceptex_waits_for_the_first_data(void)
{
    struct sockaddr_in address;
    SOCKET door = listener(&address), acceptor = tcp_socket(), client;
    HANDLE port = port_of(door, KEY);
    static char area[4 + 2 * ADDRESS_AREA];
    static OVERLAPPED ov;

    fresh(&ov);
    ok_pends(start_accept(door, acceptor, area, 4, &ov));
    client = client_of(&address);
    ok_quiet(port);
    send_text(client, "abcdefg");
    ok_success(port, KEY, &ov, 4);
    ok(!memcmp(area, "abcd", 4), "data %.4s", area);
    limit_blocking(acceptor);
    ok(receives(acceptor, "efg"), "the rest of the data");
    closesocket(acceptor);
    closesocket(client);
    closesocket(door);
    CloseHandle(port);
}

/* Rules: SOCK-91, SOCK-95 */
static void sock_091_clients_that_end_before_sending(void)
{
    struct sockaddr_in address;
    SOCKET door = listener(&address), acceptor, client;
    HANDLE port = port_of(door, KEY);
    static char area[4 + 2 * ADDRESS_AREA];
    static OVERLAPPED ov;

    acceptor = tcp_socket();
    fresh(&ov);
    ok_pends(start_accept(door, acceptor, area, 4, &ov));
    client = client_of(&address);
    closesocket(client);
    ok_success(port, KEY, &ov, 0);
    closesocket(acceptor);

    acceptor = tcp_socket();
    ok_pends(start_accept(door, acceptor, area, 4, &ov));
    client = client_of(&address);
    ok_quiet(port);
    reset_connection(client);
    ok_failure(port, KEY, &ov, ERROR_NETNAME_DELETED, 0);
    closesocket(acceptor);

    acceptor = tcp_socket();
    ok_pends(start_accept(door, acceptor, area, 4, &ov));
    client = client_of(&address);
    send_text(client, "x");
    ok_success(port, KEY, &ov, 1);
    closesocket(client);
    closesocket(acceptor);
    closesocket(door);
    CloseHandle(port);
}

static void same_address(const struct sockaddr *found, int length, SOCKET s, const char *which)
{
    const struct sockaddr_in *address = (const struct sockaddr_in *)found;
    struct sockaddr_in real;
    int real_length = sizeof(real);

    ok_zero(getsockname(s, (struct sockaddr *)&real, &real_length));
    ok(length == sizeof(real) && address->sin_family == AF_INET &&
           address->sin_port == real.sin_port &&
           address->sin_addr.s_addr == real.sin_addr.s_addr,
       "%s: length %d, family %d, port %u", which, length, address->sin_family,
       ntohs(address->sin_port));
}

/* Rules: SOCK-92 */
static void sock_092_addresses_follow_the_data(void)
{
    struct sockaddr_in address;
    SOCKET door = listener(&address), acceptor = tcp_socket(), client;
    HANDLE port = port_of(door, KEY);
    static char area[16 + 2 * ADDRESS_AREA];
    struct sockaddr *local = NULL, *remote = NULL;
    int local_length = 0, remote_length = 0;
    static OVERLAPPED ov;

    fresh(&ov);
    ok_pends(start_accept(door, acceptor, area, 16, &ov));
    client = client_of(&address);
    send_text(client, "abc");
    ok_success(port, KEY, &ov, 3);
    get_addresses(area, 16, ADDRESS_AREA, ADDRESS_AREA, &local, &local_length, &remote,
                  &remote_length);
    ok((char *)local >= area + 16 && (char *)local < area + 16 + ADDRESS_AREA,
       "the local address is outside its area");
    ok((char *)remote >= area + 16 + ADDRESS_AREA && (char *)remote < area + sizeof(area),
       "the remote address is outside its area");
    if (local && remote) {
        same_address(local, local_length, door, "local");
        same_address(remote, remote_length, client, "remote");
    }
    closesocket(acceptor);
    closesocket(client);
    closesocket(door);
    CloseHandle(port);
}

/* Rules: SOCK-92 */
static void sock_092_no_area_for_the_local_address(void)
{
    struct sockaddr_in address;
    SOCKET door = listener(&address), acceptor = tcp_socket(), client;
    HANDLE port = port_of(door, KEY);
    static char area[ADDRESS_AREA];
    struct sockaddr *untouched = (struct sockaddr *)(ULONG_PTR)UNTOUCHED;
    struct sockaddr *local = untouched, *remote = NULL;
    int local_length = (int)UNTOUCHED, remote_length = 0;
    static OVERLAPPED ov;
    DWORD bytes;

    fresh(&ov);
    ok_false(accept_ex(door, acceptor, area, 0, 0, ADDRESS_AREA, &bytes, &ov),
             ERROR_IO_PENDING);
    client = client_of(&address);
    ok_success(port, KEY, &ov, 0);
    get_addresses(area, 0, 0, ADDRESS_AREA, &local, &local_length, &remote, &remote_length);
    WINE_DIFFERS("written")
    ok(local == untouched && local_length == (int)UNTOUCHED, "local %p, length %d", (void *)local,
       local_length);
    if (remote) same_address(remote, remote_length, client, "remote");
    closesocket(acceptor);
    closesocket(client);
    closesocket(door);
    CloseHandle(port);
}

/* Rules: SOCK-93 */
static void sock_093_an_address_area_that_is_too_small(void)
{
    struct sockaddr_in address;
    SOCKET door = listener(&address), acceptor = tcp_socket(), client, s;
    HANDLE port = port_of(door, KEY);
    static char area[2 * ADDRESS_AREA];
    static OVERLAPPED ov;
    DWORD bytes;

    fresh(&ov);
    ok_false(accept_ex(door, acceptor, area, 0, 3, ADDRESS_AREA, &bytes, &ov),
             ERROR_IO_PENDING);
    client = client_of(&address);
    ok_failure(port, KEY, &ov, ERROR_INSUFFICIENT_BUFFER, 0);
    ok((ULONG)ov.Internal == NT_BUFFER_TOO_SMALL, "Internal %08x", (unsigned)ov.Internal);
    nonblocking(door);
    s = accept(door, NULL, NULL);
    ok(s != INVALID_SOCKET, "the connection is lost: error %d", WSAGetLastError());
    closesocket(s);
    closesocket(client);
    closesocket(acceptor);
    closesocket(door);
    CloseHandle(port);
}

/* Rules: SOCK-94, T8 */
static void sock_094_the_context_makes_a_whole_socket(void)
{
    struct sockaddr_in address, name;
    SOCKET door = listener(&address), acceptor = tcp_socket(), client;
    HANDLE port = port_of(door, KEY);
    static char area[2 * ADDRESS_AREA];
    int length = sizeof(name), keep = 1;
    static OVERLAPPED ov;
    char byte;

    ok_zero(setsockopt(door, SOL_SOCKET, SO_KEEPALIVE, (char *)&keep, sizeof(keep)));
    fresh(&ov);
    ok_pends(start_accept(door, acceptor, area, 0, &ov));
    client = client_of(&address);
    ok_success(port, KEY, &ov, 0);
    send_text(acceptor, "before");
    ok(receives(client, "before"), "sending before the context");
    ok_zero(setsockopt(acceptor, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, (char *)&door,
                       sizeof(door)));
    ok_zero(getpeername(acceptor, (struct sockaddr *)&name, &length));
    same_address((struct sockaddr *)&name, length, client, "getpeername");
    length = sizeof(name);
    ok_zero(getsockname(acceptor, (struct sockaddr *)&name, &length));
    same_address((struct sockaddr *)&name, length, door, "getsockname");
    keep = 0;
    length = sizeof(keep);
    ok_zero(getsockopt(acceptor, SOL_SOCKET, SO_KEEPALIVE, (char *)&keep, &length));
    ok(keep, "the options of the listener are not copied");
    ok_zero(shutdown(acceptor, SD_SEND));
    ok_zero(recv(client, &byte, 1, 0));
    closesocket(acceptor);
    closesocket(client);
    closesocket(door);
    CloseHandle(port);
}

/* Rules: SOCK-95, T8 */
static void sock_095_a_vanished_client_does_not_harm_the_listener(void)
{
    struct sockaddr_in address;
    SOCKET door = listener(&address), acceptor = tcp_socket(), client;
    HANDLE port = port_of(door, KEY);
    static char area[2 * ADDRESS_AREA];
    static OVERLAPPED ov;
    int error;

    client = client_of(&address);
    reset_connection(client);
    fresh(&ov);
    error = start_accept(door, acceptor, area, 0, &ov);
    ok(error == 0 || error == WSA_IO_PENDING || error == WSAECONNRESET, "error %d", error);
    client = client_of(&address);
    if (error != WSAECONNRESET) {
        struct packet packet = take(port, LIMIT);

        WINE_DIFFERS("59 for a connection that is gone")
        ok(packet.ov == &ov && (packet.result || packet.error == ERROR_NETNAME_DELETED), "%s",
           packet_text(&packet));
    }
    closesocket(acceptor);
    acceptor = tcp_socket();
    if (error == WSA_IO_PENDING) {
        closesocket(client);
        client = client_of(&address);
    }
    fresh(&ov);
    ok_starts(start_accept(door, acceptor, area, 0, &ov));
    ok_success(port, KEY, &ov, 0);
    closesocket(acceptor);
    closesocket(client);
    closesocket(door);
    CloseHandle(port);
}

/* Rules: SOCK-97 */
static void sock_097_a_cancelled_acceptex_leaves_everything_usable(void)
{
    struct sockaddr_in address;
    SOCKET door = listener(&address), acceptor = tcp_socket(), client;
    HANDLE port = port_of(door, KEY);
    static char area[2 * ADDRESS_AREA];
    static OVERLAPPED ov;
    int i;

    for (i = 0; i < 3; i++) {
        fresh(&ov);
        ok_pends(start_accept(door, acceptor, area, 0, &ov));
        ok_true(CancelIoEx((HANDLE)door, &ov));
        ok_failure(port, KEY, &ov, ERROR_OPERATION_ABORTED, 0);
    }
    fresh(&ov);
    ok_pends(start_accept(door, acceptor, area, 0, &ov));
    client = client_of(&address);
    ok_success(port, KEY, &ov, 0);
    send_text(client, "abc");
    limit_blocking(acceptor);
    ok(receives(acceptor, "abc"), "the acceptor is not connected");
    closesocket(acceptor);
    closesocket(client);
    closesocket(door);
    CloseHandle(port);
}

int main(void)
{
    SOCKET s;

    winsock_start();
    s = tcp_socket();
    accept_ex = (LPFN_ACCEPTEX)extension(s, (GUID)WSAID_ACCEPTEX);
    get_addresses =
        (LPFN_GETACCEPTEXSOCKADDRS)extension(s, (GUID)WSAID_GETACCEPTEXSOCKADDRS);
    closesocket(s);
    RUN(sock_089_arguments_of_acceptex);
    RUN(sock_090_accepts_are_served_in_order_on_the_listeners_port);
    RUN(sock_090_a_waiting_connection_is_accepted_with_a_packet);
    RUN(sock_091_acceptex_waits_for_the_first_data);
    RUN(sock_091_clients_that_end_before_sending);
    RUN(sock_092_addresses_follow_the_data);
    RUN(sock_092_no_area_for_the_local_address);
    RUN_WINE_FAILS(sock_093_an_address_area_that_is_too_small,
                   "the connection is consumed");
    RUN(sock_094_the_context_makes_a_whole_socket);
    RUN(sock_095_a_vanished_client_does_not_harm_the_listener);
    RUN(sock_097_a_cancelled_acceptex_leaves_everything_usable);
    return conform_end();
}
