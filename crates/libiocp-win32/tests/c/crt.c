/* The C runtime's inline functions do what Microsoft's do. C and C++. */
#include <windows.h>
#include <strsafe.h>
#include <tchar.h>
#include <stdio.h>

#ifdef __cplusplus
#include <cstdio>
#include <cwchar>
#include <string>
#endif

static int failures;
#define CHECK(condition)                                              \
    do {                                                              \
        if (!(condition)) {                                           \
            failures++;                                               \
            puts("failed: " #condition);                              \
        }                                                             \
    } while (0)

static char text[256];
static WCHAR wide[256];

static const char *format(const char *how, ...)
{
    va_list list;
    va_start(list, how);
    CHECK(vsprintf_s(text, sizeof text, how, list) == (int)strlen(text));
    va_end(list);
    return text;
}

#define SAME(expected, ...) CHECK(strcmp(format(__VA_ARGS__), expected) == 0)

static void l_is_32_bits_wide(void)
{
    DWORD dword = 0xffffffffu;
    LONG minus = -1;
    SAME("4294967295 -1 ffffffff", "%lu %ld %lx", dword, minus, dword);
    SAME("1 2 3 4 5 6 -7", "%d %d %d %d %d %d %ld", 1, 2, 3, 4, 5, 6, (LONG)-7);
    SAME("18446744073709551615 -1", "%I64u %I64d", ~0ull, -1ll);
    SAME("18446744073709551615 -1", "%llu %lld", ~0ull, -1ll);
    SAME("17 ffffffff 42", "%Iu %I32x %zu", (SIZE_T)17, dword, (size_t)42);
    SAME("-1 255 -1 65535", "%hhd %hhu %hd %hu", 255, 255, 65535, 65535);
}

static void flags_width_and_precision(void)
{
    SAME("   42|42   |00042|+42|0x2a|052", "%5d|%-5d|%05d|%+d|%#x|%#o", 42, 42, 42, 42, 42, 42);
    SAME("  abc|abc  |ab|   ab", "%5s|%-5s|%.2s|%5.2s", "abc", "abc", "abc", "abc");
    SAME("  7|7  |007", "%*d|%*d|%.*d", 3, 7, -3, 7, 3, 7);
    SAME("3.14 1e+10 2.500000 1", "%.2f %g %f %.0f", 3.14159, 1e10, 2.5, 1.2);
    SAME("3.50", "%.2Lf", 3.5L);
    SAME("100% z", "100%% %c", 'z');
    SAME("00000000DEADBEEF", "%p", (void *)(ULONG_PTR)0xdeadbeef);
    SAME("(null)", "%s", (char *)NULL);
    SAME("x=7 end", "x=%i end", 7);
}

static void wide_arguments(void)
{
    SAME("[w\xc3\xa9]", "[%ls]", L"w\u00e9");
    SAME("[w] [w] [n] A", "[%S] [%ws] [%hs] %C", L"w", L"w", "n", L'A');
    CHECK(swprintf_s(wide, 256, L"%s %S %d %hs", L"wide", "narrow", 5, "n") == 15);
    CHECK(wcscmp(wide, L"wide narrow 5 n") == 0);
    CHECK(swprintf(wide, 4, L"%d", 12345) == -1);
    CHECK(_snwprintf(wide, 256, L"\U0001F600%c", L'x') == 3 && wide[0] == 0xd83d && wide[2] == 'x');
    CHECK(wsprintfA(text, "%lu-%s", 7u, "x") == 3 && strcmp(text, "7-x") == 0);
}

static void overflow(void)
{
    char small[4];
    memset(small, 'x', 4);
    CHECK(sprintf_s(small, sizeof small, "%d", 12345) == -1 && small[0] == 0);
    CHECK(errno == ERANGE);
    CHECK(sprintf_s(small, sizeof small, "%d", 123) == 3);
    CHECK(_snprintf(small, 3, "%d", 123) == 3 && small[3] == 0);
    memset(small, 'x', 4);
    CHECK(_snprintf(small, 3, "%d", 123) == 3 && small[3] == 'x');
    CHECK(_snprintf(small, 3, "%d", 1234) == -1 && memcmp(small, "123x", 4) == 0);
    CHECK(snprintf(small, 4, "%d", 12345) == 5 && strcmp(small, "123") == 0);
    CHECK(_snprintf_s(small, 4, _TRUNCATE, "%d", 12345) == -1 && strcmp(small, "123") == 0);
    CHECK(_snprintf_s(small, 4, 2, "%d", 12345) == -1 && strcmp(small, "12") == 0);
    CHECK(_snprintf_s(small, 4, 4, "%d", 12345) == -1 && small[0] == 0);
    CHECK(_scprintf("%d", 12345) == 5);
    CHECK(format("%0200d", 1)[199] == '1');
}

static void strings(void)
{
    char to[4] = "zz";
    WCHAR wide_to[4];
    CHECK(strcpy_s(to, 4, "abcd") == ERANGE && to[0] == 0);
    CHECK(strcpy_s(to, 4, "abc") == 0 && strcmp(to, "abc") == 0);
    CHECK(strcpy_s(to, 4, NULL) == EINVAL && to[0] == 0);
    CHECK(strcpy_s(NULL, 4, "a") == EINVAL && strcpy_s(to, 0, "a") == EINVAL);
    CHECK(strncpy_s(to, 4, "abcdef", 3) == 0 && strcmp(to, "abc") == 0);
    CHECK(strncpy_s(to, 4, "abcdef", 5) == ERANGE && to[0] == 0);
    CHECK(strncpy_s(to, 4, "abcdef", _TRUNCATE) == STRUNCATE && strcmp(to, "abc") == 0);
    CHECK(strcat_s(to, 4, "d") == ERANGE && to[0] == 0);
    CHECK(strcat_s(to, 4, "d") == 0 && strcmp(to, "d") == 0);
    CHECK(strncat_s(to, 4, "efgh", 2) == 0 && strcmp(to, "def") == 0);
    CHECK(wcscpy_s(wide_to, 4, L"abcd") == ERANGE && wide_to[0] == 0);
    CHECK(wcscpy_s(wide_to, 4, L"abc") == 0 && wcslen(wide_to) == 3);
    CHECK(memcpy_s(to, 4, "abcdef", 5) == ERANGE && to[0] == 0);
    CHECK(_stricmp("HeLLo", "hEllO") == 0 && _strnicmp("ABx", "aby", 2) == 0);
    CHECK(_stricmp("a", "b") < 0 && _wcsicmp(L"Q", L"q") == 0);
    CHECK(strcmp(_itoa(-42, text, 10), "-42") == 0 && strcmp(_itoa(-1, text, 16), "ffffffff") == 0);
    CHECK(_itoa_s(1234, text, 4, 10) == ERANGE && text[0] == 0);
    CHECK(_wtoi(L"-77x") == -77 && wcstoul(L"0xff", NULL, 16) == 255);
    CHECK(wcscmp(wcsstr(L"needle in hay", L"in"), L"in hay") == 0);
    CHECK(wcschr(L"abc", L'c')[1] == 0 && wcsrchr(L"aba", L'a')[1] == 0);
    CHECK(mbstowcs(wide, "\xf0\x9f\x98\x80", 256) == 2 && wcslen(wide) == 2);
    CHECK(wcstombs(text, wide, sizeof text) == 4 && strcmp(text, "\xf0\x9f\x98\x80") == 0);
    CHECK(_countof(to) == 4);
}

static void safe_strings(void)
{
    char to[4];
    size_t length;
    CHECK(StringCchCopyA(to, 4, "abcdef") == STRSAFE_E_INSUFFICIENT_BUFFER);
    CHECK(strcmp(to, "abc") == 0);
    CHECK(StringCchCatA(to, 4, "d") == STRSAFE_E_INSUFFICIENT_BUFFER && strcmp(to, "abc") == 0);
    CHECK(StringCchPrintfA(to, 4, "%lu", 12345u) == STRSAFE_E_INSUFFICIENT_BUFFER);
    CHECK(strcmp(to, "123") == 0);
    CHECK(StringCchPrintfA(to, 0, "x") == STRSAFE_E_INVALID_PARAMETER);
    CHECK(StringCchLengthA("abc", 4, &length) == S_OK && length == 3);
    CHECK(StringCchLengthA("abcd", 4, &length) == STRSAFE_E_INVALID_PARAMETER);
    CHECK(StringCbPrintfW(wide, 6, L"%s", L"abc") == STRSAFE_E_INSUFFICIENT_BUFFER);
    CHECK(wcscmp(wide, L"ab") == 0);
}

static void times(void)
{
    struct tm broken;
    time_t moment = 86400, before = -1;
    CHECK(gmtime_s(&broken, &moment) == 0 && broken.tm_mday == 2);
    CHECK(gmtime_s(&broken, &before) == EINVAL && broken.tm_mday == -1);
    CHECK(localtime_s(&broken, NULL) == EINVAL && localtime_s(NULL, &moment) == EINVAL);
    CHECK(gmtime_s(&broken, &moment) == 0);
    CHECK(asctime_s(text, sizeof text, &broken) == 0);
    CHECK(strcmp(text, "Fri Jan 02 00:00:00 1970\n") == 0);
    CHECK(ctime_s(text, 5, &moment) == EINVAL && text[0] == 0);
}

static void files(void)
{
    FILE *stream = stdout;
    CHECK(fopen_s(&stream, "/nonexistent/file", "r") == ENOENT && stream == NULL);
    CHECK(fopen_s(NULL, "x", "r") == EINVAL);
}

static void scanning(void)
{
    DWORD dword[2] = {0, 0xdeadbeef};
    long long large = 0;
    double real = 0;
    int number = 0, end = 0;
    char word[8], small[3], pair[2];
    CHECK(sscanf("17 x", "%lu", &dword[0]) == 1 && dword[0] == 17 && dword[1] == 0xdeadbeef);
    CHECK(sscanf("-5 2.5", "%I64d %lf", &large, &real) == 2 && large == -5 && real == 2.5);
    CHECK(sscanf("ab12", "%7[a-z]%d%n", word, &number, &end) == 2 && number == 12 && end == 4);
    CHECK(sscanf("7 %", "%*d %%") == 0 && sscanf("", "%d", &number) == EOF);
    CHECK(sscanf_s("hello 9", "%s %d", word, 8u, &number) == 2 && number == 9);
    CHECK(strcmp(word, "hello") == 0);
    CHECK(sscanf_s("1 hello 9", "%d %s %d", &number, small, 3u, &end) == 1 && small[0] == 0);
    CHECK(sscanf_s("xyz", "%3c", pair, 2u) == 0 && pair[0] == 0);
    CHECK(sscanf_s("xyz", "%2c%c", pair, 2u, small, 1u) == 2 && pair[1] == 'y' && *small == 'z');
}

static void interlocked(void)
{
    LONG value = 5;
    LONG64 large = 1;
    PVOID pointer = &value;
    __attribute__((__aligned__(16))) LONG64 pair[2] = {1, 2}, expected[2] = {1, 2};
    CHECK(InterlockedIncrement(&value) == 6 && InterlockedDecrement(&value) == 5);
    CHECK(InterlockedExchange(&value, 9) == 5 && InterlockedExchangeAdd(&value, 1) == 9);
    CHECK(InterlockedCompareExchange(&value, 1, 9) == 10 && value == 10);
    CHECK(InterlockedCompareExchange(&value, 1, 10) == 10 && value == 1);
    CHECK(InterlockedAdd(&value, 2) == 3 && InterlockedOr(&value, 4) == 3);
    CHECK(InterlockedAnd(&value, 5) == 7 && InterlockedXor(&value, 1) == 5 && value == 4);
    CHECK(InterlockedAdd64(&large, 1) == 2 && InterlockedExchangeAdd64(&large, 1) == 2);
    CHECK(InterlockedCompareExchangePointer(&pointer, NULL, &value) == &value && !pointer);
    CHECK(InterlockedCompareExchange128(pair, 8, 7, expected) == 1 && pair[0] == 7 && pair[1] == 8);
    CHECK(InterlockedCompareExchange128(pair, 0, 0, expected) == 0 && expected[0] == 7);
    CHECK(InterlockedBitTestAndSet(&value, 0) == 0 && value == 5);
}

#ifdef __cplusplus
static void cplusplus(void)
{
    char small[4];
    unsigned long counter = 1;
    volatile unsigned int flag = 0;
    CHECK(sprintf_s(small, "%d", 12) == 2 && strcpy_s(small, "abcd") == ERANGE);
    CHECK(strcat_s(small, "abc") == 0 && std::string(small) == "abc");
    CHECK(InterlockedIncrement(&counter) == 2 && InterlockedIncrement(&flag) == 1);
    CHECK(std::snprintf(text, sizeof text, "%lu", (DWORD)3) == 1);
    CHECK(min(1, 2) == 1 && max(1u, 2u) == 2u && min(1, 2.5) == 1);
}
#endif

int _tmain(int argc, TCHAR **argv)
{
    l_is_32_bits_wide();
    flags_width_and_precision();
    wide_arguments();
    overflow();
    strings();
    safe_strings();
    times();
    files();
    scanning();
    interlocked();
#ifdef __cplusplus
    cplusplus();
#endif
    CHECK(argc == 2 && _tcscmp(argv[1], _T("\u00e9")) == 0);
    _tprintf(_T("%s\n"), failures == 0 ? _T("ok") : _T("failed"));
    return failures;
}
