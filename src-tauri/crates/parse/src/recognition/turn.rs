//! Pages that lie on their side or stand on their head: their pictures made upright, and places found in them put back.

use docmind_core::document::Rect;
use std::borrow::Cow;

/// Eight bits a pixel, black to white, rows from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrayPicture {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// `width · height` of them.
    pub pixels: Vec<u8>,
}

/// How far a page is turned clockwise from upright.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Turn {
    /// Not at all.
    #[default]
    Upright,
    /// By 90 degrees: the lines run downwards.
    Quarter,
    /// By 180 degrees.
    Half,
    /// By 270 degrees: the lines run upwards.
    ThreeQuarters,
}

impl Turn {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::Upright, Self::Quarter, Self::Half, Self::ThreeQuarters];

    /// One after the other.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::ALL[(self as usize + other as usize) % Self::ALL.len()]
    }

    /// The picture of a page so turned, made upright.
    pub fn upright(self, picture: &GrayPicture) -> Cow<'_, GrayPicture> {
        let GrayPicture { width, height, pixels } = picture;
        let rows = || pixels.chunks_exact((*width).max(1) as usize);
        let columns = 0..*width as usize;
        let mut turned = Vec::with_capacity(pixels.len());
        match self {
            Self::Upright => return Cow::Borrowed(picture),
            Self::Quarter => {
                for column in columns.rev() {
                    turned.extend(rows().map(|row| row[column]));
                }
            }
            Self::Half => turned.extend(pixels.iter().rev()),
            Self::ThreeQuarters => {
                for column in columns {
                    turned.extend(rows().rev().map(|row| row[column]));
                }
            }
        }
        let (width, height) = self.size((*width, *height));
        Cow::Owned(GrayPicture {
            width,
            height,
            pixels: turned,
        })
    }

    /// Width and height of the page as it is drawn from those of the upright one, or the other way round.
    pub fn size<T>(self, (width, height): (T, T)) -> (T, T) {
        match self {
            Self::Upright | Self::Half => (width, height),
            Self::Quarter | Self::ThreeQuarters => (height, width),
        }
    }

    /// Where a rectangle of the upright page, which is so wide and high, stands on the page as it is drawn.
    pub fn place(self, rect: Rect, (width, height): (f32, f32)) -> Rect {
        let Rect { x0, y0, x1, y1 } = rect;
        let (x0, y0, x1, y1) = match self {
            Self::Upright => (x0, y0, x1, y1),
            Self::Quarter => (height - y1, x0, height - y0, x1),
            Self::Half => (width - x1, height - y1, width - x0, height - y0),
            Self::ThreeQuarters => (y0, width - x1, y1, width - x0),
        };
        Rect { x0, y0, x1, y1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ab` over `cd` over `ef`, as it is drawn where the page is so turned.
    fn drawn(turn: Turn) -> GrayPicture {
        let (width, height, letters) = match turn {
            Turn::Upright => (2, 3, b"abcdef"),
            Turn::Quarter => (3, 2, b"ecafdb"),
            Turn::Half => (2, 3, b"fedcba"),
            Turn::ThreeQuarters => (3, 2, b"bdface"),
        };
        GrayPicture {
            width,
            height,
            pixels: letters.to_vec(),
        }
    }

    #[test]
    fn a_turned_picture_is_made_upright() {
        for turn in Turn::ALL {
            assert_eq!(*turn.upright(&drawn(turn)), drawn(Turn::Upright), "{turn:?}");
        }
    }

    #[test]
    fn places_go_where_the_pixels_came_from() {
        let upright = drawn(Turn::Upright);
        for turn in Turn::ALL {
            let picture = drawn(turn);
            for (at, letter) in upright.pixels.iter().enumerate() {
                let (x, y) = ((at % 2) as f32, (at / 2) as f32);
                let rect = Rect {
                    x0: x,
                    y0: y,
                    x1: x + 1.0,
                    y1: y + 1.0,
                };
                let Rect { x0, y0, x1, y1 } = turn.place(rect, (2.0, 3.0));
                assert_eq!((x1 - x0, y1 - y0), (1.0, 1.0), "{turn:?}");
                let found = picture.pixels[y0 as usize * picture.width as usize + x0 as usize];
                assert_eq!(found, *letter, "{turn:?}");
            }
        }
    }

    #[test]
    fn turns_add_up() {
        assert_eq!(Turn::Half.and(Turn::Quarter), Turn::ThreeQuarters);
        assert_eq!(Turn::ThreeQuarters.and(Turn::Half), Turn::Quarter);
        assert_eq!(Turn::Quarter.size((2, 3)), (3, 2));
        assert_eq!(Turn::Half.size((2, 3)), (2, 3));
    }
}
