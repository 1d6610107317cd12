//! Echo on tokio: its multi-thread runtime, or its current-thread one with `--workers 0`.
//!
//! With `--block` half of the handlers block before they answer.

use std::io;

use bench::server;
use clap::{Parser, ValueEnum};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

#[derive(Debug, Clone, Parser)]
struct Arguments {
    #[command(flatten)]
    server: server::Options,
    /// Where messages whose first byte is odd block.
    #[arg(long, default_value = "nowhere")]
    block: Block,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Block {
    /// Nothing blocks.
    Nowhere,
    /// In the task, of which the runtime is not told.
    Worker,
    /// In `spawn_blocking`.
    Pool,
}

fn main() -> io::Result<()> {
    let Arguments { server: options, block } = Arguments::parse();
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
                tokio::spawn(echo(stream, options.size, block));
            }
        });
        accepting.await.map_err(io::Error::other)?
    })
}

async fn echo(mut stream: TcpStream, size: usize, block: Block) -> io::Result<()> {
    let mut buffer = vec![0; size];
    loop {
        let n = stream.read(&mut buffer).await?;
        if n == 0 {
            return Ok(());
        }
        match block {
            Block::Worker if buffer[0] % 2 == 1 => server::block(),
            Block::Pool if buffer[0] % 2 == 1 => tokio::task::spawn_blocking(server::block).await?,
            _ => {}
        }
        stream.write_all(&buffer[..n]).await?;
    }
}
