/* Overlapped reads and writes of disk files: files_pipes.md parts 1 and 3. */
#include "files.h"

static unsigned char pattern[1 << 20];

static void make_pattern(void)
{
    size_t i;

    for (i = 0; i < sizeof(pattern); i++) pattern[i] = (unsigned char)(i * 31 + (i >> 9));
}

/* Rules: FILE-19 */
static void file_019_layouts(void)
{
    OVERLAPPED_ENTRY entry;
    OVERLAPPED ov;

#define OFFSET(structure, member) (int)((char *)&(structure).member - (char *)&(structure))
    ok(sizeof(ov) == 32 && OFFSET(ov, InternalHigh) == 8 && OFFSET(ov, Offset) == 16 &&
           OFFSET(ov, OffsetHigh) == 20 && OFFSET(ov, Pointer) == 16 && OFFSET(ov, hEvent) == 24,
       "OVERLAPPED");
    ok(sizeof(entry) == 32 && OFFSET(entry, lpOverlapped) == 8 && OFFSET(entry, Internal) == 16 &&
           OFFSET(entry, dwNumberOfBytesTransferred) == 24, "OVERLAPPED_ENTRY");
    ok(sizeof(SECURITY_ATTRIBUTES) == 24, "SECURITY_ATTRIBUTES");
}

/* Rules: FILE-41, FILE-05, FILE-50 */
static void file_041_overlapped_operations_pend_and_queue(void)
{
    HANDLE file = scratch("pend", FILE_FLAG_OVERLAPPED), port = port_of((UINT_PTR)file, KEY);
    DWORD bytes = UNTOUCHED;
    static OVERLAPPED ov;
    static char data[100];

    at(&ov, 0);
    ok_false(WriteFile(file, pattern, 100, &bytes, &ov), ERROR_IO_PENDING);
    ok(bytes == 0, "pending: %u bytes", (unsigned)bytes);
    ok_success(port, KEY, &ov, 100);
    ok_status(&ov, NT_SUCCESS_VALUE, 100);
    at(&ov, 0);
    bytes = UNTOUCHED;
    ok_false(ReadFile(file, data, 100, &bytes, &ov), ERROR_IO_PENDING);
    ok(bytes == 0, "pending: %u bytes", (unsigned)bytes);
    ok_success(port, KEY, &ov, 100);
    ok_status(&ov, NT_SUCCESS_VALUE, 100);
    ok(!memcmp(data, pattern, 100), "wrong data");
    at(&ov, 10);
    ok_pends((int)start_read(file, data, 0, &ov));
    ok_success(port, KEY, &ov, 0);
    ok_quiet(port);
    CloseHandle(file);
    CloseHandle(port);
}

/* Rules: FILE-42, FILE-48, FILE-51 */
static void file_042_the_offset_is_in_the_structure(void)
{
    const ULONGLONG far_away = ((ULONGLONG)5 << 32) + 77;
    HANDLE file = scratch("offset", FILE_FLAG_OVERLAPPED);
    static char data[64];
    LARGE_INTEGER zero, where;

    put(file, far_away, "far", 3);
    put(file, 4, "near", 4);
    ok(size_of(file) == (LONGLONG)far_away + 3, "size");
    ok(fetch(file, far_away, data, sizeof(data)) == 3 && !memcmp(data, "far", 3), "far data");
    ok(fetch(file, 0, data, 8) == 8 && !memcmp(data, "\0\0\0\0near", 8), "near data");
    zero.QuadPart = 0;
    where.QuadPart = 99;
    ok_true(SetFilePointerEx(file, zero, &where, FILE_CURRENT));
    ok(where.QuadPart == 0, "the file pointer moved to %u", (unsigned)where.QuadPart);
    CloseHandle(file);
}

/* Rules: FILE-43, FILE-02, FILE-44 */
static void file_043_invalid_offsets(void)
{
    static const ULONGLONG wrong[] = { ~0ull, ~0ull - 1, ~0ull - 2, 1ull << 63 };
    HANDLE file = scratch("invalid", FILE_FLAG_OVERLAPPED), port = port_of((UINT_PTR)file, KEY);
    static OVERLAPPED ov;
    static char data[8];
    size_t i;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        at(&ov, wrong[i]);
        ok_gives((int)start_read(file, data, 1, &ov), ERROR_INVALID_PARAMETER);
        ok(ov.InternalHigh == UNTOUCHED, "InternalHigh %llx",
           (unsigned long long)ov.InternalHigh);
        if (i == 0) continue;
        at(&ov, wrong[i]);
        ok_gives((int)start_write(file, data, 1, &ov), ERROR_INVALID_PARAMETER);
        ok(ov.InternalHigh == UNTOUCHED, "InternalHigh %llx",
           (unsigned long long)ov.InternalHigh);
    }
    WINE_DIFFERS("a packet although the call failed")
    ok_quiet(port);
    ok(size_of(file) == 0, "something was written");
    CloseHandle(file);
    CloseHandle(port);
}

/* Rules: FILE-44 */
static void file_044_all_ones_append(void)
{
    HANDLE file = scratch("append", FILE_FLAG_OVERLAPPED), port = port_of((UINT_PTR)file, KEY);
    static OVERLAPPED ov;
    static char data[16];
    int i;

    put(file, 0, "abc", 3);
    for (i = 0; i < 3; i++) {
        at(&ov, ~0ull);
        ok_pends((int)start_write(file, "def", 3, &ov));
        ok_success(port, KEY, &ov, 3);
    }
    ok(size_of(file) == 12, "%u bytes", (unsigned)size_of(file));
    ok(fetch(file, 0, data, sizeof(data)) == 12 && !memcmp(data, "abcdefdefdef", 12), "data");
    CloseHandle(file);
    CloseHandle(port);
}

/* Rules: FILE-45, FILE-05 */
static void file_045_the_end_of_the_file(void)
{
    HANDLE file = scratch("end", FILE_FLAG_OVERLAPPED), port = port_of((UINT_PTR)file, KEY);
    static OVERLAPPED ov;
    static char data[16];
    DWORD bytes = UNTOUCHED;

    put(file, 0, "abcdef", 6);
    at(&ov, 4);
    ok_pends((int)start_read(file, data, sizeof(data), &ov));
    ok_success(port, KEY, &ov, 2);
    at(&ov, 6);
    ok_pends((int)start_read(file, data, sizeof(data), &ov));
    ok_failure(port, KEY, &ov, ERROR_HANDLE_EOF, 0);
    ok_status(&ov, NT_END_OF_FILE, 0);
    ok_false(GetOverlappedResult(file, &ov, &bytes, FALSE), ERROR_HANDLE_EOF);
    ok(bytes == 0, "%u bytes", (unsigned)bytes);
    at(&ov, 1000000);
    ok_pends((int)start_read(file, data, 1, &ov));
    ok_failure(port, KEY, &ov, ERROR_HANDLE_EOF, 0);
    at(&ov, 6);
    ok_pends((int)start_read(file, data, 0, &ov));
    ok_success(port, KEY, &ov, 0);
    CloseHandle(file);
    CloseHandle(port);
}

/* Rules: FILE-46 */
static void file_046_a_handle_that_may_only_append(void)
{
    const char *name = file_name("append-only");
    HANDLE file = open_as(name, FILE_APPEND_DATA, CREATE_ALWAYS, FILE_FLAG_OVERLAPPED);
    HANDLE port = port_of((UINT_PTR)file, KEY);
    static OVERLAPPED ov;
    static char data[8];
    int i;

    for (i = 0; i < 3; i++) {
        at(&ov, 0);
        ok_pends((int)start_write(file, "abc", 3, &ov));
        ok_success(port, KEY, &ov, 3);
    }
    ok(size_of(file) == 9, "%u bytes", (unsigned)size_of(file));
    at(&ov, 0);
    ok_gives((int)start_read(file, data, 1, &ov), ERROR_ACCESS_DENIED);
    ok_quiet(port);
    CloseHandle(file);
    CloseHandle(port);
    DeleteFileA(name);
}

/* Rules: FILE-47, FILE-41 */
static void file_047_writing_nothing(void)
{
    HANDLE file = scratch("nothing", FILE_FLAG_OVERLAPPED), port = port_of((UINT_PTR)file, KEY);
    static OVERLAPPED ov;

    at(&ov, 500);
    ok_pends((int)start_write(file, NULL, 0, &ov));
    ok_success(port, KEY, &ov, 0);
    ok(size_of(file) == 0, "the file grew");
    CloseHandle(file);
    CloseHandle(port);
}

/* Rules: FILE-49, FILE-02, FILE-12 */
static void file_049_buffers_that_are_null(void)
{
    HANDLE file = scratch("null", FILE_FLAG_OVERLAPPED), port = port_of((UINT_PTR)file, KEY);
    HANDLE event = new_event();
    static OVERLAPPED ov;

    at(&ov, 0);
    SetEvent(event);
    ov.hEvent = event;
    ok_gives((int)start_read(file, NULL, 1, &ov), ERROR_NOACCESS);
    ok(is_set(event), "a failing read has reset the event");
    ok(ov.InternalHigh == UNTOUCHED, "InternalHigh was written");
    ok_gives((int)start_write(file, NULL, 1, &ov), ERROR_INVALID_USER_BUFFER);
    ok(!is_set(event), "a failing write has not reset the event");
    WINE_DIFFERS("a packet although the call failed")
    ok_quiet(port);
    CloseHandle(event);
    CloseHandle(file);
    CloseHandle(port);
}

/* Rules: FILE-10, FILE-05 */
static void file_010_the_event_instead_of_the_handle(void)
{
    HANDLE file = scratch("event", FILE_FLAG_OVERLAPPED), port = port_of((UINT_PTR)file, KEY);
    HANDLE event = new_event();
    static OVERLAPPED ov;
    DWORD bytes = 0;

    at(&ov, 0);
    SetEvent(event);
    ov.hEvent = event;
    ok_pends((int)start_write(file, "abc", 3, &ov));
    ok(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0, "the event is not set");
    ok_status(&ov, NT_SUCCESS_VALUE, 3);
    ok_success(port, KEY, &ov, 3);
    at(&ov, 0);
    ok_pends((int)start_write(file, "def", 3, &ov));
    ok(WaitForSingleObject(file, LIMIT) == WAIT_OBJECT_0, "the handle is not signalled");
    ok_true(GetOverlappedResult(file, &ov, &bytes, TRUE));
    ok(bytes == 3, "%u bytes", (unsigned)bytes);
    ok_success(port, KEY, &ov, 3);
    CloseHandle(event);
    CloseHandle(file);
    CloseHandle(port);
}

/* Rules: FILE-11 */
static void file_011_the_low_bit_of_the_event_suppresses_the_packet(void)
{
    HANDLE file = scratch("lowbit", FILE_FLAG_OVERLAPPED), port = port_of((UINT_PTR)file, KEY);
    HANDLE event = new_event();
    static OVERLAPPED ov;
    static char byte;

    at(&ov, 0);
    ov.hEvent = (HANDLE)((ULONG_PTR)event | 1);
    ok_pends((int)start_write(file, "abc", 3, &ov));
    ok(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0, "the event is not set");
    ok_status(&ov, NT_SUCCESS_VALUE, 3);
    at(&ov, 100);
    ov.hEvent = (HANDLE)((ULONG_PTR)event | 1);
    ok_pends((int)start_read(file, &byte, 1, &ov));
    ok(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0, "the event is not set");
    ok_status(&ov, NT_END_OF_FILE, 0);
    ok_quiet(port);
    CloseHandle(event);
    CloseHandle(file);
    CloseHandle(port);
}

/* Rules: FILE-12 */
static void file_012_an_event_that_is_none(void)
{
    HANDLE file = scratch("noevent", FILE_FLAG_OVERLAPPED), port = port_of((UINT_PTR)file, KEY);
    static OVERLAPPED ov;

    at(&ov, 0);
    ov.hEvent = (HANDLE)(ULONG_PTR)0x123454;
    ok_gives((int)start_write(file, "abc", 3, &ov), ERROR_INVALID_HANDLE);
    ov.hEvent = port;
    ok_gives((int)start_write(file, "abc", 3, &ov), ERROR_INVALID_HANDLE);
    ok(size_of(file) == 0, "something was written");
    ok_quiet(port);
    CloseHandle(file);
    CloseHandle(port);
}

/* Rules: FILE-12, FILE-20 */
static void file_012_a_dead_file_leaves_the_event(void)
{
    HANDLE file = scratch("dead", FILE_FLAG_OVERLAPPED), event = new_event();
    static OVERLAPPED ov;

    CloseHandle(file);
    SetEvent(event);
    at(&ov, 0);
    ov.hEvent = event;
    ok_gives((int)start_write(file, "abc", 3, &ov), ERROR_INVALID_HANDLE);
    ok(is_set(event), "a call on a dead file has reset the event");
    CloseHandle(event);
}

/* Rules: FILE-08, FILE-41 */
static void file_008_skip_mode_has_nothing_to_skip(void)
{
    HANDLE file = scratch("skip", FILE_FLAG_OVERLAPPED), port = port_of((UINT_PTR)file, KEY);
    static OVERLAPPED ov;
    static char data[8];

    ok_true(SetFileCompletionNotificationModes(file, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS));
    at(&ov, 0);
    ok_pends((int)start_write(file, "abc", 3, &ov));
    ok_success(port, KEY, &ov, 3);
    at(&ov, 0);
    ok_pends((int)start_read(file, data, sizeof(data), &ov));
    ok_success(port, KEY, &ov, 3);
    ok_quiet(port);
    CloseHandle(file);
    CloseHandle(port);
}

/* Rules: FILE-58, FILE-05 */
static void file_058_many_operations_at_once(void)
{
    enum { COUNT = 64, LENGTH = (1 << 20) / COUNT };
    HANDLE file = scratch("many", FILE_FLAG_OVERLAPPED), port = port_of((UINT_PTR)file, KEY);
    static OVERLAPPED ov[COUNT];
    static unsigned char got[1 << 20];
    int round, i;

    for (round = 0; round < 2; round++) {
        int seen[COUNT] = { 0 };

        for (i = 0; i < COUNT; i++) {
            int piece = i * 37 % COUNT;

            at(&ov[piece], (ULONGLONG)piece * LENGTH);
            ok_pends((int)(round ? start_read(file, got + piece * LENGTH, LENGTH, &ov[piece])
                                 : start_write(file, pattern + piece * LENGTH, LENGTH,
                                               &ov[piece])));
        }
        for (i = 0; i < COUNT; i++) {
            struct packet packet = take(port, LIMIT);

            ok(packet.result && packet.ov && packet.bytes == LENGTH, "%s", packet_text(&packet));
            if (!packet.ov) break;
            seen[packet.ov - ov]++;
        }
        for (i = 0; i < COUNT; i++) ok(seen[i] == 1, "operation %d: %d packets", i, seen[i]);
    }
    ok(!memcmp(got, pattern, sizeof(got)), "the data differs");
    ok_quiet(port);
    CloseHandle(file);
    CloseHandle(port);
}

/* Rules: FILE-28 */
static void file_028_without_buffering_everything_is_aligned(void)
{
    enum { SIZE = 3 * 4096 };
    static unsigned char space[SIZE + 4096];
    unsigned char *page = space + (4096 - (ULONG_PTR)space % 4096) % 4096;
    HANDLE file = scratch("direct", FILE_FLAG_OVERLAPPED | FILE_FLAG_NO_BUFFERING), port;
    static OVERLAPPED ov;

    memcpy(page, pattern, SIZE);
    put(file, 0, page, SIZE);
    memset(page, 0, SIZE);
    ok(fetch(file, 4096, page, 4096) == 4096 && !memcmp(page, pattern + 4096, 4096), "data");
    ok(fetch(file, 8192, page, 8192) == 4096, "a read across the end");
    port = port_of((UINT_PTR)file, KEY);
    at(&ov, 100);
    ok_gives((int)start_read(file, page, 4096, &ov), ERROR_INVALID_PARAMETER);
    at(&ov, 0);
    ok_gives((int)start_read(file, page, 100, &ov), ERROR_INVALID_PARAMETER);
    ok_gives((int)start_read(file, page + 1, 4096, &ov), ERROR_INVALID_PARAMETER);
    ok_gives((int)start_write(file, page, 100, &ov), ERROR_INVALID_PARAMETER);
    ok_quiet(port);
    CloseHandle(file);
    CloseHandle(port);
}

static int routine_calls;
static DWORD routine_error, routine_bytes;

static void CALLBACK routine(DWORD error, DWORD bytes, OVERLAPPED *ov)
{
    (void)ov;
    routine_calls++;
    routine_error = error;
    routine_bytes = bytes;
}

/* Rules: FILE-52, FILE-13 */
static void file_052_completion_routines(void)
{
    HANDLE file = scratch("routine", FILE_FLAG_OVERLAPPED);
    static OVERLAPPED ov;
    static char data[8];

    ok_false(ReadFileEx(file, data, 1, NULL, routine), ERROR_INVALID_PARAMETER);
    at(&ov, 0);
    routine_calls = 0;
    ok_true(WriteFileEx(file, "abc", 3, &ov, routine));
    ok(SleepEx(LIMIT, TRUE) == WAIT_IO_COMPLETION, "no routine ran");
    ok(routine_calls == 1 && routine_error == 0 && routine_bytes == 3, "%d calls, %u, %u",
       routine_calls, (unsigned)routine_error, (unsigned)routine_bytes);
    at(&ov, 3);
    if (ReadFileEx(file, data, sizeof(data), &ov, routine)) {
        ok(SleepEx(LIMIT, TRUE) == WAIT_IO_COMPLETION, "no routine ran");
        ok(routine_calls == 2 && routine_error == ERROR_HANDLE_EOF && routine_bytes == 0,
           "%d calls, %u, %u", routine_calls, (unsigned)routine_error, (unsigned)routine_bytes);
    } else {
        ok(GetLastError() == ERROR_HANDLE_EOF, "error %u", (unsigned)GetLastError());
    }
    CloseHandle(file);
}

/* Rules: FILE-52, FILE-13 */
static void file_013_no_completion_routine_beside_a_port(void)
{
    HANDLE file = scratch("both", FILE_FLAG_OVERLAPPED), port;
    static OVERLAPPED ov;
    static char data[8];

    port = port_of((UINT_PTR)file, KEY);
    routine_calls = 0;
    at(&ov, 0);
    ok_false(ReadFileEx(file, data, 1, &ov, routine), ERROR_INVALID_PARAMETER);
    ok_false(WriteFileEx(file, data, 1, &ov, routine), ERROR_INVALID_PARAMETER);
    ok_quiet(port);
    ok(SleepEx(0, TRUE) == 0 && routine_calls == 0, "%d calls", routine_calls);
    CloseHandle(file);
    CloseHandle(port);
}

int main(void)
{
    watchdog(120);
    make_pattern();
    RUN(file_008_skip_mode_has_nothing_to_skip);
    RUN(file_010_the_event_instead_of_the_handle);
    RUN(file_011_the_low_bit_of_the_event_suppresses_the_packet);
    RUN_WINE_FAILS(file_012_an_event_that_is_none, "the event is not checked");
    RUN(file_012_a_dead_file_leaves_the_event);
    RUN_WINE_FAILS(file_013_no_completion_routine_beside_a_port, "accepted");
    RUN(file_019_layouts);
    RUN_WINE_FAILS(file_028_without_buffering_everything_is_aligned, "not enforced");
    RUN(file_041_overlapped_operations_pend_and_queue);
    RUN(file_042_the_offset_is_in_the_structure);
    RUN(file_043_invalid_offsets);
    RUN(file_044_all_ones_append);
    RUN(file_045_the_end_of_the_file);
    RUN(file_046_a_handle_that_may_only_append);
    RUN(file_047_writing_nothing);
    RUN(file_049_buffers_that_are_null);
    RUN(file_052_completion_routines);
    RUN(file_058_many_operations_at_once);
    return conform_end();
}
