//! The simulated relay service: a task, its incidents and the dice become the callbacks the service would send.

pub mod timeline;
