//! Wipes what hashing, encryption and normalisation leave on the stack.
//!
//! Buffers on the heap wipe themselves when dropped. A block of text inside a hash function does not: its frame is gone,
//! its bytes stay until something else is called as deep. So names are worked on in a call of its own, and the
//! same stretch of stack is overwritten afterwards.

use std::hint::black_box;

use zeroize::Zeroize;

/// Does the work, then overwrites the stack that it used. What it returns must be fit to stay.
pub(super) fn wiped<T>(work: impl FnOnce() -> T) -> T {
    let done = apart(work);
    overwrite();
    done
}

#[inline(never)]
fn apart<T>(work: impl FnOnce() -> T) -> T {
    black_box(work())
}

/// Must not be inlined either: its array has to lie where the frames of the work lay.
#[expect(clippy::large_stack_arrays, reason = "the stack is what is to be overwritten")]
#[inline(never)]
fn overwrite() {
    let mut depth = [0xff_u8; DEPTH];
    black_box(&mut depth).zeroize();
    black_box(&depth);
}

/// More than the work needs, and far less than the 2 MiB of a worker's stack. `tests/it/privacy/memory.rs` holds it to account.
const DEPTH: usize = 64 * 1024;
