//! Where rule files come from: a folder on disk, or the set shipped inside the binary.
//! Must not know what they mean.

use crate::ruleset::RuleFiles;
use include_dir::{Dir, include_dir};
use std::path::{Path, PathBuf};

static SHIPPED_DICTIONARIES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/dictionaries");
const SHIPPED_POLICY: &[u8] = include_bytes!("../config/policy.toml");
const SHIPPED_UNITS: &[u8] = include_bytes!("../config/units.csv");

/// Largest rule file, in bytes.
pub const RULE_FILE_BYTES_MAX: u64 = 64 << 20;

/// Where to read rules. Every part left out is the shipped one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RulePaths {
    /// Folder of `*.csv` dictionaries and tables.
    pub dictionaries: Option<PathBuf>,
    pub policy: Option<PathBuf>,
    pub units: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
#[error("cannot read rule file {path}: {source}")]
pub struct RuleFileError {
    pub path: PathBuf,
    #[source]
    pub source: std::io::Error,
}

/// Reads every rule file. Cases (`*.cases.toml`) and prose (`*.md`) beside the dictionaries belong to the set too, so
/// that a set is tested by its own cases; other files are left alone.
pub fn read(paths: &RulePaths) -> Result<RuleFiles, RuleFileError> {
    let mut files = RuleFiles::default();
    match &paths.dictionaries {
        Some(folder) => read_folder(folder, "dictionaries", &mut files)?,
        None => add_shipped(&SHIPPED_DICTIONARIES, &mut files),
    }
    for (name, path, shipped) in [("policy.toml", &paths.policy, SHIPPED_POLICY), ("units.csv", &paths.units, SHIPPED_UNITS)] {
        let content = match path {
            Some(path) => read_file(path)?,
            None => shipped.to_vec(),
        };
        files.0.insert(name.to_owned(), content);
    }
    Ok(files)
}

fn is_rule_file(name: &str) -> bool {
    !name.starts_with('.') && !name.starts_with('~') && [".csv", ".tsv", ".toml", ".txt"].iter().any(|ending| name.ends_with(ending))
}

fn add_shipped(folder: &Dir<'_>, files: &mut RuleFiles) {
    for file in folder.files() {
        let name = file.path().to_string_lossy();
        if is_rule_file(file.path().file_name().and_then(|n| n.to_str()).unwrap_or_default()) {
            files.0.insert(format!("dictionaries/{name}"), file.contents().to_vec());
        }
    }
    for inner in folder.dirs() {
        add_shipped(inner, files);
    }
}

fn read_folder(folder: &Path, prefix: &str, files: &mut RuleFiles) -> Result<(), RuleFileError> {
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |source| RuleFileError { path, source }
    };
    for entry in std::fs::read_dir(folder).map_err(fail(folder))? {
        let entry = entry.map_err(fail(folder))?;
        let path = entry.path();
        let Some(name) = path.file_name().and_then(|n| n.to_str()) else { continue };
        let kind = std::fs::metadata(&path).map_err(fail(&path))?;
        if kind.is_dir() && !name.starts_with('.') {
            read_folder(&path, &format!("{prefix}/{name}"), files)?;
        } else if kind.is_file() && is_rule_file(name) {
            files.0.insert(format!("{prefix}/{name}"), read_file(&path)?);
        }
    }
    Ok(())
}

fn read_file(path: &Path) -> Result<Vec<u8>, RuleFileError> {
    let fail = |source| RuleFileError { path: path.to_owned(), source };
    let size = std::fs::metadata(path).map_err(fail)?.len();
    if size > RULE_FILE_BYTES_MAX {
        return Err(fail(std::io::Error::other(format!("{size} bytes, at most {RULE_FILE_BYTES_MAX} are read"))));
    }
    std::fs::read(path).map_err(fail)
}
