//! What an amount is charged, and who receives which part: the doc comments of `curvevm::module::Fees` and of
//! `curvevm::fees`, in exact numbers.

use curvevm::{
    module::{
        FeeOf, FeePart, FeeRounding, FeeSchedule, FeeTotal, Fees, RATE_MAX, RATE_ONE, Recipient,
    },
    receipt::Side,
};
use num_traits::Zero;

use crate::number::{Int, Rat, ceil, floor, int, ratio, smallest, two_to, whole};

/// A fee by recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// The treasury's.
    pub protocol: Int,
    /// The creator's.
    pub creator: Int,
    /// The partner's.
    pub partner: Int,
    /// The referrer's.
    pub referrer: Int,
    /// The pool's.
    pub liquidity: Int,
}

impl Split {
    /// All parts together.
    pub fn total(&self) -> Int {
        &self.protocol + &self.creator + &self.partner + &self.referrer + &self.liquidity
    }

    fn add(&mut self, recipient: Recipient, amount: &Int) {
        let field = match recipient {
            Recipient::Protocol => &mut self.protocol,
            Recipient::Creator => &mut self.creator,
            Recipient::Partner => &mut self.partner,
            Recipient::Referrer => &mut self.referrer,
            Recipient::Liquidity => &mut self.liquidity,
        };
        *field += amount;
    }
}

/// The fees of one trade.
#[derive(Clone, Debug)]
pub struct Charge<'m> {
    /// The module's or the tier's fees.
    pub fees: &'m Fees,
    /// The side of the trade.
    pub side: Side,
    /// Whole seconds since launch.
    pub secs: u64,
    /// Whether the order names a referrer.
    pub referred: bool,
}

/// How far below what bisection finds the least amount may be.
const BELOW: u64 = 32;

/// The largest amount.
fn most() -> Int {
    int(u64::MAX)
}

impl Charge<'_> {
    /// What goes to the curve when `gross` is paid in all; none when that does not cover the fee.
    ///
    /// On top, by pump.fun's rule: `gross` divided by one and all rates, rounded down, is the estimate. What the estimate and its
    /// parts pass `gross` by is taken off it, and the parts stay those of the estimate. Included: all but the fee.
    pub fn within(&self, gross: &Int) -> Option<(Int, Split)> {
        if self.is_on_top() {
            let rates: Int = self
                .charged()
                .map(|part| match part.of {
                    FeeOf::Part(_) => int(0),
                    FeeOf::Amount | FeeOf::Total | FeeOf::Proportion | FeeOf::Rest => {
                        int(part.rate)
                    }
                })
                .sum();
            let estimate = floor(&(whole(gross.clone()) * ratio(RATE_ONE, rates + RATE_ONE)));
            let split = self.on_top(&estimate);
            let excess = (&estimate + split.total() - gross).max(Int::zero());
            let net = estimate - excess;
            return (net >= Int::zero()).then_some((net, split));
        }
        let rate = self.rate_of_gross(gross);
        let fee = ceil(&(whole(gross.clone()) * billionths(&rate)));
        let split = self.split(&fee, gross, &rate);
        Some((gross - fee, split))
    }

    /// What is paid in all for `net` to go to the curve.
    pub fn on_top_of(&self, net: &Int) -> Option<(Int, Split)> {
        if self.is_on_top() {
            let split = self.on_top(net);
            return Some((net + split.total(), split));
        }
        let rate = self.rate_of_net(net)?;
        let gross = gross_of(net, &rate);
        let fee = &gross - net;
        let split = self.split(&fee, &gross, &rate);
        Some((gross, split))
    }

    /// What is left of an output after its fee; none when the fee is more than it.
    pub fn out_of(&self, amount: &Int) -> Option<(Int, Split)> {
        let split = if self.is_on_top() {
            self.on_top(amount)
        } else {
            let rate = self.rate();
            let fee = ceil(&(whole(amount.clone()) * billionths(&rate)));
            self.split(&fee, amount, &rate)
        };
        let rest = amount - split.total();
        (rest >= Int::zero()).then_some((rest, split))
    }

    /// The least output whose rest is at least `rest`.
    ///
    /// One unit more may leave less, where several parts round up at once, so that a little below what bisection finds may do too.
    pub fn for_rest(&self, rest: &Int) -> Option<Int> {
        let leaves = |amount: &Int| self.out_of(amount).is_some_and(|(left, _)| left >= *rest);
        let found = smallest(&most(), leaves)?;
        let from = (&found - int(BELOW)).max(int(0));
        let mut below = (0..BELOW).map(|more| &from + int(more)).filter(|amount| *amount < found);
        below.find(leaves).or(Some(found))
    }

    fn is_on_top(&self) -> bool {
        self.fees.total == FeeTotal::OnTop
    }

    /// The parts that this trade is charged: a referrer's only when there is one.
    fn charged(&self) -> impl Iterator<Item = &FeePart> {
        self.fees.parts.iter().filter(|part| part.recipient != Recipient::Referrer || self.referred)
    }

    /// Fees on top of `amount`: each part of the amount, by its own rounding; or of an earlier part, out of which it is taken.
    fn on_top(&self, amount: &Int) -> Split {
        self.divide(amount, None)
    }

    /// The parts of an included fee of `total` on `amount` at `rate`; what they leave is the rest's.
    fn split(&self, total: &Int, amount: &Int, rate: &Int) -> Split {
        self.divide(amount, Some((total, rate)))
    }

    fn divide(&self, amount: &Int, included: Option<(&Int, &Int)>) -> Split {
        let (total, rate) =
            included.map_or((None, int(0)), |(total, rate)| (Some(total.clone()), rate.clone()));
        let mut left = total.clone();
        let mut taken: Vec<(Recipient, Int)> = Vec::new();
        for part in &self.fees.parts {
            if part.recipient == Recipient::Referrer && !self.referred {
                taken.push((part.recipient, int(0)));
                continue;
            }
            let own = billionths(&int(part.rate));
            let of = |of: &Int, rate: Rat| whole(of.clone()) * rate;
            let exact = match (part.of, &total, &left) {
                (FeeOf::Part(place), _, _) => of(&taken[usize::from(place)].1, own),
                (FeeOf::Total, Some(total), _) => of(total, own),
                (FeeOf::Proportion, Some(_), _) if rate.is_zero() => whole(0),
                (FeeOf::Proportion, Some(total), _) => of(total, ratio(part.rate, rate.clone())),
                (FeeOf::Rest, _, Some(left)) => of(left, own),
                (FeeOf::Amount | FeeOf::Total | FeeOf::Proportion | FeeOf::Rest, _, _) => {
                    of(amount, own)
                }
            };
            let fee = rounded(&exact, part.rounding);
            let fee = match part.of {
                FeeOf::Part(place) => take(&mut taken[usize::from(place)].1, fee),
                FeeOf::Amount | FeeOf::Total | FeeOf::Proportion | FeeOf::Rest => match &mut left {
                    Some(left) => take(left, fee),
                    None => fee,
                },
            };
            taken.push((part.recipient, fee));
        }
        let mut split = Split::default();
        for (recipient, fee) in &taken {
            split.add(*recipient, fee);
        }
        let rest = match self.fees.rest {
            // Nobody is named, so that it falls to the chain.
            Recipient::Referrer if !self.referred => Recipient::Protocol,
            recipient => recipient,
        };
        split.add(rest, &left.unwrap_or_default());
        split
    }

    /// The rate by time, in billionths, without what depends on the amount.
    fn rate(&self) -> Int {
        let FeeTotal::Included { rate, referred, schedule } = self.fees.total else {
            return int(0);
        };
        let at_launch = int(rate);
        let periods_gone = |period_secs: u32, periods: u16| {
            self.secs.checked_div(u64::from(period_secs)).unwrap_or(0).min(u64::from(periods))
        };
        let now = match schedule {
            FeeSchedule::Constant | FeeSchedule::SizeLimiter { .. } => at_launch,
            FeeSchedule::Linear { reduction, period_secs, periods } => {
                at_launch - int(reduction) * int(periods_gone(period_secs, periods))
            }
            FeeSchedule::Exponential { reduction_bps, period_secs, periods } => {
                let factor = two_to(64) - floor(&ratio(int(reduction_bps) << 64, 10_000));
                let power = power(&factor, periods_gone(period_secs, periods));
                floor(&ratio(at_launch * power, two_to(64)))
            }
        };
        let more = if self.referred { int(referred) } else { int(0) };
        (now + more).min(int(RATE_MAX))
    }

    /// The limiter's step, growth and start rate, while it is in force for this trade.
    fn limiter(&self) -> Option<(Int, Int)> {
        match self.fees.total {
            FeeTotal::Included {
                schedule: FeeSchedule::SizeLimiter { reference, increment, duration_secs },
                ..
            } if self.side == Side::Buy && self.secs <= u64::from(duration_secs) => {
                Some((int(reference.get()), int(increment)))
            }
            FeeTotal::Included { .. } | FeeTotal::OnTop => None,
        }
    }

    /// The rate of a payment of `gross`, fees included.
    ///
    /// Under a size limiter it is the rate, rounded up, of the sum of what each step of the payment costs.
    fn rate_of_gross(&self, gross: &Int) -> Int {
        let rate = self.rate();
        let Some((step, growth)) = self.limiter() else { return rate };
        if *gross <= step {
            return rate;
        }
        let fee = ceil(&stepped(gross, &step, &rate, &growth));
        ceil(&ratio(fee * int(RATE_ONE), gross.clone())).min(int(RATE_MAX))
    }

    /// The rate of a payment that leaves `net` after the fee, by Meteora DBC's steps: the root of the quadratic that the fee is
    /// without its roundings, rounded to a whole number of steps, and the last step by its own rate.
    fn rate_of_net(&self, net: &Int) -> Option<Int> {
        let rate = self.rate();
        let Some((step, growth)) = self.limiter() else { return Some(rate) };
        let left_of = |gross: &Int| {
            gross - ceil(&(whole(gross.clone()) * billionths(&self.rate_of_gross(gross))))
        };
        if *net <= left_of(&step) {
            return Some(rate);
        }
        let top = int(RATE_MAX);
        let last = (floor(&ratio(&top - &rate, growth.clone())) + 1) * &step;
        let last = Some(last).filter(|last| *last <= most());
        let capped = last.clone().unwrap_or_else(most);
        let left_at_cap = left_of(&capped);
        if *net == left_at_cap {
            return Some(self.rate_of_gross(&capped));
        }
        let gross = if *net < left_at_cap {
            let one = int(RATE_ONE);
            let y = 2 * &one * &step + &growth * &step - 2 * &rate * &step;
            let z = 2 * net * &one * &step;
            let square: Int = &y * &y - int(4) * &growth * z;
            let root = square.sqrt();
            let first = floor(&ratio(y - root, 2 * &growth));
            let steps = floor(&ratio(first.clone(), step));
            let rest = net - left_of(&first);
            if rest < Int::zero() {
                return None;
            }
            first + ceil(&ratio(rest * &one, &one - (rate.clone() + &growth * steps)))
        } else {
            let last = last?;
            last + ceil(&ratio((net - left_at_cap) * int(RATE_ONE), int(RATE_ONE) - top))
        };
        let found = ceil(&ratio((&gross - net) * int(RATE_ONE), gross));
        // Both roundings up can pass the highest rate by a billionth; upstream caps every rate.
        (found >= rate).then(|| found.min(int(RATE_MAX)))
    }
}

fn take(from: &mut Int, fee: Int) -> Int {
    let fee = fee.min(from.clone());
    *from -= &fee;
    fee
}

/// The exact fee of a payment, of which the first `step` pays `rate`, the next `growth` more, and so on up to
/// [`RATE_MAX`]: the first step whose rate would pass it pays it, and so do all after.
fn stepped(gross: &Int, step: &Int, rate: &Int, growth: &Int) -> Rat {
    let full = floor(&ratio(gross.clone(), step.clone()));
    let rest = gross - &full * step;
    // Steps that pay less than the highest rate: those whose rate is at most RATE_MAX by the line.
    let rising: Int = floor(&ratio(int(RATE_MAX) - rate, growth.clone())) + 1;
    let line = full.clone().min(rising.clone());
    // 0 + 1 + … + (line - 1)
    let triangle = &line * (&line - 1) / 2;
    let sum = step * (&line * rate + growth * triangle) + step * (&full - &line) * int(RATE_MAX);
    let last = if full < rising { rate + growth * &full } else { int(RATE_MAX) };
    ratio(sum + rest * last, RATE_ONE)
}

/// The least gross amount whose fee at `rate` leaves `net`.
fn gross_of(net: &Int, rate: &Int) -> Int {
    ceil(&(whole(net.clone()) * ratio(RATE_ONE, int(RATE_ONE) - rate)))
}

fn billionths(rate: &Int) -> Rat {
    ratio(rate.clone(), RATE_ONE)
}

fn rounded(value: &Rat, rounding: FeeRounding) -> Int {
    match rounding {
        FeeRounding::Up => ceil(value),
        FeeRounding::Down => floor(value),
    }
}

/// A power in Q64.64 of a factor below one: for each bit of the exponent from the lowest on, the result is multiplied when the
/// bit is set, and the factor squared; each product is rounded down.
fn power(factor: &Int, exponent: u64) -> Int {
    let (mut result, mut square, mut bits) = (two_to(64), factor.clone(), exponent);
    while bits > 0 {
        if bits & 1 == 1 {
            result = (result * &square) >> 64;
        }
        square = (&square * &square) >> 64;
        bits >>= 1;
    }
    result
}
