//! Fields (`w:fldChar`): first a code, then its result. A field that stands in the code of another one, such as the name that a
//! condition asks for, shows nothing of its own.

/// The open fields of a paragraph.
#[derive(Debug, Default)]
pub struct Fields {
    /// Of each, whether its result has begun.
    has_result: Vec<bool>,
    /// Those of which it has not.
    codes: usize,
}

impl Fields {
    /// A mark of this kind: a field begins, its result does, or it ends.
    pub fn mark(&mut self, kind: &str) {
        match kind {
            "begin" => {
                self.has_result.push(false);
                self.codes += 1;
            }
            "separate" => {
                if let Some(has_result) = self.has_result.last_mut()
                    && !std::mem::replace(has_result, true)
                {
                    self.codes -= 1;
                }
            }
            "end" => {
                let ends_in_code = self.has_result.pop() == Some(false);
                self.codes -= usize::from(ends_in_code);
            }
            _ => {}
        }
    }

    /// True inside a field that stands in the code of another one.
    pub fn is_in_code(&self) -> bool {
        let is_inner = self.has_result.last() == Some(&false);
        self.codes > usize::from(is_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Fields;

    #[test]
    fn only_fields_in_the_code_of_another_are() {
        for (marks, is_in_code) in [
            ("", false),
            ("begin", false),
            ("begin separate", false),
            ("begin begin", true),
            ("begin begin separate", true),
            ("begin begin separate end", false),
            ("begin begin end separate", false),
            ("begin separate begin separate", false),
            ("begin begin separate separate end end end", false),
        ] {
            let mut fields = Fields::default();
            marks.split_whitespace().for_each(|mark| fields.mark(mark));
            assert_eq!(fields.is_in_code(), is_in_code, "{marks}");
        }
    }
}
