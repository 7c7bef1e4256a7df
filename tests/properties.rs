//! What holds for every draft, whatever is in it: tried on random mixes of Han, ASCII, symbols, markup and disguises.
//! Must not know single rules.

#![allow(clippy::expect_used)]

mod rules;

use proptest::prelude::*;
use rules::{RULES, assert_sound, draft, judge};
use xianshen::lexicon::MatchMode;
use xianshen::model::{Draft, Finding, Format, Kind, Queue, Scalar, Transform};
use xianshen::place;
use xianshen::text::extract::extract;

const PIECES: [&str; 91] = [
    "时时彩",
    "時時彩",
    "时*时*彩",
    "代开发票",
    "代.开.发.票",
    "百家乐",
    "百家乐园",
    "【百】【家】乐",
    "baijiale",
    "百jia乐",
    "BJL",
    "🎲博",
    "贝者博",
    "白加了",
    "百冢乐",
    "乐家百",
    "时shi彩",
    "真人禾可官",
    "老铁跟上",
    "联系我",
    "加wei信",
    "加微人言",
    "赌、博",
    "加微信",
    "微信号：abc_123456",
    "残废人",
    "内部资料",
    "不得外传",
    "绝密★10年",
    "机密",
    "发生火灾",
    "造成3人死亡",
    "身份证号530822188506150018",
    "13800138000",
    "138 0013 8000",
    "一三八零零一三八零零零",
    "6222022502000000011",
    "张三",
    "李某",
    "户主：王小明",
    "患有肺结核",
    "云J12345",
    "0879-4232345",
    "12345",
    "2026年11月23日（星期一）",
    "墨政办发〔2024〕37号",
    "来源：新华网",
    "反诈宣传",
    "谨防",
    "严禁",
    "不",
    "一",
    "。",
    "，",
    "：",
    "\n",
    "\n\n",
    " ",
    "\u{200b}",
    "\u{301}",
    "★",
    "😀",
    "&#x65f6;",
    "&amp;",
    "&lt",
    "<b>",
    "</b>",
    "<p>",
    "</p>",
    "<!--",
    "-->",
    "<div style='display:none'>",
    "</div>",
    "<a href='http://a.example.com/x'>",
    "</a>",
    "<table><tr><td>",
    "</td></tr></table>",
    "<img alt='",
    "'>",
    "**",
    "`",
    "[一](http://b.cn)",
    "| a | b |\n|-|-|\n",
    "# ",
    "http://192.168.1.1/",
    "www.taobao.com",
    "最好",
    "￥99元",
    "\n[一]: http://c.cn/1 \"时时彩\"\n",
    "\n[二]: http://d.cn \"代开发票\"\n",
    "\n[三]: http://e.cn '谨防'\n",
];

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => prop::sample::select(PIECES.to_vec()).prop_map(str::to_owned),
        2 => prop::char::range('\u{4e00}', '\u{9fa5}').prop_map(String::from),
        2 => "[ -~]{1,4}",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Digits, numerals and what stands beside them, in any order.
fn numbers() -> impl Strategy<Value = String> {
    let one_of = |signs: &str| prop::sample::select(signs.chars().collect::<Vec<_>>());
    let sign = prop_oneof![
        4 => one_of("十百千万一二七八〇1290"),
        2 => one_of("年月日号时点分.-/:至"),
        1 => one_of("零壹０①㈠亿秒到—~：()（）、，。 \n\t星期周下天元块角￥%‰岁级名人户共其中约占xX*×#Oolv薇加微qq@_"),
    ];
    prop::collection::vec(sign, 0..40).prop_map(|signs| signs.into_iter().collect())
}

fn format() -> impl Strategy<Value = Format> {
    prop::sample::select(vec![Format::Text, Format::Html, Format::Markdown])
}

fn kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(vec![Kind::Original, Kind::Repost, Kind::Message, Kind::Reply])
}

prop_compose! {
    fn any_draft()(format in format(), kind in kind(), title in text(), body in text(), author in prop::option::of(text())) -> Draft {
        Draft { kind, title, author, ..draft(format, body) }
    }
}

fn folded(text: &str) -> Vec<char> {
    RULES.lexicon().fold.fold(text).chars
}

fn contains(text: &[char], term: &[char]) -> bool {
    term.is_empty() || text.windows(term.len()).any(|window| window == term)
}

fn contains_in_order(text: &[char], term: &[char]) -> bool {
    let mut rest = text.iter();
    term.iter().all(|c| rest.any(|t| t == c))
}

/// All text that a reader of this markup could meet, folded.
fn read_again(format: Format, slice: &str) -> Vec<char> {
    let again = draft(format, slice);
    let passages = extract(&again).expect("a slice of what was judged");
    passages.iter().filter(|p| p.field == xianshen::model::Field::Body).flat_map(|p| folded(&p.text)).collect()
}

/// Whether the named transforms, undone, turn `written` into the term.
fn is_read_as(written: &[char], term: &[char], transforms: &[Transform]) -> bool {
    let tables = &RULES.lexicon().tables;
    let has = |transform| transforms.contains(&transform);
    if has(Transform::Reverse) {
        return written.iter().rev().eq(term);
    }
    let Some((&wanted, rest)) = term.split_first() else { return written.is_empty() };
    let sounds = |c: char| tables.pinyin.iter().chain(&tables.polyphones).filter(move |(d, _)| *d == c).map(|(_, s)| s.as_str());
    let mut pieces: Vec<Vec<char>> = vec![vec![wanted]];
    if has(Transform::Pinyin) {
        pieces.extend(sounds(wanted).map(|s| s.chars().collect()));
    }
    if has(Transform::PinyinInitial) {
        pieces.extend(sounds(wanted).map(|s| s.chars().take(1).collect()));
    }
    if has(Transform::Emoji) {
        pieces.extend(tables.pictures.iter().filter(|(_, reads)| reads.contains(&wanted)).map(|(picture, _)| vec![*picture]));
    }
    if has(Transform::Split) {
        pieces.extend(tables.split_characters.iter().filter(|(c, _)| *c == wanted).map(|(_, parts)| folded(parts)));
    }
    let first = written.first().copied();
    if has(Transform::Homophone) && first.is_some_and(|c| sounds(c).any(|s| sounds(wanted).any(|t| s == t)))
        || has(Transform::Shape)
            && tables.similar_shapes.iter().any(|&(a, b)| (Some(a), b) == (first, wanted) || (Some(b), a) == (first, wanted))
    {
        pieces.extend(first.map(|c| vec![c]));
    }
    pieces.iter().any(|piece| written.strip_prefix(piece.as_slice()).is_some_and(|after| is_read_as(after, rest, transforms)))
        // A separator.
        || written.len() > term.len() && first.is_some_and(|c| !c.is_alphanumeric()) && is_read_as(&written[1..], term, transforms)
}

/// 0 is the most urgent.
fn urgency(queue: Queue) -> usize {
    Queue::ALL.iter().position(|&q| q == queue).expect("one of all")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2 * ProptestConfig::default().cases, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_draft_is_judged_alike_every_time(draft in any_draft()) {
        prop_assert_eq!(RULES.judge(&draft).to_json(), RULES.judge(&draft.clone()).to_json());
    }

    #[test]
    fn places_are_sound_and_in_order(draft in any_draft()) {
        assert_sound(&draft, &RULES.judge(&draft));
    }

    #[test]
    fn a_finding_folded_again_contains_the_term_it_claims(draft in any_draft()) {
        for finding in RULES.judge(&draft).findings {
            let Some(Scalar::Text(term)) = finding.evidence.get("term") else { continue };
            let row = RULES.lexicon().rows().iter().find(|r| r.row.rule == finding.rule).map(|r| r.row.mode);
            if row.is_none_or(|mode| mode == MatchMode::Regex) {
                continue;
            }
            let slice = place::slice(&draft, (&finding).into()).expect("a place in the draft");
            let has_markup = finding.field == xianshen::model::Field::Body && draft.format != Format::Text;
            if let Some(Scalar::Text(read_as)) = finding.evidence.get("read_as") {
                let (written, read) = read_as.split_once(" → ").expect("what was read as what");
                prop_assert_eq!(read, term.as_str());
                prop_assert!(is_read_as(&folded(written), &folded(term), &finding.transforms), "{} {:?}", read_as, finding.transforms);
                prop_assert!(has_markup || written.chars().eq(folded(slice)), "{} in {:?}", read_as, slice);
                continue;
            }
            let term = folded(term);
            let has_gaps = [Transform::Separator, Transform::Emoji, Transform::Bracket].iter().any(|t| finding.transforms.contains(t));
            let found = match (has_gaps, has_markup) {
                (false, false) => contains(&folded(slice), &term),
                (true, false) => contains_in_order(&folded(slice), &term),
                (_, true) => contains_in_order(&folded(slice), &term) || contains_in_order(&read_again(Format::Html, slice), &term) || contains_in_order(&read_again(Format::Markdown, slice), &term),
            };
            prop_assert!(found, "{}: {:?} in {:?}", finding.rule, finding.evidence, slice);
        }
    }

    #[test]
    fn one_more_offence_never_makes_a_draft_less_urgent(
        draft in any_draft(),
        offence in prop::sample::select(vec!["绝密★10年。", "高薪兼职刷单返利，代开发票加微信fapiao2024。", "县城发生火灾造成3人死亡。", "电话13800138000，身份证号530822188506150018。"]),
    ) {
        let before = RULES.judge(&draft);
        if before.undetermined.is_none() {
            let more = Draft { body: format!("{}\n\n{offence}", draft.body), ..draft.clone() };
            let after = RULES.judge(&more);
            // An account in a notice is somebody's data; beside an offer it is the advertiser's (DOMAIN §4.3) and no longer a
            // matter of privacy.
            let is_advertisers = |f: &Finding| {
                f.code.starts_with("PII.") && after.findings.iter().any(|a| a.code == "AD.CONTACT" && (a.field, a.start) == (f.field, f.start))
            };
            if !before.findings.iter().any(is_advertisers) {
                prop_assert!(urgency(after.queue) <= urgency(before.queue), "{:?} → {:?}", before.queue, after.queue);
            }
            prop_assert!(after.blocked || !before.blocked);
        }
    }

    /// What reads numbers, dates and accounts goes from run to run: none may stand still. (十七八年 once did.)
    #[test]
    fn numbers_of_any_kind_are_read_to_the_end(title in numbers(), body in numbers(), format in format(), kind in kind()) {
        let judged = Draft { kind, title, ..draft(format, body) };
        assert_sound(&judged, &RULES.judge(&judged));
    }

    #[test]
    fn the_content_hash_knows_the_content_only(draft in any_draft(), id in "[a-z]{1,8}", revision in 1u64..1000, day in 1i8..28) {
        let other = Draft { id, revision, as_of: Some(jiff::civil::date(2025, 3, day)), ..draft.clone() };
        prop_assert_eq!(other.content_hash(), draft.content_hash());
        let changed = Draft { body: format!("{}x", draft.body), ..draft.clone() };
        prop_assert_ne!(changed.content_hash(), draft.content_hash());
    }
}

#[test]
fn without_a_day_nothing_is_judged_and_a_person_looks() {
    let verdict = RULES.judge(&Draft { as_of: None, ..draft(Format::Text, "正文") });
    assert!(verdict.undetermined.is_some() && verdict.blocked);
    assert!(judge(Format::Text, "正文。").undetermined.is_none());
}
