//! The `ferrom` program: parse, dispatch, exit code.

fn main() {}
