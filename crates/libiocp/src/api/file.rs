//! Disk files.
#![allow(unsafe_code)]

use super::PortRef;
use super::default_engine::default_engine;
use super::error::{check_not_forked, from_status};
use super::operation::{Operation, Refused, emptied, filled, start};
use super::owned::Owned;
use crate::device::{Device, Disk, EndOfFile, Verb};
use crate::engine::{Buffer, DiskFile, DiskOp, Engine};
use crate::file;
use crate::status::Status;
use crate::sync::Arc;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A disk file, kept open.
///
/// This is a handle: a clone is another one, and the file closes when the last
/// is dropped. Operations that are pending then are cancelled, and each still
/// completes, once.
///
/// There is no file pointer: every transfer names its offset. Operations that
/// are started run side by side and complete in any order.
///
/// # Examples
/// ```
/// use libiocp::{CompletionPort, File};
///
/// let port = CompletionPort::new(0)?;
/// let file = File::open("/etc/hostname")?;
/// file.associate(&port, 1)?;
/// file.start_read(vec![0; 64], 0)?;
///
/// let completion = port.get(None)?;
/// let bytes = completion.result()?;
/// let mut buffer = completion.into_payload::<Vec<u8>>().unwrap();
/// buffer.truncate(bytes);
/// # assert_eq!(buffer, std::fs::read("/etc/hostname")?[..bytes]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias = "CreateFile")]
#[doc(alias = "HANDLE")]
#[derive(Clone, Debug)]
pub struct File(Owned<file::File>);

impl File {
    /// Opens a file that exists, to read it.
    ///
    /// # Errors
    /// As [`OpenOptions::open`].
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::options().read(true).open(path)
    }

    /// Creates a file, or empties the one there is, to read and write it.
    ///
    /// # Errors
    /// As [`OpenOptions::open`].
    #[doc(alias = "CREATE_ALWAYS")]
    pub fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::options().read(true).write(true).create(true).truncate(true).open(path)
    }

    /// Every other way to open a file.
    pub fn options() -> OpenOptions {
        OpenOptions::default()
    }

    /// A file over what an engine works on: for the fake engine's files.
    pub fn over(engine: &Arc<Engine>, disk: Arc<DiskFile>) -> Self {
        Self::of(Disk::new(disk), engine)
    }

    fn of(disk: Disk, engine: &Arc<Engine>) -> Self {
        let device = Device::Disk(Arc::new(disk));
        Self(Owned::new(file::File::new(device, Arc::clone(engine), true), engine))
    }

    fn disk(&self) -> &Disk {
        match self.0.object().device() {
            Device::Disk(disk) => disk,
            Device::Socket(_) => unreachable!("a file was made over a disk file"),
        }
    }

    /// Ties the file to a port, once and for good: every operation of any of
    /// its handles reports there with `key`, also those that are pending.
    ///
    /// # Errors
    /// Code 87, `ERROR_INVALID_PARAMETER`: the file has a port, or belongs to
    /// another engine than `port`. Code 50 in the child of a fork.
    #[doc(alias = "CreateIoCompletionPort")]
    pub fn associate(&self, port: &PortRef, key: usize) -> io::Result<()> {
        self.0.associate(port, key)
    }

    /// Starts to read at `offset` bytes from the file's start, until the buffer
    /// is full or the file ends. The payload of the completion is the buffer,
    /// as long as it was; at the end of the file the outcome is code 38.
    ///
    /// Without a port when it is over, the outcome is lost and the buffer
    /// dropped.
    ///
    /// # Errors
    /// The buffer comes back. Code 87 for an offset out of range, or one that
    /// [`File::alignment`] does not divide; code 50 in the child of a fork.
    ///
    /// # Panics
    /// If the buffer's `as_mut` does.
    #[doc(alias = "ReadFile")]
    pub fn start_read<B>(&self, buffer: B, offset: u64) -> Result<Operation, Refused<B>>
    where
        B: AsMut<[u8]> + Send + 'static,
    {
        let verb = |buffer: &mut B| Verb::Disk(DiskOp::Read(filled(buffer), offset));
        start(self.0.object(), offset, buffer, verb)
    }

    /// Starts to write the whole buffer at `offset` bytes from the file's
    /// start; the file grows as needed.
    ///
    /// # Errors
    /// As [`File::start_read`].
    ///
    /// # Panics
    /// If the buffer's `as_ref` does.
    #[doc(alias = "WriteFile")]
    pub fn start_write<B>(&self, buffer: B, offset: u64) -> Result<Operation, Refused<B>>
    where
        B: AsRef<[u8]> + Send + 'static,
    {
        let is_durable = self.disk().is_durable();
        let verb =
            |buffer: &mut B| Verb::Disk(DiskOp::Write(emptied(&*buffer), offset, is_durable));
        start(self.0.object(), offset, buffer, verb)
    }

    /// Starts to write the whole buffer at the end of the file, wherever that
    /// is by then.
    ///
    /// # Errors
    /// As [`File::start_read`].
    ///
    /// # Panics
    /// If the buffer's `as_ref` does.
    #[doc(alias = "FILE_APPEND_DATA")]
    pub fn start_append<B>(&self, buffer: B) -> Result<Operation, Refused<B>>
    where
        B: AsRef<[u8]> + Send + 'static,
    {
        let is_durable = self.disk().is_durable();
        let verb = |buffer: &mut B| Verb::Disk(DiskOp::Append(emptied(&*buffer), is_durable));
        start(self.0.object(), u64::MAX, buffer, verb)
    }

    /// Reads at `offset` in the calling thread, which waits: bytes read, 0 at
    /// the end of the file.
    ///
    /// # Errors
    /// As [`File::start_read`], and what the device reports.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        // SAFETY: the operation is over when `wait_for` returns.
        let buffer = unsafe { Buffer::new(buffer.as_mut_ptr(), buffer.len()) };
        self.wait_for(DiskOp::Read(buffer, offset))
    }

    /// Writes the whole buffer at `offset` in the calling thread, which waits.
    ///
    /// # Errors
    /// As [`File::start_write`], and what the device reports.
    pub fn write_at(&self, buffer: &[u8], offset: u64) -> io::Result<usize> {
        // SAFETY: as in `read_at`; a write only reads.
        let buffer = unsafe { Buffer::new(buffer.as_ptr().cast_mut(), buffer.len()) };
        self.wait_for(DiskOp::Write(buffer, offset, self.disk().is_durable()))
    }

    fn wait_for(&self, op: DiskOp) -> io::Result<usize> {
        let engine = self.0.engine();
        check_not_forked(engine)?;
        let refused = self.disk().check(op);
        if refused.is_error() {
            return Err(from_status(refused));
        }
        let outcome = crate::sync::blocking(|| engine.carry_out(self.disk().file(), op));
        let (status, bytes) = Disk::settle(op, &outcome, EndOfFile::IsSuccess);
        if status.is_success() { Ok(bytes) } else { Err(from_status(status)) }
    }

    /// Asks for the end of every pending operation on the file, whoever
    /// started it; tells whether there was any. Each still completes.
    #[doc(alias = "CancelIoEx")]
    pub fn cancel_all(&self) -> bool {
        self.0.cancel_all()
    }

    /// Like [`File::cancel_all`], for what the calling thread has started.
    #[doc(alias = "CancelIo")]
    pub fn cancel_mine(&self) -> bool {
        self.0.cancel_mine()
    }

    /// What offsets, lengths and buffer addresses must be multiples of, in
    /// bytes: 1 unless the file was opened with
    /// [`OpenOptions::no_buffering`].
    pub fn alignment(&self) -> u32 {
        self.disk().alignment()
    }

    /// The length of the file in bytes.
    ///
    /// # Errors
    /// What the kernel says; kind `Unsupported` in the fake engine.
    #[doc(alias = "GetFileSizeEx")]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> io::Result<u64> {
        Ok(self.as_std()?.metadata()?.len())
    }

    /// Cuts or extends the file, with zeroes, to `length` bytes.
    ///
    /// # Errors
    /// As [`File::len`].
    #[doc(alias = "SetEndOfFile")]
    pub fn set_len(&self, length: u64) -> io::Result<()> {
        self.as_std()?.set_len(length)
    }

    /// Waits until everything written is on the medium.
    ///
    /// # Errors
    /// As [`File::len`].
    #[doc(alias = "FlushFileBuffers")]
    pub fn sync_all(&self) -> io::Result<()> {
        let file = self.as_std()?;
        crate::sync::blocking(|| file.sync_all())
    }

    /// The same file for what has nothing to do with ports.
    fn as_std(&self) -> io::Result<std::fs::File> {
        let fd = self.disk().file().as_fd().ok_or(io::ErrorKind::Unsupported)?;
        Ok(fd.try_clone_to_owned()?.into())
    }
}

impl AsFd for File {
    /// # Panics
    /// If the file is the fake engine's, which has no descriptors.
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self.disk().file().as_fd() {
            Some(fd) => fd,
            None => panic!("the fake engine has no descriptors"),
        }
    }
}

/// How to open a file; begins with everything `false`.
#[doc(alias = "CreateFile")]
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    read: bool,
    write: bool,
    create: bool,
    create_new: bool,
    truncate: bool,
    no_buffering: bool,
    write_through: bool,
    delete_on_close: bool,
    engine: Option<Arc<Engine>>,
}

impl OpenOptions {
    /// Whether the file may be read.
    #[doc(alias = "GENERIC_READ")]
    pub fn read(&mut self, read: bool) -> &mut Self {
        self.read = read;
        self
    }

    /// Whether the file may be written.
    #[doc(alias = "GENERIC_WRITE")]
    pub fn write(&mut self, write: bool) -> &mut Self {
        self.write = write;
        self
    }

    /// Whether the file is created if it does not exist; needs `write`.
    #[doc(alias = "OPEN_ALWAYS")]
    pub fn create(&mut self, create: bool) -> &mut Self {
        self.create = create;
        self
    }

    /// Whether the file must not exist and is created; needs `write`.
    #[doc(alias = "CREATE_NEW")]
    pub fn create_new(&mut self, create_new: bool) -> &mut Self {
        self.create_new = create_new;
        self
    }

    /// Whether the file is emptied; needs `write`.
    #[doc(alias = "TRUNCATE_EXISTING")]
    pub fn truncate(&mut self, truncate: bool) -> &mut Self {
        self.truncate = truncate;
        self
    }

    /// Whether transfers go round the page cache. Offsets, lengths and
    /// addresses must be multiples of [`File::alignment`] then;
    /// [`AlignedBuffer`](crate::AlignedBuffer) helps.
    #[doc(alias = "FILE_FLAG_NO_BUFFERING")]
    pub fn no_buffering(&mut self, no_buffering: bool) -> &mut Self {
        self.no_buffering = no_buffering;
        self
    }

    /// Whether a write completes only when it is on the medium.
    #[doc(alias = "FILE_FLAG_WRITE_THROUGH")]
    pub fn write_through(&mut self, write_through: bool) -> &mut Self {
        self.write_through = write_through;
        self
    }

    /// Whether the file's name is removed when its last handle closes.
    #[doc(alias = "FILE_FLAG_DELETE_ON_CLOSE")]
    pub fn delete_on_close(&mut self, delete_on_close: bool) -> &mut Self {
        self.delete_on_close = delete_on_close;
        self
    }

    /// The engine, instead of the process' own.
    pub fn engine(&mut self, engine: &Arc<Engine>) -> &mut Self {
        self.engine = Some(Arc::clone(engine));
        self
    }

    /// Opens the file, for operations that are overlapped.
    ///
    /// # Errors
    /// As `std::fs::OpenOptions::open`; code 5, `ERROR_ACCESS_DENIED`, for a
    /// directory; code 50 in the child of a fork.
    #[doc(alias = "FILE_FLAG_OVERLAPPED")]
    pub fn open(&self, path: impl AsRef<Path>) -> io::Result<File> {
        let engine = match &self.engine {
            Some(engine) => engine,
            None => default_engine()?,
        };
        check_not_forked(engine)?;
        let path = path.as_ref();
        let file = self.open_descriptor(path)?;
        if file.metadata()?.is_dir() {
            return Err(from_status(Status::ACCESS_DENIED));
        }
        let file = engine.disk_file(OwnedFd::from(file));
        let alignment = if self.no_buffering { file.unbuffered_alignment() } else { 1 };
        let mut disk = Disk::new(file).aligned_to(alignment).durable(self.write_through);
        if self.delete_on_close {
            let path: PathBuf = std::path::absolute(path)?;
            disk = disk.deleted_on_close(path);
        }
        Ok(File::of(disk, engine))
    }

    fn open_descriptor(&self, path: &Path) -> io::Result<std::fs::File> {
        let mut options = std::fs::OpenOptions::new();
        options.read(self.read).write(self.write).truncate(self.truncate);
        options.create(self.create).create_new(self.create_new);
        if !self.no_buffering {
            return options.open(path);
        }
        match options.custom_flags(libc::O_DIRECT).open(path) {
            // A file system without unbuffered access: the checks stay.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
                options.custom_flags(0).open(path)
            }
            opened => opened,
        }
    }
}
