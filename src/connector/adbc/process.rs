//! The server's side of a worker process: its start, its frames, its end.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::channel::Channel;
use super::protocol::{self, Frame, Launch, Reply, Request};
use crate::error::{Error, Result, SqlState};

/// What a worker inherits: where drivers and their configuration are, nothing of the server's own.
const INHERITED: &[&str] = &[
    "ADBC_CONFIG_PATH",
    "ADBC_DRIVER_PATH",
    "CONDA_PREFIX",
    "HOME",
    "LANG",
    "LD_LIBRARY_PATH",
    "PATH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "VIRTUAL_ENV",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
];

/// A running worker. Dropped, it is killed.
#[derive(Debug)]
pub(super) struct Process {
    state: Arc<State>,
    requests: UnboundedSender<Vec<u8>>,
    channels: AtomicU32,
    /// Killed when dropped. `None` where the worker is a thread of a test.
    child: Mutex<Option<Child>>,
}

/// What the tasks of a process share with it.
#[derive(Debug, Default)]
struct State {
    replies: Mutex<HashMap<u32, UnboundedSender<Frame>>>,
    ended: AtomicBool,
    /// Why it ended.
    reason: Mutex<Option<String>>,
}

impl Process {
    /// Starts a worker and opens its database: 58000 when the process cannot be started, the driver's own error as it comes.
    pub async fn start(server: &str, launch: &Launch) -> Result<Arc<Process>> {
        let fault = |error: io::Error| {
            Error::new(SqlState::SYSTEM_ERROR, format!("could not start the driver process of server \"{server}\""))
                .detail(error.to_string())
        };
        let (ours, theirs) = StdStream::pair().map_err(fault)?;
        let mut command = Command::new(own_program());
        command
            .arg("adbc-worker")
            .env_clear()
            .envs(inherited())
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // A Ctrl-C at the terminal is for the server, which ends its statements first.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(fault)?;
        if let Some(stderr) = child.stderr.take() {
            let server = server.to_owned();
            tokio::spawn(async move {
                let mut lines = BufReader::new(stderr).lines();
                // A driver's complaints may hold values.
                while let Ok(Some(line)) = lines.next_line().await {
                    tracing::debug!(server, line, "driver");
                }
            });
        }
        tracing::info!(server, pid = child.id(), "driver process started");
        let process = Process::over(ours, Some(child)).map_err(fault)?;
        process.open(server, launch).await?;
        Ok(process)
    }

    /// A worker that is a thread of this process, for tests without the binary.
    #[cfg(test)]
    pub async fn thread(server: &str, launch: &Launch) -> Result<Arc<Process>> {
        let (ours, theirs) = StdStream::pair().map_err(Error::internal)?;
        std::thread::spawn(move || super::worker::serve(theirs));
        let process = Process::over(ours, None).map_err(Error::internal)?;
        process.open(server, launch).await?;
        Ok(process)
    }

    fn over(stream: StdStream, child: Option<Child>) -> io::Result<Arc<Process>> {
        stream.set_nonblocking(true)?;
        let (input, mut output) = UnixStream::from_std(stream)?.into_split();
        let (requests, mut queue): (_, UnboundedReceiver<Vec<u8>>) = unbounded_channel();
        let state = Arc::new(State::default());
        // Only this task writes, so that a frame is never cut by a dropped future.
        tokio::spawn(async move {
            while let Some(frame) = queue.recv().await {
                if output.write_all(&frame).await.is_err() {
                    return;
                }
            }
        });
        let process = Arc::new(Process {
            state: Arc::clone(&state),
            requests,
            channels: AtomicU32::new(1),
            child: Mutex::new(child),
        });
        let weak = Arc::downgrade(&process);
        tokio::spawn(async move {
            let error = receive(input, &state).await;
            let child = weak.upgrade().and_then(|process| lock(&process.child).take());
            state.end(&ended(child, error).await);
        });
        Ok(process)
    }

    async fn open(self: &Arc<Process>, server: &str, launch: &Launch) -> Result<()> {
        let mut control = Channel::numbered(Arc::clone(self), 0);
        match control.call(&Request::Start(launch.clone()), &[]).await?.0 {
            Reply::Done => Ok(()),
            Reply::Failed(failure) => Err(failure.into_connect_error(server)),
            other => Err(Error::internal(format!("a worker answered {other:?} to its start"))),
        }
    }

    /// A connection of its own in the worker.
    pub fn channel(self: &Arc<Process>) -> Channel {
        Channel::numbered(Arc::clone(self), self.channels.fetch_add(1, Ordering::Relaxed))
    }

    pub fn is_alive(&self) -> bool {
        !self.state.ended.load(Ordering::Acquire)
    }

    /// Why it ended.
    pub fn reason(&self) -> String {
        lock(&self.state.reason).clone().unwrap_or_else(|| "the driver process has ended".to_owned())
    }

    /// Ends it now.
    pub fn kill(&self) {
        if let Some(child) = lock(&self.child).as_mut() {
            let _ = child.start_kill();
        }
    }

    /// Channels in use.
    pub fn channels(&self) -> usize {
        lock(&self.state.replies).len()
    }

    pub(super) fn listen(&self, channel: u32) -> UnboundedReceiver<Frame> {
        let (sender, receiver) = unbounded_channel();
        if self.is_alive() {
            lock(&self.state.replies).insert(channel, sender);
            // It may have ended in between: then nobody would end the receiver.
            if !self.is_alive() {
                lock(&self.state.replies).remove(&channel);
            }
        }
        receiver
    }

    pub(super) fn forget(&self, channel: u32) {
        lock(&self.state.replies).remove(&channel);
    }

    /// Queues a frame; the worker's end shows at the reply.
    pub(super) fn send(&self, channel: u32, number: u32, request: &Request, payload: &[u8]) -> Result<()> {
        let frame = protocol::frame(channel, number, request, payload)
            .map_err(|error| Error::new(SqlState::PROGRAM_LIMIT_EXCEEDED, error.to_string()))?;
        let _ = self.requests.send(frame);
        Ok(())
    }
}

impl State {
    fn end(&self, reason: &str) {
        *lock(&self.reason) = Some(reason.to_owned());
        self.ended.store(true, Ordering::Release);
        // Whoever waits for a reply is told by the end of its queue.
        lock(&self.replies).clear();
        tracing::info!(reason, "driver process ended");
    }
}

/// Hands each reply to its channel until the socket ends; the error, if one ended it.
async fn receive(mut input: OwnedReadHalf, state: &State) -> Option<io::Error> {
    loop {
        let mut head = [0; 4];
        if let Err(error) = input.read_exact(&mut head).await {
            return (error.kind() != io::ErrorKind::UnexpectedEof).then_some(error);
        }
        let length = match Frame::length(head) {
            Ok(length) => length,
            Err(error) => return Some(error),
        };
        let mut rest = vec![0; length];
        if let Err(error) = input.read_exact(&mut rest).await {
            return Some(error);
        }
        match Frame::parse(rest) {
            Ok(frame) => {
                // A channel that has left does not want its last reply.
                if let Some(sender) = lock(&state.replies).get(&frame.channel) {
                    let _ = sender.send(frame);
                }
            }
            Err(error) => return Some(error),
        }
    }
}

/// Waits for the process and says how it ended.
async fn ended(child: Option<Child>, error: Option<io::Error>) -> String {
    let how = match child {
        Some(mut child) => {
            let _ = child.start_kill();
            child.wait().await.map_or_else(|error| error.to_string(), |status| status.to_string())
        }
        None => "closed".to_owned(),
    };
    match error {
        Some(error) => format!("the driver process has ended ({how}; {error})"),
        None => format!("the driver process has ended ({how})"),
    }
}

/// This program, also when its file was replaced since it started.
fn own_program() -> PathBuf {
    let running = Path::new("/proc/self/exe");
    if running.exists() { running.to_owned() } else { std::env::current_exe().unwrap_or_else(|_| "graticule".into()) }
}

fn inherited() -> impl Iterator<Item = (&'static str, OsString)> {
    INHERITED.iter().filter_map(|name| Some((*name, std::env::var_os(name)?)))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
