//! The file being written, on rank 0: temporary name, checksummed datasets, flush, rename.

use super::hdf::{cannot_write, cause};
use super::names::{SCHEMA_VERSION, StoreKind};
use super::room::Room;
use crate::error::Result;
use hdf5::file::LibraryVersion;
use hdf5::types::FixedAscii;
use hdf5::{Dataset, Extents, H5Type, SimpleExtents, SliceOrIndex};
use ndarray::ArrayViewD;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Largest chunk of a dataset.
const CHUNK_BYTES: usize = 1 << 20;
/// Steps of small structures share a chunk of about this size.
const SMALL_CHUNK_BYTES: usize = 32 << 10;
/// Bytes between two flushes.
const FLUSH_BYTES: usize = 32 << 20;
/// Room for metadata that HDF5 has not written yet.
const SLACK_BYTES: usize = 4 << 20;

/// An HDF5 file under a temporary name. Dropped before [`Output::commit`], it leaves nothing behind.
#[derive(Debug)]
pub(super) struct Output {
    path: PathBuf,
    temporary: PathBuf,
    room: Room,
    file: Option<hdf5::File>,
    data: BTreeMap<String, Dataset>,
    /// Bytes that the open datasets may hold back in their chunk caches.
    held: BTreeMap<String, usize>,
    unflushed: usize,
}

/// Creates an empty temporary file beside `path`, under the same name in every run of this process.
fn temporary_beside(path: &Path) -> Result<PathBuf> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
    let Some(name) = name.filter(|_| !path.is_dir()) else {
        return Err(cannot_write(path, "it is a folder, not a file name"));
    };
    let temporary = path.with_file_name(format!(".{name}.tmp-{}", std::process::id()));
    // The plain call gives the operating system's own words for a missing or protected folder.
    std::fs::File::create(&temporary).map_err(|e| cannot_write(path, &e.to_string()))?;
    Ok(temporary)
}

/// Whether a file of that name can be written, as far as the folder tells; leaves nothing behind.
///
/// # Errors
/// It cannot (exit code 1).
pub fn check_writable(path: &Path) -> Result<()> {
    let temporary = temporary_beside(path)?;
    std::fs::remove_file(temporary).map_err(|e| cannot_write(path, &e.to_string()))
}

impl Output {
    /// Creates an empty temporary file beside `path`.
    pub fn plain(path: &Path) -> Result<Output> {
        let temporary = temporary_beside(path)?;
        // The plain call gives the operating system's own words for a missing or protected folder.
        let room = Room::new(&temporary).map_err(|e| cannot_write(path, &told(&e)))?;
        let mut out = Output {
            path: path.to_path_buf(),
            temporary,
            room,
            file: None,
            data: BTreeMap::new(),
            held: BTreeMap::new(),
            unflushed: 0,
        };
        out.reserve(0)?;
        // The 1.10 format checksums all its metadata; no times, so that equal input gives equal files.
        let file = hdf5::File::with_options()
            .with_fapl(|p| {
                p.libver_bounds(LibraryVersion::V110, LibraryVersion::V110).chunk_cache(1009, 4 << 20, 0.75)
            })
            .with_fcpl(|p| p.obj_track_times(false))
            .create(&out.temporary);
        out.file = Some(file.map_err(|e| out.failed(&e))?);
        // Creating emptied the file, reserved room included.
        out.room.forget();
        out.reserve(0)?;
        Ok(out)
    }

    /// Creates the temporary file beside `path`, with the `/VTKHDF` and `/ferrom` groups and their attributes.
    pub fn create(path: &Path, kind: StoreKind) -> Result<Output> {
        let out = Output::plain(path)?;
        out.group("VTKHDF")?;
        out.attribute("VTKHDF", "Version", &[2i64, 2])?;
        out.attribute_text("VTKHDF", "Type", "UnstructuredGrid")?;
        out.group("ferrom")?;
        out.attribute_text("ferrom", "schema", "ferrom")?;
        out.attribute("ferrom", "version", &[SCHEMA_VERSION])?;
        out.attribute_text("ferrom", "kind", kind.name())?;
        out.attribute_text("ferrom", "creator", concat!("ferrom ", env!("CARGO_PKG_VERSION")))?;
        Ok(out)
    }

    fn failed(&self, e: &hdf5::Error) -> crate::Error {
        cannot_write(&self.path, &cause(e))
    }

    /// Makes room for `bytes` more, and for all that HDF5 may still hold back.
    fn reserve(&mut self, bytes: usize) -> Result<()> {
        let held = self.held.values().sum::<usize>() + SLACK_BYTES + bytes;
        let size = self.file.as_ref().map_or(0, hdf5::File::size);
        self.room.ensure(size + held as u64).map_err(|e| cannot_write(&self.path, &told(&e)))
    }

    fn file(&self) -> Result<&hdf5::File> {
        self.file.as_ref().ok_or_else(|| cannot_write(&self.path, "the file is closed already"))
    }

    /// Creates a group; its parent must exist.
    pub fn group(&self, name: &str) -> Result<()> {
        let made = self.file()?.create_group_builder().obj_track_times(false).create(name);
        made.map(drop).map_err(|e| self.failed(&e))
    }

    /// Numbers kept as an attribute of a group: a scalar when there is one.
    pub fn attribute<T: H5Type>(&self, group: &str, name: &str, values: &[T]) -> Result<()> {
        let place = self.file()?.group(group).map_err(|e| self.failed(&e))?;
        let written = match values {
            [one] => place.new_attr::<T>().create(name).and_then(|a| a.write_scalar(one)),
            many => place.new_attr_builder().with_data(many).create(name).map(drop),
        };
        written.map_err(|e| self.failed(&e))
    }

    /// A short text kept as an attribute of a group, in a fixed-length ASCII string as VTK wants it.
    pub fn attribute_text(&self, group: &str, name: &str, text: &str) -> Result<()> {
        let place = self.file()?.group(group).map_err(|e| self.failed(&e))?;
        let not_ascii =
            |_| cannot_write(&self.path, &format!("attribute {name} of {group} is not short ASCII text"));
        let written = if text.len() <= 16 {
            let value = FixedAscii::<16>::from_ascii(text).map_err(not_ascii)?;
            place.new_attr::<FixedAscii<16>>().create(name).and_then(|a| a.write_scalar(&value))
        } else {
            let value = FixedAscii::<128>::from_ascii(text).map_err(not_ascii)?;
            place.new_attr::<FixedAscii<128>>().create(name).and_then(|a| a.write_scalar(&value))
        };
        written.map_err(|e| self.failed(&e))
    }

    /// Creates a dataset of that shape, ready for [`Output::write`]. `grows`: the first dimension is without limit.
    /// `step`: rows of the first dimension that are written together, from which the chunk shape follows.
    pub fn dataset<T: H5Type>(
        &mut self,
        name: &str,
        shape: &[usize],
        grows: bool,
        step: usize,
    ) -> Result<()> {
        let chunk = chunk_shape(shape, grows, step, size_of::<T>());
        let extents: SimpleExtents = shape
            .iter()
            .enumerate()
            .map(|(d, &n)| hdf5::Extent::new(n, if grows && d == 0 { None } else { Some(n) }))
            .collect::<Vec<_>>()
            .into();
        let chunk_bytes = chunk.iter().product::<usize>() * size_of::<T>();
        self.held.insert(name.to_owned(), 3 * chunk_bytes);
        self.reserve(0)?;
        let mut builder = self.file()?.new_dataset::<T>().shape(Extents::Simple(extents));
        if grows || shape.iter().product::<usize>() > 0 {
            builder = builder.chunk(chunk).chunk_cache(101, 2 * chunk_bytes + 64, 0.75).fletcher32();
        }
        let made = builder.create(name).map_err(|e| self.failed(&e))?;
        self.data.insert(name.to_owned(), made);
        Ok(())
    }

    /// Writes a block of a dataset: one range per dimension; a growing dataset is extended to hold it.
    pub fn write<T: H5Type>(&mut self, name: &str, ranges: &[Range<usize>], values: &[T]) -> Result<()> {
        self.reserve(size_of_val(values))?;
        let Some(data) = self.data.get(name) else {
            return Err(cannot_write(&self.path, &format!("dataset {name} was never created")));
        };
        let put = || -> hdf5::Result<()> {
            let mut shape = data.get_shape()?;
            if ranges[0].end > shape[0] {
                shape[0] = ranges[0].end;
                data.resize(shape)?;
            }
            let dims: Vec<usize> = ranges.iter().map(Range::len).collect();
            let slab: Vec<SliceOrIndex> = ranges.iter().map(|r| r.clone().into()).collect();
            let view = ArrayViewD::from_shape(dims, values)?;
            data.write_slice(view, hdf5::Hyperslab::from(slab))
        };
        put().map_err(|e| self.failed(&e))?;
        self.unflushed += size_of_val(values);
        if self.unflushed > FLUSH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// A whole dataset of a known shape.
    pub fn whole<T: H5Type>(&mut self, name: &str, shape: &[usize], values: &[T]) -> Result<()> {
        self.dataset::<T>(name, shape, false, 0)?;
        let ranges: Vec<Range<usize>> = shape.iter().map(|n| 0..*n).collect();
        self.write(name, &ranges, values)?;
        self.close(name)
    }

    /// Closes a dataset that is complete. Closing alone would swallow a failure, flushing does not.
    pub fn close(&mut self, name: &str) -> Result<()> {
        if let Some(data) = self.data.remove(name) {
            data.flush().map_err(|e| self.failed(&e))?;
        }
        self.held.remove(name);
        Ok(())
    }

    /// A text, as UTF-8 bytes.
    pub fn text(&mut self, name: &str, text: &str) -> Result<()> {
        self.whole(name, &[text.len()], text.as_bytes())
    }

    /// Hands everything to the operating system.
    pub fn flush(&mut self) -> Result<()> {
        self.unflushed = 0;
        self.file()?.flush().map_err(|e| self.failed(&e))
    }

    /// Closes, syncs and gives the file its name.
    pub fn commit(mut self) -> Result<()> {
        // Closing a dataset swallows its failures, flushing does not: so flush first.
        self.flush()?;
        self.data.clear();
        if let Some(file) = self.file.take() {
            file.close().map_err(|e| self.failed(&e))?;
        }
        let sync = || -> std::io::Result<()> {
            self.room.finish()?;
            std::fs::rename(&self.temporary, &self.path)?;
            let folder = self.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            // Some file systems refuse to sync a folder; the file itself is safe by now.
            if let Ok(folder) = std::fs::File::open(folder) {
                let _ = folder.sync_all();
            }
            Ok(())
        };
        sync().map_err(|e| cannot_write(&self.path, &told(&e)))
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.data.clear();
        self.file = None;
        if self.temporary.exists() {
            self.room.give_up();
            let _ = std::fs::remove_file(&self.temporary);
        }
    }
}

/// The operating system's words, without the error number.
fn told(e: &std::io::Error) -> String {
    let text = e.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

/// Chunks of at most 1 MB that follow what is written together: one step where it is large, several where it is small.
fn chunk_shape(shape: &[usize], grows: bool, step: usize, bytes: usize) -> Vec<usize> {
    let mut chunk: Vec<usize> = shape.iter().map(|n| (*n).max(1)).collect();
    let row: usize = chunk[1..].iter().product::<usize>() * bytes;
    if grows {
        let step_bytes = row * step.max(1);
        chunk[0] = if step_bytes <= SMALL_CHUNK_BYTES {
            step.max(1) * (SMALL_CHUNK_BYTES / step_bytes.max(1)).clamp(1, 512)
        } else {
            step.max(1).div_ceil(step_bytes.div_ceil(CHUNK_BYTES)).max(1)
        };
    } else if row * chunk[0] > CHUNK_BYTES {
        chunk[0] = chunk[0].div_ceil((row * chunk[0]).div_ceil(CHUNK_BYTES)).max(1);
    }
    // A single row above the limit: cut the next dimension too.
    let row: usize = chunk[1..].iter().product::<usize>() * bytes;
    if chunk.len() > 1 && row * chunk[0] > CHUNK_BYTES {
        let inner = row / chunk[1];
        chunk[1] = chunk[1].div_ceil((chunk[1] * inner * chunk[0]).div_ceil(CHUNK_BYTES)).max(1);
    }
    chunk
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_hold_a_step_and_at_most_a_megabyte() {
        // A big nodal field: 1 million rows a step, cut evenly.
        let c = chunk_shape(&[0, 3], true, 1_000_000, 8);
        assert!(c[0] * 24 <= CHUNK_BYTES + 24 && c[0] * 23 >= 1_000_000, "{c:?}");
        // A small one: several steps share a chunk.
        assert_eq!(chunk_shape(&[0, 3], true, 12, 8)[0] % 12, 0);
        // Point fields: (time, point, component).
        assert_eq!(chunk_shape(&[0, 1_000_000, 6], true, 1, 8)[0], 1);
        let c = chunk_shape(&[0, 1_000_000, 6], true, 1, 8);
        assert!(c[1] * 48 <= CHUNK_BYTES + 48, "{c:?}");
        assert_eq!(chunk_shape(&[5], false, 0, 8), [5]);
    }
}
