//! Text recognition (OCR) of the picture of a page, by Tesseract.
//!
//! The library and its languages are the system's (`libtesseract.so.5`, the packages `tesseract-ocr-*` of Debian). All are loaded when
//! the process starts: once it is confined it opens no file.

#![expect(unsafe_code, reason = "Tesseract has a C interface")]

mod orientation;
mod turn;

use libloading::{Library, Symbol};
use orientation::Detector;
use std::ffi::{CStr, CString, c_char, c_float, c_int, c_void};
use std::path::Path;
use std::ptr::{self, NonNull};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use turn::{GrayPicture, Turn};

/// Names of the library, newest interface first; only the functions that both have are used.
const NAMES: &[&str] = if cfg!(windows) {
    &["libtesseract-5.dll"]
} else if cfg!(target_os = "macos") {
    &["libtesseract.5.dylib"]
} else {
    &["libtesseract.so.5", "libtesseract.so.4"]
};
const POINTS_PER_INCH: f32 = 72.0;

// `PageIteratorLevel` of Tesseract's `publictypes.h`.
const TEXT_LINE: c_int = 2;
const WORD: c_int = 3;
/// Layout found by itself, the page taken for upright.
const AUTOMATIC: c_int = 3;

type Handle = *mut c_void;
/// What gives two points of what an iterator is at.
type Places = unsafe extern "C" fn(Handle, c_int, *mut c_int, *mut c_int, *mut c_int, *mut c_int) -> c_int;

/// A word that was recognised. Places are in pixels from the picture's top left.
#[derive(Clone, Debug, PartialEq)]
pub struct RecognisedWord {
    /// Not empty, without white space.
    pub text: String,
    /// How sure it is, 0 to 100.
    pub confidence: f32,
    /// Left and right edge.
    pub across: (f32, f32),
    /// Upper and lower edge of the row of letters that it stands in.
    pub row: (f32, f32),
    /// Its line runs downwards: Tesseract took a page on its side for vertical writing.
    pub downwards: bool,
    /// The last of its line.
    pub ends_line: bool,
}

/// Why a page was not recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unrecognised {
    /// Somebody asked to stop.
    Stopped,
    /// Tesseract gave it up: it took too long, or cannot read such a picture.
    Failed,
}

/// Tesseract with its languages loaded.
pub struct Recogniser {
    api: Mutex<Api>,
    languages: String,
}

struct Api {
    /// Keeps the functions below in memory.
    _library: Library,
    functions: Functions,
    handle: NonNull<c_void>,
    detector: Option<Detector>,
}

// SAFETY: the handles are used by one thread at a time, behind the mutex of `Recogniser`; Tesseract ties them to none.
unsafe impl Send for Api {}

macro_rules! functions {
    ($($name:ident = $symbol:literal: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        #[derive(Clone, Copy)]
        struct Functions {
            $($name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
        }

        impl Functions {
            /// # Safety
            /// `library` is Tesseract, whose `capi.h` declares them so.
            unsafe fn of(library: &Library) -> Result<Self, libloading::Error> {
                Ok(Self {
                    $($name: {
                        // SAFETY: the caller's promise.
                        let symbol: Symbol<'_, unsafe extern "C" fn($($argument),*) $(-> $result)?> =
                            unsafe { library.get($symbol.to_bytes_with_nul()) }?;
                        *symbol
                    },)*
                })
            }
        }
    };
}

functions! {
    create = c"TessBaseAPICreate": fn() -> Handle;
    delete = c"TessBaseAPIDelete": fn(Handle);
    init = c"TessBaseAPIInit3": fn(Handle, *const c_char, *const c_char) -> c_int;
    set_mode = c"TessBaseAPISetPageSegMode": fn(Handle, c_int);
    set_image = c"TessBaseAPISetImage": fn(Handle, *const u8, c_int, c_int, c_int, c_int);
    set_resolution = c"TessBaseAPISetSourceResolution": fn(Handle, c_int);
    recognize = c"TessBaseAPIRecognize": fn(Handle, Handle) -> c_int;
    clear = c"TessBaseAPIClear": fn(Handle);
    iterator = c"TessBaseAPIGetIterator": fn(Handle) -> Handle;
    delete_iterator = c"TessResultIteratorDelete": fn(Handle);
    next = c"TessResultIteratorNext": fn(Handle, c_int) -> c_int;
    text = c"TessResultIteratorGetUTF8Text": fn(Handle, c_int) -> *mut c_char;
    delete_text = c"TessDeleteText": fn(*const c_char);
    confidence = c"TessResultIteratorConfidence": fn(Handle, c_int) -> c_float;
    pages = c"TessResultIteratorGetPageIterator": fn(Handle) -> Handle;
    bounds = c"TessPageIteratorBoundingBox": fn(Handle, c_int, *mut c_int, *mut c_int, *mut c_int, *mut c_int) -> c_int;
    baseline = c"TessPageIteratorBaseline": fn(Handle, c_int, *mut c_int, *mut c_int, *mut c_int, *mut c_int) -> c_int;
    attributes = c"TessResultIteratorWordFontAttributes": fn(Handle, *mut c_int, *mut c_int, *mut c_int, *mut c_int, *mut c_int, *mut c_int, *mut c_int, *mut c_int) -> *const c_char;
    is_last = c"TessPageIteratorIsAtFinalElement": fn(Handle, c_int, c_int) -> c_int;
    create_monitor = c"TessMonitorCreate": fn() -> Handle;
    delete_monitor = c"TessMonitorDelete": fn(Handle);
    set_cancel = c"TessMonitorSetCancelFunc": fn(Handle, Option<extern "C" fn(*mut c_void, c_int) -> bool>);
    set_cancel_this = c"TessMonitorSetCancelThis": fn(Handle, *mut c_void);
    set_deadline = c"TessMonitorSetDeadlineMSecs": fn(Handle, c_int);
    version = c"TessVersion": fn() -> *const c_char;
}

impl Functions {
    /// Gives a handle the picture, of which Tesseract makes a copy.
    ///
    /// # Safety
    /// The handle is alive.
    unsafe fn show(
        &self,
        handle: NonNull<c_void>,
        picture: &GrayPicture,
        dots_per_inch: u32,
    ) -> Result<(), Unrecognised> {
        let GrayPicture { width, height, pixels } = picture;
        assert_eq!(
            pixels.len(),
            *width as usize * *height as usize,
            "BUG: a byte for each pixel"
        );
        let side = |pixels: u32| c_int::try_from(pixels).map_err(|_| Unrecognised::Failed);
        let (across, down, resolution) = (side(*width)?, side(*height)?, side(dots_per_inch)?);
        // SAFETY: the caller's promise; there are `width · height` pixels of one byte.
        unsafe {
            (self.set_image)(handle.as_ptr(), pixels.as_ptr(), across, down, 1, across);
            (self.set_resolution)(handle.as_ptr(), resolution);
        }
        Ok(())
    }
}

impl Recogniser {
    /// Loads Tesseract, and from the folder `tessdata` the languages, such as `deu+eng`, and what tells turned pages where that is there.
    ///
    /// # Errors
    /// Why it cannot be used, for a person.
    pub fn load(tessdata: &Path, languages: &str) -> Result<Self, String> {
        // SAFETY: Tesseract's library does nothing when it is loaded but set up its own tables.
        let open = |name: &&str| unsafe { Library::new(name) };
        let mut tried = NAMES.iter().map(open);
        let library = tried
            .find_map(Result::ok)
            .ok_or_else(|| format!("`{}` is not installed", NAMES[0]))?;
        let folder = tessdata.to_str().and_then(|path| CString::new(path).ok());
        let (Some(folder), Ok(wanted)) = (folder, CString::new(languages)) else {
            return Err(format!(
                "the folder `{}` cannot be named to Tesseract",
                tessdata.display()
            ));
        };
        // SAFETY: the names are those of Tesseract alone.
        let functions = unsafe { Functions::of(&library) }.map_err(|error| error.to_string())?;
        // SAFETY: takes nothing.
        let handle = NonNull::new(unsafe { (functions.create)() }).ok_or("Tesseract gave no handle")?;
        // SAFETY: the library is Tesseract, and the functions are its own.
        let detector = unsafe { Detector::load(&library, &functions, tessdata, &folder) };
        let api = Api {
            _library: library,
            functions,
            handle,
            detector,
        };
        // SAFETY: the handle is alive, both strings end with a zero and outlive the call.
        if unsafe { (functions.init)(handle.as_ptr(), folder.as_ptr(), wanted.as_ptr()) } != 0 {
            return Err(format!("Tesseract has no `{languages}` in `{}`", tessdata.display()));
        }
        // SAFETY: the handle is alive.
        unsafe { (functions.set_mode)(handle.as_ptr(), AUTOMATIC) };
        Ok(Self {
            api: Mutex::new(api),
            languages: languages.to_owned(),
        })
    }

    /// What reads, such as `Tesseract 5.3.0, deu+eng`.
    pub fn name(&self) -> String {
        let api = self.lock();
        // SAFETY: a constant text of the library, which is loaded.
        let version = unsafe { CStr::from_ptr((api.functions.version)()) };
        format!("Tesseract {}, {}", version.to_string_lossy(), self.languages)
    }

    /// How a picture is turned; nothing where Tesseract cannot tell, or `osd.traineddata` is not installed. Takes half a second, in which
    /// nobody is asked whether to stop.
    pub fn orientation(&self, picture: &GrayPicture, dots_per_inch: u32) -> Option<Turn> {
        let api = self.lock();
        api.detector.as_ref()?.ask(&api.functions, picture, dots_per_inch)
    }

    /// The words of a picture in Tesseract's reading order. `watch` is asked all the while; once it says true, that is the end.
    ///
    /// # Errors
    /// Stopped, or given up after `time`.
    pub fn recognise(
        &self,
        picture: &GrayPicture,
        dots_per_inch: u32,
        time: Duration,
        watch: &mut dyn FnMut() -> bool,
    ) -> Result<Vec<RecognisedWord>, Unrecognised> {
        let api = self.lock();
        // SAFETY: the handle is alive.
        unsafe { api.functions.show(api.handle, picture, dots_per_inch) }?;
        let words = api.run(time, watch).map(|()| api.words(dots_per_inch));
        // SAFETY: the handle is alive, and no iterator into its results is.
        unsafe { (api.functions.clear)(api.handle.as_ptr()) };
        words
    }

    fn lock(&self) -> MutexGuard<'_, Api> {
        self.api.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the monitor's callback is given.
struct Watch<'a> {
    watch: &'a mut dyn FnMut() -> bool,
    stopped: bool,
}

extern "C" fn is_cancelled(watch: *mut c_void, _words: c_int) -> bool {
    // SAFETY: `Api::run` set it to a `Watch` that outlives the recognition, and reads it only afterwards.
    let watch = unsafe { &mut *watch.cast::<Watch<'_>>() };
    watch.stopped = watch.stopped || (watch.watch)();
    watch.stopped
}

impl Api {
    fn run(&self, time: Duration, watch: &mut dyn FnMut() -> bool) -> Result<(), Unrecognised> {
        let functions = &self.functions;
        let deadline_ms = c_int::try_from(time.as_millis()).unwrap_or(c_int::MAX);
        if deadline_ms == 0 {
            // To Tesseract none at all.
            return Err(Unrecognised::Failed);
        }
        let mut watch = Watch { watch, stopped: false };
        // SAFETY: the monitor is made, used and deleted here; `watch` outlives it.
        let status = unsafe {
            let monitor = (functions.create_monitor)();
            if monitor.is_null() {
                return Err(Unrecognised::Failed);
            }
            (functions.set_cancel)(monitor, Some(is_cancelled));
            (functions.set_cancel_this)(monitor, (&raw mut watch).cast());
            (functions.set_deadline)(monitor, deadline_ms);
            let status = (functions.recognize)(self.handle.as_ptr(), monitor);
            (functions.delete_monitor)(monitor);
            status
        };
        match (watch.stopped, status) {
            (true, _) => Err(Unrecognised::Stopped),
            (false, 0) => Ok(()),
            (false, _) => Err(Unrecognised::Failed),
        }
    }

    /// The words of what was recognised last.
    fn words(&self, dots_per_inch: u32) -> Vec<RecognisedWord> {
        let functions = &self.functions;
        let mut words = Vec::new();
        // SAFETY: the handle is alive; null stands for a page without a word.
        let iterator = unsafe { (functions.iterator)(self.handle.as_ptr()) };
        if iterator.is_null() {
            return words;
        }
        loop {
            words.extend(self.word(iterator, dots_per_inch));
            // SAFETY: the iterator is alive.
            if unsafe { (functions.next)(iterator, WORD) } == 0 {
                break;
            }
        }
        // SAFETY: it came from `iterator`, and is not used any more.
        unsafe { (functions.delete_iterator)(iterator) };
        words
    }

    fn word(&self, iterator: Handle, dots_per_inch: u32) -> Option<RecognisedWord> {
        let functions = &self.functions;
        let mut size: c_int = 0;
        // SAFETY: the iterator is alive; the page iterator is a view of it; the text is copied before it is deleted; the places that the
        // attributes are written to are, and the name of the font is not read.
        let (text, confidence, pages, ends_line) = unsafe {
            let pages = (functions.pages)(iterator);
            let raw = (functions.text)(iterator, WORD);
            if raw.is_null() || pages.is_null() {
                return None;
            }
            let text = CStr::from_ptr(raw)
                .to_string_lossy()
                .split_whitespace()
                .collect::<String>();
            (functions.delete_text)(raw);
            let mut other: [c_int; 7] = [0; 7];
            let [bold, italic, underlined, monospaced, serif, small, font] = other.each_mut().map(ptr::from_mut);
            (functions.attributes)(
                iterator,
                bold,
                italic,
                underlined,
                monospaced,
                serif,
                small,
                &raw mut size,
                font,
            );
            let ends_line = (functions.is_last)(pages, TEXT_LINE, WORD) != 0;
            (text, (functions.confidence)(iterator, WORD), pages, ends_line)
        };
        // SAFETY: the iterator is alive, and both are functions of Tesseract.
        let (bounds, baseline) = unsafe { (points(functions.bounds, pages), points(functions.baseline, pages)) };
        let (left, top, right, bottom) = bounds?;
        let downwards = baseline.is_some_and(|(x0, y0, x1, y1)| (y1 - y0).abs() > (x1 - x0).abs());
        let baseline = baseline.map(|(_, first, _, last)| f32::midpoint(first, last));
        let height = size as f32 * dots_per_inch as f32 / POINTS_PER_INCH;
        (!text.is_empty()).then(|| RecognisedWord {
            text,
            confidence,
            across: (left, right),
            row: row(baseline.filter(|_| size > 0 && !downwards), height, (top, bottom)),
            downwards,
            ends_line,
        })
    }
}

/// Two points that belong to the word that an iterator is at.
///
/// # Safety
/// The iterator is alive, and `place` is a function of Tesseract.
unsafe fn points(place: Places, pages: Handle) -> Option<(f32, f32, f32, f32)> {
    let mut edges: [c_int; 4] = [0; 4];
    let [left, top, right, bottom] = edges.each_mut().map(ptr::from_mut);
    // SAFETY: the caller's promise; the four places are alive.
    let found = unsafe { place(pages, WORD, left, top, right, bottom) };
    let [left, top, right, bottom] = edges.map(|edge| edge as f32);
    (found != 0).then_some((left, top, right, bottom))
}

impl Drop for Api {
    fn drop(&mut self) {
        let detector = self.detector.as_ref().map(|detector| detector.handle);
        for handle in detector.into_iter().chain([self.handle]) {
            // SAFETY: it came from `create`, and nothing of it is used any more.
            unsafe { (self.functions.delete)(handle.as_ptr()) };
        }
    }
}

/// Upper and lower edge of a word: those of its font about the baseline, so that short letters count as much as tall ones; where Tesseract
/// does not tell them, those of its letters.
fn row(baseline: Option<f32>, height: f32, letters: (f32, f32)) -> (f32, f32) {
    /// Share of a font's height below the baseline.
    const DESCENT: f32 = 0.22;
    baseline.map_or(letters, |at| (at - (1.0 - DESCENT) * height, at + DESCENT * height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_as_high_as_its_font() {
        assert_eq!(row(Some(100.0), 50.0, (80.0, 99.0)), (61.0, 111.0));
        assert_eq!(row(None, 50.0, (80.0, 99.0)), (80.0, 99.0));
    }
}
