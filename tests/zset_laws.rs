//! Inputs, materials and results of Z-set together: the laws that its files describe, driven by the strains and the
//! temperatures of its files, give the stresses and the variables that it stored. Skipped where the reference is not there.

use ferrom::fem::Geometry;
use ferrom::formats::zset::inp::{NodalField, Temperature, TemperatureHistory, TimeTable};
use ferrom::formats::zset::{FieldSource, Inp, Shear, Stored, ZsetMaterial, read_record};
use ferrom::material::{Material, MaterialWorkspace, Output, Status, Step};
use ferrom::mesh::Mesh;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn reference(case: &str) -> Option<PathBuf> {
    let root = std::env::var_os("FERROM_REFERENCE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference"), PathBuf::from);
    let folder = root.join("zset").join(case);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is not there (set FERROM_REFERENCE)", folder.display());
    None
}

fn field(f: &NodalField, n: u64) -> Vec<f64> {
    match f {
        NodalField::Uniform(v) => vec![*v; n as usize],
        NodalField::File { path, record } => read_record(path, *record, n, None).unwrap(),
    }
}

/// Nodal temperature of a computation of one cycle.
fn temperature(t: &Temperature, tables: &BTreeMap<String, TimeTable>, time: f64) -> Vec<f64> {
    let between = |times: &[f64]| {
        let i = times.partition_point(|&x| x <= time).clamp(1, times.len() - 1);
        (i, ((time - times[i - 1]) / (times[i] - times[i - 1])).clamp(0.0, 1.0))
    };
    let (a, b, s) = match &t.history {
        TemperatureHistory::Maps(maps) => {
            let knots = t.knots(f64::MIN_POSITIVE);
            let (i, s) = between(&knots.iter().map(|k| k.0).collect::<Vec<_>>());
            (field(&maps[knots[i - 1].1].field, t.rec_size), field(&maps[knots[i].1].field, t.rec_size), s)
        }
        TemperatureHistory::Blend { base, max, table } => {
            let table = &tables[table];
            let (i, s) = between(&table.times);
            let c = table.values[i - 1] * (1.0 - s) + table.values[i] * s;
            (field(base, t.rec_size), field(max, t.rec_size), c)
        }
    };
    a.iter().zip(&b).map(|(a, b)| a * (1.0 - s) + b * s).collect()
}

struct Case {
    mesh: Mesh,
    geometry: Geometry,
    source: FieldSource,
    inp: Inp,
    /// Each with the positions of its points.
    materials: Vec<(Material, Vec<usize>)>,
}

fn open(folder: &Path) -> Case {
    let inp = Inp::read(&folder.join("cube.inp")).unwrap();
    let stored = Stored::read(&folder.join("cube.ut")).unwrap();
    let source = stored.open().unwrap();
    let mesh = stored.mesh;
    let geometry = Geometry::new(&mesh).unwrap();
    let materials = inp.materials.iter().map(|entry| {
        let material = ZsetMaterial::read(&entry.file).unwrap().to_spec("m").unwrap().build().unwrap();
        let elements = mesh.element_set(entry.elset.as_deref().unwrap_or("ALL_ELEMENT")).unwrap();
        let points =
            elements.iter().flat_map(|&e| geometry.offsets[e as usize]..geometry.offsets[e as usize + 1]);
        (material, points.collect())
    });
    Case { materials: materials.collect(), mesh, geometry, source, inp }
}

/// What the laws make of a strain history: called with the state number, stresses (`points x 6`), and the states of each
/// material after every step.
fn drive(
    case: &Case,
    strain: impl Fn(usize) -> Vec<f64>,
    last: usize,
    mut look: impl FnMut(usize, &[f64], &[Vec<f64>]),
) {
    let at_points = |step: usize| {
        let time = case.source.steps()[step].time;
        let nodal = temperature(case.inp.temperature.as_ref().unwrap(), &case.inp.tables, time);
        let mut t = vec![0.0; case.geometry.n_points()];
        case.geometry.interpolate(&case.mesh, &nodal, &mut t);
        t
    };
    let pick = |all: &[f64], points: &[usize], n: usize| -> Vec<f64> {
        points.iter().flat_map(|p| all[n * p..n * (p + 1)].to_vec()).collect()
    };
    let mut states: Vec<Vec<f64>> =
        case.materials.iter().map(|(m, p)| vec![0.0; p.len() * m.law().n_state()]).collect();
    let mut stress = vec![0.0; 6 * case.geometry.n_points()];
    let initial = at_points(0);
    let (mut t0, mut e0) = (initial.clone(), strain(0));
    for step in 1..=last {
        let (t1, e1) = (at_points(step), strain(step));
        for ((material, points), state) in case.materials.iter().zip(&mut states) {
            let (mut new, mut sig) = (state.clone(), vec![0.0; 6 * points.len()]);
            let input = Step {
                dt: case.source.steps()[step].time - case.source.steps()[step - 1].time,
                strain: &pick(&e1, points, 6),
                temperature: &pick(&t1, points, 1),
                initial_temperature: &pick(&initial, points, 1),
                state,
                strain0: Some(&pick(&e0, points, 6)),
                temperature0: Some(&pick(&t0, points, 1)),
                time0: case.source.steps()[step - 1].time,
                sites: None,
            };
            let output = Output { state: &mut new, stress: &mut sig, tangent: None };
            assert_eq!(material.update(&mut MaterialWorkspace::default(), input, output), Status::Done);
            *state = new;
            for (s, p) in sig.chunks_exact(6).zip(points) {
                stress[6 * p..6 * p + 6].copy_from_slice(s);
            }
        }
        look(step, &stress, &states);
        (t0, e0) = (t1, e1);
    }
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |m, v| m.max(v.abs()))
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(0.0, |m, (a, b)| m.max((a - b).abs()))
}

#[test]
fn materials_read_from_files_give_the_stored_stresses_and_variables() {
    // bounds: twice what an independent code found; p of SimpleMises reaches 3.6 in float32
    for (name, bound_sig, bound_p) in [
        ("MecaSequential", 8e-7, 5e-9),
        ("MecaAlternateTempDefinition", 8e-7, 5e-9),
        ("MecaSequentialBiMat", 1e-6, 5e-9),
        ("MecaSequentialSimpleMises", 4e-5, 5e-7),
        ("MecaParallel", 4e-6, 5e-9),
    ] {
        let Some(folder) = reference(name) else { return };
        let case = open(&folder);
        let last = case.source.steps().len() - 1;
        let (mut error, mut size, mut error_p) = (0.0f64, 0.0f64, 0.0f64);
        let strain = |step| case.source.tensor(step, "eto", None, Shear::Engineering).unwrap();
        drive(&case, strain, last, |step, stress, states| {
            let sig = case.source.tensor(step, "sig", None, Shear::Tensor).unwrap();
            error = error.max(distance(stress, &sig));
            size = size.max(largest(&sig));
            for ((material, points), state) in case.materials.iter().zip(states) {
                let n = material.law().n_state();
                for v in material.law().variables().iter().filter(|v| v.name == "p") {
                    let stored = case.source.integ(step, &[material.source_name("p")], None).unwrap();
                    let off =
                        points.iter().enumerate().map(|(k, &p)| (state[n * k + v.offset] - stored[p]).abs());
                    error_p = off.fold(error_p, f64::max);
                }
            }
        });
        eprintln!("{name}: stress {:.1e} of {size:.0}, p {error_p:.1e}", error / size);
        assert!(error < bound_sig * size && error_p < bound_p, "{name}: {:.1e} {error_p:.1e}", error / size);
    }
}

#[test]
fn the_crystal_read_from_its_file_gives_the_stored_internal_forces() {
    let Some(folder) = reference("MecaSequentialMonoCrystal") else { return };
    let case = open(&folder);
    assert!(!case.source.has_integ());
    let strain = |step| {
        let u = case.source.nodal_vector(step, &["U1", "U2", "U3"], None).unwrap();
        let mut e = vec![0.0; 6 * case.geometry.n_points()];
        case.geometry.strain(&case.mesh, &u, &mut e);
        e
    };
    // elastic up to t = 0.8, where only the rounding of stored displacements counts; slip at 24 points at t = 1
    drive(&case, strain, 5, |step, stress, _| {
        let stored = case.source.nodal_vector(step, &["RU1", "RU2", "RU3"], None).unwrap();
        let mut force = vec![0.0; stored.len()];
        case.geometry.internal_force(&case.mesh, stress, &mut force);
        let error = distance(&force, &stored) / largest(&stored);
        eprintln!("state {step}: internal force {error:.1e}");
        assert!(error < if step < 5 { 2e-5 } else { 2e-3 }, "state {step}: {error:.1e}");
    });
}
