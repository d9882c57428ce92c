#!/usr/bin/env python3
"""Pages a second: DocMind through its sandboxed child against pypdfium2 in this process, turn by turn. See README.md."""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

FLOOR = 0.5


def pypdfium2_pages(paths):
    """Text of every page of every file, as its documentation does it."""
    import pypdfium2

    pages = 0
    for path in paths:
        document = pypdfium2.PdfDocument(path)
        for page in document:
            page.get_textpage().get_text_range()
            pages += 1
        document.close()
    return pages


def docmind_lines(program, paths):
    """The same files by one `docmind extract`: start, child, sandbox, pipe and JSON lines included."""
    done = subprocess.run([program, "--json", "extract", *paths], capture_output=True, check=False)
    return [json.loads(line) for line in done.stdout.decode().splitlines() if line.strip()]


def comparable(program, paths):
    """Files that both read to the same number of pages: what one of them refuses would be compared with nothing."""
    import pypdfium2

    chosen = []
    for line in docmind_lines(program, paths):
        try:
            document = pypdfium2.PdfDocument(line["path"])
        except pypdfium2.PdfiumError:
            continue
        if "pages" in line and len(line["pages"]) == len(document):
            chosen.append(line["path"])
        document.close()
    return chosen


def measured(read):
    """Pages a second of the clock, and of the processor: the latter holds on a machine that others use too."""
    clock, cpu = time.perf_counter(), sum(os.times()[:4])
    pages = read()
    return pages, pages / (time.perf_counter() - clock), pages / (sum(os.times()[:4]) - cpu)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="PDFs, such as ../shared/corpora/documents/pdfjs")
    parser.add_argument("--docmind", default="target/debug/docmind", metavar="PROGRAM")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    paths = comparable(options.docmind, sorted(str(path) for path in options.folder.rglob("*.pdf")))
    pypdfium2_pages(paths)
    by_clock, by_cpu = [], []
    for turn in range(options.rounds):
        pages, theirs, their_cpu = measured(lambda: pypdfium2_pages(paths))
        found, ours, our_cpu = measured(
            lambda: sum(len(line.get("pages", [])) for line in docmind_lines(options.docmind, paths))
        )
        by_clock.append(ours / theirs)
        by_cpu.append(our_cpu / their_cpu)
        print(
            f"round {turn + 1}: {len(paths)} files; pypdfium2 {pages} pages, {theirs:.0f} a second ({their_cpu:.0f} of processor "
            f"time); docmind {found} pages, {ours:.0f} ({our_cpu:.0f}); ratio {by_clock[-1]:.2f} ({by_cpu[-1]:.2f})"
        )
    for name, ratios in (("clock", by_clock), ("processor time", by_cpu)):
        print(f"ratio by {name}: {statistics.median(ratios):.2f} (median; {min(ratios):.2f} to {max(ratios):.2f})")
    print(f"floor {FLOOR}; load average {os.getloadavg()[0]:.1f}")
    return 0 if statistics.median(by_clock) >= FLOOR else 1


if __name__ == "__main__":
    sys.exit(main())
