//! int2, int4, int8: arithmetic, comparison, bits, casts. No kernel here allocates.

use super::macros::{Row, binary, division_by_zero, out_of_range, unary};
use crate::error::Result;
use crate::types::Datum;

const INT2: &str = "smallint";
const INT4: &str = "integer";
const INT8: &str = "bigint";

/// Comparison of any two integer types.
macro_rules! compare_pair {
    ($name:ident, $prefix:literal, $A:ident, $B:ident) => {
        pub(super) const $name: &[Row] = &[
    (concat!($prefix, "eq"), binary!($A, $B => Bool: |a, b| i64::from(a) == i64::from(b))),
    (concat!($prefix, "ne"), binary!($A, $B => Bool: |a, b| i64::from(a) != i64::from(b))),
    (concat!($prefix, "lt"), binary!($A, $B => Bool: |a, b| i64::from(a) < i64::from(b))),
    (concat!($prefix, "le"), binary!($A, $B => Bool: |a, b| i64::from(a) <= i64::from(b))),
    (concat!($prefix, "gt"), binary!($A, $B => Bool: |a, b| i64::from(a) > i64::from(b))),
    (concat!($prefix, "ge"), binary!($A, $B => Bool: |a, b| i64::from(a) >= i64::from(b))),
        ];
    };
}

compare_pair!(COMPARE_2, "int2", Int2, Int2);
compare_pair!(COMPARE_4, "int4", Int4, Int4);
compare_pair!(COMPARE_8, "int8", Int8, Int8);
compare_pair!(COMPARE_24, "int24", Int2, Int4);
compare_pair!(COMPARE_42, "int42", Int4, Int2);
compare_pair!(COMPARE_28, "int28", Int2, Int8);
compare_pair!(COMPARE_82, "int82", Int8, Int2);
compare_pair!(COMPARE_48, "int48", Int4, Int8);
compare_pair!(COMPARE_84, "int84", Int8, Int4);

/// + - * / of any two integer types, in the wider one.
macro_rules! arithmetic_pair {
    ($name:ident, $prefix:literal, $A:ident, $B:ident, $R:ident, $t:ty, $label:ident) => {
        pub(super) const $name: &[Row] = &[
            (
                concat!($prefix, "pl"),
                binary!($A, $B => $R: |a, b| <$t>::from(a).checked_add(<$t>::from(b)).ok_or_else(|| out_of_range($label))?),
            ),
            (
                concat!($prefix, "mi"),
                binary!($A, $B => $R: |a, b| <$t>::from(a).checked_sub(<$t>::from(b)).ok_or_else(|| out_of_range($label))?),
            ),
            (
                concat!($prefix, "mul"),
                binary!($A, $B => $R: |a, b| <$t>::from(a).checked_mul(<$t>::from(b)).ok_or_else(|| out_of_range($label))?),
            ),
            (
                concat!($prefix, "div"),
                binary!($A, $B => $R: |a, b| {
                    if b == 0 {
                        return Err(division_by_zero());
                    }
                    <$t>::from(a).checked_div(<$t>::from(b)).ok_or_else(|| out_of_range($label))?
                }),
            ),
        ];
    };
}

arithmetic_pair!(ARITHMETIC_2, "int2", Int2, Int2, Int2, i16, INT2);
arithmetic_pair!(ARITHMETIC_4, "int4", Int4, Int4, Int4, i32, INT4);
arithmetic_pair!(ARITHMETIC_8, "int8", Int8, Int8, Int8, i64, INT8);
arithmetic_pair!(ARITHMETIC_24, "int24", Int2, Int4, Int4, i32, INT4);
arithmetic_pair!(ARITHMETIC_42, "int42", Int4, Int2, Int4, i32, INT4);
arithmetic_pair!(ARITHMETIC_28, "int28", Int2, Int8, Int8, i64, INT8);
arithmetic_pair!(ARITHMETIC_82, "int82", Int8, Int2, Int8, i64, INT8);
arithmetic_pair!(ARITHMETIC_48, "int48", Int4, Int8, Int8, i64, INT8);
arithmetic_pair!(ARITHMETIC_84, "int84", Int8, Int4, Int8, i64, INT8);

/// What each integer type has for itself.
macro_rules! single {
    ($name:ident, $prefix:literal, $V:ident, $label:ident) => {
        pub(super) const $name: &[Row] = &[
            (
                concat!($prefix, "mod"),
                binary!($V, $V => $V: |a, b| {
                    if b == 0 {
                        return Err(division_by_zero());
                    }
                    a.wrapping_rem(b)
                }),
            ),
    (concat!($prefix, "um"), unary!($V => $V: |a| a.checked_neg().ok_or_else(|| out_of_range($label))?)),
    (concat!($prefix, "up"), unary!($V => $V: |a| a)),
    (concat!($prefix, "abs"), unary!($V => $V: |a| a.checked_abs().ok_or_else(|| out_of_range($label))?)),
    (concat!($prefix, "inc"), unary!($V => $V: |a| a.checked_add(1).ok_or_else(|| out_of_range($label))?)),
    (concat!($prefix, "larger"), binary!($V, $V => $V: |a, b| a.max(b))),
    (concat!($prefix, "smaller"), binary!($V, $V => $V: |a, b| a.min(b))),
    (concat!($prefix, "and"), binary!($V, $V => $V: |a, b| a & b)),
    (concat!($prefix, "or"), binary!($V, $V => $V: |a, b| a | b)),
    (concat!($prefix, "xor"), binary!($V, $V => $V: |a, b| a ^ b)),
    (concat!($prefix, "not"), unary!($V => $V: |a| !a)),
        ];
    };
}

single!(SINGLE_2, "int2", Int2, INT2);
single!(SINGLE_4, "int4", Int4, INT4);
single!(SINGLE_8, "int8", Int8, INT8);

pub(super) const SCALARS: &[Row] = &[
    // The C code subtracts int2s; the others answer -1, 0, 1.
    ("btint2cmp", binary!(Int2, Int2 => Int4: |a, b| i32::from(a) - i32::from(b))),
    ("btint4cmp", binary!(Int4, Int4 => Int4: |a, b| a.cmp(&b) as i32)),
    ("btint8cmp", binary!(Int8, Int8 => Int4: |a, b| a.cmp(&b) as i32)),
    ("btint24cmp", binary!(Int2, Int4 => Int4: |a, b| i32::from(a).cmp(&b) as i32)),
    ("btint42cmp", binary!(Int4, Int2 => Int4: |a, b| a.cmp(&i32::from(b)) as i32)),
    ("btint28cmp", binary!(Int2, Int8 => Int4: |a, b| i64::from(a).cmp(&b) as i32)),
    ("btint82cmp", binary!(Int8, Int2 => Int4: |a, b| a.cmp(&i64::from(b)) as i32)),
    ("btint48cmp", binary!(Int4, Int8 => Int4: |a, b| i64::from(a).cmp(&b) as i32)),
    ("btint84cmp", binary!(Int8, Int4 => Int4: |a, b| a.cmp(&i64::from(b)) as i32)),
    ("int8dec", unary!(Int8 => Int8: |a| a.checked_sub(1).ok_or_else(|| out_of_range(INT8))?)),
    // Shift counts are taken modulo the width, as the processor does under PostgreSQL's C.
    ("int2shl", binary!(Int2, Int4 => Int2: |a, b| i32::from(a).wrapping_shl(b as u32) as i16)),
    ("int2shr", binary!(Int2, Int4 => Int2: |a, b| i32::from(a).wrapping_shr(b as u32) as i16)),
    ("int4shl", binary!(Int4, Int4 => Int4: |a, b| a.wrapping_shl(b as u32))),
    ("int4shr", binary!(Int4, Int4 => Int4: |a, b| a.wrapping_shr(b as u32))),
    ("int8shl", binary!(Int8, Int4 => Int8: |a, b| a.wrapping_shl(b as u32))),
    ("int8shr", binary!(Int8, Int4 => Int8: |a, b| a.wrapping_shr(b as u32))),
    (
        "int4gcd",
        binary!(Int4, Int4 => Int4: |a, b| {
            i32::try_from(gcd(i64::from(a), i64::from(b))).map_err(|_| out_of_range(INT4))?
        }),
    ),
    ("int8gcd", binary!(Int8, Int8 => Int8: |a, b| i64::try_from(gcd(a, b)).map_err(|_| out_of_range(INT8))?)),
    (
        "int4lcm",
        binary!(Int4, Int4 => Int4: |a, b| {
            lcm(i64::from(a), i64::from(b)).and_then(|v| i32::try_from(v).ok()).ok_or_else(|| out_of_range(INT4))?
        }),
    ),
    (
        "int8lcm",
        binary!(Int8, Int8 => Int8: |a, b| {
            lcm(a, b).and_then(|v| i64::try_from(v).ok()).ok_or_else(|| out_of_range(INT8))?
        }),
    ),
    // casts
    ("i2toi4", unary!(Int2 => Int4: |a| i32::from(a))),
    ("i4toi2", unary!(Int4 => Int2: |a| i16::try_from(a).map_err(|_| out_of_range(INT2))?)),
    ("int28", unary!(Int2 => Int8: |a| i64::from(a))),
    ("int48", unary!(Int4 => Int8: |a| i64::from(a))),
    ("int82", unary!(Int8 => Int2: |a| i16::try_from(a).map_err(|_| out_of_range(INT2))?)),
    ("int84", unary!(Int8 => Int4: |a| i32::try_from(a).map_err(|_| out_of_range(INT4))?)),
    ("i2tof", unary!(Int2 => Float4: |a| f32::from(a))),
    ("i4tof", unary!(Int4 => Float4: |a| a as f32)),
    ("i8tof", unary!(Int8 => Float4: |a| a as f32)),
    ("i2tod", unary!(Int2 => Float8: |a| f64::from(a))),
    ("i4tod", unary!(Int4 => Float8: |a| f64::from(a))),
    ("i8tod", unary!(Int8 => Float8: |a| a as f64)),
    ("i8tooid", unary!(Int8 => Oid: |a| u32::try_from(a).map_err(|_| out_of_range("OID"))?)),
    ("oidtoi8", unary!(Oid => Int8: |a| i64::from(a))),
    ("int4_bool", unary!(Int4 => Bool: |a| a != 0)),
    ("in_range_int2_int2", |c, a| in_range(c, a)),
    ("in_range_int2_int4", |c, a| in_range(c, a)),
    ("in_range_int2_int8", |c, a| in_range(c, a)),
    ("in_range_int4_int2", |c, a| in_range(c, a)),
    ("in_range_int4_int4", |c, a| in_range(c, a)),
    ("in_range_int4_int8", |c, a| in_range(c, a)),
    ("in_range_int8_int8", |c, a| in_range(c, a)),
];

fn gcd(a: i64, b: i64) -> u64 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn lcm(a: i64, b: i64) -> Option<u64> {
    if a == 0 || b == 0 {
        return Some(0);
    }
    (a.unsigned_abs() / gcd(a, b)).checked_mul(b.unsigned_abs())
}

/// `in_range(value, base, offset, subtract, less)` of RANGE frames.
fn in_range(call: &crate::kernels::Call<'_>, args: &[Datum]) -> Result<Datum> {
    let [value, base, offset, Datum::Bool(subtract), Datum::Bool(less)] = args else {
        return Err(super::macros::wrong(call, args));
    };
    let (Some(value), Some(base), Some(offset)) = (value.as_i64(), base.as_i64(), offset.as_i64()) else {
        return Err(super::macros::wrong(call, args));
    };
    if offset < 0 {
        return Err(super::float::bad_frame_offset());
    }
    let (value, base, offset) = (i128::from(value), i128::from(base), i128::from(offset));
    let bound = if *subtract { base - offset } else { base + offset };
    Ok(Datum::Bool(if *less { value <= bound } else { value >= bound }))
}

#[cfg(test)]
mod tests {
    use crate::kernels::core::testing::check;

    #[test]
    fn as_postgresql() {
        check(&[
            ("int4pl", "int4 2147483647, int4 1", "22003 integer out of range"),
            ("int4pl", "int4 2, int4 3", "5"),
            ("int2mul", "int2 200, int2 200", "22003 smallint out of range"),
            ("int4div", "int4 -7, int4 2", "-3"),
            ("int4div", "int4 -2147483648, int4 -1", "22003 integer out of range"),
            ("int4div", "int4 1, int4 0", "22012 division by zero"),
            ("int4mod", "int4 -7, int4 2", "-1"),
            ("int8mod", "int8 -9223372036854775808, int8 -1", "0"),
            ("int24mi", "int2 1, int4 5", "-4"),
            ("int84lt", "int8 5000000000, int4 5", "f"),
            ("int2um", "int2 -32768", "22003 smallint out of range"),
            ("int4abs", "int4 -2147483648", "22003 integer out of range"),
            ("int4shl", "int4 1, int4 33", "2"),
            ("int2shl", "int2 1, int4 15", "-32768"),
            ("int4gcd", "int4 -2147483648, int4 0", "22003 integer out of range"),
            ("int4gcd", "int4 330, int4 -462", "66"),
            ("int4lcm", "int4 2147483647, int4 2147483646", "22003 integer out of range"),
            ("int82", "int8 40000", "22003 smallint out of range"),
            ("i8tooid", "int8 -1", "22003 OID out of range"),
        ]);
    }
}
