//! Input made to be slow: what one repeated thing costs beside ordinary text, and whether time grows with length alone.
//! Must not know how `judge` works.

use crate::{Rival, draft, timed};
use anyhow::{Context, Result};
use std::hint::black_box;

/// A unit of a repeated input that all rulesets know: a shipped gambling word.
const SHIPPED_HIT: &str = "时时彩";
/// Sizes in bytes; the last only with `XIANSHEN_BENCH_FULL=1`.
const SIZES: [usize; 3] = [100_000, 1_000_000, 10_000_000];

/// `of` again and again, up to `bytes`, cut at a character.
fn repeated(of: &str, bytes: usize) -> String {
    let mut text = of.repeat(bytes / of.len() + 1);
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

/// Prints the table; the worst speed as a share of the usual one.
pub fn run(small: &Rival, usual_small: f64, large: &Rival, usual_large: f64) -> Result<f64> {
    let first = small.terms.first().context("a term")?;
    // One run of Han characters without punctuation: all terms end to end, a long ordinary text to the segmenter.
    let run: String = small.terms.iter().flat_map(|t| t.chars()).filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).collect();
    let inputs: [(&str, String, &Rival, f64); 7] = [
        ("one added term, repeated", first.clone(), small, usual_small),
        ("one shipped term, repeated", SHIPPED_HIT.to_owned(), small, usual_small),
        ("digits", "13800138000530822188506150018".to_owned(), small, usual_small),
        ("zero-widths", "\u{200b}\u{200d}\u{feff}".to_owned(), small, usual_small),
        ("one Han run", run, small, usual_small),
        ("every term once, 10k", small.terms.join("，"), small, usual_small),
        ("every term once, 100k", large.terms.join("，"), large, usual_large),
    ];
    let full = std::env::var_os("XIANSHEN_BENCH_FULL").is_some_and(|v| v == "1");
    let sizes = if full { &SIZES[..] } else { &SIZES[..2] };
    println!("\nhostile, MB/s (share of the usual speed)");
    let mut worst = f64::INFINITY;
    for (name, unit, rival, usual) in inputs {
        let mut line = format!("{name:<28}");
        for &size in sizes {
            let draft = draft(&repeated(&unit, size));
            let (verdict, seconds) = timed(|| black_box(rival.ruleset.judge(&draft)));
            let speed = draft.body.len() as f64 / 1e6 / seconds;
            worst = worst.min(speed / usual);
            let mark = if verdict.undetermined.is_some() { "*" } else { " " };
            line.push_str(&format!("  {:>5} KB {speed:>8.2} ({:.3}){mark}", size / 1000, speed / usual));
        }
        println!("{line}");
    }
    println!("* given to a person: more findings than are kept, or nothing to read");
    Ok(worst)
}
