//! `Send`, `Sync` and `Unpin` of every public type, and of every future that a public function returns: one that is lost
//! does not compile. `no` is claimed where the opposite would promise too much; `any` is what the user's values make of it.

#![allow(clippy::expect_used, reason = "a test fails by a panic")]

mod claim;
mod futures;
mod listed;

use std::cell::Cell;
use std::convert::Infallible;
use std::sync::Arc;

use job_orch::cache::{self, ArchiveKeep, Begun, CacheCounts, Digest, Found, Kept, MemoryKeep, Policy};
use job_orch::channel::{self, AnyDelivery, AnyReceiver, AnySender, Envelope, Response, mock};
use job_orch::cron::{Cron, Fields, Fired, Firing, Missed, Overlap, Plan, Schedule, Tick};
use job_orch::dispatch;
use job_orch::engine::memory::{self, MemoryChannels};
use job_orch::engine::sqlite::{self, SqliteChannels};
use job_orch::engine::{AtHand, DeadLetter, Durability, Keyed, KeyedFor, Keyless, Stored, Withdrawn};
use job_orch::flow;
use job_orch::prelude::{Memory, Sqlite};
use job_orch::process;
use job_orch::processor::JobProcessor;
use job_orch::resources::{Cons, Here, Mine, Nil, Ours, Own, Shared, There, Unlisted};
use job_orch::retry::{Growth, Retry};
use job_orch::settings::{Overflow, Serving, Settings};
use job_orch::testing::{self, history, rig};
use job_orch::{
    Assembly, BlockingOrchestrator, Call, CallError, Client, Context, Error, Failure, FailureDetails, FailureKind,
    Health, InvalidJobId, InvalidSpan, JobCounts, JobHealth, JobId, NotSent, Orchestrator, Receipt, Refusal, Responses,
    Run, Send as Sending, Snoozed, Unique,
};

use claim::claims;

/// A job whose types promise no more than they must: its resources are `Send` alone.
struct Least;

/// `Send` and `Sync`, and nothing more.
struct Value(std::marker::PhantomPinned);

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("value")
    }
}

impl Run for Least {
    const NAME: &'static str = "least";
    type Request = Value;
    type Response = Value;
    type Resources = Cell<u8>;
    type Error = Value;

    async fn run(_: &Value, _: &mut Cell<u8>) -> Result<Value, Value> {
        Err(Value(std::marker::PhantomPinned))
    }
}

/// A job that is remembered.
#[job_orch::job(cache)]
async fn remembered(number: &u64) -> u64 {
    *number
}

/// A message that is `Send` alone.
type Alone = Cell<u8>;
/// An app.
#[derive(job_orch::Resources)]
#[hosts(Remembered)]
struct App {
    #[shared]
    _shared: Arc<u64>,
}

claims! {
    // doors                                    Send Sync Unpin
    Assembly<Memory, Nil>:                      yes  no   yes;
    Assembly<Memory, Cons<Own<Alone>, Nil>>:    yes  no   yes;
    Assembly<Memory, App, App>:                 yes  no   yes;
    BlockingOrchestrator<Memory>:               yes  yes  yes;
    Call<'static, Least, Memory>:               yes  no   yes;
    CallError<Value>:                           yes  yes  any;
    CallError<Infallible>:                      yes  yes  yes;
    Client<Least, Memory>:                      yes  yes  any;
    Context:                                    yes  yes  yes;
    Cron<Alone>:                                yes  yes  yes;
    Error:                                      yes  yes  yes;
    Failure:                                    yes  yes  yes;
    FailureDetails:                             yes  yes  yes;
    FailureKind:                                yes  yes  yes;
    Health:                                     yes  yes  yes;
    InvalidJobId:                               yes  yes  yes;
    InvalidSpan:                                yes  yes  yes;
    JobCounts:                                  yes  yes  yes;
    JobHealth:                                  yes  yes  yes;
    JobId:                                      yes  yes  yes;
    NotSent<Value>:                             yes  yes  any;
    NotSent<Vec<Value>>:                        yes  yes  any;
    Fields:                                     yes  yes  yes;
    Fired:                                      yes  yes  yes;
    Firing<Least>:                              yes  yes  any;
    Missed:                                     yes  yes  yes;
    Overlap:                                    yes  yes  yes;
    Plan:                                       yes  yes  yes;
    Schedule:                                   yes  yes  yes;
    Snoozed:                                    yes  yes  yes;
    Tick:                                       yes  yes  yes;
    Unique<*const u8>:                          yes  yes  yes;
    Orchestrator<Memory>:                       yes  yes  yes;
    Orchestrator<Memory, App>:                  yes  yes  yes;
    Orchestrator<Memory, *const u8>:            yes  yes  yes;
    Receipt:                                    yes  yes  yes;
    Refusal:                                    yes  yes  yes;
    Responses<Least, Memory>:                   yes  yes  yes;
    Sending<'static, Least, Memory>:            yes  no   yes;

    // testing
    history::End:                               yes  yes  yes;
    history::Entry:                             yes  yes  yes;
    history::Event:                             yes  yes  yes;
    history::FaultKind:                         yes  yes  yes;
    history::Grip:                              yes  yes  yes;
    history::History:                           yes  yes  yes;
    history::Interest:                          yes  yes  yes;
    history::Invariant:                         yes  yes  yes;
    history::Promises:                          yes  yes  yes;
    history::ReadError:                         yes  yes  yes;
    history::Recorder:                          yes  yes  yes;
    history::Rejected:                          yes  yes  yes;
    history::Summary:                           yes  yes  yes;
    history::Violation:                         yes  yes  yes;
    testing::Backing:                           yes  yes  yes;
    testing::Kit:                               yes  yes  yes;
    testing::Point:                             yes  yes  yes;
    testing::Rig:                               yes  yes  yes;
    testing::Stuck:                             yes  yes  yes;
    rig::Heard<Least>:                          yes  yes  any;
    rig::Held<Least>:                           yes  yes  any;
    rig::RigBroadcast<Least>:                   yes  yes  yes;
    rig::RigChannels<Least>:                    yes  yes  any;
    rig::RigListener<Least>:                    yes  yes  yes;
    rig::RigReceiver<Least>:                    yes  yes  any;
    rig::RigSender<Least>:                      yes  yes  yes;

    // cache
    ArchiveKeep<Remembered>:                    yes  yes  yes;
    AtHand:                                     yes  yes  yes;
    Begun:                                      yes  yes  yes;
    CacheCounts:                                yes  yes  yes;
    Digest:                                     yes  yes  yes;
    Found<Value, Value>:                        yes  yes  any;
    cache::KeyBy<true>:                         yes  yes  yes;
    cache::Keyable<Value>:                      yes  yes  any;
    Kept:                                       yes  yes  yes;
    MemoryKeep<Remembered>:                     yes  yes  yes;
    Policy:                                     yes  yes  yes;
    Stored:                                     yes  yes  yes;

    // channel
    AnyDelivery<Value>:                         yes  yes  yes;
    AnyReceiver<Value>:                         yes  yes  yes;
    AnySender<Alone>:                           yes  yes  yes;
    Envelope<Least>:                            yes  yes  any;
    Response<Least>:                            yes  yes  any;
    channel::Acceptance:                        yes  yes  yes;
    channel::Chunk<Alone>:                      yes  no   yes;
    channel::Fetched<'static, Value>:            yes  yes  any;
    channel::Chunk<Value>:                      yes  yes  any;
    channel::Codec<*const u8>:                  yes  yes  yes;
    channel::Record<'static, Least>:            yes  yes  yes;
    channel::ReceiveError:                      yes  yes  yes;
    channel::Return:                            yes  yes  yes;
    channel::SendError<Value>:                  yes  yes  any;
    channel::SendError<Alone>:                  yes  no   yes;
    channel::SendOptions:                       yes  yes  yes;
    channel::SettleError:                       yes  yes  yes;
    channel::CompleteError:                     yes  yes  yes;
    channel::TransactionError:                  yes  yes  yes;
    channel::UniqueKey:                         yes  yes  yes;
    channel::laws::Law:                         yes  yes  yes;
    channel::laws::Parcel:                      yes  yes  yes;
    mock::Answer:                               yes  yes  yes;
    mock::Leased<Value>:                        yes  yes  any;
    mock::Receive<Value>:                       yes  yes  any;
    mock::Receiver<Alone>:                      yes  yes  yes;
    mock::Sender<Alone>:                        yes  yes  yes;
    mock::Sent<Value>:                          yes  yes  any;
    mock::Settled:                              yes  yes  yes;

    // dispatch
    dispatch::AccessToken:                      yes  yes  yes;
    dispatch::Builder:                          yes  yes  yes;
    dispatch::Dispatcher:                       yes  yes  yes;
    dispatch::InvalidMode:                      yes  yes  yes;
    dispatch::InvalidToken:                     yes  yes  yes;
    dispatch::LineError:                        yes  yes  yes;
    dispatch::Mode:                             yes  yes  yes;
    dispatch::OpenError:                        yes  yes  yes;
    dispatch::Submitted:                        yes  yes  yes;

    // engine
    DeadLetter:                                 yes  yes  yes;
    Durability:                                 yes  yes  yes;
    Keyed:                                      yes  yes  yes;
    KeyedFor:                                   yes  yes  yes;
    Keyless:                                    yes  yes  yes;
    Withdrawn<Least>:                           yes  yes  any;
    Memory:                                     yes  yes  yes;
    MemoryChannels<Least>:                      yes  yes  any;
    memory::Broadcast<Value>:                   yes  yes  yes;
    memory::Lease<Alone>:                       yes  no   yes;
    memory::Lease<Value>:                       yes  yes  any;
    memory::Listener<Value>:                    yes  yes  yes;
    memory::Receiver<Alone>:                    yes  no   yes;
    memory::Receiver<Value>:                    yes  yes  any;
    memory::Sender<Alone>:                      yes  yes  yes;
    memory::Shared<Value>:                      yes  yes  yes;
    memory::SharedMany<Value>:                  yes  yes  yes;

    // flow
    flow::Arm<'static, u64, u64, Infallible>:   no   no   yes;
    flow::Copying:                              yes  yes  yes;
    flow::Edge:                                 yes  yes  yes;
    flow::Fails<Value>:                         yes  yes  any;
    flow::Flow<Alone, Alone, Alone>:            yes  yes  yes;
    flow::FlowError<Value>:                     yes  yes  any;
    flow::FlowRun<'static, Alone, Alone, u64>:  yes  no   yes;
    flow::FlowRuns<'static, Alone, Alone, u64, Alone>: yes no yes;
    flow::Graph:                                yes  yes  yes;
    flow::InvalidFlow:                          yes  yes  yes;
    flow::Kind:                                 yes  yes  yes;
    flow::Late<Alone>:                          yes  yes  yes;
    flow::Mistake:                              yes  yes  yes;
    flow::Node:                                 yes  yes  yes;
    flow::Progress:                             yes  yes  yes;
    flow::Safe:                                 yes  yes  yes;
    flow::StepCount:                            yes  yes  yes;
    flow::Unhandled<u64, Infallible, Least>:    yes  yes  yes;
    flow::Wire<Alone, Alone>:                   yes  yes  yes;
    Sqlite:                                     yes  yes  yes;
    SqliteChannels<Least>:                      yes  yes  yes;
    sqlite::Broadcast<Least>:                   yes  yes  yes;
    sqlite::Lease<Least>:                       yes  yes  any;
    sqlite::Listener<Least>:                    yes  yes  yes;
    sqlite::OpenError:                          yes  yes  yes;
    sqlite::Options:                            yes  yes  yes;
    sqlite::Receiver<Least>:                    yes  yes  yes;
    sqlite::Seen<Least>:                        yes  yes  any;
    sqlite::Sender<Least>:                      yes  yes  yes;
    sqlite::StoreError:                         yes  yes  yes;

    sqlite::inspect::Check:                     yes  yes  yes;
    sqlite::inspect::Ended:                     yes  yes  yes;
    sqlite::inspect::Inspector:                 yes  no   yes;
    sqlite::inspect::Process:                   yes  yes  yes;
    sqlite::inspect::Queue:                     yes  yes  yes;
    sqlite::inspect::Request:                   yes  yes  yes;
    sqlite::inspect::Schedule:                  yes  yes  yes;
    sqlite::inspect::State:                     yes  yes  yes;
    sqlite::inspect::Wanted:                    yes  yes  yes;

    // process
    process::Attached:                          yes  yes  yes;
    process::Blob:                              yes  yes  yes;
    process::Cause:                             yes  yes  yes;
    process::Coordinator:                       yes  yes  yes;
    process::Ended:                             yes  yes  yes;
    process::Keep:                              yes  yes  yes;
    process::Limits:                            yes  yes  yes;
    process::Line:                              yes  yes  yes;
    process::Lines:                             yes  yes  yes;
    process::Options:                           yes  yes  yes;
    process::Output:                            yes  yes  yes;
    process::OutputError:                       yes  yes  yes;
    process::Pipe:                              yes  yes  yes;
    process::ProcessError:                      yes  yes  yes;
    process::Program:                           yes  yes  yes;
    process::StartError:                        yes  yes  yes;
    process::Started:                           yes  yes  yes;
    process::Status:                            yes  yes  yes;
    process::Unknown:                           yes  yes  yes;

    // processor
    JobProcessor<Least, MemoryChannels<Least>>: yes  yes  any;

    // resources
    Cons<Own<Alone>, Nil>:                      yes  yes  yes;
    Here:                                       yes  yes  yes;
    Mine<*const u8>:                            yes  yes  yes;
    Nil:                                        yes  yes  yes;
    Ours<*const u8>:                            yes  yes  yes;
    Own<Alone>:                                 yes  yes  yes;
    Shared<Value>:                              yes  yes  yes;
    There<*const u8>:                           yes  yes  yes;
    Unlisted:                                   yes  yes  yes;
    job_orch::resources::EachWorker:            yes  yes  yes;

    // settings
    Growth:                                     yes  yes  yes;
    Overflow:                                   yes  yes  yes;
    Retry:                                      yes  yes  yes;
    Serving:                                    yes  yes  yes;
    Settings:                                   yes  yes  yes;
}
