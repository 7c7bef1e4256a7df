//! From what was submitted to what is searched: passages, folding, offsets, word boundaries.
//! Must not know dictionaries of terms, detectors or policy.

pub mod class_bits;
pub mod extract;
pub mod fold;
mod html;
mod markdown;
pub mod passage;
mod records;
pub mod segment;
pub mod tabs;
pub mod vector;
