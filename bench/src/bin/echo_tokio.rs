//! Echo on tokio: its multi-thread runtime, or its current-thread one with `--workers 0`.

use std::io;

use bench::server::{self, Options};
use clap::Parser;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

fn main() -> io::Result<()> {
    let options = Options::parse();
    let listener = server::listener(0)?;
    listener.set_nonblocking(true)?;
    let runtime = match options.workers {
        0 => Builder::new_current_thread().enable_io().build()?,
        n => Builder::new_multi_thread().worker_threads(n).enable_io().build()?,
    };
    runtime.block_on(async {
        server::announce(&listener)?;
        let listener = TcpListener::from_std(listener)?;
        let accepting = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                tokio::spawn(echo(stream, options.size));
            }
        });
        accepting.await.map_err(io::Error::other)?
    })
}

async fn echo(mut stream: TcpStream, size: usize) -> io::Result<()> {
    let mut buffer = vec![0; size];
    loop {
        let n = stream.read(&mut buffer).await?;
        if n == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..n]).await?;
    }
}
