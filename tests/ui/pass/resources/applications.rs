//! Structs with names, with numbers, with nothing, in modules, and the types they give.

use std::sync::Arc;

use job_orch::prelude::*;

mod jobs {
    use job_orch::job;

    #[derive(Clone)]
    pub struct Db(pub u64);
    pub struct Http(pub u64);

    #[job]
    pub async fn store(number: &u64, db: &mut Db) -> u64 {
        number + db.0
    }

    #[job]
    pub async fn fetch(number: &u64, http: &Http, db: &mut Db) -> u64 {
        number + http.0 + db.0
    }
}

#[derive(Resources)]
#[hosts(jobs::Store, crate::jobs::Fetch)]
struct App {
    db: jobs::Db,
    #[shared]
    http: Arc<jobs::Http>,
}

#[derive(Resources)]
#[hosts(jobs::Store)]
struct Numbered(jobs::Db, #[shared] std::sync::Arc<jobs::Http>);

#[derive(Clone, Resources)]
struct Nothing;

/// The type of an orchestrator can be named.
struct Server {
    orch: Orchestrator<Memory, App>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), job_orch::Error> {
    let app = App { db: jobs::Db(1), http: Arc::new(jobs::Http(10)) };
    let server = Server { orch: Orchestrator::on(Memory::new()).serve(app).start().await? };
    assert_eq!(server.orch.call(jobs::Store, 1).await.unwrap(), 2);
    assert_eq!(server.orch.call(jobs::Fetch, 1).await.unwrap(), 12);
    server.orch.shutdown().await?;
    let numbered = Numbered(jobs::Db(2), Arc::new(jobs::Http(1)));
    let orch = Orchestrator::on(Memory::new()).serve(numbered).start().await?;
    assert_eq!(orch.call(jobs::Store, 1).await.unwrap(), 3);
    orch.shutdown().await?;
    Orchestrator::on(Memory::new()).serve(Nothing).start().await?.shutdown().await
}
