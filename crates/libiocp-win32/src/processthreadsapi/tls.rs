//! Values of its own for each thread.
//!
//! An index has a generation that goes up when it is freed; a thread's value counts only with
//! the generation it was set in. So freeing an index clears it in every thread at once.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use std::cell::{Cell, RefCell};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::codes::{ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY, ERROR_SUCCESS};
use crate::errhandlingapi::{fail, set_last_error};
use crate::types::{BOOL, DWORD, LPVOID, TRUE};

const TLS_OUT_OF_INDEXES: DWORD = 0xFFFF_FFFF;
/// As many as Windows has: 64 that are always there, 1024 more.
const SLOTS: usize = 1088;
const INLINE: usize = 64;

/// The generation of each index: odd while it is in use.
static GENERATIONS: [AtomicU32; SLOTS] = [const { AtomicU32::new(0) }; SLOTS];
static ALLOCATING: Mutex<()> = Mutex::new(());

#[derive(Clone, Copy)]
struct Slot {
    generation: u32,
    value: LPVOID,
}

const EMPTY: Slot = Slot { generation: 0, value: std::ptr::null_mut() };

thread_local! {
    static FIRST: [Cell<Slot>; INLINE] = const { [const { Cell::new(EMPTY) }; INLINE] };
    static MORE: RefCell<Vec<Slot>> = const { RefCell::new(Vec::new()) };
}

/// The generation of an index in use.
fn generation(index: DWORD) -> Option<u32> {
    let generation = GENERATIONS.get(index as usize)?.load(Ordering::Acquire);
    (generation % 2 == 1).then_some(generation)
}

/// `TlsAlloc`: an index for a value in each thread, NULL at first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TlsAlloc() -> DWORD {
    let _allocating = ALLOCATING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let free = GENERATIONS.iter().position(|g| g.load(Ordering::Relaxed).is_multiple_of(2));
    match free {
        Some(index) => {
            GENERATIONS[index].fetch_add(1, Ordering::Release);
            index as DWORD
        }
        None => {
            set_last_error(ERROR_NOT_ENOUGH_MEMORY);
            TLS_OUT_OF_INDEXES
        }
    }
}

/// `TlsFree`: frees an index. The values are the program's to free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TlsFree(dwTlsIndex: DWORD) -> BOOL {
    let _allocating = ALLOCATING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if generation(dwTlsIndex).is_none() {
        return fail(ERROR_INVALID_PARAMETER);
    }
    GENERATIONS[dwTlsIndex as usize].fetch_add(1, Ordering::Release);
    TRUE
}

/// `TlsGetValue`: the calling thread's value; sets the last error to 0 when the index is good.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TlsGetValue(dwTlsIndex: DWORD) -> LPVOID {
    let Some(generation) = generation(dwTlsIndex) else {
        set_last_error(ERROR_INVALID_PARAMETER);
        return std::ptr::null_mut();
    };
    set_last_error(ERROR_SUCCESS);
    let index = dwTlsIndex as usize;
    let slot = match index.checked_sub(INLINE) {
        None => FIRST.with(|slots| slots[index].get()),
        Some(more) => MORE
            .try_with(|slots| slots.borrow().get(more).copied())
            .unwrap_or(None)
            .unwrap_or(EMPTY),
    };
    if slot.generation == generation { slot.value } else { std::ptr::null_mut() }
}

/// `TlsSetValue`: sets the calling thread's value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TlsSetValue(dwTlsIndex: DWORD, lpTlsValue: LPVOID) -> BOOL {
    let Some(generation) = generation(dwTlsIndex) else {
        return fail(ERROR_INVALID_PARAMETER);
    };
    let slot = Slot { generation, value: lpTlsValue };
    let index = dwTlsIndex as usize;
    let Some(more) = index.checked_sub(INLINE) else {
        FIRST.with(|slots| slots[index].set(slot));
        return TRUE;
    };
    let set = MORE.try_with(|slots| {
        let mut slots = slots.borrow_mut();
        if slots.len() <= more {
            slots.resize(more + 1, EMPTY);
        }
        slots[more] = slot;
    });
    // A thread that is past its own end has no place for more values.
    if set.is_ok() { TRUE } else { fail(ERROR_NOT_ENOUGH_MEMORY) }
}
