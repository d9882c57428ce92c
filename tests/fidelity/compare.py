#!/usr/bin/env python3
"""Compares the text of `docmind extract`, read in its sandboxed child, with independent readers. See README.md."""

import argparse
import collections
import concurrent.futures
import email
import email.policy
import html.parser
import json
import pathlib
import re
import subprocess
import sys
import unicodedata
import zipfile
from xml.etree import ElementTree

# Marks of direction, joiners' kin, soft hyphen, byte-order mark, controls and private use: no reader agrees on them.
DROPPED = re.compile("[\u0000-\u0008\u000e-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff\ufffd\ue000-\uf8ff]")
PASS_PDF = 0.90
PASS_OTHER = 0.95
SHARE = 0.95


def normal(text):
    return DROPPED.sub("", unicodedata.normalize("NFKC", text))


def words(text):
    # Letters and digits only: readers differ in quotes, dashes and how cells are parted.
    return collections.Counter(re.findall(r"\w+", normal(text).lower()))


def recall(reference, found):
    total = sum(reference.values())
    if total == 0:
        return 1.0
    return sum(min(count, found[word]) for word, count in reference.items()) / total


def chars(text):
    return collections.Counter(c for c in normal(text) if not c.isspace())


def grams(text, n=4):
    flat = "".join(c for c in normal(text) if not c.isspace())
    return collections.Counter(flat[i : i + n] for i in range(len(flat) - n + 1))


def pdf_reference(path):
    done = subprocess.run(["pdftotext", "-enc", "UTF-8", str(path), "-"], capture_output=True, timeout=60, check=False)
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def docx_reference(path):
    import docx

    document = docx.Document(str(path))
    out = []

    def walk(part):
        for block in part.iter_inner_content():
            if hasattr(block, "rows"):
                seen = []  # A merged cell is listed once for every place it covers.
                for row in block.rows:
                    for cell in row.cells:
                        if not any(cell._tc is other for other in seen[-64:]):
                            seen.append(cell._tc)
                            walk(cell)
            else:
                out.append(block.text)

    walk(document)
    return "\n".join(out)


def pptx_reference(path):
    import pptx

    out = []

    def walk(shapes):
        for shape in shapes:
            if shape.has_text_frame:
                out.append(shape.text_frame.text)
            if getattr(shape, "has_table", False) and shape.has_table:
                out.extend(cell.text for row in shape.table.rows for cell in row.cells)
            if hasattr(shape, "shapes"):
                walk(shape.shapes)

    for slide in pptx.Presentation(str(path)).slides:
        walk(slide.shapes)
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            out.append(slide.notes_slide.notes_text_frame.text)
    return "\n".join(out)


def xlsx_reference(path):
    import openpyxl

    book = openpyxl.load_workbook(str(path), read_only=True, data_only=True)
    out = []
    for sheet in book.worksheets:
        for row in sheet.iter_rows(values_only=True):
            for value in row:
                # Numbers and dates depend on formats that readers render each their own way.
                if isinstance(value, str):
                    # The format's own escape of a control character: `_x000D_` is a line end.
                    out.append(re.sub("_x000[0-9A-Fa-f]_", "\n", value))
                elif isinstance(value, int) and not isinstance(value, bool):
                    out.append(str(value))
    return "\n".join(out)


def odf_reference(path):
    from odf import opendocument, teletype
    from odf import text as odf_text

    document = opendocument.load(str(path))
    kinds = (odf_text.P, odf_text.H)
    found = "\n".join(teletype.extractText(node) for kind in kinds for node in document.getElementsByType(kind))
    # Fields of master pages hold their own names, which nobody is shown.
    return re.sub("<(number|date/time|header|footer)>", "", found)


def rtf_reference(path):
    from striprtf.striprtf import rtf_to_text

    return rtf_to_text(path.read_bytes().decode("latin-1"), errors="ignore")


class Text(html.parser.HTMLParser):
    """Text outside scripts, styles and menus that its page does not hide."""

    HIDDEN = {"script", "style", "template", "noscript", "nav", "title", "svg", "select", "head"}
    SHOWN = {"html", "body", "br", "hr", "img", "input", "link", "meta", "col", "source", "wbr", "area", "embed", "param", "track", "base"}

    def __init__(self):
        super().__init__()
        self.out, self.hidden = [], []

    def handle_starttag(self, tag, attrs):
        says = dict(attrs)
        unseen = "hidden" in says or re.search(r"display\s*:\s*none|visibility\s*:\s*hidden", says.get("style") or "", re.I)
        nested = bool(self.hidden) and tag == self.hidden[-1]
        if tag in self.HIDDEN or nested or unseen and tag not in self.SHOWN:
            self.hidden.append(tag)
        self.out.append(" " if tag not in {"a", "b", "i", "em", "strong", "span", "font", "u", "sup", "sub"} else "")

    def handle_startendtag(self, tag, attrs):
        self.out.append(" ")

    def handle_endtag(self, tag):
        if self.hidden and tag == self.hidden[-1]:
            self.hidden.pop()

    def handle_data(self, data):
        if not self.hidden:
            self.out.append(data)


def html_text(source):
    parser = Text()
    parser.feed(source)
    return "".join(parser.out)


def html_reference(path):
    data = path.read_bytes()
    declared = re.search(rb"charset=[\"']?([\w-]+)", data[:4096])
    return html_text(data.decode(declared.group(1).decode() if declared else "utf-8", "replace"))


def eml_reference(path):
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    body = message.get_body(preferencelist=("plain", "html"))
    if body is None:
        return str(message["subject"] or "")
    content = body.get_content()
    if body.get_content_type() == "text/html":
        content = html_text(content)
    return f"{message['subject'] or ''}\n{content}"


def msg_reference(path):
    import olefile

    with olefile.OleFileIO(str(path)) as mail:
        # Of the fixed properties, 16 bytes each: the code page of strings that are not UTF-16.
        table = mail.openstream("__properties_version1.0").read()[32:]
        rows = {table[at : at + 4]: int.from_bytes(table[at + 8 : at + 12], "little") for at in range(0, len(table) - 15, 16)}
        pages = [rows[tag] for tag in (b"\x03\x00\xfd\x3f", b"\x03\x00\xde\x3f") if tag in rows]
        # 1200 is UTF-16 and says nothing of the other strings; 20127 is ASCII, which nobody keeps to.
        named = {65001: "utf-8", 20866: "koi8-r", 28591: "latin-1", 1200: "cp1252", 20127: "cp1252"}
        code_page = named.get(pages[0], f"cp{pages[0]}") if pages else "cp1252"

        def text(name, storage=""):
            for kind, encoding in (("001F", "utf-16-le"), ("001E", code_page)):
                if mail.exists(f"{storage}__substg1.0_{name}{kind}"):
                    return mail.openstream(f"{storage}__substg1.0_{name}{kind}").read().decode(encoding, "replace")
            return ""

        # Subject, sender, recipients, body; and of each attachment the name it is shown by.
        found = [text(name) for name in ("0037", "0C1A", "0E04", "0E03", "1000")]
        for entry in mail.listdir(streams=False, storages=True):
            if len(entry) == 1 and entry[0].startswith("__attach_version1.0_"):
                found.append(next(filter(None, (text(name, f"{entry[0]}/") for name in ("3707", "3704", "3001"))), ""))
    return "\n".join(found)


def xls_reference(path):
    import xlrd

    with open("/dev/null", "w") as quiet:
        book = xlrd.open_workbook(str(path), logfile=quiet)
    cells = (cell for sheet in book.sheets() for row in sheet.get_rows() for cell in row)
    return "\n".join(cell.value for cell in cells if cell.ctype == xlrd.XL_CELL_TEXT)


def xml_words(path, parts, names):
    """All words of the elements called `names` in the parts of a ZIP: a second reader that knows nothing of the first one's library."""
    out = []
    with zipfile.ZipFile(path) as container:
        for part in sorted(container.namelist()):
            if re.fullmatch(parts, part):
                for element in ElementTree.fromstring(container.read(part)).iter():
                    if element.tag.rsplit("}", 1)[-1] in names:
                        out.append("".join(element.itertext()))
    return words("\n".join(out))


# Where the first reader is alone with what it finds, the file is no measure: its words are looked for a second time, by hand.
SECOND = {
    ".docx": (r"word/(document|footnotes|endnotes|header\d*|footer\d*)\d*\.xml", {"p"}),
    ".pptx": (r"ppt/(slides|notesSlides)/[^/]*\.xml", {"p"}),
    ".xlsx": (r"xl/(sharedStrings|worksheets/[^/]*)\.xml", {"si", "c"}),
    ".odt": (r"(content|styles)\.xml", {"p", "h"}),
    ".odp": (r"(content|styles)\.xml", {"p", "h"}),
    ".ods": (r"(content|styles)\.xml", {"p", "h"}),
}
SECOND |= {".docm": SECOND[".docx"], ".pptm": SECOND[".pptx"], ".xlsm": SECOND[".xlsx"]}


def second_agrees(path, reference):
    """Whether a second reader finds the same words; true where there is none."""
    if path.suffix.lower() not in SECOND:
        return True
    try:
        found = xml_words(path, *SECOND[path.suffix.lower()])
    except (zipfile.BadZipFile, ElementTree.ParseError, KeyError, NotImplementedError, RuntimeError):
        return True
    # Words once: rows of shared strings stand there once however many cells show them.
    return len(set(reference) & set(found)) >= PASS_OTHER * len(set(reference))


READERS = {
    ".docx": docx_reference,
    ".docm": docx_reference,
    ".pptx": pptx_reference,
    ".pptm": pptx_reference,
    ".xlsx": xlsx_reference,
    ".xlsm": xlsx_reference,
    ".xls": xls_reference,
    ".odt": odf_reference,
    ".odp": odf_reference,
    ".ods": odf_reference,
    ".rtf": rtf_reference,
    ".html": html_reference,
    ".htm": html_reference,
    ".eml": eml_reference,
    ".msg": msg_reference,
}


def found_text(line):
    return "\n".join(page["text"] for page in line.get("pages", []))


def compare_pdf(line):
    reference = pdf_reference(pathlib.Path(line["path"]))
    if reference is None or sum(chars(reference).values()) < 100:
        return None
    found = found_text(line)
    by_words = recall(words(reference), words(found))
    # Four characters in a row without spaces stand for words where the two break them differently (formulas, rotated labels,
    # scripts without spaces).
    score = max(by_words, recall(grams(reference), grams(found)))
    return score, words(reference) - words(found), by_words


def compare_other(line):
    path = pathlib.Path(line["path"])
    try:
        reference = words(READERS[path.suffix.lower()](path))
    except Exception as error:  # The reader's own failure: this file has no reference.
        return ("unread", type(error).__name__)
    if not reference:
        return None
    if not second_agrees(path, reference):
        return ("unread", "the readers disagree")
    found = words(found_text(line))
    score = recall(reference, found)
    return score, reference - found, score


def extract(program, paths):
    """Every file below `paths` through the program, as a person would: one child after the other, each in its sandbox."""
    files = sorted(str(file) for path in paths for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file())
    done = subprocess.run([program, "--json", "extract", *files], capture_output=True, check=False)
    lines = [json.loads(line) for line in done.stdout.decode().splitlines() if line.strip()]
    states = collections.Counter(line["error"]["code"] if "error" in line else "ready" for line in lines)
    print(f"{len(lines)} of {len(files)} files in a state: {dict(states)}; slowest {max(line.get('ms', 0) for line in lines):.0f} ms")
    if len(lines) != len(files):
        sys.exit(f"no word of {len(files) - len(lines)} files: {done.stderr.decode()[-500:]}")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", type=pathlib.Path, help="documents and folders; with --extracted, JSON lines")
    parser.add_argument("--docmind", default="target/debug/docmind", metavar="PROGRAM")
    parser.add_argument("--extracted", action="store_true", help="the paths are what `docmind --json extract` printed before")
    parser.add_argument("--pdf-list", type=pathlib.Path, help="names of the PDFs that have a reference")
    parser.add_argument("--show", type=int, default=0, metavar="N")
    options = parser.parse_args()
    if options.extracted:
        lines = [json.loads(line) for file in options.paths for line in file.read_text().splitlines() if line.strip()]
    else:
        lines = extract(options.docmind, options.paths)
    listed = set(options.pdf_list.read_text().split()) if options.pdf_list else set()
    pdfs = [line for line in lines if pathlib.Path(line["path"]).name in listed]
    others = [line for line in lines if pathlib.Path(line["path"]).suffix.lower() in READERS]
    failed = False
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = {"pdf": list(zip(pdfs, pool.map(compare_pdf, pdfs)))}
    results["other"] = [(line, compare_other(line)) for line in others]
    for kind, floor in (("pdf", PASS_PDF), ("other", PASS_OTHER)):
        scored = [(line, *result) for line, result in results[kind] if result and result[0] != "unread"]
        unread = collections.Counter(result[1] for _, result in results[kind] if result and result[0] == "unread")
        if not scored:
            continue
        passed = [row for row in scored if row[1] >= floor]
        by_words = sum(row[3] >= floor for row in scored)
        share = len(passed) / len(scored)
        failed |= share < SHARE
        by_suffix = collections.Counter(pathlib.Path(row[0]["path"]).suffix.lower() for row in scored)
        alone = f"; by words alone {by_words}" if kind == "pdf" else ""
        print(f"{kind}: {len(passed)} of {len(scored)} pass ({share:.1%}){alone}; {dict(by_suffix)}; without a reference: {dict(unread)}")
        refused = [row for row in scored if row[0].get("error", {}).get("code") in ("damaged", "unsupported") and kind == "other"]
        for line, *_ in refused:
            failed = True
            print(f"  refused though readable: {line['path']}: {line['error']['code']} {line['error']['message'].splitlines()[0]}")
        for line, score, missing, _ in sorted(scored, key=lambda row: row[1])[: options.show]:
            few = " ".join(f"{word}×{count}" for word, count in missing.most_common(12))
            print(f"  {score:.3f} {line['path']} {line.get('error', {}).get('code', '')} missing: {few}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
