/* What handles of one file share: handles.md section O. */
#include "net.h"
#include "handles.h"

static void hnd_120_duplicates_share_the_position(void)
{
    HANDLE file = make_file(GENERIC_READ | GENERIC_WRITE, 0), copy = duplicate(file);
    LARGE_INTEGER distance, position;
    char buffer[4];
    DWORD bytes;

    ok(WriteFile(file, "abcdefgh", 8, &bytes, NULL) && bytes == 8, "%u", (unsigned)bytes);
    distance.QuadPart = 2;
    ok(SetFilePointerEx(copy, distance, &position, FILE_BEGIN) && position.QuadPart == 2, "seek");
    ok(ReadFile(file, buffer, 2, &bytes, NULL) && !memcmp(buffer, "cd", 2), "the original");
    ok(ReadFile(copy, buffer, 2, &bytes, NULL) && !memcmp(buffer, "ef", 2), "the duplicate");
    distance.QuadPart = 0;
    ok(SetFilePointerEx(file, distance, &position, FILE_CURRENT) && position.QuadPart == 6, "%d",
       (int)position.QuadPart);
    CloseHandle(copy);
    ok(ReadFile(file, buffer, 2, &bytes, NULL) && !memcmp(buffer, "gh", 2), "the original again");
    CloseHandle(file);
}

static void hnd_120_separate_openings_have_their_own(void)
{
    char name[64], buffer[4];
    HANDLE first, second;
    DWORD bytes;

    snprintf(name, sizeof(name), "conform-own-%u.tmp", (unsigned)GetCurrentProcessId());
    first = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                        NULL, CREATE_ALWAYS, 0, NULL);
    second = CreateFileA(name, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                         OPEN_EXISTING, 0, NULL);
    WriteFile(first, "abcd", 4, &bytes, NULL);
    ok(ReadFile(second, buffer, 4, &bytes, NULL) && bytes == 4 && !memcmp(buffer, "abcd", 4),
       "%u bytes", (unsigned)bytes);
    CloseHandle(second);
    CloseHandle(first);
    DeleteFileA(name);
}

static void hnd_120_access_is_per_handle(void)
{
    HANDLE file = make_file(GENERIC_READ | GENERIC_WRITE, 0);
    HANDLE readable = duplicate_with_access(file, GENERIC_READ);
    char buffer[4];
    DWORD bytes;

    ok(readable != NULL, "%u", (unsigned)GetLastError());
    ok_fails(WriteFile(readable, "abc", 3, &bytes, NULL), ERROR_ACCESS_DENIED);
    ok(ReadFile(readable, buffer, 3, &bytes, NULL) && bytes == 3, "%u", (unsigned)GetLastError());
    ok(WriteFile(file, "abc", 3, &bytes, NULL) && bytes == 3, "%u", (unsigned)GetLastError());
    CloseHandle(readable);
    CloseHandle(file);
}

/* Rules: HND-112, HND-113, HND-44, PORT-018 */
static void hnd_112_sockets_and_their_duplicates(void)
{
    HANDLE port = make_port(0), other = make_port(0), copy;
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[8];

    make_tcp_pair(&client, &server);
    copy = duplicate((HANDLE)server);
    ok(CreateIoCompletionPort(copy, port, 125, 0) == port, "%u", (unsigned)GetLastError());
    ok_fails(CreateIoCompletionPort((HANDLE)server, port, 236, 0), ERROR_INVALID_PARAMETER);
    ok_fails(CreateIoCompletionPort((HANDLE)server, other, 236, 0), ERROR_INVALID_PARAMETER);
    ok_fails(CreateIoCompletionPort((HANDLE)server, NULL, 236, 0), ERROR_INVALID_PARAMETER);
    start_receive(server, buffer, sizeof(buffer), &overlapped);
    send(client, "abc", 3, 0);
    ok_success(get_packet(port, LIMIT), 3, 125, &overlapped);
    ok_fails(ReadFile(copy, buffer, sizeof(buffer), NULL, &overlapped), ERROR_IO_PENDING);
    send(client, "de", 2, 0);
    ok_success(get_packet(port, LIMIT), 2, 125, &overlapped);
    ok_none(get_packet(other, 0), WAIT_TIMEOUT);
    CloseHandle(copy);
    ok_fails(CreateIoCompletionPort((HANDLE)server, other, 236, 0), ERROR_INVALID_PARAMETER);
    closesocket(server);
    closesocket(client);
    CloseHandle(other);
    CloseHandle(port);
}

/* Rules: HND-116, PORT-026 */
static void hnd_116_no_overlapped_no_packet(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    char buffer[8];

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    send(client, "abc", 3, 0);
    ok(!start_receive(server, buffer, sizeof(buffer), NULL), "receive: %d", WSAGetLastError());
    ok(!start_send(server, "abc", 3, NULL), "send: %d", WSAGetLastError());
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
}

/* Rules: HND-119, PORT-158 */
static void hnd_119_the_event_of_the_file_is_ambiguous(void)
{
    SOCKET client, server;
    OVERLAPPED first = {0}, second = {0};
    char buffers[2][4];

    make_tcp_pair(&client, &server);
    start_receive(server, buffers[0], 4, &first);
    start_receive(server, buffers[1], 4, &second);
    ok(!is_signaled((HANDLE)server), "both pending");
    send(client, "abcd", 4, 0);
    ok(WaitForSingleObject((HANDLE)server, LIMIT) == WAIT_OBJECT_0, "the first end signals");
    ok(STATUS_OF(&first) == 0, "the first is done: %#x", (unsigned)STATUS_OF(&first));
    ok(STATUS_OF(&second) == 0x103, "the second is not: %#x", (unsigned)STATUS_OF(&second));
    send(client, "efgh", 4, 0);
    ok(has_bytes(server, 0), "no error");
    closesocket(server);
    closesocket(client);
    settle();
}

/* Two operations of one file, each with its event: each event tells its own. */
static void hnd_119_events_tell_operations_apart(void)
{
    SOCKET client, server;
    OVERLAPPED first = {0}, second = {0};
    char buffers[2][4];

    make_tcp_pair(&client, &server);
    first.hEvent = make_event(TRUE, FALSE);
    second.hEvent = make_event(TRUE, FALSE);
    start_receive(server, buffers[0], 4, &first);
    start_receive(server, buffers[1], 4, &second);
    send(client, "abcd", 4, 0);
    ok(WaitForSingleObject(first.hEvent, LIMIT) == WAIT_OBJECT_0, "the first is not done");
    ok(WaitForSingleObject(second.hEvent, MOMENT) == WAIT_TIMEOUT, "the second is done");
    send(client, "efgh", 4, 0);
    ok(WaitForSingleObject(second.hEvent, LIMIT) == WAIT_OBJECT_0, "the second is not done");
    ok(!memcmp(buffers[0], "abcd", 4) && !memcmp(buffers[1], "efgh", 4), "data");
    closesocket(server);
    closesocket(client);
    CloseHandle(second.hEvent);
    CloseHandle(first.hEvent);
}

/* Rules: HND-125, PORT-121 */
static void hnd_125_failure_at_the_start_is_silent(void)
{
    HANDLE port = make_port(0), event = make_event(TRUE, FALSE);
    struct sockaddr_in address;
    SOCKET listener = make_listener(&address);
    OVERLAPPED overlapped = {0};
    char buffer[8];
    int error;

    CreateIoCompletionPort((HANDLE)listener, port, 1, 0);
    overlapped.hEvent = event;
    error = start_receive(listener, buffer, sizeof(buffer), &overlapped);
    ok(error == WSAENOTCONN, "a listener has no data: %d", error);
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    ok(!is_signaled(event), "the event is set");
    closesocket(listener);
    ok_none(get_packet(port, 0), WAIT_TIMEOUT);
    CloseHandle(event);
    CloseHandle(port);
}

/* Rules: HND-122, PORT-189, PORT-135 */
static void hnd_122_closing_a_disk_file_ends_its_operations_once(void)
{
    enum { COUNT = 64 };
    static OVERLAPPED overlapped[COUNT];
    static char buffers[COUNT][4096];
    HANDLE port = make_port(0), file = make_overlapped_file();
    int i, times[COUNT] = {0}, wrong = 0;

    memset(overlapped, 0, sizeof(overlapped));
    CreateIoCompletionPort(file, port, 1, 0);
    for (i = 0; i < COUNT; i++) ReadFile(file, buffers[i], 4096, NULL, &overlapped[i]);
    CloseHandle(file);
    for (i = 0; i < COUNT; i++) {
        struct packet packet = get_packet(port, LIMIT);
        int which = (int)(packet.overlapped - overlapped);

        if (!packet.overlapped) break;
        if (which >= 0 && which < COUNT) times[which]++;
        wrong += packet.ok ? packet.bytes != 4096 : packet.error != ERROR_OPERATION_ABORTED;
    }
    ok(!wrong, "%d packets are neither a success nor aborted", wrong);
    for (i = wrong = 0; i < COUNT; i++) wrong += times[i] != 1;
    ok(!wrong, "%d requests ended not once", wrong);
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    CloseHandle(port);
}

int main(void)
{
    net_start();
    RUN(hnd_112_sockets_and_their_duplicates);
    RUN(hnd_116_no_overlapped_no_packet);
    RUN(hnd_119_the_event_of_the_file_is_ambiguous);
    RUN(hnd_119_events_tell_operations_apart);
    RUN(hnd_120_duplicates_share_the_position);
    RUN(hnd_120_separate_openings_have_their_own);
    RUN(hnd_120_access_is_per_handle);
    RUN(hnd_122_closing_a_disk_file_ends_its_operations_once);
    RUN_WINE_FAILS(hnd_125_failure_at_the_start_is_silent,
                   "Wine 8 lets a listener wait for data");
    return conform_end();
}
