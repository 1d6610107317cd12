//! Members by the key of their packets. A key is never used again, so a packet
//! that comes late finds nobody.

use super::Member;
use crate::sync::{Arc, Mutex};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// More than processors that look at once.
const SHARDS: usize = 16;

type Shard = HashMap<usize, Arc<Member>, BuildHasherDefault<Identity>>;

#[derive(Debug, Default)]
pub(super) struct Directory([Mutex<Shard>; SHARDS]);

impl Directory {
    fn shard(&self, key: usize) -> &Mutex<Shard> {
        &self.0[key % SHARDS]
    }

    pub(super) fn insert(&self, key: usize, member: Arc<Member>) {
        self.shard(key).lock().insert(key, member);
    }

    pub(super) fn get(&self, key: usize) -> Option<Arc<Member>> {
        self.shard(key).lock().get(&key).cloned()
    }

    pub(super) fn remove(&self, key: usize) -> Option<Arc<Member>> {
        self.shard(key).lock().remove(&key)
    }
}

/// Keys are numbered one after the other: they are their own hash.
#[derive(Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0 << 8 | u64::from(byte);
        }
    }

    fn write_usize(&mut self, key: usize) {
        // The upper bits tell the slots of a bucket apart.
        self.0 = (key as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}
