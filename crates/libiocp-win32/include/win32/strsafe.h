/* Strings that end within their buffer: StringCch in characters, StringCb in
 * bytes. */
#ifndef LIBIOCP_STRSAFE_H
#define LIBIOCP_STRSAFE_H
#pragma GCC system_header

#include "_libiocp/errors.h"
#include "_libiocp/crt.h"

#define STRSAFE_MAX_CCH 2147483647
#define STRSAFE_MAX_LENGTH (STRSAFE_MAX_CCH - 1)
#define STRSAFE_IGNORE_NULLS 0x00000100
#define STRSAFE_FILL_BEHIND_NULL 0x00000200
#define STRSAFE_FILL_ON_FAILURE 0x00000400
#define STRSAFE_NULL_ON_FAILURE 0x00000800
#define STRSAFE_NO_TRUNCATION 0x00001000
#define STRSAFE_E_INVALID_PARAMETER ((HRESULT)0x80070057)
#define STRSAFE_E_INSUFFICIENT_BUFFER ((HRESULT)0x8007007A)
#define STRSAFE_E_END_OF_FILE ((HRESULT)0x80070026)
typedef char *STRSAFE_LPSTR;
typedef const char *STRSAFE_LPCSTR;
typedef WCHAR *STRSAFE_LPWSTR;
typedef const WCHAR *STRSAFE_LPCWSTR;

IOCP_INLINE HRESULT StringCchLengthA(const char *psz, size_t cchMax, size_t *pcchLength)
{
    size_t length;
    if (pcchLength != NULL) *pcchLength = 0;
    if (psz == NULL || cchMax > STRSAFE_MAX_CCH) return STRSAFE_E_INVALID_PARAMETER;
    length = strnlen_s(psz, cchMax);
    if (length == cchMax) return STRSAFE_E_INVALID_PARAMETER;
    if (pcchLength != NULL) *pcchLength = length;
    return S_OK;
}

/* At most cchToCopy characters; what does not fit is cut. */
IOCP_INLINE HRESULT StringCchCopyNA(char *pszDest, size_t cchDest, const char *pszSrc,
                                    size_t cchToCopy)
{
    size_t i = 0;
    if (cchDest == 0 || cchDest > STRSAFE_MAX_CCH) return STRSAFE_E_INVALID_PARAMETER;
    if (cchToCopy > STRSAFE_MAX_LENGTH) {
        pszDest[0] = 0;
        return STRSAFE_E_INVALID_PARAMETER;
    }
    for (; i < cchDest - 1 && i < cchToCopy && pszSrc[i] != 0; i++) pszDest[i] = pszSrc[i];
    pszDest[i] = 0;
    return i < cchToCopy && pszSrc[i] != 0 ? STRSAFE_E_INSUFFICIENT_BUFFER : S_OK;
}

IOCP_INLINE HRESULT StringCchCopyA(char *pszDest, size_t cchDest, const char *pszSrc)
{
    return StringCchCopyNA(pszDest, cchDest, pszSrc, STRSAFE_MAX_LENGTH);
}

IOCP_INLINE HRESULT StringCchCatNA(char *pszDest, size_t cchDest, const char *pszSrc,
                                   size_t cchToAppend)
{
    size_t used;
    HRESULT result;
    if (cchDest == 0) return STRSAFE_E_INVALID_PARAMETER;
    result = StringCchLengthA(pszDest, cchDest, &used);
    if (FAILED(result)) return result;
    return StringCchCopyNA(pszDest + used, cchDest - used, pszSrc, cchToAppend);
}

IOCP_INLINE HRESULT StringCchCatA(char *pszDest, size_t cchDest, const char *pszSrc)
{
    return StringCchCatNA(pszDest, cchDest, pszSrc, STRSAFE_MAX_LENGTH);
}

IOCP_INLINE HRESULT StringCchVPrintfA(char *pszDest, size_t cchDest, const char *pszFormat,
                                      va_list argList)
{
    if (cchDest == 0 || cchDest > STRSAFE_MAX_CCH) return STRSAFE_E_INVALID_PARAMETER;
    return iocp_vformat(pszDest, cchDest, IOCP_CUT_TERMINATE, pszFormat, argList) < 0
               ? STRSAFE_E_INSUFFICIENT_BUFFER
               : S_OK;
}

IOCP_INLINE HRESULT StringCchPrintfA(char *pszDest, size_t cchDest, const char *pszFormat, ...)
{
    HRESULT result;
    va_list list;
    va_start(list, pszFormat);
    result = StringCchVPrintfA(pszDest, cchDest, pszFormat, list);
    va_end(list);
    return result;
}

/* The end of the string and what is left behind it, too. No flags but
 * STRSAFE_NULL_ON_FAILURE and STRSAFE_IGNORE_NULLS are taken. */
IOCP_INLINE HRESULT StringCchVPrintfExA(char *pszDest, size_t cchDest, char **ppszDestEnd,
                                        size_t *pcchRemaining, DWORD dwFlags,
                                        const char *pszFormat, va_list argList)
{
    static const char empty[1] = {0};
    size_t used;
    HRESULT result;
    if (cchDest > STRSAFE_MAX_CCH || (cchDest > 0 && pszDest == NULL) ||
        (dwFlags & ~(DWORD)(STRSAFE_NULL_ON_FAILURE | STRSAFE_IGNORE_NULLS)) != 0 ||
        (pszFormat == NULL && (dwFlags & STRSAFE_IGNORE_NULLS) == 0))
        return STRSAFE_E_INVALID_PARAMETER;
    if (pszFormat == NULL) pszFormat = empty;
    if (cchDest == 0) return *pszFormat == 0 ? S_OK : STRSAFE_E_INSUFFICIENT_BUFFER;
    result = StringCchVPrintfA(pszDest, cchDest, pszFormat, argList);
    if (FAILED(result) && (dwFlags & STRSAFE_NULL_ON_FAILURE) != 0) pszDest[0] = 0;
    used = strnlen_s(pszDest, cchDest);
    if (ppszDestEnd != NULL) *ppszDestEnd = pszDest + used;
    if (pcchRemaining != NULL) *pcchRemaining = cchDest - used;
    return result;
}

IOCP_INLINE HRESULT StringCchPrintfExA(char *pszDest, size_t cchDest, char **ppszDestEnd,
                                       size_t *pcchRemaining, DWORD dwFlags,
                                       const char *pszFormat, ...)
{
    HRESULT result;
    va_list list;
    va_start(list, pszFormat);
    result = StringCchVPrintfExA(pszDest, cchDest, ppszDestEnd, pcchRemaining, dwFlags,
                                 pszFormat, list);
    va_end(list);
    return result;
}

IOCP_INLINE HRESULT StringCbLengthA(const char *psz, size_t cbMax, size_t *pcbLength)
{
    HRESULT result = StringCchLengthA(psz, cbMax / sizeof(char), pcbLength);
    if (pcbLength != NULL) *pcbLength *= sizeof(char);
    return result;
}

IOCP_INLINE HRESULT StringCbCopyA(char *pszDest, size_t cbDest, const char *pszSrc)
{
    return StringCchCopyA(pszDest, cbDest / sizeof(char), pszSrc);
}

IOCP_INLINE HRESULT StringCbCopyNA(char *pszDest, size_t cbDest, const char *pszSrc,
                                   size_t cbToCopy)
{
    return StringCchCopyNA(pszDest, cbDest / sizeof(char), pszSrc, cbToCopy / sizeof(char));
}

IOCP_INLINE HRESULT StringCbCatA(char *pszDest, size_t cbDest, const char *pszSrc)
{
    return StringCchCatA(pszDest, cbDest / sizeof(char), pszSrc);
}

IOCP_INLINE HRESULT StringCbCatNA(char *pszDest, size_t cbDest, const char *pszSrc,
                                  size_t cbToAppend)
{
    return StringCchCatNA(pszDest, cbDest / sizeof(char), pszSrc, cbToAppend / sizeof(char));
}

IOCP_INLINE HRESULT StringCbVPrintfA(char *pszDest, size_t cbDest, const char *pszFormat,
                                     va_list argList)
{
    return StringCchVPrintfA(pszDest, cbDest / sizeof(char), pszFormat, argList);
}

IOCP_INLINE HRESULT StringCbPrintfA(char *pszDest, size_t cbDest, const char *pszFormat, ...)
{
    HRESULT result;
    va_list list;
    va_start(list, pszFormat);
    result = StringCbVPrintfA(pszDest, cbDest, pszFormat, list);
    va_end(list);
    return result;
}

IOCP_INLINE HRESULT StringCchLengthW(const WCHAR *psz, size_t cchMax, size_t *pcchLength)
{
    size_t length;
    if (pcchLength != NULL) *pcchLength = 0;
    if (psz == NULL || cchMax > STRSAFE_MAX_CCH) return STRSAFE_E_INVALID_PARAMETER;
    length = wcsnlen_s(psz, cchMax);
    if (length == cchMax) return STRSAFE_E_INVALID_PARAMETER;
    if (pcchLength != NULL) *pcchLength = length;
    return S_OK;
}

/* At most cchToCopy characters; what does not fit is cut. */
IOCP_INLINE HRESULT StringCchCopyNW(WCHAR *pszDest, size_t cchDest, const WCHAR *pszSrc,
                                    size_t cchToCopy)
{
    size_t i = 0;
    if (cchDest == 0 || cchDest > STRSAFE_MAX_CCH) return STRSAFE_E_INVALID_PARAMETER;
    if (cchToCopy > STRSAFE_MAX_LENGTH) {
        pszDest[0] = 0;
        return STRSAFE_E_INVALID_PARAMETER;
    }
    for (; i < cchDest - 1 && i < cchToCopy && pszSrc[i] != 0; i++) pszDest[i] = pszSrc[i];
    pszDest[i] = 0;
    return i < cchToCopy && pszSrc[i] != 0 ? STRSAFE_E_INSUFFICIENT_BUFFER : S_OK;
}

IOCP_INLINE HRESULT StringCchCopyW(WCHAR *pszDest, size_t cchDest, const WCHAR *pszSrc)
{
    return StringCchCopyNW(pszDest, cchDest, pszSrc, STRSAFE_MAX_LENGTH);
}

IOCP_INLINE HRESULT StringCchCatNW(WCHAR *pszDest, size_t cchDest, const WCHAR *pszSrc,
                                   size_t cchToAppend)
{
    size_t used;
    HRESULT result;
    if (cchDest == 0) return STRSAFE_E_INVALID_PARAMETER;
    result = StringCchLengthW(pszDest, cchDest, &used);
    if (FAILED(result)) return result;
    return StringCchCopyNW(pszDest + used, cchDest - used, pszSrc, cchToAppend);
}

IOCP_INLINE HRESULT StringCchCatW(WCHAR *pszDest, size_t cchDest, const WCHAR *pszSrc)
{
    return StringCchCatNW(pszDest, cchDest, pszSrc, STRSAFE_MAX_LENGTH);
}

IOCP_INLINE HRESULT StringCchVPrintfW(WCHAR *pszDest, size_t cchDest, const WCHAR *pszFormat,
                                      va_list argList)
{
    if (cchDest == 0 || cchDest > STRSAFE_MAX_CCH) return STRSAFE_E_INVALID_PARAMETER;
    return iocp_vformat_wide(pszDest, cchDest, IOCP_CUT_TERMINATE, pszFormat, argList) < 0
               ? STRSAFE_E_INSUFFICIENT_BUFFER
               : S_OK;
}

IOCP_INLINE HRESULT StringCchPrintfW(WCHAR *pszDest, size_t cchDest, const WCHAR *pszFormat, ...)
{
    HRESULT result;
    va_list list;
    va_start(list, pszFormat);
    result = StringCchVPrintfW(pszDest, cchDest, pszFormat, list);
    va_end(list);
    return result;
}

/* The end of the string and what is left behind it, too. No flags but
 * STRSAFE_NULL_ON_FAILURE and STRSAFE_IGNORE_NULLS are taken. */
IOCP_INLINE HRESULT StringCchVPrintfExW(WCHAR *pszDest, size_t cchDest, WCHAR **ppszDestEnd,
                                        size_t *pcchRemaining, DWORD dwFlags,
                                        const WCHAR *pszFormat, va_list argList)
{
    static const WCHAR empty[1] = {0};
    size_t used;
    HRESULT result;
    if (cchDest > STRSAFE_MAX_CCH || (cchDest > 0 && pszDest == NULL) ||
        (dwFlags & ~(DWORD)(STRSAFE_NULL_ON_FAILURE | STRSAFE_IGNORE_NULLS)) != 0 ||
        (pszFormat == NULL && (dwFlags & STRSAFE_IGNORE_NULLS) == 0))
        return STRSAFE_E_INVALID_PARAMETER;
    if (pszFormat == NULL) pszFormat = empty;
    if (cchDest == 0) return *pszFormat == 0 ? S_OK : STRSAFE_E_INSUFFICIENT_BUFFER;
    result = StringCchVPrintfW(pszDest, cchDest, pszFormat, argList);
    if (FAILED(result) && (dwFlags & STRSAFE_NULL_ON_FAILURE) != 0) pszDest[0] = 0;
    used = wcsnlen_s(pszDest, cchDest);
    if (ppszDestEnd != NULL) *ppszDestEnd = pszDest + used;
    if (pcchRemaining != NULL) *pcchRemaining = cchDest - used;
    return result;
}

IOCP_INLINE HRESULT StringCchPrintfExW(WCHAR *pszDest, size_t cchDest, WCHAR **ppszDestEnd,
                                       size_t *pcchRemaining, DWORD dwFlags,
                                       const WCHAR *pszFormat, ...)
{
    HRESULT result;
    va_list list;
    va_start(list, pszFormat);
    result = StringCchVPrintfExW(pszDest, cchDest, ppszDestEnd, pcchRemaining, dwFlags,
                                 pszFormat, list);
    va_end(list);
    return result;
}

IOCP_INLINE HRESULT StringCbLengthW(const WCHAR *psz, size_t cbMax, size_t *pcbLength)
{
    HRESULT result = StringCchLengthW(psz, cbMax / sizeof(WCHAR), pcbLength);
    if (pcbLength != NULL) *pcbLength *= sizeof(WCHAR);
    return result;
}

IOCP_INLINE HRESULT StringCbCopyW(WCHAR *pszDest, size_t cbDest, const WCHAR *pszSrc)
{
    return StringCchCopyW(pszDest, cbDest / sizeof(WCHAR), pszSrc);
}

IOCP_INLINE HRESULT StringCbCopyNW(WCHAR *pszDest, size_t cbDest, const WCHAR *pszSrc,
                                   size_t cbToCopy)
{
    return StringCchCopyNW(pszDest, cbDest / sizeof(WCHAR), pszSrc, cbToCopy / sizeof(WCHAR));
}

IOCP_INLINE HRESULT StringCbCatW(WCHAR *pszDest, size_t cbDest, const WCHAR *pszSrc)
{
    return StringCchCatW(pszDest, cbDest / sizeof(WCHAR), pszSrc);
}

IOCP_INLINE HRESULT StringCbCatNW(WCHAR *pszDest, size_t cbDest, const WCHAR *pszSrc,
                                  size_t cbToAppend)
{
    return StringCchCatNW(pszDest, cbDest / sizeof(WCHAR), pszSrc, cbToAppend / sizeof(WCHAR));
}

IOCP_INLINE HRESULT StringCbVPrintfW(WCHAR *pszDest, size_t cbDest, const WCHAR *pszFormat,
                                     va_list argList)
{
    return StringCchVPrintfW(pszDest, cbDest / sizeof(WCHAR), pszFormat, argList);
}

IOCP_INLINE HRESULT StringCbPrintfW(WCHAR *pszDest, size_t cbDest, const WCHAR *pszFormat, ...)
{
    HRESULT result;
    va_list list;
    va_start(list, pszFormat);
    result = StringCbVPrintfW(pszDest, cbDest, pszFormat, list);
    va_end(list);
    return result;
}

#ifdef UNICODE
#define StringCchLength StringCchLengthW
#define StringCchCopy StringCchCopyW
#define StringCchCopyN StringCchCopyNW
#define StringCchCat StringCchCatW
#define StringCchCatN StringCchCatNW
#define StringCchVPrintf StringCchVPrintfW
#define StringCchPrintf StringCchPrintfW
#define StringCchVPrintfEx StringCchVPrintfExW
#define StringCchPrintfEx StringCchPrintfExW
#define StringCbLength StringCbLengthW
#define StringCbCopy StringCbCopyW
#define StringCbCopyN StringCbCopyNW
#define StringCbCat StringCbCatW
#define StringCbCatN StringCbCatNW
#define StringCbVPrintf StringCbVPrintfW
#define StringCbPrintf StringCbPrintfW
#else
#define StringCchLength StringCchLengthA
#define StringCchCopy StringCchCopyA
#define StringCchCopyN StringCchCopyNA
#define StringCchCat StringCchCatA
#define StringCchCatN StringCchCatNA
#define StringCchVPrintf StringCchVPrintfA
#define StringCchPrintf StringCchPrintfA
#define StringCchVPrintfEx StringCchVPrintfExA
#define StringCchPrintfEx StringCchPrintfExA
#define StringCbLength StringCbLengthA
#define StringCbCopy StringCbCopyA
#define StringCbCopyN StringCbCopyNA
#define StringCbCat StringCbCatA
#define StringCbCatN StringCbCatNA
#define StringCbVPrintf StringCbVPrintfA
#define StringCbPrintf StringCbPrintfA
#endif

#endif
