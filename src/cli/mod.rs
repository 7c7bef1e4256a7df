//! The commands. Each file is one command; only here may the program print.
//! Must not hold anything that another part of the program needs.

pub mod serve;
