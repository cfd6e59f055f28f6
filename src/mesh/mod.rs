//! Topology, sets, subdomains, partition.
//!
//! A [`Mesh`] is the whole structure or one subdomain of it, always in the internal node order (VTK's). A
//! [`Subdomain`] is a mesh on a rank with the nodes it shares with other ranks. What this folder does not do: no
//! geometry (see [`crate::fem`]), no file formats.

mod distribute;
mod element;
mod partition;
mod subdomain;
mod topology;

pub use distribute::distribute;
pub use element::{ElementKind, FaceKind};
pub use partition::{partition, restrict};
pub use subdomain::{Neighbour, Subdomain};
pub use topology::{ALL_ELEMENTS, Conventions, Face, Mesh, MeshError};
