//! Whatever a peer or an account can hold is decoded or refused, and what was decoded encodes to the same bytes.
#![no_main]

use curvevm::{
    block::BlockBody, cell::Cell, codec, inbox::InboxMessage, module::Module, tree::Tree,
    tx::Transaction, types::Hash,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((kind, bytes)) = input.split_first() else { return };
    match kind % 7 {
        0 => {
            if let Ok(transaction) = Transaction::decode(bytes) {
                assert_eq!(transaction.encode(), bytes);
                let _admitted_or_not = transaction.admit(&Hash::ZERO, codec::CHUNK_BYTES_MAX);
            }
        }
        1 => {
            if let Ok(segments) = codec::decode_chunk(bytes) {
                let (before, after) = codec::chunk_tips(bytes).unwrap();
                assert_eq!(segments.first().map(|first| first.pre_root), Some(before.root));
                assert_eq!(segments.last().map(|last| last.post_root), Some(after.root));
                for placed in segments {
                    assert!(placed.segment.is_well_formed());
                    assert_eq!(codec::decode_segment(bytes, placed.offset), Ok(placed));
                }
            }
        }
        2 => {
            if let Ok(mut tree) = Tree::from_witness(bytes) {
                let mut cells = Vec::new();
                tree.for_each(|key, _| cells.push(*key));
                for key in &cells {
                    assert!(tree.get(key).is_ok());
                }
                tree.root();
            }
        }
        3 => round_trip::<Cell>(bytes),
        4 => round_trip::<Module>(bytes),
        5 => round_trip::<InboxMessage>(bytes),
        _ => round_trip::<BlockBody>(bytes),
    }
});

fn round_trip<T: borsh::BorshDeserialize + borsh::BorshSerialize>(bytes: &[u8]) {
    if let Ok(value) = borsh::from_slice::<T>(bytes) {
        assert_eq!(borsh::to_vec(&value).unwrap(), bytes);
    }
}
