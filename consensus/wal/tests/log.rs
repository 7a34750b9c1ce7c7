//! The log against restarts, truncation and flipped bytes at every position, foreign owners and a
//! second process.

use asset_consensus::{
    Block, BlockId, Cert1, ChainId, DurableState, Epoch, Height, MemberIx, MemberSignature,
    PublicKey, Record, SealedBlock, Signature, View,
};
use asset_consensus_wal::{Wal, WalConfig, WalError};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const CHAIN: ChainId = ChainId::new([1; 32]);
const KEY: PublicKey = PublicKey([2; 32]);

fn config(dir: &Path) -> WalConfig {
    let dir = dir.to_path_buf();
    WalConfig { dir, chain: CHAIN, key: KEY, segment_bytes_max: 1 << 20 }
}

fn cert(view: u64) -> Cert1 {
    let member = |index: u16| MemberSignature {
        member: MemberIx::new(index),
        signature: Signature([index as u8 + 1; 64]),
    };
    Cert1 {
        epoch: Epoch::new(1),
        view: View::new(view),
        height: Height::new(view),
        block: BlockId::new([view as u8; 32]),
        signatures: (0..1).map(member).collect(),
    }
}

/// What a member writes in a view.
fn group(view: u64) -> Vec<Record> {
    let (at, height) = (View::new(view), Height::new(view));
    let payload = (0..8).map(|byte| byte as u8 ^ view as u8 | 1).collect();
    let parent = BlockId::new([view as u8; 32]);
    let block = SealedBlock::seal(Block { height, parent, settlement: None, payload }, &CHAIN);
    let id = block.id();
    vec![
        Record::Block(block),
        Record::Vote1 { view: at, height, block: id },
        Record::Vote2 { view: at, height, block: id, settlement: None },
        Record::Lock(cert(view)),
    ]
}

fn fold(groups: impl IntoIterator<Item = Vec<Record>>) -> DurableState {
    let mut state = DurableState::default();
    groups.into_iter().flatten().for_each(|record| state.fold(record));
    state
}

/// A closed log of three groups: its only file, and where each group ends in it.
fn written(dir: &TempDir) -> (PathBuf, Vec<u64>) {
    let mut wal = Wal::open(config(dir.path())).unwrap();
    let path = segment(dir.path());
    let mut ends = vec![fs::metadata(&path).unwrap().len()];
    for view in 1..=3 {
        wal.append(group(view)).unwrap();
        ends.push(fs::metadata(&path).unwrap().len());
    }
    (path, ends)
}

fn segment(dir: &Path) -> PathBuf {
    let paths: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    let mut segments = paths.into_iter().filter(|path| path.extension() == Some("wal".as_ref()));
    let path = segments.next().expect("a segment");
    assert_eq!(segments.next(), None, "one live segment");
    path
}

#[test]
fn reopens_with_what_was_appended() {
    let dir = TempDir::new().unwrap();
    written(&dir);
    let mut wal = Wal::open(config(dir.path())).unwrap();
    assert_eq!(*wal.state(), fold((1..=3).map(group)));
    wal.append(group(4)).unwrap();
    drop(wal);
    assert_eq!(*Wal::open(config(dir.path())).unwrap().state(), fold((1..=4).map(group)));
}

#[test]
fn truncation_at_every_byte_loses_only_what_was_cut() {
    let dir = TempDir::new().unwrap();
    let (path, ends) = written(&dir);
    let whole = fs::read(&path).unwrap();
    for length in 0..=whole.len() as u64 {
        fs::write(&path, &whole[..length as usize]).unwrap();
        let opened = Wal::open(config(dir.path()));
        if length < ends[0] {
            // The first frame was durable before the segment had its name.
            assert!(matches!(opened, Err(WalError::Corrupt { .. })), "length {length}");
            continue;
        }
        let groups = ends[1..].iter().filter(|end| **end <= length).count() as u64;
        let mut wal = opened.unwrap();
        assert_eq!(*wal.state(), fold((1..=groups).map(group)), "length {length}");
        assert_eq!(fs::metadata(&path).unwrap().len(), ends[groups as usize]);
        if length % 16 != 0 {
            continue;
        }
        // The log goes on from there.
        wal.append(group(9)).unwrap();
        drop(wal);
        let expected = fold((1..=groups).chain([9]).map(group));
        assert_eq!(*Wal::open(config(dir.path())).unwrap().state(), expected);
    }
}

#[test]
fn a_flip_of_any_byte_is_refused() {
    let dir = TempDir::new().unwrap();
    let (path, _) = written(&dir);
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x41;
        fs::write(&path, &damaged).unwrap();
        let error = Wal::open(config(dir.path())).expect_err("a durable byte changed");
        assert!(matches!(error, WalError::Corrupt { .. }), "byte {at}: {error}");
        assert_eq!(fs::read(&path).unwrap(), damaged, "a refused log is left as it is");
    }
}

#[test]
fn a_file_that_grew_without_its_bytes_is_a_cut_off_write() {
    let dir = TempDir::new().unwrap();
    let (path, ends) = written(&dir);
    let mut bytes = fs::read(&path).unwrap();
    // The header of the last frame arrived, its body did not.
    let body_at = ends[2] as usize + asset_consensus_wal::frame::FRAME_HEADER_BYTES;
    bytes[body_at..].fill(0);
    fs::write(&path, &bytes).unwrap();
    assert_eq!(*Wal::open(config(dir.path())).unwrap().state(), fold((1..=2).map(group)));
    bytes[ends[2] as usize..].fill(0);
    fs::write(&path, &bytes).unwrap();
    assert_eq!(*Wal::open(config(dir.path())).unwrap().state(), fold((1..=2).map(group)));
}

#[test]
fn an_unwritten_body_before_the_last_frame_is_corruption() {
    let dir = TempDir::new().unwrap();
    let (path, ends) = written(&dir);
    let mut bytes = fs::read(&path).unwrap();
    let body_at = ends[1] as usize + asset_consensus_wal::frame::FRAME_HEADER_BYTES;
    bytes[body_at..ends[2] as usize].fill(0);
    fs::write(&path, &bytes).unwrap();
    let error = Wal::open(config(dir.path())).expect_err("a durable frame is gone");
    assert!(matches!(error, WalError::Corrupt { what: "frame body", .. }), "{error}");
}

#[test]
fn rotation_keeps_the_fold_and_bounds_the_size() {
    let dir = TempDir::new().unwrap();
    let config = WalConfig { segment_bytes_max: 2_000, ..config(dir.path()) };
    let mut wal = Wal::open(config.clone()).unwrap();
    let mut expected = DurableState::default();
    for view in 1..=200 {
        let mut records = group(view);
        records.push(Record::Applied(Height::new(view.saturating_sub(2))));
        records.iter().cloned().for_each(|record| expected.fold(record));
        wal.append(records).unwrap();
        let size = fs::metadata(segment(dir.path())).unwrap().len();
        assert!(size < 6_000, "view {view}: {size} bytes");
    }
    assert_eq!(*wal.state(), expected);
    drop(wal);
    assert_ne!(segment(dir.path()).file_name().unwrap(), "0000000000000000.wal");
    assert_eq!(*Wal::open(config).unwrap().state(), expected);
}

#[test]
fn leftovers_of_a_rotation_are_removed() {
    let dir = TempDir::new().unwrap();
    let (path, _) = written(&dir);
    let newer = {
        // A crash after the rename and before the old segment was removed.
        let other = TempDir::new().unwrap();
        let small = WalConfig { segment_bytes_max: 1, ..config(other.path()) };
        let mut wal = Wal::open(small).unwrap();
        for view in 1..=9 {
            wal.append(group(view)).unwrap();
        }
        let path = segment(other.path());
        (path.file_name().unwrap().to_owned(), fs::read(path).unwrap(), wal.state().clone())
    };
    fs::write(dir.path().join(&newer.0), &newer.1).unwrap();
    // A crash before the rename.
    fs::write(dir.path().join("00000000000000ff.tmp"), b"half").unwrap();
    let wal = Wal::open(config(dir.path())).unwrap();
    assert_eq!(*wal.state(), newer.2);
    assert!(!path.exists() && !dir.path().join("00000000000000ff.tmp").exists());
}

#[test]
fn refuses_a_second_process() {
    let dir = TempDir::new().unwrap();
    let first = Wal::open(config(dir.path())).unwrap();
    let error = Wal::open(config(dir.path())).expect_err("the log is open");
    assert!(matches!(error, WalError::Locked { .. }), "{error}");
    drop(first);
    Wal::open(config(dir.path())).expect("the log is free");
}

#[test]
fn refuses_the_log_of_another_chain_or_key() {
    let dir = TempDir::new().unwrap();
    written(&dir);
    let chain = WalConfig { chain: ChainId::new([3; 32]), ..config(dir.path()) };
    assert!(matches!(Wal::open(chain), Err(WalError::WrongChain { .. })));
    let key = WalConfig { key: PublicKey([3; 32]), ..config(dir.path()) };
    assert!(matches!(Wal::open(key), Err(WalError::WrongKey { .. })));
}

#[test]
fn refuses_another_format_version() {
    let dir = TempDir::new().unwrap();
    let (path, _) = written(&dir);
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] = 2;
    let crc = crc32c::crc32c(&bytes[..90]).to_le_bytes();
    bytes[90..94].copy_from_slice(&crc);
    fs::write(&path, &bytes).unwrap();
    let error = Wal::open(config(dir.path())).expect_err("another version");
    assert!(matches!(error, WalError::Version { found: 2, expected: 1, .. }), "{error}");
}

#[test]
fn takes_no_more_after_a_failed_write() {
    let dir = TempDir::new().unwrap();
    let mut wal = Wal::open(WalConfig { segment_bytes_max: 1, ..config(dir.path()) }).unwrap();
    // Rotation cannot create its file any more.
    fs::remove_dir_all(dir.path()).unwrap();
    let failed = (1..=20).find_map(|view| wal.append(group(view)).err());
    assert!(matches!(failed, Some(WalError::Io { .. })), "{failed:?}");
    assert!(matches!(wal.append(group(30)), Err(WalError::Poisoned { .. })));
}
