//! Primitives on Solana: the SHA-256 and curve25519 system calls, SHA-512 in software.

use brine_ed25519::hasher::{FastSha512, Hasher as _};
use solana_define_syscall::definitions::{
    sol_curve_group_op, sol_curve_multiscalar_mul, sol_sha256,
};

use super::scalar;

const EDWARDS: u64 = 0;
const MULTIPLY: u64 = 2;

/// The compressed base point: y = 4/5.
const BASE: [u8; 32] = {
    let mut point = [0x66; 32];
    point[0] = 0x58;
    point
};
/// The compressed neutral element: y = 1.
const NEUTRAL: [u8; 32] = {
    let mut point = [0; 32];
    point[0] = 1;
    point
};
/// The cofactor, as a scalar.
const COFACTOR: [u8; 32] = {
    let mut scalar = [0; 32];
    scalar[0] = 8;
    scalar
};

pub(super) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = [0u8; 32];
    // SAFETY: on Solana a `&[&[u8]]` is an array of (address, length) pairs, which is what the system call reads;
    // it writes 32 bytes to `digest`.
    unsafe { sol_sha256(parts.as_ptr().cast(), parts.len() as u64, digest.as_mut_ptr()) };
    digest
}

pub(super) fn verify(signer: &[u8; 32], digest: &[u8; 32], signature: &[u8; 64]) -> bool {
    let (Some(r), Some(s)) = (signature.first_chunk::<32>(), signature.last_chunk::<32>()) else {
        return false;
    };
    let challenge = FastSha512::hashv(&[r, signer, digest]);
    // 8·(s·B − k·A − R) is neutral. Scalars are taken modulo the group order, which differs from the integer
    // by torsion only, and the cofactor clears that. A scalar that is not canonical makes the call fail.
    let scalars = [*s, scalar::negate(&scalar::reduce_wide(&challenge)), scalar::MINUS_ONE];
    let points = [BASE, *signer, *r];
    multiply_sum(&scalars, &points)
        .and_then(|point| multiply(&COFACTOR, &point))
        .is_some_and(|point| point == NEUTRAL)
}

fn multiply_sum(scalars: &[[u8; 32]; 3], points: &[[u8; 32]; 3]) -> Option<[u8; 32]> {
    let mut result = [0u8; 32];
    // SAFETY: both arrays hold three contiguous 32-byte values; the call writes 32 bytes on success.
    let status = unsafe {
        sol_curve_multiscalar_mul(
            EDWARDS,
            scalars.as_ptr().cast(),
            points.as_ptr().cast(),
            3,
            result.as_mut_ptr(),
        )
    };
    (status == 0).then_some(result)
}

fn multiply(scalar: &[u8; 32], point: &[u8; 32]) -> Option<[u8; 32]> {
    let mut result = [0u8; 32];
    // SAFETY: scalar and point are 32 bytes each; the call writes 32 bytes on success.
    let status = unsafe {
        sol_curve_group_op(EDWARDS, MULTIPLY, scalar.as_ptr(), point.as_ptr(), result.as_mut_ptr())
    };
    (status == 0).then_some(result)
}
