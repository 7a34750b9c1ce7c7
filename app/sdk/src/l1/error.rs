//! What can go wrong on the L1, told apart by what the caller has to do.

use curvevm::types::{Address, AssetId, CurveId, Hash};

/// An L1 call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum L1Error {
    /// No answer.
    #[error("the L1 at {url} does not answer: check the address and that the cluster runs")]
    Unreachable {
        /// Where it was asked.
        url: String,
        /// What the transport said.
        #[source]
        source: Box<solana_rpc_client_api::client_error::Error>,
    },
    /// An answer that is an error of the cluster, not of the program.
    #[error("the L1 refused {what}: {message}")]
    Rejected {
        /// What was asked.
        what: &'static str,
        /// What the cluster said.
        message: String,
    },
    /// No account at the program id, or one that is not executable.
    #[error(
        "{program_id} is no program on the L1 at {url}: check the program id, and deploy the program if it is not there"
    )]
    NotAProgram {
        /// The configured id.
        program_id: Address,
        /// Where it was asked.
        url: String,
    },
    /// The program is there and does not know the chain.
    #[error(
        "program {program_id} has no rollup of chain {chain_id}: initialize it, or check the genesis file"
    )]
    NotInitialized {
        /// The program.
        program_id: Address,
        /// The chain.
        chain_id: Hash,
    },
    /// An account does not have the layout that this version knows, or another owner.
    #[error(
        "account {address} is not what its address says ({reason}): check the program id and this software's version"
    )]
    Layout {
        /// The account.
        address: Address,
        /// What is wrong.
        reason: String,
    },
    /// The program refused.
    #[error("the program refused {what}: {name} ({number}): {message}")]
    Program {
        /// The instruction.
        what: &'static str,
        /// The stable number.
        number: u32,
        /// The error's name; `unknown` for a number that this version does not know.
        name: &'static str,
        /// What it means.
        message: String,
    },
    /// A token program refused.
    #[error("{what} failed on the L1: {message}")]
    Token {
        /// The instruction.
        what: &'static str,
        /// What it means.
        message: &'static str,
    },
    /// There is no mint at an address.
    #[error(
        "{mint} is no mint of SPL Token or Token-2022 on the L1 at {url}: check the mint and the cluster"
    )]
    NotAMint {
        /// The address.
        mint: Address,
        /// Where it was asked.
        url: String,
    },
    /// Genesis does not name the mint.
    #[error("{mint} is no quote asset of this rollup, which takes {}", assets(known))]
    UnknownAsset {
        /// The mint.
        mint: Address,
        /// The mints that it names.
        known: Vec<AssetId>,
    },
    /// A launched asset has no mint yet.
    #[error(
        "the asset of curve {curve} has no mint at {mint} yet, which {what} needs: it is created with the first claim of a withdrawal"
    )]
    MintMissing {
        /// The instruction.
        what: &'static str,
        /// The curve.
        curve: CurveId,
        /// Where the mint will be.
        mint: Address,
    },
    /// The depositor has too few tokens.
    #[error(
        "{owner} has {found} base units of {mint} in its associated token account, not {needed}"
    )]
    InsufficientTokens {
        /// Who deposits.
        owner: Address,
        /// The mint.
        mint: Address,
        /// What there is.
        found: u64,
        /// What was to be deposited.
        needed: u64,
    },
    /// The runtime refused, outside the program's own checks.
    #[error("{what} failed on the L1: {message}")]
    Execution {
        /// The instruction.
        what: &'static str,
        /// What the runtime said.
        message: String,
    },
    /// The payer cannot pay.
    #[error("{payer} has too few lamports for {what}: fund it on the L1")]
    InsufficientFunds {
        /// Who pays.
        payer: Address,
        /// What for.
        what: &'static str,
    },
    /// The write's status stayed unknown.
    #[error(
        "the L1 did not confirm {what} in time: look at the status of transaction {signature} before sending it again"
    )]
    Timeout {
        /// The instruction.
        what: &'static str,
        /// The Solana transaction.
        signature: String,
    },
    /// The instruction does not fit a transaction.
    #[error("{what} needs {found} bytes, a transaction has {max}: use a format or chunks that fit")]
    TooLong {
        /// The instruction.
        what: &'static str,
        /// The bytes it needs.
        found: usize,
        /// The bytes there are.
        max: usize,
    },
    /// The message could not be compiled or signed.
    #[error("{what} could not be signed: {message}")]
    Signing {
        /// The instruction.
        what: &'static str,
        /// What is wrong.
        message: String,
    },
}

impl L1Error {
    /// Whether the same call may succeed later without anybody changing anything else.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::Rejected { .. } => true,
            Self::NotAProgram { .. }
            | Self::NotInitialized { .. }
            | Self::Layout { .. }
            | Self::Program { .. }
            | Self::Token { .. }
            | Self::NotAMint { .. }
            | Self::UnknownAsset { .. }
            | Self::MintMissing { .. }
            | Self::InsufficientTokens { .. }
            | Self::Execution { .. }
            | Self::InsufficientFunds { .. }
            | Self::TooLong { .. }
            | Self::Signing { .. } => false,
        }
    }

    /// The program's error number, when it is the program that refused.
    pub const fn program_number(&self) -> Option<u32> {
        match self {
            Self::Program { number, .. } => Some(*number),
            _ => None,
        }
    }
}

/// The assets that a rollup takes, for people.
fn assets(known: &[AssetId]) -> String {
    let known = known.iter().map(|asset| format!(", {asset}"));
    format!("SOL{}", known.collect::<String>())
}
