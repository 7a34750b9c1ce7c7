//! Curves by file or by the name of a template.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use curvescript::CompiledCurve;
use curvevm::{module::Module, templates};

/// A module, and what else its source says.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) module: Module,
    /// The asset's name; templates have none.
    pub(crate) name: Option<String>,
    /// The asset's symbol; templates have none.
    pub(crate) symbol: Option<String>,
}

impl From<CompiledCurve> for Source {
    fn from(curve: CompiledCurve) -> Self {
        let CompiledCurve { module, name, symbol, .. } = curve;
        Self { module, name: Some(name), symbol: Some(symbol) }
    }
}

/// Compiles the file of that path, or finds the template of that name.
pub(crate) fn read_source(text: &str) -> Result<Source> {
    let path = Path::new(text);
    if path.is_file() {
        return compile_file(path).map(Source::from);
    }
    if let Some((_, module)) = templates::find(text) {
        return Ok(Source { module: module(), name: None, symbol: None });
    }
    let names: Vec<&str> = templates::ALL.iter().map(|(name, _)| *name).collect();
    bail!("`{text}` is neither a file nor a template; templates are {}", names.join(", "))
}

/// Compiles a curve file.
pub(crate) fn compile_file(path: &Path) -> Result<CompiledCurve> {
    let source =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    curvescript::compile_curve(&source)
        .map_err(|found| anyhow!("{} does not compile:\n{found}", path.display()))
}
