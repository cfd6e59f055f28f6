//! Names of the schema, and how set and field names become HDF5 link names.

use std::fmt;

/// The version that this program writes, and the newest that it reads.
pub const SCHEMA_VERSION: u64 = 1;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// Results of another solver.
    Snapshots,
    /// Results of our own high-fidelity or reduced solver.
    Run,
    /// A reduced model.
    Model,
}

impl StoreKind {
    /// Its name in the file.
    pub fn name(self) -> &'static str {
        match self {
            StoreKind::Snapshots => "snapshots",
            StoreKind::Run => "run",
            StoreKind::Model => "model",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<StoreKind> {
        [StoreKind::Snapshots, StoreKind::Run, StoreKind::Model].into_iter().find(|k| k.name() == name)
    }
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name as an HDF5 link: `%`, `/` and a lone `.` mean something else there.
pub(super) fn encode(name: &str) -> String {
    match name {
        "." => "%2E".to_owned(),
        _ => name.replace('%', "%25").replace('/', "%2F").replace('\0', "%00"),
    }
}

/// The name behind [`encode`]; other text is kept as it is.
pub(super) fn decode(link: &str) -> String {
    let bytes = link.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = bytes.get(at + 1..at + 3).and_then(|h| std::str::from_utf8(h).ok());
        match (bytes[at], code.and_then(|h| u8::from_str_radix(h, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_set_name_survives_as_a_link_name() {
        for name in ["x0", "a/b", "50%", "%2F", "a=b+c", ".", "é/è"] {
            let link = encode(name);
            assert!(!link.contains('/') && link != ".", "{link}");
            assert_eq!(decode(&link), name);
        }
    }
}
