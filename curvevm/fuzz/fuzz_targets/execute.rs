//! `curvevm` against the reference: random modules and transactions out of the input, and the same outcome, error and state.
#![no_main]

use curvevm_reference::{
    random::{self, Bytes, Choices},
    world::{World, owner},
};
use libfuzzer_sys::fuzz_target;

/// Transactions of one input.
const OPERATIONS_MAX: usize = 200;

fuzz_target!(|input: &[u8]| {
    let mut choices = Bytes(input);
    if let Err(error) = run(&mut choices) {
        panic!("{error}");
    }
});

fn run(choices: &mut Bytes<'_>) -> Result<(), String> {
    let mut world = World::new()?;
    for salt in 100..102 {
        let partner = choices.once_in(2).then(|| owner(2));
        let mut module = random::module(choices, partner);
        if choices.once_in(4) {
            module = random::broken(choices, &module);
        }
        if let Some(hash) = world.publish(&module)? {
            world.launch(&owner(1), hash, salt)?;
        }
    }
    for _ in 0..OPERATIONS_MAX {
        if choices.is_empty() {
            break;
        }
        world.random_step(choices)?;
    }
    world.model.compare(&world.tree)
}
