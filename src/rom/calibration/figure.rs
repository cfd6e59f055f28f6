//! The calibration as a picture: SVG text, both axes logarithmic, no library and no fonts but the viewer's.

use super::curve::Curve;
use super::{Calibration, Model, SATURATION, Score};
use std::fmt::Write;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 630.0;
/// Plot area: left, right, top, bottom, in pixels.
const AREA: (f64, f64, f64, f64) = (78.0, 740.0, 84.0, 500.0);
/// More labelled decades than this on an axis are thinned.
const MOST_LABELS: i32 = 9;

const FITTED: &str = "#8a8f98";
const HELD_BACK: &str = "#d95f02";
const PROCESS: &str = "#1f5fa8";
/// Paler: not every viewer draws dashes.
const PROCESS_MEAN: &str = "#7fabdd";
const FACTOR: &str = "#2e7d4f";

/// Whole decades that an axis spans, and pixels of both ends.
pub(super) struct Axis {
    first: i32,
    last: i32,
    from: f64,
    to: f64,
}

impl Axis {
    /// An axis for the `log10` of values.
    pub(super) fn new(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Axis {
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
        // A tenth of a decade of air, then whole decades; f64 logarithms fit i32.
        let (first, last) = ((low - 0.1).floor() as i32, (high + 0.1).ceil() as i32);
        Axis { first, last: last.max(first + 1), from, to }
    }

    /// Of a `log10`.
    pub(super) fn pixel(&self, v: f64) -> f64 {
        let share = (v - f64::from(self.first)) / f64::from(self.last - self.first);
        self.from + share * (self.to - self.from)
    }

    fn stride(&self) -> i32 {
        1 + (self.last - self.first) / MOST_LABELS
    }

    /// The lines of the decades of a vertical axis from `left` to `right`, and their labels.
    pub(super) fn grid(&self, s: &mut String, (left, right): (f64, f64)) {
        put(s, format_args!("<g stroke=\"#e3e5e8\" stroke-width=\"1\">"));
        for d in self.first..=self.last {
            let p = self.pixel(f64::from(d));
            put(s, format_args!("<line x1=\"{left}\" y1=\"{p:.1}\" x2=\"{right}\" y2=\"{p:.1}\"/>"));
        }
        put(s, format_args!("</g>\n<g text-anchor=\"end\">"));
        for d in (self.first..=self.last).filter(|d| (d - self.first) % self.stride() == 0) {
            let p = self.pixel(f64::from(d));
            put(s, format_args!("<text x=\"{}\" y=\"{:.1}\">1e{d}</text>", left - 8.0, p + 4.5));
        }
        put(s, format_args!("</g>"));
    }
}

/// Draws pairs, held-back pairs, mean and bound of the process, the factor's bound and the limit of
/// saturation.
pub fn svg(calibration: &Calibration) -> String {
    let (left, right, top, bottom) = AREA;
    let curves =
        || std::iter::once(&calibration.factor.curve).chain(calibration.process.as_ref().map(|p| &p.curve));
    let x = Axis::new(calibration.pairs.iter().map(|p| p.pair.eta.log10()), left, right);
    let errors = calibration.pairs.iter().map(|p| p.pair.error.log10());
    let y = Axis::new(errors.chain(curves().flat_map(|c| c.bound.iter().copied())), bottom, top);

    let mut s = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
         height=\"{HEIGHT}\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\" fill=\"#222222\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
    );
    titles(&mut s, calibration);
    axes(&mut s, &x, &y);
    draw_curves(&mut s, calibration, &x, &y);
    for (held_back, colour) in [(false, FITTED), (true, HELD_BACK)] {
        let style = match held_back {
            true => format!("fill=\"{colour}\" fill-opacity=\"0.8\""),
            false => format!("fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.2\""),
        };
        put(&mut s, format_args!("<g {style}>"));
        for p in calibration.pairs.iter().filter(|p| p.held_back == held_back) {
            let (px, py) = (x.pixel(p.pair.eta.log10()), y.pixel(p.pair.error.log10()));
            put(&mut s, format_args!("<circle cx=\"{px:.1}\" cy=\"{py:.1}\" r=\"3\"/>"));
        }
        put(&mut s, format_args!("</g>"));
    }
    legend(&mut s, calibration);
    s.push_str("</svg>\n");
    s
}

/// Appends a line; writing into a `String` cannot fail.
pub(super) fn put(s: &mut String, line: std::fmt::Arguments<'_>) {
    let _ = writeln!(s, "{line}");
}

fn titles(s: &mut String, c: &Calibration) {
    let left = AREA.0;
    let d = &c.division;
    let how = if d.by_group { "whole runs" } else { "single pairs" };
    put(
        s,
        format_args!(
            "<text x=\"{left}\" y=\"24\" font-size=\"16\" font-weight=\"bold\">Error indicator and true error, \
             bound at level {}</text>",
            c.level
        ),
    );
    let kept = match c.kept {
        Model::GaussianProcess => "Gaussian process kept",
        Model::Factor => "plain factor kept",
    };
    put(
        s,
        format_args!(
            "<text x=\"{left}\" y=\"44\">{} pairs of {} runs, {} held back ({how}); {kept}</text>",
            d.fitted + d.held_back,
            d.groups,
            d.held_back
        ),
    );
    let warning = if c.few_cases.is_some() {
        "Few load cases: the bound is widened"
    } else if c.few_pairs.is_some() {
        "Too few pairs for this level: the bound is widened"
    } else if c.few_runs.is_some() {
        "Too few runs for this level: the bound is the largest residual held back"
    } else {
        return;
    };
    put(s, format_args!("<text x=\"{left}\" y=\"64\" fill=\"#b00020\">{warning}</text>"));
}

fn axes(s: &mut String, x: &Axis, y: &Axis) {
    let (left, right, top, bottom) = AREA;
    put(s, format_args!("<g stroke=\"#e3e5e8\" stroke-width=\"1\">"));
    for d in x.first..=x.last {
        let p = x.pixel(f64::from(d));
        put(s, format_args!("<line x1=\"{p:.1}\" y1=\"{top}\" x2=\"{p:.1}\" y2=\"{bottom}\"/>"));
    }
    put(s, format_args!("</g>"));
    y.grid(s, (left, right));
    let limit = SATURATION.log10();
    if limit <= f64::from(x.last) && limit >= f64::from(x.first) {
        let p = x.pixel(limit);
        put(
            s,
            format_args!(
                "<rect x=\"{p:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"#f1efec\"/>\n\
                 <text transform=\"translate({:.1} {}) rotate(-90)\" font-size=\"12\" fill=\"#77706a\">saturated: \
                 not calibrated</text>",
                right - p,
                bottom - top,
                p + 15.0,
                bottom - 10.0
            ),
        );
    }
    put(
        s,
        format_args!(
            "<rect x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#222222\"/>",
            right - left,
            bottom - top
        ),
    );
    put(s, format_args!("<g text-anchor=\"middle\">"));
    for d in (x.first..=x.last).filter(|d| (d - x.first) % x.stride() == 0) {
        let p = x.pixel(f64::from(d));
        put(s, format_args!("<text x=\"{p:.1}\" y=\"{}\">1e{d}</text>", bottom + 18.0));
    }
    put(
        s,
        format_args!(
            "<text x=\"{}\" y=\"{}\">indicator (relative)</text>\n\
             <text transform=\"translate(20 {}) rotate(-90)\">true error (relative)</text>\n</g>",
            0.5 * (left + right),
            bottom + 42.0,
            0.5 * (top + bottom)
        ),
    );
}

fn draw_curves(s: &mut String, c: &Calibration, x: &Axis, y: &Axis) {
    let line = |curve: &Curve, values: &[f64]| {
        let points = curve.eta.iter().zip(values);
        points.fold(String::new(), |mut text, (&e, &v)| {
            let _ = write!(text, "{:.1},{:.1} ", x.pixel(e), y.pixel(v));
            text
        })
    };
    let mut draw = |curve: &Curve, values: &[f64], colour: &str, width: f64, dash: &str| {
        put(
            s,
            format_args!(
                "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"{dash} points=\"{}\"/>",
                line(curve, values).trim_end()
            ),
        );
    };
    let (on, off) = (2.6, 1.4);
    let thick = |model: Model| if c.kept == model { on } else { off };
    let factor = &c.factor.curve;
    draw(factor, &factor.bound, FACTOR, thick(Model::Factor), " stroke-dasharray=\"9 4\"");
    if let Some(p) = &c.process {
        draw(&p.curve, &p.curve.mean, PROCESS_MEAN, 1.6, " stroke-dasharray=\"5 3\"");
        draw(&p.curve, &p.curve.bound, PROCESS, thick(Model::GaussianProcess), "");
    }
}

/// Below the plot, where it can hide no pair.
fn legend(s: &mut String, c: &Calibration) {
    let score = |score: &Score| {
        format!("covers {:.1} %, median bound/error {:.2}", 100.0 * score.coverage, score.median_ratio)
    };
    // Column, row, text.
    let mut rows = vec![
        (0.0, 0.0, Mark::Circle(FITTED), "pairs for the fit".to_string()),
        (190.0, 0.0, Mark::Disc(HELD_BACK), "pairs held back".to_string()),
    ];
    if let Some(p) = &c.process {
        rows.push((380.0, 0.0, Mark::Line(PROCESS_MEAN, "5 3"), "Gaussian process: mean".into()));
        let text = format!("Gaussian process: bound, {}", score(&p.score));
        rows.push((0.0, 1.0, Mark::Line(PROCESS, "none"), text));
    }
    let text = format!("factor {:.3}: bound, {}", c.factor.bound, score(&c.factor.score));
    rows.push((0.0, 2.0, Mark::Line(FACTOR, "9 4"), text));
    for (column, row, mark, text) in rows {
        let (a, y) = (AREA.0 + column, AREA.3 + 68.0 + 22.0 * row);
        let (b, middle) = (a + 32.0, a + 16.0);
        let sign = match mark {
            Mark::Circle(colour) => {
                format!("<circle cx=\"{middle}\" cy=\"{y}\" r=\"3\" fill=\"none\" stroke=\"{colour}\"/>")
            }
            Mark::Disc(colour) => format!("<circle cx=\"{middle}\" cy=\"{y}\" r=\"3\" fill=\"{colour}\"/>"),
            Mark::Line(colour, dash) => format!(
                "<line x1=\"{a}\" y1=\"{y}\" x2=\"{b}\" y2=\"{y}\" stroke=\"{colour}\" stroke-width=\"2.2\" \
                 stroke-dasharray=\"{dash}\"/>"
            ),
        };
        put(s, format_args!("{sign}<text x=\"{}\" y=\"{}\">{text}</text>", b + 10.0, y + 4.5));
    }
}

/// The sign of a row of the legend: colour, and the dashes of a line.
enum Mark {
    Circle(&'static str),
    Disc(&'static str),
    Line(&'static str, &'static str),
}
