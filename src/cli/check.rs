//! `xianshen check`: drafts in, verdicts out, in order, judged in parallel, in bounded memory.
//! Must not know how anything is detected.

use super::codes::Codes;
use super::input::{self, DraftFields, Input, Item, Origin, Refusal};
use super::ordered::{self, Sink, Window};
use super::pretty::{self, Pretty, Tally};
use super::rules::RuleArgs;
use super::terminal::{self, Colour, Painter, neutral_json};
use super::{Exit, Stop, sarif};
use crate::model::{Draft, Kind, Severity, Verdict};
use crate::ruleset::Ruleset;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::civil::Date;
use serde::Serialize;
use serde_json::json;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;

/// Input read and not yet delivered, in bytes.
const WINDOW_BYTES_MAX: usize = 32 << 20;
/// Drafts read and not yet delivered, for each worker.
const WINDOW_ITEMS_PER_WORKER: usize = 64;
/// Fewer files than this are done before a progress bar can be read.
const PROGRESS_FILES_MIN: usize = 8;
/// Refusals kept for the end of a SARIF log.
const REFUSALS_KEPT_MAX: usize = 1_000;
const OUTPUT_BUFFER_BYTES: usize = 64 << 10;

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people at a terminal
    Pretty,
    /// Verdicts, indented; an array unless FILE is one file that holds one draft
    Json,
    /// One verdict a line, as soon as it is there
    Jsonl,
    /// SARIF 2.1.0, for editors and pipelines
    Sarif,
}

fn severity(text: &str) -> Result<Severity, String> {
    text.parse().map_err(|()| "expected S0, S1, S2 or S3".to_owned())
}

fn kind(text: &str) -> Result<Kind, String> {
    serde_json::from_value(json!(text)).map_err(|_| "expected original, repost, message or reply".to_owned())
}

fn date(text: &str) -> Result<Date, String> {
    text.parse().ok().filter(|_| text.len() == 10).ok_or_else(|| "expected a date YYYY-MM-DD".to_owned())
}

/// Judge drafts and print what was found
///
/// Exit status: 0 nothing at or above --fail-on; 1 something, or a draft that could not be judged; 2 bad usage, unreadable
/// or invalid input (2 beats 1).
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// `.json` a draft, `.jsonl` drafts, `.html` `.htm` `.md` `.txt` a body; `-` drafts on standard input, one a line
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[arg(long, value_enum, default_value = "pretty")]
    pub format: OutputFormat,
    /// Lowest severity that makes the exit status 1
    #[arg(long, value_name = "S0..S3", default_value = "S2", value_parser = severity)]
    pub fail_on: Severity,
    /// Show suppressed hits and the reasons of hints too (pretty)
    #[arg(short = 'v', long, visible_alias = "explain")]
    pub verbose: bool,
    /// Day the rules are asked for, where the draft names none [default: today in Asia/Shanghai]
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub as_of: Option<Date>,
    /// Drafts judged at the same time [default: one for each core]
    #[arg(long, value_name = "N")]
    pub jobs: Option<std::num::NonZeroUsize>,
    #[arg(long, value_enum, default_value = "auto")]
    pub color: Colour,
    #[command(flatten)]
    pub body: BodyArgs,
    #[command(flatten)]
    pub rules: RuleArgs,
}

/// What a plain body does not say itself.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Fields of drafts from .html .htm .md .txt files")]
pub struct BodyArgs {
    /// Owning unit [default: local]
    #[arg(long)]
    pub unit: Option<String>,
    /// Account it is to appear on
    #[arg(long)]
    pub account: Option<String>,
    /// Platform of the account
    #[arg(long)]
    pub platform: Option<String>,
    /// original, repost, message or reply [default: original]
    #[arg(long, value_parser = kind)]
    pub kind: Option<Kind>,
    /// Title of the draft
    #[arg(long)]
    pub title: Option<String>,
}

impl BodyArgs {
    fn is_given(&self) -> bool {
        [&self.unit, &self.account, &self.platform, &self.title].into_iter().any(Option::is_some) || self.kind.is_some()
    }

    pub fn fields(&self, as_of: Option<Date>) -> DraftFields {
        let text = |value: &Option<String>, absent: &str| value.clone().unwrap_or_else(|| absent.to_owned());
        DraftFields {
            unit: text(&self.unit, "local"),
            account: text(&self.account, ""),
            platform: text(&self.platform, ""),
            kind: self.kind.unwrap_or(Kind::Original),
            title: text(&self.title, ""),
            as_of,
        }
    }
}

pub fn run(args: CheckArgs) -> anyhow::Result<Exit> {
    let inputs = inputs(&args)?;
    let (ruleset, _) = args.rules.compile()?;
    let codes = Codes::of(&ruleset);
    let progress = progress(&inputs);
    let renderer = Arc::new(Renderer {
        ruleset,
        fields: args.body.fields(args.as_of),
        fail_on: args.fail_on,
        format: args.format,
        pretty: Pretty { painter: Painter { is_on: args.color.is_on() }, columns: terminal::columns(), is_verbose: args.verbose, codes },
        is_terminal: io::stdout().is_terminal(),
    });
    let workers = match args.jobs {
        Some(jobs) => jobs.get(),
        None => std::thread::available_parallelism().map_or(1, usize::from),
    };
    let mut output = Output {
        out: BufWriter::with_capacity(OUTPUT_BUFFER_BYTES, io::stdout().lock()),
        renderer: renderer.clone(),
        is_array: args.format == OutputFormat::Json && (inputs.len() > 1 || inputs.iter().any(Input::is_many)),
        progress: progress.clone(),
        any: false,
        tally: Tally::default(),
        exit: Exit::Nothing,
        sarif_rules: sarif::Rules::new(),
        refused: Vec::new(),
        refused_count: 0,
    };
    output.open()?;
    let window = Window { items_max: workers * WINDOW_ITEMS_PER_WORKER, bytes_max: WINDOW_BYTES_MAX };
    let read = move |feed: ordered::Feed<Item, Rendered>| {
        let progress = progress.clone();
        input::read_all(&inputs, |item, bytes| feed.push(item, bytes), || progress.inc(1));
    };
    let worker = || {
        let renderer = renderer.clone();
        move |item: Item| renderer.render(&item)
    };
    ordered::run(window, workers, read, worker, &mut output)?;
    output.close()
}

fn inputs(args: &CheckArgs) -> anyhow::Result<Vec<Input>> {
    let mut inputs: Vec<Input> = args.files.iter().map(|file| Input::of(file)).collect();
    if inputs.is_empty() {
        if io::stdin().is_terminal() {
            return Err(Stop::invalid("name files to check, or `-` for drafts on standard input (see --help)").into());
        }
        inputs.push(Input::Stdin);
    }
    if inputs.iter().filter(|input| **input == Input::Stdin).count() > 1 {
        return Err(Stop::invalid("`-` can be read only once").into());
    }
    if args.body.is_given() && !inputs.iter().any(|input| matches!(input, Input::Body(..))) {
        eprintln!("xianshen: --unit, --account, --platform, --kind and --title are for .html .htm .md .txt files: not used here");
    }
    Ok(inputs)
}

/// A bar on standard error, on a terminal, when there is something to wait for.
fn progress(inputs: &[Input]) -> ProgressBar {
    if inputs.len() < PROGRESS_FILES_MIN || inputs.contains(&Input::Stdin) || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(inputs.len() as u64);
    match ProgressStyle::with_template("{bar:40} {pos}/{len} 剩余 {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// One draft's part of the output.
struct Rendered {
    text: String,
    tally: Tally,
    exit: Exit,
    sarif_rules: sarif::Rules,
    refused: Option<(Origin, Refusal)>,
}

/// Everything a worker needs; the same for all of them.
struct Renderer {
    ruleset: Ruleset,
    fields: DraftFields,
    fail_on: Severity,
    format: OutputFormat,
    pretty: Pretty,
    is_terminal: bool,
}

impl Renderer {
    fn render(&self, item: &Item) -> Rendered {
        match item.draft(&self.fields) {
            Ok(draft) => self.render_verdict(item, &draft, &self.ruleset.judge(&draft)),
            Err(refusal) => self.render_refusal(item, refusal),
        }
    }

    fn render_verdict(&self, item: &Item, draft: &Draft, verdict: &Verdict) -> Rendered {
        let mut sarif_rules = sarif::Rules::new();
        let text = match self.format {
            OutputFormat::Pretty => self.pretty.verdict(&item.origin, draft, verdict),
            OutputFormat::Jsonl => self.printable(verdict.to_json()) + "\n",
            OutputFormat::Json => self.printable(serde_json::to_string_pretty(verdict).unwrap_or_default()),
            OutputFormat::Sarif => {
                let (results, rules) = sarif::results(item, draft, verdict);
                sarif_rules = rules;
                self.printable(results)
            }
        };
        let fails = verdict.undetermined.is_some() || verdict.findings.iter().any(|finding| finding.severity >= self.fail_on);
        let exit = if fails { Exit::Something } else { Exit::Nothing };
        Rendered { text, tally: Tally::of(verdict), exit, sarif_rules, refused: None }
    }

    fn render_refusal(&self, item: &Item, refusal: Refusal) -> Rendered {
        let text = match self.format {
            OutputFormat::Pretty | OutputFormat::Sarif => String::new(),
            OutputFormat::Json => self.printable(refusal_json(&item.origin, &refusal)),
            OutputFormat::Jsonl => self.printable(refusal_json(&item.origin, &refusal)) + "\n",
        };
        let refused = Some((item.origin.clone(), refusal));
        Rendered { text, tally: Tally::refused(), exit: Exit::Invalid, sarif_rules: sarif::Rules::new(), refused }
    }

    /// On a terminal JSON must not drive it; piped it stays byte for byte what the engine said.
    fn printable(&self, json: String) -> String {
        if self.is_terminal { neutral_json(&json) } else { json }
    }
}

/// `{"line":17,"error":{"path":…,"reason":…}}`, with the file where there is one.
#[derive(Serialize)]
struct RefusalLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    error: RefusalError<'a>,
}

#[derive(Serialize)]
struct RefusalError<'a> {
    path: &'a str,
    reason: &'a str,
}

fn refusal_json(origin: &Origin, refusal: &Refusal) -> String {
    let error = RefusalError { path: &refusal.path, reason: &refusal.reason };
    // Strings and numbers cannot fail to serialise.
    serde_json::to_string(&RefusalLine { file: origin.file.as_deref(), line: origin.line, error }).unwrap_or_default()
}

/// Standard output, and what is counted over the run.
struct Output<W: Write> {
    out: BufWriter<W>,
    renderer: Arc<Renderer>,
    is_array: bool,
    progress: ProgressBar,
    any: bool,
    tally: Tally,
    exit: Exit,
    sarif_rules: sarif::Rules,
    refused: Vec<(Origin, Refusal)>,
    refused_count: usize,
}

impl<W: Write> Output<W> {
    fn open(&mut self) -> io::Result<()> {
        match self.renderer.format {
            OutputFormat::Sarif => write!(self.out, "{}{}", sarif::schema_line(), sarif::OPEN),
            _ if self.is_array => self.out.write_all(b"["),
            _ => Ok(()),
        }
    }

    fn close(mut self) -> anyhow::Result<Exit> {
        self.progress.finish_and_clear();
        match self.renderer.format {
            OutputFormat::Sarif => {
                let more = self.refused_count - self.refused.len();
                if more > 0 {
                    let nowhere = Origin { file: None, line: None, chars_before: 0 };
                    self.refused.push((nowhere, Refusal::whole(format!("and {more} more that are not drafts"))));
                }
                let end = sarif::close(&self.sarif_rules, &self.renderer.pretty.codes, &self.refused);
                self.out.write_all(end.as_bytes())?;
            }
            OutputFormat::Json if self.is_array => self.out.write_all(b"\n]\n")?,
            OutputFormat::Json => self.out.write_all(b"\n")?,
            OutputFormat::Pretty => self.out.write_all(self.renderer.pretty.summary(&self.tally).as_bytes())?,
            OutputFormat::Jsonl => {}
        }
        self.out.flush()?;
        Ok(self.exit)
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        let separator = match self.renderer.format {
            OutputFormat::Json if self.is_array => {
                if self.any {
                    ",\n"
                } else {
                    "\n"
                }
            }
            OutputFormat::Sarif if self.any => ",\n",
            _ => "",
        };
        self.out.write_all(separator.as_bytes())?;
        self.out.write_all(text.as_bytes())?;
        self.any = true;
        Ok(())
    }
}

impl<W: Write> Sink<Rendered> for Output<W> {
    fn put(&mut self, rendered: Rendered) -> io::Result<()> {
        self.tally.add(rendered.tally);
        self.exit = self.exit.max(rendered.exit);
        self.sarif_rules.extend(rendered.sarif_rules);
        if !rendered.text.is_empty() {
            self.write(&rendered.text)?;
        }
        if let Some((origin, refusal)) = rendered.refused {
            if self.renderer.format == OutputFormat::Pretty {
                let line = format!("xianshen: {}", pretty::refusal_line(&origin, &refusal));
                self.out.flush()?;
                self.progress.suspend(|| eprintln!("{line}"));
            }
            self.refused_count += 1;
            if self.refused.len() < REFUSALS_KEPT_MAX {
                self.refused.push((origin, refusal));
            }
        }
        Ok(())
    }

    fn pause(&mut self) -> io::Result<()> {
        let out = &mut self.out;
        self.progress.suspend(|| out.flush())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::fixture;
    use crate::model::{Format, Undetermined, UndeterminedReason};

    fn renderer(format: OutputFormat, fail_on: Severity) -> Renderer {
        Renderer {
            ruleset: Ruleset::compile(&crate::rule_files::read(&Default::default()).expect("shipped")).expect("shipped rules compile"),
            fields: DraftFields {
                unit: "u".into(),
                account: String::new(),
                platform: String::new(),
                kind: Kind::Original,
                title: String::new(),
                as_of: None,
            },
            fail_on,
            format,
            pretty: Pretty { painter: Painter { is_on: false }, columns: 80, is_verbose: false, codes: Codes::default() },
            is_terminal: false,
        }
    }

    fn item() -> Item {
        let draft = fixture::draft("加微信谈", Format::Text);
        Item {
            origin: Origin { file: None, line: Some(17), chars_before: 0 },
            content: input::Content::Json(serde_json::to_vec(&draft).expect("JSON")),
        }
    }

    #[test]
    fn the_exit_code_follows_the_worst_severity_and_doubt() {
        let draft = fixture::draft("座机0879-4230000，茶产业", Format::Text);
        let of = |findings: &[(&str, &str, &str)], fail_on| {
            renderer(OutputFormat::Jsonl, fail_on).render_verdict(&item(), &draft, &fixture::verdict(&draft, findings)).exit
        };
        let (note, serious) = (("PII.LANDLINE", "0879-4230000", "0879-42***00"), ("WRD.typo", "茶产业", "茶产业"));
        assert_eq!(of(&[], Severity::S0), Exit::Nothing);
        assert_eq!(of(&[note], Severity::S1), Exit::Nothing);
        assert_eq!(of(&[note], Severity::S0), Exit::Something);
        assert_eq!(of(&[note, serious], Severity::S2), Exit::Something);
        assert_eq!(of(&[note, serious], Severity::S3), Exit::Nothing);
        let mut doubtful = fixture::verdict(&draft, &[]);
        doubtful.undetermined = Some(Undetermined { reason: UndeterminedReason::Limit });
        assert_eq!(renderer(OutputFormat::Jsonl, Severity::S3).render_verdict(&item(), &draft, &doubtful).exit, Exit::Something);
        assert_eq!(Exit::Invalid.max(Exit::Something), Exit::Invalid, "2 beats 1");
    }

    #[test]
    fn a_bad_line_has_its_number_path_and_reason() {
        let refusal = Refusal { path: "images[0].name".into(), reason: "missing field".into() };
        let rendered = renderer(OutputFormat::Jsonl, Severity::S2).render_refusal(&item(), refusal);
        assert_eq!(rendered.text, "{\"line\":17,\"error\":{\"path\":\"images[0].name\",\"reason\":\"missing field\"}}\n");
        assert_eq!(rendered.exit, Exit::Invalid);
    }

    #[test]
    fn a_verdict_is_printed_byte_for_byte_unless_a_terminal_reads_it() {
        let draft = fixture::draft("加\u{202e}微信", Format::Text);
        let verdict = fixture::verdict(&draft, &[("AD.CONTACT", "加\u{202e}微信", "加\u{202e}微信")]);
        let mut renderer = renderer(OutputFormat::Jsonl, Severity::S2);
        assert_eq!(renderer.render_verdict(&item(), &draft, &verdict).text, verdict.to_json() + "\n");
        renderer.is_terminal = true;
        let shown = renderer.render_verdict(&item(), &draft, &verdict).text;
        assert!(!shown.contains('\u{202e}') && shown.contains("\\u202e"), "{shown}");
    }
}
