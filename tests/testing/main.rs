//! The test kit: each sentence on each engine, chosen by one value.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

/// Makes one test for each engine of an async function that takes a [`Backing`].
macro_rules! on_all {
    ($($sentence:ident)*) => {
        mod memory {
            $(#[tokio::test(start_paused = true)]
            async fn $sentence() {
                super::$sentence(job_orch::testing::Backing::Memory).await;
            })*
        }
        mod sqlite {
            $(#[tokio::test(start_paused = true)]
            async fn $sentence() {
                super::$sentence(job_orch::testing::Backing::Sqlite).await;
            })*
        }
    };
}

mod cron;
mod kit;
mod rig;
mod snooze;
