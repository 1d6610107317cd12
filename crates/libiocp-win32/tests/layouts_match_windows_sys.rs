//! The C headers agree with `windows-sys`: sizes, alignments, offsets and constants.
//!
//! `windows-sys` is generated from Microsoft's own metadata. Nothing of it is linked; its types
//! have the same layout on every 64-bit target.

#![allow(unsafe_code)]

#[allow(dead_code, reason = "each test and xtask use a part")]
mod oracle;

use std::collections::BTreeSet;

#[path = "oracle/errors.rs"]
mod errors;
#[path = "oracle/statuses.rs"]
mod statuses;
#[path = "oracle/structs.rs"]
mod structs;
#[path = "oracle/values.rs"]
mod values;

/// A structure of `windows-sys`.
pub(crate) struct Layout {
    name: &'static str,
    size: usize,
    align: usize,
    fields: Vec<(&'static str, usize, usize)>,
}

fn size_of_pointee<T>(_: *const T) -> usize {
    size_of::<T>()
}

/// One structure: its C name, its type, and the C name and path of each field.
macro_rules! structure {
    ($name:literal $type:ty $(, $field:literal $($path:ident).+)*) => {
        Layout {
            name: $name,
            size: size_of::<$type>(),
            align: align_of::<$type>(),
            fields: vec![$((
                $field,
                std::mem::offset_of!($type, $($path).+),
                {
                    let whole = std::mem::MaybeUninit::<$type>::uninit();
                    // SAFETY: only the place is named; nothing is read.
                    crate::size_of_pointee(unsafe { &raw const (*whole.as_ptr()).$($path).+ })
                },
            )),*],
        }
    };
}

/// Constants of one module.
macro_rules! constants {
    ($all:ident, $module:path; $($name:ident),*) => {{
        use $module as module;
        $($all.push((stringify!($name), module::$name as i64 as u64));)*
    }};
}
pub(crate) use {constants, structure};

#[test]
fn structures_have_windows_layout() {
    let lists = oracle::lists();
    let measured = oracle::measure(&lists).expect("the headers compile");
    let theirs = structs::structures();
    let mut wrong = Vec::new();
    for layout in &theirs {
        let ours = measured.structures.get(layout.name);
        if ours != Some(&(layout.size as u64, layout.align as u64)) {
            wrong.push(format!("{}: {ours:?}, not {} {}", layout.name, layout.size, layout.align));
        }
        for (field, offset, size) in &layout.fields {
            let ours = measured.fields.get(&format!("{} {field}", layout.name));
            if ours != Some(&(*offset as u64, *size as u64)) {
                wrong.push(format!("{}.{field}: {ours:?}, not {offset} {size}", layout.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");

    let compared: BTreeSet<String> = theirs
        .iter()
        .flat_map(|s| s.fields.iter().map(move |f| format!("{} {}", s.name, f.0)))
        .collect();
    let listed: BTreeSet<String> = lists
        .structures
        .iter()
        .filter(|s| s.in_windows_sys)
        .flat_map(|s| s.fields.iter().map(move |f| format!("{} {f}", s.name)))
        .collect();
    assert_eq!(compared, listed, "every listed structure is compared");
}

#[test]
fn constants_have_windows_values() {
    let lists = oracle::lists();
    let measured = oracle::measure(&lists).expect("the headers compile");
    let theirs = [errors::values(), statuses::values(), values::values()].concat();
    let mut wrong = Vec::new();
    for (name, value) in &theirs {
        let same = measured.constants.get(*name).is_some_and(|(ours, size)| {
            if *size == 8 { ours == value } else { *ours as u32 == *value as u32 }
        });
        if !same {
            wrong.push(format!("{name}: {:x?}, not {value:x}", measured.constants.get(*name)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");

    let compared: BTreeSet<&str> = theirs.iter().map(|(name, _)| *name).collect();
    let listed: BTreeSet<&str> =
        lists.constants.iter().filter(|c| c.in_windows_sys).map(|c| c.name.as_str()).collect();
    assert_eq!(compared, listed, "every listed constant is compared");
}
