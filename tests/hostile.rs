//! Input made to break the judge: one test a row of the fault list (B04–B19, B25–B30) as far as judging is concerned.
//! Sizes are chosen so that anything quadratic would never end; no test looks at a clock.

#![allow(clippy::expect_used)]

mod rules;

use rules::{RULES, assert_sound, codes, draft, found, judge};
use std::fmt::Write;
use xianshen::model::{Draft, Format, Queue, Severity, Transform, UndeterminedReason, Verdict};
use xianshen::text::extract::{STRING_BYTES_MAX, extract};
use xianshen::text::passage::Role;

const FORMATS: [Format; 3] = [Format::Text, Format::Html, Format::Markdown];
/// A word of the shipped lists that is found however it is pulled apart.
const HIT: &str = "时时彩";
const CODE: &str = "ILL.GAMBLING";

/// Judged to the end in every format, with sound places.
fn survives(body: &str) -> Vec<Verdict> {
    FORMATS
        .iter()
        .map(|&format| {
            let draft = draft(format, body);
            let verdict = RULES.judge(&draft);
            assert_ne!(verdict.undetermined.map(|u| u.reason), Some(UndeterminedReason::Panic), "{format:?}");
            assert_sound(&draft, &verdict);
            verdict
        })
        .collect()
}

fn json(body: &[u8]) -> Vec<u8> {
    let mut bytes =
        br#"{"unit":"u","id":"a","revision":1,"account":"","platform":"","kind":"original","format":"text","title":"","body":""#.to_vec();
    bytes.extend_from_slice(body);
    bytes.extend_from_slice(b"\"}");
    bytes
}

#[test]
fn b04_broken_encodings_are_refused_and_replacement_characters_keep_their_places() {
    for bad in
        [&b"\xff"[..], b"\xc0\xaf", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\\ud800", b"\\udc00\\ud800", b"\xf4\x90\x80\x80", b"\xe6\x97"]
    {
        assert!(Draft::from_json(&json(bad)).is_err(), "{bad:?}");
    }
    let finding = found(&judge(Format::Text, format!("\u{fffd}\u{fffd}玩{HIT}")), CODE).clone();
    assert_eq!((finding.start, finding.end), (3, 6));
}

#[test]
fn b05_other_encodings_are_refused_never_read_as_mojibake() {
    let good = json("正文".as_bytes());
    assert!(Draft::from_json(&good).is_ok());
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(good.iter().flat_map(|&b| [b, 0])).collect();
    let with_mark: Vec<u8> = b"\xef\xbb\xbf".iter().chain(&good).copied().collect();
    // 正文 in GBK.
    for bad in [json(b"\xd5\xfd\xce\xc4"), utf16, with_mark] {
        assert!(Draft::from_json(&bad).is_err());
    }
}

#[test]
fn b06_broken_json_is_a_typed_error() {
    let good = String::from_utf8(json(b"x")).expect("ASCII");
    let revised = |revision: &str| good.replace("\"revision\":1", &format!("\"revision\":{revision}"));
    let cut = good.get(..good.len() - 2).expect("ASCII").to_owned();
    for bad in [
        cut,
        format!("{good}x"),
        good.replace("\"id\":\"a\"", "\"id\":\"a\",\"id\":\"b\""),
        revised("NaN"),
        revised("1e999"),
        revised(&"9".repeat(100)),
    ] {
        assert!(Draft::from_json(bad.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn b07_deep_json_is_refused_without_a_stack_overflow() {
    for open in ["[", "{\"a\":"] {
        let deep = String::from_utf8(json(b"x")).expect("ASCII").replace("\"\"", &open.repeat(100_000));
        assert!(Draft::from_json(deep.as_bytes()).is_err());
        assert!(Draft::from_json(open.repeat(100_000).as_bytes()).is_err());
    }
}

#[test]
fn b08_an_unknown_missing_or_wrong_field_is_named() {
    let good = String::from_utf8(json(b"x")).expect("ASCII");
    for (bad, path) in [
        (good.replace("\"unit\"", "\"units\""), "units"),
        (good.replace("\"id\":\"a\",", ""), "id"),
        (good.replace("\"original\"", "\"leaflet\""), "kind"),
        (good.replace("\"revision\":1", "\"revision\":\"1\""), "revision"),
    ] {
        assert_eq!(Draft::from_json(bad.as_bytes()).expect_err("must be refused").path(), path);
    }
}

#[test]
fn b09_an_oversized_string_goes_to_a_person() {
    let verdict = judge(Format::Text, "文".repeat(STRING_BYTES_MAX / 3 + 1));
    assert_eq!(verdict.undetermined.map(|u| u.reason), Some(UndeterminedReason::Limit));
    assert!(verdict.blocked);
}

#[test]
fn b11_a_million_characters_in_one_line_are_judged() {
    let line: String = "今年以来全县农业生产稳中有进群众收入持续增长".chars().cycle().take(1_000_000).collect();
    let verdict = judge(Format::Text, format!("{line}{HIT}"));
    let finding = found(&verdict, CODE);
    assert_eq!((finding.start, finding.end), (1_000_000, 1_000_003));
    let digits = judge(Format::Text, "1".repeat(1_000_000));
    assert_ne!(digits.undetermined.map(|u| u.reason), Some(UndeterminedReason::Panic));
}

#[test]
fn b12_invisible_characters_between_the_characters_of_a_word_hide_nothing() {
    for invisible in ["\u{200b}", "\u{200c}", "\u{200d}", "\u{feff}", "\u{ad}", "\u{2060}"] {
        let verdict = judge(Format::Text, format!("时{0}时{0}彩", invisible.repeat(500_000)));
        let finding = found(&verdict, CODE);
        assert_eq!((finding.start, finding.end), (0, 1_000_003));
        assert!(finding.transforms.contains(&Transform::Invisible));
    }
    // Ten million are more than is judged: a person looks.
    let verdict = judge(Format::Text, format!("时{}时彩", "\u{200b}".repeat(10_000_000)));
    assert_eq!(verdict.undetermined.map(|u| u.reason), Some(UndeterminedReason::Limit));
    assert!(verdict.blocked);
}

#[test]
fn b13_direction_marks_are_seen_through_and_named() {
    for mark in ["\u{202a}", "\u{202b}", "\u{202c}", "\u{202d}", "\u{202e}", "\u{2066}", "\u{2067}", "\u{2068}", "\u{2069}"] {
        let verdict = judge(Format::Text, format!("看{mark}时{mark}时彩"));
        let finding = found(&verdict, CODE);
        assert_eq!((finding.start, finding.end), (2, 6), "{}", mark.escape_unicode());
        assert!(finding.transforms.contains(&Transform::Invisible));
    }
}

#[test]
fn b14_look_alike_characters_fold_to_what_they_look_like() {
    for (written, code, transform) in [
        ("時時彩", CODE, Transform::Traditional),
        ("时\u{301}时彩", CODE, Transform::Combining),
        ("电话：１３８００１３８０００", "PII.MOBILE", Transform::Width),
        ("电话：①③⑧⓪⓪①③⑧⓪⓪⓪", "PII.MOBILE", Transform::Digit),
        ("电话：𝟏𝟑𝟖𝟎𝟎𝟏𝟑𝟖𝟎𝟎𝟎", "PII.MOBILE", Transform::Digit),
        ("邮箱：ａbc_def@example.com", "PII.EMAIL", Transform::Width),
        ("邮箱：аbc_def@example.com", "PII.EMAIL", Transform::Lookalike),
    ] {
        let verdict = judge(Format::Text, written);
        let finding = found(&verdict, code);
        assert!(finding.transforms.contains(&transform), "{written}: {:?}", finding.transforms);
    }
    let fold = &RULES.lexicon().fold;
    // Compatibility ideographs and radicals.
    for (written, folded) in [("\u{f9e4}", "理"), ("⼈⺠", "人⺠"), ("Ⓐ㎏", "a㎏"), ("㊙", "密"), ("㊗", "祝")] {
        assert_eq!(fold.fold(written).chars.iter().collect::<String>(), folded, "{written}");
    }
}

#[test]
fn b15_a_flood_of_combining_marks_is_linear_and_hides_nothing() {
    let verdict = judge(Format::Text, format!("时{}时彩", "\u{0336}\u{0489}".repeat(500_000)));
    let finding = found(&verdict, CODE);
    assert_eq!((finding.start, finding.end), (0, 1_000_003));
    assert!(finding.transforms.contains(&Transform::Combining));
}

#[test]
fn b16_odd_scalars_shift_no_offset() {
    let odd = [
        "👨\u{200d}👩\u{200d}👧\u{200d}👦",
        "❤\u{fe0f}",
        "🇨🇳",
        "\u{e000}\u{f8ff}",
        "\u{378}\u{e0fff}",
        "\u{fffe}\u{1ffff}\u{10ffff}",
        "\0",
        "\u{1}\u{1f}\u{7f}\u{80}\u{9f}",
        "\u{2028}\u{2029}\u{85}",
        "㍿﷽",
        "ǅßİ",
        "𠮷𪚥",
    ];
    for odd in odd {
        let draft = draft(Format::Text, format!("{odd}看{HIT}{odd}"));
        let verdict = RULES.judge(&draft);
        assert_sound(&draft, &verdict);
        let start = odd.chars().count() + 1;
        assert!(
            verdict.findings.iter().any(|f| f.code == CODE && f.start == start && f.end == start + 3),
            "{}: {:?}",
            odd.escape_unicode(),
            verdict.findings
        );
        survives(odd);
    }
}

#[test]
fn b17_a_text_cut_at_any_character_is_judged() {
    let text = "<p title='é'>Ａ\u{200b}😀𠮷&amp;&#x65f6;時\u{301}时彩**电话**[一](http://a.cn/?q=1)138\u{2066}00138000</p>| a |\n|-|\n<!-- 绝密★ -->`x";
    for (at, _) in text.char_indices() {
        let (before, after) = text.split_at(at);
        survives(before);
        survives(after);
    }
}

#[test]
fn b18_what_may_stand_between_the_characters_of_a_word_is_the_rows_own_policy() {
    // This row lets separators pass, …
    for (written, transform) in [
        ("时·时·彩", Transform::Separator),
        ("时 时 彩", Transform::Separator),
        ("时*时-彩", Transform::Separator),
        ("时😀时😀彩", Transform::Emoji),
        ("时。时。彩", Transform::Separator),
        ("时\n时\n彩", Transform::Separator),
    ] {
        let verdict = judge(Format::Text, format!("来玩{written}"));
        assert!(found(&verdict, CODE).transforms.contains(&transform), "{written}");
    }
    // … but not other words, nor more separators than anyone would read over.
    for written in ["时候时常彩色", "时。时，彩", "时··········时··········彩"] {
        assert!(!codes(&judge(Format::Text, written)).contains(&CODE), "{written}");
    }
    // A wording row is compared as it stands.
    assert!(codes(&judge(Format::Text, "关爱残废人。")).contains(&"WRD.disability"));
    assert!(!codes(&judge(Format::Text, "关爱残*废*人。")).contains(&"WRD.disability"));
}

#[test]
fn b18_a_word_written_in_disguise_is_read_and_the_disguise_named() {
    for (written, transform) in [
        ("时（时）彩", Transform::Bracket),
        ("时、时、彩", Transform::Separator),
        ("shishicai", Transform::Pinyin),
        ("时shi彩", Transform::Pinyin),
        ("SSC", Transform::PinyinInitial),
        ("日寸时彩", Transform::Split),
        ("时时🌈", Transform::Emoji),
        ("试时采", Transform::Homophone),
        ("时时秽", Transform::Shape),
        ("彩时时", Transform::Reverse),
    ] {
        let verdict = judge(Format::Text, format!("老铁来玩{written}，首充就送"));
        let finding = found(&verdict, CODE);
        assert!(finding.transforms.contains(&transform), "{written}: {:?}", finding.transforms);
        assert_eq!(finding.text, written);
    }
    // Where nobody offers anything, what may be innocent stays so.
    for written in ["SSC", "试时采", "彩时时"] {
        assert!(!codes(&judge(Format::Text, format!("昨天{written}今天"))).contains(&CODE), "{written}");
    }
}

#[test]
fn b19_more_hits_than_a_person_can_read_are_never_a_pass() {
    let mut every = String::new();
    for ready in RULES.lexicon().rows() {
        writeln!(every, "{}。", ready.row.term).expect("a string takes every write");
    }
    for body in [every, format!("{HIT}，").repeat(50_000), "138001380001380013800".repeat(20_000)] {
        let draft = draft(Format::Text, body);
        let verdict = RULES.judge(&draft);
        assert_sound(&draft, &verdict);
        assert!(verdict.blocked || verdict.findings.iter().all(|f| f.severity < Severity::S2), "{:?}", verdict.queue);
    }
    let verdict = judge(Format::Text, format!("{HIT}，").repeat(50_000));
    assert_eq!(verdict.undetermined.map(|u| u.reason), Some(UndeterminedReason::Limit));
    assert!(verdict.blocked);
    // Overlapping: one word in one breath is one finding, a million characters long.
    assert!(judge(Format::Text, HIT.repeat(100_000)).findings.iter().any(|f| f.code == CODE));
}

#[test]
fn a_secrecy_finding_is_not_lost_behind_more_hints_than_are_kept() {
    let hints = "关爱残废人。".repeat(20_000);
    for body in [format!("{hints}\n内部资料，请勿外传。"), format!("内部资料，请勿外传。\n{hints}")] {
        let verdict = judge(Format::Text, body);
        assert_eq!(verdict.undetermined.map(|u| u.reason), Some(UndeterminedReason::Limit));
        assert!(codes(&verdict).contains(&"SEC.INTERNAL") && codes(&verdict).contains(&"WRD.disability"));
        // CONTRACTS names the queue; that fewer people may read it is a property of its own.
        assert!(verdict.queue == Queue::Major && verdict.is_secret() && verdict.blocked);
    }
    let hints = judge(Format::Text, hints);
    assert!(hints.undetermined.is_some() && !hints.is_secret());
}

/// What one draft may hold again and again: everything a detector keeps a list of.
const REPEATED: [&str; 27] = [
    "户主：张三，男，16岁，就读于第一小学。",
    "患者张三患有肺结核。",
    "家住朝阳路12号3单元502室。",
    "张三，身份证号530822188506150018，手机13800138000。\n",
    "中华人民共合国，",
    "澜沧县拉祜族自治县，",
    "加微信abc_12345，扫码领取。\n",
    "原价99元，现价9元，全网最低。",
    "1 ",
    "1-2.",
    "一三八零",
    "2026年11月31日（星期一）",
    "来源：某某网。我认为",
    "发生火灾造成3人死亡。",
    "http://a.example.com/x ",
    "时★",
    "贝者",
    "🎲",
    "🌈时",
    "dubo",
    "赌b",
    "ssc",
    "【时】",
    "时、",
    "老铁度求",
    "彩时",
    "日寸",
];

#[test]
fn a_long_repetition_of_anything_is_judged_to_the_end() {
    for unit in REPEATED {
        let long = unit.repeat(300_000 / unit.len());
        let verdict = judge(Format::Text, long.clone());
        assert_ne!(verdict.undetermined.map(|u| u.reason), Some(UndeterminedReason::Panic), "{unit}");
        let rows = format!(
            "<table><tr><th>姓名</th><th>身份证号</th></tr>{}</table>",
            format!("<tr><td>{unit}</td><td>{unit}</td></tr>").repeat(2_000)
        );
        let verdict = judge(Format::Html, rows);
        assert_ne!(verdict.undetermined.map(|u| u.reason), Some(UndeterminedReason::Panic), "{unit}");
    }
}

#[test]
fn what_stands_at_the_far_end_is_not_sought_from_every_place() {
    for body in ["火灾，".repeat(100_000) + "1", "1".repeat(2_000_000) + "年", "aя".repeat(500_000)] {
        let verdict = judge(Format::Text, body);
        assert_ne!(verdict.undetermined.map(|u| u.reason), Some(UndeterminedReason::Panic));
    }
}

#[test]
fn long_titles_and_source_texts_are_compared_in_bounded_time() {
    let title: String = "县里开展冬季安全生产检查工作".chars().cycle().take(300_000).collect();
    let text = |first: &str| (0..3_000).map(|i| format!("{first}第{}项工作按计划推进。", i * 7)).collect::<String>();
    let repost = Draft {
        kind: xianshen::model::Kind::Repost,
        title: format!("{title}甲"),
        source: Some(xianshen::model::Source { title: Some(format!("乙{title}")), text: Some(text("今年")), ..Default::default() }),
        ..draft(Format::Text, text("去年"))
    };
    let verdict = RULES.judge(&repost);
    assert_sound(&repost, &verdict);
    assert!(codes(&verdict).contains(&"SRC.TITLE_CHANGED"), "{:?}", verdict.undetermined);
}

#[test]
fn b25_markup_in_any_field_is_text_to_the_judge() {
    let script = format!("<script>alert('{HIT}')</script>");
    let mut everywhere = draft(Format::Html, script.clone());
    everywhere.title.clone_from(&script);
    everywhere.author = Some(script.clone());
    everywhere.subtitle = Some(script.clone());
    let verdict = RULES.judge(&everywhere);
    assert_sound(&everywhere, &verdict);
    for field in ["title", "subtitle", "body", "author"] {
        let finding =
            verdict.findings.iter().find(|f| f.field.as_str() == field && f.code == CODE).unwrap_or_else(|| panic!("nothing in {field}"));
        assert_eq!((finding.start, &*finding.text), (15, HIT), "{field}");
        assert_eq!(finding.transforms.contains(&Transform::Hidden), field == "body", "{field}");
    }
}

/// Ways to make a browser run or fetch something; `HIT` stands where a reader or a crawler could meet it.
const ACTIVE: [&str; 12] = [
    "<img src=x onerror=alert('HIT')>",
    "<svg><animate attributeName=href values='javascript:HIT'></svg>",
    "<svg><set href='javascript:HIT'></set><title>HIT</title></svg>",
    "<math><annotation-xml encoding='text/html'>HIT</annotation-xml></math>",
    "<iframe srcdoc='<p>HIT</p>'></iframe>",
    "<a href='java&#115;cript:x'>HIT</a>",
    "<style>@import 'http://example.com/HIT.css'</style>",
    "<base href='http://example.com/'>HIT",
    "<meta http-equiv=refresh content='0;url=http://example.com/HIT'>",
    "<form action='http://example.com'><button value='HIT'>好</button></form>",
    "<object data='x'>HIT</object>",
    "<template>HIT</template>",
];

#[test]
fn b26_active_markup_is_read_not_run() {
    for vector in ACTIVE {
        let body = vector.replace("HIT", HIT);
        let draft = draft(Format::Html, body);
        let verdict = RULES.judge(&draft);
        assert_sound(&draft, &verdict);
        assert!(codes(&verdict).contains(&CODE), "{vector}: {:?}", codes(&verdict));
    }
    let disguised = draft(Format::Html, ACTIVE[5]);
    let passages = extract(&disguised).expect("small");
    assert!(passages.iter().any(|p| p.role == Role::BodyUrl && p.text == "javascript:x"));
}

#[test]
fn b27_markup_that_changes_when_parsed_twice_is_read_once_and_whole() {
    for vector in [
        "<noscript><p title=\"</noscript><img src=x onerror=HIT>\">",
        "<svg></p><style><a id=\"</style><img src=1 onerror=HIT>\">",
        "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=HIT&gt;\">",
        "<form><math><mtext></form><form><mglyph><style></math>HIT",
        "<select><template><style><!--</style><a rel=\"--></style>HIT\">",
        "<p><![CDATA[<p>HIT]]></p>",
    ] {
        let verdicts = survives(&vector.replace("HIT", HIT));
        assert!(codes(&verdicts[1]).contains(&CODE), "{vector}");
    }
}

#[test]
fn b28_text_hidden_by_markup_is_found_and_marked_hidden() {
    for vector in [
        "<!-- HIT -->",
        "<div style='display:none'>HIT</div>",
        "<p style='color:#ffffff'>HIT</p>",
        "<span style='font-size:0'>HIT</span>",
        "<input type=hidden value=HIT>",
        "<p><![CDATA[HIT]]></p>",
        "<div style='display:none'>&#x65f6;&#26102;彩</div>",
    ] {
        for format in [Format::Html, Format::Markdown] {
            let verdict = judge(format, format!("<p>工作动态。</p>\n\n{}", vector.replace("HIT", HIT)));
            let finding = found(&verdict, CODE);
            assert!(finding.transforms.contains(&Transform::Hidden), "{format:?} {vector}");
            assert_eq!(finding.severity, Severity::S3, "{format:?} {vector}");
        }
    }
    // A comment that ends at once hides nothing.
    assert!(!found(&judge(Format::Html, format!("<!--><p>{HIT}</p>-->")), CODE).transforms.contains(&Transform::Hidden));
    // Over several lines, as an HTML block of Markdown comes.
    for vector in ["<!--\nHIT\n-->", "<div\nstyle='display:none'>HIT</div>", "<div style='display:none'>\n\nHIT\n\n</div>"] {
        for format in [Format::Html, Format::Markdown] {
            let verdict = judge(format, format!("工作动态。\n\n{}", vector.replace("HIT", HIT)));
            assert!(found(&verdict, CODE).transforms.contains(&Transform::Hidden), "{format:?} {vector}");
        }
    }
    let entity = judge(Format::Html, "<p>&#x65f6;&#26102;彩</p>");
    assert!(found(&entity, CODE).transforms.contains(&Transform::Entity));
}

/// The hit is told, or so much else is that a person must look.
fn is_stopped(verdict: &Verdict) -> bool {
    let is_over_limit = verdict.undetermined.map(|u| u.reason) == Some(UndeterminedReason::Limit);
    codes(verdict).contains(&CODE) || is_over_limit && verdict.blocked
}

#[test]
fn b29_unclosed_and_deeply_nested_markup_is_linear() {
    for body in [
        format!("{}{HIT}", "<b>".repeat(1_000_000)),
        format!("{}{HIT}{}", "<div>".repeat(10_000), "</div>".repeat(10_000)),
        format!("{}{HIT}", "</p>".repeat(300_000)),
        format!("{HIT}{}", "<".repeat(300_000)),
        format!("{HIT}{}", "&".repeat(300_000)),
        format!("{HIT}{}", "<!--".repeat(300_000)),
        format!("{HIT}{}", "<a b='".repeat(100_000)),
        format!("{HIT}<a {}>", "b=1 ".repeat(100_000)),
        format!("{HIT}{}", "<table><tr><td>".repeat(50_000)),
        format!("{}{HIT}", "<td>".repeat(300_000)),
    ] {
        let start: String = body.chars().take(12).collect();
        assert!(is_stopped(&judge(Format::Html, body)), "{start}…");
    }
    for body in [
        format!("{HIT}\n\n{}", "[".repeat(50_000)),
        format!("{HIT}\n\n{}", "![".repeat(50_000)),
        format!("{HIT}\n\n{}", "> ".repeat(20_000)),
        format!("{HIT}\n\n{}", "*a_ ".repeat(50_000)),
        format!("{HIT}\n\n{}", "`a``b".repeat(30_000)),
        format!("{HIT}\n\n{}", "[a](b)".repeat(30_000)),
        format!("{HIT}\n\n{}x{}", "[".repeat(5_000), "](u)".repeat(5_000)),
        format!("{HIT}\n\n{}x{}", "![".repeat(5_000), "](u)".repeat(5_000)),
        format!("{HIT}\n\n{}x{}", "![".repeat(50_000), "](&amp;)".repeat(50_000)),
        format!("{HIT}\n\n{}\n", "|a".repeat(50_000)),
        format!("{HIT}\n\n|a|\n|-|\n{}", "|b|\n".repeat(50_000)),
        format!("{HIT}\n\n{}", "<a href='".repeat(30_000)),
    ] {
        let start: String = body.chars().skip(5).take(8).collect();
        assert!(is_stopped(&judge(Format::Markdown, body)), "{start}…");
    }
}

#[test]
fn b30_addresses_of_machines_inside_are_told_not_fetched() {
    // That judging opens nothing is held by the source tree: the pure part may not name sockets or files.
    for (url, code) in [("http://169.254.169.254/latest/", "LINK."), ("http://192.168.10.8/oa/", "SEC."), ("http://10.0.0.5:8080/", "SEC.")]
    {
        for body in [format!("<a href='{url}'>点此</a>"), format!("<img src='{url}a.png'>"), format!("<iframe src='{url}'></iframe>")] {
            let verdict = judge(Format::Html, format!("<p>工作动态。</p>{body}"));
            assert!(
                verdict.findings.iter().any(|f| f.code.starts_with(code) || f.code.starts_with("LINK.")),
                "{body}: {:?}",
                codes(&verdict)
            );
        }
    }
    let file = draft(Format::Html, "<img src='file:///etc/passwd'><div style=\"background:url(http://192.168.1.1/x)\">好</div>");
    let passages = extract(&file).expect("small");
    assert!(passages.iter().any(|p| p.text == "file:///etc/passwd"));
}
