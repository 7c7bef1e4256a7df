//! What a finding code is called and why it matters, from `dictionaries/codes.csv` of the rule files in use.
//! Must not know detectors.

use crate::ruleset::RuleFiles;
use std::collections::BTreeMap;

/// One finding code as a person reads it; parts may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Code {
    pub name: String,
    pub message: String,
    pub basis: String,
    pub finds: String,
    pub why: String,
}

/// The codes of a set of rules. A set that does not name a code leaves the code to stand for itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Codes(BTreeMap<String, Code>);

impl Codes {
    pub fn of(files: &RuleFiles) -> Self {
        let Some(content) = files.0.get("dictionaries/codes.csv") else { return Self::default() };
        let content = super::encoding::without_mark(content);
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(content);
        let Ok(headers) = reader.headers().cloned() else { return Self::default() };
        let column = |row: &csv::StringRecord, name: &str| {
            let at = headers.iter().position(|header| header.trim() == name)?;
            row.get(at).map(|cell| cell.trim().to_owned())
        };
        // Rows that cannot be read refused the whole set before it came here.
        let rows = reader.records().flatten().filter_map(|row| {
            let part = |name| column(&row, name).unwrap_or_default();
            let code = column(&row, "code").filter(|code| !code.is_empty())?;
            Some((
                code,
                Code { name: part("name"), message: part("message"), basis: part("basis"), finds: part("finds"), why: part("why") },
            ))
        });
        Self(rows.collect())
    }

    pub fn get(&self, code: &str) -> Option<&Code> {
        self.0.get(code)
    }

    /// The name of a code, empty when the set gives none.
    pub fn name(&self, code: &str) -> &str {
        self.get(code).map_or("", |code| &code.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_codes_file() {
        let csv = "\u{feff}code,name,message,suggest,basis,finds\nAD.CONTACT,私人联系方式,不得刊登广告,删除,通知,微信号\n,无名,,,,\nPII.ID18,公民身份号码\n";
        let files = RuleFiles([("dictionaries/codes.csv".to_owned(), csv.into())].into());
        let codes = Codes::of(&files);
        assert_eq!(codes.name("AD.CONTACT"), "私人联系方式");
        assert_eq!(codes.get("AD.CONTACT").map(|code| &*code.finds), Some("微信号"));
        assert_eq!(codes.name("PII.ID18"), "公民身份号码");
        assert_eq!(codes.name("ILL.FRAUD"), "");
        assert_eq!(Codes::of(&RuleFiles::default()), Codes::default());
    }
}
