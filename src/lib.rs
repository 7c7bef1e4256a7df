//! xianshen (先审): screens what government new-media accounts are about to publish.
pub mod model;
pub mod rule_files;
pub mod ruleset;
pub mod web;
