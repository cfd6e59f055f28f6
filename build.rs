//! Exports the utility routines of Abaqus (`src/material/plugins/utilities.rs`) from programs and tests, where the
//! libraries that they open look for them.

const ROUTINES: [&str; 10] = [
    "sinv_",
    "sprinc_",
    "sprind_",
    "rotsig_",
    "xit_",
    "getoutdir_",
    "getjobname_",
    "getrank_",
    "getnumcpus_",
    "get_thread_id_",
];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for routine in ROUTINES {
        println!("cargo:rustc-link-arg=-Wl,--export-dynamic-symbol={routine}");
    }
}
