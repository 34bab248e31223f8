//! Allocations and bytes: measured by the program `footprint`, whose allocator counts.

use std::path::Path;
use std::process::Command;

use crate::table::{Group, Plan, Target, Verdict};

/// What the program measures, by the names it takes.
const ALLOCATIONS_SEND: &str = "stream-allocations";
const ALLOCATIONS_SEND_MANY: &str = "batch-allocations";
const ALLOCATIONS_CALL: &str = "call-allocations";
const BYTES: &str = "waiting-bytes";
const BYTES_PEAK: &str = "waiting-peak";
const EACH_HEAP: &str = "each-heap";
const EACH_RESIDENT: &str = "each-resident";
pub(crate) const SUBSCRIBERS: &str = "subscribers-resident";

/// A figure of the program's. It is built where it is not: cargo builds only the program that it runs.
pub(crate) fn figure(what: &str, threads: &str) -> f64 {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["run", "--quiet", "--release", "--offline", "--bin", "footprint", "--manifest-path"])
        .arg(manifest)
        .args(["--", what, threads])
        .output()
        .expect("cargo runs");
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().unwrap_or_else(|_| {
        let errors = String::from_utf8_lossy(&output.stderr);
        unreachable!("`footprint {what} {threads}` gave no figure: {text}{errors}")
    })
}

/// Measures and prints the table. One round: it counts, and does not depend on the machine's mood.
pub fn table(plan: &Plan, verdict: &mut Verdict) {
    verdict.begin("Footprint: allocations and bytes, where nothing is paid for the first time");
    let once = Plan { rounds: 1, only: plan.only.clone() };
    let some = Some(Target::AtMost(0.02, 0.0));
    Group::new("number")
        .contender("one", || figure(ALLOCATIONS_SEND, "1"))
        .contender("two", || figure(ALLOCATIONS_SEND, "2"))
        .contender("one, many", || figure(ALLOCATIONS_SEND_MANY, "1"))
        .contender("two, many", || figure(ALLOCATIONS_SEND_MANY, "2"))
        .figure("allocations a job, one thread", "one", some)
        .figure("allocations a job, two threads", "two", some)
        .figure("allocations send_many, one thread", "one, many", some)
        .figure("allocations send_many, two threads", "two, many", some)
        .measure(&once, verdict);
    let some = Some(Target::AtMost(2.0, 1.0));
    Group::new("number")
        .contender("one", || figure(ALLOCATIONS_CALL, "1"))
        .contender("two", || figure(ALLOCATIONS_CALL, "2"))
        .figure("allocations a call, one thread", "one", some)
        .figure("allocations a call, two threads", "two", some)
        .measure(&once, verdict);
    Group::new("bytes")
        .contender("kept", || figure(BYTES, "1"))
        .contender("peak", || figure(BYTES_PEAK, "1"))
        .figure("bytes a waiting request", "kept", Some(Target::AtMost(100.0, 40.0)))
        .figure("bytes a waiting request, peak", "peak", None)
        .measure(&once, verdict);
}

/// Measures and prints what an `each` costs in memory. Each round is a process of its own.
pub(crate) fn each(plan: &Plan, verdict: &mut Verdict) {
    let some = Some(Target::AtMost(16.0, 4.0));
    Group::new("MiB")
        .contender("heap", || figure(EACH_HEAP, "2"))
        .contender("resident", || figure(EACH_RESIDENT, "2"))
        .figure("each of 1,000,000, heap", "heap", some)
        .figure("each of 1,000,000, resident", "resident", some)
        .measure(plan, verdict);
}
