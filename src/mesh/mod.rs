//! (module comment)
