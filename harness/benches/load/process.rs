//! A server in a process of its own: started, waited for, looked at, stopped.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take until it answers.
const START_WITHIN: Duration = Duration::from_mins(2);
/// How long it may take to end when it is asked to.
const STOP_WITHIN: Duration = Duration::from_secs(30);
/// How long the installation of a peer may take.
const INSTALL_WITHIN: Duration = Duration::from_mins(5);
/// Between two looks at something that is waited for.
const PAUSE: Duration = Duration::from_millis(5);

/// A process that ends with this value.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts a server that tells its URL in the first line of its standard output.
    pub(crate) fn telling(command: &mut Command, log: &Path) -> io::Result<(Self, String)> {
        let mut child = command.stdout(Stdio::piped()).stderr(File::create(log)?).spawn()?;
        let stdout = child.stdout.take();
        let process = Self { child };
        let (teller, told) = mpsc::channel();
        thread::spawn(move || {
            let mut lines =
                stdout.map(BufReader::new).into_iter().flat_map(BufRead::lines).map_while(Result::ok);
            // Who does not wait any more has gone on to say why.
            drop(teller.send(lines.next()));
            lines.for_each(drop);
        });
        match told.recv_timeout(START_WITHIN) {
            Ok(Some(url)) => Ok((process, url)),
            _ => Err(complaint("it told no URL", log)),
        }
    }

    /// Starts a server at an address that it is given.
    pub(crate) fn listening(command: &mut Command, address: SocketAddr, log: &Path) -> io::Result<Self> {
        let output = File::create(log)?;
        let child = command.stdout(output.try_clone()?).stderr(output).spawn()?;
        let mut process = Self { child };
        let deadline = Instant::now() + START_WITHIN;
        while TcpStream::connect(address).is_err() {
            if process.child.try_wait()?.is_some() || Instant::now() > deadline {
                return Err(complaint("it does not listen", log));
            }
            thread::sleep(PAUSE);
        }
        Ok(process)
    }

    /// How much memory it has, in bytes, where the system tells.
    pub(crate) fn resident(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
    }

    /// Asks it to end, and waits.
    pub(crate) fn stop(mut self) -> io::Result<()> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        let deadline = Instant::now() + STOP_WITHIN;
        while self.child.try_wait()?.is_none() && Instant::now() < deadline {
            thread::sleep(PAUSE);
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Whether it was still there does not matter.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Runs a program to its end.
pub(crate) fn installed(command: &mut Command, log: &Path) -> io::Result<()> {
    let output = File::create(log)?;
    let child = command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).spawn()?;
    let mut process = Process { child };
    let deadline = Instant::now() + INSTALL_WITHIN;
    loop {
        match process.child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(_) => return Err(complaint("it cannot be installed", log)),
            None if Instant::now() > deadline => {
                return Err(complaint("its installation takes too long", log));
            }
            None => thread::sleep(PAUSE),
        }
    }
}

fn complaint(what: &str, log: &Path) -> io::Error {
    let log = fs::read_to_string(log).unwrap_or_default();
    let last: Vec<&str> = log.lines().rev().take(5).collect();
    io::Error::other(format!("{what}: {}", last.into_iter().rev().collect::<Vec<_>>().join("; ")))
}
