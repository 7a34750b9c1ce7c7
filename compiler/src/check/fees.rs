//! Fees.
//!
//! ```text
//! fee none
//! fee RECIPIENT RATE …                                     on top, each of the amount and rounded up
//! fee on_top [side S] { parts }
//! fee included RATE [referred RATE] [side S] [{ parts, rest, schedule }]
//! part     = RECIPIENT RATE [of amount | total | proportion | rest | RECIPIENT] [round up | down]
//! rest     = rest RECIPIENT
//! schedule = schedule linear reduce RATE every DURATION times N
//!          | schedule exponential reduce RATE every DURATION times N
//!          | schedule limiter reference AMOUNT increment RATE for DURATION
//! ```

use curvevm::module::{
    FeeOf, FeePart, FeeRounding, FeeSchedule, FeeSide, FeeTotal, Fees, Recipient,
};

use super::sink::{Keyed, Sink};
use crate::{
    check::curve::SOL_DECIMALS,
    diagnostics::Code,
    source::Span,
    syntax::{Argument, ArgumentKind, Block, Statement},
};

/// The recipients and their names.
const RECIPIENTS: [(&str, Recipient); 5] = [
    ("protocol", Recipient::Protocol),
    ("creator", Recipient::Creator),
    ("partner", Recipient::Partner),
    ("referrer", Recipient::Referrer),
    ("liquidity", Recipient::Liquidity),
];

/// What a fee statement says, without its head.
#[derive(Clone, Copy, Debug)]
pub(super) struct FeeText<'t, 's> {
    pub(super) head: Span,
    pub(super) arguments: &'t [Argument<'s>],
    pub(super) block: Option<&'t Block<'s>>,
}

/// The forms of a fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    None,
    OnTop,
    Included,
    /// Recipients and rates on one line.
    Short,
}

/// What a block of an included fee says besides its parts.
#[derive(Default)]
struct Said {
    parts: Vec<FeePart>,
    rest: Option<Recipient>,
    schedule: Option<FeeSchedule>,
}

impl Sink {
    /// The fees; none when something was refused.
    pub(super) fn fees(&mut self, text: FeeText<'_, '_>) -> Option<Fees> {
        let Some((first, more)) = text.arguments.split_first() else {
            self.found(
                Code::Missing,
                text.head,
                "the fee has no value; `none` says that there is none",
            );
            return None;
        };
        let form = match &first.kind {
            ArgumentKind::Word("none") => Form::None,
            ArgumentKind::Word("on_top") => Form::OnTop,
            ArgumentKind::Word("included") => Form::Included,
            ArgumentKind::Word(_)
            | ArgumentKind::Number { .. }
            | ArgumentKind::Text(_)
            | ArgumentKind::Bad => Form::Short,
        };
        match form {
            Form::None => {
                self.nothing_more(more);
                self.no_fee_block(text);
                Some(Fees::none())
            }
            Form::Short => {
                self.no_fee_block(text);
                self.short(text.arguments)
            }
            Form::OnTop => self.on_top(more, text),
            Form::Included => self.included(more, text),
        }
    }

    /// `RECIPIENT RATE …`: a recipient that is not said, or whose rate is zero, has no part.
    fn short(&mut self, arguments: &[Argument<'_>]) -> Option<Fees> {
        let said = self.keyed(arguments, RECIPIENTS.map(|(name, _)| name));
        let mut parts = Vec::new();
        for (part, (_, recipient)) in said.into_iter().zip(RECIPIENTS) {
            let Some(part) = part else { continue };
            // A rate that was refused is reported; the file is read on.
            let rate = self.rate(part.value).unwrap_or(0);
            if rate > 0 {
                let (of, rounding) = (FeeOf::Amount, FeeRounding::Up);
                parts.push((part.key, FeePart { recipient, rate, of, rounding }));
            }
        }
        // In the order in which they are written.
        parts.sort_by_key(|(key, _)| *key);
        Some(Fees { parts: parts.into_iter().map(|(_, part)| part).collect(), ..Fees::none() })
    }

    fn on_top(&mut self, arguments: &[Argument<'_>], text: FeeText<'_, '_>) -> Option<Fees> {
        let [side] = self.keyed(arguments, ["side"]);
        let side = self.side(side);
        let block = self.required(text.block, "{ … }", text.head)?;
        let mut parts = Vec::new();
        for statement in &block.statements {
            let part = self.part(statement, &parts, (FeeOf::Amount, FeeRounding::Up));
            parts.extend(part);
        }
        Some(Fees { side: side?, parts, ..Fees::none() })
    }

    fn included(&mut self, arguments: &[Argument<'_>], text: FeeText<'_, '_>) -> Option<Fees> {
        let Some((rate, more)) = arguments.split_first() else {
            return self.required(None, "the rate that is included", text.head);
        };
        let rate = self.rate(rate);
        let [referred, side] = self.keyed(more, ["referred", "side"]);
        let referred = referred.map_or(Some(0), |part| self.rate(part.value));
        let side = self.side(side);
        let said = text.block.map(|block| self.fee_block(block)).unwrap_or_default();
        let schedule = said.schedule.unwrap_or(FeeSchedule::Constant);
        Some(Fees {
            total: FeeTotal::Included { rate: rate?, referred: referred?, schedule },
            side: side?,
            parts: said.parts,
            rest: said.rest.unwrap_or(Recipient::Protocol),
        })
    }

    fn fee_block(&mut self, block: &Block<'_>) -> Said {
        let mut said = Said::default();
        for statement in &block.statements {
            match statement.head {
                "rest" => {
                    let rest = self.only(statement).and_then(|argument| self.recipient(argument));
                    self.once(statement, said.rest.is_some());
                    said.rest = said.rest.or(rest);
                }
                "schedule" => {
                    let schedule = self.schedule(statement);
                    self.once(statement, said.schedule.is_some());
                    said.schedule = said.schedule.or(schedule);
                }
                _ => {
                    let defaults = (FeeOf::Total, FeeRounding::Down);
                    said.parts.extend(self.part(statement, &said.parts, defaults));
                }
            }
        }
        said
    }

    fn once(&mut self, statement: &Statement<'_>, before: bool) {
        if before {
            let message = format!("`{}` is said before", statement.head);
            self.found(Code::Duplicate, statement.head_span, message);
        }
    }

    /// `RECIPIENT RATE [of …] [round …]`.
    fn part(
        &mut self,
        statement: &Statement<'_>,
        before: &[FeePart],
        (of, rounding): (FeeOf, FeeRounding),
    ) -> Option<FeePart> {
        let names = RECIPIENTS.map(|(name, _)| name);
        let at = self.known(statement.head, statement.head_span, &names)?;
        self.no_block(statement);
        let (rate, rest) = self.first(statement)?;
        let rate = self.rate(rate);
        let [of_said, round] = self.keyed(rest, ["of", "round"]);
        let of = of_said.map_or(Some(of), |part| self.fee_of(part.value, before));
        let rounding = round.map_or(Some(rounding), |part| {
            let at = self.choice(part.value, &["up", "down"])?;
            Some(if at == 0 { FeeRounding::Up } else { FeeRounding::Down })
        });
        let (_, recipient) = RECIPIENTS[at];
        Some(FeePart { recipient, rate: rate?, of: of?, rounding: rounding? })
    }

    /// What a rate is of; the name of a recipient is the last part of theirs before.
    fn fee_of(&mut self, argument: &Argument<'_>, before: &[FeePart]) -> Option<FeeOf> {
        let mut names = vec!["amount", "total", "proportion", "rest"];
        names.extend(RECIPIENTS.map(|(name, _)| name));
        match self.choice(argument, &names)? {
            0 => Some(FeeOf::Amount),
            1 => Some(FeeOf::Total),
            2 => Some(FeeOf::Proportion),
            3 => Some(FeeOf::Rest),
            at => {
                let (name, recipient) = RECIPIENTS[at - 4];
                let part = before.iter().rposition(|part| part.recipient == recipient);
                let part = part.and_then(|part| u8::try_from(part).ok());
                if part.is_none() {
                    let message = format!("no part of `{name}` stands before");
                    self.found(Code::Missing, argument.span, message);
                }
                part.map(FeeOf::Part)
            }
        }
    }

    fn recipient(&mut self, argument: &Argument<'_>) -> Option<Recipient> {
        let at = self.choice(argument, &RECIPIENTS.map(|(name, _)| name))?;
        Some(RECIPIENTS[at].1)
    }

    fn side(&mut self, part: Option<Keyed<'_, '_>>) -> Option<FeeSide> {
        let Some(part) = part else { return Some(FeeSide::Quote) };
        let at = self.choice(part.value, &["quote", "output"])?;
        Some(if at == 0 { FeeSide::Quote } else { FeeSide::Output })
    }

    fn schedule(&mut self, statement: &Statement<'_>) -> Option<FeeSchedule> {
        self.no_block(statement);
        let (kind, rest) = self.first(statement)?;
        let at = self.choice(kind, &["linear", "exponential", "limiter"])?;
        if at == 2 {
            return self.limiter(rest, kind.span);
        }
        let [reduce, every, times] = self.keyed(rest, ["reduce", "every", "times"]);
        let reduce = self.required(reduce, "reduce", kind.span);
        let every = self.required(every, "every", kind.span);
        let period_secs = every.and_then(|part| self.duration(part.value));
        let times = self.required(times, "times", kind.span);
        let periods = times.and_then(|part| self.count(part.value, u16::MAX));
        if at == 0 {
            let reduction = reduce.and_then(|part| self.rate(part.value))?;
            let (period_secs, periods) = (period_secs?, periods?);
            return Some(FeeSchedule::Linear { reduction, period_secs, periods });
        }
        let reduction_bps = reduce.and_then(|part| self.bps(part.value))?;
        let (period_secs, periods) = (period_secs?, periods?);
        Some(FeeSchedule::Exponential { reduction_bps, period_secs, periods })
    }

    fn limiter(&mut self, arguments: &[Argument<'_>], head: Span) -> Option<FeeSchedule> {
        let names = ["reference", "increment", "for"];
        let [reference, increment, duration] = self.keyed(arguments, names);
        let reference = self.required(reference, "reference", head);
        let reference = reference.and_then(|part| self.quote(part.value, SOL_DECIMALS));
        let increment = self.required(increment, "increment", head);
        let increment = increment.and_then(|part| self.rate(part.value));
        let duration = self.required(duration, "for", head);
        let duration_secs = duration.and_then(|part| self.duration(part.value));
        let (reference, increment) = (reference?, increment?);
        Some(FeeSchedule::SizeLimiter { reference, increment, duration_secs: duration_secs? })
    }

    fn no_fee_block(&mut self, text: FeeText<'_, '_>) {
        if let Some(block) = text.block {
            let message = "a block follows `on_top` and `included` only";
            self.found(Code::UnexpectedArgument, block.span, message);
        }
    }
}
