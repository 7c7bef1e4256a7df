//! Drafts and verdicts for the browser, in the shape of CONTRACTS. All persons, numbers and accounts are invented.

use crate::hostile::hostile;
use serde_json::{Value, json};
use xianshen::model::{Draft, Queue, Verdict};

/// One item as a store would give it.
pub struct Example {
    pub draft: Draft,
    pub verdict: Option<Verdict>,
    pub age_seconds: u64,
}

/// A finding at the first place where `needle` stands in the named string; an empty needle is an absence.
pub struct At<'a> {
    pub code: &'a str,
    pub category: &'a str,
    pub severity: &'a str,
    pub field: &'a str,
    pub path: Option<&'a str>,
    pub needle: &'a str,
    pub shown: &'a str,
    pub message: &'a str,
    pub suggestion: Option<&'a str>,
    pub basis: &'a str,
    pub rule: &'a str,
    pub transforms: &'a [&'a str],
    pub evidence: Value,
}

impl Default for At<'_> {
    fn default() -> Self {
        Self {
            code: "WRD.typo",
            category: "用语规范",
            severity: "S1",
            field: "body",
            path: None,
            needle: "",
            shown: "",
            message: "请核对",
            suggestion: None,
            basis: "",
            rule: "wording/example",
            transforms: &[],
            evidence: json!({}),
        }
    }
}

impl At<'_> {
    pub fn json(&self, draft: &Value) -> Value {
        let string =
            self.path.map_or_else(|| format!("/{}", self.field), |path| format!("/{}", path.replace("].", "/").replace(['[', '.'], "/")));
        let text = draft.pointer(&string).and_then(Value::as_str).unwrap_or_else(|| panic!("{string} is not in the draft"));
        let (before, _) = text.split_once(self.needle).unwrap_or_else(|| panic!("{} is not in {string}", self.needle));
        let start = before.chars().count();
        let shown = if self.shown.is_empty() { self.needle } else { self.shown };
        json!({"code": self.code, "category": self.category, "severity": self.severity, "field": self.field, "path": self.path,
            "start": start, "end": start + self.needle.chars().count(), "text": shown, "rule": self.rule, "message": self.message,
            "suggestion": self.suggestion, "basis": self.basis, "transforms": self.transforms, "evidence": self.evidence})
    }
}

pub fn verdict(draft: &Value, queue: &str, level: &str, findings: &[At<'_>], suppressed: Value, undetermined: Option<&str>) -> Value {
    let findings: Vec<Value> = findings.iter().map(|at| at.json(draft)).collect();
    let blocked = undetermined.is_some() || findings.iter().any(|finding| finding["severity"] == "S3");
    let mut verdict = json!({"unit": draft["unit"], "id": draft["id"], "revision": draft["revision"],
        "verdict_id": "5f0c1b7a94d2e83605c7be1f2a9d4c60718e3b52d9f4a6c08e17b35d2c4f9a61",
        "content_hash": "c2a49be07f1d35860e9bd47213f6a85cc03d7e91b24f68a5d0937ce1b8642fd7",
        "ruleset": "9d41c07ab25e83f6", "as_of": "2026-11-23", "queue": queue, "level": level, "blocked": blocked,
        "findings": findings, "suppressed": suppressed});
    if let Some(reason) = undetermined {
        verdict["undetermined"] = json!({"reason": reason});
    }
    verdict
}

pub fn example(draft: Value, verdict: Option<Value>, age_seconds: u64) -> Example {
    Example {
        draft: serde_json::from_value(draft).expect("a draft"),
        verdict: verdict.map(|verdict| serde_json::from_value(verdict).expect("a verdict")),
        age_seconds,
    }
}

pub fn draft(id: &str, title: &str, body: &str, more: Value) -> Value {
    let mut draft = json!({"unit": "示例县商务局", "id": id, "revision": 1, "account": "示例商务", "platform": "微信公众号", "kind": "original",
        "format": "text", "title": title, "body": body});
    for (key, value) in more.as_object().into_iter().flatten() {
        draft[key] = value.clone();
    }
    draft
}

/// Everything the pages show, all queues but two.
pub fn examples() -> Vec<Example> {
    vec![
        advertisement(),
        advertisement_in_html(),
        names_in_html(),
        secret(),
        accident(),
        repost(),
        wording(),
        clean(),
        hidden_characters(),
        markdown(),
        urgent_message(),
        message(),
        unreadable(),
        pending(),
        hostile(),
    ]
}

fn advertisement() -> Example {
    let body = "各位市民朋友：\n\n　　第三届年货节将于 2026 年 12 月 5 日在县体育馆开幕。现场有全县最优惠的茶叶、火腿和干巴，价格低至五折，进场即送鸡蛋一份。\n\n　　需要预订摊位或批发茶叶的商户，请加微信ＣＨＡ－ｅｘａｍｐｌｅ２０２６联系小王，也可以点开 https://dwz.example/7Kq2 直接下单，全场包邮，先到先得！\n\n　　为方便群众出行，活动期间公交 2 路加开晚班车，请市民错峰出行，注意人身和财物安全。\n\n　　咨询电话：县商务局办公室 0879-0000000。\n";
    let draft = draft(
        "SW-2026-1123",
        "年货节开幕，全县最优惠的年货等你来",
        body,
        json!({"revision": 3, "author": "商务局办公室", "links": [{"label": "立即抢购", "url": "https://shop.example/item?id=8842"}],
            "images": [{"name": "海报.jpg", "alt": "年货节海报，扫码进群领红包", "qr": "https://u.example/group/8f3k"}]}),
    );
    let absolute = "广告法第九条";
    let county = "墨政办发〔2024〕37号二(四)";
    let findings = [
        At {
            code: "AD.ABSOLUTE",
            category: "商业广告",
            severity: "S2",
            field: "title",
            needle: "全县最优惠",
            message: "绝对化用语，且无从查证",
            suggestion: Some("改为“价格优惠”或删去"),
            basis: absolute,
            rule: "ads/absolute:18",
            evidence: json!({"term": "最优惠"}),
            ..At::default()
        },
        At {
            code: "AD.ABSOLUTE",
            category: "商业广告",
            severity: "S2",
            needle: "全县最优惠",
            message: "绝对化用语，且无从查证",
            suggestion: Some("改为“价格优惠”或删去"),
            basis: absolute,
            rule: "ads/absolute:18",
            evidence: json!({"term": "最优惠"}),
            ..At::default()
        },
        At {
            code: "AD.PRICE",
            category: "商业广告",
            severity: "S2",
            needle: "价格低至五折，进场即送鸡蛋一份",
            message: "促销价格和赠品信息，属商业推广",
            suggestion: Some("删去价格和赠品，只写活动安排"),
            basis: county,
            rule: "ads/price",
            evidence: json!({"score": 6}),
            ..At::default()
        },
        At {
            code: "AD.CONTACT",
            category: "商业广告",
            severity: "S3",
            needle: "加微信ＣＨＡ－ｅｘａｍｐｌｅ２０２６联系小王，也可以点开 https://dwz.example/7Kq2 直接下单",
            message: "政务账号不得刊登商业广告，不得留私人联系方式",
            suggestion: Some("删去整句"),
            basis: county,
            rule: "ads/contact.wechat",
            transforms: &["width", "separator"],
            evidence: json!({"score": 11, "context": "批发、下单、包邮"}),
            ..At::default()
        },
        At {
            code: "LINK.SHORT",
            category: "链接",
            severity: "S2",
            needle: "https://dwz.example/7Kq2",
            message: "短链接看不出目标页面，读者无法判断去向",
            suggestion: Some("换成本单位网站的完整网址"),
            basis: county,
            rule: "links/short",
            evidence: json!({"host": "dwz.example"}),
            ..At::default()
        },
        At {
            code: "PII.LANDLINE",
            category: "个人信息",
            severity: "S0",
            needle: "0879-0000000",
            message: "办公电话，可以公开",
            basis: "",
            rule: "personal/landline",
            evidence: json!({"context": "咨询电话"}),
            ..At::default()
        },
        At {
            code: "LINK.ECOMMERCE",
            category: "链接",
            severity: "S3",
            field: "links",
            path: Some("links[0].url"),
            needle: "shop.example",
            message: "链接到商品销售页面",
            suggestion: Some("删去链接"),
            basis: county,
            rule: "links/ecommerce",
            evidence: json!({"host": "shop.example"}),
            ..At::default()
        },
        At {
            code: "AD.DIVERSION",
            category: "商业广告",
            severity: "S2",
            field: "images",
            path: Some("images[0].alt"),
            needle: "扫码进群领红包",
            message: "引导读者扫码入群",
            suggestion: Some("换用不含二维码的海报"),
            basis: county,
            rule: "ads/diversion:4",
            ..At::default()
        },
        At {
            code: "AD.QR",
            category: "商业广告",
            severity: "S1",
            field: "images",
            path: Some("images[0].qr"),
            needle: "https://u.example/group/8f3k",
            message: "图中二维码指向本单位以外的地址",
            suggestion: Some("核对二维码去向"),
            basis: county,
            rule: "ads/qr",
            evidence: json!({"host": "u.example"}),
            ..At::default()
        },
    ];
    let suppressed = json!([
        {"code": "WRD.numeral", "category": "用语规范", "severity": "S1", "field": "body", "path": null, "start": 16, "end": 32, "text": "2026 年 12 月 5 日", "rule": "wording/date", "reason": "context", "detail": "日期完整，星期未写，不必核对"},
        {"code": "ILL.GAMBLING", "category": "违法有害", "severity": "S2", "field": "body", "path": null, "start": 41, "end": 43, "text": "优惠", "rule": "terms/gambling:12", "reason": "boundary", "detail": "最/优惠，不成词"},
    ]);
    let verdict = verdict(&draft, "ad", "L1", &findings, suppressed, None);
    example(draft, Some(verdict), 7_700)
}

fn advertisement_in_html() -> Example {
    let body = "<p>周末农产品展销会照常举行，<b>地点在</b>文化广场。</p><p>参展企业由各乡镇推荐。</p>";
    let draft =
        draft("SW-2026-1124", "周末农产品展销会安排", body, json!({"format": "html", "kind": "repost", "source": {"name": "县政府网站"}}));
    let findings = [At {
        code: "AD.RECRUIT",
        category: "商业广告",
        severity: "S1",
        needle: "参展企业由各乡镇推荐",
        message: "核对是否为招商广告",
        rule: "ads/recruit:2",
        ..At::default()
    }];
    let verdict = verdict(&draft, "ad", "L1", &findings, json!([]), None);
    example(draft, Some(verdict), 3_100)
}

fn names_in_html() -> Example {
    let body = "<section style=\"font-size:15px\">\n  <h2>2026 年度临时救助对象公示</h2>\n  <p>经乡镇初审、县民政局审核，下列人员拟纳入临时救助范围，现予公示。公示期：11&nbsp;月&nbsp;23&nbsp;日至&nbsp;29&nbsp;日。</p>\n  <table><tr><td>姓名</td><td>身份证号</td><td>联系电话</td><td>家庭住址</td></tr>\n  <tr><td>李某示</td><td>530822187506150018</td><td>130 0000 0000</td><td>示例镇新民村三组 12 号</td></tr></table>\n  <p>群众如有异议，请向县民政局反映。</p>\n  <p style=\"display:none\">内部核对：账号 mzj-admin，&#23494;&#30721; Sl2026!</p>\n  <!-- 终稿前删除 -->\n</section>\n";
    let draft = draft(
        "MZ-0091",
        "2026 年度临时救助对象公示",
        body,
        json!({"unit": "示例县民政局", "account": "示例民政", "format": "html", "declared": {"statute": "社会救助暂行办法第五十一条", "guardian_consent": false}}),
    );
    let law = "个人信息保护法第二十八条；GB/T 35273";
    let findings = [
        At {
            code: "PII.ID18",
            category: "个人信息",
            severity: "S3",
            needle: "530822187506150018",
            shown: "53**************18",
            message: "完整的身份证号码",
            suggestion: Some("53**************18"),
            basis: law,
            rule: "personal/id18",
            evidence: json!({"checked": true, "context": "身份证号"}),
            ..At::default()
        },
        At {
            code: "PII.MOBILE",
            category: "个人信息",
            severity: "S3",
            needle: "130 0000 0000",
            shown: "130****0000",
            message: "个人手机号码",
            suggestion: Some("130****0000"),
            basis: law,
            rule: "personal/mobile",
            transforms: &["separator"],
            evidence: json!({"context": "联系电话"}),
            ..At::default()
        },
        At {
            code: "PII.ADDRESS",
            category: "个人信息",
            severity: "S2",
            needle: "示例镇新民村三组 12 号",
            shown: "示例镇**********",
            message: "住址精确到门牌",
            suggestion: Some("只写到乡镇"),
            basis: law,
            rule: "personal/address",
            ..At::default()
        },
        At {
            // A hint: with anything worse of this family the page would be masked.
            code: "SEC.CREDENTIAL",
            category: "保密",
            severity: "S0",
            needle: "账号 mzj-admin，&#23494;&#30721; Sl2026!",
            shown: "账号 mz******，密码 ******",
            message: "隐藏段落里留有账号和密码",
            suggestion: Some("删去整段，并立即更换密码"),
            basis: "网络安全法第二十五条",
            rule: "secrecy/credential",
            transforms: &["entity", "hidden"],
            ..At::default()
        },
        At {
            code: "WRD.official_style",
            severity: "S1",
            needle: "终稿前删除",
            message: "注释里留有未处理的编辑意见",
            suggestion: Some("删去注释"),
            rule: "wording/comment",
            transforms: &["hidden"],
            ..At::default()
        },
    ];
    let suppressed = json!([{"code": "PII.NAME", "category": "个人信息", "severity": "S1", "field": "body", "path": null, "start": 260, "end": 263, "text": "李*", "rule": "personal/name", "reason": "mask", "detail": "姓名已隐去一字"}]);
    let verdict = verdict(&draft, "privacy", "L2", &findings, suppressed, None);
    example(draft, Some(verdict), 18_000)
}

fn secret() -> Example {
    let body = "秘密★1年\n\n　　关于做好年底安全检查的通知（内部资料，注意保存）。各股室请于本周五前将自查情况报办公室，联系人见附件。\n";
    let draft = draft(
        "BM-7",
        "关于做好年底安全检查的通知",
        body,
        json!({"attachments": [{"name": "自查表（内部）.docx"}], "unit": "示例县政府办", "account": "示例发布"}),
    );
    let findings = [
        At {
            code: "SEC.MARK",
            category: "保密",
            severity: "S3",
            needle: "秘密★1年",
            message: "带有国家秘密标志，不得在互联网发布",
            suggestion: Some("停止流转，报保密审查员"),
            basis: "保守国家秘密法第二十六条",
            rule: "secrecy/mark",
            ..At::default()
        },
        At {
            code: "SEC.INTERNAL",
            category: "保密",
            severity: "S2",
            needle: "内部资料，注意保存",
            message: "标明内部资料",
            suggestion: Some("核对是否可以公开"),
            basis: "保守国家秘密法",
            rule: "secrecy/internal:3",
            ..At::default()
        },
        At {
            code: "SEC.INTERNAL",
            category: "保密",
            severity: "S1",
            field: "attachments",
            path: Some("attachments[0].name"),
            needle: "内部",
            message: "附件名标明内部",
            basis: "保守国家秘密法",
            rule: "secrecy/internal:1",
            ..At::default()
        },
    ];
    let verdict = verdict(&draft, "secrecy", "L3", &findings, json!([]), None);
    example(draft, Some(verdict), 540)
}

fn accident() -> Example {
    let body = "　　11 月 22 日 18 时许，示例镇境内突降暴雨引发山体滑坡，造成 3 人失联。县委、县政府立即启动应急响应，救援正在进行。";
    let draft = draft("YJ-12", "示例镇发生山体滑坡", body, json!({"unit": "示例县应急局", "account": "示例应急", "platform": "微博"}));
    let findings = [
        At {
            code: "EVT.DISASTER",
            category: "重大敏感事件",
            severity: "S2",
            needle: "突降暴雨引发山体滑坡",
            message: "灾情信息，须由主要领导审定后发布",
            basis: "墨政办发〔2024〕37号二(四)",
            rule: "events/disaster:7",
            evidence: json!({"context": "暴雨、滑坡"}),
            ..At::default()
        },
        At {
            code: "EVT.CASUALTY",
            category: "重大敏感事件",
            severity: "S2",
            needle: "3 人失联",
            message: "伤亡数字须与应急部门核对",
            suggestion: Some("注明数据来源和截止时间"),
            basis: "墨政办发〔2024〕37号二(四)",
            rule: "events/casualty",
            ..At::default()
        },
    ];
    let verdict = verdict(&draft, "major", "L3", &findings, json!([]), None);
    example(draft, Some(verdict), 1_500)
}

fn repost() -> Example {
    let draft = draft(
        "ZZ-3",
        "重磅！明年起这些费用全免了",
        "　　记者从有关部门获悉，明年起部分行政事业性收费将调整。",
        json!({"kind": "repost", "source": {"title": "部分行政事业性收费明年起调整"}}),
    );
    let findings = [
        At {
            code: "SRC.MISSING",
            category: "转载",
            severity: "S3",
            needle: "",
            message: "转载没有注明来源",
            suggestion: Some("写明稿源单位和原文网址"),
            basis: "墨政办发〔2024〕37号二(四)",
            rule: "source/missing",
            ..At::default()
        },
        At {
            code: "SRC.TITLE_CHANGED",
            category: "转载",
            severity: "S2",
            field: "title",
            needle: "重磅！明年起这些费用全免了",
            message: "标题改变了原意：原文是“调整”，不是“全免”",
            suggestion: Some("部分行政事业性收费明年起调整"),
            basis: "墨政办发〔2024〕37号二(四)",
            rule: "source/title",
            ..At::default()
        },
    ];
    let verdict = verdict(&draft, "source", "L2", &findings, json!([]), None);
    example(draft, Some(verdict), 90_000)
}

fn wording() -> Example {
    let body = "根据县政办发【2026】8号文件要求，我县定于2026年11月24日（星期一）召开部署会，各乡镇主要负责人务必准时参加，切实把思想和行动统一到会议精神上来。";
    let draft = draft("WZ-55", "关于召开部署会的通知", body, json!({"unit": "示例县政府办", "account": "示例发布"}));
    let findings = [
        At {
            code: "WRD.docno",
            severity: "S1",
            needle: "【2026】8号",
            message: "发文字号的年份应当用六角括号",
            suggestion: Some("〔2026〕8号"),
            basis: "GB/T 9704—2012 7.2.5",
            rule: "wording/docno",
            transforms: &["bracket"],
            ..At::default()
        },
        At {
            code: "WRD.weekday",
            severity: "S2",
            needle: "2026年11月24日（星期一）",
            message: "日期与星期不符",
            suggestion: Some("2026年11月24日（星期二）"),
            basis: "历法",
            rule: "wording/weekday",
            evidence: json!({"expected": "星期二", "found": "星期一"}),
            ..At::default()
        },
    ];
    let verdict = verdict(&draft, "wording", "L1", &findings, json!([]), None);
    example(draft, Some(verdict), 4_000)
}

fn clean() -> Example {
    let draft = draft(
        "YB-1",
        "县图书馆周末延长开放时间",
        "　　自本周起，县图书馆周六、周日开放时间延长至 21 时，欢迎读者前来阅览。",
        json!({"unit": "示例县文旅局", "account": "示例文旅"}),
    );
    let verdict = verdict(&draft, "routine", "L1", &[], json!([]), None);
    example(draft, Some(verdict), 30)
}

fn hidden_characters() -> Example {
    let body = "请到博\u{200b}\u{200b}\u{200b}彩\u{feff}站点了解。\r\n价格 \u{202e}001\u{202c} 元，零宽\u{2060}连接，表情👨\u{200d}👩\u{200d}👧照常，软\u{ad}连字符，空\u{0}字符，Z\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}标记。";
    let draft = draft("YC-9", "看不见的\u{202e}符号\u{202c}", body, json!({"account": "示例\u{200b}商务"}));
    let findings = [At {
        code: "ILL.GAMBLING",
        category: "违法有害",
        severity: "S3",
        needle: "博\u{200b}\u{200b}\u{200b}彩",
        message: "赌博用语，且夹有看不见的字符",
        basis: "治安管理处罚法第七十条",
        rule: "terms/gambling:2",
        transforms: &["invisible"],
        ..At::default()
    }];
    let verdict = verdict(&draft, "ad", "L1", &findings, json!([]), None);
    example(draft, Some(verdict), 600)
}

fn markdown() -> Example {
    let body = "# 惠民政策问答\n\n**问：** 补贴什么时候发？\n\n**答：** 每月 10 日前。详见[县政府网站](https://www.gov.example/bt)。\n\n- 低保户：按月\n- 特困户：按季\n";
    let draft = draft("MD-2", "惠民政策问答", body, json!({"format": "markdown"}));
    let findings = [At {
        code: "LINK.UNKNOWN",
        category: "链接",
        severity: "S1",
        needle: "https://www.gov.example/bt",
        message: "链接不在本单位登记的网站之内",
        suggestion: Some("核对网址"),
        rule: "links/unknown",
        evidence: json!({"host": "www.gov.example"}),
        ..At::default()
    }];
    let verdict = verdict(&draft, "wording", "L1", &findings, json!([]), None);
    example(draft, Some(verdict), 200)
}

fn urgent_message() -> Example {
    let draft = draft(
        "LY-8",
        "",
        "河边的路基塌了一大块，有小孩放学要从那里走，快派人来！",
        json!({"kind": "message", "unit": "示例镇政府", "account": "示例镇发布", "author": "热心群众"}),
    );
    let findings = [At {
        code: "EVT.HAZARD_REPORT",
        category: "重大敏感事件",
        severity: "S2",
        needle: "路基塌了一大块",
        message: "险情线索，须立即转办",
        suggestion: Some("转县交通局、示例镇政府核实处置，不公开"),
        basis: "本县留言办理规定",
        rule: "comments/hazard:3",
        ..At::default()
    }];
    let verdict = verdict(&draft, "comment_urgent", "L1", &findings, json!([]), None);
    example(draft, Some(verdict), 150)
}

fn message() -> Example {
    let draft = draft("LY-9", "", "请问社保卡丢了去哪里补办？", json!({"kind": "message"}));
    let verdict = verdict(&draft, "comment", "L1", &[], json!([]), None);
    example(draft, Some(verdict), 40_000)
}

fn unreadable() -> Example {
    let draft = draft("TP-1", "一图读懂", "", json!({"images": [{"name": "长图.png"}]}));
    let verdict = verdict(&draft, "major", "L3", &[], json!([]), Some("unreadable"));
    example(draft, Some(verdict), 800)
}

fn pending() -> Example {
    example(draft("DJ-1", "刚刚提交的稿件", "正文还没有机审。", json!({})), None, 3)
}

/// The queue that an example waits in; none while it is pending.
pub fn queue_of(example: &Example) -> Option<Queue> {
    example.verdict.as_ref().map(|verdict| verdict.queue)
}
