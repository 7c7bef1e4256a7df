//! A draft (稿件) as an editorial system submits it, checked field by field, and its content hash.
//! Must not know detectors, rulesets or stores.

use super::canonical::CanonicalHash;
use super::object;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a draft is: 原创, 转载, 群众留言 or the reply to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Original,
    Repost,
    Message,
    Reply,
}

/// Markup of `body`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Text,
    Html,
    Markdown,
}

/// Where a repost comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A link outside the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    pub url: String,
}

/// An image of the draft; `qr` is the payload of the QR code it shows, decoded by the editorial system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Image {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt: Option<String>,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qr: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// An attached file, by name and hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// What the unit declares about the draft; shown to the reviewer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// A guardian's consent is on file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardian_consent: Option<bool>,
    /// A law that orders disclosure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statute: Option<String>,
    /// An authorised template (授权模板).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
}

/// A draft. Identity is (`unit`, `id`, `revision`). Fields stand in the order of the canonical JSON (keys sorted), so
/// that serialising this struct is the canonical form of `content_hash` once identity and date are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    pub account: String,
    /// The day the rules are asked for; fixed at first intake (Asia/Shanghai) when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "as_of_date")]
    #[schemars(with = "Option<String>", regex(pattern = r"^\d{4}-\d{2}-\d{2}$"))]
    pub as_of: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object::optional_list")]
    pub attachments: Option<Vec<Attachment>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    pub body: String,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object::optional")]
    pub declared: Option<Declared>,
    pub format: Format,
    /// The item; 1–128 characters, no control characters.
    #[schemars(length(min = 1, max = 128))]
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object::optional_list")]
    pub images: Option<Vec<Image>>,
    pub kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object::optional_list")]
    pub links: Option<Vec<Link>>,
    pub platform: String,
    /// Immutable; a change is a new revision.
    #[schemars(range(min = 1))]
    pub revision: u64,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object::optional")]
    pub source: Option<Source>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    /// May be empty.
    pub title: String,
    /// The owning unit (主办单位); 1–64 characters.
    #[schemars(length(min = 1, max = 64))]
    pub unit: String,
}

/// Why bytes are not a draft.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// Not JSON at all (HTTP 400).
    #[error("not JSON: {0}")]
    NotJson(String),
    /// JSON, but not a draft (HTTP 422).
    #[error("{path}: {reason}")]
    NotADraft { path: String, reason: String },
}

impl DraftError {
    /// Path of the offending field, `.` for the whole document.
    pub fn path(&self) -> &str {
        match self {
            Self::NotJson(_) => ".",
            Self::NotADraft { path, .. } => path,
        }
    }

    /// What is wrong there, without any text of the draft.
    pub fn reason(&self) -> &str {
        match self {
            Self::NotJson(reason) => reason,
            Self::NotADraft { reason, .. } => reason,
        }
    }
}

/// Longest `unit`, in characters.
pub const UNIT_CHARS_MAX: usize = 64;
/// Longest `id`, in characters.
pub const ID_CHARS_MAX: usize = 128;
/// Largest `revision`: the largest integer that every JSON reader and both databases keep exactly.
pub const REVISION_MAX: u64 = (1 << 53) - 1;
/// Most links, images or attachments of one draft, each.
pub const LIST_ITEMS_MAX: usize = 1_000;

impl Draft {
    /// Reads one draft; refuses unknown fields, wrong types and values out of range, naming the path.
    pub fn from_json(bytes: &[u8]) -> Result<Self, DraftError> {
        match simdutf8::basic::from_utf8(bytes) {
            Ok(text) => Self::from_json_text(text),
            // The reader says where it stops being text.
            Err(_) => Self::read(serde_json::Deserializer::from_slice(bytes)),
        }
    }

    /// The same of bytes that are known to be text: no string of it is looked at again for that.
    pub fn from_json_text(text: &str) -> Result<Self, DraftError> {
        // A list is told apart from what is no JSON before anything else is; `object` refuses those further in.
        if text.trim_start().starts_with('[') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
            return Err(DraftError::NotADraft { path: ".".into(), reason: "must be an object".into() });
        }
        // The path to a mistake is kept track of only where there is one.
        match serde_json::from_str::<Self>(text) {
            Ok(draft) => draft.check().map(|()| draft),
            Err(_) => Self::read(serde_json::Deserializer::from_str(text)),
        }
    }

    fn read<'de>(mut reader: serde_json::Deserializer<impl serde_json::de::Read<'de>>) -> Result<Self, DraftError> {
        let draft: Self = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            let inner = error.into_inner();
            let place = if inner.line() > 0 { format!(" (line {}, column {})", inner.line(), inner.column()) } else { String::new() };
            match inner.classify() {
                serde_json::error::Category::Data => {
                    let (path, reason) = name_unknown_field(path, bare_reason(&inner));
                    DraftError::NotADraft { path, reason }
                }
                _ => DraftError::NotJson(format!("{}{place}", bare_reason(&inner))),
            }
        })?;
        reader.end().map_err(|error| DraftError::NotJson(bare_reason(&error)))?;
        draft.check()?;
        Ok(draft)
    }

    /// Checks the ranges that the types alone do not.
    pub fn check(&self) -> Result<(), DraftError> {
        let refuse = |path: &str, reason: String| Err(DraftError::NotADraft { path: path.into(), reason });
        for (path, value, most) in [("unit", &self.unit, UNIT_CHARS_MAX), ("id", &self.id, ID_CHARS_MAX)] {
            let length = value.chars().count();
            if length == 0 || length > most {
                return refuse(path, format!("must have 1 to {most} characters, has {length}"));
            }
            if value.chars().any(char::is_control) {
                return refuse(path, "must not contain control characters".into());
            }
        }
        if self.revision == 0 || self.revision > REVISION_MAX {
            return refuse("revision", format!("must be an integer from 1 to {REVISION_MAX}"));
        }
        let lists = [
            ("links", self.links.as_ref().map(Vec::len)),
            ("images", self.images.as_ref().map(Vec::len)),
            ("attachments", self.attachments.as_ref().map(Vec::len)),
        ];
        for (path, length) in lists {
            if length.is_some_and(|length| length > LIST_ITEMS_MAX) {
                return refuse(path, format!("must have at most {LIST_ITEMS_MAX} items"));
            }
        }
        Ok(())
    }

    /// SHA-256 (hex) of the canonical JSON of every field as received except `id`, `revision` and `as_of`.
    pub fn content_hash(&self) -> String {
        let mut hash = CanonicalHash::new();
        hash.text("account", &self.account);
        hash.optional("attachments", self.attachments.as_ref());
        hash.optional("author", self.author.as_ref());
        hash.text("body", &self.body);
        hash.optional("declared", self.declared.as_ref());
        hash.field("format", &self.format);
        hash.optional("images", self.images.as_ref());
        hash.field("kind", &self.kind);
        hash.optional("links", self.links.as_ref());
        hash.text("platform", &self.platform);
        hash.optional("source", self.source.as_ref());
        hash.optional("subtitle", self.subtitle.as_ref());
        hash.text("title", &self.title);
        hash.text("unit", &self.unit);
        hash.finish()
    }
}

/// The message without serde's own " at line …" and without values of the draft.
fn bare_reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    // "unknown variant `…`, expected one of …" quotes the draft between backticks, and the draft may hold backticks.
    if text.starts_with("unknown variant `") {
        let expected = text.rsplit_once("`, expected ").map_or("a known one", |(_, expected)| expected);
        return format!("unknown value, expected {expected}");
    }
    // "invalid type: string \"…\", expected u64" quotes the draft: keep the type, drop the value.
    let mut out = String::new();
    let mut quoted = false;
    for c in text.chars() {
        match (c, quoted) {
            ('"', _) => {
                quoted = !quoted;
                if quoted {
                    out.push('…');
                }
            }
            (_, false) => out.push(c),
            _ => {}
        }
    }
    out
}

/// serde names an unknown field in the message; the path should name it too.
fn name_unknown_field(path: String, reason: String) -> (String, String) {
    for (start, say) in
        [("unknown field `", "unknown field"), ("missing field `", "missing field"), ("duplicate field `", "duplicate field")]
    {
        if let Some(rest) = reason.strip_prefix(start)
            && let Some((field, _)) = rest.split_once('`')
        {
            let parent = path.trim_end_matches('.').trim_end_matches('?').trim_end_matches('.');
            let already = parent == field || parent.ends_with(&format!(".{field}"));
            let full = match (parent, already) {
                ("", _) => field.to_owned(),
                (_, true) => parent.to_owned(),
                _ => format!("{parent}.{field}"),
            };
            let full: String = full.chars().take(200).map(|c| if c.is_control() { '�' } else { c }).collect();
            return (full, say.to_owned());
        }
    }
    (path, reason)
}

mod as_of_date {
    use super::Date;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(date: &Option<Date>, serializer: S) -> Result<S::Ok, S::Error> {
        match date {
            Some(date) => serializer.collect_str(date),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        let shape =
            text.len() == 10 && text.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
        match text.parse() {
            Ok(date) if shape => Ok(Some(date)),
            _ => Err(D::Error::custom("must be a date YYYY-MM-DD")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    fn draft() -> serde_json::Value {
        serde_json::json!({"unit":"u","id":"a","revision":1,"account":"","platform":"","kind":"original","format":"text","title":"","body":"正文"})
    }

    fn refused(change: impl FnOnce(&mut serde_json::Value)) -> DraftError {
        let mut value = draft();
        change(&mut value);
        Draft::from_json(value.to_string().as_bytes()).expect_err("must be refused")
    }

    #[test]
    fn a_wrong_field_is_refused_with_its_path() {
        assert!(matches!(Draft::from_json(b" [1, 2]"), Err(DraftError::NotADraft { .. })));
        assert_eq!(refused(|d| d["bodi"] = "x".into()).path(), "bodi");
        assert_eq!(refused(|d| d["images"] = serde_json::json!([{"alt": "x"}])).path(), "images[0].name");
        assert_eq!(refused(|d| d["source"] = serde_json::json!({"nam": "x"})).path(), "source.nam");
        assert_eq!(refused(|d| d["revision"] = 0.into()).path(), "revision");
        assert_eq!(refused(|d| d["revision"] = serde_json::json!(1.5)).path(), "revision");
        assert_eq!(refused(|d| d["id"] = "a\nb".into()).path(), "id");
        assert_eq!(refused(|d| d["as_of"] = "2026-13-01".into()).path(), "as_of");
        assert_eq!(refused(|d| drop(d.as_object_mut().expect("object").remove("body"))).path(), "body");
    }

    #[test]
    fn a_list_in_the_place_of_an_object_is_refused_with_its_path() {
        let full = |value: serde_json::Value| {
            let mut value = value;
            while value.as_array().is_some_and(|list| list.len() < 4) {
                value.as_array_mut().expect("a list").push(serde_json::Value::Null);
            }
            value
        };
        for (field, path) in [("links", "links[0]"), ("images", "images[0]"), ("attachments", "attachments[0]")] {
            // As many values as the object has fields, and each of its type: serde would take it.
            for list in [serde_json::json!(["标签", "https://a.example/"]), serde_json::json!(["a", "b", "c", "d"]), serde_json::json!([])]
            {
                let error = refused(|d| d[field] = serde_json::json!([list]));
                assert_eq!((error.path(), error.reason()), (path, "invalid type: sequence, expected an object"), "{list}");
                let second = refused(|d| d[field] = serde_json::json!([{"name": "n", "url": "u"}, list]));
                assert!(second.path().starts_with(field), "{second}");
            }
        }
        for field in ["source", "declared"] {
            for list in [full(serde_json::json!(["名"])), serde_json::json!([]), serde_json::json!([true, "法", "模板"])] {
                let error = refused(|d| d[field] = list.clone());
                assert_eq!((error.path(), error.reason()), (field, "invalid type: sequence, expected an object"), "{list}");
            }
        }
        for scalar in [serde_json::json!("x"), serde_json::json!(1), serde_json::json!(true)] {
            assert_eq!(refused(|d| d["source"] = scalar.clone()).path(), "source");
            assert_eq!(refused(|d| d["links"] = serde_json::json!([scalar])).path(), "links[0]");
        }
        assert_eq!(refused(|d| d["links"] = serde_json::json!([null])).path(), "links[0]");
        let absent = serde_json::json!({"links": null, "source": null, "declared": null, "images": [], "attachments": []});
        let mut value = draft();
        value.as_object_mut().expect("an object").extend(absent.as_object().expect("an object").clone());
        let read = Draft::from_json(value.to_string().as_bytes()).expect("null is absent");
        assert_eq!((read.links, read.source, read.images), (None, None, Some(Vec::new())));
    }

    #[test]
    fn an_error_never_quotes_the_draft() {
        let error = refused(|d| d["revision"] = "身份证530822188506150018".into());
        assert!(!error.to_string().contains("5308"), "{error}");
        let error = refused(|d| d["kind"] = "身份证530822188506150018`, expected `x".into());
        assert!(!error.to_string().contains("5308") && error.to_string().contains("`repost`"), "{error}");
    }

    #[test]
    fn hostile_json_is_a_typed_error() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for bad in ["", "{", "{}x", "NaN", "{\"unit\":1e999}", &deep, "{\"unit\":\"\\ud800\"}", "{\"unit\":\"a\",\"unit\":\"b\"}"] {
            assert!(Draft::from_json(bad.as_bytes()).is_err());
        }
        assert!(Draft::from_json(&[0xff, 0xfe, 0x7b]).is_err());
        let trailing = format!("{} x", draft());
        assert!(matches!(Draft::from_json(trailing.as_bytes()), Err(DraftError::NotJson(_))));
    }

    #[test]
    fn the_hash_covers_every_field_but_identity_and_date() {
        let read = |value: &serde_json::Value| Draft::from_json(value.to_string().as_bytes()).expect("a draft").content_hash();
        let base = read(&draft());
        let changed = |key: &str, to: serde_json::Value| {
            let mut value = draft();
            value[key] = to;
            read(&value)
        };
        assert_eq!(base, changed("revision", 7.into()));
        assert_eq!(base, changed("id", "b".into()));
        assert_eq!(base, changed("as_of", "2026-11-23".into()));
        assert_eq!(base, changed("links", serde_json::Value::Null));
        for (key, to) in [("body", "正文。".into()), ("unit", "v".into()), ("links", serde_json::json!([])), ("kind", "repost".into())] {
            assert_ne!(base, changed(key, to), "{key}");
        }
        // The canonical form, written out: keys sorted, no blanks, absent fields left out.
        let canonical = r#"{"account":"","body":"正文","format":"text","kind":"original","platform":"","title":"","unit":"u"}"#;
        assert_eq!(base, hex::encode(Sha256::digest(canonical)));
    }
}
