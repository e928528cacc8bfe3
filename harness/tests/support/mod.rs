//! What the tests of the binary share: running it under a watchdog, servers that it can be pointed at, and a look at
//! what it wrote.

pub(crate) mod foreign;
pub(crate) mod hostile;
pub(crate) mod made_up;
pub(crate) mod recorded;
pub(crate) mod scripted;

use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use regex::Regex;
use tempfile::TempDir;

/// Nothing here takes longer than a few seconds; whatever is not over by then hangs.
const WATCHDOG: Duration = Duration::from_mins(1);

/// A place of its own for everything that a test's commands write, and the binary in it.
pub(crate) struct Bench {
    folder: TempDir,
}

/// A command that came to its end.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A command that is under way.
pub(crate) struct Running {
    child: Child,
    output: [mpsc::Receiver<Vec<u8>>; 2],
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and tells its path.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// The binary, with nothing of the surroundings that could change what it does.
    pub(crate) fn scimspec(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scimspec"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("XDG_STATE_HOME", self.path("state"))
            .env_remove("CI")
            .env_remove("CLICOLOR_FORCE")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        start(&mut self.scimspec(arguments)).end()
    }

    /// Every file that was written here, with its content.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        collect(self.folder.path(), &mut found);
        found
    }

    /// The journals of runs that left something behind.
    pub(crate) fn journals(&self) -> Vec<PathBuf> {
        let files = self.files().into_iter().map(|(path, _)| path);
        files.filter(|path| path.extension().is_some_and(|ending| ending == "journal")).collect()
    }
}

/// Starts a command whose output is collected.
pub(crate) fn start(command: &mut Command) -> Running {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let output = [
        collected(Box::new(child.stdout.take().unwrap())),
        collected(Box::new(child.stderr.take().unwrap())),
    ];
    Running { child, output }
}

impl Running {
    /// Sends a signal by its name, as `kill` does.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits for the end; a command that does not come to it is ended, and the test with it.
    pub(crate) fn end(mut self) -> Ended {
        let [stdout, stderr] = self.output.map(|pipe| pipe.recv_timeout(WATCHDOG));
        let (Ok(stdout), Ok(stderr)) = (stdout, stderr) else {
            self.child.kill().unwrap();
            panic!("the command did not end within {WATCHDOG:?}");
        };
        let code = self.child.wait().unwrap().code();
        let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
        Ended { code, stdout: text(stdout), stderr: text(stderr) }
    }
}

impl Ended {
    /// What a person reads, for a golden file: how it ended and what it said, without what differs from run to run.
    pub(crate) fn shown(&self) -> String {
        let mut page =
            format!("exit {}\n", self.code.map_or("by a signal".to_owned(), |code| code.to_string()));
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                let _ = write!(page, "--- {name}\n{}\n", masked(text).trim_end());
            }
        }
        page
    }

    /// Nothing in it can command a terminal or forge a line.
    #[track_caller]
    pub(crate) fn assert_harmless(&self) {
        assert_harmless(&self.stdout);
        assert_harmless(&self.stderr);
    }
}

/// No control character but the line feed, and none of the invisible ones that reorder text.
#[track_caller]
pub(crate) fn assert_harmless(text: &str) {
    let harmful = |c: &char| {
        (c.is_control() && *c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let found: Vec<char> = text.chars().filter(harmful).collect();
    assert!(found.is_empty(), "{found:?} in:\n{}", text.escape_debug());
}

/// Text without what differs from run to run: ports, folders, the marks of runs, times.
pub(crate) fn masked(text: &str) -> String {
    let rules = [
        (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
        (r"/[^\s:,]*/\.tmp[A-Za-z0-9]+", "FOLDER"),
        (r"\.[0-9a-z]{6}\.(\d+)", ".RUN.$1"),
        (r#""\.[0-9a-z]{6}\.""#, "\".RUN.\""),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID"),
        (r"\d+\.\d\d s\b", "TIME s"),
        (r"\(os error \d+\)", "(os error N)"),
        (r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "MOMENT"),
    ];
    rules.iter().fold(text.to_owned(), |text, (pattern, instead)| {
        Regex::new(pattern).unwrap().replace_all(&text, *instead).into_owned()
    })
}

fn collected(mut pipe: Box<dyn Read + Send>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut all = Vec::new();
        // A pipe that breaks has said all that it will.
        let _ = pipe.read_to_end(&mut all);
        // Nobody listens any more when the watchdog has ended the test.
        let _ = sender.send(all);
    });
    receiver
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            let content = std::fs::read(&path).unwrap();
            found.push((path, content));
        }
    }
}
