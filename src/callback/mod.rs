//! What the service says: callbacks, their exact bytes, their signature.

pub mod sign;
