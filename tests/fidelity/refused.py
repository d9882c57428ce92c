#!/usr/bin/env python3
"""Lists files that LibreOffice opens with text but that `docmind extract` refused, or read far less of. See README.md."""

import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

from compare import recall, words

# What LibreOffice opens and DocMind says it reads; the older formats are refused by design, with the conversion named.
FORMATS = {
    "text": {".docx", ".docm", ".dotx", ".dotm", ".rtf", ".odt", ".ott", ".fodt", ".sxw"},
    "csv": {".xlsx", ".xlsm", ".xltx", ".xls", ".ods", ".ots", ".fods"},
    "slides": {".pptx", ".pptm", ".ppsx", ".potx", ".odp", ".otp", ".fodp"},
}
# Every sheet, as shown, in UTF-8 (token 12 of the CSV filter).
FILTERS = {"text": "txt:Text (encoded):UTF8", "csv": "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1", "slides": "pdf"}


def kind_of(path):
    return next((kind for kind, suffixes in FORMATS.items() if path.suffix.lower() in suffixes), None)


def converted(path, profile):
    """The text LibreOffice shows of a file; nothing where it cannot open it."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["soffice", f"-env:UserInstallation=file://{profile}", "--headless", "--convert-to", FILTERS[kind_of(path)], "--outdir", folder, str(path)]
        try:
            subprocess.run(command, capture_output=True, timeout=120, check=False)
        except subprocess.TimeoutExpired:
            return ""
        out = []
        for file in sorted(pathlib.Path(folder).iterdir()):
            if file.suffix == ".pdf":
                done = subprocess.run(["pdftotext", "-enc", "UTF-8", str(file), "-"], capture_output=True, check=False)
                out.append(done.stdout.decode("utf-8", "replace"))
            else:
                out.append(file.read_text("utf-8", "replace"))
        return "\n".join(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extracted", type=pathlib.Path, help="what `docmind --json extract` printed")
    parser.add_argument("--all", action="store_true", help="read files are compared as well; minutes")
    parser.add_argument("--below", type=float, default=0.9, help="recall of LibreOffice's words below which a read file is listed")
    options = parser.parse_args()
    refused = 0
    with tempfile.TemporaryDirectory() as profile:
        for line in map(json.loads, options.extracted.read_text().splitlines()):
            path = pathlib.Path(line["path"])
            code = line.get("error", {}).get("code")
            if kind_of(path) is None or code == "needs_password" or not (code or options.all):
                continue
            reference = words(converted(path, profile))
            if code and sum(reference.values()) >= 3:
                refused += 1
                print(f"{code}: {path} ({sum(reference.values())} words)")
            elif not code:
                found = words("\n".join(page["text"] for page in line["pages"]))
                score = recall(reference, found)
                if score < options.below:
                    missing = collections.Counter(reference - found).most_common(12)
                    print(f"{score:.2f}: {path}: {' '.join(word for word, _ in missing)}")
            sys.stdout.flush()
    sys.exit(1 if refused else 0)


if __name__ == "__main__":
    main()
