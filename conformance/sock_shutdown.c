/* shutdown: sockets.md section H. */
#include "sockets.h"

/* Rules: SOCK-82, SOCK-145 */
static void sock_082_results_of_shutdown(void)
{
    struct sockaddr_in address;
    struct pair pair = tcp_pair();
    SOCKET s = tcp_socket(), door = listener(&address);
    int length = sizeof(address);
    char byte;

    ok_wsa(shutdown(s, SD_SEND), WSAENOTCONN);
    ok_wsa(shutdown(door, SD_BOTH), WSAENOTCONN);
    ok_wsa(shutdown(pair.here, 3), WSAEINVAL);
    ok_wsa(shutdown(pair.here, -1), WSAEINVAL);
    ok_zero(shutdown(pair.here, SD_SEND));
    ok_zero(shutdown(pair.here, SD_SEND));
    ok_wsa(send(pair.here, "x", 1, 0), WSAESHUTDOWN);
    send_text(pair.peer, "abc");
    ok(receives(pair.here, "abc"), "recv after SD_SEND");
    ok_zero(getpeername(pair.here, (struct sockaddr *)&address, &length));
    ok_wsa(connect_to(pair.here, &address), WSAEISCONN);
    ok_zero(shutdown(pair.here, SD_RECEIVE));
    ok_zero(shutdown(pair.here, SD_RECEIVE));
    ok_wsa(recv(pair.here, &byte, 1, 0), WSAESHUTDOWN);
    ok_zero(shutdown(pair.here, SD_BOTH));
    ok_zero(recv(pair.peer, &byte, 1, 0));
    closesocket(s);
    closesocket(door);
    close_pair(pair);
}

/* Rules: SOCK-82 */
static void sock_082_after_sd_receive_queued_data_is_refused(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov;
    static char data[8];

    send_text(pair.peer, "abc");
    UNTIL(recv(pair.here, data, sizeof(data), MSG_PEEK) == 3);
    ok_zero(shutdown(pair.here, SD_RECEIVE));
    fresh(&ov);
    ok_gives(start_recv(pair.here, data, sizeof(data), &ov), WSAESHUTDOWN);
    ok_quiet(port);
    send_text(pair.here, "def");
    ok(receives(pair.peer, "def"), "send after SD_RECEIVE");
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-82 */
static void sock_082_shutdown_of_datagram_sockets(void)
{
    SOCKET s = udp_socket(), peer = udp_socket();
    struct sockaddr_in address = bind_loopback(peer);
    char byte = 0;

    bind_loopback(s);
    limit_blocking(s);
    ok_zero(shutdown(s, SD_SEND));
    ok_wsa(sendto(s, &byte, 1, 0, (struct sockaddr *)&address, sizeof(address)), WSAESHUTDOWN);
    ok_zero(shutdown(s, SD_RECEIVE));
    ok_wsa(recvfrom(s, &byte, 1, 0, NULL, NULL), WSAESHUTDOWN);
    closesocket(s);
    closesocket(peer);
}

/* Rules: SOCK-83 */
static void sock_083_a_pending_receive_survives_shutdown(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov;
    static char data[8];

    fresh(&ov);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    ok_zero(shutdown(pair.here, SD_RECEIVE));
    ok_quiet(port);
    ok_zero(shutdown(pair.here, SD_SEND));
    ok_quiet(port);
    ok_zero(shutdown(pair.here, SD_BOTH));
    ok_quiet(port);
    send_text(pair.peer, "abc");
    ok_success(port, KEY, &ov, 3);
    ok(!memcmp(data, "abc", 3), "data %.3s", data);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-84, SOCK-53 */
static void sock_084_the_end_goes_out_behind_pending_sends(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static char big[2][16 << 20];
    static OVERLAPPED ov[2];
    char byte;

    fresh(&ov[0]);
    fresh(&ov[1]);
    ok_pends(start_send(pair.here, big[0], sizeof(big[0]), &ov[0]));
    ok_pends(start_send(pair.here, big[1], sizeof(big[1]), &ov[1]));
    ok_zero(shutdown(pair.here, SD_SEND));
    ok_wsa(send(pair.here, "x", 1, 0), WSAESHUTDOWN);
    ok(drain(pair.peer, sizeof(big)), "the data of the sends is cut");
    ok_zero(recv(pair.peer, &byte, 1, 0));
    ok_success(port, KEY, &ov[0], sizeof(big[0]));
    ok_success(port, KEY, &ov[1], sizeof(big[1]));
    ok_quiet(port);
    close_pair(pair);
    CloseHandle(port);
}

/* Rules: SOCK-85, SOCK-59 */
static void sock_085_the_peers_end_leaves_our_direction_open(void)
{
    struct pair pair = tcp_pair();
    HANDLE port = port_of(pair.here, KEY);
    static OVERLAPPED ov;
    static char data[8];

    fresh(&ov);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    ok_zero(shutdown(pair.peer, SD_SEND));
    ok_success(port, KEY, &ov, 0);
    ok_starts(start_send(pair.here, "abc", 3, &ov));
    ok_success(port, KEY, &ov, 3);
    ok(receives(pair.peer, "abc"), "the peer does not receive");
    close_pair(pair);
    CloseHandle(port);
}

int main(void)
{
    winsock_start();
    RUN(sock_082_results_of_shutdown);
    RUN(sock_082_after_sd_receive_queued_data_is_refused);
    RUN(sock_082_shutdown_of_datagram_sockets);
    RUN(sock_083_a_pending_receive_survives_shutdown);
    RUN(sock_084_the_end_goes_out_behind_pending_sends);
    RUN(sock_085_the_peers_end_leaves_our_direction_open);
    return conform_end();
}
