//! `ferrom offline`.

use super::args::{EcmMode, Offline};
use super::session::Session;
use super::{Answer, write_figure};
use crate::config::{Case, CubatureMode, read_case};
use crate::error::{Error, Result};
use crate::parallel::agree;
use crate::report::Table;
use crate::rom::calibration::{Calibration, figure::svg};
use crate::stages::{Context, OfflineReport, lift, offline};
use crate::store::ReducedModel;
use std::path::Path;

pub(super) fn run(cx: &Context, args: &Offline, session: &Session) -> Result<Answer> {
    let case = agree(cx.comm, args.case.as_ref().map(|p| read_case(p)).transpose())?;
    let adjust = |case: &mut Case| {
        let o = &mut case.offline;
        let set = |value: Option<f64>, to: &mut f64| *to = value.unwrap_or(*to);
        set(args.pod_tol, &mut o.pod_tolerance);
        set(args.ecm_tol, &mut o.cubature_tolerance);
        set(args.dual_tol, &mut o.dual_tolerance);
        o.exchange |= args.exchange;
        o.max_modes = args.max_modes.or(o.max_modes);
        o.memory_limit = args.memory_limit.or(o.memory_limit);
        match args.ecm {
            Some(EcmMode::Global) => o.cubature = CubatureMode::Global,
            Some(EcmMode::Local) => o.cubature = CubatureMode::Local,
            None => {}
        }
        if let Some(q) = &args.quantities {
            o.quantities.clone_from(q);
        }
    };
    // only prescribed motions need a linear solver
    let solver = |structure: &_, case: &_, i| session.with_petsc(|comm| lift(comm, structure, case, i));
    let report = offline(cx, &args.snapshots, case.as_ref(), adjust, &solver, &args.output)?;
    cx.say(table(&report));
    cx.say(format_args!("written to {}", args.output.display()));
    if let Some(figure) = &args.figure {
        draw(cx, &args.output, figure)?;
    }
    let json = serde_json::to_value(&report).map_err(|e| Error::run(e.to_string()))?;
    Ok(Answer::new(json))
}

/// Draws the calibration that the model keeps.
fn draw(cx: &Context, model: &Path, figure: &Path) -> Result<()> {
    let text = ReducedModel::read_online(cx.comm, model)?.calibration;
    let read = match text.as_str() {
        "" => {
            Err(Error::case(format!("{}: has no calibration to draw; leave --figure out", model.display())))
        }
        text => Calibration::from_json(text).map_err(Error::from),
    };
    let calibration = agree(cx.comm, read)?;
    write_figure(cx, figure, || svg(&calibration))
}

fn table(r: &OfflineReport) -> Table {
    let mut table = Table::new(&["reduced model", ""]);
    let mut row = |name: &str, value: String| table.row(&[name.to_owned(), value]);
    row("displacement modes", format!("{} of {} unknowns", r.modes, r.unknowns));
    row("projection error of the snapshots", format!("{:.1e}", r.projection_error));
    row("cubature points", format!("{} of {}", r.weighted_points, r.points));
    row("cubature error", format!("{:.1e} ({})", r.cubature_error, r.cubature_stop));
    row("sum of weights / volume - 1", format!("{:.1e}", r.weight_defect));
    row("further points for rebuilt quantities", r.extra_points.to_string());
    for (name, m) in &r.duals {
        row(&format!("modes of '{name}'"), m.to_string());
    }
    for (name, d) in &r.deviation {
        row(&format!("recomputed '{name}' against stored"), format!("{d:.1e}"));
    }
    if let Some(e) = r.equilibrium {
        row("equilibrium residual of the training", format!("{e:.1e}"));
    }
    if let Some(m) = &r.memory {
        let peaks: Vec<String> = m.peak_of_ranks.iter().map(|b| format!("{:.0}", b / 1e6)).collect();
        row("peak memory of each rank, MB", peaks.join(" "));
        if m.snapshots_on_disk > 0 {
            row("snapshots kept on the disk, MB", format!("{:.0}", m.snapshots_on_disk as f64 / 1e6));
        }
    }
    if let Some(c) = &r.calibration {
        let [fitted, held_back] = c.pairs;
        let mut row = |name: &str, value: String| table.row(&[name.to_owned(), value]);
        row("indicator calibrated on pairs (held back)", format!("{fitted} ({held_back}), {}", c.model));
        row(
            "coverage of its bound, median bound / error",
            format!("{:.0} %, {:.1}", 100.0 * c.coverage, c.median_ratio),
        );
        if let Some(advice) = &c.advice {
            table.note(format!("error indicator: {advice}"));
        }
    }
    table
}
