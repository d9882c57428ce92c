//! Characters: bytes in the code pages of fonts, `\u`, signs of symbol fonts, and where each of them goes.

use super::{Destination, Reader};
use crate::symbol::SignFont;

impl Reader {
    pub(super) fn unicode(&mut self, number: i32) {
        self.flush();
        let code = if number < 0 {
            (number + 65_536) as u32
        } else {
            number as u32
        };
        self.skip_chars = self.state.unicode_skip;
        let c = match code {
            0xd800..=0xdbff => {
                self.high_surrogate = Some(code);
                return;
            }
            0xdc00..=0xdfff => {
                let Some(high) = self.high_surrogate.take() else { return };
                char::from_u32(0x10000 + ((high - 0xd800) << 10) + (code - 0xdc00))
            }
            // Symbol fonts sit at F000.
            0xf020..=0xf0ff => {
                let font = self.sign_fonts.get(&self.state.font);
                let c = char::from_u32(code - 0xf000);
                font.and_then(|font| font.sign((code - 0xf000) as u8))
                    .or(c.filter(char::is_ascii))
            }
            code => char::from_u32(code),
        };
        if let Some(c) = c {
            let mut buffer = [0; 4];
            self.put(c.encode_utf8(&mut buffer));
        }
    }

    pub(super) fn byte(&mut self, byte: u8) {
        if self.skip_chars > 0 {
            self.skip_chars -= 1;
            return;
        }
        // A picture has millions of them.
        if self.state.destination != Destination::Skip {
            self.pending.push(byte);
        }
    }

    pub(super) fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut self.pending);
        let encoding = self
            .fonts
            .get(&self.state.font)
            .copied()
            .or(self.code_page)
            .unwrap_or_default();
        let decoded = |bytes: &[u8]| {
            let (text, is_faulty) = encoding.decode(bytes);
            if !is_faulty {
                return text.into_owned();
            }
            // Bullets stand in fonts that are said to be of other scripts than they are.
            self.code_page.unwrap_or_default().decode(bytes).0.into_owned()
        };
        let text = match self.sign_fonts.get(&self.state.font) {
            // There it is set in another.
            Some(font) if self.state.destination != Destination::Fonts => {
                let shown = |byte: &u8| font.sign(*byte).map_or_else(|| decoded(&[*byte]), String::from);
                bytes.iter().map(shown).collect()
            }
            _ => decoded(&bytes),
        };
        self.put(&text);
        self.pending = bytes;
        self.pending.clear();
    }

    pub(super) fn put(&mut self, text: &str) {
        if self.state.hidden || self.state.html_rtf {
            return;
        }
        let line = match self.state.destination {
            Destination::Body => &mut self.paragraph,
            Destination::Note => &mut self.notes,
            Destination::Margin => &mut self.margin,
            Destination::Title => return self.title.push_str(text),
            Destination::Styles => return self.style_name.push_str(text),
            Destination::Fonts => return self.font_table(text),
            Destination::Skip => return,
        };
        line.is_raised = self.state.is_raised;
        line.push(text);
    }

    /// The name of a font, which a semicolon ends.
    fn font_table(&mut self, text: &str) {
        for piece in text.split_inclusive(';') {
            self.font_name.push_str(piece);
            if piece.ends_with(';')
                && let Some(font) = SignFont::named(std::mem::take(&mut self.font_name).trim_end_matches(';'))
            {
                self.sign_fonts.insert(self.state.font, font);
            }
        }
    }
}
