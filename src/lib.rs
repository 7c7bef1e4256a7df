//! xianshen (先审): screens what government new-media accounts are about to publish.
pub mod detect;
pub mod lexicon;
pub mod model;
pub mod policy;
pub mod rule_files;
pub mod ruleset;
pub mod text;
