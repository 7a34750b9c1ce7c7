//! Compiled curves.

use curvevm::{
    module::Module,
    program::Instruction,
    tx::{Body, NEVER_EXPIRES, TX_BYTES_MAX, TX_VERSION, Transaction},
    types::{Address, Hash, Signature},
};

use crate::{
    diagnostics::{Code, Finding},
    hir,
    lower::Report,
};

/// A curve, ready to be published and launched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompiledCurve {
    /// The verified module.
    pub module: Module,
    /// The asset's name, for the launch.
    pub name: String,
    /// The asset's symbol, for the launch.
    pub symbol: String,
    /// The hash under which the module is published.
    pub hash: Hash,
    /// How far the module is from its source.
    pub report: Report,
}

/// Puts a curve and its module together; none when the module fits no transaction.
pub(crate) fn compiled(
    curve: hir::Curve,
    module: Module,
    report: Report,
) -> (Option<CompiledCurve>, Vec<Finding>) {
    let bytes = publication_bytes(&module);
    if bytes > TX_BYTES_MAX {
        let message =
            format!("publishing the curve takes {bytes} bytes, a transaction has {TX_BYTES_MAX}");
        let finding = Finding::new(Code::ModuleTooLong, curve.spans.price, message);
        return (None, vec![finding.help("use fewer pieces")]);
    }
    let hash = module.hash();
    let hir::Curve { name, symbol, .. } = curve;
    (Some(CompiledCurve { module, name, symbol, hash, report }), Vec::new())
}

/// The length of the transaction that publishes a module and does nothing else.
fn publication_bytes(module: &Module) -> usize {
    let body = Body {
        version: TX_VERSION,
        signer: Address::default(),
        session: None,
        nonce: 0,
        expires_at: NEVER_EXPIRES,
        program: vec![Instruction::PublishModule(module.clone())],
    };
    Transaction { body, signature: Signature::new([0; 64]) }.encode().len()
}
