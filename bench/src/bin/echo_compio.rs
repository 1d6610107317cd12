//! Echo on compio: one runtime on each thread, connections spread by the kernel.

use std::io;
use std::net::TcpListener;
use std::thread;

use bench::server::{self, Options};
use clap::Parser;
use compio::BufResult;
use compio::buf::{IntoInner, IoBuf};
use compio::io::{AsyncRead, AsyncWriteExt};
use compio::net::TcpStream;
use compio::runtime::Runtime;

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
    Runtime::new()?.block_on(async {
        let listener = compio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            compio::runtime::spawn(echo(stream, size)).detach();
        }
    })
}

async fn echo(mut stream: TcpStream, size: usize) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(size);
    loop {
        buffer.clear();
        let BufResult(result, filled) = stream.read(buffer).await;
        let n = result?;
        if n == 0 {
            return Ok(());
        }
        let BufResult(result, written) = stream.write_all(filled.slice(..n)).await;
        result?;
        buffer = written.into_inner();
    }
}
