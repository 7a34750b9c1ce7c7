//! `asset curve templates`: list the named templates.

use anyhow::Result;
use curvevm::{
    templates,
    types::{Base, Hash},
};
use serde::Serialize;

use crate::output::Output;

#[derive(Serialize)]
struct Template {
    name: &'static str,
    /// The module's hash.
    module: Hash,
    decimals: u8,
    supply: Base,
    /// Tokens that the curve sells in all.
    sale_end: Base,
    pieces: usize,
}

pub(super) fn run(output: &Output) -> Result<()> {
    let describe = |(name, module): &templates::Template| {
        let module = module();
        Template {
            name,
            module: module.hash(),
            decimals: module.decimals,
            supply: module.supply,
            sale_end: module.sale_end(),
            pieces: module.pieces.len(),
        }
    };
    let all: Vec<Template> = templates::ALL.iter().map(describe).collect();
    output.result(&all, || {
        let lines = all.iter().map(|it| {
            format!(
                "{:<24} sells {} of {} base units, {} piece(s), module {}",
                it.name, it.sale_end, it.supply, it.pieces, it.module
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}
