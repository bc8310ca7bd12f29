//! Row, column and privilege policies. `secure` is the only way from `Bound` to [`Secured`].

mod secured;

pub use self::secured::{ColumnAccess, Fence, Secured, SecuredScan};
