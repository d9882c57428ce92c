#!/usr/bin/env python3
"""Compares extracted text (JSON lines of `docmind extract --json`) with independent readers. See README.md."""

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
                    out.append(value)
                elif isinstance(value, int) and not isinstance(value, bool):
                    out.append(str(value))
    return "\n".join(out)


def odf_reference(path):
    from odf import opendocument, teletype
    from odf import text as odf_text

    document = opendocument.load(str(path))
    kinds = (odf_text.P, odf_text.H)
    return "\n".join(teletype.extractText(node) for kind in kinds for node in document.getElementsByType(kind))


def rtf_reference(path):
    from striprtf.striprtf import rtf_to_text

    return rtf_to_text(path.read_bytes().decode("latin-1"), errors="ignore")


class Text(html.parser.HTMLParser):
    """Text outside scripts, styles and menus."""

    HIDDEN = {"script", "style", "template", "noscript", "nav", "title", "svg", "select", "head"}

    def __init__(self):
        super().__init__()
        self.out, self.hidden = [], []

    def handle_starttag(self, tag, attrs):
        if tag in self.HIDDEN:
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


READERS = {
    ".docx": docx_reference,
    ".docm": docx_reference,
    ".pptx": pptx_reference,
    ".pptm": pptx_reference,
    ".xlsx": xlsx_reference,
    ".xlsm": xlsx_reference,
    ".odt": odf_reference,
    ".odp": odf_reference,
    ".ods": odf_reference,
    ".rtf": rtf_reference,
    ".html": html_reference,
    ".htm": html_reference,
    ".eml": eml_reference,
}


def compare_pdf(line):
    reference = pdf_reference(pathlib.Path(line["path"]))
    if reference is None or sum(chars(reference).values()) < 100:
        return None
    found = "\n".join(page["text"] for page in line.get("pages", []))
    # Four characters in a row without spaces stand for words where the two break them differently (formulas, rotated labels,
    # scripts without spaces).
    score = max(recall(words(reference), words(found)), recall(grams(reference), grams(found)))
    missing = words(reference) - words(found)
    return score, missing


def compare_other(line):
    path = pathlib.Path(line["path"])
    try:
        reference = READERS[path.suffix.lower()](path)
    except Exception as error:  # The reader's own failure: this file has no reference.
        return ("unread", type(error).__name__)
    if not words(reference):
        return None
    found = "\n".join(page["text"] for page in line.get("pages", []))
    return recall(words(reference), words(found)), words(reference) - words(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extracted", nargs="+", type=pathlib.Path)
    parser.add_argument("--pdf-list", type=pathlib.Path, help="names of the PDFs that have a reference")
    parser.add_argument("--show", type=int, default=0, metavar="N")
    options = parser.parse_args()
    lines = [json.loads(line) for file in options.extracted for line in file.read_text().splitlines() if line.strip()]
    listed = set(options.pdf_list.read_text().split()) if options.pdf_list else set()
    pdfs = [line for line in lines if pathlib.Path(line["path"]).name in listed]
    others = [line for line in lines if pathlib.Path(line["path"]).suffix.lower() in READERS]
    failed = False
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = {"pdf": list(zip(pdfs, pool.map(compare_pdf, pdfs)))}
    results["other"] = [(line, compare_other(line)) for line in others]
    for kind, floor in (("pdf", PASS_PDF), ("other", PASS_OTHER)):
        scored = [(line, *result) for line, result in results[kind] if result and result[0] != "unread"]
        unread = sum(1 for _, result in results[kind] if result and result[0] == "unread")
        if not scored:
            continue
        passed = [row for row in scored if row[1] >= floor]
        share = len(passed) / len(scored)
        failed |= share < SHARE
        by_suffix = collections.Counter(pathlib.Path(row[0]["path"]).suffix.lower() for row in scored)
        print(f"{kind}: {len(passed)} of {len(scored)} pass ({share:.1%}); without a reference: {unread}; {dict(by_suffix)}")
        refused = [row for row in scored if row[0].get("error", {}).get("code") in ("damaged", "unsupported") and kind == "other"]
        for line, *_ in refused:
            failed = True
            print(f"  refused though readable: {line['path']}: {line['error']['code']} {line['error'].get('detail')}")
        for line, score, missing in sorted(scored, key=lambda row: row[1])[: options.show]:
            few = " ".join(f"{word}×{count}" for word, count in missing.most_common(12))
            print(f"  {score:.3f} {line['path']} {line.get('error', {}).get('code', '')} missing: {few}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
