//! `xianshen schema`: JSON Schemas of the contracts, made from the Rust types.
//! Must not know what the types are used for.

use super::{Exit, print};
use crate::model::{Draft, Finding, Verdict};
use clap::{Args, ValueEnum};

/// A shape that other programs rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    Draft,
    Verdict,
    Finding,
}

/// Print the JSON Schema of a draft, a verdict or a finding
#[derive(Debug, Args)]
pub struct SchemaArgs {
    #[arg(value_enum)]
    pub shape: Shape,
}

pub fn run(args: &SchemaArgs) -> anyhow::Result<Exit> {
    print(&text(args.shape)?)?;
    Ok(Exit::Nothing)
}

/// The schema, indented, with a line end.
pub fn text(shape: Shape) -> serde_json::Result<String> {
    let schema = match shape {
        Shape::Draft => schemars::schema_for!(Draft),
        Shape::Verdict => schemars::schema_for!(Verdict),
        Shape::Finding => schemars::schema_for!(Finding),
    };
    Ok(serde_json::to_string_pretty(&schema)? + "\n")
}
