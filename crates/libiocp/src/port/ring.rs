//! The packets that wait, oldest first.

use super::Packet;

/// A queue of packets in one piece of memory, whose length is a power of two.
#[derive(Clone, Debug, Default)]
pub(super) struct Ring {
    slots: Vec<Packet>,
    /// The place of the oldest; counts on beyond the end.
    head: usize,
    len: usize,
    /// So many slots are set aside for packets that must find room.
    promised: usize,
    /// So many are for all packets: the rest of the slots.
    room: usize,
}

/// How many packets the first piece of memory holds.
const FIRST: usize = 16;

impl Ring {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends a packet; false if there is no room for it but what is promised.
    #[inline]
    pub(super) fn push(&mut self, packet: Packet) -> bool {
        let (mask, place) = (self.slots.len().wrapping_sub(1), self.head.wrapping_add(self.len));
        if self.len >= self.room {
            return false;
        }
        let Some(slot) = self.slots.get_mut(place & mask) else { return false };
        *slot = packet;
        self.len += 1;
        true
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<Packet> {
        if self.len == 0 {
            return None;
        }
        // Field by field, so that it comes in registers.
        let place = self.head & self.slots.len().wrapping_sub(1);
        let &Packet { key, overlapped, status, bytes } = self.slots.get(place)?;
        self.head = self.head.wrapping_add(1);
        self.len -= 1;
        Some(Packet { key, overlapped, status, bytes })
    }

    /// Keeps those that `keep` wants, in their order.
    pub(super) fn retain(&mut self, keep: impl Fn(&Packet) -> bool) {
        for _ in 0..self.len {
            if let Some(packet) = self.pop().filter(&keep) {
                // There is room: one has just been taken out.
                self.push(packet);
            }
        }
    }

    /// Makes room for `more` packets beside what is promised; false if there is
    /// no memory.
    pub(super) fn reserve(&mut self, more: usize) -> bool {
        let taken = self.len + self.promised;
        match taken.checked_add(more).and_then(usize::checked_next_power_of_two) {
            Some(wanted) if wanted <= self.slots.len() => true,
            Some(wanted) => self.grow(wanted.max(FIRST)),
            None => false,
        }
    }

    #[cold]
    fn grow(&mut self, length: usize) -> bool {
        let before = self.slots.len();
        if self.slots.try_reserve_exact(length - before).is_err() {
            return false;
        }
        self.slots.resize(length, Packet::default());
        let head = if before == 0 { 0 } else { self.head & (before - 1) };
        // What has wrapped around goes behind what has not; the new part is at
        // least as long as the old one.
        let wrapped = (head + self.len).saturating_sub(before);
        self.slots.copy_within(..wrapped, before);
        self.head = head;
        self.room = length - self.promised;
        true
    }

    /// Sets room for `more` packets aside; false if there is no memory.
    pub(super) fn promise(&mut self, more: usize) -> bool {
        let has_room = self.len + self.promised + more <= self.slots.len() || self.reserve(more);
        if has_room {
            self.promised += more;
            self.room -= more;
        }
        has_room
    }

    /// What was promised to one packet is room for any.
    pub(super) fn keep_promise(&mut self) {
        if self.promised > 0 {
            self.promised -= 1;
            self.room += 1;
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    #[test]
    fn i14_packets_come_out_as_they_went_in_however_it_grows() {
        for shift in 0..300 {
            let (mut ring, mut model) = (Ring::default(), VecDeque::new());
            let mut next = 0;
            let mut push = |ring: &mut Ring, model: &mut VecDeque<usize>| {
                assert!(ring.reserve(1) && ring.push(Packet::new(next, 0, 0)));
                model.push_back(next);
                next += 1;
            };
            for _ in 0..shift {
                push(&mut ring, &mut model);
                assert_eq!(ring.pop().map(|it| it.key), model.pop_front());
            }
            (0..1000).for_each(|_| push(&mut ring, &mut model));
            assert_eq!(ring.len(), model.len());
            while let Some(packet) = ring.pop() {
                assert_eq!(Some(packet.key), model.pop_front());
            }
            assert!(model.is_empty() && ring.is_empty());
        }
    }

    #[test]
    fn what_was_reserved_needs_no_memory() {
        let mut ring = Ring::default();
        assert!(!ring.push(Packet::default()));
        assert!(ring.reserve(1000));
        assert!((0..1000).all(|_| ring.push(Packet::default())));
        assert!(!ring.reserve(usize::MAX));
    }

    #[test]
    fn what_was_promised_is_left_free_and_kept_when_it_grows() {
        let mut ring = Ring::default();
        assert!(ring.promise(10));
        let taken = (0..).take_while(|_| ring.push(Packet::default())).count();
        assert!(ring.reserve(1) && ring.push(Packet::default()));
        assert!(!ring.promise(usize::MAX / 2));
        while ring.push(Packet::default()) {}
        assert_eq!(ring.len() + 10, ring.slots.len());
        for _ in 0..10 {
            ring.keep_promise();
            assert!(ring.push(Packet::default()));
            assert!(!ring.push(Packet::default()));
        }
        assert!(taken > 0 && ring.len() == ring.slots.len());
    }
}
