//! The command line of pullpush.

use std::process::ExitCode;

use pullpush::cli::command;

/// For loads, which allocate a dozen times a callback; and for musl, whose own allocator is slow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    command::main().into()
}
