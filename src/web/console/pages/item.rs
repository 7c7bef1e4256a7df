//! One revision of one item: its text with every finding marked in place, and the reasons beside it.

use super::cards::{Card, SUPPRESSED_LISTED_MAX, SuppressedLine, marks, numbered};
use super::strings::{Locator, MarkedString, Quiet, strings};
use super::{Frame, rendered};
use crate::model::{Draft, Field, Level, Queue, Severity, Verdict};
use crate::web::console::address::{item_address, queue_address};
use crate::web::console::rows::{Counts, ItemView, RevisionRow, Viewer};
use crate::web::console::visible::{Visible, single_line};
use crate::web::console::words;
use askama::Template;

/// Hex digits of a hash that a person compares.
const SHORT_HASH_CHARS: usize = 12;
/// Most revisions that are listed; older ones are counted.
pub const REVISIONS_LISTED_MAX: usize = 50;

#[derive(Template)]
#[template(path = "item.html", config = "src/web/askama.toml")]
struct ItemPage<'a> {
    frame: Frame,
    /// Queue of the verdict and its address; none while the machine has not looked.
    queue: Option<(Queue, String)>,
    standing: Standing,
    masked: Option<&'static str>,
    newer: Option<(u64, String)>,
    title: MarkedString<'a>,
    subtitle: Option<MarkedString<'a>>,
    body: MarkedString<'a>,
    reading: Reading,
    /// Author, source, links, images and attachments.
    others: Vec<MarkedString<'a>>,
    facts: Vec<Fact<'a>>,
    declared: Vec<(&'static str, Visible<'a>)>,
    counts: Vec<(Severity, u64, Option<u32>)>,
    findings: usize,
    cards: Vec<Card<'a>>,
    suppressed: Vec<SuppressedLine<'a>>,
    suppressed_count: usize,
    machine: Vec<Fact<'a>>,
    level: Option<(Level, &'static str)>,
    revisions: Vec<Revision<'a>>,
    revisions_left_out: usize,
    next: Option<&'a str>,
}

/// What the verdict comes to, in one line that is read first.
struct Standing {
    class: &'static str,
    word: &'static str,
    detail: String,
    /// What stands in place of the cards when there are none.
    no_cards: &'static str,
}

/// Whether the body can be read without its markup.
#[derive(PartialEq, Eq)]
enum Reading {
    NoMarkup,
    Switch,
    TooMuchMarkup,
}

struct Fact<'a> {
    name: &'static str,
    value: Visible<'a>,
    /// More of it than is shown: a whole hash, the code of a unit; empty when there is no more.
    whole: Visible<'a>,
}

struct Revision<'a> {
    number: u64,
    address: String,
    received: String,
    state: Visible<'a>,
    here: bool,
}

/// The page of one revision. Without a verdict the machine has not judged it yet, and whether it must be kept secret is
/// not known: its text is masked, as that of every draft with a secrecy finding is, whatever queue it stands in.
pub fn item_page(view: &ItemView<'_>, viewer: Viewer) -> String {
    let ItemView { draft, verdict, revisions, .. } = *view;
    let masked = match verdict.map(Verdict::is_secret) {
        Some(true) => Some(
            "保密审查稿件的内容仅保密审查员和作者可见。令牌不分人员，本页无法辨认来人，因此用▇代替文字（标点保留），命中的位置照常标出。请到采编系统查看原文。",
        ),
        None => Some("机审完成之前，尚不知道本稿是否涉密，因此暂用▇代替文字。"),
        Some(false) => None,
    };
    let strings = strings(draft, masked.is_some());
    let locator = Locator::new(&strings);
    let numbered = verdict.map(numbered).unwrap_or_default();
    let marks = marks(&numbered, &locator, strings.len());
    let mut marked: Vec<(Field, MarkedString<'_>)> =
        strings.iter().zip(&marks).map(|(string, marks)| (string.field, string.marked(marks))).collect();
    let mut take = |field: Field| {
        let at = marked.iter().position(|(of, _)| *of == field)?;
        Some(marked.remove(at).1)
    };
    let (title, subtitle, body) = (take(Field::Title), take(Field::Subtitle), take(Field::Body));
    let reading = match strings.iter().find(|string| string.field == Field::Body).map(|body| body.markup()) {
        Some(None) => Reading::TooMuchMarkup,
        Some(Some(markup)) if !markup.is_empty() => Reading::Switch,
        _ => Reading::NoMarkup,
    };
    let revision_text = draft.revision.to_string();
    let as_of = verdict.map(|verdict| verdict.as_of.to_string()).unwrap_or_default();
    let received = words::time(view.received_at);
    let newest = revisions.iter().map(|row| row.revision).max().filter(|&newest| newest > draft.revision);
    let queue = verdict.map(|verdict| verdict.queue);
    let all_suppressed = verdict.map(|verdict| verdict.suppressed.as_slice()).unwrap_or_default();
    let window_title = single_line(&format!("{} 第 {} 版 · {}", draft.id, draft.revision, queue.map_or("等待机审", Queue::chinese)));

    rendered(&ItemPage {
        frame: Frame::new(window_title, viewer),
        queue: queue.map(|queue| (queue, queue_address(queue, None))),
        standing: Standing::of(verdict),
        masked,
        newer: newest.map(|newest| (newest, item_address(&draft.unit, &draft.id, newest))),
        title: title.unwrap_or_else(MarkedString::nothing),
        subtitle,
        body: body.unwrap_or_else(MarkedString::nothing),
        reading,
        others: marked.into_iter().map(|(_, string)| string).collect(),
        facts: facts(view, &received, &revision_text),
        declared: if masked.is_some() { Vec::new() } else { declared(draft) },
        counts: counts(verdict),
        findings: verdict.map_or(0, |verdict| verdict.findings.len()),
        cards: numbered.iter().map(|numbered| Card::new(numbered, &locator, &view.chains.findings, masked.is_some())).collect(),
        suppressed: all_suppressed
            .iter()
            .take(SUPPRESSED_LISTED_MAX)
            .enumerate()
            .map(|(nth, hit)| SuppressedLine::new(hit, &locator, view.chains.suppressed.get(nth), masked.is_some()))
            .collect(),
        suppressed_count: all_suppressed.len(),
        machine: machine(verdict, &as_of),
        level: verdict.map(|verdict| (verdict.level, words::final_reviewer(verdict.level, draft.kind))),
        revisions: listed(draft, revisions),
        revisions_left_out: revisions.len().saturating_sub(REVISIONS_LISTED_MAX),
        next: view.next,
    })
}

impl Standing {
    fn of(verdict: Option<&Verdict>) -> Self {
        let no_cards = "机审没有发现问题。";
        let Some(verdict) = verdict else {
            return Self {
                class: "waiting",
                word: "等待机审",
                detail: "稿件已收到，机审完成后刷新本页。".to_owned(),
                no_cards: "等待机审。",
            };
        };
        if let Some(undetermined) = verdict.undetermined {
            let detail = format!("{}。下面只是已经发现的问题，须人工通读全文，审定之前不得发布。", undetermined.reason.chinese());
            return Self {
                class: "s3", word: "机审未完成", detail, no_cards: "机审没有完成，不能据此认为没有问题。"
            };
        }
        if verdict.blocked {
            return Self {
                class: "s3", word: "阻断", detail: "现稿不得发布，改正或获得豁免之前不能签发。".to_owned(), no_cards
            };
        }
        match verdict.findings.iter().map(|finding| finding.severity).max() {
            Some(Severity::S0) | None => {
                Self {
                    class: "s0", word: "未见问题", detail: "机审没有发现要处理的问题，仍须人工审核。".to_owned(), no_cards
                }
            }
            Some(_) => {
                Self { class: "s2", word: "待处理", detail: "没有阻断项，下列问题须逐条答复。".to_owned(), no_cards }
            }
        }
    }
}

impl MarkedString<'_> {
    fn nothing() -> Self {
        MarkedString { name: String::new(), empty: true, pieces: Vec::new() }
    }
}

fn facts<'a>(view: &ItemView<'a>, received: &'a str, revision: &'a str) -> Vec<Fact<'a>> {
    let draft = view.draft;
    let facts = [
        ("账号", &*draft.account),
        ("平台", &draft.platform),
        ("主办单位", view.unit_name.unwrap_or(&draft.unit)),
        ("类型", words::kind(draft.kind)),
        ("正文格式", words::format(draft.format)),
        ("编号", &draft.id),
        ("版本", revision),
        ("收到", received),
    ];
    let whole = |name| if name == "主办单位" && view.unit_name.is_some() { &*draft.unit } else { "" };
    let given = facts.into_iter().filter(|(_, value)| !value.is_empty());
    given.map(|(name, value)| Fact { name, value: Visible(value), whole: Visible(whole(name)) }).collect()
}

fn machine<'a>(verdict: Option<&'a Verdict>, as_of: &'a str) -> Vec<Fact<'a>> {
    let Some(verdict) = verdict else { return Vec::new() };
    let short = |hash: &'a str| Visible(words::shortened(hash, SHORT_HASH_CHARS).0);
    vec![
        Fact { name: "规则集", value: Visible(&verdict.ruleset), whole: Visible("") },
        Fact { name: "规则基准日", value: Visible(as_of), whole: Visible("") },
        Fact { name: "机审结论号", value: short(&verdict.verdict_id), whole: Visible(&verdict.verdict_id) },
        Fact { name: "内容校验值", value: short(&verdict.content_hash), whole: Visible(&verdict.content_hash) },
    ]
}

fn declared(draft: &Draft) -> Vec<(&'static str, Visible<'_>)> {
    let Some(declared) = &draft.declared else { return Vec::new() };
    let consent = declared.guardian_consent.map(|given| ("监护人同意", if given { "已取得书面同意" } else { "未取得" }));
    let template = declared.template.as_deref().map(|template| ("授权模板", template));
    let statute = declared.statute.as_deref().map(|statute| ("法定公开依据", statute));
    [template, consent, statute].into_iter().flatten().map(|(name, value)| (name, Visible(value))).collect()
}

/// Severities that occur, severest first, with the number of the first finding of each.
fn counts(verdict: Option<&Verdict>) -> Vec<(Severity, u64, Option<u32>)> {
    let Some(verdict) = verdict else { return Vec::new() };
    let mut counts = Counts::default();
    verdict.findings.iter().for_each(|finding| counts.add(finding.severity));
    let numbered = numbered(verdict);
    let first = |severity| numbered.iter().find(|numbered| numbered.finding.severity == severity).map(|numbered| numbered.number);
    Severity::ALL
        .into_iter()
        .rev()
        .map(|severity| (severity, counts.of(severity), first(severity)))
        .filter(|&(_, count, _)| count > 0)
        .collect()
}

fn listed<'a>(draft: &Draft, revisions: &'a [RevisionRow]) -> Vec<Revision<'a>> {
    let mut newest_first: Vec<_> = revisions.iter().collect();
    newest_first.sort_by_key(|row| std::cmp::Reverse(row.revision));
    newest_first
        .into_iter()
        .take(REVISIONS_LISTED_MAX)
        .map(|row| Revision {
            number: row.revision,
            address: item_address(&draft.unit, &draft.id, row.revision),
            received: words::time(row.received_at),
            state: Visible(words::state(&row.state)),
            here: row.revision == draft.revision,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::Step;
    use crate::model::{Category, Evidence, Finding, Suppressed, SuppressedReason, Transform, Undetermined, UndeterminedReason};
    use crate::web::console::pages::cards::CARDS_MAX;
    use crate::web::console::rows::Chains;
    use crate::web::console::visible::tests::read_back;

    fn draft(change: impl FnOnce(&mut serde_json::Value)) -> Draft {
        let mut draft = serde_json::json!({"unit": "示例单位", "id": "A/1", "revision": 2, "account": "示例发布", "platform": "微信", "kind": "original",
            "format": "text", "title": "周末展销", "body": "请加微信甲乙丙。\n电话另行公布。"});
        change(&mut draft);
        Draft::from_json(draft.to_string().as_bytes()).expect("a draft")
    }

    fn finding(severity: Severity, field: Field, path: Option<&str>, start: usize, end: usize) -> Finding {
        Finding {
            code: "AD.CONTACT".into(),
            category: Category::Advertising,
            severity,
            field,
            path: path.map(Into::into),
            start,
            end,
            text: "加微信".into(),
            rule: "ads/contact:1".into(),
            message: "不得留私人联系方式".into(),
            suggestion: Some("删除".into()),
            basis: "二(四)".into(),
            transforms: vec![Transform::Width, Transform::Hidden],
            evidence: Evidence::from_iter([("score", 8i64)]),
        }
    }

    fn verdict(draft: &Draft, queue: Queue, findings: Vec<Finding>) -> Verdict {
        Verdict {
            unit: draft.unit.clone(),
            id: draft.id.clone(),
            revision: draft.revision,
            verdict_id: "ab".repeat(32),
            content_hash: "cd".repeat(32),
            ruleset: "0123456789abcdef".into(),
            as_of: jiff::civil::date(2026, 11, 23),
            queue,
            level: Level::L2,
            blocked: findings.iter().any(|finding| finding.severity == Severity::S3),
            findings,
            suppressed: Vec::new(),
            undetermined: None,
        }
    }

    fn page(draft: &Draft, verdict: Option<&Verdict>) -> String {
        let chains = verdict.map(chains).unwrap_or_default();
        item_page(&view(draft, verdict, &chains), Viewer::default())
    }

    fn view<'a>(draft: &'a Draft, verdict: Option<&'a Verdict>, chains: &'a Chains) -> ItemView<'a> {
        let received_at = "2026-11-23T01:00:00Z".parse().expect("a time");
        ItemView { draft, verdict, unit_name: Some("示例县人民政府办公室"), revisions: &[], received_at, next: None, chains }
    }

    /// One step for each part of the verdict, each telling its number.
    fn chains(verdict: &Verdict) -> Chains {
        let steps = |kind: &str, count: usize| {
            let step = |name, n: usize| Step { name, text: format!("{kind} {n}") };
            (0..count).map(|n| vec![step("折叠后", n), step("规则", n)]).collect()
        };
        Chains { findings: steps("折法", verdict.findings.len()), suppressed: steps("放法", verdict.suppressed.len()) }
    }

    /// The body as a reader of the page gets it.
    fn shown_body(page: &str) -> String {
        let (_, rest) = page.split_once("<div class=\"submitted text\" dir=\"ltr\">").expect("a body");
        read_back(rest.split_once("</div>").expect("its end").0)
    }

    #[test]
    fn every_finding_has_its_mark_its_card_and_a_way_both_ways() {
        let draft = draft(|d| d["links"] = serde_json::json!([{"label": "报名", "url": "https://a.example/"}]));
        let findings = vec![
            finding(Severity::S1, Field::Title, None, 0, 2),
            finding(Severity::S3, Field::Body, None, 1, 4),
            finding(Severity::S2, Field::Body, None, 2, 7),
            finding(Severity::S0, Field::Links, Some("links[0].url"), 8, 17),
        ];
        let page = page(&draft, Some(&verdict(&draft, Queue::Ad, findings)));
        for number in 1..=4 {
            for once in [format!("id=\"m{number}\""), format!("id=\"f{number}\""), format!("href=\"#m{number}\"")] {
                assert_eq!(page.matches(&once).count(), 1, "{once}");
            }
            assert!(page.contains(&format!("href=\"#f{number}\"")));
        }
        assert_eq!(shown_body(&page), draft.body);
        assert!(page.contains("<mark class=\"hit s3\" data-n=\"2 3\">"), "the overlap is one mark of the severest");
    }

    #[test]
    fn a_card_gives_every_reason_in_words() {
        let draft = draft(|_| {});
        let page = page(&draft, Some(&verdict(&draft, Queue::Ad, vec![finding(Severity::S3, Field::Body, None, 10, 12)])));
        for words in [
            "阻断",
            "商业广告",
            "AD.CONTACT",
            "不得留私人联系方式",
            "删除",
            "二(四)",
            "全角→半角、隐藏文字",
            "怎样得出",
            "折法 0",
            "正文 第 2 行第 2 字",
        ] {
            assert!(page.contains(words), "{words}");
        }
    }

    #[test]
    fn the_header_names_queue_level_rules_day_and_conclusion() {
        let draft = draft(|_| {});
        let page = page(&draft, Some(&verdict(&draft, Queue::Ad, Vec::new())));
        for words in ["广告引流", "L2 重要信息", "分管领导", "0123456789abcdef", "2026-11-23", "abababababab<", "未见问题", "仍须人工审核"]
        {
            assert!(page.contains(words), "{words}");
        }
    }

    #[test]
    fn an_absence_is_marked_where_it_belongs() {
        let draft = draft(|d| d["body"] = "".into());
        let page = page(&draft, Some(&verdict(&draft, Queue::Source, vec![finding(Severity::S3, Field::Body, None, 0, 0)])));
        assert!(page.contains("class=\"hit s3 point\"") && page.contains("缺少内容，没有对应文字"));
    }

    #[test]
    fn a_finding_that_names_no_string_keeps_its_card() {
        let draft = draft(|_| {});
        let page = page(&draft, Some(&verdict(&draft, Queue::Ad, vec![finding(Severity::S3, Field::Images, Some("images[4].alt"), 0, 2)])));
        assert!(page.contains("稿件中没有这一项") && page.contains("id=\"f1\"") && !page.contains("#m1"));
    }

    #[test]
    fn a_secrecy_page_shows_places_and_reasons_but_no_text() {
        let draft = draft(|d| {
            d["body"] = "秘密文字甲，内容乙。".into();
            d["images"] = serde_json::json!([{"name": "布防图.png", "qr": "https://x.example/丁"}]);
            d["declared"] = serde_json::json!({"statute": "条款戊"});
        });
        let mut verdict = verdict(&draft, Queue::Secrecy, vec![finding(Severity::S3, Field::Body, None, 0, 2)]);
        verdict.findings[0].text = "秘密".into();
        let page = page(&draft, Some(&verdict));
        assert_eq!(shown_body(&page), "▇▇▇▇▇，▇▇▇。");
        for hidden in ["文字甲", "周末展销", "布防图", "x.example", "条款戊"] {
            assert!(!page.contains(hidden), "{hidden}");
        }
        assert!(page.contains("仅保密审查员和作者可见") && page.contains("id=\"m1\"") && page.contains("不得留私人联系方式"));
        let (_, aside) = page.split_once("<aside").expect("the findings");
        assert!(aside.contains("▇▇") && !aside.contains("秘密<"), "the card does not quote it either");
        assert!(aside.contains("<b>规则</b>") && !aside.contains("<b>折叠后</b>"), "nor does the chain");
    }

    #[test]
    fn a_draft_with_a_secrecy_finding_is_masked_in_every_queue() {
        let draft = draft(|_| {});
        for queue in [Queue::Major, Queue::Comment, Queue::Ad] {
            for (code, severity, masks) in
                [("SEC.INTERNAL", Severity::S1, true), ("PII.MILITARY", Severity::S3, true), ("SEC.MARK", Severity::S0, false)]
            {
                let secret = Finding { code: code.into(), ..finding(severity, Field::Body, None, 0, 2) };
                let page = page(&draft, Some(&verdict(&draft, queue, vec![secret])));
                assert_eq!(page.contains("仅保密审查员和作者可见"), masks, "{queue:?} {code}");
                assert_eq!(page.contains("电话另行公布"), !masks, "{queue:?} {code}");
            }
        }
    }

    #[test]
    fn the_unit_has_its_name_and_the_next_item_is_one_step_away() {
        let draft = draft(|_| {});
        let (verdict, chains) = (verdict(&draft, Queue::Ad, Vec::new()), Chains::default());
        let view = view(&draft, Some(&verdict), &chains);
        let last = item_page(&view, Viewer::default());
        assert!(last.contains("<bdi title=\"示例单位\">示例县人民政府办公室</bdi>"));
        assert!(last.contains("本件之后没有稿件") && !last.contains("id=\"next\""));
        let page = item_page(&ItemView { next: Some("/items/u/b/1"), ..view }, Viewer { can_sign_out: true });
        assert!(page.contains("id=\"next\" rel=\"next\" href=\"/items/u/b/1\"") && page.contains("广告引流下一件"));
        assert!(page.contains("action=\"/logout\""));
    }

    #[test]
    fn a_draft_without_verdict_is_masked_too() {
        let page = page(&draft(|_| {}), None);
        assert!(page.contains("等待机审") && page.contains("机审完成之前") && !page.contains("加微信"));
    }

    #[test]
    fn an_undetermined_verdict_asks_for_a_person() {
        let draft = draft(|_| {});
        let mut verdict = verdict(&draft, Queue::Major, Vec::new());
        verdict.blocked = true;
        verdict.undetermined = Some(Undetermined { reason: UndeterminedReason::Timeout });
        let page = page(&draft, Some(&verdict));
        assert!(page.contains("机审未完成") && page.contains("机审超时") && page.contains("人工通读全文"));
        assert!(!page.contains("未见问题") && !page.contains("机审没有发现问题"), "nobody may take it for clean");
    }

    #[test]
    fn addresses_of_a_draft_are_never_links() {
        let draft = draft(|d| {
            d["format"] = "html".into();
            d["body"] = "<a href=\"https://evil.example/\">点</a>".into();
            d["links"] = serde_json::json!([{"url": "https://evil.example/"}]);
            d["source"] = serde_json::json!({"url": "https://evil.example/"});
        });
        let page = page(&draft, Some(&verdict(&draft, Queue::Ad, Vec::new())));
        let targets: Vec<_> = page.split(" href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(targets.iter().all(|target| target.starts_with('/') || target.starts_with('#')), "{targets:?}");
        assert_eq!(page.matches("https://evil.example/").count(), 3);
    }

    #[test]
    fn html_and_markdown_keep_every_character_beside_their_quiet_markup() {
        for (format, body) in
            [("html", "<p class=\"a\">甲&nbsp;乙</p>\r\n<!-- 丙 -->\n\t<td>丁"), ("markdown", "# 甲\n\n**乙** [丙](https://x.example)\n")]
        {
            let draft = draft(|d| {
                d["format"] = format.into();
                d["body"] = body.into();
            });
            let page = page(&draft, Some(&verdict(&draft, Queue::Ad, vec![finding(Severity::S2, Field::Body, None, 3, 9)])));
            assert_eq!(shown_body(&page), body.replace("\r\n", "\n"));
            assert!(page.contains("class=\"quiet\"") && page.contains("隐去标记"));
        }
    }

    #[test]
    fn suppressed_hits_are_folded_away_with_their_reason() {
        let draft = draft(|_| {});
        let mut verdict = verdict(&draft, Queue::Ad, Vec::new());
        verdict.suppressed.push(Suppressed {
            code: "ILL.GAMBLING".into(),
            category: Category::Harmful,
            severity: Severity::S2,
            field: Field::Body,
            path: None,
            start: 3,
            end: 5,
            text: "发展".into(),
            rule: "terms/gambling:12".into(),
            reason: SuppressedReason::Boundary,
            detail: "大/发展".into(),
        });
        let page = page(&draft, Some(&verdict));
        let (_, details) = page.split_once("<details class=\"suppressed\">").expect("closed details");
        for words in ["放过 1 处", "词语边界", "大/发展", "本会是较重", "正文 第 1 行第 4 字"] {
            assert!(details.contains(words), "{words}");
        }
    }

    #[test]
    fn an_old_revision_says_so_and_leads_to_the_new_one() {
        let draft = draft(|_| {});
        let row = |revision, state: &str| RevisionRow {
            revision,
            received_at: "2026-11-23T01:00:00Z".parse().expect("a time"),
            state: state.into(),
        };
        let rows = [row(1, "superseded"), row(2, "superseded"), row(3, "screened")];
        let verdict = verdict(&draft, Queue::Ad, Vec::new());
        let chains = Chains::default();
        let page = item_page(&ItemView { revisions: &rows, ..view(&draft, Some(&verdict), &chains) }, Viewer::default());
        assert!(page.contains("已提交第 3 版") && page.contains(&item_address("示例单位", "A/1", 3)) && page.contains("已被新版本代替"));
    }

    #[test]
    fn more_findings_than_cards_are_counted_and_the_severest_kept() {
        let draft = draft(|_| {});
        let mut findings = vec![finding(Severity::S0, Field::Body, None, 0, 1); CARDS_MAX + 10];
        findings.push(finding(Severity::S3, Field::Body, None, 1, 2));
        let page = page(&draft, Some(&verdict(&draft, Queue::Ad, findings)));
        assert!(page.contains(&format!("共 {} 处，本页列出并标出其中最严重的 {CARDS_MAX} 处", CARDS_MAX + 11)));
        assert_eq!(page.matches("<li class=\"card s3\"").count(), 1);
    }

    #[test]
    fn a_page_grows_with_its_text_and_findings_and_not_faster() {
        let length = |sentences: usize, nested: usize| {
            let draft = draft(|d| d["body"] = "各乡镇要压实责任。".repeat(sentences).into());
            let chars = draft.body.chars().count();
            let findings = (0..nested).map(|n| finding(Severity::S1, Field::Body, None, n, chars - n)).collect();
            page(&draft, Some(&verdict(&draft, Queue::Wording, findings))).len()
        };
        let (base, text, nested) = (length(1_000, 0), length(4_000, 0), length(1_000, 1_000));
        assert!(text < base * 4, "{base} {text}");
        assert!(length(1_000, 2_000) - nested < (nested - base) * 11 / 10, "{base} {nested}");
    }
}
