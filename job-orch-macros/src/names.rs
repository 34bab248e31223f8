//! Names that follow from the user's, with the user's span, and the user's types in words.

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Ident, Signature};

/// The name of the job type: `count_words` makes `CountWords`.
pub(crate) fn job_type(function: &Ident) -> Ident {
    let mut name = String::new();
    for part in function.unraw().to_string().split('_') {
        let mut letters = part.chars();
        name.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        name.push_str(letters.as_str());
    }
    // Words that are no names, or keywords of types.
    if name.starts_with(|first: char| first.is_ascii_digit()) || name.is_empty() {
        name.insert(0, '_');
    }
    if name == "Self" {
        name.push('_');
    }
    Ident::new(&name, function.span())
}

/// The name of the field for a variant: `RightTriangle` makes `right_triangle`.
pub(crate) fn field(variant: &Ident) -> Ident {
    let name = variant.unraw().to_string();
    let mut field = String::new();
    let mut after_small = false;
    for letter in name.chars() {
        if letter.is_uppercase() && after_small {
            field.push('_');
        }
        after_small = letter.is_lowercase() || letter.is_numeric();
        field.extend(letter.to_lowercase());
    }
    if let Ok(field) = syn::parse_str::<Ident>(&field) {
        return Ident::new(&field.to_string(), variant.span());
    }
    match field.as_str() {
        // No raw names.
        "self" | "super" | "crate" | "_" => Ident::new(&format!("{field}_"), variant.span()),
        _ => Ident::new_raw(&field, variant.span()),
    }
}

/// Whether the job type can stand beside the function: not in an `impl`, and not under the function's own name.
pub(crate) fn has_room_beside(signature: &Signature) -> bool {
    signature.receiver().is_none() && job_type(&signature.ident) != signature.ident
}

/// The wire name where the user gives none: the function's.
pub(crate) fn wire_name(signature: &Signature) -> String {
    signature.ident.unraw().to_string()
}

/// Tokens as people write types: the compiler puts spaces between all of them.
pub(crate) fn written(ty: &impl ToTokens) -> String {
    let mut text = ty.to_token_stream().to_string();
    for (spaced, tight) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        (" > ", ">"),
        (" >", ">"),
        ("< ", "<"),
        (" ,", ","),
        (" ;", ";"),
        ("& ", "&"),
        ("Fn (", "Fn("),
    ] {
        text = text.replace(spaced, tight);
    }
    text
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::{field, job_type, written};

    #[test]
    fn a_job_type_is_named_like_a_type() {
        for (function, job) in [
            ("count", "Count"),
            ("count_words", "CountWords"),
            ("_hidden__job_", "HiddenJob"),
            ("v2_of_3", "V2Of3"),
            ("_3d", "_3d"),
            ("self_", "Self_"),
            ("größe_messen", "GrößeMessen"),
        ] {
            assert_eq!(job_type(&quote::format_ident!("{function}")), job);
        }
        assert_eq!(job_type(&syn::Ident::new_raw("type", proc_macro2::Span::call_site())), "Type");
    }

    #[test]
    fn a_field_is_named_like_a_value() {
        for (variant, name) in [
            ("Circle", "circle"),
            ("RightTriangle", "right_triangle"),
            ("HTTPError", "httperror"),
            ("V2Point", "v2_point"),
            ("Type", "r#type"),
            ("Super", "super_"),
            ("Größe", "größe"),
        ] {
            assert_eq!(field(&quote::format_ident!("{variant}")).to_string(), name);
        }
    }

    #[test]
    fn types_are_written_as_people_do() {
        for ty in
            ["io::Result<Vec<u8>>", "&dyn AsRef<str>", "[u8; 4]", "(u8, Option<u8>)", "()", "Box<dyn Fn(&str) -> u8>"]
        {
            let tokens: proc_macro2::TokenStream = ty.parse().unwrap_or_else(|_| quote! {});
            assert_eq!(written(&tokens), ty);
        }
    }
}
