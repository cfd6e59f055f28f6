//! Files of CalculiX.
//!
//! | file | reader |
//! |---|---|
//! | `.frd` (results at nodes, and the mesh) | [`frd::Frd`] |
//! | `.dat` (prints at integration points and nodes) | [`dat::Dat`] |

pub mod dat;
pub mod frd;
mod source;
