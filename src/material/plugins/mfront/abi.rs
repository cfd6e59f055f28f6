//! The structures that a behaviour is called with.

use std::ffi::{c_char, c_int};

/// The state at one end of a step; every pointer is valid, those of the start are read only.
#[repr(C)]
#[derive(Debug)]
pub(super) struct State {
    pub gradients: *mut f64,
    pub thermodynamic_forces: *mut f64,
    pub mass_density: *mut f64,
    pub material_properties: *mut f64,
    pub internal_state_variables: *mut f64,
    pub stored_energy: *mut f64,
    pub dissipated_energy: *mut f64,
    pub external_state_variables: *mut f64,
}

/// One call.
#[repr(C)]
#[derive(Debug)]
pub(super) struct Data {
    /// Room for [`MESSAGE`] bytes.
    pub error_message: *mut c_char,
    pub dt: f64,
    /// In: what is asked for; out: the tangent.
    pub k: *mut f64,
    /// Factor on the next step.
    pub rdt: *mut f64,
    pub speed_of_sound: *mut f64,
    pub s0: State,
    pub s1: State,
}

/// Bytes of the message.
pub(super) const MESSAGE: usize = 512;

/// The behaviour: 1 done, 0 done but not reliable, -1 failed.
pub(super) type Function = unsafe extern "C" fn(*mut Data) -> c_int;

/// Sets a parameter of the library: 1 where there is one of that name.
pub(super) type SetParameter = unsafe extern "C" fn(*const c_char, f64) -> c_int;

/// What is asked for in `K[0]`.
pub(super) const INTEGRATE: f64 = 0.0;
/// As [`INTEGRATE`], with the consistent tangent.
pub(super) const WITH_TANGENT: f64 = 4.0;
