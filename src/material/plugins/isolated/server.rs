//! The child's side.

use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, poll};

use super::memory::{Array, Memory, Word};
use super::{BATCH, ELASTICITY, Hello, POINTS, Welcome, receive, send};
use crate::material::plugins::host::{self, Host};
use crate::material::{Input, Law, Output, Status};

/// Answers a parent whose socket is standard input and whose memory is standard output, until it is gone; `build` makes
/// the law. The plugin finds an empty standard input, and its standard output goes to standard error.
///
/// # Errors
/// The parent is gone, or this was not started by one.
pub(crate) fn serve(build: impl FnOnce(&str) -> Result<Box<dyn Law>, String>) -> std::io::Result<()> {
    let socket = UnixStream::from(duplicate(std::io::stdin().as_fd())?);
    let memory = duplicate(std::io::stdout().as_fd())?;
    rustix::stdio::dup2_stdin(std::fs::File::open("/dev/null")?)?;
    rustix::stdio::dup2_stdout(std::io::stderr())?;
    die_with_the_parent(socket.try_clone()?);
    let mut socket = socket;
    let hello: Hello = toml::from_str(&receive(&mut socket)?).map_err(std::io::Error::other)?;
    host::set(Host { rank: hello.rank, ranks: hello.ranks, isolated: true });
    let law = match build(&hello.material) {
        Ok(law) => law,
        Err(problem) => {
            return send(&mut socket, &text(&Welcome { problem: Some(problem), ..Welcome::default() })?);
        }
    };
    let law = law.as_ref();
    let mut initial = vec![0.0; law.n_state()];
    law.initial_state(&mut initial);
    let welcome = Welcome {
        problem: None,
        name: law.name().to_owned(),
        n_state: law.n_state(),
        symmetric: law.symmetric(),
        wants_sites: law.wants_sites(),
        initial,
        temperature_range: law.temperature_range(),
        names: law.variables().iter().map(|v| v.name.clone()).collect(),
        places: law.variables().iter().map(|v| (v.offset, v.size)).collect(),
    };
    send(&mut socket, &text(&welcome)?)?;
    let mut work = Work::new(law.n_state());
    let mut request = [0];
    let mut shared: Option<Memory> = None;
    while socket.read_exact(&mut request).is_ok() {
        // the parent gives the memory its size before its first request
        let shared = match &mut shared {
            Some(shared) => shared,
            None => shared.insert(Memory::map(memory.as_fd(), law.n_state())?),
        };
        match request[0] {
            BATCH => work.batch(law, shared),
            ELASTICITY => {
                let mut t = [0.0];
                shared.take(Array::Temperature, 0, &mut t);
                let mut c = [0.0; 36];
                law.elasticity(t[0], &mut c);
                shared.put(Array::Tangent, 0, &c);
                shared.put_text(&law.complaint().unwrap_or_default());
            }
            _ => return Err(std::io::ErrorKind::InvalidData.into()),
        }
        socket.write_all(&request)?;
    }
    Ok(())
}

fn text(welcome: &Welcome) -> std::io::Result<String> {
    toml::to_string(welcome).map_err(std::io::Error::other)
}

fn duplicate(fd: std::os::fd::BorrowedFd) -> std::io::Result<OwnedFd> {
    fd.try_clone_to_owned()
}

/// A thread that kills this process when the other end of the socket is closed, whatever the plugin is doing.
fn die_with_the_parent(socket: UnixStream) {
    std::thread::spawn(move || {
        let mut wait = [PollFd::new(&socket, PollFlags::RDHUP)];
        while !matches!(poll(&mut wait, None), Ok(n) if n > 0) {}
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    });
}

/// One point.
struct Work {
    state0: Vec<f64>,
    state: Vec<f64>,
}

impl Work {
    fn new(n_state: usize) -> Work {
        Work { state0: vec![0.0; n_state], state: vec![0.0; n_state] }
    }

    fn batch(&mut self, law: &dyn Law, shared: &mut Memory) {
        let points = usize::try_from(shared.get(Word::Points)).unwrap_or(usize::MAX).min(POINTS);
        let flags = shared.get(Word::Flags);
        let (dt, time0) = (f64::from_bits(shared.get(Word::Dt)), f64::from_bits(shared.get(Word::Time0)));
        let mut status = Status::Done;
        for k in 0..points {
            shared.set(Word::Progress, k as u64);
            shared.set(Word::Calls, shared.get(Word::Calls).wrapping_add(1));
            let (mut strain, mut strain0, mut t, mut t0) = ([0.0; 6], [0.0; 6], [0.0], [0.0]);
            shared.take(Array::Strain, k, &mut strain);
            shared.take(Array::Temperature, k, &mut t);
            shared.take(Array::State0, k, &mut self.state0);
            let mut input = Input { time0, ..Input::new(dt, &strain, &t, &self.state0) };
            if flags & 2 != 0 {
                shared.take(Array::Strain0, k, &mut strain0);
                shared.take(Array::Temperature0, k, &mut t0);
                input = input.with_start(&strain0, &t0);
            }
            let site = (flags & 4 != 0).then(|| [shared.site(k)]);
            input.sites = site.as_ref().map(|s| &s[..]);
            let (mut stress, mut tangent) = ([0.0; 6], [0.0; 36]);
            let output = Output {
                state: &mut self.state,
                stress: &mut stress,
                tangent: (flags & 1 != 0).then_some(&mut tangent[..]),
            };
            if let Status::Cut { factor, .. } = law.update(input, output) {
                status = status.and_cut(k, factor);
                continue;
            }
            shared.put(Array::State, k, &self.state);
            shared.put(Array::Stress, k, &stress);
            if flags & 1 != 0 {
                shared.put(Array::Tangent, k, &tangent);
            }
        }
        match status {
            Status::Done => shared.set(Word::Factor, 1.0f64.to_bits()),
            Status::Cut { point, factor } => {
                shared.put_text(&law.complaint().unwrap_or_default());
                shared.set(Word::Failed, point as u64);
                shared.set(Word::Factor, factor.to_bits());
            }
        }
    }
}
