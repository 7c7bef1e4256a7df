//! What a finding code is called and why it matters, as the rules in use say it.
//! Must not know detectors.

use crate::lexicon::tables::CodeText;
use crate::ruleset::Ruleset;
use std::collections::BTreeMap;

/// The codes of a set of rules. A set that does not name a code leaves the code to stand for itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Codes(BTreeMap<String, CodeText>);

impl Codes {
    pub fn of(ruleset: &Ruleset) -> Self {
        Self(ruleset.codes().clone())
    }

    pub fn get(&self, code: &str) -> Option<&CodeText> {
        self.0.get(code)
    }

    /// The name of a code, empty when the set gives none.
    pub fn name(&self, code: &str) -> &str {
        self.get(code).map_or("", |code| &code.name)
    }
}
