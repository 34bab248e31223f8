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
async fn count(path: &PathBuf, db: &mut Db, http: &Http) -> u64 {
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
            .fingerprint(15622052795043262346u64);
        const SERVING: ::job_orch::__private::Serving = ::job_orch::__private::Served::<
            Count,
        >::SERVING;
        type Request = PathBuf;
        type Response = <__JobOrchShape as ::job_orch::__private::Outcome<
            __JobOrchOne,
        >>::Response;
        type Resources = (Db, ::job_orch::__private::Arc<Http>);
        type Error = <__JobOrchShape as ::job_orch::__private::Outcome<
            __JobOrchOne,
        >>::Error;
        fn run(
            __request: &Self::Request,
            __resources: &mut Self::Resources,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<Self::Response, Self::Error>,
        > + ::core::marker::Send {
            let (__resource_0, __resource_1) = __resources;
            <__JobOrchShape as ::job_orch::__private::Outcome<
                __JobOrchOne,
            >>::settle(count(__request, __resource_0, &**__resource_1))
        }
        const LOOKS_UP: bool = true;
        fn look_up(
            __request: &Self::Request,
            __resources: &mut Self::Resources,
        ) -> impl ::core::future::Future<
            Output = ::core::option::Option<Self::Response>,
        > + ::core::marker::Send {
            <Self as ::job_orch::GetCache>::get_cache(__request, __resources)
        }
        fn look_back(
            __request: &Self::Request,
            __response: &Self::Response,
            __resources: &mut Self::Resources,
        ) -> impl ::core::future::Future<Output = ()> + ::core::marker::Send {
            <Self as ::job_orch::GetCache>::put_cache(__request, __response, __resources)
        }
    }
    #[automatically_derived]
    #[allow(deprecated)]
    impl ::job_orch::Job for Count {
        type Wants = (
            ::job_orch::__private::Mine<Db>,
            ::job_orch::__private::Ours<Http>,
        );
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
    #[automatically_derived]
    #[allow(deprecated)]
    impl ::job_orch::GetCache for Count {
        fn get_cache(
            __request: &Self::Request,
            __resources: &mut Self::Resources,
        ) -> impl ::core::future::Future<
            Output = ::core::option::Option<Self::Response>,
        > + ::core::marker::Send {
            let (__resource_0, __resource_1) = __resources;
            find(__request, __resource_0, &**__resource_1)
        }
        fn put_cache(
            __request: &Self::Request,
            __response: &Self::Response,
            __resources: &mut Self::Resources,
        ) -> impl ::core::future::Future<Output = ()> + ::core::marker::Send {
            let (__resource_0, __resource_1) = __resources;
            keep(__request, __response, __resource_0, &**__resource_1)
        }
    }
};
