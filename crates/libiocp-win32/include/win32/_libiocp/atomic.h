/* Interlocked operations and other intrinsics. Each is a full barrier, the
 * variants Acquire, Release and NoFence too, which is more than they promise. */
#ifndef LIBIOCP_ATOMIC_H
#define LIBIOCP_ATOMIC_H
#pragma GCC system_header

#include "types.h"

/* name, type, suffix of the function's name. */
#define IOCP_INTERLOCKED_SET(T, S)                                                          \
    IOCP_INTERLOCKED_ALL(T, InterlockedExchange##S, InterlockedCompareExchange##S,          \
                         InterlockedExchangeAdd##S, InterlockedAnd##S, InterlockedOr##S,    \
                         InterlockedXor##S)
#define IOCP_INTERLOCKED_ALL(T, XCHG, CMPXCHG, XADD, AND, OR, XOR)                          \
    IOCP_INLINE T XCHG(T volatile *Target, T Value)                                         \
    {                                                                                       \
        return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST);                        \
    }                                                                                       \
    IOCP_INLINE T CMPXCHG(T volatile *Destination, T ExChange, T Comperand)                 \
    {                                                                                       \
        __atomic_compare_exchange_n(Destination, &Comperand, ExChange, 0, __ATOMIC_SEQ_CST, \
                                    __ATOMIC_SEQ_CST);                                      \
        return Comperand;                                                                   \
    }                                                                                       \
    IOCP_INLINE T XADD(T volatile *Addend, T Value)                                         \
    {                                                                                       \
        return __atomic_fetch_add(Addend, Value, __ATOMIC_SEQ_CST);                         \
    }                                                                                       \
    IOCP_INLINE T AND(T volatile *Destination, T Value)                                     \
    {                                                                                       \
        return __atomic_fetch_and(Destination, Value, __ATOMIC_SEQ_CST);                    \
    }                                                                                       \
    IOCP_INLINE T OR(T volatile *Destination, T Value)                                      \
    {                                                                                       \
        return __atomic_fetch_or(Destination, Value, __ATOMIC_SEQ_CST);                     \
    }                                                                                       \
    IOCP_INLINE T XOR(T volatile *Destination, T Value)                                     \
    {                                                                                       \
        return __atomic_fetch_xor(Destination, Value, __ATOMIC_SEQ_CST);                    \
    }
#define IOCP_INTERLOCKED_COUNT(T, INC, DEC)                         \
    IOCP_INLINE T INC(T volatile *Addend)                           \
    {                                                               \
        return __atomic_add_fetch(Addend, 1, __ATOMIC_SEQ_CST);     \
    }                                                               \
    IOCP_INLINE T DEC(T volatile *Addend)                           \
    {                                                               \
        return __atomic_sub_fetch(Addend, 1, __ATOMIC_SEQ_CST);     \
    }
#define IOCP_INTERLOCKED_ADD(T, ADD)                                \
    IOCP_INLINE T ADD(T volatile *Addend, T Value)                  \
    {                                                               \
        return __atomic_add_fetch(Addend, Value, __ATOMIC_SEQ_CST); \
    }

IOCP_INTERLOCKED_SET(CHAR, 8)
IOCP_INTERLOCKED_SET(SHORT, 16)
IOCP_INTERLOCKED_ALL(LONG, InterlockedExchange, InterlockedCompareExchange, InterlockedExchangeAdd,
                     InterlockedAnd, InterlockedOr, InterlockedXor)
IOCP_INTERLOCKED_SET(LONG64, 64)
IOCP_INTERLOCKED_COUNT(SHORT, InterlockedIncrement16, InterlockedDecrement16)
IOCP_INTERLOCKED_COUNT(LONG, InterlockedIncrement, InterlockedDecrement)
IOCP_INTERLOCKED_COUNT(LONG64, InterlockedIncrement64, InterlockedDecrement64)
IOCP_INTERLOCKED_ADD(LONG, InterlockedAdd)
IOCP_INTERLOCKED_ADD(LONG64, InterlockedAdd64)

#ifdef __cplusplus
/* As in the SDK, C++ takes unsigned operands too. LONG is int here, so a
 * variable declared as plain long, 32 bits on Windows, gets its own width. */
#define IOCP_INTERLOCKED_OVERLOADS(T)                                                     \
    IOCP_INTERLOCKED_ALL(T, InterlockedExchange, InterlockedCompareExchange,              \
                         InterlockedExchangeAdd, InterlockedAnd, InterlockedOr,           \
                         InterlockedXor)                                                  \
    IOCP_INTERLOCKED_COUNT(T, InterlockedIncrement, InterlockedDecrement)
IOCP_INTERLOCKED_OVERLOADS(unsigned int)
IOCP_INTERLOCKED_OVERLOADS(long)
IOCP_INTERLOCKED_OVERLOADS(unsigned long)
IOCP_INTERLOCKED_OVERLOADS(unsigned long long)
#define IOCP_INTERLOCKED_OVERLOADS_64(T)                                                  \
    IOCP_INTERLOCKED_SET(T, 64)                                                           \
    IOCP_INTERLOCKED_COUNT(T, InterlockedIncrement64, InterlockedDecrement64)
IOCP_INTERLOCKED_OVERLOADS_64(unsigned long long)
IOCP_INTERLOCKED_OVERLOADS_64(long)
IOCP_INTERLOCKED_OVERLOADS_64(unsigned long)
#endif

IOCP_INLINE PVOID InterlockedExchangePointer(PVOID volatile *Target, PVOID Value)
{
    return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST);
}

IOCP_INLINE PVOID InterlockedCompareExchangePointer(PVOID volatile *Destination, PVOID ExChange,
                                                    PVOID Comperand)
{
    __atomic_compare_exchange_n(Destination, &Comperand, ExChange, 0, __ATOMIC_SEQ_CST,
                                __ATOMIC_SEQ_CST);
    return Comperand;
}

/* 1 and the swap if *Destination equals the two words at ComparandResult, else
 * 0 and *Destination stored there. Both addresses are multiples of 16. */
IOCP_INLINE unsigned char InterlockedCompareExchange128(LONG64 volatile *Destination,
                                                        LONG64 ExchangeHigh, LONG64 ExchangeLow,
                                                        LONG64 *ComparandResult)
{
#if defined(__x86_64__)
    unsigned char swapped;
    __asm__ __volatile__("lock cmpxchg16b %1\n\tsetz %0"
                         : "=q"(swapped), "+m"(*(LONG64 volatile(*)[2])Destination),
                           "+a"(ComparandResult[0]), "+d"(ComparandResult[1])
                         : "b"(ExchangeLow), "c"(ExchangeHigh)
                         : "memory", "cc");
    return swapped;
#else
    __extension__ typedef unsigned __int128 iocp_pair;
    iocp_pair expected, desired;
    unsigned char swapped;
    __builtin_memcpy(&expected, ComparandResult, sizeof expected);
    desired = (iocp_pair)(ULONG64)ExchangeHigh << 64 | (ULONG64)ExchangeLow;
    swapped = __atomic_compare_exchange_n((iocp_pair volatile *)Destination, &expected, desired, 0,
                                          __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    __builtin_memcpy(ComparandResult, &expected, sizeof expected);
    return swapped;
#endif
}

IOCP_INLINE BOOLEAN InterlockedBitTestAndSet(LONG volatile *Base, LONG Bit)
{
    LONG mask = (LONG)(1u << (Bit & 31));
    return (BOOLEAN)((__atomic_fetch_or(Base + (Bit >> 5), mask, __ATOMIC_SEQ_CST) & mask) != 0);
}

IOCP_INLINE BOOLEAN InterlockedBitTestAndReset(LONG volatile *Base, LONG Bit)
{
    LONG mask = (LONG)(1u << (Bit & 31));
    return (BOOLEAN)((__atomic_fetch_and(Base + (Bit >> 5), ~mask, __ATOMIC_SEQ_CST) & mask) != 0);
}

#define InterlockedIncrementAcquire InterlockedIncrement
#define InterlockedIncrementRelease InterlockedIncrement
#define InterlockedIncrementNoFence InterlockedIncrement
#define InterlockedDecrementAcquire InterlockedDecrement
#define InterlockedDecrementRelease InterlockedDecrement
#define InterlockedDecrementNoFence InterlockedDecrement
#define InterlockedExchangeAcquire InterlockedExchange
#define InterlockedExchangeRelease InterlockedExchange
#define InterlockedExchangeNoFence InterlockedExchange
#define InterlockedExchangeAddAcquire InterlockedExchangeAdd
#define InterlockedExchangeAddRelease InterlockedExchangeAdd
#define InterlockedExchangeAddNoFence InterlockedExchangeAdd
#define InterlockedCompareExchangeAcquire InterlockedCompareExchange
#define InterlockedCompareExchangeRelease InterlockedCompareExchange
#define InterlockedCompareExchangeNoFence InterlockedCompareExchange
#define InterlockedAddAcquire InterlockedAdd
#define InterlockedAddRelease InterlockedAdd
#define InterlockedAddNoFence InterlockedAdd
#define InterlockedAndAcquire InterlockedAnd
#define InterlockedAndRelease InterlockedAnd
#define InterlockedAndNoFence InterlockedAnd
#define InterlockedOrAcquire InterlockedOr
#define InterlockedOrRelease InterlockedOr
#define InterlockedOrNoFence InterlockedOr
#define InterlockedXorAcquire InterlockedXor
#define InterlockedXorRelease InterlockedXor
#define InterlockedXorNoFence InterlockedXor
#define InterlockedIncrementAcquire16 InterlockedIncrement16
#define InterlockedIncrementRelease16 InterlockedIncrement16
#define InterlockedIncrementNoFence16 InterlockedIncrement16
#define InterlockedDecrementAcquire16 InterlockedDecrement16
#define InterlockedDecrementRelease16 InterlockedDecrement16
#define InterlockedDecrementNoFence16 InterlockedDecrement16
#define InterlockedExchangeAcquire16 InterlockedExchange16
#define InterlockedExchangeRelease16 InterlockedExchange16
#define InterlockedExchangeNoFence16 InterlockedExchange16
#define InterlockedExchangeAddAcquire16 InterlockedExchangeAdd16
#define InterlockedExchangeAddRelease16 InterlockedExchangeAdd16
#define InterlockedExchangeAddNoFence16 InterlockedExchangeAdd16
#define InterlockedCompareExchangeAcquire16 InterlockedCompareExchange16
#define InterlockedCompareExchangeRelease16 InterlockedCompareExchange16
#define InterlockedCompareExchangeNoFence16 InterlockedCompareExchange16
#define InterlockedAndAcquire16 InterlockedAnd16
#define InterlockedAndRelease16 InterlockedAnd16
#define InterlockedAndNoFence16 InterlockedAnd16
#define InterlockedOrAcquire16 InterlockedOr16
#define InterlockedOrRelease16 InterlockedOr16
#define InterlockedOrNoFence16 InterlockedOr16
#define InterlockedXorAcquire16 InterlockedXor16
#define InterlockedXorRelease16 InterlockedXor16
#define InterlockedXorNoFence16 InterlockedXor16
#define InterlockedIncrementAcquire64 InterlockedIncrement64
#define InterlockedIncrementRelease64 InterlockedIncrement64
#define InterlockedIncrementNoFence64 InterlockedIncrement64
#define InterlockedDecrementAcquire64 InterlockedDecrement64
#define InterlockedDecrementRelease64 InterlockedDecrement64
#define InterlockedDecrementNoFence64 InterlockedDecrement64
#define InterlockedExchangeAcquire64 InterlockedExchange64
#define InterlockedExchangeRelease64 InterlockedExchange64
#define InterlockedExchangeNoFence64 InterlockedExchange64
#define InterlockedExchangeAddAcquire64 InterlockedExchangeAdd64
#define InterlockedExchangeAddRelease64 InterlockedExchangeAdd64
#define InterlockedExchangeAddNoFence64 InterlockedExchangeAdd64
#define InterlockedCompareExchangeAcquire64 InterlockedCompareExchange64
#define InterlockedCompareExchangeRelease64 InterlockedCompareExchange64
#define InterlockedCompareExchangeNoFence64 InterlockedCompareExchange64
#define InterlockedAddAcquire64 InterlockedAdd64
#define InterlockedAddRelease64 InterlockedAdd64
#define InterlockedAddNoFence64 InterlockedAdd64
#define InterlockedAndAcquire64 InterlockedAnd64
#define InterlockedAndRelease64 InterlockedAnd64
#define InterlockedAndNoFence64 InterlockedAnd64
#define InterlockedOrAcquire64 InterlockedOr64
#define InterlockedOrRelease64 InterlockedOr64
#define InterlockedOrNoFence64 InterlockedOr64
#define InterlockedXorAcquire64 InterlockedXor64
#define InterlockedXorRelease64 InterlockedXor64
#define InterlockedXorNoFence64 InterlockedXor64
#define InterlockedExchangePointerAcquire InterlockedExchangePointer
#define InterlockedExchangePointerRelease InterlockedExchangePointer
#define InterlockedExchangePointerNoFence InterlockedExchangePointer
#define InterlockedCompareExchangePointerAcquire InterlockedCompareExchangePointer
#define InterlockedCompareExchangePointerRelease InterlockedCompareExchangePointer
#define InterlockedCompareExchangePointerNoFence InterlockedCompareExchangePointer

#define _InterlockedIncrement InterlockedIncrement
#define _InterlockedDecrement InterlockedDecrement
#define _InterlockedExchange InterlockedExchange
#define _InterlockedExchangeAdd InterlockedExchangeAdd
#define _InterlockedCompareExchange InterlockedCompareExchange
#define _InterlockedAnd InterlockedAnd
#define _InterlockedOr InterlockedOr
#define _InterlockedXor InterlockedXor
#define _InterlockedIncrement16 InterlockedIncrement16
#define _InterlockedDecrement16 InterlockedDecrement16
#define _InterlockedExchange16 InterlockedExchange16
#define _InterlockedExchangeAdd16 InterlockedExchangeAdd16
#define _InterlockedCompareExchange16 InterlockedCompareExchange16
#define _InterlockedAnd16 InterlockedAnd16
#define _InterlockedOr16 InterlockedOr16
#define _InterlockedXor16 InterlockedXor16
#define _InterlockedIncrement64 InterlockedIncrement64
#define _InterlockedDecrement64 InterlockedDecrement64
#define _InterlockedExchange64 InterlockedExchange64
#define _InterlockedExchangeAdd64 InterlockedExchangeAdd64
#define _InterlockedCompareExchange64 InterlockedCompareExchange64
#define _InterlockedAdd64 InterlockedAdd64
#define _InterlockedAnd64 InterlockedAnd64
#define _InterlockedOr64 InterlockedOr64
#define _InterlockedXor64 InterlockedXor64
#define _InterlockedExchange8 InterlockedExchange8
#define _InterlockedExchangeAdd8 InterlockedExchangeAdd8
#define _InterlockedCompareExchange8 InterlockedCompareExchange8
#define _InterlockedAnd8 InterlockedAnd8
#define _InterlockedOr8 InterlockedOr8
#define _InterlockedXor8 InterlockedXor8
#define _InterlockedExchangePointer InterlockedExchangePointer
#define _InterlockedCompareExchangePointer InterlockedCompareExchangePointer
#define _InterlockedCompareExchange128 InterlockedCompareExchange128
#define _interlockedbittestandset InterlockedBitTestAndSet
#define _interlockedbittestandreset InterlockedBitTestAndReset

#if defined(__x86_64__)
#include <xmmintrin.h>
#define YieldProcessor() _mm_pause()
#define __debugbreak() __asm__ __volatile__("int3")
#else
#define YieldProcessor() __asm__ __volatile__("yield" ::: "memory")
#define __debugbreak() __builtin_trap()
#endif
#undef MemoryBarrier
#define MemoryBarrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define _ReadWriteBarrier() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#define _ReadBarrier() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#define _WriteBarrier() __atomic_signal_fence(__ATOMIC_SEQ_CST)

#define ReadAcquire(p) __atomic_load_n((LONG const volatile *)(p), __ATOMIC_ACQUIRE)
#define ReadNoFence(p) __atomic_load_n((LONG const volatile *)(p), __ATOMIC_RELAXED)
#define ReadAcquire64(p) __atomic_load_n((LONG64 const volatile *)(p), __ATOMIC_ACQUIRE)
#define ReadNoFence64(p) __atomic_load_n((LONG64 const volatile *)(p), __ATOMIC_RELAXED)
#define ReadPointerAcquire(p) __atomic_load_n((PVOID const volatile *)(p), __ATOMIC_ACQUIRE)
#define ReadPointerNoFence(p) __atomic_load_n((PVOID const volatile *)(p), __ATOMIC_RELAXED)
#define WriteRelease(p, v) __atomic_store_n((LONG volatile *)(p), (v), __ATOMIC_RELEASE)
#define WriteNoFence(p, v) __atomic_store_n((LONG volatile *)(p), (v), __ATOMIC_RELAXED)
#define WriteRelease64(p, v) __atomic_store_n((LONG64 volatile *)(p), (v), __ATOMIC_RELEASE)
#define WriteNoFence64(p, v) __atomic_store_n((LONG64 volatile *)(p), (v), __ATOMIC_RELAXED)
#define WritePointerRelease(p, v) __atomic_store_n((PVOID volatile *)(p), (v), __ATOMIC_RELEASE)

IOCP_INLINE unsigned char _BitScanForward(ULONG *Index, ULONG Mask)
{
    if (Mask == 0) return 0;
    *Index = (ULONG)__builtin_ctz(Mask);
    return 1;
}

IOCP_INLINE unsigned char _BitScanReverse(ULONG *Index, ULONG Mask)
{
    if (Mask == 0) return 0;
    *Index = 31u - (ULONG)__builtin_clz(Mask);
    return 1;
}

IOCP_INLINE unsigned char _BitScanForward64(ULONG *Index, ULONG64 Mask)
{
    if (Mask == 0) return 0;
    *Index = (ULONG)__builtin_ctzll(Mask);
    return 1;
}

IOCP_INLINE unsigned char _BitScanReverse64(ULONG *Index, ULONG64 Mask)
{
    if (Mask == 0) return 0;
    *Index = 63u - (ULONG)__builtin_clzll(Mask);
    return 1;
}

#define BitScanForward _BitScanForward
#define BitScanReverse _BitScanReverse
#define BitScanForward64 _BitScanForward64
#define BitScanReverse64 _BitScanReverse64
#define _byteswap_ushort(value) __builtin_bswap16(value)
#define _byteswap_ulong(value) __builtin_bswap32(value)
#define _byteswap_uint64(value) __builtin_bswap64(value)

#endif
