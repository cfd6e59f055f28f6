//! Compiled laws for tests, and a case that uses one.

use ferrom::material::{Material, MaterialSpec};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles a source of this folder (or an absolute one) into a library of that name in cargo's scratch space.
pub fn compiled(compiler: &str, source: &Path, name: &str, more: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("umat").join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    // a library that another test has open is not written over
    let out = folder.join("law.so");
    let _ = std::fs::remove_file(&out);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/umat").join(source);
    let mut command = Command::new(compiler);
    command.args(["-O2", "-shared", "-fPIC"]).args(more).arg("-o").arg(&out).arg(source).arg("-lm");
    let told = command.current_dir(&folder).output().expect("the compiler starts");
    assert!(told.status.success(), "{}", super::told(&told));
    out
}

pub fn j2(name: &str, more: &[&str]) -> PathBuf {
    compiled("cc", Path::new("j2.c"), name, more)
}

pub const BUILT_IN: &str =
    "name = 'm'\nlaw = 'chaboche'\nyoung = { temperature = [0, 100], value = [2e5, 1.6e5] }
poisson = 0.3\nR0 = 100\nH = 2e3\nthermal = { alpha = 1e-5 }\n";

pub fn umat(library: &Path) -> String {
    let library = library.display();
    format!(
        "name = 'm'\nlaw = 'umat'\nlibrary = '{library}'\nstate = 7\nvariables = {{ p = 1, evp = [2, 7] }}
properties = [{{ temperature = [0, 100], value = [2e5, 1.6e5] }}, 0.3, 100, 2e3]\nsymmetric = true
thermal = {{ alpha = 1e-5 }}\n"
    )
}

pub fn material(text: &str) -> Material {
    toml::from_str::<MaterialSpec>(text).expect("a material").build().expect("its law")
}

/// The library of the reference data, where that and a compiler are at hand.
pub fn chaboche_in_fortran(name: &str) -> Option<PathBuf> {
    let source = super::reference("umat/chaboche.f90")?;
    if Command::new("gfortran").arg("--version").output().is_err() {
        eprintln!("skipped: no gfortran; scripts/setup.sh --tests installs it");
        return None;
    }
    Some(compiled("gfortran", &source, name, &[]))
}

pub fn chaboche_umat(library: &Path) -> String {
    format!(
        "name = 'c'\nlaw = 'umat'\nlibrary = '{}'\nstate = 13\nvariables = {{ X = [1, 6], evp = [7, 12], p = 13 }}\n\
         properties = [0, 2e5, 0.3, 90, 50, 12, 5e4, 400, 200, 8, 100, 1.6e5, 0.3, 60, 40, 12, 5e4, 300, 150, 6]\n",
        library.display()
    )
}

/// A bar that is pulled, heated and turned around its foot, with the material of the given text.
pub fn case(material: &str, load: f64) -> String {
    format!(
        "[time]\ntimes = [1.0, 2.0]\nincrements = [3, 2]
[[fix]]\nset = 'x0'\ndof = 'U1'\n[[fix]]\nset = 'x0'\ndof = 'U2'\n[[fix]]\nset = 'x0'\ndof = 'U3'
[[traction]]\nset = 'fx1'\nvector = [{load}, 20.0, 10.0]\ntable = 'load'
[temperature]\nmaps = [{{ time = 0.0, value = 20.0 }}, {{ time = 2.0, value = 80.0 }}]
[tables.load]\ntimes = [0.0, 1.0, 2.0]\nvalues = [0.0, 1.0, -0.5]
[output]\nquantities = ['sig', 'p', 'evp']
[solver]\ntolerance = 1e-10\n[online]\ntolerance = 1e-10\n[offline]\ncalibrate = false
[[material]]\n{material}"
    )
}
