/* bind, sharing of addresses, getsockname and getpeername: sockets.md section O. */
#include "sockets.h"

static int bind_error(SOCKET s, const struct sockaddr_in *address)
{
    return bind(s, (const struct sockaddr *)address, sizeof(*address)) == 0 ? 0
                                                                            : WSAGetLastError();
}

static SOCKET socket_with(int option)
{
    SOCKET s = tcp_socket();
    int on = 1;

    if (option) ok_zero(setsockopt(s, SOL_SOCKET, option, (char *)&on, sizeof(on)));
    return s;
}

/* Rules: SOCK-143 */
static void sock_143_errors_of_bind(void)
{
    struct sockaddr_in address = loopback(0), used;
    SOCKET s = tcp_socket(), other = tcp_socket();
    int error;

    ok_wsa(bind(s, NULL, 0), WSAEFAULT);
    ok_wsa(bind(s, (struct sockaddr *)&address, sizeof(address) - 1), WSAEFAULT);
    address.sin_family = AF_INET6;
    error = bind_error(s, &address);
    ok(error == WSAEAFNOSUPPORT || error == WSAEFAULT, "wrong family: error %d", error);
    address = loopback(0);
    address.sin_addr.s_addr = inet_addr("192.0.2.55");
    ok_gives(bind_error(s, &address), WSAEADDRNOTAVAIL);
    used = bind_loopback(s);
    ok(used.sin_port != 0, "port 0");
    address = loopback(0);
    ok_gives(bind_error(s, &address), WSAEINVAL);
    ok_zero(listen(s, 1));
    ok_gives(bind_error(other, &used), WSAEADDRINUSE);
    closesocket(s);
    closesocket(other);
    s = tcp_socket();
    other = listener(&used);
    ok_zero(connect_to(s, &used));
    ok_gives(bind_error(s, &address), WSAEINVAL);
    closesocket(s);
    closesocket(other);
}

/* Rules: SOCK-144, SOCK-138 */
static void sock_144_who_may_share_an_address(void)
{
    static const struct {
        int first, second, error, other_error;
    } cases[] = {
        { 0, 0, WSAEADDRINUSE, WSAEADDRINUSE },
        { 0, SO_REUSEADDR, WSAEACCES, WSAEACCES },
        { SO_EXCLUSIVEADDRUSE, 0, WSAEACCES, WSAEADDRINUSE },
        { SO_EXCLUSIVEADDRUSE, SO_REUSEADDR, WSAEACCES, WSAEADDRINUSE },
        { 0, SO_EXCLUSIVEADDRUSE, WSAEACCES, WSAEADDRINUSE },
        { SO_REUSEADDR, SO_EXCLUSIVEADDRUSE, WSAEACCES, WSAEADDRINUSE },
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        SOCKET first = socket_with(cases[i].first), second = socket_with(cases[i].second);
        struct sockaddr_in address = bind_loopback(first);
        int error;

        ok_zero(listen(first, 1));
        error = bind_error(second, &address);
        ok(error == cases[i].error || error == cases[i].other_error, "case %u: error %d",
           (unsigned)i, error);
        closesocket(first);
        closesocket(second);
    }
}

/* Rules: SOCK-144 */
static void sock_144_two_willing_sockets_listen_on_one_address(void)
{
    SOCKET first = socket_with(SO_REUSEADDR), second = socket_with(SO_REUSEADDR);
    SOCKET client = tcp_socket(), s;
    struct sockaddr_in address = bind_loopback(first);

    ok_zero(listen(first, 1));
    ok_gives(bind_error(second, &address), 0);
    ok_zero(listen(second, 1));
    ok_zero(connect_to(client, &address));
    s = accept_one(first);
    closesocket(s);
    closesocket(client);
    closesocket(first);
    closesocket(second);
}

/* Rules: SOCK-144 */
static void sock_144_a_wildcard_and_a_specific_address_coexist(void)
{
    SOCKET wide = tcp_socket(), narrow = tcp_socket(), client = tcp_socket(), s;
    struct sockaddr_in address = loopback(0);
    int length = sizeof(address);

    address.sin_addr.s_addr = htonl(INADDR_ANY);
    ok_gives(bind_error(wide, &address), 0);
    ok_zero(listen(wide, 1));
    ok_zero(getsockname(wide, (struct sockaddr *)&address, &length));
    address = loopback(address.sin_port);
    ok_gives(bind_error(narrow, &address), 0);
    ok_zero(listen(narrow, 1));
    ok_zero(connect_to(client, &address));
    s = accept_one(narrow);
    closesocket(s);
    closesocket(client);
    closesocket(wide);
    closesocket(narrow);
}

/* Rules: SOCK-144 */
static void sock_144_old_connections_do_not_block_bind(void)
{
    struct sockaddr_in address;
    SOCKET door = listener(&address), client = tcp_socket(), s;
    char byte;

    ok_zero(connect_to(client, &address));
    s = accept_one(door);
    /* The side of the listener closes first and keeps TIME_WAIT. */
    closesocket(s);
    ok_zero(recv(client, &byte, 1, 0));
    closesocket(client);
    closesocket(door);
    door = tcp_socket();
    ok_gives(bind_error(door, &address), 0);
    ok_zero(listen(door, 1));
    closesocket(door);
}

/* Rules: SOCK-145 */
static void sock_145_names_of_a_socket(void)
{
    struct sockaddr_in address, name;
    struct pair pair = tcp_pair();
    SOCKET s = tcp_socket();
    int length = sizeof(name);

    ok_wsa(getsockname(s, (struct sockaddr *)&name, &length), WSAEINVAL);
    ok_wsa(getpeername(s, (struct sockaddr *)&name, &length), WSAENOTCONN);
    WINE_DIFFERS("pointers are checked first")
    ok_wsa(getpeername(s, NULL, NULL), WSAENOTCONN);
    address = loopback(0);
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    ok_gives(bind_error(s, &address), 0);
    ok_zero(getsockname(s, (struct sockaddr *)&name, &length));
    ok(name.sin_addr.s_addr == 0 && name.sin_port != 0 && name.sin_family == AF_INET &&
           length == sizeof(name), "name %08x:%u, length %d",
       (unsigned)ntohl(name.sin_addr.s_addr), ntohs(name.sin_port), length);
    memset(&name, 0xcc, sizeof(name));
    length = sizeof(name) - 1;
    ok_wsa(getsockname(s, (struct sockaddr *)&name, &length), WSAEFAULT);
    ok(name.sin_port == 0xcccc, "written in spite of the short buffer");
    length = sizeof(name);
    ok_zero(getpeername(pair.here, (struct sockaddr *)&name, &length));
    length = sizeof(address);
    ok_zero(getsockname(pair.peer, (struct sockaddr *)&address, &length));
    ok(name.sin_port == address.sin_port && length == sizeof(address), "peer port %u",
       ntohs(name.sin_port));
    ok_wsa(getpeername(pair.here, NULL, &length), WSAEFAULT);
    ok_wsa(getpeername(pair.here, (struct sockaddr *)&name, NULL), WSAEFAULT);
    length = sizeof(name) - 1;
    ok_wsa(getpeername(pair.here, (struct sockaddr *)&name, &length), WSAEFAULT);
    ok_zero(shutdown(pair.here, SD_BOTH));
    length = sizeof(name);
    ok_zero(getpeername(pair.here, (struct sockaddr *)&name, &length));
    closesocket(s);
    close_pair(pair);
}

/* Rules: SOCK-145, SOCK-175, T5 */
static void sock_145_ipv6_names(void)
{
    SOCKET s = socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP);
    struct sockaddr_in6 address, name;
    int length = sizeof(name);

    ok(sizeof(address) == 28 && sizeof(struct sockaddr_in) == 16 &&
           sizeof(struct sockaddr_storage) == 128, "sizes");
    memset(&address, 0, sizeof(address));
    address.sin6_family = AF_INET6;
    address.sin6_addr.s6_addr[15] = 1;
    if (bind(s, (struct sockaddr *)&address, sizeof(address)) == 0) {
        ok_zero(getsockname(s, (struct sockaddr *)&name, &length));
        ok(name.sin6_family == 23 && name.sin6_port != 0 && length == 28 &&
               name.sin6_addr.s6_addr[15] == 1, "family %d, length %d", name.sin6_family, length);
    } else {
        ok(WSAGetLastError() == WSAEADDRNOTAVAIL, "bind to ::1: error %d", WSAGetLastError());
    }
    closesocket(s);
}

int main(void)
{
    winsock_start();
    RUN(sock_143_errors_of_bind);
    RUN(sock_144_who_may_share_an_address);
    RUN_WINE_FAILS(sock_144_two_willing_sockets_listen_on_one_address, "refused by Linux");
    RUN_WINE_FAILS(sock_144_a_wildcard_and_a_specific_address_coexist, "refused by Linux");
    RUN(sock_144_old_connections_do_not_block_bind);
    RUN(sock_145_names_of_a_socket);
    RUN(sock_145_ipv6_names);
    return conform_end();
}
