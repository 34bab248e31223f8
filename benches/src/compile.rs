//! Compile time: a crate of annotated jobs beside one in which the same jobs are written by hand.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use std::{env, fs};

use crate::table::{Group, Plan, Target, Verdict};

/// Jobs of a crate.
const JOBS: usize = 200;

/// A package that is compiled and never run.
struct Package {
    name: &'static str,
    source: String,
}

/// A workspace with the packages. It stays between runs, beside the program, so that only the first run builds what they
/// depend on.
struct Workspace {
    at: PathBuf,
}

impl Workspace {
    fn write(packages: &[Package]) -> Self {
        let program = env::current_exe().expect("the program has a path");
        let at = program.parent().expect("in a folder").join("compile-times");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("benches is in the workspace");
        fs::create_dir_all(&at).expect("a folder to write to");
        // The versions of the workspace, which are downloaded.
        fs::copy(root.join("Cargo.lock"), at.join("Cargo.lock")).expect("the lock is there");
        let members: Vec<_> = packages.iter().map(|package| package.name).collect();
        let workspace = format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n");
        fs::write(at.join("Cargo.toml"), workspace).expect("it can be written");
        let workspace = Self { at };
        packages.iter().for_each(|package| workspace.write_package(package, root));
        // For the first time, with what they depend on.
        for package in packages {
            workspace.check(package.name);
        }
        workspace
    }

    fn write_package(&self, package: &Package, root: &Path) {
        let at = self.at.join(package.name);
        fs::create_dir_all(at.join("src")).expect("a folder to write to");
        let (name, root) = (package.name, root.join("job-orch"));
        let manifest = format!(
            "[package]\nname = {name:?}\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\njob-orch = {{ path = {root:?} }}\n"
        );
        fs::write(at.join("Cargo.toml"), manifest).expect("it can be written");
        fs::write(at.join("src/lib.rs"), &package.source).expect("it can be written");
    }

    /// Seconds that cargo takes to check the package anew.
    fn check(&self, package: &'static str) -> f64 {
        self.compile("check", package)
    }

    /// Seconds that cargo takes to compile the package anew, by `check` or by `build`.
    fn compile(&self, by: &str, package: &'static str) -> f64 {
        let source = self.at.join(package).join("src/lib.rs");
        // Written again, it is newer than what was made of it.
        fs::write(&source, fs::read(&source).expect("it was written")).expect("it can be written");
        let start = Instant::now();
        let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args([by, "--quiet", "--offline", "--package", package])
            .current_dir(&self.at)
            .env("CARGO_TARGET_DIR", self.at.join("target"))
            // All of it each time.
            .env("CARGO_INCREMENTAL", "0")
            .env_remove("RUSTFLAGS")
            .status()
            .expect("cargo runs");
        assert!(status.success(), "`{package}` compiles");
        start.elapsed().as_secs_f64()
    }
}

/// What both crates begin with.
const HEAD: &str = "#![allow(dead_code)]
use std::io;

#[derive(Clone)]
pub struct Db(pub u64);
pub struct Http(pub u64);
";

/// The jobs by attribute.
fn annotated() -> String {
    let mut source = HEAD.to_owned();
    for job in 0..JOBS {
        let (attribute, function, _) = parts(job);
        write!(source, "\n{attribute}\n{function}").expect("a string takes it");
    }
    source
}

/// The same jobs by hand.
fn by_hand() -> String {
    let mut source = HEAD.to_owned();
    for job in 0..JOBS {
        let (_, function, rest) = parts(job);
        write!(source, "\n{function}\n{rest}").expect("a string takes it");
    }
    source
}

/// A job: its attribute, its function, and what stands in place of the attribute. A quarter each cannot fail, retries, owns a
/// resource, and shares another besides.
fn parts(job: usize) -> (&'static str, String, String) {
    let (attribute, parameters, returned, body) = match job % 4 {
        0 => ("#[job_orch::job]", "", "u64", "*request + 1"),
        1 => ("#[job_orch::job(retry(max = 3))]", "", "io::Result<u64>", "Ok(*request + 1)"),
        2 => ("#[job_orch::job]", ", db: &mut Db", "io::Result<u64>", "Ok(*request + db.0)"),
        _ => ("#[job_orch::job]", ", db: &mut Db, http: &Http", "io::Result<u64>", "Ok(*request + db.0 + http.0)"),
    };
    let function = format!("pub async fn job_{job}(request: &u64{parameters}) -> {returned} {{\n    {body}\n}}\n");
    let (error, settings, owned, wants, arguments) = match job % 4 {
        0 => ("std::convert::Infallible", "Settings::DEFAULT", "()", "()", "request"),
        1 => ("io::Error", "Settings::DEFAULT.retry(job_orch::retry::Retry::times(3))", "()", "()", "request"),
        2 => ("io::Error", "Settings::DEFAULT", "Db", "job_orch::resources::Mine<Db>", "request, resources"),
        _ => (
            "io::Error",
            "Settings::DEFAULT",
            "(Db, std::sync::Arc<Http>)",
            "(job_orch::resources::Mine<Db>, job_orch::resources::Ours<Http>)",
            "request, &mut resources.0, &resources.1",
        ),
    };
    let call = format!("job_{job}({arguments}).await");
    let call = if job.is_multiple_of(4) { format!("Ok({call})") } else { call };
    let failure = match job % 4 {
        0 => "job_orch::flow::Safe",
        _ => "job_orch::flow::Fails<io::Error>",
    };
    let resources = if owned == "()" { "_" } else { "resources" };
    let rest = format!(
        "#[derive(Clone, Copy, Debug)]
pub struct Job{job};

impl job_orch::Run for Job{job} {{
    const NAME: &'static str = \"job_{job}\";
    const SETTINGS: job_orch::settings::Settings = job_orch::settings::{settings};
    type Request = u64;
    type Response = u64;
    type Resources = {owned};
    type Error = {error};
    async fn run(request: &u64, {resources}: &mut {owned}) -> Result<u64, {error}> {{
        {call}
    }}
}}

impl job_orch::Job for Job{job} {{
    type Wants = {wants};
    type Failure = {failure};
    type Answers = job_orch::engine::AtHand;
    type Keys = job_orch::engine::Keyless;
}}

impl job_orch::flow::Takes<u64> for Job{job} {{
    fn request(message: u64) -> u64 {{
        message
    }}
}}
"
    );
    (attribute, function, rest)
}

/// Steps of a flow, a job each.
const STEPS: usize = 30;

/// Thirty jobs that nobody has wired.
fn unwired() -> String {
    let mut source = HEAD.to_owned();
    for job in 0..STEPS {
        let (attribute, function, _) = parts(job);
        write!(source, "\n{attribute}\n{function}").expect("a string takes it");
    }
    source
}

/// The same jobs as the steps of a flow: a chain of ten, a fork of five and five, an `each` of five, and a chain of five.
fn wired() -> String {
    let chain = |jobs: std::ops::Range<usize>| jobs.map(|job| format!(".to(Job{job})")).collect::<String>();
    let (first, left, right, each, last) =
        (chain(0..10), chain(10..15), chain(15..20), chain(20..25), chain(25..STEPS));
    unwired()
        + &format!(
            "
pub fn steps() -> Result<job_orch::flow::Flow<u64, u64, io::Error>, job_orch::flow::InvalidFlow> {{
    job_orch::flow::Flow::define(\"steps\", |n: job_orch::flow::Wire<u64, io::Error>| {{
        n{first}
            .fork(|n| n{left}, |n| n{right})
            .map(|(left, right)| 0..(left + right) % 8)
            .each(|n| n{each})
            .map(|parts| parts.into_iter().sum::<u64>())
            {last}
    }})
}}
"
        )
}

/// Measures and prints what the wiring of a flow costs. By `build`, too: what a wiring is made of is made at code generation.
pub(crate) fn flow(plan: &Plan, verdict: &mut Verdict) {
    const NAME: &str = "compile 30 steps";
    if !NAME.starts_with(&plan.only) && !plan.only.starts_with(NAME) {
        return;
    }
    let workspace =
        Workspace::write(&[Package { name: "wired", source: wired() }, Package { name: "unwired", source: unwired() }]);
    let some = Some(Target::AtMost(3.0, 1.0));
    for (by, name) in [("check", "compile 30 steps, more"), ("build", "compile 30 steps, built, more")] {
        // What `build` depends on is built first.
        workspace.compile(by, "unwired");
        Group::new("s")
            .contender("more", || workspace.compile(by, "wired") - workspace.compile(by, "unwired"))
            .figure(name, "more", some)
            .measure(plan, verdict);
    }
}

/// Measures and prints the table.
pub fn table(plan: &Plan, verdict: &mut Verdict) {
    const ROW: &str = "compile 200 jobs";
    verdict.begin("Compile time: seconds of `cargo check`");
    if !ROW.starts_with(&plan.only) {
        return;
    }
    let workspace = Workspace::write(&[
        Package { name: "annotated", source: annotated() },
        Package { name: "by_hand", source: by_hand() },
        Package { name: "empty", source: HEAD.to_owned() },
    ]);
    Group::new("s")
        .contender("annotated", || workspace.check("annotated"))
        .contender("by hand", || workspace.check("by_hand"))
        .contender("a crate without jobs", || workspace.check("empty"))
        .row(ROW, "annotated", "by hand", Some(Target::AtMost(1.5, 1.2)))
        .row("compile 200 jobs", "annotated", "a crate without jobs", None)
        .measure(plan, verdict);
}
