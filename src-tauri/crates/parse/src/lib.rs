//! The reading room: bytes of one file in, pages of text out, whatever the file is and whoever made it.
//!
//! [`Registry`] implements [`docmind_core::ports::DocumentParser`]: it finds the format by the file's content (its extension only
//! decides between text formats), streams pages, and ends every file in exactly one named state. It is linked into `docmind-parse`
//! alone, a child process: a panic is caught here, an abort costs one child and one file.
//!
//! | format | told by | a page is | read with |
//! |---|---|---|---|
//! | PDF | `%PDF-` | a page, words with rectangles | PDFium; `pdf-extract` where it is missing or fails |
//! | DOCX, DOCM; Word's XML | ZIP with `word/`; namespaces | the document | own, on quick-xml |
//! | PPTX, PPTM | ZIP with `ppt/` | a slide with its notes | own, on quick-xml |
//! | XLSX, XLSM | ZIP with `xl/` | a sheet | calamine, cell by cell |
//! | XLS | OLE with `Workbook` | a sheet | own, decrypted before where Excel would not ask for a password |
//! | all three under the password that Excel tries itself | OLE with `EncryptedPackage` | as what is inside | decrypted before, own on RustCrypto |
//! | XML of Excel 2003 | namespace | a sheet | own, on quick-xml |
//! | ODT, ODP, ODS, flat ones, those of OpenOffice 1 | ZIP with `mimetype`; namespace | the document, a slide, a sheet | own, on quick-xml |
//! | EPUB | ZIP with `mimetype` | a chapter, in the order of the spine | own, with html5ever |
//! | FictionBook 2 | its root element | the book | own, on quick-xml |
//! | RTF | `{\rtf` | the document | own |
//! | HTML, XHTML | its tags | the document, menus left out | html5ever's tokenizer |
//! | EML, EMLX, MHTML, mbox | header lines | the mail | mail-parser |
//! | MSG | OLE with `__properties` | the mail | own, on cfb |
//! | `winmail.dat` (TNEF), alone or in a mail | first bytes | the mail | own |
//! | Markdown, CSV, TSV, JSON, source code | extension | the document | pulldown-cmark, own, serde_json |
//! | JPEG, PNG, WebP | first bytes | the picture | Tesseract, where that was asked for ([`Registry::recognising`]) |
//! | TIFF | first bytes | a directory, one a scanned or faxed page | unpacked with tiff and fax, then as the others |
//! | plain text, other XML | what is left | the document | encoding_rs with chardetng |
//!
//! DOC, PPT and XLSB are `unsupported`, and the message names what to save them as; so are archives, recordings, databases and what
//! else is known by its first bytes. Pictures are `no_text`, and so are scans, unless [`Registry::recognising`] was asked for.
//!
//! ```no_run
//! use docmind_core::{cancel::CancelToken, document::ParseEvent};
//! use docmind_parse::Registry;
//!
//! let registry = Registry::new("runtime".as_ref());
//! let bytes = std::fs::read("report.pdf").expect("the report is there");
//! let outcome = registry.parse_bytes("report.pdf", &bytes, &CancelToken::new(), &mut |event| {
//!     if let ParseEvent::Page(page) = event {
//!         println!("page {}: {} words", page.number, page.words.len());
//!     }
//! });
//! if let Err(failure) = outcome {
//!     println!("{}: {failure}", failure.state.as_str());
//! }
//! ```
//!
//! Limits are in [`Limits`], all in one place. Deliberately not here: files (the only ones opened are PDFium's library and, for scans,
//! Tesseract's, at start), the network, chunking, and limits on the process (crates/wire).

mod archive;
mod chart;
mod delimited;
mod docx;
mod eml;
mod encoding;
mod encrypted;
mod epub;
mod error;
mod fb2;
mod formula;
mod grid;
mod html;
mod json;
mod limits;
mod markdown;
mod msg;
mod numbering;
mod odf;
mod ooxml;
mod output;
mod pdf;
mod picture;
mod plain;
mod pptx;
mod recognition;
mod registry;
mod rtf;
mod sheets;
mod sniff;
mod symbol;
mod text;
mod tnef;
mod xml;

pub use limits::Limits;
pub use pdf::render::{RenderRequest, RenderedPage};
pub use recognition::Recogniser;
pub use registry::Registry;
