//! The lexer.

use super::{Token, TokenKind};
use crate::{
    decimal::{Decimal, ParseError},
    diagnostics::{Code, Finding},
    source::{Span, limits::DIGITS_MAX, limits::TOKENS_MAX},
};

/// Cuts a source into tokens. Blanks and comments (`#` to the end of the line) are left out.
pub(crate) fn lex(source: &str) -> (Vec<Token<'_>>, Vec<Finding>) {
    let mut lexer = Lexer { source, at: 0, tokens: Vec::new(), findings: Vec::new() };
    while let Some(char) = lexer.peek() {
        if lexer.tokens.len() == TOKENS_MAX {
            let message = format!("the source has more than {TOKENS_MAX} tokens");
            lexer.found(Code::TooManyTokens, Span::new(lexer.at, lexer.at), message);
            break;
        }
        lexer.scan(char);
    }
    (lexer.tokens, lexer.findings)
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
    tokens: Vec<Token<'s>>,
    findings: Vec<Finding>,
}

impl<'s> Lexer<'s> {
    fn scan(&mut self, char: char) {
        match char {
            '\n' | ';' => self.single(TokenKind::End),
            '{' => self.single(TokenKind::Open),
            '}' => self.single(TokenKind::Close),
            '#' => {
                self.take_while(|char| char != '\n');
            }
            '"' => self.text(),
            '.' | '0'..='9' => self.number(),
            'a'..='z' | 'A'..='Z' | '_' => {
                let span = self.take_while(is_word);
                self.push(TokenKind::Word(&self.source[span.start..span.end]), span);
            }
            char if char.is_whitespace() => self.at += char.len_utf8(),
            _ => {
                let span = self.take_while(is_unexpected);
                let message = "this is no part of the language";
                self.found(Code::UnexpectedCharacter, span, message);
                self.push(TokenKind::Bad, span);
            }
        }
    }

    fn number(&mut self) {
        let span = self.take_while(|char| is_word(char) || matches!(char, '.' | '%'));
        let text = &self.source[span.start..span.end];
        let digits = text.find(|char: char| !matches!(char, '0'..='9' | '_' | '.'));
        let (digits, unit) = text.split_at(digits.unwrap_or(text.len()));
        let is_unit =
            unit.is_empty() || unit == "%" || unit.bytes().all(|b| b.is_ascii_alphabetic());
        let value = if is_unit { Decimal::parse(digits) } else { Err(ParseError::Malformed) };
        let kind = match value {
            Ok(value) => TokenKind::Number { value, unit },
            Err(ParseError::Malformed) => {
                let finding = Finding::new(Code::MalformedNumber, span, "this is no number");
                let help =
                    "digits, one point between digits, a unit: `1_000`, `0.5`, `1.5sol`, `95bps`";
                self.findings.push(finding.help(help));
                TokenKind::Bad
            }
            Err(ParseError::TooLong) => {
                let message = format!("a number has at most {DIGITS_MAX} digits");
                self.found(Code::TooManyDigits, span, message);
                TokenKind::Bad
            }
        };
        self.push(kind, span);
    }

    fn text(&mut self) {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(char) = self.peek().filter(|char| *char != '\n') {
            let at = self.at;
            self.at += char.len_utf8();
            match char {
                '"' => return self.push(TokenKind::Text(text), Span::new(start, self.at)),
                '\\' => match self.peek() {
                    Some(escaped @ ('"' | '\\')) => {
                        self.at += 1;
                        text.push(escaped);
                    }
                    Some(_) | None => {
                        let span = Span::new(at, self.at);
                        let message = "a backslash stands before a quote or a backslash only";
                        self.found(Code::UnknownEscape, span, message);
                    }
                },
                char => text.push(char),
            }
        }
        let span = Span::new(start, self.at);
        self.found(Code::UnterminatedText, span, "the text has no closing quote on its line");
        self.push(TokenKind::Bad, span);
    }

    fn peek(&self) -> Option<char> {
        self.source[self.at..].chars().next()
    }

    fn take_while(&mut self, holds: impl Fn(char) -> bool) -> Span {
        let start = self.at;
        let rest = &self.source[start..];
        self.at = rest.find(|char| !holds(char)).map_or(self.source.len(), |length| start + length);
        Span::new(start, self.at)
    }

    fn single(&mut self, kind: TokenKind<'s>) {
        let span = Span::new(self.at, self.at + 1);
        self.at = span.end;
        self.push(kind, span);
    }

    fn push(&mut self, kind: TokenKind<'s>, span: Span) {
        self.tokens.push(Token { kind, span });
    }

    fn found(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.findings.push(Finding::new(code, span, message));
    }
}

const fn is_word(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_'
}

/// Whether no token, blank or comment starts with the character.
fn is_unexpected(char: char) -> bool {
    !(is_word(char) || char.is_whitespace() || matches!(char, ';' | '{' | '}' | '#' | '"' | '.'))
}
