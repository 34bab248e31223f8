use job_orch::job;

struct Db(std::rc::Rc<String>);

#[job]
async fn count(path: &String, db: &mut Db) -> usize {
    path.len() + db.0.len()
}

fn main() {}
