//! The configuration file: read, check everything at once, resolve into the options that stand beside the code they
//! rule. Must not be imported by anything but `cli` and `daemon`.

use crate::rule_files::RulePaths;
use crate::ruleset::Problem;
use crate::stream::kafka;
use crate::web::auth::Tokens;
use crate::{store, stream, web};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Largest configuration file.
const CONFIG_BYTES_MAX: u64 = 1 << 20;
const HOUR_MS: u64 = 3_600_000;
/// Most judging threads.
pub const WORKERS_MAX: usize = 256;

/// Everything that can be set, resolved and within its bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    pub listen: SocketAddr,
    pub token_file: Option<PathBuf>,
    pub web: web::Options,
    pub store: store::Options,
    pub screening: stream::pipeline::Options,
    pub kafka: kafka::Options,
    pub role: Role,
    pub rules: RulePaths,
    /// How often rule files are looked at where watching them does not work.
    pub rules_poll: Duration,
    pub log_format: LogFormat,
    pub log_level: tracing::Level,
}

/// The part of the work that one process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Everything, in one process with one file, without Kafka.
    All,
    /// Judging only, between topics.
    Screen,
    /// Intake and review only, between topics and store.
    Review,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    Json,
    Text,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            token_file: None,
            web: web::Options::default(),
            store: store::Options::default(),
            screening: stream::pipeline::Options::default(),
            kafka: kafka::Options::default(),
            role: Role::All,
            rules: RulePaths::default(),
            rules_poll: Duration::from_secs(10),
            log_format: LogFormat::Auto,
            log_level: tracing::Level::INFO,
        }
    }
}

/// Reads and checks a configuration file; every problem is named, with its line and key.
pub fn load(path: &Path) -> Result<Config, Vec<Problem>> {
    let config = read(path)?;
    match config.problems(&path.display().to_string()) {
        problems if problems.is_empty() => Ok(config),
        problems => Err(problems),
    }
}

/// Reads a configuration file without the checks that look at several keys or at other files; call
/// [`Config::problems`] once the command line has had its say.
pub fn read(path: &Path) -> Result<Config, Vec<Problem>> {
    let file = path.display().to_string();
    let unreadable = |reason: String| vec![problem(&file, None, "", format!("无法读取：{reason}"), "检查路径与权限")];
    let size = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
    if size > CONFIG_BYTES_MAX {
        return Err(unreadable(format!("{size} 字节，至多 {CONFIG_BYTES_MAX}")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    parse(&file, &text)
}

/// Reads the text of a configuration file; `file` is the name that problems carry.
pub fn parse(file: &str, text: &str) -> Result<Config, Vec<Problem>> {
    let mut raw = Raw::read(file, text);
    let mut config = Config::default();
    raw.address("http.listen", &mut config.listen);
    raw.path("http.token_file", &mut config.token_file);
    raw.number("http.body_bytes_max", &mut config.web.body_bytes_max, 1_024..=64 << 20);
    raw.number("http.bodies_bytes_max", &mut config.web.bodies_bytes_max, 1 << 20..=16 << 30);
    raw.number("http.header_read_ms_max", &mut config.web.header_read_ms_max, 100..=300_000);
    raw.number("http.body_read_ms_max", &mut config.web.body_read_ms_max, 100..=300_000);
    raw.number("http.connections_max", &mut config.web.connections_max, 1..=100_000);
    raw.number("http.requests_max", &mut config.web.requests_max, 1..=2_048);
    raw.folder("store.data", &mut config.store.data);
    raw.number("store.batch_items_max", &mut config.store.batch_items_max, 1..=4_096);
    raw.number("store.batch_ms_max", &mut config.store.batch_ms_max, 0..=1_000);
    raw.number("store.readers", &mut config.store.readers, 1..=64);
    raw.number("store.read_ms_max", &mut config.store.read_ms_max, 100..=60_000);
    raw.number("store.inbox_items_max", &mut config.store.inbox_items_max, 1..=100_000_000);
    raw.number("store.inbox_bytes_max", &mut config.store.inbox_bytes_max, 1 << 20..=1 << 40);
    raw.number("screening.workers", &mut config.screening.workers, 0..=WORKERS_MAX as u64);
    raw.number("screening.judge_ms_max", &mut config.screening.judge_ms_max, 1..=600_000);
    raw.kafka(&mut config.kafka);
    raw.path("rules.dictionaries", &mut config.rules.dictionaries);
    raw.path("rules.policy", &mut config.rules.policy);
    raw.path("rules.units", &mut config.rules.units);
    let mut poll_seconds = config.rules_poll.as_secs();
    raw.number("rules.poll_seconds", &mut poll_seconds, 1..=86_400);
    config.rules_poll = Duration::from_secs(poll_seconds);
    let formats = [("auto", LogFormat::Auto), ("json", LogFormat::Json), ("text", LogFormat::Text)];
    raw.choice("log.format", &mut config.log_format, &formats);
    use tracing::Level;
    let levels = [("error", Level::ERROR), ("warn", Level::WARN), ("info", Level::INFO), ("debug", Level::DEBUG), ("trace", Level::TRACE)];
    raw.choice("log.level", &mut config.log_level, &levels);
    raw.finish().map(|()| config)
}

impl Raw<'_> {
    fn kafka(&mut self, kafka: &mut kafka::Options) {
        use kafka::{Mechanism, Protocol};
        self.string("kafka.brokers", &mut kafka.brokers);
        self.string("kafka.group", &mut kafka.group);
        self.string("kafka.topic_prefix", &mut kafka.topic_prefix);
        if let Some((line, text)) = self.text("kafka.from", "earliest、latest 或带时区的时刻，或留空")
            && !text.is_empty()
        {
            match text.parse() {
                Ok(from) => kafka.from = Some(from),
                Err(cure) => self.refuse(line, "kafka.from", format!("“{text}” 看不懂"), &cure),
            }
        }
        let protocols = [
            ("plaintext", Protocol::Plaintext),
            ("ssl", Protocol::Ssl),
            ("sasl_plaintext", Protocol::SaslPlaintext),
            ("sasl_ssl", Protocol::SaslSsl),
        ];
        self.choice("kafka.security", &mut kafka.security.protocol, &protocols);
        self.flag("kafka.allow_plaintext", &mut kafka.security.allow_plaintext);
        self.path("kafka.ca_file", &mut kafka.security.ca_file);
        self.path("kafka.certificate_file", &mut kafka.security.certificate_file);
        self.path("kafka.key_file", &mut kafka.security.key_file);
        let mechanisms =
            [("PLAIN", Mechanism::Plain), ("SCRAM-SHA-256", Mechanism::ScramSha256), ("SCRAM-SHA-512", Mechanism::ScramSha512)];
        self.choice("kafka.sasl_mechanism", &mut kafka.security.mechanism, &mechanisms);
        self.string("kafka.sasl_username", &mut kafka.security.username);
        self.path("kafka.sasl_password_file", &mut kafka.security.password_file);
        use kafka::Compression;
        let compressions =
            [("none", Compression::None), ("gzip", Compression::Gzip), ("lz4", Compression::Lz4), ("zstd", Compression::Zstd)];
        self.choice("kafka.compression", &mut kafka.compression, &compressions);
        self.flag("kafka.announce_screened", &mut kafka.announce_screened);
        self.number("kafka.session_ms", &mut kafka.session_ms, 6_000..=300_000);
        self.number("kafka.record_bytes_max", &mut kafka.record_bytes_max, 1_024..=64 << 20);
        self.number("kafka.in_flight_items_max", &mut kafka.in_flight_items_max, 1..=100_000);
        self.number("kafka.in_flight_bytes_max", &mut kafka.in_flight_bytes_max, 1 << 10..=1 << 30);
        self.number("kafka.topics_partitions", &mut kafka.topics.partitions, 1..=1_000);
        self.number("kafka.topics_replication", &mut kafka.topics.replication, 1..=9);
        self.number("kafka.topics_min_insync", &mut kafka.topics.min_insync, 1..=9);
        let mut hours = kafka.topics.retention_ms as u64 / HOUR_MS;
        self.number("kafka.topics_retention_hours", &mut hours, 168..=87_600);
        kafka.topics.retention_ms = (hours * HOUR_MS) as i64;
    }
}

/// What stands in the way of Kafka, by key.
fn problems_of_kafka(file: &str, kafka: &kafka::Options) -> Vec<Problem> {
    let security = &kafka.security;
    let mut problems = Vec::new();
    if kafka.brokers.trim().is_empty() {
        let cure = "写 主机:端口，多个用逗号分开，或用 --brokers";
        return vec![problem(file, None, "kafka.brokers", "要连接 Kafka，而没有写代理地址", cure)];
    }
    if security.protocol.is_plain() && !kafka.is_local() && !security.allow_plaintext {
        let cure = "设置 kafka.security = \"sasl_ssl\"（或 ssl）；确知网络可信才写 kafka.allow_plaintext = true";
        problems.push(problem(file, None, "kafka.security", "稿件会不加密地离开本机", cure));
    }
    if security.protocol.has_sasl() && (security.username.is_empty() || security.password_file.is_none()) {
        let cure = "写 kafka.sasl_username 与 kafka.sasl_password_file";
        problems.push(problem(file, None, "kafka.sasl_username", "SASL 要用户名与口令文件", cure));
    }
    if kafka.topics.min_insync > kafka.topics.replication {
        let reason = format!("{} 大于副本数 {}：一条也写不进去", kafka.topics.min_insync, kafka.topics.replication);
        problems.push(problem(file, None, "kafka.topics_min_insync", reason, "写得比 kafka.topics_replication 小一"));
    }
    if let Some(path) = &security.password_file
        && let Err(error) = kafka::read_secret(path)
    {
        problems.push(problem(file, None, "kafka.sasl_password_file", error.to_string(), "口令写在第一行，chmod 0600"));
    }
    let files = [
        ("kafka.ca_file", &security.ca_file),
        ("kafka.certificate_file", &security.certificate_file),
        ("kafka.key_file", &security.key_file),
    ];
    for (key, path) in files {
        if let Some(path) = path
            && let Err(error) = std::fs::metadata(path)
        {
            problems.push(problem(file, None, key, format!("{} 无法读取：{error}", path.display()), "检查路径，或留空"));
        }
    }
    problems
}

impl Config {
    /// Problems that only show when several keys or the files they name are looked at together.
    pub fn problems(&self, file: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !self.listen.ip().is_loopback() && self.token_file.is_none() {
            problems.push(problem(
                file,
                None,
                "http.listen",
                format!("{} 不是本机回环地址，而没有设置令牌文件", self.listen),
                "设置 http.token_file（权限 0600，每行一个令牌），或改为 127.0.0.1",
            ));
        }
        if let Some(path) = &self.token_file
            && let Err(reason) = Tokens::read(path)
        {
            let reason = format!("令牌文件 {} 不可用：{reason}", path.display());
            problems.push(problem(file, None, "http.token_file", reason, "每行一个令牌（至少 32 个可见 ASCII 字符），chmod 0600"));
        }
        let named =
            [("rules.dictionaries", &self.rules.dictionaries), ("rules.policy", &self.rules.policy), ("rules.units", &self.rules.units)];
        for (key, path) in named {
            if let Some(path) = path
                && let Err(error) = std::fs::metadata(path)
            {
                let reason = format!("{} 无法读取：{error}", path.display());
                problems.push(problem(file, None, key, reason, "检查路径（相对路径从启动时的目录算起），或留空使用内置规则"));
            }
        }
        // Without brokers the embedded shape needs nothing of Kafka.
        if self.role != Role::All || !self.kafka.brokers.trim().is_empty() {
            problems.extend(self.kafka_problems(file));
        }
        problems
    }

    /// Problems of what is said about Kafka.
    pub fn kafka_problems(&self, file: &str) -> Vec<Problem> {
        problems_of_kafka(file, &self.kafka)
    }
}

fn problem(file: &str, line: Option<u64>, key: &str, reason: impl Into<String>, cure: &str) -> Problem {
    Problem { file: file.to_owned(), line, key: key.to_owned(), reason: reason.into(), cure: cure.to_owned() }
}

/// The file as written: dotted key → value and line. Keys are taken out one by one; what is left is unknown.
struct Raw<'a> {
    file: &'a str,
    values: BTreeMap<String, (u64, DeValue<'a>)>,
    known: Vec<&'static str>,
    problems: Vec<Problem>,
}

impl<'a> Raw<'a> {
    fn read(file: &'a str, text: &'a str) -> Self {
        let line_of = |offset: usize| 1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count() as u64;
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut raw = Self { file, values: BTreeMap::new(), known: Vec::new(), problems: Vec::new() };
        for error in errors {
            let line = error.span().map(|span| line_of(span.start));
            raw.problems.push(problem(file, line, "", format!("不是合格的 TOML：{}", error.message()), "改正这一行"));
        }
        raw.flatten("", table.into_inner(), &line_of);
        raw
    }

    fn flatten(&mut self, prefix: &str, table: DeTable<'a>, line_of: &impl Fn(usize) -> u64) {
        for (key, value) in table {
            let line = line_of(Spanned::span(&key).start);
            let name = if prefix.is_empty() { key.into_inner().into_owned() } else { format!("{prefix}.{}", key.into_inner()) };
            match value.into_inner() {
                DeValue::Table(inner) if prefix.is_empty() => self.flatten(&name, inner, line_of),
                value => {
                    self.values.insert(name, (line, value));
                }
            }
        }
    }

    fn take(&mut self, key: &'static str) -> Option<(u64, DeValue<'a>)> {
        self.known.push(key);
        self.values.remove(key)
    }

    fn refuse(&mut self, line: u64, key: &str, reason: impl Into<String>, cure: &str) {
        self.problems.push(problem(self.file, Some(line), key, reason, cure));
    }

    fn number<N: TryFrom<u64> + Copy>(&mut self, key: &'static str, target: &mut N, range: RangeInclusive<u64>) {
        let Some((line, value)) = self.take(key) else { return };
        let cure = format!("写一个 {} 到 {} 之间的整数", range.start(), range.end());
        let Some(integer) = value.as_integer() else {
            return self.refuse(line, key, format!("应为整数，而不是 {}", value.type_str()), &cure);
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok().and_then(|number| u64::try_from(number).ok());
        match number.filter(|number| range.contains(number)).and_then(|number| N::try_from(number).ok()) {
            Some(number) => *target = number,
            None => self.refuse(line, key, format!("{} 超出范围", integer.as_str()), &cure),
        }
    }

    fn text(&mut self, key: &'static str, cure: &str) -> Option<(u64, String)> {
        let (line, value) = self.take(key)?;
        match value.as_str() {
            Some(text) => Some((line, text.to_owned())),
            None => {
                self.refuse(line, key, format!("应为字符串，而不是 {}", value.type_str()), cure);
                None
            }
        }
    }

    fn address(&mut self, key: &'static str, target: &mut SocketAddr) {
        let cure = "写成 地址:端口，例如 127.0.0.1:8080";
        let Some((line, text)) = self.text(key, cure) else { return };
        match text.parse() {
            Ok(address) => *target = address,
            Err(_) => self.refuse(line, key, format!("“{text}” 不是 地址:端口"), cure),
        }
    }

    fn string(&mut self, key: &'static str, target: &mut String) {
        if let Some((_, text)) = self.text(key, "写一个字符串，或留空") {
            *target = text;
        }
    }

    fn flag(&mut self, key: &'static str, target: &mut bool) {
        let Some((line, value)) = self.take(key) else { return };
        match value.as_bool() {
            Some(flag) => *target = flag,
            None => self.refuse(line, key, format!("应为 true 或 false，而不是 {}", value.type_str()), "写 true 或 false"),
        }
    }

    /// An empty string stands for "none".
    fn path(&mut self, key: &'static str, target: &mut Option<PathBuf>) {
        if let Some((_, text)) = self.text(key, "写一个路径，或留空") {
            *target = (!text.is_empty()).then(|| PathBuf::from(text));
        }
    }

    fn folder(&mut self, key: &'static str, target: &mut PathBuf) {
        let cure = "写一个目录";
        match self.text(key, cure) {
            Some((line, text)) if text.is_empty() => self.refuse(line, key, "不能为空", cure),
            Some((_, text)) => *target = PathBuf::from(text),
            None => {}
        }
    }

    fn choice<T: Copy>(&mut self, key: &'static str, target: &mut T, choices: &[(&str, T)]) {
        let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
        let cure = format!("从中选一：{}", names.join("、"));
        let Some((line, text)) = self.text(key, &cure) else { return };
        match choices.iter().find(|(name, _)| *name == text) {
            Some((_, value)) => *target = *value,
            None => self.refuse(line, key, format!("“{text}” 不是可选的值"), &cure),
        }
    }

    fn finish(mut self) -> Result<(), Vec<Problem>> {
        for (key, (line, _)) in std::mem::take(&mut self.values) {
            let nearest = self.known.iter().map(|known| (distance(known, &key), *known)).min().filter(|(distance, _)| *distance <= 3);
            let cure = match nearest {
                Some((_, known)) => format!("是否想写 {known}？"),
                None => "删去这一行；可用的键见 config/xianshen.toml".to_owned(),
            };
            self.refuse(line, &key, "没有这个键", &cure);
        }
        self.problems.sort();
        if self.problems.is_empty() { Ok(()) } else { Err(self.problems) }
    }
}

/// Edit distance, to guess what a mistyped key was meant to be.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, cb) in row.iter_mut().skip(1).zip(&b) {
            let cost = (diagonal + usize::from(ca != *cb)).min(left + 1).min(*cell + 1);
            diagonal = std::mem::replace(cell, cost);
            left = cost;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../config/xianshen.toml");

    fn problems(text: &str) -> Vec<String> {
        parse("x.toml", text).expect_err("must be refused").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_shipped_file_says_every_key_and_equals_the_defaults() {
        assert_eq!(parse("xianshen.toml", SHIPPED), Ok(Config::default()));
        let mut raw = Raw::read("xianshen.toml", SHIPPED);
        let written: Vec<String> = std::mem::take(&mut raw.values).into_keys().collect();
        // What `parse` asks for is what is known: an unknown key proposes each of them.
        for key in &written {
            let (section, name) = key.split_once('.').expect("section and key");
            let error = problems(&format!("[{section}]\n{name}x = 1"));
            assert!(error[0].contains(&format!("是否想写 {key}？")), "{error:?}");
        }
        assert_eq!(written.len(), 45, "a key was added to the file but not here, or the other way round");
    }

    #[test]
    fn all_problems_are_named_at_once_with_line_key_and_cure() {
        let text = "[http]\nlisten = \"nowhere\"\nbody_bytes_max = -1\nconection_max = 5\n\n[screening]\nworkers = \"two\"\n[log]\nlevel = \"loud\"\n[nonsense]\na = 1\n";
        let found = problems(text);
        let expected = [
            "x.toml:2 [http.listen]",
            "x.toml:3 [http.body_bytes_max]",
            "x.toml:4 [http.conection_max]",
            "x.toml:7 [screening.workers]",
            "x.toml:9 [log.level]",
            "x.toml:11 [nonsense.a]",
        ];
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected) && found.contains('（'), "{found}");
        }
        assert!(found[2].contains("是否想写 http.connections_max"), "{}", found[2]);
    }

    #[test]
    fn values_out_of_range_and_broken_files_are_refused() {
        for bad in [
            "[http]\nbody_bytes_max = 99999999999999999999",
            "[http]\nbody_bytes_max = 1",
            "[http]\nbody_bytes_max = 1.5",
            "[store]\ndata = \"\"",
            "[store]\ndata = 3",
            "http = 3",
            "[http]\nlisten = \"127.0.0.1:8080\"\nlisten = \"127.0.0.1:8081\"",
            "[http",
            "[screening]\njudge_ms_max = 0",
            "[http.listen]\na = 1",
        ] {
            assert!(parse("x.toml", bad).is_err(), "{bad}");
        }
        assert_eq!(parse("x.toml", "[http]\nbody_bytes_max = 0x10_0000").map(|c| c.web.body_bytes_max), Ok(1 << 20));
    }

    #[test]
    fn an_address_beyond_this_machine_needs_a_token_file() {
        let mut config = Config { listen: "0.0.0.0:8080".parse().expect("address"), ..Config::default() };
        assert_eq!(config.problems("x").first().map(|p| p.key.as_str()), Some("http.listen"));
        config.token_file = Some("/nonexistent/tokens".into());
        assert_eq!(config.problems("x").first().map(|p| p.key.as_str()), Some("http.token_file"));
        config = Config { rules: RulePaths { policy: Some("/nonexistent".into()), ..RulePaths::default() }, ..Config::default() };
        assert_eq!(config.problems("x").first().map(|p| p.key.as_str()), Some("rules.policy"));
        for own in ["127.0.0.1:0", "127.9.9.9:1", "[::1]:8080"] {
            assert!(Config { listen: own.parse().expect("address"), ..Config::default() }.problems("x").is_empty());
        }
    }

    #[test]
    fn drafts_leave_this_machine_in_the_clear_only_when_that_is_said() {
        let keys = |text: &str| {
            let config = parse("x.toml", &format!("[kafka]\n{text}")).expect("parses");
            config.kafka_problems("x.toml").into_iter().map(|problem| problem.key).collect::<Vec<_>>()
        };
        for brokers in ["k1:9092", "127.0.0.1:9092,10.0.0.7:9092", "127.0.0.1.example.cn:9092", "[2001:db8::1]:9092", "0.0.0.0:9092"] {
            let brokers = format!("brokers = \"{brokers}\"\n");
            assert_eq!(keys(&brokers), ["kafka.security"], "{brokers}");
            let with_password = "security = \"sasl_plaintext\"\nsasl_username = \"u\"\n";
            assert!(keys(&(brokers.clone() + with_password)).contains(&"kafka.security".to_owned()), "{brokers}");
            for said in ["allow_plaintext = true", "security = \"ssl\""] {
                assert!(keys(&(brokers.clone() + said)).is_empty(), "{brokers}{said}");
            }
        }
        for own in ["127.0.0.1:9092", "localhost:9092, 127.0.0.2:1", "[::1]:9092"] {
            assert!(keys(&format!("brokers = \"{own}\"\n")).is_empty(), "{own}");
        }
        assert_eq!(keys("brokers = \"\""), ["kafka.brokers"]);
        assert_eq!(keys("brokers = \"localhost:1\"\ntopics_replication = 1"), ["kafka.topics_min_insync"]);
    }
}
