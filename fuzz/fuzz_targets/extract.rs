//! `cargo +nightly fuzz run extract`: what must hold stands in `src/lib.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| xianshen_fuzz::extract(data));
