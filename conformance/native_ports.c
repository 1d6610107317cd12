/* The native calls of completion ports: ports.md section N. */
#include "native.h"

enum { FileCompletion = 30, FileNotification = 41, FileReplaceCompletion = 61 };

static HANDLE make_native_port(void)
{
    HANDLE port = NULL;

    ok_status(nt_NtCreateIoCompletion(&port, IO_COMPLETION_ALL_ACCESS, NULL, 0), NT_SUCCESS_);
    return port;
}

/* Rules: PORT-210 */
static void port_210_a_port_is_made_with_any_access(void)
{
    HANDLE port = NULL;

    ok_status(nt_NtCreateIoCompletion(NULL, IO_COMPLETION_ALL_ACCESS, NULL, 0),
              NT_ACCESS_VIOLATION);
    ok_status(nt_NtCreateIoCompletion(&port, 0, NULL, 0), NT_SUCCESS_);
    ok_status(nt_NtSetIoCompletion(port, 1, 2, 0, 0), NT_ACCESS_DENIED);
    ok_status(nt_NtClose(port), NT_SUCCESS_);
    ok_status(nt_NtClose(port), NT_INVALID_HANDLE);
}

/* Rules: PORT-210, PORT-211 */
static void port_211_a_port_is_opened_by_its_name(void)
{
    const char *path = "\\BaseNamedObjects\\conform-port";
    HANDLE port = NULL, other = NULL, event;
    struct nt_name name;

    ok_status(nt_NtOpenIoCompletion(&other, IO_COMPLETION_ALL_ACCESS, nt_name(&name, path, 0)),
              NT_OBJECT_NAME_NOT_FOUND);
    ok_status(nt_NtOpenIoCompletion(&other, IO_COMPLETION_ALL_ACCESS, NULL), NT_INVALID_PARAMETER);
    ok_status(nt_NtCreateIoCompletion(&port, IO_COMPLETION_ALL_ACCESS, nt_name(&name, path, 0), 0),
              NT_SUCCESS_);
    ok_status(nt_NtOpenIoCompletion(&other, IO_COMPLETION_ALL_ACCESS, nt_name(&name, path, 0)),
              NT_SUCCESS_);
    ok_status(nt_NtSetIoCompletion(other, 1, 2, 3, 4), NT_SUCCESS_);
    ok_nt_packet(nt_take(port, LIMIT), 1, 2, 3, 4);
    nt_NtClose(other);
    ok_status(nt_NtCreateIoCompletion(&other, IO_COMPLETION_ALL_ACCESS,
                                      nt_name(&name, path, OBJ_OPENIF), 0),
              NT_OBJECT_NAME_EXISTS);
    nt_NtClose(other);
    ok_status(nt_NtCreateIoCompletion(&other, IO_COMPLETION_ALL_ACCESS, nt_name(&name, path, 0), 0),
              NT_OBJECT_NAME_COLLISION);
    WINE_DIFFERS("Wine 8 opens with no access")
    ok_status(nt_NtCreateIoCompletion(&other, 0, nt_name(&name, path, OBJ_OPENIF), 0),
              NT_ACCESS_DENIED);
    ok_status(nt_NtCreateEvent(&event, EVENT_ALL_ACCESS, nt_name(&name, path, OBJ_OPENIF), 0, 0),
              NT_OBJECT_TYPE_MISMATCH);
    nt_NtClose(port);
}

/* Rules: PORT-212 */
static void port_212_a_packet_carries_four_values_whole(void)
{
    HANDLE port = make_native_port();
    ULONG_PTR wide = (ULONG_PTR)0x1122334455667788;

    ok_status(nt_NtSetIoCompletion(NULL, 1, 2, 0, 0), NT_INVALID_HANDLE);
    ok_status(nt_NtSetIoCompletion(INVALID_HANDLE_VALUE, 1, 2, 0, 0), NT_OBJECT_TYPE_MISMATCH);
    ok_status(nt_NtSetIoCompletion(port, wide, wide + 1, NT_END_OF_FILE, wide + 2), NT_SUCCESS_);
    ok_nt_packet(nt_take(port, LIMIT), wide, wide + 1, NT_END_OF_FILE, wide + 2);
    nt_NtClose(port);
}

/* Rules: PORT-213 */
static void port_213_a_failed_packet_without_a_value_is_false_and_null(void)
{
    HANDLE port = make_native_port();

    nt_NtSetIoCompletion(port, 5, 6, NT_INVALID_DEVICE_REQUEST, 7);
    ok_failure(get_packet(port, LIMIT), ERROR_INVALID_FUNCTION, 7, 5, (void *)6);
    nt_NtSetIoCompletion(port, 5, 0, NT_INVALID_DEVICE_REQUEST, 7);
    ok_failure(get_packet(port, LIMIT), ERROR_INVALID_FUNCTION, 7, 5, NULL);
    ok_none(get_packet(port, 0), WAIT_TIMEOUT);
    nt_NtClose(port);
}

/* Rules: PORT-214 */
static void port_214_a_reserve_object_for_packets_goes_with_a_packet(void)
{
    HANDLE port = make_native_port(), reserve = NULL, other = NULL, event = make_event(0, 0);
    struct nt_name name;

    ok_status(nt_NtAllocateReserveObject(&reserve, NULL, 1), NT_SUCCESS_);
    ok_status(nt_NtAllocateReserveObject(&other, NULL, 0), NT_SUCCESS_);
    ok_status(nt_NtSetIoCompletionEx(port, NULL, 1, 2, 3, 4), NT_INVALID_HANDLE);
    ok_status(nt_NtSetIoCompletionEx(port, event, 1, 2, 3, 4), NT_OBJECT_TYPE_MISMATCH);
    ok_status(nt_NtSetIoCompletionEx(port, other, 1, 2, 3, 4), NT_OBJECT_TYPE_MISMATCH);
    ok_status(nt_NtSetIoCompletionEx(port, reserve, 1, 2, 3, 4), NT_SUCCESS_);
    ok_nt_packet(nt_take(port, LIMIT), 1, 2, 3, 4);
    ok_status(nt_NtAllocateReserveObject(&other,
                                         nt_name(&name, "\\BaseNamedObjects\\conform-r", 0), 1),
              NT_OBJECT_NAME_INVALID);
    ok(WaitForSingleObject(reserve, 0) == WAIT_FAILED && GetLastError() == ERROR_ACCESS_DENIED,
       "a reserve object is waited for: %u", (unsigned)GetLastError());
    nt_NtClose(reserve);
    nt_NtClose(port);
    CloseHandle(event);
}

/* Rules: PORT-215 */
static void port_215_an_empty_port_times_out(void)
{
    HANDLE port = make_native_port(), query_only;
    LARGE_INTEGER past;
    IO_STATUS_BLOCK block;
    ULONG_PTR key, context;

    ok_no_nt_packet(nt_take(port, 0));
    ok_no_nt_packet(nt_take(port, 20));
    past.QuadPart = 1;
    ok_status(nt_NtRemoveIoCompletion(port, &key, &context, &block, &past), NT_TIMEOUT);
    query_only = duplicate_with_access(port, 1);
    ok_status(nt_NtRemoveIoCompletion(query_only, &key, &context, &block, &past),
              NT_ACCESS_DENIED);
    CloseHandle(query_only);
    nt_NtClose(port);
}

/* Rules: PORT-216 */
static void port_216_entries_are_laid_out_as_overlapped_entries(void)
{
    HANDLE port = make_native_port();
    struct nt_entry entries[4];
    LARGE_INTEGER now;
    ULONG count = UNTOUCHED;
    int i;

    now.QuadPart = 0;
    for (i = 0; i < 3; i++) nt_NtSetIoCompletion(port, i, 10 + i, NT_CANCELLED, 100 + i);
    ok_status(nt_NtRemoveIoCompletionEx(port, entries, 4, &count, &now, FALSE), NT_SUCCESS_);
    ok(count == 3, "%u entries", (unsigned)count);
    for (i = 0; i < 3; i++)
        ok(entries[i].key == (PVOID)(ULONG_PTR)i && entries[i].context == (PVOID)(ULONG_PTR)(10 + i)
           && entries[i].block.Status == NT_CANCELLED
           && entries[i].block.Information == (ULONG_PTR)(100 + i), "entry %d", i);
    ok_status(nt_NtRemoveIoCompletionEx(port, entries, 4, &count, &now, FALSE), NT_TIMEOUT);
    nt_NtClose(port);
}

static void remove_natively(struct actor *actor)
{
    struct nt_packet packet = nt_take(actor->port, LIMIT);

    actor->context = (void *)(ULONG_PTR)packet.result;
}

/* Rules: PORT-033 */
static void port_033_the_last_close_abandons_native_waits(void)
{
    HANDLE port = make_native_port();
    struct actor waiter;

    actor_start(&waiter, port, FALSE);
    actor_begin(&waiter, remove_natively);
    settle();
    nt_NtClose(port);
    ok(actor_ends(&waiter, LIMIT / 2), "the waiter is not woken");
    ok((ULONG_PTR)waiter.context == NT_ABANDONED, "%#llx",
       (unsigned long long)(ULONG_PTR)waiter.context);
    actor_stop(&waiter);
}

/* Rules: PORT-217 */
static void port_217_the_depth_of_the_queue(void)
{
    HANDLE port = make_native_port(), modify_only;
    LONG depth = -1;
    ULONG length = 0;

    nt_NtSetIoCompletion(port, 1, 2, 3, 4);
    nt_NtSetIoCompletion(port, 1, 2, 3, 4);
    ok_status(nt_NtQueryIoCompletion(port, 0, &depth, sizeof(depth), &length), NT_SUCCESS_);
    ok(depth == 2 && length == 4, "depth %d, length %u", (int)depth, (unsigned)length);
    ok_status(nt_NtQueryIoCompletion(port, 0, &depth, 8, &length), NT_INFO_LENGTH_MISMATCH);
    ok_status(nt_NtQueryIoCompletion(port, 0, &depth, 2, &length), NT_INFO_LENGTH_MISMATCH);
    WINE_DIFFERS("Wine 8 says STATUS_INVALID_PARAMETER")
    ok_status(nt_NtQueryIoCompletion(port, 1, &depth, sizeof(depth), &length),
              NT_INVALID_INFO_CLASS);
    modify_only = duplicate_with_access(port, 2);
    ok_status(nt_NtQueryIoCompletion(modify_only, 0, &depth, sizeof(depth), &length),
              NT_ACCESS_DENIED);
    CloseHandle(modify_only);
    nt_NtClose(port);
}

/* Rules: PORT-218 */
static void port_218_a_file_is_associated_once(void)
{
    HANDLE port = make_native_port(), file = make_overlapped_file();
    HANDLE synchronous = make_file(GENERIC_READ, 0);
    struct nt_completion completion;
    IO_STATUS_BLOCK block;

    completion.port = port;
    completion.key = (PVOID)77;
    WINE_DIFFERS("Wine 8 says STATUS_INVALID_PARAMETER_3")
    ok_status(nt_NtSetInformationFile(file, &block, &completion, sizeof(completion) - 1,
                                      FileCompletion), NT_INFO_LENGTH_MISMATCH);
    block.Status = UNTOUCHED;
    ok_status(nt_NtSetInformationFile(synchronous, &block, &completion, sizeof(completion),
                                      FileCompletion), NT_INVALID_PARAMETER);
    WINE_DIFFERS("Wine 8 writes the status block")
    ok(block.Status == (NTSTATUS)UNTOUCHED, "the status block is written: %#x",
       (unsigned)block.Status);
    ok_status(nt_NtSetInformationFile(file, &block, &completion, sizeof(completion),
                                      FileCompletion), NT_SUCCESS_);
    ok(block.Status == 0, "%#x", (unsigned)block.Status);
    ok_status(nt_NtSetInformationFile(file, &block, &completion, sizeof(completion),
                                      FileCompletion), NT_INVALID_PARAMETER);
    CloseHandle(synchronous);
    CloseHandle(file);
    nt_NtClose(port);
}

/* Rules: PORT-151, PORT-149, PORT-147 */
static void port_151_notification_modes_are_asked_for(void)
{
    HANDLE file = make_overlapped_file(), event = make_event(0, 0);
    IO_STATUS_BLOCK block;
    ULONG modes = 1;

    ok_status(nt_NtSetInformationFile(file, &block, &modes, 2, FileNotification),
              NT_INFO_LENGTH_MISMATCH);
    ok_status(nt_NtSetInformationFile(file, &block, &modes, sizeof(modes), FileNotification),
              NT_SUCCESS_);
    modes = 0;
    nt_NtSetInformationFile(file, &block, &modes, sizeof(modes), FileNotification);
    modes = 77;
    block.Information = UNTOUCHED;
    ok_status(nt_NtQueryInformationFile(file, &block, &modes, sizeof(modes), FileNotification),
              NT_SUCCESS_);
    ok(modes == 1 && block.Information == 4, "modes %u, information %u", (unsigned)modes,
       (unsigned)block.Information);
    ok_status(nt_NtSetInformationFile(event, &block, &modes, sizeof(modes), FileNotification),
              NT_OBJECT_TYPE_MISMATCH);
    ok_status(nt_NtQueryInformationFile(event, &block, &modes, sizeof(modes), FileNotification),
              NT_OBJECT_TYPE_MISMATCH);
    CloseHandle(event);
    CloseHandle(file);
}

static void read_once(HANDLE file, OVERLAPPED *overlapped)
{
    static char buffer[16];

    memset(overlapped, 0, sizeof(*overlapped));
    ReadFile(file, buffer, sizeof(buffer), NULL, overlapped);
}

/* Rules: PORT-226 */
static void port_226_an_association_is_replaced_and_removed(void)
{
    HANDLE first = make_native_port(), second = make_native_port();
    HANDLE file = make_overlapped_file();
    struct nt_completion completion;
    IO_STATUS_BLOCK block;
    OVERLAPPED overlapped;

    CreateIoCompletionPort(file, first, 1, 0);
    completion.port = second;
    completion.key = (PVOID)2;
    ok_status(nt_NtSetInformationFile(file, &block, &completion, sizeof(completion),
                                      FileReplaceCompletion), NT_SUCCESS_);
    read_once(file, &overlapped);
    ok_success(get_packet(second, LIMIT), 16, 2, &overlapped);
    ok_none(get_packet(first, 0), WAIT_TIMEOUT);
    ok_fails(CreateIoCompletionPort(file, first, 3, 0), ERROR_INVALID_PARAMETER);
    completion.port = NULL;
    ok_status(nt_NtSetInformationFile(file, &block, &completion, sizeof(completion),
                                      FileReplaceCompletion), NT_SUCCESS_);
    read_once(file, &overlapped);
    ok(GetOverlappedResult(file, &overlapped, &(DWORD){0}, TRUE), "%u", (unsigned)GetLastError());
    ok_none(get_packet(second, MOMENT), WAIT_TIMEOUT);
    ok(CreateIoCompletionPort(file, first, 3, 0) == first, "%u", (unsigned)GetLastError());
    read_once(file, &overlapped);
    ok_success(get_packet(first, LIMIT), 16, 3, &overlapped);
    CloseHandle(file);
    nt_NtClose(first);
    nt_NtClose(second);
}

int main(void)
{
    RUN(port_210_a_port_is_made_with_any_access);
    RUN(port_211_a_port_is_opened_by_its_name);
    RUN(port_212_a_packet_carries_four_values_whole);
    RUN(port_213_a_failed_packet_without_a_value_is_false_and_null);
    RUN_WINE_FAILS(port_214_a_reserve_object_for_packets_goes_with_a_packet,
                   "Wine 8 has no reserve objects");
    RUN(port_215_an_empty_port_times_out);
    RUN(port_216_entries_are_laid_out_as_overlapped_entries);
    RUN_WINE_FAILS(port_033_the_last_close_abandons_native_waits,
                   "Wine 8 lets it wait on");
    RUN(port_217_the_depth_of_the_queue);
    RUN(port_218_a_file_is_associated_once);
    RUN(port_151_notification_modes_are_asked_for);
    RUN_WINE_FAILS(port_226_an_association_is_replaced_and_removed,
                   "Wine 8 has no FileReplaceCompletionInformation");
    return conform_end();
}
