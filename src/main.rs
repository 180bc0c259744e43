//! The command line of pullpush.
fn main() {}
