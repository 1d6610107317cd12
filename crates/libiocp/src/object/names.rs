//! Names of objects, as long as they have handles.
//!
//! The directory refers to its objects and does not keep them open: an entry
//! whose object has no handles is as good as none, and is swept out later. So
//! closing needs to know nothing of names.

use super::{Object, ObjectRef};
use crate::status::Status;
use crate::sync::Mutex;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Where a session's own objects are.
const LOCAL: &str = r"\Sessions\1\BaseNamedObjects\";
/// Where the objects of all sessions are.
const GLOBAL: &str = r"\BaseNamedObjects\";

/// The full name of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    path: Vec<u16>,
    is_case_insensitive: bool,
}

fn wide(text: &str) -> impl Iterator<Item = u16> + '_ {
    text.encode_utf16()
}

/// `path` without `prefix` before it.
fn after<'a>(path: &'a [u16], prefix: &str) -> Option<&'a [u16]> {
    let length = wide(prefix).count();
    let (start, rest) = path.split_at_checked(length)?;
    wide(prefix).eq(start.iter().copied()).then_some(rest)
}

impl Name {
    /// The name that Win32 functions take: the session's own objects, or those
    /// that a prefix says.
    ///
    /// # Errors
    /// `OBJECT_PATH_NOT_FOUND` for a directory that is not there;
    /// `OBJECT_NAME_INVALID` for nothing behind a prefix.
    pub fn of_win32(name: &[u16]) -> Result<Self, Status> {
        let prefixes = [
            ("Local\\", LOCAL),
            ("Session\\1\\", LOCAL),
            ("Global\\", GLOBAL),
            ("Session\\0\\", GLOBAL),
        ];
        let within = |(prefix, place)| after(name, prefix).map(|rest| (place, rest));
        let (place, rest) = prefixes.into_iter().find_map(within).unwrap_or((LOCAL, name));
        Self::within(place, rest, false)
    }

    /// The name that native functions take: a path from the root.
    ///
    /// # Errors
    /// `OBJECT_PATH_SYNTAX_BAD` if it does not start at the root; otherwise as
    /// [`Name::of_win32`].
    pub fn of_native(path: &[u16], is_case_insensitive: bool) -> Result<Self, Status> {
        if path.first() != Some(&u16::from(b'\\')) {
            return Err(Status::OBJECT_PATH_SYNTAX_BAD);
        }
        let places = [
            (r"\BaseNamedObjects\Local\", LOCAL),
            (r"\BaseNamedObjects\Global\", GLOBAL),
            (GLOBAL, GLOBAL),
            (LOCAL, LOCAL),
        ];
        let within = |(prefix, place)| after(path, prefix).map(|rest| (place, rest));
        let found = places.into_iter().find_map(within);
        let (place, rest) = found.ok_or(Status::OBJECT_PATH_NOT_FOUND)?;
        Self::within(place, rest, is_case_insensitive)
    }

    fn within(place: &str, rest: &[u16], is_case_insensitive: bool) -> Result<Self, Status> {
        if rest.is_empty() {
            return Err(Status::OBJECT_NAME_INVALID);
        }
        if rest.contains(&u16::from(b'\\')) {
            return Err(Status::OBJECT_PATH_NOT_FOUND);
        }
        let path = wide(place).chain(rest.iter().copied()).collect();
        Ok(Self { path, is_case_insensitive })
    }

    fn is(&self, path: &[u16]) -> bool {
        let fold = |path: &[u16]| String::from_utf16_lossy(path).to_uppercase();
        fold(&self.path) == fold(path)
    }
}

/// The objects that have names.
#[derive(Debug, Default)]
pub struct Names(Mutex<Directory>);

#[derive(Debug, Default)]
struct Directory {
    entries: HashMap<Vec<u16>, ObjectRef>,
    /// How many entries there may be before those that are gone are swept out.
    room: usize,
}

impl Directory {
    fn find(&self, name: &Name) -> Option<Object> {
        if let Some(object) = self.entries.get(&name.path).and_then(ObjectRef::open) {
            return Some(object);
        }
        if !name.is_case_insensitive {
            return None;
        }
        let mut alike = self.entries.iter().filter(|(path, _)| name.is(path));
        alike.find_map(|(_, object)| object.open())
    }

    /// What is gone, for the caller to drop.
    fn sweep(&mut self) -> Vec<ObjectRef> {
        if self.entries.len() < self.room {
            return Vec::new();
        }
        let gone = self.entries.extract_if(|_, object| object.handle_count() == 0);
        let gone = gone.map(|(_, object)| object).collect();
        self.room = 2 * self.entries.len() + 16;
        gone
    }
}

impl Names {
    /// One more handle of the object with this name.
    pub fn find(&self, name: &Name) -> Option<Object> {
        self.0.lock().find(name)
    }

    /// One more handle of the object with this name, if there is one; else the
    /// name is that of `object` from now on.
    pub fn find_or_add(&self, name: &Name, object: &Object) -> Option<Object> {
        let reference = object.reference();
        let (found, gone) = {
            let mut directory = self.0.lock();
            match directory.find(name) {
                Some(found) => (Some(found), Vec::new()),
                None => {
                    let mut gone = directory.sweep();
                    match directory.entries.entry(name.path.clone()) {
                        Entry::Occupied(mut entry) => gone.push(entry.insert(reference)),
                        Entry::Vacant(entry) => {
                            entry.insert(reference);
                        }
                    }
                    (None, gone)
                }
            }
        };
        drop(gone);
        found
    }

    /// The full name of an object, if it has one.
    pub fn name_of(&self, object: &ObjectRef) -> Option<Vec<u16>> {
        let directory = self.0.lock();
        let mut entries = directory.entries.iter();
        let (path, _) = entries.find(|(_, named)| named.is_same(object))?;
        Some(path.clone())
    }
}
