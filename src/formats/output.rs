//! Files that appear under their name only when they are complete.

use crate::error::{Error, Kind, Result};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file being written beside its final place.
#[derive(Debug)]
pub(in crate::formats) struct Output {
    path: PathBuf,
    temporary: PathBuf,
    /// `None` once it is finished.
    writer: Option<BufWriter<File>>,
}

impl Output {
    pub fn create(path: &Path) -> Result<Output> {
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        let temporary = PathBuf::from(name);
        let file = File::create(&temporary).map_err(|e| failed(path, e))?;
        Ok(Output { path: path.to_owned(), temporary, writer: Some(BufWriter::with_capacity(1 << 16, file)) })
    }

    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.writer {
            Some(w) => w.write_all(bytes).map_err(|e| failed(&self.path, e)),
            None => Ok(()),
        }
    }

    /// Makes the file appear.
    pub fn finish(mut self) -> Result<()> {
        let Some(mut writer) = self.writer.take() else { return Ok(()) };
        let done = writer.flush().and_then(|()| writer.get_ref().sync_all());
        drop(writer);
        done.and_then(|()| std::fs::rename(&self.temporary, &self.path)).map_err(|e| {
            // Nobody will need what could not be completed.
            let _ = std::fs::remove_file(&self.temporary);
            failed(&self.path, e)
        })
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.writer.take().is_some() {
            let _ = std::fs::remove_file(&self.temporary);
        }
    }
}

fn failed(path: &Path, e: std::io::Error) -> Error {
    Error::new(
        Kind::Run,
        format!("{}: cannot be written ({e}); check the folder and the space left", path.display()),
    )
}
