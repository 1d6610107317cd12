//! `fibersapi.h`: fiber-local storage, which without fibers is thread-local storage whose
//! callbacks run when a thread ends.
#![allow(unsafe_code, non_snake_case, non_camel_case_types, clippy::missing_safety_doc)]

use std::cell::{Cell, OnceCell};
use std::ffi::c_void;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::codes::{ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY, ERROR_SUCCESS};
use crate::errhandlingapi::{fail, set_last_error};
use crate::types::{BOOL, DWORD, FALSE, LPVOID, TRUE};

/// `PFLS_CALLBACK_FUNCTION`: gets the value of a thread that ends, or of each when the index is
/// freed.
pub type PFLS_CALLBACK_FUNCTION = Option<unsafe extern "C" fn(lpFlsData: *mut c_void)>;

const FLS_OUT_OF_INDEXES: DWORD = 0xFFFF_FFFF;
const SLOTS: usize = 128;

/// A thread's values.
type Values = [AtomicPtr<c_void>; SLOTS];

struct Table {
    used: [bool; SLOTS],
    callbacks: [PFLS_CALLBACK_FUNCTION; SLOTS],
    threads: Vec<Arc<Values>>,
}

static TABLE: Mutex<Table> =
    Mutex::new(Table { used: [false; SLOTS], callbacks: [None; SLOTS], threads: Vec::new() });

/// One bit for each index in use, so that reading a value takes no lock.
static USED: [AtomicU32; SLOTS / 32] = [const { AtomicU32::new(0) }; SLOTS / 32];

fn table() -> MutexGuard<'static, Table> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The values of the calling thread; its end runs the callbacks.
struct Own(Arc<Values>);

impl Drop for Own {
    fn drop(&mut self) {
        let callbacks = {
            let mut table = table();
            table.threads.retain(|values| !Arc::ptr_eq(values, &self.0));
            table.callbacks
        };
        for (value, callback) in self.0.iter().zip(callbacks) {
            call(callback, value.swap(std::ptr::null_mut(), Ordering::AcqRel));
        }
        FAST.set(std::ptr::null());
    }
}

fn call(callback: PFLS_CALLBACK_FUNCTION, value: *mut c_void) {
    if let Some(callback) = callback
        && !value.is_null()
    {
        // SAFETY: the promise of who gave the callback: it takes the values of its index.
        unsafe { callback(value) };
    }
}

thread_local! {
    static OWN: OnceCell<Own> = const { OnceCell::new() };
    /// The values, for reading without the look whether they are there.
    static FAST: Cell<*const Values> = const { Cell::new(std::ptr::null()) };
}

fn in_use(index: DWORD) -> bool {
    let word = USED.get(index as usize / 32);
    word.is_some_and(|word| word.load(Ordering::Acquire) & (1 << (index % 32)) != 0)
}

/// `FlsAlloc`: an index for values of one's own in each thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FlsAlloc(lpCallback: PFLS_CALLBACK_FUNCTION) -> DWORD {
    let mut table = table();
    // Index 0 stays free: programs take 0 for none.
    let Some(index) = (1..SLOTS).find(|&index| !table.used[index]) else {
        set_last_error(ERROR_NOT_ENOUGH_MEMORY);
        return FLS_OUT_OF_INDEXES;
    };
    table.used[index] = true;
    table.callbacks[index] = lpCallback;
    USED[index / 32].fetch_or(1 << (index % 32), Ordering::Release);
    index as DWORD
}

/// `FlsFree`: frees an index; the callback gets each thread's value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FlsFree(dwFlsIndex: DWORD) -> BOOL {
    let (callback, values) = {
        let mut table = table();
        if !in_use(dwFlsIndex) {
            return fail(ERROR_INVALID_PARAMETER);
        }
        let index = dwFlsIndex as usize;
        USED[index / 32].fetch_and(!(1 << (index % 32)), Ordering::Release);
        let values: Vec<_> = table
            .threads
            .iter()
            .map(|thread| thread[index].swap(std::ptr::null_mut(), Ordering::AcqRel))
            .collect();
        table.used[index] = false;
        (table.callbacks[index].take(), values)
    };
    for value in values {
        call(callback, value);
    }
    TRUE
}

/// `FlsGetValue`: the calling thread's value; sets the last error to 0 when the index is good.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FlsGetValue(dwFlsIndex: DWORD) -> LPVOID {
    if !in_use(dwFlsIndex) {
        set_last_error(ERROR_INVALID_PARAMETER);
        return std::ptr::null_mut();
    }
    set_last_error(ERROR_SUCCESS);
    // SAFETY: set from the thread's own values, and cleared before they go.
    match unsafe { FAST.get().as_ref() } {
        Some(values) => values[dwFlsIndex as usize].load(Ordering::Acquire),
        None => std::ptr::null_mut(),
    }
}

/// `FlsSetValue`: sets the calling thread's value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FlsSetValue(dwFlsIndex: DWORD, lpFlsData: LPVOID) -> BOOL {
    if !in_use(dwFlsIndex) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    let set = OWN.try_with(|own| {
        let own = own.get_or_init(|| {
            let values = Arc::new([const { AtomicPtr::new(std::ptr::null_mut()) }; SLOTS]);
            table().threads.push(Arc::clone(&values));
            Own(values)
        });
        FAST.set(Arc::as_ptr(&own.0));
        own.0[dwFlsIndex as usize].store(lpFlsData, Ordering::Release);
    });
    // A thread that is past its own end has no values any more.
    if set.is_ok() { TRUE } else { fail(ERROR_NOT_ENOUGH_MEMORY) }
}

/// `IsThreadAFiber`: no thread is, since there is no way to make one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IsThreadAFiber() -> BOOL {
    FALSE
}
