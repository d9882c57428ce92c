//! Tokenizers: texts to ids for a model, and the places of tokens for the chunker.

use crate::batch::Row;
use crate::error::EmbedError;
use docmind_core::cancel::CancelToken;
use docmind_core::chunker::{Cut, HEADER_READ, TokenCounter};
use docmind_core::document::Page;
use docmind_core::words::addresses::{ADDRESS_ENDS, addresses};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::rc::Rc;
use tokenizers::{Tokenizer, TruncationParams};

/// Longest stretch tokenised at once: a whole book in one call takes 30 bytes of bookkeeping a byte of text.
const STRETCH: usize = 8 << 10;

/// Token ids of a text or a pair.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ids {
    pub(crate) ids: Vec<u32>,
    /// Where the second text of a pair begins; past the end without one.
    pub(crate) second: usize,
}

impl Ids {
    pub(crate) fn row(&self) -> Row<'_> {
        Row {
            ids: &self.ids,
            second: self.second,
        }
    }
}

/// A model's tokenizer: special tokens added, cut at the model's maximum.
pub(crate) struct ModelTokenizer {
    tokenizer: Tokenizer,
    /// Specials written before and after one text.
    before: Vec<u32>,
    after: Vec<u32>,
    pub(crate) pad: u32,
    pub(crate) most: usize,
}

impl ModelTokenizer {
    pub(crate) fn open(path: &Path, max_tokens: u32) -> Result<Self, EmbedError> {
        let mut tokenizer = open(path)?;
        let most = max_tokens as usize;
        let truncation = TruncationParams {
            max_length: most,
            ..TruncationParams::default()
        };
        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(Some(truncation))
            .map_err(|error| EmbedError::invalid(path, "its tokenizer cannot cut texts", error))?;
        let probe = tokenizer
            .encode("a", true)
            .map_err(|error| EmbedError::invalid(path, "its tokenizer fails", error))?;
        let special = probe.get_special_tokens_mask();
        let first = special.iter().position(|mask| *mask == 0).unwrap_or(special.len());
        let behind = special
            .iter()
            .rposition(|mask| *mask == 0)
            .map_or(special.len(), |last| last + 1);
        let pad = ["[PAD]", "<pad>", "<|padding|>"]
            .iter()
            .find_map(|name| tokenizer.token_to_id(name))
            .unwrap_or(0);
        let (before, after) = (probe.get_ids()[..first].to_vec(), probe.get_ids()[behind..].to_vec());
        Ok(Self {
            tokenizer,
            before,
            after,
            pad,
            most,
        })
    }

    pub(crate) fn ids(&self, text: &str) -> Result<Ids, String> {
        let encoding = self
            .tokenizer
            .encode_fast(text, true)
            .map_err(|error| error.to_string())?;
        Ok(Ids {
            ids: encoding.get_ids().to_vec(),
            second: usize::MAX,
        })
    }

    pub(crate) fn pair(&self, first: &str, second: &str) -> Result<Ids, String> {
        let encoding = self
            .tokenizer
            .encode_fast((first, second), true)
            .map_err(|error| error.to_string())?;
        let second = encoding
            .get_type_ids()
            .iter()
            .position(|kind| *kind == 1)
            .unwrap_or(usize::MAX);
        Ok(Ids {
            ids: encoding.get_ids().to_vec(),
            second,
        })
    }

    /// The ids of parts tokenised before, as one text.
    fn joined<'a>(&self, parts: impl IntoIterator<Item = &'a [u32]>) -> Ids {
        let mut ids = self.before.clone();
        for part in parts {
            ids.extend_from_slice(part);
        }
        ids.truncate(self.most - self.after.len());
        ids.extend_from_slice(&self.after);
        Ids {
            ids,
            second: usize::MAX,
        }
    }
}

fn open(path: &Path) -> Result<Tokenizer, EmbedError> {
    let bytes = std::fs::read(path).map_err(|_| EmbedError::Missing { path: path.to_owned() })?;
    Tokenizer::from_bytes(bytes).map_err(|error| EmbedError::invalid(path, "its tokenizer cannot be read", error))
}

/// The tokenizer that measures chunks.
pub(crate) struct ChunkTokenizer {
    tokenizer: Tokenizer,
    /// The model reads the same tokens, so that a chunk's ids are cut out of its page's instead of being made again.
    is_the_models: bool,
}

impl ChunkTokenizer {
    /// `path` is the default embedder's tokenizer, `model` the tokenizer in use.
    pub(crate) fn open(path: &Path, model: &Path) -> Result<Self, EmbedError> {
        let mut tokenizer = open(path)?;
        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(None)
            .map_err(|error| EmbedError::invalid(path, "its tokenizer cannot be used uncut", error))?;
        let is_the_models = path == model
            || std::fs::read(path)
                .ok()
                .is_some_and(|bytes| std::fs::read(model).is_ok_and(|other| other == bytes));
        Ok(Self {
            tokenizer,
            is_the_models,
        })
    }

    /// Tokens of a text of any length; none once cancelled.
    fn encode(&self, text: &str, cancel: &CancelToken) -> Result<Encoded, String> {
        let mut encoded = Encoded::default();
        let mut done = 0;
        while done < text.len() && !cancel.is_cancelled() {
            let end = stretch_end(text, done);
            let stretch = &text[done..end];
            let encoding = self
                .tokenizer
                .encode(stretch, false)
                .map_err(|error| error.to_string())?;
            let offsets = encoding.get_offsets();
            let all = offsets.len();
            let mut from = 0;
            for left_out in inside_addresses(stretch, offsets)
                .into_iter()
                .chain(std::iter::once(all..all))
            {
                let kept = from..left_out.start;
                encoded.ids.extend_from_slice(&encoding.get_ids()[kept.clone()]);
                let starts = offsets[kept].iter().map(|(start, _)| (done + start) as u32);
                encoded.starts.extend(starts);
                from = left_out.end;
            }
            done = end;
        }
        Ok(encoded)
    }
}

/// The tokens that are left out of web addresses, by their places, ascending: of each, [`ADDRESS_ENDS`] at either end are read.
fn inside_addresses(text: &str, offsets: &[(usize, usize)]) -> Vec<Range<usize>> {
    let token = |byte: usize| offsets.partition_point(|(start, _)| *start < byte);
    addresses(text)
        .into_iter()
        .map(|address| token(address.start) + ADDRESS_ENDS..token(address.end).saturating_sub(ADDRESS_ENDS))
        .filter(|inside| inside.start < inside.end)
        .collect()
}

/// Where a stretch that begins at `start` ends: behind white space, or far out in text that has none.
fn stretch_end(text: &str, start: usize) -> usize {
    let bound = text.floor_char_boundary(start.saturating_add(STRETCH));
    if bound == text.len() {
        return bound;
    }
    let back = text[start..bound].rfind(char::is_whitespace).map(|at| start + at);
    let space = back
        .filter(|at| *at > start)
        .or_else(|| text[bound..].find(char::is_whitespace).map(|at| bound + at));
    space.map_or(text.len(), |at| text.ceil_char_boundary(at + 1))
}

#[derive(Clone, Debug, Default)]
struct Encoded {
    ids: Vec<u32>,
    /// Byte offset of each token.
    starts: Vec<u32>,
}

/// Counts the tokens of one document for the chunker and keeps what it saw, so that nothing is tokenised twice.
pub(crate) struct DocumentTokens<'a> {
    chunks: &'a ChunkTokenizer,
    model: &'a ModelTokenizer,
    pages: &'a [Page],
    cancel: &'a CancelToken,
    next_page: Cell<usize>,
    page: RefCell<Encoded>,
    /// Heading paths and table headers.
    small: RefCell<HashMap<String, Rc<Encoded>>>,
    failure: RefCell<Option<String>>,
}

impl<'a> DocumentTokens<'a> {
    pub(crate) fn new(
        chunks: &'a ChunkTokenizer,
        model: &'a ModelTokenizer,
        pages: &'a [Page],
        cancel: &'a CancelToken,
    ) -> Self {
        Self {
            chunks,
            model,
            pages,
            cancel,
            next_page: Cell::new(0),
            page: RefCell::default(),
            small: RefCell::default(),
            failure: RefCell::default(),
        }
    }

    /// The first failure of the tokenizer, if there was one.
    pub(crate) fn into_failure(self) -> Option<String> {
        self.failure.into_inner()
    }

    fn encode(&self, text: &str) -> Encoded {
        self.chunks.encode(text, self.cancel).unwrap_or_else(|error| {
            self.failure.borrow_mut().get_or_insert(error);
            Encoded::default()
        })
    }

    fn small(&self, text: &str) -> Rc<Encoded> {
        if let Some(known) = self.small.borrow().get(text) {
            return Rc::clone(known);
        }
        let encoded = Rc::new(self.encode(text));
        let mut small = self.small.borrow_mut();
        if small.len() >= 1024 {
            small.clear();
        }
        small.insert(text.to_owned(), Rc::clone(&encoded));
        encoded
    }

    /// The model's ids of a chunk's `indexed_text` behind `prefix`.
    pub(crate) fn ids(&self, prefix: &str, cut: &Cut) -> Result<Ids, String> {
        let text = &self.pages[cut.page_index].text;
        let is_break = |c: Option<char>| c.is_none_or(char::is_whitespace);
        let whole_words =
            is_break(text[..cut.bytes.start].chars().next_back()) && is_break(text[cut.bytes.end..].chars().next());
        if !(self.chunks.is_the_models && whole_words && prefix.is_empty()) {
            return self.model.ids(&format!("{prefix}{}", cut.draft.indexed_text()));
        }
        let page = self.page.borrow();
        let from = page.starts.partition_point(|at| (*at as usize) < cut.bytes.start);
        let to = page.starts.partition_point(|at| (*at as usize) < cut.bytes.end);
        let path = self.small(&cut.draft.heading.join(" › "));
        let header = self.small(&cut.draft.table_header);
        let header = &header.ids[..header.ids.len().min(HEADER_READ as usize)];
        Ok(self.model.joined([&path.ids[..], header, &page.ids[from..to]]))
    }
}

impl TokenCounter for DocumentTokens<'_> {
    fn token_starts(&self, text: &str) -> Vec<u32> {
        // A page is known by where its text stands, and no text stands nowhere: the heading path of a passage without headings would be
        // taken for a blank page that follows, and the rest of this page's passages be cut out of its tokens, which are none.
        if text.is_empty() {
            return Vec::new();
        }
        let mut next = self.next_page.get();
        while self.pages.get(next).is_some_and(|page| page.text.is_empty()) {
            next += 1;
        }
        let is_page = self
            .pages
            .get(next)
            .is_some_and(|page| std::ptr::eq(page.text.as_str(), text));
        self.next_page.set(next + usize::from(is_page));
        if !is_page {
            return self.small(text).starts.clone();
        }
        let encoded = self.encode(text);
        let starts = encoded.starts.clone();
        *self.page.borrow_mut() = encoded;
        starts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docmind_core::chunker::Chunker;

    #[test]
    fn stretches_end_behind_white_space() {
        let text = format!("{} {}", "a".repeat(STRETCH - 10), "b".repeat(40));
        let first = stretch_end(&text, 0);
        assert_eq!(first, STRETCH - 9);
        assert_eq!(stretch_end(&text, first), text.len());
        let solid = "é".repeat(STRETCH);
        assert_eq!(stretch_end(&solid, 0), solid.len());
        assert_eq!(stretch_end(&format!("{solid} x"), 0), solid.len() + 1);
    }

    #[test]
    fn a_blank_page_takes_no_tokens_from_the_page_before_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("tokenizer.json");
        let words = r#"{
            "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
            "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
            "model": {"type": "WordLevel", "vocab": {"[UNK]": 0, "a": 1, "one": 2, "two": 3, "three": 4}, "unk_token": "[UNK]"}
        }"#;
        std::fs::write(&path, words).expect("the tokenizer is written");
        let model = ModelTokenizer::open(&path, 16).expect("the tokenizer opens");
        let chunks = ChunkTokenizer::open(&path, &path).expect("the tokenizer opens");
        let pages = ["one two", "", "", "three", ""].map(|text| Page {
            text: text.to_owned(),
            ..Page::default()
        });
        let cancel = CancelToken::new();
        let tokens = DocumentTokens::new(&chunks, &model, &pages, &cancel);
        let mut ids = Vec::new();
        // Without a title or a heading the path is empty, as a blank page is.
        Chunker::new(&tokens).cut("", &pages, &mut |cut| {
            ids.push(tokens.ids("", &cut).expect("the tokenizer works").ids);
        });
        assert_eq!(ids, [vec![2, 3], vec![4]]);
    }

    #[test]
    fn of_a_web_address_both_ends_are_read() {
        // A token a letter.
        let inside = |text: &str| {
            let offsets: Vec<(usize, usize)> = text.char_indices().map(|(at, c)| (at, at + c.len_utf8())).collect();
            inside_addresses(text, &offsets)
                .into_iter()
                .map(|range| text[offsets[range.start].0..offsets[range.end].0].to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            inside("see (https://shop.example/a/long/path/to/bags-of-felt) or http://example.org现在又有很多书"),
            ["//shop.example/a/long/path/to/bags-of", "/examp"]
        );
        assert_eq!(inside("a://b://c://d://e").concat(), "//c:/");
        assert!(inside("ftp://a.b is short; so is :// alone").is_empty());
    }
}
