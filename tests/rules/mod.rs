//! The shipped rules, compiled once for a test program, and drafts in short.
//! Must not know what any test asserts.

#![allow(dead_code, clippy::expect_used)]

use std::sync::LazyLock;
use xianshen::model::{Draft, Finding, Format, Kind, Verdict};
use xianshen::place;
use xianshen::rule_files::{self, RulePaths};
use xianshen::ruleset::{RuleFiles, Ruleset};

pub static FILES: LazyLock<RuleFiles> = LazyLock::new(|| rule_files::read(&RulePaths::default()).expect("the shipped rules"));

pub static RULES: LazyLock<Ruleset> = LazyLock::new(|| match Ruleset::compile(&FILES) {
    Ok(ruleset) => ruleset,
    Err(problems) => panic!("the shipped rules do not compile: {problems:#?}"),
});

/// An ordinary draft with this body.
pub fn draft(format: Format, body: impl Into<String>) -> Draft {
    Draft {
        account: "示例发布".into(),
        as_of: Some(jiff::civil::date(2026, 11, 23)),
        attachments: None,
        author: None,
        body: body.into(),
        declared: None,
        format,
        id: "a".into(),
        images: None,
        kind: Kind::Original,
        links: None,
        platform: "微信".into(),
        revision: 1,
        source: None,
        subtitle: None,
        title: "工作动态".into(),
        unit: "test-example".into(),
    }
}

pub fn judge(format: Format, body: impl Into<String>) -> Verdict {
    RULES.judge(&draft(format, body))
}

/// The first finding of a code.
pub fn found<'v>(verdict: &'v Verdict, code: &str) -> &'v Finding {
    verdict.findings.iter().find(|f| f.code == code).unwrap_or_else(|| panic!("no {code} among {:?}", codes(verdict)))
}

pub fn codes(verdict: &Verdict) -> Vec<&str> {
    verdict.findings.iter().map(|f| &*f.code).collect()
}

/// Every place of the verdict lies in its string, on character boundaries, in order; the text is that slice or its mask.
pub fn assert_sound(draft: &Draft, verdict: &Verdict) {
    for finding in &verdict.findings {
        let slice = place::slice(draft, finding.into()).unwrap_or_else(|| panic!("{} lies outside its string", finding.rule));
        assert_eq!(slice.chars().count(), finding.end - finding.start, "{}", finding.rule);
        if finding.code.starts_with("PII.") || finding.code == "SEC.CREDENTIAL" {
            assert_eq!(finding.text.chars().count(), slice.chars().count(), "{}", finding.rule);
        } else {
            assert_eq!(finding.text, slice, "{}", finding.rule);
        }
    }
    for hit in &verdict.suppressed {
        assert!(place::slice(draft, hit.into()).is_some(), "{} lies outside its string", hit.rule);
    }
    let order = |f: &Finding| (f.field, f.start, f.end, f.code.clone());
    assert!(verdict.findings.is_sorted_by_key(order), "findings are not in order");
    assert!(verdict.suppressed.is_sorted_by_key(|s| (s.field, s.start, s.end, s.code.clone())), "suppressed hits are not in order");
}
