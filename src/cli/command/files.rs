//! What a command reads and writes: no output may be one of its inputs, or another output.

use std::path::{Path, PathBuf};

use super::output::stdout_file;
use crate::cli::args::{ConnectArgs, ReportFile};
use crate::exit_code::Failure;
use crate::scenario::Source;
use crate::text;

/// The most links that lead to one file.
const MAX_LINKS: usize = 40;

/// What makes two names the same file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Identity {
    /// A file that is there, by its device and number: links of either kind are the file.
    #[cfg(unix)]
    There(u64, u64),
    /// A file that is not there yet, in a folder that is; or one of a system without numbers.
    At(PathBuf),
}

/// The files of one command.
#[derive(Debug, Default)]
pub(super) struct Files {
    known: Vec<(String, Identity)>,
}

impl Files {
    /// A file that is read; several times is well.
    pub(super) fn reads(&mut self, what: &str, path: &Path) {
        self.known.extend(identity(path).map(|identity| (named(what, path), identity)));
    }

    /// A scenario file, with the files that it names.
    pub(super) fn reads_scenario(&mut self, path: &Path, source: Option<&Source>) {
        self.reads("the scenario", path);
        source.map(Source::beside).unwrap_or_default().iter().for_each(|path| self.reads("body_file", path));
    }

    /// What is typed about connections.
    pub(super) fn connects(&mut self, args: &ConnectArgs) {
        args.cacert.iter().for_each(|path| self.reads("--cacert", path));
    }

    /// A file that is written, if it is named.
    ///
    /// # Errors
    /// [`Failure`] if it is read, or written for something else.
    pub(super) fn writes(&mut self, what: &str, path: Option<&Path>) -> Result<(), Failure> {
        let Some((path, identity)) = path.and_then(|path| Some((path, identity(path)?))) else { return Ok(()) };
        let what = named(what, path);
        let stdout = stdout_file().and_then(|file| of(&file.metadata().ok()?));
        let stdout = stdout.map(|identity| ("standard output".to_owned(), identity));
        match self.known.iter().chain(&stdout).find(|(_, known)| *known == identity) {
            Some((other, _)) => Err(Failure::usage(format!(
                "{what} and {other} are the same file: nothing is written; name another file"
            ))),
            None => {
                self.known.push((what, identity));
                Ok(())
            }
        }
    }

    /// The reports of a run.
    ///
    /// # Errors
    /// As [`Files::writes`].
    pub(super) fn reports(&mut self, files: &[ReportFile]) -> Result<(), Failure> {
        files.iter().try_for_each(|file| self.writes("--report", Some(&file.path)))
    }
}

fn named(what: &str, path: &Path) -> String {
    format!("{what} {}", text::file(path))
}

/// Which file this is. None: no file that anything could be lost of, such as `/dev/null` or a pipe; or nothing at all.
fn identity(path: &Path) -> Option<Identity> {
    match std::fs::metadata(path) {
        Ok(about) if !about.is_file() => None,
        #[cfg(unix)]
        Ok(about) => of(&about),
        #[cfg(not(unix))]
        Ok(_) => path.canonicalize().ok().map(Identity::At),
        Err(_) => {
            let path = behind_links(path);
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Some(Identity::At(folder.canonicalize().ok()?.join(path.file_name()?)))
        }
    }
}

#[cfg(unix)]
fn of(about: &std::fs::Metadata) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    about.is_file().then(|| Identity::There(about.dev(), about.ino()))
}

#[cfg(not(unix))]
fn of(_: &std::fs::Metadata) -> Option<Identity> {
    None
}

/// Where a link leads to whose file is not there yet.
fn behind_links(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(target) = std::fs::read_link(&path) else { break };
        path = path.parent().map_or_else(|| target.clone(), |folder| folder.join(&target));
    }
    path
}
