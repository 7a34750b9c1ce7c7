//! Random sequences of transactions by ten accounts: `curvevm` and the reference give the same outcome or the same error, and have
//! the same state.

mod support;

use curvevm::module::Module;
use curvevm_reference::{
    random::{self, Choices, Seeded},
    world::{World, owner},
};
use support::{for_seeds, world};

/// Operations in a sequence.
const OPERATIONS: usize = 240;

/// Runs a sequence over curves of `modules` and of random ones.
fn sequence(choices: &mut Seeded, modules: &[Module]) -> Result<(), String> {
    let mut world = world();
    set_up(choices, &mut world, modules)?;
    for index in 0..OPERATIONS {
        world.random_step(choices).map_err(|error| format!("operation {index}: {error}"))?;
        world.model.compare(&world.tree).map_err(|error| format!("operation {index}: {error}"))?;
    }
    Ok(())
}

fn set_up(choices: &mut Seeded, world: &mut World, modules: &[Module]) -> Result<(), String> {
    for module in modules {
        world.publish(module)?.ok_or("the module is refused")?;
    }
    while world.modules.len() < 3 {
        let partner = choices.once_in(2).then(|| owner(2));
        let module = random::module(choices, partner);
        world.publish(&module)?;
        let module = random::broken(choices, &module);
        world.publish(&module)?;
    }
    for (salt, module) in (100..).zip(world.modules.clone()) {
        world.launch(&owner(1), module, salt)?;
    }
    world.model.compare(&world.tree)
}

#[test]
fn machines_agree_on_random_modules() {
    for_seeds(40, |choices| sequence(choices, &[]));
}

#[test]
fn machines_agree_on_the_templates() {
    for (name, template) in curvevm::templates::ALL {
        for_seeds(6, |choices| {
            sequence(choices, &[template()]).map_err(|error| format!("{name}: {error}"))
        });
    }
}

/// Sequences hold messages of every kind with every outcome.
#[test]
fn sequences_reach_every_outcome_of_messages() {
    let mut received = std::collections::BTreeSet::new();
    for seed in 0..12 {
        let mut choices = Seeded::new(seed);
        let mut world = world();
        set_up(&mut choices, &mut world, &[curvevm::templates::pump_fun()]).unwrap();
        for _ in 0..OPERATIONS {
            world.random_step(&mut choices).unwrap();
        }
        received.append(&mut world.received);
    }
    let all = [
        ("deposit", "rejected"),
        ("deposit", "succeeded"),
        ("deposit of tokens", "rejected"),
        ("deposit of tokens", "succeeded"),
        ("transaction", "failed"),
        ("transaction", "rejected"),
        ("transaction", "succeeded"),
    ];
    assert_eq!(received.into_iter().collect::<Vec<_>>(), all);
}
