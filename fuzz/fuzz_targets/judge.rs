//! `cargo +nightly fuzz run judge`: what must hold stands in `src/lib.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| xianshen_fuzz::judge(data));
