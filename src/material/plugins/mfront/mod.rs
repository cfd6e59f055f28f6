//! Behaviours of MFront's `generic` interface (TFEL 3.4.3 to 5.1): small strains, three dimensions.
//!
//! Symmetric tensors cross the border in the order 11, 22, 33, 12, 13, 23 with shears times sqrt(2); ours is 11, 22, 33, 12,
//! 23, 31. What a behaviour needs is read from the symbols of its library. State of a point: internal state variables,
//! stress, stored and dissipated energy. Material axes are the global ones.

mod abi;
mod behaviour;
mod law;
mod spec;

pub use behaviour::{Behaviour, Kind};
pub(crate) use law::Mfront;
pub(crate) use spec::KEYS;
pub use spec::MfrontSpec;
