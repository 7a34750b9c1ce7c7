//! Building and signing transactions.

use curvevm::{
    codec::CHUNK_BYTES_MAX,
    error::Error as VmError,
    module::Module,
    program::{Amount, BuyOrder, Claim, Instruction, Launch, Program, SellOrder},
    tx::{Body, NEVER_EXPIRES, TX_VERSION, Transaction},
    types::{Address, AssetId, Base, CurveId, Hash, Quote, Shares},
};

use crate::keys::Key;

/// The instructions of a transaction, in order; they take effect together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxBuilder {
    program: Program,
    expires_at: u64,
    owner: Option<Address>,
}

/// What is added to a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addition {
    /// Quote to add.
    pub quote: Quote,
    /// The most tokens to add with it.
    pub base_max: Base,
    /// The fewest shares to accept.
    pub shares_min: Shares,
}

/// What is removed from a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Shares to give.
    pub shares: Shares,
    /// The least quote to accept.
    pub quote_min: Quote,
    /// The fewest tokens to accept.
    pub base_min: Base,
}

/// What a session key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The session key.
    pub session: Address,
    /// The first time at which it is no longer valid, in milliseconds since 1970.
    pub expires_ms: u64,
    /// The quote asset that it may spend.
    pub asset: AssetId,
    /// How much it may spend in all, fees included.
    pub limit: Quote,
}

/// A signed transaction: the bytes that are sent, as often as needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedTx {
    id: Hash,
    nonce: u64,
    bytes: Vec<u8>,
}

impl Default for TxBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl TxBuilder {
    /// No instruction yet, and no expiry.
    pub const fn new() -> Self {
        Self::from_program(Vec::new())
    }

    /// A compiled program.
    pub const fn from_program(program: Program) -> Self {
        Self { program, expires_at: NEVER_EXPIRES, owner: None }
    }

    /// Adds an instruction.
    #[must_use]
    pub fn instruction(mut self, instruction: Instruction) -> Self {
        self.program.push(instruction);
        self
    }

    /// Buys from a curve, or from the pool that it became.
    #[must_use]
    pub fn buy(self, curve: CurveId, order: BuyOrder) -> Self {
        self.buy_referred(curve, order, None)
    }

    /// Buys, and names who referred the trader.
    #[must_use]
    pub fn buy_referred(self, curve: CurveId, order: BuyOrder, referrer: Option<Address>) -> Self {
        self.instruction(Instruction::Buy { curve, order, referrer })
    }

    /// Sells to a curve, or to the pool that it became.
    #[must_use]
    pub fn sell(self, curve: CurveId, order: SellOrder) -> Self {
        self.sell_referred(curve, order, None)
    }

    /// Sells, and names who referred the trader.
    #[must_use]
    pub fn sell_referred(
        self,
        curve: CurveId,
        order: SellOrder,
        referrer: Option<Address>,
    ) -> Self {
        self.instruction(Instruction::Sell { curve, order, referrer })
    }

    /// Turns a complete curve into a pool; anybody may.
    #[must_use]
    pub fn migrate(self, curve: CurveId) -> Self {
        self.instruction(Instruction::MigrateToAmm { curve })
    }

    /// Adds quote and tokens to the pool of a migrated curve.
    #[must_use]
    pub fn add_liquidity(self, curve: CurveId, addition: Addition) -> Self {
        let Addition { quote, base_max, shares_min } = addition;
        self.instruction(Instruction::AddLiquidity { curve, quote, base_max, shares_min })
    }

    /// Takes quote and tokens out of the pool of a migrated curve.
    #[must_use]
    pub fn remove_liquidity(self, curve: CurveId, removal: Removal) -> Self {
        let Removal { shares, quote_min, base_min } = removal;
        self.instruction(Instruction::RemoveLiquidity { curve, shares, quote_min, base_min })
    }

    /// Claims what has accrued for the signer.
    #[must_use]
    pub fn claim(self, curve: CurveId, what: Claim) -> Self {
        self.instruction(Instruction::Claim { curve, what })
    }

    /// Lets another key trade for the signer; replaces what was said of that key before.
    #[must_use]
    pub fn authorize(self, grant: Grant) -> Self {
        let Grant { session, expires_ms, asset, limit } = grant;
        self.instruction(Instruction::Authorize { session, expires_ms, asset, limit })
    }

    /// No longer lets a key trade for the signer.
    #[must_use]
    pub fn revoke(self, session: Address) -> Self {
        self.instruction(Instruction::Revoke { session })
    }

    /// Publishes a module.
    #[must_use]
    pub fn publish(self, module: Module) -> Self {
        self.instruction(Instruction::PublishModule(module))
    }

    /// Launches an asset; its curve's id is [`CurveId::derive`] of the signer and the salt.
    #[must_use]
    pub fn launch(self, launch: Launch) -> Self {
        self.instruction(Instruction::Launch(launch))
    }

    /// Transfers on this chain.
    #[must_use]
    pub fn transfer(self, to: Address, amount: Amount) -> Self {
        self.instruction(Instruction::Transfer { to, amount })
    }

    /// Withdraws SOL to a Solana address.
    #[must_use]
    pub fn withdraw_sol(self, recipient: Address, amount: Quote) -> Self {
        self.withdraw(recipient, Amount::Quote(AssetId::SOL, amount))
    }

    /// Withdraws a quote asset, or tokens of a curve, to a Solana address.
    #[must_use]
    pub fn withdraw(self, recipient: Address, amount: Amount) -> Self {
        self.instruction(Instruction::Withdraw { amount, recipient })
    }

    /// Acts for the account of `owner`, signed by a session key that the owner has authorized.
    #[must_use]
    pub const fn on_behalf_of(mut self, owner: Address) -> Self {
        self.owner = Some(owner);
        self
    }

    /// The last height at which it may be executed.
    #[must_use]
    pub const fn expires_at(mut self, height: u64) -> Self {
        self.expires_at = height;
        self
    }

    /// Signs with a nonce for the chain of `genesis`. The nonce is from the window of the account that acts.
    ///
    /// # Errors
    ///
    /// What every node would refuse without looking at the state: [`VmError::InstructionCount`], [`VmError::Oversized`].
    pub fn sign(&self, key: &Key, nonce: u64, genesis: &Hash) -> Result<SignedTx, VmError> {
        let body = Body {
            version: TX_VERSION,
            signer: self.owner.unwrap_or(key.address()),
            session: self.owner.map(|_| key.address()),
            nonce,
            expires_at: self.expires_at,
            program: self.program.clone(),
        };
        let signature = key.sign(&body.digest(genesis));
        let transaction = Transaction { body, signature };
        // Chains with shorter chunks take less; their nodes say so.
        let id = transaction.admit(genesis, CHUNK_BYTES_MAX)?;
        Ok(SignedTx { id, nonce, bytes: transaction.encode() })
    }
}

impl SignedTx {
    /// The id.
    pub const fn id(&self) -> Hash {
        self.id
    }

    /// The nonce it was signed with.
    pub const fn nonce(&self) -> u64 {
        self.nonce
    }

    /// The wire form.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use curvevm::{
        codec::CHUNK_BYTES_MAX,
        error::Error as VmError,
        host,
        program::{Amount, BuyOrder},
        tx::Transaction,
        types::{Address, AssetId, Base, CurveId, Hash, Quote},
    };

    use super::TxBuilder;
    use crate::keys::Key;

    const GENESIS: Hash = Hash::new([1; 32]);

    fn buy() -> TxBuilder {
        let order = BuyOrder::ExactIn { quote: Quote::new(5), base_min: Base::ZERO };
        TxBuilder::new().buy(CurveId::new([2; 32]), order)
    }

    #[test]
    fn the_bytes_are_those_that_the_virtual_machine_reads() {
        let key = Key::from_seed([7; 32]);
        let signed = buy().expires_at(9).sign(&key, 3, &GENESIS).unwrap();
        let transaction = Transaction::decode(signed.bytes()).unwrap();
        assert_eq!(transaction.body.signer, key.address());
        assert_eq!((transaction.body.nonce, transaction.body.expires_at), (3, 9));
        assert_eq!(transaction.admit(&GENESIS, CHUNK_BYTES_MAX), Ok(signed.id()));
        assert!(host::verify(&key.address(), &signed.id(), &transaction.signature));
    }

    #[test]
    fn the_bytes_do_not_move() {
        // version, signer, session, nonce, expiry, count, opcode, curve, order tag, quote, base_min, referrer, signature
        let key = Key::from_seed([7; 32]);
        let signed = buy().sign(&key, 3, &GENESIS).unwrap();
        assert_eq!(signed.bytes().len(), 1 + 32 + 1 + 8 + 8 + 4 + 1 + 32 + 1 + 8 + 8 + 1 + 64);
        assert_eq!(signed.bytes()[0], 1);
        assert_eq!(&signed.bytes()[34..42], &3u64.to_le_bytes());
        assert_eq!(&signed.bytes()[42..50], &u64::MAX.to_le_bytes());
        assert_eq!(signed, buy().sign(&key, 3, &GENESIS).unwrap());
    }

    #[test]
    fn a_session_key_signs_for_its_owner() {
        let (key, owner) = (Key::from_seed([7; 32]), Address::new([9; 32]));
        let signed = buy().on_behalf_of(owner).sign(&key, 3, &GENESIS).unwrap();
        let Transaction { body, signature } = Transaction::decode(signed.bytes()).unwrap();
        assert_eq!((body.signer, body.session), (owner, Some(key.address())));
        assert_eq!(body.key(), &key.address());
        assert!(host::verify(&key.address(), &signed.id(), &signature));
        assert_ne!(signed.id(), buy().sign(&key, 3, &GENESIS).unwrap().id());
    }

    #[test]
    fn the_id_names_the_chain_and_the_nonce() {
        let key = Key::from_seed([7; 32]);
        let id = buy().sign(&key, 3, &GENESIS).unwrap().id();
        assert_ne!(id, buy().sign(&key, 4, &GENESIS).unwrap().id());
        assert_ne!(id, buy().sign(&key, 3, &Hash::new([9; 32])).unwrap().id());
    }

    #[test]
    fn refuses_what_no_node_would_take() {
        let key = Key::from_seed([7; 32]);
        assert_eq!(TxBuilder::new().sign(&key, 0, &GENESIS), Err(VmError::InstructionCount));
        let amount = Amount::Quote(AssetId::SOL, Quote::new(1));
        let nine = (0..9)
            .fold(TxBuilder::new(), |builder, _| builder.transfer(Address::default(), amount));
        assert_eq!(nine.sign(&key, 0, &GENESIS), Err(VmError::InstructionCount));
    }
}
