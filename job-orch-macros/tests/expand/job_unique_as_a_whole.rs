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
async fn tidy() {}
///The job of [`tidy`](fn@tidy): returns `()`.
#[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
struct Tidy;
const _: () = {
    #[allow(unused_imports)]
    use ::job_orch::__private::{Plain as _, Unserved as _};
    type __JobOrchOne = ();
    const __JOB_ORCH_A_RESULT: bool = ::job_orch::__private::Returns::<
        __JobOrchOne,
    >::A_RESULT;
    type __JobOrchShape = ::job_orch::__private::Shape<__JOB_ORCH_A_RESULT>;
    #[automatically_derived]
    #[allow(clippy::manual_async_fn, deprecated)]
    impl ::job_orch::Run for Tidy {
        const NAME: &'static str = "tidy";
        const SETTINGS: ::job_orch::__private::Settings = ::job_orch::__private::Settings::DEFAULT
            .fingerprint(14062526943671398890u64);
        const SERVING: ::job_orch::__private::Serving = ::job_orch::__private::Served::<
            Tidy,
        >::SERVING;
        type Request = ();
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
            >>::settle(tidy())
        }
        const UNIQUE: ::core::option::Option<
            ::job_orch::__private::Unique<Self::Request>,
        > = ::core::option::Option::Some(
            ::job_orch::__private::Unique::by(|_: &()| ::std::string::String::from(
                    "all",
                ))
                .while_waiting(),
        );
    }
    #[automatically_derived]
    #[allow(deprecated)]
    impl ::job_orch::Job for Tidy {
        type Wants = ();
        type Failure = <__JobOrchShape as ::job_orch::__private::Outcome<
            __JobOrchOne,
        >>::Failure;
        type Answers = ::job_orch::__private::AtHand;
        type Keys = ::job_orch::__private::Keyed;
    }
    #[automatically_derived]
    #[allow(deprecated)]
    impl ::job_orch::flow::Takes<()> for Tidy {
        fn request(__message: ()) -> Self::Request {
            __message
        }
    }
};
