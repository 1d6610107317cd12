/* DuplicateHandle: handles.md section E. */
#include "handles.h"

#define SELF GetCurrentProcess()
#ifndef DUPLICATE_SAME_ATTRIBUTES
#define DUPLICATE_SAME_ATTRIBUTES 4
#endif

static void hnd_030_a_new_handle_to_the_same_object(void)
{
    HANDLE event = make_event(TRUE, FALSE), copy = NULL;

    SetLastError(UNTOUCHED);
    ok(DuplicateHandle(SELF, event, SELF, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS), "%u",
       (unsigned)GetLastError());
    ok(copy && copy != event, "got %p for %p", copy, event);
    ok(GetLastError() == UNTOUCHED, "last error %u", (unsigned)GetLastError());
    SetEvent(event);
    ok(is_signaled(copy), "one state");
    ok(CloseHandle(event), "close the original");
    ok(is_signaled(copy), "the duplicate works on");
    ok(CloseHandle(copy), "close the duplicate");
    ok_fails(CloseHandle(copy), ERROR_INVALID_HANDLE);
}

static void hnd_031_failure_clears_the_target(void)
{
    HANDLE event = make_event(TRUE, FALSE), stale = closed_handle(), target;

    target = (HANDLE)UNTOUCHED;
    ok_fails(DuplicateHandle(SELF, stale, SELF, &target, 0, FALSE, DUPLICATE_SAME_ACCESS),
             ERROR_INVALID_HANDLE);
    ok(!target, "bad source: %p", target);
    target = (HANDLE)UNTOUCHED;
    ok_fails(DuplicateHandle(SELF, NULL, SELF, &target, 0, FALSE, DUPLICATE_SAME_ACCESS),
             ERROR_INVALID_HANDLE);
    ok(!target, "no source: %p", target);
    target = (HANDLE)UNTOUCHED;
    ok_fails(DuplicateHandle(stale, event, SELF, &target, 0, FALSE, DUPLICATE_SAME_ACCESS),
             ERROR_INVALID_HANDLE);
    ok(!target, "bad source process: %p", target);
    target = (HANDLE)UNTOUCHED;
    ok_fails(DuplicateHandle(event, event, SELF, &target, 0, FALSE, DUPLICATE_SAME_ACCESS),
             ERROR_INVALID_HANDLE);
    ok(!target, "an event as source process: %p", target);
    target = (HANDLE)UNTOUCHED;
    ok_fails(DuplicateHandle(SELF, event, stale, &target, 0, FALSE, DUPLICATE_SAME_ACCESS),
             ERROR_INVALID_HANDLE);
    ok(!target, "bad target process: %p", target);
    target = (HANDLE)UNTOUCHED;
    ok_fails(DuplicateHandle(SELF, event, event, &target, 0, FALSE, DUPLICATE_SAME_ACCESS),
             ERROR_INVALID_HANDLE);
    ok(!target, "an event as target process: %p", target);
    CloseHandle(event);
}

static void hnd_032_the_target_may_be_null(void)
{
    HANDLE event = make_event(TRUE, FALSE);

    ok(DuplicateHandle(SELF, event, SELF, NULL, 0, FALSE, DUPLICATE_SAME_ACCESS), "%u",
       (unsigned)GetLastError());
    ok(CloseHandle(event), "%u", (unsigned)GetLastError());
}

static void hnd_033_no_target_process(void)
{
    HANDLE event = make_event(TRUE, FALSE), target = (HANDLE)UNTOUCHED;

    WINE_DIFFERS("Wine gives 6")
    ok_fails(DuplicateHandle(SELF, event, NULL, &target, 0, FALSE, DUPLICATE_SAME_ACCESS),
             ERROR_INVALID_PARAMETER);
    ok(SetEvent(event), "the source is still there: %u", (unsigned)GetLastError());
    WINE_DIFFERS("Wine gives 6")
    ok(DuplicateHandle(SELF, event, NULL, NULL, 0, FALSE, DUPLICATE_CLOSE_SOURCE), "%u",
       (unsigned)GetLastError());
    ok_fails(SetEvent(event), ERROR_INVALID_HANDLE);
}

/* Rules: HND-34, HND-38 */
static void hnd_034_the_source_is_closed_even_if_the_duplication_fails(void)
{
    HANDLE file = make_file(GENERIC_READ, 0), target = (HANDLE)UNTOUCHED;

    ok_fails(DuplicateHandle(SELF, file, SELF, &target, GENERIC_WRITE, FALSE,
                             DUPLICATE_CLOSE_SOURCE), ERROR_ACCESS_DENIED);
    ok(!target, "target %p", target);
    ok_fails(CloseHandle(file), ERROR_INVALID_HANDLE);
}

/* Rules: HND-35, HND-17 */
static void hnd_035_close_source_keeps_the_value(void)
{
    HANDLE hole = make_event(TRUE, FALSE), event = make_event(TRUE, FALSE), target = NULL;

    CloseHandle(hole);
    ok(DuplicateHandle(SELF, event, SELF, &target, SYNCHRONIZE, TRUE, DUPLICATE_CLOSE_SOURCE),
       "%u", (unsigned)GetLastError());
    ok(target == event, "got %p for %p", target, event);
    ok(flags_of(target) == HANDLE_FLAG_INHERIT, "flags %#x", (unsigned)flags_of(target));
    ok(WaitForSingleObject(target, 0) == WAIT_TIMEOUT, "wait: %u", (unsigned)GetLastError());
    ok_fails(SetEvent(target), ERROR_ACCESS_DENIED);
    ok(CloseHandle(target), "%u", (unsigned)GetLastError());
}

/* Rules: HND-36, HND-24 */
static void hnd_036_a_protected_source_survives(void)
{
    HANDLE event = make_event(TRUE, FALSE), target = NULL;

    SetHandleInformation(event, HANDLE_FLAG_PROTECT_FROM_CLOSE, HANDLE_FLAG_PROTECT_FROM_CLOSE);
    ok(DuplicateHandle(SELF, event, SELF, &target, 0, TRUE,
                       DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE), "%u",
       (unsigned)GetLastError());
    ok(target && target != event, "got %p for %p", target, event);
    ok(flags_of(event) == HANDLE_FLAG_PROTECT_FROM_CLOSE, "source %#x", (unsigned)flags_of(event));
    ok(flags_of(target) == HANDLE_FLAG_INHERIT, "copy %#x", (unsigned)flags_of(target));
    ok(SetEvent(event) && is_signaled(target), "both work");
    CloseHandle(target);
    SetHandleInformation(event, HANDLE_FLAG_PROTECT_FROM_CLOSE, 0);
    ok(CloseHandle(event), "%u", (unsigned)GetLastError());
}

static void hnd_036_close_source_of_a_pseudo_handle(void)
{
    HANDLE target = NULL;

    ok(DuplicateHandle(SELF, GetCurrentThread(), SELF, &target, 0, FALSE,
                       DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE), "%u",
       (unsigned)GetLastError());
    ok(target && target != GetCurrentThread(), "got %p", target);
    ok(WaitForSingleObject(GetCurrentThread(), 0) == WAIT_TIMEOUT, "%u", (unsigned)GetLastError());
    CloseHandle(target);
}

static void hnd_037_same_access_or_the_desired_one(void)
{
    HANDLE event = make_event(TRUE, FALSE), copy, nothing;

    copy = NULL;
    ok(DuplicateHandle(SELF, event, SELF, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS), "same");
    ok(SetEvent(copy) && is_signaled(copy), "the desired access is ignored");
    CloseHandle(copy);
    copy = duplicate_with_access(event, GENERIC_WRITE);
    ok(SetEvent(copy), "generic write sets: %u", (unsigned)GetLastError());
    ok_wait_fails(WaitForSingleObject(copy, 0), ERROR_ACCESS_DENIED);
    CloseHandle(copy);
    copy = duplicate_with_access(event, GENERIC_EXECUTE);
    ok(is_signaled(copy), "generic execute waits: %u", (unsigned)GetLastError());
    ok_fails(SetEvent(copy), ERROR_ACCESS_DENIED);
    CloseHandle(copy);
    nothing = duplicate_with_access(event, 0);
    ok(nothing != NULL, "access 0: %u", (unsigned)GetLastError());
    ok_wait_fails(WaitForSingleObject(nothing, 0), ERROR_ACCESS_DENIED);
    ok_fails(SetEvent(nothing), ERROR_ACCESS_DENIED);
    ok_fails(ResetEvent(nothing), ERROR_ACCESS_DENIED);
    ok(flags_of(nothing) == 0, "its flags can be read");
    ok(compare_handles(nothing, event), "it can be compared");
    ok(CloseHandle(nothing), "it can be closed: %u", (unsigned)GetLastError());
    CloseHandle(event);
}

static void hnd_038_files_give_no_more_rights(void)
{
    HANDLE file = make_file(GENERIC_READ, 0), copy = (HANDLE)UNTOUCHED;

    WINE_DIFFERS("Wine grants them")
    ok_fails(DuplicateHandle(SELF, file, SELF, &copy, GENERIC_READ | GENERIC_WRITE, FALSE, 0),
             ERROR_ACCESS_DENIED);
    WINE_DIFFERS("Wine grants them")
    ok(!copy, "got %p", copy);
    copy = duplicate_with_access(file, GENERIC_READ);
    ok(copy != NULL, "the same rights: %u", (unsigned)GetLastError());
    CloseHandle(copy);
    CloseHandle(file);
}

/* Rules: HND-39, PORT-011 */
static void hnd_039_rights_of_own_objects_come_back(void)
{
    HANDLE event = make_event(TRUE, FALSE), weak = duplicate_with_access(event, SYNCHRONIZE);
    HANDLE strong = duplicate_with_access(weak, EVENT_ALL_ACCESS), port = make_port(0);
    HANDLE weak_port = duplicate_with_access(port, SYNCHRONIZE);
    HANDLE strong_port = duplicate_with_access(weak_port, 0x1F0003);

    ok_fails(SetEvent(weak), ERROR_ACCESS_DENIED);
    ok(strong && SetEvent(strong), "event: %u", (unsigned)GetLastError());
    ok_fails(PostQueuedCompletionStatus(weak_port, 0, 0, NULL), ERROR_ACCESS_DENIED);
    ok(strong_port && PostQueuedCompletionStatus(strong_port, 0, 0, NULL), "port: %u",
       (unsigned)GetLastError());
    CloseHandle(strong_port);
    CloseHandle(weak_port);
    CloseHandle(port);
    CloseHandle(strong);
    CloseHandle(weak);
    CloseHandle(event);
}

static void hnd_040_a_process_with_every_bit(void)
{
    HANDLE target = (HANDLE)UNTOUCHED;

    WINE_DIFFERS("Wine succeeds")
    ok_fails(DuplicateHandle(SELF, SELF, SELF, &target, ~0u, FALSE, 0), ERROR_ACCESS_DENIED);
    WINE_DIFFERS("Wine succeeds")
    ok(!target, "got %p", target);
}

static void hnd_041_inherit_flag_and_same_attributes(void)
{
    HANDLE event = make_event(TRUE, FALSE), copy = NULL;
    const DWORD both = HANDLE_FLAG_INHERIT | HANDLE_FLAG_PROTECT_FROM_CLOSE;

    DuplicateHandle(SELF, event, SELF, &copy, 0, TRUE, DUPLICATE_SAME_ACCESS);
    ok(flags_of(copy) == HANDLE_FLAG_INHERIT, "copy %#x", (unsigned)flags_of(copy));
    ok(flags_of(event) == 0, "source %#x", (unsigned)flags_of(event));
    CloseHandle(copy);
    SetHandleInformation(event, both, both);
    DuplicateHandle(SELF, event, SELF, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS);
    ok(flags_of(copy) == 0, "flags are not copied: %#x", (unsigned)flags_of(copy));
    CloseHandle(copy);
    DuplicateHandle(SELF, event, SELF, &copy, 0, FALSE,
                    DUPLICATE_SAME_ACCESS | DUPLICATE_SAME_ATTRIBUTES);
    WINE_DIFFERS("Wine 8 ignores the option")
    ok(flags_of(copy) == both, "same attributes: %#x", (unsigned)flags_of(copy));
    SetHandleInformation(copy, both, 0);
    CloseHandle(copy);
    SetHandleInformation(event, both, 0);
    DuplicateHandle(SELF, event, SELF, &copy, 0, TRUE,
                    DUPLICATE_SAME_ACCESS | DUPLICATE_SAME_ATTRIBUTES);
    WINE_DIFFERS("Wine 8 ignores the option")
    ok(flags_of(copy) == 0, "it overrides the argument: %#x", (unsigned)flags_of(copy));
    CloseHandle(copy);
    ok(DuplicateHandle(SELF, event, SELF, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS | 0xff00),
       "unknown options: %u", (unsigned)GetLastError());
    CloseHandle(copy);
    CloseHandle(event);
}

static void hnd_042_real_handles_of_the_process(void)
{
    HANDLE event = make_event(TRUE, FALSE), process = duplicate(SELF), copy = NULL, weak;

    ok(DuplicateHandle(process, event, process, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS), "%u",
       (unsigned)GetLastError());
    ok(compare_handles(copy, event), "the same object");
    CloseHandle(copy);
    weak = duplicate_with_access(process, SYNCHRONIZE);
    copy = (HANDLE)UNTOUCHED;
    ok_fails(DuplicateHandle(weak, event, SELF, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS),
             ERROR_ACCESS_DENIED);
    ok_fails(DuplicateHandle(SELF, event, weak, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS),
             ERROR_ACCESS_DENIED);
    CloseHandle(weak);
    CloseHandle(process);
    CloseHandle(event);
}

int main(void)
{
    RUN(hnd_030_a_new_handle_to_the_same_object);
    RUN(hnd_031_failure_clears_the_target);
    RUN(hnd_032_the_target_may_be_null);
    RUN(hnd_033_no_target_process);
    RUN_WINE_FAILS(hnd_034_the_source_is_closed_even_if_the_duplication_fails,
                   "Wine grants rights that the source lacks");
    RUN(hnd_035_close_source_keeps_the_value);
    RUN(hnd_036_a_protected_source_survives);
    RUN(hnd_036_close_source_of_a_pseudo_handle);
    RUN(hnd_037_same_access_or_the_desired_one);
    RUN(hnd_038_files_give_no_more_rights);
    RUN(hnd_039_rights_of_own_objects_come_back);
    RUN(hnd_040_a_process_with_every_bit);
    RUN(hnd_041_inherit_flag_and_same_attributes);
    RUN(hnd_042_real_handles_of_the_process);
    return conform_end();
}
