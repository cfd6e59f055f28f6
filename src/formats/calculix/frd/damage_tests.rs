//! Results and prints to damage.

use super::super::dat::Dat;
use super::Frd;
use crate::error::Result;
use crate::formats::mutate::{Kind, named, references};
use std::path::Path;

const TEXT: &str = "    1C
    2C                             4                                     1
 -1         1 0.00000E+00 0.00000E+00 0.00000E+00
 -1         2 1.00000E+00 0.00000E+00 0.00000E+00
 -1         3 0.00000E+00 1.00000E+00 0.00000E+00
 -1         4 0.00000E+00 0.00000E+00 1.00000E+00
 -3
    3C                             1                                     1
 -1         1    3    0    1
 -2         1         2         3         4
 -3
    1PSTEP                         1           1           1
  100CL  101 1.000000000           2                     0    1           1
 -4  DISP        4    1
 -5  D1          1    2    1    0
 -5  D2          1    2    2    0
 -5  D3          1    2    3    0
 -5  ALL         1    2    0    0    1ALL
 -1         1 0.00000E+00 1.00000E+00 2.00000E+00
 -1         2 0.00000E+00 1.00000E+00-2.00000E+00
 -3
 9999
";

const PRINTS: &str = "
 stresses (elem, integ.pnt.,sxx,syy,szz,sxy,sxz,syz) for set A and time  0.5000000E+00

         1   1 -2.225983E+00 -8.344652E+01 -7.396476E+00  4.427023E+00 -3.859790E-01 -1.112320-101
         1   2 -7.738074E+00 -6.070164E+01 -1.926387E+00  2.089889E+00 -1.452530E+00 -1.154843E-01

 total force (fx,fy,fz) for set B and time  0.5000000E+00

       -6.000000E+03  9.803269E-14 -5.745817E+00

 temperatures for set B and time  0.5000000E+00

        31  3.430000E+02
        32  3.430000E+02
";

/// The same tetrahedron in binary, with values of `size` bytes.
pub(super) fn binary(size: usize) -> Vec<u8> {
    let mut b =
        b"    1C\n    2C                             4                                     3\n".to_vec();
    let real = |b: &mut Vec<u8>, x: f64, size: usize| match size {
        8 => b.extend(x.to_le_bytes()),
        _ => b.extend((x as f32).to_le_bytes()),
    };
    for (id, x) in [(1, [0.0, 0.0, 0.0]), (2, [1.0, 0.0, 0.0]), (3, [0.0, 1.0, 0.0]), (4, [0.0, 0.0, 1.0])] {
        b.extend(i32::to_le_bytes(id));
        x.iter().for_each(|&x| real(&mut b, x, 8));
    }
    b.extend(b"    3C                             1                                     2\n");
    [1, 3, 0, 1, 1, 2, 3, 4].iter().for_each(|&i| b.extend(i32::to_le_bytes(i)));
    for increment in 1..3 {
        let format = if size == 8 { 3 } else { 2 };
        b.extend(format!("    1PSTEP              {increment:12}{increment:12}           1\n").bytes());
        b.extend(
            format!("  100CL  101{increment:12}           4                     0    1           {format}\n")
                .bytes(),
        );
        b.extend(b" -4  DISP        4    1\n -5  D1          1    2    1    0\n -5  D2          1    2    2    0\n");
        b.extend(b" -5  D3          1    2    3    0\n -5  ALL         1    2    0    0    1ALL\n");
        for id in 1..5 {
            b.extend(i32::to_le_bytes(id));
            (0..3).for_each(|c| real(&mut b, f64::from(increment * 10 + id) + 0.25 * f64::from(c), size));
        }
    }
    b.extend(b" 9999\n");
    b
}

/// Words of both formats.
const WORDS: [&str; 12] = [
    "\n",
    " -3\n",
    " -1",
    " -2",
    " 9999\n",
    "    2C                    2000000000                                     3\n",
    "    3C                    2000000000                                     2\n",
    "  100CL  101 1.000000000  2000000000                     0    1           2\n",
    " for set A and time  1.0\n",
    "-1.5-101",
    "999999999999",
    "\0\0\0\0",
];

fn read_prints(bytes: &[u8]) -> Result<()> {
    let dat = Dat::of_bytes(Path::new("a.dat"), bytes.to_vec())?;
    for print in 0..dat.blocks.len() {
        let found = dat.read(print)?;
        assert!(found.values.len() <= bytes.len() && found.ids.len() <= bytes.len());
        let _ = found.tensors();
    }
    Ok(())
}

fn read_results(bytes: &[u8]) -> Result<()> {
    let size = bytes.len();
    let frd = Frd::of_bytes(Path::new("a.frd"), bytes.to_vec())?;
    assert!(frd.blocks.len() <= size / 40 && frd.states().len() <= frd.blocks.len());
    let outcomes: Vec<Result<()>> = (0..frd.blocks.len())
        .map(|b| {
            frd.read(b).map(|found| {
                assert!(found.values.len() <= size && found.nodes.len() <= size);
                assert_eq!(found.values.len(), found.nodes.len() * found.components);
            })
        })
        .collect();
    let nodes = frd.nodes()?;
    assert!(nodes.ids.len() <= size / 14 && frd.elements()?.ids.len() <= size / 14);
    frd.mesh()?;
    outcomes.into_iter().collect()
}

/// The heads and some blocks of files of the reference: what follows is more of the same.
fn heads(names: &[&str]) -> Vec<Vec<u8>> {
    let mut files = references(names);
    files.iter_mut().for_each(|bytes| bytes.truncate(30_000));
    files
}

pub(in crate::formats) fn results() -> Kind {
    let mut files = vec![TEXT.into(), binary(4), binary(8)];
    files.extend(heads(&["calculix/pwh_tiny_asc.frd", "calculix/pwh_tiny_c3d8.frd", "calculix/tet10.frd"]));
    Kind { path: "a.frd", files, words: &WORDS, read: |bytes| named("a.frd", read_results(bytes)) }
}

pub(in crate::formats) fn prints() -> Kind {
    let mut files = vec![PRINTS.into()];
    files.extend(heads(&["calculix/pwh_tiny_c3d20r.dat"]));
    Kind { path: "a.dat", files, words: &WORDS, read: |bytes| named("a.dat", read_prints(bytes)) }
}
