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
async fn count(path: &PathBuf) -> Result<u64, E> {
    Ok(0)
}
///The job of [`count`](fn@count): takes `PathBuf`, returns `Result<u64, E>`.
#[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
struct Count;
const _: () = {
    #[allow(unused_imports)]
    use ::job_orch::__private::{Plain as _, Unserved as _};
    type __JobOrchOne = Result<u64, E>;
    const __JOB_ORCH_A_RESULT: bool = ::job_orch::__private::Returns::<
        __JobOrchOne,
    >::A_RESULT;
    type __JobOrchShape = ::job_orch::__private::Shape<__JOB_ORCH_A_RESULT>;
    #[automatically_derived]
    #[allow(clippy::manual_async_fn, deprecated)]
    impl ::job_orch::Run for Count {
        const NAME: &'static str = "count";
        const SETTINGS: ::job_orch::__private::Settings = ::job_orch::__private::Settings::DEFAULT
            .fingerprint(4517527302846740555u64);
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
        fn keep() -> ::core::option::Option<
            ::std::boxed::Box<dyn ::job_orch::__private::Keep<Self>>,
        > {
            ::core::option::Option::Some(
                ::std::boxed::Box::new(::job_orch::__private::MemoryKeep::<Self>::new()),
            )
        }
    }
    #[automatically_derived]
    #[allow(deprecated)]
    impl ::job_orch::Job for Count {
        type Wants = ();
        type Failure = <__JobOrchShape as ::job_orch::__private::Outcome<
            __JobOrchOne,
        >>::Failure;
        type Answers = ::job_orch::__private::AtHand;
        type Keys = ::job_orch::__private::Unkeyed;
    }
    #[automatically_derived]
    #[allow(deprecated)]
    impl ::job_orch::flow::Takes<PathBuf> for Count {
        fn request(__message: PathBuf) -> Self::Request {
            __message
        }
    }
    #[allow(unused_imports)]
    use ::job_orch::__private::Keyless as _;
    const _: () = ::job_orch::__private::cached_request::<PathBuf>();
    const __JOB_ORCH_A_KEY: bool = ::job_orch::__private::Keyable::<PathBuf>::A_KEY;
    type __JobOrchKeyed = ::job_orch::__private::KeyBy<__JOB_ORCH_A_KEY>;
    #[automatically_derived]
    #[allow(deprecated)]
    impl ::job_orch::__private::Remember for Count {
        const POLICY: ::job_orch::__private::Policy = ::job_orch::__private::Policy::DEFAULT
            .ttl(::job_orch::__private::Duration::from_nanos(3600000000000u64))
            .stale(::job_orch::__private::Duration::from_nanos(300000000000u64))
            .errors(::job_orch::__private::Duration::from_nanos(10000000000u64))
            .capacity(1000)
            .version(3);
        type Key = <__JobOrchKeyed as ::job_orch::__private::KeyOf<PathBuf>>::Key;
        fn key(__request: &Self::Request) -> Self::Key {
            <__JobOrchKeyed as ::job_orch::__private::KeyOf<PathBuf>>::key(__request)
        }
        fn with_key<__R>(
            __request: &Self::Request,
            __look: impl ::core::ops::FnOnce(&Self::Key) -> __R,
        ) -> __R {
            <__JobOrchKeyed as ::job_orch::__private::KeyOf<
                PathBuf,
            >>::with_key(__request, __look)
        }
        fn copy(__response: &Self::Response) -> Self::Response {
            ::job_orch::__private::copied::<Self::Response>(__response)
        }
        fn copy_error(__error: &Self::Error) -> ::core::option::Option<Self::Error> {
            ::core::option::Option::Some(
                ::job_orch::__private::copied_error::<Self::Error>(__error),
            )
        }
    }
};
