//! Lists of bytes whose length prefix is not believed.
//!
//! Borsh's own reader makes room for up to a mebibyte before it reads the first byte. The heap of a Solana program is smaller: four
//! bytes of data would end the replay that a challenge rests on.

use alloc::{string::String, vec, vec::Vec};
use borsh::{
    BorshDeserialize,
    io::{Error, ErrorKind, Read, Result},
};

use crate::{codec::CHUNK_BYTES_MAX, tx::TX_BYTES_MAX};

// Whatever is read comes in a chunk or in a transaction.
const _: () = assert!(TX_BYTES_MAX <= CHUNK_BYTES_MAX);

/// Reads a list of bytes; one that is longer than a chunk is refused.
pub(crate) fn bytes<R: Read>(reader: &mut R) -> Result<Vec<u8>> {
    let length = u32::deserialize_reader(reader)?;
    match usize::try_from(length) {
        Ok(length) if length <= CHUNK_BYTES_MAX => {
            let mut bytes = vec![0; length];
            reader.read_exact(&mut bytes)?;
            Ok(bytes)
        }
        Ok(_) | Err(_) => Err(Error::new(ErrorKind::InvalidData, "length of a list of bytes")),
    }
}

/// Reads a text, as [`bytes`].
pub(crate) fn text<R: Read>(reader: &mut R) -> Result<String> {
    String::from_utf8(bytes(reader)?).map_err(|_| Error::new(ErrorKind::InvalidData, "text"))
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::{CHUNK_BYTES_MAX, bytes, text};

    /// A prefix and what follows.
    fn list(length: u32, following: usize) -> Vec<u8> {
        [&length.to_le_bytes()[..], &std::vec![b'a'; following]].concat()
    }

    #[test]
    fn the_prefix_is_checked_before_there_is_room() {
        let longest = CHUNK_BYTES_MAX as u32;
        for (length, following, read) in [
            (0, 0, true),
            (0, 5, true),
            (5, 5, true),
            (5, 4, false),
            (longest, CHUNK_BYTES_MAX, true),
            (longest, 9, false),
            (longest + 1, CHUNK_BYTES_MAX + 1, false),
            (u32::MAX, 9, false),
        ] {
            let list = list(length, following);
            assert_eq!(bytes(&mut &list[..]).is_ok(), read, "{length} {following}");
            assert_eq!(text(&mut &list[..]).is_ok(), read, "{length} {following}");
        }
        assert!(text(&mut &[1, 0, 0, 0, 0xff][..]).is_err());
    }
}
