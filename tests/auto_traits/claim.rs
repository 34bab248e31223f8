//! The words of the table.

/// One line per type: whether it is `Send`, `Sync` and `Unpin`.
macro_rules! claims {
    ($($type:ty: $send:ident $sync:ident $unpin:ident;)*) => {
        $(
            $crate::claim::claim!($type, Send, $send);
            $crate::claim::claim!($type, Sync, $sync);
            $crate::claim::claim!($type, Unpin, $unpin);
        )*
        /// The types of the table, as they are written there.
        pub(crate) const TYPES: &[&str] = &[$(stringify!($type)),*];
    };
}

macro_rules! claim {
    ($type:ty, $trait:ident, yes) => {
        const _: fn() = || {
            fn is<T: $trait>() {}
            is::<$type>();
        };
    };
    ($type:ty, $trait:ident, any) => {};
    // Of a type that has the trait both impls hold, and the compiler cannot tell which is meant.
    ($type:ty, $trait:ident, no) => {
        const _: fn() = || {
            trait Ambiguous<A> {
                fn told() {}
            }
            struct Has;
            impl<T> Ambiguous<()> for T {}
            impl<T: $trait> Ambiguous<Has> for T {}
            <$type as Ambiguous<_>>::told();
        };
    };
}

pub(crate) use {claim, claims};
