//! `timezoneapi.h`: file times, system times and the local zone.
#![allow(unsafe_code, non_snake_case, clippy::missing_safety_doc)]

use crate::codes::ERROR_INVALID_PARAMETER;
use crate::errhandlingapi::fail;
use crate::types::{BOOL, FILETIME, SYSTEMTIME, TRUE, WORD};

const TICKS_PER_SECOND: u64 = 10_000_000;
const SECONDS_PER_DAY: u64 = 86_400;
/// Seconds from 1601-01-01 to 1970-01-01.
const UNIX_EPOCH_SECONDS: u64 = 11_644_473_600;
const YEAR_MIN: u16 = 1601;
const YEAR_MAX: u16 = 30827;

/// 100-nanosecond ticks as a `FILETIME`.
pub(crate) fn filetime(ticks: u64) -> FILETIME {
    FILETIME { dwLowDateTime: ticks as u32, dwHighDateTime: (ticks >> 32) as u32 }
}

/// A `FILETIME` as 100-nanosecond ticks.
pub(crate) fn ticks(time: FILETIME) -> u64 {
    (u64::from(time.dwHighDateTime) << 32) | u64::from(time.dwLowDateTime)
}

/// A Unix time as 100-nanosecond ticks since 1601.
pub(crate) fn unix_ticks(time: libc::timespec) -> u64 {
    let seconds = time.tv_sec.saturating_add(UNIX_EPOCH_SECONDS as i64);
    u64::try_from(seconds).unwrap_or(0) * TICKS_PER_SECOND + (time.tv_nsec / 100) as u64
}

/// Days since 1601-01-01 of a date of the Gregorian calendar.
fn days_of(year: u64, month: u64, day: u64) -> u64 {
    // Years begin in March, so that the leap day comes last.
    let shifted = if month > 2 { year } else { year - 1 };
    let month_index = (month + 9) % 12;
    let day_of_year = (153 * month_index + 2) / 5 + day - 1;
    let since_year_zero = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + day_of_year;
    // 1601-01-01 in the same count.
    since_year_zero - 584_694
}

/// The year, month and day of a day since 1601-01-01.
fn date_of(days: u64) -> (u64, u64, u64) {
    let count = days + 584_694;
    let era = count / 146_097;
    let of_era = count % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in_month(year: u16, month: u16) -> u16 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// The date and time of ticks since 1601.
pub(crate) fn system_time(ticks: u64) -> SYSTEMTIME {
    let seconds = ticks / TICKS_PER_SECOND;
    let days = seconds / SECONDS_PER_DAY;
    let of_day = seconds % SECONDS_PER_DAY;
    let (year, month, day) = date_of(days);
    SYSTEMTIME {
        wYear: year as WORD,
        wMonth: month as WORD,
        // 1601-01-01 was a Monday.
        wDayOfWeek: ((days + 1) % 7) as WORD,
        wDay: day as WORD,
        wHour: (of_day / 3600) as WORD,
        wMinute: (of_day / 60 % 60) as WORD,
        wSecond: (of_day % 60) as WORD,
        wMilliseconds: (ticks / 10_000 % 1000) as WORD,
    }
}

/// Ticks since 1601 of a date and time, or `None` when there is no such moment.
fn ticks_of(time: &SYSTEMTIME) -> Option<u64> {
    let valid = (YEAR_MIN..=YEAR_MAX).contains(&time.wYear)
        && (1..=12).contains(&time.wMonth)
        && (1..=days_in_month(time.wYear, time.wMonth)).contains(&time.wDay)
        && time.wHour < 24
        && time.wMinute < 60
        && time.wSecond < 60
        && time.wMilliseconds < 1000;
    if !valid {
        return None;
    }
    let days = days_of(time.wYear.into(), time.wMonth.into(), time.wDay.into());
    let seconds = days * SECONDS_PER_DAY
        + u64::from(time.wHour) * 3600
        + u64::from(time.wMinute) * 60
        + u64::from(time.wSecond);
    let ticks = seconds * TICKS_PER_SECOND + u64::from(time.wMilliseconds) * 10_000;
    (ticks < 1 << 63).then_some(ticks)
}

/// Seconds the local zone is ahead of UTC, now.
pub(crate) fn local_offset() -> i64 {
    let now = crate::sysinfoapi::clock(libc::CLOCK_REALTIME).tv_sec;
    // SAFETY: all-zero is a valid `tm`.
    let mut local: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both are valid for the call.
    unsafe { libc::localtime_r(&raw const now, &raw mut local) };
    local.tm_gmtoff
}

/// Ticks moved by the zone's offset, in the direction of `sign`.
pub(crate) fn shifted(ticks: u64, sign: i64) -> u64 {
    ticks.saturating_add_signed(sign * local_offset() * TICKS_PER_SECOND as i64)
}

/// `FileTimeToSystemTime`: a file time as a date and time, in UTC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FileTimeToSystemTime(
    lpFileTime: *const FILETIME,
    lpSystemTime: *mut SYSTEMTIME,
) -> BOOL {
    // SAFETY: the caller's promise: readable.
    let ticks = ticks(unsafe { lpFileTime.read() });
    if ticks >= 1 << 63 {
        return fail(ERROR_INVALID_PARAMETER);
    }
    // SAFETY: the caller's promise: valid for writes.
    unsafe { lpSystemTime.write(system_time(ticks)) };
    TRUE
}

/// `SystemTimeToFileTime`: a date and time as a file time. The day of the week is not looked at.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SystemTimeToFileTime(
    lpSystemTime: *const SYSTEMTIME,
    lpFileTime: *mut FILETIME,
) -> BOOL {
    // SAFETY: the caller's promise: readable.
    let Some(ticks) = ticks_of(unsafe { &*lpSystemTime }) else {
        return fail(ERROR_INVALID_PARAMETER);
    };
    // SAFETY: the caller's promise: valid for writes.
    unsafe { lpFileTime.write(filetime(ticks)) };
    TRUE
}
