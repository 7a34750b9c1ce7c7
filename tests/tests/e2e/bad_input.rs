//! What a node answers to bad transactions: each has its own number, and changes nothing.

use anyhow::{Result, ensure};
use asset_sdk::{
    Key,
    rpc::{AssetRpcClient, Bytes},
};
use curvevm::{
    error::Error,
    module::Module,
    program::{Amount, BuyOrder, Claim, Instruction, Launch, SellOrder},
    receipt::Outcome,
    tx::{Body, NEVER_EXPIRES, TX_BYTES_MAX, TX_VERSION, Transaction},
    types::{Address, AssetId, Base, CurveId, Hash, Quote, Shares, Signature},
};
use jsonrpsee::{
    core::ClientError,
    http_client::{HttpClient, HttpClientBuilder},
};

use crate::support::{DEPOSIT, SOL, Scene, module};

/// What a transaction is refused with before it is taken, or fails with in its block.
#[derive(Clone, Copy, Debug)]
enum Expected {
    Refused(Error),
    Failed(Error),
}

struct Cases {
    key: Key,
    genesis: Hash,
    curve: CurveId,
    height: u64,
    nonce: u64,
}

impl Cases {
    fn body(&self, program: Vec<Instruction>) -> Body {
        Body {
            version: TX_VERSION,
            signer: self.key.address(),
            session: None,
            nonce: self.nonce,
            expires_at: NEVER_EXPIRES,
            program,
        }
    }

    fn sign(&self, body: Body) -> Vec<u8> {
        let signature = self.key.sign(&body.digest(&self.genesis));
        Transaction { body, signature }.encode()
    }

    fn buy(&self, quote: u64, base_min: u64) -> Instruction {
        let order = BuyOrder::ExactIn { quote: Quote::new(quote), base_min: Base::new(base_min) };
        Instruction::Buy { curve: self.curve, order, referrer: None }
    }

    fn sell(&self, base: u64, quote_min: u64) -> Instruction {
        let order = SellOrder::ExactIn { base: Base::new(base), quote_min: Quote::new(quote_min) };
        Instruction::Sell { curve: self.curve, order, referrer: None }
    }

    /// Transactions that no node takes.
    fn refused(&self) -> Vec<(&'static str, Vec<u8>, Expected)> {
        let good = self.sign(self.body(vec![self.buy(SOL, 0)]));
        let with = |change: &dyn Fn(&mut Body)| {
            let mut body = self.body(vec![self.buy(SOL, 0)]);
            change(&mut body);
            self.sign(body)
        };
        let mut forged = good.clone();
        if let Some(last) = forged.last_mut() {
            *last ^= 1;
        }
        let mut trailing = good.clone();
        trailing.push(0);
        let body = self.body(vec![self.buy(SOL, 0)]);
        let signature = self.key.sign(&body.digest(&Hash::new([1; 32])));
        let other_chain = Transaction { body, signature }.encode();
        let stranger = {
            let key = Key::generate();
            let body = Body { signer: key.address(), ..self.body(vec![self.buy(SOL, 0)]) };
            let signature = key.sign(&body.digest(&self.genesis));
            Transaction { body, signature }.encode()
        };
        let session = {
            let key = Key::generate();
            let body = Body { session: Some(key.address()), ..self.body(vec![self.buy(SOL, 0)]) };
            let signature = key.sign(&body.digest(&self.genesis));
            Transaction { body, signature }.encode()
        };
        let unsigned = Transaction {
            body: self.body(vec![self.buy(SOL, 0)]),
            signature: Signature::new([0; 64]),
        };
        use Expected::Refused;
        vec![
            ("empty", vec![], Refused(Error::Malformed)),
            ("garbage", vec![1; 90], Refused(Error::Malformed)),
            ("truncated", good[..good.len() - 1].to_vec(), Refused(Error::Malformed)),
            ("trailing bytes", trailing, Refused(Error::Malformed)),
            ("oversized", vec![1; TX_BYTES_MAX + 1], Refused(Error::Oversized)),
            ("another version", with(&|body| body.version = 9), Refused(Error::UnknownVersion)),
            (
                "no instruction",
                with(&|body| body.program.clear()),
                Refused(Error::InstructionCount),
            ),
            (
                "nine instructions",
                with(&|body| {
                    body.program = vec![Instruction::MigrateToAmm { curve: self.curve }; 9]
                }),
                Refused(Error::InstructionCount),
            ),
            ("forged signature", forged, Refused(Error::BadSignature)),
            ("no signature", unsigned.encode(), Refused(Error::BadSignature)),
            ("another chain", other_chain, Refused(Error::BadSignature)),
            ("used nonce", with(&|body| body.nonce = 0), Refused(Error::NonceUsed)),
            ("distant nonce", with(&|body| body.nonce += 10_000), Refused(Error::NonceTooDistant)),
            (
                "the last nonce",
                with(&|body| body.nonce = u64::MAX),
                Refused(Error::NonceTooDistant),
            ),
            ("expired", with(&|body| body.expires_at = self.height - 1), Refused(Error::Expired)),
            ("stranger", stranger, Refused(Error::UnknownAccount)),
            ("unknown session", session, Refused(Error::UnknownSession)),
        ]
    }

    /// Programs that a block takes and that fail there.
    fn failing(&self) -> Vec<(&'static str, Vec<Instruction>, Expected)> {
        use Expected::Failed;
        let unknown = CurveId::new([7; 32]);
        let other = Address::new([8; 32]);
        let launch = |name: &str| {
            Instruction::Launch(Launch {
                module: module().hash(),
                quote_asset: AssetId::SOL,
                name: name.to_owned(),
                symbol: "X".to_owned(),
                salt: 0,
                first_buy: None,
            })
        };
        let order = BuyOrder::ExactIn { quote: Quote::new(SOL), base_min: Base::ZERO };
        let exact_out = |base, quote_max| Instruction::Buy {
            curve: self.curve,
            order: BuyOrder::ExactOut { base: Base::new(base), quote_max: Quote::new(quote_max) },
            referrer: None,
        };
        let referred =
            |referrer| Instruction::Buy { curve: self.curve, order, referrer: Some(referrer) };
        let authorize = |limit| Instruction::Authorize {
            session: other,
            expires_ms: u64::MAX,
            asset: AssetId::SOL,
            limit: Quote::new(limit),
        };
        let priced_in_nothing = Instruction::Launch(Launch {
            module: module().hash(),
            quote_asset: AssetId::new([5; 32]),
            name: "N".to_owned(),
            symbol: "S".to_owned(),
            salt: 9,
            first_buy: None,
        });
        let withdraw = |amount| Instruction::Withdraw {
            amount: Amount::Quote(AssetId::SOL, Quote::new(amount)),
            recipient: other,
        };
        let transfer = |to, amount| Instruction::Transfer {
            to,
            amount: Amount::Quote(AssetId::SOL, Quote::new(amount)),
        };
        vec![
            (
                "unknown curve",
                vec![Instruction::Buy { curve: unknown, order, referrer: None }],
                Failed(Error::UnknownCurve),
            ),
            ("zero quote", vec![self.buy(0, 0)], Failed(Error::ZeroAmount)),
            ("zero tokens", vec![self.sell(0, 0)], Failed(Error::ZeroAmount)),
            ("zero withdrawal", vec![withdraw(0)], Failed(Error::ZeroAmount)),
            ("too much", vec![withdraw(DEPOSIT + 1)], Failed(Error::InsufficientBalance)),
            (
                "the largest withdrawal",
                vec![withdraw(u64::MAX)],
                Failed(Error::InsufficientBalance),
            ),
            (
                "the largest purchase",
                vec![self.buy(u64::MAX, 0)],
                Failed(Error::InsufficientBalance),
            ),
            ("limit of a purchase", vec![self.buy(SOL, u64::MAX)], Failed(Error::LimitNotMet)),
            (
                "limit of the cost",
                vec![exact_out(1_000_000_000_000, 1)],
                Failed(Error::LimitNotMet),
            ),
            ("more than was sold", vec![self.sell(u64::MAX, 0)], Failed(Error::SellExceedsSold)),
            ("dust", vec![self.buy(1, 0)], Failed(Error::Dust)),
            ("to oneself", vec![transfer(self.key.address(), 1)], Failed(Error::SelfTransfer)),
            ("launched before", vec![launch("again")], Failed(Error::CurveExists)),
            ("no name", vec![launch(" ")], Failed(Error::InvalidMetadata)),
            (
                "published before",
                vec![Instruction::PublishModule(module())],
                Failed(Error::ModuleExists),
            ),
            (
                "not complete",
                vec![Instruction::MigrateToAmm { curve: self.curve }],
                Failed(Error::NotComplete),
            ),
            (
                "no pool yet",
                vec![Instruction::AddLiquidity {
                    curve: self.curve,
                    quote: Quote::new(SOL),
                    base_max: Base::MAX,
                    shares_min: Shares::ZERO,
                }],
                Failed(Error::NotMigrated),
            ),
            (
                "nothing accrued",
                vec![Instruction::Claim { curve: self.curve, what: Claim::CreatorFees }],
                Failed(Error::NothingToClaim),
            ),
            (
                "somebody else's",
                vec![Instruction::Claim { curve: self.curve, what: Claim::ProtocolFees }],
                Failed(Error::NotEntitled),
            ),
            ("refers themself", vec![referred(self.key.address())], Failed(Error::SelfReferral)),
            ("unknown referrer", vec![referred(other)], Failed(Error::UnknownReferrer)),
            ("a session of nothing", vec![authorize(0)], Failed(Error::InvalidSession)),
            (
                "no such session",
                vec![Instruction::Revoke { session: other }],
                Failed(Error::InvalidSession),
            ),
            (
                "a module that cannot be",
                vec![Instruction::PublishModule(Module { pieces: Vec::new(), ..module() })],
                Failed(Error::InvalidModule),
            ),
            ("unknown quote asset", vec![priced_in_nothing], Failed(Error::UnknownAsset)),
            (
                "all or nothing",
                vec![transfer(other, SOL), withdraw(DEPOSIT)],
                Failed(Error::InsufficientBalance),
            ),
        ]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_transactions_get_their_own_errors_and_change_nothing() -> Result<()> {
    let scene = Scene::start(2).await?;
    let curves = scene.launch(1).await?;
    let rpc = HttpClientBuilder::default().build(&scene.network.urls()[0])?;
    let account = rpc.get_account(scene.keys[0].address()).await?;
    let mut cases = Cases {
        key: scene.keys[0].clone(),
        genesis: scene.network.genesis().hash(),
        curve: curves[0],
        height: rpc.get_status().await?.at.height,
        nonce: account.nonce_next,
    };
    for (name, bytes, expected) in cases.refused() {
        refused(&rpc, name, bytes, expected).await?;
    }
    for (name, program, expected) in cases.failing() {
        let bytes = cases.sign(cases.body(program));
        failed(&scene, &rpc, name, bytes, expected).await?;
        cases.nonce += 1;
    }
    let after = rpc.get_account(scene.keys[0].address()).await?;
    ensure!(after.balances == account.balances, "the balance has changed: {after:?}");
    Ok(())
}

async fn refused(rpc: &HttpClient, name: &str, bytes: Vec<u8>, expected: Expected) -> Result<()> {
    let Expected::Refused(error) = expected else { unreachable!("refused cases only") };
    let sent = rpc.send_transaction(Bytes::new(bytes)).await;
    let Err(ClientError::Call(object)) = sent else { anyhow::bail!("{name}: taken: {sent:?}") };
    ensure!(
        object.code() == -33_000 - i32::from(error.code()),
        "{name}: {object:?}, expected {error:?}"
    );
    Ok(())
}

async fn failed(
    scene: &Scene,
    rpc: &HttpClient,
    name: &str,
    bytes: Vec<u8>,
    expected: Expected,
) -> Result<()> {
    let Expected::Failed(error) = expected else { unreachable!("failing cases only") };
    let simulated = rpc.simulate_transaction(Bytes::new(bytes.clone())).await?.receipt;
    let id = rpc.send_transaction(Bytes::new(bytes)).await?.id;
    let view = scene.client.wait_for(id, asset_sdk::TransactionState::Preconfirmed).await?;
    let receipt = view.receipt.ok_or_else(|| anyhow::anyhow!("{name}: no receipt"))?;
    ensure!(receipt == simulated, "{name}: simulated {simulated:?}, executed {receipt:?}");
    match receipt.outcome {
        Outcome::Failed { error: found, .. } if found == error => Ok(()),
        other => anyhow::bail!("{name}: {other:?}, expected {error:?}"),
    }
}
