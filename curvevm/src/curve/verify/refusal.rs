//! Why a module is refused.

/// Declares the rules and what they say in one table.
macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $message:literal;)*) => {
        /// A rule that a module breaks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[$doc])* $name,)*
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name of the rule.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// What the rule says.
            pub const fn message(self) -> &'static str {
                match self {
                    $(Self::$name => $message,)*
                }
            }
        }
    };
}

rules! {
    /// The version is not known.
    Version = "the module's version is not known: compile it again";
    /// More than 18 decimals.
    Decimals = "an asset has at most 18 decimals";
    /// No piece, or more than 64.
    PieceCount = "a module has 1 to 64 pieces";
    /// A piece ends where it starts, or before.
    EmptyPiece = "a piece must end after it starts";
    /// The pieces and the allotment take more than the supply.
    Supply = "the pieces and the creator's allotment take more than the supply";
    /// Virtual reserves are zero, or a piece sells all of its virtual base.
    Reserves = "virtual reserves must be above zero and outlast what the piece sells";
    /// The price is zero throughout, or a fixed price is over no tokens.
    ZeroPrice = "the price is zero";
    /// A rounding profile that the piece cannot have.
    Rounding = "this rounding profile is not for this piece: FloorPlusOne is for constant products, Cumulative for a linear piece that is the only one";
    /// There is a first square root without a piece of constant liquidity, or none with one, or it is out of range.
    SqrtStart = "the first square root of the price must be in Meteora's range, and zero when no piece has constant liquidity";
    /// The square roots do not rise, or leave the range.
    SqrtEnd = "the square root of the price must rise in a piece of constant liquidity, and stay in Meteora's range";
    /// Pieces of constant liquidity do not stand next to one another.
    LiquidityApart = "pieces of constant liquidity must stand next to one another";
    /// A piece of constant liquidity is too thin to sell a token or to take a unit of quote.
    ThinLiquidity = "the liquidity is too small for a unit of each side";
    /// A piece of constant liquidity does not end where its liquidity does.
    LiquidityEnd = "the piece must end after as many tokens as its liquidity gives between the square roots, rounded down";
    /// Selling the pieces out passes half of 64 bits.
    Overflow = "amounts would pass 2^63 before the pieces are sold out; the rest of the range is for what rounding adds";
    /// The price falls from one piece to the next.
    FallingPrice = "the price falls below that of the piece before";
    /// More than four parts.
    FeeParts = "a fee has at most 4 parts";
    /// A rate is above what it is of, or rates are above 99 % in all.
    FeeRate = "a rate must be at most 100 %, and all together at most 99 %";
    /// A part of the total, the rest or a part without a total, or of a part that is not before it.
    FeeOf = "a part of the total or of the rest needs an included fee, and a part of a part an earlier one";
    /// A fee of a curve for the holders of a pool's shares.
    FeeLiquidity = "only a pool's fee can go to its liquidity";
    /// A fee for a partner that the module does not name.
    FeePartner = "a fee goes to the partner, but the module names none";
    /// A schedule that does nothing, or falls below zero, or is not for this side.
    FeeSchedule = "the schedule must have periods and steps above zero and must not reduce the rate to nothing; a size limiter needs a fee in quote";
    /// The vault asks for nothing or for more than the market cap.
    VaultRate = "a vault asks for 1 to 10,000 basis points of the market cap";
    /// The vault would halt purchases before graduation.
    VaultUnreachable = "the vault would halt purchases for good: when all has been bought up to here, the reserve covers less of the market cap than it asks for";
    /// The graduation target is zero, or more than the pieces raise.
    Unreachable = "the graduation target is zero or more than the curve raises";
    /// An allotment of nothing.
    Allotment = "the creator's allotment is zero: leave it out";
    /// No fee tier, or more than there may be.
    TierCount = "a pool has 1 to 32 fee tiers";
    /// The tiers do not rise from zero.
    TierOrder = "the fee tiers of the pool must rise from a market cap of zero";
    /// A pool's fee is not in quote, or changes.
    TierFees = "a pool's fee is in quote and has no schedule";
    /// So few tokens are left for the pool that it cannot take the reserve.
    PoolTokens = "the tokens that are not sold or allotted must be enough for nine tenths of the reserve at the last price";
    /// The pool would have too few shares.
    PoolShares = "the pool would be too small: its reserves must have a geometric mean above 1,000 units";
}

/// A refusal: the rule, and what breaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The rule.
    pub rule: Rule,
    /// The piece that breaks it, from zero, if it is one piece's.
    pub piece: Option<usize>,
    /// The fee tier of the pool that breaks it, from zero, if it is one tier's.
    pub tier: Option<usize>,
}

impl Refusal {
    pub(super) const fn of(rule: Rule) -> Self {
        Self { rule, piece: None, tier: None }
    }

    pub(super) const fn of_piece(rule: Rule, piece: usize) -> Self {
        Self { rule, piece: Some(piece), tier: None }
    }

    pub(super) const fn of_tier(rule: Rule, tier: usize) -> Self {
        Self { rule, piece: None, tier: Some(tier) }
    }
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if let Some(piece) = self.piece {
            write!(f, "piece {piece}: ")?;
        }
        if let Some(tier) = self.tier {
            write!(f, "pool tier {tier}: ")?;
        }
        f.write_str(self.rule.message())
    }
}

impl core::error::Error for Refusal {}
