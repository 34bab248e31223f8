//! [`Program`]: what to start.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bytes::Bytes;

use super::error::StartError;
use super::limits::Limits;

/// The variables that a process is given if nothing else is said; of ours, those that are set.
const LISTED: &[&str] = &["HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER"];

/// Where a program without a path is searched if `PATH` is not set.
const USUAL_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A program, its arguments, directory, environment, standard input and limits.
///
/// No shell reads any of it: the program gets its arguments byte for byte. Put arguments that come from others after a `--`,
/// so that the program does not take them for its options.
///
/// Of our environment it is given `HOME`, `LANG` and all `LC_…`, `LANGUAGE`, `LOGNAME`, `PATH`, `SHELL`, `TMPDIR`, `TZ` and
/// `USER`, and what is added by name.
///
/// ```
/// use job_orch::process::Program;
///
/// let program = Program::new("sort").args(["--reverse", "--"]).arg("names.txt").directory("/tmp").env("LC_ALL", "C");
/// ```
#[derive(Clone)]
#[must_use]
pub struct Program {
    program: PathBuf,
    args: Vec<OsString>,
    directory: Option<PathBuf>,
    base: Base,
    // None: to be removed.
    variables: BTreeMap<OsString, Option<OsString>>,
    pub(super) input: Input,
    pub(super) limits: Limits,
}

/// What of our environment a process is given.
#[derive(Clone, Copy, Debug)]
enum Base {
    Listed,
    Everything,
    Nothing,
}

/// What a process reads from its standard input.
#[derive(Clone, Debug)]
pub(super) enum Input {
    Nothing,
    Ours,
    Written,
    Bytes(Bytes),
}

impl Program {
    /// A program by its path, or by a name that is searched in our `PATH`.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            directory: None,
            base: Base::Listed,
            variables: BTreeMap::new(),
            input: Input::Nothing,
            limits: Limits::none(),
        }
    }

    /// One more argument.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// More arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// The directory it works in; else ours.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Sets a variable.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.into(), Some(value.into()));
        self
    }

    /// Passes a variable of ours on, if it is set.
    pub fn pass_env(mut self, name: impl Into<OsString>) -> Self {
        let name = name.into();
        let value = std::env::var_os(&name);
        self.variables.insert(name, value);
        self
    }

    /// Takes a variable away.
    pub fn remove_env(mut self, name: impl Into<OsString>) -> Self {
        self.variables.insert(name.into(), None);
        self
    }

    /// Passes our whole environment on, secrets included.
    pub const fn inherit_env(mut self) -> Self {
        self.base = Base::Everything;
        self
    }

    /// Passes on nothing of our environment but what is named.
    pub const fn clear_env(mut self) -> Self {
        self.base = Base::Nothing;
        self
    }

    /// It reads these bytes from its standard input, then the end. Secrets belong here and not among the arguments, which
    /// everybody on the machine can read.
    pub fn stdin_bytes(mut self, bytes: impl Into<Bytes>) -> Self {
        self.input = Input::Bytes(bytes.into());
        self
    }

    /// It reads what [`Coordinator::write`](super::Coordinator::write) writes.
    pub fn stdin_written(mut self) -> Self {
        self.input = Input::Written;
        self
    }

    /// It reads our standard input. On a terminal it cannot: it is in the background.
    pub fn stdin_inherited(mut self) -> Self {
        self.input = Input::Ours;
        self
    }

    /// What it may use. Without, what we may.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// As it was asked for.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.program
    }

    /// The command of this program at its path, in a process group of its own.
    pub(super) fn command(&self, path: &Path) -> Result<Command, StartError> {
        self.check()?;
        let mut command = Command::new(path);
        // Its own name, as a shell gives it.
        command.arg0(&self.program).args(&self.args).process_group(0);
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        self.set_environment(&mut command);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(match self.input {
            Input::Nothing => Stdio::null(),
            Input::Ours => Stdio::inherit(),
            Input::Written | Input::Bytes(_) => Stdio::piped(),
        });
        Ok(command)
    }

    fn set_environment(&self, command: &mut Command) {
        let is_listed = |name: &OsStr| {
            LISTED.iter().any(|listed| name == OsStr::new(listed)) || name.as_bytes().starts_with(b"LC_")
        };
        match self.base {
            Base::Everything => {}
            Base::Nothing => {
                command.env_clear();
            }
            Base::Listed => {
                command.env_clear().envs(std::env::vars_os().filter(|(name, _)| is_listed(name)));
            }
        }
        for (name, value) in &self.variables {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
    }

    /// Refuses what the system could not pass on as it is.
    fn check(&self) -> Result<(), StartError> {
        let unfit = |problem| Err(StartError::Unfit { program: self.program.clone(), problem });
        let has_nul = |text: &OsStr| text.as_bytes().contains(&0);
        if has_nul(self.program.as_os_str()) || self.directory.as_ref().is_some_and(|path| has_nul(path.as_os_str())) {
            return unfit("a path contains a NUL byte");
        }
        if self.args.iter().any(|arg| has_nul(arg)) {
            return unfit("an argument contains a NUL byte");
        }
        for (name, value) in &self.variables {
            if name.is_empty() || has_nul(name) || name.as_bytes().contains(&b'=') {
                return unfit("the name of a variable is empty, or contains `=` or a NUL byte");
            }
            if value.as_ref().is_some_and(|value| has_nul(value)) {
                return unfit("a variable contains a NUL byte");
            }
        }
        Ok(())
    }

    /// The absolute path of the program. A path is taken as it is, a name is searched.
    pub(super) fn find(&self) -> Result<PathBuf, StartError> {
        let program = &self.program;
        let not_found = || StartError::NotFound { program: program.clone() };
        if program.as_os_str().as_bytes().contains(&b'/') {
            let path = std::path::absolute(program).map_err(|source| StartError::io(program, source))?;
            return if is_executable(&path) { Ok(path) } else { Err(not_found()) };
        }
        if program.as_os_str().is_empty() {
            return Err(not_found());
        }
        let folders = std::env::var_os("PATH").unwrap_or_else(|| USUAL_PATH.into());
        let paths = std::env::split_paths(&folders).filter(|folder| folder.is_absolute());
        paths.map(|folder| folder.join(program)).find(|path| is_executable(path)).ok_or_else(not_found)
    }
}

fn is_executable(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// Without arguments, values of variables and input, which may be secrets.
impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("program", &self.program)
            .field("args", &self.args.len())
            .field("directory", &self.directory)
            .field("base", &self.base)
            .field("variables", &self.variables.keys().collect::<Vec<_>>())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
