//! What an engine can do beyond carrying requests and responses, where there is nothing more to it than that it can.

use super::Engine;

/// An engine that can deliver a request later.
#[diagnostic::on_unimplemented(message = "`{Self}` cannot delay a request", label = "this engine does not delay")]
pub trait Delays: Engine {}

/// An engine that can deliver urgent requests first.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot prioritise a request",
    label = "this engine has no priorities"
)]
pub trait Prioritises: Engine {}

/// An engine that accepts only one of several equal requests.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot tell whether a request is unique",
    label = "this engine does not deduplicate"
)]
pub trait Deduplicates: Engine {}

/// An engine that remembers the key of a unique request for longer than the request itself.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot remember the key of a request that has ended",
    label = "this engine forgets a key with its request; `.unique(key)` asks for no more",
    note = "in `#[job(unique(…))]` it is `within` and `even_dead` that ask for more"
)]
pub trait RemembersKeys: Deduplicates {}

/// An engine that keeps responses, so that they can be asked for by the id of their request.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be asked for a response of the past",
    label = "this engine keeps no responses"
)]
pub trait KeepsResponses: Engine {}

/// An engine that remembers the steps of a flow's run, so that the run can be taken up again after a crash.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not remember the steps of a run",
    label = "this engine forgets a run with its process",
    note = "write `orch.run(&flow, input)` for a run that need not outlive its process"
)]
pub trait Remembers: Engine {}

/// An engine that can pause a job.
#[diagnostic::on_unimplemented(message = "`{Self}` cannot pause a job", label = "this engine does not pause")]
pub trait Pauses: Engine {}

/// An engine whose requests other processes can serve.
#[diagnostic::on_unimplemented(
    message = "no other process serves jobs on `{Self}`",
    label = "a job that is not hosted here is hosted nowhere"
)]
pub trait SharedByProcesses: Engine {}
