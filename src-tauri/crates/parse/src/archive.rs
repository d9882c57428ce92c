//! ZIP containers (OOXML, OpenDocument, EPUB), read by counting what really comes out.

use crate::error::ParseError;
use crate::limits::Limits;
use std::collections::HashMap;
use std::io::{Cursor, Read};
use zip::ZipArchive;
use zip::result::ZipError;

/// An open container over the file's bytes.
pub struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    names: Vec<String>,
    /// Places of the names as [`comparable`] makes them.
    places: HashMap<String, usize>,
    inflated: u64,
    limits: Limits,
}

impl<'a> Archive<'a> {
    /// Opens a container; nothing is inflated yet.
    ///
    /// # Errors
    /// `Damaged` where it is no ZIP, `TooLarge` over the limit of entries.
    pub fn open(bytes: &'a [u8], limits: Limits) -> Result<Self, ParseError> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| ParseError::damaged(format!("ZIP: {error}")))?;
        if zip.len() > limits.zip_entries {
            return Err(ParseError::too_large(format!(
                "its container has {} parts, more than {}",
                zip.len(),
                limits.zip_entries
            )));
        }
        let names: Vec<String> = (0..zip.len())
            .map(|index| {
                zip.name_for_index(index)
                    .and_then(Result::ok)
                    .map_or_else(String::new, std::borrow::Cow::into_owned)
            })
            .collect();
        let mut places = HashMap::with_capacity(names.len());
        for (index, name) in names.iter().enumerate() {
            places.entry(comparable(name)).or_insert(index);
        }
        Ok(Self {
            zip,
            names,
            places,
            inflated: 0,
            limits,
        })
    }

    /// Names of all entries.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The name of the entry meant by `path`: as written, else whatever the case and the slashes (some producers write backslashes
    /// or a slash first).
    pub fn find(&self, path: &str) -> Option<usize> {
        let place = *self.places.get(&comparable(path))?;
        // Another entry may be written exactly so.
        let path = path.trim_start_matches('/');
        if self.names[place] == path {
            return Some(place);
        }
        self.zip.index_for_name_raw(path.as_bytes()).or(Some(place))
    }

    /// True when there is such an entry.
    pub fn has(&self, path: &str) -> bool {
        self.find(path).is_some()
    }

    /// The bytes of an entry; `None` when there is none of that name.
    ///
    /// # Errors
    /// `NeedsPassword`, `Damaged`, `TooLarge` past the limits of bytes or ratio.
    pub fn read(&mut self, path: &str) -> Result<Option<Vec<u8>>, ParseError> {
        let Some(index) = self.find(path) else { return Ok(None) };
        self.read_index(index).map(Some)
    }

    /// Writes the bytes of an entry somewhere; none where there is none of that name.
    ///
    /// # Errors
    /// As [`Archive::read`].
    pub fn copy(&mut self, path: &str, into: &mut dyn std::io::Write) -> Result<(), ParseError> {
        match self.find(path) {
            Some(index) => self.inflate(index, into),
            None => Ok(()),
        }
    }

    /// The bytes of an entry that the format cannot do without.
    ///
    /// # Errors
    /// As [`Archive::read`]; `Damaged` when it is missing.
    pub fn require(&mut self, path: &str) -> Result<Vec<u8>, ParseError> {
        self.read(path)?
            .ok_or_else(|| ParseError::damaged(format!("the part `{path}` is missing")))
    }

    /// Inflates everything and throws it away, so that a library that trusts sizes may open the file afterwards.
    ///
    /// # Errors
    /// `TooLarge` past the limits; broken entries are left to the library.
    pub fn weigh(&mut self) -> Result<(), ParseError> {
        for index in 0..self.zip.len() {
            match self.inflate(index, &mut std::io::sink()) {
                Ok(()) | Err(ParseError::Damaged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        self.inflated = 0;
        Ok(())
    }

    fn read_index(&mut self, index: usize) -> Result<Vec<u8>, ParseError> {
        let mut bytes = Vec::new();
        self.inflate(index, &mut bytes)?;
        Ok(bytes)
    }

    fn inflate(&mut self, index: usize, into: &mut dyn std::io::Write) -> Result<(), ParseError> {
        let limits = self.limits;
        let mut entry = match self.zip.by_index(index) {
            Ok(entry) => entry,
            Err(ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword) => {
                return Err(ParseError::NeedsPassword);
            }
            Err(error) => return Err(ParseError::damaged(format!("ZIP: {error}"))),
        };
        let packed = entry.compressed_size().max(1);
        let mut buffer = vec![0_u8; 64 << 10];
        let mut size = 0_u64;
        loop {
            let read = match entry.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                // All bytes came; only their checksum disagrees. Word reads such files, and so do we.
                Err(error) if error.to_string().to_lowercase().contains("checksum") && size > 0 => return Ok(()),
                Err(error) => return Err(ParseError::damaged(format!("ZIP: {error}"))),
            };
            size += read as u64;
            self.inflated += read as u64;
            if self.inflated > limits.inflated_bytes {
                return Err(ParseError::too_large(format!(
                    "it unpacks to more than {} MiB",
                    limits.inflated_bytes >> 20
                )));
            }
            if size > limits.ratio_grace_bytes && size / packed > limits.inflate_ratio {
                return Err(ParseError::too_large(format!(
                    "a part of it unpacks to more than {} times its size",
                    limits.inflate_ratio
                )));
            }
            into.write_all(&buffer[..read])
                .map_err(|error| ParseError::damaged(format!("ZIP: {error}")))?;
        }
    }
}

/// A name without what producers disagree on.
fn comparable(name: &str) -> String {
    name.replace('\\', "/").trim_start_matches('/').to_ascii_lowercase()
}

/// `target` as named from `base` (a part's path): `../media/a.png` seen from `ppt/slides/slide1.xml` is `ppt/media/a.png`.
pub fn resolve(base: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let target = target.split(['#', '?']).next().unwrap_or_default();
    let mut parts: Vec<&str> = if target.starts_with('/') {
        Vec::new()
    } else {
        let mut folder: Vec<&str> = base.split('/').collect();
        folder.pop();
        folder
    };
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_seen_from_their_part() {
        assert_eq!(
            resolve("ppt/slides/slide1.xml", "../notesSlides/n.xml"),
            "ppt/notesSlides/n.xml"
        );
        assert_eq!(
            resolve("word/document.xml", "/word/footnotes.xml"),
            "word/footnotes.xml"
        );
        assert_eq!(resolve("OEBPS/content.opf", "a/b.xhtml#c"), "OEBPS/a/b.xhtml");
        assert_eq!(resolve("a.xml", "../../../etc/passwd"), "etc/passwd");
    }
}
