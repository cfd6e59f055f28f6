//! The law driven along a recorded displacement and temperature history.

use crate::error::{Error, Result};
use crate::material::{MaterialWorkspace, Status};
use crate::parallel::Comm;
use crate::solver::{Failed, FullState, advance_with_cuts, law_failure};
use crate::structure::{Step, Structure};

/// A training case on this rank: displacements at given times, whoever computed them.
pub trait History {
    /// Name for messages: the file.
    fn name(&self) -> String;

    /// Times, increasing; the first is the virgin structure.
    fn times(&self) -> &[f64];

    /// Displacement at a time, `3 n_nodes`.
    ///
    /// # Errors
    /// It cannot be read; the same on every rank.
    ///
    /// # Collective
    fn displacement(&self, step: usize, out: &mut [f64]) -> Result<()>;

    /// Temperature at the nodes at a time.
    ///
    /// # Errors
    /// It cannot be read; the same on every rank.
    ///
    /// # Collective
    fn temperature(&self, step: usize, out: &mut [f64]) -> Result<()>;
}

/// Integrates the laws at every integration point along a history.
pub struct Driver<'s> {
    comm: &'s Comm,
    structure: &'s Structure,
    /// The state so far.
    pub state: FullState,
    initial_temperature: Vec<f64>,
    substeps: u32,
    trial: FullState,
    work: MaterialWorkspace,
    strain_end: Vec<f64>,
    temperature_end: Vec<f64>,
}

/// A law that fails is retried with shorter sub-steps down to this share of the increment.
const SMALLEST: f64 = 1e-3;

impl<'s> Driver<'s> {
    /// Goes on from a full state; `initial_temperature`: at the integration points at t = 0.
    pub fn from_state(
        comm: &'s Comm,
        structure: &'s Structure,
        state: FullState,
        initial_temperature: Vec<f64>,
        substeps: u32,
    ) -> Driver<'s> {
        Driver {
            comm,
            structure,
            trial: state.clone(),
            strain_end: vec![0.0; state.strain.len()],
            temperature_end: vec![0.0; initial_temperature.len()],
            state,
            initial_temperature,
            substeps: substeps.max(1),
            work: MaterialWorkspace::default(),
        }
    }

    /// Starts at the first time of a history, from the virgin structure with the displacement `u` recorded there.
    pub fn new(
        comm: &'s Comm,
        structure: &'s Structure,
        time: f64,
        u: &[f64],
        nodal_temperature: &[f64],
        substeps: u32,
    ) -> Driver<'s> {
        let initial_temperature = structure.at_points(nodal_temperature);
        let mut state = FullState::virgin(structure, initial_temperature.clone());
        state.time = time;
        state.displacement.copy_from_slice(u);
        structure.geometry.strain(&structure.sub.mesh, u, &mut state.strain);
        Driver::from_state(comm, structure, state, initial_temperature, substeps)
    }

    /// Takes the state to `time`, displacement and temperature varying linearly in between.
    ///
    /// # Errors
    /// [`crate::error::Kind::Run`]: a law fails even in small sub-steps; element, point and time are named.
    ///
    /// # Collective
    pub fn advance(&mut self, time: f64, u: &[f64], nodal_temperature: &[f64]) -> Result<()> {
        let structure = self.structure;
        structure.geometry.interpolate(&structure.sub.mesh, nodal_temperature, &mut self.temperature_end);
        self.advance_to(time, u)
    }

    /// As [`Driver::advance`], with the temperature at the integration points.
    ///
    /// # Errors
    /// As [`Driver::advance`].
    ///
    /// # Collective
    pub fn advance_at_points(&mut self, time: f64, u: &[f64], temperature: &[f64]) -> Result<()> {
        self.temperature_end.copy_from_slice(temperature);
        self.advance_to(time, u)
    }

    fn advance_to(&mut self, time: f64, u: &[f64]) -> Result<()> {
        let structure = self.structure;
        structure.geometry.strain(&structure.sub.mesh, u, &mut self.strain_end);
        let from = self.state.time;
        for i in 1..=self.substeps {
            let end = if i == self.substeps {
                time
            } else {
                from + (time - from) * f64::from(i) / f64::from(self.substeps)
            };
            advance_with_cuts(self.state.time, end, SMALLEST, |_, t1, _| Ok(self.attempt(time, t1)))?;
        }
        self.state.displacement.copy_from_slice(u);
        Ok(())
    }

    /// One law step to `t1`, on the way to `target`.
    fn attempt(&mut self, target: f64, t1: f64) -> std::result::Result<(), Failed> {
        let (from, to) = (&self.state, &mut self.trial);
        let share = (t1 - from.time) / (target - from.time);
        let between = |start: &[f64], end: &[f64], out: &mut [f64]| {
            if t1 >= target {
                out.copy_from_slice(end);
            } else {
                out.iter_mut().zip(start).zip(end).for_each(|((o, a), b)| *o = a + share * (b - a));
            }
        };
        between(&from.strain, &self.strain_end, &mut to.strain);
        between(&from.temperature, &self.temperature_end, &mut to.temperature);
        let step = Step {
            dt: t1 - from.time,
            time_start: from.time,
            strain: &to.strain,
            strain_start: &from.strain,
            temperature: &to.temperature,
            temperature_start: &from.temperature,
            temperature_initial: &self.initial_temperature,
        };
        let status = self.structure.points.update(
            &step,
            &from.state,
            &mut to.state,
            &mut to.stress,
            None,
            &mut self.work,
        );
        let (factor, here) = match status {
            Status::Done => (1.0, None),
            Status::Cut { point, factor } => {
                let place = format!("{} at t = {t1}", self.structure.describe_point(point));
                (factor, Some(law_failure(&place, factor, self.structure.points.complaint(point))))
            }
        };
        let factor = self.comm.min1(factor);
        if factor < 1.0 {
            return Err(Failed::of_law(self.comm, here, factor));
        }
        to.time = t1;
        to.displacement.copy_from_slice(&from.displacement);
        std::mem::swap(&mut self.state, &mut self.trial);
        Ok(())
    }
}

/// Drives the laws along a whole history; `each(step, state)` sees every time after the first.
///
/// # Errors
/// Those of the history, of the laws and of `each`.
///
/// # Collective
pub fn drive(
    comm: &Comm,
    structure: &Structure,
    history: &dyn History,
    substeps: u32,
    mut each: impl FnMut(usize, &FullState) -> Result<()>,
) -> Result<()> {
    let n = structure.sub.mesh.n_nodes();
    let (mut u, mut temperature) = (vec![0.0; 3 * n], vec![0.0; n]);
    let Some(&start) = history.times().first() else {
        return Err(Error::case(format!("{} holds no time", history.name())));
    };
    history.displacement(0, &mut u)?;
    history.temperature(0, &mut temperature)?;
    let mut driver = Driver::new(comm, structure, start, &u, &temperature, substeps);
    for (step, &time) in history.times().iter().enumerate().skip(1) {
        history.displacement(step, &mut u)?;
        history.temperature(step, &mut temperature)?;
        driver
            .advance(time, &u, &temperature)
            .map_err(|e| e.while_doing(format!("{}, time step {}", history.name(), step + 1)))?;
        each(step, &driver.state)?;
    }
    Ok(())
}
