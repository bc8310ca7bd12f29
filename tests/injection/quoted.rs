//! A million generated strings, quoted by `dialect::quote`, read back by PostgreSQL's own lexer.

use std::borrow::Cow;

use graticule::dialect::quote;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::support::{Client, postgres};

const LITERALS: usize = 700_000;
const IDENTIFIERS: usize = 300_000;

/// Pieces that mean something to a lexer.
pub(super) const PIECES: &[&str] = &[
    "'",
    "'",
    "''",
    "\"",
    "\"\"",
    "\\",
    "\\",
    "\\\\",
    "\\'",
    "\\\"",
    "$$",
    "$a$",
    "$1",
    "--",
    "/*",
    "*/",
    ";",
    "E'",
    "e'",
    "U&'",
    "U&\"",
    "N'",
    "B'",
    "x'",
    " uescape '!'",
    "\\x27",
    "\\047",
    "\\u0027",
    "\\0027",
    "\\+000027",
    "\n",
    "\r",
    "\t",
    "\u{b}",
    "\u{c}",
    "\u{1}",
    "\u{1b}",
    "\u{7f}",
    "\u{80}",
    "\u{85}",
    "\u{a0}",
    "é",
    "e\u{301}",
    "中",
    "\u{1F30D}",
    "\u{2019}",
    "\u{ff07}",
    "\u{ff02}",
    "\u{feff}",
    "\u{200b}",
    "\u{202e}",
    "\u{2028}",
    "\u{fffd}",
    "\u{10ffff}",
    "%s",
    "{0}",
    "?",
    ":p",
    "@",
    "::text",
    "`",
    "[",
    "]",
    "(",
    ")",
    ",",
    " ",
    "  ",
    "a",
    "B",
    "z9",
    "_",
    "0",
    "select",
    "null",
    "' or 1=1 --",
    "\\' or 1=1 --",
    "\\''; drop table x; --",
    "{\"a\\\"b\"}",
];

/// A string of up to so many pieces; now and then with a NUL.
fn text(random: &mut StdRng, most: usize) -> String {
    let mut text = String::new();
    for _ in 0..random.random_range(0..=most) {
        match random.random_range(0..8) {
            0 => text.push(random.random::<char>()),
            1 => text.push(char::from(random.random_range(1..128_u8))),
            _ => text.push_str(PIECES[random.random_range(0..PIECES.len())]),
        }
    }
    if random.random_range(0..500) == 0 {
        text.push('\0');
    }
    text
}

/// The strings come back as they went, each as the one value of its row.
fn read_back(client: &mut Client, texts: &[String], quoted: &[String]) {
    let rows: Vec<String> = quoted.iter().enumerate().map(|(n, quoted)| format!("({n},{quoted})")).collect();
    let set = client
        .query(&format!("values {}", rows.join(",")))
        .unwrap_or_else(|failure| panic!("{failure:?} in a batch of literals"));
    assert_eq!(set.rows.len(), texts.len());
    for (n, (row, text)) in set.rows.iter().zip(texts).enumerate() {
        assert_eq!(row.len(), 2);
        assert_eq!(row[0].as_deref(), Some(n.to_string().as_bytes()));
        assert_eq!(row[1].as_deref(), Some(text.as_bytes()), "{:?}", quoted[n]);
    }
}

/// Under both settings of standard_conforming_strings, although connections pin it on.
#[test]
fn literals_come_back_from_postgresql() {
    let Some(oracle) = postgres::shared() else { return };
    let mut sessions: Vec<Client> = ["on", "off"]
        .map(|setting| {
            let mut client = oracle.client("postgres");
            client
                .simple(&format!("set standard_conforming_strings = {setting}; set escape_string_warning = off"))
                .expect("set");
            client
        })
        .into();
    let mut random = StdRng::seed_from_u64(1_000_000);
    let (mut done, mut refused) = (0, 0);
    while done < LITERALS {
        let (mut texts, mut quoted) = (Vec::new(), Vec::new());
        while texts.len() < 5000 {
            let most = if random.random_range(0..200) == 0 { 300 } else { 12 };
            let text = text(&mut random, most);
            match quote::literal(&text) {
                Ok(literal) => {
                    assert!(!text.contains('\0'));
                    texts.push(text);
                    quoted.push(literal);
                }
                Err(error) => {
                    assert_eq!((error.state().code(), text.contains('\0')), ("22021", true));
                    refused += 1;
                }
            }
        }
        for client in &mut sessions {
            read_back(client, &texts, &quoted);
            done += texts.len();
        }
    }
    assert!(refused > 100);
}

#[test]
fn identifiers_come_back_from_postgresql() {
    let Some(oracle) = postgres::shared() else { return };
    let mut client = oracle.client("postgres");
    let mut random = StdRng::seed_from_u64(63);
    let (mut done, mut refused) = (0, 0);
    while done < IDENTIFIERS {
        let (mut texts, mut aliases) = (Vec::new(), Vec::new());
        while texts.len() < 1600 {
            let most = if random.random_range(0..4) == 0 { 40 } else { 8 };
            let text = text(&mut random, most);
            let quoted = if random.random() {
                quote::identifier(&text).map(Cow::into_owned)
            } else {
                quote::quoted_identifier(&text)
            };
            match quoted {
                Ok(quoted) => {
                    assert!(!text.contains('\0') && !text.is_empty() && text.len() <= 63);
                    texts.push(text);
                    aliases.push(format!("1 as {quoted}"));
                }
                Err(error) => {
                    let expected = match &text {
                        text if text.contains('\0') => "22021",
                        text if text.is_empty() => "42601",
                        _ => "42622",
                    };
                    assert_eq!(error.state().code(), expected, "{text:?}");
                    refused += 1;
                }
            }
        }
        let set =
            client.query(&format!("select {}", aliases.join(","))).unwrap_or_else(|failure| panic!("{failure:?}"));
        let names: Vec<&str> = set.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, texts);
        done += texts.len();
    }
    assert!(refused > 1000);
    // Every keyword is a name, in every place that we print one.
    let words = client.rows("select word from pg_get_keywords() order by 1");
    for word in &words {
        let quoted = quote::identifier(word).expect("a name");
        let sql = format!(
            "with {quoted}({quoted}) as (select 7) select {quoted}.{quoted} as {quoted} from {quoted} as {quoted}({quoted}) order by {quoted}"
        );
        let set = client.query(&sql).unwrap_or_else(|failure| panic!("{sql}: {failure:?}"));
        assert_eq!((set.columns[0].name.as_str(), set.text().as_slice()), (word.as_str(), &["7".to_owned()][..]));
    }
}
