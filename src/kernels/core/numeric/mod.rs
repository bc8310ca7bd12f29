//! numeric: values, arithmetic and the kernels over them.

mod kernels;
pub mod math;
pub mod repr;

pub(super) use self::kernels::{COMPARE, SCALARS};
pub use self::repr::{
    apply_typmod, compare, decode, encode, from_f32, from_f64, from_int, parse, pow10, print, to_f64, to_i64,
};
