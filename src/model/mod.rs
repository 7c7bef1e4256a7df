//! The words everyone shares: what comes in, what is found, what goes out. Plain data.
//! Must not know how anything is detected, stored or served.

mod canonical;
pub mod draft;
pub mod evidence;
pub mod finding;
mod object;
pub mod rules;
pub mod text;
pub mod verdict;

pub use draft::{Attachment, Declared, Draft, DraftError, Format, Image, Kind, Link, Source};
pub use evidence::{Evidence, Scalar};
pub use finding::{Category, Field, Finding, Severity, Suppressed, SuppressedReason, Transform};
pub use rules::{Problem, RuleFiles};
pub use text::Text;
pub use verdict::{Level, Queue, Undetermined, UndeterminedReason, Verdict};

/// Version of the judging code. Part of every verdict id: a change of detection code is a change of version.
pub const ENGINE_VERSION: &str = env!("CARGO_PKG_VERSION");
