//! SHA-256 of several messages at once, a message in each lane of the processor's vectors.
//!
//! One message keeps a processor without SHA instructions busy for a thousand cycles a block, most of them waiting for the
//! step before; messages that do not depend on each other fill the vectors instead. Digests are those of SHA-256, whatever
//! the way they are computed.

mod x86;

use std::vec::Vec;

use crate::types::Hash;

/// Bytes in a block.
const BLOCK: usize = 64;
/// Bytes in the field for the length that ends the last block.
const LENGTH_FIELD: usize = 8;

/// The initial state of FIPS 180-4, section 5.3.3.
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// The round constants of FIPS 180-4, section 4.2.2.
const ROUND_CONSTANTS: [u32; 64] = [
    0x428a_2f98,
    0x7137_4491,
    0xb5c0_fbcf,
    0xe9b5_dba5,
    0x3956_c25b,
    0x59f1_11f1,
    0x923f_82a4,
    0xab1c_5ed5,
    0xd807_aa98,
    0x1283_5b01,
    0x2431_85be,
    0x550c_7dc3,
    0x72be_5d74,
    0x80de_b1fe,
    0x9bdc_06a7,
    0xc19b_f174,
    0xe49b_69c1,
    0xefbe_4786,
    0x0fc1_9dc6,
    0x240c_a1cc,
    0x2de9_2c6f,
    0x4a74_84aa,
    0x5cb0_a9dc,
    0x76f9_88da,
    0x983e_5152,
    0xa831_c66d,
    0xb003_27c8,
    0xbf59_7fc7,
    0xc6e0_0bf3,
    0xd5a7_9147,
    0x06ca_6351,
    0x1429_2967,
    0x27b7_0a85,
    0x2e1b_2138,
    0x4d2c_6dfc,
    0x5338_0d13,
    0x650a_7354,
    0x766a_0abb,
    0x81c2_c92e,
    0x9272_2c85,
    0xa2bf_e8a1,
    0xa81a_664b,
    0xc24b_8b70,
    0xc76c_51a3,
    0xd192_e819,
    0xd699_0624,
    0xf40e_3585,
    0x106a_a070,
    0x19a4_c116,
    0x1e37_6c08,
    0x2748_774c,
    0x34b0_bcb5,
    0x391c_0cb3,
    0x4ed8_aa4a,
    0x5b9c_ca4f,
    0x682e_6ff3,
    0x748f_82ee,
    0x78a5_636f,
    0x84c8_7814,
    0x8cc7_0208,
    0x90be_fffa,
    0xa450_6ceb,
    0xbef9_a3f7,
    0xc671_78f2,
];

/// The same word of every lane.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Word<const LANES: usize>([u32; LANES]);

/// A compression function over some lanes at once.
trait Compress<const LANES: usize>: Copy {
    /// Takes one block of every lane into its state.
    fn compress(self, state: &mut [Word<LANES>; 8], block: &[Word<LANES>; 16]);
}

/// The SHA-256 of each of `messages`, or none where the processor is faster with one message after the other.
pub(super) fn sha256_each<M: AsRef<[u8]>>(messages: &[M]) -> Option<Vec<Hash>> {
    let mut digests = Vec::with_capacity(messages.len());
    // Sixteen lanes are a few times as fast as one message with SHA instructions, eight are not.
    let sha_instructions = x86::has_sha_instructions();
    if let Some(avx512) = x86::Avx512::detect() {
        hash_chunks(avx512, if sha_instructions { 8 } else { 2 }, messages, &mut digests);
    } else {
        let avx2 = x86::Avx2::detect().filter(|_| !sha_instructions)?;
        hash_chunks(avx2, 2, messages, &mut digests);
    }
    Some(digests)
}

/// Hashes as many messages at once as there are lanes; one by one where no more than `idle` lanes would be busy.
fn hash_chunks<const LANES: usize, M: AsRef<[u8]>>(
    with: impl Compress<LANES>,
    idle: usize,
    messages: &[M],
    digests: &mut Vec<Hash>,
) {
    for chunk in messages.chunks(LANES) {
        let blocks: usize = chunk.iter().map(|message| blocks_of(message.as_ref())).sum();
        let longest = longest(chunk);
        if blocks > longest.saturating_mul(idle) {
            hash_lanes(with, longest, chunk, digests);
        } else {
            digests.extend(chunk.iter().map(|message| crate::host::sha256(&[message.as_ref()])));
        }
    }
}

/// Hashes at most `LANES` messages, the longest of which has `longest` blocks.
fn hash_lanes<const LANES: usize, M: AsRef<[u8]>>(
    with: impl Compress<LANES>,
    longest: usize,
    messages: &[M],
    digests: &mut Vec<Hash>,
) {
    let mut state = INITIAL.map(|word| Word([word; LANES]));
    let mut block = [Word([0; LANES]); 16];
    let first = digests.len();
    digests.resize(first.saturating_add(messages.len()), Hash::ZERO);
    for index in 0..longest {
        for (lane, message) in messages.iter().enumerate() {
            put_block(message.as_ref(), index, lane, &mut block);
        }
        with.compress(&mut state, &block);
        // A lane whose message has ended goes on idly.
        for (lane, (message, digest)) in
            messages.iter().zip(digests.iter_mut().skip(first)).enumerate()
        {
            if blocks_of(message.as_ref()) == index.saturating_add(1) {
                *digest = digest_of(&state, lane);
            }
        }
    }
}

/// Blocks of the longest message.
fn longest<M: AsRef<[u8]>>(messages: &[M]) -> usize {
    messages.iter().map(|message| blocks_of(message.as_ref())).max().unwrap_or(0)
}

/// Blocks of `message` with its padding.
const fn blocks_of(message: &[u8]) -> usize {
    message.len().saturating_add(1 + LENGTH_FIELD).div_ceil(BLOCK)
}

/// Puts block `index` of the padded `message` into `lane`.
fn put_block<const LANES: usize>(
    message: &[u8],
    index: usize,
    lane: usize,
    block: &mut [Word<LANES>; 16],
) {
    let Some(rest) = message.get(index.saturating_mul(BLOCK)..) else {
        // The message ended in the block before, and left no space there for its length.
        return put_last([0; BLOCK], message, lane, block);
    };
    if let Some(bytes) = rest.first_chunk() {
        return put_words(bytes, lane, block);
    }
    let mut bytes = [0; BLOCK];
    if let Some((start, [end, ..])) = bytes.split_at_mut_checked(rest.len()) {
        start.copy_from_slice(rest);
        *end = 0x80;
    }
    if rest.len() < BLOCK - LENGTH_FIELD {
        put_last(bytes, message, lane, block);
    } else {
        put_words(&bytes, lane, block);
    }
}

/// Puts the last block, whose end is the length of the message in bits.
fn put_last<const LANES: usize>(
    mut bytes: [u8; BLOCK],
    message: &[u8],
    lane: usize,
    block: &mut [Word<LANES>; 16],
) {
    let bits = u64::try_from(message.len()).unwrap_or(u64::MAX).saturating_mul(8);
    if let Some(field) = bytes.last_chunk_mut() {
        *field = bits.to_be_bytes();
    }
    put_words(&bytes, lane, block);
}

fn put_words<const LANES: usize>(bytes: &[u8; BLOCK], lane: usize, block: &mut [Word<LANES>; 16]) {
    for (word, bytes) in block.iter_mut().zip(bytes.as_chunks().0) {
        if let Some(word) = word.0.get_mut(lane) {
            *word = u32::from_be_bytes(*bytes);
        }
    }
}

fn digest_of<const LANES: usize>(state: &[Word<LANES>; 8], lane: usize) -> Hash {
    let mut digest = [0; 32];
    for (bytes, word) in digest.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.0.get(lane).copied().unwrap_or_default().to_be_bytes();
    }
    Hash::new(digest)
}

#[cfg(test)]
mod tests;
