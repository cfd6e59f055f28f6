//! Compiled laws: functions of a user's shared library behind the [`Law`](super::Law) interface.
//!
//! `umat`: Abaqus' interface for small strains. The library runs inside of this process: what it breaks there is broken.
//! Nothing here compiles a library, and finite strains are not offered. This is the only folder with `unsafe`.

mod library;
pub mod umat;

pub use library::hash_of;
