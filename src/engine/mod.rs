//! The engine: plays a plan over a transport and reports events. Knows nothing of formats or of the command line.

pub mod event;
pub mod judge;
pub mod load;
pub mod measure;
pub mod outputs;
pub mod pace;
pub mod player;
pub mod settings;
pub mod stop;
pub mod transport;
pub mod writer;
