/* The concurrency limit: ports.md section F, PORT-100 to PORT-113; what
 * blocking does to it is in port_blocking.c.
 *
 * A "runner" runs for the port since it took a packet. A "waiter" blocks in
 * GetQueuedCompletionStatus. The main thread belongs to no port. Wine has no
 * limit, so most of it fails there.
 */
#include "ports.h"

#define NO_LIMIT "Wine ignores the concurrency value"

/* Rules: PORT-100, PORT-063, PORT-102 */
static void port_100_limit_holds_under_cpu_bound_handlers(void)
{
    HANDLE port = make_port(1);
    struct actor runner, waiter;

    runner_start(&runner, port);
    waiter_start(&waiter, port);
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    ok(held_back(&waiter), "a second thread runs under a limit of one");
    ok(is_signaled(port), "the packet stays in the queue");
    runner.milliseconds = 0;
    actor_do(&runner, take_packet);
    ok_success(runner.packet, 0, 1, NULL);
    ok(held_back(&waiter), "the waiter has nothing to do");
    actor_stop(&runner);
    waiters_stop(&waiter, 1, port);
    CloseHandle(port);
}

static void port_100_a_limit_of_two_lets_two_run(void)
{
    HANDLE port = make_port(2);
    struct actor runners[2], waiter;

    runner_start(&runners[0], port);
    runner_start(&runners[1], port);
    waiter_start(&waiter, port);
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    ok(held_back(&waiter), "a third thread runs under a limit of two");
    actor_stop(&runners[0]);
    ok_let_in(&waiter, 1);
    actor_stop(&runners[1]);
    waiters_stop(&waiter, 1, port);
    CloseHandle(port);
}

/* Rules: PORT-004, PORT-100 */
static void port_004_association_does_not_change_the_limit(void)
{
    HANDLE port = make_port(1), file = make_overlapped_file();
    struct actor runner, waiter;

    ok(CreateIoCompletionPort(file, port, 1, 8) == port, "associate");
    runner_start(&runner, port);
    waiter_start(&waiter, port);
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    ok(held_back(&waiter), "the limit is not one any more");
    actor_stop(&runner);
    ok_let_in(&waiter, 1);
    waiters_stop(&waiter, 1, port);
    CloseHandle(file);
    CloseHandle(port);
}

static void port_015_zero_means_the_number_of_processors(void)
{
    struct actor runners[16], waiter;
    SYSTEM_INFO info;
    HANDLE port;
    int i, processors;

    GetSystemInfo(&info);
    processors = (int)info.dwNumberOfProcessors;
    if (processors > 16) {
        printf("  more than 16 processors: the program's threads would not fill them\n");
        return;
    }
    port = make_port(0);
    for (i = 0; i < processors - 1; i++) runner_start(&runners[i], port);
    waiter_start(&waiter, port);
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    ok_let_in(&waiter, 1);
    runner_start(&runners[i], port);
    actor_begin(&waiter, take_packet);
    settle();
    PostQueuedCompletionStatus(port, 0, 2, NULL);
    ok(held_back(&waiter), "more threads run than there are processors");
    for (i = 0; i < processors; i++) actor_stop(&runners[i]);
    ok_let_in(&waiter, 2);
    waiters_stop(&waiter, 1, port);
    CloseHandle(port);
}

/* Rules: PORT-103, PORT-063 */
static void port_103_a_thread_whose_poll_timed_out_runs_for_the_port(void)
{
    HANDLE port = make_port(1);
    struct actor poller, waiter;

    waiter_start(&waiter, port);
    actor_start(&poller, port, TRUE);
    poller.milliseconds = 0;
    actor_do(&poller, take_packet);
    ok_none(poller.packet, WAIT_TIMEOUT);
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    ok(held_back(&waiter), "the poller does not count");
    actor_stop(&poller);
    ok_let_in(&waiter, 1);
    waiters_stop(&waiter, 1, port);
    CloseHandle(port);
}

static void port_103_dequeuing_again_ends_the_starvation(void)
{
    HANDLE port = make_port(1);
    struct actor poller, waiter;

    waiter_start(&waiter, port);
    actor_start(&poller, port, TRUE);
    poller.milliseconds = 0;
    actor_do(&poller, take_packet);
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    PostQueuedCompletionStatus(port, 0, 2, NULL);
    ok(held_back(&waiter), "the poller does not count");
    actor_do(&poller, take_packet);
    ok_success(poller.packet, 0, 1, NULL);
    actor_do(&poller, take_packet);
    ok_success(poller.packet, 0, 2, NULL);
    ok(held_back(&waiter), "the waiter has nothing to do");
    actor_stop(&poller);
    waiters_stop(&waiter, 1, port);
    CloseHandle(port);
}

static void port_104_a_poll_times_out_beside_a_running_thread(void)
{
    HANDLE port = make_port(1);
    struct actor runner, poller;

    runner_start(&runner, port);
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    actor_start(&poller, port, FALSE);
    poller.milliseconds = 0;
    actor_do(&poller, take_packet);
    ok_none(poller.packet, WAIT_TIMEOUT);
    /* Until it blocks again the poller counts too. */
    settle();
    ok(is_signaled(port), "the packet is still there");
    runner.milliseconds = 0;
    actor_do(&runner, take_packet);
    ok_success(runner.packet, 0, 1, NULL);
    actor_stop(&poller);
    actor_stop(&runner);
    CloseHandle(port);
}

static void port_108_thread_exit_lets_a_waiter_in(void)
{
    HANDLE port = make_port(1);
    struct actor runner, waiter;

    runner_start(&runner, port);
    waiter_start(&waiter, port);
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    ok(held_back(&waiter), "a second thread runs under a limit of one");
    actor_stop(&runner);
    ok_let_in(&waiter, 1);
    waiters_stop(&waiter, 1, port);
    CloseHandle(port);
}

static void exit_now(struct actor *actor)
{
    InterlockedIncrement(&actor->done);
    ExitThread(7);
}

static void port_108_exit_thread_lets_a_waiter_in(void)
{
    HANDLE port = make_port(1);
    struct actor runner, waiter;

    runner_start(&runner, port);
    waiter_start(&waiter, port);
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    ok(held_back(&waiter), "a second thread runs under a limit of one");
    actor_do(&runner, exit_now);
    ok_let_in(&waiter, 1);
    ok(WaitForSingleObject(runner.thread, LIMIT) == WAIT_OBJECT_0, "the runner does not exit");
    CloseHandle(runner.thread);
    CloseHandle(runner.command_given);
    waiters_stop(&waiter, 1, port);
    CloseHandle(port);
}

static void take_from_other_port(struct actor *actor)
{
    actor->packet = get_packet(actor->handle, actor->milliseconds);
}

/* Rules: PORT-108, PORT-102 */
static void port_108_a_switch_of_ports_lets_a_waiter_in(void)
{
    HANDLE port = make_port(1), other = make_port(1);
    struct actor runner, waiter;

    runner_start(&runner, port);
    waiter_start(&waiter, port);
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    ok(held_back(&waiter), "a second thread runs under a limit of one");
    runner.handle = other;
    runner.milliseconds = 0;
    actor_do(&runner, take_from_other_port);
    ok_none(runner.packet, WAIT_TIMEOUT);
    ok_let_in(&waiter, 1);
    actor_stop(&runner);
    waiters_stop(&waiter, 1, port);
    CloseHandle(other);
    CloseHandle(port);
}

/* Rules: PORT-113, PORT-108 */
static void port_113_blocking_on_another_port_is_a_switch(void)
{
    HANDLE port = make_port(1), other = make_port(1);
    struct actor mover, waiter;

    runner_start(&mover, port);
    mover.handle = other;
    actor_begin(&mover, take_from_other_port);
    settle();
    PostQueuedCompletionStatus(other, 0, 5, NULL);
    ok(actor_ends(&mover, LIMIT), "the other port delivers");
    ok_success(mover.packet, 0, 5, NULL);
    waiter_start(&waiter, port);
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    ok_let_in(&waiter, 1);
    waiter.port = other;
    actor_begin(&waiter, take_packet);
    settle();
    PostQueuedCompletionStatus(other, 0, 6, NULL);
    ok(held_back(&waiter), "the mover runs for the other port now");
    actor_stop(&mover);
    ok_let_in(&waiter, 6);
    waiters_stop(&waiter, 1, other);
    CloseHandle(other);
    CloseHandle(port);
}

static void post_a_packet(struct actor *actor)
{
    PostQueuedCompletionStatus(actor->port, 0, 1, NULL);
}

static void port_110_a_thread_of_no_port_never_counts(void)
{
    HANDLE port = make_port(1);
    struct actor bystanders[2], waiter;
    int round;

    actor_start(&bystanders[0], port, TRUE);
    actor_start(&bystanders[1], port, TRUE);
    actor_start(&waiter, port, FALSE);
    for (round = 0; round < 3; round++) {
        actor_begin(&waiter, take_packet);
        settle();
        actor_do(&bystanders[round % 2], post_a_packet);
        ok_let_in(&waiter, 1);
    }
    actor_stop(&bystanders[1]);
    actor_stop(&bystanders[0]);
    waiters_stop(&waiter, 1, port);
    CloseHandle(port);
}

static void sleep_a_while(struct actor *actor)
{
    Sleep(actor->milliseconds);
}

static void port_111_a_post_by_the_running_thread_stays_queued(void)
{
    HANDLE port = make_port(1);
    struct actor runner, waiter;

    runner_start(&runner, port);
    waiter_start(&waiter, port);
    actor_do(&runner, post_a_packet);
    ok(held_back(&waiter), "the poster does not count");
    runner.milliseconds = 50;
    actor_do(&runner, sleep_a_while);
    ok_let_in(&waiter, 1);
    actor_stop(&runner);
    waiters_stop(&waiter, 1, port);
    CloseHandle(port);
}

static void take_four(struct actor *actor)
{
    OVERLAPPED_ENTRY entries[4];
    ULONG count = 0;

    actor->packet.ok = GetQueuedCompletionStatusEx(actor->port, entries, 4, &count,
                                                   actor->milliseconds, FALSE);
    actor->packet.bytes = count;
}

/* Rules: PORT-081, PORT-100 */
static void port_081_many_packets_take_one_slot(void)
{
    HANDLE port = make_port(2);
    struct actor runner, waiter;
    int i;

    for (i = 0; i < 4; i++) PostQueuedCompletionStatus(port, 0, i, NULL);
    actor_start(&runner, port, TRUE);
    actor_do(&runner, take_four);
    ok(runner.packet.ok && runner.packet.bytes == 4, "%u packets", (unsigned)runner.packet.bytes);
    waiter_start(&waiter, port);
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    ok_let_in(&waiter, 1);
    actor_stop(&runner);
    waiters_stop(&waiter, 1, port);
    CloseHandle(port);
}

int main(void)
{
    RUN_WINE_FAILS(port_100_limit_holds_under_cpu_bound_handlers, NO_LIMIT);
    RUN_WINE_FAILS(port_100_a_limit_of_two_lets_two_run, NO_LIMIT);
    RUN_WINE_FAILS(port_004_association_does_not_change_the_limit, NO_LIMIT);
    RUN_WINE_FAILS(port_015_zero_means_the_number_of_processors, NO_LIMIT);
    RUN_WINE_FAILS(port_103_a_thread_whose_poll_timed_out_runs_for_the_port, NO_LIMIT);
    RUN_WINE_FAILS(port_103_dequeuing_again_ends_the_starvation, NO_LIMIT);
    RUN_WINE_FAILS(port_104_a_poll_times_out_beside_a_running_thread, NO_LIMIT);
    RUN_WINE_FAILS(port_108_thread_exit_lets_a_waiter_in, NO_LIMIT);
    RUN_WINE_FAILS(port_108_exit_thread_lets_a_waiter_in, NO_LIMIT);
    RUN_WINE_FAILS(port_108_a_switch_of_ports_lets_a_waiter_in, NO_LIMIT);
    RUN(port_110_a_thread_of_no_port_never_counts);
    RUN_WINE_FAILS(port_111_a_post_by_the_running_thread_stays_queued, NO_LIMIT);
    RUN_WINE_FAILS(port_113_blocking_on_another_port_is_a_switch, NO_LIMIT);
    RUN(port_081_many_packets_take_one_slot);
    return conform_end();
}
