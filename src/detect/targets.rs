//! What a reference in markup, in the list of links or in a QR code points to: an address, or nothing outside the page.
//! Must not know hosts or what is said of them.

use std::borrow::Cow;

/// Where a reference leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target<'t> {
    /// Nowhere else: a place in the page or beside it (`#top`, `?page=2`, `images/a.jpg`), a mailbox, a script that only
    /// closes or prints.
    Here,
    /// Somewhere, with its scheme.
    Address(Cow<'t, str>),
    /// A script, or a document inside the reference; may lead anywhere. With its scheme.
    Script(&'t str),
    /// A file on the editor's own machine.
    LocalFile,
}

/// Schemes that lead to no page.
const NO_PAGE: [&str; 6] = ["mailto", "tel", "sms", "about", "cid", "blob"];

/// What scripts in links do without leading anywhere.
const HARMLESS_SCRIPTS: [&str; 14] = [
    "",
    "void",
    "void0",
    "void(0)",
    "void(null)",
    "returnfalse",
    "history.back()",
    "history.go(-1)",
    "window.history.back()",
    "window.history.go(-1)",
    "window.print()",
    "print()",
    "window.close()",
    "undefined",
];

/// Endings of files that lie beside a page; none is a top-level domain that a bare host is likely to have.
const FILES: [&str; 46] = [
    "html", "htm", "shtml", "xhtml", "jsp", "jspx", "asp", "aspx", "php", "do", "action", "pdf", "doc", "docx", "xls", "xlsx", "ppt",
    "pptx", "wps", "et", "dps", "ofd", "txt", "csv", "zip", "rar", "7z", "jpg", "jpeg", "png", "gif", "webp", "svg", "bmp", "ico", "mp3",
    "mp4", "m4a", "wav", "avi", "mov", "css", "js", "json", "xml", "swf",
];

/// Reads a reference as a browser does: `\` is `/`, `https:a.cn` is `https://a.cn`, `//a.cn` has the scheme of the page.
pub fn target(reference: &str) -> Target<'_> {
    if reference.contains(['\t', '\n', '\r']) {
        // They drop these wherever they stand.
        return match target(&reference.replace(['\t', '\n', '\r'], "")) {
            Target::Address(address) => Target::Address(Cow::Owned(address.into_owned())),
            Target::Script(_) => Target::Script("javascript"),
            Target::Here => Target::Here,
            Target::LocalFile => Target::LocalFile,
        };
    }
    let text = reference.trim();
    let path_end = text.find(['?', '#']).unwrap_or(text.len());
    let slashes = text.get(..path_end).unwrap_or(text);
    let (scheme, rest) = scheme_of(slashes).map_or((None, text), |end| (text.get(..end), text.get(end + 1..).unwrap_or_default()));
    let Some(scheme) = scheme else { return without_scheme(text, slashes) };
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" | "ftp" => {
            if rest.starts_with("//") && !slashes.contains('\\') {
                return Target::Address(Cow::Borrowed(text));
            }
            Target::Address(Cow::Owned(format!("{scheme}://{}", rest.replace('\\', "/").trim_start_matches('/'))))
        }
        "data" if rest.starts_with("image/") => Target::Here,
        "javascript" if is_harmless(rest) => Target::Here,
        "javascript" | "vbscript" | "data" => Target::Script(scheme),
        "file" => Target::LocalFile,
        no_page if NO_PAGE.contains(&no_page) => Target::Here,
        _ => Target::Address(Cow::Borrowed(text)),
    }
}

/// Where the scheme ends, if there is one; `example.com:8080` has a port.
fn scheme_of(text: &str) -> Option<usize> {
    let colon = text.find(':')?;
    let (scheme, rest) = (text.get(..colon)?, text.get(colon + 1..)?);
    let mut letters = scheme.bytes();
    let is_scheme = letters.next().is_some_and(|b| b.is_ascii_alphabetic())
        && letters.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    let port = rest.split('/').next().unwrap_or_default();
    let has_port = scheme.contains('.') && !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    (is_scheme && !has_port).then_some(colon)
}

fn without_scheme<'t>(text: &'t str, path: &'t str) -> Target<'t> {
    let path = if path.contains('\\') { Cow::Owned(path.replace('\\', "/")) } else { Cow::Borrowed(path) };
    if let Some(rest) = path.strip_prefix("//") {
        return Target::Address(Cow::Owned(format!("http://{}", rest.trim_start_matches('/'))));
    }
    let first = path.split('/').next().unwrap_or_default();
    let ending = first.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let is_beside = first.is_empty() || first.starts_with('.') || !first.contains('.') || FILES.contains(&ending.as_str());
    if is_beside { Target::Here } else { Target::Address(Cow::Owned(format!("http://{text}"))) }
}

fn is_harmless(script: &str) -> bool {
    let bare: String = script.to_ascii_lowercase().chars().filter(|c| !c.is_whitespace() && *c != ';').collect();
    HARMLESS_SCRIPTS.contains(&bare.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_on_the_page_leads_nowhere() {
        for here in [
            "",
            "#top",
            "?page=2",
            "/art/a.html",
            "./a.html",
            "../img/1.png",
            "images/a.jpg",
            "P020261123.pdf",
            "index.html?id=3",
            "mailto:a@b.cn",
            "tel:0879-4230000",
            "about:blank",
            "cid:abc",
            "data:image/png;base64,AAAA",
            "javascript:;",
            "javascript:void(0);",
            "JavaScript: window.print()",
        ] {
            assert_eq!(target(here), Target::Here, "{here}");
        }
    }

    #[test]
    fn addresses_are_read_as_a_browser_reads_them() {
        for (reference, address) in [
            ("https://a.cn/x", "https://a.cn/x"),
            ("//dwz.cn/ab1", "http://dwz.cn/ab1"),
            (r"/\evil-shop.com/x", "http://evil-shop.com/x"),
            (r"https:\\dwz.cn\ab1", "https://dwz.cn/ab1"),
            ("https:dwz.cn/ab1", "https://dwz.cn/ab1"),
            ("ht\ntps://dwz.cn/v1", "https://dwz.cn/v1"),
            ("www.example.com", "http://www.example.com"),
            ("example.com:8080/x", "http://example.com:8080/x"),
            ("weixin://dl/business/?t=a", "weixin://dl/business/?t=a"),
        ] {
            assert_eq!(target(reference), Target::Address(address.into()), "{reference}");
        }
        assert_eq!(target("javascript:location.href='//a.cn'"), Target::Script("javascript"));
        assert_eq!(target("data:text/html,<b>"), Target::Script("data"));
        assert_eq!(target("file:///C:/a.doc"), Target::LocalFile);
    }
}
