//! Memory for unbuffered files.

use std::ops::{Deref, DerefMut};

/// Zeroed bytes at an address that unbuffered transfers accept.
///
/// It goes wherever a buffer goes; see
/// [`OpenOptions::no_buffering`](crate::OpenOptions::no_buffering).
///
/// # Examples
/// ```
/// let buffer = libiocp::AlignedBuffer::new(8192, 4096);
/// assert_eq!(buffer.len(), 8192);
/// assert_eq!(buffer.as_ptr() as usize % 4096, 0);
/// ```
#[doc(alias = "VirtualAlloc")]
#[derive(Debug)]
pub struct AlignedBuffer {
    memory: Vec<u8>,
    start: usize,
    length: usize,
}

impl AlignedBuffer {
    /// `length` bytes at a multiple of `alignment` bytes.
    ///
    /// # Panics
    /// If `alignment` is 0, or the sum of both exceeds the address space.
    pub fn new(length: usize, alignment: usize) -> Self {
        assert!(alignment > 0, "an alignment is a number of bytes");
        // A vector that is not grown stays where it is.
        let memory = vec![0; length + alignment - 1];
        let address = memory.as_ptr() as usize;
        Self { start: address.next_multiple_of(alignment) - address, memory, length }
    }
}

impl Deref for AlignedBuffer {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.length]
    }
}

impl DerefMut for AlignedBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.start + self.length]
    }
}

impl AsRef<[u8]> for AlignedBuffer {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl AsMut<[u8]> for AlignedBuffer {
    fn as_mut(&mut self) -> &mut [u8] {
        self
    }
}
