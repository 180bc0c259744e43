//! The built-in receiver: it judges what it gets, answers as a good receiver should, and can fail on purpose.

pub mod complaint;
mod fields;
pub mod judge;
pub mod note;
pub mod order;
mod siblings;
mod track;

/// The largest body that is looked at, in bytes. The largest the provider can send is far smaller.
pub const MAX_BODY: usize = 1024 * 1024;
