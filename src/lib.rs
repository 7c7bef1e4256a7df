//! xianshen (先审): screens what government new-media accounts are about to publish.
pub mod cli;
pub mod config;
pub mod daemon;
pub mod metrics;
pub mod model;
pub mod rule_files;
pub mod ruleset;
pub mod store;
pub mod stream;
pub mod web;
