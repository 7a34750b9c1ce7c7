//! Account validation: each instruction with each of its accounts replaced, taken twice, unsigned or not writable.
//!
//! What may be replaced is listed with the reason ([`FREE`]); everything else must be refused.

use std::collections::BTreeSet;

use asset_rollup_interface::instruction::{Act, InitWitness, TraceFault, WriteWitness};
use curvevm::{
    program::{Amount, Instruction as CurveInstruction},
    types::{Address, Base, CurveId},
};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::{AccountMeta, Instruction, Message, versioned::VersionedTransaction};

use super::{
    authority::authority,
    support::{
        BOND, Build, MEMBERS_FROM, SOL, Upload, World, account_of, address, budget, exhibits, heap,
        key_of, keypair,
        modules::{Kind, long},
        orders::{buy_out, launch},
        pubkey, signed,
        tokens::{SPL, T22, of},
        trace, withdraw,
    },
};

/// An instruction that succeeds, and the keys besides the payer's that sign it.
type Prepared = (Instruction, Vec<Keypair>);

/// How an account of an instruction is spoilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Spoil {
    /// Replaced by the account that has its place for another rollup.
    Foreign,
    /// Replaced by an account of the system program.
    System,
    /// Replaced by another account of this rollup which the program owns.
    Own,
    /// Replaced by the account of another place.
    Twice(usize),
    /// Not signed.
    Unsigned,
    /// Not writable.
    Readonly,
}

/// What may be replaced, by instruction and place. `why` says that nothing follows from it.
struct Free {
    instruction: &'static str,
    place: usize,
    spoils: &'static [Spoil],
    why: &'static str,
}

const FREE: &[Free] = &[
    Free {
        instruction: "finalize_batch",
        place: 2,
        spoils: &[Spoil::Readonly],
        why: "the payer has both places, and is writable by the other",
    },
    Free {
        instruction: "finalize_batch",
        place: 4,
        spoils: &[Spoil::Readonly],
        why: "the payer has both places, and is writable by the other",
    },
    Free {
        instruction: "init_witness",
        place: 3,
        spoils: &[Spoil::Foreign],
        why: "any account of the program that is zero will do",
    },
    Free {
        instruction: "write_witness",
        place: 1,
        spoils: &[Spoil::Foreign],
        why: "it is the same owner's",
    },
    Free {
        instruction: "execute_action",
        place: 4,
        spoils: &[Spoil::Own, Spoil::System],
        why: "only an upgrade looks at it",
    },
    Free {
        instruction: "execute_action",
        place: 6,
        spoils: &[Spoil::Own, Spoil::System],
        why: "only an upgrade looks at it",
    },
    Free {
        instruction: "execute_action",
        place: 7,
        spoils: &[Spoil::Own, Spoil::System],
        why: "only an upgrade looks at it",
    },
    Free {
        instruction: "execute_action",
        place: 8,
        spoils: &[Spoil::Own, Spoil::System],
        why: "only an upgrade looks at it",
    },
    Free {
        instruction: "execute_action",
        place: 9,
        spoils: &[Spoil::Own, Spoil::System],
        why: "only an upgrade looks at it",
    },
    Free {
        instruction: "schedule_action",
        place: 3,
        spoils: &[Spoil::Own, Spoil::System, Spoil::Twice(4)],
        why: "only an upgrade looks at it",
    },
];

/// Prepares an instruction in a world.
type Prepare = fn(&mut World) -> Prepared;

/// Every instruction, with what leads to it.
const INSTRUCTIONS: &[(&str, Prepare)] = &[
    ("deposit_sol", |world| (world.deposit_instruction(address(0), SOL), vec![])),
    ("post_data", |world| {
        let sealed = world.seal(vec![]);
        (world.post_instruction(sealed.header.number, &sealed.chunks, 0), vec![])
    }),
    ("commit_batch", |world| {
        world.deposit(address(0), SOL).unwrap();
        let header = world.ready(vec![]).header;
        world.deposit(address(0), SOL).unwrap();
        (world.commit_instruction(&header, world.sign(&header, &world.quorum())), vec![])
    }),
    ("commit_batch in a takeover", |world| {
        world.register(10, BOND).unwrap();
        world.deposit(address(0), SOL).unwrap();
        let header = world.ready(vec![]).header;
        world.pass(201, 1);
        world.deposit(address(0), SOL).unwrap();
        (world.takeover_instruction(&header, 10), vec![])
    }),
    ("finalize_batch", |world| {
        world.settle(vec![]);
        world.pass(10, 5);
        (world.finalize_instruction(1), vec![])
    }),
    ("close_data", |world| {
        world.settle(vec![]);
        let loser = keypair(9);
        world.airdrop(&key_of(&loser), SOL);
        let mut post = world.post_instruction(1, &[vec![7; 3]], 0);
        let data = world.data_address(1, &key_of(&loser));
        post.accounts[0].pubkey = loser.pubkey();
        post.accounts[2].pubkey = pubkey(&data);
        world.send_all(&[post], &[&loser]).unwrap();
        world.pass(10, 5);
        world.finalize(1).unwrap();
        (world.close_instruction(1, key_of(&loser)), vec![])
    }),
    ("close_message", |world| {
        world.deposit(address(0), SOL).unwrap();
        world.settle_finally(vec![]);
        (world.close_message_instruction(0, key_of(&world.payer())), vec![])
    }),
    ("withdraw", |world| {
        world.deposit(address(0), SOL).unwrap();
        let id = world.chain.id;
        let payment = signed(0, 0, vec![withdraw(address(50), SOL / 2)], &id);
        world.settle_finally(vec![payment]);
        let (claim, recipient) = world.chain.claim(1, 0);
        (world.withdraw_instruction(&claim, recipient), vec![])
    }),
    ("register_member", |world| {
        (world.register_instruction(10, key_of(&world.payer()), BOND), vec![])
    }),
    ("begin_unbond", |world| {
        world.register(10, BOND).unwrap();
        (world.begin_unbond_instruction(10, key_of(&world.payer())), vec![])
    }),
    ("finish_unbond", |world| {
        world.register(10, BOND).unwrap();
        world.begin_unbond(10).unwrap();
        world.pass(100, 100);
        (world.finish_unbond_instruction(10, key_of(&world.payer())), vec![])
    }),
    ("rotate_committee", |world| {
        let new: Vec<u8> = (10..14).collect();
        for seed in &new {
            world.register(*seed, BOND).unwrap();
        }
        let signers: Vec<(u8, u8)> = (0..5).map(|at| (at, MEMBERS_FROM + at)).collect();
        (world.rotate_instruction(&new, &signers), vec![])
    }),
    ("report_equivocation", |world| {
        let report = world.equivocation(MEMBERS_FROM, 0);
        (world.report_instruction(&report, key_of(&world.payer())), vec![])
    }),
    ("slash", |world| {
        world.convict(&[MEMBERS_FROM, MEMBERS_FROM + 1], address(60));
        world.airdrop(&address(60), SOL);
        (world.slash_instruction(0, 0), vec![])
    }),
    ("close_verdict", |world| {
        world.convict(&[MEMBERS_FROM], address(60));
        world.airdrop(&address(60), SOL);
        world.slash(0, 0).unwrap();
        (world.close_verdict_instruction(0), vec![])
    }),
    ("close_batch", |world| {
        world.settle(vec![]);
        world.roll_back(1);
        (world.close_batch_instruction(1), vec![])
    }),
    ("init_witness", |world| {
        world.settle(vec![]);
        let (challenger, account) = (world.challenger(), keypair(free_seed(world)));
        let (owner, at) = (key_of(&challenger), key_of(&account));
        let bytes = Upload::default().bytes();
        let rent = world.svm.minimum_balance_for_rent_exemption(bytes);
        let create = world.create_instruction(&owner, &at, (rent, bytes));
        world.send_all(&[create], &[&challenger, &account]).unwrap();
        let init = InitWitness { number: 1, lengths: [0; 3] };
        (world.init_witness_instruction(owner, at, &init), vec![challenger])
    }),
    ("write_witness", |world| {
        let at = uploaded(world);
        let challenger = world.challenger();
        let write = WriteWitness { offset: 0, bytes: vec![1] };
        (world.write_witness_instruction(key_of(&challenger), at, &write), vec![challenger])
    }),
    ("close_witness", |world| {
        let at = uploaded(world);
        let challenger = world.challenger();
        (world.close_witness_instruction(key_of(&challenger), at), vec![challenger])
    }),
    ("challenge", |world| {
        let sealed = world.settle(vec![]);
        let exhibit = exhibits(world.chain.state(0), &sealed, 850).remove(0);
        let at = world.upload(1, free_seed(world), &exhibit.upload);
        (world.challenge_instruction(&exhibit.challenge, at), vec![world.challenger()])
    }),
    ("challenge_trace", |world| {
        let sealed = world.settle(vec![]);
        let (challenge, upload) = trace(&sealed, (0, TraceFault::First), vec![]);
        let at = world.upload(1, free_seed(world), &upload);
        (world.trace_instruction(&challenge, at), vec![world.challenger()])
    }),
    ("schedule_action", |world| (world.schedule_instruction(Act::Resume), vec![authority()])),
    ("cancel_action", |world| {
        let schedule = world.schedule_instruction(Act::Resume);
        world.send_all(&[schedule], &[&authority()]).unwrap();
        (world.cancel_instruction(0), vec![authority()])
    }),
    ("execute_action", |world| {
        let schedule = world.schedule_instruction(Act::Resume);
        world.send_all(&[schedule], &[&authority()]).unwrap();
        (world.execute_instruction(0, None), vec![authority()])
    }),
    ("force_transaction", |world| (world.force_instruction(&[1; 10]), vec![])),
    ("deposit_token", |world| (world.deposit_token_instruction(address(0), of(SPL, 10)), vec![])),
    ("withdraw_token", |world| {
        world.deposit_token(address(0), of(T22, 1_000)).unwrap();
        let id = world.chain.id;
        let out = CurveInstruction::Withdraw { amount: of(T22, 10), recipient: address(61) };
        world.settle_finally(vec![signed(0, 0, vec![out], &id)]);
        (world.token_claim(1, 0), vec![])
    }),
    ("withdraw_token of a launched asset", |world| {
        let curve = launched(world);
        let create = world.chain.mint_proof(1, curve);
        let create = world.create_mint_instruction(&create, None);
        world.send(&create).unwrap();
        (world.token_claim(1, 0), vec![])
    }),
    ("create_mint", |world| {
        let curve = launched(world);
        let create = world.chain.mint_proof(1, curve);
        (world.create_mint_instruction(&create, None), vec![])
    }),
    ("deposit_token of a launched asset", |world| {
        let curve = launched(world);
        let create = world.chain.mint_proof(1, curve);
        let create = world.create_mint_instruction(&create, None);
        world.send(&create).unwrap();
        let claim = world.token_claim(1, 0);
        world.send(&claim).unwrap();
        let back = Amount::Base(curve, Base::new(1));
        (world.deposit_token_instruction(address(0), back), vec![])
    }),
];

/// A finalized batch in which an asset is launched, and tokens of it leave to the payer.
fn launched(world: &mut World) -> CurveId {
    world.deposit(address(0), 10 * SOL).unwrap();
    let module = long(Kind::Fixed, 1, 1);
    let curve = CurveId::derive(&address(0), 1);
    let (id, recipient) = (world.chain.id, key_of(&world.payer()));
    let out = CurveInstruction::Withdraw { amount: Amount::Base(curve, Base::new(9)), recipient };
    let program =
        vec![CurveInstruction::PublishModule(module.clone()), launch(module.hash(), 1, None)];
    let trade = vec![buy_out(curve, 1_000), out];
    world.settle_finally(vec![signed(0, 0, program, &id), signed(0, 1, trade, &id)]);
    curve
}

/// The seed of an account that is not there yet.
fn free_seed(world: &World) -> u8 {
    (30..).find(|seed| world.lamports(&account_of(*seed)) == 0).unwrap()
}

fn uploaded(world: &mut World) -> Address {
    world.settle(vec![]);
    let upload = Upload { state: vec![1, 2], ..Upload::default() };
    world.upload(1, free_seed(world), &upload)
}

/// Two rollups on one Solana, of which the second is `other`.
fn rollups(build: Build) -> [World; 2] {
    let mut world = World::with_tokens(build);
    world.airdrop(&key_of(&authority()), SOL);
    world.edit_rollup(|rollup| rollup.authority = key_of(&authority()));
    // What leads to an instruction takes time, for both rollups.
    world.edit_rollup(|rollup| rollup.inbox_delay_slots = 100_000);
    let mut other = world.fork(|genesis| genesis.name = "other".into());
    other.start();
    other.edit_rollup(|rollup| {
        rollup.inbox_delay_slots = 100_000;
        rollup.authority = key_of(&authority());
    });
    let svm = other.svm.clone();
    [World { svm, ..world }, other]
}

/// The seed of whoever pays for transactions, and is in no instruction.
const PAYER: u8 = 99;

/// Whether an instruction succeeds; it is paid for by somebody else.
fn succeeds(world: &World, instruction: &Instruction, signers: &[&Keypair]) -> bool {
    let mut svm = world.svm.clone();
    svm.expire_blockhash();
    let payer = keypair(PAYER);
    let heap = heap(asset_rollup_interface::instruction::REPLAY_HEAP_BYTES);
    let message = Message::new_with_blockhash(
        &[heap, budget(1_400_000), instruction.clone()],
        Some(&payer.pubkey()),
        &svm.latest_blockhash(),
    );
    let mut keys = vec![&payer];
    let is_signer = |key: &&&Keypair| {
        instruction.accounts.iter().any(|it| it.is_signer && it.pubkey == key.pubkey())
    };
    keys.extend(signers.iter().filter(is_signer));
    let message = solana_message::VersionedMessage::Legacy(message);
    let transaction = VersionedTransaction::try_new(message, &keys).unwrap();
    svm.send_transaction(transaction).is_ok()
}

/// What an account may be spoilt by, and by which account.
fn spoils(meta: &AccountMeta, foreign: &Pubkey, own: &Pubkey) -> Vec<(Spoil, AccountMeta)> {
    let instead = |pubkey: &Pubkey| AccountMeta { pubkey: *pubkey, is_signer: false, ..*meta };
    let mut spoils = vec![
        (Spoil::Foreign, instead(foreign)),
        (Spoil::System, instead(&pubkey(&address(77)))),
        (Spoil::Own, instead(own)),
    ];
    if meta.is_signer {
        spoils.push((Spoil::Unsigned, AccountMeta { is_signer: false, ..meta.clone() }));
    }
    if meta.is_writable {
        spoils.push((Spoil::Readonly, AccountMeta { is_writable: false, ..meta.clone() }));
    }
    spoils.retain(|(spoil, instead)| {
        instead.pubkey != meta.pubkey || matches!(spoil, Spoil::Unsigned | Spoil::Readonly)
    });
    spoils
}

/// Every spoilt form of the instruction that is accepted.
fn accepted(
    world: &World,
    (good, signers): &Prepared,
    foreign: &Instruction,
) -> Vec<(usize, Spoil)> {
    let payer = world.payer();
    let mut keys: Vec<&Keypair> = vec![&payer];
    keys.extend(signers);
    assert!(succeeds(world, good, &keys), "the instruction itself");
    let own = pubkey(&world.inbox);
    let mut accepted = vec![];
    for (place, meta) in good.accounts.iter().enumerate() {
        let mut spoilt = spoils(meta, &foreign.accounts[place].pubkey, &own);
        let others = good.accounts.iter().enumerate().filter(|(_, it)| it.pubkey != meta.pubkey);
        spoilt.extend(
            others.map(|(at, it)| {
                (Spoil::Twice(at), AccountMeta { pubkey: it.pubkey, ..meta.clone() })
            }),
        );
        for (spoil, instead) in spoilt {
            if instead.is_signer && !keys.iter().any(|key| key.pubkey() == instead.pubkey) {
                continue;
            }
            let mut instruction = good.clone();
            instruction.accounts[place] = instead;
            if succeeds(world, &instruction, &keys) {
                accepted.push((place, spoil));
            }
        }
    }
    accepted
}

on_each_build! {
    fn what_does_not_belong_is_refused(build: Build) {
        let mut found = BTreeSet::new();
        for (name, prepare) in INSTRUCTIONS {
            let [mut world, mut other] = rollups(build);
            world.airdrop(&key_of(&keypair(PAYER)), SOL);
            world.airdrop(&address(77), SOL);
            let prepared = prepare(&mut world);
            other.svm = world.svm.clone();
            let (foreign, _) = prepare(&mut other);
            world.svm = other.svm.clone();
            for (place, spoil) in accepted(&world, &prepared, &foreign) {
                found.insert(format!("{name} {place} {spoil:?}"));
            }
        }
        let named = |free: &Free| {
            let Free { instruction, place, why, .. } = *free;
            assert!(!why.is_empty(), "{instruction} {place}");
            free.spoils.iter().map(move |spoil| format!("{instruction} {place} {spoil:?}"))
        };
        let expected: BTreeSet<String> = FREE.iter().flat_map(named).collect();
        let more: Vec<_> = found.difference(&expected).collect();
        let fewer: Vec<_> = expected.difference(&found).collect();
        assert!(more.is_empty() && fewer.is_empty(), "accepted: {more:#?}, refused: {fewer:#?}");
    }
}
