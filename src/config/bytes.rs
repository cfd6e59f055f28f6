//! Numbers of bytes as people write them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number of bytes: `500MB`, `4GiB`, `1.5e9`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(pub u64);

const UNITS: [(&str, f64); 8] = [
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("KiB", 1024.0),
    ("MiB", 1048576.0),
    ("GiB", 1073741824.0),
    ("TiB", 1099511627776.0),
];

impl std::str::FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Bytes, String> {
        let (number, unit) = UNITS
            .iter()
            .find_map(|(name, size)| text.strip_suffix(name).map(|n| (n.trim_end(), *size)))
            .unwrap_or((text, 1.0));
        match number.parse::<f64>() {
            Ok(n) if n > 0.0 && n * unit < 9e18 => Ok(Bytes((n * unit) as u64)),
            _ => Err("give bytes, or a number with kB, MB, GB, TB, KiB, MiB, GiB or TiB, for instance 500MB"
                .into()),
        }
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        let text = match toml::Value::deserialize(from)? {
            toml::Value::String(text) => text,
            other => other.to_string(),
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Bytes;

    #[test]
    fn bytes_have_decimal_and_binary_units() {
        let read = |text: &str| text.parse::<Bytes>().map(|b| b.0);
        assert_eq!(read("500MB"), Ok(500_000_000));
        assert_eq!(read("4 GiB"), Ok(4 << 30));
        assert_eq!(read("1e3"), Ok(1000));
        for wrong in ["", "-1MB", "many", "0"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
