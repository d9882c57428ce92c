//! Whether most of a library is in languages that its embedder does not know.

/// Fewest documents in such languages before anything is said, unless there is as much text as in [`LEAST_CHUNKS`]: a few stray
/// files are no library in another language.
const LEAST_DOCUMENTS: u32 = 4;
/// Fewest passages in such languages that count whatever the number of documents: a book.
const LEAST_CHUNKS: u32 = 100;

/// Searchable documents of one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LanguageCount {
    /// ISO 639-1; `None` where it could not be told.
    pub language: Option<String>,
    /// Documents.
    pub documents: u32,
    /// Their passages.
    pub chunks: u32,
}

/// The part of a library that its embedder does not know.
#[derive(Clone, Debug, PartialEq)]
pub struct UnknownText {
    /// ISO 639-1 of the language that most of it is in.
    pub language: String,
    /// Documents of it, in all its languages.
    pub documents: u32,
    /// Documents of the library whose language was told.
    pub told: u32,
    /// Its share of the library: the mean of its share of the documents and of the passages, 0 to 1. Neither alone would do: one
    /// long manual is not the library, nor are thirty short notes beside ten books.
    pub share: f32,
}

/// What an embedder of these languages (ISO 639-1 codes, `*` for many) does not know, where that is more than half of the library
/// and more than a few stray files. An embedder that says no languages is not judged, nor is text whose language was not told.
///
/// ```
/// use docmind_core::language::{LanguageCount, mostly_unknown};
/// let german = LanguageCount { language: Some("de".into()), documents: 12, chunks: 90 };
/// let english = LanguageCount { language: Some("en".into()), documents: 3, chunks: 20 };
/// let unknown = mostly_unknown(&[german, english], &["en".to_owned()]).unwrap();
/// assert_eq!((unknown.language.as_str(), unknown.documents, unknown.told), ("de", 12, 15));
/// ```
pub fn mostly_unknown(counts: &[LanguageCount], known: &[String]) -> Option<UnknownText> {
    if known.is_empty() || known.iter().any(|code| code == "*") {
        return None;
    }
    let told: Vec<(&str, &LanguageCount)> = counts
        .iter()
        .filter_map(|count| Some((count.language.as_deref()?, count)))
        .collect();
    let unknown: Vec<(&str, &LanguageCount)> = told
        .iter()
        .filter(|(language, _)| !known.iter().any(|code| code.split('-').next() == Some(*language)))
        .copied()
        .collect();
    let documents = |counts: &[(&str, &LanguageCount)]| counts.iter().map(|(_, count)| count.documents).sum::<u32>();
    let chunks = |counts: &[(&str, &LanguageCount)]| counts.iter().map(|(_, count)| count.chunks).sum::<u32>();
    let (of, among) = (documents(&unknown), documents(&told));
    if of < LEAST_DOCUMENTS && chunks(&unknown) < LEAST_CHUNKS {
        return None;
    }
    let part = |of: u32, among: u32| f64::from(of) / f64::from(among.max(1));
    let share = f64::midpoint(part(of, among), part(chunks(&unknown), chunks(&told))) as f32;
    let (language, _) = unknown
        .iter()
        .max_by_key(|(_, count)| (count.documents, count.chunks))?;
    (share > 0.5).then(|| UnknownText {
        language: (*language).to_owned(),
        documents: of,
        told: among,
        share,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(of: &[(&str, u32, u32)]) -> Vec<LanguageCount> {
        of.iter()
            .map(|&(language, documents, chunks)| LanguageCount {
                language: (!language.is_empty()).then(|| language.to_owned()),
                documents,
                chunks,
            })
            .collect()
    }

    fn share(of: &[(&str, u32, u32)], known: &[&str]) -> Option<(String, f32)> {
        let known: Vec<String> = known.iter().map(|code| (*code).to_owned()).collect();
        mostly_unknown(&counts(of), &known).map(|unknown| (unknown.language, unknown.share))
    }

    #[test]
    fn more_than_half_is_mostly() {
        assert_eq!(share(&[("de", 10, 40), ("en", 10, 40)], &["en"]), None);
        assert_eq!(
            share(&[("de", 15, 30), ("en", 5, 10)], &["en"]),
            Some(("de".into(), 0.75))
        );
        // Several languages together; the largest is named.
        assert_eq!(
            share(&[("fr", 4, 8), ("de", 5, 10), ("en", 3, 6)], &["en"]),
            Some(("de".into(), 0.75))
        );
    }

    #[test]
    fn neither_one_long_document_nor_many_short_ones_are_the_library() {
        assert_eq!(share(&[("de", 1, 900), ("en", 40, 60)], &["en"]), None);
        assert_eq!(share(&[("de", 40, 60), ("en", 4, 3000)], &["en"]), None);
        assert!(share(&[("de", 40, 900), ("en", 10, 300)], &["en"]).is_some());
    }

    #[test]
    fn a_few_stray_files_say_nothing_and_a_book_does() {
        assert_eq!(share(&[("de", 3, 12)], &["en"]), None);
        assert!(share(&[("de", 4, 4)], &["en"]).is_some());
        assert!(share(&[("de", 1, 250)], &["en"]).is_some());
        assert_eq!(share(&[], &["en"]), None);
    }

    #[test]
    fn what_could_not_be_told_counts_for_nobody() {
        assert_eq!(
            share(&[("", 900, 9000), ("de", 6, 12), ("en", 2, 4)], &["en"]),
            Some(("de".into(), 0.75))
        );
        assert_eq!(share(&[("", 900, 9000)], &["en"]), None);
    }

    #[test]
    fn the_embedder_decides_what_is_unknown() {
        let library = [("de", 20, 50), ("en", 2, 4)];
        assert_eq!(share(&library, &["*"]), None);
        assert_eq!(share(&library, &["en", "de-DE"]), None);
        assert_eq!(share(&library, &[]), None);
        assert!(share(&library, &["en", "fr"]).is_some());
    }
}
