//! The meshes and cases of the test families (`meshes/`, `inputs/family.py`) are sound.

mod support;

use ferrom::config::read_case;
use ferrom::fem::{FaceIntegral, Geometry};
use ferrom::formats::zset::read_mesh;
use ferrom::mesh::Mesh;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs a script of ours; `false`, and a line, where there is no Python 3.
fn script(name: &str, arguments: &[&str]) -> bool {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let Ok(output) = Command::new("python3").arg(script).args(arguments).output() else {
        eprintln!("skipped: no python3");
        return false;
    };
    assert!(output.status.success(), "{}", support::told(&output));
    true
}

fn mesh(dir: &Path, name: &str, refine: &str) -> Option<Mesh> {
    let path = dir.join("part.geof");
    script(&format!("meshes/{name}.py"), &["--refine", refine, &path.to_string_lossy()])
        .then(|| read_mesh(&path).expect("a mesh"))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// `int n dA` of a face set.
fn area(mesh: &Mesh, set: &str) -> [f64; 3] {
    let mut total = [0.0; 3];
    for face in &mesh.face_sets[set] {
        for n in &FaceIntegral::new(mesh, face).normal {
            (0..3).for_each(|c| total[c] += n[c]);
        }
    }
    total
}

fn close(a: [f64; 3], b: [f64; 3]) -> bool {
    a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-7)
}

/// No integration point of an element has less than a tenth of the volume of another.
fn is_well_shaped(mesh: &Mesh, geometry: &Geometry) -> bool {
    (0..mesh.n_elements()).all(|e| {
        let here = &geometry.weights[geometry.offsets[e]..geometry.offsets[e + 1]];
        let (low, high) = here.iter().fold((f64::MAX, 0.0f64), |(l, h), &w| (l.min(w), h.max(w)));
        low > 0.1 * high
    })
}

#[test]
fn the_cube_has_the_volume_of_a_cube_less_its_hole_and_its_faces_look_outward() {
    for (refine, tolerance) in [("1", 2e-2), ("2", 2e-3), ("3", 1e-3)] {
        let dir = folder();
        let Some(mesh) = mesh(dir.path(), "cube_with_hole", refine) else { return };
        let geometry = Geometry::new(&mesh).expect("positive determinants");
        assert!(is_well_shaped(&mesh, &geometry), "refine {refine}");
        // radius 2 over the inner 7.6, 2 + u^2 with u from 0 to 1 over 1.2 on either side
        let hole = std::f64::consts::PI * (4.0 * 7.6 + 2.4 * (4.0 + 4.0 / 3.0 + 0.2));
        let volume = geometry.volume().value();
        assert!((volume / (1000.0 - hole) - 1.0).abs() < tolerance, "refine {refine}: {volume} mm3");
        for (set, normal) in [
            ("x0", [-1.0, 0.0, 0.0]),
            ("x1", [1.0, 0.0, 0.0]),
            ("y0", [0.0, -1.0, 0.0]),
            ("y1", [0.0, 1.0, 0.0]),
        ] {
            assert!(close(area(&mesh, set), normal.map(|n| 100.0 * n)), "{set}: {:?}", area(&mesh, set));
        }
        assert!(close(area(&mesh, "hole"), [0.0; 3]));
        assert_eq!((mesh.node_sets["origin"].len(), mesh.node_sets["corner_y"].len()), (1, 1));
    }
}

#[test]
fn the_bar_has_the_volume_of_a_bar_less_its_notches_and_its_ends_look_outward() {
    for (refine, tolerance) in [("1", 2e-3), ("2", 1e-3), ("3", 1e-3)] {
        let dir = folder();
        let Some(mesh) = mesh(dir.path(), "notched_bar", refine) else { return };
        let geometry = Geometry::new(&mesh).expect("positive determinants");
        assert!(is_well_shaped(&mesh, &geometry), "refine {refine}");
        // two notches of depth 2 / (1 + (x / 1.2)^2), x from -20 to 20
        let notches = 3.0 * 2.0 * 2.0 * 1.2 * 2.0 * (20.0f64 / 1.2).atan();
        let volume = geometry.volume().value();
        assert!((volume / (1200.0 - notches) - 1.0).abs() < tolerance, "refine {refine}: {volume} mm3");
        let ends = (area(&mesh, "x0"), area(&mesh, "x1"));
        assert!(ends.0[0] < -29.0 && ends.1[0] > 29.0 && (ends.0[0] + ends.1[0]).abs() < 1e-9, "{ends:?}");
        assert!(area(&mesh, "flank_low")[1] < -119.0 && area(&mesh, "flank_high")[1] > 119.0);
        assert!(mesh.node_sets["notch"].iter().all(|&n| mesh.points[n as usize][1].abs() <= 3.0 + 1e-12));
    }
}

#[test]
fn a_seed_gives_the_same_case_and_another_seed_another_one() {
    let dir = folder();
    let part = dir.path().join("part.geof");
    for (family, mesh) in [("cube", "cube_with_hole"), ("bar", "notched_bar")] {
        let part = part.to_string_lossy();
        let case = |name: &str, more: &[&str]| -> Option<PathBuf> {
            let folder = dir.path().join(format!("{family}-{name}"));
            let to = folder.to_string_lossy();
            let arguments = [&[family, "--mesh", &part, "--folder", &to], more].concat();
            script("inputs/family.py", &arguments).then(|| folder.clone())
        };
        if !script(&format!("meshes/{mesh}.py"), &["--refine", "1", &part]) {
            return;
        }
        let Some(first) = case("first", &["--seed", "3"]) else { return };
        let again = case("again", &["--seed", "3"]).expect("python3");
        let other = case("other", &["--seed", "4"]).expect("python3");
        let trained = case("trained", &["--seed", "3", "--train"]).expect("python3");
        let bytes = |folder: &Path, file| std::fs::read(folder.join(file)).expect("a file");
        for file in ["case.toml", "temperature.node"] {
            assert_eq!(bytes(&first, file), bytes(&again, file), "{family}, {file}");
            assert_ne!(bytes(&first, file), bytes(&other, file), "{family}, {file}");
            assert_ne!(bytes(&first, file), bytes(&trained, file), "{family}, {file}");
        }
        let case = read_case(&first.join("case.toml")).expect("a valid case");
        assert_eq!(case.time.end_times().len(), 40);
    }
}
