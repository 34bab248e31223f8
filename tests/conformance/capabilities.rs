//! Who can what: the table in the docs of the module `engine` says the same as the traits.

use job_orch::engine::memory::Memory;
use job_orch::engine::sqlite::Sqlite;
use job_orch::engine::{
    Deduplicates, Delays, KeepsAnswers, KeepsResponses, Pauses, Prioritises, Remembers, RemembersKeys,
    SharedByProcesses, Transacts,
};
use job_orch::testing::Rig;

/// The table as people read it.
const DOCS: &str = include_str!("../../job-orch/src/engine/mod.rs");
/// The traits.
const TRAITS: &str = include_str!("../../job-orch/src/engine/capabilities.rs");

/// Whether an engine has a capability. An inherent constant is found before the one of a trait.
macro_rules! has {
    ($engine:ident, $capability:ident) => {{
        #[allow(dead_code, reason = "one of the two is found")]
        struct Asked<E>(std::marker::PhantomData<E>);
        #[allow(dead_code, reason = "one of the two is found")]
        trait Otherwise {
            const HAS: bool = false;
        }
        impl<E> Otherwise for Asked<E> {}
        #[allow(dead_code, reason = "one of the two is found")]
        impl<E: $capability> Asked<E> {
            const HAS: bool = true;
        }
        Asked::<$engine>::HAS
    }};
}

/// A row for each capability, a column for each engine.
macro_rules! table {
    (@row $capability:ident [$($engine:ident)*]) => {
        (stringify!($capability), [$(has!($engine, $capability)),*])
    };
    ($engines:tt $($capability:ident)*) => {
        [$(table!(@row $capability $engines)),*]
    };
}

#[test]
fn the_table_of_capabilities_says_what_the_traits_say() {
    let table = table!([Memory Sqlite Rig] Delays Prioritises Deduplicates RemembersKeys KeepsResponses Remembers Pauses
        SharedByProcesses KeepsAnswers Transacts);
    for (capability, has) in table {
        let words = has.map(|has| if has { "yes" } else { "no" });
        let row = format!("//! | [`{capability}`] | {} | {} | {} |", words[0], words[1], words[2]);
        println!("{}", row.trim_start_matches("//! "));
        assert!(DOCS.lines().any(|line| line.starts_with(&row)), "the docs say otherwise: {row}");
    }
    // A trait without methods: what it says, its name says.
    let traits =
        TRAITS.lines().filter_map(|line| line.strip_prefix("pub trait ")?.strip_suffix(" {}")?.split(':').next());
    // These have a method, and a file of their own.
    let traits = traits.chain(["KeepsAnswers", "Transacts"]);
    let rows: Vec<&str> = table.iter().map(|(capability, _)| *capability).collect();
    assert_eq!(rows, traits.collect::<Vec<_>>(), "each capability has its row");
}
