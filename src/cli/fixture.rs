//! Drafts and verdicts written by hand, for tests of what is shown.
//! Must not know the engine.

use crate::model::{
    Category, Draft, Field, Finding, Format, Kind, Level, Queue, Scalar, Severity, Suppressed, SuppressedReason, Transform, Verdict,
};

pub fn draft(body: &str, format: Format) -> Draft {
    Draft {
        account: "墨江示例发布".into(),
        as_of: Some(jiff::civil::date(2026, 11, 23)),
        attachments: None,
        author: None,
        body: body.into(),
        declared: None,
        format,
        id: "E1".into(),
        images: None,
        kind: Kind::Original,
        links: None,
        platform: "微信公众号".into(),
        revision: 1,
        source: None,
        subtitle: None,
        title: "茶叶上新".into(),
        unit: "mojiang-example".into(),
    }
}

/// A verdict with a finding for each (code, characters of the body, text): S3, but S2 for `WRD.*` and S0 for landlines.
pub fn verdict(draft: &Draft, findings: &[(&str, &str, &str)]) -> Verdict {
    let findings: Vec<Finding> = findings.iter().map(|(code, hit, text)| finding(draft, code, hit, text)).collect();
    Verdict {
        unit: draft.unit.clone(),
        id: draft.id.clone(),
        revision: draft.revision,
        verdict_id: "0".repeat(64),
        content_hash: draft.content_hash(),
        ruleset: "0123456789abcdef".into(),
        as_of: draft.as_of.expect("fixtures are dated"),
        queue: if findings.is_empty() { Queue::Routine } else { Queue::Ad },
        level: Level::L1,
        blocked: findings.iter().any(|finding| finding.severity == Severity::S3),
        findings,
        suppressed: Vec::new(),
        undetermined: None,
    }
}

pub fn finding(draft: &Draft, code: &str, hit: &str, text: &str) -> Finding {
    let byte = draft.body.find(hit).expect("the hit stands in the body");
    let start = draft.body[..byte].chars().count();
    Finding {
        code: code.to_owned().into(),
        category: Category::of_code(code).expect("a known family"),
        severity: match code {
            "PII.LANDLINE" => Severity::S0,
            code if code.starts_with("WRD.") => Severity::S2,
            _ => Severity::S3,
        },
        field: Field::Body,
        path: None,
        start,
        end: start + hit.chars().count(),
        text: text.into(),
        rule: "ads/contact.wechat".into(),
        message: "政务账号不得刊登商业广告或留私人联系方式".into(),
        suggestion: Some("删除".into()),
        basis: "墨政办发〔2024〕37号二(四)".into(),
        transforms: vec![Transform::Width, Transform::Separator],
        evidence: [("score", Scalar::Int(8)), ("term", Scalar::from("加微信"))].into_iter().collect(),
    }
}

pub fn suppressed(draft: &Draft, hit: &str) -> Suppressed {
    let start = draft.body[..draft.body.find(hit).expect("the hit stands in the body")].chars().count();
    Suppressed {
        code: "ILL.GAMBLING".into(),
        category: Category::Harmful,
        severity: Severity::S2,
        field: Field::Body,
        path: None,
        start,
        end: start + hit.chars().count(),
        text: hit.into(),
        rule: "terms/gambling:12".into(),
        reason: SuppressedReason::Boundary,
        detail: "大/发展".into(),
    }
}
