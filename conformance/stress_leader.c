/* Waits of every kind while operations come and go: no wake-up is lost.
 *
 *   stress_leader [rounds]
 *
 * Two threads wake each other in turn by events. Meanwhile packets of a socket
 * arrive, so that whoever waits in the library may be busy completing them, and
 * the threads pass that work to and fro.
 */
#include <stdlib.h>

#include "net.h"
#include "ports.h"

static HANDLE ping, pong;
static volatile LONG stops;

static DWORD WINAPI answer(void *unused)
{
    (void)unused;
    while (WaitForSingleObject(ping, LIMIT) == WAIT_OBJECT_0 && !stops)
        SetEvent(pong);
    return 0;
}

static int rounds = 4000;

/* Rules: HND-83, HND-85, LX-10 */
static void port_281_no_wake_up_is_lost_between_waits_and_packets(void)
{
    HANDLE port = make_port(0), thread;
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[8];
    int round;

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    ok(start_receive(server, buffer, sizeof(buffer), &overlapped) == WSA_IO_PENDING, "pending");
    ping = make_event(FALSE, FALSE);
    pong = make_event(FALSE, FALSE);
    thread = CreateThread(NULL, 0, answer, NULL, 0, NULL);
    for (round = 0; round < rounds; round++) {
        if (round % 8 == 0) {
            send(client, "abc", 3, 0);
            ok_success(get_packet(port, LIMIT), 3, 1, &overlapped);
            start_receive(server, buffer, sizeof(buffer), &overlapped);
        }
        SetEvent(ping);
        if (WaitForSingleObject(pong, LIMIT) != WAIT_OBJECT_0) {
            ok(0, "lost in round %d", round);
            break;
        }
    }
    InterlockedExchange(&stops, 1);
    SetEvent(ping);
    ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "the thread does not end");
    closesocket(server);
    closesocket(client);
    get_packet(port, LIMIT);
    CloseHandle(thread);
    CloseHandle(ping);
    CloseHandle(pong);
    CloseHandle(port);
}

int main(int argc, char **argv)
{
    if (argc > 1) rounds = atoi(argv[1]);
    net_start();
    RUN(port_281_no_wake_up_is_lost_between_waits_and_packets);
    return conform_end();
}
