//! What `#[job]` expands to, and what it says.

use quote::quote;

use super::job;
use crate::expected::{assert_expands_to, sentences};

#[test]
fn a_plain_job() {
    let item = quote! {
        /// Counts one file.
        pub async fn count(path: &PathBuf) -> io::Result<Counts> {
            read(path).await
        }
    };
    assert_expands_to("job", job(quote! {}, item));
}

#[test]
fn every_option_of_a_run() {
    let args = quote! {
        name = "files/count", version = 2, timeout = "1m 30s",
        retry(max = 3, backoff = linear("100ms..5s"), jitter = 0.2)
    };
    assert_expands_to("job_settings", job(args, quote! { async fn count(path: &PathBuf) -> u64 { 0 } }));
}

#[test]
fn resources_come_as_a_tuple_and_go_one_by_one() {
    let item = quote! {
        async fn store(total: Total, db: &mut Db, #[context] context: &Context, http: &Http) -> Result<u64, DbError> {
            db.put(total, http).await
        }
    };
    assert_expands_to("job_resources", job(quote! {}, item));
}

#[test]
fn a_batch_job() {
    let item =
        quote! { async fn store(totals: &[Total], db: &mut Db) -> Vec<io::Result<u64>> { db.put(totals).await } };
    assert_expands_to("job_batch", job(quote! {}, item));
}

#[cfg(feature = "cron")]
#[test]
fn a_schedule() {
    let args = quote! { cron = "0 3 * * MON-FRI", tz = "Europe/Berlin", missed = all, overlap = skip };
    assert_expands_to("job_cron", job(args, quote! { async fn report(tick: &Tick) -> u64 { 0 } }));
}

#[test]
fn a_cache() {
    let args = quote! { cache(ttl = "1h", capacity = 1000, stale = "5m", errors = "10s", version = 3) };
    assert_expands_to("job_cache", job(args, quote! { async fn count(path: &PathBuf) -> Result<u64, E> { Ok(0) } }));
}

#[test]
fn a_cache_with_a_key() {
    let args = quote! { cache(key = keys::of_path) };
    assert_expands_to("job_cache_key", job(args, quote! { async fn count(path: &PathBuf) -> u64 { 0 } }));
}

#[test]
fn a_cache_in_the_store_of_the_engine() {
    let args = quote! { cache(store = engine, ttl = "1h", stale = "5m", key = keys::of_path) };
    assert_expands_to(
        "job_cache_stored",
        job(args, quote! { async fn count(path: &PathBuf) -> Result<u64, E> { Ok(0) } }),
    );
}

#[test]
fn a_cache_of_the_users() {
    let args = quote! { cache(with = find, put = keep) };
    let item = quote! { async fn count(path: &PathBuf, db: &mut Db, http: &Http) -> u64 { 0 } };
    assert_expands_to("job_cache_with", job(args, item));
}

#[test]
fn a_unique_job() {
    let args = quote! { unique(key = keys::of_path, within = "1h", even_dead) };
    assert_expands_to("job_unique", job(args, quote! { async fn count(path: &PathBuf) -> u64 { 0 } }));
}

#[test]
fn a_unique_job_of_one_key() {
    let args = quote! { unique(key = "all", while_waiting) };
    assert_expands_to("job_unique_as_a_whole", job(args, quote! { async fn tidy() {} }));
}

#[test]
fn another_name_for_the_crate() {
    assert_expands_to("job_crate", job(quote! { crate = crate::orch }, quote! { async fn tick() {} }));
}

#[test]
fn attributes_go_where_they_belong() {
    let item = quote! {
        #[deprecated]
        #[expect(unused_variables)]
        #[instrument]
        async fn count(path: &PathBuf) -> u64 { 0 }
    };
    assert_expands_to("job_attributes", job(quote! {}, item));
}

#[test]
fn a_wrong_option_leaves_the_job_usable() {
    let item = quote! { async fn count(path: &PathBuf) -> u64 { 0 } };
    assert_expands_to("job_wrong_option", job(quote! { timeot = "30s" }, item));
}

#[test]
fn a_wrong_function_leaves_its_job_type() {
    assert_expands_to("job_wrong_function", job(quote! {}, quote! { fn count(path: &PathBuf) -> u64 { 0 } }));
}

#[test]
fn all_mistakes_are_reported_together() {
    let args = quote! { retry(maxx = 3), timeout = "30", name = "", nonsense };
    let item = quote! { const fn count<T>(path: &mut T, other: u64) -> &str { "" } };
    assert_eq!(sentences(job(args, item)).len(), 10);
}

#[test]
fn an_item_that_is_no_function_is_given_back() {
    let item = quote! { struct Count; };
    let expansion = job(quote! {}, item.clone()).to_string();
    assert!(expansion.starts_with(&item.to_string()), "{expansion}");
}

#[test]
fn a_body_that_is_half_typed_does_not_matter() {
    let item = quote! { async fn count(path: &PathBuf) -> u64 { let x = path. } };
    assert!(job(quote! {}, item).to_string().contains("let x = path ."));
}

#[test]
fn the_second_job_on_a_function_is_refused() {
    let item = quote! { #[rust_analyzer::job_orch(job)] async fn count(path: &PathBuf) -> u64 { 0 } };
    assert_eq!(sentences(job(quote! {}, item)), ["a function is one job, and this `#[job]` is the second: remove it"]);
}
