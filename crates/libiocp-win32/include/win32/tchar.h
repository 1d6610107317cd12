/* Names that are narrow or wide as _UNICODE says. */
#ifndef LIBIOCP_TCHAR_H
#define LIBIOCP_TCHAR_H
#pragma GCC system_header

#include "_libiocp/types.h"
#include "_libiocp/crt.h"
#include "_libiocp/main.h"

#ifdef _UNICODE
#define __T(text) IOCP_WIDE_LITERAL(text)
#define _tmain wmain
#define _tprintf wprintf
#define _tprintf_s wprintf_s
#define _ftprintf fwprintf
#define _ftprintf_s fwprintf_s
#define _vtprintf vwprintf
#define _vftprintf vfwprintf
#define _stprintf_s swprintf_s
#define _vstprintf_s vswprintf_s
#define _sntprintf _snwprintf
#define _sntprintf_s _snwprintf_s
#define _vsntprintf _vsnwprintf
#define _vsntprintf_s _vsnwprintf_s
#define _tcslen wcslen
#define _tcsnlen wcsnlen
#define _tcscpy wcscpy
#define _tcscpy_s wcscpy_s
#define _tcsncpy wcsncpy
#define _tcsncpy_s wcsncpy_s
#define _tcscat wcscat
#define _tcscat_s wcscat_s
#define _tcsncat wcsncat
#define _tcscmp wcscmp
#define _tcsncmp wcsncmp
#define _tcsicmp _wcsicmp
#define _tcsnicmp _wcsnicmp
#define _tcschr wcschr
#define _tcsrchr wcsrchr
#define _tcsstr wcsstr
#define _tcstok_s wcstok_s
#define _tcsdup _wcsdup
#define _tcslwr _wcslwr
#define _tcsupr _wcsupr
#define _tcstol wcstol
#define _tcstoul wcstoul
#define _tcstod wcstod
#define _ttoi _wtoi
#define _tstoi _wtoi
#define _ttoi64 _wtoi64
#define _itot _itow
#define _itot_s _itow_s
#define _tfopen _wfopen
#define _tfopen_s _wfopen_s
#define _fputts fputws
#define _putts _putws
#define _puttchar putwchar
#define _istspace iswspace
#define _istdigit iswdigit
#define _istalpha iswalpha
#define _totlower towlower
#define _totupper towupper
#else
#define __T(text) text
#define _tmain main
#define _tprintf printf
#define _tprintf_s printf_s
#define _ftprintf fprintf
#define _ftprintf_s fprintf_s
#define _vtprintf vprintf
#define _vftprintf vfprintf
#define _stprintf_s sprintf_s
#define _vstprintf_s vsprintf_s
#define _sntprintf _snprintf
#define _sntprintf_s _snprintf_s
#define _vsntprintf _vsnprintf
#define _vsntprintf_s _vsnprintf_s
#define _tcslen strlen
#define _tcsnlen strnlen
#define _tcscpy strcpy
#define _tcscpy_s strcpy_s
#define _tcsncpy strncpy
#define _tcsncpy_s strncpy_s
#define _tcscat strcat
#define _tcscat_s strcat_s
#define _tcsncat strncat
#define _tcscmp strcmp
#define _tcsncmp strncmp
#define _tcsicmp _stricmp
#define _tcsnicmp _strnicmp
#define _tcschr strchr
#define _tcsrchr strrchr
#define _tcsstr strstr
#define _tcstok_s strtok_s
#define _tcsdup _strdup
#define _tcslwr _strlwr
#define _tcsupr _strupr
#define _tcstol strtol
#define _tcstoul strtoul
#define _tcstod strtod
#define _ttoi atoi
#define _tstoi atoi
#define _ttoi64 _atoi64
#define _itot _itoa
#define _itot_s _itoa_s
#define _tfopen fopen
#define _tfopen_s fopen_s
#define _fputts fputs
#define _putts puts
#define _puttchar putchar
#define _istspace isspace
#define _istdigit isdigit
#define _istalpha isalpha
#define _totlower tolower
#define _totupper toupper
#endif
#ifdef _UNICODE
#include <wctype.h>
#define _stprintf iocp_swprintf
#else
#define _stprintf sprintf
#endif
#define _T(text) __T(text)
#define _TEXT(text) __T(text)

#endif
