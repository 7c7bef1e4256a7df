//! From dictionary files to one matcher: rows, word lists, code tables.
//! Must not know detectors, policy, files on disk or the time of day.

pub mod asked;
pub mod bridges;
pub mod compile;
pub mod disguise;
mod expressions;
pub mod fixed_names;
mod gram_filter;
pub mod load;
pub mod matcher;
pub mod tables;
mod uses;
mod words;

pub use compile::{Hit, Layer, Lexicon, ListSet};
pub use disguise::Marks;
pub use load::{Condition, MatchMode, Row, Scope};
