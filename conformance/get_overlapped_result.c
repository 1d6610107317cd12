/* GetOverlappedResult and GetOverlappedResultEx: ports.md section J. */
#include "net.h"
#include "ports.h"

#define PENDING 0x103

/* Rules: PORT-170, HND-129 */
static void port_170_a_finished_operation_needs_no_file(void)
{
    OVERLAPPED overlapped = {0};
    DWORD bytes = UNTOUCHED;

    overlapped.InternalHigh = 12;
    SetLastError(UNTOUCHED);
    ok(GetOverlappedResult(NULL, &overlapped, &bytes, FALSE) && bytes == 12, "%u",
       (unsigned)bytes);
    ok(GetLastError() == UNTOUCHED, "last error %u", (unsigned)GetLastError());
    bytes = UNTOUCHED;
    ok(GetOverlappedResult(closed_handle(), &overlapped, &bytes, TRUE) && bytes == 12, "%u",
       (unsigned)bytes);
    bytes = UNTOUCHED;
    ok(GetOverlappedResultEx(NULL, &overlapped, &bytes, INFINITE, FALSE) && bytes == 12, "%u",
       (unsigned)bytes);
}

static void port_170_failures_tell_the_bytes_too(void)
{
    static const struct { DWORD status, error; } rows[] = {
        { 0xC0000011, ERROR_HANDLE_EOF }, { 0xC0000120, ERROR_OPERATION_ABORTED },
        { 0x80000005, ERROR_MORE_DATA }, { 0xC000014B, ERROR_BROKEN_PIPE },
        { 0xC0000241, ERROR_CONNECTION_ABORTED }, { 0xC000020D, ERROR_NETNAME_DELETED },
        { 0xC0000022, ERROR_ACCESS_DENIED }, { 0xC0000008, ERROR_INVALID_HANDLE },
        { 0xC000000D, ERROR_INVALID_PARAMETER }, { 0xC0000236, ERROR_CONNECTION_REFUSED },
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        OVERLAPPED overlapped = {0};
        DWORD bytes = UNTOUCHED;

        overlapped.Internal = rows[i].status;
        overlapped.InternalHigh = 7;
        ok_fails(GetOverlappedResult(NULL, &overlapped, &bytes, FALSE), rows[i].error);
        ok(bytes == 7, "status %#x: %#x bytes", (unsigned)rows[i].status, (unsigned)bytes);
    }
}

static void port_171_pending_without_a_wait(void)
{
    HANDLE event = make_event(TRUE, TRUE);
    OVERLAPPED overlapped = {0};
    DWORD bytes = UNTOUCHED;

    overlapped.Internal = PENDING;
    overlapped.InternalHigh = 5;
    ok_fails(GetOverlappedResult(NULL, &overlapped, &bytes, FALSE), ERROR_IO_INCOMPLETE);
    overlapped.hEvent = event;
    ok_fails(GetOverlappedResult(NULL, &overlapped, &bytes, FALSE), ERROR_IO_INCOMPLETE);
    ok_fails(GetOverlappedResultEx(NULL, &overlapped, &bytes, 0, FALSE), ERROR_IO_INCOMPLETE);
    ok_fails(GetOverlappedResultEx(NULL, &overlapped, &bytes, 0, TRUE), ERROR_IO_INCOMPLETE);
    ok(bytes == UNTOUCHED, "%#x bytes", (unsigned)bytes);
    CloseHandle(event);
}

static void send_after_a_moment(struct actor *actor)
{
    settle();
    send(*(SOCKET *)actor->context, "abc", 3, 0);
}

static void port_172_waits_for_the_event_or_the_file(void)
{
    HANDLE event = make_event(TRUE, FALSE);
    struct actor sender;
    SOCKET client, server;
    char buffer[8];
    int with_event;

    make_tcp_pair(&client, &server);
    actor_start(&sender, NULL, FALSE);
    sender.context = &client;
    for (with_event = 0; with_event < 2; with_event++) {
        OVERLAPPED overlapped = {0};
        DWORD bytes = UNTOUCHED;

        overlapped.hEvent = with_event ? event : NULL;
        ok(start_receive(server, buffer, sizeof(buffer), &overlapped) == WSA_IO_PENDING,
           "pending");
        actor_begin(&sender, send_after_a_moment);
        ok(GetOverlappedResult((HANDLE)server, &overlapped, &bytes, TRUE) && bytes == 3,
           "%u bytes, %u", (unsigned)bytes, (unsigned)GetLastError());
        ok(actor_ends(&sender, LIMIT), "the sender does not end");
    }
    actor_stop(&sender);
    closesocket(server);
    closesocket(client);
    CloseHandle(event);
}

/* The wait is taken as the end, whatever the status block says. */
static void port_173_a_signaled_event_with_a_pending_status(void)
{
    HANDLE event = make_event(TRUE, TRUE);
    OVERLAPPED overlapped = {0};
    DWORD bytes = UNTOUCHED;

    overlapped.Internal = PENDING;
    overlapped.InternalHigh = 5;
    overlapped.hEvent = event;
    ok(GetOverlappedResult(NULL, &overlapped, &bytes, TRUE) && bytes == 5, "%u bytes, %u",
       (unsigned)bytes, (unsigned)GetLastError());
    CloseHandle(event);
}

static void port_174_timeout(void)
{
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    DWORD bytes = UNTOUCHED;
    char buffer[8];

    make_tcp_pair(&client, &server);
    overlapped.hEvent = make_event(TRUE, FALSE);
    ok(start_receive(server, buffer, sizeof(buffer), &overlapped) == WSA_IO_PENDING, "pending");
    ok_fails(GetOverlappedResultEx((HANDLE)server, &overlapped, &bytes, 20, FALSE), WAIT_TIMEOUT);
    ok_fails(GetOverlappedResultEx((HANDLE)server, &overlapped, &bytes, 20, TRUE), WAIT_TIMEOUT);
    ok(bytes == UNTOUCHED, "%#x bytes", (unsigned)bytes);
    send(client, "ab", 2, 0);
    ok(GetOverlappedResultEx((HANDLE)server, &overlapped, &bytes, LIMIT, FALSE) && bytes == 2,
       "%u bytes, %u", (unsigned)bytes, (unsigned)GetLastError());
    closesocket(server);
    closesocket(client);
    CloseHandle(overlapped.hEvent);
}

static void port_175_the_wait_takes_an_automatic_event(void)
{
    HANDLE event = make_event(FALSE, TRUE);
    OVERLAPPED overlapped = {0};
    DWORD bytes;

    overlapped.Internal = PENDING;
    overlapped.hEvent = event;
    ok(GetOverlappedResult(NULL, &overlapped, &bytes, TRUE), "%u", (unsigned)GetLastError());
    ok(!is_signaled(event), "the event is still set");
    SetEvent(event);
    overlapped.Internal = 0;
    ok(GetOverlappedResult(NULL, &overlapped, &bytes, TRUE), "%u", (unsigned)GetLastError());
    ok(is_signaled(event), "a finished operation is not waited for");
    CloseHandle(event);
}

static void port_176_the_packet_stays(void)
{
    HANDLE port = make_port(0), file = make_overlapped_file();
    OVERLAPPED overlapped = {0};
    DWORD bytes = 0;
    char buffer[8];

    CreateIoCompletionPort(file, port, 1, 0);
    overlapped.hEvent = make_event(TRUE, FALSE);
    ReadFile(file, buffer, sizeof(buffer), NULL, &overlapped);
    ok(GetOverlappedResult(file, &overlapped, &bytes, TRUE) && bytes == sizeof(buffer), "%u",
       (unsigned)bytes);
    ok(GetOverlappedResult(file, &overlapped, &bytes, TRUE), "a second time");
    ok_success(get_packet(port, LIMIT), sizeof(buffer), 1, &overlapped);
    ok_none(get_packet(port, 0), WAIT_TIMEOUT);
    CloseHandle(overlapped.hEvent);
    CloseHandle(file);
    CloseHandle(port);
}

static void port_177_end_of_file(void)
{
    HANDLE file = make_overlapped_file();
    OVERLAPPED overlapped = {0};
    DWORD bytes = UNTOUCHED;
    char buffer[8];

    overlapped.Offset = 4096;
    ok_fails(ReadFile(file, buffer, sizeof(buffer), NULL, &overlapped), ERROR_IO_PENDING);
    ok_fails(GetOverlappedResult(file, &overlapped, &bytes, TRUE), ERROR_HANDLE_EOF);
    ok(bytes == 0, "%#x bytes", (unsigned)bytes);
    ok(STATUS_OF(&overlapped) == 0xC0000011, "status %#x", (unsigned)STATUS_OF(&overlapped));
    CloseHandle(file);
}

static void hnd_129_result_after_the_file_is_closed(void)
{
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    DWORD bytes = UNTOUCHED;
    char buffer[8];

    make_tcp_pair(&client, &server);
    overlapped.hEvent = make_event(TRUE, FALSE);
    start_receive(server, buffer, sizeof(buffer), &overlapped);
    send(client, "abc", 3, 0);
    ok(WaitForSingleObject(overlapped.hEvent, LIMIT) == WAIT_OBJECT_0, "the receive ends");
    closesocket(server);
    ok(GetOverlappedResult((HANDLE)server, &overlapped, &bytes, TRUE) && bytes == 3, "%u, %u",
       (unsigned)bytes, (unsigned)GetLastError());
    overlapped.hEvent = NULL;
    overlapped.Internal = PENDING;
    ok_fails(GetOverlappedResult((HANDLE)server, &overlapped, &bytes, TRUE), ERROR_INVALID_HANDLE);
    closesocket(client);
}

int main(void)
{
    net_start();
    RUN(port_170_a_finished_operation_needs_no_file);
    RUN(port_170_failures_tell_the_bytes_too);
    RUN(port_171_pending_without_a_wait);
    RUN(port_172_waits_for_the_event_or_the_file);
    RUN(port_173_a_signaled_event_with_a_pending_status);
    RUN(port_174_timeout);
    RUN(port_175_the_wait_takes_an_automatic_event);
    RUN(port_176_the_packet_stays);
    RUN(port_177_end_of_file);
    RUN(hnd_129_result_after_the_file_is_closed);
    return conform_end();
}
