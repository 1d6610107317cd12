/* A source that defines wmain gets a main beside it, which converts the
 * arguments and the environment from UTF-8. The word wmain may stand only where
 * the function is defined. */
#ifndef LIBIOCP_MAIN_H
#define LIBIOCP_MAIN_H
#pragma GCC system_header

#include "text.h"

#if __SIZEOF_WCHAR_T__ == 2

IOCP_BEGIN_C
int iocp_wmain_entry(int argc, WCHAR **argv, WCHAR **envp) __asm__("iocp_wmain");
IOCP_END_C

IOCP_INLINE WCHAR **iocp_wide_list(char **narrow)
{
    size_t count = 0, i;
    WCHAR **list;
    while (narrow[count] != NULL) count++;
    list = (WCHAR **)calloc(count + 1, sizeof *list);
    if (list == NULL) abort();
    for (i = 0; i < count; i++) {
        struct iocp_text text;
        size_t length = strlen(narrow[i]);
        list[i] = (WCHAR *)calloc(length + 1, sizeof(WCHAR));
        if (list[i] == NULL) abort();
        text.data = narrow[i];
        text.length = length;
        iocp_text_to_wide(&text, list[i], length);
    }
    return list;
}

#ifdef __cplusplus
#define IOCP_C_LINKAGE extern "C"
#else
#define IOCP_C_LINKAGE
#endif
#define wmain                                                                          \
    main(int iocp_argc, char **iocp_argv, char **iocp_envp)                            \
    {                                                                                  \
        return iocp_wmain_entry(iocp_argc, iocp_wide_list(iocp_argv),                  \
                                iocp_wide_list(iocp_envp));                            \
    }                                                                                  \
    IOCP_C_LINKAGE int iocp_wmain

#endif

#endif
