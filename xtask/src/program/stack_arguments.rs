//! Refuses a v0 build whose functions take arguments on the stack.
//!
//! `sbpf-linker` passes the sixth argument and those after it at positive offsets from the caller's frame pointer, where the
//! callee's frame begins when frames are contiguous. In v0 a gap lies between frames unless the cluster has activated
//! `virtual_address_space_adjustments`, so that such a function works on some clusters only. In v3 frames are always contiguous.

use anyhow::{Context, Result, ensure};

const INSTRUCTION_BYTES: usize = 8;
/// Offsets of the table of sections and of its length in an ELF64 header, and the length of an entry.
const SECTIONS_AT: usize = 40;
const SECTION_COUNT_AT: usize = 60;
const SECTION_BYTES: usize = 64;
/// The flag of a section that is executed. (A segment holds constants beside the code.)
const EXECUTE: u64 = 4;
/// Classes of store instructions: of an immediate and of a register.
const STORES: [u8; 2] = [2, 3];
const CLASS_MASK: u8 = 7;
const FRAME_POINTER: u8 = 10;

/// Fails when `file`, an ELF of sBPF v0, passes an argument on the stack.
///
/// # Errors
/// It does, or it is no ELF.
pub(crate) fn refuse(file: &[u8]) -> Result<()> {
    let found = count(file).context("not an ELF file")?;
    ensure!(
        found == 0,
        "{found} stores pass arguments on the stack, which v0 cannot rely on: let functions take at most five words"
    );
    Ok(())
}

/// Counts the stores above the frame pointer; none when `file` is cut short.
fn count(file: &[u8]) -> Option<usize> {
    let table = usize::try_from(u64::from_le_bytes(array(file, SECTIONS_AT)?)).ok()?;
    let sections = u16::from_le_bytes(array(file, SECTION_COUNT_AT)?);
    let mut found = 0;
    let mut code_bytes = 0;
    for index in 0..usize::from(sections) {
        let at = table.checked_add(index * SECTION_BYTES)?;
        if u64::from_le_bytes(array(file, at + 8)?) & EXECUTE == 0 {
            continue;
        }
        let start = usize::try_from(u64::from_le_bytes(array(file, at + 24)?)).ok()?;
        let length = usize::try_from(u64::from_le_bytes(array(file, at + 32)?)).ok()?;
        let code = file.get(start..start.checked_add(length)?)?;
        found += code.chunks_exact(INSTRUCTION_BYTES).filter(|it| is_stack_argument(it)).count();
        code_bytes += length;
    }
    (code_bytes > 0).then_some(found)
}

/// Whether an instruction stores above the frame pointer.
fn is_stack_argument(instruction: &[u8]) -> bool {
    let &[opcode, registers, low, high, ..] = instruction else { return false };
    STORES.contains(&(opcode & CLASS_MASK))
        && registers & 0x0f == FRAME_POINTER
        && i16::from_le_bytes([low, high]) > 0
}

fn array<const N: usize>(file: &[u8], at: usize) -> Option<[u8; N]> {
    file.get(at..at.checked_add(N)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ELF of one executed section, and one of constants after it.
    fn elf(code: &[[u8; 8]], constants: &[[u8; 8]]) -> Vec<u8> {
        let mut file = vec![0; 64];
        file[SECTIONS_AT] = 64;
        file[SECTION_COUNT_AT] = 2;
        let mut at = 64 + 2 * SECTION_BYTES;
        for (flags, bytes) in [(6, code), (2, constants)] {
            let mut section = [0u8; SECTION_BYTES];
            section[8] = flags;
            section[24] = u8::try_from(at).unwrap();
            section[32] = u8::try_from(bytes.len() * 8).unwrap();
            file.extend(section);
            at += bytes.len() * 8;
        }
        file.extend(code.concat());
        file.extend(constants.concat());
        file
    }

    #[test]
    fn stores_above_the_frame_pointer_are_refused() {
        let below = [0x7b, 0x1a, 0xf8, 0xff, 0, 0, 0, 0];
        let above = [0x7b, 0x1a, 0x08, 0x00, 0, 0, 0, 0];
        let elsewhere = [0x7b, 0x16, 0x08, 0x00, 0, 0, 0, 0];
        let load = [0x79, 0xa1, 0x08, 0x00, 0, 0, 0, 0];
        assert!(refuse(&elf(&[below, elsewhere, load], &[above])).is_ok());
        let error = refuse(&elf(&[below, above], &[])).unwrap_err().to_string();
        assert!(error.contains("1 stores"), "{error}");
    }

    #[test]
    fn what_is_no_elf_is_refused() {
        assert!(refuse(&[]).is_err());
        assert!(refuse(&elf(&[], &[])).is_err());
        assert!(refuse(&elf(&[[0x95; 8]], &[])[..100]).is_err());
    }
}
