#[allow(
    clippy::borrowed_box,
    clippy::needless_pass_by_ref_mut,
    clippy::ptr_arg,
    clippy::ref_option,
    clippy::too_many_arguments,
    clippy::trivially_copy_pass_by_ref,
    clippy::unused_async
)]
#[rust_analyzer::job_orch(job, crate = crate::orch)]
async fn tick() {}
///The job of [`tick`](fn@tick): returns `()`.
#[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
struct Tick;
const _: () = {
    #[allow(unused_imports)]
    use crate::orch::__private::{Plain as _, Unserved as _};
    type __JobOrchOne = ();
    const __JOB_ORCH_A_RESULT: bool = crate::orch::__private::Returns::<
        __JobOrchOne,
    >::A_RESULT;
    type __JobOrchShape = crate::orch::__private::Shape<__JOB_ORCH_A_RESULT>;
    #[automatically_derived]
    #[allow(clippy::manual_async_fn, deprecated)]
    impl crate::orch::Run for Tick {
        const NAME: &'static str = "tick";
        const SETTINGS: crate::orch::__private::Settings = crate::orch::__private::Settings::DEFAULT
            .fingerprint(12183408056417235509u64);
        const SERVING: crate::orch::__private::Serving = crate::orch::__private::Served::<
            Tick,
        >::SERVING;
        type Request = ();
        type Response = <__JobOrchShape as crate::orch::__private::Outcome<
            __JobOrchOne,
        >>::Response;
        type Resources = ();
        type Error = <__JobOrchShape as crate::orch::__private::Outcome<
            __JobOrchOne,
        >>::Error;
        fn run(
            __request: &Self::Request,
            __resources: &mut Self::Resources,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<Self::Response, Self::Error>,
        > + ::core::marker::Send {
            <__JobOrchShape as crate::orch::__private::Outcome<
                __JobOrchOne,
            >>::settle(tick())
        }
    }
    #[automatically_derived]
    #[allow(deprecated)]
    impl crate::orch::Job for Tick {
        type Wants = ();
        type Failure = <__JobOrchShape as crate::orch::__private::Outcome<
            __JobOrchOne,
        >>::Failure;
        type Answers = crate::orch::__private::AtHand;
        type Keys = crate::orch::__private::Unkeyed;
    }
    #[automatically_derived]
    #[allow(deprecated)]
    impl crate::orch::flow::Takes<()> for Tick {
        fn request(__message: ()) -> Self::Request {
            __message
        }
    }
};
