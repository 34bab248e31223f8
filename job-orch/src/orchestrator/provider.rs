//! The second door: a struct that owns the resources and names the jobs.

use super::Assembly;
use crate::engine::Engine;

/// A struct that owns the resources of the jobs it names: `#[derive(Resources)]` with `#[hosts(…)]`.
///
/// `E` is the engine that its jobs travel on.
#[diagnostic::on_unimplemented(
    message = "`{Self}` provides nothing and hosts no jobs",
    label = "cannot be served",
    note = "write `#[derive(Resources)]` and `#[hosts(…)]` above the struct `{Self}`"
)]
pub trait Provider<E: Engine>: Sized + Send + Sync + 'static {
    /// Hosts every job named in `#[hosts(…)]`.
    fn host_all(assembly: Assembly<E, Self>) -> Assembly<E, Self>;
}
