//! A unit test of code that receives and sends: mock channels follow a script and log what they were asked.
//!
//! ```text
//! cargo run --example mock_channels
//! cargo test --example mock_channels
//! ```

use std::time::Duration;

use job_orch::channel::mock::{Answer, Receiver, Sender};
use job_orch::channel::{Delivery, McReceive, MpSend, ReceiveError, Return};

/// The code under test: passes messages on, in capitals. One that finds no room comes again in a minute.
async fn forward<R, S>(mut from: R, to: &S) -> Result<(), Box<dyn std::error::Error>>
where
    R: McReceive<Message = String>,
    S: MpSend<Message = String>,
{
    loop {
        let delivery = match from.receive().await {
            Ok(delivery) => delivery,
            Err(ReceiveError::Closed) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        match to.send(delivery.message().to_uppercase()).await {
            Ok(()) => delivery.ack().await?,
            Err(error) if error.is_retryable() => delivery.nack(Return::Snoozed(Duration::from_secs(60))).await?,
            Err(error) => return Err(error.into()),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let from = Receiver::of(["one", "two", "three"].map(String::from));
    let to = Sender::scripted([Answer::Accept, Answer::Full, Answer::Accept]);
    forward(from.clone(), &to).await?;
    for sent in to.take_sent() {
        println!("sent {}", sent.message);
    }
    for (message, settled) in from.take_settled() {
        println!("{message}: {settled:?}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use job_orch::channel::mock::Settled;

    use super::*;

    #[tokio::test]
    async fn message_without_room_comes_again() {
        let from = Receiver::of(["one".to_owned()]);
        assert!(forward(from.clone(), &Sender::scripted([Answer::Full])).await.is_ok());
        let snoozed = Settled::Returned(Return::Snoozed(Duration::from_secs(60)));
        assert_eq!(from.take_settled(), [("one".to_owned(), snoozed)]);
    }

    #[tokio::test]
    async fn message_is_given_back_when_nobody_takes_it() {
        let from = Receiver::of(["one", "two"].map(String::from));
        assert!(forward(from.clone(), &Sender::scripted([Answer::Closed])).await.is_err());
        assert_eq!(from.take_settled(), [("one".to_owned(), Settled::Dropped)]);
        assert_eq!(from.unread(), 1);
    }
}
