//! Calls by hand: a channel whose messages carry the way back.

use tokio::sync::{mpsc, oneshot};

use crate::call::Caller;

type Asked = (u64, oneshot::Sender<u64>);

/// The client of a worker by hand on tokio's channels.
#[derive(Clone, Debug)]
pub struct Tokio(mpsc::Sender<Asked>);

/// `mpsc`, and a `oneshot` in each message.
#[must_use]
pub fn tokio(capacity: usize) -> Tokio {
    let (sender, mut receiver) = mpsc::channel::<Asked>(capacity);
    tokio::spawn(async move {
        while let Some((number, reply)) = receiver.recv().await {
            let _ = reply.send(number + 1);
        }
    });
    Tokio(sender)
}

impl Caller for Tokio {
    async fn ask(&mut self, number: u64) -> u64 {
        let (reply, answer) = oneshot::channel();
        self.0.send((number, reply)).await.expect("the worker lives");
        answer.await.expect("the worker answers")
    }
}

/// The client of a worker by hand on crossfire's channel.
#[derive(Clone)]
pub struct Crossfire(crossfire::MAsyncTx<crossfire::mpsc::Array<Asked>>);

impl std::fmt::Debug for Crossfire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Crossfire")
    }
}

/// crossfire, and tokio's `oneshot` in each message.
#[must_use]
pub fn crossfire(capacity: usize) -> Crossfire {
    let (sender, receiver) = crossfire::mpsc::bounded_async::<Asked>(capacity);
    tokio::spawn(async move {
        while let Ok((number, reply)) = receiver.recv().await {
            let _ = reply.send(number + 1);
        }
    });
    Crossfire(sender)
}

impl Caller for Crossfire {
    async fn ask(&mut self, number: u64) -> u64 {
        let (reply, answer) = oneshot::channel();
        self.0.send((number, reply)).await.expect("the worker lives");
        answer.await.expect("the worker answers")
    }
}
