//! What a cell is of, and its key.
//!
//! A key is a SHA-256 digest of its name, and for a trade on cells in memory that is most of the work where the processor has no
//! instructions for it. The names of curves, modules and busy accounts come again and again, so that natively each thread keeps the
//! keys that it derived last. A key is a function of its name alone: what is kept never shows in a result.

use crate::{
    cell::{Account, Chain, Curve, Holding, Pool, Rules, Session, Stake, Withdrawal},
    module::Module,
    types::{Address, CurveId, Hash, Key},
};

/// What a cell is of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Chain,
    Rules,
    Account(Address),
    Holding(CurveId, Address),
    Curve(CurveId),
    Module(Hash),
    Pool(CurveId),
    Stake(CurveId, Address),
    /// Of an owner, by a key.
    Session(Address, Address),
    Withdrawal(u64),
}

impl Name {
    /// The key.
    pub(super) fn key(&self) -> Key {
        #[cfg(feature = "std")]
        return memo::key(self);
        #[cfg(not(feature = "std"))]
        self.derive()
    }

    fn derive(&self) -> Key {
        match self {
            Self::Chain => Chain::key(),
            Self::Rules => Rules::key(),
            Self::Account(owner) => Account::key(owner),
            Self::Holding(curve, owner) => Holding::key(curve, owner),
            Self::Curve(curve) => Curve::key(curve),
            Self::Module(hash) => Module::key(hash),
            Self::Pool(curve) => Pool::key(curve),
            Self::Stake(curve, owner) => Stake::key(curve, owner),
            Self::Session(owner, session) => Session::key(owner, session),
            Self::Withdrawal(index) => Withdrawal::key(*index),
        }
    }
}

#[cfg(feature = "std")]
mod memo {
    //! The keys that a thread derived last.

    use core::cell::RefCell;
    use std::{thread_local, vec, vec::Vec};

    use super::{Key, Name};

    /// Keys that are kept, a power of two: half a megabyte.
    const SLOTS: usize = 4_096;

    thread_local! {
        static KEYS: RefCell<Vec<Option<(Name, Key)>>> = RefCell::new(vec![None; SLOTS]);
    }

    /// The key of `name`, taken from its slot or derived into it.
    pub(super) fn key(name: &Name) -> Key {
        KEYS.with_borrow_mut(|slots| match slots.get_mut(slot(name)) {
            Some(Some((known, key))) if known == name => *key,
            Some(slot) => slot.insert((*name, name.derive())).1,
            None => name.derive(),
        })
    }

    /// Names of different kinds and of the same ids are spread by a number of the kind.
    fn slot(name: &Name) -> usize {
        let (kind, first, second): (u64, &[u8], &[u8]) = match name {
            Name::Chain => (0, &[], &[]),
            Name::Rules => (1, &[], &[]),
            Name::Account(owner) => (2, owner.as_ref(), &[]),
            Name::Holding(curve, owner) => (3, curve.as_ref(), owner.as_ref()),
            Name::Curve(curve) => (4, curve.as_ref(), &[]),
            Name::Module(hash) => (5, hash.as_ref(), &[]),
            Name::Pool(curve) => (6, curve.as_ref(), &[]),
            Name::Stake(curve, owner) => (7, curve.as_ref(), owner.as_ref()),
            Name::Session(owner, session) => (8, owner.as_ref(), session.as_ref()),
            Name::Withdrawal(index) => (9 ^ (index << 8), &[], &[]),
        };
        // Multiplying by an odd number carries every bit up; the upper ones choose the slot.
        let mixed =
            (kind ^ word(first) ^ word(second).rotate_left(23)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        usize::try_from(mixed >> 52).unwrap_or(0)
    }

    /// The first bytes of an id.
    fn word(bytes: &[u8]) -> u64 {
        bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    #[cfg(test)]
    mod tests {
        use super::{Name, SLOTS, key, slot};
        use crate::types::{Address, CurveId};

        /// Twice as many names as slots, so that every slot is taken by several: the key stays that of the name.
        #[test]
        fn a_key_is_that_of_its_name_whatever_is_kept() {
            assert_eq!(SLOTS, 1 << 12);
            for round in 0..3u64 {
                for index in 0..SLOTS as u64 {
                    let mut id = [0; 32];
                    id[..8].copy_from_slice(&index.to_le_bytes());
                    let (curve, owner) = (CurveId::new(id), Address::new(id));
                    for name in [Name::Curve(curve), Name::Holding(curve, owner)] {
                        assert!(slot(&name) < SLOTS);
                        assert_eq!(key(&name), name.derive(), "{round} {index}");
                    }
                }
            }
        }

        #[test]
        fn kinds_of_the_same_ids_are_told_apart() {
            let (curve, owner) = (CurveId::new([5; 32]), Address::new([5; 32]));
            let names = [
                Name::Holding(curve, owner),
                Name::Stake(curve, owner),
                Name::Session(owner, owner),
                Name::Curve(curve),
                Name::Pool(curve),
                Name::Account(owner),
                Name::Withdrawal(5),
                Name::Withdrawal(6),
            ];
            for _ in 0..2 {
                let keys: std::collections::BTreeSet<_> = names.iter().map(key).collect();
                assert_eq!(keys.len(), names.len());
            }
        }
    }
}
