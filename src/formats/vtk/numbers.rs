//! Arrays of numbers in the types of VTK.

/// Type of the numbers of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    Float(usize),
    Signed(usize),
    Unsigned(usize),
}

impl Number {
    /// From the names of both formats (`Float64`, `double`, …).
    pub fn from_name(name: &str) -> Option<Number> {
        Some(match name {
            "Float32" | "float" => Number::Float(4),
            "Float64" | "double" => Number::Float(8),
            "Int8" | "char" | "signed_char" => Number::Signed(1),
            "Int16" | "short" => Number::Signed(2),
            "Int32" | "int" => Number::Signed(4),
            "Int64" | "long" | "vtktypeint64" => Number::Signed(8),
            "vtkIdType" => Number::Signed(4),
            "UInt8" | "unsigned_char" => Number::Unsigned(1),
            "UInt16" | "unsigned_short" => Number::Unsigned(2),
            "UInt32" | "unsigned_int" => Number::Unsigned(4),
            "UInt64" | "unsigned_long" | "vtktypeuint64" => Number::Unsigned(8),
            _ => return None,
        })
    }

    /// Bytes of one.
    pub fn size(self) -> usize {
        match self {
            Number::Float(n) | Number::Signed(n) | Number::Unsigned(n) => n,
        }
    }

    pub fn is_integer(self) -> bool {
        !matches!(self, Number::Float(_))
    }

    /// The bits of one, sign or zeros before them.
    fn bits(self, bytes: &[u8], big_endian: bool) -> u64 {
        let mut wide = [0; 8];
        let n = bytes.len().min(8);
        wide[..n].copy_from_slice(&bytes[..n]);
        if big_endian {
            wide[..n].reverse();
        }
        let bits = u64::from_le_bytes(wide);
        match self {
            Number::Signed(n) if n < 8 && bits >> (8 * n - 1) == 1 => bits | u64::MAX << (8 * n),
            _ => bits,
        }
    }

    /// As whole numbers; those of [`Number::Float`] are not.
    pub fn integers(self, bytes: &[u8], big_endian: bool) -> Vec<i64> {
        bytes.chunks_exact(self.size()).map(|b| self.bits(b, big_endian) as i64).collect()
    }

    /// As real numbers.
    pub fn reals(self, bytes: &[u8], big_endian: bool) -> Vec<f64> {
        let value = |b: &[u8]| {
            let bits = self.bits(b, big_endian);
            match self {
                Number::Float(4) => f64::from(f32::from_bits(bits as u32)),
                Number::Float(_) => f64::from_bits(bits),
                Number::Signed(_) => bits as i64 as f64,
                Number::Unsigned(_) => bits as f64,
            }
        };
        bytes.chunks_exact(self.size()).map(value).collect()
    }
}
