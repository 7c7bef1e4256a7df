//! xianshen (先审): screens what government new-media accounts are about to publish.
// A slice at a wrong byte panics in a test as it should; nowhere else may text be cut by byte.
#![cfg_attr(test, allow(clippy::string_slice))]

pub mod cases;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod detect;
pub mod explain;
pub mod lexicon;
pub mod metrics;
pub mod model;
pub mod place;
pub mod policy;
pub mod rule_files;
pub mod ruleset;
pub mod store;
pub mod stream;
pub mod text;
pub mod web;
