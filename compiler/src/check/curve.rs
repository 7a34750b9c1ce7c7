//! Curve files.

use curvevm::{
    module::Graduation,
    program::{NAME_BYTES_MAX, SYMBOL_BYTES_MAX},
};

use super::{fees::FeeText, sink::Sink};
use crate::{
    diagnostics::{Code, Finding},
    hir::{Curve, Spans},
    source::Span,
    syntax::{Statement, Tree},
};

/// Decimals of an asset whose file does not say them.
const DECIMALS_DEFAULT: u8 = 6;
/// The most decimals of an asset, as the verifier has it.
const DECIMALS_MAX: u8 = 18;
/// Decimals of SOL, the only asset that curves are priced in.
pub(super) const SOL_DECIMALS: u8 = 9;

/// The statements of a curve; those from `partner` on may be left out, and `decimals`.
const STATEMENTS: [&str; 11] = [
    "name",
    "symbol",
    "decimals",
    "supply",
    "price",
    "fee",
    "graduation",
    "partner",
    "vault",
    "allotment",
    "migration",
];

/// Reads the `curve` statement of a file; none when anything was found.
pub(crate) fn curve(tree: &Tree<'_>) -> (Option<Curve>, Vec<Finding>) {
    let mut sink = Sink::default();
    let curve = sink.file(tree).and_then(|statement| sink.curve(statement));
    (curve.filter(|_| sink.findings.is_empty()), sink.findings)
}

impl Sink {
    fn file<'t, 's>(&mut self, tree: &'t Tree<'s>) -> Option<&'t Statement<'s>> {
        let mut found = None;
        for statement in &tree.statements {
            if self.known(statement.head, statement.head_span, &["curve"]).is_none() {
                continue;
            }
            if found.is_some() {
                self.found(Code::Duplicate, statement.head_span, "a file defines one curve");
                continue;
            }
            found = Some(statement);
        }
        self.required(found, "curve", Span::new(0, 0))
    }

    fn curve(&mut self, statement: &Statement<'_>) -> Option<Curve> {
        self.nothing_more(&statement.arguments);
        let head = statement.head_span;
        let block = self.required(statement.block.as_ref(), "{ … }", head)?;
        let [name, symbol, decimals, supply, price, fee, graduation, optional @ ..] =
            self.fields(block, STATEMENTS);
        let [partner, vault, allotment, migration] = optional;

        let name = self.required(name, "name", head);
        let name = name.and_then(|field| self.label(field, NAME_BYTES_MAX));
        let symbol = self.required(symbol, "symbol", head);
        let symbol = symbol.and_then(|field| self.label(field, SYMBOL_BYTES_MAX));
        // The file is read on with the default, so that its other errors are found as well.
        let decimals = decimals
            .and_then(|field| self.only(field))
            .and_then(|argument| self.count(argument, DECIMALS_MAX))
            .unwrap_or(DECIMALS_DEFAULT);
        let supply = self.required(supply, "supply", head);
        let supply_span = supply.map_or(head, Statement::span);
        let supply = supply.and_then(|field| self.only(field));
        let supply = supply.and_then(|argument| self.base(argument, decimals));
        let price = self.required(price, "price", head);
        let pieces = price.and_then(|field| self.pieces(field, decimals));
        let fee = self.required(fee, "fee", head);
        let fees = fee.and_then(|field| self.fees(fee_text(field)));
        let graduation = self.required(graduation, "graduation", head);
        let graduation_span = graduation.map_or(head, Statement::span);
        let graduation = graduation.and_then(|field| self.graduation(field));

        let partner = partner.map(|field| self.only(field).and_then(|it| self.address(it)));
        let vault_span = vault.map_or(head, Statement::span);
        let vault = vault.map(|field| self.vault(field));
        let allotment_span = allotment.map_or(head, Statement::span);
        let allotment = allotment.map(|field| self.allotment(field, decimals));
        let migration_span = migration.map_or(head, Statement::span);
        let tiers = migration.and_then(|field| field.block.as_ref());
        let tiers = tiers.map(|block| block.statements.iter().map(Statement::span).collect());
        let migration = self.migration(migration);

        let spans = Spans {
            head,
            supply: supply_span,
            price: price.map_or(head, |field| field.head_span),
            fee: fee.map_or(head, Statement::span),
            graduation: graduation_span,
            vault: vault_span,
            allotment: allotment_span,
            migration: migration_span,
        };
        Some(Curve {
            name: name?,
            symbol: symbol?,
            decimals,
            supply: supply?,
            pieces: pieces?,
            fees: fees?,
            partner: said(partner)?,
            graduation: graduation?,
            vault: said(vault)?,
            allotment: said(allotment)?,
            migration: migration?,
            spans,
            tiers: tiers.unwrap_or_default(),
        })
    }

    /// A name or a symbol, under the rule that a launch is held to.
    fn label(&mut self, field: &Statement<'_>, bytes_max: usize) -> Option<String> {
        let argument = self.only(field)?;
        let text = self.text(argument)?;
        let printable = !text.chars().any(char::is_control);
        if text.trim().is_empty() || text.len() > bytes_max || !printable {
            let message =
                format!("a {} has 1 to {bytes_max} bytes of printable characters", field.head);
            self.found(Code::InvalidText, argument.span, message);
            return None;
        }
        Some(text)
    }

    fn graduation(&mut self, field: &Statement<'_>) -> Option<Graduation> {
        self.no_block(field);
        let (rule, rest) = self.first(field)?;
        match self.choice(rule, &["sold_out", "raised"])? {
            0 => {
                self.nothing_more(rest);
                Some(Graduation::SoldOut)
            }
            _ => {
                let target = rest.first();
                let target = self.required(target, "the amount to raise", rule.span)?;
                self.nothing_more(&rest[1..]);
                self.quote(target, SOL_DECIMALS).map(Graduation::Raised)
            }
        }
    }
}

/// What was said, if anything; none when it was refused.
const fn said<T: Copy>(field: Option<Option<T>>) -> Option<Option<T>> {
    match field {
        Some(None) => None,
        Some(Some(value)) => Some(Some(value)),
        None => Some(None),
    }
}

fn fee_text<'t, 's>(field: &'t Statement<'s>) -> FeeText<'t, 's> {
    FeeText { head: field.head_span, arguments: &field.arguments, block: field.block.as_ref() }
}
