//! The command line, through the program itself: what is typed, what is printed, and the exit code.
//!
//! Lines are typed into a shell, so that a test reads as its user would type it.

mod desk;
mod receiver;
mod running;

mod again;
mod contract;
mod delivery;
mod descriptors;
mod drift;
mod environment;
mod exit_codes;
mod explore;
mod github;
mod guard;
mod halts;
mod help;
mod html;
mod journal;
mod kept;
mod keys;
mod library;
mod load;
mod manual;
mod memory;
mod moments;
mod names;
mod overwriting;
mod plan;
mod readme;
mod reports;
mod rules;
mod run;
mod same_bytes;
mod saved;
mod schemas;
mod secrets;
mod send;
mod shards;
mod signals;
mod signature;
mod sink;
mod sink_page;
mod slow;
mod slow_receiver;
mod streams;

use desk::{Desk, VOD};
use receiver::{Answer, Receiver, Request};
