//! The state tree: roots of sets of cells, witnesses, and updates through them.

use curvevm::{
    cell::{Account, Cell, Chain, Holding, Withdrawal},
    program::Amount,
    tree::Tree,
    types::{AssetId, Base, CurveId, Key, Quote},
};
use serde_json::{Value, json};

use super::{
    vectors::{Suite, case},
    world::address,
};

pub(crate) const SUITE: Suite = Suite {
    name: "tree",
    about: "cells by key (hex) and their root; the witness of the keys to open, and what it says of each; the root after writes through it",
    sources: &[],
    cases,
    run,
};

type Cells = Vec<(Key, Cell)>;

fn holding(at: u64) -> Cell {
    Cell::Holding(Holding { version: 0, amount: Base::new(at) })
}

/// A key with some bits set, from the most significant on.
fn bits(set: &[usize]) -> Key {
    let mut key = [0u8; 32];
    for bit in set {
        key[bit / 8] |= 0x80 >> (bit % 8);
    }
    Key::new(key)
}

fn accounts(count: u8) -> Cells {
    let account = |user| {
        let balances = vec![(AssetId::SOL, Quote::new(1_000 + u64::from(user)))];
        (Account::key(&address(user)), Cell::Account(Account { balances, ..Account::default() }))
    };
    (0..count).map(account).collect()
}

fn entries(cells: &[(Key, Cell)]) -> Value {
    cells.iter().map(|(key, cell)| json!([key.to_string(), hex::encode(cell.encode())])).collect()
}

fn opened(name: &str, cells: &[(Key, Cell)], open: &[Key], writes: &[(Key, Cell)]) -> Value {
    let open: Vec<_> = open.iter().map(ToString::to_string).collect();
    let fields = json!({ "cells": entries(cells), "open": open, "writes": entries(writes) });
    case(name, fields)
}

fn cases() -> Vec<Value> {
    let mut cases = roots();
    cases.extend(witnesses());
    cases
}

fn roots() -> Vec<Value> {
    let mut cases = vec![
        opened("no cell", &[], &[], &[]),
        opened(
            "the chain's cell alone",
            &[(Chain::key(), Cell::Chain(Chain::default()))],
            &[],
            &[],
        ),
    ];
    for count in [2, 3, 4, 8, 17, 40] {
        cases.push(opened(&format!("{count} accounts"), &accounts(count), &[], &[]));
    }
    // Keys that part at one bit only.
    for parting in [0, 1, 7, 8, 63, 128, 254, 255] {
        let cells = [(bits(&[]), holding(1)), (bits(&[parting]), holding(2))];
        cases.push(opened(&format!("two keys that part at bit {parting}"), &cells, &[], &[]));
    }
    let three = [(bits(&[]), holding(1)), (bits(&[255]), holding(2)), (bits(&[0]), holding(3))];
    cases.push(opened("the deepest pair and a key on the other side", &three, &[], &[]));
    let mut turned = three;
    turned.reverse();
    cases.push(opened("the same, written in another order", &turned, &[], &[]));
    let withdrawals: Cells = (0..5)
        .map(|index| {
            let recipient = address(3);
            let amount = Amount::Quote(AssetId::SOL, Quote::new(index + 1));
            let withdrawal = Withdrawal { version: 0, index, amount, recipient };
            (Withdrawal::key(index), Cell::Withdrawal(withdrawal))
        })
        .collect();
    cases.push(opened("five withdrawals", &withdrawals, &[], &[]));
    cases
}

fn witnesses() -> Vec<Value> {
    let many = accounts(17);
    let key = |user: u8| Account::key(&address(user));
    let absent = |user: u8| Holding::key(&CurveId::new([5; 32]), &address(user));
    let put = |key: Key, at| (key, holding(at));
    let pair = [(bits(&[]), holding(1)), (bits(&[3]), holding(2))];
    let mut cases = vec![
        opened("an absent key of an empty tree", &[], &[key(0)], &[]),
        opened("a first cell", &[], &[key(0)], &[put(key(0), 1)]),
        opened("a member of one", &many[..1], &[key(0)], &[]),
        opened("an absent key beside one", &many[..1], &[key(1)], &[put(key(1), 9)]),
        opened("a key that splits a leaf deeply", &pair, &[bits(&[200])], &[put(bits(&[200]), 3)]),
        opened("a key at an empty place", &pair, &[bits(&[1])], &[put(bits(&[1]), 3)]),
        opened("all keys", &many, &(0..17).map(key).collect::<Vec<_>>(), &[]),
        opened("a key twice", &many, &[key(4), key(4)], &[put(key(4), 1), put(key(4), 2)]),
        opened("no key: the root alone", &many, &[], &[]),
        opened("a write of what is there", &many, &[key(2)], &many[2..3]),
    ];
    for user in 0..17 {
        let name = format!("member {user} of 17, replaced");
        cases.push(opened(&name, &many, &[key(user)], &[put(key(user), 77)]));
    }
    for user in 0..8 {
        let name = format!("an absent key beside 17, {user}, added");
        cases.push(opened(&name, &many, &[absent(user)], &[put(absent(user), 5)]));
    }
    let keys: Vec<_> = (0..6).map(key).chain((0..4).map(absent)).collect();
    let writes: Vec<_> = keys.iter().zip(1..).map(|(key, at)| put(*key, at)).collect();
    cases.push(opened("six members and four absent keys, all written", &many, &keys, &writes));
    cases
}

fn read(entry: &Value) -> (Key, Cell) {
    let decode = |at: usize| hex::decode(entry[at].as_str().unwrap()).unwrap();
    (Key::new(decode(0).try_into().unwrap()), borsh::from_slice(&decode(1)).unwrap())
}

fn read_all(case: &Value, field: &str) -> Cells {
    case[field].as_array().unwrap().iter().map(read).collect()
}

fn write_all(tree: &mut Tree, cells: &[(Key, Cell)]) -> String {
    for (key, cell) in cells {
        tree.put(*key, cell.clone()).unwrap();
    }
    tree.root().to_string()
}

fn run(case: &Value) -> Value {
    let mut whole = Tree::new();
    let root = write_all(&mut whole, &read_all(case, "cells"));
    let key =
        |text: &Value| Key::new(hex::decode(text.as_str().unwrap()).unwrap().try_into().unwrap());
    let open: Vec<_> = case["open"].as_array().unwrap().iter().map(key).collect();
    let witness = whole.witness(&open).unwrap();
    let mut pruned = Tree::from_witness(&witness).unwrap();
    assert_eq!(pruned.root().to_string(), root, "{case}");
    let found: Vec<_> = open
        .iter()
        .map(|key| {
            let cell = pruned.get(key).unwrap().map(|cell| hex::encode(cell.encode()));
            assert_eq!(cell, whole.get(key).unwrap().map(|cell| hex::encode(cell.encode())));
            cell
        })
        .collect();
    let writes = read_all(case, "writes");
    let after = write_all(&mut pruned, &writes);
    assert_eq!(after, write_all(&mut whole, &writes), "{case}");
    json!({ "root": root, "witness": hex::encode(witness), "found": found, "post_root": after })
}
