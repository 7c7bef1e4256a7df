//! The figures of `judge`: beside a bare automaton, beside the obvious stack, on hostile input, and what it costs to build.
//! Prints a table, then one `key=value` a line. Timings are thread CPU time, medians of interleaved rounds; hit counts are
//! asserted before anything is timed, so a fast wrong answer fails.
//!
//! `XIANSHEN_BENCH_TEXT`: UTF-8 file, one post a line. `XIANSHEN_BENCH_TERMS`: one term a line, used for every list it is
//! long enough for. `XIANSHEN_BENCH_FULL=1`: hostile inputs of 10 MB, too.

// The counting allocator implements an unsafe trait; it does nothing but count and pass on.
#![allow(unsafe_code)]
// The results are the standard output of this program.
#![allow(clippy::print_stdout)]

mod agreement;
mod allocations;
mod hostile;
mod obvious;
mod sample;

#[path = "../../tests/rules/mod.rs"]
mod rules;

use allocations::Counting;
use anyhow::{Context, Result, bail, ensure};
use daachorse::CharwiseDoubleArrayAhoCorasick;
use obvious::Obvious;
use rustix::time::{ClockId, clock_gettime};
use std::collections::HashSet;
use std::hint::black_box;
use std::process::Command;
use xianshen::model::{Draft, Format};
use xianshen::rule_files::{self, RulePaths};
use xianshen::ruleset::{RuleFiles, Ruleset};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Code of the added terms; registered beside the shipped codes.
const BENCH_CODE: &str = "ILL.BENCH";
/// Timed rounds; the median counts.
const ROUNDS: usize = 5;
/// Most text used, in bytes; what is beyond is named in the table.
const TEXT_BYTES_MAX: usize = 24 << 20;
/// Size of the posts that the latency figures are about, in bytes.
const POST_BYTES: usize = 2_048;
/// Posts timed one by one.
const POSTS_TIMED_MAX: usize = 4_000;
/// How many terms are added.
const LISTS: [usize; 2] = [10_000, 100_000];
/// Set in the child process that measures resident memory of rules and nothing else.
const CHILD: &str = "XIANSHEN_BENCH_CHILD";

/// CPU time of this thread, in seconds.
fn cpu_seconds() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let before = cpu_seconds();
    let made = work();
    (made, cpu_seconds() - before)
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A post without a title.
fn draft(body: &str) -> Draft {
    Draft { title: String::new(), ..rules::draft(Format::Text, body) }
}

/// The shipped rules with the added terms as one more dictionary.
fn rule_files(terms: &[String]) -> Result<RuleFiles> {
    let mut files = rule_files::read(&RulePaths::default())?;
    let mut sheet = csv::Writer::from_writer(Vec::new());
    sheet.write_record(["term", "code", "severity", "match", "boundary", "source"])?;
    for term in terms {
        sheet.write_record([term, BENCH_CODE, "S1", "fold", "word", "bench"])?;
    }
    files.0.insert("dictionaries/bench.csv".into(), sheet.into_inner()?);
    let codes = files.0.get_mut("dictionaries/codes.csv").context("the shipped codes")?;
    let columns = codes.split(|&b| b == b'\n').next().map_or(0, |header| header.iter().filter(|&&b| b == b',').count());
    if !codes.ends_with(b"\n") {
        codes.push(b'\n');
    }
    codes.extend_from_slice(format!("{BENCH_CODE}{}\n", ",基准".repeat(columns)).as_bytes());
    Ok(files)
}

fn compile(terms: &[String]) -> Result<Ruleset> {
    match Ruleset::compile(&rule_files(terms)?) {
        Ok(ruleset) => Ok(ruleset),
        Err(problems) => bail!("{} problems, the first: {}", problems.len(), problems.first().map(ToString::to_string).unwrap_or_default()),
    }
}

/// One list of added terms with everything that searches for it.
struct Rival {
    terms: Vec<String>,
    origin: &'static str,
    ruleset: Ruleset,
    daachorse: CharwiseDoubleArrayAhoCorasick<u32>,
}

impl Rival {
    fn new(count: usize) -> Result<Self> {
        let (terms, origin) = terms(count)?;
        let daachorse = CharwiseDoubleArrayAhoCorasick::new(&terms).map_err(|e| anyhow::anyhow!("daachorse: {e}"))?;
        Ok(Self { ruleset: compile(&terms)?, terms, origin, daachorse })
    }

    /// Findings and suppressed hits over all drafts.
    fn judge(&self, drafts: &[Draft]) -> (usize, usize) {
        drafts.iter().fold((0, 0), |(findings, suppressed), draft| {
            let verdict = black_box(self.ruleset.judge(draft));
            (findings + verdict.findings.len(), suppressed + verdict.suppressed.len())
        })
    }

    /// All overlapping hits of the added terms in the raw text.
    fn scan(&self, drafts: &[Draft]) -> usize {
        drafts.iter().map(|draft| black_box(self.daachorse.find_overlapping_iter(&draft.body).count())).sum()
    }
}

/// `count` terms: evenly from the file that the environment names when that is long enough, else generated.
fn terms(count: usize) -> Result<(Vec<String>, &'static str)> {
    if let Some(path) = std::env::var_os("XIANSHEN_BENCH_TERMS") {
        let text = std::fs::read_to_string(&path).with_context(|| format!("XIANSHEN_BENCH_TERMS {}", path.display()))?;
        let mut seen = HashSet::new();
        let all: Vec<&str> = text.lines().map(str::trim).filter(|t| (2..=64).contains(&t.chars().count()) && seen.insert(*t)).collect();
        if all.len() >= count {
            return Ok(((0..count).filter_map(|i| all.get(i * all.len() / count)).map(|t| (*t).to_owned()).collect(), "file"));
        }
    }
    Ok((sample::words(count), "generated"))
}

/// The posts of the file that the environment names, else generated ones that hold some of the terms.
fn posts(terms: &[&[String]]) -> Result<(Vec<String>, String)> {
    let Some(path) = std::env::var_os("XIANSHEN_BENCH_TEXT") else {
        return Ok((sample::posts(terms, POST_BYTES), "generated".into()));
    };
    let text = std::fs::read_to_string(&path).with_context(|| format!("XIANSHEN_BENCH_TEXT {}", path.display()))?;
    let mut taken = 0;
    let posts: Vec<String> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take_while(|line| {
            taken += line.len();
            taken <= TEXT_BYTES_MAX
        })
        .map(str::to_owned)
        .collect();
    ensure!(!posts.is_empty(), "XIANSHEN_BENCH_TEXT holds no post of at most {TEXT_BYTES_MAX} bytes");
    let origin = if taken > TEXT_BYTES_MAX { format!("file, its first {TEXT_BYTES_MAX} bytes") } else { "file".into() };
    Ok((posts, origin))
}

/// Posts of about [`POST_BYTES`]: short ones joined, long ones cut.
fn even_posts(posts: &[String]) -> Vec<Draft> {
    let mut even = Vec::new();
    let mut body = String::with_capacity(2 * POST_BYTES);
    for c in posts.iter().flat_map(|post| post.chars().chain(['\n'])) {
        body.push(c);
        if body.len() >= POST_BYTES {
            even.push(draft(&body));
            body.clear();
            if even.len() == POSTS_TIMED_MAX {
                break;
            }
        }
    }
    even
}

/// A field of `/proc/self/status`, in MB.
fn memory_mb(field: &str) -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("resident memory")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)).with_context(|| format!("no {field} in /proc/self/status"))?;
    let kb: f64 = line.trim_start_matches(':').trim().trim_end_matches("kB").trim().parse()?;
    Ok(kb / 1024.0)
}

/// In a process of its own: the rules with the longest list, compiled and used once, and nothing else.
fn child() -> Result<()> {
    let (terms, _) = terms(LISTS[1])?;
    let ruleset = compile(&terms)?;
    drop(terms);
    for draft in clean_drafts()? {
        black_box(ruleset.judge(&draft));
    }
    // What compiling needed for a while is given back within a second or two.
    #[expect(clippy::disallowed_methods, reason = "the allocator says to nobody when it is done")]
    std::thread::sleep(std::time::Duration::from_secs(3));
    println!("{:.1} {:.1}", memory_mb("VmRSS")?, memory_mb("VmHWM")?);
    Ok(())
}

/// The lines of the shipped clean text, as drafts.
fn clean_drafts() -> Result<Vec<Draft>> {
    let files = rule_files::read(&RulePaths::default())?;
    let text = files.0.get("dictionaries/canary.txt").context("the shipped clean text")?;
    Ok(std::str::from_utf8(text)?.lines().map(draft).collect())
}

fn measure_memory() -> Result<(f64, f64)> {
    let output = Command::new(std::env::current_exe()?).env(CHILD, "1").output()?;
    ensure!(output.status.success(), "memory: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    let (now, peak) = text.trim().split_once(' ').context("two numbers")?;
    Ok((now.parse()?, peak.parse()?))
}

fn main() -> Result<()> {
    if std::env::var_os(CHILD).is_some() {
        return child();
    }
    let rivals = [Rival::new(LISTS[0])?, Rival::new(LISTS[1])?];
    let [small, large] = &rivals;
    let (posts, origin) = posts(&[&small.terms, &large.terms])?;
    let drafts: Vec<Draft> = posts.iter().map(|post| draft(post)).collect();
    let bytes: usize = posts.iter().map(String::len).sum();
    let mb = bytes as f64 / 1e6;
    let obvious = Obvious::new(&small.terms)?;
    println!("judge: {mb:.1} MB in {} posts ({origin}); thread CPU time, medians of {ROUNDS} interleaved rounds", posts.len());

    // Answers first.
    let mut expected = Vec::new();
    for rival in &rivals {
        let agreement = agreement::check(&rival.ruleset, &rival.terms, &posts)?;
        let (findings, suppressed) = rival.judge(&drafts);
        let hits = rival.scan(&drafts);
        println!(
            "{:>7} terms ({}): {:.2} raw hits/KB; judge: {findings} findings, {suppressed} suppressed\n                {agreement}",
            rival.terms.len(),
            rival.origin,
            hits as f64 / bytes as f64 * 1024.0,
        );
        expected.push((findings, suppressed, hits));
    }
    let obvious_hits = obvious.run(&drafts);

    let mut seconds: [Vec<f64>; 5] = Default::default();
    for _ in 0..ROUNDS {
        for (index, rival) in rivals.iter().enumerate() {
            let (counts, judge) = timed(|| rival.judge(&drafts));
            let (hits, scan) = timed(|| rival.scan(&drafts));
            ensure!(expected.get(index) == Some(&(counts.0, counts.1, hits)), "counts changed between rounds");
            if let Some(s) = seconds.get_mut(2 * index) {
                s.push(judge);
            }
            if let Some(s) = seconds.get_mut(2 * index + 1) {
                s.push(scan);
            }
        }
        let (hits, spent) = timed(|| obvious.run(&drafts));
        ensure!(hits == obvious_hits, "hits of the obvious stack changed between rounds");
        if let Some(s) = seconds.last_mut() {
            s.push(spent);
        }
    }
    let [judge_10k, scan_10k, judge_100k, scan_100k, obvious_10k] = seconds.map(|s| mb / median(s));
    println!("\n{:<34}{:>10}{:>10}", "MB/s", "10k", "100k");
    println!("{:<34}{judge_10k:>10.1}{judge_100k:>10.1}", "judge");
    println!("{:<34}{scan_10k:>10.1}{scan_100k:>10.1}", "daachorse charwise, raw text");
    println!("{:<34}{obvious_10k:>10.1}{:>10}", "obvious stack", "");

    // One post at a time, each in every round: its time is the median, so that what else the machine does is not counted as its own.
    let even = even_posts(&posts);
    let mut rounds: Vec<Vec<f64>> = vec![Vec::with_capacity(ROUNDS); even.len()];
    for _ in 0..ROUNDS {
        for (draft, times) in even.iter().zip(&mut rounds) {
            times.push(timed(|| drop(black_box(small.ruleset.judge(draft)))).1 * 1e6);
        }
    }
    let quantiles = |mut micros: Vec<f64>| {
        micros.sort_by(f64::total_cmp);
        [0.5, 0.99, 0.999].map(|share| micros.get((micros.len() as f64 * share) as usize).or(micros.last()).copied().unwrap_or(f64::NAN))
    };
    let [_, p99_first, _] = quantiles(rounds.iter().filter_map(|times| times.first().copied()).collect());
    let [p50, p99, p999] = quantiles(rounds.into_iter().map(median).collect());
    let before = allocations::count();
    for draft in &even {
        black_box(small.ruleset.judge(draft));
    }
    let allocations = (allocations::count() - before) as f64 / even.len() as f64;
    println!(
        "\n{} posts of {POST_BYTES} bytes, 10k terms: p50 {p50:.1} µs, p99 {p99:.1} µs (of the first round alone {p99_first:.1}), p99.9 {p999:.1} µs; {allocations:.1} allocations a draft",
        even.len()
    );

    let build_ms = median((0..3).map(|_| Ok(timed(|| compile(&large.terms).map(drop)).1 * 1e3)).collect::<Result<Vec<_>>>()?);
    let (rss, peak) = measure_memory()?;
    println!(
        "ruleset of {} terms beside the shipped ones: {build_ms:.0} ms; resident {rss:.0} MB, at most {peak:.0} MB",
        large.terms.len()
    );

    let worst = hostile::run(small, large, &drafts)?;

    println!();
    println!("judge_10k_vs_daachorse={:.3}", judge_10k / scan_10k);
    println!("judge_100k_vs_daachorse={:.3}", judge_100k / scan_100k);
    println!("judge_10k_vs_obvious={:.3}", judge_10k / obvious_10k);
    println!("judge_mb_per_s={judge_10k:.1}");
    println!("p50_us={p50:.1}");
    println!("p99_us={p99:.1}");
    println!("allocations_per_draft={allocations:.1}");
    println!("build_100k_ms={build_ms:.0}");
    println!("rss_mb={rss:.1}");
    println!("hostile_worst_ratio={worst:.4}");
    Ok(())
}
