/* PostQueuedCompletionStatus: ports.md section E. */
#include "ports.h"

/* Rules: PORT-085, PORT-086 */
static void port_085_values_come_out_as_they_went_in(void)
{
    static const ULONG_PTR values[] = { 0, 1, 0x7fffffff, (ULONG_PTR)-1, (ULONG_PTR)-2,
                                        (ULONG_PTR)0x8000000000000000 };
    HANDLE port = make_port(0);
    size_t i;

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        SetLastError(UNTOUCHED);
        ok(PostQueuedCompletionStatus(port, (DWORD)values[i], values[i], (OVERLAPPED *)values[i]),
           "post %u", (unsigned)i);
        ok(GetLastError() == UNTOUCHED, "last error %u", (unsigned)GetLastError());
        ok_success(get_packet(port, 0), (DWORD)values[i], values[i], (OVERLAPPED *)values[i]);
    }
    CloseHandle(port);
}

static void port_085_the_overlapped_is_neither_read_nor_written(void)
{
    HANDLE port = make_port(0), event = make_event(TRUE, FALSE);
    OVERLAPPED overlapped, before;

    memset(&overlapped, 0x77, sizeof(overlapped));
    overlapped.Internal = 0xC0000001;
    overlapped.hEvent = event;
    before = overlapped;
    PostQueuedCompletionStatus(port, 3, 4, &overlapped);
    ok(!memcmp(&overlapped, &before, sizeof(before)), "written by the post");
    ok_success(get_packet(port, 0), 3, 4, &overlapped);
    ok(!memcmp(&overlapped, &before, sizeof(before)), "written by the removal");
    ok(!is_signaled(event), "its event is not set");
    CloseHandle(event);
    CloseHandle(port);
}

/* Rules: PORT-086, PORT-056 */
static void port_086_null_overlapped(void)
{
    HANDLE port = make_port(0);

    PostQueuedCompletionStatus(port, 0, 0, NULL);
    ok_success(get_packet(port, 0), 0, 0, NULL);
    CloseHandle(port);
}

/* Rules: PORT-087, HND-06, HND-55 */
static void port_087_bad_port(void)
{
    HANDLE port = make_port(0), event = make_event(FALSE, FALSE);
    HANDLE weak = duplicate_with_access(port, 0x1 | SYNCHRONIZE);

    ok_fails(PostQueuedCompletionStatus(NULL, 1, 1, NULL), ERROR_INVALID_HANDLE);
    ok_fails(PostQueuedCompletionStatus(INVALID_HANDLE_VALUE, 1, 1, NULL), ERROR_INVALID_HANDLE);
    ok_fails(PostQueuedCompletionStatus(event, 1, 1, NULL), ERROR_INVALID_HANDLE);
    ok_fails(PostQueuedCompletionStatus(closed_handle(), 1, 1, NULL), ERROR_INVALID_HANDLE);
    ok_fails(PostQueuedCompletionStatus(weak, 1, 1, NULL), ERROR_ACCESS_DENIED);
    ok_none(get_packet(port, 0), WAIT_TIMEOUT);
    CloseHandle(weak);
    CloseHandle(event);
    CloseHandle(port);
}

#define PACKETS 20000

static void post_many(struct actor *actor)
{
    LONG i;

    for (i = 0; i < PACKETS; i++)
        if (!PostQueuedCompletionStatus(actor->port, 0, i, NULL)) break;
    *(volatile LONG *)actor->context = i;
}

/* Nobody takes packets, and no post waits for anybody. */
static void port_088_post_never_blocks(void)
{
    HANDLE port = make_port(1);
    struct actor poster;
    volatile LONG posted = 0;
    LONG i;

    actor_start(&poster, port, FALSE);
    poster.context = (void *)&posted;
    actor_begin(&poster, post_many);
    ok(actor_ends(&poster, LIMIT), "a post blocks");
    ok(posted == PACKETS, "%d posts", (int)posted);
    for (i = 0; i < PACKETS; i++) {
        struct packet packet = get_packet(port, 0);

        if (packet.ok && packet.key == (ULONG_PTR)i) continue;
        ok(0, "packet %d has key %d", (int)i, (int)packet.key);
        break;
    }
    ok_none(get_packet(port, 0), WAIT_TIMEOUT);
    actor_stop(&poster);
    CloseHandle(port);
}

/* The thread that will take the packet may post it, also while it runs for the port. */
static void port_088_post_from_the_consumer(void)
{
    HANDLE port = make_port(1);
    struct packet packet;
    int i;

    PostQueuedCompletionStatus(port, 0, 0, NULL);
    for (i = 0; i < 100; i++) {
        packet = get_packet(port, 0);
        ok_success(packet, i, i, NULL);
        ok(PostQueuedCompletionStatus(port, i + 1, i + 1, NULL), "post %d", i);
    }
    CloseHandle(port);
}

/* Rules: PORT-089, PORT-090 */
static void port_089_posted_and_io_packets_share_one_queue(void)
{
    HANDLE port = make_port(0), file = make_overlapped_file();
    OVERLAPPED overlapped = {0};
    char buffer[8];
    int i;

    CreateIoCompletionPort(file, port, 50, 0);
    PostQueuedCompletionStatus(port, 1, 1, NULL);
    ReadFile(file, buffer, sizeof(buffer), NULL, &overlapped);
    ok(WaitForSingleObject(file, LIMIT) == WAIT_OBJECT_0, "the read does not end");
    /* The file is signaled before its packet is queued (PORT-129). */
    settle();
    for (i = 2; i < 5; i++) PostQueuedCompletionStatus(port, 1, 1, NULL);
    ok_success(get_packet(port, 0), 1, 1, NULL);
    ok_success(get_packet(port, 0), sizeof(buffer), 50, &overlapped);
    for (i = 2; i < 5; i++) ok_success(get_packet(port, 0), 1, 1, NULL);
    ok_none(get_packet(port, 0), WAIT_TIMEOUT);
    CloseHandle(file);
    CloseHandle(port);
}

int main(void)
{
    RUN(port_085_values_come_out_as_they_went_in);
    RUN(port_085_the_overlapped_is_neither_read_nor_written);
    RUN(port_086_null_overlapped);
    RUN(port_087_bad_port);
    RUN(port_088_post_never_blocks);
    RUN(port_088_post_from_the_consumer);
    RUN(port_089_posted_and_io_packets_share_one_queue);
    return conform_end();
}
