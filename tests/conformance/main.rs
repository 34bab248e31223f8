//! The laws of channels, proved for each engine: one line each.

use job_orch::channel::laws::{Fixture, Law, matrix};
use job_orch::channel_laws;
use job_orch::engine::memory::MemoryChannels;
use job_orch::settings::Serving;

struct Memory;

impl Fixture for Memory {
    type Channels = MemoryChannels<Law>;
    async fn open(serving: &Serving) -> Self::Channels {
        MemoryChannels::new(serving)
    }
}

channel_laws!(memory, Memory);

#[test]
fn the_matrix_is_printed() {
    println!("{}", matrix(&[("memory", memory::EXCEPT)]));
}
