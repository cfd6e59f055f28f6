//! Cases that are shown to users are valid: those of `inputs/`, and those of the documentation.

mod support;

use ferrom::config::read_case;
use ferrom::material::MaterialSpec;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The TOML blocks of a page.
fn blocks(page: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join("docs").join(page)).expect("the page is there");
    let blocks: Vec<String> = text
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or_default().to_owned())
        .collect();
    assert!(!blocks.is_empty(), "{page} has no TOML");
    blocks
}

#[test]
fn every_material_of_the_page_on_laws_can_be_built() {
    let mut laws = std::collections::BTreeSet::new();
    for block in blocks("laws.md") {
        let spec: MaterialSpec = toml::from_str(&block).unwrap_or_else(|e| panic!("{e}\n{block}"));
        let material = spec.build().unwrap_or_else(|e| panic!("{e}\n{block}"));
        laws.insert(material.law().name().to_owned());
    }
    let laws: Vec<&str> = laws.iter().map(String::as_str).collect();
    assert_eq!(laws, ["chaboche", "creep", "crystal", "elastic"]);
}

#[test]
fn the_page_on_cases_is_a_case() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    for (i, block) in blocks("case.md").iter().enumerate() {
        let path = dir.path().join(format!("{i}.toml"));
        std::fs::write(&path, block).expect("written");
        let case = read_case(&path).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(case.loading.loads.len(), 5, "one load of each kind");
    }
}

#[test]
fn cases_of_the_demo_fit_a_coarse_blade() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    // where the cases look for it: beside their own folder
    let demo = dir.path().join("target/demo");
    let script = root().join("meshes/notched_blade.py");
    let made = Command::new("python3").arg(script).args(["--refine", "1"]).arg(&demo).output();
    let Ok(made) = made else {
        eprintln!("skipped: no python3");
        return;
    };
    assert!(made.status.success(), "{}", support::told(&made));
    let inputs = dir.path().join("inputs");
    std::fs::create_dir(&inputs).expect("a folder");
    let cases: Vec<PathBuf> = std::fs::read_dir(root().join("inputs"))
        .expect("inputs/ is there")
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .collect();
    assert!(cases.len() >= 6);
    for case in cases {
        let here = inputs.join(case.file_name().expect("a name"));
        std::fs::copy(&case, &here).expect("copied");
        let output = support::ferrom(1, &[Path::new("check"), &here]);
        assert!(output.status.success(), "{}: {}", case.display(), support::told(&output));
    }
}
