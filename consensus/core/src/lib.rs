//! The consensus protocol as a pure state machine: HotShot fast finality, rule set R2
