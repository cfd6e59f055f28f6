//! Reduced-order modelling: proper orthogonal decomposition, empirical cubature, interpolation points, gappy
//! reconstruction.
//!
//! [`pod`], [`cubature`], [`qdeim`], [`deim`] and [`gappy`] are pure algebra on slices and a communicator: they know neither
//! files nor finite elements. Dense kernels shared by them are in [`dense`].

pub mod calibration;
pub mod cubature;
pub mod deim;
pub mod dense;
pub mod enrichment;
pub mod gappy;
pub mod offline;
pub mod online;
pub mod pod;
pub mod qdeim;
