#!/usr/bin/env python3
"""Gives a made model a real vocabulary, so that its questions have as many tokens as real ones.

    tests/gpu/vocabulary.py MODEL.gguf VOCABULARY.gguf OUT.gguf

The made-up vocabulary cuts words that are not on its one page into letters: a question of 16 of Qwen's tokens has 35 of its own. Both
files need equally many tokens. Qwen's come with llama.cpp's source as models/ggml-vocab-qwen2.gguf, for instance in PyPI's source package
of llama-cpp-python; what Qwen3 added to them (the marks of thinking) is put where Qwen3 has it.
"""
import shutil
import struct
import sys

SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}
TEXT, ARRAY = 8, 9
QWEN3 = {151667: b"<think>", 151668: b"</think>"}
USER_DEFINED = 4
OWN = b"tokenizer.ggml."
TAKEN = (b"tokens", b"token_type", b"merges", b"eos_token_id", b"padding_token_id", b"bos_token_id")


class Reader:
    def __init__(self, path):
        self.file = open(path, "rb")
        magic, self.version, self.tensors, entries = self.scalar("4s"), *(self.scalar(kind) for kind in "IQQ")
        assert magic == b"GGUF", f"{path} is no GGUF file"
        self.entries = [(self.text(), *self.typed()) for _ in range(entries)]
        self.rest = self.file.tell()

    def scalar(self, kind):
        return struct.unpack("<" + kind, self.file.read(struct.calcsize("<" + kind)))[0]

    def text(self):
        return self.file.read(self.scalar("Q"))

    def typed(self):
        kind = self.scalar("I")
        return kind, self.value(kind)

    def value(self, kind):
        if kind == TEXT:
            return self.text()
        if kind == ARRAY:
            inner, count = self.scalar("I"), self.scalar("Q")
            return inner, [self.value(inner) for _ in range(count)]
        return self.scalar(SCALARS[kind])

    def infos_end(self):
        self.file.seek(self.rest)
        for _ in range(self.tensors):
            self.text()
            self.file.seek(8 * self.scalar("I") + 4 + 8, 1)
        return self.file.tell()


def packed(kind, value):
    if kind == TEXT:
        return struct.pack("<Q", len(value)) + value
    if kind == ARRAY:
        inner, values = value
        return struct.pack("<IQ", inner, len(values)) + b"".join(packed(inner, one) for one in values)
    return struct.pack("<" + SCALARS[kind], value)


def main(model, vocabulary, out):
    model, vocabulary = Reader(model), Reader(vocabulary)
    taken = {key: (kind, value) for key, kind, value in vocabulary.entries}
    taken = {OWN + name: taken[OWN + name] for name in TAKEN}
    tokens, types = taken[OWN + b"tokens"][1][1], taken[OWN + b"token_type"][1][1]
    own = dict((key, value) for key, _, value in model.entries)[OWN + b"tokens"][1]
    assert len(own) == len(tokens), f"{len(own)} tokens, and {len(tokens)} in the vocabulary"
    for at, text in QWEN3.items():
        if text not in tokens:
            tokens[at], types[at] = text, USER_DEFINED
    # An answer ends where a turn does.
    taken[OWN + b"eos_token_id"] = (4, tokens.index(b"<|im_end|>"))

    header = struct.pack("<4sIQQ", b"GGUF", model.version, model.tensors, len(model.entries))
    for key, kind, value in model.entries:
        kind, value = taken.get(key, (kind, value))
        header += packed(TEXT, key) + struct.pack("<I", kind) + packed(kind, value)
    end = model.infos_end()
    model.file.seek(model.rest)
    header += model.file.read(end - model.rest)
    with open(out, "wb") as file:
        file.write(header + b"\0" * (-len(header) % 32))
        model.file.seek(end + -end % 32)
        shutil.copyfileobj(model.file, file, 16 << 20)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
