/* CreateFile and DeleteFile: files_pipes.md part 2 and FILE-77, as far as one
 * opener is concerned.
 */
#include "files.h"

static BOOL exists(const char *name)
{
    HANDLE file = open_as(name, 0, OPEN_EXISTING, 0);

    if (file == INVALID_HANDLE_VALUE) return FALSE;
    CloseHandle(file);
    return TRUE;
}

static void make(const char *name, const char *text)
{
    HANDLE file = open_as(name, GENERIC_WRITE, CREATE_ALWAYS, 0);
    DWORD bytes = 0;

    ok_file(file);
    ok_true(WriteFile(file, text, (DWORD)strlen(text), &bytes, NULL));
    CloseHandle(file);
}

/* Rules: FILE-20 */
static void file_020_what_bad_handles_give(void)
{
    HANDLE wrong[] = { NULL, (HANDLE)(ULONG_PTR)0x123454, INVALID_HANDLE_VALUE };
    DWORD bytes;
    OVERLAPPED ov;
    char byte = 0;
    size_t i;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        at(&ov, 0);
        bytes = UNTOUCHED;
        ok_false(ReadFile(wrong[i], &byte, 1, &bytes, &ov), ERROR_INVALID_HANDLE);
        ok(bytes == 0, "ReadFile: %u bytes", (unsigned)bytes);
        bytes = UNTOUCHED;
        ok_false(WriteFile(wrong[i], &byte, 1, &bytes, &ov), ERROR_INVALID_HANDLE);
        ok(bytes == 0, "WriteFile: %u bytes", (unsigned)bytes);
        ok_false(FlushFileBuffers(wrong[i]), ERROR_INVALID_HANDLE);
        ok_false(SetEndOfFile(wrong[i]), ERROR_INVALID_HANDLE);
    }
}

/* Rules: FILE-21 */
static void file_021_dispositions(void)
{
    static const struct {
        BOOL there;
        DWORD disposition, error, size; /* of a file that had 3 bytes */
        BOOL opens;
    } cases[] = {
        { FALSE, CREATE_NEW, 0, 0, TRUE },
        { TRUE, CREATE_NEW, ERROR_FILE_EXISTS, 3, FALSE },
        { FALSE, CREATE_ALWAYS, 0, 0, TRUE },
        { TRUE, CREATE_ALWAYS, ERROR_ALREADY_EXISTS, 0, TRUE },
        { FALSE, OPEN_EXISTING, ERROR_FILE_NOT_FOUND, 0, FALSE },
        { TRUE, OPEN_EXISTING, 0, 3, TRUE },
        { FALSE, OPEN_ALWAYS, 0, 0, TRUE },
        { TRUE, OPEN_ALWAYS, ERROR_ALREADY_EXISTS, 3, TRUE },
        { FALSE, TRUNCATE_EXISTING, ERROR_FILE_NOT_FOUND, 0, FALSE },
        { TRUE, TRUNCATE_EXISTING, 0, 0, TRUE },
    };
    const char *name = file_name("dispositions");
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        HANDLE file;
        DWORD error;

        DeleteFileA(name);
        if (cases[i].there) make(name, "abc");
        SetLastError(UNTOUCHED);
        file = open_as(name, GENERIC_READ | GENERIC_WRITE, cases[i].disposition, 0);
        error = GetLastError();
        ok((file != INVALID_HANDLE_VALUE) == cases[i].opens && error == cases[i].error,
           "case %u: handle %p, error %u", (unsigned)i, file, (unsigned)error);
        if (file != INVALID_HANDLE_VALUE) {
            LONGLONG size = size_of(file);

            ok(size == cases[i].size, "case %u: %u bytes", (unsigned)i, (unsigned)size);
            CloseHandle(file);
        }
    }
    DeleteFileA(name);
}

/* Rules: FILE-21, FILE-39 */
static void file_021_missing_parents(void)
{
    char name[500];
    DWORD disposition;

    snprintf(name, sizeof(name), "%s/below", file_name("missing"));
    for (disposition = CREATE_NEW; disposition <= OPEN_ALWAYS; disposition++) {
        ok_no_file(open_as(name, GENERIC_WRITE, disposition, 0), ERROR_PATH_NOT_FOUND);
    }
}

/* Rules: FILE-22 */
static void file_022_parameters(void)
{
    const char *name = file_name("parameters");

    make(name, "abc");
    ok_no_file(CreateFileA(NULL, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL),
               ERROR_PATH_NOT_FOUND);
    ok_no_file(CreateFileW(NULL, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL),
               ERROR_PATH_NOT_FOUND);
    ok_no_file(open_as("", GENERIC_READ, OPEN_EXISTING, 0), ERROR_PATH_NOT_FOUND);
    ok_no_file(open_as(name, GENERIC_READ, 0, 0), ERROR_INVALID_PARAMETER);
    ok_no_file(open_as(name, GENERIC_READ, 6, 0), ERROR_INVALID_PARAMETER);
    WINE_DIFFERS("unknown share bits are accepted")
    ok_no_file(CreateFileA(name, GENERIC_READ, 8, NULL, OPEN_EXISTING, 0, NULL),
               ERROR_INVALID_PARAMETER);
    WINE_DIFFERS("the access is not checked")
    ok_no_file(open_as(name, GENERIC_READ, TRUNCATE_EXISTING, 0), ERROR_INVALID_PARAMETER);
    WINE_DIFFERS("the access is not checked")
    ok_no_file(open_as(name, FILE_WRITE_DATA, TRUNCATE_EXISTING, 0), ERROR_INVALID_PARAMETER);
    DeleteFileA(name);
}

/* Rules: FILE-23, FILE-32 */
static void file_023_a_directory_is_no_file(void)
{
    const char *name = file_name("directory");
    HANDLE file;

    ok_true(CreateDirectoryA(name, NULL));
    ok_no_file(open_as(name, GENERIC_READ, OPEN_EXISTING, 0), ERROR_ACCESS_DENIED);
    ok_false(DeleteFileA(name), ERROR_ACCESS_DENIED);
    file = open_as(name, GENERIC_READ, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS);
    ok_file(file);
    CloseHandle(file);
    ok_true(RemoveDirectoryA(name));
}

/* Rules: FILE-24 */
static void file_024_access_is_enforced(void)
{
    const char *name = file_name("access");
    HANDLE file;
    DWORD bytes;
    char data[4];

    make(name, "abc");
    file = open_as(name, GENERIC_READ, OPEN_EXISTING, 0);
    ok_true(ReadFile(file, data, 3, &bytes, NULL));
    ok_false(WriteFile(file, "x", 1, &bytes, NULL), ERROR_ACCESS_DENIED);
    WINE_DIFFERS("6")
    ok_false(SetEndOfFile(file), ERROR_ACCESS_DENIED);
    ok_false(FlushFileBuffers(file), ERROR_ACCESS_DENIED);
    CloseHandle(file);
    file = open_as(name, GENERIC_WRITE, OPEN_EXISTING, 0);
    ok_false(ReadFile(file, data, 3, &bytes, NULL), ERROR_ACCESS_DENIED);
    ok_true(WriteFile(file, "x", 1, &bytes, NULL));
    ok_true(FlushFileBuffers(file));
    CloseHandle(file);
    file = open_as(name, 0, OPEN_EXISTING, 0);
    ok_file(file);
    ok(size_of(file) == 3, "size");
    ok_false(ReadFile(file, data, 3, &bytes, NULL), ERROR_ACCESS_DENIED);
    ok_false(WriteFile(file, "x", 1, &bytes, NULL), ERROR_ACCESS_DENIED);
    CloseHandle(file);
    DeleteFileA(name);
}

/* Rules: FILE-27, FILE-13, FILE-09 */
static void file_027_synchronous_and_overlapped_handles(void)
{
    HANDLE file = scratch("kinds", 0), port = new_port();
    DWORD bytes;
    char data[4] = "abc";

    SetLastError(0);
    ok(!CreateIoCompletionPort(file, port, KEY, 0) && GetLastError() == ERROR_INVALID_PARAMETER,
       "association of a synchronous file: error %u", (unsigned)GetLastError());
    ok_false(SetFileCompletionNotificationModes(file, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS),
             ERROR_INVALID_PARAMETER);
    CloseHandle(file);
    file = scratch("kinds", FILE_FLAG_OVERLAPPED);
    ok_false(ReadFile(file, data, 1, &bytes, NULL), ERROR_INVALID_PARAMETER);
    ok_false(WriteFile(file, data, 1, &bytes, NULL), ERROR_INVALID_PARAMETER);
    ok(CreateIoCompletionPort(file, port, KEY, 0) == port, "association: error %u",
       (unsigned)GetLastError());
    SetLastError(0);
    ok(!CreateIoCompletionPort(file, port, KEY, 0) && GetLastError() == ERROR_INVALID_PARAMETER,
       "second association: error %u", (unsigned)GetLastError());
    CloseHandle(file);
    CloseHandle(port);
}

/* Rules: FILE-29, FILE-30 */
static void file_030_hints_change_no_data(void)
{
    static const DWORD flags[] = {
        FILE_FLAG_SEQUENTIAL_SCAN, FILE_FLAG_RANDOM_ACCESS, FILE_FLAG_WRITE_THROUGH,
        FILE_FLAG_SEQUENTIAL_SCAN | FILE_FLAG_RANDOM_ACCESS | FILE_FLAG_WRITE_THROUGH,
    };
    size_t i;

    for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        HANDLE file = scratch("hints", flags[i]);
        DWORD bytes = 0;
        OVERLAPPED ov;
        char data[8] = "";

        ok_true(WriteFile(file, "abcdef", 6, &bytes, NULL));
        at(&ov, 2);
        ok_true(ReadFile(file, data, 3, &bytes, &ov));
        ok(bytes == 3 && !memcmp(data, "cde", 3), "flags %x: %u bytes", (unsigned)flags[i],
           (unsigned)bytes);
        CloseHandle(file);
    }
}

/* Rules: FILE-31 */
static void file_031_delete_on_close(void)
{
    const char *name = file_name("delete-on-close");
    HANDLE file, other, copy;

    file = open_as(name, GENERIC_WRITE, CREATE_NEW, FILE_FLAG_DELETE_ON_CLOSE);
    ok_file(file);
    ok(exists(name), "the name is gone at once");
    ok_true(DuplicateHandle(GetCurrentProcess(), file, GetCurrentProcess(), &copy, 0, FALSE,
                            DUPLICATE_SAME_ACCESS));
    CloseHandle(file);
    ok(exists(name), "the name is gone while a duplicate is open");
    CloseHandle(copy);
    ok(!exists(name), "the file is still there");
    file = open_as(name, GENERIC_WRITE, CREATE_NEW, FILE_FLAG_DELETE_ON_CLOSE);
    other = open_as(name, GENERIC_READ, OPEN_EXISTING, 0);
    ok_file(other);
    CloseHandle(file);
    WINE_DIFFERS("not yet deleted")
    OURS_DIFFERS("D18")
    ok_no_file(open_as(name, GENERIC_READ, OPEN_EXISTING, 0), ERROR_ACCESS_DENIED);
    CloseHandle(other);
    ok_no_file(open_as(name, GENERIC_READ, OPEN_EXISTING, 0), ERROR_FILE_NOT_FOUND);
}

/* Rules: FILE-36, FILE-77 */
static void file_036_both_forms_of_names(void)
{
    const char *name = file_name("forms");
    HANDLE file = CreateFileW(wide(name), GENERIC_WRITE, SHARE_ALL, NULL, CREATE_NEW, 0, NULL);

    ok_file(file);
    CloseHandle(file);
    ok(exists(name), "made by W, not seen by A");
    ok_true(DeleteFileW(wide(name)));
    ok(!exists(name), "deleted by W, seen by A");
    make(name, "abc");
    file = CreateFileW(wide(name), GENERIC_READ, SHARE_ALL, NULL, OPEN_EXISTING, 0, NULL);
    ok_file(file);
    CloseHandle(file);
    ok_true(DeleteFileA(name));
}

/* Rules: FILE-36, FILE-37 */
static void file_036_names_that_are_not_ascii(void)
{
    static const WCHAR tail[] = { 0xe4, 0x20ac, 0xd83d, 0xde00, 0 };
    WCHAR name[450];
    HANDLE file;
    size_t i, length;
    const WCHAR *base = wide(file_name("wide-"));

    for (length = 0; base[length]; length++) name[length] = base[length];
    for (i = 0; i < 5; i++) name[length + i] = tail[i];
    file = CreateFileW(name, GENERIC_WRITE, SHARE_ALL, NULL, CREATE_NEW, 0, NULL);
    ok_file(file);
    CloseHandle(file);
    file = CreateFileW(name, GENERIC_WRITE, SHARE_ALL, NULL, OPEN_EXISTING, 0, NULL);
    ok_file(file);
    CloseHandle(file);
    ok_true(DeleteFileW(name));
    ok_false(DeleteFileW(name), ERROR_FILE_NOT_FOUND);
}

/* Rules: FILE-40 */
static void file_040_types_of_files(void)
{
    HANDLE file = scratch("type", 0);
    HANDLE port = new_port();
    WSADATA data;
    SOCKET s;

    ok(GetFileType(file) == FILE_TYPE_DISK, "disk: %u", (unsigned)GetFileType(file));
    CloseHandle(file);
    ok_zero(WSAStartup(MAKEWORD(2, 2), &data));
    s = tcp_socket();
    ok(GetFileType((HANDLE)s) == FILE_TYPE_PIPE, "socket: %u",
       (unsigned)GetFileType((HANDLE)s));
    closesocket(s);
    WSACleanup();
    CloseHandle(port);
    SetLastError(0);
    ok(GetFileType(file) == FILE_TYPE_UNKNOWN && GetLastError() == ERROR_INVALID_HANDLE,
       "closed: error %u", (unsigned)GetLastError());
}

/* Rules: FILE-77 */
static void file_077_deletefile(void)
{
    const char *name = file_name("delete");
    char below[500];
    HANDLE file;
    DWORD bytes = 0;
    char data[4];
    BOOL there;

    ok_false(DeleteFileA(name), ERROR_FILE_NOT_FOUND);
    snprintf(below, sizeof(below), "%s/below", name);
    ok_false(DeleteFileA(below), ERROR_PATH_NOT_FOUND);
    ok_false(DeleteFileA(NULL), ERROR_PATH_NOT_FOUND);
    ok_false(DeleteFileA(""), ERROR_PATH_NOT_FOUND);
    make(name, "abc");
    ok_true(DeleteFileA(name));
    ok(!exists(name), "still there");
    make(name, "abc");
    file = open_as(name, GENERIC_READ, OPEN_EXISTING, 0);
    ok_true(DeleteFileA(name));
    ok_true(ReadFile(file, data, 3, &bytes, NULL));
    ok(bytes == 3, "the open handle reads %u bytes", (unsigned)bytes);
    there = exists(name);
    WINE_DIFFERS("the name stays until the last handle is closed")
    ok(!there, "still there");
    CloseHandle(file);
    ok(!exists(name), "there again");
}

int main(void)
{
    watchdog(120);
    RUN(file_020_what_bad_handles_give);
    RUN(file_021_dispositions);
    RUN(file_021_missing_parents);
    RUN(file_022_parameters);
    RUN(file_023_a_directory_is_no_file);
    RUN(file_024_access_is_enforced);
    RUN(file_027_synchronous_and_overlapped_handles);
    RUN(file_030_hints_change_no_data);
    RUN(file_031_delete_on_close);
    RUN(file_036_both_forms_of_names);
    RUN(file_036_names_that_are_not_ascii);
    RUN(file_040_types_of_files);
    RUN(file_077_deletefile);
    return conform_end();
}
