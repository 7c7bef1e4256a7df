//! The console in a real browser: hostile drafts stay text, nothing leaves the machine, keys work, a phone fits.
//! `cargo test --test console_browser -- --serve 8099` shows the same pages to a person.

// A test harness of its own prints what it found and slices text that it has just searched.
#![allow(clippy::expect_used, clippy::print_stdout, clippy::string_slice)]

mod chromium;
mod drafts;
mod hostile;
mod server;

use chromium::{Chromium, Visit};
use html5gum::{StartTag, Token, Tokenizer};
use server::Log;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use xianshen::web::console::{item_address, queue_address};

const DESK: (u32, u32) = (1280, 900);
const PHONE: (u32, u32) = (390, 844);

/// Elements of our own templates. None of them can run, load or send anything but the one script and style checked below.
const ELEMENTS: [&str; 40] = [
    "html", "head", "meta", "title", "link", "script", "body", "a", "header", "span", "nav", "button", "main", "section", "p", "b", "h1",
    "h2", "h3", "ul", "ol", "li", "dl", "div", "dt", "dd", "article", "aside", "mark", "i", "bdi", "code", "kbd", "details", "summary",
    "dialog", "input", "label", "tbody", "br",
];

/// Hosts that the browser asks for by itself; the resolver rules keep it from reaching them.
const BROWSER_HOSTS: [&str; 3] = [".google.com", ".googleapis.com", ".gstatic.com"];

struct Site {
    browser: Chromium,
    address: SocketAddr,
    log: Arc<Log>,
    /// The real routes behind [`TOKEN`].
    behind_token: SocketAddr,
}

/// Opens the real console of this test.
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

type Outcome = Result<(), String>;
type Case = fn(&Site) -> Outcome;

const CASES: [(&str, Case); 9] = [
    ("hostile_drafts_stay_text_on_every_page", hostile_drafts_stay_text_on_every_page),
    ("a_script_that_slipped_through_would_be_stopped_and_noticed", a_script_that_slipped_through_would_be_stopped_and_noticed),
    ("submitted_text_is_shown_character_for_character", submitted_text_is_shown_character_for_character),
    ("keys_move_from_finding_to_finding", keys_move_from_finding_to_finding),
    ("keys_open_help_and_leave_out_markup", keys_open_help_and_leave_out_markup),
    ("keys_unfold_the_chain_and_go_on_to_the_next_item", keys_unfold_the_chain_and_go_on_to_the_next_item),
    ("a_token_typed_once_opens_the_console_until_somebody_signs_out", a_token_typed_once_opens_the_console_until_somebody_signs_out),
    ("every_page_fits_a_phone", every_page_fits_a_phone),
    ("a_body_of_one_megabyte_arrives_whole", a_body_of_one_megabyte_arrives_whole),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if let Some(at) = arguments.iter().position(|argument| argument == "--serve") {
        let port = arguments.get(at + 1).and_then(|port| port.parse().ok()).unwrap_or(8099);
        runtime.block_on(async {
            let (listener, address) = server::listen(port).await.expect("a free port");
            println!("http://{address}/");
            server::serve(listener, Arc::default()).await.expect("serves");
        });
        return ExitCode::SUCCESS;
    }
    if arguments.iter().any(|argument| argument == "--list") {
        CASES.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    let chosen: Vec<_> = CASES.into_iter().filter(|(name, _)| filter.is_none_or(|filter| name.contains(filter.as_str()))).collect();
    println!("\nrunning {} tests", chosen.len());
    let Some(browser) = Chromium::find() else {
        chosen.iter().for_each(|(name, _)| println!("test {name} ... ignored, no chromium on this machine"));
        println!("\ntest result: ok. 0 passed; 0 failed; {} ignored\n", chosen.len());
        return ExitCode::SUCCESS;
    };
    let log = Arc::new(Log::default());
    let (listener, address) = runtime.block_on(server::listen(0)).expect("a free port");
    runtime.spawn(server::serve(listener, log.clone()));
    let folder = tempfile::tempdir().expect("a folder");
    let (real, behind_token) = runtime.block_on(server::listen(0)).expect("a free port");
    runtime.spawn(server::serve_real(real, folder.path().to_owned(), TOKEN));
    let site = Site { browser, address, log, behind_token };
    let mut failures = Vec::new();
    for (name, case) in &chosen {
        match case(&site) {
            Ok(()) => println!("test {name} ... ok"),
            Err(reason) => {
                println!("test {name} ... FAILED");
                failures.push(format!("{name}: {reason}"));
            }
        }
    }
    failures.iter().for_each(|failure| println!("\n{failure}"));
    let word = if failures.is_empty() { "ok" } else { "FAILED" };
    println!("\ntest result: {word}. {} passed; {} failed; 0 ignored\n", chosen.len() - failures.len(), failures.len());
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Site {
    fn visit(&self, path: &str, window: (u32, u32)) -> Result<Visit, String> {
        self.log.requests.lock().map_err(|error| error.to_string())?.clear();
        self.log.violations.lock().map_err(|error| error.to_string())?.clear();
        self.browser.visit(&format!("http://{}{path}", self.address), window)
    }

    fn requests(&self) -> Vec<String> {
        self.log.requests.lock().map(|requests| requests.clone()).unwrap_or_default()
    }

    fn violations(&self) -> Vec<String> {
        self.log.violations.lock().map(|violations| violations.clone()).unwrap_or_default()
    }

    /// Nothing but the page and its assets was asked for, and the policy had nothing to stop.
    fn quiet(&self, page: &str, visit: &Visit) -> Outcome {
        let page = page.split('?').next().unwrap_or_default();
        for request in self.requests() {
            let ours = request == page || request.starts_with("/assets/") || request == "/driver.js";
            check(ours, || format!("{page} asked for {request}"))?;
        }
        let home = format!("http://{}/", self.address);
        for address in &visit.addresses {
            let host = address.split('/').nth(2).unwrap_or_default();
            let browser = BROWSER_HOSTS.iter().any(|own| host.ends_with(own));
            check(address.starts_with(&home) || browser, || format!("{page} reached for {address}"))?;
        }
        let violations = self.violations();
        check(violations.is_empty(), || format!("{page} broke its policy: {violations:?}"))
    }
}

fn check(holds: bool, reason: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(reason()) }
}

fn elements(document: &str) -> Vec<StartTag<()>> {
    let tokens = Tokenizer::new(document).map(|token| match token {
        Ok(token) => token,
        Err(never) => match never {},
    });
    tokens.filter_map(|token| if let Token::StartTag(tag) = token { Some(tag) } else { None }).collect()
}

fn attribute(tag: &StartTag<()>, name: &str) -> Option<String> {
    tag.attributes.get(name.as_bytes()).map(|value| String::from_utf8_lossy(value).into_owned())
}

fn has_class(tag: &StartTag<()>, class: &str) -> bool {
    attribute(tag, "class").is_some_and(|classes| classes.split(' ').any(|one| one == class))
}

fn window_title(document: &str) -> &str {
    document.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map_or("", |(title, _)| title)
}

/// What the driver left on the document.
fn told(document: &str, name: &str) -> Result<String, String> {
    let root = elements(document).into_iter().find(|tag| &**tag.name == b"html").ok_or("no document")?;
    attribute(&root, &format!("data-{name}")).ok_or_else(|| format!("the driver did not tell {name}"))
}

fn only_our_elements(document: &str) -> Outcome {
    let mut scripts = 0;
    for tag in elements(document) {
        let name = String::from_utf8_lossy(&tag.name).into_owned();
        check(ELEMENTS.contains(&&*name), || format!("<{name}> is not an element of the console"))?;
        for (key, value) in &tag.attributes {
            let (key, value) = (String::from_utf8_lossy(key), String::from_utf8_lossy(value));
            check(!key.starts_with("on") && key != "style" && key != "srcdoc", || format!("<{name} {key}>"))?;
            let address = matches!(&*key, "href" | "src" | "action");
            check(!address || value.starts_with('/') && !value.starts_with("//") || value.starts_with('#'), || {
                format!("<{name} {key}={value}>")
            })?;
        }
        match &*name {
            "script" => {
                scripts += 1;
                let own = attribute(&tag, "src").is_some_and(|src| src.starts_with("/assets/console-") || src == "/driver.js");
                check(own, || "a script that is not ours".to_owned())?;
            }
            "link" => {
                check(attribute(&tag, "href").is_some_and(|href| href.starts_with("/assets/")), || "a link that is not ours".to_owned())?
            }
            "meta" => check(attribute(&tag, "http-equiv").is_none(), || "a meta that steers".to_owned())?,
            "input" => check(attribute(&tag, "type").as_deref() == Some("checkbox"), || "an input that is not ours".to_owned())?,
            _ => {}
        }
    }
    check(scripts == 2, || format!("{scripts} scripts"))
}

fn hostile_drafts_stay_text_on_every_page(site: &Site) -> Outcome {
    let hostile = hostile::hostile();
    let item = item_address(&hostile.draft.unit, &hostile.draft.id, 1);
    let list = queue_address(xianshen::model::Queue::Ad, None);
    for (path, window, must_show) in [(&item, DESK, hostile::PAYLOADS.len() * 10), (&list, DESK, 1), (&"/".to_owned(), DESK, 0)] {
        let path = format!("{path}?drive");
        let visit = site.visit(&path, window)?;
        only_our_elements(&visit.document).map_err(|reason| format!("{path}: {reason}"))?;
        site.quiet(&path, &visit)?;
        check(window_title(&visit.document).ends_with("· 先审"), || {
            format!("the window title became {}", window_title(&visit.document))
        })?;
        check(told(&visit.document, "pwned")? == "undefined", || "a canary was set".to_owned())?;
        let shown = visit.document.matches("pwned").count();
        check(shown >= must_show, || format!("{path} shows {shown} payloads, at least {must_show} are in it"))?;
    }
    Ok(())
}

/// The other cases mean nothing if a violation went unnoticed.
fn a_script_that_slipped_through_would_be_stopped_and_noticed(site: &Site) -> Outcome {
    let visit = site.visit("/unescaped", DESK)?;
    check(window_title(&visit.document) == "control", || "an inline script ran".to_owned())?;
    let violations = site.violations();
    check(violations.len() >= 2, || format!("a script and an image were stopped, reported: {violations:?}"))?;
    check(only_our_elements(&visit.document).is_err(), || "a foreign element went unnoticed".to_owned())
}

fn submitted_text_is_shown_character_for_character(site: &Site) -> Outcome {
    for example in drafts::examples() {
        let path = format!("{}?drive", item_address(&example.draft.unit, &example.draft.id, example.draft.revision));
        let visit = site.visit(&path, DESK)?;
        site.quiet(&path, &visit)?;
        let shown = decoded(&told(&visit.document, "text")?);
        let body = example.draft.body.replace("\r\n", "\n");
        if example.verdict.as_ref().is_none_or(xianshen::model::Verdict::is_secret) {
            check(shown.chars().count() == body.chars().count(), || format!("{path}: the mask moved places"))?;
            check(!shown.chars().any(char::is_alphanumeric), || format!("{path}: the mask shows {shown}"))?;
        } else if body.is_empty() {
            check(shown == "（没有正文）", || format!("{path} shows {shown}"))?;
        } else {
            let (shown, body) = (without_markers(&shown), without_markers(&body));
            check(shown == body, || format!("{path} shows\n{shown}\nbut was sent\n{body}"))?;
        }
    }
    Ok(())
}

fn decoded(text: &str) -> String {
    url::form_urlencoded::parse(format!("x={}", text.replace('+', "%2B")).as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

/// Both the marked and the raw hidden characters as `⟦U+…⟧`, one marker for each character.
fn without_markers(text: &str) -> String {
    let hidden = |c: char| {
        c != '\n' && (c.is_control() || matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{ad}' | '\u{202a}'..='\u{202e}' | '\u{301}'))
    };
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some((marker, after)) = rest.strip_prefix("⟦U+").and_then(|inner| inner.split_once('⟧')) {
            let (code, times) = marker.split_once('×').unwrap_or((marker, "1"));
            (0..times.parse().unwrap_or(0)).for_each(|_| out.push_str(&format!("⟦U+{code}⟧")));
            rest = after;
            continue;
        }
        if hidden(c) {
            out.push_str(&format!("⟦U+{:04X}⟧", u32::from(c)));
        } else {
            out.push(c);
        }
        rest = &rest[c.len_utf8()..];
    }
    out
}

fn keys_move_from_finding_to_finding(site: &Site) -> Outcome {
    let example = &drafts::examples()[0];
    let page = item_address(&example.draft.unit, &example.draft.id, example.draft.revision);
    for (keys, expected) in [("key=j", "1"), ("key=j&key=j&key=j&key=j&key=j&key=k", "4"), ("key=k", "1"), (&*"key=j&".repeat(30), "9")] {
        let path = format!("{page}?drive&{keys}");
        let visit = site.visit(&path, DESK)?;
        site.quiet(&path, &visit)?;
        let elements = elements(&visit.document);
        let now: Vec<_> = elements
            .iter()
            .filter(|tag| &**tag.name == b"li" && has_class(tag, "now"))
            .filter_map(|tag| attribute(tag, "data-finding"))
            .collect();
        check(now == [expected], || format!("{keys} leads to {now:?}, not to {expected}"))?;
        let marks: Vec<_> = elements
            .iter()
            .filter(|tag| &**tag.name == b"mark" && has_class(tag, "now"))
            .filter_map(|tag| attribute(tag, "data-n"))
            .collect();
        check(!marks.is_empty() && marks.iter().all(|numbers| numbers.split(' ').any(|number| number == expected)), || {
            format!("{keys} lights {marks:?}")
        })?;
    }
    let list = format!("{}?drive&key=j&key=j&key=Enter", queue_address(xianshen::model::Queue::Ad, None));
    let visit = site.visit(&list, DESK)?;
    check(told(&visit.document, "focus")?.contains("SW-2026-1124"), || "j does not walk the list".to_owned())?;
    let visit = site.visit(&format!("{page}?drive&key=u"), DESK)?;
    check(window_title(&visit.document).starts_with("广告引流"), || format!("u leads to {}", window_title(&visit.document)))
}

fn keys_unfold_the_chain_and_go_on_to_the_next_item(site: &Site) -> Outcome {
    let example = &drafts::examples()[0];
    let page = item_address(&example.draft.unit, &example.draft.id, example.draft.revision);
    let open = |visit: &Visit| {
        let is_open = |tag: &StartTag<()>| &**tag.name == b"details" && has_class(tag, "chain") && attribute(tag, "open").is_some();
        elements(&visit.document).iter().filter(|tag| is_open(tag)).count()
    };
    for (keys, expected) in [("", 0), ("key=j&key=e", 1), ("key=j&key=e&key=e", 0)] {
        let path = format!("{page}?drive&{keys}");
        let visit = site.visit(&path, DESK)?;
        site.quiet(&path, &visit)?;
        check(open(&visit) == expected, || format!("{keys} leaves {} open", open(&visit)))?;
    }
    let all = site.visit(&format!("{page}?drive&key=e"), DESK)?;
    check(open(&all) > 5, || format!("e opens {}", open(&all)))?;
    let next = site.visit(&format!("{page}?drive&key=n"), DESK)?;
    check(window_title(&next.document).starts_with("没有找到"), || format!("n leads to {}", window_title(&next.document)))
}

fn a_token_typed_once_opens_the_console_until_somebody_signs_out(site: &Site) -> Outcome {
    let visit = |path: &str| site.browser.visit(&format!("http://{}{path}", site.behind_token), DESK);
    let title = |visit: &Visit| window_title(&visit.document).to_owned();
    let asked = visit("/queues/ad")?;
    check(title(&asked) == "登录 · 先审", || format!("without a session there is {}", title(&asked)))?;
    check(attribute_of(&asked.document, b"input", "type").contains(&"password".to_owned()), || "no field for a token".to_owned())?;
    let wrong = visit("/login?drive&type=wrong")?;
    check(wrong.document.contains("令牌不对"), || format!("a wrong token leads to {}", title(&wrong)))?;
    // The cookie is marked for secure places only; this machine is one.
    let right = visit(&format!("/login?drive&type={TOKEN}&to=/queues/ad"))?;
    check(title(&right) == "广告引流 · 先审", || format!("the token leads to {}", title(&right)))?;
    check(!right.document.contains(TOKEN) && right.document.contains("/logout"), || "no way out".to_owned())?;
    let to = "/queues/ad%3Fdrive%26press%3D.sign-out%2520button";
    let out = visit(&format!("/login?drive&type={TOKEN}&to={to}"))?;
    check(out.document.contains("已退出"), || format!("signing out leads to {}", title(&out)))
}

fn attribute_of(document: &str, element: &[u8], name: &str) -> Vec<String> {
    elements(document).iter().filter(|tag| &**tag.name == element).filter_map(|tag| attribute(tag, name)).collect()
}

fn keys_open_help_and_leave_out_markup(site: &Site) -> Outcome {
    let example = drafts::examples().into_iter().find(|example| example.draft.id == "MZ-0091").ok_or("no such draft")?;
    let page = item_address(&example.draft.unit, &example.draft.id, 1);
    let visit = site.visit(&format!("{page}?drive&key=?"), DESK)?;
    let open = |visit: &Visit| elements(&visit.document).iter().any(|tag| &**tag.name == b"dialog" && attribute(tag, "open").is_some());
    check(open(&visit), || "? does not open the help".to_owned())?;
    check(!open(&site.visit(&format!("{page}?drive&key=?&key=?"), DESK)?), || "? does not close the help".to_owned())?;
    let source = decoded(&told(&visit.document, "seen")?);
    let reading = decoded(&told(&site.visit(&format!("{page}?drive&key=r"), DESK)?.document, "seen")?);
    check(source.contains("<section style=") && source.contains("&#23494;"), || format!("the source shows {source}"))?;
    check(!reading.contains("<td>") && !reading.contains("section"), || format!("reading shows markup: {reading}"))?;
    check(reading.contains("530822187506150018") && reading.contains("终稿前删除"), || format!("reading hides a finding: {reading}"))
}

fn every_page_fits_a_phone(site: &Site) -> Outcome {
    let mut pages = vec!["/".to_owned(), "/no/such/page".to_owned(), queue_address(xianshen::model::Queue::Ad, None)];
    pages.extend(drafts::examples().iter().map(|example| item_address(&example.draft.unit, &example.draft.id, example.draft.revision)));
    for page in pages {
        let told = narrowed(site, &page)?;
        check(told.last().is_some_and(|told| told == "390 0"), || {
            format!("{page}: width of the window, and what the page is wider: {told:?}")
        })?;
    }
    Ok(())
}

/// What the page told in a window as narrow as a phone. The browser may end before its message is out.
fn narrowed(site: &Site, page: &str) -> Result<Vec<String>, String> {
    for _ in 0..3 {
        site.log.told.lock().map_err(|error| error.to_string())?.clear();
        site.browser.picture(&format!("http://{}{page}?drive&tell", site.address), PHONE)?;
        let told = site.log.told.lock().map_err(|error| error.to_string())?.clone();
        if !told.is_empty() {
            return Ok(told);
        }
    }
    Err(format!("{page} told nothing"))
}

fn a_body_of_one_megabyte_arrives_whole(site: &Site) -> Outcome {
    let example = hostile::large();
    let path = format!("{}?drive&key=j", item_address(&example.draft.unit, &example.draft.id, 1));
    let visit = site.visit(&path, DESK)?;
    site.quiet(&path, &visit)?;
    let units = example.draft.body.encode_utf16().count().to_string();
    check(told(&visit.document, "units")? == units, || format!("{:?} units of {units} arrived", told(&visit.document, "units")))?;
    let cards = elements(&visit.document).iter().filter(|tag| attribute(tag, "data-finding").is_some()).count();
    check(cards == 2_000, || format!("{cards} cards"))
}
