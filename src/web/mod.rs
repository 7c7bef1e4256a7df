//! What is served over HTTP to people and programs.
//! Must not know how a draft is judged or stored.

pub mod console;
