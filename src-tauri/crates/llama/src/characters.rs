//! From token bytes to text: whole characters only.

/// Gathers bytes until they are whole characters.
#[derive(Clone, Debug, Default)]
pub struct Characters {
    pending: Vec<u8>,
}

impl Characters {
    /// Adds bytes and gives what is whole now. Bytes that can never become a character are given as U+FFFD.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.pending.extend_from_slice(bytes);
        let mut out = String::new();
        loop {
            match std::str::from_utf8(&self.pending) {
                Ok(text) => {
                    out.push_str(text);
                    self.pending.clear();
                    return out;
                }
                Err(error) => {
                    let good = error.valid_up_to();
                    out.push_str(&String::from_utf8_lossy(&self.pending[..good]));
                    let Some(bad) = error.error_len() else {
                        self.pending.drain(..good);
                        return out;
                    };
                    out.push(char::REPLACEMENT_CHARACTER);
                    self.pending.drain(..good + bad);
                }
            }
        }
    }

    /// True while a character is begun and not finished.
    pub fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// What is left at the end.
    pub fn finish(&mut self) -> String {
        let left = std::mem::take(&mut self.pending);
        if left.is_empty() {
            String::new()
        } else {
            char::REPLACEMENT_CHARACTER.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_come_whole_at_every_split() {
        let text = "Größe 日本 🦀 end";
        let bytes = text.as_bytes();
        for first in 0..bytes.len() {
            for second in first..bytes.len() {
                let mut characters = Characters::default();
                let mut out = characters.push(&bytes[..first]);
                out.push_str(&characters.push(&bytes[first..second]));
                out.push_str(&characters.push(&bytes[second..]));
                assert_eq!(out, text);
                assert!(!characters.is_pending());
            }
        }
    }

    #[test]
    fn broken_bytes_become_one_mark_and_do_not_hold_up_the_rest() {
        let mut characters = Characters::default();
        assert_eq!(characters.push(&[b'a', 0xff, b'b', 0xe2]), "a\u{fffd}b");
        assert_eq!(characters.finish(), "\u{fffd}");
    }
}
