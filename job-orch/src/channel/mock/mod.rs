//! Channels for unit tests: they log what they are asked, and answer from a script.
//!
//! [`Sender`] and [`Receiver`] stand where any channel stands: in code that is generic over channels, and, as
//! [`channels`], under a processor. Their clones share one log. A script that runs out answers `Closed`, so that a test
//! that asks for more than it planned ends with a typed error and does not hang; only what is told to wait waits.
//!
//! A processor on mock channels:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use job_orch::channel::mock::{self, Settled};
//! use job_orch::processor::{JobProcessor, Processor};
//! use job_orch::job;
//!
//! #[job]
//! async fn half(number: &u64) -> Result<u64, String> {
//!     if number % 2 == 0 { Ok(number / 2) } else { Err(format!("{number} is odd")) }
//! }
//!
//! let channels = mock::channels::<Half>([4, 5]);
//! let (_, requests, responses, _) = channels.clone();
//! JobProcessor::new(Half, channels).run(&mut ()).await;
//!
//! let outcomes: Vec<_> = responses.take_sent().into_iter().map(|sent| sent.message.outcome).collect();
//! assert_eq!(outcomes[0], Ok(2));
//! assert_eq!(outcomes[1].as_ref().unwrap_err().message, "5 is odd");
//! let settled = requests.take_settled();
//! assert!(matches!(settled[0].1, Settled::Acked));
//! assert!(matches!(settled[1].1, Settled::Buried(_)), "nobody waited for the answer");
//! # }
//! ```

mod receiver;
mod sender;

pub use receiver::{Leased, Receive, Receiver, Settled};
pub use sender::{Answer, Sender, Sent};

use super::{Envelope, Response};
use crate::job::Run;

/// Mock channels for a processor: see [`channels`].
pub type MockChannels<J> = (Sender<Envelope<J>>, Receiver<Envelope<J>>, Sender<Response<J>>, Receiver<Response<J>>);

/// Mock channels of a job, all four ends: these requests come, each once, and then the end. Responses are accepted and
/// logged; whoever listens to them sees the end at once.
///
/// Keep a clone: what is logged, any clone knows.
#[must_use]
pub fn channels<J: Run>(requests: impl IntoIterator<Item = J::Request>) -> MockChannels<J> {
    let script = requests.into_iter().map(|request| Receive::Message(Envelope::new(request)));
    (Sender::new(), Receiver::new(script), Sender::new(), Receiver::new([]))
}
