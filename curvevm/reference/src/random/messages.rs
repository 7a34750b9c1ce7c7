//! Random deposits, and bytes that are changed on their way.

use curvevm::{
    inbox::MessageKind,
    types::{Address, AssetId, Base, CurveId, Quote},
};

use super::{Choices, pick};
use crate::world::{ACCOUNTS, OTHER_ASSET, World, owner};

/// A deposit to an account or to a stranger. What is credited of tokens has left the chain before; what has not cannot be credited.
pub fn deposit(choices: &mut dyn Choices, world: &World) -> MessageKind {
    let mut owners: Vec<_> = (0..ACCOUNTS).map(owner).collect();
    owners.push(Address::new([99; 32]));
    let recipient = *pick(choices, &owners);
    if choices.once_in(2) {
        let assets = [AssetId::SOL, OTHER_ASSET, AssetId::new([3; 32])];
        let asset = *pick(choices, &assets);
        let held = world.model.accounts.get(&recipient);
        let held = held.is_some_and(|account| account.balances.contains_key(&asset));
        // One that passes the limits, where there is something.
        let too_much = held && choices.once_in(8);
        let amount = if too_much { u64::MAX } else { choices.magnitude(1 << 40) };
        return MessageKind::Deposit { asset, amount: Quote::new(amount), recipient };
    }
    let curves: Vec<_> = world.model.curves.keys().copied().collect();
    if curves.is_empty() || choices.once_in(8) {
        let (curve, amount) = (CurveId::new([3; 32]), Base::new(choices.magnitude(u64::MAX)));
        return MessageKind::DepositBase { curve, amount, recipient };
    }
    let outside: Vec<_> = curves.iter().filter(|curve| world.outside(curve) > 0).copied().collect();
    let curve = *pick(choices, if outside.is_empty() { &curves } else { &outside });
    let too_much = world.model.held(&curve, &recipient) > 0 && choices.once_in(8);
    let most = world.outside(&curve);
    let amount = if too_much { u64::MAX } else { choices.between(0, most) };
    MessageKind::DepositBase { curve, amount: Base::new(amount), recipient }
}

/// The bytes, sometimes cut, longer or with one of them changed.
pub fn corrupt(choices: &mut dyn Choices, mut bytes: Vec<u8>) -> Vec<u8> {
    let at = |choices: &mut dyn Choices, bytes: &[u8]| {
        usize::try_from(choices.below(bytes.len() as u64)).unwrap_or(0)
    };
    match choices.below(12) {
        0 => {
            let length = at(choices, &bytes);
            bytes.truncate(length);
        }
        1 => bytes.push(0),
        2 | 3 => {
            let at = at(choices, &bytes);
            bytes[at] ^= 1 << choices.below(8);
        }
        4 => {
            // A length prefix, perhaps.
            let at = at(choices, &bytes);
            bytes[at..].iter_mut().take(4).for_each(|byte| *byte = 0xff);
        }
        _ => {}
    }
    bytes
}
