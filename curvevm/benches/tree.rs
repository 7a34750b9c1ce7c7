//! How long a segment's writes keep the state tree busy, and what hashing in lanes gives.
//!
//! `tree_update/24_leaves_of_200_000` is a segment of 8 trades on a chain of some size: the writes, then the root. In
//! `…/shared` the tree is shared with an older version, as the first segment of a block finds it, so that paths are copied.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput};
use curvevm::{
    cell::{Account, Cell, Holding},
    host::{MESSAGES_AT_ONCE, sha256, sha256_each},
    tree::Tree,
    types::{AssetId, Base, Hash, Key, Quote},
};

/// A message of a branch.
const MESSAGE: usize = 65;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    hashes(&mut criterion);
    updates(&mut criterion, "24_leaves_of_200_000", 24, 200_000);
    updates(&mut criterion, "32_leaves_of_1_000_000", 32, 1_000_000);
    criterion.final_summary();
}

fn hashes(criterion: &mut Criterion) {
    let messages = [[7u8; MESSAGE]; MESSAGES_AT_ONCE];
    let mut group = criterion.benchmark_group("sha256_of_65_bytes");
    group.throughput(Throughput::Elements(MESSAGES_AT_ONCE as u64));
    group.bench_function("one_by_one", |bencher| {
        bencher.iter(|| -> Vec<Hash> {
            black_box(&messages).iter().map(|message| sha256(&[message])).collect()
        });
    });
    group.bench_function("each", |bencher| {
        bencher.iter(|| sha256_each(black_box(&messages)));
    });
    group.finish();
}

fn updates(criterion: &mut Criterion, name: &str, leaves: usize, cells: u64) {
    let mut tree = Tree::new();
    write(&mut tree, (0..cells).map(|index| (key(index), cell(index, index))));
    let mut random = Random(1);
    let mut writes = || -> Vec<(Key, Cell)> {
        let random = &mut random;
        (0..leaves)
            .map(|_| {
                let index = random.next() % cells;
                (key(index), cell(index, random.next()))
            })
            .collect()
    };
    let mut group = criterion.benchmark_group("tree_update");
    group.bench_function(name, |bencher| {
        bencher.iter_batched(&mut writes, |writes| write(&mut tree, writes), BatchSize::SmallInput);
    });
    group.bench_function(format!("{name}/shared"), |bencher| {
        bencher.iter_batched(
            || (tree.clone(), writes()),
            |(mut shared, writes)| {
                write(&mut shared, writes);
                shared
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn write(tree: &mut Tree, writes: impl IntoIterator<Item = (Key, Cell)>) -> Hash {
    for (key, cell) in writes {
        tree.put(key, cell).expect("the tree is whole");
    }
    tree.root()
}

fn key(index: u64) -> Key {
    Key::new(sha256(&[&index.to_le_bytes()]).to_bytes())
}

/// Accounts and holdings by turns.
fn cell(index: u64, amount: u64) -> Cell {
    if index.is_multiple_of(2) {
        let balances = vec![(AssetId::SOL, Quote::new(amount))];
        Cell::Account(Account { balances, ..Account::default() })
    } else {
        Cell::Holding(Holding { version: 0, amount: Base::new(amount) })
    }
}

/// A linear congruential generator (Knuth's MMIX), so that runs are alike.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}
