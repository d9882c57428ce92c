//! Model files: resumed after any interruption, checked against the promised SHA-256, never offered half.
//!
//! A download lives in `NAME.part` beside its target, with what the server said of it in `NAME.part.json`. The target appears by
//! one rename, after the last byte is on disk and its hash is right.

use crate::error::NetError;
use crate::gate::{Answer, Ask, Gate, Patience, Purpose};
use docmind_core::cancel::CancelToken;
use docmind_core::error::ErrorReport;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use ureq::http::{HeaderMap, Method, header};

const PATIENCE: Patience = Patience {
    answer: Duration::from_secs(30),
    piece: Duration::from_secs(30),
};
/// Attempts without a single new byte before it is given up. A byte that was fetched before is none: a server without ranges sends all of
/// them again.
const ATTEMPTS: u32 = 4;
/// Between two calls of the progress callback.
const TELL: Duration = Duration::from_millis(200);

/// A file to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// Where it is; its host must be allowed for [`Purpose::ModelDownload`].
    pub url: String,
    /// Where it goes. The folder exists.
    pub target: PathBuf,
    /// The SHA-256 of its content as 64 hexadecimal digits, where the catalogue knows it. Else the server's word counts
    /// (`x-linked-etag`, or an `etag` of that form).
    pub sha256: Option<String>,
    /// Its size in bytes, where the catalogue knows it.
    pub size: Option<u64>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// Bytes of the file.
    pub size: u64,
    /// Of its content.
    pub sha256: String,
    /// True where somebody had promised this hash; false where there was none to compare with.
    pub verified: bool,
    /// Bytes that were there already from an earlier attempt.
    pub resumed_from: u64,
}

/// What a server said of the file when its first byte came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Promise {
    url: String,
    etag: Option<String>,
    /// `last-modified`, as the server writes it.
    #[serde(default)]
    modified: Option<String>,
    sha256: Option<String>,
    size: Option<u64>,
}

impl Promise {
    /// What tells this very file from another under the same address, for a request to go on with it. A weak tag cannot say so.
    fn validator(&self) -> Option<&str> {
        let tag = self.etag.as_deref().filter(|etag| !etag.starts_with("W/"));
        tag.or(self.modified.as_deref())
    }

    /// Nothing that both say of the file differs.
    fn agrees(&self, other: &Self) -> bool {
        fn same<T: PartialEq>(a: Option<&T>, b: Option<&T>) -> bool {
            a.zip(b).is_none_or(|(a, b)| a == b)
        }
        same(self.etag.as_ref(), other.etag.as_ref())
            && same(self.size.as_ref(), other.size.as_ref())
            && (self.etag.is_some() || same(self.modified.as_ref(), other.modified.as_ref()))
    }
}

impl Download {
    /// Fetches it; `progress` gets bytes done and bytes in all (0 where unknown). What was fetched before a cancel or a failure is
    /// kept for the next call.
    ///
    /// # Errors
    /// A report of a [`NetError`].
    pub fn run(
        &self,
        gate: &Gate,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Downloaded, ErrorReport> {
        self.fetch(gate, cancel, progress).map_err(|error| error.report())
    }

    /// Deletes what an unfinished download left.
    ///
    /// # Errors
    /// `disk`.
    pub fn discard(&self) -> Result<(), ErrorReport> {
        for path in [self.part(), self.promise_path()] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(disk(&path, &error).report()),
                _ => {}
            }
        }
        Ok(())
    }

    fn part(&self) -> PathBuf {
        beside(&self.target, ".part")
    }

    fn promise_path(&self) -> PathBuf {
        beside(&self.target, ".part.json")
    }

    fn fetch(
        &self,
        gate: &Gate,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Downloaded, NetError> {
        gate.check(Purpose::ModelDownload, &self.url)?;
        let mut part = Part::open(&self.part(), cancel)?;
        let mut promise = self.remembered();
        if promise.is_none() {
            // Bytes of nobody knows what.
            part.restart()?;
        }
        let resumed_from = part.len;
        let (mut furthest, mut fruitless) = (part.len, 0);
        let mut known = promise.clone();
        loop {
            let attempt = self.attempt(gate, &mut part, &mut promise, cancel, progress);
            match attempt {
                Ok(()) => break,
                Err(
                    error @ (NetError::Unreachable { .. }
                    | NetError::Silent(_)
                    | NetError::Truncated(_)
                    | NetError::Busy(_)),
                ) => {
                    if let Some(now) = &promise
                        && known.replace(now.clone()).is_some_and(|before| !before.agrees(now))
                    {
                        // Another file than the one before begins at its first byte.
                        furthest = 0;
                    }
                    fruitless = if part.len > furthest { 0 } else { fruitless + 1 };
                    furthest = furthest.max(part.len);
                    if fruitless >= ATTEMPTS {
                        part.keep()?;
                        return Err(error);
                    }
                    tracing::info!(%error, at = part.len, "the download broke off, going on");
                    wait(Duration::from_millis(250 << fruitless), cancel)?;
                }
                Err(error) => {
                    part.keep()?;
                    return Err(error);
                }
            }
        }
        let promise = promise.unwrap_or_default();
        let sha256 = part.hash();
        let promised = self.sha256.as_deref().or(promise.sha256.as_deref());
        if promised.is_some_and(|promised| !promised.eq_ignore_ascii_case(&sha256)) {
            self.discard().map_err(|_| NetError::Corrupt)?;
            return Err(NetError::Corrupt);
        }
        let (size, path) = (part.len, part.finish()?);
        fs::rename(&path, &self.target).map_err(|error| disk(&self.target, &error))?;
        // The rename is on disk once its folder is.
        if let Some(folder) = self.target.parent() {
            match File::open(folder).and_then(|folder| folder.sync_all()) {
                Err(error) if cfg!(unix) => return Err(disk(folder, &error)),
                _ => {}
            }
        }
        let _ = fs::remove_file(self.promise_path());
        Ok(Downloaded {
            size,
            sha256,
            verified: promised.is_some(),
            resumed_from: resumed_from.min(size),
        })
    }

    /// What the server said when the part was begun; nothing where it was about another address.
    fn remembered(&self) -> Option<Promise> {
        let promise: Promise = serde_json::from_slice(&fs::read(self.promise_path()).ok()?).ok()?;
        (promise.url == self.url).then_some(promise)
    }

    /// One request, from where the part ends to where the file does.
    fn attempt(
        &self,
        gate: &Gate,
        part: &mut Part,
        promise: &mut Option<Promise>,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), NetError> {
        let mut headers = Vec::new();
        if part.len > 0 {
            headers.push((header::RANGE, format!("bytes={}-", part.len)));
            // Another file under the same address starts again instead of being glued on.
            if let Some(validator) = promise.as_ref().and_then(Promise::validator) {
                headers.push((header::IF_RANGE, validator.to_owned()));
            }
        }
        let ask = Ask {
            purpose: Purpose::ModelDownload,
            method: Method::GET,
            url: &self.url,
            headers,
            body: Vec::new(),
            patience: PATIENCE,
        };
        let mut answer = gate.ask(ask, cancel)?;
        let host = answer.origin.authority();
        match answer.status {
            206 => {
                let said = said(&answer, &self.url);
                let starts = range_start(&answer.headers);
                let same = promise.as_ref().is_none_or(|before| before.agrees(&said));
                if starts != Some(part.len) || !same {
                    part.restart()?;
                    *promise = None;
                    return Err(NetError::Truncated(host));
                }
            }
            200 => {
                part.restart()?;
                let said = said(&answer, &self.url);
                let bytes =
                    serde_json::to_vec(&said).map_err(|error| disk(&self.promise_path(), &io::Error::other(error)))?;
                fs::write(self.promise_path(), bytes).map_err(|error| disk(&self.promise_path(), &error))?;
                *promise = Some(said);
            }
            // Nothing is left after the part: it is whole, or of another file.
            416 => {
                if self.total(promise.as_ref()).is_some_and(|size| size == part.len) {
                    return Ok(());
                }
                part.restart()?;
                *promise = None;
                return Err(NetError::Truncated(host));
            }
            401 | 403 => {
                return Err(NetError::Denied {
                    host,
                    status: answer.status,
                });
            }
            429 | 500..=599 => return Err(NetError::Busy(host)),
            404 | 410 => return Err(NetError::FileMissing(self.url.clone())),
            status => {
                return Err(NetError::Refused {
                    host,
                    status,
                    words: "the file is not given out".into(),
                });
            }
        }
        let total = self.total(promise.as_ref());
        let most = total.unwrap_or(u64::MAX);
        let mut told: Option<Instant> = None;
        let mut buffer = vec![0; 128 << 10];
        loop {
            let count = match answer.body.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(gate.explain_read(&error, &answer.origin, cancel)),
            };
            if part.len + count as u64 > most {
                return Err(NetError::TooLarge(host));
            }
            part.append(&buffer[..count])?;
            if told.is_none_or(|told| told.elapsed() >= TELL) {
                told = Some(Instant::now());
                progress(part.len, total.unwrap_or(0));
            }
        }
        if total.is_some_and(|total| part.len < total) {
            return Err(NetError::Truncated(host));
        }
        progress(part.len, total.unwrap_or(part.len));
        Ok(())
    }

    fn total(&self, promise: Option<&Promise>) -> Option<u64> {
        self.size.or_else(|| promise.and_then(|promise| promise.size))
    }
}

/// The file as far as it is there, with its hash so far.
struct Part {
    path: PathBuf,
    file: File,
    len: u64,
    hasher: Sha256,
}

impl Part {
    /// Opens or creates it; what is there is read once for its hash.
    fn open(path: &Path, cancel: &CancelToken) -> Result<Self, NetError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(|error| disk(path, &error))?;
        let (mut hasher, mut len) = (Sha256::new(), 0);
        let mut buffer = vec![0; 1 << 20];
        loop {
            if cancel.is_cancelled() {
                return Err(NetError::Cancelled);
            }
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    hasher.update(&buffer[..count]);
                    len += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(disk(path, &error)),
            }
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            len,
            hasher,
        })
    }

    fn restart(&mut self) -> Result<(), NetError> {
        let emptied = self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0)));
        emptied.map_err(|error| disk(&self.path, &error))?;
        self.len = 0;
        self.hasher = Sha256::new();
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), NetError> {
        if let Err(error) = self.file.write_all(bytes) {
            // A half-written piece is not in the hash: cut it off again.
            let cut = self
                .file
                .set_len(self.len)
                .and_then(|()| self.file.seek(SeekFrom::Start(self.len)));
            if let Err(second) = cut {
                tracing::warn!(%second, "the part could not be cut to its last whole piece");
            }
            return Err(disk(&self.path, &error));
        }
        self.hasher.update(bytes);
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// To disk, for the next attempt.
    fn keep(&self) -> Result<(), NetError> {
        self.file.sync_data().map_err(|error| disk(&self.path, &error))
    }

    fn hash(&self) -> String {
        self.hasher
            .clone()
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    fn finish(self) -> Result<PathBuf, NetError> {
        self.file.sync_all().map_err(|error| disk(&self.path, &error))?;
        Ok(self.path)
    }
}

/// What an answer and the redirects before it say of the file.
fn said(answer: &Answer, url: &str) -> Promise {
    let text = |headers: &HeaderMap, name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let hops = || answer.on_the_way.iter().chain([&answer.headers]);
    let hash = |value: &str| {
        let bare = value.trim_start_matches("W/").trim_matches('"');
        (bare.len() == 64 && bare.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| bare.to_lowercase())
    };
    let sha256 = hops()
        .find_map(|headers| text(headers, "x-linked-etag").as_deref().and_then(hash))
        .or_else(|| hops().find_map(|headers| text(headers, "etag").as_deref().and_then(hash)));
    let linked = hops().find_map(|headers| text(headers, "x-linked-size")?.parse().ok());
    let own = || match answer.status {
        206 => range_total(&answer.headers),
        _ => text(&answer.headers, "content-length")?.parse().ok(),
    };
    Promise {
        url: url.to_owned(),
        etag: text(&answer.headers, "etag"),
        modified: text(&answer.headers, "last-modified"),
        sha256,
        size: linked.or_else(own),
    }
}

/// `bytes START-END/TOTAL`.
fn content_range(headers: &HeaderMap) -> Option<(&str, &str)> {
    headers
        .get(header::CONTENT_RANGE)?
        .to_str()
        .ok()?
        .strip_prefix("bytes ")?
        .split_once('/')
}

fn range_start(headers: &HeaderMap) -> Option<u64> {
    content_range(headers)?.0.split_once('-')?.0.parse().ok()
}

fn range_total(headers: &HeaderMap) -> Option<u64> {
    content_range(headers)?.1.parse().ok()
}

fn beside(target: &Path, suffix: &str) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    target.with_file_name(name)
}

fn disk(path: &Path, error: &io::Error) -> NetError {
    NetError::Disk {
        path: path.display().to_string(),
        reason: error.to_string(),
    }
}

fn wait(time: Duration, cancel: &CancelToken) -> Result<(), NetError> {
    let until = Instant::now() + time;
    while Instant::now() < until {
        if cancel.is_cancelled() {
            return Err(NetError::Cancelled);
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    Ok(())
}
