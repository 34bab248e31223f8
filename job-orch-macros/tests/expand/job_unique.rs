#[allow(
    clippy::borrowed_box,
    clippy::needless_pass_by_ref_mut,
    clippy::ptr_arg,
    clippy::ref_option,
    clippy::too_many_arguments,
    clippy::trivially_copy_pass_by_ref,
    clippy::unused_async
)]
#[rust_analyzer::job_orch(job)]
async fn count(path: &PathBuf) -> u64 {
    0
}
///The job of [`count`](fn@count): takes `PathBuf`, returns `u64`.
#[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
struct Count;
const _: () = {
    #[allow(unused_imports)]
    use ::job_orch::__private::{Plain as _, Unserved as _};
    type __JobOrchOne = u64;
    const __JOB_ORCH_A_RESULT: bool = ::job_orch::__private::Returns::<
        __JobOrchOne,
    >::A_RESULT;
    type __JobOrchShape = ::job_orch::__private::Shape<__JOB_ORCH_A_RESULT>;
    #[automatically_derived]
    #[allow(clippy::manual_async_fn, deprecated)]
    impl ::job_orch::Run for Count {
        const NAME: &'static str = "count";
        const SETTINGS: ::job_orch::__private::Settings = ::job_orch::__private::Settings::DEFAULT
            .fingerprint(10300352918630056992u64);
        const SERVING: ::job_orch::__private::Serving = ::job_orch::__private::Served::<
            Count,
        >::SERVING;
        type Request = PathBuf;
        type Response = <__JobOrchShape as ::job_orch::__private::Outcome<
            __JobOrchOne,
        >>::Response;
        type Resources = ();
        type Error = <__JobOrchShape as ::job_orch::__private::Outcome<
            __JobOrchOne,
        >>::Error;
        fn run(
            __request: &Self::Request,
            __resources: &mut Self::Resources,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<Self::Response, Self::Error>,
        > + ::core::marker::Send {
            <__JobOrchShape as ::job_orch::__private::Outcome<
                __JobOrchOne,
            >>::settle(count(__request))
        }
        const UNIQUE: ::core::option::Option<
            ::job_orch::__private::Unique<Self::Request>,
        > = ::core::option::Option::Some(
            ::job_orch::__private::Unique::by(|__request: &PathBuf| ::job_orch::__private::key_text(
                    &keys::of_path(__request),
                ))
                .within(::job_orch::__private::Duration::from_nanos(3600000000000u64))
                .even_dead(),
        );
    }
    #[automatically_derived]
    #[allow(deprecated)]
    impl ::job_orch::Job for Count {
        type Wants = ();
        type Failure = <__JobOrchShape as ::job_orch::__private::Outcome<
            __JobOrchOne,
        >>::Failure;
        type Answers = ::job_orch::__private::AtHand;
        type Keys = ::job_orch::__private::KeyedFor;
    }
    #[automatically_derived]
    #[allow(deprecated)]
    impl ::job_orch::flow::Takes<PathBuf> for Count {
        fn request(__message: PathBuf) -> Self::Request {
            __message
        }
    }
};
