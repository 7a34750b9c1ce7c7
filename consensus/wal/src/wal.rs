//! The log: open, append, rotate.

use crate::error::WalError;
use crate::frame;
use crate::segment::{HEAD_BYTES, SegmentHead};
use asset_consensus::{ChainId, DurableState, PublicKey, Record};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

const LOCK_NAME: &str = "lock";
const SEGMENT_SUFFIX: &str = ".wal";
const TEMPORARY_SUFFIX: &str = ".tmp";
/// A segment is also given this many times the size of its snapshot before it is rotated, so that
/// rotation writes a small part of all bytes whatever the size of the state.
const SNAPSHOT_FACTOR: u64 = 4;

/// Where the log is and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalConfig {
    /// The folder of the log and of nothing else. It is created if it is missing.
    pub dir: PathBuf,
    /// The chain of the votes.
    pub chain: ChainId,
    /// The key of the votes.
    pub key: PublicKey,
    /// The size at which a segment is replaced by its fold, in bytes.
    pub segment_bytes_max: u64,
}

/// An open log.
#[derive(Debug)]
pub struct Wal {
    config: WalConfig,
    /// Held, not read: the operating system releases it when the process ends, however it ends.
    _lock: File,
    file: File,
    path: PathBuf,
    number: u64,
    sequence: u64,
    bytes: u64,
    snapshot_bytes: u64,
    state: DurableState,
    poisoned: bool,
}

impl Wal {
    /// Opens the log, or creates it, and folds what is in it. A last write that a crash cut short
    /// is removed.
    ///
    /// # Errors
    ///
    /// Where another process has it, it belongs to somebody else, or it is damaged.
    pub fn open(config: WalConfig) -> Result<Self, WalError> {
        fs::create_dir_all(&config.dir).map_err(WalError::io("create", &config.dir))?;
        let lock = lock(&config.dir)?;
        let segments = segments(&config.dir)?;
        let Some((number, path)) = segments.last().cloned() else {
            return Self::create(config, lock);
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(WalError::io("open", &path))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(WalError::io("read", &path))?;
        let head = check_head(&bytes, &config, number, &path)?;
        let scan = frame::scan(&bytes[HEAD_BYTES..], head.sequence).map_err(|fault| {
            let offset = (HEAD_BYTES + fault.offset) as u64;
            WalError::Corrupt { path: path.clone(), offset, what: fault.what }
        })?;
        if scan.frames.is_empty() {
            // The first frame was durable before the segment got its name.
            let (offset, what) = (HEAD_BYTES as u64, "no snapshot");
            return Err(WalError::Corrupt { path, offset, what });
        }
        let length = (HEAD_BYTES + scan.valid_bytes) as u64;
        cut_off(&mut file, length, bytes.len() as u64).map_err(WalError::io("truncate", &path))?;
        remove_others(&config.dir, &path)?;
        let sequence = head.sequence + scan.frames.len() as u64;
        let mut state = DurableState::default();
        scan.frames.into_iter().flatten().for_each(|record| state.fold(record));
        Ok(Self {
            config,
            _lock: lock,
            file,
            path,
            number,
            sequence,
            bytes: length,
            snapshot_bytes: 0,
            state,
            poisoned: false,
        })
    }

    /// The fold of everything that is durable.
    pub const fn state(&self) -> &DurableState {
        &self.state
    }

    /// Appends the records of one group commit, in order, and makes them durable. When it returns,
    /// what waited for any of these batches may be sent.
    ///
    /// # Errors
    ///
    /// Where writing failed, now or before. Nothing may be sent that waited for these records.
    pub fn append(&mut self, records: Vec<Record>) -> Result<(), WalError> {
        if self.poisoned {
            return Err(WalError::Poisoned { path: self.path.clone() });
        }
        if records.is_empty() {
            return Ok(());
        }
        self.poisoned = true;
        self.write(&records)?;
        records.into_iter().for_each(|record| self.state.fold(record));
        if self.bytes > self.config.segment_bytes_max.max(self.snapshot_bytes * SNAPSHOT_FACTOR) {
            self.rotate()?;
        }
        self.poisoned = false;
        Ok(())
    }

    fn write(&mut self, records: &[Record]) -> Result<(), WalError> {
        let mut bytes = Vec::new();
        encode(self.sequence, records, &mut bytes, &self.path)?;
        self.file.write_all(&bytes).map_err(WalError::io("append to", &self.path))?;
        self.file.sync_data().map_err(WalError::io("sync", &self.path))?;
        self.sequence += 1;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn rotate(&mut self) -> Result<(), WalError> {
        let number = self.number + 1;
        let created = write_segment(&self.config, number, self.sequence, &self.state)?;
        (self.file, self.path, self.bytes) = created;
        self.number = number;
        self.sequence += 1;
        self.snapshot_bytes = self.bytes;
        remove_others(&self.config.dir, &self.path)
    }

    fn create(config: WalConfig, lock: File) -> Result<Self, WalError> {
        let state = DurableState::default();
        let (file, path, bytes) = write_segment(&config, 0, 0, &state)?;
        remove_others(&config.dir, &path)?;
        Ok(Self {
            config,
            _lock: lock,
            file,
            path,
            number: 0,
            sequence: 1,
            bytes,
            snapshot_bytes: bytes,
            state,
            poisoned: false,
        })
    }
}

fn encode(
    sequence: u64,
    records: &[Record],
    out: &mut Vec<u8>,
    path: &Path,
) -> Result<(), WalError> {
    frame::encode(sequence, records, out).ok_or_else(|| {
        let source = std::io::Error::from(std::io::ErrorKind::FileTooLarge);
        WalError::Io { action: "fit a frame into", path: path.to_path_buf(), source }
    })
}

/// Writes a segment that begins with the fold of all before it. It has its name only once it is
/// durable.
fn write_segment(
    config: &WalConfig,
    number: u64,
    sequence: u64,
    state: &DurableState,
) -> Result<(File, PathBuf, u64), WalError> {
    let path = config.dir.join(format!("{number:016x}{SEGMENT_SUFFIX}"));
    let temporary = path.with_extension(&TEMPORARY_SUFFIX[1..]);
    let head = SegmentHead { chain: config.chain, key: config.key, number, sequence };
    let mut bytes = head.encode().to_vec();
    encode(sequence, &state.to_records(), &mut bytes, &path)?;
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&temporary)
        .map_err(WalError::io("create", &temporary))?;
    file.write_all(&bytes).map_err(WalError::io("write", &temporary))?;
    file.sync_all().map_err(WalError::io("sync", &temporary))?;
    fs::rename(&temporary, &path).map_err(WalError::io("rename", &temporary))?;
    sync_dir(&config.dir)?;
    Ok((file, path, bytes.len() as u64))
}

fn check_head(
    bytes: &[u8],
    config: &WalConfig,
    number: u64,
    path: &Path,
) -> Result<SegmentHead, WalError> {
    let head = SegmentHead::decode(bytes, path)?;
    let path = path.to_path_buf();
    if head.chain != config.chain {
        return Err(WalError::WrongChain { path, found: head.chain, expected: config.chain });
    }
    if head.key != config.key {
        return Err(WalError::WrongKey { path, found: head.key, expected: config.key });
    }
    if head.number != number {
        return Err(WalError::Corrupt { path, offset: 0, what: "segment number" });
    }
    Ok(head)
}

fn cut_off(file: &mut File, length: u64, found: u64) -> std::io::Result<()> {
    if length < found {
        file.set_len(length)?;
        file.sync_all()?;
    }
    file.seek(SeekFrom::Start(length)).map(|_| ())
}

fn lock(dir: &Path) -> Result<File, WalError> {
    let path = dir.join(LOCK_NAME);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(WalError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(WalError::Locked { path }),
        Err(TryLockError::Error(source)) => Err(WalError::Io { action: "lock", path, source }),
    }
}

/// The segments of a folder, ascending.
fn segments(dir: &Path) -> Result<Vec<(u64, PathBuf)>, WalError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(WalError::io("list", dir))? {
        let path = entry.map_err(WalError::io("list", dir))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = name.strip_suffix(SEGMENT_SUFFIX);
        if let Some(number) = number.and_then(|number| u64::from_str_radix(number, 16).ok()) {
            found.push((number, path));
        }
    }
    found.sort();
    Ok(found)
}

/// Removes what rotation left behind: older segments and unfinished ones.
fn remove_others(dir: &Path, live: &Path) -> Result<(), WalError> {
    for entry in fs::read_dir(dir).map_err(WalError::io("list", dir))? {
        let path = entry.map_err(WalError::io("list", dir))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let ours = name.ends_with(SEGMENT_SUFFIX) || name.ends_with(TEMPORARY_SUFFIX);
        if ours && path != live {
            fs::remove_file(&path).map_err(WalError::io("remove", &path))?;
        }
    }
    sync_dir(dir)
}

fn sync_dir(dir: &Path) -> Result<(), WalError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(WalError::io("sync", dir))
}
