/* Creating ports and associating files: ports.md section A. */
#include "net.h"
#include "ports.h"

static HANDLE associate(HANDLE file, HANDLE port, ULONG_PTR key)
{
    return CreateIoCompletionPort(file, port, key, 0);
}

static void port_001_create_without_file(void)
{
    HANDLE port;

    SetLastError(UNTOUCHED);
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 999, 0);
    ok(port != NULL && port != INVALID_HANDLE_VALUE, "got %p", port);
    ok(GetLastError() == UNTOUCHED, "last error is %u", (unsigned)GetLastError());
    ok(PostQueuedCompletionStatus(port, 1, 2, NULL), "the port takes no packet");
    ok_success(get_packet(port, 0), 1, 2, NULL);
    ok(CloseHandle(port), "close: %u", (unsigned)GetLastError());
}

static void port_002_create_with_file(void)
{
    HANDLE file = make_overlapped_file();
    HANDLE port;
    OVERLAPPED overlapped;
    char buffer[16];

    SetLastError(UNTOUCHED);
    port = CreateIoCompletionPort(file, NULL, 123, 0);
    ok(port != NULL && port != file, "got %p", port);
    ok(GetLastError() == UNTOUCHED, "last error is %u", (unsigned)GetLastError());
    memset(&overlapped, 0, sizeof(overlapped));
    ReadFile(file, buffer, sizeof(buffer), NULL, &overlapped);
    ok_success(get_packet(port, LIMIT), sizeof(buffer), 123, &overlapped);
    CloseHandle(file);
    ok(CloseHandle(port), "close: %u", (unsigned)GetLastError());
}

/* Rules: PORT-003, HND-21, HND-111 */
static void port_003_association_returns_the_same_handle(void)
{
    HANDLE file = make_overlapped_file(), port = make_port(0);
    HANDLE same;

    SetLastError(UNTOUCHED);
    same = associate(file, port, 5);
    ok(same == port, "got %p for port %p", same, port);
    ok(GetLastError() == UNTOUCHED, "last error is %u", (unsigned)GetLastError());
    CloseHandle(file);
    ok(CloseHandle(same), "first close: %u", (unsigned)GetLastError());
    ok_fails(CloseHandle(port), ERROR_INVALID_HANDLE);
}

/* Rules: PORT-005, PORT-006, HND-11, HND-111 */
static void port_006_port_without_file_is_refused(void)
{
    HANDLE port = make_port(0), event = make_event(FALSE, FALSE);

    ok_fails(associate(INVALID_HANDLE_VALUE, port, 0), ERROR_INVALID_PARAMETER);
    ok_fails(associate(INVALID_HANDLE_VALUE, INVALID_HANDLE_VALUE, 0), ERROR_INVALID_PARAMETER);
    ok_fails(associate(INVALID_HANDLE_VALUE, event, 0), ERROR_INVALID_PARAMETER);
    ok_fails(associate(INVALID_HANDLE_VALUE, closed_handle(), 0), ERROR_INVALID_PARAMETER);
    CloseHandle(event);
    CloseHandle(port);
}

/* Rules: PORT-005, PORT-007, HND-111 */
static void port_007_bad_file_handle(void)
{
    HANDLE port = make_port(0);

    ok_fails(associate(NULL, port, 0), ERROR_INVALID_HANDLE);
    ok_fails(associate(NULL, NULL, 0), ERROR_INVALID_HANDLE);
    ok_fails(associate(closed_handle(), port, 0), ERROR_INVALID_HANDLE);
    ok_fails(associate(closed_handle(), NULL, 0), ERROR_INVALID_HANDLE);
    ok_fails(associate((HANDLE)(ULONG_PTR)0x7ffffff0, port, 0), ERROR_INVALID_HANDLE);
    CloseHandle(port);
}

/* A failed creation gives its handle back: the process does not run out. */
static void port_007_failed_creation_leaks_nothing(void)
{
    HANDLE event = make_event(FALSE, FALSE);
    ULONG_PTR highest = 0, value;
    int i;

    for (i = 0; i < 64; i++) {
        value = (ULONG_PTR)make_event(FALSE, FALSE);
        if (value > highest) highest = value;
        CloseHandle((HANDLE)value);
    }
    for (i = 0; i < 5000; i++)
        associate(i % 2 ? event : NULL, NULL, 0);
    value = (ULONG_PTR)make_event(FALSE, FALSE);
    ok(value < highest + 4 * 4000, "handle %#llx after failures, %#llx before",
       (unsigned long long)value, (unsigned long long)highest);
    CloseHandle((HANDLE)value);
    CloseHandle(event);
}

/* Rules: PORT-008, HND-111 */
static void port_008_file_of_another_type(void)
{
    HANDLE port = make_port(0), other = make_port(0);
    HANDLE event = make_event(FALSE, FALSE), semaphore = CreateSemaphoreA(NULL, 0, 1, NULL);
    HANDLE thread = NULL;

    DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &thread, 0,
                    FALSE, DUPLICATE_SAME_ACCESS);
    ok_fails(associate(event, port, 0), ERROR_INVALID_HANDLE);
    ok_fails(associate(event, NULL, 0), ERROR_INVALID_HANDLE);
    ok_fails(associate(semaphore, port, 0), ERROR_INVALID_HANDLE);
    ok_fails(associate(thread, port, 0), ERROR_INVALID_HANDLE);
    ok_fails(associate(other, port, 0), ERROR_INVALID_HANDLE);
    ok_fails(associate(port, port, 0), ERROR_INVALID_HANDLE);
    CloseHandle(thread);
    CloseHandle(semaphore);
    CloseHandle(event);
    CloseHandle(other);
    CloseHandle(port);
}

/* Rules: PORT-009, HND-111 */
static void port_009_synchronous_file(void)
{
    HANDLE port = make_port(0), file = make_file(GENERIC_READ | GENERIC_WRITE, 0);
    SOCKET plain = WSASocketW(AF_INET, SOCK_STREAM, 0, NULL, 0, 0);
    DWORD written = 0;

    ok_fails(associate(file, port, 0), ERROR_INVALID_PARAMETER);
    ok_fails(associate(file, NULL, 0), ERROR_INVALID_PARAMETER);
    ok_fails(associate((HANDLE)plain, port, 0), ERROR_INVALID_PARAMETER);
    ok(WriteFile(file, "a", 1, &written, NULL) && written == 1, "the file still works");
    ok_none(get_packet(port, 0), WAIT_TIMEOUT);
    closesocket(plain);
    CloseHandle(file);
    CloseHandle(port);
}

static void port_010_port_of_another_type(void)
{
    HANDLE file = make_overlapped_file(), event = make_event(FALSE, FALSE);
    HANDLE port = make_port(0);

    ok_fails(associate(file, closed_handle(), 0), ERROR_INVALID_HANDLE);
    ok_fails(associate(file, event, 0), ERROR_INVALID_HANDLE);
    ok_fails(associate(file, file, 0), ERROR_INVALID_HANDLE);
    ok_fails(associate(file, INVALID_HANDLE_VALUE, 0), ERROR_INVALID_HANDLE);
    ok(associate(file, port, 0) == port, "the file is still free: %u", (unsigned)GetLastError());
    CloseHandle(event);
    CloseHandle(file);
    CloseHandle(port);
}

static void port_011_port_without_modify_access(void)
{
    HANDLE file = make_overlapped_file(), port = make_port(0);
    HANDLE weak = duplicate_with_access(port, 0x1 | SYNCHRONIZE);
    HANDLE enough = duplicate_with_access(port, 0x2);

    ok(weak && enough, "duplicates: %u", (unsigned)GetLastError());
    ok_fails(associate(file, weak, 0), ERROR_ACCESS_DENIED);
    ok(associate(file, enough, 0) == enough, "modify access: %u", (unsigned)GetLastError());
    CloseHandle(enough);
    CloseHandle(weak);
    CloseHandle(file);
    CloseHandle(port);
}

/* Rules: PORT-012, PORT-019, HND-112 */
static void port_012_second_association(void)
{
    HANDLE file = make_overlapped_file(), port = make_port(0), other = make_port(0);
    OVERLAPPED overlapped;
    char buffer[8];

    ok(associate(file, port, 11) == port, "first: %u", (unsigned)GetLastError());
    ok_fails(associate(file, port, 12), ERROR_INVALID_PARAMETER);
    ok_fails(associate(file, other, 13), ERROR_INVALID_PARAMETER);
    ok_fails(associate(file, NULL, 14), ERROR_INVALID_PARAMETER);
    memset(&overlapped, 0, sizeof(overlapped));
    ReadFile(file, buffer, sizeof(buffer), NULL, &overlapped);
    ok_success(get_packet(port, LIMIT), sizeof(buffer), 11, &overlapped);
    ok_none(get_packet(other, 0), WAIT_TIMEOUT);
    CloseHandle(file);
    CloseHandle(other);
    CloseHandle(port);
}

/* Rules: PORT-013, HND-14 */
static void port_013_order_of_checks(void)
{
    HANDLE plain = make_file(GENERIC_READ, 0), file = make_overlapped_file();
    HANDLE port = make_port(0), event = make_event(FALSE, FALSE);
    HANDLE weak = duplicate_with_access(port, 0x1 | SYNCHRONIZE);

    ok_fails(associate(closed_handle(), event, 0), ERROR_INVALID_HANDLE);
    ok_fails(associate(event, weak, 0), ERROR_INVALID_HANDLE);
    ok_fails(associate(plain, event, 0), ERROR_INVALID_PARAMETER);
    ok_fails(associate(plain, weak, 0), ERROR_INVALID_PARAMETER);
    associate(file, port, 0);
    ok_fails(associate(file, event, 0), ERROR_INVALID_PARAMETER);
    ok_fails(associate(file, closed_handle(), 0), ERROR_INVALID_PARAMETER);
    CloseHandle(weak);
    CloseHandle(event);
    CloseHandle(file);
    CloseHandle(plain);
    CloseHandle(port);
}

/* Rules: PORT-014, HND-55 */
static void port_014_no_access_to_the_file_is_needed(void)
{
    HANDLE port = make_port(0);
    HANDLE attributes = make_file(FILE_READ_ATTRIBUTES, FILE_FLAG_OVERLAPPED);
    HANDLE none = make_file(0, FILE_FLAG_OVERLAPPED);

    ok(associate(attributes, port, 0) == port, "attributes: %u", (unsigned)GetLastError());
    ok(associate(none, port, 0) == port, "access 0: %u", (unsigned)GetLastError());
    CloseHandle(none);
    CloseHandle(attributes);
    CloseHandle(port);
}

static void port_015_any_concurrency_value(void)
{
    static const DWORD values[] = { 0, 1, 2, 64, 0x7fffffff, 0x80000000, 0xffffffff };
    size_t i;

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        HANDLE port = make_port(values[i]);

        ok(PostQueuedCompletionStatus(port, 0, i, NULL), "value %#x", (unsigned)values[i]);
        ok_success(get_packet(port, 0), 0, i, NULL);
        CloseHandle(port);
    }
}

/* Rules: PORT-016, PORT-017 */
static void port_016_keys_are_arbitrary(void)
{
    static const ULONG_PTR keys[] = { 0, (ULONG_PTR)-1, 77, 77, (ULONG_PTR)0x123456789abcdef0 };
    HANDLE port = make_port(0), files[5];
    OVERLAPPED overlapped;
    char buffer[4];
    int i, round;

    for (i = 0; i < 5; i++) {
        files[i] = make_overlapped_file();
        ok(associate(files[i], port, keys[i]) == port, "file %d: %u", i, (unsigned)GetLastError());
    }
    for (round = 0; round < 2; round++) {
        for (i = 0; i < 5; i++) {
            memset(&overlapped, 0, sizeof(overlapped));
            ReadFile(files[i], buffer, sizeof(buffer), NULL, &overlapped);
            ok_success(get_packet(port, LIMIT), sizeof(buffer), keys[i], &overlapped);
        }
    }
    for (i = 0; i < 5; i++) CloseHandle(files[i]);
    CloseHandle(port);
}

static void port_017_files_of_mixed_kinds(void)
{
    HANDLE port = make_port(0), file = make_overlapped_file();
    SOCKET client, server, listener, accepted = make_socket();
    OVERLAPPED read = {0}, receive = {0}, accepting = {0};
    struct sockaddr_in address;
    char data[8], more[8], addresses[2 * ADDRESS_SPACE];
    DWORD bytes = 0;
    SOCKET caller = make_socket();

    listener = make_listener(&address);
    make_tcp_pair(&client, &server);
    associate(file, port, 1);
    associate((HANDLE)server, port, 2);
    associate((HANDLE)listener, port, 3);
    ReadFile(file, data, sizeof(data), NULL, &read);
    ok_success(get_packet(port, LIMIT), sizeof(data), 1, &read);
    start_receive(server, more, sizeof(more), &receive);
    send(client, "abc", 3, 0);
    ok_success(get_packet(port, LIMIT), 3, 2, &receive);
    AcceptEx(listener, accepted, addresses, 0, ADDRESS_SPACE, ADDRESS_SPACE, &bytes, &accepting);
    connect(caller, (struct sockaddr *)&address, sizeof(address));
    ok_success(get_packet(port, LIMIT), 0, 3, &accepting);
    closesocket(caller);
    closesocket(accepted);
    closesocket(listener);
    closesocket(client);
    closesocket(server);
    CloseHandle(file);
    CloseHandle(port);
}

/* Rules: PORT-018, PORT-196, HND-44, HND-49, HND-112, HND-113 */
static void port_018_association_belongs_to_the_file_object(void)
{
    HANDLE port = make_port(0), file = make_overlapped_file(), copy, again;
    OVERLAPPED overlapped = {0};
    char name[MAX_PATH], buffer[8];

    copy = duplicate(file);
    ok(associate(file, port, 21) == port, "first: %u", (unsigned)GetLastError());
    ok_fails(associate(copy, port, 22), ERROR_INVALID_PARAMETER);
    ok_fails(associate(copy, NULL, 22), ERROR_INVALID_PARAMETER);
    ReadFile(copy, buffer, sizeof(buffer), NULL, &overlapped);
    ok_success(get_packet(port, LIMIT), sizeof(buffer), 21, &overlapped);

    snprintf(name, sizeof(name), "conform-same-%u.tmp", (unsigned)GetCurrentProcessId());
    again = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                        NULL, CREATE_ALWAYS, FILE_FLAG_OVERLAPPED, NULL);
    CloseHandle(copy);
    copy = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                       NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    ok(associate(again, port, 23) == port, "one opening: %u", (unsigned)GetLastError());
    ok(associate(copy, port, 24) == port, "another opening: %u", (unsigned)GetLastError());
    CloseHandle(copy);
    CloseHandle(again);
    DeleteFileA(name);
    CloseHandle(file);
    CloseHandle(port);
}

/* Rules: PORT-020, HND-119 */
static void port_020_association_signals_the_file(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[8];

    make_tcp_pair(&client, &server);
    ok(start_receive(server, buffer, sizeof(buffer), &overlapped) == WSA_IO_PENDING, "pending");
    ok(!is_signaled((HANDLE)server), "an operation leaves the file unsignaled");
    associate((HANDLE)server, port, 0);
    WINE_DIFFERS("Wine 8 does not set it") ok(is_signaled((HANDLE)server), "association signals");
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
}

/* Rules: PORT-020, PORT-143 */
static void port_020_skip_event_leaves_the_file_unsignaled(void)
{
    HANDLE port = make_port(0), file = make_overlapped_file();

    ok(SetFileCompletionNotificationModes(file, FILE_SKIP_SET_EVENT_ON_HANDLE), "modes");
    ok(!is_signaled(file), "the mode makes it unsignaled");
    associate(file, port, 0);
    ok(!is_signaled(file), "association leaves it alone");
    CloseHandle(file);
    CloseHandle(port);
}

/* Rules: PORT-021, HND-114 */
static void port_021_association_while_pending(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[8];

    make_tcp_pair(&client, &server);
    ok(start_receive(server, buffer, sizeof(buffer), &overlapped) == WSA_IO_PENDING, "pending");
    ok(associate((HANDLE)server, port, 31) == port, "associate: %u", (unsigned)GetLastError());
    ok_none(get_packet(port, 0), WAIT_TIMEOUT);
    send(client, "ab", 2, 0);
    ok_success(get_packet(port, LIMIT), 2, 31, &overlapped);
    ok(!memcmp(buffer, "ab", 2), "data");
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
}

/* Rules: PORT-023, HND-46, HND-53, HND-76 */
static void port_023_the_handle_has_full_access(void)
{
    HANDLE port = make_port(0), copy;
    DWORD flags = UNTOUCHED;

    ok(GetHandleInformation(port, &flags) && flags == 0, "flags %#x", (unsigned)flags);
    copy = duplicate_with_access(port, 0x1F0003);
    ok(copy != NULL, "all access: %u", (unsigned)GetLastError());
    ok(PostQueuedCompletionStatus(port, 0, 0, NULL), "post: %u", (unsigned)GetLastError());
    ok(WaitForSingleObject(port, 0) == WAIT_OBJECT_0, "wait: %u", (unsigned)GetLastError());
    CloseHandle(copy);
    CloseHandle(port);
}

/* Rules: PORT-024, HND-43 */
static void port_024_duplicates_are_one_queue(void)
{
    HANDLE port = make_port(0), copy = duplicate(port);
    HANDLE file = make_overlapped_file();
    OVERLAPPED overlapped = {0};
    char buffer[8];

    ok(copy != port, "the duplicate is another handle");
    PostQueuedCompletionStatus(port, 1, 1, NULL);
    PostQueuedCompletionStatus(copy, 2, 2, NULL);
    ok_success(get_packet(copy, 0), 1, 1, NULL);
    ok_success(get_packet(port, 0), 2, 2, NULL);
    ok(associate(file, copy, 3) == copy, "associate through the duplicate");
    ok(CloseHandle(port), "close the original");
    ReadFile(file, buffer, sizeof(buffer), NULL, &overlapped);
    ok_success(get_packet(copy, LIMIT), sizeof(buffer), 3, &overlapped);
    CloseHandle(file);
    CloseHandle(copy);
}

static void port_026_calls_without_overlapped_queue_nothing(void)
{
    HANDLE port = make_port(0), file = make_overlapped_file();
    SOCKET listener, client = make_socket(), server;
    struct sockaddr_in address;
    LARGE_INTEGER size;
    char buffer[8];

    associate(file, port, 1);
    ok(FlushFileBuffers(file), "flush: %u", (unsigned)GetLastError());
    ok(GetFileSizeEx(file, &size) && size.QuadPart == 4096, "size");
    listener = make_listener(&address);
    associate((HANDLE)listener, port, 2);
    associate((HANDLE)client, port, 3);
    ok(!connect(client, (struct sockaddr *)&address, sizeof(address)), "connect");
    server = accept(listener, NULL, NULL);
    associate((HANDLE)server, port, 4);
    ok(send(client, "abc", 3, 0) == 3, "send");
    ok(recv(server, buffer, sizeof(buffer), 0) == 3, "recv");
    ok(!start_send(server, "de", 2, NULL), "WSASend without overlapped");
    ok(!start_receive(client, buffer, sizeof(buffer), NULL), "WSARecv without overlapped");
    ok(!shutdown(client, SD_SEND), "shutdown");
    ok(recv(server, buffer, sizeof(buffer), 0) == 0, "end of stream");
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    closesocket(server);
    closesocket(client);
    closesocket(listener);
    CloseHandle(file);
    CloseHandle(port);
}

static void port_027_overlapped_file_needs_an_overlapped(void)
{
    HANDLE file = make_overlapped_file();
    DWORD bytes = UNTOUCHED;
    char buffer[8];

    ok_fails(ReadFile(file, buffer, sizeof(buffer), &bytes, NULL), ERROR_INVALID_PARAMETER);
    ok(bytes == 0, "read: %#x bytes", (unsigned)bytes);
    bytes = UNTOUCHED;
    ok_fails(WriteFile(file, "abc", 3, &bytes, NULL), ERROR_INVALID_PARAMETER);
    ok(bytes == 0, "write: %#x bytes", (unsigned)bytes);
    CloseHandle(file);
}

int main(void)
{
    net_start();
    RUN(port_001_create_without_file);
    RUN(port_002_create_with_file);
    RUN(port_003_association_returns_the_same_handle);
    RUN(port_006_port_without_file_is_refused);
    RUN(port_007_bad_file_handle);
    RUN(port_007_failed_creation_leaks_nothing);
    RUN(port_008_file_of_another_type);
    RUN(port_009_synchronous_file);
    RUN(port_010_port_of_another_type);
    RUN(port_011_port_without_modify_access);
    RUN(port_012_second_association);
    RUN(port_013_order_of_checks);
    RUN(port_014_no_access_to_the_file_is_needed);
    RUN(port_015_any_concurrency_value);
    RUN(port_016_keys_are_arbitrary);
    RUN(port_017_files_of_mixed_kinds);
    RUN(port_018_association_belongs_to_the_file_object);
    RUN(port_020_association_signals_the_file);
    RUN(port_020_skip_event_leaves_the_file_unsignaled);
    RUN(port_021_association_while_pending);
    RUN(port_023_the_handle_has_full_access);
    RUN(port_024_duplicates_are_one_queue);
    RUN(port_026_calls_without_overlapped_queue_nothing);
    RUN(port_027_overlapped_file_needs_an_overlapped);
    return conform_end();
}
