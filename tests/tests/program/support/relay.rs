//! A program that calls the first of its accounts with what it was given.

use solana_program_runtime::{
    declare_process_instruction, solana_sbpf::program::BuiltinFunctionDefinition as _,
};
use solana_pubkey::Pubkey;
use solana_transaction::{AccountMeta, Instruction, InstructionError};

use super::World;

const RELAY: Pubkey = Pubkey::new_from_array([111; 32]);

declare_process_instruction!(Relay, 1, |invoke_context| {
    let context = invoke_context.transaction_context.get_current_instruction_context()?;
    let account = |index| -> Result<AccountMeta, InstructionError> {
        Ok(AccountMeta {
            pubkey: *context.get_key_of_instruction_account(index)?,
            is_signer: context.is_instruction_account_signer(index)?,
            is_writable: context.is_instruction_account_writable(index)?,
        })
    };
    let count = context.get_number_of_instruction_accounts();
    let program_id = account(0)?.pubkey;
    let accounts = (1..count).map(account).collect::<Result<_, _>>()?;
    let data = context.get_instruction_data().to_vec();
    invoke_context.native_invoke_signed(Instruction { program_id, accounts, data }, &[])
});

impl World {
    /// The instruction as another program's call; the program is there from now on.
    pub(crate) fn relayed(&mut self, instruction: &Instruction) -> Instruction {
        self.svm.add_builtin(RELAY, Relay::register);
        let mut accounts = vec![AccountMeta::new_readonly(instruction.program_id, false)];
        accounts.extend(instruction.accounts.iter().cloned());
        Instruction { program_id: RELAY, accounts, data: instruction.data.clone() }
    }
}
