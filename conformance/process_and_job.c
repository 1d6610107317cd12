/* Processes as objects, and jobs that tell a port of them. */
#include "conform.h"

static char own_path[MAX_PATH];

/* What this program does when it is started with arguments. */
static int child(int argc, char **argv)
{
    char value[32], directory[MAX_PATH];

    if (strcmp(argv[1], "return") == 0) return atoi(argv[2]);
    if (strcmp(argv[1], "print") == 0) {
        printf("%d:%s", argc, argv[2]);
        fflush(stdout);
        return 0;
    }
    if (strcmp(argv[1], "variable") == 0) {
        return GetEnvironmentVariableA("LIBIOCP_CHILD", value, sizeof(value)) ? atoi(value) : 99;
    }
    if (strcmp(argv[1], "directory") == 0) {
        GetCurrentDirectoryA(sizeof(directory), directory);
        return GetFileAttributesA("conform_directory_mark") != INVALID_FILE_ATTRIBUTES ? 12 : 13;
    }
    if (strcmp(argv[1], "sleep") == 0) {
        Sleep(60000);
        return 1;
    }
    return 98;
}

static BOOL start_with(const char *arguments, DWORD flags, STARTUPINFOA *startup, void *environment,
                       const char *directory, PROCESS_INFORMATION *process)
{
    char line[MAX_PATH + 64];

    snprintf(line, sizeof(line), "\"%s\" %s", own_path, arguments);
    memset(process, 0, sizeof(*process));
    return CreateProcessA(NULL, line, NULL, NULL, startup->dwFlags != 0, flags, environment,
                          directory, startup, process);
}

static BOOL start(const char *arguments, DWORD flags, PROCESS_INFORMATION *process)
{
    STARTUPINFOA startup;

    memset(&startup, 0, sizeof(startup));
    startup.cb = sizeof(startup);
    return start_with(arguments, flags, &startup, NULL, NULL, process);
}

static DWORD end_of(PROCESS_INFORMATION *process)
{
    DWORD code = 0xdead;

    ok(WaitForSingleObject(process->hProcess, 30000) == WAIT_OBJECT_0, "no end");
    ok(GetExitCodeProcess(process->hProcess, &code), "error %lu", (unsigned long)GetLastError());
    CloseHandle(process->hThread);
    CloseHandle(process->hProcess);
    return code;
}

static void hnd_101_a_process_is_signaled_when_it_has_ended(void)
{
    PROCESS_INFORMATION process;
    DWORD code;

    ok(start("return 7", CREATE_SUSPENDED, &process), "error %lu", (unsigned long)GetLastError());
    ok(process.dwProcessId == GetProcessId(process.hProcess), "id");
    ok(process.dwThreadId == GetThreadId(process.hThread), "thread id");
    ok(WaitForSingleObject(process.hProcess, 0) == WAIT_TIMEOUT, "signaled too early");
    ok(GetExitCodeProcess(process.hProcess, &code) && code == STILL_ACTIVE, "code %lu",
       (unsigned long)code);
    ok(ResumeThread(process.hThread) == 1, "suspensions");
    ok(WaitForSingleObject(process.hProcess, 30000) == WAIT_OBJECT_0, "no end");
    ok(WaitForSingleObject(process.hThread, 30000) == WAIT_OBJECT_0, "the thread has no end");
    ok(GetExitCodeThread(process.hThread, &code) && code == 7, "thread's code %lu",
       (unsigned long)code);
    ok(WaitForSingleObject(process.hProcess, 0) == WAIT_OBJECT_0, "signaled no more");
    code = end_of(&process);
    ok(code == 7, "code %lu", (unsigned long)code);
}

static void hnd_101_an_ended_process_is_terminated_no_more(void)
{
    PROCESS_INFORMATION process;
    DWORD code;

    ok(start("sleep", 0, &process), "error %lu", (unsigned long)GetLastError());
    ok(TerminateProcess(process.hProcess, 42), "error %lu", (unsigned long)GetLastError());
    ok(WaitForSingleObject(process.hProcess, 30000) == WAIT_OBJECT_0, "no end");
    SetLastError(0);
    WINE_DIFFERS("an ended process can be terminated")
        ok(!TerminateProcess(process.hProcess, 43) && GetLastError() == ERROR_ACCESS_DENIED,
           "error %lu", (unsigned long)GetLastError());
    code = end_of(&process);
    ok(code == 42, "code %lu", (unsigned long)code);
}

static void hnd_062_a_process_can_be_opened_while_a_handle_exists(void)
{
    PROCESS_INFORMATION process;
    HANDLE again;
    DWORD code = 0;

    ok(start("return 3", 0, &process), "error %lu", (unsigned long)GetLastError());
    ok(WaitForSingleObject(process.hProcess, 30000) == WAIT_OBJECT_0, "no end");
    again = OpenProcess(SYNCHRONIZE | PROCESS_QUERY_INFORMATION, FALSE, process.dwProcessId);
    ok(again != NULL, "error %lu", (unsigned long)GetLastError());
    ok(WaitForSingleObject(again, 0) == WAIT_OBJECT_0, "not signaled");
    ok(GetExitCodeProcess(again, &code) && code == 3, "code %lu", (unsigned long)code);
    SetLastError(0);
    ok(!TerminateProcess(again, 1) && GetLastError() == ERROR_ACCESS_DENIED, "no right: %lu",
       (unsigned long)GetLastError());
    CloseHandle(again);
    end_of(&process);
    SetLastError(0);
    ok(!OpenProcess(SYNCHRONIZE, FALSE, 0) && GetLastError() == ERROR_INVALID_PARAMETER,
       "error %lu", (unsigned long)GetLastError());
}

static void hnd_077_standard_handles_go_to_the_child(void)
{
    SECURITY_ATTRIBUTES inherited = {sizeof(inherited), NULL, TRUE};
    PROCESS_INFORMATION process;
    STARTUPINFOA startup;
    char text[64] = "";
    DWORD read = 0;
    HANDLE file;

    file = CreateFileA("conform_child_output", GENERIC_READ | GENERIC_WRITE,
                       FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited, CREATE_ALWAYS, 0, NULL);
    ok(file != INVALID_HANDLE_VALUE, "error %lu", (unsigned long)GetLastError());
    memset(&startup, 0, sizeof(startup));
    startup.cb = sizeof(startup);
    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    startup.hStdOutput = file;
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    ok(start_with("print \"a \\\"b\"", 0, &startup, NULL, NULL, &process), "error %lu",
       (unsigned long)GetLastError());
    ok(end_of(&process) == 0, "code");
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    ok(ReadFile(file, text, sizeof(text) - 1, &read, NULL), "error %lu",
       (unsigned long)GetLastError());
    ok(strcmp(text, "3:a \"b") == 0, "\"%s\"", text);
    CloseHandle(file);
    DeleteFileA("conform_child_output");
}

static void hnd_101_environment_and_directory_are_the_childs_own(void)
{
    static char block[8192];
    PROCESS_INFORMATION process;
    STARTUPINFOA startup;
    HANDLE mark;
    DWORD code;

    /* Some variables of the parent are needed for the start itself. */
    SetEnvironmentVariableA("LIBIOCP_CHILD", "21");
    memset(&startup, 0, sizeof(startup));
    startup.cb = sizeof(startup);
    ok(start("variable", 0, &process), "error %lu", (unsigned long)GetLastError());
    code = end_of(&process);
    ok(code == 21, "code %lu", (unsigned long)code);
    SetEnvironmentVariableA("LIBIOCP_CHILD", NULL);
    memcpy(block, "LIBIOCP_CHILD=22\0PATH=/\0", 25);
    ok(start_with("variable", 0, &startup, block, NULL, &process), "error %lu",
       (unsigned long)GetLastError());
    code = end_of(&process);
    ok(code == 22, "code %lu", (unsigned long)code);
    CreateDirectoryA("conform_child_directory", NULL);
    mark = CreateFileA("conform_child_directory/conform_directory_mark", GENERIC_WRITE, 0, NULL,
                       CREATE_ALWAYS, 0, NULL);
    CloseHandle(mark);
    ok(start_with("directory", 0, &startup, NULL, "conform_child_directory", &process), "error %lu",
       (unsigned long)GetLastError());
    code = end_of(&process);
    ok(code == 12, "code %lu", (unsigned long)code);
    SetLastError(0);
    ok(!start_with("directory", 0, &startup, NULL, "conform_no_such_directory", &process),
       "started nowhere");
    ok(GetLastError() == ERROR_DIRECTORY, "error %lu", (unsigned long)GetLastError());
    DeleteFileA("conform_child_directory/conform_directory_mark");
    RemoveDirectoryA("conform_child_directory");
}

static void hnd_101_what_cannot_be_started_is_refused(void)
{
    PROCESS_INFORMATION process;
    STARTUPINFOA startup;
    char line[64];

    memset(&startup, 0, sizeof(startup));
    startup.cb = sizeof(startup);
    strcpy(line, "conform_no_such_program a b");
    SetLastError(0);
    ok(!CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process),
       "started");
    ok(GetLastError() == ERROR_FILE_NOT_FOUND, "error %lu", (unsigned long)GetLastError());
    SetLastError(0);
    ok(!CreateProcessA("conform_no_such_program", NULL, NULL, NULL, FALSE, 0, NULL, NULL, &startup,
                       &process), "started");
    ok(GetLastError() == ERROR_FILE_NOT_FOUND, "error %lu", (unsigned long)GetLastError());
}

static void expect_message(HANDLE port, DWORD message, ULONG_PTR key, DWORD process)
{
    OVERLAPPED *overlapped = (OVERLAPPED *)1;
    ULONG_PTR got_key = 0;
    DWORD got = 0;

    ok(GetQueuedCompletionStatus(port, &got, &got_key, &overlapped, 30000), "error %lu",
       (unsigned long)GetLastError());
    ok(got == message, "message %lu, not %lu", (unsigned long)got, (unsigned long)message);
    ok(got_key == key, "key %lu", (unsigned long)got_key);
    ok((DWORD)(ULONG_PTR)overlapped == process, "process %p", (void *)overlapped);
}

static void expect_nothing(HANDLE port)
{
    OVERLAPPED *overlapped = NULL;
    ULONG_PTR key;
    DWORD got = 0;

    ok(!GetQueuedCompletionStatus(port, &got, &key, &overlapped, 0), "message %lu",
       (unsigned long)got);
    ok(GetLastError() == WAIT_TIMEOUT, "error %lu", (unsigned long)GetLastError());
}

static BOOL tie(HANDLE job, HANDLE port, ULONG_PTR key)
{
    JOBOBJECT_ASSOCIATE_COMPLETION_PORT association;

    association.CompletionKey = (PVOID)key;
    association.CompletionPort = port;
    return SetInformationJobObject(job, JobObjectAssociateCompletionPortInformation, &association,
                                   sizeof(association));
}

static void port_261_a_job_tells_of_members_and_of_their_end(void)
{
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    HANDLE job = CreateJobObjectA(NULL, NULL);
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION counts;
    PROCESS_INFORMATION first, second;
    BOOL is_member = FALSE;
    DWORD length = 0;

    ok(job != NULL, "error %lu", (unsigned long)GetLastError());
    start("return 0", CREATE_SUSPENDED, &first);
    start("sleep", 0, &second);
    ok(AssignProcessToJobObject(job, first.hProcess), "error %lu", (unsigned long)GetLastError());
    ok(tie(job, port, 77), "error %lu", (unsigned long)GetLastError());
    expect_message(port, JOB_OBJECT_MSG_NEW_PROCESS, 77, first.dwProcessId);
    ok(AssignProcessToJobObject(job, second.hProcess), "error %lu", (unsigned long)GetLastError());
    expect_message(port, JOB_OBJECT_MSG_NEW_PROCESS, 77, second.dwProcessId);
    ok(IsProcessInJob(first.hProcess, job, &is_member) && is_member, "no member");
    ok(QueryInformationJobObject(job, JobObjectBasicAccountingInformation, &counts, sizeof(counts),
                                 &length), "error %lu", (unsigned long)GetLastError());
    ok(length == sizeof(counts), "length %lu", (unsigned long)length);
    ok(counts.TotalProcesses == 2 && counts.ActiveProcesses == 2, "%lu of %lu",
       (unsigned long)counts.ActiveProcesses, (unsigned long)counts.TotalProcesses);
    expect_nothing(port);
    ResumeThread(first.hThread);
    expect_message(port, JOB_OBJECT_MSG_EXIT_PROCESS, 77, first.dwProcessId);
    TerminateProcess(second.hProcess, 0);
    expect_message(port, JOB_OBJECT_MSG_EXIT_PROCESS, 77, second.dwProcessId);
    expect_message(port, JOB_OBJECT_MSG_ACTIVE_PROCESS_ZERO, 77, 0);
    end_of(&first);
    end_of(&second);
    expect_nothing(port);
    CloseHandle(job);
    CloseHandle(port);
}

static void port_260_a_job_is_terminated_with_all_its_members(void)
{
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    HANDLE job = CreateJobObjectA(NULL, NULL);
    PROCESS_INFORMATION process;
    DWORD code;

    ok(tie(job, port, 1), "error %lu", (unsigned long)GetLastError());
    start("sleep", CREATE_SUSPENDED, &process);
    ok(AssignProcessToJobObject(job, process.hProcess), "error %lu", (unsigned long)GetLastError());
    ok(TerminateJobObject(job, 33), "error %lu", (unsigned long)GetLastError());
    code = end_of(&process);
    ok(code == 33, "code %lu", (unsigned long)code);
    expect_message(port, JOB_OBJECT_MSG_NEW_PROCESS, 1, process.dwProcessId);
    expect_message(port, JOB_OBJECT_MSG_EXIT_PROCESS, 1, process.dwProcessId);
    expect_message(port, JOB_OBJECT_MSG_ACTIVE_PROCESS_ZERO, 1, 0);
    CloseHandle(job);
    CloseHandle(port);
}

static void port_260_a_job_that_is_to_ends_its_members_when_it_closes(void)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits;
    HANDLE job = CreateJobObjectA(NULL, NULL);
    PROCESS_INFORMATION process;

    memset(&limits, 0, sizeof(limits));
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    ok(SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof(limits)),
       "error %lu", (unsigned long)GetLastError());
    start("sleep", 0, &process);
    ok(AssignProcessToJobObject(job, process.hProcess), "error %lu", (unsigned long)GetLastError());
    CloseHandle(job);
    ok(WaitForSingleObject(process.hProcess, 30000) == WAIT_OBJECT_0, "lives on");
    end_of(&process);
}

static void port_262_nested_jobs_hear_innermost_first(void)
{
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    HANDLE outer = CreateJobObjectA(NULL, NULL), inner = CreateJobObjectA(NULL, NULL);
    PROCESS_INFORMATION process;

    ok(tie(outer, port, 1) && tie(inner, port, 2), "error %lu", (unsigned long)GetLastError());
    start("return 0", CREATE_SUSPENDED, &process);
    ok(AssignProcessToJobObject(outer, process.hProcess), "error %lu",
       (unsigned long)GetLastError());
    ok(AssignProcessToJobObject(inner, process.hProcess), "error %lu",
       (unsigned long)GetLastError());
    expect_message(port, JOB_OBJECT_MSG_NEW_PROCESS, 1, process.dwProcessId);
    expect_message(port, JOB_OBJECT_MSG_NEW_PROCESS, 2, process.dwProcessId);
    ResumeThread(process.hThread);
    end_of(&process);
    expect_message(port, JOB_OBJECT_MSG_EXIT_PROCESS, 2, process.dwProcessId);
    expect_message(port, JOB_OBJECT_MSG_ACTIVE_PROCESS_ZERO, 2, 0);
    expect_message(port, JOB_OBJECT_MSG_EXIT_PROCESS, 1, process.dwProcessId);
    expect_message(port, JOB_OBJECT_MSG_ACTIVE_PROCESS_ZERO, 1, 0);
    CloseHandle(inner);
    CloseHandle(outer);
    CloseHandle(port);
}

static void port_263_a_job_has_one_port_until_that_is_taken_away(void)
{
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    HANDLE job = CreateJobObjectA(NULL, NULL);
    PROCESS_INFORMATION process;

    ok(tie(job, port, 1), "error %lu", (unsigned long)GetLastError());
    SetLastError(0);
    ok(!tie(job, port, 2) && GetLastError() == ERROR_INVALID_PARAMETER, "error %lu",
       (unsigned long)GetLastError());
    WINE_DIFFERS("a port cannot be taken away") ok(tie(job, NULL, 0), "error %lu",
                                                   (unsigned long)GetLastError());
    if (!CONFORM_WINE) {
        start("return 0", 0, &process);
        end_of(&process);
        expect_nothing(port);
        ok(tie(job, port, 3), "error %lu", (unsigned long)GetLastError());
    }
    CloseHandle(job);
    CloseHandle(port);
}

int main(int argc, char **argv)
{
    GetModuleFileNameA(NULL, own_path, sizeof(own_path));
    if (argc > 1) return child(argc, argv);
    RUN(hnd_101_a_process_is_signaled_when_it_has_ended);
    RUN(hnd_101_an_ended_process_is_terminated_no_more);
    RUN(hnd_062_a_process_can_be_opened_while_a_handle_exists);
    RUN(hnd_077_standard_handles_go_to_the_child);
    RUN(hnd_101_environment_and_directory_are_the_childs_own);
    RUN(hnd_101_what_cannot_be_started_is_refused);
    RUN(port_261_a_job_tells_of_members_and_of_their_end);
    RUN_WINE_FAILS(port_260_a_job_is_terminated_with_all_its_members,
                   "ending a job tells nothing of the processes that end");
    RUN(port_260_a_job_that_is_to_ends_its_members_when_it_closes);
    RUN(port_262_nested_jobs_hear_innermost_first);
    RUN(port_263_a_job_has_one_port_until_that_is_taken_away);
    return conform_end();
}
