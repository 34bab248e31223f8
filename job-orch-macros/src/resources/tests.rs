//! What `#[derive(Resources)]` expands to, and what it says.

use quote::quote;

use super::resources;
use crate::expected::{assert_expands_to, sentences};

#[test]
fn an_application() {
    let item = quote! {
        #[hosts(Count, jobs::Store)]
        struct App {
            db: Db,
            #[shared]
            http: Arc<Http>,
        }
    };
    assert_expands_to("resources", resources(item));
}

#[test]
fn an_application_without_jobs() {
    assert_expands_to("resources_without_jobs", resources(quote! { struct App(Db); }));
}

#[test]
fn all_mistakes_are_reported_together() {
    let item = quote! {
        #[hosts(count, Store, Store, 3)]
        struct App<T> { one: Db, two: Db, #[shared] http: Http }
    };
    assert_eq!(
        sentences(resources(item)),
        [
            "write the type of a job here, as in `Count`",
            "an application is one type: write the types these parameters stand for",
            "`one` provides `Db` already, and a job asks by type: give one of the two a type of its own",
            "what workers share is counted: write `Arc<Http>`, or remove `#[shared]` to give each worker a clone",
            "`count` is the function: write its job type, `Count`",
            "`Store` is hosted already: remove this one",
        ]
    );
}
