//! The only maker of ErrorResponse and NoticeResponse bodies.

use super::write::put_cstr;
use crate::error::Error;

/// The fields of an ErrorResponse or NoticeResponse, as PostgreSQL orders them.
pub(super) fn error_fields(body: &mut Vec<u8>, severity: &str, error: &Error, source: Option<&str>) {
    let fields = error.fields();
    let mut put = |code: u8, value: &str| {
        body.push(code);
        put_cstr(body, value);
    };
    put(b'S', severity);
    put(b'V', severity);
    put(b'C', fields.state.code());
    put(b'M', &fields.message);
    let mut optional = |code: u8, value: &Option<String>| {
        if let Some(value) = value {
            put(code, value);
        }
    };
    optional(b'D', &fields.detail);
    optional(b'H', &fields.hint);
    if let (Some(position), Some(source)) = (fields.position, source) {
        optional(b'P', &Some(character_position(source, position).to_string()));
    }
    optional(b'W', &fields.context);
    optional(b's', &fields.schema);
    optional(b't', &fields.table);
    optional(b'c', &fields.column);
    optional(b'n', &fields.constraint);
    body.push(0);
}

/// 1-based, in characters, from a byte offset.
fn character_position(source: &str, position: usize) -> usize {
    source.char_indices().take_while(|(at, _)| *at < position).count() + 1
}

#[cfg(test)]
mod tests {
    use super::character_position;

    #[test]
    fn positions_count_characters() {
        for (source, position, expected) in [("select x", 7, 8), ("é x", 3, 3), ("é", 2, 2), ("", 0, 1)] {
            assert_eq!(character_position(source, position), expected);
        }
    }
}
