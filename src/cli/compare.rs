//! `ferrom compare`.

use super::Answer;
use super::args::{Compare, NormArg};
use crate::error::{Error, Kind, Result};
use crate::report::Table;
use crate::stages::{CompareReport, Context, Norm, compare};

pub(super) fn run(cx: &Context, args: &Compare) -> Result<Answer> {
    let range = (args.from.unwrap_or(f64::NEG_INFINITY), args.to.unwrap_or(f64::INFINITY));
    let report = compare(cx, &args.run, &args.reference, &args.quantity, range)?;
    cx.say(table(&report, args.all));
    let norm = match args.norm {
        NormArg::L2 => Norm::L2,
        NormArg::Max => Norm::Max,
    };
    let worst = report.worst_row(norm).map(|r| (r, if norm == Norm::L2 { r.l2 } else { r.max }));
    let verdict = match (args.tol, worst) {
        (Some(tol), Some((row, error))) if error.is_nan() || error > tol => Err(Error::new(
            Kind::Tolerance,
            format!(
                "{}, quantity '{}' at t = {}: the relative error against {} is {error:.3e} ({}), above the tolerance {tol:.1e}",
                args.run.display(),
                row.quantity,
                row.time,
                args.reference.display(),
                if norm == Norm::L2 { "L2" } else { "maximum" }
            ),
        )),
        _ => Ok(()),
    };
    let worsts: serde_json::Map<String, serde_json::Value> = report
        .quantities()
        .iter()
        .filter_map(|q| {
            let (l2, max) = report.worst_of(q)?;
            Some((
                q.clone(),
                serde_json::json!({"at": l2.at, "l2": l2.l2, "l2_time": l2.time, "l2_of_largest": report.worst_of_largest(q), "max": max.max, "max_time": max.time}),
            ))
        })
        .collect();
    let json = serde_json::json!({"worst": worsts, "rows": report.rows});
    Ok(Answer { json, verdict })
}

fn table(report: &CompareReport, all: bool) -> Table {
    if all {
        let mut table = Table::new(&[
            "quantity",
            "at",
            "time",
            "relative L2",
            "L2 / largest",
            "relative max",
            "absolute max",
        ]);
        for r in &report.rows {
            table.row(&[
                r.quantity.clone(),
                r.at.to_owned(),
                format!("{}", r.time),
                format!("{:.2e}", r.l2),
                format!("{:.2e}", r.l2_of_largest),
                format!("{:.2e}", r.max),
                format!("{:.2e}", r.absolute),
            ]);
        }
        return table;
    }
    let mut table = Table::new(&["quantity", "at", "worst L2", "at t", "L2 / largest", "worst max", "at t"]);
    for q in report.quantities() {
        if let Some((l2, max)) = report.worst_of(&q) {
            table.row(&[
                q.clone(),
                l2.at.to_owned(),
                format!("{:.2e}", l2.l2),
                format!("{}", l2.time),
                format!("{:.2e}", report.worst_of_largest(&q)),
                format!("{:.2e}", max.max),
                format!("{}", max.time),
            ]);
        }
    }
    table
}
