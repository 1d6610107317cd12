//! Operations of the Rust API: what comes back, and that it does, once.

mod support;

use libiocp::{TcpListener, TcpSocket, TcpStream, status_of, win32_code, winsock_code};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Duration;
use support::{Census, LIMIT, World, assert_no_packet, code, get, on_each_engine};
use support::{on_kernel_engines, temporary_path};

const ERROR_HANDLE_EOF: u32 = 38;
const ERROR_INVALID_PARAMETER: u32 = 87;
const ERROR_OPERATION_ABORTED: u32 = 995;
const ERROR_CONNECTION_ABORTED: u32 = 1236;

/// The packet of a read carries the file's key, the byte count, and the buffer
/// with the data.
#[test]
fn a_packet_carries_key_bytes_and_buffer() {
    on_each_engine(|world| {
        let (port, file) = (world.port(1), world.file(b"0123456789"));
        file.associate(&port, 42).unwrap();
        let operation = file.start_read(vec![0; 4], 3).unwrap();
        let completion = get(&port);
        assert_eq!((completion.key(), completion.bytes()), (42, 4));
        assert_eq!(completion.result().unwrap(), 4);
        assert!(completion.is_of(&operation) && !operation.is_pending());
        assert_eq!(completion.into_payload::<Vec<u8>>().unwrap(), b"3456");
        assert_no_packet(&port);
    });
}

/// What one end sends the other receives; the byte count is what arrived.
#[test]
fn a_receive_brings_what_was_sent() {
    on_each_engine(|world| {
        let (port, (one, other)) = (world.port(1), world.pair());
        other.associate(&port, 2).unwrap();
        let receive = other.start_receive([0u8; 64]).unwrap();
        assert!(receive.is_pending());
        one.start_send(Box::<[u8]>::from(&b"hello"[..])).unwrap();
        let completion = get(&port);
        assert_eq!((completion.key(), completion.result().unwrap()), (2, 5));
        assert_eq!(&completion.into_payload::<[u8; 64]>().unwrap()[..5], b"hello");
    });
}

/// A payload is given back as what it is, or the completion stays whole.
#[test]
fn a_payload_of_another_type_is_not_given() {
    on_each_engine(|world| {
        let (port, file) = (world.port(1), world.file(b"x"));
        file.associate(&port, 1).unwrap();
        file.start_write(String::from("text"), 0).unwrap();
        let mut completion = get(&port);
        assert!(completion.has_payload::<String>() && !completion.has_payload::<Vec<u8>>());
        let completion = completion.into_payload::<Vec<u8>>().unwrap_err();
        assert_eq!(completion.key(), 1);
        assert_eq!(completion.into_payload::<String>().unwrap(), "text");
    });
}

/// A read behind the end fails, with a packet and with its buffer.
/// Rules: FILE-05, PORT-123.
#[test]
fn a_failed_operation_has_a_packet_and_its_buffer() {
    on_each_engine(|world| {
        let (port, file) = (world.port(1), world.file(b"abc"));
        file.associate(&port, 1).unwrap();
        file.start_read(vec![7; 8], 100).unwrap();
        let completion = get(&port);
        let error = completion.result().unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
        assert_eq!(win32_code(&error), Some(ERROR_HANDLE_EOF));
        assert_eq!(status_of(&error), Some(libiocp::Status::END_OF_FILE));
        assert_eq!(completion.into_payload::<Vec<u8>>().unwrap(), vec![7; 8]);
    });
}

/// An operation that is refused gives its buffer back and posts no packet.
#[test]
fn a_refused_operation_gives_its_buffer_back() {
    on_each_engine(|world| {
        let (port, file, census) = (world.port(1), world.file(b"abc"), Census::default());
        file.associate(&port, 1).unwrap();
        let refused = file.start_read(census.buffer(b"12"), u64::MAX).unwrap_err();
        assert_eq!(win32_code(&refused.error), Some(ERROR_INVALID_PARAMETER));
        assert_eq!(refused.payload.bytes, b"12");
        drop(refused);
        assert_eq!(census.living(), 0);
        assert_no_packet(&port);
    });
}

/// The peer's graceful end is a success of 0 bytes.
#[test]
fn a_graceful_close_is_a_success_of_no_bytes() {
    on_each_engine(|world| {
        let (port, (one, other)) = (world.port(1), world.pair());
        other.associate(&port, 1).unwrap();
        other.start_receive(vec![0; 8]).unwrap();
        one.shutdown(Shutdown::Write).unwrap();
        assert_eq!(get(&port).result().unwrap(), 0);
    });
}

/// Cancelling one operation ends it with 995 and leaves the other; its buffer
/// comes back.
#[test]
fn cancel_gives_the_buffer_back() {
    on_each_engine(|world| {
        let (port, (one, other)) = (world.port(1), world.pair());
        other.associate(&port, 1).unwrap();
        let first = other.start_receive(vec![1; 8]).unwrap();
        let second = other.start_receive(vec![2; 8]).unwrap();
        assert!(first.cancel());
        let completion = get(&port);
        assert!(completion.is_of(&first) && !completion.is_of(&second));
        assert_eq!(code(completion.result()), ERROR_OPERATION_ABORTED);
        assert_eq!(completion.into_payload::<Vec<u8>>().unwrap(), vec![1; 8]);
        assert!(!first.cancel() && second.is_pending());

        one.start_send(vec![9; 3]).unwrap();
        let completion = get(&port);
        assert!(completion.is_of(&second));
        assert_eq!(completion.result().unwrap(), 3);
    });
}

/// The last handle of a socket completes each pending operation exactly once;
/// a clone keeps it open.
#[test]
fn dropping_a_file_completes_each_operation_once() {
    on_each_engine(|world| {
        let (port, (_one, other)) = (world.port(1), world.pair());
        let census = Census::default();
        other.associate(&port, 5).unwrap();
        for _ in 0..10 {
            other.start_receive(census.buffer(&[0; 16])).unwrap();
        }
        let clone = other.clone();
        drop(other);
        assert_no_packet(&port);
        drop(clone);
        for _ in 0..10 {
            let completion = get(&port);
            assert_eq!(completion.key(), 5);
            assert_eq!(code(completion.result()), ERROR_CONNECTION_ABORTED);
        }
        assert_no_packet(&port);
        assert_eq!(census.living(), 0);
    });
}

/// Without a port when it is over, an operation's buffer is dropped.
#[test]
fn an_operation_without_a_port_frees_its_buffer() {
    on_each_engine(|world| {
        let (file, (one, other)) = (world.file(b"abc"), world.pair());
        let census = Census::default();
        file.start_read(census.buffer(&[0; 3]), 0).unwrap();
        other.start_receive(census.buffer(&[0; 3])).unwrap();
        one.start_send(census.buffer(b"xyz")).unwrap();
        world.until("all buffers are dropped", || census.living() == 0);
    });
}

/// Operations of a thread that has exited complete with their data.
#[test]
fn operations_of_an_exited_thread_complete() {
    on_each_engine(|world| {
        let (port, (one, other)) = (world.port(1), world.pair());
        other.associate(&port, 1).unwrap();
        let starter = other.clone();
        std::thread::spawn(move || starter.start_receive(vec![0; 8]).map(drop))
            .join()
            .unwrap()
            .unwrap();
        one.start_send(*b"late").unwrap();
        let completion = get(&port);
        assert_eq!(completion.result().unwrap(), 4);
        assert_eq!(&completion.into_payload::<Vec<u8>>().unwrap()[..4], b"late");
    });
}

/// An accept's payload is the connection, with both addresses.
#[test]
fn an_accept_brings_the_connection() {
    on_kernel_engines(|world| {
        let (port, listener) = listening(world);
        listener.start_accept().unwrap();
        let address = listener.local_addr().unwrap();
        let mut client = std::net::TcpStream::connect(address).unwrap();
        let completion = get(&port);
        completion.result().unwrap();
        let mut stream = completion.into_payload::<TcpStream>().unwrap();
        assert_eq!(stream.peer_addr().unwrap(), client.local_addr().unwrap());
        assert_eq!(stream.local_addr().unwrap(), address);
        stream.set_nodelay(true).unwrap();
        client.write_all(b"abc").unwrap();
        let mut bytes = [0; 3];
        stream.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"abc");
    });
}

/// Dropping a listener completes each accept; the payload is not connected.
#[test]
fn dropping_a_listener_completes_its_accepts() {
    on_kernel_engines(|world| {
        let (port, listener) = listening(world);
        for _ in 0..3 {
            listener.start_accept().unwrap();
        }
        drop(listener);
        for _ in 0..3 {
            let completion = get(&port);
            assert_eq!(code(completion.result()), ERROR_OPERATION_ABORTED);
            let stream = completion.into_payload::<TcpStream>().unwrap();
            assert_eq!(winsock_code(&stream.peer_addr().unwrap_err()), Some(10057));
        }
        assert_no_packet(&port);
    });
}

/// A connect that succeeds, and one where nobody listens.
#[test]
fn a_connect_brings_the_connection_or_the_reason() {
    on_kernel_engines(|world| {
        let port = world.port(1);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let socket = TcpSocket::with_engine(&world.engine, address).unwrap();
        socket.associate(&port, 8).unwrap();
        socket.start_connect(address).unwrap();
        let completion = get(&port);
        assert_eq!((completion.key(), completion.result().unwrap()), (8, 0));
        let stream = completion.into_payload::<TcpStream>().unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);

        drop(listener);
        let socket = TcpSocket::with_engine(&world.engine, address).unwrap();
        socket.associate(&port, 9).unwrap();
        let error = match socket.start_connect(address) {
            Ok(_) => get(&port).result().unwrap_err(),
            Err(refused) => refused.error,
        };
        assert_eq!(winsock_code(&error), Some(10061));
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    });
}

/// A blocking read gives up after its time, and the stream goes on.
#[test]
fn a_read_gives_up_after_its_time() {
    on_each_engine(|world| {
        let (one, other) = world.pair();
        let mut bytes = [0; 4];
        let error = other.read_timeout(&mut bytes, Duration::from_millis(5)).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
        one.write_timeout(b"here", LIMIT).unwrap();
        assert_eq!(other.read_timeout(&mut bytes, LIMIT).unwrap(), 4);
    });
}

/// What is written at an offset and at the end is there for blocking reads.
#[test]
fn writes_and_appends_arrive() {
    on_each_engine(|world| {
        let (port, file) = (world.port(1), world.file(b"......"));
        file.associate(&port, 1).unwrap();
        file.start_write(*b"ab", 2).unwrap();
        assert_eq!(get(&port).result().unwrap(), 2);
        file.start_append(vec![b'!'; 2]).unwrap();
        assert_eq!(get(&port).result().unwrap(), 2);
        let mut bytes = [0; 16];
        assert_eq!(file.read_at(&mut bytes, 0).unwrap(), 8);
        assert_eq!(&bytes[..8], b"..ab..!!");
        assert_eq!(file.read_at(&mut bytes, 8).unwrap(), 0);
        file.write_at(b"cd", 0).unwrap();
        file.read_at(&mut bytes, 0).unwrap();
        assert_eq!(&bytes[..2], b"cd");
    });
}

/// An unbuffered file refuses what is not aligned, and takes what is.
#[test]
fn an_unbuffered_file_wants_alignment() {
    on_kernel_engines(|world| {
        let (port, path) = (world.port(1), temporary_path());
        let mut options = libiocp::File::options();
        options.read(true).write(true).create_new(true).delete_on_close(true);
        let file = options.no_buffering(true).engine(&world.engine).open(&path).unwrap();
        file.associate(&port, 1).unwrap();
        let alignment = file.alignment() as usize;
        let mut buffer = libiocp::AlignedBuffer::new(alignment, alignment);
        buffer[0] = 77;
        file.start_write(buffer, 0).unwrap();
        assert_eq!(get(&port).result().unwrap(), alignment);
        let refused = file.start_read(vec![0; 3], 0).unwrap_err();
        assert_eq!(win32_code(&refused.error), Some(ERROR_INVALID_PARAMETER));
        let buffer = libiocp::AlignedBuffer::new(alignment, alignment);
        file.start_read(buffer, 0).unwrap();
        let completion = get(&port);
        let buffer = completion.into_payload::<libiocp::AlignedBuffer>().unwrap();
        assert_eq!(buffer[0], 77);
        assert_eq!(file.len().unwrap(), alignment as u64);
        drop(file);
        assert!(!path.exists(), "the name goes with the last handle");
    });
}

/// A file has one engine, and its port is of the same.
#[test]
fn a_port_takes_files_of_its_own_engine() {
    on_each_engine(|world| {
        let stranger = support::fake(9, libiocp::engine::Faults::default());
        let (port, file) = (stranger.port(1), world.file(b""));
        assert_eq!(code(file.associate(&port, 1)), ERROR_INVALID_PARAMETER);
    });
}

/// What a server keeps may go from thread to thread.
#[test]
fn everything_may_go_to_another_thread() {
    fn goes<T: Send + Sync>() {}
    goes::<libiocp::CompletionPort>();
    goes::<libiocp::PortRef>();
    goes::<libiocp::File>();
    goes::<TcpListener>();
    goes::<TcpStream>();
    goes::<TcpSocket>();
    goes::<libiocp::Operation>();
    goes::<libiocp::Completion>();
}

/// A buffer whose drop panics ends neither the engine nor the program.
#[test]
fn a_panic_of_a_buffer_stays_where_it_is() {
    struct Bomb(Vec<u8>);
    impl AsMut<[u8]> for Bomb {
        fn as_mut(&mut self) -> &mut [u8] {
            &mut self.0
        }
    }
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    on_each_engine(|world| {
        let (port, (one, other), file) = (world.port(1), world.pair(), world.file(b"abc"));
        file.start_read(Bomb(vec![0; 3]), 0).unwrap();
        other.start_receive(Bomb(vec![0; 3])).unwrap();
        one.start_send(*b"xyz").unwrap();
        let (third, fourth) = world.pair();
        fourth.associate(&port, 1).unwrap();
        fourth.start_receive(vec![0; 3]).unwrap();
        third.start_send(*b"abc").unwrap();
        assert_eq!(get(&port).result().unwrap(), 3);
        world.settle();
    });
}

fn listening(world: &World) -> (libiocp::CompletionPort, TcpListener) {
    let port = world.port(1);
    let listener = TcpListener::bind_with(&world.engine, "127.0.0.1:0").unwrap();
    listener.associate(&port, 1).unwrap();
    (port, listener)
}
