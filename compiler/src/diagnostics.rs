//! Diagnostics: what is wrong with a source, where, and what to do about it.

use std::fmt;

use serde::Serialize;

use crate::source::{Span, limits::ERRORS_MAX, limits::SHOWN_CHARS_MAX};

/// Declares the codes, their numbers and their meaning in one table.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal;)*) => {
        /// The kind of an error. Numbers are append-only.
        ///
        /// 0xx: the file, 1xx: tokens, 2xx: statements, 3xx: what they say, 4xx: the compiled module.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Code {
            $($(#[$doc])* $name = $number,)*
        }

        impl Code {
            /// Every code, in order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
        }
    };
}

codes! {
    /// The source is longer than [`crate::limits::SOURCE_BYTES_MAX`].
    SourceTooLong = 1;
    /// The source has more tokens than [`crate::limits::TOKENS_MAX`].
    TooManyTokens = 2;
    /// There are more errors than [`crate::limits::ERRORS_MAX`].
    TooManyErrors = 3;
    /// A character that no token starts with.
    UnexpectedCharacter = 101;
    /// A text without its closing quote on the same line.
    UnterminatedText = 102;
    /// A number that is not written as numbers are.
    MalformedNumber = 103;
    /// A number of more digits than [`crate::limits::DIGITS_MAX`].
    TooManyDigits = 104;
    /// A backslash before something else than a quote or a backslash.
    UnknownEscape = 105;
    /// A statement that does not begin with a word.
    ExpectedStatement = 201;
    /// A `{` without its `}`.
    UnclosedBlock = 202;
    /// A `}` without its `{`.
    StrayClose = 203;
    /// Blocks in blocks beyond [`crate::limits::DEPTH_MAX`].
    TooDeep = 204;
    /// Something behind a block on the same line.
    ExpectedEnd = 205;
    /// A statement or a word that means nothing here.
    UnknownName = 301;
    /// Something is said twice.
    Duplicate = 302;
    /// Something is not said.
    Missing = 303;
    /// An argument of another kind than is asked for.
    WrongKind = 304;
    /// A unit that does not fit here, or none where one is needed.
    WrongUnit = 305;
    /// More digits after the point than the unit has.
    TooPrecise = 306;
    /// A number past its limit.
    OutOfRange = 307;
    /// An argument or a block where none is taken.
    UnexpectedArgument = 308;
    /// A name or a symbol that a launch would refuse.
    InvalidText = 309;
    /// A piece whose price falls.
    FallingPrice = 310;
    /// An amount or a limit of zero in a trade.
    ZeroAmount = 311;
    /// A limit on the side of the trade that is fixed already.
    WrongLimit = 312;
    /// A text that is no address.
    InvalidAddress = 313;
    /// The module breaks a rule of the verifier.
    Refused = 401;
    /// The module does not fit a transaction.
    ModuleTooLong = 402;
}

impl Code {
    /// The stable number.
    pub const fn number(self) -> u16 {
        self as u16
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CS{:03}", self.number())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a pass found, before it is located in lines and columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    code: Code,
    span: Span,
    message: String,
    help: Option<String>,
}

impl Finding {
    pub(crate) fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { code, span, message: message.into(), help: None }
    }

    pub(crate) const fn code(&self) -> Code {
        self.code
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// One error of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Its kind.
    pub code: Code,
    /// What is wrong.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Where, in bytes.
    pub span: Span,
    /// The line, from one.
    pub line: usize,
    /// The column, in characters from one.
    pub column: usize,
    /// The offending text, cut after [`crate::limits::SHOWN_CHARS_MAX`] characters.
    pub text: String,
    #[serde(skip)]
    excerpt: Excerpt,
}

/// The part of the source line that is shown, and where the carets stand under it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Excerpt {
    line: String,
    carets: String,
}

/// The errors of a source, in order of their place; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(transparent)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Locates what the passes found in the source; none if they found nothing.
    pub(crate) fn locate(source: &str, mut findings: Vec<Finding>) -> Option<Self> {
        findings.sort_by_key(|finding| (finding.span, finding.code));
        let hidden = findings.len().saturating_sub(ERRORS_MAX);
        if hidden > 0 {
            findings.truncate(ERRORS_MAX);
            let at = findings.last().map_or(Span::new(0, 0), |last| last.span);
            let message = format!("{hidden} more errors are not shown");
            findings.push(Finding::new(Code::TooManyErrors, at, message));
        }
        let located: Vec<_> =
            findings.into_iter().map(|finding| Diagnostic::locate(source, finding)).collect();
        (!located.is_empty()).then_some(Self(located))
    }

    /// The first error.
    pub fn first(&self) -> &Diagnostic {
        self.0.first().expect("made of at least one diagnostic")
    }

    /// All errors, in order of their place.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// The errors as text, each with its line of the source and carets under the offending text.
    pub fn render(&self, path: &str) -> String {
        self.0.iter().map(|diagnostic| diagnostic.render(path)).collect::<Vec<_>>().join("\n")
    }
}

impl<'d> IntoIterator for &'d Diagnostics {
    type Item = &'d Diagnostic;
    type IntoIter = std::slice::Iter<'d, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render("source").trim_end())
    }
}

impl Diagnostic {
    fn locate(source: &str, finding: Finding) -> Self {
        let Finding { code, span, message, help } = finding;
        let before = &source[..span.start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line_end = source[span.start..].find('\n').map_or(source.len(), |at| span.start + at);
        let column = source[line_start..span.start].chars().count();
        let within = &source[span.start..span.end.clamp(span.start, line_end)];
        Self {
            code,
            message,
            help,
            span,
            line: before.matches('\n').count() + 1,
            column: column + 1,
            text: shown(within).take(SHOWN_CHARS_MAX).collect(),
            excerpt: Excerpt::of(&source[line_start..line_end], column, within.chars().count()),
        }
    }

    fn render(&self, path: &str) -> String {
        let Self { code, message, line, column, excerpt: Excerpt { line: text, carets }, .. } =
            self;
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        let mut out = format!(
            "error[{code}]: {message}\n{margin}--> {path}:{line}:{column}\n{margin} |\n{number} | {text}\n{margin} | {carets}\n"
        );
        if let Some(help) = &self.help {
            out.push_str(&format!("{margin} = help: {help}\n"));
        }
        out
    }
}

impl Excerpt {
    /// Shows the part of `line` around `column`; both counts are in characters.
    fn of(line: &str, column: usize, marked: usize) -> Self {
        let from = if column < SHOWN_CHARS_MAX { 0 } else { column - SHOWN_CHARS_MAX / 2 };
        let text: String = shown(line).skip(from).take(SHOWN_CHARS_MAX).collect();
        let text = text.trim_end().to_owned();
        let lead = line.chars().skip(from).take(column - from);
        let lead: String = lead.map(|char| if char == '\t' { '\t' } else { ' ' }).collect();
        let room = SHOWN_CHARS_MAX - (column - from).min(SHOWN_CHARS_MAX - 1);
        Self { line: text, carets: lead + &"^".repeat(marked.clamp(1, room)) }
    }
}

/// The characters of a text, without those that would drive a terminal.
fn shown(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|char| *char != '\r').map(|char| {
        if char.is_control() && char != '\t' { char::REPLACEMENT_CHARACTER } else { char }
    })
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn numbers_are_unique_and_do_not_move() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].number() < pair[1].number());
        }
        assert_eq!(Code::SourceTooLong.to_string(), "CS001");
        assert_eq!(Code::UnknownName.to_string(), "CS301");
        assert_eq!(Code::ModuleTooLong.to_string(), "CS402");
    }
}
