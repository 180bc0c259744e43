//! The built-in receiver.
