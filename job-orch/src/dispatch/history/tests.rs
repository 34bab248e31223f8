//! The history, over its file.

use super::kept::{MOST, MOST_BYTES};
use super::*;

fn job() -> Item {
    Item::job("1")
}

fn offer(history: &Arc<History>, job: &Item) -> Token {
    let Ok(delivery) = history.offer(job, To::Asking(None, None)) else {
        unreachable!("there is nothing that could fail")
    };
    let token = *delivery.token();
    delivery.given();
    token
}

/// It is lost, and that is noted, unless its worker has shown that it has it.
fn lose(delivery: &Delivery) {
    delivery.lose().into_iter().for_each(Lost::note);
}

#[tokio::test]
async fn the_oldest_go_first_in_number_and_in_bytes() {
    let history = Arc::new(History::default());
    let jobs: Vec<Item> = (0..=MOST).map(|_| job()).collect();
    let tokens: Vec<Token> = jobs.iter().map(|job| offer(&history, job)).collect();
    let find = |number: usize| history.find(jobs[number].id);
    assert!(find(0).is_none() && find(1).is_some());
    let large = Bytes::from(vec![b'1'; MOST_BYTES / 2 + 1]);
    assert_eq!(history.end(jobs[5].id, &tokens[5], large.clone()).await, Ok(()));
    assert_eq!(history.end(jobs[9].id, &tokens[9], large).await, Ok(()));
    assert!(find(5).is_none() && find(9).is_some());
    assert_eq!(lock(&history.kept).bytes, MOST_BYTES / 2 + 1);
}

#[tokio::test]
async fn only_the_last_worker_ends_a_job_and_only_once() {
    let (history, job) = (Arc::new(History::default()), job());
    let first = offer(&history, &job);
    let second = offer(&history, &job);
    let result = || Bytes::from_static(b"1");
    assert_eq!(history.end(job.id, &first, result()).await, Err(NotTaken::Token));
    assert_eq!(history.end(JobId::new(), &second, result()).await, Err(NotTaken::Unknown));
    assert_eq!(history.end(job.id, &second, result()).await, Ok(()));
    assert_eq!(history.end(job.id, &second, result()).await, Err(NotTaken::Ended));
}

#[tokio::test]
async fn a_delivery_whose_result_came_has_arrived_and_of_a_lost_one_no_result_is_taken() {
    let Ok(folder) = tempfile::tempdir() else { unreachable!("a folder") };
    let ((history, _), jobs) = (reopen(folder.path()), [job(), job()]);
    let deliveries = jobs.each_ref().map(|job| history.offer(job, To::Asking(None, None)));
    let [Ok(ended), Ok(lost)] = deliveries else { unreachable!("there is room") };
    let tokens = [*ended.token(), *lost.token()];
    let end = |history: &Arc<History>, which: usize| {
        let (history, id, token) = (Arc::clone(history), jobs[which].id, tokens[which]);
        async move { history.end(id, &token, Bytes::from_static(b"1")).await }
    };
    assert_eq!(end(&history, 0).await, Ok(()));
    assert!(ended.lose().is_none() && lost.lose().is_some());
    assert_eq!(end(&history, 1).await, Err(NotTaken::Back));
    // Killed before it is noted what came of them.
    let (again, unclear) = reopen(folder.path());
    assert_eq!(unclear.iter().map(|unclear| unclear.has_ended).collect::<Vec<_>>(), [true, false]);
    unclear.iter().for_each(|unclear| lose(&again.resume(unclear)));
    assert!(again.find(jobs[0].id).is_some_and(|past| past.end.is_some()));
    assert_eq!(end(&again, 1).await, Err(NotTaken::Back));
    assert_eq!(end(&reopen(folder.path()).0, 1).await, Err(NotTaken::Back));
}

#[tokio::test]
async fn who_is_being_answered_is_remembered_by_its_name_whatever_comes_meanwhile() {
    let Ok(folder) = tempfile::tempdir() else { unreachable!("a folder") };
    let (history, _) = reopen(folder.path());
    let Some(key) = TakeKey::read("a-1") else { unreachable!("it is plain") };
    let (slow, large) = (job(), format!("\"{}\"", "x".repeat(MOST_BYTES / 2)));
    let Ok(open) = history.offer(&slow, To::Asking(None, Some(&key))) else { unreachable!("there is room") };
    for _ in 0..=MOST {
        offer(&history, &job());
    }
    for name in ["b-1", "b-2"] {
        let Ok(delivery) = history.offer(&Item::job(&large), To::Asking(None, TakeKey::read(name).as_ref())) else {
            unreachable!("there is room")
        };
        delivery.given();
    }
    assert!(history.find(slow.id).is_some());
    let (again, unclear) = reopen(folder.path());
    assert_eq!(unclear.iter().map(|unclear| unclear.take.as_ref()).collect::<Vec<_>>(), [Some(&key)]);
    assert_eq!(again.taken(&key).map(|take| take.delivery), Some(open.id()));
}

#[tokio::test]
async fn a_name_is_that_of_one_job_and_the_others_are_asked_for_by_nobody() {
    let Ok(folder) = tempfile::tempdir() else { unreachable!("a folder") };
    let ((history, _), jobs) = (reopen(folder.path()), [job(), job()]);
    let Some(key) = TakeKey::read("a-1") else { unreachable!("it is plain") };
    let offered = jobs.each_ref().map(|job| history.offer(job, To::Asking(None, Some(&key))));
    assert!(offered.iter().all(Result::is_ok));
    let unclear = reopen(folder.path()).1;
    assert_eq!(unclear.iter().map(|unclear| unclear.take.as_ref()).collect::<Vec<_>>(), [None, Some(&key)]);
}

#[tokio::test]
async fn a_result_wakes_those_who_wait_for_it_and_nobody_else() {
    let (history, jobs) = (Arc::new(History::default()), [job(), job()]);
    let tokens = [offer(&history, &jobs[0]), offer(&history, &jobs[1])];
    let (mut first, mut again, mut second) =
        (history.wait_for(jobs[0].id), history.wait_for(jobs[0].id), history.wait_for(jobs[1].id));
    assert_eq!(history.end(jobs[1].id, &tokens[1], Bytes::from_static(b"1")).await, Ok(()));
    let soon = std::time::Duration::from_millis(10);
    assert!(tokio::time::timeout(soon, second.come()).await.is_ok());
    assert!(tokio::time::timeout(soon, first.come()).await.is_err());
    drop(first);
    assert!(tokio::time::timeout(soon, again.come()).await.is_err());
    assert_eq!(history.end(jobs[0].id, &tokens[0], Bytes::from_static(b"1")).await, Ok(()));
    assert!(tokio::time::timeout(soon, again.come()).await.is_ok());
    drop(history.wait_for(jobs[0].id));
    assert_eq!(history.awaited.len(), 0, "nobody waits");
}

fn reopen(directory: &Path) -> (Arc<History>, Vec<Unclear>) {
    match History::open(directory) {
        Ok((history, unclear)) => (Arc::new(history), unclear),
        Err(error) => unreachable!("{error}"),
    }
}

/// What tells a file from the one that was written anew in its place.
fn number(directory: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(directory.join("jobs.history")).map(|file| file.ino()).ok()
}

async fn is_another(directory: &Path, before: Option<u64>) {
    for _ in 0..2000 {
        if number(directory) != before {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    unreachable!("it is not written anew");
}

#[tokio::test]
async fn a_file_written_anew_says_the_same_and_what_came_meanwhile() {
    let Ok(folder) = tempfile::tempdir() else { unreachable!("a folder") };
    let (history, _) = reopen(folder.path());
    let (ended, large, open, taken, lost) = (job(), job(), job(), job(), job());
    let Ok(delivery) = history.offer(&lost, To::Asking(None, None)) else { unreachable!("there is room") };
    let lost_by = *delivery.token();
    lose(&delivery);
    let Some(key) = TakeKey::read("a-1") else { unreachable!("it is plain") };
    let Ok(delivery) = history.offer(&taken, To::Asking(None, Some(&key))) else { unreachable!("there is room") };
    let taken_by = delivery.id();
    delivery.given();
    let (Some(name), worker) = (TakeKey::read("b-1"), JobId::new()) else { unreachable!("it is plain") };
    assert!(history.register(worker, &name, 1, |_| true).is_ok());
    let token = offer(&history, &ended);
    let text = Bytes::from(format!("\"{}\"", "x".repeat(60 << 10)));
    for _ in 0..3 {
        // Each offer forgets the result of the one before.
        let token = offer(&history, &large);
        assert_eq!(history.end(large.id, &token, text.clone()).await, Ok(()));
    }
    assert_eq!(history.end(ended.id, &token, Bytes::from_static(b"42")).await, Ok(()));
    let Ok(delivery) = history.stand_for(&open, To::Asking(None, None)) else { unreachable!("there is room") };
    let file = folder.path().join("jobs.history");
    while std::fs::metadata(&file).is_ok_and(|file| file.len() > 150 << 10) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let (again, unclear) = reopen(folder.path());
    let result = |id| again.find(id).and_then(|past| past.end).map(|end| end.result);
    assert_eq!(result(ended.id).as_deref(), Some(&b"42"[..]));
    assert_eq!(result(large.id).map(|result| result.len()), Some(text.len()));
    assert_eq!(again.taken(&key).map(|take| (take.job.id, take.delivery)), Some((taken.id, taken_by)));
    assert_eq!(again.registered(&name), Some(worker));
    assert_eq!(again.end(lost.id, &lost_by, Bytes::from_static(b"1")).await, Err(NotTaken::Back));
    assert_eq!(unclear.iter().map(|unclear| (unclear.job.id, unclear.has_left)).collect::<Vec<_>>(), [(open.id, true)]);
    lose(&delivery);
    assert!(reopen(folder.path()).1.is_empty());
}

#[tokio::test]
async fn a_delivery_is_not_lost_before_its_file_has_the_job_again() {
    let Ok(folder) = tempfile::tempdir() else { unreachable!("a folder") };
    let ((history, _), job, other) = (reopen(folder.path()), job(), job());
    let Ok(delivery) = history.stand_for(&job, To::Asking(None, None)) else { unreachable!("there is room") };
    let token = *delivery.token();
    assert!(delivery.lose().is_some());
    let (before, by) = (number(folder.path()), offer(&history, &other));
    let (text, one) = (Bytes::from(format!("\"{}\"", "x".repeat(80 << 10))), Bytes::from_static(b"1"));
    assert_eq!(history.end(other.id, &by, text).await, Ok(()));
    is_another(folder.path(), before).await;
    // Killed here, the job is where the history says, and its worker may have it.
    let (again, unclear) = reopen(folder.path());
    assert_eq!(unclear.iter().map(|unclear| unclear.job.id).collect::<Vec<_>>(), [job.id]);
    assert_eq!(again.end(job.id, &token, one.clone()).await, Ok(()));
    assert_eq!(history.end(job.id, &token, one).await, Err(NotTaken::Back), "here it is lost");
}

#[tokio::test]
async fn names_are_written_anew_too() {
    let Ok(folder) = tempfile::tempdir() else { unreachable!("a folder") };
    let (history, _) = reopen(folder.path());
    let (before, mut worker) = (number(folder.path()), JobId::new());
    let Some(name) = TakeKey::read("a-1") else { unreachable!("it is plain") };
    for _ in 0..1000 {
        worker = JobId::new();
        assert!(history.register(worker, &name, 1, |_| false).is_ok());
    }
    is_another(folder.path(), before).await;
    assert_eq!(reopen(folder.path()).0.registered(&name), Some(worker));
}

#[tokio::test]
async fn a_result_that_is_being_synced_is_in_the_file_written_anew() {
    let Ok(folder) = tempfile::tempdir() else { unreachable!("a folder") };
    let ((history, _), job) = (reopen(folder.path()), job());
    let (before, Some(key)) = (number(folder.path()), TakeKey::read("a-1")) else { unreachable!("it is plain") };
    let Ok(delivery) = history.offer(&job, To::Asking(None, Some(&key))) else { unreachable!("there is room") };
    let token = *delivery.token();
    delivery.given();
    let text = format!("\"{}\"", "x".repeat(80 << 10));
    let end = End { at: SystemTime::now(), result: text.clone().into() };
    let begun = lock(&history.kept).begin_end(job.id, &end);
    history.tidy();
    is_another(folder.path(), before).await;
    assert!(history.sync(begun.unwrap_or_default()).await.is_ok());
    lock(&history.kept).end_end(job.id, &token, Some(end));
    let again = reopen(folder.path()).0;
    let ended = again.find(job.id).and_then(|past| past.end);
    assert!(ended.is_some_and(|end| end.result == text));
    assert!(again.taken(&key).is_none(), "it is not there to be asked for again");
}

#[tokio::test]
async fn a_torn_end_is_cut_off_and_damage_before_it_is_refused() {
    let Ok(folder) = tempfile::tempdir() else { unreachable!("a folder") };
    let file = folder.path().join("jobs.history");
    let (first, second) = (job(), job());
    {
        let (history, _) = reopen(folder.path());
        offer(&history, &first);
        offer(&history, &second);
    }
    let Ok(whole) = std::fs::read_to_string(&file) else { unreachable!("it is there") };
    let torn: [&[u8]; 5] = [b"{\"Off", b"{\"Offered\":{}}\n", b"\0\0\n\0", b"{\"Off\xc3", b"\"\xc3\"\n\xff\n\xe2\x88"];
    for torn in torn {
        assert!(std::fs::write(&file, [whole.as_bytes(), torn].concat()).is_ok());
        let (history, unclear) = reopen(folder.path());
        assert!(history.find(first.id).is_some() && history.find(second.id).is_some() && unclear.is_empty());
        drop(history);
        assert_eq!(std::fs::read_to_string(&file).ok().as_ref(), Some(&whole));
    }
    let damaged = [whole.replacen("token", "taken", 1).into_bytes(), [b"\xff\n", whole.as_bytes()].concat()];
    for damaged in damaged {
        assert!(std::fs::write(&file, &damaged).is_ok());
        assert!(matches!(History::open(folder.path()), Err(OpenError::Unreadable { path, .. }) if path == file));
        assert_eq!(std::fs::read(&file).ok().as_ref(), Some(&damaged), "it is left as it is");
    }
}
