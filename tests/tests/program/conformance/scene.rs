//! The chain of the scenarios.

use super::super::support::{
    address, genesis,
    scene::{Scene, TREASURY},
};

/// A chain of users 0 to 2, of the treasury and of a partner (91).
pub(super) fn scene() -> Scene {
    let mut scene = Scene::new(&genesis());
    for user in [0, 1, 2, TREASURY, 91] {
        scene.fund(&address(user));
    }
    scene
}
