//! Frames: how records lie in a segment, and how a cut-off write is told from corruption.

use asset_consensus::Record;
use borsh::BorshDeserialize as _;

/// Bytes in front of a frame's body.
pub const FRAME_HEADER_BYTES: usize = 4 + 8 + 4 + 4;
/// Bytes of a frame's body.
pub const FRAME_BODY_BYTES_MAX: usize = 256 * 1024 * 1024;
/// The unit in which disks write: a write that was cut short leaves whole zeroed units behind.
const SECTOR_BYTES: usize = 512;
/// Zeros at the end of a body that are taken for an unwritten part of its last sector.
const UNWRITTEN_TAIL_BYTES: usize = 32;

/// The frames of a segment.
#[derive(Debug, PartialEq, Eq)]
pub struct Scan {
    /// The records of each complete frame.
    pub frames: Vec<Vec<Record>>,
    /// Where the complete frames end; what follows is a write that was cut short.
    pub valid_bytes: usize,
}

/// What does not check out, and at which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corruption {
    /// Offset in the scanned bytes.
    pub offset: usize,
    /// What.
    pub what: &'static str,
}

/// Appends one frame to `out`. `None` if the records do not fit into a frame.
#[must_use]
pub fn encode(sequence: u64, records: &[Record], out: &mut Vec<u8>) -> Option<()> {
    let body = borsh::to_vec(records).ok()?;
    if body.len() > FRAME_BODY_BYTES_MAX {
        return None;
    }
    let mut head = [0; 12];
    let (length, number) = head.split_at_mut(4);
    length.copy_from_slice(&u32::try_from(body.len()).ok()?.to_le_bytes());
    number.copy_from_slice(&sequence.to_le_bytes());
    out.extend_from_slice(&head);
    out.extend_from_slice(&crc32c::crc32c(&head).to_le_bytes());
    out.extend_from_slice(&crc32c::crc32c(&body).to_le_bytes());
    out.extend_from_slice(&body);
    Some(())
}

/// Reads frames numbered from `sequence` on until the bytes end.
///
/// # Errors
///
/// Where the bytes are neither complete frames nor the remains of one last unfinished write.
pub fn scan(bytes: &[u8], sequence: u64) -> Result<Scan, Corruption> {
    let mut found = Scan { frames: Vec::new(), valid_bytes: 0 };
    let mut expected = sequence;
    while found.valid_bytes < bytes.len() {
        let rest = &bytes[found.valid_bytes..];
        let fault = |what| Corruption { offset: found.valid_bytes, what };
        match read_frame(rest, expected) {
            Ok(frame) => {
                found.valid_bytes += FRAME_HEADER_BYTES + frame.body_bytes;
                found.frames.push(frame.records);
                expected += 1;
            }
            Err(FrameFault::Torn) => break,
            Err(FrameFault::Corrupt(what)) => return Err(fault(what)),
        }
    }
    Ok(found)
}

struct Frame {
    records: Vec<Record>,
    body_bytes: usize,
}

enum FrameFault {
    Torn,
    Corrupt(&'static str),
}

fn read_frame(bytes: &[u8], expected: u64) -> Result<Frame, FrameFault> {
    let Some((header, rest)) = bytes.split_first_chunk::<FRAME_HEADER_BYTES>() else {
        return Err(FrameFault::Torn);
    };
    let (head, checks) = header.split_at(12);
    if read_u32(checks, 0) != crc32c::crc32c(head) {
        // The file grew, but the bytes never arrived.
        let unwritten = header.iter().all(|byte| *byte == 0);
        return Err(if unwritten { FrameFault::Torn } else { FrameFault::Corrupt("frame header") });
    }
    let length = read_u32(head, 0) as usize;
    let sequence = u64::from(read_u32(head, 4)) | u64::from(read_u32(head, 8)) << 32;
    if sequence != expected {
        return Err(FrameFault::Corrupt("frame sequence"));
    }
    if length > FRAME_BODY_BYTES_MAX {
        return Err(FrameFault::Corrupt("frame length"));
    }
    let Some(body) = rest.get(..length) else {
        return Err(FrameFault::Torn);
    };
    if read_u32(checks, 4) != crc32c::crc32c(body) {
        // Only the last write can be incomplete: whatever is followed by more was once durable.
        let last = rest.len() == length;
        let torn = last && has_unwritten_sector(body);
        return Err(if torn { FrameFault::Torn } else { FrameFault::Corrupt("frame body") });
    }
    let records =
        Vec::<Record>::try_from_slice(body).map_err(|_| FrameFault::Corrupt("frame records"))?;
    Ok(Frame { records, body_bytes: length })
}

/// Whether a part of the body never reached the disk: somewhere a whole sector is zero, or the end
/// is. (A body whose payload has such a run by itself is taken for torn when it is damaged as the
/// last frame; elsewhere damage is always corruption.)
fn has_unwritten_sector(body: &[u8]) -> bool {
    let mut run = 0;
    for byte in body {
        run = if *byte == 0 { run + 1 } else { 0 };
        if run >= SECTOR_BYTES {
            return true;
        }
    }
    run >= UNWRITTEN_TAIL_BYTES.min(body.len())
}

fn read_u32(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().copied().map_or(0, u32::from_le_bytes)
}
