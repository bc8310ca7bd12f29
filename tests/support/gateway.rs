//! An HTTP gateway on the loopback between Graticule and a server: it passes requests on, and makes trouble with chosen ones.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What becomes of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trouble {
    /// The server is not asked: this status, nothing else.
    Status(u16),
    /// The answer breaks off in its middle.
    Truncated,
    /// An orderly answer that holds half of the text.
    Halved,
}

/// Trouble with requests of a method, after letting some of them pass.
struct Order {
    method: &'static str,
    spared: usize,
    times: usize,
    trouble: Trouble,
}

#[derive(Default)]
struct Shared {
    orders: Mutex<Vec<Order>>,
    /// First lines of the requests so far.
    seen: Mutex<Vec<String>>,
}

pub struct Gateway {
    pub port: u16,
    shared: Arc<Shared>,
}

impl Gateway {
    /// Runs until the process ends.
    pub fn start(target: u16) -> Gateway {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free loopback port");
        let port = listener.local_addr().expect("a bound address").port();
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&own);
                std::thread::spawn(move || pass(stream, target, &shared));
            }
        });
        Gateway { port, shared }
    }

    /// After `spared` more requests of that method, trouble with the next `times`.
    pub fn trouble(&self, method: &'static str, spared: usize, times: usize, trouble: Trouble) {
        self.shared.orders.lock().expect("no panic").push(Order { method, spared, times, trouble });
    }

    pub fn calm(&self) {
        self.shared.orders.lock().expect("no panic").clear();
    }

    /// How many requests of that method came.
    pub fn seen(&self, method: &str) -> usize {
        self.shared.seen.lock().expect("no panic").iter().filter(|line| line.starts_with(method)).count()
    }

    /// Trouble that was ordered and did not happen yet.
    pub fn left(&self) -> usize {
        self.shared.orders.lock().expect("no panic").iter().map(|order| order.times).sum()
    }
}

impl Shared {
    fn next(&self, line: &str) -> Option<Trouble> {
        self.seen.lock().expect("no panic").push(line.to_owned());
        let mut orders = self.orders.lock().expect("no panic");
        let order = orders.iter_mut().find(|order| order.times > 0 && line.starts_with(order.method))?;
        if order.spared > 0 {
            order.spared -= 1;
            return None;
        }
        order.times -= 1;
        Some(order.trouble)
    }
}

/// The head of a message, and what came behind it.
fn head(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 8192]);
    loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = bytes.split_off(at + 4);
            return Some((String::from_utf8_lossy(&bytes).into_owned(), rest));
        }
        match stream.read(&mut chunk).ok()? {
            0 => return None,
            count => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}

fn length(head: &str) -> usize {
    let of = |line: &str| line.to_lowercase().strip_prefix("content-length:").and_then(|text| text.trim().parse().ok());
    head.lines().find_map(of).unwrap_or(0)
}

fn pass(mut client: TcpStream, target: u16, shared: &Shared) -> Option<()> {
    let (request, mut body) = head(&mut client)?;
    let wanted = length(&request);
    let mut chunk = [0; 8192];
    while body.len() < wanted {
        match client.read(&mut chunk).ok()? {
            0 => return None,
            count => body.extend_from_slice(&chunk[..count]),
        }
    }
    let trouble = shared.next(request.lines().next()?);
    if let Some(Trouble::Status(status)) = trouble {
        let answer =
            format!("HTTP/1.1 {status} Trouble\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return client.write_all(answer.as_bytes()).ok();
    }
    let mut server = TcpStream::connect(("127.0.0.1", target)).ok()?;
    // HTTP/1.0: the answer comes in one piece, and its end is the connection's.
    let asked = request.replacen("HTTP/1.1\r\n", "HTTP/1.0\r\n", 1);
    server.write_all(asked.as_bytes()).ok()?;
    server.write_all(&body).ok()?;
    let (answer, mut body) = head(&mut server)?;
    server.read_to_end(&mut body).ok()?;
    let kept: Vec<&str> = answer
        .lines()
        .filter(|line| !line.is_empty())
        .filter(|line| {
            !["content-length:", "connection:", "http/"].iter().any(|name| line.to_lowercase().starts_with(name))
        })
        .collect();
    let status = answer.split_whitespace().nth(1)?;
    if trouble == Some(Trouble::Halved) {
        body.truncate(body.len() / 2);
    }
    let headers = kept.join("\r\n");
    let said =
        format!("HTTP/1.1 {status} Passed\r\n{headers}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    client.write_all(said.as_bytes()).ok()?;
    let sent = if trouble == Some(Trouble::Truncated) { body.len() / 2 } else { body.len() };
    client.write_all(&body[..sent]).ok()
}
