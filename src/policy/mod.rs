//! Row, column and privilege policies. `secure` is the only way from `Bound` to [`Secured`].

mod fragment;
mod privilege;
mod secure;
mod secured;

pub use self::fragment::Site;
pub use self::secure::secure;
pub use self::secured::{ColumnAccess, Fence, Secured, SecuredScan, SecuredTarget};

#[cfg(test)]
mod tests;
