//! What a dictionary row may ask for: company within so many characters, in the sentence, paragraph, title or text; words
//! that must not be there; allow phrases; fields, kinds, platforms; days on which it holds. One small dictionary beside the
//! shipped rules; each row is tried where it holds and where it must not.

#![allow(clippy::expect_used)]

mod rules;

use rules::{FILES, codes, draft};
use std::sync::LazyLock;
use xianshen::model::{Draft, Format, Kind, SuppressedReason};
use xianshen::ruleset::Ruleset;

/// Terms that no shipped dictionary holds; `ILL.BENCH` is a code that no shipped row uses.
const ROWS: &str = "\
term,code,severity,match,boundary,with,unless,only,effective_from,effective_to,source
甲子鼠一,ILL.BENCH,S1,fold,none,丑牛|寅虎@5,,,,,own
甲子鼠二,ILL.BENCH,S1,fold,none,丑牛@<5,,,,,own
甲子鼠三,ILL.BENCH,S1,fold,none,丑牛@>5,,,,,own
甲子鼠四,ILL.BENCH,S1,fold,none,丑牛@sentence,,,,,own
甲子鼠五,ILL.BENCH,S1,fold,none,丑牛@paragraph,,,,,own
甲子鼠六,ILL.BENCH,S1,fold,none,丑牛@title,,,,,own
甲子鼠七,ILL.BENCH,S1,fold,none,丑牛@text,,,,,own
甲子鼠八,ILL.BENCH,S1,fold,none,!丑牛@5,,,,,own
甲子鼠九,ILL.BENCH,S1,fold,none,丑牛@5;寅虎@sentence;!卯兔@text,,,,,own
乙丑牛一,ILL.BENCH,S1,fold,none,,小乙丑牛一家,,,,own
乙丑牛二,ILL.BENCH,S1,fold,none,,,kind=message|reply,,,own
乙丑牛三,ILL.BENCH,S1,fold,none,,,field=title,,,own
乙丑牛四,ILL.BENCH,S1,fold,none,,,platform=微博;kind=original,,,own
乙丑牛五,ILL.BENCH,S1,fold,none,,,,2026-01-01,2026-06-30,own
乙丑牛六,ILL.BENCH,S1,skip,none,丑牛@5,,,,,own
乙丑牛七,ILL.BENCH,S1,exact,none,,,,,,own
乙丑牛八,ILL.BENCH,S1,skip,none,,,written=disguised,,,own
\"丙寅[0-9]{2}号\",ILL.BENCH,S1,regex,none,!作废@sentence,,,,,own
";

static RULES: LazyLock<Ruleset> = LazyLock::new(|| {
    let mut files = FILES.clone();
    files.0.insert("dictionaries/term_logic.csv".into(), ROWS.as_bytes().to_vec());
    match Ruleset::compile(&files) {
        Ok(ruleset) => ruleset,
        Err(problems) => panic!("{problems:#?}"),
    }
});

fn holds(draft: &Draft) -> bool {
    codes(&RULES.judge(draft)).contains(&"ILL.BENCH")
}

fn text(body: &str) -> Draft {
    draft(Format::Text, body)
}

fn check(cases: &[(&str, bool)]) {
    let wrong: Vec<_> = cases.iter().filter(|(body, expected)| holds(&text(body)) != *expected).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn company_is_counted_in_characters_on_either_side_before_or_behind() {
    check(&[
        ("甲子鼠一丑牛", true),
        ("丑牛一二三甲子鼠一", true),
        ("甲子鼠一一二三寅虎", true),
        ("甲子鼠一一二三四寅虎", false),
        ("甲子鼠一", false),
        ("丑牛一二三甲子鼠二", true),
        ("甲子鼠二丑牛", false),
        ("甲子鼠三一二三丑牛", true),
        ("丑牛甲子鼠三", false),
    ]);
}

#[test]
fn company_is_looked_for_in_the_sentence_the_paragraph_the_title_the_text() {
    check(&[
        ("甲子鼠四在前面很远很远的地方，丑牛在后面。", true),
        ("甲子鼠四在前面。丑牛在后面。", false),
        ("甲子鼠五在前面。丑牛在后面。", true),
        ("甲子鼠五在前面。\n丑牛在下一段。", false),
        ("甲子鼠六而正文写着丑牛", false),
        ("甲子鼠七在前面。\n\n丑牛在最后一段。", true),
        ("甲子鼠七独自在此。", false),
    ]);
    let titled = Draft { title: "丑牛要闻".into(), ..text("甲子鼠六在正文里") };
    assert!(holds(&titled));
}

#[test]
fn words_that_rule_a_row_out_and_several_conditions_at_once() {
    check(&[
        ("甲子鼠八独自在此", true),
        ("甲子鼠八丑牛", false),
        ("甲子鼠八，一二三四五丑牛", true),
        ("甲子鼠九丑牛，然后说到寅虎。", true),
        ("甲子鼠九丑牛。寅虎在下一句。", false),
        ("甲子鼠九丑牛寅虎。\n卯兔", false),
        ("丙寅01号", true),
        ("丙寅01号已经作废", false),
        ("丙寅1号", false),
    ]);
}

#[test]
fn a_hit_inside_an_allow_phrase_is_set_aside_with_the_phrase_as_reason() {
    assert!(holds(&text("乙丑牛一")));
    let verdict = RULES.judge(&text("小乙丑牛一家"));
    assert!(!codes(&verdict).contains(&"ILL.BENCH"));
    let aside = verdict.suppressed.iter().find(|s| s.code == "ILL.BENCH").expect("the hit that was set aside");
    assert_eq!((aside.reason, aside.detail.as_str()), (SuppressedReason::AllowPhrase, "小乙丑牛一家"));
}

#[test]
fn a_missing_company_is_named_in_what_was_set_aside() {
    let verdict = RULES.judge(&text("甲子鼠一"));
    let aside = verdict.suppressed.iter().find(|s| s.code == "ILL.BENCH").expect("the hit that was set aside");
    assert_eq!(aside.reason, SuppressedReason::Context);
    assert!(aside.detail.contains("丑牛") && aside.detail.contains("寅虎"), "{}", aside.detail);
}

#[test]
fn rows_are_limited_to_kinds_fields_and_platforms() {
    assert!(!holds(&text("乙丑牛二")));
    for kind in [Kind::Message, Kind::Reply] {
        assert!(holds(&Draft { kind, ..text("乙丑牛二") }), "{kind:?}");
    }
    assert!(!holds(&text("乙丑牛三")));
    assert!(holds(&Draft { title: "乙丑牛三".into(), ..text("正文") }));
    assert!(!holds(&text("乙丑牛四")));
    assert!(holds(&Draft { platform: "微博".into(), ..text("乙丑牛四") }));
    assert!(!holds(&Draft { platform: "微博".into(), kind: Kind::Repost, ..text("乙丑牛四") }));
}

#[test]
fn a_row_holds_from_its_first_day_to_its_last_by_the_day_of_the_draft() {
    for (day, expected) in
        [((2025, 12, 31), false), ((2026, 1, 1), true), ((2026, 6, 30), true), ((2026, 7, 1), false), ((2026, 11, 23), false)]
    {
        let as_of = Some(jiff::civil::date(day.0, day.1, day.2));
        assert_eq!(holds(&Draft { as_of, ..text("乙丑牛五") }), expected, "{day:?}");
    }
}

#[test]
fn an_everyday_word_counts_only_where_it_is_pulled_apart_alone() {
    check(&[
        ("乙丑牛八", false),
        ("看乙★丑★牛★八", true),
        ("乙丑牛八，乙★丑★牛★八", false),
        ("乙 丑 牛 八", true),
        ("乙 丑 牛 八 字 样", false),
        ("看 乙 丑 牛 八", false),
    ]);
}

#[test]
fn conditions_hold_for_disguised_terms_too_and_exact_rows_take_no_other_writing() {
    check(&[("乙*丑*牛*六，丑牛", true), ("乙*丑*牛*六", false), ("乙丑牛七", true), ("乙 丑 牛 七", false)]);
}
