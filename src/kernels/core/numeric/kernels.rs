//! The scalar kernels over numeric.
use crate::kernels::Scalar;
pub(in crate::kernels::core) const SCALARS: &[(&str, Scalar)] = &[];
