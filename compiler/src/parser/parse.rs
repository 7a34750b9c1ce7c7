//! The parser. The same grammar serves curve files and trade scripts:
//!
//! ```text
//! source    = { end } { statement }
//! statement = word { argument } [ "{" source "}" ] end
//! argument  = word | number | text
//! end       = newline | ";" | before "}" | end of the source
//! ```
//!
//! After an error it goes on behind the end of the line, so that an error in one line does not hide those of the next.

use crate::{
    diagnostics::{Code, Finding},
    lexer::{Token, TokenKind},
    source::{Span, limits::DEPTH_MAX},
    syntax::{Argument, ArgumentKind, Block, Statement, Tree},
};

/// Builds the tree of what can be understood.
pub(crate) fn parse<'s>(tokens: &[Token<'s>]) -> (Tree<'s>, Vec<Finding>) {
    let mut parser = Parser { tokens, at: 0, findings: Vec::new() };
    let mut statements = Vec::new();
    while parser.at < tokens.len() {
        parser.statements(0, &mut statements);
        if let Some(close) = parser.next() {
            parser.found(Code::StrayClose, close.span, "this closes no block");
        }
    }
    (Tree { statements }, parser.findings)
}

struct Parser<'t, 's> {
    tokens: &'t [Token<'s>],
    at: usize,
    findings: Vec<Finding>,
}

impl<'t, 's> Parser<'t, 's> {
    /// Reads statements up to a `}` or the end of the source. Recursion is bounded by [`DEPTH_MAX`].
    fn statements(&mut self, depth: usize, into: &mut Vec<Statement<'s>>) {
        while let Some(token) = self.peek() {
            match &token.kind {
                TokenKind::Close => return,
                TokenKind::End => self.at += 1,
                TokenKind::Word(head) => {
                    self.at += 1;
                    into.push(self.statement(head, token.span, depth));
                }
                TokenKind::Open => {
                    let finding =
                        Finding::new(Code::ExpectedStatement, token.span, "a block needs a head");
                    self.findings.push(finding.help("put `{` on the line of its statement"));
                    self.skip_line();
                }
                TokenKind::Number { .. } | TokenKind::Text(_) => {
                    self.found(
                        Code::ExpectedStatement,
                        token.span,
                        "a statement begins with a word",
                    );
                    self.skip_line();
                }
                TokenKind::Bad => self.skip_line(),
            }
        }
    }

    fn statement(&mut self, head: &'s str, head_span: Span, depth: usize) -> Statement<'s> {
        let mut arguments = Vec::new();
        let mut block = None;
        while let Some(token) = self.peek() {
            let kind = match &token.kind {
                TokenKind::End | TokenKind::Close => break,
                TokenKind::Open => {
                    block = self.block(depth);
                    self.end_of_block();
                    break;
                }
                TokenKind::Word(word) => ArgumentKind::Word(word),
                TokenKind::Number { value, unit } => ArgumentKind::Number { value: *value, unit },
                TokenKind::Text(text) => ArgumentKind::Text(text.clone()),
                TokenKind::Bad => ArgumentKind::Bad,
            };
            arguments.push(Argument { kind, span: token.span });
            self.at += 1;
        }
        Statement { head, head_span, arguments, block }
    }

    /// Reads a block whose `{` comes next.
    fn block(&mut self, depth: usize) -> Option<Block<'s>> {
        let span = self.peek()?.span;
        if depth == DEPTH_MAX {
            let message = format!("blocks lie more than {DEPTH_MAX} deep in one another");
            self.found(Code::TooDeep, span, message);
            self.skip_block();
            return None;
        }
        self.at += 1;
        let mut statements = Vec::new();
        self.statements(depth + 1, &mut statements);
        if self.next().is_none() {
            self.found(Code::UnclosedBlock, span, "this block is not closed");
        }
        Some(Block { span, statements })
    }

    /// Reports what stands behind a block on the same line.
    fn end_of_block(&mut self) {
        let Some(token) = self.peek() else { return };
        match token.kind {
            TokenKind::End | TokenKind::Close => {}
            TokenKind::Bad => self.skip_line(),
            TokenKind::Word(_)
            | TokenKind::Number { .. }
            | TokenKind::Text(_)
            | TokenKind::Open => {
                let message = "a block is followed by the end of its line";
                self.found(Code::ExpectedEnd, token.span, message);
                self.skip_line();
            }
        }
    }

    /// Goes to the end of the line, past whole blocks.
    fn skip_line(&mut self) {
        while let Some(token) = self.peek() {
            match token.kind {
                TokenKind::End | TokenKind::Close => return,
                TokenKind::Open => self.skip_block(),
                TokenKind::Word(_)
                | TokenKind::Number { .. }
                | TokenKind::Text(_)
                | TokenKind::Bad => {
                    self.at += 1;
                }
            }
        }
    }

    /// Goes past the block whose `{` comes next.
    fn skip_block(&mut self) {
        let mut open = 0usize;
        while let Some(token) = self.next() {
            match token.kind {
                TokenKind::Open => open += 1,
                TokenKind::Close => open -= 1,
                TokenKind::Word(_)
                | TokenKind::Number { .. }
                | TokenKind::Text(_)
                | TokenKind::End
                | TokenKind::Bad => {}
            }
            if open == 0 {
                return;
            }
        }
    }

    fn peek(&self) -> Option<&'t Token<'s>> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<&'t Token<'s>> {
        let token = self.peek();
        self.at += usize::from(token.is_some());
        token
    }

    fn found(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.findings.push(Finding::new(code, span, message));
    }
}
