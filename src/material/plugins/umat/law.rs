//! The law over a batch of points.

use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};

use super::call::{Arguments, Function};
use super::spec::UmatSpec;
use crate::material::coefficient::common_range;
use crate::material::plugins::library::Library;
use crate::material::plugins::{virgin_tangent, warn_if_changed};
use crate::material::tensor::six;
use crate::material::{Input, Law, LawError, Output, Status, Variable};

/// Behind STATEV in the state of a point: STRESS, SSE, SPD, SCD.
const EXTRA: usize = 9;
/// Values behind STATEV and PROPS in memory that show whether a function wrote too far.
const GUARD: usize = 8;
const GUARD_VALUE: f64 = -8.276_194_037_155e218;

thread_local! {
    /// STATEV and PROPS of a point.
    static SCRATCH: RefCell<[Vec<f64>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
}

/// A compiled UMAT.
#[derive(Debug)]
pub struct Umat {
    spec: UmatSpec,
    library: &'static Library,
    function: Function,
    variables: Vec<Variable>,
    /// Offsets of the tensors in STATEV.
    tensors: Vec<usize>,
    constant: bool,
    cmname: [u8; 80],
    complaint: Mutex<Option<String>>,
}

/// Between Abaqus' order of components and ours, both ways.
fn swapped(a: [f64; 6]) -> [f64; 6] {
    [a[0], a[1], a[2], a[3], a[5], a[4]]
}

const SWAP: [usize; 6] = [0, 1, 2, 3, 5, 4];

/// Column-major in Abaqus' order of components to row-major in ours.
#[inline]
fn transposed(ddsdde: &[f64; 36]) -> [f64; 36] {
    std::array::from_fn(|k| ddsdde[SWAP[k / 6] + 6 * SWAP[k % 6]])
}

impl Umat {
    /// Opens the library; a content other than that of `library_hash` is warned about, once.
    ///
    /// # Errors
    /// [`LawError::Library`]; [`LawError::Unsupported`] for `variables` or `initial` that do not fit `state`.
    pub fn new(spec: UmatSpec) -> Result<Umat, LawError> {
        let variables = spec.layout()?;
        if !(spec.initial.is_empty() || spec.initial.len() == spec.state) {
            let (given, state) = (spec.initial.len(), spec.state);
            let problem = format!("initial has {given} values, but state = {state}; give one for each");
            return Err(LawError::Unsupported { problem });
        }
        if i32::try_from(spec.state).is_err() {
            return Err(LawError::Unsupported { problem: format!("state = {} is too large", spec.state) });
        }
        let library = Library::open(&spec.library)?;
        warn_if_changed(&spec.library, spec.library_hash.as_deref());
        // SAFETY: the case says that this function is a UMAT.
        let function = unsafe { library.function::<Function>(&spec.symbol) }?;
        let tensors = variables.iter().filter(|v| v.size == 6).map(|v| v.offset).collect();
        let constant = spec.properties.iter().all(|c| c.as_constant().is_some());
        let mut cmname = [b' '; 80];
        cmname.iter_mut().zip(spec.cmname.to_uppercase().bytes()).for_each(|(c, b)| *c = b);
        let complaint = Mutex::new(None);
        Ok(Umat { spec, library, function, variables, tensors, constant, cmname, complaint })
    }

    fn complain(&self, what: &str) {
        let text = format!("library '{}' {what}", self.spec.library.display());
        *self.complaint.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
    }

    fn swap_tensors(&self, statev: &mut [f64]) {
        self.tensors.iter().for_each(|t| statev.swap(t + 4, t + 5));
    }

    /// What is wrong after a call, and the factor on the step.
    fn judge(&self, a: &Arguments, statev: &[f64], props: &[f64], tangent: bool) -> Option<(f64, String)> {
        let n = self.spec.state;
        // no early exits: the loops have no branches
        let touched = |guard: &[f64]| guard.iter().fold(false, |bad, &g| bad | (g != GUARD_VALUE));
        if touched(&statev[n..]) {
            return Some((0.0, format!("wrote beyond STATEV({n}); check 'state'")));
        }
        if touched(&props[self.spec.properties.len()..]) {
            return Some((0.0, format!("wrote beyond PROPS({})", self.spec.properties.len())));
        }
        if a.pnewdt == 0.0 || a.pnewdt.is_nan() {
            return Some((0.5, format!("returned PNEWDT = {}", a.pnewdt)));
        }
        if a.pnewdt > 0.0 && a.pnewdt < 1.0 {
            return Some((a.pnewdt, format!("asks for a shorter step, PNEWDT = {:.3}", a.pnewdt)));
        }
        let finite = |values: &[f64]| !values.iter().fold(false, |bad, x| bad | !x.is_finite());
        let what = if !finite(&a.stress) {
            "STRESS"
        } else if !finite(&statev[..n]) {
            "STATEV"
        } else if tangent && !finite(&a.ddsdde) {
            "DDSDDE"
        } else {
            return None;
        };
        Some((0.5, format!("returned a value that is not finite in {what}")))
    }
}

impl Law for Umat {
    fn name(&self) -> &str {
        "umat"
    }

    fn variables(&self) -> &[Variable] {
        &self.variables
    }

    fn n_state(&self) -> usize {
        self.spec.state + EXTRA
    }

    fn symmetric(&self) -> bool {
        self.spec.symmetric
    }

    fn initial_state(&self, state: &mut [f64]) {
        state.fill(0.0);
        state.iter_mut().zip(&self.spec.initial).for_each(|(s, i)| *s = *i);
        self.swap_tensors(state);
    }

    fn temperature_range(&self) -> Option<(f64, f64)> {
        common_range(&self.spec.properties)
    }

    fn wants_sites(&self) -> bool {
        true
    }

    fn complaint(&self) -> Option<String> {
        self.complaint.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn elasticity(&self, temperature: f64, c: &mut [f64; 36]) {
        virgin_tangent(self, temperature, c);
    }

    /// Without start values the step is taken from no strain, at the end temperature.
    fn update(&self, input: Input, output: Output) -> Status {
        self.library.enter(self.spec.concurrent, || {
            SCRATCH.with_borrow_mut(|[statev, props]| self.batch(&input, output, statev, props))
        })
    }
}

impl Umat {
    fn batch(&self, input: &Input, output: Output, statev: &mut Vec<f64>, props: &mut Vec<f64>) -> Status {
        let (n, m) = (self.spec.state, self.n_state());
        let nstatv = n as i32;
        let count = self.spec.properties.len();
        statev.clear();
        statev.resize(n + GUARD, GUARD_VALUE);
        props.clear();
        props.resize(count + GUARD, GUARD_VALUE);
        let mut status = Status::Done;
        let wanted = output.tangent.is_some();
        let mut tangents = output.tangent.map(|t| t.as_chunks_mut::<36>().0.iter_mut());
        let mut a = Arguments {
            stress: [0.0; 6],
            ddsdde: [0.0; 36],
            energies: [0.0; 3],
            stran: [0.0; 6],
            dstran: [0.0; 6],
            time: [0.0; 2],
            dtime: 0.0,
            temp: 0.0,
            dtemp: 0.0,
            cmname: self.cmname,
            coords: [0.0; 3],
            pnewdt: 1.0,
            noel: 1,
            npt: 1,
            kinc: 1,
        };
        for (k, &t1) in input.temperature.iter().enumerate() {
            let old = &input.state[k * m..(k + 1) * m];
            if k == 0 || !self.constant {
                props.iter_mut().zip(&self.spec.properties).for_each(|(p, c)| *p = c.at(t1));
            }
            statev[..n].copy_from_slice(&old[..n]);
            self.swap_tensors(statev);
            a.stress = swapped(six(old, n));
            a.energies.copy_from_slice(&old[n + 6..]);
            a.ddsdde = [0.0; 36];
            a.stran = input.strain0.map_or([0.0; 6], |e| swapped(six(e, 6 * k)));
            let end = swapped(six(input.strain, 6 * k));
            a.dstran = std::array::from_fn(|i| end[i] - a.stran[i]);
            let t0 = input.temperature0.map_or(t1, |t| t[k]);
            (a.temp, a.dtemp) = (t0, t1 - t0);
            (a.time, a.dtime) = ([input.time0; 2], input.dt);
            a.kinc = if input.time0 == 0.0 { 1 } else { 2 };
            a.pnewdt = 1.0;
            if let Some(site) = input.sites.map(|s| &s[k]) {
                a.coords = site.x;
                a.noel = i32::try_from(site.element).unwrap_or(i32::MAX);
                a.npt = i32::try_from(site.number).map_or(i32::MAX, |p| p.saturating_add(1));
            }
            // SAFETY: the case says that the function is a UMAT; STATEV and PROPS have their lengths and a guard.
            unsafe { a.call(self.function, statev, nstatv, &mut props[..count]) };
            if let Some((factor, what)) = self.judge(&a, statev, props, wanted) {
                tangents.as_mut().and_then(Iterator::next);
                self.complain(&what);
                status = status.and_cut(k, factor);
                statev[n..].fill(GUARD_VALUE);
                continue;
            }
            self.swap_tensors(statev);
            let new = &mut output.state[k * m..(k + 1) * m];
            new[..n].copy_from_slice(&statev[..n]);
            let stress = swapped(a.stress);
            new[n..n + 6].copy_from_slice(&stress);
            new[n + 6..].copy_from_slice(&a.energies);
            output.stress[6 * k..6 * k + 6].copy_from_slice(&stress);
            if let Some(tangent) = tangents.as_mut().and_then(Iterator::next) {
                *tangent = transposed(&a.ddsdde);
            }
        }
        status
    }
}
