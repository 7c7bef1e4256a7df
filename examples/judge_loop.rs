//! Judges every line of a file as a post, over and over: something to profile.
use xianshen::model::Draft;
fn main() {
    let rules = xianshen::rule_files::read(&Default::default()).ok();
    let ruleset = rules.and_then(|r| xianshen::ruleset::Ruleset::compile(&r).ok());
    let (Some(ruleset), Some(path)) = (ruleset, std::env::args().nth(1)) else { return };
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let drafts: Vec<Draft> = text.lines().take(4000).filter_map(|l| {
        let d = serde_json::json!({"unit":"u","id":"a","revision":1,"account":"a","platform":"p","kind":"original","format":"text","title":"","body":l,"as_of":"2026-11-23"});
        Draft::from_json(d.to_string().as_bytes()).ok()
    }).collect();
    let bytes: usize = drafts.iter().map(|d| d.body.len()).sum();
    for _ in 0..16 {
        let t = std::time::Instant::now();
        let n: usize = drafts.iter().map(|d| ruleset.judge(d).findings.len()).sum();
        eprintln!("{n} {:.1} MB/s", bytes as f64 / 1e6 / t.elapsed().as_secs_f64());
    }
}
