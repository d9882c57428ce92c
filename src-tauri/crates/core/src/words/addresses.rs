//! Web addresses in a text: what of them is read, and what the rest costs a prompt.

use std::ops::Range;

/// Tokens read at either end of a web address when a passage is measured and embedded: the host and the last of its path. What lies
/// between is half of the tokens of a price list with links, and says in a path's spelling what stands beside it in words; keyword
/// search has all of it.
pub const ADDRESS_ENDS: usize = 6;
/// Bytes of an address for each token, as tokenizers cut them: rather too few than too many.
const BYTES_A_TOKEN: usize = 3;

/// The web addresses of a text, by their bytes, ascending: scheme, `://` and what follows in ASCII without white space. An address within
/// another is a part of it.
///
/// ```
/// use docmind_core::words::addresses::addresses;
/// let text = "see (https://shop.example/felt?from=http://a.example) or ftp://b.example现在";
/// let found: Vec<&str> = addresses(text).into_iter().map(|range| &text[range]).collect();
/// assert_eq!(found, ["https://shop.example/felt?from=http://a.example)", "ftp://b.example"]);
/// ```
pub fn addresses(text: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut end = 0;
    for (at, _) in text.match_indices("://") {
        if at < end {
            continue;
        }
        let scheme = text[end..at].bytes().rev().take_while(u8::is_ascii_alphabetic).count();
        end = at + text[at..].bytes().take_while(u8::is_ascii_graphic).count();
        out.push(at - scheme..end);
    }
    out
}

/// Tokens of a text's addresses that [`ADDRESS_ENDS`] leaves out, roughly: a language model reads them all the same.
pub fn unread_tokens(text: &str) -> u32 {
    addresses(text)
        .into_iter()
        .map(|address| (address.len() / BYTES_A_TOKEN).saturating_sub(2 * ADDRESS_ENDS) as u32)
        .sum()
}
