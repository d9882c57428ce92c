//! Files made to hurt, through `docmind-parse` as it is shipped: each ends in the state that is true of it, within the limits, and
//! none reaches for another file or the network.

mod making;

use crate::hostile_reader::{all_end, read, worker};
use anyhow::{Context, Result, ensure};
use docmind_core::document::DocumentState::{self, Damaged, Empty, NoText, Ready, TimedOut, TooLarge, Unsupported};
use docmind_tests::Library;
use docmind_wire::parse::ParseLimits;
use making::{docx, docx_of, office, pdf, pdf_pages, stream, zip};
use std::io::{Cursor, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

const DEEP: usize = 100_000;

#[test]
fn containers_that_unpack_without_end() -> Result<()> {
    let mut nested = zip(&[("a.txt", b"innermost")]);
    for _ in 0..20 {
        nested = zip(&[("again.zip", &nested), ("copy.zip", &nested)]);
    }
    let blank = " ".repeat(64 << 20);
    all_end(vec![
        ("bomb.docx", docx(&blank), &[TooLarge]),
        ("bomb.odt", making::open_document(&blank), &[TooLarge]),
        ("bomb.epub", making::epub(&blank), &[TooLarge]),
        (
            "bomb.pptx",
            office("ppt/presentation.xml", &[("ppt/presentation.xml", blank.as_bytes())]),
            &[TooLarge],
        ),
        // Each part stays under the ratio's grace; only the sum tells.
        ("overlapping.xlsx", making::overlapping(), &[TooLarge, Damaged]),
        ("nested.zip", nested.clone(), &[Unsupported]),
        ("nested.docx", nested.clone(), &[Unsupported]),
        (
            "inside.docx",
            office("word/document.xml", &[("word/document.xml", &nested)]),
            &[Damaged, Empty],
        ),
    ])
}

#[test]
fn entities_are_neither_expanded_nor_fetched() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let secret = folder.path().join("canary.txt");
    std::fs::write(&secret, "the canary sings")?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let net = format!("http://{}/x", listener.local_addr()?);
    let file = format!("file://{}", secret.display());
    let outside = format!(
        "<!ENTITY file SYSTEM \"{file}\"><!ENTITY net SYSTEM \"{net}\"><!ENTITY % all SYSTEM \"{net}.dtd\"> %all;"
    );
    let doctype = format!(
        "<!DOCTYPE a PUBLIC \"-//x//y\" \"{net}.dtd\" [{}]>",
        making::declarations(&outside)
    );
    let body = "before &a39; &file; &net; after";
    let word = format!(
        "{doctype}<w:document xmlns:w=\"w\"><w:body><w:p><w:r><w:t>{body}</w:t></w:r></w:p></w:body></w:document>"
    );
    let page = format!(
        "<?xml version=\"1.0\"?>{doctype}<html><head><link rel=\"stylesheet\" href=\"{net}.css\"/></head><body><p>{body}</p>\
         <iframe src=\"{file}\"></iframe><img src=\"{net}.png\"/><object data=\"{file}\"></object></body></html>"
    );
    let embedded = pdf_pages(
        &["BT /F1 10 Tf 72 700 Td (before after) Tj ET"],
        &format!(
            "/AA << /O << /S /URI /URI ({net}) >> /C << /S /Launch /F ({}) >> >>",
            secret.display()
        ),
        &[],
    );
    let rtf = format!(
        "{{\\rtf1 before {{\\field{{\\*\\fldinst INCLUDETEXT \"{}\"}}{{\\fldrslt }}}}after}}",
        secret.display()
    );
    let mail = format!(
        "From: a@b.c\r\nTo: d@e.f\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nbefore after\r\n--b\r\nContent-Type: message/external-body; access-type=URL; \
         URL=\"{net}\"\r\n\r\nContent-Type: text/plain\r\n\r\n--b--\r\n"
    );
    let files = [
        ("a.docx", docx_of(&word)),
        (
            "a.xml",
            format!("<?xml version=\"1.0\"?>{doctype}<a>{body}</a>").into_bytes(),
        ),
        (
            "a.svg",
            format!("<?xml version=\"1.0\"?>{doctype}<svg><text>{body}</text></svg>").into_bytes(),
        ),
        (
            "a.odt",
            making::open_document(&format!("{doctype}<o><text:p>{body}</text:p></o>")),
        ),
        ("a.xhtml", page.clone().into_bytes()),
        ("a.epub", making::epub(&page)),
        ("a.pdf", embedded),
        ("a.rtf", rtf.into_bytes()),
        ("a.eml", mail.into_bytes()),
    ];
    let mut paths = Vec::new();
    for (name, bytes) in &files {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes)?;
        paths.push(path);
    }
    let (output, trace) = traced_extract(&paths)?;
    for line in &output.lines {
        let text = line["pages"].to_string();
        ensure!(text.contains("before") && text.contains("after"), "{line}");
        ensure!(!text.contains("canary sings") && !text.contains("haha"), "{line}");
        ensure!(text.len() < 3_000, "{line}");
    }
    ensure!(output.lines.len() == files.len(), "{:#?}", output.lines);
    ensure!(listener.accept().is_err(), "somebody connected");
    let Some(trace) = trace else { return Ok(()) };
    let touched: Vec<&str> = trace
        .lines()
        .filter(|line| line.contains("canary.txt") || line.contains("sa_family=AF_INET"))
        .filter(|line| !line.contains("execve("))
        .collect();
    ensure!(touched.is_empty(), "{touched:#?}");
    // The trace did see: the program opened each of the files.
    for path in &paths {
        let path = path.to_string_lossy();
        ensure!(trace.contains(path.as_ref()), "{path} is not in the trace");
    }
    Ok(())
}

/// `docmind extract` of some files, with every opened file and every connection of all its processes where strace is there.
fn traced_extract(paths: &[PathBuf]) -> Result<(docmind_tests::Run, Option<String>)> {
    let library = Library::new()?;
    let mut arguments = vec![PathBuf::from("extract")];
    arguments.extend(paths.iter().cloned());
    let plain = library.command(&arguments);
    let log = tempfile::NamedTempFile::new()?;
    let mut traced = Command::new("strace");
    traced
        .args(["-f", "-qq", "-s", "4096", "-e", "trace=%file,%network", "-o"])
        .arg(log.path())
        .arg(plain.get_program())
        .args(plain.get_args());
    match traced.output() {
        // A kernel that forbids tracing fails before the program speaks.
        Ok(output) if !output.stdout.is_empty() => {
            let trace = std::fs::read_to_string(log.path())?;
            Ok((docmind_tests::parse(&output)?, Some(trace)))
        }
        _ => {
            docmind_tests::left_out("the trace, for which strace is not at hand");
            Ok((library.run(&arguments)?, None))
        }
    }
}

#[test]
fn nesting_a_hundred_thousand_deep() -> Result<()> {
    let page_tree = {
        let mut objects = vec![b"<< /Type /Catalog /Pages 2 0 R >>".to_vec()];
        objects
            .extend((0..20_000).map(|at| format!("<< /Type /Pages /Kids [{} 0 R] /Count 1 >>", at + 3).into_bytes()));
        objects.push(b"<< /Type /Page /MediaBox [0 0 612 792] >>".to_vec());
        pdf(&objects)
    };
    let arrays = format!(
        "BT /F1 10 Tf 72 700 Td {}(x){} TJ ET",
        "[".repeat(DEEP),
        "]".repeat(DEEP)
    );
    let dictionaries = format!(
        "<< /Type /Catalog /Pages 2 0 R /A {}1{} >>",
        "<< /B ".repeat(DEEP),
        ">>".repeat(DEEP)
    );
    let states = format!(
        "{}BT /F1 10 Tf 72 700 Td (bottom) Tj ET {}",
        "q ".repeat(DEEP),
        "Q ".repeat(DEEP)
    );
    all_end(vec![
        (
            "deep.docx",
            docx(&("<w:tbl><w:tr><w:tc>".repeat(DEEP) + "<w:p/>")),
            &[TooLarge],
        ),
        (
            "deep.html",
            ("<div><table><tr><td>".repeat(DEEP) + "bottom").into_bytes(),
            &[Ready],
        ),
        ("tables.html", "<table><tr><td>cell".repeat(DEEP).into_bytes(), &[Ready]),
        (
            "inline.html",
            ("<p>".to_owned() + &"<b><i>".repeat(DEEP) + "bottom").into_bytes(),
            &[Ready],
        ),
        (
            "deep.xml",
            ("<?xml version=\"1.0\"?>".to_owned() + &"<a>".repeat(DEEP) + "x").into_bytes(),
            &[TooLarge],
        ),
        (
            "deep.json",
            ("[".repeat(DEEP) + &"]".repeat(DEEP)).into_bytes(),
            &[Ready],
        ),
        (
            "deep.rtf",
            ("{\\rtf1 ".to_owned() + &"{".repeat(DEEP) + "x").into_bytes(),
            &[TooLarge],
        ),
        ("deep.md", ("> ".repeat(DEEP) + "x").into_bytes(), &[Ready]),
        (
            "brackets.md",
            ("[".repeat(DEEP) + "x" + &"]".repeat(DEEP)).into_bytes(),
            &[Ready],
        ),
        ("deep.eml", making::nested_mail(2_000), &[Ready]),
        ("arrays.pdf", pdf_pages(&[&arrays], "", &[]), &[NoText, Damaged, Ready]),
        ("states.pdf", pdf_pages(&[&states], "", &[]), &[Ready]),
        (
            "dictionaries.pdf",
            pdf(&[
                dictionaries.into_bytes(),
                b"<< /Type /Pages /Kids [] /Count 0 >>".to_vec(),
            ]),
            &[Damaged],
        ),
        ("kids.pdf", page_tree, &[Damaged, NoText]),
    ])
}

#[test]
fn pdfs_without_end() -> Result<()> {
    let form = |draws: usize| {
        stream(
            "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /Font << /F1 3 0 R >> /XObject << /X 6 0 R >> >>",
            format!("BT /F1 10 Tf (ha) Tj ET {}", "/X Do ".repeat(draws)).as_bytes(),
        )
    };
    let looped = |draws| pdf_pages(&["/X Do"], "/Resources << /XObject << /X 6 0 R >> >>", &[form(draws)]);
    // Twenty forms, each of which draws the next ten times.
    let mut chain: Vec<Vec<u8>> = (0..20)
        .map(|at| {
            stream(
                &format!(
                    "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X {} 0 R >> >>",
                    at + 7
                ),
                "/X Do ".repeat(10).as_bytes(),
            )
        })
        .collect();
    chain.push(stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /Font << /F1 3 0 R >> >>",
        b"BT /F1 10 Tf (laugh) Tj ET",
    ));
    let loops = |count: u32| {
        pdf(&[
            b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
            format!("<< /Type /Pages /Kids [3 0 R 2 0 R] /Count {count} >>").into_bytes(),
            format!("<< /Type /Pages /Parent 2 0 R /Kids [2 0 R 3 0 R] /Count {count} >>").into_bytes(),
        ])
    };
    let page = |filter: &str, packed: &[u8]| {
        pdf(&[
            b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".to_vec(),
            stream(filter, packed),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec(),
        ])
    };
    let blanks = making::ten_gigabytes(&vec![b' '; 1 << 20]);
    let words = making::ten_gigabytes(&b"BT /F1 1 Tf (ha ha) Tj ET\n".repeat(40_000));
    let mut outer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    outer.write_all(&blanks)?;
    let twice = outer.finish()?;
    // Unpacking takes seconds in which nothing is told: a slow machine runs out of patience first.
    let slow: &[DocumentState] = &[TooLarge, TimedOut];
    all_end(vec![
        ("loop.pdf", loops(20), &[Damaged, NoText]),
        ("long-loop.pdf", loops(1_000_000), &[Damaged, NoText, TooLarge]),
        ("self.pdf", looped(1), &[Ready]),
        ("self-twice.pdf", looped(2), &[TooLarge, TimedOut, Ready]),
        (
            "chain.pdf",
            pdf_pages(&["/X Do"], "/Resources << /XObject << /X 6 0 R >> >>", &chain),
            slow,
        ),
        ("flate.pdf", page("/Filter /FlateDecode", &blanks), slow),
        ("flate-words.pdf", page("/Filter /FlateDecode", &words), slow),
        (
            "flate-twice.pdf",
            page("/Filter [/FlateDecode /FlateDecode]", &twice),
            slow,
        ),
    ])
}

#[test]
fn large_and_empty_in_many_ways() -> Result<()> {
    all_end(vec![
        ("corner.xls", making::corner_workbook()?, &[Ready]),
        ("boundless.xlsx", making::boundless_workbook(3), &[Ready]),
        ("sheets.xlsx", making::boundless_workbook(100_000), &[TooLarge]),
        ("endless.ods", making::endless_sheet(), &[Ready, TooLarge]),
        ("commas.csv", ",".repeat(20 << 20).into_bytes(), &[TooLarge]),
        ("rows.csv", "a\n".repeat(8 << 20).into_bytes(), &[TooLarge]),
        (
            "quote.csv",
            ("\"".to_owned() + &"a,\n".repeat(20 << 20)).into_bytes(),
            &[TooLarge],
        ),
        (
            "numbers.json",
            ("[".to_owned() + &"1,".repeat(5 << 20) + "1]").into_bytes(),
            &[Ready],
        ),
        (
            "entities.html",
            ("<p>".to_owned() + &"&amp;".repeat(1 << 20)).into_bytes(),
            &[Ready],
        ),
        (
            "attributes.html",
            ("<p ".to_owned() + &"a=b ".repeat(1 << 20) + ">text").into_bytes(),
            &[Ready],
        ),
        ("zeros.txt", vec![0; 4 << 20], &[Empty]),
        ("zeros.pdf", vec![0; 4 << 20], &[Damaged]),
        ("words.txt", "word ".repeat(11_000_000).into_bytes(), &[TooLarge]),
    ])
}

#[test]
fn one_thing_told_again_and_again() -> Result<()> {
    let mut forwards = String::from("From: a@b.c\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n");
    for _ in 0..20_000 {
        forwards.push_str("--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: d@e.f\r\nSubject: y\r\n\r\nwords\r\n");
    }
    let comments = "<office:annotation><text:p>".repeat(DEEP);
    // A tree of names that hangs on itself.
    let names = pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles 5 0 R >> >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 6 0 R /Resources << /Font << /F1 4 0 R >> >> >>"
            .to_vec(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec(),
        b"<< /Kids [5 0 R 5 0 R] /Names [(a) 5 0 R] >>".to_vec(),
        stream("", b"BT /F1 10 Tf 72 700 Td (words) Tj ET"),
    ]);
    // A form for Acrobat whose XML is ten gigabytes of blanks.
    let form = pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R /NeedsRendering true /AcroForm << /Fields [] /XFA 6 0 R >> >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R /Resources << /Font << /F1 4 0 R >> >> >>"
            .to_vec(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec(),
        stream("", b"BT /F1 10 Tf 72 700 Td (Please wait) Tj ET"),
        stream("/Filter /FlateDecode", &making::ten_gigabytes(&vec![b' '; 1 << 20])),
    ]);
    all_end(vec![
        ("spine.epub", making::repeating_book(20_000), &[TooLarge]),
        ("chunks.docx", making::repeating_document(20_000), &[TooLarge]),
        (
            "box.mbox",
            b"From a@b.c Mon Jan  1 00:00:00 2024\nSubject: x\n\nwords\n\n".repeat(60_000),
            &[TooLarge],
        ),
        ("forwards.eml", forwards.into_bytes(), &[Ready]),
        ("comments.odt", making::open_document(&comments), &[TooLarge]),
        (
            "open.html",
            ("<p>words</p><nav><noscript><select><svg><iframe>".to_owned() + &"ha ha ".repeat(2 << 20)).into_bytes(),
            &[Ready],
        ),
        ("names.pdf", names, &[Ready]),
        ("form.pdf", form, &[TooLarge, TimedOut, Ready]),
    ])
}

#[test]
fn old_office_files_name_the_conversion() -> Result<()> {
    let worker = worker();
    for (stream, name, target) in [
        ("/WordDocument", "a.doc", ".docx"),
        ("/PowerPoint Document", "a.ppt", ".pptx"),
    ] {
        let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new()))?;
        file.create_stream(stream)?.write_all(b"old")?;
        let end = read(&worker, name, &file.into_inner().into_inner());
        ensure!(
            end.state == Unsupported && end.message.contains(target),
            "{}",
            end.message
        );
    }
    Ok(())
}

#[test]
fn a_sparse_text_of_two_gigabytes_is_refused_at_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("sparse.txt");
    std::fs::File::create(&path)?.set_len(2 << 30)?;
    let library = Library::new()?;
    let run = library.run(&["extract".as_ref(), path.as_os_str()])?;
    ensure!(run.last()["error"]["code"] == "too_large", "{:#?}", run.lines);
    Ok(())
}

#[test]
#[cfg(target_os = "linux")]
fn the_child_holds_its_address_space_under_two_gibibytes() -> Result<()> {
    let worker = worker();
    ensure!(read(&worker, "a.txt", b"words").state == Ready);
    let pid = worker.pids().first().copied().context("no child")?;
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits"))?;
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max address space"))
        .context("no such limit")?;
    ensure!(
        line.split_whitespace().filter(|word| *word == "2147483648").count() == 2,
        "{line}"
    );
    Ok(())
}

#[test]
fn a_child_is_replaced_after_its_files() -> Result<()> {
    let worker = worker();
    let pid = || worker.pids().first().copied().context("no child");
    let mut children = Vec::new();
    for number in 0..=2 * ParseLimits::default().recycle_after {
        ensure!(read(&worker, "a.txt", format!("file {number}").as_bytes()).state == Ready);
        children.push(pid()?);
    }
    // Each of them reads its share and no more: a process id is not used again so soon.
    let shares: Vec<&[u32]> = children.chunk_by(|a, b| a == b).collect();
    ensure!(shares.len() == 3, "{children:?}");
    ensure!(
        shares[..2]
            .iter()
            .all(|share| share.len() == ParseLimits::default().recycle_after as usize),
        "{children:?}"
    );
    Ok(())
}
