///Where each variant of [`Shape`] goes in a flow.
#[derive(::core::fmt::Debug)]
pub struct ShapeArms<'__arms, __U, __F> {
    ///Where a `Circle` goes: `arm(|circle| …)`.
    pub circle: ::job_orch::flow::Arm<'__arms, Circle, __U, __F>,
    ///Where a `RightTriangle` goes: `arm(|right_triangle| …)`.
    pub right_triangle: ::job_orch::flow::Arm<'__arms, (f64, f64), __U, __F>,
    ///Where a `Type` goes: `arm(|r#type| …)`.
    pub r#type: ::job_orch::flow::Arm<'__arms, (), __U, __F>,
}
#[automatically_derived]
impl<'__arms, __U, __F> ::job_orch::flow::Arms<Shape, __U, __F>
for ShapeArms<'__arms, __U, __F>
where
    __U: ::core::marker::Send + 'static,
    __F: ::core::marker::Send + 'static,
{
    fn lay(
        self,
        __routing: &mut ::job_orch::__private::Routing,
    ) -> ::job_orch::__private::Lane<Shape, __U> {
        let __arms = (
            __routing.arm("Circle", self.circle),
            __routing.arm("RightTriangle", self.right_triangle),
            __routing.arm("Type", self.r#type),
        );
        ::job_orch::__private::Lane::new(move |__binding| {
            let __ways = (
                __binding.way(&__arms.0),
                __binding.way(&__arms.1),
                __binding.way(&__arms.2),
            );
            ::std::boxed::Box::new(move |__here, __value| match __value {
                Shape::Circle(__value_0) => __here.go(&__ways.0, __value_0),
                Shape::RightTriangle(__value_0, __value_1) => {
                    __here.go(&__ways.1, (__value_0, __value_1))
                }
                Shape::Type => __here.go(&__ways.2, ()),
            })
        })
    }
}
