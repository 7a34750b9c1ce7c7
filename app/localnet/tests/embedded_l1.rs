//! The embedded L1 executes the real program, without any network access.

use asset_localnet::{EmbeddedL1, EmbeddedL1Config, PROGRAM_ID, ProgramBuild, load_program};
use asset_sdk::{
    Key,
    l1::{Chunk, L1Client, L1Config, L1Error, Level, TransactionFormat},
};
use curvevm::{
    genesis::{GENESIS_VERSION, Genesis, Params},
    inbox::MessageKind,
    types::{Address, AssetId, Hash, Quote},
};

const SOL: u64 = 1_000_000_000;

fn genesis(member: &Key) -> Genesis {
    Genesis {
        version: GENESIS_VERSION,
        name: "test".to_owned(),
        program_id: PROGRAM_ID.parse().unwrap(),
        committee: vec![member.address()],
        time_ms: 1,
        treasury: member.address(),
        quote_assets: Vec::new(),
        params: Params {
            batch_interval_ms: 100,
            batch_chunks_max: 8,
            chunk_bytes_max: TransactionFormat::V1.chunk_bytes_max(),
            block_transactions_max: 100,
            challenge_slots: 1,
            challenge_secs: 1,
            inbox_delay_slots: 1_000,
            bond_lamports: SOL,
            challenge_lamports: SOL / 10,
            takeover_slots: 400,
            authority: Address::default(),
            authority_delay_secs: 0,
        },
    }
}

async fn start(funded: Vec<Address>) -> EmbeddedL1 {
    EmbeddedL1::start(EmbeddedL1Config {
        program_id: PROGRAM_ID.parse().unwrap(),
        program: load_program(ProgramBuild::V0).unwrap(),
        slot_ms: 20,
        funded,
        lamports: 100 * SOL,
    })
    .await
    .unwrap()
}

fn client(l1: &EmbeddedL1, genesis: &Genesis) -> L1Client {
    L1Client::new(L1Config::new(l1.url(), genesis.program_id, genesis.hash()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn initializes_and_takes_deposits_and_data() {
    let (member, user) = (Key::from_seed([1; 32]), Key::from_seed([2; 32]));
    let genesis = genesis(&member);
    let l1 = start(vec![user.address()]).await;
    let client = client(&l1, &genesis);

    assert!(matches!(client.check().await, Err(L1Error::NotInitialized { .. })));
    client.initialize(l1.faucet(), &genesis).await.unwrap();
    let rollup = client.check().await.unwrap();
    assert_eq!(rollup.chain_id, genesis.hash());
    assert_eq!(rollup.committee(), genesis.committee);
    assert_eq!(rollup.committed_root, genesis.tree().unwrap().root());
    let again = client.initialize(l1.faucet(), &genesis).await;
    assert!(again.is_err(), "a rollup is initialized once");

    assert_eq!(client.member(&member.address(), Level::Confirmed).await.unwrap(), None);
    let poor = client.register_member(&user, &member, Quote::new(SOL - 1)).await.unwrap_err();
    assert!(matches!(poor, L1Error::Program { name: "BondTooSmall", .. }), "{poor}");
    client.register_member(&user, &member, Quote::new(SOL)).await.unwrap();
    let bond = client.member(&member.address(), Level::Confirmed).await.unwrap().unwrap();
    assert_eq!((bond.owner, bond.bond), (user.address(), SOL));
    assert!(client.rollup(Level::Confirmed).await.unwrap().is_bonded(0));
    let active = client.begin_unbond(&user, &member.address()).await.unwrap_err();
    assert!(matches!(active, L1Error::Program { name: "MemberActive", .. }), "{active}");

    let vault = client.vault_lamports(Level::Confirmed).await.unwrap();
    client.deposit(&user, &member.address(), Quote::new(SOL)).await.unwrap();
    assert_eq!(client.vault_lamports(Level::Confirmed).await.unwrap(), vault + SOL);
    let inbox = client.inbox(Level::Confirmed).await.unwrap();
    let kind = MessageKind::Deposit {
        asset: AssetId::SOL,
        amount: Quote::new(SOL),
        recipient: member.address(),
    };
    let messages = client.messages(0..2, Level::Confirmed).await.unwrap();
    let [Some(account), None] = &messages[..] else { panic!("{messages:?}") };
    let message = account.message().unwrap();
    assert_eq!((inbox.count, &message.kind), (1, &kind));
    assert_eq!(inbox.head, message.chain(&Hash::ZERO));
    assert_eq!((account.hash, account.payer), (inbox.head, user.address()));
    let early = client.close_messages(&user, std::slice::from_ref(account)).await.unwrap_err();
    assert!(matches!(early, L1Error::Program { name: "MessageNotFinalized", .. }), "{early}");

    // All of them under the same index at first. No two are the same transaction.
    let recipient = member.address();
    let deposit = |amount| client.deposit(&user, &recipient, Quote::new(amount));
    let deposits = (1..=6).map(|number| deposit(SOL + number));
    futures::future::try_join_all(deposits).await.unwrap();
    let inbox = client.inbox(Level::Confirmed).await.unwrap();
    assert_eq!((inbox.count, inbox.deposited), (7, 7 * SOL + 21));
    // More than one call gives; those past the end are not there.
    let messages = client.messages(0..150, Level::Confirmed).await.unwrap();
    let count = messages.iter().filter(|message| message.is_some()).count();
    assert_eq!((messages.len(), count), (150, 7));

    // The largest chunk fills a 4,096-byte transaction (SIMD-0385).
    let bytes = vec![7; usize::from(TransactionFormat::V1.chunk_bytes_max())];
    let chunk = Chunk { number: 1, index: 0, count: 2, bytes: &bytes };
    client.post_data(&user, chunk).await.unwrap();
    client.post_data(&user, chunk).await.unwrap();
    let data = client.data(1, &user.address(), Level::Confirmed).await.unwrap().unwrap();
    assert_eq!(data.hashes, [curvevm::batch::chunk_hash(&bytes), Hash::ZERO]);

    let conflict = client.post_data(&user, Chunk { bytes: &[8; 10], ..chunk }).await.unwrap_err();
    assert!(matches!(conflict, L1Error::Program { name: "ChunkConflict", .. }), "{conflict}");
    let small = client.deposit(&user, &member.address(), Quote::new(1)).await.unwrap_err();
    assert!(matches!(small, L1Error::Program { name: "DepositTooSmall", .. }), "{small}");
    let rich =
        client.deposit(&user, &member.address(), Quote::new(1_000_000 * SOL)).await.unwrap_err();
    assert!(matches!(rich, L1Error::InsufficientFunds { .. }), "{rich}");
    l1.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tells_apart_what_is_wrong_with_an_l1() {
    let member = Key::from_seed([1; 32]);
    let mut genesis = genesis(&member);
    let l1 = start(vec![member.address()]).await;
    let here = client(&l1, &genesis);
    here.check_program().await.unwrap();
    assert!(matches!(here.check().await, Err(L1Error::NotInitialized { .. })));

    // An account that is there and holds no program; then none at all.
    for wrong in [member.address(), Address::new([9; 32])] {
        genesis.program_id = wrong;
        let client = client(&l1, &genesis);
        assert!(matches!(client.check().await, Err(L1Error::NotAProgram { .. })));
    }

    // A port on which nobody listens.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = L1Config::new(format!("http://{free}"), genesis.program_id, genesis.hash());
    assert!(matches!(L1Client::new(config).check().await, Err(L1Error::Unreachable { .. })));
}
