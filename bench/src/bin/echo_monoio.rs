//! Echo on monoio: one io_uring runtime on each thread, connections spread by the kernel.

use std::io;
use std::net::TcpListener;
use std::thread;

use bench::server::{self, Options};
use clap::Parser;
use monoio::io::{AsyncReadRent, AsyncWriteRentExt};
use monoio::net::TcpStream;
use monoio::{IoUringDriver, RuntimeBuilder};

fn main() -> io::Result<()> {
    let options = Options::parse();
    let listeners = server::listeners(options.workers)?;
    server::announce(&listeners[0])?;
    let threads: Vec<_> = listeners
        .into_iter()
        .map(|listener| thread::spawn(move || serve(listener, options.size)))
        .collect();
    threads.into_iter().try_for_each(|t| t.join().expect("a worker panicked"))
}

fn serve(listener: TcpListener, size: usize) -> io::Result<()> {
    let mut runtime = RuntimeBuilder::<IoUringDriver>::new().with_entries(4096).build()?;
    runtime.block_on(async {
        let listener = monoio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            monoio::spawn(echo(stream, size));
        }
    })
}

async fn echo(mut stream: TcpStream, size: usize) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(size);
    loop {
        buffer.clear();
        let (result, filled) = stream.read(buffer).await;
        if result? == 0 {
            return Ok(());
        }
        let (result, written) = stream.write_all(filled).await;
        result?;
        buffer = written;
    }
}
