//! Types that a job cannot have, because they borrow or have no name.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Type;

use crate::errors::Errors;

/// Refuses every `&`, every named lifetime and every `impl` in `ty`. `because` says whose life is too short.
pub(crate) fn refuse(ty: &Type, because: &str, errors: &mut Errors) {
    scan(ty.to_token_stream(), because, errors);
}

fn scan(tokens: TokenStream, because: &str, errors: &mut Errors) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1);
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '&' && !is_static(&tokens[at + 1..]) => {
                let (text, borrowed) = (owned(next), tokens[at..].iter().take(2).cloned().collect::<TokenStream>());
                errors.on(&borrowed, format!("{because}: {text}"));
            }
            TokenTree::Punct(punct) if punct.as_char() == '\'' && !is_static(&tokens[at..]) => {
                let lifetime = tokens[at..].iter().take(2).cloned().collect::<TokenStream>();
                // The lifetime of a `&'a` is reported with its `&`, and `for<'a>` declares one that borrows nothing.
                let is_said = at > 0 && matches!(&tokens[at - 1], TokenTree::Punct(before) if before.as_char() == '&');
                if !is_said && !tokens.iter().any(|token| matches!(token, TokenTree::Ident(word) if word == "for")) {
                    errors.on(&lifetime, format!("{because}: write a type that borrows nothing"));
                }
            }
            TokenTree::Ident(word) if word == "impl" => {
                errors.at(word.span(), "a job's types have names: write the type instead of `impl …`");
            }
            TokenTree::Group(group) if !(group.delimiter() == Delimiter::Parenthesis && is_fn(&tokens[..at])) => {
                scan(group.stream(), because, errors);
            }
            _ => {}
        }
    }
}

/// Whether `'static` comes next.
fn is_static(tokens: &[TokenTree]) -> bool {
    match tokens {
        [TokenTree::Punct(quote), TokenTree::Ident(name), ..] => quote.as_char() == '\'' && name == "static",
        _ => false,
    }
}

/// Whether parentheses here hold the parameters of a function type, where a borrow is only a promise.
fn is_fn(before: &[TokenTree]) -> bool {
    match before.last() {
        Some(TokenTree::Ident(word)) => ["fn", "Fn", "FnMut", "FnOnce"].iter().any(|name| word == name),
        _ => false,
    }
}

/// What to write instead of a borrow.
fn owned(borrowed: Option<&TokenTree>) -> String {
    match borrowed {
        Some(TokenTree::Ident(ty)) if *ty == "str" => "own it, as in `String`".to_owned(),
        Some(TokenTree::Ident(ty)) if *ty == "Path" => "own it, as in `PathBuf`".to_owned(),
        Some(TokenTree::Group(_)) => "own it, as in `Vec<…>`".to_owned(),
        Some(TokenTree::Ident(ty)) if *ty != "mut" && *ty != "dyn" => format!("own it, as in `{ty}`"),
        _ => "own what it borrows".to_owned(),
    }
}
