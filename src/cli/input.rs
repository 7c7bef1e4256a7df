//! What `check` and `explain` read: drafts in files and on standard input, one at a time, each within a limit.
//! Must not know rules or verdicts.

use super::encoding;
use crate::model::{Draft, DraftError, Format, Kind};
use jiff::civil::Date;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest draft file, body file or line of JSON, in bytes.
pub const DRAFT_BYTES_MAX: usize = 10 << 20;

const READ_BUFFER_BYTES: usize = 256 << 10;

/// One operand of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// `-`: one draft a line.
    Stdin,
    /// `.jsonl`: one draft a line.
    Lines(PathBuf),
    /// `.json`: one draft.
    Draft(PathBuf),
    /// `.html`, `.htm`, `.md`, `.txt`: the body of a draft.
    Body(PathBuf, Format),
    /// A name that says nothing about what is in it.
    Unknown(PathBuf),
}

impl Input {
    /// What an operand is, by its ending.
    pub fn of(operand: &Path) -> Self {
        if operand.as_os_str() == "-" {
            return Self::Stdin;
        }
        let ending = operand.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
        let path = operand.to_owned();
        match &*ending {
            "jsonl" => Self::Lines(path),
            "json" => Self::Draft(path),
            "html" | "htm" => Self::Body(path, Format::Html),
            "md" => Self::Body(path, Format::Markdown),
            "txt" => Self::Body(path, Format::Text),
            _ => Self::Unknown(path),
        }
    }

    /// May hold more than one draft.
    pub fn is_many(&self) -> bool {
        matches!(self, Self::Stdin | Self::Lines(_))
    }

    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Stdin => None,
            Self::Lines(path) | Self::Draft(path) | Self::Body(path, _) | Self::Unknown(path) => Some(path),
        }
    }
}

/// Where an item was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file as named on the command line; `None` for standard input.
    pub file: Option<Arc<str>>,
    /// Line of a file of lines, counted from 1.
    pub line: Option<u64>,
    /// Characters of the file before this item.
    pub chars_before: usize,
}

/// Something that should have been a draft and is not, and why; never quotes what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Path of the field, `.` for the whole.
    pub path: String,
    pub reason: String,
}

impl Refusal {
    pub fn whole(reason: impl Into<String>) -> Self {
        Self { path: ".".into(), reason: reason.into() }
    }
}

impl From<DraftError> for Refusal {
    fn from(error: DraftError) -> Self {
        Self { path: error.path().to_owned(), reason: error.reason().to_owned() }
    }
}

/// What was read, not yet parsed: parsing is the workers' part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    Json(Vec<u8>),
    Body(Vec<u8>, Format),
    Refused(Refusal),
}

impl Content {
    fn bytes(&self) -> usize {
        match self {
            Self::Json(bytes) | Self::Body(bytes, _) => bytes.len(),
            Self::Refused(_) => 0,
        }
    }
}

/// One thing to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub origin: Origin,
    pub content: Content,
}

/// Fields of the drafts that plain bodies become, and the date of drafts that name none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftFields {
    pub unit: String,
    pub account: String,
    pub platform: String,
    pub kind: Kind,
    pub title: String,
    pub as_of: Option<Date>,
}

impl Item {
    /// The draft, its date fixed.
    pub fn draft(&self, fields: &DraftFields) -> Result<Draft, Refusal> {
        let mut draft = match &self.content {
            Content::Refused(refusal) => return Err(refusal.clone()),
            Content::Json(bytes) => {
                let text = encoding::decode(bytes).map_err(Refusal::whole)?;
                Draft::from_json(text.as_bytes())?
            }
            Content::Body(bytes, format) => self.body_draft(bytes, *format, fields)?,
        };
        draft.as_of = draft.as_of.or(fields.as_of).or_else(|| Some(today()));
        Ok(draft)
    }

    fn body_draft(&self, bytes: &[u8], format: Format, fields: &DraftFields) -> Result<Draft, Refusal> {
        let body = encoding::decode(bytes).map_err(Refusal::whole)?;
        let file = self.origin.file.as_deref().unwrap_or_default();
        let name = Path::new(file).file_name().map_or_else(|| file.into(), |name| name.to_string_lossy());
        let draft = Draft {
            account: fields.account.clone(),
            as_of: None,
            attachments: None,
            author: None,
            body: body.to_owned(),
            declared: None,
            format,
            id: id_of_name(&name),
            images: None,
            kind: fields.kind,
            links: None,
            platform: fields.platform.clone(),
            revision: 1,
            source: None,
            subtitle: None,
            title: fields.title.clone(),
            unit: fields.unit.clone(),
        };
        draft.check()?;
        Ok(draft)
    }
}

/// A file name as the id of a draft: no control characters, not too long.
fn id_of_name(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(crate::model::draft::ID_CHARS_MAX).collect()
}

/// Today in Asia/Shanghai, which has had no other offset than UTC+8 since 1991.
pub fn today() -> Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))).date()
}

/// Reads every input in order and hands over what it holds, with its size in bytes; says when an input was read to its
/// end. Ends early when `push` wants no more. An input that cannot be read is an item too.
pub fn read_all(inputs: &[Input], mut push: impl FnMut(Item, usize) -> bool, input_read: impl Fn()) {
    for input in inputs {
        let origin = Origin { file: input.path().map(|path| path.to_string_lossy().into()), line: None, chars_before: 0 };
        let whole = match input {
            Input::Stdin => {
                if !read_lines(io::stdin().lock(), origin, &mut push) {
                    return;
                }
                continue;
            }
            Input::Lines(path) => match File::open(path) {
                Ok(file) => {
                    if !read_lines(BufReader::with_capacity(READ_BUFFER_BYTES, file), origin, &mut push) {
                        return;
                    }
                    input_read();
                    continue;
                }
                Err(error) => Content::Refused(cannot_read(&error)),
            },
            Input::Draft(path) => read_file(path).map_or_else(Content::Refused, Content::Json),
            Input::Body(path, format) => read_file(path).map_or_else(Content::Refused, |bytes| Content::Body(bytes, *format)),
            Input::Unknown(_) => Content::Refused(Refusal::whole("unknown kind of file: expected .json, .jsonl, .html, .htm, .md or .txt")),
        };
        let size = whole.bytes();
        if !push(Item { origin, content: whole }, size) {
            return;
        }
        input_read();
    }
}

fn cannot_read(error: &io::Error) -> Refusal {
    Refusal::whole(format!("cannot be read: {error}"))
}

fn too_large() -> Refusal {
    Refusal::whole(format!("too large: at most {DRAFT_BYTES_MAX} bytes"))
}

fn read_file(path: &Path) -> Result<Vec<u8>, Refusal> {
    let read = || {
        let file = File::open(path)?;
        let mut bytes = Vec::new();
        // Not the size that the folder tells: a pipe has none, and a file may grow.
        file.take(DRAFT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|error: io::Error| cannot_read(&error))?;
    if bytes.len() > DRAFT_BYTES_MAX { Err(too_large()) } else { Ok(bytes) }
}

/// Reads drafts line by line; false when nobody wants more.
fn read_lines(mut reader: impl BufRead, origin: Origin, push: &mut impl FnMut(Item, usize) -> bool) -> bool {
    let mut chars_before = 0;
    for line in 1.. {
        let origin = Origin { line: Some(line), chars_before, ..origin.clone() };
        let mut bytes = Vec::new();
        let (content, ended) = match read_line(&mut reader, &mut bytes) {
            Ok(LineRead::End) => return true,
            Err(error) => (Content::Refused(cannot_read(&error)), true),
            // Line ends of a wide encoding cannot be told from its characters: there is no next line to go on with.
            Ok(_) if line == 1 && encoding::wide_mark(&bytes).is_some() => {
                let reason = encoding::decode(&bytes).err().unwrap_or_default();
                (Content::Refused(Refusal::whole(reason)), true)
            }
            Ok(LineRead::TooLong { chars }) => {
                chars_before += chars;
                (Content::Refused(too_large()), false)
            }
            Ok(LineRead::Line { chars }) => {
                chars_before += chars;
                if encoding::without_mark(&bytes).trim_ascii().is_empty() {
                    continue;
                }
                (Content::Json(bytes), false)
            }
        };
        let size = content.bytes();
        if !push(Item { origin, content }, size) {
            return false;
        }
        if ended {
            return true;
        }
    }
    true
}

enum LineRead {
    /// The line, without its end, is in the buffer; `chars` counts its end too.
    Line {
        chars: usize,
    },
    /// The line was read over; the buffer holds its beginning.
    TooLong {
        chars: usize,
    },
    End,
}

/// Reads one line of at most `DRAFT_BYTES_MAX` bytes; a longer one is read over without being kept.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<LineRead> {
    let (mut chars, mut any, mut is_too_long) = (0, false, false);
    loop {
        let available = match reader.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if available.is_empty() {
            return Ok(match (any, is_too_long) {
                (false, _) => LineRead::End,
                (true, false) => LineRead::Line { chars },
                (true, true) => LineRead::TooLong { chars },
            });
        }
        any = true;
        let (part, ends) = match memchr::memchr(b'\n', available) {
            Some(end) => (available.get(..end).unwrap_or_default(), true),
            None => (available, false),
        };
        chars += part.iter().filter(|&&byte| byte & 0xc0 != 0x80).count() + usize::from(ends);
        if line.len() + part.len() > DRAFT_BYTES_MAX {
            is_too_long = true;
            line.truncate(4);
            line.shrink_to_fit();
        } else if !is_too_long {
            line.extend_from_slice(part);
        }
        let used = part.len() + usize::from(ends);
        reader.consume(used);
        if ends {
            return Ok(if is_too_long { LineRead::TooLong { chars } } else { LineRead::Line { chars } });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> DraftFields {
        DraftFields {
            unit: "u".into(),
            account: String::new(),
            platform: String::new(),
            kind: Kind::Original,
            title: String::new(),
            as_of: None,
        }
    }

    fn lines(input: &[u8]) -> Vec<Item> {
        let mut items = Vec::new();
        let origin = Origin { file: None, line: None, chars_before: 0 };
        // A tiny buffer: line ends, marks and characters fall on its edges.
        read_lines(BufReader::with_capacity(3, input), origin, &mut |item, _| {
            items.push(item);
            true
        });
        items
    }

    fn numbers(items: &[Item]) -> Vec<(Option<u64>, usize)> {
        items.iter().map(|item| (item.origin.line, item.origin.chars_before)).collect()
    }

    #[test]
    fn lines_are_numbered_and_empty_ones_left_out() {
        let items = lines("甲乙\n\n \r\n丙\r\n丁".as_bytes());
        assert_eq!(numbers(&items), [(Some(1), 0), (Some(4), 7), (Some(5), 10)]);
        assert_eq!(items[1].content, Content::Json("丙\r".into()));
        assert_eq!(lines(b""), []);
        assert_eq!(lines(b"\n\n"), []);
    }

    #[test]
    fn a_mark_at_the_beginning_is_dropped_and_a_wide_encoding_refused_once() {
        let marked = Item {
            origin: Origin { file: None, line: None, chars_before: 0 },
            content: lines("\u{feff}{\"unit\":1}\n乙".as_bytes())[0].content.clone(),
        };
        assert_eq!(marked.draft(&fields()).expect_err("no draft").path, "unit", "the mark is no part of the JSON");
        assert_eq!(lines("\u{feff}\n".as_bytes()), []);
        let wide: Vec<u8> = "\u{feff}甲\n乙\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let items = lines(&wide);
        let [Item { content: Content::Refused(refusal), .. }] = &items[..] else { panic!("{items:?}") };
        assert!(refusal.reason.contains("UTF-16LE"), "{refusal:?}");
    }

    #[test]
    fn a_line_over_the_limit_is_refused_alone_and_never_held() {
        struct Flood(usize);
        impl Read for Flood {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                let bytes = into.len().min(self.0);
                into[..bytes].fill(b'a');
                self.0 -= bytes;
                Ok(bytes)
            }
        }
        let mut input = BufReader::new(b"{}\n".chain(Flood(DRAFT_BYTES_MAX * 3)).chain(&b"\n{}\n"[..]));
        let mut line = Vec::new();
        assert!(matches!(read_line(&mut input, &mut line), Ok(LineRead::Line { chars: 3 })));
        line.clear();
        assert!(matches!(read_line(&mut input, &mut line), Ok(LineRead::TooLong { chars }) if chars == DRAFT_BYTES_MAX * 3 + 1));
        assert!(line.capacity() < 1 << 10, "{} bytes kept", line.capacity());
        line.clear();
        assert!(matches!(read_line(&mut input, &mut line), Ok(LineRead::Line { .. })));
        assert_eq!(line, b"{}");
        // A line of exactly the limit is a line.
        let mut exact = BufReader::new(Flood(DRAFT_BYTES_MAX));
        line.clear();
        assert!(matches!(read_line(&mut exact, &mut line), Ok(LineRead::Line { .. })));
    }

    #[test]
    fn reading_stops_when_nobody_wants_more() {
        let mut seen = 0;
        let origin = Origin { file: None, line: None, chars_before: 0 };
        let finished = read_lines(&b"a\nb\nc\n"[..], origin, &mut |_, _| {
            seen += 1;
            seen < 2
        });
        assert_eq!((finished, seen), (false, 2));
    }

    #[test]
    fn a_body_file_becomes_a_draft_named_after_it() {
        let origin = Origin { file: Some("稿件/通知\u{7}.html".into()), line: None, chars_before: 0 };
        let item = Item { origin, content: Content::Body("\u{feff}<p>正文</p>".into(), Format::Html) };
        let draft = item.draft(&fields()).expect("a draft");
        assert_eq!((&*draft.id, &*draft.body, draft.format, draft.revision), ("通知\u{fffd}.html", "<p>正文</p>", Format::Html, 1));
        assert_eq!(draft.as_of, Some(today()));
        let dated = DraftFields { as_of: Some(jiff::civil::date(2026, 11, 23)), ..fields() };
        assert_eq!(item.draft(&dated).expect("a draft").as_of, dated.as_of);
    }

    #[test]
    fn an_input_is_told_by_its_ending() {
        assert_eq!(Input::of(Path::new("-")), Input::Stdin);
        assert_eq!(Input::of(Path::new("a.JSONL")), Input::Lines("a.JSONL".into()));
        assert_eq!(Input::of(Path::new("a.json")), Input::Draft("a.json".into()));
        assert_eq!(Input::of(Path::new("a.htm")), Input::Body("a.htm".into(), Format::Html));
        assert_eq!(Input::of(Path::new("a.md")), Input::Body("a.md".into(), Format::Markdown));
        assert_eq!(Input::of(Path::new("a.docx")), Input::Unknown("a.docx".into()));
        assert_eq!(Input::of(Path::new("json")), Input::Unknown("json".into()));
    }
}
