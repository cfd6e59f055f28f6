//! Other programs' files: bytes to meshes and fields, and back. No mathematics, no decisions about what to compute.

pub mod zset;
