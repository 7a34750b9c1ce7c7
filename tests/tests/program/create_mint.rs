//! `create_mint`.

use asset_rollup_interface::{
    constants::{PROOF_OFFSET, TOKEN_2022_PROGRAM, TOKEN_PROGRAM},
    error::RollupError,
    instruction::CreateMint,
};
use borsh::BorshDeserialize;
use curvevm::{
    cell::{Cell, Curve, Holding},
    module::Module,
    tree::Tree,
    types::{Address, CurveId, Hash, Key},
};
use solana_account::Account as SolanaAccount;
use solana_transaction::InstructionError;

use super::support::{
    SOL, World, address, anchor, assert_failed, assert_refused, budget, heap, key_of, keypair,
    modules::{Kind, long},
    pubkey,
    tokens::{launched, launched_module},
};

/// What Token-2022 says of a mint: its extensions, in order.
#[derive(Debug, PartialEq, Eq)]
struct Mint {
    supply: u64,
    decimals: u8,
    /// Of the mint, and who may freeze.
    authorities: [Option<Address>; 2],
    /// Who may change the pointer, and where the metadata is.
    pointer: [Address; 2],
    metadata: Metadata,
}

#[derive(Debug, PartialEq, Eq, BorshDeserialize)]
struct Metadata {
    authority: Address,
    mint: Address,
    name: String,
    symbol: String,
    uri: String,
    fields: Vec<(String, String)>,
}

fn read(world: &World, mint: &Address) -> Mint {
    let account = world.svm.get_account(&pubkey(mint)).unwrap();
    assert_eq!(account.owner, pubkey(&TOKEN_2022_PROGRAM));
    let rent = world.svm.minimum_balance_for_rent_exemption(account.data.len());
    assert_eq!(account.lamports, rent);
    let data = account.data;
    let optional = |at: usize| {
        let there = u32::from_le_bytes(*data[at..].first_chunk().unwrap());
        (there == 1).then(|| Address::new(*data[at + 4..].first_chunk().unwrap()))
    };
    assert_eq!((data[45], data[165]), (1, 1));
    assert_eq!(data[166..170], [18, 0, 64, 0]);
    assert_eq!(data[234..236], [19, 0]);
    let length = u16::from_le_bytes(*data[236..].first_chunk().unwrap());
    assert_eq!(data.len(), 238 + usize::from(length));
    Mint {
        supply: world.supply(mint),
        decimals: data[44],
        authorities: [optional(0), optional(46)],
        pointer: [170, 202].map(|at| Address::new(*data[at..].first_chunk().unwrap())),
        metadata: borsh::from_slice(&data[238..]).unwrap(),
    }
}

/// Makes `tree` the state after batch 1, as no committee can.
fn install(world: &mut World, tree: &mut Tree) {
    let root = tree.root();
    world.edit_rollup(|rollup| rollup.roots[1].root = root);
}

/// A curve of a name, a symbol and a module.
fn curve(name: &str, symbol: &str, module: &Module) -> Curve {
    Curve {
        version: 0,
        module: module.hash(),
        quote_asset: curvevm::types::AssetId::SOL,
        creator: address(0),
        name: name.to_owned(),
        symbol: symbol.to_owned(),
        launched_ms: 0,
        sold: curvevm::types::Base::ZERO,
        reserve: curvevm::types::Quote::ZERO,
        sqrt_price: module.sqrt_start,
        marks: vec![],
        fees: curvevm::cell::Accrued::default(),
        phase: curvevm::cell::Phase::Trading,
    }
}

/// A tree with a curve, its module, and neighbours so that both paths have at least `depth` branches.
fn grown(id: CurveId, curve: &Curve, module: &Module, depth: usize) -> Tree {
    let keys = [Curve::key(&id), Module::key(&module.hash())];
    let mut tree = Tree::new();
    tree.put(keys[0], Cell::Curve(curve.clone())).unwrap();
    tree.put(keys[1], Cell::Module(module.clone().into())).unwrap();
    for key in keys {
        for bit in 0..depth {
            let mut bytes = key.to_bytes();
            bytes[bit / 8] ^= 0x80 >> (bit % 8);
            tree.put(Key::new(bytes), Cell::Holding(Holding::default())).unwrap();
        }
    }
    tree
}

/// Puts bytes where a buffer of the upgradeable loader has them.
fn buffer(world: &mut World, seed: u8, bytes: &[u8]) -> Address {
    let data = [&[0; PROOF_OFFSET][..], bytes].concat();
    let account = SolanaAccount {
        lamports: world.svm.minimum_balance_for_rent_exemption(data.len()),
        data,
        owner: "BPFLoaderUpgradeab1e11111111111111111111111".parse().unwrap(),
        ..SolanaAccount::default()
    };
    world.svm.set_account(pubkey(&address(seed)), account).unwrap();
    address(seed)
}

on_each_build! {
    fn creates_a_mint_of_the_vault_with_name_and_symbol(build: Build) {
        let (mut world, curve) = launched(build);
        let create = world.chain.mint_proof(1, curve);
        let instruction = world.create_mint_instruction(&create, None);
        world.send(&instruction).unwrap();
        let mint = world.launched_mint(&curve);
        let expected = Mint {
            supply: 0,
            decimals: 6,
            authorities: [Some(world.vault), None],
            pointer: [Address::default(), mint],
            metadata: Metadata {
                authority: Address::default(),
                mint,
                name: "n".repeat(32),
                symbol: "s".repeat(10),
                uri: String::new(),
                fields: vec![],
            },
        };
        assert_eq!(read(&world, &mint), expected);
        assert_refused(world.send(&instruction), RollupError::MintExists);
        // Under a later root, too.
        world.settle_finally(vec![]);
        let again = world.chain.mint_proof(2, curve);
        let again = world.create_mint_instruction(&again, None);
        assert_refused(world.send(&again), RollupError::MintExists);
    }

    fn takes_the_shortest_names_and_every_character(build: Build) {
        let (world, id) = launched(build);
        for (name, symbol, decimals) in [("n", "s", 0), ("Größe 🚀 漢字", "$✓", 18)] {
            let mut world = world.clone();
            let module = Module { decimals, ..launched_module() };
            let mut tree = grown(id, &curve(name, symbol, &module), &module, 3);
            install(&mut world, &mut tree);
            let witness = tree.witness(&[Curve::key(&id), Module::key(&module.hash())]).unwrap();
            let create = CreateMint { root_number: 1, curve: id, witness };
            let instruction = world.create_mint_instruction(&create, None);
            world.send(&instruction).unwrap();
            let mint = read(&world, &world.launched_mint(&id));
            assert_eq!((&*mint.metadata.name, &*mint.metadata.symbol), (name, symbol));
            assert_eq!(mint.decimals, decimals);
        }
    }

    fn takes_an_address_to_which_somebody_sent_lamports(build: Build) {
        let (world, curve) = launched(build);
        let create = world.chain.mint_proof(1, curve);
        // Less than the rent, and more.
        for lamports in [1_000_000, 10 * SOL] {
            let mut world = world.clone();
            let mint = world.launched_mint(&curve);
            world.airdrop(&mint, lamports);
            let instruction = world.create_mint_instruction(&create, None);
            world.send(&instruction).unwrap();
            assert_eq!(world.supply(&mint), 0);
            assert!(world.lamports(&mint) >= lamports);
        }
    }

    fn refuses_what_is_not_proved(build: Build) {
        let (world, id) = launched(build);
        let right = world.chain.mint_proof(1, id);
        let state = world.chain.state(1);
        let module = Module::key(&launched_module().hash());
        let witness = |keys: &[Key]| state.witness(keys).unwrap();
        let other = CurveId::new([7; 32]);
        type Edit<'a> = &'a dyn Fn(&mut CreateMint);
        let cases: [(Edit<'_>, RollupError); 11] = [
            (&|it| it.root_number = 0, RollupError::InvalidProof),
            (&|it| it.root_number = 2, RollupError::RootNotFinalized),
            (&|it| it.root_number = u64::MAX, RollupError::RootNotFinalized),
            (&|it| it.witness.clear(), RollupError::InvalidProof),
            (&|it| it.witness.push(0), RollupError::InvalidProof),
            (&|it| *it.witness.last_mut().unwrap() ^= 1, RollupError::InvalidProof),
            (&|it| it.witness = witness(&[Curve::key(&it.curve)]), RollupError::InvalidProof),
            (&|it| it.witness = witness(&[module]), RollupError::InvalidProof),
            (&|it| it.witness = witness(&[Key::new([5; 32])]), RollupError::InvalidProof),
            // Another curve: not opened, and proved absent.
            (&|it| it.curve = other, RollupError::InvalidProof),
            (
                &|it| {
                    it.curve = other;
                    it.witness = witness(&[Curve::key(&other), module]);
                },
                RollupError::WrongCurve,
            ),
        ];
        for (place, (edit, error)) in cases.into_iter().enumerate() {
            let (mut world, mut create) = (world.clone(), right.clone());
            edit(&mut create);
            let instruction = world.create_mint_instruction(&create, None);
            let outcome = world.send(&instruction);
            assert!(outcome.is_err(), "case {place}");
            assert_refused(outcome, error);
        }
    }

    fn refuses_other_cells_under_the_keys(build: Build) {
        let (mut world, id) = launched(build);
        let module = launched_module();
        let cell = curve("n", "s", &module);
        let keys = [Curve::key(&id), Module::key(&module.hash())];
        for place in 0..2 {
            let mut tree = grown(id, &cell, &module, 0);
            tree.put(keys[place], Cell::Holding(Holding::default())).unwrap();
            install(&mut world, &mut tree);
            let witness = tree.witness(&keys).unwrap();
            let create = CreateMint { root_number: 1, curve: id, witness };
            let instruction = world.create_mint_instruction(&create, None);
            assert_refused(world.send(&instruction), RollupError::WrongCurve);
        }
        // A module that is there, and not the curve's.
        let stranger = Curve { module: Hash::ZERO, ..cell };
        let mut tree = grown(id, &stranger, &module, 0);
        install(&mut world, &mut tree);
        let absent = Module::key(&Hash::ZERO);
        let witness = tree.witness(&[keys[0], keys[1], absent]).unwrap();
        let create = CreateMint { root_number: 1, curve: id, witness };
        let instruction = world.create_mint_instruction(&create, None);
        assert_refused(world.send(&instruction), RollupError::WrongCurve);
    }

    fn refuses_a_root_that_is_only_committed(build: Build) {
        let (mut world, curve) = launched(build);
        world.settle(vec![]);
        let create = world.chain.mint_proof(2, curve);
        let instruction = world.create_mint_instruction(&create, None);
        assert_refused(world.send(&instruction), RollupError::RootNotFinalized);
        world.pass(10, 5);
        world.finalize(2).unwrap();
        world.send(&instruction).unwrap();
    }

    /// The longest module on long paths: the proof fits no transaction, and no heap of the usual size.
    fn takes_a_long_proof_from_an_account(build: Build) {
        let (mut world, id) = launched(build);
        let module = long(Kind::Product, 64, 32);
        let mut cell = curve(&"n".repeat(32), &"s".repeat(10), &module);
        cell.marks = vec![curvevm::types::Base::new(7); 64];
        let mut tree = grown(id, &cell, &module, 40);
        install(&mut world, &mut tree);
        let witness = tree.witness(&[Curve::key(&id), Module::key(&module.hash())]).unwrap();
        assert!(witness.len() > 4_096, "{}", witness.len());
        let proof = buffer(&mut world, 9, &witness);
        let create = CreateMint { root_number: 1, curve: id, witness: vec![] };
        let instruction = world.create_mint_instruction(&create, Some(proof));
        world.send_all(&[heap(128 * 1024), budget(600_000), instruction.clone()], &[]).unwrap();
        assert_eq!(read(&world, &world.launched_mint(&id)).decimals, 6);
        assert_refused(world.send(&instruction), RollupError::MintExists);
    }

    fn a_proof_in_an_account_is_proved_as_any_other(build: Build) {
        let (mut world, id) = launched(build);
        let right = world.chain.mint_proof(1, id);
        let create = CreateMint { witness: vec![], ..right.clone() };
        let mut wrong = right.witness.clone();
        *wrong.last_mut().unwrap() ^= 1;
        for bytes in [&wrong[..], &[], &[right.witness.clone(), vec![0]].concat()] {
            let proof = buffer(&mut world, 9, bytes);
            let instruction = world.create_mint_instruction(&create, Some(proof));
            assert_refused(world.send(&instruction), RollupError::InvalidProof);
        }
        // No bytes at all, and both.
        let instruction = world.create_mint_instruction(&create, Some(address(77)));
        assert_refused(world.send(&instruction), RollupError::InvalidProof);
        let proof = buffer(&mut world, 9, &right.witness);
        let instruction = world.create_mint_instruction(&right, Some(proof));
        assert_refused(world.send(&instruction), RollupError::InvalidProof);
        let instruction = world.create_mint_instruction(&create, Some(proof));
        world.send(&instruction).unwrap();
    }

    fn refuses_accounts_of_another_rollup_or_curve(build: Build) {
        let (mut world, curve) = launched(build);
        let mut other = world.fork(|it| it.name = "other".to_owned());
        other.initialize().unwrap();
        world.svm = other.svm.clone();
        let create = world.chain.mint_proof(1, curve);
        let right = world.create_mint_instruction(&create, None);
        for (place, wrong) in [
            (1, other.rollup),
            (2, other.vault),
            (3, other.launched_mint(&curve)),
            (3, world.launched_mint(&CurveId::new([7; 32]))),
            (3, address(9)),
        ] {
            let mut instruction = right.clone();
            instruction.accounts[place].pubkey = pubkey(&wrong);
            assert_failed(world.send(&instruction), InstructionError::InvalidSeeds);
        }
        // The other rollup as a whole has not finalized the root.
        let instruction = other.create_mint_instruction(&create, None);
        assert_refused(world.send(&instruction), RollupError::RootNotFinalized);
        world.send(&right).unwrap();
    }

    fn refuses_accounts_of_another_owner_or_kind(build: Build) {
        let (mut world, curve) = launched(build);
        let create = world.chain.mint_proof(1, curve);
        let right = world.create_mint_instruction(&create, None);
        let mut account = world.svm.get_account(&pubkey(&world.rollup)).unwrap();
        account.owner = pubkey(&address(8));
        world.svm.set_account(pubkey(&address(9)), account).unwrap();
        for (place, wrong, error) in [
            (1, address(9), InstructionError::IllegalOwner),
            (5, TOKEN_PROGRAM, InstructionError::IncorrectProgramId),
            (5, world.program, InstructionError::IncorrectProgramId),
            (6, TOKEN_PROGRAM, InstructionError::IncorrectProgramId),
        ] {
            let mut instruction = right.clone();
            instruction.accounts[place].pubkey = pubkey(&wrong);
            assert_failed(world.send(&instruction), error);
        }
        let mut instruction = right.clone();
        instruction.accounts[3].is_writable = false;
        assert_failed(world.send(&instruction), anchor::NOT_WRITABLE);
        let stranger = keypair(7);
        world.airdrop(&key_of(&stranger), SOL);
        let mut instruction = right;
        instruction.accounts[0].pubkey = pubkey(&key_of(&stranger));
        instruction.accounts[0].is_signer = false;
        assert_failed(world.send(&instruction), anchor::NOT_SIGNER);
        // Anybody may send it.
        instruction.accounts[0].is_signer = true;
        world.send_all(&[instruction], &[&stranger]).unwrap();
    }
}
