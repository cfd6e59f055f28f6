//! Abaqus' user material `UMAT`, small strains, three dimensions.
//!
//! Stress, strain and tangent cross the border in the order 11, 22, 33, 12, 13, 23; ours is 11, 22, 33, 12, 23, 31.
//! State of a point: STATEV, STRESS, SSE, SPD, SCD. What a law without a finite-element program cannot know is told in
//! docs/plugins.md.

mod call;
mod law;
mod spec;

pub use law::Umat;
pub(crate) use spec::KEYS;
pub use spec::{Place, UmatSpec};
