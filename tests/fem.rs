//! Mechanics that every element kind must reproduce exactly, on distorted meshes.

mod support;

use ferrom::fem::{ElementWork, FaceIntegral, Geometry, MassMatrix};
use ferrom::mesh::{ElementKind, Face, FaceKind, Mesh, MeshError};
use nalgebra::DMatrix;
use support::patch::{A, T, boundary, cross, faces_of, patch, single, volume};

/// Kinds whose own rule integrates curved elements exactly.
const FULL: [ElementKind; 3] = [ElementKind::C3d10, ElementKind::C3d15, ElementKind::C3d20];

/// Straight-edged distorted patches of every kind, and curved ones of the kinds that allow it.
fn patches() -> Vec<(String, Mesh)> {
    let straight = ElementKind::ALL.map(|k| (format!("{k}, straight"), patch(k, 3, 0.2, false)));
    let curved = FULL.map(|k| (format!("{k}, curved"), patch(k, 3, 0.2, true)));
    straight.into_iter().chain(curved).collect()
}

fn geometry(mesh: &Mesh) -> Geometry {
    Geometry::new(mesh).expect("the patch has no inverted element")
}

/// `u = G x + c` at the nodes.
fn linear(mesh: &Mesh, g: &[[f64; 3]; 3], c: [f64; 3]) -> Vec<f64> {
    let at = |x: &[f64; 3]| -> [f64; 3] {
        std::array::from_fn(|i| c[i] + (0..3).map(|j| g[i][j] * x[j]).sum::<f64>())
    };
    mesh.points.iter().flat_map(at).collect()
}

/// Strain of `u = G x`: 11, 22, 33, 12, 23, 31, engineering shears.
fn strain_of_gradient(g: &[[f64; 3]; 3]) -> [f64; 6] {
    [g[0][0], g[1][1], g[2][2], g[0][1] + g[1][0], g[1][2] + g[2][1], g[2][0] + g[0][2]]
}

const STRESS: [f64; 6] = [130.0, -40.0, 75.0, 22.0, -61.0, 48.0];

/// `sigma . n` of [`STRESS`].
fn traction(n: [f64; 3]) -> [f64; 3] {
    let s = &STRESS;
    [
        s[0] * n[0] + s[3] * n[1] + s[5] * n[2],
        s[3] * n[0] + s[1] * n[1] + s[4] * n[2],
        s[5] * n[0] + s[4] * n[1] + s[2] * n[2],
    ]
}

/// Nodal forces of the traction `sigma . n` on faces.
fn surface_force(mesh: &Mesh, faces: &[Face]) -> Vec<f64> {
    let mut force = vec![0.0; 3 * mesh.n_nodes()];
    for face in faces {
        let integral = FaceIntegral::new(mesh, face);
        for (&node, n) in face.nodes().iter().zip(&integral.normal) {
            let t = traction(*n);
            (0..3).for_each(|c| force[3 * node as usize + c] += t[c]);
        }
    }
    force
}

fn internal_force(mesh: &Mesh) -> Vec<f64> {
    let geometry = geometry(mesh);
    let stress = STRESS.repeat(geometry.n_points());
    let mut force = vec![0.0; 3 * mesh.n_nodes()];
    geometry.internal_force(mesh, &stress, &mut force);
    force
}

fn assert_close(a: &[f64], b: &[f64], tolerance: f64, what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= tolerance, "{what}: entry {i} is {a}, not {b}");
    }
}

#[test]
fn a_distorted_mesh_fills_its_volume() {
    for (name, mesh) in patches() {
        let v = geometry(&mesh).volume().value();
        assert!((v - volume()).abs() < 1e-13 * volume(), "{name}: {v} instead of {}", volume());
    }
}

#[test]
fn a_linear_displacement_gives_the_same_strain_everywhere() {
    let g = [[1.1e-3, -0.4e-3, 0.7e-3], [0.2e-3, -0.9e-3, 0.5e-3], [-0.3e-3, 0.8e-3, 0.6e-3]];
    for kind in ElementKind::ALL {
        // interpolation alone decides: curved elements of the reduced rules too
        let mesh = patch(kind, 3, 0.2, true);
        let geometry = geometry(&mesh);
        let mut strain = vec![0.0; 6 * geometry.n_points()];
        geometry.strain(&mesh, &linear(&mesh, &g, [0.2, -0.1, 0.4]), &mut strain);
        let want = strain_of_gradient(&g).repeat(geometry.n_points());
        assert_close(&strain, &want, 1e-14, &format!("{kind}"));
    }
}

#[test]
fn rigid_motions_are_free_of_strain() {
    let rotation = [[0.0, -0.3, 0.2], [0.3, 0.0, -0.7], [-0.2, 0.7, 0.0]];
    for kind in ElementKind::ALL {
        let mesh = patch(kind, 3, 0.2, true);
        let geometry = geometry(&mesh);
        let mut strain = vec![1.0; 6 * geometry.n_points()];
        geometry.strain(&mesh, &linear(&mesh, &rotation, [5.0, -3.0, 2.0]), &mut strain);
        assert_close(&strain, &vec![0.0; strain.len()], 2e-13, &format!("{kind}"));
    }
}

#[test]
fn a_constant_stress_is_in_equilibrium_with_the_faces_of_each_element() {
    for (name, mesh) in patches() {
        for e in 0..mesh.n_elements() {
            let one = single(&mesh, e);
            let want = surface_force(&one, &faces_of(&one, 0));
            assert_close(&internal_force(&one), &want, 1e-11, &format!("{name}, element {e}"));
        }
    }
}

#[test]
fn a_constant_stress_leaves_inner_nodes_without_force() {
    for (name, mesh) in patches() {
        let want = surface_force(&mesh, &boundary(&mesh));
        assert_close(&internal_force(&mesh), &want, 1e-10, &name);
        assert_eq!(boundary(&mesh), mesh.face_sets["skin"]);
    }
}

#[test]
fn internal_force_is_the_transpose_of_strain() {
    for kind in ElementKind::ALL {
        let mesh = patch(kind, 3, 0.2, true);
        let geometry = geometry(&mesh);
        let u: Vec<f64> = (0..3 * mesh.n_nodes()).map(|i| support::patch::noise(i as u64)).collect();
        let stress: Vec<f64> =
            (0..6 * geometry.n_points()).map(|i| support::patch::noise(i as u64 + 77)).collect();
        let mut strain = vec![0.0; stress.len()];
        geometry.strain(&mesh, &u, &mut strain);
        let mut force = vec![0.0; u.len()];
        geometry.internal_force(&mesh, &stress, &mut force);
        let outside: f64 = force.iter().zip(&u).map(|(f, u)| f * u).sum();
        let inside: f64 = (0..geometry.n_points())
            .map(|k| geometry.weights[k] * (0..6).map(|c| strain[6 * k + c] * stress[6 * k + c]).sum::<f64>())
            .sum();
        let scale: f64 = force.iter().zip(&u).map(|(f, u)| (f * u).abs()).sum();
        assert!((outside - inside).abs() < 1e-13 * scale, "{kind}: {outside} and {inside}");
    }
}

#[test]
fn stiffness_is_the_derivative_of_internal_force() {
    // an unsymmetric tangent, so that a transposition would show
    let c: Vec<f64> =
        (0..36).map(|i| if i % 7 == 0 { 3.0 } else { 0.0 } + support::patch::noise(i)).collect();
    for kind in ElementKind::ALL {
        let mesh = single(&patch(kind, 3, 0.2, false), 1);
        let geometry = geometry(&mesh);
        let n = 3 * mesh.n_nodes();
        let u: Vec<f64> = (0..n).map(|i| support::patch::noise(i as u64 + 5)).collect();
        let mut strain = vec![0.0; 6 * geometry.n_points()];
        geometry.strain(&mesh, &u, &mut strain);
        let stress: Vec<f64> = strain
            .chunks_exact(6)
            .flat_map(|e| {
                c.chunks_exact(6).map(move |row| row.iter().zip(e).map(|(c, e)| c * e).sum::<f64>())
            })
            .collect();
        let mut force = vec![0.0; n];
        geometry.internal_force(&mesh, &stress, &mut force);
        let mut work = ElementWork::default();
        geometry.stiffness(&mesh, 0, &c.repeat(geometry.n_points()), &mut work);
        let ku: Vec<f64> = work.stiffness[..n * n]
            .chunks_exact(n)
            .map(|row| row.iter().zip(&u).map(|(k, u)| k * u).sum())
            .collect();
        assert_close(&ku, &force, 1e-11, &format!("{kind}"));
    }
}

#[test]
fn a_linear_temperature_is_interpolated_exactly() {
    for kind in ElementKind::ALL {
        let mesh = patch(kind, 3, 0.2, false);
        let geometry = geometry(&mesh);
        let (mut x, mut t) = (vec![0.0; geometry.n_points()], vec![0.0; geometry.n_points()]);
        let field = |x: &[f64; 3]| 20.0 + 3.0 * x[0] - x[1] + 2.0 * x[2];
        geometry.interpolate(&mesh, &mesh.points.iter().map(field).collect::<Vec<f64>>(), &mut t);
        let mut want = vec![20.0; geometry.n_points()];
        for (c, factor) in [3.0, -1.0, 2.0].into_iter().enumerate() {
            geometry.interpolate(&mesh, &mesh.points.iter().map(|x| x[c]).collect::<Vec<f64>>(), &mut x);
            want.iter_mut().zip(&x).for_each(|(w, x)| *w += factor * x);
        }
        assert_close(&t, &want, 1e-12, &format!("{kind}"));
        // and the points are where they should be: their weighted mean is the centre of the body
        let mean: f64 = geometry.weights.iter().zip(&x).map(|(w, x)| w * x).sum::<f64>() / volume();
        let centre = T[2] + A[2].iter().sum::<f64>() / 2.0;
        // the rule of 14 points is exact to degree 5, the moment of a distorted element is of a higher one; rules of few
        // points do not integrate moments of distorted wedges
        let tolerance = match kind {
            ElementKind::C3d20R14 => 1e-7,
            ElementKind::C3d6R2 | ElementKind::C3d15R9 => 1e-2,
            _ => 1e-12,
        };
        assert!((mean - centre).abs() < tolerance, "{kind}: {mean} instead of {centre}");
    }
}

#[test]
fn a_constant_point_field_has_the_same_nodal_values() {
    for kind in ElementKind::ALL {
        let mesh = patch(kind, 3, 0.2, true);
        let geometry = geometry(&mesh);
        let field = [4.0, -1.5].repeat(geometry.n_points());
        let (mut sums, mut count) = (vec![9.0; 2 * mesh.n_nodes()], vec![9.0; mesh.n_nodes()]);
        geometry.nodal_sums(&mesh, &field, 2, &mut sums, &mut count);
        for (s, n) in sums.chunks_exact(2).zip(&count) {
            assert!((s[0] / n - 4.0).abs() < 1e-13 && (s[1] / n + 1.5).abs() < 1e-13, "{kind}: {s:?} {n}");
        }
    }
}

/// `int x`, and `int |G x + c|^2`, over the parallelepiped.
fn closed_forms(g: &[[f64; 3]; 3], c: [f64; 3]) -> ([f64; 3], f64) {
    let first = std::array::from_fn(|i| volume() * (T[i] + A[i].iter().sum::<f64>() / 2.0));
    // in the cube's coordinates s: u = B s + d, int s_j s_k = 1/4 (+ 1/12 for j = k)
    let mut energy = 0.0;
    for i in 0..3 {
        let d = c[i] + (0..3).map(|j| g[i][j] * T[j]).sum::<f64>();
        let b: [f64; 3] = std::array::from_fn(|k| (0..3).map(|j| g[i][j] * A[j][k]).sum());
        energy += d * d + d * b.iter().sum::<f64>();
        for j in 0..3 {
            for k in 0..3 {
                energy += b[j] * b[k] * (0.25 + if j == k { 1.0 / 12.0 } else { 0.0 });
            }
        }
    }
    (first, energy * volume())
}

#[test]
fn the_mass_matrix_has_the_moments_of_the_body() {
    let g = [[1.1, -0.4, 0.7], [0.2, -0.9, 0.5], [-0.3, 0.8, 0.6]];
    let c = [0.2, -0.1, 0.4];
    let (first, energy) = closed_forms(&g, c);
    for kind in ElementKind::ALL {
        let mesh = patch(kind, 3, 0.2, false);
        let mass = MassMatrix::new(&mesh);
        let mut out = vec![0.0; mesh.n_nodes()];
        mass.apply(&vec![1.0; mesh.n_nodes()], 1, &mut out);
        let total: f64 = out.iter().sum();
        assert!((total - volume()).abs() < 1e-12, "{kind}: mass {total} instead of {}", volume());
        for i in 0..3 {
            let moment: f64 = out.iter().zip(&mesh.points).map(|(m, x)| m * x[i]).sum();
            assert!((moment - first[i]).abs() < 1e-11, "{kind}: moment {moment} instead of {}", first[i]);
        }
        let u = linear(&mesh, &g, c);
        let mut mu = vec![0.0; u.len()];
        mass.apply(&u, 3, &mut mu);
        let got: f64 = mu.iter().zip(&u).map(|(m, u)| m * u).sum();
        assert!((got - energy).abs() < 1e-12 * energy, "{kind}: u.Mu {got} instead of {energy}");
    }
}

#[test]
fn the_mass_matrix_is_symmetric_positive_definite() {
    for kind in ElementKind::ALL {
        let mesh = patch(kind, 1, 0.0, false);
        let mass = MassMatrix::new(&mesh);
        let n = mesh.n_nodes();
        let mut dense = DMatrix::zeros(n, n);
        for j in 0..n {
            let mut unit = vec![0.0; n];
            unit[j] = 1.0;
            let mut column = vec![0.0; n];
            mass.apply(&unit, 1, &mut column);
            dense.set_column(j, &nalgebra::DVector::from_vec(column));
        }
        assert!((&dense - dense.transpose()).amax() < 1e-15 * volume(), "{kind}: not symmetric");
        let lowest = dense.symmetric_eigenvalues().min();
        assert!(lowest > 1e-5 * volume() / n as f64, "{kind}: lowest eigenvalue {lowest}");
    }
}

/// A face on its own, from the positions of its nodes.
fn face_alone(kind: FaceKind, points: Vec<[f64; 3]>) -> FaceIntegral {
    let mut nodes = [0; 8];
    (0..points.len()).for_each(|i| nodes[i] = i as u32);
    let mesh = Mesh { points, ..Mesh::default() };
    FaceIntegral::new(&mesh, &Face { kind, nodes, position: 0 })
}

#[test]
fn a_uniform_pressure_gives_the_textbook_nodal_loads() {
    // a parallelogram and half of it, in a slanted plane
    let (p, q) = ([2.0, 0.5, 0.3], [-0.4, 1.5, 0.8]);
    let normal = cross(p, q);
    let area = normal.iter().map(|c| c * c).sum::<f64>().sqrt();
    let at = |a: f64, b: f64| -> [f64; 3] { std::array::from_fn(|c| 1.0 + a * p[c] + b * q[c]) };
    let corners = vec![at(0.0, 0.0), at(1.0, 0.0), at(1.0, 1.0), at(0.0, 1.0)];
    let mids = [at(0.5, 0.0), at(1.0, 0.5), at(0.5, 1.0), at(0.0, 0.5)];
    let triangle = vec![at(0.0, 0.0), at(1.0, 0.0), at(0.0, 1.0)];
    let triangle_mids = [at(0.5, 0.0), at(0.5, 0.5), at(0.0, 0.5)];
    let (third, twelfth) = (1.0 / 3.0, -1.0 / 12.0);
    let cases = [
        (FaceKind::Q4, corners.clone(), 1.0, vec![0.25; 4]),
        (FaceKind::Q8, [corners, mids.to_vec()].concat(), 1.0, [vec![twelfth; 4], vec![third; 4]].concat()),
        (FaceKind::T3, triangle.clone(), 0.5, vec![third; 3]),
        (
            FaceKind::T6,
            [triangle, triangle_mids.to_vec()].concat(),
            0.5,
            [vec![0.0; 3], vec![third; 3]].concat(),
        ),
    ];
    for (kind, points, share, want) in cases {
        let got = face_alone(kind, points);
        for (a, want) in want.iter().enumerate() {
            assert!((got.area[a] - share * area * want).abs() < 1e-14, "{} node {a}", kind.name());
            for c in 0..3 {
                assert!(
                    (got.normal[a][c] - share * normal[c] * want).abs() < 1e-14,
                    "{} node {a}",
                    kind.name()
                );
            }
        }
        assert!(got.area[want.len()..].iter().all(|&a| a == 0.0));
    }
}

#[test]
fn the_vector_area_of_a_curved_face_is_that_of_its_rim() {
    // int n dS = 1/2 closed integral of x ^ dx; each edge is a parabola through its three nodes, where Simpson's rule
    // is exact for the cubic integrand
    for kind in [FaceKind::T6, FaceKind::Q8, FaceKind::T3, FaceKind::Q4] {
        let corners: &[[f64; 3]] = match kind {
            FaceKind::T3 | FaceKind::T6 => &[[0.0, 0.0, 0.0], [2.0, 0.1, 0.3], [0.3, 1.7, -0.2]],
            _ => &[[0.0, 0.0, 0.0], [2.0, 0.1, 0.3], [1.8, 1.7, -0.2], [-0.2, 1.4, 0.5]],
        };
        let n = corners.len();
        let mut points = corners.to_vec();
        let quadratic = kind.n_nodes() > n;
        let middle = |e: usize| -> [f64; 3] {
            let bump =
                |c: usize| if quadratic { 0.2 * support::patch::noise((3 * e + c) as u64) } else { 0.0 };
            std::array::from_fn(|c| (corners[e][c] + corners[(e + 1) % n][c]) / 2.0 + bump(c))
        };
        if quadratic {
            points.extend((0..n).map(middle));
        }
        let mut want = [0.0; 3];
        for e in 0..n {
            let (a, m, b) = (corners[e], middle(e), corners[(e + 1) % n]);
            let slope = |x: f64| -> [f64; 3] {
                std::array::from_fn(|c| (x - 0.5) * a[c] - 2.0 * x * m[c] + (x + 0.5) * b[c])
            };
            for (x, at, w) in [(-1.0, a, 1.0 / 3.0), (0.0, m, 4.0 / 3.0), (1.0, b, 1.0 / 3.0)] {
                let part = cross(at, slope(x));
                (0..3).for_each(|c| want[c] += 0.5 * w * part[c]);
            }
        }
        let got = face_alone(kind, points);
        for c in 0..3 {
            let sum: f64 = got.normal.iter().map(|n| n[c]).sum();
            assert!((sum - want[c]).abs() < 1e-14, "{}: {sum} instead of {}", kind.name(), want[c]);
        }
    }
}

#[test]
fn faces_point_outward() {
    for kind in ElementKind::ALL {
        let mesh = single(&patch(kind, 3, 0.2, true), 0);
        let mean = |nodes: &mut dyn ExactSizeIterator<Item = u32>| -> [f64; 3] {
            let n = nodes.len() as f64;
            nodes.fold([0.0; 3], |s, i| std::array::from_fn(|c| s[c] + mesh.points[i as usize][c] / n))
        };
        let centre = mean(&mut (0..kind.n_vertices() as u32));
        for face in faces_of(&mesh, 0) {
            let middle = mean(&mut face.nodes().iter().copied());
            let integral = FaceIntegral::new(&mesh, &face);
            let outward: f64 = (0..3)
                .map(|c| (middle[c] - centre[c]) * integral.normal.iter().map(|n| n[c]).sum::<f64>())
                .sum();
            assert!(outward > 0.0, "{kind}, face {}", face.position);
        }
    }
}

#[test]
fn an_inverted_element_is_refused_with_its_label_and_determinant() {
    for kind in ElementKind::ALL {
        let mut mesh = patch(kind, 1, 0.0, false);
        // mirrored: every determinant changes its sign
        mesh.points.iter_mut().for_each(|x| x[0] = -x[0]);
        match Geometry::new(&mesh) {
            Err(MeshError::Inverted { id: 3, kind: k, point: 1, determinant }) if k == kind => {
                assert!(determinant < 0.0);
                let text = ferrom::Error::from(MeshError::Inverted { id: 3, kind, point: 1, determinant });
                assert_eq!(text.kind, ferrom::error::Kind::Input);
                assert!(
                    text.message.contains("element 3") && text.message.contains("determinant -"),
                    "{text}"
                );
            }
            other => panic!("{kind}: {other:?}"),
        }
    }
}

#[test]
fn a_flat_or_undefined_element_is_refused() {
    for bad in [0.0, f64::NAN, f64::INFINITY] {
        let mut mesh = patch(ElementKind::C3d8, 1, 0.0, false);
        mesh.points.iter_mut().for_each(|x| x[2] *= bad);
        assert!(matches!(Geometry::new(&mesh), Err(MeshError::Inverted { .. })), "{bad}");
    }
}
