//! numeric: from its text form to `numeric_send`'s.

use crate::error::{Error, Result};

/// Base-10000 digits, weight, sign and display scale.
pub(super) fn put_binary(out: &mut Vec<u8>, text: &str) -> Result<()> {
    let header = |out: &mut Vec<u8>, count: u16, weight: i16, sign: u16, scale: u16| {
        out.extend_from_slice(&count.to_be_bytes());
        out.extend_from_slice(&weight.to_be_bytes());
        out.extend_from_slice(&sign.to_be_bytes());
        out.extend_from_slice(&scale.to_be_bytes());
    };
    match text {
        "NaN" => header(out, 0, 0, 0xc000, 0),
        "Infinity" => header(out, 0, 0, 0xd000, 32),
        "-Infinity" => header(out, 0, 0, 0xf000, 32),
        _ => {
            let (sign, digits) = match text.strip_prefix('-') {
                Some(digits) => (0x4000, digits),
                None => (0, text),
            };
            let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
            if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
                return Err(Error::internal(format!("numeric text \"{text}\"")));
            }
            let whole = whole.trim_start_matches('0');
            let lead = whole.len().div_ceil(4);
            let mut groups = Vec::with_capacity(lead + fraction.len().div_ceil(4));
            let number = |digits: &[u8]| digits.iter().fold(0_i16, |value, digit| value * 10 + i16::from(digit - b'0'));
            let (first, rest) = whole.as_bytes().split_at(whole.len() - (lead.max(1) - 1).min(lead) * 4);
            if !first.is_empty() {
                groups.push(number(first));
            }
            groups.extend(rest.chunks(4).map(number));
            groups.extend(fraction.as_bytes().chunks(4).map(|chunk| {
                let mut padded = *b"0000";
                padded[..chunk.len()].copy_from_slice(chunk);
                number(&padded)
            }));
            let zeros = groups.iter().take_while(|group| **group == 0).count();
            let mut weight = lead as i16 - 1 - zeros as i16;
            let mut groups = &groups[zeros..];
            while let Some((0, shorter)) = groups.split_last() {
                groups = shorter;
            }
            let sign = if groups.is_empty() { 0 } else { sign };
            if groups.is_empty() {
                weight = 0;
            }
            header(out, groups.len() as u16, weight, sign, fraction.len() as u16);
            groups.iter().for_each(|group| out.extend_from_slice(&group.to_be_bytes()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::put_binary;

    #[test]
    fn as_numeric_send() {
        for (text, expected) in [
            ("0", "0000 0000 0000 0000"),
            ("0.00", "0000 0000 0000 0002"),
            ("1", "0001 0000 0000 0000 0001"),
            ("-1.5", "0002 0000 4000 0001 0001 1388"),
            ("10000", "0001 0001 0000 0000 0001"),
            ("12345.6789", "0003 0001 0000 0004 0001 0929 1a85"),
            ("0.0001", "0001 ffff 0000 0004 0001"),
            ("0.00001", "0001 fffe 0000 0005 03e8"),
            ("100000000", "0001 0002 0000 0000 0001"),
            ("NaN", "0000 0000 c000 0000"),
            ("Infinity", "0000 0000 d000 0020"),
            ("-Infinity", "0000 0000 f000 0020"),
        ] {
            let mut out = Vec::new();
            put_binary(&mut out, text).unwrap();
            let hex: Vec<String> = out.chunks(2).map(|pair| format!("{:02x}{:02x}", pair[0], pair[1])).collect();
            assert_eq!(hex.join(" "), expected, "{text}");
        }
        assert!(put_binary(&mut Vec::new(), "1e5").is_err());
    }
}
