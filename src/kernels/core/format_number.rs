//! `to_char` of numbers: digits, group and decimal separators, signs. Other patterns are refused.

use super::macros::wrong;
use super::numeric;
use crate::error::{Error, Result, SqlState};
use crate::kernels::{Call, Scalar};
use crate::types::{Datum, Numeric};

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("int4_to_char", |call, args| to_char(call, args)),
    ("int8_to_char", |call, args| to_char(call, args)),
    ("float4_to_char", |call, args| to_char(call, args)),
    ("float8_to_char", |call, args| to_char(call, args)),
    ("numeric_to_char", |call, args| to_char(call, args)),
];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Piece {
    Bracket,
    Decimal,
    Fill,
    Group,
    Literal(char),
    Minus,
    Nine,
    Plus,
    Sign,
    SignOnly,
    Zero,
}

/// Where the sign of an S stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    After,
    Before,
    None,
}

/// What a format asks for.
struct Layout {
    pieces: Vec<Piece>,
    /// Digits before and after the decimal point.
    before: usize,
    after: usize,
    fill: bool,
    decimal: bool,
    /// The first position of a 0, and the position after the last one.
    zero_start: Option<usize>,
    zero_end: usize,
    sign: Place,
    /// Digits before the S.
    sign_after: usize,
    bracket: bool,
    minus: bool,
    plus: bool,
}

fn syntax(message: &str) -> Error {
    Error::new(SqlState::SYNTAX_ERROR, message)
}

impl Layout {
    fn of(format: &str) -> Result<Layout> {
        let mut layout = Layout {
            pieces: Vec::new(),
            before: 0,
            after: 0,
            fill: false,
            decimal: false,
            zero_start: None,
            zero_end: 0,
            sign: Place::None,
            sign_after: 0,
            bracket: false,
            minus: false,
            plus: false,
        };
        let patterns = [
            ("FM", Piece::Fill),
            ("MI", Piece::Minus),
            ("PL", Piece::Plus),
            ("PR", Piece::Bracket),
            ("SG", Piece::SignOnly),
            ("S", Piece::Sign),
            ("9", Piece::Nine),
            ("0", Piece::Zero),
            (".", Piece::Decimal),
            ("D", Piece::Decimal),
            (",", Piece::Group),
            ("G", Piece::Group),
        ];
        let mut rest = format;
        while let Some(c) = rest.chars().next() {
            let head: String = rest.chars().take(2).collect::<String>().to_ascii_uppercase();
            if head == "SP"
                || head == "TH"
                || head == "RN"
                || matches!(c.to_ascii_uppercase(), 'B' | 'C' | 'E' | 'L' | 'V')
            {
                return Err(Error::unsupported(format!("to_char of a number with \"{format}\"")));
            }
            let found = patterns.iter().find(|(name, _)| head.starts_with(name));
            let Some((name, piece)) = found else {
                if matches!(c, '"' | '\\') {
                    return Err(Error::unsupported(format!("to_char of a number with \"{format}\"")));
                }
                layout.pieces.push(Piece::Literal(c));
                rest = &rest[c.len_utf8()..];
                continue;
            };
            rest = &rest[name.len()..];
            layout.add(*piece)?;
        }
        Ok(layout)
    }

    fn add(&mut self, piece: Piece) -> Result<()> {
        if self.bracket && matches!(piece, Piece::Nine | Piece::Zero | Piece::Decimal) {
            return Err(syntax("\"9\" must be ahead of \"PR\""));
        }
        match piece {
            Piece::Nine if self.decimal => self.after += 1,
            Piece::Nine => self.before += 1,
            Piece::Zero => {
                if self.zero_start.is_none() && !self.decimal {
                    self.zero_start = Some(self.before);
                }
                if self.decimal {
                    self.after += 1
                } else {
                    self.before += 1
                }
                self.zero_end = self.before + self.after;
            }
            Piece::Decimal if self.decimal => return Err(syntax("multiple decimal points")),
            Piece::Decimal => self.decimal = true,
            Piece::Sign if self.sign != Place::None => return Err(syntax("cannot use \"S\" twice")),
            Piece::Sign => {
                if self.plus || self.minus || self.bracket {
                    return Err(syntax("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together"));
                }
                self.sign = if self.decimal { Place::After } else { Place::Before };
                self.sign_after = self.before;
            }
            Piece::Minus | Piece::Plus | Piece::SignOnly if self.sign != Place::None => {
                return Err(Error::unsupported("to_char with S beside another sign"));
            }
            Piece::Minus => self.minus = true,
            Piece::Plus => self.plus = true,
            Piece::SignOnly => (self.minus, self.plus) = (true, true),
            Piece::Bracket if self.sign != Place::None || self.plus || self.minus => {
                return Err(syntax("cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together"));
            }
            Piece::Bracket => self.bracket = true,
            Piece::Fill => self.fill = true,
            Piece::Group | Piece::Literal(_) => {}
        }
        self.pieces.push(piece);
        Ok(())
    }
}

fn to_char(call: &Call<'_>, args: &[Datum]) -> Result<Datum> {
    let [value, Datum::Text(format)] = args else { return Err(wrong(call, args)) };
    if format.is_empty() {
        return Ok(Datum::Null);
    }
    let mut layout = Layout::of(format)?;
    let refused = || Error::unsupported("to_char of a number that is not finite");
    let text = match value {
        Datum::Int4(_) | Datum::Int8(_) => {
            let value = value.as_i64().unwrap_or_default();
            let zeros = "0".repeat(layout.after);
            if layout.after > 0 { format!("{value}.{zeros}") } else { value.to_string() }
        }
        Datum::Float4(value) => float(f64::from(*value), 6, &mut layout).ok_or_else(refused)?,
        Datum::Float8(value) => float(*value, 15, &mut layout).ok_or_else(refused)?,
        Datum::Numeric(value @ Numeric::Finite { .. }) => {
            let digits = i32::try_from(layout.after).map_err(|_| refused())?;
            let round = crate::kernels::scalar("numeric_round").ok_or_else(refused)?;
            match round(call, &[Datum::Numeric(value.clone()), Datum::Int4(digits)])? {
                Datum::Numeric(rounded) => numeric::print(&rounded),
                _ => return Err(refused()),
            }
        }
        Datum::Numeric(_) => return Err(refused()),
        _ => return Err(wrong(call, args)),
    };
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits.to_owned()),
        None => (false, text),
    };
    Ok(Datum::text(fill(layout, negative, &digits)))
}

/// A float with as many decimals as it can be trusted for.
fn float(value: f64, digits: usize, layout: &mut Layout) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let whole = format!("{:.0}", value.abs()).len();
    if whole >= digits {
        layout.after = 0;
    } else if whole + layout.after > digits {
        layout.after = digits - whole;
    }
    Some(format!("{value:.*}", layout.after))
}

/// Sets the digits into the layout.
fn fill(mut layout: Layout, negative: bool, digits: &str) -> String {
    let whole = digits.find('.').unwrap_or(digits.len());
    let overflow = whole > layout.before;
    let number: Vec<u8> = if overflow {
        let mut marks = vec![b'#'; layout.before + layout.after + 1];
        marks[layout.before] = b'.';
        marks
    } else {
        digits.as_bytes().to_vec()
    };
    let spaces = layout.before.saturating_sub(whole);
    let mut sign_done = if layout.plus || layout.minus {
        // MI and SG write the sign; PL alone leaves the minus to the number.
        !layout.plus || layout.minus
    } else {
        if !negative && layout.fill {
            layout.bracket = false;
        }
        if layout.sign == Place::Before && layout.before == layout.sign_after {
            layout.sign = Place::After;
        }
        !negative && layout.fill && layout.sign == Place::None
    };
    // The last digit that FM keeps.
    let last = if layout.fill && layout.decimal {
        number.iter().position(|b| *b == b'.').map(|point| {
            let relevant = (point + 1..number.len()).rfind(|at| number[*at] != b'0').unwrap_or(point);
            if layout.zero_end > spaces {
                relevant.max((number.len() - 1).min(layout.zero_end - spaces))
            } else {
                relevant
            }
        })
    } else {
        None
    };
    let mut count = (layout.after + layout.before) as i64 - 1;
    if !sign_done && spaces == 0 {
        count += 1;
    }
    let zero = layout.zero_start;
    let (mut at, mut current) = (0, 0);
    let mut in_number = false;
    let mut out = String::new();
    for piece in layout.pieces.clone() {
        match piece {
            Piece::Literal(c) => out.push(c),
            Piece::Group => {
                if in_number {
                    out.push(',');
                } else if !layout.fill {
                    out.push(' ');
                }
            }
            Piece::Minus if negative => out.push('-'),
            Piece::Plus if !negative => out.push('+'),
            Piece::Minus | Piece::Plus => out.push_str(if layout.fill { "" } else { " " }),
            Piece::SignOnly => out.push(if negative { '-' } else { '+' }),
            Piece::Bracket | Piece::Fill | Piece::Sign => {}
            Piece::Nine | Piece::Zero | Piece::Decimal => {
                in_number = false;
                let before_decimal = zero.is_none() && at == 0 && number.first() == Some(&b'0') && layout.after != 0;
                let last_is_point = last.is_some_and(|last| number[last] == b'.');
                if !sign_done && (current >= spaces || zero == Some(current)) && (!before_decimal || last_is_point) {
                    if layout.sign != Place::None {
                        if layout.sign == Place::Before {
                            out.push(if negative { '-' } else { '+' });
                            sign_done = true;
                        }
                    } else if layout.bracket {
                        out.push(if negative { '<' } else { ' ' });
                        sign_done = true;
                    } else {
                        if negative {
                            out.push('-');
                        } else if !layout.fill {
                            out.push(' ');
                        }
                        sign_done = true;
                    }
                }
                if current < spaces && zero.is_none_or(|zero| zero > current) {
                    if !layout.fill {
                        out.push(' ');
                    }
                } else if current < spaces {
                    out.push('0');
                    in_number = true;
                } else {
                    match number.get(at) {
                        Some(b'.') => out.push('.'),
                        digit => {
                            if last.is_some_and(|last| at > last) && piece != Piece::Zero {
                                // FM drops it.
                            } else if before_decimal {
                                if !layout.fill {
                                    out.push(' ');
                                } else if last_is_point {
                                    out.push('0');
                                }
                            } else if let Some(digit) = digit {
                                out.push(char::from(*digit));
                                in_number = true;
                            }
                        }
                    }
                    if at < number.len() {
                        at += 1;
                    }
                }
                let mut end = count + i64::from(spaces > 0) + i64::from(layout.decimal);
                if last == Some(at) {
                    end = current as i64;
                }
                if current as i64 + 1 == end {
                    if sign_done && layout.bracket {
                        out.push(if negative { '>' } else { ' ' });
                    } else if layout.sign == Place::After {
                        out.push(if negative { '-' } else { '+' });
                    }
                }
                current += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::kernels::core::testing::check;

    #[test]
    fn as_postgresql() {
        check(&[
            ("numeric_to_char", "numeric 0.5, text 9.99", "  .50"),
            ("numeric_to_char", "numeric -1234.567, text FM9G999.99", "-1,234.57"),
            ("numeric_to_char", "numeric 99999, text 999", " ###"),
            ("int4_to_char", "int4 5, text 000", " 005"),
            ("float8_to_char", "float8 -12.345, text 99.9PR", "<12.3>"),
        ]);
    }
}
