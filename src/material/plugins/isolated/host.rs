//! The parent's side: a law whose library is elsewhere.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rustix::fs::{MemfdFlags, ftruncate, memfd_create};

use super::memory::{Array, Memory, Word};
use super::{BATCH, COMMAND, ELASTICITY, Hello, POINTS, Welcome, receive, send};
use crate::material::plugins::{host, utilities};
use crate::material::{Input, Law, LawError, Output, Status, Variable};

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Names the program that children run: `ferrom`. Without it they run the program that this is, which must then hand
/// its command `law-server` to [`crate::material::serve_isolated`]. Only the first call counts.
pub fn set_program(program: PathBuf) {
    let _ = PROGRAM.set(program);
}

/// Seconds that a child may take to start and open the library, at least: machines are busy.
const OPENING: f64 = 120.0;

/// Variables that would make a child think that it is a rank.
const OF_LAUNCHERS: [&str; 5] = ["OMPI_", "PMIX_", "PMI_", "PRTE_", "MPI_"];

/// How a law is kept apart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Isolation {
    /// The library, for messages.
    pub library: PathBuf,
    /// The material in direct mode, as TOML.
    pub material: String,
    /// Seconds that a call may take.
    pub timeout: f64,
}

/// A law in a child process, which is started again after it has died.
#[derive(Debug)]
pub(crate) struct Isolated {
    isolation: Isolation,
    welcome: Welcome,
    variables: Vec<Variable>,
    link: Mutex<Option<Link>>,
    complaint: Mutex<Option<String>>,
}

/// A child at work.
#[derive(Debug)]
struct Link {
    child: Child,
    socket: UnixStream,
    memory: Memory,
}

impl Drop for Link {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A child that is lost: what happened, and the factor on the step.
struct Lost {
    what: String,
    factor: f64,
    /// Point of the batch.
    at: usize,
}

/// A child that answers, before it has memory.
struct Started {
    child: Child,
    socket: UnixStream,
    memory: OwnedFd,
}

impl Isolation {
    fn wrong(&self, problem: impl std::fmt::Display) -> LawError {
        LawError::Library { path: self.library.display().to_string(), problem: problem.to_string() }
    }

    /// Starts a child and asks for its law.
    fn start(&self) -> Result<(Started, Welcome), LawError> {
        let failed = |what: &str, e: std::io::Error| {
            self.wrong(format!("cannot be isolated: {what} failed ({e}); use 'isolated = false'"))
        };
        let (ours, theirs) = UnixStream::pair().map_err(|e| failed("a socket", e))?;
        let memory =
            memfd_create("ferrom", MemfdFlags::CLOEXEC).map_err(|e| failed("shared memory", e.into()))?;
        let theirs_memory = memory.try_clone().map_err(|e| failed("shared memory", e))?;
        let mut command = Command::new(PROGRAM.get().map_or(Path::new("/proc/self/exe"), PathBuf::as_path));
        // a process group of its own: it outlives an interrupt that the parent handles
        command.arg(COMMAND).process_group(0).stdin(OwnedFd::from(theirs)).stdout(theirs_memory);
        for (name, _) in std::env::vars_os() {
            if OF_LAUNCHERS.iter().any(|start| name.as_encoded_bytes().starts_with(start.as_bytes())) {
                command.env_remove(name);
            }
        }
        let child = command.stderr(Stdio::inherit()).spawn().map_err(|e| failed("a child process", e))?;
        // our copies of its ends are closed here: when it dies the socket ends
        drop(command);
        let mut started = Started { child, socket: ours, memory };
        match self.greet(&mut started) {
            Ok(welcome) => Ok((started, welcome)),
            Err(e) => {
                let timed_out = matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
                if timed_out || e.kind() == ErrorKind::InvalidData {
                    let _ = started.child.kill();
                }
                let status = started.child.wait().map_err(|e| failed("a child process", e))?;
                let limit = self.timeout.max(OPENING);
                let what = if timed_out { format!("took more than {limit} s") } else { ended(status) };
                Err(self.wrong(format!("{what} while it was opened")))
            }
        }
    }

    fn greet(&self, to: &mut Started) -> std::io::Result<Welcome> {
        let host = host::get();
        let hello = Hello { material: self.material.clone(), rank: host.rank, ranks: host.ranks };
        let hello = toml::to_string(&hello).map_err(std::io::Error::other)?;
        let seconds = |s: f64| Some(Duration::from_secs_f64(s));
        to.socket.set_read_timeout(seconds(self.timeout.max(OPENING)))?;
        send(&mut to.socket, &hello)?;
        let welcome = receive(&mut to.socket)?;
        to.socket.set_read_timeout(seconds(self.timeout))?;
        toml::from_str(&welcome).map_err(|e| std::io::Error::new(ErrorKind::InvalidData, e))
    }

    fn too_long(&self) -> String {
        format!("did not return within {} s and was stopped ('timeout')", self.timeout)
    }
}

impl Started {
    fn link(self, n_state: usize) -> std::io::Result<Link> {
        let bytes = Memory::bytes(n_state).ok_or(ErrorKind::OutOfMemory)?;
        ftruncate(&self.memory, bytes as u64)?;
        let memory = Memory::map(self.memory.as_fd(), n_state)?;
        Ok(Link { child: self.child, socket: self.socket, memory })
    }
}

/// How a child ended, as the rest of a sentence about the library.
fn ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(utilities::XIT), _) => "called XIT".to_owned(),
        (Some(code), _) => format!("ended its process with exit code {code} (STOP or exit)"),
        (None, Some(signal)) => {
            let name = match signal {
                4 => "SIGILL, an illegal instruction",
                6 => "SIGABRT, abort",
                7 => "SIGBUS, a wrong address",
                8 => "SIGFPE, an arithmetic error",
                9 => "SIGKILL, perhaps for want of memory",
                11 => "SIGSEGV, a wrong address",
                _ => "see 'kill -l'",
            };
            format!("was ended by signal {signal} ({name})")
        }
        _ => "ended its process".to_owned(),
    }
}

impl Isolated {
    /// Starts the child, which opens the library.
    ///
    /// # Errors
    /// Those of the law itself; the child did not start, or ended or looped while it opened the library.
    pub fn new(isolation: Isolation) -> Result<Isolated, LawError> {
        let (started, welcome) = isolation.start()?;
        if let Some(problem) = welcome.problem {
            return Err(LawError::Unsupported { problem });
        }
        let fits =
            |&(offset, size): &(usize, usize)| offset.checked_add(size).is_some_and(|e| e <= welcome.n_state);
        if welcome.initial.len() != welcome.n_state
            || welcome.names.len() != welcome.places.len()
            || !welcome.places.iter().all(fits)
        {
            return Err(isolation.wrong("cannot be isolated: its process answered nonsense"));
        }
        let variables = welcome
            .names
            .iter()
            .zip(&welcome.places)
            .map(|(name, &(offset, size))| Variable { name: name.clone(), offset, size })
            .collect();
        let link = started
            .link(welcome.n_state)
            .map_err(|e| isolation.wrong(format!("cannot be isolated: shared memory failed ({e})")))?;
        let (link, complaint) = (Mutex::new(Some(link)), Mutex::new(None));
        Ok(Isolated { isolation, welcome, variables, link, complaint })
    }

    fn complain(&self, text: String) {
        *self.complaint.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
    }

    /// The child, started where there is none.
    fn alive<'l>(&self, slot: &'l mut Option<Link>) -> Result<&'l mut Link, Lost> {
        let started = match slot.take() {
            Some(link) => link,
            None => {
                let lost = |what: String| Lost { what, factor: 0.0, at: 0 };
                let (started, welcome) = self.isolation.start().map_err(|e| lost(e.to_string()))?;
                if let Some(problem) = welcome.problem {
                    return Err(lost(problem));
                }
                let failed =
                    |e| lost(self.isolation.wrong(format!("lost its shared memory ({e})")).to_string());
                started.link(self.welcome.n_state).map_err(failed)?
            }
        };
        Ok(slot.insert(started))
    }

    /// Sends a request and waits for its answer.
    fn ask(&self, link: &mut Link, request: u8) -> Result<(), Lost> {
        let lost = |link: &Link, what: String, factor: f64| {
            let at = usize::try_from(link.memory.get(Word::Progress)).unwrap_or(usize::MAX);
            Lost { what: self.isolation.wrong(what).to_string(), factor, at }
        };
        let mut calls = link.memory.get(Word::Calls);
        let mut answer = [0];
        let mut outcome = link.socket.write_all(&[request]);
        while outcome.is_ok() {
            match link.socket.read_exact(&mut answer) {
                Ok(()) if answer[0] == request => return Ok(()),
                Ok(()) => outcome = Err(ErrorKind::InvalidData.into()),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    let now = link.memory.get(Word::Calls);
                    if now == calls {
                        return Err(lost(link, self.isolation.too_long(), 0.0));
                    }
                    calls = now;
                }
                Err(e) => outcome = Err(e),
            }
        }
        let what = end_of(&mut link.child).map_or("broke the connection to its process".to_owned(), ended);
        Err(lost(link, what, 0.5))
    }

    /// One batch of at most [`POINTS`] points, which begin at `first`.
    fn batch(
        &self,
        link: &mut Link,
        input: &Input,
        output: &mut Output,
        first: usize,
    ) -> Result<Status, Lost> {
        let m = self.welcome.n_state;
        let points = POINTS.min(input.len() - first);
        let part = |width: usize| width * first..width * (first + points);
        let start = input.strain0.zip(input.temperature0);
        let memory = &mut link.memory;
        memory.set(Word::Points, points as u64);
        memory.set(Word::Dt, input.dt.to_bits());
        memory.set(Word::Time0, input.time0.to_bits());
        memory.set(Word::Text, 0);
        let flags = u64::from(output.tangent.is_some())
            + 2 * u64::from(start.is_some())
            + 4 * u64::from(input.sites.is_some());
        memory.set(Word::Flags, flags);
        memory.put(Array::Strain, 0, &input.strain[part(6)]);
        memory.put(Array::Temperature, 0, &input.temperature[part(1)]);
        memory.put(Array::State0, 0, &input.state[part(m)]);
        if let Some((strain0, temperature0)) = start {
            memory.put(Array::Strain0, 0, &strain0[part(6)]);
            memory.put(Array::Temperature0, 0, &temperature0[part(1)]);
        }
        if let Some(sites) = input.sites {
            sites[part(1)].iter().enumerate().for_each(|(k, site)| memory.put_site(k, site));
        }
        self.ask(link, BATCH)?;
        let memory = &link.memory;
        let factor = f64::from_bits(memory.get(Word::Factor));
        if factor != 1.0 {
            if let Some(text) = memory.text() {
                self.complain(text);
            }
            let at = usize::try_from(memory.get(Word::Failed)).unwrap_or(usize::MAX).min(points - 1);
            let factor = if (0.0..1.0).contains(&factor) { factor } else { 0.0 };
            return Ok(Status::Cut { point: first + at, factor });
        }
        memory.take(Array::State, 0, &mut output.state[part(m)]);
        memory.take(Array::Stress, 0, &mut output.stress[part(6)]);
        if let Some(tangent) = output.tangent.as_deref_mut() {
            memory.take(Array::Tangent, 0, &mut tangent[part(36)]);
        }
        Ok(Status::Done)
    }
}

/// How a child ends that has closed its socket; one that goes on is killed.
fn end_of(child: &mut Child) -> Option<ExitStatus> {
    for _ in 0..200 {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    None
}

impl Law for Isolated {
    fn name(&self) -> &str {
        &self.welcome.name
    }

    fn variables(&self) -> &[Variable] {
        &self.variables
    }

    fn n_state(&self) -> usize {
        self.welcome.n_state
    }

    fn symmetric(&self) -> bool {
        self.welcome.symmetric
    }

    fn initial_state(&self, state: &mut [f64]) {
        state.copy_from_slice(&self.welcome.initial);
    }

    fn temperature_range(&self) -> Option<(f64, f64)> {
        self.welcome.temperature_range
    }

    fn wants_sites(&self) -> bool {
        self.welcome.wants_sites
    }

    fn complaint(&self) -> Option<String> {
        self.complaint.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn elasticity(&self, temperature: f64, c: &mut [f64; 36]) {
        let mut slot = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = self.alive(&mut slot).and_then(|link| {
            link.memory.put(Array::Temperature, 0, &[temperature]);
            link.memory.set(Word::Text, 0);
            self.ask(link, ELASTICITY)?;
            link.memory.take(Array::Tangent, 0, c);
            if let Some(text) = link.memory.text() {
                self.complain(text);
            }
            Ok(())
        });
        if let Err(lost) = asked {
            *slot = None;
            c.fill(f64::NAN);
            self.complain(lost.what);
        }
    }

    fn update(&self, input: Input, mut output: Output) -> Status {
        let mut slot = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        let mut status = Status::Done;
        for first in (0..input.len()).step_by(POINTS) {
            let done = self.alive(&mut slot).and_then(|link| self.batch(link, &input, &mut output, first));
            match done {
                Ok(Status::Done) => {}
                Ok(Status::Cut { point, factor }) => status = status.and_cut(point, factor),
                Err(lost) => {
                    *slot = None;
                    self.complain(lost.what);
                    let points = POINTS.min(input.len() - first);
                    return status.and_cut(first + lost.at.min(points - 1), lost.factor);
                }
            }
        }
        status
    }
}
