//! Just enough of Rust's grammar to find which modules a source file names: tokens with their lines, and the paths
//! that start at the crate's root, at `super` or at `self`, in `use` trees, expressions and macro bodies alike.
//!
//! It reads tokens rather than a syntax tree because a path inside a macro's body counts as much as any other.

/// What matters of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// An identifier, a keyword or a number.
    Word(&'a str),
    /// `::`
    Path,
    /// `{`
    Open,
    /// `}`
    Close,
    /// Any other character that is neither space, comment, text, character nor lifetime.
    Other(char),
}

/// A token and the line it is on, from 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Located<'a> {
    pub(crate) token: Token<'a>,
    pub(crate) line: usize,
}

/// A path as it resolves from the crate's root, and the line where its last part stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
}

/// The tokens of a source text.
pub(crate) fn tokens(source: &str) -> Vec<Located<'_>> {
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while let Some(c) = source[at..].chars().next() {
        let rest = &source[at..];
        let (length, token) = if c.is_whitespace() {
            (c.len_utf8(), None)
        } else if let Some(length) = comment(rest).or_else(|| text(rest)).or_else(|| quoted(rest)) {
            (length, None)
        } else if c.is_alphanumeric() || c == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            (length, Some(Token::Word(&rest[..length])))
        } else if rest.starts_with("::") {
            (2, Some(Token::Path))
        } else {
            (
                c.len_utf8(),
                Some(match c {
                    '{' => Token::Open,
                    '}' => Token::Close,
                    _ => Token::Other(c),
                }),
            )
        };
        tokens.extend(token.map(|token| Located { token, line }));
        line += rest[..length].matches('\n').count();
        at += length;
    }
    tokens
}

/// The paths of a file that belong to this crate. `module` is the path of the module that the file is.
pub(crate) fn paths(tokens: &[Located<'_>], module: &[&str]) -> Vec<Named> {
    Paths { tokens, at: 0, module: owned(module), inline: Vec::new(), depth: 0, named: Vec::new() }.read()
}

/// The module that a file is: `src/a/b.rs` and `src/a/b/mod.rs` are `a::b`, `src/lib.rs` and `src/main.rs` the root.
pub(crate) fn module_of(file: &str) -> Vec<&str> {
    let inner = file.trim_start_matches("src/").trim_end_matches(".rs");
    let inner = inner.strip_suffix("/mod").unwrap_or(inner);
    if matches!(inner, "lib" | "main") { Vec::new() } else { inner.split('/').collect() }
}

struct Paths<'a> {
    tokens: &'a [Located<'a>],
    at: usize,
    module: Vec<String>,
    /// The depths of braces at which an inline module ends.
    inline: Vec<usize>,
    depth: usize,
    named: Vec<Named>,
}

impl<'a> Paths<'a> {
    fn read(mut self) -> Vec<Named> {
        while let Some(token) = self.token(0) {
            match token {
                Token::Open => self.depth += 1,
                Token::Close => self.close(),
                Token::Word("mod") => self.inline_module(),
                Token::Word(word) if !self.follows_path() => self.word(word),
                _ => {}
            }
            self.at += 1;
        }
        self.named
    }

    fn token(&self, ahead: usize) -> Option<Token<'a>> {
        self.tokens.get(self.at + ahead).map(|located| located.token)
    }

    fn before(&self) -> Option<Token<'a>> {
        self.at.checked_sub(1).map(|at| self.tokens[at].token)
    }

    fn follows_path(&self) -> bool {
        self.before() == Some(Token::Path)
    }

    fn close(&mut self) {
        if self.inline.last() == Some(&self.depth) {
            self.inline.pop();
            self.module.pop();
        }
        self.depth = self.depth.saturating_sub(1);
    }

    fn inline_module(&mut self) {
        if let (Some(Token::Word(name)), Some(Token::Open)) = (self.token(1), self.token(2)) {
            let name = name.to_owned();
            self.module.push(name);
            self.depth += 1;
            self.inline.push(self.depth);
            self.at += 2;
        }
    }

    fn word(&mut self, word: &str) {
        let of_visibility = self.before() == Some(Token::Word("in"));
        let start = match word {
            _ if of_visibility => return,
            "crate" | "heteronym" => Vec::new(),
            "self" => self.module.clone(),
            "super" => parent(&self.module),
            _ => return,
        };
        if self.token(1) == Some(Token::Path) {
            self.at += 2;
            self.tree(start);
            self.at -= 1;
        } else if word == "crate" && self.before() == Some(Token::Word("use")) {
            self.name(Vec::new());
        }
    }

    /// Reads what follows a `::`, leaving `at` behind it.
    fn tree(&mut self, mut prefix: Vec<String>) {
        match self.token(0) {
            Some(Token::Open) => {
                self.at += 1;
                while !matches!(self.token(0), None | Some(Token::Close)) {
                    self.tree(prefix.clone());
                    while !matches!(self.token(0), None | Some(Token::Close | Token::Other(','))) {
                        self.at += 1;
                    }
                    self.at += usize::from(self.token(0) == Some(Token::Other(',')));
                }
                self.at += 1;
            }
            Some(Token::Word(word)) => {
                match word {
                    "super" => prefix = parent(&prefix),
                    "self" => {}
                    _ => prefix.push(word.to_owned()),
                }
                self.at += 1;
                if self.token(0) == Some(Token::Path) {
                    self.at += 1;
                    self.tree(prefix);
                } else {
                    self.at -= 1;
                    self.name(prefix);
                    self.at += 1;
                }
            }
            Some(Token::Other('*')) => {
                prefix.push("*".to_owned());
                self.name(prefix);
                self.at += 1;
            }
            // A turbofish: the path ended before it.
            _ => self.name(prefix),
        }
    }

    fn name(&mut self, path: Vec<String>) {
        let line = self.tokens[self.at.min(self.tokens.len() - 1)].line;
        self.named.push(Named { path, line });
    }
}

fn parent(module: &[String]) -> Vec<String> {
    module[..module.len().saturating_sub(1)].to_vec()
}

fn owned(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| (*part).to_owned()).collect()
}

/// The length of a comment at the beginning; block comments nest.
fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    rest.starts_with("/*").then(|| {
        let (mut depth, mut at) = (0_usize, 0);
        while at < rest.len() {
            let step = match &rest.as_bytes()[at..] {
                [b'/', b'*', ..] => {
                    depth += 1;
                    2
                }
                [b'*', b'/', ..] => {
                    depth -= 1;
                    2
                }
                _ => 1,
            };
            at += step;
            if depth == 0 {
                return at;
            }
        }
        rest.len()
    })
}

/// The length of a string literal at the beginning: `"…"`, `b"…"`, `c"…"`, `r#"…"#` and their kin.
fn text(rest: &str) -> Option<usize> {
    let prefix = rest.find(|c: char| !matches!(c, 'b' | 'c' | 'r'))?;
    let (letters, after) = rest.split_at(prefix);
    if !matches!(letters, "" | "b" | "c" | "r" | "br" | "cr") {
        return None;
    }
    if letters.ends_with('r') {
        let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
        let body = after[hashes..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        return Some(prefix + hashes + 1 + body.find(&end).map_or(body.len(), |at| at + end.len()));
    }
    let body = after.strip_prefix('"')?;
    Some(prefix + 1 + escaped(body, b'"'))
}

/// The length of a character, a byte or a lifetime at the beginning.
fn quoted(rest: &str) -> Option<usize> {
    let prefix = usize::from(rest.starts_with("b'"));
    let body = rest[prefix..].strip_prefix('\'')?;
    let first = body.chars().next()?;
    if first == '\\' || body[first.len_utf8()..].starts_with('\'') {
        return Some(prefix + 1 + escaped(body, b'\''));
    }
    let name = body.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(body.len());
    Some(prefix + 1 + name)
}

/// How far a literal reaches, its closing quote included.
fn escaped(body: &str, quote: u8) -> usize {
    let bytes = body.as_bytes();
    let mut at = 0;
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

#[test]
fn comments_texts_characters_and_lifetimes_are_no_tokens() {
    let source = "// a\n/* b /* c */ d */ e \"f \\\" g\" r#\"h \" i\"# b\"j\" 'k' '\\'' b'l' 'm: n<'o> '\"' '' p";
    let words: Vec<_> = tokens(source).into_iter().filter(|t| matches!(t.token, Token::Word(_))).collect();
    let words: Vec<_> = words.iter().map(|t| (t.token, t.line)).collect();
    assert_eq!(words, [(Token::Word("e"), 2), (Token::Word("n"), 2), (Token::Word("p"), 2)]);
}

#[test]
fn paths_are_found_in_groups_chains_bodies_and_macros() {
    let source = "
        use crate::{a::{self, b as c}, d::*, self};
        pub(in crate::no) mod tests { use super::super::e; fn f() { $crate::g::<crate::h::I>::j(); } }
        pub(crate) use self::k; type L = super::super::m::N; use crate as o; heteronym::p::q!();
    ";
    let found = paths(&tokens(source), &["x", "y"]);
    let found: Vec<_> = found.iter().map(|named| (named.path.join("::"), named.line)).collect();
    let found: Vec<_> = found.iter().map(|(path, line)| (path.as_str(), *line)).collect();
    assert_eq!(
        found,
        [
            ("a", 2),
            ("a::b", 2),
            ("d::*", 2),
            ("", 2),
            ("x::e", 3),
            ("g", 3),
            ("h::I", 3),
            ("x::y::k", 4),
            ("m::N", 4),
            ("", 4),
            ("p::q", 4)
        ]
    );
}
