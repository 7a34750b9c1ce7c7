//! Compute units of each instruction, against the ceilings in `programs/compute-units.md`.
//!
//! `UPDATE_CU_TABLE=1` writes the table anew from what is measured; nothing else does.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf};

use asset_rollup_interface::{
    constants::FORCED_BYTES_MAX,
    instruction::{TraceFault, WriteWitness},
};
use curvevm::{
    batch::{chunk_hash, data_root},
    program::Amount,
    types::Base,
};

use super::{
    challenge_units, meter,
    support::{
        BOND, Build, CHALLENGER, MEMBERS_FROM, Outcome, SOL, Upload, World, account_of, address,
        exhibits, key_of, keypair, pubkey, signed,
        tokens::{SPL, T22, launched, of, withdrawn},
        trace, withdraw,
    },
};

/// The target for a commit under five of seven signatures.
const COMMIT_5_OF_7_MAX: u64 = 150_000;
const COMMIT_5_OF_7: &str = "commit_batch, 5 of 7 signatures";

/// What is measured, in order, with the compute units.
type Measured = Vec<(&'static str, u64)>;

fn path() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../programs/compute-units.md"))
}

#[track_caller]
fn units(outcome: Outcome) -> u64 {
    outcome.unwrap().compute_units_consumed
}

fn measure(build: Build) -> Measured {
    let mut world = World::empty(build);
    let mut measured = vec![("initialize, 7 members", units(world.initialize()))];
    for member in 0..7 {
        let registered = units(world.register(MEMBERS_FROM + member, BOND));
        if member == 0 {
            measured.push(("register_member, in the committee", registered));
        }
    }
    measured.push(("deposit_sol", units(world.deposit(address(0), 10 * SOL))));
    let id = world.chain.id;
    let program = vec![withdraw(address(1), SOL), withdraw(address(2), SOL)];
    let sealed = world.seal(vec![signed(0, 0, program, &id)]);
    assert_eq!(sealed.chunks.len(), 1);
    let post = world.post_instruction(1, &sealed.chunks, 0);
    measured.push(("post_data, first chunk of 1", units(world.send(&post))));
    measured.push(("post_data, the same again", units(world.send(&post))));
    measured.push((COMMIT_5_OF_7, units(world.commit(&sealed.header))));
    world.pass(10, 5);
    measured.push(("finalize_batch, with the data", units(world.finalize(1))));
    let close = world.close_message_instruction(0, key_of(&world.payer()));
    measured.push(("close_message", units(world.send(&close))));
    for (index, name) in [(0, "withdraw, first of a page"), (1, "withdraw")] {
        let (claim, recipient) = world.chain.claim(1, index);
        let instruction = world.withdraw_instruction(&claim, recipient);
        measured.push((name, units(world.send(&instruction))));
    }
    measured.extend(measure_large(build));
    measured.push(("commit_batch, 1 signature, 256 chunks", units(commit_most_chunks(build))));
    measured.extend(measure_guilt(build));
    measured.extend(measure_witness(build));
    measured.extend(measure_tokens(build));
    measured
}

/// Witnesses, and a challenge that fails.
fn measure_witness(build: Build) -> Measured {
    let mut world = World::new(build);
    let sealed = world.settle(vec![]);
    let upload = Upload { state: vec![0; 9_000], chunk: sealed.chunks[0].clone(), next: vec![] };
    let mut measured = vec![("init_witness", units(world.init_witness(1, 30, &upload)))];
    let (owner, at) = (key_of(&keypair(CHALLENGER)), account_of(30));
    let write = WriteWitness { offset: 0, bytes: vec![1; 900] };
    let write = world.write_witness_instruction(owner, at, &write);
    let outcome = world.send_all(&[write], &[&keypair(CHALLENGER)]);
    measured.push(("write_witness, 900 bytes", units(outcome)));
    measured.push(("close_witness", units(world.close_witness(at))));
    let exhibit = exhibits(world.chain.state(0), &sealed, 850).remove(0);
    measured
        .push(("challenge, an empty block, nothing wrong", units(world.challenge(&exhibit, 31))));
    let (trace, upload) = trace(&sealed, (0, TraceFault::Last), vec![]);
    let outcome = world.challenge_trace(&trace, 32, &upload);
    measured.push(("challenge_trace, nothing wrong", units(outcome)));
    measured
}

/// Messages and withdrawals of tokens.
fn measure_tokens(build: Build) -> Measured {
    let (mut world, curve) = launched(build);
    let mut measured = vec![];
    let force = world.force_instruction(&[1; FORCED_BYTES_MAX]);
    measured.push(("force_transaction, 700 bytes", units(world.send(&force))));
    for (seed, name) in [
        (SPL, "deposit_token, first of an asset"),
        (SPL, "deposit_token"),
        (T22, "deposit_token, Token-2022, first of an asset"),
        (T22, "deposit_token, Token-2022"),
    ] {
        measured.push((name, units(world.deposit_token(address(0), of(seed, 1_000)))));
    }
    let create = world.chain.mint_proof(1, curve);
    let create = world.create_mint_instruction(&create, None);
    measured.push(("create_mint", units(world.send(&create))));
    for (index, name) in [
        (0, "withdraw_token, a launched asset, first of a page"),
        (1, "withdraw_token, a launched asset, next of a page"),
    ] {
        let claim = world.token_claim(1, index);
        measured.push((name, units(world.send(&claim))));
    }
    let back = Amount::Base(curve, Base::new(1));
    measured
        .push(("deposit_token, a launched asset", units(world.deposit_token(address(0), back))));
    let (mut world, payer) = (withdrawn(build), key_of(&world.payer()));
    for (index, name) in [
        (0, "withdraw_token, first of a page, to a new account"),
        (2, "withdraw_token"),
        (1, "withdraw_token, Token-2022, to a new account"),
    ] {
        let claim = world.token_claim(1, index);
        measured.push((name, units(world.send(&claim))));
    }
    assert_eq!(world.tokens_of(&payer, &key_of(&keypair(SPL))), 999_040);
    measured
}

/// Rotations, takeovers, verdicts and bonds.
fn measure_guilt(build: Build) -> Measured {
    let mut world = World::new(build);
    let mut measured = vec![];
    for seed in 10..17 {
        world.register(seed, BOND).unwrap();
    }
    let sealed = world.ready(vec![]);
    world.pass(201, 5);
    measured.push(("commit_batch, takeover", units(world.take_over(&sealed.header, 10))));
    world.roll_back(1);
    let close = world.close_batch_instruction(1);
    measured.push(("close_batch", units(world.send(&close))));
    let new: Vec<u8> = (10..17).collect();
    let rotation = world.rotate(&new);
    measured.push(("rotate_committee, 5 of 7 signatures, 7 new members", units(rotation)));
    let report = world.equivocation(10, 1);
    measured.push(("report_equivocation", units(world.report(&report))));
    measured.push(("slash", units(world.slash(0, 0))));
    let close = world.close_verdict_instruction(0);
    measured.push(("close_verdict", units(world.send(&close))));
    measured.push(("begin_unbond", units(world.begin_unbond(MEMBERS_FROM))));
    world.pass(100, 100);
    measured.push(("finish_unbond", units(world.finish_unbond(MEMBERS_FROM))));
    measured
}

/// Commits a batch of the most chunks, under one signature.
fn commit_most_chunks(build: Build) -> Outcome {
    let mut world = World::empty(build).fork(|genesis| genesis.committee.truncate(1));
    world.initialize().unwrap();
    world.register(MEMBERS_FROM, BOND).unwrap();
    let mut sealed = world.chain.seal(vec![], vec![]);
    sealed.chunks = (0..=255u8).map(|byte| vec![byte; 3]).collect();
    let hashes: Vec<_> = sealed.chunks.iter().map(|chunk| chunk_hash(chunk)).collect();
    (sealed.header.chunk_count, sealed.header.data_root) = (256, data_root(&hashes));
    world.post(&sealed);
    world.commit(&sealed.header)
}

/// The largest chunk, chunk count and committee, and the closing of a data account.
fn measure_large(build: Build) -> Measured {
    let mut world = World::empty(build).fork(|genesis| {
        genesis.committee = (MEMBERS_FROM..MEMBERS_FROM + 32).map(address).collect();
        genesis.params.chunk_bytes_max = 3_800;
    });
    let mut measured = vec![];
    let instruction = world.initialize_instruction();
    measured.push(("initialize, 32 members", units(world.send_with_budget(&instruction))));
    for member in 0..32 {
        world.register(MEMBERS_FROM + member, BOND).unwrap();
    }
    let sealed = world.ready(vec![]);
    let loser = keypair(7);
    world.airdrop(&key_of(&loser), SOL);
    let mut post = world.post_instruction(1, &vec![vec![7; 3_800]; 256], 0);
    post.accounts[0].pubkey = pubkey(&key_of(&loser));
    post.accounts[2].pubkey = pubkey(&world.data_address(1, &key_of(&loser)));
    let outcome = world.send_all(&[post], &[&loser]);
    measured.push(("post_data, first chunk of 256, 3,800 bytes", units(outcome)));
    let signatures = world.sign(&sealed.header, &world.quorum());
    let commit = world.commit_instruction(&sealed.header, signatures);
    measured.push(("commit_batch, 22 of 32 signatures", units(world.send_with_budget(&commit))));
    world.pass(10, 5);
    world.finalize(1).unwrap();
    let close = world.close_instruction(1, key_of(&loser));
    measured.push(("close_data", units(world.send(&close))));
    measured
}

/// Measured plus a twentieth, rounded up to a hundred: room for another bump of an address, not for another algorithm.
fn ceiling(units: u64) -> u64 {
    (units + units / 20).next_multiple_of(100)
}

fn render(v0: &Measured, v3: &Measured) -> String {
    let mut text = String::from(
        "# Compute units\n\n\
         Measured on LiteSVM for both builds of the program. A test fails when a measured cost passes its ceiling.\n\
         Written by `UPDATE_CU_TABLE=1 cargo test -p asset-tests --test program compute_units`.\n\n\
         | instruction | v0 | v0 ceiling | v3 | v3 ceiling |\n|---|--:|--:|--:|--:|\n",
    );
    for ((name, v0), (_, v3)) in v0.iter().zip(v3) {
        writeln!(text, "| {name} | {v0} | {} | {v3} | {} |", ceiling(*v0), ceiling(*v3)).unwrap();
    }
    text
}

/// The ceilings of both builds, by instruction.
fn ceilings(text: &str) -> BTreeMap<String, [u64; 2]> {
    text.lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [_, name, _, v0, _, v3, _] = cells[..] else { return None };
            Some((name.to_owned(), [v0.parse().ok()?, v3.parse().ok()?]))
        })
        .collect()
}

#[test]
fn no_instruction_passes_its_ceiling() {
    let (v0, v3) = (measure(Build::V0), measure(Build::V3));
    if std::env::var_os("UPDATE_CU_TABLE").is_some_and(|value| value == "1") {
        let text = render(&v0, &v3) + &meter::render() + &challenge_units::render();
        fs::write(path(), text).unwrap();
    }
    let ceilings = ceilings(&fs::read_to_string(path()).unwrap());
    assert_eq!(ceilings.len(), v0.len(), "the table has other rows than are measured");
    let mut passed = vec![];
    for (place, measured) in [v0, v3].iter().enumerate() {
        for (name, units) in measured {
            let ceiling = ceilings[*name][place];
            if *units > ceiling {
                passed.push(format!("{name} (column {place}): {units} > {ceiling}"));
            }
            if *name == COMMIT_5_OF_7 {
                assert!(*units <= COMMIT_5_OF_7_MAX, "{units}");
            }
        }
    }
    assert!(passed.is_empty(), "{passed:#?}");
}
