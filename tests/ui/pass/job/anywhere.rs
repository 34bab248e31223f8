//! In a module, in a function, from a `macro_rules`, behind a `cfg_attr`, under another name, and private or public.

use job_orch::Job;

mod outer {
    pub(crate) mod inner {
        use job_orch::job;

        pub struct Page(pub String);

        #[job]
        pub(in crate::outer) async fn read(page: &Page) -> usize {
            page.0.len()
        }

        #[job]
        pub async fn write(page: &super::inner::Page) -> usize {
            page.0.len()
        }
    }

    pub(crate) fn here(_: impl super::Job) {}

    pub(crate) fn all() {
        here(inner::Read);
        here(inner::Write);
    }
}

macro_rules! double {
    ($name:ident, $number:ty, $body:expr) => {
        #[job_orch::job]
        #[job_orch::processor(workers = 2)]
        async fn $name(number: &$number) -> $number {
            let by: fn(&$number) -> $number = $body;
            by(number)
        }
    };
}
double!(double_small, u8, |number| number * 2);
double!(double_large, u64, |number| number * 2);

use job_orch as other;
use job_orch::job as make;

#[make(crate = other)]
async fn renamed() {}

#[cfg_attr(all(), other::job)]
#[cfg_attr(any(), other::job)]
async fn conditional() {}

fn main() {
    #[other::job]
    async fn local(number: &u8) -> u8 {
        *number
    }
    outer::all();
    outer::here(DoubleSmall);
    outer::here(DoubleLarge);
    outer::here(Renamed);
    outer::here(Conditional);
    outer::here(Local);
}
