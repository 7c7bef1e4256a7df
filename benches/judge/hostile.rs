//! Input made to be slow: what one repeated thing costs beside ordinary text, and whether time grows with length alone.
//! Must not know how `judge` works.

use crate::{ROUNDS, Rival, draft, median, timed};
use anyhow::{Context, Result, ensure};
use std::hint::black_box;
use xianshen::model::Draft;

/// A unit of a repeated input that all rulesets know: a shipped gambling word.
const SHIPPED_HIT: &str = "时时彩";
/// Ordinary text that each input is compared with, in the same rounds.
const USUAL_BYTES: usize = 1_000_000;
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

/// Prints the table; the worst speed as a share of that of the ordinary `posts`.
pub fn run(small: &Rival, large: &Rival, posts: &[Draft]) -> Result<f64> {
    let mut usual_bytes = 0;
    let ends_usual = |post: &Draft| {
        usual_bytes += post.body.len();
        usual_bytes > USUAL_BYTES
    };
    let usual = posts.iter().position(ends_usual).and_then(|end| posts.get(..end)).unwrap_or(posts);
    let usual_bytes: usize = usual.iter().map(|post| post.body.len()).sum();
    let first = small.terms.first().context("a term")?;
    // One run of Han characters without punctuation: all terms end to end, a long ordinary text to the segmenter.
    let run: String = small.terms.iter().flat_map(|t| t.chars()).filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).collect();
    let inputs: [(&str, String, &Rival); 7] = [
        ("one added term, repeated", first.clone(), small),
        ("one shipped term, repeated", SHIPPED_HIT.to_owned(), small),
        ("digits", "13800138000530822188506150018".to_owned(), small),
        ("zero-widths", "\u{200b}\u{200d}\u{feff}".to_owned(), small),
        ("one Han run", run, small),
        ("every term once, 10k", small.terms.join("，"), small),
        ("every term once, 100k", large.terms.join("，"), large),
    ];
    let full = std::env::var_os("XIANSHEN_BENCH_FULL").is_some_and(|v| v == "1");
    let sizes = if full { &SIZES[..] } else { &SIZES[..2] };
    println!("\nhostile, MB/s (share of the usual speed), medians of {ROUNDS} rounds");
    let mut worst = f64::INFINITY;
    for (name, unit, rival) in inputs {
        let mut line = format!("{name:<28}");
        for &size in sizes {
            let draft = draft(&repeated(&unit, size));
            let first = rival.ruleset.judge(&draft);
            let (mut hostile, mut ordinary) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                ordinary.push(timed(|| rival.judge(usual)).1 / usual_bytes as f64);
                let (verdict, seconds) = timed(|| black_box(rival.ruleset.judge(&draft)));
                ensure!(verdict == first, "{name}: the verdict changed between rounds");
                hostile.push(seconds / draft.body.len() as f64);
            }
            let (hostile, ordinary) = (median(hostile), median(ordinary));
            worst = worst.min(ordinary / hostile);
            let mark = if first.undetermined.is_some() { "*" } else { " " };
            line.push_str(&format!("  {:>5} KB {:>8.2} ({:.3}){mark}", size / 1000, 1e-6 / hostile, ordinary / hostile));
        }
        println!("{line}");
    }
    println!("* given to a person: more findings than are kept, or nothing to read");
    Ok(worst)
}
