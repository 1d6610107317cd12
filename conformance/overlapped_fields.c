/* The OVERLAPPED structure and the events of an operation: ports.md section I. */
#include "net.h"
#include "ports.h"

#define PENDING 0x103

static void port_152_fields_while_pending(void)
{
    HANDLE event = make_event(TRUE, FALSE);
    SOCKET client, server;
    OVERLAPPED overlapped;
    char buffer[8];

    make_tcp_pair(&client, &server);
    memset(&overlapped, 0, sizeof(overlapped));
    overlapped.Internal = 5;
    overlapped.InternalHigh = 0x1234;
    overlapped.Offset = 11;
    overlapped.OffsetHigh = 12;
    overlapped.hEvent = event;
    ok_fails(ReadFile((HANDLE)server, buffer, sizeof(buffer), NULL, &overlapped),
             ERROR_IO_PENDING);
    ok(STATUS_OF(&overlapped) == PENDING, "status %#x", (unsigned)STATUS_OF(&overlapped));
    ok(overlapped.InternalHigh == 0x1234, "InternalHigh %#x", (unsigned)overlapped.InternalHigh);
    ok(overlapped.Offset == 11 && overlapped.OffsetHigh == 12, "offset");
    ok(overlapped.hEvent == event, "event");
    send(client, "abc", 3, 0);
    ok(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0, "the receive does not end");
    ok(STATUS_OF(&overlapped) == 0 && overlapped.InternalHigh == 3, "status %#x, %u bytes",
       (unsigned)STATUS_OF(&overlapped), (unsigned)overlapped.InternalHigh);
    ok(overlapped.Offset == 11 && overlapped.OffsetHigh == 12, "offset after the end");
    closesocket(server);
    closesocket(client);
    CloseHandle(event);
}

/* Rules: PORT-153, HND-126 */
static void port_153_status_is_written_when_the_packet_is_taken(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    DWORD bytes = UNTOUCHED;
    char buffer[8] = "";

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    ok(start_receive(server, buffer, sizeof(buffer), &overlapped) == WSA_IO_PENDING, "pending");
    send(client, "ab", 2, 0);
    ok(WaitForSingleObject(port, LIMIT) == WAIT_OBJECT_0, "no packet");
    WINE_DIFFERS("Wine writes the status at completion") OURS_DIFFERS("D2")
    OURS_DIFFERS("D2")
    ok(STATUS_OF(&overlapped) == PENDING, "status %#x", (unsigned)STATUS_OF(&overlapped));
    WINE_DIFFERS("Wine writes the status at completion") OURS_DIFFERS("D2")
    OURS_DIFFERS("D2")
    ok_fails(GetOverlappedResult((HANDLE)server, &overlapped, &bytes, FALSE), ERROR_IO_INCOMPLETE);
    ok_success(get_packet(port, 0), 2, 1, &overlapped);
    ok(STATUS_OF(&overlapped) == 0 && overlapped.InternalHigh == 2, "status %#x",
       (unsigned)STATUS_OF(&overlapped));
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
}

static void port_153_with_an_event_it_is_written_at_completion(void)
{
    HANDLE port = make_port(0), event = make_event(TRUE, FALSE);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[8] = "";

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    overlapped.hEvent = event;
    ok(start_receive(server, buffer, sizeof(buffer), &overlapped) == WSA_IO_PENDING, "pending");
    send(client, "ab", 2, 0);
    ok(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0, "the event is not set");
    ok(STATUS_OF(&overlapped) == 0 && overlapped.InternalHigh == 2, "status %#x",
       (unsigned)STATUS_OF(&overlapped));
    ok_success(get_packet(port, LIMIT), 2, 1, &overlapped);
    closesocket(server);
    closesocket(client);
    CloseHandle(event);
    CloseHandle(port);
}

static void port_154_fields_after_the_end(void)
{
    HANDLE port = make_port(0), file = make_overlapped_file();
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[8];

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    CreateIoCompletionPort(file, port, 2, 0);
    start_receive(server, buffer, sizeof(buffer), &overlapped);
    send(client, "abc", 3, 0);
    ok_success(get_packet(port, LIMIT), 3, 1, &overlapped);
    ok(overlapped.Internal == 0 && overlapped.InternalHigh == 3, "success: %#x, %u",
       (unsigned)STATUS_OF(&overlapped), (unsigned)overlapped.InternalHigh);
    overlapped.InternalHigh = 99;
    start_receive(server, buffer, sizeof(buffer), &overlapped);
    CancelIoEx((HANDLE)server, &overlapped);
    ok_failure(get_packet(port, LIMIT), ERROR_OPERATION_ABORTED, 0, 1, &overlapped);
    ok(STATUS_OF(&overlapped) == 0xC0000120 && overlapped.InternalHigh == 0, "cancelled: %#x, %u",
       (unsigned)STATUS_OF(&overlapped), (unsigned)overlapped.InternalHigh);
    overlapped.Offset = 1 << 20;
    overlapped.InternalHigh = 99;
    ReadFile(file, buffer, sizeof(buffer), NULL, &overlapped);
    ok_failure(get_packet(port, LIMIT), ERROR_HANDLE_EOF, 0, 2, &overlapped);
    ok(STATUS_OF(&overlapped) == 0xC0000011 && overlapped.InternalHigh == 0, "end: %#x, %u",
       (unsigned)STATUS_OF(&overlapped), (unsigned)overlapped.InternalHigh);
    closesocket(server);
    closesocket(client);
    CloseHandle(file);
    CloseHandle(port);
}

static void CALLBACK never(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    (void)error;
    (void)bytes;
    (void)overlapped;
}

/* Rules: PORT-155, HND-60 */
static void port_155_immediate_errors_leave_the_status_pending(void)
{
    HANDLE nothing = make_file(0, FILE_FLAG_OVERLAPPED);
    OVERLAPPED overlapped = {0};
    char buffer[8];

    ok_fails(ReadFile(nothing, buffer, sizeof(buffer), NULL, &overlapped), ERROR_ACCESS_DENIED);
    ok(STATUS_OF(&overlapped) == PENDING, "read: %#x", (unsigned)STATUS_OF(&overlapped));
    overlapped.Internal = 0;
    ok_fails(WriteFile(nothing, buffer, sizeof(buffer), NULL, &overlapped), ERROR_ACCESS_DENIED);
    ok(STATUS_OF(&overlapped) == PENDING, "write: %#x", (unsigned)STATUS_OF(&overlapped));
    CloseHandle(nothing);
}

/* Rules: PORT-200, PORT-155, HND-115 */
static void port_200_completion_routines_are_refused_on_associated_files(void)
{
    HANDLE port = make_port(0), file = make_overlapped_file();
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[8] = "";

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    CreateIoCompletionPort(file, port, 2, 0);
    ok_fails(ReadFileEx((HANDLE)server, buffer, sizeof(buffer), &overlapped, never),
             ERROR_INVALID_PARAMETER);
    ok(STATUS_OF(&overlapped) == PENDING, "ReadFileEx: %#x", (unsigned)STATUS_OF(&overlapped));
    overlapped.Internal = 0;
    ok_fails(WriteFileEx((HANDLE)server, buffer, sizeof(buffer), &overlapped, never),
             ERROR_INVALID_PARAMETER);
    ok(STATUS_OF(&overlapped) == PENDING, "WriteFileEx: %#x", (unsigned)STATUS_OF(&overlapped));
    WINE_DIFFERS("Wine 8 does not look for disk files")
    ok_fails(ReadFileEx(file, buffer, sizeof(buffer), &overlapped, never),
             ERROR_INVALID_PARAMETER);
    WINE_DIFFERS("Wine 8 does not look for disk files")
    ok_fails(WriteFileEx(file, buffer, sizeof(buffer), &overlapped, never),
             ERROR_INVALID_PARAMETER);
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    closesocket(server);
    closesocket(client);
    CloseHandle(file);
    CloseHandle(port);
}

static void port_156_byte_counts(void)
{
    HANDLE file = make_overlapped_file(), nothing = make_file(0, FILE_FLAG_OVERLAPPED);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    DWORD bytes = UNTOUCHED, flags = 0;
    WSABUF area;
    char buffer[8];
    BOOL done;

    make_tcp_pair(&client, &server);
    ok_fails(ReadFile((HANDLE)server, buffer, sizeof(buffer), &bytes, &overlapped),
             ERROR_IO_PENDING);
    ok(bytes == 0, "pending ReadFile: %#x", (unsigned)bytes);
    send(client, "abc", 3, 0);
    ok(WaitForSingleObject((HANDLE)server, LIMIT) == WAIT_OBJECT_0, "the receive does not end");
    bytes = UNTOUCHED;
    ok_fails(ReadFile(nothing, buffer, sizeof(buffer), &bytes, &overlapped), ERROR_ACCESS_DENIED);
    ok(bytes == 0, "failed ReadFile: %#x", (unsigned)bytes);
    bytes = UNTOUCHED;
    done = ReadFile(file, buffer, sizeof(buffer), &bytes, &overlapped);
    ok(bytes == (done ? sizeof(buffer) : 0), "disk ReadFile: %d, %#x", done, (unsigned)bytes);
    ok(GetOverlappedResult(file, &overlapped, &bytes, TRUE) && bytes == 8, "%u", (unsigned)bytes);
    send(client, "abc", 3, 0);
    ok(has_bytes(server, 3), "data arrives");
    bytes = UNTOUCHED;
    ok(ReadFile((HANDLE)server, buffer, sizeof(buffer), &bytes, &overlapped), "immediate: %u",
       (unsigned)GetLastError());
    ok(bytes == 3, "immediate ReadFile: %#x", (unsigned)bytes);
    bytes = UNTOUCHED;
    area.buf = buffer;
    area.len = sizeof(buffer);
    ok(WSARecv(server, &area, 1, &bytes, &flags, &overlapped, NULL) == SOCKET_ERROR
       && WSAGetLastError() == WSA_IO_PENDING, "%d", WSAGetLastError());
    ok(bytes == UNTOUCHED, "pending WSARecv: %#x", (unsigned)bytes);
    send(client, "abc", 3, 0);
    ok(WSAGetOverlappedResult(server, &overlapped, &bytes, TRUE, &flags) && bytes == 3, "%u",
       (unsigned)bytes);
    closesocket(server);
    closesocket(client);
    CloseHandle(nothing);
    CloseHandle(file);
}

static void port_157_event_is_reset_at_the_start_and_set_at_the_end(void)
{
    HANDLE event = make_event(TRUE, TRUE);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[8];

    make_tcp_pair(&client, &server);
    overlapped.hEvent = event;
    ok_fails(ReadFile((HANDLE)server, buffer, sizeof(buffer), NULL, &overlapped),
             ERROR_IO_PENDING);
    ok(!is_signaled(event), "not reset");
    send(client, "abc", 3, 0);
    ok(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0, "not set");
    send(client, "abc", 3, 0);
    ok(has_bytes(server, 3), "data arrives");
    ResetEvent(event);
    ok(!start_receive(server, buffer, sizeof(buffer), &overlapped), "immediate");
    ok(is_signaled(event), "not set by an immediate success");
    closesocket(server);
    closesocket(client);
    CloseHandle(event);
}

/* Rules: PORT-157, PORT-161, HND-14 */
static void port_157_bad_handles_touch_nothing(void)
{
    HANDLE event = make_event(TRUE, TRUE), semaphore = CreateSemaphoreA(NULL, 1, 1, NULL);
    HANDLE weak = duplicate_with_access(event, SYNCHRONIZE);
    HANDLE port = make_port(0);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[8];

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    overlapped.hEvent = event;
    ok_fails(ReadFile(closed_handle(), buffer, 8, NULL, &overlapped), ERROR_INVALID_HANDLE);
    ok(is_signaled(event), "a bad file resets the event");
    overlapped.hEvent = closed_handle();
    ok_fails(ReadFile((HANDLE)server, buffer, 8, NULL, &overlapped), ERROR_INVALID_HANDLE);
    overlapped.hEvent = semaphore;
    ok_fails(ReadFile((HANDLE)server, buffer, 8, NULL, &overlapped), ERROR_INVALID_HANDLE);
    ok(is_signaled(semaphore), "the semaphore is taken");
    overlapped.hEvent = weak;
    ok_fails(ReadFile((HANDLE)server, buffer, 8, NULL, &overlapped), ERROR_ACCESS_DENIED);
    ok(is_signaled(event), "an event without modify access is reset");
    send(client, "abc", 3, 0);
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    ok(recv(server, buffer, sizeof(buffer), 0) == 3, "a refused read took data");
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
    CloseHandle(weak);
    CloseHandle(semaphore);
    CloseHandle(event);
}

/* Rules: PORT-158, PORT-159, PORT-128, HND-119 */
static void port_158_the_file_has_its_own_event(void)
{
    HANDLE event = make_event(TRUE, FALSE), file = make_overlapped_file();
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[8];

    ok(is_signaled(file), "a new file is not signaled");
    make_tcp_pair(&client, &server);
    ok(start_receive(server, buffer, sizeof(buffer), &overlapped) == WSA_IO_PENDING, "pending");
    ok(!is_signaled((HANDLE)server), "not reset by an operation");
    send(client, "abc", 3, 0);
    ok(WaitForSingleObject((HANDLE)server, LIMIT) == WAIT_OBJECT_0, "not set by its end");
    overlapped.hEvent = event;
    ok(start_receive(server, buffer, sizeof(buffer), &overlapped) == WSA_IO_PENDING, "pending");
    ok(!is_signaled((HANDLE)server), "not reset by an operation with an event");
    send(client, "abc", 3, 0);
    ok(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0, "the event is not set");
    ok(!is_signaled((HANDLE)server), "set by an operation with an event");
    closesocket(server);
    closesocket(client);
    CloseHandle(file);
    CloseHandle(event);
}

static void port_160_a_port_does_not_replace_the_event_of_the_file(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[8];

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    ok(start_receive(server, buffer, sizeof(buffer), &overlapped) == WSA_IO_PENDING, "pending");
    ok(!is_signaled((HANDLE)server), "not reset");
    send(client, "abc", 3, 0);
    ok_success(get_packet(port, LIMIT), 3, 1, &overlapped);
    ok(is_signaled((HANDLE)server), "not set");
    SetFileCompletionNotificationModes((HANDLE)server, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS);
    send(client, "abc", 3, 0);
    ok(has_bytes(server, 3), "data arrives");
    ok(!start_receive(server, buffer, sizeof(buffer), &overlapped), "immediate");
    ok(is_signaled((HANDLE)server), "not set when there is no packet");
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
}

#define TAGGED(event) ((HANDLE)((ULONG_PTR)(event) | 1))

/* Rules: PORT-165, PORT-168, PORT-127, HND-02 */
static void port_165_a_tagged_event_suppresses_the_packet(void)
{
    HANDLE port = make_port(0), event = make_event(TRUE, FALSE), file = make_overlapped_file();
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[8];

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    CreateIoCompletionPort(file, port, 2, 0);
    overlapped.hEvent = TAGGED(event);
    ok(start_receive(server, buffer, sizeof(buffer), &overlapped) == WSA_IO_PENDING, "pending");
    send(client, "abc", 3, 0);
    ok(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0, "the event is not set");
    ok(STATUS_OF(&overlapped) == 0 && overlapped.InternalHigh == 3, "status block");
    ResetEvent(event);
    ok(!start_send(server, "abc", 3, &overlapped), "immediate");
    ok(is_signaled(event), "the event is not set by an immediate success");
    ResetEvent(event);
    ReadFile(file, buffer, sizeof(buffer), NULL, &overlapped);
    ok(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0, "the event is not set by the disk");
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    closesocket(server);
    closesocket(client);
    CloseHandle(file);
    CloseHandle(event);
    CloseHandle(port);
}

/* Rules: PORT-166, HND-02 */
static void port_166_waits_take_the_tagged_value(void)
{
    HANDLE event = make_event(TRUE, FALSE);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    DWORD bytes = 0;
    char buffer[8];

    make_tcp_pair(&client, &server);
    overlapped.hEvent = TAGGED(event);
    ok(start_receive(server, buffer, sizeof(buffer), &overlapped) == WSA_IO_PENDING, "pending");
    ok(WaitForSingleObject(TAGGED(event), 0) == WAIT_TIMEOUT, "%u", (unsigned)GetLastError());
    send(client, "abc", 3, 0);
    ok(WaitForSingleObject(TAGGED(event), LIMIT) == WAIT_OBJECT_0, "%u",
       (unsigned)GetLastError());
    ok(start_receive(server, buffer, sizeof(buffer), &overlapped) == WSA_IO_PENDING, "pending");
    send(client, "ab", 2, 0);
    ok(GetOverlappedResult((HANDLE)server, &overlapped, &bytes, TRUE) && bytes == 2, "%u, %u",
       (unsigned)bytes, (unsigned)GetLastError());
    closesocket(server);
    closesocket(client);
    CloseHandle(event);
}

/* A tag without an event: D9 says what was decided. */
static void port_167_a_tag_alone(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[8];

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    overlapped.hEvent = TAGGED(NULL);
    ok_fails(ReadFile((HANDLE)server, buffer, sizeof(buffer), NULL, &overlapped),
             ERROR_INVALID_HANDLE);
    send(client, "abc", 3, 0);
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
}

int main(void)
{
    net_start();
    RUN(port_152_fields_while_pending);
    RUN(port_153_status_is_written_when_the_packet_is_taken);
    RUN(port_153_with_an_event_it_is_written_at_completion);
    RUN(port_154_fields_after_the_end);
    RUN(port_155_immediate_errors_leave_the_status_pending);
    RUN(port_200_completion_routines_are_refused_on_associated_files);
    RUN(port_156_byte_counts);
    RUN(port_157_event_is_reset_at_the_start_and_set_at_the_end);
    RUN(port_157_bad_handles_touch_nothing);
    RUN(port_158_the_file_has_its_own_event);
    RUN(port_160_a_port_does_not_replace_the_event_of_the_file);
    RUN(port_165_a_tagged_event_suppresses_the_packet);
    RUN(port_166_waits_take_the_tagged_value);
    RUN(port_167_a_tag_alone);
    return conform_end();
}
