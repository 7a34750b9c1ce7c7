//! Compression of several blocks at once on the vector units of x86-64: lane `i` of every vector belongs to message `i`.
//!
//! All unsafe code of the native build is here: calls of functions that need a processor feature, by types that exist only
//! where it was detected, and loads and stores of words, which have the size of a vector.
#![expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "indices into 16 words and 64 constants, bounded by the loop or by a mask"
)]

use super::{Compress, ROUND_CONSTANTS, Word};

/// A processor with AVX-512 Foundation.
#[derive(Clone, Copy)]
pub(super) struct Avx512(());

/// A processor with AVX2.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

impl Avx512 {
    pub(super) fn detect() -> Option<Self> {
        std::is_x86_feature_detected!("avx512f").then_some(Self(()))
    }
}

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        std::is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}

impl Compress<16> for Avx512 {
    fn compress(self, state: &mut [Word<16>; 8], block: &[Word<16>; 16]) {
        // SAFETY: there is a `self` only where AVX-512 Foundation was detected.
        unsafe { avx512::compress(state, block) }
    }
}

impl Compress<8> for Avx2 {
    fn compress(self, state: &mut [Word<8>; 8], block: &[Word<8>; 16]) {
        // SAFETY: there is a `self` only where AVX2 was detected.
        unsafe { avx2::compress(state, block) }
    }
}

/// Whether the processor has instructions for SHA-256.
pub(super) fn has_sha_instructions() -> bool {
    std::is_x86_feature_detected!("sha")
}

/// Defines the compression function of FIPS 180-4, section 6.2.2, over the vectors of the module that it stands in.
macro_rules! define_compress {
    ($feature:literal, $lanes:literal) => {
        #[target_feature(enable = $feature)]
        pub(super) fn compress(state: &mut [Word<$lanes>; 8], block: &[Word<$lanes>; 16]) {
            let mut schedule = [splat(0); 16];
            for (vector, word) in schedule.iter_mut().zip(block) {
                *vector = load(word);
            }
            let mut before = [splat(0); 8];
            for (vector, word) in before.iter_mut().zip(&*state) {
                *vector = load(word);
            }
            let mut working = before;
            for round in 0..64 {
                let at = round & 15;
                if round >= 16 {
                    let (early, late) = (schedule[(at + 1) & 15], schedule[(at + 14) & 15]);
                    let sigma0 = xor3(rotate::<7>(early), rotate::<18>(early), shift::<3>(early));
                    let sigma1 = xor3(rotate::<17>(late), rotate::<19>(late), shift::<10>(late));
                    schedule[at] =
                        add(add(schedule[at], sigma0), add(schedule[(at + 9) & 15], sigma1));
                }
                let [a, b, c, d, e, f, g, h] = working;
                let sum1 = xor3(rotate::<6>(e), rotate::<11>(e), rotate::<25>(e));
                let constant = splat(ROUND_CONSTANTS[round].cast_signed());
                let first = add(add(add(h, add(schedule[at], constant)), choose(e, f, g)), sum1);
                let sum0 = xor3(rotate::<2>(a), rotate::<13>(a), rotate::<22>(a));
                let second = add(sum0, majority(a, b, c));
                working = [add(first, second), a, b, c, add(d, first), e, f, g];
            }
            for (word, (before, after)) in state.iter_mut().zip(before.into_iter().zip(working)) {
                store(word, add(before, after));
            }
        }
    };
}

/// Sixteen lanes.
mod avx512 {
    use core::arch::x86_64::{
        __m512i, _mm512_add_epi32 as add, _mm512_loadu_si512, _mm512_ror_epi32 as rotate,
        _mm512_set1_epi32 as splat, _mm512_srli_epi32 as shift, _mm512_storeu_si512,
        _mm512_ternarylogic_epi32 as logic,
    };

    use super::{ROUND_CONSTANTS, Word};

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load(word: &Word<16>) -> __m512i {
        // SAFETY: a word of 16 lanes has 64 bytes, any alignment will do.
        unsafe { _mm512_loadu_si512(word.0.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn store(word: &mut Word<16>, value: __m512i) {
        // SAFETY: a word of 16 lanes has 64 bytes, any alignment will do.
        unsafe { _mm512_storeu_si512(word.0.as_mut_ptr().cast(), value) }
    }

    // Bit `4 a + 2 b + c` of the constants is the result for the bits a, b and c.

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn xor3(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
        logic::<0b1001_0110>(a, b, c)
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn choose(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
        logic::<0b1100_1010>(a, b, c)
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn majority(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
        logic::<0b1110_1000>(a, b, c)
    }

    define_compress!("avx512f", 16);
}

/// Eight lanes.
mod avx2 {
    use core::arch::x86_64::{
        __m256i, _mm256_add_epi32 as add, _mm256_and_si256 as and, _mm256_loadu_si256,
        _mm256_or_si256 as or, _mm256_set1_epi32 as splat, _mm256_sllv_epi32,
        _mm256_srli_epi32 as shift, _mm256_storeu_si256, _mm256_xor_si256 as xor,
    };

    use super::{ROUND_CONSTANTS, Word};

    #[inline]
    #[target_feature(enable = "avx2")]
    fn load(word: &Word<8>) -> __m256i {
        // SAFETY: a word of 8 lanes has 32 bytes, any alignment will do.
        unsafe { _mm256_loadu_si256(word.0.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn store(word: &mut Word<8>, value: __m256i) {
        // SAFETY: a word of 8 lanes has 32 bytes, any alignment will do.
        unsafe { _mm256_storeu_si256(word.0.as_mut_ptr().cast(), value) }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn rotate<const BITS: i32>(a: __m256i) -> __m256i {
        or(shift::<BITS>(a), _mm256_sllv_epi32(a, splat(32 - BITS)))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn xor3(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
        xor(xor(a, b), c)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn choose(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
        xor(c, and(a, xor(b, c)))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn majority(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
        xor(b, and(xor(a, b), xor(b, c)))
    }

    define_compress!("avx2", 8);
}
