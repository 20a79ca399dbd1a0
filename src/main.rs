//! The command `heteronym`.

fn main() {}
