#!/usr/bin/env python3
"""Computes pseudonym.json: an implementation of specs/pseudonym.md, "Derivation", that shares no code with ours.

It uses hashlib and hmac of the standard library only. Run it to compare, or with --write to replace the file.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import sys


def lp(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


def hkdf_sha256(ikm: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869 without salt: the salt is then as many zeros as the hash is long."""
    prk = hmac.new(bytes(32), ikm, hashlib.sha256).digest()
    out, block, count = b"", b"", 1
    while len(out) < length:
        block = hmac.new(prk, block + info + bytes([count]), hashlib.sha256).digest()
        out, count = out + block, count + 1
    return out[:length]


def sector_key(master: bytes, sector: str) -> bytes:
    return hkdf_sha256(master, b"sector/v1" + lp(sector.encode()), 32)


def sub(key: bytes, person: bytes, slot: int, generation: int) -> str:
    message = b"sub/v1" + lp(person) + lp(slot.to_bytes(4, "big")) + lp(generation.to_bytes(4, "big"))
    digest = hmac.new(key, message, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def vector(master: bytes, sector: str, person: bytes, slot: int, generation: int) -> dict:
    key = sector_key(master, sector)
    return {
        "master": master.hex(),
        "sector": sector,
        "person": person.hex(),
        "slot": slot,
        "generation": generation,
        "sector_key": key.hex(),
        "sub": sub(key, person, slot, generation),
    }


def self_check() -> None:
    """RFC 5869 appendix A.3 (test case 3: SHA-256, no salt, no info)."""
    expected = (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    )
    assert hkdf_sha256(bytes([0x0B]) * 22, b"", 42).hex() == expected


def main() -> int:
    self_check()
    zeros, ones, counted = bytes(32), b"\xff" * 32, bytes(range(32))
    nobody, all_ones, person = bytes(16), b"\xff" * 16, bytes(range(0x10, 0x20))
    longest = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])
    vectors = [
        vector(counted, "forum.example", person, 0, 0),
        vector(counted, "forum.example", person, 1, 0),
        vector(counted, "forum.example", person, 0, 1),
        vector(counted, "forum.example", person, 256, 1),
        vector(counted, "forum.example", person, 0xFFFFFFFF, 0xFFFFFFFF),
        vector(counted, "forum.example", nobody, 0, 0),
        vector(counted, "forum.example", all_ones, 0, 0),
        vector(counted, "forum.example:8443", person, 0, 0),
        vector(counted, "orum.example", person, 0, 0),
        vector(counted, "127.0.0.1:8401", person, 0, 0),
        vector(counted, "[::1]:8402", person, 0, 0),
        vector(counted, "a", person, 0, 0),
        vector(counted, longest, person, 0, 0),
        vector(zeros, "forum.example", person, 0, 0),
        vector(ones, "forum.example", person, 0, 0),
    ]
    document = {
        "about": "Vectors of specs/pseudonym.md, Derivation, computed by pseudonym.py. Bytes are hexadecimal.",
        "licence": "MIT OR Apache-2.0",
        "vectors": vectors,
    }
    text = json.dumps(document, indent=2) + "\n"
    file = pathlib.Path(__file__).with_name("pseudonym.json")
    if sys.argv[1:] == ["--write"]:
        file.write_text(text)
        return 0
    if file.read_text() != text:
        print("pseudonym.json differs from what pseudonym.py computes", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
