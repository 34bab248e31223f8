//! A hash of a function's own tokens: a cached response of an older body is not one of this body.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;

use crate::item_fn::ItemFn;

/// The hash of the signature and the body. Comments, spaces and attributes do not change it.
pub(crate) fn of(func: &ItemFn) -> u64 {
    let mut hash = Hash(0xcbf2_9ce4_8422_2325);
    hash.tokens(func.sig.to_token_stream());
    hash.tokens(func.body.to_token_stream());
    hash.0
}

/// FNV-1a, because it has to be the same on every compiler and machine, and nobody attacks it.
struct Hash(u64);

impl Hash {
    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                // What a `macro_rules` matched has a group that nobody wrote.
                TokenTree::Group(group) if group.delimiter() == Delimiter::None => self.tokens(group.stream()),
                TokenTree::Group(group) => {
                    let (open, close) = match group.delimiter() {
                        Delimiter::Parenthesis => ("(", ")"),
                        Delimiter::Brace => ("{", "}"),
                        _ => ("[", "]"),
                    };
                    self.word(open);
                    self.tokens(group.stream());
                    self.word(close);
                }
                token => self.word(&token.to_string()),
            }
        }
    }

    fn word(&mut self, word: &str) {
        for byte in word.bytes().chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
