//! `cargo +nightly fuzz run dictionary`: what must hold stands in `src/lib.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| xianshen_fuzz::dictionary(data));
