//! Copies a file with several reads and writes in flight.
//!
//! ```text
//! cargo run --release --example file_copy -- SOURCE TARGET
//! ```
//!
//! Each of the blocks in flight is read, written where it belongs, and then
//! used for the next part that nobody has begun.

use libiocp::{Completion, CompletionPort, File, win32_code};
use std::io;

const BLOCKS_IN_FLIGHT: usize = 16;
const BLOCK_BYTES: usize = 64 * 1024;
const ERROR_HANDLE_EOF: u32 = 38;

const SOURCE: usize = 1;
const TARGET: usize = 2;

/// A piece of the file on its way.
struct Block {
    bytes: Vec<u8>,
    offset: u64,
}

impl AsMut<[u8]> for Block {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

struct Copy {
    port: CompletionPort,
    source: File,
    target: File,
    next_offset: u64,
    in_flight: usize,
    copied_bytes: u64,
}

fn main() -> io::Result<()> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [source, target] = arguments.as_slice() else {
        eprintln!("usage: file_copy SOURCE TARGET");
        std::process::exit(2);
    };
    let mut copy = Copy {
        port: CompletionPort::new(1)?,
        source: File::open(source)?,
        target: File::create(target)?,
        next_offset: 0,
        in_flight: 0,
        copied_bytes: 0,
    };
    copy.source.associate(&copy.port, SOURCE)?;
    copy.target.associate(&copy.port, TARGET)?;
    for _ in 0..BLOCKS_IN_FLIGHT {
        copy.read_next(Block { bytes: Vec::new(), offset: 0 })?;
    }
    while copy.in_flight > 0 {
        let completion = copy.port.get(None)?;
        copy.go_on(completion)?;
    }
    eprintln!("{} bytes", copy.copied_bytes);
    Ok(())
}

impl Copy {
    /// Reads the next part of the source into a block that is free.
    fn read_next(&mut self, mut block: Block) -> io::Result<()> {
        block.bytes.resize(BLOCK_BYTES, 0);
        block.offset = self.next_offset;
        self.next_offset += BLOCK_BYTES as u64;
        let offset = block.offset;
        self.source.start_read(block, offset)?;
        self.in_flight += 1;
        Ok(())
    }

    fn go_on(&mut self, completion: Completion) -> io::Result<()> {
        self.in_flight -= 1;
        let (key, result) = (completion.key(), completion.result());
        let Ok(mut block) = completion.into_payload::<Block>() else { return Ok(()) };
        match result {
            // Behind the end: this block is not needed any more.
            Err(error) if win32_code(&error) == Some(ERROR_HANDLE_EOF) => Ok(()),
            Err(error) => Err(error),
            Ok(bytes) if key == SOURCE => {
                block.bytes.truncate(bytes);
                let offset = block.offset;
                self.target.start_write(block, offset)?;
                self.in_flight += 1;
                Ok(())
            }
            Ok(bytes) => {
                self.copied_bytes += bytes as u64;
                self.read_next(block)
            }
        }
    }
}
