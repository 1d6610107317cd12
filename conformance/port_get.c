/* GetQueuedCompletionStatus: ports.md section C. */
#include "net.h"
#include "ports.h"

static void port_050_packet_of_a_success(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[16];

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 125, 0);
    start_receive(server, buffer, sizeof(buffer), &overlapped);
    send(client, "hello", 5, 0);
    ok_success(get_packet(port, LIMIT), 5, 125, &overlapped);
    ok(!memcmp(buffer, "hello", 5), "the data is there");
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
}

/* Rules: PORT-051, PORT-056 */
static void port_051_packet_of_a_failure(void)
{
    HANDLE port = make_port(0), file = make_overlapped_file();
    OVERLAPPED overlapped = {0};
    char buffer[16];

    CreateIoCompletionPort(file, port, 125, 0);
    overlapped.Offset = 4096;
    ok(!ReadFile(file, buffer, sizeof(buffer), NULL, &overlapped)
       && GetLastError() == ERROR_IO_PENDING, "read at the end: %u", (unsigned)GetLastError());
    ok_failure(get_packet(port, LIMIT), ERROR_HANDLE_EOF, 0, 125, &overlapped);
    CloseHandle(file);
    CloseHandle(port);
}

static SOCKET make_datagram_socket(struct sockaddr_in *address)
{
    SOCKET result = WSASocketW(AF_INET, SOCK_DGRAM, 0, NULL, 0, WSA_FLAG_OVERLAPPED);
    int size = sizeof(*address);

    memset(address, 0, sizeof(*address));
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ok(!bind(result, (struct sockaddr *)address, sizeof(*address)), "bind");
    ok(!getsockname(result, (struct sockaddr *)address, &size), "getsockname");
    return result;
}

/* A warning, here a datagram longer than its buffer, is a failure too.
 * Rules: PORT-052, PORT-126 */
static void port_052_warnings_are_failures(void)
{
    HANDLE port = make_port(0);
    struct sockaddr_in address;
    SOCKET receiver = make_datagram_socket(&address);
    SOCKET sender = WSASocketW(AF_INET, SOCK_DGRAM, 0, NULL, 0, WSA_FLAG_OVERLAPPED);
    OVERLAPPED overlapped = {0};
    char buffer[4];

    CreateIoCompletionPort((HANDLE)receiver, port, 6, 0);
    ok(start_receive(receiver, buffer, sizeof(buffer), &overlapped) == WSA_IO_PENDING, "pending");
    ok(!connect(sender, (struct sockaddr *)&address, sizeof(address)), "connect");
    ok(send(sender, "abcdefgh", 8, 0) == 8, "send");
    ok_failure(get_packet(port, LIMIT), ERROR_MORE_DATA, 4, 6, &overlapped);
    ok(STATUS_OF(&overlapped) == 0x80000005, "status %#x", (unsigned)STATUS_OF(&overlapped));
    ok(!memcmp(buffer, "abcd", 4), "the beginning is there");
    closesocket(sender);
    closesocket(receiver);
    CloseHandle(port);
}

/* The same with the datagram there before the receive: a packet all the same.
 * Winsock may tell the caller of the warning, or that the receive is pending. */
static void port_125_an_immediate_warning_queues_a_packet(void)
{
    HANDLE port = make_port(0);
    struct sockaddr_in address;
    SOCKET receiver = make_datagram_socket(&address);
    SOCKET sender = WSASocketW(AF_INET, SOCK_DGRAM, 0, NULL, 0, WSA_FLAG_OVERLAPPED);
    OVERLAPPED overlapped = {0};
    char buffer[4];
    int error;

    CreateIoCompletionPort((HANDLE)receiver, port, 6, 0);
    ok(!connect(sender, (struct sockaddr *)&address, sizeof(address)), "connect");
    ok(send(sender, "abcdefgh", 8, 0) == 8, "send");
    ok(has_bytes(receiver, 8), "the datagram does not arrive");
    error = start_receive(receiver, buffer, sizeof(buffer), &overlapped);
    ok(error == WSA_IO_PENDING || error == WSAEMSGSIZE, "%d", error);
    ok_failure(get_packet(port, LIMIT), ERROR_MORE_DATA, 4, 6, &overlapped);
    ok_none(get_packet(port, 0), WAIT_TIMEOUT);
    closesocket(sender);
    closesocket(receiver);
    CloseHandle(port);
}

/* Rules: PORT-053, PORT-056 */
static void port_053_timeout_leaves_bytes_and_key(void)
{
    HANDLE port = make_port(0);

    ok_none(get_packet(port, 0), WAIT_TIMEOUT);
    ok_none(get_packet(port, 20), WAIT_TIMEOUT);
    CloseHandle(port);
}

/* Rules: PORT-055, PORT-056, PORT-087, HND-06, HND-12 */
static void port_055_bad_port(void)
{
    HANDLE port = make_port(0), event = make_event(TRUE, TRUE), file = make_overlapped_file();
    HANDLE weak = duplicate_with_access(port, 0x1 | SYNCHRONIZE);

    ok_none(get_packet(NULL, 0), ERROR_INVALID_HANDLE);
    ok_none(get_packet(closed_handle(), 0), ERROR_INVALID_HANDLE);
    ok_none(get_packet((HANDLE)(ULONG_PTR)0x7ffffff0, 0), ERROR_INVALID_HANDLE);
    ok_none(get_packet(INVALID_HANDLE_VALUE, 0), ERROR_INVALID_HANDLE);
    ok_none(get_packet(GetCurrentThread(), 0), ERROR_INVALID_HANDLE);
    ok_none(get_packet(event, 0), ERROR_INVALID_HANDLE);
    ok_none(get_packet(file, 0), ERROR_INVALID_HANDLE);
    PostQueuedCompletionStatus(port, 1, 2, NULL);
    ok_none(get_packet(weak, 0), ERROR_ACCESS_DENIED);
    ok_success(get_packet(port, 0), 1, 2, NULL);
    CloseHandle(weak);
    CloseHandle(file);
    CloseHandle(event);
    CloseHandle(port);
}

/* Rules: PORT-057, PORT-085 */
static void port_057_bytes_are_32_bits_the_rest_is_full_width(void)
{
    HANDLE port = make_port(0);
    ULONG_PTR wide = (ULONG_PTR)0x123456789abcdef0;

    PostQueuedCompletionStatus(port, 0xffffffff, wide, (OVERLAPPED *)(wide + 1));
    ok_success(get_packet(port, 0), 0xffffffff, wide, (OVERLAPPED *)(wide + 1));
    PostQueuedCompletionStatus(port, 0x80000000, (ULONG_PTR)-1, (OVERLAPPED *)(ULONG_PTR)-1);
    ok_success(get_packet(port, 0), 0x80000000, (ULONG_PTR)-1, (OVERLAPPED *)(ULONG_PTR)-1);
    CloseHandle(port);
}

static void port_058_the_queue_is_looked_at_before_the_clock(void)
{
    HANDLE port = make_port(0);
    static const DWORD timeouts[] = { 0, 1, 1000, 0x7fffffff, 0x80000000, 0xfffffffe, INFINITE };
    size_t i;

    for (i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
        PostQueuedCompletionStatus(port, 0, i, NULL);
        ok_success(get_packet(port, timeouts[i]), 0, i, NULL);
    }
    CloseHandle(port);
}

static void port_058_infinite_and_long_waits_last(void)
{
    static const DWORD timeouts[] = { INFINITE, 0xfffffffe, 0x80000000, 0x7fffffff };
    int i;

    for (i = 0; i < 4; i++) {
        HANDLE port = make_port(0);
        struct actor waiter;

        actor_start(&waiter, port, FALSE);
        waiter.milliseconds = timeouts[i];
        actor_begin(&waiter, take_packet);
        ok(!actor_ends(&waiter, MOMENT), "a time-out of %#x ends at once", (unsigned)timeouts[i]);
        PostQueuedCompletionStatus(port, 1, i, NULL);
        ok(actor_ends(&waiter, LIMIT), "time-out %#x: still waits", (unsigned)timeouts[i]);
        ok_success(waiter.packet, 1, i, NULL);
        actor_stop(&waiter);
        CloseHandle(port);
    }
}

/* Rules: PORT-058, PORT-059 */
static void port_059_a_timeout_lasts_about_as_long_as_asked(void)
{
    HANDLE port = make_port(0);
    static const DWORD timeouts[] = { 1, 30, 100 };
    LARGE_INTEGER frequency, from, to;
    int i;

    QueryPerformanceFrequency(&frequency);
    for (i = 0; i < 3; i++) {
        LONGLONG lasted;

        QueryPerformanceCounter(&from);
        ok_none(get_packet(port, timeouts[i]), WAIT_TIMEOUT);
        QueryPerformanceCounter(&to);
        lasted = (to.QuadPart - from.QuadPart) * 1000 / frequency.QuadPart;
        ok(lasted + 16 >= timeouts[i] && lasted < timeouts[i] + 5000, "%u ms last %d ms",
           (unsigned)timeouts[i], (int)lasted);
    }
    CloseHandle(port);
}

/* Undocumented, and other systems write through the pointers; D6 says what was
 * decided. */
#if !CONFORM_WINE
static void port_061_no_place_for_the_outputs(void)
{
    HANDLE port = make_port(0);
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped;

    PostQueuedCompletionStatus(port, 1, 2, NULL);
    ok_fails(GetQueuedCompletionStatus(port, NULL, &key, &overlapped, 0),
             ERROR_INVALID_PARAMETER);
    ok_fails(GetQueuedCompletionStatus(port, &bytes, NULL, &overlapped, 0),
             ERROR_INVALID_PARAMETER);
    ok_fails(GetQueuedCompletionStatus(port, &bytes, &key, NULL, 0), ERROR_INVALID_PARAMETER);
    ok_success(get_packet(port, 0), 1, 2, NULL);
    CloseHandle(port);
}
#endif

#define PACKETS 2000
static volatile LONG taken[PACKETS];

static void take_all(struct actor *actor)
{
    struct packet packet;

    while ((packet = get_packet(actor->port, MOMENT)).ok)
        InterlockedIncrement(&taken[packet.key]);
}

static void port_062_each_packet_is_taken_once(void)
{
    HANDLE port = make_port(0);
    struct actor actors[4];
    int i, wrong = 0;

    for (i = 0; i < 4; i++) {
        actor_start(&actors[i], port, FALSE);
        actor_begin(&actors[i], take_all);
    }
    for (i = 0; i < PACKETS; i++) PostQueuedCompletionStatus(port, 0, i, NULL);
    for (i = 0; i < 4; i++) actor_stop(&actors[i]);
    for (i = 0; i < PACKETS; i++) wrong += taken[i] != 1;
    ok(!wrong, "%d packets were lost or came twice", wrong);
    CloseHandle(port);
}

/* Until the packet is out overlapped and buffer are the system's, then no more.
 * Rules: PORT-062, PORT-162 */
static void port_062_overlapped_is_free_after_the_packet(void)
{
    HANDLE port = make_port(0), event = make_event(TRUE, FALSE);
    SOCKET client, server;
    OVERLAPPED overlapped = {0}, poison;
    char buffer[8], copy[8];

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    start_receive(server, buffer, sizeof(buffer), &overlapped);
    send(client, "a", 1, 0);
    ok_success(get_packet(port, LIMIT), 1, 1, &overlapped);
    memset(&overlapped, 0xee, sizeof(overlapped));
    memset(buffer, 0xee, sizeof(buffer));
    memset(&poison, 0xee, sizeof(poison));
    memset(copy, 0xee, sizeof(copy));
    send(client, "b", 1, 0);
    closesocket(server);
    ok(WaitForSingleObject(event, MOMENT) == WAIT_TIMEOUT, "a moment");
    ok(!memcmp(&overlapped, &poison, sizeof(poison)), "the overlapped is written again");
    ok(!memcmp(buffer, copy, sizeof(copy)), "the buffer is written again");
    closesocket(client);
    CloseHandle(event);
    CloseHandle(port);
}

/* Rules: PORT-064, PORT-188, HND-124 */
static void port_064_graceful_close_of_the_peer(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    OVERLAPPED first = {0}, next = {0};
    char buffer[8];

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    ok(start_receive(server, buffer, sizeof(buffer), &first) == WSA_IO_PENDING, "pending");
    closesocket(client);
    ok_success(get_packet(port, LIMIT), 0, 1, &first);
    ok(!start_receive(server, buffer, sizeof(buffer), &next)
       || WSAGetLastError() == WSA_IO_PENDING, "the next receive: %d", WSAGetLastError());
    ok_success(get_packet(port, LIMIT), 0, 1, &next);
    closesocket(server);
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    CloseHandle(port);
}

int main(void)
{
    net_start();
    RUN(port_050_packet_of_a_success);
    RUN(port_051_packet_of_a_failure);
    RUN(port_052_warnings_are_failures);
    RUN(port_125_an_immediate_warning_queues_a_packet);
    RUN(port_053_timeout_leaves_bytes_and_key);
    RUN(port_055_bad_port);
    RUN(port_057_bytes_are_32_bits_the_rest_is_full_width);
    RUN(port_058_the_queue_is_looked_at_before_the_clock);
    RUN(port_058_infinite_and_long_waits_last);
    RUN(port_059_a_timeout_lasts_about_as_long_as_asked);
#if !CONFORM_WINE
    RUN(port_061_no_place_for_the_outputs);
#endif
    RUN(port_062_each_packet_is_taken_once);
    RUN(port_062_overlapped_is_free_after_the_packet);
    RUN(port_064_graceful_close_of_the_peer);
    return conform_end();
}
