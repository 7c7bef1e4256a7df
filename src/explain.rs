//! How a finding or a suppressed hit came about, in words a clerk reads: original → folded → rule → evidence → severity → queue.
//! Must not know where it is shown; what must be masked comes in masked.

use crate::lexicon::{MatchMode, Row};
use crate::model::{Draft, Evidence, Finding, Scalar, Severity, Suppressed, SuppressedReason, Transform, Verdict};
use crate::ruleset::Ruleset;
use std::collections::{HashMap, HashSet};

/// Most characters of a hit whose folding is shown; a longer one is cut and says so.
const FOLDED_CHARS_MAX: usize = 200;

/// One link of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub name: &'static str,
    pub text: String,
}

/// Explains one verdict.
pub struct Explainer<'a> {
    draft: &'a Draft,
    verdict: &'a Verdict,
    rules: Option<Rules<'a>>,
}

/// The rules that gave the verdict, and the rows of dictionaries that it names.
struct Rules<'a> {
    ruleset: &'a Ruleset,
    rows: HashMap<&'a str, &'a Row>,
}

impl<'a> Explainer<'a> {
    /// `ruleset`: what is at hand. Unless it is the one that gave the verdict, what it would say is left out.
    pub fn new(draft: &'a Draft, verdict: &'a Verdict, ruleset: Option<&'a Ruleset>) -> Self {
        let rules = ruleset.filter(|ruleset| ruleset.id() == verdict.ruleset).map(|ruleset| {
            let named: HashSet<&str> =
                verdict.findings.iter().map(|f| &*f.rule).chain(verdict.suppressed.iter().map(|s| &*s.rule)).collect();
            let rows = ruleset.lexicon().rows().iter().filter(|ready| named.contains(&*ready.row.rule));
            Rules { ruleset, rows: rows.map(|ready| (&*ready.row.rule, &ready.row)).collect() }
        });
        Self { draft, verdict, rules }
    }

    /// From the found characters to the queue. `original` is what may be shown of them; `is_masked`: it hides characters, and
    /// its folding would be that of the mask.
    pub fn finding(&self, finding: &Finding, original: &str, is_masked: bool) -> Vec<Step> {
        chain([
            ("折叠后", self.folded(original, is_masked, &finding.transforms, Some(&finding.evidence))),
            ("规则", self.rule(&finding.rule, &finding.code)),
            ("说明", finding.message.to_string()),
            ("证据", evidence(&finding.evidence)),
            ("依据", finding.basis.to_string()),
            ("严重程度", format!("{} {}：{}", finding.severity.as_str(), finding.severity.chinese(), meaning(finding.severity))),
            ("队列", self.queue(finding)),
            ("建议", finding.suggestion.as_deref().unwrap_or_default().to_owned()),
        ])
    }

    /// From the characters that looked like a hit to why they are none.
    pub fn suppressed(&self, hit: &Suppressed, original: &str, is_masked: bool) -> Vec<Step> {
        let detail = if hit.detail.is_empty() { String::new() } else { format!("（{}）", hit.detail) };
        chain([
            ("折叠后", self.folded(original, is_masked, &[], None)),
            ("规则", self.rule(&hit.rule, &hit.code)),
            ("放过原因", format!("{}{detail}：{}", hit.reason.chinese(), why_suppressed(hit.reason))),
            ("严重程度", format!("不计；若不放过，是 {} {}", hit.severity.as_str(), hit.severity.chinese())),
            ("队列", "不影响队列".to_owned()),
        ])
    }

    /// What the matcher saw.
    fn folded(&self, original: &str, is_masked: bool, transforms: &[Transform], evidence: Option<&Evidence>) -> String {
        if original.is_empty() {
            return String::new();
        }
        let words = transforms.iter().map(|transform| transform.chinese()).collect::<Vec<_>>().join("、");
        if is_masked {
            return if words.is_empty() { "内容已遮蔽，不再显示".to_owned() } else { format!("内容已遮蔽（{words}）") };
        }
        let cut: String = original.chars().take(FOLDED_CHARS_MAX).collect();
        let folded = self.rules.as_ref().map(|rules| rules.ruleset.folded(&cut));
        // Blanks and signs between characters are skipped after folding: the evidence names the term that is left.
        let term = match evidence.and_then(|evidence| evidence.get("term")) {
            Some(Scalar::Text(term)) if !transforms.is_empty() && !is_pattern(term) => Some(term.to_string()),
            _ => None,
        };
        let mark = if cut.len() < original.len() { "……" } else { "" };
        // A disguise is undone by more than folding: the detector says how it read the characters.
        let read_as = match evidence.and_then(|evidence| evidence.get("read_as")) {
            Some(Scalar::Text(read_as)) => Some(read_as.to_string()),
            _ => None,
        };
        match read_as.or_else(|| folded.filter(|folded| *folded != cut)).or(term) {
            Some(seen) if words.is_empty() => format!("「{seen}{mark}」"),
            Some(seen) => format!("「{seen}{mark}」（{words}）"),
            None if words.is_empty() => "与原文相同".to_owned(),
            None => words,
        }
    }

    /// The rule in words, and its name.
    fn rule(&self, rule: &str, code: &str) -> String {
        let Some(rules) = &self.rules else { return rule.to_owned() };
        if let Some(row) = rules.rows.get(rule) {
            let how = match row.mode {
                MatchMode::Exact => "按原样比对",
                MatchMode::Fold => "折叠后比对",
                MatchMode::Skip => "折叠后比对，可隔符号",
                MatchMode::Pinyin => "折叠后比对，可隔符号，也认拼音",
                MatchMode::Disguise => "按列明的伪装方式比对",
                MatchMode::Regex => "按句式比对",
            };
            let boundary = if row.on_word_boundary { "，须是完整的词" } else { "" };
            let near = if row.with.is_empty() { "" } else { "，还须合乎旁边的字词条件" };
            let plain = if row.only.disguised { "，平常写法不算" } else { "" };
            let term = if is_pattern(&row.term) { String::new() } else { format!("「{}」", row.term) };
            return format!("词库 {} 第 {} 行{term}：{how}{plain}{boundary}{near}（{rule}）", row.file, row.line);
        }
        match rules.ruleset.codes().get(code).map(|text| &*text.finds) {
            Some(finds) if !finds.is_empty() => format!("检测{finds}（{rule}）"),
            _ => rule.to_owned(),
        }
    }

    /// Where this finding alone would send the draft, and where all of them do.
    fn queue(&self, finding: &Finding) -> String {
        let whole = self.verdict.queue.chinese();
        if let Some(undetermined) = self.verdict.undetermined {
            return format!("机审未完成（{}），全稿转人工，归入“{whole}”", undetermined.reason.chinese());
        }
        let Some(rules) = &self.rules else { return format!("全稿归入“{whole}”") };
        let alone = rules.ruleset.queue_of(self.draft, finding);
        if alone == self.verdict.queue {
            return format!("归入“{whole}”");
        }
        format!("只看这一处归入“{}”；连同其他命中，全稿归入“{whole}”", alone.chinese())
    }
}

/// The links that say something.
fn chain<const N: usize>(links: [(&'static str, String); N]) -> Vec<Step> {
    links.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| Step { name, text }).collect()
}

/// A term that is written as a pattern says nothing to a reader.
fn is_pattern(term: &str) -> bool {
    term.contains(['[', '\\', '?', '|', '('])
}

/// What a severity asks for (DOMAIN §2.5).
pub fn meaning(severity: Severity) -> &'static str {
    match severity {
        Severity::S0 => "供参考，不必答复",
        Severity::S1 => "初审须答复（改正，或保留并说明理由）",
        Severity::S2 => "复审须作出决定",
        Severity::S3 => "照此不得发布",
    }
}

/// What a reason to suppress means.
fn why_suppressed(reason: SuppressedReason) -> &'static str {
    match reason {
        SuppressedReason::Boundary => "这几个字跨在词语之间，或是更长的词的一部分",
        SuppressedReason::AllowPhrase => "它在允许的说法之内",
        SuppressedReason::Guard => "这里是在宣传、提示、禁止或演练",
        SuppressedReason::Mention => "这里只是提到，没有这样做",
        SuppressedReason::CheckDigit => "号码的校验码或号段不对，不是这类号码",
        SuppressedReason::Context => "旁边的文字说明它不是",
        SuppressedReason::Mask => "已经遮去该遮的部分",
    }
}

/// The evidence in words.
pub fn evidence(evidence: &Evidence) -> String {
    evidence.iter().map(|(key, value)| evidence_item(key, value)).collect::<Vec<_>>().join("；")
}

/// One piece of evidence in words. A plain fact needs no value.
pub fn evidence_item(key: &str, value: &Scalar) -> String {
    let name = evidence_name(key);
    match value {
        Scalar::Bool(true) => name.to_owned(),
        Scalar::Bool(false) => format!("{name}：否"),
        Scalar::Int(number) => format!("{name}：{number}"),
        // The rule is named beside it.
        Scalar::Text(text) if key == "term" && is_pattern(text) => format!("{name}：按句式识别"),
        Scalar::Text(text) => format!("{name}：{text}"),
    }
}

/// The name of a piece of evidence; a key without a name is shown as it is.
pub fn evidence_name(key: &str) -> &str {
    match key {
        "age" => "年龄",
        "area" => "区号",
        "check_character" => "校验字符",
        "check_digit" => "校验码",
        "column" => "整列如此",
        "context" => "有语境词",
        "declared_statute" => "单位声明了法定公开依据",
        "differs" => "不同之处",
        "disguise" => "伪装方式",
        "domain" => "邮箱域名",
        "effect" => "写明后果",
        "emotive" => "情绪化标题",
        "guard" => "语境保护",
        "guardian_consent" => "监护人已同意",
        "home" => "写明家庭住址",
        "host" => "域名",
        "in_address" => "在网址或二维码里",
        "kind" => "类别",
        "known_prefix" => "发卡行号在册",
        "live_contact" => "附有联系方式",
        "luhn" => "校验位",
        "masked" => "已遮蔽位数",
        "name_masked" => "姓名已遮蔽",
        "phrases" => "营销用语",
        "places" => "地点数",
        "quoted" => "属于引用",
        "read_as" => "读作",
        "in_pieces" => "分成几段写",
        "room" => "精确到门牌",
        "score" => "广告评分",
        "sentences_left_out" => "删去句数",
        "signals" => "推销信号",
        "similarity_percent" => "相似度（%）",
        "sum" => "各项之和",
        "term" => "词条",
        "time" => "写明时间",
        "unit_holder" => "户名为单位",
        "unverified" => "未经核实的说法",
        "weekday" => "实际星期",
        "why" => "判断依据",
        "with_person" => "同时出现姓名",
        "workdays" => "实际工作日数",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Queue;

    fn ruleset() -> Ruleset {
        Ruleset::compile(&crate::rule_files::read(&Default::default()).expect("shipped")).expect("shipped rules compile")
    }

    fn draft(body: &str) -> Draft {
        let draft = serde_json::json!({"unit": "u", "id": "a", "revision": 1, "account": "", "platform": "", "kind": "original",
            "format": "text", "title": "茶叶上新", "body": body, "as_of": "2026-11-23"});
        Draft::from_json(draft.to_string().as_bytes()).expect("a draft")
    }

    /// The shipped rules, a draft with this body, and its verdict.
    fn judged(body: &str) -> (Ruleset, Draft, Verdict) {
        let (ruleset, draft) = (ruleset(), draft(body));
        let verdict = ruleset.judge(&draft);
        (ruleset, draft, verdict)
    }

    fn text<'s>(steps: &'s [Step], name: &str) -> &'s str {
        steps.iter().find(|step| step.name == name).map_or("", |step| &step.text)
    }

    #[test]
    fn each_link_of_the_chain_is_there_in_words() {
        let (ruleset, draft, verdict) = judged("来玩時 时 彩。身份证号530822188506150018。");
        let explainer = Explainer::new(&draft, &verdict, Some(&ruleset));
        let gambling = verdict.findings.iter().find(|f| f.code == "ILL.GAMBLING").expect("found");
        let steps = explainer.finding(gambling, &gambling.text, false);
        let names: Vec<_> = steps.iter().map(|step| step.name).collect();
        assert_eq!(names, ["折叠后", "规则", "说明", "证据", "依据", "严重程度", "队列", "建议"]);
        assert!(text(&steps, "折叠后").contains('时') && text(&steps, "折叠后").contains("繁→简"), "{steps:?}");
        assert!(text(&steps, "规则").contains("gambling.csv") && text(&steps, "规则").contains("时时彩"), "{steps:?}");
        assert_eq!(verdict.queue, Queue::Privacy);
        assert_eq!(text(&steps, "队列"), "只看这一处归入“广告引流”；连同其他命中，全稿归入“个人信息”");
        let number = verdict.findings.iter().find(|f| f.code == "PII.ID18").expect("found");
        let steps = explainer.finding(number, &number.text, true);
        assert!(text(&steps, "规则").starts_with("检测18位身份证号") && text(&steps, "队列") == "归入“个人信息”", "{steps:?}");
        assert!(!steps.iter().any(|step| step.text.contains("530822188506150018")));
    }

    #[test]
    fn a_suppressed_hit_says_why_in_a_sentence() {
        let (ruleset, draft, verdict) = judged("全县茶产业大发展，促进农民增收，身份证号530822188506150011。");
        let explainer = Explainer::new(&draft, &verdict, Some(&ruleset));
        for hit in &verdict.suppressed {
            let steps = explainer.suppressed(hit, &hit.text, false);
            assert!(text(&steps, "放过原因").starts_with(hit.reason.chinese()) && text(&steps, "严重程度").contains("不计"), "{steps:?}");
        }
    }

    #[test]
    fn other_rules_than_those_of_the_verdict_are_not_asked() {
        let (ruleset, draft, verdict) = judged("来玩时时彩。");
        let verdict = Verdict { ruleset: "0123456789abcdef".into(), ..verdict };
        let steps = Explainer::new(&draft, &verdict, Some(&ruleset)).finding(&verdict.findings[0], "时时彩", false);
        assert_eq!(text(&steps, "规则"), verdict.findings[0].rule.as_str());
        assert_eq!(text(&steps, "队列"), "全稿归入“广告引流”");
    }
}
