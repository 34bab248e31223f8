//! The futures of public functions are `Send`, so that they can be spawned, on whatever least promising types. Nothing here
//! runs: it compiles, or a `Send` was lost.

use std::future::Future;

use futures_util::StreamExt;

use job_orch::channel::{
    Channels, Delivery, Envelope, Failure, McReceive, MpSend, Response, Return, SendOptions, Withdraw,
};
use job_orch::engine::memory::{Broadcast, Lease, Listener, MemoryChannels, Receiver, Sender};
use job_orch::engine::{Engine, EngineChannels};
use job_orch::flow::Flow;
use job_orch::prelude::Memory;
use job_orch::process::{Attached, Coordinator, Lines, Output, Program};
use job_orch::processor::{JobProcessor, Processor};
use job_orch::resources::Nil;
use job_orch::settings::Serving;
use job_orch::{Assembly, Client, GetCache, JobId, Orchestrator, Responses, Run};

use crate::{Alone, Least, Value};

/// What a future must be for `tokio::spawn`, but for the borrow.
fn can_be_spawned<F: Future<Output: Send> + Send>(_: F) {}

#[expect(dead_code, reason = "it is only compiled")]
fn doors(orch: &Orchestrator<Memory>, assembly: Assembly<Memory, Nil>, id: JobId, values: [Value; 4]) {
    let [first, second, third, fourth] = values;
    can_be_spawned(assembly.start());
    can_be_spawned(orch.call(Least, first));
    can_be_spawned(orch.send(Least, second));
    can_be_spawned(orch.send_many(Least, [third, fourth]));
    can_be_spawned(orch.cancel(Least, id));
    can_be_spawned(orch.dead_letters(Least));
    can_be_spawned(orch.redrive(Least, id));
    can_be_spawned(orch.drop_dead_letter(Least, id));
    can_be_spawned(orch.health());
    can_be_spawned(orch.shutdown());
}

#[expect(dead_code, reason = "it is only compiled")]
fn processes(
    processes: &Coordinator,
    attached: &Attached,
    output: &mut Output,
    lines: &mut Lines,
    programs: [Program; 3],
    id: JobId,
) {
    let [first, second, third] = programs;
    can_be_spawned(processes.start(first));
    can_be_spawned(processes.attach(second));
    can_be_spawned(processes.start_reading(third));
    can_be_spawned(processes.wait(id));
    can_be_spawned(processes.write(id, "x"));
    can_be_spawned(processes.close_stdin(id));
    can_be_spawned(processes.drain());
    can_be_spawned(processes.shutdown());
    can_be_spawned(attached.wait());
    can_be_spawned(output.next());
    can_be_spawned(lines.next());
}

#[expect(dead_code, reason = "it is only compiled")]
fn flows(orch: &Orchestrator<Memory>, flow: &Flow<Alone, Alone, Value>, inputs: [Alone; 2]) {
    let [first, second] = inputs;
    can_be_spawned(orch.run(flow, first).timeout("1s"));
    can_be_spawned(orch.run_all(flow, futures_util::stream::iter([second])).collect::<Vec<_>>());
}

#[expect(dead_code, reason = "it is only compiled")]
fn clients(client: &Client<Least, Memory>, responses: &mut Responses<Least, Memory>, id: JobId, values: [Value; 4]) {
    let [first, second, third, fourth] = values;
    can_be_spawned(client.call(first).timeout("1s"));
    can_be_spawned(client.send(second).after("1s").priority(1).unique("key"));
    can_be_spawned(client.send_many([third, fourth]));
    can_be_spawned(client.cancel(id));
    can_be_spawned(client.waiting());
    can_be_spawned(client.dead_letters());
    can_be_spawned(client.redrive(id));
    can_be_spawned(client.drop_dead_letter(id));
    can_be_spawned(responses.receive());
}

#[expect(dead_code, reason = "it is only compiled")]
fn processors(processor: JobProcessor<Least, MemoryChannels<Least>>, resources: &mut Alone) {
    can_be_spawned(processor.run(resources));
}

#[expect(dead_code, reason = "it is only compiled")]
fn request_channels(sender: &Sender<Alone>, many: &mut Vec<Alone>, receiver: &mut Receiver<Value>) {
    can_be_spawned(sender.send(Alone::new(0)));
    can_be_spawned(sender.send_with(Alone::new(0), SendOptions::default()));
    can_be_spawned(sender.send_many(many));
    can_be_spawned(receiver.receive());
}

#[expect(dead_code, reason = "it is only compiled")]
fn leases(leases: [Lease<Value>; 3], mut extended: Lease<Value>, reason: Failure) {
    let [acked, buried, returned] = leases;
    can_be_spawned(acked.ack());
    can_be_spawned(buried.bury(reason));
    can_be_spawned(returned.nack(Return::Untouched));
    can_be_spawned(extended.extend(std::time::Duration::ZERO));
}

#[expect(dead_code, reason = "it is only compiled")]
fn response_channels(sender: &Broadcast<Value>, value: Value, many: &mut Vec<Value>, listener: &mut Listener<Value>) {
    can_be_spawned(sender.send(value));
    can_be_spawned(sender.send_many(many));
    can_be_spawned(listener.receive());
    can_be_spawned(listener.receive_many());
}

#[expect(dead_code, reason = "it is only compiled")]
fn engines(serving: &Serving, channels: &MemoryChannels<Least>, id: JobId) {
    can_be_spawned(async move { Memory::new().open::<Least>(serving).await });
    can_be_spawned(channels.waiting());
    can_be_spawned(channels.dead_letters());
    can_be_spawned(channels.redrive(id));
    can_be_spawned(channels.drop_dead_letter(id));
    can_be_spawned(async move { channels.request_sender().withdraw(id).await });
}

/// Whatever the channel, the job, the engine: the contracts promise it.
#[expect(dead_code, reason = "it is only compiled")]
fn contracts<S: MpSend, R: McReceive>(sender: &S, receiver: &mut R, message: S::Message) {
    can_be_spawned(sender.send(message));
    can_be_spawned(receiver.receive());
}

#[expect(dead_code, reason = "it is only compiled")]
fn any_job<J: GetCache>(request: &J::Request, own: &mut J::Resources, response: &J::Response) {
    can_be_spawned(J::run(request, own));
    can_be_spawned(J::get_cache(request, own));
    can_be_spawned(J::put_cache(request, response, own));
}

/// What a future spawned by a worker is made of, for any channels.
#[expect(dead_code, reason = "it is only compiled")]
fn any_processor<J: Run, C: Channels<J>>(processor: JobProcessor<J, C>, resources: &mut J::Resources) {
    can_be_spawned(processor.run(resources));
}

#[expect(dead_code, reason = "it is only compiled")]
fn any_messages(requests: &Sender<Envelope<Least>>, responses: &Broadcast<Response<Least>>, envelope: Envelope<Least>) {
    can_be_spawned(requests.send(envelope));
    can_be_spawned(responses.send_many(Box::leak(Box::default())));
}
