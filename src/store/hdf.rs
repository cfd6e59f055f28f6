//! Typed, checked access to an HDF5 file that may be anything: every failure is a sentence with file and dataset.

use crate::error::{Error, Kind, Result};
use hdf5::types::{FixedAscii, FixedUnicode, TypeDescriptor, VarLenAscii, VarLenUnicode};
use hdf5::{Dataset, Group, H5Type, SliceOrIndex};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Longest text of an attribute that is read.
const ATTRIBUTE_TEXT: usize = 1024;
/// Longest text of a dataset that is read from a fixed-length string.
const FIXED_TEXT: usize = 1 << 16;
/// Bytes that one read may bring at a time.
pub(super) const PIECE_BYTES: usize = 8 << 20;

/// The innermost message of an HDF5 failure: the cause, without the library's call chain.
pub(super) fn cause(error: &hdf5::Error) -> String {
    let stack = error.stack();
    let text = match stack.as_ref().and_then(|s| s.last()) {
        Some(frame) => frame.desc().to_owned(),
        None => error.to_string(),
    };
    // The time of the failure and addresses would differ between runs and ranks.
    match text.find("error message = '") {
        Some(at) => text[at + 17..].split('\'').next().unwrap_or(&text).to_lowercase(),
        None => text,
    }
}

/// Starts the HDF5 library, to be called before MPI starts: HDF5 1.10 would otherwise end itself inside of MPI_Finalize,
/// where it crashes on what a full disk kept it from writing.
///
/// Files are not locked, unless `HDF5_USE_FILE_LOCKING` says so: parallel file systems often refuse locks, a lock stays as
/// long as any child process holds the file's descriptor, and ferrom's own files appear under their name when complete.
/// To be called while the program has one thread.
pub fn start_library() {
    if std::env::var_os("HDF5_USE_FILE_LOCKING").is_none() {
        // SAFETY: the caller has no other thread that could read the environment.
        unsafe { std::env::set_var("HDF5_USE_FILE_LOCKING", "FALSE") };
    }
    let _ = hdf5::library_version();
}

/// A file open for reading on this rank.
#[derive(Debug)]
pub(super) struct Source {
    pub path: PathBuf,
    file: hdf5::File,
    bytes: u64,
}

impl Source {
    /// Opens `path`.
    pub fn open(path: &Path) -> Result<Source> {
        let found = std::fs::metadata(path)
            .map_err(|e| Error::input(path, "", format!("cannot be read ({e})"), "check its path"))?;
        if found.is_dir() {
            return Err(Error::input(path, "", "is a folder, not a file", "name a file in it"));
        }
        if found.len() == 0 {
            return Err(Error::input(path, "", "is empty: it is not an HDF5 file", "write it again"));
        }
        std::fs::File::open(path)
            .map_err(|e| Error::input(path, "", format!("cannot be read ({e})"), "check its permissions"))?;
        let open = hdf5::File::with_options().with_fapl(|p| p.chunk_cache(4099, 16 << 20, 0.75)).open(path);
        let file = open.map_err(|e| {
            let why = cause(&e);
            if why.contains("file signature not found") || e.contains_minor(hdf5::MinorErrorCode::NotHdf5) {
                Error::input(
                    path,
                    "",
                    "is not an HDF5 file",
                    "give a file that 'ferrom import' or 'ferrom solve' wrote",
                )
            } else if why.contains("truncated file") {
                Error::input(path, "", "is truncated", "copy or write it again")
            } else {
                Error::input(
                    path,
                    "",
                    format!("HDF5 cannot open it ({why})"),
                    "it is damaged or in use: write it again",
                )
            }
        })?;
        Ok(Source { path: path.to_path_buf(), file, bytes: found.len() })
    }

    /// An error at a dataset or attribute.
    pub fn wrong(&self, place: &str, problem: impl std::fmt::Display, remedy: &str) -> Error {
        Error::input(&self.path, place, problem, remedy)
    }

    fn damaged(&self, place: &str, e: &hdf5::Error) -> Error {
        self.wrong(place, format!("cannot be read ({})", cause(e)), "the file is damaged: write it again")
    }

    /// Whether the path leads to an object.
    pub fn has(&self, name: &str) -> bool {
        let mut at = String::new();
        name.split('/').all(|part| {
            at = if at.is_empty() { part.to_owned() } else { format!("{at}/{part}") };
            self.file.link_exists(&at)
        })
    }

    /// A group that must be there.
    pub fn group(&self, name: &str) -> Result<Group> {
        if !self.has(name) {
            return Err(self.wrong(
                name,
                "the group is missing",
                "see docs/store.md for what a file must hold",
            ));
        }
        self.file.group(name).map_err(|e| self.damaged(name, &e))
    }

    /// Link names in a group, sorted; none where there is no such group.
    pub fn members(&self, name: &str) -> Result<Vec<String>> {
        if !self.has(name) {
            return Ok(Vec::new());
        }
        let mut names = self.group(name)?.member_names().map_err(|e| self.damaged(name, &e))?;
        names.sort();
        Ok(names)
    }

    /// A dataset that must be there.
    pub fn dataset(&self, name: &str) -> Result<Table<'_>> {
        if !self.has(name) {
            return Err(self.wrong(
                name,
                "the dataset is missing",
                "see docs/store.md for what a file must hold",
            ));
        }
        let data = self.file.dataset(name).map_err(|e| self.damaged(name, &e))?;
        let shape = data.get_shape().map_err(|e| self.damaged(name, &e))?;
        Ok(Table { source: self, name: name.to_owned(), data, shape })
    }

    /// A dataset, or `None` where it is missing.
    pub fn optional(&self, name: &str) -> Result<Option<Table<'_>>> {
        if self.has(name) { self.dataset(name).map(Some) } else { Ok(None) }
    }

    /// A text: UTF-8 bytes, or an HDF5 string. Empty where it is missing.
    pub fn text(&self, name: &str) -> Result<String> {
        let Some(table) = self.optional(name)? else { return Ok(String::new()) };
        let kind = table.data.dtype().and_then(|t| t.to_descriptor()).map_err(|e| self.damaged(name, &e))?;
        let not_text = || self.wrong(name, "is not UTF-8 text", "write it as UTF-8 bytes or as a string");
        match kind {
            TypeDescriptor::VarLenUnicode => {
                let text: VarLenUnicode = table.data.read_scalar().map_err(|e| self.damaged(name, &e))?;
                Ok(text.to_string())
            }
            TypeDescriptor::VarLenAscii => {
                let text: VarLenAscii = table.data.read_scalar().map_err(|e| self.damaged(name, &e))?;
                Ok(text.to_string())
            }
            TypeDescriptor::FixedUnicode(n) if n < FIXED_TEXT => {
                let text =
                    table.data.read_raw::<FixedUnicode<FIXED_TEXT>>().map_err(|e| self.damaged(name, &e))?;
                text.first().map(|t| t.to_string()).ok_or_else(not_text)
            }
            TypeDescriptor::FixedAscii(n) if n < FIXED_TEXT => {
                let text =
                    table.data.read_raw::<FixedAscii<FIXED_TEXT>>().map_err(|e| self.damaged(name, &e))?;
                text.first().map(|t| t.to_string()).ok_or_else(not_text)
            }
            TypeDescriptor::Unsigned(_) if table.shape.len() == 1 => {
                String::from_utf8(table.all::<u8>()?).map_err(|_| not_text())
            }
            _ => Err(not_text()),
        }
    }

    /// A number kept as an attribute of a group or dataset.
    pub fn attribute<T: H5Type>(&self, object: &str, name: &str) -> Result<Option<T>> {
        let place = format!("{object}, attribute {name}");
        let Some(attr) = self.find_attribute(object, name)? else { return Ok(None) };
        // Writers differ: a scalar, or an array of one.
        let values = attr.read_raw::<T>().map_err(|e| self.damaged(&place, &e))?;
        match values.len() {
            1 => Ok(values.into_iter().next()),
            n => Err(self.wrong(&place, format!("has {n} values where one is due"), "see docs/store.md")),
        }
    }

    /// A text kept as an attribute.
    pub fn attribute_text(&self, object: &str, name: &str) -> Result<Option<String>> {
        let place = format!("{object}, attribute {name}");
        let Some(attr) = self.find_attribute(object, name)? else { return Ok(None) };
        let fail = |e: hdf5::Error| self.damaged(&place, &e);
        let not_text = || self.wrong(&place, "is not a text", "see docs/store.md");
        if attr.size() != 1 {
            return Err(not_text());
        }
        let text = match attr.dtype().and_then(|t| t.to_descriptor()).map_err(fail)? {
            TypeDescriptor::VarLenUnicode => {
                attr.read_raw::<VarLenUnicode>().map_err(fail)?.first().map(|t| t.to_string())
            }
            TypeDescriptor::VarLenAscii => {
                attr.read_raw::<VarLenAscii>().map_err(fail)?.first().map(|t| t.to_string())
            }
            TypeDescriptor::FixedUnicode(n) if n < ATTRIBUTE_TEXT => {
                attr.read_raw::<FixedUnicode<ATTRIBUTE_TEXT>>().map_err(fail)?.first().map(|t| t.to_string())
            }
            TypeDescriptor::FixedAscii(n) if n < ATTRIBUTE_TEXT => {
                attr.read_raw::<FixedAscii<ATTRIBUTE_TEXT>>().map_err(fail)?.first().map(|t| t.to_string())
            }
            _ => None,
        };
        text.map(Some).ok_or_else(not_text)
    }

    fn find_attribute(&self, object: &str, name: &str) -> Result<Option<hdf5::Attribute>> {
        let place = format!("{object}, attribute {name}");
        if !self.has(object) {
            return Ok(None);
        }
        let find = |l: &hdf5::Location| match l.attr_names() {
            Ok(names) if names.iter().any(|n| n == name) => l.attr(name).map(Some),
            Ok(_) => Ok(None),
            Err(e) => Err(e),
        };
        let found = match self.file.group(object) {
            Ok(group) => find(&group),
            Err(_) => self.file.dataset(object).and_then(|d| find(&d)),
        };
        found.map_err(|e| self.damaged(&place, &e))
    }
}

/// A dataset of an open file.
#[derive(Debug)]
pub(super) struct Table<'s> {
    source: &'s Source,
    pub name: String,
    data: Dataset,
    pub shape: Vec<usize>,
}

impl Table<'_> {
    /// An error at this dataset.
    pub fn wrong(&self, problem: impl std::fmt::Display, remedy: &str) -> Error {
        self.source.wrong(&self.name, problem, remedy)
    }

    /// Number of rows: the first dimension.
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(0)
    }

    /// Refuses a shape other than this one; `None` leaves a dimension free.
    pub fn expect(&self, shape: &[Option<usize>]) -> Result<()> {
        let fits = self.shape.len() == shape.len()
            && self.shape.iter().zip(shape).all(|(a, b)| b.is_none_or(|b| *a == b));
        if fits {
            return Ok(());
        }
        let due: Vec<String> = shape.iter().map(|d| d.map_or("any".to_owned(), |d| d.to_string())).collect();
        let problem = format!("has shape {} where ({}) is due", shape_text(&self.shape), due.join(", "));
        Err(self.wrong(problem, "the file is damaged or its writer is wrong: see docs/store.md"))
    }

    /// The values of a block: one range per dimension.
    pub fn block<T: H5Type>(&self, ranges: &[Range<usize>]) -> Result<Vec<T>> {
        let inside =
            ranges.len() == self.shape.len() && ranges.iter().zip(&self.shape).all(|(r, n)| r.end <= *n);
        if !inside {
            let problem = format!("has shape {} where rows {ranges:?} are due", shape_text(&self.shape));
            return Err(self.wrong(problem, "the file is damaged or its writer is wrong: see docs/store.md"));
        }
        let size = ranges.iter().try_fold(1usize, |n, r| n.checked_mul(r.len()));
        // A damaged shape must not become an allocation that kills the process.
        let room = size.and_then(|n| n.checked_mul(size_of::<T>()));
        let plausible = room.is_some_and(|b| (b as u64) <= self.source.bytes.saturating_mul(2000));
        if !plausible || Vec::<T>::new().try_reserve_exact(size.unwrap_or(usize::MAX)).is_err() {
            return Err(self.wrong(
                format!("has shape {}, more than the file or the memory can hold", shape_text(&self.shape)),
                "the file is damaged: write it again",
            ));
        }
        if size == Some(0) {
            return Ok(Vec::new());
        }
        let slab: Vec<SliceOrIndex> = ranges.iter().map(|r| r.clone().into()).collect();
        let values = self.data.read_slice::<T, _, ndarray::IxDyn>(hdf5::Hyperslab::from(slab));
        let values = values.map_err(|e| self.source.damaged(&self.name, &e))?;
        Ok(values.into_raw_vec_and_offset().0)
    }

    /// Some rows of a one-dimensional dataset.
    pub fn some<T: H5Type>(&self, rows: Range<usize>) -> Result<Vec<T>> {
        self.expect(&[None])?;
        self.block(&[rows])
    }

    /// All values, row-major.
    pub fn all<T: H5Type>(&self) -> Result<Vec<T>> {
        if self.shape.is_empty() {
            return Ok(vec![self.data.read_scalar().map_err(|e| self.source.damaged(&self.name, &e))?]);
        }
        let ranges: Vec<Range<usize>> = self.shape.iter().map(|n| 0..*n).collect();
        self.block(&ranges)
    }

    /// A one-dimensional dataset in bounded pieces: `each(first row, values)`.
    pub fn pieces<T: H5Type>(&self, mut each: impl FnMut(usize, Vec<T>) -> Result<()>) -> Result<()> {
        self.expect(&[None])?;
        let step = (PIECE_BYTES / size_of::<T>()).max(1);
        let mut at = 0;
        while at < self.rows() {
            let end = (at + step).min(self.rows());
            each(at, self.block(&[at..end])?)?;
            at = end;
        }
        Ok(())
    }

    /// Numbers that must all be finite.
    pub fn finite(&self) -> Result<Vec<f64>> {
        let values = self.all::<f64>()?;
        match values.iter().position(|v| !v.is_finite()) {
            None => Ok(values),
            Some(at) => {
                Err(self.wrong(format!("holds {} at entry {at}", values[at]), "every value must be finite"))
            }
        }
    }
}

fn shape_text(shape: &[usize]) -> String {
    let dims: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("({})", dims.join(", "))
}

/// A failure to write, told with what to do about it.
pub(super) fn cannot_write(path: &Path, why: &str) -> Error {
    let full =
        ["no space left", "file too large", "quota exceeded"].iter().any(|w| why.to_lowercase().contains(w));
    let remedy = if full {
        "make room or choose another folder; nothing that was valid before has been changed"
    } else {
        "choose an output file that can be written"
    };
    Error::new(Kind::Run, format!("{}: cannot be written ({why}); {remedy}", path.display()))
}
