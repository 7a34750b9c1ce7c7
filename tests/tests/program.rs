//! Tests of the AssetRollup program on LiteSVM, one file for each instruction, each test on both builds (sBPF v0 and v3).
//!
//! The `.so` files come from `programs/artifacts`, or from the folder in `ASSET_ROLLUP_SO_DIR`.

/// Runs each function once for each build of the program, as a test in the module of that build.
macro_rules! on_each_build {
    ($($(#[doc = $doc:literal])* fn $name:ident($build:ident: Build) $body:block)*) => {
        $($(#[doc = $doc])* fn $name($build: $crate::program::support::Build) $body)*

        mod v0 {
            $(#[test] fn $name() { super::$name($crate::program::support::Build::V0); })*
        }

        mod v3 {
            $(#[test] fn $name() { super::$name($crate::program::support::Build::V3); })*
        }
    };
}

mod program {
    mod accounts;
    mod authority;
    mod begin_unbond;
    mod challenge_units;
    mod close_batch;
    mod close_data;
    mod close_message;
    mod close_verdict;
    mod commit_batch;
    mod compute_units;
    mod conformance;
    mod create_mint;
    mod deposit_sol;
    mod deposit_token;
    mod differential;
    mod dishonest;
    mod finalize_batch;
    mod finish_unbond;
    mod force_transaction;
    mod initialize;
    mod meter;
    mod post_data;
    mod register_member;
    mod replay_segment;
    mod report_equivocation;
    mod rotate_committee;
    mod sequences;
    mod signatures;
    mod slash;
    mod support;
    mod takeover;
    mod withdraw;
    mod withdraw_token;
    mod witness;
}
