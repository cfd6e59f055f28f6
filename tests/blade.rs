//! The blade that `meshes/notched_blade.py` makes is a sound structure.

mod support;

use ferrom::fem::{FaceIntegral, Geometry};
use ferrom::formats::zset::{read_mesh, read_record};
use ferrom::mesh::{ElementKind, Mesh};
use std::path::Path;
use std::process::Command;

/// Runs the script; `None`, and a line, where there is no Python 3.
fn make(folder: &Path, arguments: &[&str]) -> Option<Mesh> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("meshes/notched_blade.py");
    let Ok(output) = Command::new("python3").arg(script).args(arguments).arg(folder).output() else {
        eprintln!("skipped: no python3");
        return None;
    };
    assert!(output.status.success(), "{}", support::told(&output));
    Some(read_mesh(&folder.join("blade.geof")).expect("a mesh"))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn no_element_of_the_blade_is_inverted_or_squeezed() {
    for (refine, element) in [("1", "c3d20r"), ("2", "c3d20r"), ("2", "c3d20"), ("3", "c3d20")] {
        let dir = folder();
        let Some(mesh) = make(dir.path(), &["--refine", refine, "--element", element]) else { return };
        assert!(mesh.kinds.iter().all(|k| k.name() == element));
        let geometry = Geometry::new(&mesh).expect("positive determinants");
        // 17 cm3 of root, 7 cm3 of airfoil
        let volume = geometry.volume().value();
        assert!((17e3..21e3).contains(&volume), "{volume} mm3");
        if element == "c3d20r" {
            // all weights of the rule are 1: weights are determinants
            for e in 0..mesh.n_elements() {
                let here = &geometry.weights[geometry.offsets[e]..geometry.offsets[e + 1]];
                let (low, high) = here.iter().fold((f64::MAX, 0.0f64), |(l, h), &w| (l.min(w), h.max(w)));
                assert!(
                    low > 0.4 * high,
                    "refine {refine}, element {}: {low} to {high}",
                    mesh.element_ids[e]
                );
            }
        }
    }
}

#[test]
fn the_default_blade_has_the_sets_that_a_case_needs() {
    let dir = folder();
    let Some(mesh) = make(dir.path(), &[]) else { return };
    assert!(mesh.kinds.iter().all(|&k| k == ElementKind::C3d20r));
    assert!((5_000..20_000).contains(&(3 * mesh.n_nodes())), "{} unknowns", 3 * mesh.n_nodes());
    let mut elements = [mesh.element_sets["root"].clone(), mesh.element_sets["blade"].clone()].concat();
    elements.sort_unstable();
    assert!(
        elements.into_iter().eq(0..mesh.n_elements() as u32),
        "each element is in the root or in the blade"
    );
    let lowest = mesh.points.iter().map(|x| x[2]).fold(f64::INFINITY, f64::min);
    let on_the_floor = (0..mesh.n_nodes() as u32).filter(|&i| mesh.points[i as usize][2] == lowest);
    let mut clamp = mesh.node_sets["clamp"].clone();
    clamp.sort_unstable();
    assert!(clamp.into_iter().eq(on_the_floor));
    for name in ["tip", "leading_edge", "trailing_edge"] {
        assert!(!mesh.node_sets[name].is_empty(), "{name}");
    }
}

#[test]
fn loaded_faces_look_outward() {
    let dir = folder();
    let Some(mesh) = make(dir.path(), &[]) else { return };
    let skin = support::patch::boundary(&mesh);
    let normal =
        |f| FaceIntegral::new(&mesh, f).normal.iter().fold([0.0; 3], |s, n| [0, 1, 2].map(|c| s[c] + n[c]));
    for name in ["pressure_side", "suction_side", "tip_face"] {
        let mut total = [0.0; 3];
        for face in &mesh.face_sets[name] {
            let sorted = |nodes: &[u32]| {
                let mut nodes = nodes.to_vec();
                nodes.sort_unstable();
                nodes
            };
            // the element's own face, whose normal is outward
            let own = skin
                .iter()
                .find(|f| sorted(f.nodes()) == sorted(face.nodes()))
                .expect("a face of the boundary");
            let (a, b) = (normal(face), normal(own));
            assert!((0..3).all(|c| (a[c] - b[c]).abs() < 1e-12), "{name}: {a:?} instead of {b:?}");
            (0..3).for_each(|c| total[c] += a[c]);
        }
        let up = match name {
            "pressure_side" => -total[1],
            "suction_side" => total[1],
            _ => total[2],
        };
        assert!(up > 0.9 * total.iter().map(|c| c * c).sum::<f64>().sqrt(), "{name}: {total:?}");
    }
}

#[test]
fn the_airfoil_is_hot_at_mid_span_and_the_streak_lies_above() {
    let dir = folder();
    let Some(mesh) = make(dir.path(), &[]) else { return };
    let n = mesh.n_nodes() as u64;
    let field = |name: &str| read_record(&dir.path().join(name), 1, n, None).expect("one value per node");
    let (mean, streak) = (field("blade_mean.node"), field("blade_streak.node"));
    let hottest = (0..mean.len()).max_by(|&a, &b| mean[a].total_cmp(&mean[b])).expect("nodes");
    assert!((25.0..40.0).contains(&mesh.points[hottest][2]), "hottest at z = {}", mesh.points[hottest][2]);
    assert!(mesh.node_sets["leading_edge"].contains(&(hottest as u32)));
    let rise: Vec<f64> = mean.iter().zip(&streak).map(|(m, s)| s - m).collect();
    let top = (0..rise.len()).max_by(|&a, &b| rise[a].total_cmp(&rise[b])).expect("nodes");
    assert!(
        rise[top] > 90.0 && (40.0..50.0).contains(&mesh.points[top][2]),
        "{} at {:?}",
        rise[top],
        mesh.points[top]
    );
    for (i, x) in mesh.points.iter().enumerate().filter(|(_, x)| x[2] <= 0.0) {
        assert!(rise[i] == 0.0 && (400.0..600.0).contains(&mean[i]), "the root at {x:?}");
    }
}

#[test]
fn the_script_writes_the_same_files_each_time() {
    let (a, b) = (folder(), folder());
    if make(a.path(), &[]).is_none() {
        return;
    }
    make(b.path(), &[]);
    for name in ["blade.geof", "blade_mean.node", "blade_streak.node"] {
        let read = |dir: &tempfile::TempDir| std::fs::read(dir.path().join(name)).expect("a file");
        assert!(read(&a) == read(&b), "{name}");
    }
}
