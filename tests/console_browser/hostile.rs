//! Drafts made to break the page: markup in every field, and more text and findings than anybody writes.

use crate::drafts::{At, Example, draft, example, verdict};
use serde_json::json;

/// Markup that would run, load, navigate or restyle if a page ever took text for markup (RELIABILITY B25, B26).
pub const PAYLOADS: [&str; 27] = [
    "<script>window.pwned=1;document.title='pwned'</script>",
    "<script src=\"/evil.js\"></script>",
    "</title><script>document.title='pwned'</script>",
    "</textarea></style></noscript></template><script>document.title='pwned'</script>",
    "<img src=x onerror=\"document.title='pwned'\">",
    "<img src=\"/evil.png\">",
    "<svg onload=\"document.title='pwned'\"><animate onbegin=\"document.title='pwned'\" attributeName=x dur=1s></svg>",
    "<svg><a><set attributeName=href to=\"javascript:document.title='pwned'\"/><text>x</text></a></svg>",
    "<math><annotation-xml encoding=\"text/html\"><img src=x onerror=\"document.title='pwned'\"></annotation-xml></math>",
    "<iframe srcdoc=\"<script>parent.document.title='pwned'</script>\"></iframe>",
    "<iframe src=\"/evil.html\"></iframe>",
    "<a href=\"java&#115;cript:document.title='pwned'\">点</a>",
    "<style>@import url('/evil.css');*{display:none}</style>",
    "<link rel=stylesheet href=\"/evil.css\">",
    "<img src=http://169.254.169.254/latest><link rel=stylesheet href=file:///etc/hostname><p style='background:url(http://intranet.example/pwned)'>",
    "<base href=\"http://127.0.0.1:9/\">",
    "<meta http-equiv=refresh content=\"0;url=/evil.html\">",
    "<form action=\"/evil\"><input name=x><button>提交</button></form>",
    "<object data=\"/evil.swf\"></object><embed src=\"/evil.swf\">",
    "<video src=\"/evil.mp4\" onerror=\"document.title='pwned'\"></video>",
    "<details open ontoggle=\"document.title='pwned'\">",
    "<body onload=\"document.title='pwned'\">",
    "\"><script>document.title='pwned'</script>",
    "' onmouseover='document.title=1' x='",
    "--><script>document.title='pwned'</script><!--",
    "]]><script>document.title='pwned'</script>",
    "{{ 7*7 }}{% raw %}${document.title='pwned'}\u{202e}&lt;script&gt;&#60;script&#62;",
];

/// Every payload in every field that a person or an editorial system writes, and in what a dictionary could say (B24).
pub fn hostile() -> Example {
    let all = PAYLOADS.join("\n");
    let id = format!("</title>{}\u{202e}../..", PAYLOADS[0]);
    let mut draft = draft(
        &id,
        &all,
        &all,
        json!({"unit": "<script>document.title='pwned'</script>", "account": all, "platform": all, "format": "html", "kind": "repost", "subtitle": all,
            "author": all, "source": {"name": all, "title": all, "url": "javascript:document.title='pwned'", "text": all},
            "images": [{"name": all, "alt": all, "qr": all, "sha256": all}], "attachments": [{"name": all, "sha256": all}],
            "declared": {"template": all, "statute": all}}),
    );
    draft["links"] = PAYLOADS.iter().map(|payload| json!({"label": payload, "url": payload})).collect();
    draft["links"][0]["url"] = json!("javascript:document.title='pwned'");
    let mut findings = Vec::new();
    for payload in PAYLOADS {
        // A mark that cuts each payload in the middle.
        let half: String = payload.chars().take(payload.chars().count() / 2).collect();
        findings.push(
            At {
                needle: &half,
                shown: payload,
                message: payload,
                suggestion: Some(payload),
                basis: payload,
                rule: payload,
                code: payload,
                evidence: json!({payload: payload}),
                ..At::default()
            }
            .json(&draft),
        );
    }
    let mut verdict = verdict(&draft, "ad", "L1", &[], json!([]), None);
    verdict["suppressed"] = PAYLOADS
        .iter()
        .map(|payload| {
            json!({"code": payload, "category": "链接", "severity": "S1", "field": "body", "path": null, "start": 0, "end": 5, "text": payload,
                "rule": payload, "reason": "guard", "detail": payload})
        })
        .collect();
    verdict["findings"] = findings.into();
    verdict["ruleset"] = json!("\"><script>document.title='pwned'</script>");
    example(draft, Some(verdict), 60)
}

/// A body of 1 MB under 2,000 findings, many of them nested.
pub fn large() -> Example {
    let sentence = "<p>各乡镇要把安全生产摆在突出位置，逐级压实责任。</p>\n";
    let body = sentence.repeat((1 << 20) / sentence.len());
    let chars = body.chars().count();
    let mut draft = draft("DA-1", "一兆字节的稿件", &body, json!({}));
    draft["format"] = json!("html");
    let mut verdict = verdict(&draft, "wording", "L1", &[], json!([]), None);
    let one = At { needle: "安全生产", message: "请核对", ..At::default() }.json(&draft);
    verdict["findings"] = (0..2_000usize)
        .map(|nth| {
            let mut finding = one.clone();
            let start = if nth < 1_000 { nth } else { nth * (chars / 2_000) };
            finding["start"] = json!(start);
            finding["end"] = json!(if nth < 1_000 { chars - nth } else { start + 4 });
            finding
        })
        .collect();
    example(draft, Some(verdict), 60)
}
