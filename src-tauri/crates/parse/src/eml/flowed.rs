//! Lines of mails in `format=flowed` (RFC 3676): one that ends in a space goes on in the next.

/// The text with lines put together that are one; `between` stands where they were parted, in place of the space.
pub fn joined(text: &str, between: &str) -> String {
    /// Stands above a signature, and ends in a space all the same.
    const SIGNATURE: &str = "-- ";
    let mut out = String::with_capacity(text.len());
    // How deep the quote is that goes on.
    let mut open = None;
    for line in text.lines() {
        let unquoted = line.trim_start_matches('>');
        let depth = line.len() - unquoted.len();
        // A space in front only kept the line from being taken for a quote.
        let content = unquoted.strip_prefix(' ').unwrap_or(unquoted);
        let is_signature = content == SIGNATURE;
        if open == Some(depth) && !is_signature {
            out.push_str(between);
        } else {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(&line[..depth]);
            if depth > 0 {
                out.push(' ');
            }
        }
        let goes_on = content.strip_suffix(' ').filter(|_| !is_signature);
        open = goes_on.map(|_| depth);
        out.push_str(goes_on.unwrap_or(content));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_end_in_a_space_go_on() {
        let text = "A sentence that \ngoes on.\n\nA new one \n>> quoted \n>> twice.\n> once\n From the start.\nThe end \n-- \nAda\n";
        assert_eq!(
            joined(text, " "),
            "A sentence that goes on.\n\nA new one\n>> quoted twice.\n> once\nFrom the start.\nThe end\n-- \nAda"
        );
        assert_eq!(joined("日本 \r\n語\r\nhttp://a/ \r\nb", ""), "日本語\nhttp://a/b");
    }
}
