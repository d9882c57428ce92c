//! Which way up a page is, by Tesseract's orientation detection (OSD). It compares shapes of letters, about 250 at most, and reads none.

use super::turn::Turn;
use super::{Functions, GrayPicture, Handle};
use libloading::Library;
use std::ffi::{CStr, c_char, c_float, c_int, c_void};
use std::path::Path;
use std::ptr::{self, NonNull};

/// Less ahead of the next best direction, and it is taken for none: Tesseract's own `min_orientation_margin`, under which it takes
/// upside down for a mistake. Full pages gave 7 to 33, all of them right; photographs 0.1 to 5.3, in any direction.
const LEAST_MARGIN: f32 = 7.0;

/// The degrees clockwise and the margin; names of the script are not asked for.
type Detect = unsafe extern "C" fn(Handle, *mut c_int, *mut c_float, *mut *const c_char, *mut c_float) -> c_int;

/// A handle of its own, with the shapes of letters in place of a language.
pub(super) struct Detector {
    detect: Detect,
    pub(super) handle: NonNull<c_void>,
}

impl Detector {
    /// Loads `osd.traineddata`, where the folder has it. It needs Tesseract's older engine, which some are built without.
    ///
    /// # Safety
    /// `library` is Tesseract, and the functions are its own.
    pub(super) unsafe fn load(
        library: &Library,
        functions: &Functions,
        tessdata: &Path,
        folder: &CStr,
    ) -> Option<Self> {
        if !tessdata.join("osd.traineddata").is_file() {
            return None;
        }
        // SAFETY: `capi.h` declares it so.
        let detect =
            *unsafe { library.get::<Detect>(c"TessBaseAPIDetectOrientationScript".to_bytes_with_nul()) }.ok()?;
        // SAFETY: takes nothing.
        let handle = NonNull::new(unsafe { (functions.create)() })?;
        // SAFETY: the handle is alive, both strings end with a zero and outlive the call.
        if unsafe { (functions.init)(handle.as_ptr(), folder.as_ptr(), c"osd".as_ptr()) } != 0 {
            // SAFETY: the handle is not used any more.
            unsafe { (functions.delete)(handle.as_ptr()) };
            tracing::warn!(
                "pages are taken for upright: Tesseract cannot load `osd` from `{}`",
                tessdata.display()
            );
            return None;
        }
        Some(Self { detect, handle })
    }

    /// How a picture is turned; nothing where there are fewer than fifty letters, or none that say so without doubt.
    pub(super) fn ask(&self, functions: &Functions, picture: &GrayPicture, dots_per_inch: u32) -> Option<Turn> {
        let (mut degrees, mut margin): (c_int, c_float) = (0, 0.0);
        // SAFETY: the handle is alive, and so are both places; Tesseract passes over those that are null.
        let is_told = unsafe {
            functions.show(self.handle, picture, dots_per_inch).ok()?;
            (self.detect)(
                self.handle.as_ptr(),
                &raw mut degrees,
                &raw mut margin,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        // SAFETY: the handle is alive, and no iterator into its results is.
        unsafe { (functions.clear)(self.handle.as_ptr()) };
        (is_told != 0 && margin >= LEAST_MARGIN).then(|| turn(degrees))?
    }
}

/// Clockwise, from upright.
fn turn(degrees: c_int) -> Option<Turn> {
    let quarters = usize::try_from(degrees / 90).ok()?;
    Turn::ALL.get(quarters).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_are_clockwise() {
        assert_eq!([0, 90, 180, 270].map(turn), Turn::ALL.map(Some));
        assert_eq!([-90, 360].map(turn), [None, None]);
    }
}
