//! Replays the kept inputs of the fuzz targets, and every input that once broke something (`fuzz/crashes`).
//! Must not know what an input means: what must hold for it stands in `fuzz/src/lib.rs`.

#![allow(clippy::expect_used)]

#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::path::Path;

/// Fewer than this, and the inputs were lost.
const KEPT_INPUTS_MIN: usize = 20;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let mut inputs = Vec::new();
    for kind in ["corpus", "crashes"] {
        // There need not have been a crash.
        let Ok(entries) = std::fs::read_dir(folder.join(kind).join(target)) else { continue };
        inputs.extend(entries.map(|entry| entry.expect("an entry").path()));
    }
    inputs.sort();
    assert!(inputs.len() >= KEPT_INPUTS_MIN, "{} inputs of {target}", inputs.len());
    for input in inputs {
        let bytes = std::fs::read(&input).expect("an input");
        // A test that fails names the input.
        std::panic::catch_unwind(|| check(&bytes)).unwrap_or_else(|_| panic!("{} breaks {target}", input.display()));
    }
}

#[test]
fn the_kept_drafts_are_judged_soundly() {
    replay("judge", targets::judge);
}

#[test]
fn the_kept_markup_is_extracted_with_places() {
    replay("extract", targets::extract);
}

#[test]
fn the_kept_dictionaries_are_used_or_refused_whole() {
    replay("dictionary", targets::dictionary);
}
