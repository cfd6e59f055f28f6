//! What an adaptive run writes.

use super::super::watch::Watch;
use super::Rebuild;
use super::rehearsal::Rehearsal;
use super::run::Run;
use crate::config::OutputSpec;
use crate::error::Result;
use crate::store::{Field, SnapshotWriter, Step};

/// Where the steps of a run go.
pub(super) enum Sink<'s> {
    /// To a file, those that the case asks for.
    File { writer: Box<SnapshotWriter>, which: &'s OutputSpec },
    /// Into the calibration.
    Pairs(Rehearsal<'s>),
}

impl Run<'_> {
    /// Increment i is done.
    pub(super) fn output(&mut self, i: usize, watch: &Watch) -> Result<()> {
        if let Sink::File { which, .. } = &self.sink {
            return if which.writes(i, self.summary.increments) { self.write(watch) } else { Ok(()) };
        }
        self.catch_up()?;
        if let Sink::Pairs(rehearsal) = &mut self.sink {
            rehearsal.see(self.cx.comm, self.structure, i, self.replay.state(), watch.accumulated);
        }
        Ok(())
    }

    /// Writes the fields asked for at the last accepted step, with indicator and prediction.
    pub(super) fn write(&mut self, watch: &Watch) -> Result<()> {
        let displacement = self.options.fields.iter().any(|f| f == "U");
        let replayed = self.options.rebuild == Rebuild::Replay;
        let mut values = Vec::with_capacity(self.fields.len());
        if replayed && !self.fields.is_empty() {
            self.catch_up()?;
        }
        if !replayed && !self.fields.is_empty() {
            let all = |_: &str| true;
            self.cx.timers.time("gappy", || self.model.fit(&self.state, all));
        }
        let n = self.structure.geometry.n_points();
        for &k in &self.fields {
            if replayed {
                let q = &self.model.bases.duals[k].quantity;
                let full = self.replay.state();
                let mut v = vec![0.0; n * q.components];
                q.evaluate(&self.structure.points, &full.strain, &full.stress, &full.state, &mut v);
                values.push(v);
            } else {
                values.push(self.model.rebuilt(k));
            }
        }
        let quantity = |k: &usize| &self.model.bases.duals[*k].quantity;
        let points: Vec<Field> = self
            .fields
            .iter()
            .zip(&values)
            .map(|(k, v)| Field::new(&quantity(k).name, quantity(k).components, v))
            .collect();
        let mut nodal = Vec::new();
        if displacement {
            self.model.displacement(&self.state.coefficients, &mut self.u);
            nodal.push(Field::new("U", 3, &self.u));
        }
        let told = watch.row();
        let reduced: Vec<Field> =
            told.iter().map(|(name, v)| Field::new(name, 1, std::slice::from_ref(v))).collect();
        let step = Step {
            time: self.state.time,
            nodal: &nodal,
            points: &points,
            reduced: &reduced,
            ..Step::default()
        };
        match &mut self.sink {
            Sink::File { writer, .. } => self.cx.timers.time("output", || writer.append(self.cx.comm, &step)),
            Sink::Pairs(_) => Ok(()),
        }
    }
}
