/* Blocking under the concurrency limit: ports.md section F, PORT-106, PORT-107
 * and PORT-109.
 *
 * A "runner" runs for the port since it took a packet. A "waiter" blocks in
 * GetQueuedCompletionStatus. The main thread belongs to no port.
 */
#include "net.h"
#include "ports.h"

#define NO_LIMIT "Wine ignores the concurrency value"

static void sleep_a_while(struct actor *actor)
{
    Sleep(actor->milliseconds);
}

static void wait_for_handle(struct actor *actor)
{
    actor->packet.error = WaitForSingleObject(actor->handle, actor->milliseconds);
}

static void wait_for_two_handles(struct actor *actor)
{
    HANDLE handles[2];

    handles[0] = handles[1] = actor->handle;
    actor->packet.error = WaitForMultipleObjects(2, handles, FALSE, actor->milliseconds);
}

static void receive_a_byte(struct actor *actor)
{
    char byte;

    actor->packet.bytes = recv((SOCKET)actor->handle, &byte, 1, 0);
}

/* Blocks the runner of a full port, and shows that a waiter is let in. */
static void blocking_lets_a_waiter_in(HANDLE handle, void (*block)(struct actor *),
                                      void (*unblock)(struct actor *))
{
    HANDLE port = make_port(1);
    struct actor runner, waiter;

    runner_start(&runner, port);
    waiter_start(&waiter, port);
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    ok(held_back(&waiter), "a second thread runs under a limit of one");
    runner.handle = handle;
    runner.milliseconds = unblock ? LIMIT : 1000;
    actor_begin(&runner, block);
    ok_let_in(&waiter, 1);
    if (unblock) {
        ok(!actor_ends(&runner, 0), "the runner is not blocked");
        unblock(&runner);
    }
    ok(actor_ends(&runner, LIMIT), "the runner is still blocked");
    actor_stop(&runner);
    waiters_stop(&waiter, 1, port);
    CloseHandle(port);
}

/* Rules: PORT-106, PORT-115 */
static void port_106_sleep_lets_a_waiter_in(void)
{
    blocking_lets_a_waiter_in(NULL, sleep_a_while, NULL);
}

static void set_its_event(struct actor *actor)
{
    SetEvent(actor->handle);
}

/* Rules: PORT-106, PORT-115 */
static void port_106_a_wait_lets_a_waiter_in(void)
{
    HANDLE event = make_event(FALSE, FALSE);

    blocking_lets_a_waiter_in(event, wait_for_handle, set_its_event);
    blocking_lets_a_waiter_in(event, wait_for_two_handles, set_its_event);
    CloseHandle(event);
}

static SOCKET peer;

static void send_a_byte(struct actor *actor)
{
    (void)actor;
    send(peer, "x", 1, 0);
}

/* Rules: PORT-106, PORT-115 */
static void port_106_synchronous_io_lets_a_waiter_in(void)
{
    SOCKET server;

    make_tcp_pair(&peer, &server);
    blocking_lets_a_waiter_in((HANDLE)server, receive_a_byte, send_a_byte);
    closesocket(server);
    closesocket(peer);
}

static void port_106_blocking_before_the_packet_arrives(void)
{
    HANDLE port = make_port(1), event = make_event(FALSE, FALSE);
    struct actor runner, waiter;

    runner_start(&runner, port);
    waiter_start(&waiter, port);
    runner.handle = event;
    actor_begin(&runner, wait_for_handle);
    settle();
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    ok_let_in(&waiter, 1);
    SetEvent(event);
    actor_stop(&runner);
    waiters_stop(&waiter, 1, port);
    CloseHandle(event);
    CloseHandle(port);
}

static void take_and_wait(struct actor *actor)
{
    actor->packet = get_packet(actor->port, actor->milliseconds);
    InterlockedIncrement((volatile LONG *)actor->context);
    WaitForSingleObject(actor->handle, actor->milliseconds);
}

/* Under a limit of one, four threads have work at hand: each blocks in it. */
static void port_112_spare_threads_work_while_others_block(void)
{
    HANDLE port = make_port(1), event = make_event(TRUE, FALSE);
    struct actor workers[4];
    volatile LONG working = 0;
    int i;

    for (i = 0; i < 4; i++) {
        actor_start(&workers[i], port, FALSE);
        workers[i].handle = event;
        workers[i].context = (void *)&working;
        actor_begin(&workers[i], take_and_wait);
    }
    for (i = 0; i < 4; i++) PostQueuedCompletionStatus(port, 0, 1, NULL);
    ok(reaches(&working, 4, LIMIT / 2), "%d threads work", (int)working);
    SetEvent(event);
    for (i = 0; i < 4; i++) {
        ok(actor_ends(&workers[i], LIMIT), "thread %d does not end", i);
        ok_success(workers[i].packet, 0, 1, NULL);
    }
    waiters_stop(workers, 4, port);
    CloseHandle(event);
    CloseHandle(port);
}

static void port_107_a_resumed_thread_counts_again(void)
{
    HANDLE port = make_port(1), event = make_event(FALSE, FALSE);
    struct actor runner, second, waiter;

    runner_start(&runner, port);
    runner.handle = event;
    actor_begin(&runner, wait_for_handle);
    settle();
    runner_start(&second, port);
    SetEvent(event);
    ok(actor_ends(&runner, LIMIT), "the thread resumes although the port is full");
    waiter_start(&waiter, port);
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    ok(held_back(&waiter), "two run, and a third is let in");
    actor_stop(&second);
    ok(held_back(&waiter), "one still runs, and the resumed thread does not count");
    actor_stop(&runner);
    ok_let_in(&waiter, 1);
    waiters_stop(&waiter, 1, port);
    CloseHandle(event);
    CloseHandle(port);
}

static void do_not_block(struct actor *actor)
{
    int i;

    for (i = 0; i < 100; i++) {
        Sleep(0);
        SwitchToThread();
        WaitForSingleObject(actor->handle, 0);
        WaitForSingleObject(actor->handle, LIMIT);
        WaitForSingleObject(actor->thread, 0);
    }
}

static void port_109_waits_that_do_not_block_keep_the_slot(void)
{
    HANDLE port = make_port(1), event = make_event(TRUE, TRUE);
    struct actor runner, waiter;

    runner_start(&runner, port);
    runner.handle = event;
    waiter_start(&waiter, port);
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    actor_do(&runner, do_not_block);
    ok(held_back(&waiter), "the slot was given away");
    actor_stop(&runner);
    ok_let_in(&waiter, 1);
    waiters_stop(&waiter, 1, port);
    CloseHandle(event);
    CloseHandle(port);
}

int main(void)
{
    net_start();
    RUN_WINE_FAILS(port_106_sleep_lets_a_waiter_in, NO_LIMIT);
    RUN_WINE_FAILS(port_106_a_wait_lets_a_waiter_in, NO_LIMIT);
    RUN_WINE_FAILS(port_106_synchronous_io_lets_a_waiter_in, NO_LIMIT);
    RUN(port_106_blocking_before_the_packet_arrives);
    RUN(port_112_spare_threads_work_while_others_block);
    RUN_WINE_FAILS(port_107_a_resumed_thread_counts_again, NO_LIMIT);
    RUN_WINE_FAILS(port_109_waits_that_do_not_block_keep_the_slot, NO_LIMIT);
    return conform_end();
}
