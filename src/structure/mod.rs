//! A subdomain with its materials: integration points grouped by material, their state, the law called over all of
//! them, and named quantities taken out.
//!
//! [`PointSet`] is any list of integration points with materials: every point of a subdomain ([`Structure`]) or the
//! reduced points of the online stage. The law is called the same way for both.

mod loaded;
mod point_set;
mod quantity;
mod whole;

pub use loaded::LoadedStructure;
pub use point_set::{PointSet, PointState, Step};
pub use quantity::{Quantity, mises, quantity_names};
pub use whole::Structure;

use crate::material::MaterialSpec;
use serde::{Deserialize, Serialize};

/// A material and the elements that have it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaterialEntry {
    /// Element set; every element without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// Law and coefficients.
    pub material: MaterialSpec,
}
