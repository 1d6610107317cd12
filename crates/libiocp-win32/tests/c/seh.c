/* __try and its companions. C and C++. With an argument the program leaves a
 * guarded block by return, which must end it. */
#include <windows.h>
#include <stdio.h>

#ifdef __cplusplus
#include <map>
#include <regex>
#include <string>
#include <vector>
#endif

static int failures;
#define CHECK(condition)                                                        \
    do {                                                                        \
        if (!(condition)) {                                                     \
            failures++;                                                         \
            printf("failed, line %d: %s\n", __LINE__, #condition);              \
        }                                                                       \
    } while (0)

static int normal_end(void)
{
    int trace = 0;
    __try {
        trace += 1;
    } __finally {
        trace += 10 + 100 * AbnormalTermination();
    }
    return trace;
}

static int leave_from_a_loop(void)
{
    int trace = 0, i, j;
    __try {
        for (i = 0; i < 3; i++)
            for (j = 0; j < 3; j++)
                if (i == 1 && j == 1) __leave;
        trace += 1;
    } __finally {
        trace += 10 * i + 100 * j;
    }
    return trace;
}

static int leave_the_inner_block_only(void)
{
    int trace = 0;
    __try {
        __try {
            __leave;
        } __finally {
            trace += 1;
        }
        trace += 10;
        __leave;
    } __finally {
        trace += 100;
    }
    return trace;
}

static int leave_the_outer_block_from_a_finally(void)
{
    int trace = 0;
    __try {
        __try {
            trace += 1;
        } __finally {
            trace += 10;
            __leave;
        }
        trace += 1000;
    } __finally {
        trace += 100;
    }
    return trace;
}

static DWORD filter(DWORD code, struct _EXCEPTION_POINTERS *pointers)
{
    failures += 1000;
    return pointers != NULL ? code : EXCEPTION_EXECUTE_HANDLER;
}

static int except_never_runs(int how)
{
    int trace = 0, i;
    for (i = 0; i < 3; i++) {
        __try {
            if (how == 1) return 77;
            if (how == 2) break;
            if (how == 3) continue;
            trace += 1;
        } __except (filter(GetExceptionCode(), GetExceptionInformation())) {
            trace += 1000;
        }
        trace += 10;
    }
    return trace;
}

static int one_statement(int condition)
{
    int trace = 0;
    if (condition)
        __try {
            trace += 1;
        } __finally {
            trace += 10;
        }
    else
        trace = 100;
    return trace;
}

static int return_from_a_guarded_block(void)
{
    __try {
        return 1;
    } __finally {
        failures++;
    }
    return 2;
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) return return_from_a_guarded_block();
    CHECK(normal_end() == 11);
    CHECK(leave_from_a_loop() == 110);
    CHECK(leave_the_inner_block_only() == 111);
    CHECK(leave_the_outer_block_from_a_finally() == 111);
    CHECK(except_never_runs(0) == 33);
    CHECK(except_never_runs(1) == 77);
    CHECK(except_never_runs(2) == 0);
    CHECK(except_never_runs(3) == 0);
    CHECK(one_statement(1) == 11);
    CHECK(one_statement(0) == 100);
#ifdef __cplusplus
    std::vector<std::string> names(3, "name");
    std::map<int, std::string> map;
    map[1] = names[2];
    CHECK(std::regex_match(map[1], std::regex("n.*e")));
#endif
    puts(failures == 0 ? "ok" : "failed");
    return failures != 0;
}
