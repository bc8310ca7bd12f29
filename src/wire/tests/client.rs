//! A client that sends and shows raw messages.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(super) struct Client {
    stream: TcpStream,
    pub(super) port: u16,
}

impl Client {
    pub(super) async fn open(port: u16) -> Client {
        Client { stream: TcpStream::connect(("127.0.0.1", port)).await.unwrap(), port }
    }

    pub(super) async fn connect(port: u16, parameters: &[(&str, &str)]) -> Client {
        let mut client = Client::open(port).await;
        client.startup(0x0003_0000, parameters).await;
        client
    }

    pub(super) async fn startup(&mut self, version: u32, parameters: &[(&str, &str)]) {
        let mut body = version.to_be_bytes().to_vec();
        for (name, value) in parameters {
            body.extend_from_slice(format!("{name}\0{value}\0").as_bytes());
        }
        body.push(0);
        let len = (body.len() as u32 + 4).to_be_bytes();
        self.send(&[&len[..], &body].concat()).await;
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    pub(super) async fn send_message(&mut self, kind: u8, body: &[u8]) {
        let mut bytes = Vec::new();
        put(&mut bytes, kind, body);
        self.send(&bytes).await;
    }

    pub(super) async fn query(&mut self, text: &str) {
        self.send_message(b'Q', format!("{text}\0").as_bytes()).await;
    }

    pub(super) async fn byte(&mut self) -> u8 {
        self.stream.read_u8().await.unwrap()
    }

    /// The next message; `None` at the end.
    pub(super) async fn message(&mut self) -> Option<(u8, Vec<u8>)> {
        let work = async {
            let kind = self.stream.read_u8().await.ok()?;
            let len = self.stream.read_u32().await.ok()? as usize;
            let mut body = vec![0; len - 4];
            self.stream.read_exact(&mut body).await.ok()?;
            Some((kind, body))
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), work).await.expect("the server answers in time")
    }

    /// All messages up to ReadyForQuery.
    pub(super) async fn until_ready(&mut self) -> Vec<(u8, Vec<u8>)> {
        let mut messages = Vec::new();
        while let Some(message) = self.message().await {
            let ready = message.0 == b'Z';
            messages.push(message);
            if ready {
                return messages;
            }
        }
        let lines: Vec<_> = messages.iter().map(|(kind, body)| render(*kind, body)).collect();
        panic!("the connection ended after {lines:?}");
    }

    pub(super) async fn lines(&mut self) -> Vec<String> {
        self.until_ready().await.iter().map(|(kind, body)| render(*kind, body)).collect()
    }

    pub(super) async fn until_closed(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some((kind, body)) = self.message().await {
            lines.push(render(kind, &body));
        }
        lines
    }
}

fn put(out: &mut Vec<u8>, kind: u8, body: &[u8]) {
    out.push(kind);
    out.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
    out.extend_from_slice(body);
}

/// A line of a script as a message; true when the server answers up to ReadyForQuery.
pub(super) fn encode(line: &str, out: &mut Vec<u8>) -> bool {
    let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
    let dash = |text: &str| if text == "-" { String::new() } else { text.to_owned() };
    let list = |text: &str| -> Vec<String> {
        if text == "-" { Vec::new() } else { text.split(',').map(str::to_owned).collect() }
    };
    let mut words = rest.split(' ');
    let mut word = || words.next().unwrap_or("-").to_owned();
    let mut body = Vec::new();
    let cstr = |body: &mut Vec<u8>, text: &str| body.extend_from_slice(format!("{text}\0").as_bytes());
    let formats = |body: &mut Vec<u8>, codes: Vec<String>| {
        body.extend_from_slice(&(codes.len() as u16).to_be_bytes());
        codes.iter().for_each(|code| body.extend_from_slice(&code.parse::<u16>().unwrap().to_be_bytes()));
    };
    match kind {
        "Q" => cstr(&mut body, rest),
        "P" => {
            let mut words = rest.splitn(3, ' ');
            cstr(&mut body, &dash(words.next().unwrap()));
            let types = list(words.next().unwrap());
            cstr(&mut body, words.next().unwrap_or(""));
            body.extend_from_slice(&(types.len() as u16).to_be_bytes());
            types.iter().for_each(|ty| body.extend_from_slice(&ty.parse::<u32>().unwrap().to_be_bytes()));
        }
        "B" => {
            cstr(&mut body, &dash(&word()));
            cstr(&mut body, &dash(&word()));
            formats(&mut body, list(&word()));
            let params = list(&word());
            body.extend_from_slice(&(params.len() as u16).to_be_bytes());
            for param in params {
                if param == "NULL" {
                    body.extend_from_slice(&[0xff; 4]);
                } else {
                    body.extend_from_slice(&(param.len() as u32).to_be_bytes());
                    body.extend_from_slice(param.as_bytes());
                }
            }
            formats(&mut body, list(&word()));
        }
        "D" | "C" => {
            body.extend_from_slice(word().as_bytes());
            cstr(&mut body, &dash(&word()));
        }
        "E" => {
            cstr(&mut body, &dash(&word()));
            body.extend_from_slice(&word().parse::<u32>().unwrap().to_be_bytes());
        }
        "S" | "H" => {}
        other => panic!("no message {other}"),
    }
    put(out, kind.as_bytes()[0], &body);
    matches!(kind, "Q" | "S")
}

/// A backend message as a line of a script.
pub(super) fn render(kind: u8, body: &[u8]) -> String {
    let u16_at = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
    let u32_at = |at: usize| u32::from_be_bytes([body[at], body[at + 1], body[at + 2], body[at + 3]]);
    let text_at = |at: usize| {
        let end = at + body[at..].iter().position(|byte| *byte == 0).unwrap();
        (String::from_utf8(body[at..end].to_vec()).unwrap(), end + 1)
    };
    match kind {
        b'R' => format!("R {}", u32_at(0)),
        b'T' => {
            let (mut at, mut columns) = (2, Vec::new());
            for _ in 0..u16_at(0) {
                let (name, next) = text_at(at);
                columns.push(format!(
                    "{name}({},{},{},{},{},{})",
                    u32_at(next),
                    u16_at(next + 4) as i16,
                    u32_at(next + 6),
                    u16_at(next + 10) as i16,
                    u32_at(next + 12) as i32,
                    u16_at(next + 16)
                ));
                at = next + 18;
            }
            format!("T {}", columns.join(" "))
        }
        b'D' => {
            let (mut at, mut fields) = (2, Vec::new());
            for _ in 0..u16_at(0) {
                let len = u32_at(at) as i32;
                at += 4;
                if len < 0 {
                    fields.push("NULL".to_owned());
                } else {
                    fields.push(escape(&body[at..at + len as usize]));
                    at += len as usize;
                }
            }
            format!("D {}", fields.join("|"))
        }
        b'E' | b'N' => {
            let field = |code: u8| {
                let mut fields = body.split(|byte| *byte == 0);
                fields.find(|field| field.first() == Some(&code)).map(|f| String::from_utf8_lossy(&f[1..]).into_owned())
            };
            let required = |code: u8| field(code).unwrap();
            let mut line = format!("{} {} {} {}", char::from(kind), required(b'V'), required(b'C'), required(b'M'));
            for code in *b"DHP" {
                if let Some(value) = field(code) {
                    line.push_str(&format!(" {}={value}", char::from(code)));
                }
            }
            line
        }
        b'C' => format!("C {}", text_at(0).0),
        b'Z' => format!("Z {}", char::from(body[0])),
        b'S' => {
            let (name, next) = text_at(0);
            format!("S {name}={}", text_at(next).0)
        }
        b't' => {
            let oids: Vec<String> = (0..usize::from(u16_at(0))).map(|n| u32_at(2 + 4 * n).to_string()).collect();
            format!("t {}", oids.join(" "))
        }
        b'H' => format!("H {}", body.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
        b'd' => format!("d {}", escape(body)),
        other => char::from(other).to_string(),
    }
}

fn escape(bytes: &[u8]) -> String {
    let show = |byte: &u8| match byte {
        b' '..=b'~' if *byte != b'\\' => char::from(*byte).to_string(),
        byte => format!("\\x{byte:02x}"),
    };
    bytes.iter().map(show).collect()
}
