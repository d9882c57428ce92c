//! What templates take for granted and minijinja sees otherwise.

use minijinja::value::Value;
use std::borrow::Cow;

/// Of nothing Python makes no iterator, and templates ask whether the tools that there may be are one.
pub(super) fn is_iterable(value: &Value) -> bool {
    !value.is_none() && !value.is_undefined() && value.try_iter().is_ok()
}

/// The template without the marks for training around answers (`{% generation %}`), which only Hugging Face's Jinja knows. Tags that do
/// nothing stand in their place, so that the white space around them stays what it was.
pub(super) fn without_generation(source: &str) -> Cow<'_, str> {
    if !source.contains("generation") {
        return Cow::Borrowed(source);
    }
    let mut parts = source.split("{%");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("{%");
        let tag = part.split_once("%}").map_or("", |(tag, _)| tag);
        let stands_in = match tag.trim_matches(['-', '+']).trim() {
            "generation" => tag.replace("generation", "if true"),
            "endgeneration" => tag.replace("endgeneration", "endif"),
            _ => tag.to_owned(),
        };
        out.push_str(&stands_in);
        out.push_str(&part[tag.len()..]);
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_tags_themselves_are_replaced() {
        let marked = "{%- generation -%}a{% endgeneration %}{%+ generation %}b{%endgeneration%}";
        assert_eq!(
            without_generation(marked),
            "{%- if true -%}a{% endif %}{%+ if true %}b{%endif%}"
        );
        let other = "{{ generation }}{% if add_generation_prompt %}a{% endif %}{% generation";
        assert_eq!(without_generation(other), other);
    }
}
