//! As many resources as a job may have, each worker's own and shared ones mixed.

use job_orch::prelude::*;

#[derive(Clone)]
struct Own<const N: u8>;
struct Lent<const N: u8>;

#[job]
#[allow(clippy::used_underscore_binding)]
async fn all(
    number: &u8,
    _: &mut Own<0>,
    _: &Lent<1>,
    _: &mut Own<2>,
    _: &Lent<3>,
    _: &mut Own<4>,
    _: &Lent<5>,
    _: &mut Own<6>,
    _: &Lent<7>,
) -> u8 {
    *number
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), job_orch::Error> {
    let orch = Orchestrator::on(Memory::new())
        .provide(Own::<0>)
        .share(Lent::<1>)
        .provide(Own::<2>)
        .share(Lent::<3>)
        .provide(Own::<4>)
        .share(Lent::<5>)
        .provide(Own::<6>)
        .share(Lent::<7>)
        .host(All)
        .start()
        .await?;
    assert_eq!(orch.call(All, 8).await.unwrap(), 8);
    orch.shutdown().await
}
