/// Counts the words of a directory.
pub fn stats(dirs: Wire<PathBuf, StatsError>) -> Wire<Report, StatsError> {
    dirs.to(Walk).each(|file| file.to(Count)).to(Sum)
}
///The job of the flow [`stats`](fn@stats): from `Wire<PathBuf, StatsError>` to `Wire<Report, StatsError>`.
#[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
pub struct Stats;
const _: () = {
    #[allow(unused_imports)]
    use ::job_orch::__private::{Plain as _, Unserved as _};
    type __JobOrchOne = ::core::result::Result<
        <Wire<Report, StatsError> as ::job_orch::__private::WireOf>::Value,
        ::job_orch::__private::FlowError<
            <Wire<PathBuf, StatsError> as ::job_orch::__private::WireOf>::Fails,
        >,
    >;
    const __JOB_ORCH_A_RESULT: bool = ::job_orch::__private::Returns::<
        __JobOrchOne,
    >::A_RESULT;
    type __JobOrchShape = ::job_orch::__private::Shape<__JOB_ORCH_A_RESULT>;
    #[automatically_derived]
    #[allow(clippy::manual_async_fn, deprecated)]
    impl ::job_orch::Run for Stats {
        const NAME: &'static str = "stats/v2";
        const SETTINGS: ::job_orch::__private::Settings = ::job_orch::__private::Settings::DEFAULT
            .fingerprint(14521681064666916871u64)
            .retry(::job_orch::__private::Retry::times(3))
            .timeout(::job_orch::__private::Duration::from_nanos(3600000000000u64));
        const SERVING: ::job_orch::__private::Serving = ::job_orch::__private::Serving::DEFAULT
            .workers(8);
        type Request = <Wire<
            PathBuf,
            StatsError,
        > as ::job_orch::__private::WireOf>::Value;
        type Response = <__JobOrchShape as ::job_orch::__private::Outcome<
            __JobOrchOne,
        >>::Response;
        type Resources = ::job_orch::__private::HostedFlow<Stats>;
        type Error = <__JobOrchShape as ::job_orch::__private::Outcome<
            __JobOrchOne,
        >>::Error;
        fn run(
            __request: &Self::Request,
            __resources: &mut Self::Resources,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<Self::Response, Self::Error>,
        > + ::core::marker::Send {
            async move {
                let __context = ::job_orch::Context::detached();
                Self::run_in(__request, __resources, &__context).await
            }
        }
        fn run_in(
            __request: &Self::Request,
            __resources: &mut Self::Resources,
            __context: &::job_orch::Context,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<Self::Response, Self::Error>,
        > + ::core::marker::Send {
            <__JobOrchShape as ::job_orch::__private::Outcome<
                __JobOrchOne,
            >>::settle(__job_orch_run(__request, __resources, __context))
        }
    }
    #[automatically_derived]
    #[allow(deprecated)]
    impl ::job_orch::Job for Stats {
        type Wants = ::job_orch::__private::HostedFlow<Stats>;
        type Failure = <__JobOrchShape as ::job_orch::__private::Outcome<
            __JobOrchOne,
        >>::Failure;
        type Answers = ::job_orch::__private::AtHand;
        type Keys = ::job_orch::__private::Unkeyed;
        fn prepare(
            __workers: &mut [Self::Resources],
            __wiring: &::job_orch::__private::Wiring<'_>,
        ) -> ::core::result::Result<
            ::std::vec::Vec<::job_orch::__private::TypeId>,
            ::job_orch::__private::Unwired,
        > {
            ::job_orch::__private::HostedFlow::bind(__workers, __wiring)
        }
    }
    #[automatically_derived]
    #[allow(deprecated)]
    impl ::job_orch::__private::Wired for Stats {
        type Fails = <Wire<PathBuf, StatsError> as ::job_orch::__private::WireOf>::Fails;
        fn define() -> ::core::result::Result<
            ::job_orch::__private::Flow<Self::Request, Self::Response, Self::Fails>,
            ::job_orch::__private::InvalidFlow,
        > {
            ::job_orch::__private::Flow::define(<Self as ::job_orch::Run>::NAME, stats)
        }
    }
    async fn __job_orch_run(
        __request: &<Wire<PathBuf, StatsError> as ::job_orch::__private::WireOf>::Value,
        __flow: &mut ::job_orch::__private::HostedFlow<Stats>,
        __context: &::job_orch::__private::Context,
    ) -> ::core::result::Result<
        <Wire<Report, StatsError> as ::job_orch::__private::WireOf>::Value,
        ::job_orch::__private::FlowError<
            <Wire<PathBuf, StatsError> as ::job_orch::__private::WireOf>::Fails,
        >,
    > {
        __flow.run(__request, __context).await
    }
    #[automatically_derived]
    #[allow(deprecated)]
    impl ::job_orch::flow::Takes<
        <Wire<PathBuf, StatsError> as ::job_orch::__private::WireOf>::Value,
    > for Stats {
        fn request(
            __message: <Wire<
                PathBuf,
                StatsError,
            > as ::job_orch::__private::WireOf>::Value,
        ) -> Self::Request {
            __message
        }
    }
};
