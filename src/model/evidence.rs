//! Why a finding fired, as named scalars.
//! Must not know what they mean.

use super::text::Text;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// One value of the evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Scalar {
    Bool(bool),
    Int(i64),
    Text(Text),
}

impl From<&'static str> for Scalar {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Scalar {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Text> for Scalar {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Scalar {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Scalar {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

/// Scalars by name, sorted. Never holds personal data. There are few: looking through them is the quickest way.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence(Vec<(Text, Scalar)>);

impl Evidence {
    /// Sets the value of a name.
    pub fn insert(&mut self, name: impl Into<Text>, value: impl Into<Scalar>) {
        let (name, value) = (name.into(), value.into());
        match self.0.binary_search_by(|(known, _)| known.cmp(&name)) {
            Ok(at) => {
                if let Some(known) = self.0.get_mut(at) {
                    known.1 = value;
                }
            }
            Err(at) => self.0.insert(at, (name, value)),
        }
    }

    pub fn get(&self, name: &str) -> Option<&Scalar> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Scalar)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<N: Into<Text>, V: Into<Scalar>> FromIterator<(N, V)> for Evidence {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(all: I) -> Self {
        let mut evidence = Self::default();
        all.into_iter().for_each(|(name, value)| evidence.insert(name, value));
        evidence
    }
}

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Evidence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::<String, Scalar>::deserialize(deserializer).map(|all| all.into_iter().collect())
    }
}

impl JsonSchema for Evidence {
    fn schema_name() -> Cow<'static, str> {
        BTreeMap::<String, Scalar>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<String, Scalar>::json_schema(generator)
    }

    fn inline_schema() -> bool {
        BTreeMap::<String, Scalar>::inline_schema()
    }
}
