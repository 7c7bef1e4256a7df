//! Whether `judge` sees exactly the hits of the added terms that a plain automaton sees.
//! On text without ASCII that folding leaves as it is, every difference must have one of the named reasons.

use crate::{BENCH_CODE, draft};
use anyhow::{Result, ensure};
use daachorse::CharwiseDoubleArrayAhoCorasick;
use std::collections::BTreeSet;
use std::fmt;
use xianshen::detect::report::FINDINGS_MAX;
use xianshen::ruleset::Ruleset;

/// Posts compared at most.
const POSTS_MAX: usize = 3_000;

/// How the hits of the automaton came out of `judge`.
#[derive(Debug, Default)]
pub struct Agreement {
    posts: usize,
    hits: usize,
    /// A finding or a suppressed hit at exactly that place.
    alike: usize,
    /// Inside a longer finding of the same code, which says more.
    nested: usize,
    /// Two hits side by side, told as one finding.
    joined: usize,
    /// Posts with more hits than are kept; not compared.
    over_cap: usize,
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { posts, hits, alike, nested, joined, over_cap } = self;
        write!(
            f,
            "same hits as daachorse in {posts} posts: {hits} = {alike} alike + {nested} nested + {joined} joined ({over_cap} posts over the cap)"
        )
    }
}

/// Compares both; any hit on one side only is an error.
pub fn check(ruleset: &Ruleset, daachorse: &CharwiseDoubleArrayAhoCorasick<u32>, terms: &[String], posts: &[String]) -> Result<Agreement> {
    let mut agreement = Agreement::default();
    let fold = &ruleset.lexicon().fold;
    let is_plain = |text: &str| fold.fold(text).chars.iter().copied().eq(text.chars());
    // A term that folding changes is another word for `judge`.
    let kept: Vec<bool> = terms.iter().map(|term| is_plain(term)).collect();
    for post in
        posts.iter().map(|post| post.chars().filter(|c| !c.is_ascii()).collect::<String>()).filter(|post| is_plain(post)).take(POSTS_MAX)
    {
        let mut scalars = vec![0; post.len() + 1];
        for (scalar, byte) in post.char_indices().map(|(byte, _)| byte).chain([post.len()]).enumerate() {
            if let Some(place) = scalars.get_mut(byte) {
                *place = scalar;
            }
        }
        let scalar = |byte: usize| scalars.get(byte).copied().unwrap_or(usize::MAX);
        let raw: BTreeSet<(usize, usize)> = daachorse
            .find_overlapping_iter(&post)
            .filter(|hit| kept.get(hit.value() as usize) == Some(&true))
            .map(|hit| (scalar(hit.start()), scalar(hit.end())))
            .collect();
        let verdict = ruleset.judge(&draft(&post));
        if verdict.findings.len() >= FINDINGS_MAX || verdict.suppressed.len() >= FINDINGS_MAX {
            agreement.over_cap += 1;
            continue;
        }
        let found: BTreeSet<(usize, usize)> = verdict.findings.iter().filter(|f| f.code == BENCH_CODE).map(|f| (f.start, f.end)).collect();
        let suppressed: BTreeSet<(usize, usize)> =
            verdict.suppressed.iter().filter(|s| s.code == BENCH_CODE).map(|s| (s.start, s.end)).collect();
        agreement.posts += 1;
        agreement.hits += raw.len();
        for hit in &raw {
            if found.contains(hit) || suppressed.contains(hit) {
                agreement.alike += 1;
                continue;
            }
            let around = found.iter().find(|f| f.0 <= hit.0 && hit.1 <= f.1);
            match around {
                Some(whole) if raw.contains(whole) => agreement.nested += 1,
                Some(_) => agreement.joined += 1,
                None => anyhow::bail!("a hit at {hit:?} of a post is neither found nor suppressed"),
            }
        }
        for place in &suppressed {
            ensure!(raw.contains(place), "suppressed at {place:?}, where there is no hit");
        }
        for place in found.difference(&raw) {
            let (starts, ends) = (raw.iter().any(|r| r.0 == place.0), raw.iter().any(|r| r.1 == place.1));
            ensure!(starts && ends, "found at {place:?}, where no hit begins and ends");
        }
    }
    ensure!(agreement.posts > 0, "no post is left to compare");
    Ok(agreement)
}
