//! What `#[derive(Resources)]` means: the rules, and the provider that keeps them.

use quote::ToTokens;
use syn::{Field, GenericArgument, Ident, ItemStruct, Member, Path, PathArguments, Type};

use super::args::HostsArgs;
use crate::errors::Errors;
use crate::names::{self, written};
use crate::paths::Krate;

/// A struct that provides its fields and hosts jobs, as the output needs it.
pub(crate) struct Resources {
    pub(crate) krate: Krate,
    pub(crate) app: Ident,
    pub(crate) fields: Vec<Given>,
    pub(crate) jobs: Vec<Path>,
    /// Whether the struct is one type. Nothing can be written for one with parameters.
    pub(crate) is_one_type: bool,
}

/// A field as a resource.
pub(crate) struct Given {
    pub(crate) member: Member,
    /// What a job asks for: of a field `Arc<Http>`, `Http`.
    pub(crate) ty: Type,
    pub(crate) is_shared: bool,
}

impl Resources {
    /// Judges the struct and the jobs it names.
    pub(crate) fn build(args: &HostsArgs, krate: Krate, item: &ItemStruct, errors: &mut Errors) -> Self {
        if !item.generics.params.is_empty() {
            errors.on(&item.generics.params, "an application is one type: write the types these parameters stand for");
        }
        Self {
            krate,
            app: item.ident.clone(),
            fields: fields(item, errors),
            jobs: jobs(&args.jobs, errors),
            is_one_type: item.generics.params.is_empty(),
        }
    }
}

fn fields(item: &ItemStruct, errors: &mut Errors) -> Vec<Given> {
    let mut given: Vec<Given> = Vec::new();
    for (field, member) in item.fields.iter().zip(item.fields.members()) {
        let Some(one) = Given::build(field, member, errors) else { continue };
        let twin = given.iter().find(|other| other.is_shared == one.is_shared && is_written_alike(&other.ty, &one.ty));
        if let Some(twin) = twin {
            let (ty, member) = (written(&one.ty), written(&twin.member));
            errors.on(
                &field.ty,
                format!(
                    "`{member}` provides `{ty}` already, and a job asks by type: give one of the two a type of its own"
                ),
            );
            continue;
        }
        given.push(one);
    }
    given
}

impl Given {
    fn build(field: &Field, member: Member, errors: &mut Errors) -> Option<Self> {
        if let Some(hosts) = field.attrs.iter().find(|attr| attr.path().is_ident("hosts")) {
            errors.on(hosts, "`#[hosts]` belongs on the struct");
        }
        let mut marks = field.attrs.iter().filter(|attr| attr.path().is_ident("shared"));
        let Some(mark) = marks.next() else {
            return Some(Self { member, ty: field.ty.clone(), is_shared: false });
        };
        if mark.meta.require_path_only().is_err() {
            errors.on(mark, "`#[shared]` takes no options");
        }
        if let Some(second) = marks.next() {
            errors.on(second, "`#[shared]` is written twice: remove this one");
        }
        let ty = behind_arc(&field.ty);
        if ty.is_none() {
            let written = written(&field.ty);
            let text = format!(
                "what workers share is counted: write `Arc<{written}>`, or remove `#[shared]` to give each worker a clone"
            );
            errors.on(&field.ty, text);
        }
        Some(Self { member, ty: ty?, is_shared: true })
    }
}

/// `Http` of `Arc<Http>`.
fn behind_arc(ty: &Type) -> Option<Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Arc")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(ty) => Some(ty.clone()),
        _ => None,
    }
}

/// Jobs hosted once and named as types. An alias of a job is left to the compiler.
fn jobs(named: &[Path], errors: &mut Errors) -> Vec<Path> {
    let mut jobs: Vec<Path> = Vec::new();
    for job in named {
        let name = written(job);
        if jobs.iter().any(|other| is_written_alike(other, job)) {
            errors.on(job, format!("`{name}` is hosted already: remove this one"));
        } else if let Some(ty) = job_of_function(job) {
            errors.on(job, format!("`{name}` is the function: write its job type, `{ty}`"));
        } else {
            jobs.push(job.clone());
        }
    }
    jobs
}

/// The job type, if what is written is a function's name.
fn job_of_function(path: &Path) -> Option<Ident> {
    let last = &path.segments.last()?.ident;
    last.to_string().starts_with(char::is_lowercase).then(|| names::job_type(last))
}

fn is_written_alike(a: &impl ToTokens, b: &impl ToTokens) -> bool {
    a.to_token_stream().to_string() == b.to_token_stream().to_string()
}
