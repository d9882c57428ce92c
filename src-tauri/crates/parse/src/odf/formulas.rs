//! Formulas of a container: each is an object in a folder of its own, whose content is MathML. Losing one loses no document.

use crate::archive::{Archive, resolve};
use crate::error::ParseError;
use crate::formula::mathml;
use crate::output::Output;
use crate::xml::{Token, Xml, text_of};
use std::collections::{BTreeSet, HashMap};

/// What the manifest calls a formula; the second one is OpenOffice 1's.
const KINDS: &[&str] = &[
    "application/vnd.oasis.opendocument.formula",
    "application/vnd.sun.xml.math",
];

/// The formulas of a document.
#[derive(Default)]
pub struct Formulas {
    /// By their folders, each until it is shown.
    texts: HashMap<String, String>,
    /// Those that could not be read, and why.
    pub lost: Vec<String>,
}

impl Formulas {
    /// Those that the manifest names.
    ///
    /// # Errors
    /// Over the limit of text; cancelled; out of time.
    pub fn read(archive: &mut Archive<'_>, manifest: &str, out: &Output<'_>) -> Result<Self, ParseError> {
        let mut formulas = Self::default();
        let mut bytes = 0;
        for folder in named(manifest, KINDS, out) {
            match formula(archive, &folder, out) {
                Ok(text) => {
                    bytes += text.len();
                    formulas.texts.insert(folder, text);
                }
                Err(error) => formulas.lost.push(format!("{folder}: {error}")),
            }
            out.gathering(bytes)?;
        }
        Ok(formulas)
    }

    /// What an object shows where it is a formula. Once: a small file could name the same one a million times.
    pub fn take(&mut self, object: &str) -> Option<String> {
        self.texts.remove(&folder(object))
    }
}

/// The folders of objects of these kinds.
pub fn named(manifest: &str, kinds: &[&str], out: &Output<'_>) -> BTreeSet<String> {
    let mut folders = BTreeSet::new();
    let mut xml = Xml::new(manifest, out.limits.xml_depth);
    while let Ok(Some(token)) = xml.next() {
        if let Token::Open(tag) = token
            && tag
                .attribute("media-type")
                .is_some_and(|kind| kinds.contains(&kind.as_str()))
            && let Some(path) = tag.attribute("full-path")
        {
            folders.insert(folder(&path));
        }
    }
    folders
}

/// A folder as all who name it mean it: `Object 1`, `Object 1/`, `./Object 1`, in OpenOffice 1 `#./Object 1`.
pub fn folder(path: &str) -> String {
    resolve("", path.trim_start_matches('#'))
}

fn formula(archive: &mut Archive<'_>, folder: &str, out: &Output<'_>) -> Result<String, ParseError> {
    let source = text_of(&archive.require(&format!("{folder}/content.xml"))?);
    let mut xml = Xml::new(&source, out.limits.xml_depth);
    while let Some(token) = xml.next()? {
        if let Token::Open(tag) = token
            && tag.name() == "math"
        {
            return mathml::read(&mut xml, out);
        }
    }
    Err(ParseError::damaged("it has no formula"))
}
