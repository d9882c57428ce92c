//! What a FictionBook says, in its order.

use super::read;

fn book(bodies: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0" xmlns:l="http://www.w3.org/1999/xlink">
        <stylesheet type="text/css">.a {{ color: red }}</stylesheet><description><title-info><genre>sf</genre><author><first-name>Ada</first-name><last-name>Genet</last-name><id>77</id></author>
        <book-title>The Civet</book-title><annotation><p>About a civet.</p></annotation><lang>en</lang></title-info>
        <document-info><program-used>Writer</program-used><id>1-2-3</id></document-info></description>{bodies}<binary id="a.png">iVBORw0KGgoAAAA</binary></FictionBook>"#
    )
}

#[test]
fn a_book_keeps_its_sentences_verses_tables_and_notes() {
    let text = book(
        r##"<body><title><p>The Civet</p></title><section><title><p>Chapter</p><p>One</p></title><p>It <emphasis>was</emphasis>
        late<a l:href="#n1" type="note">[1]</a>, and 10<sup>6</sup> stars shone.</p><empty-line/><subtitle>* * *</subtitle>
        <poem><stanza><v>A line</v><v>and one more</v></stanza><stanza><v>The end</v></stanza><text-author>Bob</text-author></poem>
        <table><tr><th>Name</th><th>Town</th></tr><tr><td>Ada</td><td>London</td></tr></table></section></body>
        <body name="notes"><title><p>Notes</p></title><section id="n1"><title><p>1</p></title><p>By the clock.</p><p>Of the town.</p></section></body>"##,
    );
    let read = read("a.fb2", text.as_bytes());
    assert_eq!(read.title.as_deref(), Some("The Civet"));
    let page = &read.pages[0];
    assert_eq!(
        page.text,
        "Ada Genet\n\nAbout a civet.\n\nThe Civet\n\nChapter One\n\nIt was late[1], and 10^6 stars shone.\n\n* * *\n\nA line\nand one more\n\n\
            The end\nBob\n\nName | Town\nAda | London\n\nNotes\n\n1 By the clock.\n\nOf the town."
    );
    let levels: Vec<u8> = page.headings.iter().map(|heading| heading.level).collect();
    assert_eq!(levels, [1, 2, 1]);
    assert_eq!(page.tables[0].header.slice(&page.text), "Name | Town");
}

#[test]
fn a_book_that_breaks_off_keeps_what_came() {
    let text = book("<body><section><p>One.</p><p>Two</p");
    let cut = text.split("<binary").next().unwrap_or_default();
    let read = read("a.fb2", cut.as_bytes());
    assert!(read.text().ends_with("One.\n\nTwo"), "{}", read.text());
    assert!(read.warnings[0].contains("damaged"), "{:?}", read.warnings);
}

#[test]
fn what_a_book_leaves_open_is_read() {
    for (open, end) in [
        ("<body><section><p>One.</p><p>Two", "One.\n\nTwo"),
        ("<body><section><title><p>Two", "Two"),
        ("<body><table><tr><td>a</td><td>b", "a | b"),
    ] {
        let text = book(open);
        let cut = text.split("<binary").next().unwrap_or_default();
        let read = read("a.fb2", cut.as_bytes());
        assert!(read.text().ends_with(end), "{}", read.text());
    }
}
