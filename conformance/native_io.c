/* Native reads and writes: when a packet follows, and what else. */
#include "net.h"

#include "native.h"

enum { FileCompletion = 30 };

static HANDLE port;
static HANDLE event;
static SOCKET client, server;
static char buffer[16];

/* A connection; with_port ties its server end to a new port with key 125. */
static void begin(BOOL with_port)
{
    port = make_port(0);
    event = make_event(TRUE, FALSE);
    make_tcp_pair(&client, &server);
    if (with_port) CreateIoCompletionPort((HANDLE)server, port, 125, 0);
}

static void end(void)
{
    closesocket(server);
    closesocket(client);
    CloseHandle(event);
    CloseHandle(port);
}

static NTSTATUS receive(HANDLE done, ULONG_PTR context, IO_STATUS_BLOCK *block)
{
    block->Status = UNTOUCHED;
    block->Information = UNTOUCHED;
    return nt_NtReadFile((HANDLE)server, done, NULL, (PVOID)context, block, buffer, sizeof(buffer),
                         NULL, NULL);
}

/* Rules: PORT-127 */
static void port_127_without_a_context_there_is_no_packet(void)
{
    IO_STATUS_BLOCK block;

    begin(TRUE);
    ok_status(receive(event, 0, &block), NT_PENDING);
    send(client, "hello", 5, 0);
    ok(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0, "the event is not set");
    ok(block.Status == 0 && block.Information == 5, "%#x, %u bytes", (unsigned)block.Status,
       (unsigned)block.Information);
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    end();
}

/* Rules: PORT-127 */
static void port_127_the_packet_carries_the_context(void)
{
    IO_STATUS_BLOCK block;

    begin(TRUE);
    ok_status(receive(NULL, 0xbeef, &block), NT_PENDING);
    send(client, "hello", 5, 0);
    ok_success(get_packet(port, LIMIT), 5, 125, (void *)0xbeef);
    ok(block.Status == 0 && block.Information == 5, "%#x, %u bytes", (unsigned)block.Status,
       (unsigned)block.Information);
    end();
}

/* Rules: PORT-128 */
static void port_128_without_a_port_the_context_is_ignored(void)
{
    IO_STATUS_BLOCK block;

    begin(FALSE);
    ok_status(receive(event, 0xbeef, &block), NT_PENDING);
    send(client, "hello", 5, 0);
    ok(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0, "the event is not set");
    ok(block.Status == 0 && block.Information == 5, "%#x", (unsigned)block.Status);
    ok_status(receive(NULL, 0xbeef, &block), NT_PENDING);
    ok(!is_signaled((HANDLE)server), "the socket is signaled");
    send(client, "hello", 5, 0);
    ok(WaitForSingleObject((HANDLE)server, LIMIT) == WAIT_OBJECT_0, "the socket is not signaled");
    end();
}

static volatile LONG calls;
static PVOID called_with;

static VOID NTAPI routine(PVOID context, PIO_STATUS_BLOCK block, ULONG reserved)
{
    (void)block;
    (void)reserved;
    called_with = context;
    InterlockedIncrement(&calls);
}

/* Rules: PORT-202 */
static void port_202_a_routine_and_a_port_do_not_go_together(void)
{
    IO_STATUS_BLOCK block;

    begin(TRUE);
    block.Status = UNTOUCHED;
    ok_status(nt_NtReadFile((HANDLE)server, NULL, routine, (PVOID)1, &block, buffer,
                            sizeof(buffer), NULL, NULL), NT_INVALID_PARAMETER);
    ok_status(nt_NtWriteFile((HANDLE)server, NULL, routine, (PVOID)1, &block, "x", 1, NULL, NULL),
              NT_INVALID_PARAMETER);
    ok(block.Status == (NTSTATUS)UNTOUCHED, "the status block is written");
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    end();
}

/* Rules: PORT-128, HND-102 */
static void port_128_a_routine_is_called_with_its_context(void)
{
    LARGE_INTEGER limit;
    IO_STATUS_BLOCK block;

    begin(FALSE);
    limit.QuadPart = -10000LL * LIMIT;
    calls = 0;
    ok_status(nt_NtReadFile((HANDLE)server, NULL, routine, (PVOID)0x77, &block, buffer,
                            sizeof(buffer), NULL, NULL), NT_PENDING);
    send(client, "hello", 5, 0);
    ok_status(nt_NtWaitForSingleObject(event, TRUE, &limit), NT_USER_APC);
    ok(calls == 1 && called_with == (PVOID)0x77, "%d calls", (int)calls);
    ok(block.Status == 0 && block.Information == 5, "%#x", (unsigned)block.Status);
    end();
}

/* Rules: PORT-181 */
static void port_181_one_of_two_is_cancelled_by_its_status_block(void)
{
    IO_STATUS_BLOCK first, second, block;

    begin(TRUE);
    WINE_DIFFERS("Wine 8 finds something in a socket that is new")
    ok_status(nt_NtCancelIoFileEx((HANDLE)server, NULL, &block), NT_NOT_FOUND);
    receive(NULL, 1, &first);
    receive(NULL, 2, &second);
    ok_status(nt_NtCancelIoFileEx((HANDLE)server, &second, &block), NT_SUCCESS_);
    ok_failure(get_packet(port, LIMIT), ERROR_OPERATION_ABORTED, 0, 125, (void *)2);
    ok_status(nt_NtCancelIoFile((HANDLE)server, &block), NT_SUCCESS_);
    ok_failure(get_packet(port, LIMIT), ERROR_OPERATION_ABORTED, 0, 125, (void *)1);
    ok(first.Status == NT_CANCELLED && second.Status == NT_CANCELLED, "%#x, %#x",
       (unsigned)first.Status, (unsigned)second.Status);
    end();
}

/* Rules: PORT-127, FILE-04 */
static void port_127_files_are_read_at_their_offsets(void)
{
    HANDLE file = make_file(GENERIC_READ | GENERIC_WRITE, FILE_FLAG_OVERLAPPED);
    IO_STATUS_BLOCK block;
    LARGE_INTEGER offset;
    struct nt_packet packet;
    NTSTATUS status;

    port = make_port(0);
    CreateIoCompletionPort(file, port, 3, 0);
    offset.QuadPart = 4090;
    status = nt_NtReadFile(file, NULL, NULL, (PVOID)9, &block, buffer, sizeof(buffer), &offset,
                           NULL);
    ok(status == 0 || status == NT_PENDING, "%#x", (unsigned)status);
    packet = nt_take(port, LIMIT);
    ok_nt_packet(packet, 3, 9, 0, 6);
    ok_status(nt_NtReadFile(file, NULL, NULL, (PVOID)9, &block, buffer, sizeof(buffer), NULL,
                            NULL), NT_INVALID_PARAMETER);
    CloseHandle(file);
    CloseHandle(port);
}

/* Rules: FILE-42 */
static void file_042_a_synchronous_file_has_a_file_pointer(void)
{
    HANDLE file = make_file(GENERIC_READ | GENERIC_WRITE, 0);
    IO_STATUS_BLOCK block;
    LARGE_INTEGER offset;

    offset.QuadPart = 4090;
    ok_status(nt_NtReadFile(file, NULL, NULL, NULL, &block, buffer, 4, &offset, NULL), NT_SUCCESS_);
    ok(block.Status == 0 && block.Information == 4, "%u bytes", (unsigned)block.Information);
    ok_status(nt_NtReadFile(file, NULL, NULL, NULL, &block, buffer, sizeof(buffer), NULL, NULL),
              NT_SUCCESS_);
    ok(block.Information == 2, "%u bytes", (unsigned)block.Information);
    ok_status(nt_NtReadFile(file, NULL, NULL, NULL, &block, buffer, sizeof(buffer), NULL, NULL),
              NT_END_OF_FILE);
    ok_status(nt_NtReadFile(NULL, NULL, NULL, NULL, &block, buffer, 4, NULL, NULL),
              NT_INVALID_HANDLE);
    ok_status(nt_NtReadFile(file, port, NULL, NULL, &block, NULL, 4, NULL, NULL),
              NT_ACCESS_VIOLATION);
    CloseHandle(file);
}

/* Rules: PORT-142 */
static void port_142_an_immediate_warning_is_not_skipped(void)
{
    SOCKET udp = WSASocketA(AF_INET, SOCK_DGRAM, IPPROTO_UDP, NULL, 0, WSA_FLAG_OVERLAPPED);
    struct sockaddr_in address;
    int length = sizeof(address);
    IO_STATUS_BLOCK block;

    port = make_port(0);
    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(udp, (struct sockaddr *)&address, sizeof(address));
    getsockname(udp, (struct sockaddr *)&address, &length);
    CreateIoCompletionPort((HANDLE)udp, port, 8, 0);
    SetFileCompletionNotificationModes((HANDLE)udp, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS);
    sendto(udp, "0123456789", 10, 0, (struct sockaddr *)&address, sizeof(address));
    sendto(udp, "01", 2, 0, (struct sockaddr *)&address, sizeof(address));
    ok(has_bytes(udp, 2), "nothing arrives");
    ok_status(nt_NtReadFile((HANDLE)udp, NULL, NULL, (PVOID)9, &block, buffer, 4, NULL, NULL),
              NT_BUFFER_OVERFLOW);
    WINE_DIFFERS("Wine 8 queues nothing")
    ok_nt_packet(nt_take(port, LIMIT), 8, 9, NT_BUFFER_OVERFLOW, 4);
    ok_status(nt_NtReadFile((HANDLE)udp, NULL, NULL, (PVOID)9, &block, buffer, 4, NULL, NULL),
              NT_SUCCESS_);
    ok(block.Information == 2, "%u bytes", (unsigned)block.Information);
    ok_no_nt_packet(nt_take(port, MOMENT));
    closesocket(udp);
    CloseHandle(port);
}

/* Rules: PORT-216, HND-102 */
static void port_216_a_call_ends_an_alertable_wait_for_packets(void)
{
    struct nt_entry entry;
    LARGE_INTEGER limit;
    IO_STATUS_BLOCK block;
    ULONG count = UNTOUCHED;

    begin(FALSE);
    limit.QuadPart = -10000LL * LIMIT;
    calls = 0;
    ok_status(nt_NtReadFile((HANDLE)server, NULL, routine, (PVOID)0x78, &block, buffer,
                            sizeof(buffer), NULL, NULL), NT_PENDING);
    send(client, "hello", 5, 0);
    ok_status(nt_NtRemoveIoCompletionEx(port, &entry, 1, &count, &limit, TRUE), NT_USER_APC);
    ok(calls == 1 && called_with == (PVOID)0x78, "%d calls", (int)calls);
    nt_NtSetIoCompletion(port, 1, 2, 3, 4);
    ok_status(nt_NtRemoveIoCompletionEx(port, &entry, 1, &count, &limit, TRUE), NT_SUCCESS_);
    ok(count == 1 && entry.block.Status == 3, "%u entries", (unsigned)count);
    end();
}

int main(void)
{
    net_start();
    RUN(port_127_without_a_context_there_is_no_packet);
    RUN(port_127_the_packet_carries_the_context);
    RUN(port_128_without_a_port_the_context_is_ignored);
    RUN(port_202_a_routine_and_a_port_do_not_go_together);
    RUN(port_128_a_routine_is_called_with_its_context);
    RUN(port_181_one_of_two_is_cancelled_by_its_status_block);
    RUN(port_127_files_are_read_at_their_offsets);
    RUN(file_042_a_synchronous_file_has_a_file_pointer);
    RUN(port_142_an_immediate_warning_is_not_skipped);
    RUN(port_216_a_call_ends_an_alertable_wait_for_packets);
    return conform_end();
}
