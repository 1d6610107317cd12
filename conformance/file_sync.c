/* Synchronous handles, positions and sizes of files: files_pipes.md part 3. */
#include "files.h"

/* Where the file pointer stands. */
static LONGLONG position(HANDLE file)
{
    LARGE_INTEGER zero, where;

    zero.QuadPart = 0;
    where.QuadPart = -1;
    ok(SetFilePointerEx(file, zero, &where, FILE_CURRENT), "SetFilePointerEx: error %u",
       (unsigned)GetLastError());
    return where.QuadPart;
}

static BOOL seek(HANDLE file, LONGLONG distance, DWORD method)
{
    LARGE_INTEGER to;

    to.QuadPart = distance;
    return SetFilePointerEx(file, to, NULL, method);
}

/* Rules: FILE-42, FILE-50 */
static void file_042_synchronous_calls_move_the_pointer(void)
{
    HANDLE file = scratch("sync", 0), copy = NULL;
    DWORD bytes = UNTOUCHED;
    char data[16];

    ok_true(WriteFile(file, "abcdef", 6, &bytes, NULL));
    ok(bytes == 6 && position(file) == 6, "%u bytes, at %u", (unsigned)bytes,
       (unsigned)position(file));
    ok_true(seek(file, 1, FILE_BEGIN));
    ok_true(ReadFile(file, data, 2, &bytes, NULL));
    ok(bytes == 2 && !memcmp(data, "bc", 2) && position(file) == 3, "%u bytes, at %u",
       (unsigned)bytes, (unsigned)position(file));
    ok_true(DuplicateHandle(GetCurrentProcess(), file, GetCurrentProcess(), &copy, 0, FALSE,
                            DUPLICATE_SAME_ACCESS));
    ok_true(ReadFile(copy, data, 2, &bytes, NULL));
    ok(!memcmp(data, "de", 2) && position(file) == 5, "the duplicate has its own pointer");
    CloseHandle(copy);
    ok_true(ReadFile(file, data, sizeof(data), &bytes, NULL));
    ok(bytes == 1 && data[0] == 'f', "%u bytes", (unsigned)bytes);
    CloseHandle(file);
}

/* Rules: FILE-42, FILE-10 */
static void file_042_an_offset_on_a_synchronous_handle(void)
{
    HANDLE file = scratch("sync-offset", 0), event = new_event();
    DWORD bytes = UNTOUCHED;
    OVERLAPPED ov;
    char data[16];

    ok_true(WriteFile(file, "abcdef", 6, &bytes, NULL));
    at(&ov, 2);
    ov.hEvent = event;
    ok_true(ReadFile(file, data, 3, &bytes, &ov));
    ok(bytes == 3 && !memcmp(data, "cde", 3), "%u bytes", (unsigned)bytes);
    ok_status(&ov, NT_SUCCESS_VALUE, 3);
    ok(is_set(event), "the event is not set");
    ok(position(file) == 5, "at %u", (unsigned)position(file));
    at(&ov, 1);
    ok_true(WriteFile(file, "XY", 2, &bytes, &ov));
    ok(bytes == 2 && position(file) == 3, "%u bytes, at %u", (unsigned)bytes,
       (unsigned)position(file));
    CloseHandle(event);
    CloseHandle(file);
}

/* Rules: FILE-43, FILE-44 */
static void file_044_appending_on_a_synchronous_handle(void)
{
    HANDLE file = scratch("sync-append", 0);
    DWORD bytes = 0;
    OVERLAPPED ov;

    ok_true(WriteFile(file, "abcdef", 6, &bytes, NULL));
    ok_true(seek(file, 1, FILE_BEGIN));
    at(&ov, ~0ull);
    ok_true(WriteFile(file, "ghi", 3, &bytes, &ov));
    ok(bytes == 3 && size_of(file) == 9 && position(file) == 9, "%u bytes, at %u",
       (unsigned)size_of(file), (unsigned)position(file));
    at(&ov, ~0ull);
    ok_false(ReadFile(file, &bytes, 1, NULL, &ov), ERROR_INVALID_PARAMETER);
    CloseHandle(file);
}

/* Rules: FILE-45 */
static void file_045_the_end_on_a_synchronous_handle(void)
{
    HANDLE file = scratch("sync-end", 0);
    DWORD bytes = UNTOUCHED;
    OVERLAPPED ov;
    char data[8];

    SetLastError(UNTOUCHED);
    ok_true(ReadFile(file, data, sizeof(data), &bytes, NULL));
    ok(bytes == 0 && GetLastError() == UNTOUCHED, "%u bytes, error %u", (unsigned)bytes,
       (unsigned)GetLastError());
    at(&ov, 0);
    bytes = UNTOUCHED;
    ok_false(ReadFile(file, data, sizeof(data), &bytes, &ov), ERROR_HANDLE_EOF);
    ok(bytes == 0, "%u bytes", (unsigned)bytes);
    ok_status(&ov, NT_END_OF_FILE, 0);
    CloseHandle(file);
}

/* Rules: FILE-46 */
static void file_046_a_synchronous_handle_that_may_only_append(void)
{
    const char *name = file_name("sync-append-only");
    HANDLE file = open_as(name, FILE_APPEND_DATA, CREATE_ALWAYS, 0);
    DWORD bytes = 0;
    char data[4];

    ok_true(WriteFile(file, "abc", 3, &bytes, NULL));
    ok_true(seek(file, 0, FILE_BEGIN));
    ok_true(WriteFile(file, "def", 3, &bytes, NULL));
    ok(size_of(file) == 6 && position(file) == 6, "%u bytes, at %u", (unsigned)size_of(file),
       (unsigned)position(file));
    ok_false(ReadFile(file, data, 1, &bytes, NULL), ERROR_ACCESS_DENIED);
    WINE_DIFFERS("the right to append is enough")
    ok_false(SetEndOfFile(file), ERROR_ACCESS_DENIED);
    CloseHandle(file);
    DeleteFileA(name);
}

/* Rules: FILE-47, FILE-49, FILE-50 */
static void file_047_nothing_and_nowhere(void)
{
    HANDLE file = scratch("sync-nothing", 0);
    DWORD bytes = UNTOUCHED;

    ok_true(seek(file, 100, FILE_BEGIN));
    ok_true(WriteFile(file, NULL, 0, &bytes, NULL));
    ok(bytes == 0 && size_of(file) == 0, "%u bytes, size %u", (unsigned)bytes,
       (unsigned)size_of(file));
    ok_false(WriteFile(file, NULL, 1, &bytes, NULL), ERROR_INVALID_USER_BUFFER);
    ok(bytes == 0, "%u bytes", (unsigned)bytes);
    ok_false(ReadFile(file, NULL, 1, &bytes, NULL), ERROR_NOACCESS);
    ok(bytes == 0, "%u bytes", (unsigned)bytes);
    CloseHandle(file);
}

/* Rules: FILE-48 */
static void file_048_a_gap_reads_as_zeros(void)
{
    HANDLE file = scratch("gap", 0);
    static char data[1000];
    DWORD bytes = 0;
    int i, other = 0;

    ok_true(seek(file, 999, FILE_BEGIN));
    ok_true(WriteFile(file, "x", 1, &bytes, NULL));
    ok(size_of(file) == 1000, "%u bytes", (unsigned)size_of(file));
    ok_true(seek(file, 0, FILE_BEGIN));
    ok_true(ReadFile(file, data, sizeof(data), &bytes, NULL));
    for (i = 0; i < 999; i++) other += data[i] != 0;
    ok(bytes == 1000 && other == 0 && data[999] == 'x', "%u bytes, %d not zero",
       (unsigned)bytes, other);
    CloseHandle(file);
}

/* Rules: FILE-54, FILE-01 */
static void file_054_flushing_queues_nothing(void)
{
    HANDLE file = scratch("flush", FILE_FLAG_OVERLAPPED), port = port_of((UINT_PTR)file, KEY);
    static OVERLAPPED ov;

    at(&ov, 0);
    ok_pends((int)start_write(file, "abc", 3, &ov));
    ok_success(port, KEY, &ov, 3);
    ok_true(FlushFileBuffers(file));
    ok_true(seek(file, 1, FILE_BEGIN));
    ok_true(SetEndOfFile(file));
    ok_quiet(port);
    CloseHandle(file);
    CloseHandle(port);
}

/* Rules: FILE-56 */
static void file_056_the_file_pointer(void)
{
    HANDLE file = scratch("pointer", 0);
    DWORD bytes = 0;
    LONG high;

    ok_true(WriteFile(file, "abcdef", 6, &bytes, NULL));
    ok_true(seek(file, -2, FILE_END));
    ok(position(file) == 4, "at %u", (unsigned)position(file));
    ok_true(seek(file, -3, FILE_CURRENT));
    ok(position(file) == 1, "at %u", (unsigned)position(file));
    ok_false(seek(file, -2, FILE_CURRENT), ERROR_NEGATIVE_SEEK);
    ok_false(seek(file, -1, FILE_BEGIN), ERROR_NEGATIVE_SEEK);
    ok_false(seek(file, 0, 3), ERROR_INVALID_PARAMETER);
    ok(position(file) == 1, "a failed call moved the pointer to %u", (unsigned)position(file));
    ok_true(seek(file, 1000, FILE_BEGIN));
    ok(size_of(file) == 6, "the file grew");
    SetLastError(UNTOUCHED);
    ok(SetFilePointer(file, 3, NULL, FILE_BEGIN) == 3, "SetFilePointer");
    high = 1;
    ok(SetFilePointer(file, 5, &high, FILE_BEGIN) == 5 && high == 1, "high %d", (int)high);
    ok(position(file) == ((LONGLONG)1 << 32) + 5, "at %llx",
       (unsigned long long)position(file));
    SetLastError(0);
    WINE_DIFFERS("the high half is dropped")
    ok(SetFilePointer(file, 0, NULL, FILE_CURRENT) == INVALID_SET_FILE_POINTER &&
           GetLastError() == ERROR_INVALID_PARAMETER, "error %u", (unsigned)GetLastError());
    high = 0;
    SetLastError(UNTOUCHED);
    ok(SetFilePointer(file, -1, &high, FILE_BEGIN) == 0xffffffff, "SetFilePointer of 2^32 - 1");
    ok(high == 0 && GetLastError() == 0, "high %d, error %u", (int)high,
       (unsigned)GetLastError());
    SetLastError(0);
    ok(SetFilePointer(file, -1, NULL, FILE_BEGIN) == INVALID_SET_FILE_POINTER &&
           GetLastError() == ERROR_NEGATIVE_SEEK, "error %u", (unsigned)GetLastError());
    ok_false(seek(INVALID_HANDLE_VALUE, 0, FILE_BEGIN), ERROR_INVALID_HANDLE);
    CloseHandle(file);
}

/* Rules: FILE-55, FILE-56 */
static void file_055_the_end_is_set_where_the_pointer_is(void)
{
    HANDLE file = scratch("size", 0);
    DWORD bytes = 0, high = UNTOUCHED;
    char data[4] = "xyz";

    ok_true(WriteFile(file, "abcdef", 6, &bytes, NULL));
    ok_true(seek(file, 2, FILE_BEGIN));
    ok_true(SetEndOfFile(file));
    ok(size_of(file) == 2 && position(file) == 2, "%u bytes, at %u", (unsigned)size_of(file),
       (unsigned)position(file));
    ok_true(seek(file, 5, FILE_BEGIN));
    ok_true(SetEndOfFile(file));
    ok(size_of(file) == 5, "%u bytes", (unsigned)size_of(file));
    ok(GetFileSize(file, NULL) == 5, "GetFileSize gives %u", (unsigned)GetFileSize(file, NULL));
    ok(GetFileSize(file, &high) == 5 && high == 0, "high %u", (unsigned)high);
    ok_true(seek(file, 2, FILE_BEGIN));
    ok_true(ReadFile(file, data, 3, &bytes, NULL));
    ok(bytes == 3 && !data[0] && !data[1] && !data[2], "the new bytes are not zero");
    ok_true(seek(file, ((LONGLONG)3 << 32) + 9, FILE_BEGIN));
    ok_true(SetEndOfFile(file));
    ok(GetFileSize(file, &high) == 9 && high == 3, "high %u", (unsigned)high);
    CloseHandle(file);
    SetLastError(0);
    ok(GetFileSize(file, NULL) == INVALID_FILE_SIZE && GetLastError() == ERROR_INVALID_HANDLE,
       "error %u", (unsigned)GetLastError());
}

int main(void)
{
    watchdog(120);
    RUN(file_042_synchronous_calls_move_the_pointer);
    RUN(file_042_an_offset_on_a_synchronous_handle);
    RUN(file_044_appending_on_a_synchronous_handle);
    RUN(file_045_the_end_on_a_synchronous_handle);
    RUN(file_046_a_synchronous_handle_that_may_only_append);
    RUN(file_047_nothing_and_nowhere);
    RUN(file_048_a_gap_reads_as_zeros);
    RUN(file_054_flushing_queues_nothing);
    RUN(file_055_the_end_is_set_where_the_pointer_is);
    RUN(file_056_the_file_pointer);
    return conform_end();
}
