//! The law over a batch of points.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::abi::{Data, Function, INTEGRATE, MESSAGE, SetParameter, State, WITH_TANGENT};
use super::behaviour::{Behaviour, HYPOTHESIS};
use super::spec::MfrontSpec;
use crate::material::coefficient::common_range;
use crate::material::plugins::library::Library;
use crate::material::plugins::{symbols, virgin_tangent, warn_if_changed};
use crate::material::tensor::six;
use crate::material::{Coefficient, Input, Law, LawError, Output, Status, Variable};

/// Behind the internal state variables in the state of a point: stress, stored and dissipated energy.
const EXTRA: usize = 8;
/// Our position of each of MFront's components.
const SWAP: [usize; 6] = [0, 1, 2, 3, 5, 4];

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Arrays of one point, in MFront's conventions: start, end.
#[derive(Debug, Default)]
struct Scratch {
    internal: [Vec<f64>; 2],
    properties: [Vec<f64>; 2],
    external: [Vec<f64>; 2],
    k: Vec<f64>,
}

/// A behaviour compiled by MFront.
#[derive(Debug)]
pub(crate) struct Mfront {
    spec: MfrontSpec,
    library: &'static Library,
    function: Function,
    properties: Vec<Coefficient>,
    external: Vec<Coefficient>,
    variables: Vec<Variable>,
    n_internal: usize,
    n_tangent: usize,
    unreliable: AtomicBool,
    complaint: Mutex<Option<String>>,
}

/// Shears of a strain are halves of the engineering shears times sqrt(2).
fn strain_there(e: [f64; 6]) -> [f64; 6] {
    let shear = std::f64::consts::FRAC_1_SQRT_2;
    std::array::from_fn(|i| if i < 3 { e[i] } else { shear * e[SWAP[i]] })
}

fn tensor_there(t: [f64; 6]) -> [f64; 6] {
    std::array::from_fn(|i| if i < 3 { t[i] } else { std::f64::consts::SQRT_2 * t[SWAP[i]] })
}

fn tensor_here(t: [f64; 6]) -> [f64; 6] {
    std::array::from_fn(|i| if i < 3 { t[i] } else { std::f64::consts::FRAC_1_SQRT_2 * t[SWAP[i]] })
}

/// Row-major d stress / d strain, with engineering shears in the strain.
fn tangent_here(k: &[f64], tangent: &mut [f64]) {
    let shear = |i: usize| if i < 3 { 1.0 } else { std::f64::consts::FRAC_1_SQRT_2 };
    for i in 0..6 {
        for j in 0..6 {
            tangent[6 * i + j] = shear(i) * shear(j) * k[6 * SWAP[i] + SWAP[j]];
        }
    }
}

impl Mfront {
    /// Opens the library and checks that everything that the behaviour needs is given, and nothing else.
    ///
    /// # Errors
    /// [`LawError::Library`] naming what is missing or not known.
    pub fn new(spec: MfrontSpec) -> Result<Mfront, LawError> {
        let library = Library::open(&spec.library)?;
        warn_if_changed(&spec.library, spec.library_hash.as_deref());
        let symbol = format!("{}_{HYPOTHESIS}", spec.behaviour);
        // SAFETY: the metadata that are checked below say that this is a behaviour of the generic interface.
        let function = unsafe { library.function::<Function>(&symbol) }.map_err(|_| {
            let there = symbols::behaviours(&spec.library).join(", ");
            let there = if there.is_empty() { "no behaviour at all".to_owned() } else { there };
            library.wrong(format!(
                "has no behaviour '{}' for the hypothesis {HYPOTHESIS}; it has {there}",
                spec.behaviour
            ))
        })?;
        let behaviour = Behaviour::read(library, &spec.behaviour);
        behaviour.check(library)?;
        let properties = spec.ordered_properties(library, &behaviour)?;
        let external = spec.ordered_external(library, &behaviour)?;
        let variables = spec.layout(library, &behaviour)?;
        spec.check_parameters(library, &behaviour)?;
        set_parameters(library, &spec)?;
        let n_internal = variables.iter().map(|v| v.size).sum();
        Ok(Mfront {
            n_tangent: behaviour.tangent_size(),
            spec,
            library,
            function,
            properties,
            external,
            variables,
            n_internal,
            unreliable: AtomicBool::new(false),
            complaint: Mutex::new(None),
        })
    }

    fn complain(&self, what: &str) {
        let text = format!("library '{}' {what}", self.spec.library.display());
        *self.complaint.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
    }
}

/// Sets the parameters of a behaviour, which belong to the library and not to a material.
fn set_parameters(library: &Library, spec: &MfrontSpec) -> Result<(), LawError> {
    static TAKEN: Mutex<BTreeMap<(String, String, String), f64>> = Mutex::new(BTreeMap::new());
    if spec.parameters.is_empty() {
        return Ok(());
    }
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let symbols =
        [format!("{}_{HYPOTHESIS}_setParameter", spec.behaviour), format!("{}_setParameter", spec.behaviour)];
    // SAFETY: the interface states the arguments of this function.
    let set = symbols.iter().find_map(|s| unsafe { library.function::<SetParameter>(s) }.ok());
    let set =
        set.ok_or_else(|| library.wrong(format!("has no function '{}' to set parameters with", symbols[1])))?;
    for (name, &value) in &spec.parameters {
        let key = (library.path().display().to_string(), spec.behaviour.clone(), name.clone());
        if let Some(other) = taken.get(&key).filter(|other| **other != value) {
            return Err(library.wrong(format!(
                "has one parameter '{name}' for all materials, which is to be {other} and {value}; \
                 'isolated = true' gives each material its own"
            )));
        }
        let c_name = CString::new(name.as_str()).unwrap_or_default();
        // SAFETY: as above; the name ends with 0.
        if unsafe { set(c_name.as_ptr(), value) } != 1 {
            return Err(library.wrong(format!("did not take the parameter '{name}' = {value}")));
        }
        taken.insert(key, value);
    }
    Ok(())
}

impl Law for Mfront {
    fn name(&self) -> &str {
        "mfront"
    }

    fn variables(&self) -> &[Variable] {
        &self.variables
    }

    fn n_state(&self) -> usize {
        self.n_internal + EXTRA
    }

    fn symmetric(&self) -> bool {
        self.spec.symmetric
    }

    fn temperature_range(&self) -> Option<(f64, f64)> {
        common_range(self.properties.iter().chain(&self.external))
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
            SCRATCH.with_borrow_mut(|scratch| self.batch(&input, output, scratch))
        })
    }
}

impl Mfront {
    fn batch(&self, input: &Input, mut output: Output, scratch: &mut Scratch) -> Status {
        let (n, m) = (self.n_internal, self.n_state());
        let Scratch { internal, properties, external, k } = scratch;
        // at least one value each: the pointers are always valid
        internal.iter_mut().for_each(|v| v.resize(n.max(1), 0.0));
        properties.iter_mut().for_each(|v| v.resize(self.properties.len().max(1), 0.0));
        external.iter_mut().for_each(|v| v.resize(1 + self.external.len(), 0.0));
        k.resize(self.n_tangent, 0.0);
        let mut message: [c_char; MESSAGE] = [0; MESSAGE];
        let mut status = Status::Done;
        for (point, &t1) in input.temperature.iter().enumerate() {
            let old = &input.state[point * m..(point + 1) * m];
            let t0 = input.temperature0.map_or(t1, |t| t[point]);
            for (side, t) in [t0, t1].into_iter().enumerate() {
                properties[side].iter_mut().zip(&self.properties).for_each(|(p, c)| *p = c.at(t));
                external[side][0] = t;
                external[side][1..].iter_mut().zip(&self.external).for_each(|(p, c)| *p = c.at(t));
            }
            internal.iter_mut().for_each(|v| self.there(&old[..n], v));
            let mut strain0 = strain_there(input.strain0.map_or([0.0; 6], |e| six(e, 6 * point)));
            let mut strain1 = strain_there(six(input.strain, 6 * point));
            let mut stress0 = tensor_there(six(old, n));
            let mut stress1 = stress0;
            let (mut density0, mut density1, mut sound, mut rdt) = (0.0, 0.0, 0.0, 1.0);
            let mut energy0 = [old[n + 6], old[n + 7]];
            let mut energy1 = energy0;
            k[0] = if output.tangent.is_some() { WITH_TANGENT } else { INTEGRATE };
            message[0] = 0;
            let [internal0, internal1] = internal;
            let [properties0, properties1] = properties;
            let [external0, external1] = external;
            let mut data = Data {
                error_message: message.as_mut_ptr(),
                dt: input.dt,
                k: k.as_mut_ptr(),
                rdt: &mut rdt,
                speed_of_sound: &mut sound,
                s0: State {
                    gradients: strain0.as_mut_ptr(),
                    thermodynamic_forces: stress0.as_mut_ptr(),
                    mass_density: &mut density0,
                    material_properties: properties0.as_mut_ptr(),
                    internal_state_variables: internal0.as_mut_ptr(),
                    stored_energy: &mut energy0[0],
                    dissipated_energy: &mut energy0[1],
                    external_state_variables: external0.as_mut_ptr(),
                },
                s1: State {
                    gradients: strain1.as_mut_ptr(),
                    thermodynamic_forces: stress1.as_mut_ptr(),
                    mass_density: &mut density1,
                    material_properties: properties1.as_mut_ptr(),
                    internal_state_variables: internal1.as_mut_ptr(),
                    stored_energy: &mut energy1[0],
                    dissipated_energy: &mut energy1[1],
                    external_state_variables: external1.as_mut_ptr(),
                },
            };
            // SAFETY: every pointer is to live arrays of the lengths that the behaviour's own metadata state.
            let code = unsafe { (self.function)(&mut data) };
            let stress = tensor_here(stress1);
            let wrong = match code {
                0 | 1 if !finite(&stress1) => Some((0.5, "returned a stress that is not finite".to_owned())),
                0 | 1 if !finite(&internal1[..n]) => {
                    Some((0.5, "returned a state variable that is not finite".to_owned()))
                }
                0 | 1 if output.tangent.is_some() && !finite(&k[..36]) => {
                    Some((0.5, "returned a tangent that is not finite".to_owned()))
                }
                0 | 1 => None,
                _ => Some((if rdt > 0.0 && rdt < 1.0 { rdt } else { 0.5 }, failed(&message))),
            };
            if let Some((factor, what)) = wrong {
                self.complain(&what);
                status = status.and_cut(point, factor);
                continue;
            }
            if code == 0 && !self.unreliable.swap(true, Ordering::Relaxed) {
                log::warn!(
                    "behaviour '{}' says that its results are not reliable; they are used",
                    self.spec.behaviour
                );
            }
            let new = &mut output.state[point * m..(point + 1) * m];
            self.here(&internal1[..n], &mut new[..n]);
            new[n..n + 6].copy_from_slice(&stress);
            new[n + 6..].copy_from_slice(&energy1);
            output.stress[6 * point..6 * point + 6].copy_from_slice(&stress);
            if let Some(tangent) = output.tangent.as_deref_mut() {
                tangent_here(k, &mut tangent[36 * point..36 * point + 36]);
            }
        }
        status
    }

    fn there(&self, ours: &[f64], theirs: &mut [f64]) {
        theirs[..ours.len()].copy_from_slice(ours);
        for v in self.variables.iter().filter(|v| v.size == 6) {
            theirs[v.offset..v.offset + 6].copy_from_slice(&tensor_there(six(ours, v.offset)));
        }
    }

    fn here(&self, theirs: &[f64], ours: &mut [f64]) {
        ours.copy_from_slice(theirs);
        for v in self.variables.iter().filter(|v| v.size == 6) {
            ours[v.offset..v.offset + 6].copy_from_slice(&tensor_here(six(theirs, v.offset)));
        }
    }
}

fn finite(values: &[f64]) -> bool {
    !values.iter().fold(false, |bad, x| bad | !x.is_finite())
}

/// What a behaviour says of its failure.
fn failed(message: &[c_char; MESSAGE]) -> String {
    let mut bytes: Vec<u8> = message.iter().map(|&c| c.cast_unsigned()).collect();
    bytes[MESSAGE - 1] = 0;
    let text = CStr::from_bytes_until_nul(&bytes).map_or(String::new(), |t| t.to_string_lossy().into_owned());
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() { "failed without a message".to_owned() } else { format!("failed: {text}") }
}
