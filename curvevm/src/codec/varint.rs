//! Unsigned LEB128 varints, in their shortest form, and zigzag differences.

use alloc::vec::Vec;

/// The longest varint of 64 bits, in bytes.
const BYTES_MAX: u32 = 10;

/// Appends a varint.
pub(super) fn write(mut value: u64, out: &mut Vec<u8>) {
    for _ in 0..BYTES_MAX {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

/// The length of a varint, in bytes.
pub(super) fn length(value: u64) -> usize {
    let bits = 64u32.saturating_sub(value.leading_zeros()).max(1);
    bits.div_ceil(7) as usize
}

/// Reads a varint and gives the rest; none when it is cut, too long, or not in its shortest form.
pub(super) fn read(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0u64;
    let mut rest = bytes;
    for index in 0..BYTES_MAX {
        let (byte, more) = rest.split_first()?;
        rest = more;
        let bits = u64::from(byte & 0x7f);
        let shift = index.saturating_mul(7);
        if shift == 63 && bits > 1 {
            return None;
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            let shortest = *byte != 0 || index == 0;
            return shortest.then_some((value, rest));
        }
    }
    None
}

/// A wrapping difference as a small number when it is near zero.
pub(super) const fn zigzag(value: u64, from: u64) -> u64 {
    let difference = value.wrapping_sub(from);
    difference << 1 ^ 0u64.wrapping_sub(difference >> 63)
}

/// The inverse of [`zigzag`].
pub(super) const fn unzigzag(zigzag: u64, from: u64) -> u64 {
    let difference = zigzag >> 1 ^ 0u64.wrapping_sub(zigzag & 1);
    from.wrapping_add(difference)
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::{length, read, unzigzag, write, zigzag};

    #[test]
    fn longer_forms_and_overflows_are_refused() {
        assert_eq!(read(&[0x80, 0x00]), None);
        assert_eq!(read(&[0xff; 10]), None);
        assert_eq!(read(&[0x80]), None);
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]), None);
        assert_eq!(read(&[]), None);
    }

    proptest! {
        #[test]
        fn round_trips(value in any::<u64>(), from in any::<u64>(), shift in 0u32..64) {
            let value = value >> shift;
            let mut bytes = Vec::new();
            write(value, &mut bytes);
            prop_assert_eq!(bytes.len(), length(value));
            bytes.push(7);
            prop_assert_eq!(read(&bytes), Some((value, &[7u8][..])));
            prop_assert_eq!(unzigzag(zigzag(value, from), from), value);
        }
    }
}
