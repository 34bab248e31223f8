//! A call and its answer: whatever races with whatever, a caller gets exactly one end.

use std::any::Any;
use std::sync::{Arc, Mutex};

use job_orch::channel::{BoxError, Channels, Delivery, McReceive};
use job_orch::engine::memory::MemoryChannels;
use job_orch::engine::{Carries, Durability, Engine, EngineChannels, TravelsOn};
use job_orch::processor::{JobProcessor, Processor};
use job_orch::settings::Serving;
use job_orch::{CallError, Orchestrator, Run, job};
use shuttle::future::{spawn, yield_now};

use super::explore::{begun, explore, joined, polled, settled};

#[job]
async fn double(number: &u32) -> u32 {
    number * 2
}

/// An engine in memory that lets the model hold the channels too. The orchestrator's own workers never run: their
/// runtime does not, and the model's workers stand in.
#[derive(Clone, Debug, Default)]
struct Tapped(Arc<Mutex<Option<Box<dyn Any + Send>>>>);

impl Tapped {
    fn channels(&self) -> MemoryChannels<Double> {
        let tapped = self.0.lock().expect("nobody panics with it");
        tapped.as_ref().and_then(|channels| channels.downcast_ref()).cloned().expect("the orchestrator has started")
    }
}

impl<T: Send + 'static> Carries<T> for Tapped {}

impl Engine for Tapped {
    const NAME: &'static str = "tapped";
    type Channels<J: Run> = MemoryChannels<J>;

    async fn open<J: TravelsOn<Self>>(&self, serving: &Serving) -> Result<MemoryChannels<J>, BoxError> {
        let channels = MemoryChannels::new(serving);
        *self.0.lock().expect("nobody panics with it") = Some(Box::new(channels.clone()));
        Ok(channels)
    }

    fn durability(&self) -> Durability {
        Durability::Memory
    }
}

struct Scene {
    orch: Orchestrator<Tapped>,
    channels: MemoryChannels<Double>,
}

impl Scene {
    async fn open() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let engine = Tapped::default();
        let orch = {
            let _entered = runtime.enter();
            Orchestrator::on(engine.clone()).host(Double).start().await.expect("nothing is wrong with it")
        };
        // The orchestrator's workers go with it.
        drop(runtime);
        Self { orch, channels: engine.channels() }
    }

    fn caller(&self, number: u32) -> shuttle::future::JoinHandle<Result<u32, CallError<std::convert::Infallible>>> {
        let orch = self.orch.clone();
        spawn(async move { orch.call(Double, number).await })
    }

    fn worker(&self) -> shuttle::future::JoinHandle<()> {
        let processor = JobProcessor::new(Double, self.channels.clone());
        spawn(async move { processor.run(&mut ()).await })
    }
}

#[test]
fn each_caller_gets_its_own_answer() {
    explore(|| async {
        let scene = Scene::open().await;
        let workers = [scene.worker(), scene.worker()];
        let callers = [scene.caller(1), scene.caller(2), scene.caller(3)];
        for (number, caller) in (1..).zip(callers) {
            assert_eq!(joined(caller).await.ok(), Some(number * 2));
        }
        scene.channels.close();
        for worker in workers {
            joined(worker).await;
        }
    });
}

#[test]
fn a_caller_that_leaves_harms_nobody() {
    explore(|| async {
        let scene = Scene::open().await;
        let worker = scene.worker();
        let leaving = {
            let orch = scene.orch.clone();
            spawn(async move { polled(1, orch.call(Double, 1)).await })
        };
        let staying = scene.caller(2);
        if let Some(answer) = joined(leaving).await {
            assert_eq!(answer.ok(), Some(2));
        }
        assert_eq!(joined(staying).await.ok(), Some(4));
        scene.channels.close();
        joined(worker).await;
    });
}

#[test]
fn a_call_is_answered_or_told_of_the_end() {
    explore(|| async {
        let scene = Scene::open().await;
        let worker = scene.worker();
        let callers = [scene.caller(1), scene.caller(2)];
        let channels = scene.channels.clone();
        let abandoning = spawn(async move { channels.abandon() });
        for (number, caller) in (1..).zip(callers) {
            match joined(caller).await {
                Ok(answer) => assert_eq!(answer, number * 2),
                Err(CallError::Closed { .. }) => {}
                Err(error) => panic!("answered or closed, not: {error}"),
            }
        }
        joined(abandoning).await;
        joined(worker).await;
    });
}

#[test]
fn a_caller_that_moves_to_another_task_is_woken() {
    explore(|| async {
        let scene = Scene::open().await;
        let orch = scene.orch.clone();
        let mut call = Box::pin(async move { orch.call(Double, 4).await });
        assert!(begun(call.as_mut()).await.is_none(), "nobody works yet");
        let moved = spawn(call);
        let worker = scene.worker();
        assert_eq!(joined(moved).await.ok(), Some(8));
        scene.channels.close();
        joined(worker).await;
    });
}

#[test]
fn a_dropped_request_tells_its_caller() {
    explore(|| async {
        let scene = Scene::open().await;
        let caller = scene.caller(1);
        let mut receiver = scene.channels.request_receiver();
        let dropping = spawn(async move {
            let delivery = receiver.receive().await.expect("the call's request");
            // Acked without an answer: nobody will ever give one.
            settled(delivery.ack()).await;
        });
        assert!(matches!(joined(caller).await, Err(CallError::Closed { .. })), "the caller is told");
        joined(dropping).await;
    });
}

#[test]
fn a_cancelled_call_gets_one_end() {
    explore(|| async {
        let scene = Scene::open().await;
        let worker = scene.worker();
        let (orch, caller) = (scene.orch.clone(), scene.caller(1));
        let cancelling = spawn(async move {
            let receipt = orch.send(Double, 7).await.expect("the request is accepted");
            yield_now().await;
            orch.cancel(Double, receipt.id).await
        });
        joined(cancelling).await;
        assert_eq!(joined(caller).await.ok(), Some(2), "another request's end is not the caller's");
        scene.channels.close();
        joined(worker).await;
    });
}
