/* GetQueuedCompletionStatusEx: ports.md section D without alertable waits. */
#include "net.h"
#include "ports.h"

#define ENTRIES 8

struct many {
    BOOL ok;
    DWORD error;
    ULONG count;
    OVERLAPPED_ENTRY entries[ENTRIES];
};

static struct many get_many(HANDLE port, ULONG count, DWORD milliseconds)
{
    struct many many;

    memset(&many, 0xcc, sizeof(many));
    SetLastError(UNTOUCHED);
    many.ok = GetQueuedCompletionStatusEx(port, many.entries, count, &many.count, milliseconds,
                                          FALSE);
    many.error = GetLastError();
    return many;
}

static void take_many(struct actor *actor)
{
    *(struct many *)actor->context = get_many(actor->port, ENTRIES, actor->milliseconds);
}

static BOOL entry_is(const OVERLAPPED_ENTRY *entry, DWORD bytes, ULONG_PTR key, const void *ov)
{
    return entry->dwNumberOfBytesTransferred == bytes && entry->lpCompletionKey == key
           && entry->lpOverlapped == ov;
}

/* Rules: PORT-070, PORT-072 */
static void port_070_takes_what_is_there_in_order(void)
{
    HANDLE port = make_port(0);
    struct many many;
    ULONG i;

    for (i = 0; i < 3; i++)
        PostQueuedCompletionStatus(port, 100 + i, 200 + i, (OVERLAPPED *)(ULONG_PTR)(300 + i));
    many = get_many(port, ENTRIES, INFINITE);
    ok(many.ok && many.count == 3, "%d, %u entries", many.ok, (unsigned)many.count);
    for (i = 0; i < 3 && i < many.count; i++) {
        ok(entry_is(&many.entries[i], 100 + i, 200 + i, (void *)(ULONG_PTR)(300 + i)),
           "entry %u", (unsigned)i);
        ok((DWORD)many.entries[i].Internal == 0, "entry %u has status %#x", (unsigned)i,
           (unsigned)many.entries[i].Internal);
    }
    ok(many.entries[3].lpCompletionKey == (ULONG_PTR)0xcccccccccccccccc, "entry 3 is written");
    ok_none(get_packet(port, 0), WAIT_TIMEOUT);
    CloseHandle(port);
}

/* Rules: PORT-072, PORT-057 */
static void port_072_fields_have_full_width(void)
{
    HANDLE port = make_port(0);
    ULONG_PTR wide = (ULONG_PTR)0xfedcba9876543210;
    struct many many;

    PostQueuedCompletionStatus(port, 0xffffffff, wide, (OVERLAPPED *)~wide);
    many = get_many(port, ENTRIES, 0);
    ok(many.ok && many.count == 1, "%d, %u entries", many.ok, (unsigned)many.count);
    ok(entry_is(&many.entries[0], 0xffffffff, wide, (void *)~wide), "entry");
    CloseHandle(port);
}

/* Rules: PORT-071, PORT-072 */
static void port_071_failed_operations_are_a_success_of_the_call(void)
{
    HANDLE port = make_port(0), file = make_overlapped_file();
    OVERLAPPED overlapped = {0};
    struct many many;
    char buffer[8];

    CreateIoCompletionPort(file, port, 9, 0);
    overlapped.Offset = 1 << 20;
    ReadFile(file, buffer, sizeof(buffer), NULL, &overlapped);
    many = get_many(port, ENTRIES, LIMIT);
    ok(many.ok && many.count == 1, "%d, %u entries", many.ok, (unsigned)many.count);
    ok(entry_is(&many.entries[0], 0, 9, &overlapped), "entry");
    ok((DWORD)many.entries[0].Internal == 0xC0000011, "status %#x",
       (unsigned)many.entries[0].Internal);
    ok(STATUS_OF(&overlapped) == 0xC0000011, "status %#x", (unsigned)STATUS_OF(&overlapped));
    ok(many.error == UNTOUCHED, "last error %u", (unsigned)many.error);
    CloseHandle(file);
    CloseHandle(port);
}

static void port_073_timeout(void)
{
    HANDLE port = make_port(0);
    struct many many = get_many(port, ENTRIES, 0);

    ok(!many.ok && many.error == WAIT_TIMEOUT, "%d, %u", many.ok, (unsigned)many.error);
    ok(many.count <= 1, "count %u", (unsigned)many.count);
    many = get_many(port, ENTRIES, 20);
    ok(!many.ok && many.error == WAIT_TIMEOUT, "%d, %u", many.ok, (unsigned)many.error);
    ok(many.count <= 1, "count %u", (unsigned)many.count);
    CloseHandle(port);
}

/* Rules: PORT-078, PORT-036 */
static void port_078_bad_port(void)
{
    HANDLE port = make_port(0), event = make_event(FALSE, FALSE);
    HANDLE weak = duplicate_with_access(port, 0x1 | SYNCHRONIZE);
    OVERLAPPED_ENTRY entry;
    ULONG count;

    PostQueuedCompletionStatus(port, 1, 2, NULL);
    ok_fails(GetQueuedCompletionStatusEx(NULL, &entry, 1, &count, 0, FALSE), ERROR_INVALID_HANDLE);
    ok_fails(GetQueuedCompletionStatusEx(INVALID_HANDLE_VALUE, &entry, 1, &count, 0, FALSE),
             ERROR_INVALID_HANDLE);
    ok_fails(GetQueuedCompletionStatusEx(event, &entry, 1, &count, 0, FALSE),
             ERROR_INVALID_HANDLE);
    ok_fails(GetQueuedCompletionStatusEx(closed_handle(), &entry, 1, &count, 0, FALSE),
             ERROR_INVALID_HANDLE);
    ok_fails(GetQueuedCompletionStatusEx(weak, &entry, 1, &count, 0, FALSE), ERROR_ACCESS_DENIED);
    ok_success(get_packet(port, 0), 1, 2, NULL);
    CloseHandle(weak);
    CloseHandle(event);
    CloseHandle(port);
}

/* Undocumented; D7 says what was decided. */
static void port_079_no_room_for_entries(void)
{
    HANDLE port = make_port(0);
    struct many many;

    PostQueuedCompletionStatus(port, 1, 2, NULL);
    many = get_many(port, 0, 0);
    WINE_DIFFERS("Wine succeeds with a count of 1 and no entry")
    ok(!many.ok && many.error == ERROR_INVALID_PARAMETER, "%d, %u", many.ok,
       (unsigned)many.error);
    ok_success(get_packet(port, 0), 1, 2, NULL);
    CloseHandle(port);
}

/* Rules: PORT-080, PORT-070, PORT-094 */
static void port_080_a_blocked_call_takes_one_or_more(void)
{
    HANDLE port = make_port(0);
    struct actor waiter;
    struct many many;
    ULONG got, i;

    actor_start(&waiter, port, FALSE);
    waiter.context = &many;
    actor_begin(&waiter, take_many);
    settle();
    for (i = 0; i < 3; i++) PostQueuedCompletionStatus(port, 0, i, NULL);
    ok(actor_ends(&waiter, LIMIT), "still waits");
    ok(many.ok && many.count >= 1 && many.count <= 3, "%d, %u entries", many.ok,
       (unsigned)many.count);
    for (i = 0; many.ok && i < many.count && i < 3; i++)
        ok(many.entries[i].lpCompletionKey == i, "entry %u", (unsigned)i);
    for (got = many.ok ? many.count : 0; got < 3; got++)
        ok_success(get_packet(port, 0), 0, got, NULL);
    ok_none(get_packet(port, 0), WAIT_TIMEOUT);
    actor_stop(&waiter);
    CloseHandle(port);
}

static void port_082_a_small_array_leaves_the_rest(void)
{
    HANDLE port = make_port(0);
    struct many many;

    PostQueuedCompletionStatus(port, 1, 1, NULL);
    PostQueuedCompletionStatus(port, 2, 2, NULL);
    PostQueuedCompletionStatus(port, 3, 3, NULL);
    many = get_many(port, 1, 0);
    ok(many.ok && many.count == 1 && entry_is(&many.entries[0], 1, 1, NULL), "the oldest");
    many = get_many(port, 2, 0);
    ok(many.ok && many.count == 2 && entry_is(&many.entries[0], 2, 2, NULL)
       && entry_is(&many.entries[1], 3, 3, NULL), "the others");
    many = get_many(port, 1, 0);
    ok(!many.ok && many.error == WAIT_TIMEOUT, "empty: %d, %u", many.ok, (unsigned)many.error);
    CloseHandle(port);
}

static void port_070_io_and_posted_packets_come_together(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    struct many many;
    char buffer[8];

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    start_receive(server, buffer, sizeof(buffer), &overlapped);
    send(client, "abcd", 4, 0);
    ok(WaitForSingleObject(port, LIMIT) == WAIT_OBJECT_0, "no packet");
    PostQueuedCompletionStatus(port, 5, 2, NULL);
    many = get_many(port, ENTRIES, 0);
    ok(many.ok && many.count == 2, "%d, %u entries", many.ok, (unsigned)many.count);
    ok(many.count == 2 && entry_is(&many.entries[0], 4, 1, &overlapped), "the receive");
    ok(many.count == 2 && entry_is(&many.entries[1], 5, 2, NULL), "the posted packet");
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
}

int main(void)
{
    net_start();
    RUN(port_070_takes_what_is_there_in_order);
    RUN(port_070_io_and_posted_packets_come_together);
    RUN(port_071_failed_operations_are_a_success_of_the_call);
    RUN(port_072_fields_have_full_width);
    RUN(port_073_timeout);
    RUN(port_078_bad_port);
    RUN(port_079_no_room_for_entries);
    RUN(port_080_a_blocked_call_takes_one_or_more);
    RUN(port_082_a_small_array_leaves_the_rest);
    return conform_end();
}
