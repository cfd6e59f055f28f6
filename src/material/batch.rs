//! What goes into and comes out of a law for a batch of `n` integration points, point-major:
//! strains and stresses `n x 6`, states `n x n_state`, tangents `n x 36` (row-major 6 x 6).
//!
//! Order 11, 22, 33, 12, 23, 31; strains hold engineering shears, stresses plain shears; state tensors are stored with
//! plain (tensor) shears.

/// Where an integration point is; laws of one's own may ask.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Site {
    /// Coordinates.
    pub x: [f64; 3],
    /// Label of its element.
    pub element: u64,
    /// Which of the element's points it is, from 0.
    pub number: u32,
}

/// What a batch is given: the step `[t, t + dt]` and the state at its start.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Length of the step, in the user's time unit; positive.
    pub dt: f64,
    /// Time at the start of the step, for laws that are told; others ignore it.
    pub time0: f64,
    /// Mechanical strain (total minus thermal) at the end of the step, `n x 6`, engineering shears.
    pub strain: &'a [f64],
    /// Temperature at the end of the step, `n`.
    pub temperature: &'a [f64],
    /// State at the start of the step, `n x n_state`.
    pub state: &'a [f64],
    /// Mechanical strain at the start of the step, `n x 6`, engineering shears, for laws that sub-step; others ignore it.
    pub strain0: Option<&'a [f64]>,
    /// Temperature at the start of the step, `n`, for laws that sub-step; others ignore it.
    pub temperature0: Option<&'a [f64]>,
    /// Where the points are, `n`, for a law that [wants it](super::Law::wants_sites).
    pub sites: Option<&'a [Site]>,
}

impl<'a> Input<'a> {
    /// A batch without start values: enough for every law that takes the step as a whole.
    pub fn new(dt: f64, strain: &'a [f64], temperature: &'a [f64], state: &'a [f64]) -> Input<'a> {
        Input { dt, time0: 0.0, strain, temperature, state, strain0: None, temperature0: None, sites: None }
    }

    /// The same batch with strain and temperature at the start of the step.
    pub fn with_start(self, strain0: &'a [f64], temperature0: &'a [f64]) -> Input<'a> {
        Input { strain0: Some(strain0), temperature0: Some(temperature0), ..self }
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.temperature.len()
    }

    /// Whether the batch is empty.
    pub fn is_empty(&self) -> bool {
        self.temperature.is_empty()
    }
}

/// What a batch returns, in buffers of the caller.
#[derive(Debug)]
pub struct Output<'a> {
    /// State at the end of the step, `n x n_state`.
    pub state: &'a mut [f64],
    /// Stress at the end of the step, `n x 6`.
    pub stress: &'a mut [f64],
    /// Consistent tangent d sigma / d strain, `n x 36`, where asked for.
    pub tangent: Option<&'a mut [f64]>,
}

/// How a batch went. The caller must look: after a failure the outputs of the failed point are not valid.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Status {
    /// Every point converged.
    Done,
    /// A point failed: retry the whole step with `dt` times the factor (0 < factor < 1); 0: no shorter step would help.
    Cut {
        /// Index in the batch of the first point that failed.
        point: usize,
        /// Suggested factor on the step length: the smallest of all failed points.
        factor: f64,
    },
}

impl Status {
    /// Status of a batch of which one more point has failed.
    pub fn and_cut(self, point: usize, factor: f64) -> Status {
        match self {
            Status::Done => Status::Cut { point, factor },
            Status::Cut { point, factor: other } => Status::Cut { point, factor: factor.min(other) },
        }
    }
}
