//! A local simulator of Tencent Cloud's relay-task (pull-push) callbacks.

pub mod callback;
pub mod cli;
pub mod command;
pub mod contract;
pub mod dice;
pub mod error;
pub mod event;
pub mod expect;
pub mod explore;
pub mod fault;
pub mod generator;
pub mod judge;
pub mod library;
pub mod load;
pub mod measure;
pub mod plan;
pub mod probe;
pub mod provider;
pub mod replay;
pub mod report;
pub mod run;
pub mod scenario;
pub mod shown;
pub mod sink;
pub mod time;
pub mod transport;
