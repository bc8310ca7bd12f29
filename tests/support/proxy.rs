//! A TCP proxy on the loopback between Graticule and a server: it cuts, or falls silent, after a number of bytes.

use std::net::TcpListener as StdListener;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

/// What happens once the bytes have passed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// Both sides see an orderly end.
    Close,
    /// Both sides see a reset.
    Reset,
    /// Nothing passes any more, and nobody is told.
    Silence,
}

/// Counts the bytes that flow from the server; the connection on which the count ends is the one that breaks.
pub struct Proxy {
    pub port: u16,
    shared: Arc<Shared>,
    _runtime: tokio::runtime::Runtime,
}

struct Shared {
    target: u16,
    armed: Mutex<Option<(u64, Fault)>>,
    /// Faults that have happened.
    faults: AtomicU64,
    /// Bytes from the server so far.
    passed: AtomicU64,
    connections: AtomicU64,
    /// Connections with a lower number are let alone.
    spared: AtomicU64,
    open: AtomicI64,
}

impl Proxy {
    pub fn start(target: u16) -> Proxy {
        let listener = StdListener::bind("127.0.0.1:0").expect("a free loopback port");
        listener.set_nonblocking(true).expect("a listener");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared {
            target,
            armed: Mutex::new(None),
            faults: AtomicU64::new(0),
            passed: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            spared: AtomicU64::new(0),
            open: AtomicI64::new(0),
        });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("runs");
        let state = Arc::clone(&shared);
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).expect("a listener");
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(relay(Arc::clone(&state), near));
            }
        });
        Proxy { port, shared, _runtime: runtime }
    }

    /// The next fault comes after so many more bytes from the server.
    pub fn arm(&self, bytes: u64, fault: Fault) {
        *self.shared.armed.lock().expect("no panic") = Some((bytes, fault));
    }

    /// No fault; answers whether one was still to come.
    pub fn disarm(&self) -> bool {
        self.shared.armed.lock().expect("no panic").take().is_some()
    }

    /// Connections that exist now are never broken.
    pub fn spare_open(&self) {
        self.shared.spared.store(self.shared.connections.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    pub fn faults(&self) -> u64 {
        self.shared.faults.load(Ordering::SeqCst)
    }

    /// Bytes that the server has sent so far.
    pub fn passed(&self) -> u64 {
        self.shared.passed.load(Ordering::SeqCst)
    }

    /// Connections that are open now.
    pub fn open(&self) -> i64 {
        self.shared.open.load(Ordering::SeqCst)
    }
}

async fn relay(shared: Arc<Shared>, near: TcpStream) {
    let number = shared.connections.fetch_add(1, Ordering::SeqCst);
    let Ok(far) = TcpStream::connect(("127.0.0.1", shared.target)).await else { return };
    shared.open.fetch_add(1, Ordering::SeqCst);
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let fault = tokio::select! {
        () = up(&near, &far) => None,
        fault = down(&shared, number, &far, &near) => fault,
    };
    match fault {
        Some(Fault::Reset) => {
            // With a linger of nothing the kernel sends a reset on close.
            #[allow(deprecated)]
            let _ = (near.set_linger(Some(Duration::ZERO)), far.set_linger(Some(Duration::ZERO)));
        }
        Some(Fault::Silence) => {
            let mut ignored = [0; 1024];
            while read(&near, &mut ignored).await.is_some() {}
        }
        Some(Fault::Close) | None => {}
    }
    shared.open.fetch_sub(1, Ordering::SeqCst);
}

/// `None` at the end.
async fn read(stream: &TcpStream, buffer: &mut [u8]) -> Option<usize> {
    loop {
        stream.readable().await.ok()?;
        match stream.try_read(buffer) {
            Ok(0) => return None,
            Ok(count) => return Some(count),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return None,
        }
    }
}

async fn write(stream: &TcpStream, mut bytes: &[u8]) -> Option<()> {
    while !bytes.is_empty() {
        stream.writable().await.ok()?;
        match stream.try_write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return None,
        }
    }
    Some(())
}

async fn up(near: &TcpStream, far: &TcpStream) {
    let mut buffer = vec![0; 16 << 10];
    while let Some(count) = read(near, &mut buffer).await
        && write(far, &buffer[..count]).await.is_some()
    {}
}

async fn down(shared: &Shared, number: u64, far: &TcpStream, near: &TcpStream) -> Option<Fault> {
    let mut buffer = vec![0; 16 << 10];
    loop {
        let count = read(far, &mut buffer).await?;
        let (allowed, fault) = shared.take(number, count);
        write(near, &buffer[..allowed]).await?;
        if fault.is_some() {
            return fault;
        }
    }
}

impl Shared {
    /// How many of these bytes may pass, and what comes after them.
    fn take(&self, number: u64, count: usize) -> (usize, Option<Fault>) {
        self.passed.fetch_add(count as u64, Ordering::SeqCst);
        if number < self.spared.load(Ordering::SeqCst) {
            return (count, None);
        }
        let mut armed = self.armed.lock().expect("no panic");
        match &mut *armed {
            None => (count, None),
            Some((left, _)) if *left > count as u64 => {
                *left -= count as u64;
                (count, None)
            }
            Some((left, fault)) => {
                let ended = (*left as usize, Some(*fault));
                *armed = None;
                self.faults.fetch_add(1, Ordering::SeqCst);
                ended
            }
        }
    }
}
