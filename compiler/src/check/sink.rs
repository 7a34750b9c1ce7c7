//! Readers of the syntax tree that report what does not fit and go on.

use crate::{
    diagnostics::{Code, Finding},
    source::Span,
    syntax::{Argument, ArgumentKind, Block, Statement},
};

/// Collects findings. A reader that gives none has reported why, here or in an earlier pass.
#[derive(Debug, Default)]
pub(super) struct Sink {
    pub(super) findings: Vec<Finding>,
}

/// An argument with the word before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keyed<'t, 's> {
    pub(super) key: Span,
    pub(super) value: &'t Argument<'s>,
}

impl Sink {
    pub(super) fn found(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.findings.push(Finding::new(code, span, message));
    }

    pub(super) fn report(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// The statement of each name in a block, each at most once.
    pub(super) fn fields<'t, 's, const N: usize>(
        &mut self,
        block: &'t Block<'s>,
        names: [&str; N],
    ) -> [Option<&'t Statement<'s>>; N] {
        let mut fields = [None; N];
        for statement in &block.statements {
            let Some(at) = self.known(statement.head, statement.head_span, &names) else {
                continue;
            };
            if fields[at].is_some() {
                let message = format!("`{}` is said before", statement.head);
                self.found(Code::Duplicate, statement.head_span, message);
                continue;
            }
            fields[at] = Some(statement);
        }
        fields
    }

    /// The value behind each key in `key value key value …`, each at most once.
    pub(super) fn keyed<'t, 's, const N: usize>(
        &mut self,
        arguments: &'t [Argument<'s>],
        names: [&str; N],
    ) -> [Option<Keyed<'t, 's>>; N] {
        let mut values = [None; N];
        let mut rest = arguments.iter();
        while let Some(key) = rest.next() {
            let word = match &key.kind {
                ArgumentKind::Word(word) => word,
                ArgumentKind::Bad => continue,
                ArgumentKind::Number { .. } | ArgumentKind::Text(_) => {
                    let finding =
                        Finding::new(Code::UnexpectedArgument, key.span, "a word is expected here");
                    self.report(finding.help(one_of(&names)));
                    continue;
                }
            };
            let known = self.known(word, key.span, &names);
            let Some(value) = rest.next() else {
                if known.is_some() {
                    self.found(Code::Missing, key.span, format!("`{word}` has no value"));
                }
                break;
            };
            let Some(at) = known else { continue };
            if values[at].is_some() {
                self.found(Code::Duplicate, key.span, format!("`{word}` is said before"));
                continue;
            }
            values[at] = Some(Keyed { key: key.span, value });
        }
        values
    }

    /// The place of a word in the list of those that are known here.
    pub(super) fn known(&mut self, word: &str, span: Span, names: &[&str]) -> Option<usize> {
        let at = names.iter().position(|name| *name == word);
        if at.is_none() {
            let finding =
                Finding::new(Code::UnknownName, span, format!("`{word}` is not known here"));
            let near = names.iter().find(|name| name.eq_ignore_ascii_case(word));
            self.report(
                finding.help(near.map_or_else(|| one_of(names), |near| format!("write `{near}`"))),
            );
        }
        at
    }

    /// What must be said.
    pub(super) fn required<T>(&mut self, part: Option<T>, name: &str, whole: Span) -> Option<T> {
        if part.is_none() {
            self.found(Code::Missing, whole, format!("`{name}` is missing"));
        }
        part
    }

    /// The only argument of a statement without a block.
    pub(super) fn only<'t, 's>(
        &mut self,
        statement: &'t Statement<'s>,
    ) -> Option<&'t Argument<'s>> {
        self.no_block(statement);
        let (first, rest) = self.first(statement)?;
        self.nothing_more(rest);
        Some(first)
    }

    /// The first argument of a statement, and the others.
    pub(super) fn first<'t, 's>(
        &mut self,
        statement: &'t Statement<'s>,
    ) -> Option<(&'t Argument<'s>, &'t [Argument<'s>])> {
        let first = statement.arguments.split_first();
        if first.is_none() {
            let message = format!("`{}` has no value", statement.head);
            self.found(Code::Missing, statement.head_span, message);
        }
        first
    }

    /// Refuses what stands behind the last argument.
    pub(super) fn nothing_more(&mut self, rest: &[Argument<'_>]) {
        let Some((first, last)) = rest.first().zip(rest.last()) else { return };
        if rest.iter().all(|argument| argument.kind == ArgumentKind::Bad) {
            return;
        }
        let finding = Finding::new(
            Code::UnexpectedArgument,
            first.span.to(last.span),
            "nothing is taken here",
        );
        self.report(
            finding.help("one statement to a line; a unit stands next to its number: `1.5sol`"),
        );
    }

    pub(super) fn no_block(&mut self, statement: &Statement<'_>) {
        if let Some(block) = &statement.block {
            let message = format!("`{}` takes no block", statement.head);
            self.found(Code::UnexpectedArgument, block.span, message);
        }
    }

    pub(super) fn text(&mut self, argument: &Argument<'_>) -> Option<String> {
        match &argument.kind {
            ArgumentKind::Text(text) => Some(text.clone()),
            ArgumentKind::Word(_) | ArgumentKind::Number { .. } => {
                self.wrong_kind(argument, "a text in quotes")
            }
            ArgumentKind::Bad => None,
        }
    }

    /// The place of a word argument in the list of those that are known here.
    pub(super) fn choice(&mut self, argument: &Argument<'_>, names: &[&str]) -> Option<usize> {
        match &argument.kind {
            ArgumentKind::Word(word) => self.known(word, argument.span, names),
            ArgumentKind::Number { .. } | ArgumentKind::Text(_) => {
                self.wrong_kind(argument, &one_of(names))
            }
            ArgumentKind::Bad => None,
        }
    }

    pub(super) fn wrong_kind<T>(&mut self, argument: &Argument<'_>, expected: &str) -> Option<T> {
        self.found(Code::WrongKind, argument.span, format!("expected {expected}"));
        None
    }
}

fn one_of(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some(_) | None => names.concat(),
    }
}
