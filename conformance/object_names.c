/* Names of events, semaphores and mutexes: handles.md sections G, H and I. */
#include "native.h"

/* Each test has a name of its own. */
#define NAME "conform-"

/* Rules: HND-70 */
static void hnd_070_creating_what_exists_opens_it(void)
{
    HANDLE first, second;

    SetLastError(UNTOUCHED);
    first = CreateEventA(NULL, TRUE, FALSE, NAME "70");
    ok(first && GetLastError() == 0, "%u", (unsigned)GetLastError());
    second = CreateEventA(NULL, FALSE, TRUE, NAME "70");
    ok(second && GetLastError() == ERROR_ALREADY_EXISTS, "%u", (unsigned)GetLastError());
    ok(first != second, "one handle for two");
    ok(!is_signaled(second), "the initial state is looked at");
    SetEvent(second);
    ok(is_signaled(first) && is_signaled(first), "it is another event, or not a manual one");
    CloseHandle(first);
    CloseHandle(second);
}

/* Rules: HND-71 */
static void hnd_071_only_who_makes_a_mutex_owns_it(void)
{
    HANDLE first = CreateMutexA(NULL, FALSE, NAME "71");
    HANDLE second = CreateMutexA(NULL, TRUE, NAME "71");

    ok(GetLastError() == ERROR_ALREADY_EXISTS, "%u", (unsigned)GetLastError());
    ok_fails(ReleaseMutex(second), ERROR_NOT_OWNER);
    ok(is_signaled(first) && ReleaseMutex(second), "%u", (unsigned)GetLastError());
    CloseHandle(first);
    CloseHandle(second);
    first = CreateMutexA(NULL, TRUE, NAME "71");
    ok(ReleaseMutex(first), "a new mutex is not owned: %u", (unsigned)GetLastError());
    CloseHandle(first);
}

/* Rules: HND-67 */
static void hnd_067_a_name_goes_with_the_last_handle(void)
{
    HANDLE event = CreateEventA(NULL, TRUE, TRUE, NAME "67"), copy = duplicate(event), again;

    CloseHandle(event);
    again = OpenEventA(EVENT_ALL_ACCESS, FALSE, NAME "67");
    ok(again && is_signaled(again), "%u", (unsigned)GetLastError());
    CloseHandle(again);
    CloseHandle(copy);
    ok_fails(OpenEventA(EVENT_ALL_ACCESS, FALSE, NAME "67"), ERROR_FILE_NOT_FOUND);
    SetLastError(UNTOUCHED);
    again = CreateEventA(NULL, TRUE, FALSE, NAME "67");
    ok(again && GetLastError() == 0 && !is_signaled(again), "%u", (unsigned)GetLastError());
    CloseHandle(again);
}

/* Rules: HND-57 */
static void hnd_057_opening_takes_some_access(void)
{
    HANDLE event = CreateEventExA(NULL, NAME "57", 0, 0), other;

    ok(event != NULL, "%u", (unsigned)GetLastError());
    ok_fails(SetEvent(event), ERROR_ACCESS_DENIED);
    WINE_DIFFERS("Wine 8 opens with no access")
    ok_fails(OpenEventA(0, FALSE, NAME "57"), ERROR_ACCESS_DENIED);
    WINE_DIFFERS("Wine 8 opens with no access")
    ok_fails(CreateEventExA(NULL, NAME "57", 0, 0), ERROR_ACCESS_DENIED);
    other = OpenEventA(EVENT_MODIFY_STATE, FALSE, NAME "57");
    ok(SetEvent(other), "%u", (unsigned)GetLastError());
    CloseHandle(other);
    CloseHandle(event);
}

/* Rules: HND-59 */
static void hnd_059_creating_asks_for_all_access_or_what_is_said(void)
{
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, NAME "59"), all, wait_only;

    all = CreateEventA(NULL, TRUE, FALSE, NAME "59");
    ok(SetEvent(all) && is_signaled(all), "%u", (unsigned)GetLastError());
    wait_only = CreateEventExA(NULL, NAME "59", 0, SYNCHRONIZE);
    ok(wait_only && GetLastError() == ERROR_ALREADY_EXISTS, "%u", (unsigned)GetLastError());
    ok_fails(SetEvent(wait_only), ERROR_ACCESS_DENIED);
    ok(is_signaled(wait_only), "it cannot be waited for");
    CloseHandle(wait_only);
    CloseHandle(all);
    CloseHandle(event);
}

/* Rules: HND-69 */
static void hnd_069_a_name_is_one_objects_of_any_kind(void)
{
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, NAME "69");

    ok_fails(CreateSemaphoreA(NULL, 0, 1, NAME "69"), ERROR_INVALID_HANDLE);
    ok_fails(CreateMutexA(NULL, FALSE, NAME "69"), ERROR_INVALID_HANDLE);
    ok_fails(OpenSemaphoreA(SEMAPHORE_ALL_ACCESS, FALSE, NAME "69"), ERROR_INVALID_HANDLE);
    ok_fails(OpenMutexA(SYNCHRONIZE, FALSE, NAME "69"), ERROR_INVALID_HANDLE);
    CloseHandle(event);
}

/* Rules: HND-72 */
static void hnd_072_names_differ_by_case(void)
{
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, NAME "Case"), other;

    ok_fails(OpenEventA(EVENT_ALL_ACCESS, FALSE, NAME "case"), ERROR_FILE_NOT_FOUND);
    other = CreateEventA(NULL, TRUE, FALSE, NAME "CASE");
    ok(other && GetLastError() == 0, "%u", (unsigned)GetLastError());
    CloseHandle(other);
    CloseHandle(event);
}

/* Rules: HND-73 */
static void hnd_073_prefixes_and_odd_names(void)
{
    HANDLE event, other;

    ok_fails(OpenEventA(EVENT_ALL_ACCESS, FALSE, NULL), ERROR_INVALID_PARAMETER);
    ok_fails(OpenEventA(EVENT_ALL_ACCESS, FALSE, ""), ERROR_INVALID_HANDLE);
    ok_fails(OpenEventA(EVENT_ALL_ACCESS, FALSE, NAME "73"), ERROR_FILE_NOT_FOUND);
    ok_fails(CreateEventA(NULL, TRUE, FALSE, NAME "a\\b"), ERROR_PATH_NOT_FOUND);
    SetLastError(UNTOUCHED);
    event = CreateEventA(NULL, TRUE, FALSE, "");
    ok(event && GetLastError() == 0, "%u", (unsigned)GetLastError());
    CloseHandle(event);
    event = CreateEventA(NULL, TRUE, FALSE, "Local\\" NAME "73");
    ok(event && GetLastError() == 0, "%u", (unsigned)GetLastError());
    other = OpenEventA(EVENT_ALL_ACCESS, FALSE, NAME "73");
    ok(SetEvent(other) && is_signaled(event), "%u", (unsigned)GetLastError());
    CloseHandle(other);
    ok_fails(OpenEventA(EVENT_ALL_ACCESS, FALSE, "Global\\" NAME "73"), ERROR_FILE_NOT_FOUND);
    CloseHandle(event);
    event = CreateEventW(NULL, TRUE, FALSE, L"Global\\conform-73");
    ok(event && GetLastError() == 0, "%u", (unsigned)GetLastError());
    other = OpenEventW(EVENT_ALL_ACCESS, FALSE, L"Global\\conform-73");
    ok(other != NULL, "%u", (unsigned)GetLastError());
    CloseHandle(other);
    CloseHandle(event);
}

/* Rules: HND-74 */
static void hnd_074_narrow_names_are_shorter_than_260(void)
{
    char name[261];
    HANDLE event;

    memset(name, 'n', sizeof(name));
    name[260] = 0;
    ok_fails(CreateEventA(NULL, TRUE, FALSE, name), ERROR_FILENAME_EXCED_RANGE);
    name[259] = 0;
    event = CreateEventA(NULL, TRUE, FALSE, name);
    ok(event != NULL, "%u", (unsigned)GetLastError());
    CloseHandle(event);
}

/* Rules: HND-75 */
static void hnd_075_native_names_open_if_asked_to(void)
{
    const char *path = "\\BaseNamedObjects\\conform-75";
    const char *upper = "\\BaseNamedObjects\\CONFORM-75";
    HANDLE event, other = NULL;
    struct nt_name name;

    ok_status(nt_NtCreateEvent(&event, EVENT_ALL_ACCESS, nt_name(&name, path, 0), 0, 0),
              NT_SUCCESS_);
    ok_status(nt_NtCreateEvent(&other, EVENT_ALL_ACCESS, nt_name(&name, path, 0), 0, 0),
              NT_OBJECT_NAME_COLLISION);
    ok_status(nt_NtCreateEvent(&other, EVENT_ALL_ACCESS, nt_name(&name, path, OBJ_OPENIF), 0, 0),
              NT_OBJECT_NAME_EXISTS);
    nt_NtClose(other);
    ok_status(nt_NtOpenEvent(&other, EVENT_ALL_ACCESS, nt_name(&name, upper, 0)),
              NT_OBJECT_NAME_NOT_FOUND);
    ok_status(nt_NtOpenEvent(&other, EVENT_ALL_ACCESS,
                             nt_name(&name, upper, OBJ_CASE_INSENSITIVE)), NT_SUCCESS_);
    nt_NtClose(other);
    ok_status(nt_NtOpenEvent(&other, EVENT_ALL_ACCESS, nt_name(&name, "conform-75", 0)),
              NT_OBJECT_PATH_SYNTAX_BAD);
    nt_NtClose(event);
}

int main(void)
{
    RUN(hnd_070_creating_what_exists_opens_it);
    RUN(hnd_071_only_who_makes_a_mutex_owns_it);
    RUN(hnd_067_a_name_goes_with_the_last_handle);
    RUN(hnd_057_opening_takes_some_access);
    RUN(hnd_059_creating_asks_for_all_access_or_what_is_said);
    RUN(hnd_069_a_name_is_one_objects_of_any_kind);
    RUN(hnd_072_names_differ_by_case);
    RUN(hnd_073_prefixes_and_odd_names);
    RUN(hnd_074_narrow_names_are_shorter_than_260);
    RUN(hnd_075_native_names_open_if_asked_to);
    return conform_end();
}
