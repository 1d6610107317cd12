//! Packets by priority, for pools whose members differ in it.

use crate::port::Packet;
use std::collections::VecDeque;

/// Whose callbacks come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// Before all others.
    High,
    /// In between.
    #[default]
    Normal,
    /// After all others.
    Low,
}

/// Packets that wait for a thread. For each the pool's port holds one that
/// stands for any of them.
#[derive(Debug, Default)]
pub(super) struct Lanes([VecDeque<Packet>; 3]);

impl Lanes {
    pub(super) fn push(&mut self, priority: Priority, packet: Packet) {
        self.0[priority as usize].push_back(packet);
    }

    /// The first of those with the highest priority.
    pub(super) fn pop(&mut self) -> Option<Packet> {
        self.0.iter_mut().find_map(VecDeque::pop_front)
    }
}
