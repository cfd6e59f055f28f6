//! What the indicator said along a run, as data and as a picture (SVG text, error on a logarithmic axis).

use super::figure::{Axis, put};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// Indicator, predicted error and bound of every step; all arrays have one length.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Level of the bound; none where nothing was calibrated.
    pub level: Option<f64>,
    /// Times, in the unit of the case.
    pub time: Vec<f64>,
    /// Indicator (relative).
    pub indicator: Vec<f64>,
    /// Predicted error (relative).
    pub predicted: Vec<f64>,
    /// Upper bound of the error (relative).
    pub bound: Vec<f64>,
    /// Whether prediction and bound are calibrated.
    pub calibrated: Vec<bool>,
    /// Whether the step was a high-fidelity one.
    pub enriched: Vec<bool>,
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 460.0;
/// Plot area: left, right, top, bottom, in pixels.
const AREA: (f64, f64, f64, f64) = (78.0, 740.0, 56.0, 350.0);
/// Decades shown below the largest value: what is smaller is drawn at the lower edge.
const DECADES: f64 = 8.0;
const COLOURS: [(&str, &str); 3] =
    [("#8a8f98", "indicator"), ("#7fabdd", "predicted error"), ("#1f5fa8", "bound")];
const ENRICHED: &str = "#d95f02";

impl History {
    /// An empty history.
    pub fn new(level: Option<f64>) -> History {
        History { level, ..History::default() }
    }

    /// Draws indicator, predicted error and bound over time; a mark at each high-fidelity step, hollow points where the
    /// bound is not calibrated.
    pub fn svg(&self) -> String {
        let (left, right, top, bottom) = AREA;
        let series = [&self.indicator, &self.predicted, &self.bound];
        let all = || series.iter().flat_map(|s| s.iter()).filter(|v| v.is_finite() && **v > 0.0 && **v < 1e6);
        let highest = all().fold(1e-12, |a: f64, b| a.max(*b)).log10();
        let lowest = (highest - DECADES).max(all().fold(f64::INFINITY, |a: f64, b| a.min(*b)).log10());
        let y = Axis::new([lowest.min(highest), highest].into_iter(), bottom, top);
        let (begin, end) =
            (0.0f64.min(*self.time.first().unwrap_or(&0.0)), *self.time.last().unwrap_or(&1.0));
        let x = |t: f64| left + (t - begin) / (end - begin).max(f64::MIN_POSITIVE) * (right - left);
        let height = |v: f64| y.pixel(v.max(1e-300).log10()).clamp(top, bottom);

        let mut s = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
             height=\"{HEIGHT}\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\" fill=\"#222222\">\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
        );
        let taken = self.enriched.iter().filter(|e| **e).count();
        let level = self.level.map_or("not calibrated".to_owned(), |l| format!("bound at level {l}"));
        put(
            &mut s,
            format_args!(
                "<text x=\"{left}\" y=\"24\" font-size=\"16\" font-weight=\"bold\">Error indicator of p along the \
                 run</text>\n<text x=\"{left}\" y=\"44\">{} increments, {taken} high-fidelity steps, {} uncalibrated; \
                 {level}</text>",
                self.time.len(),
                self.calibrated.iter().filter(|c| !**c).count()
            ),
        );
        y.grid(&mut s, (left, right));
        for (t, _) in self.time.iter().zip(&self.enriched).filter(|(_, e)| **e) {
            let p = x(*t);
            put(
                &mut s,
                format_args!(
                    "<line x1=\"{p:.1}\" y1=\"{top}\" x2=\"{p:.1}\" y2=\"{bottom}\" stroke=\"{ENRICHED}\" \
                     stroke-opacity=\"0.35\" stroke-width=\"2\"/>"
                ),
            );
        }
        put(
            &mut s,
            format_args!(
                "<rect x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#222222\"/>",
                right - left,
                bottom - top
            ),
        );
        for (values, (colour, _)) in series.iter().zip(COLOURS) {
            let mut points = String::new();
            for (t, v) in self.time.iter().zip(values.iter()) {
                let _ = write!(points, "{:.1},{:.1} ", x(*t), height(*v));
            }
            put(
                &mut s,
                format_args!(
                    "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\" points=\"{}\"/>",
                    points.trim_end()
                ),
            );
        }
        for ((t, v), calibrated) in self.time.iter().zip(&self.bound).zip(&self.calibrated) {
            let fill = if *calibrated { COLOURS[2].0 } else { "#ffffff" };
            put(
                &mut s,
                format_args!(
                    "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.6\" fill=\"{fill}\" stroke=\"{}\"/>",
                    x(*t),
                    height(*v),
                    COLOURS[2].0
                ),
            );
        }
        put(
            &mut s,
            format_args!(
                "<g text-anchor=\"middle\"><text x=\"{left}\" y=\"{0}\">{begin:.4}</text>\n\
                 <text x=\"{right}\" y=\"{0}\">{end:.4}</text>\n<text x=\"{1}\" y=\"{0}\">time</text>\n\
                 <text transform=\"translate(20 {2}) rotate(-90)\">relative error of p</text></g>",
                bottom + 20.0,
                0.5 * (left + right),
                0.5 * (top + bottom)
            ),
        );
        let row = bottom + 56.0;
        let marks = COLOURS.into_iter().chain([(ENRICHED, "high-fidelity step")]);
        for (k, (colour, text)) in marks.enumerate() {
            let a = left + 165.0 * k as f64;
            put(
                &mut s,
                format_args!(
                    "<line x1=\"{a}\" y1=\"{row}\" x2=\"{}\" y2=\"{row}\" stroke=\"{colour}\" stroke-width=\"2.4\"/>\
                     <text x=\"{}\" y=\"{}\">{text}</text>",
                    a + 26.0,
                    a + 34.0,
                    row + 4.5
                ),
            );
        }
        put(
            &mut s,
            format_args!(
                "<text x=\"{left}\" y=\"{}\" fill=\"#555555\">hollow points: the bound is not calibrated there</text>",
                row + 26.0
            ),
        );
        s.push_str("</svg>\n");
        s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_marks_every_high_fidelity_step_and_every_uncalibrated_bound() {
        let h = History {
            level: Some(0.95),
            time: vec![1.0, 2.0, 3.0],
            indicator: vec![1e-3, 0.0, f64::MAX],
            predicted: vec![2e-3, 1e-3, f64::MAX],
            bound: vec![5e-3, 4e-3, f64::MAX],
            calibrated: vec![true, true, false],
            enriched: vec![false, true, false],
        };
        let svg = h.svg();
        assert_eq!(svg.matches("stroke-opacity=\"0.35\"").count(), 1);
        assert_eq!(svg.matches("fill=\"#ffffff\" stroke=\"#1f5fa8\"").count(), 1);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        assert!(svg.contains("3 increments, 1 high-fidelity steps, 1 uncalibrated; bound at level 0.95"));
    }

    #[test]
    fn a_history_without_steps_is_an_empty_plot() {
        let svg = History::new(None).svg();
        assert!(svg.ends_with("</svg>\n") && !svg.contains("NaN"), "{svg}");
    }
}
