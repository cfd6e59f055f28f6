//! The arguments of a UMAT, in Abaqus' order.

use std::ffi::c_char;

/// The function. Arrays are column-major; the length of CMNAME is the hidden argument of Fortran compilers.
pub(super) type Function = unsafe extern "C" fn(
    stress: *mut f64,
    statev: *mut f64,
    ddsdde: *mut f64,
    sse: *mut f64,
    spd: *mut f64,
    scd: *mut f64,
    rpl: *mut f64,
    ddsddt: *mut f64,
    drplde: *mut f64,
    drpldt: *mut f64,
    stran: *mut f64,
    dstran: *mut f64,
    time: *mut f64,
    dtime: *mut f64,
    temp: *mut f64,
    dtemp: *mut f64,
    predef: *mut f64,
    dpred: *mut f64,
    cmname: *mut c_char,
    ndi: *mut i32,
    nshr: *mut i32,
    ntens: *mut i32,
    nstatv: *mut i32,
    props: *mut f64,
    nprops: *mut i32,
    coords: *mut f64,
    drot: *mut f64,
    pnewdt: *mut f64,
    celent: *mut f64,
    dfgrd0: *mut f64,
    dfgrd1: *mut f64,
    noel: *mut i32,
    npt: *mut i32,
    layer: *mut i32,
    kspt: *mut i32,
    kstep: *mut i32,
    kinc: *mut i32,
    cmname_length: usize,
);

/// Everything that is passed, in Abaqus' order of components, for one point. What the function may write, whether it
/// should or not, is a copy.
#[derive(Debug, Clone)]
pub(super) struct Arguments {
    pub stress: [f64; 6],
    pub ddsdde: [f64; 36],
    /// SSE, SPD, SCD.
    pub energies: [f64; 3],
    pub stran: [f64; 6],
    pub dstran: [f64; 6],
    pub time: [f64; 2],
    pub dtime: f64,
    pub temp: f64,
    pub dtemp: f64,
    pub cmname: [u8; 80],
    pub coords: [f64; 3],
    pub pnewdt: f64,
    pub noel: i32,
    pub npt: i32,
    pub kinc: i32,
}

const IDENTITY: [f64; 9] = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];

/// `1 + e`, column-major, for a strain with engineering shears in Abaqus' order.
fn gradient(e: &[f64; 6]) -> [f64; 9] {
    let (xy, xz, yz) = (0.5 * e[3], 0.5 * e[4], 0.5 * e[5]);
    [1.0 + e[0], xy, xz, xy, 1.0 + e[1], yz, xz, yz, 1.0 + e[2]]
}

impl Arguments {
    /// Calls the function.
    ///
    /// # Safety
    /// `function` must have the arguments of a UMAT, and write no further than their lengths.
    pub unsafe fn call(&mut self, function: Function, statev: &mut [f64], nstatv: i32, props: &mut [f64]) {
        let mut end = self.stran;
        end.iter_mut().zip(&self.dstran).for_each(|(e, d)| *e += d);
        let (mut dfgrd0, mut dfgrd1, mut drot) = (gradient(&self.stran), gradient(&end), IDENTITY);
        let (mut rpl, mut drpldt, mut ddsddt, mut drplde) = (0.0, 0.0, [0.0; 6], [0.0; 6]);
        let (mut predef, mut dpred, mut celent) = ([0.0], [0.0], 1.0);
        let (mut ndi, mut nshr, mut ntens, mut nstatv) = (3, 3, 6, nstatv);
        let (mut layer, mut kspt) = (1, 1);
        // CalculiX passes four numbers where Abaqus passes one
        let mut kstep = [1, 0, 0, 0];
        let mut nprops = i32::try_from(props.len()).unwrap_or(i32::MAX);
        // SAFETY: every pointer is to a live variable or array of the length that the interface states.
        unsafe {
            function(
                self.stress.as_mut_ptr(),
                statev.as_mut_ptr(),
                self.ddsdde.as_mut_ptr(),
                &mut self.energies[0],
                &mut self.energies[1],
                &mut self.energies[2],
                &mut rpl,
                ddsddt.as_mut_ptr(),
                drplde.as_mut_ptr(),
                &mut drpldt,
                self.stran.as_mut_ptr(),
                self.dstran.as_mut_ptr(),
                self.time.as_mut_ptr(),
                &mut self.dtime,
                &mut self.temp,
                &mut self.dtemp,
                predef.as_mut_ptr(),
                dpred.as_mut_ptr(),
                self.cmname.as_mut_ptr().cast(),
                &mut ndi,
                &mut nshr,
                &mut ntens,
                &mut nstatv,
                props.as_mut_ptr(),
                &mut nprops,
                self.coords.as_mut_ptr(),
                drot.as_mut_ptr(),
                &mut self.pnewdt,
                &mut celent,
                dfgrd0.as_mut_ptr(),
                dfgrd1.as_mut_ptr(),
                &mut self.noel,
                &mut self.npt,
                &mut layer,
                &mut kspt,
                kstep.as_mut_ptr(),
                &mut self.kinc,
                self.cmname.len(),
            );
        }
    }
}
