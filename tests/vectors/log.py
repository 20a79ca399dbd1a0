#!/usr/bin/env python3
"""Computes log.json: an implementation of specs/log.md §3 to §6 and §13 that shares no code with ours.

SHA-2 and HMAC come from the standard library, ristretto255 from sealing.py beside this file; ECDSA on P-256, the map to ristretto255 and
the VRF are written here from their standards. Nothing is fast or constant-time. Run it to compare, or with --write to replace the file.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import sys

sys.dont_write_bytecode = True
from sealing import D, G, L, P, SQRT_M1, absolute, add, encode, mul, sqrt_ratio_m1


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def lp(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


def u32(number: int) -> bytes:
    return number.to_bytes(4, "big")


# --- specs/log.md §4: owner keys, tags, salts ------------------------------------------------------------------------
def person_key(secret: bytes) -> bytes:
    return mac(secret, b"owner/v1")


def pseudonym_key(secret: bytes, sector: str, slot: int, generation: int) -> bytes:
    return mac(secret, b"owner/v1" + lp(sector.encode()) + u32(slot) + u32(generation))


def tag(key: bytes, n: int) -> bytes:
    return mac(key, b"tag/v1" + n.to_bytes(8, "big"))[:16]


def salt(secret: bytes, owner: bytes, field: str) -> bytes:
    return mac(secret, b"salt/v1" + lp(owner) + lp(field.encode()))


# --- specs/log.md §5: commitments; RFC 6962 §2.1 -------------------------------------------------------------------
FIELDS = {
    "enrol": ["birth_year", "area"],
    "issue": ["bracket", "birth_year", "area", "enrol"],
    "nym": ["enrol"],
    "revoke": ["enrol"],
    "access": ["enrol"],
}


def split(size: int) -> int:
    k = 1
    while k * 2 < size:
        k *= 2
    return k


def root(entries: list) -> bytes:
    if len(entries) == 1:
        return sha256(b"\0" + entries[0])
    k = split(len(entries))
    return sha256(b"\1" + root(entries[:k]) + root(entries[k:]))


def path(index: int, entries: list) -> list:
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if index < k:
        return path(index, entries[:k]) + [root(entries[k:])]
    return path(index - k, entries[k:]) + [root(entries[:k])]


def commitment(kind: str, secret: bytes, owner: bytes, values: list) -> dict:
    names = FIELDS[kind]
    salts = [salt(secret, owner, name) for name in names]
    entries = [lp(n.encode()) + s + lp(v.encode()) for n, s, v in zip(names, salts, values)]
    openings = [
        {"index": i, "name": names[i], "salt": b64(salts[i]), "value": values[i], "path": [b64(h) for h in path(i, entries)]}
        for i in range(len(names))
    ]
    return {
        "kind": kind,
        "secret": secret.hex(),
        "owner": owner.hex(),
        "values": values,
        "root": root(entries).hex(),
        "openings": openings,
    }


# --- specs/log.md §6: slot tags; C2SP vrf-r255, RFC 9381 §5, RFC 9496 §4.3.4 --------------------------------------------
ONE_MINUS_D_SQ = (1 - D * D) % P
D_MINUS_ONE_SQ = (D - 1) ** 2 % P
SQRT_AD_MINUS_ONE = 25063068953384623474111414158702152701244531502492656460079210482610430750235
assert SQRT_AD_MINUS_ONE**2 % P == (-D - 1) % P


def map_to_point(t: int):
    r = SQRT_M1 * t * t % P
    u, v = (r + 1) * ONE_MINUS_D_SQ % P, (-1 - r * D) * (r + D) % P
    was_square, s = sqrt_ratio_m1(u, v)
    if not was_square:
        s = -absolute(s * t) % P
    c = -1 if was_square else r
    n = (c * (r - 1) * D_MINUS_ONE_SQ - v) % P
    w0, w1, w2, w3 = 2 * s * v % P, n * SQRT_AD_MINUS_ONE % P, (1 - s * s) % P, (1 + s * s) % P
    return w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P


def from_uniform(data: bytes):
    low, high = (int.from_bytes(half, "little") % 2**255 % P for half in (data[:32], data[32:]))
    return add(map_to_point(low), map_to_point(high))


SUITE = b"\xffc2sp.org/vrf-r255"


def sha512(data: bytes) -> bytes:
    return hashlib.sha512(data).digest()


def vrf(x: int, alpha: bytes):
    """Public key, output and proof."""
    y = encode(mul(x, G))
    h = from_uniform(sha512(SUITE + b"\x82" + y + alpha))
    gamma = mul(x, h)
    k = int.from_bytes(sha512(SUITE + b"\x81" + x.to_bytes(32, "little") + encode(h)), "little") % L
    points = y + encode(h) + encode(gamma) + encode(mul(k, G)) + encode(mul(k, h))
    c = sha512(SUITE + b"\x02" + points + b"\x00")[:16]
    s = (k + int.from_bytes(c, "little") * x) % L
    return y, sha512(SUITE + b"\x03" + encode(gamma) + b"\x00"), encode(gamma) + c + s.to_bytes(32, "little")


def slot_input(person: bytes, sector: str, slot: int) -> bytes:
    return b"slot/v1" + lp(person) + lp(sector.encode()) + u32(slot)


def slot_vector(x: int, person: bytes, sector: str, slot: int) -> dict:
    alpha = slot_input(person, sector, slot)
    public, output, proof = vrf(x, alpha)
    return {
        "public": public.hex(),
        "person": person.hex(),
        "sector": sector,
        "slot": slot,
        "input": alpha.hex(),
        "tag": output.hex(),
        "proof": proof.hex(),
    }


# --- ECDSA on P-256, FIPS 186-5 §6.4, SP 800-186 §3.2.1.3 -----------------------------------------------------------
PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
BASE = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def p256_add(p, q):
    if p is None or q is None:
        return p or q
    if p[0] == q[0]:
        if (p[1] + q[1]) % PRIME == 0:
            return None
        slope = (3 * p[0] * p[0] - 3) * pow(2 * p[1], -1, PRIME)
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, PRIME)
    x = (slope * slope - p[0] - q[0]) % PRIME
    return x, (slope * (p[0] - x) - p[1]) % PRIME


def p256_mul(k: int, p=BASE):
    q = None
    while k:
        q, p, k = (p256_add(q, p) if k & 1 else q), p256_add(p, p), k >> 1
    return q


def point(private: int) -> bytes:
    x, y = p256_mul(private)
    return b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")


def es256(private: int, message: bytes) -> bytes:
    k = int.from_bytes(sha256(b"nonce of a vector" + message), "big") % ORDER
    r = p256_mul(k)[0] % ORDER
    s = pow(k, -1, ORDER) * (int.from_bytes(sha256(message), "big") + r * private) % ORDER
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


# --- specs/log.md §3: leaves -----------------------------------------------------------------------------------------
def compact(value) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def leaf(kind: str, hour: str, **members) -> str:
    return compact({"v": 1, "kind": kind, "hour": hour, **members})


def named(public: dict) -> dict:
    return {"kid": b64(sha256(compact(public).encode())), "public": public}


SECRET = bytes(range(0x20, 0x40))
OTHER = bytes(range(0x80, 0xA0))
PERSON = bytes(range(0x10, 0x20))
REGISTRAR = bytes(range(0x30, 0x40))
VRF = int.from_bytes(bytes.fromhex("3431c2b03533e280b23232e280b34e2c3132c2b03238e280b23131e280b34500"), "little")
OFFICE = int.from_bytes(sha256(b"the key of an office"), "big") % ORDER
HOUR = "2026-11-30T20Z"
AUDIT = bytes(range(0x50, 0x60))
NONCE = bytes(range(0x60, 0x80))


def issuance_leaves() -> list:
    own, there = person_key(SECRET), pseudonym_key(SECRET, "forum.example", 0, 0)
    enrol_tag = tag(own, 0)
    root_of = lambda kind, owner, values: b64(bytes.fromhex(commitment(kind, SECRET, owner, values)["root"]))
    bound = lambda kind, n: {"owner": b64(tag(own, n)), "commitment": root_of(kind, tag(own, n), [b64(enrol_tag)])}
    enrol = {
        "registrar": b64(REGISTRAR),
        "level": "counter",
        "expires": "2031-11",
        "identity": b64(sha256(b"a sealed identity")),
        "owner": b64(enrol_tag),
        "commitment": root_of("enrol", enrol_tag, ["1984", "cog:38563"]),
        "key": b64(sha256(point(OFFICE))[:16]),
    }
    message = b"heteronym/enrol/v1\n" + leaf("enrol", HOUR, **enrol).encode()
    enrol["signature"] = b64(es256(OFFICE, message))
    issued = tag(there, 0)
    return [
        leaf("enrol", HOUR, **enrol),
        leaf("nym", HOUR, act="create", slot=b64(vrf(VRF, slot_input(PERSON, "forum.example", 0))[1]), **bound("nym", 1)),
        leaf(
            "issue",
            HOUR,
            token=b64(sha256(b"a.token.signed")),
            kid="NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
            brackets="standard-1",
            owner=b64(issued),
            commitment=root_of("issue", issued, ["Y40-49", "1984", "FR-38", b64(enrol_tag)]),
        ),
        leaf("access", HOUR, purpose="renewal", role="officer", **bound("access", 2)),
        leaf("nym", HOUR, act="retire", slot=b64(vrf(VRF, slot_input(PERSON, "forum.example", 0))[1]), **bound("nym", 3)),
        leaf("revoke", HOUR, enrol=b64(enrol_tag), reason="departed", **bound("revoke", 4)),
    ]


def registry_leaves() -> list:
    ed25519 = {"crv": "Ed25519", "kty": "OKP", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}  # RFC 8037 A.2
    p256 = point(7)
    es = {"crv": "P-256", "kty": "EC", "x": b64(p256[1:33]), "y": b64(p256[33:])}
    rsa = {"e": "AQAB", "kty": "RSA", "n": b64((2**2047 + 12345).to_bytes(256, "big"))}
    ristretto = {"crv": "ristretto255", "kty": "OKP", "x": b64(encode(mul(VRF, G)))}
    brackets = {"version": "standard-1", "brackets": ["Y_LT18", "Y18-24", "Y25-29", "Y30-39", "Y_GE40"]}
    policy = {"brackets": brackets, "settings": {"leap-day": "march-1", "smallest-crowd": "11", "zone": "Europe/Paris"}}
    key = lambda role, algorithm, public, act, end: leaf(
        "key",
        HOUR,
        role=role,
        kid=named(public)["kid"],
        algorithm=algorithm,
        public=public if act in ("announced", "active") else None,
        act=act,
        not_before="2026-12-07T20Z",
        not_after=end,
    )
    office = {"id": b64(sha256(point(OFFICE))[:16]), "public": b64(point(OFFICE))}
    offices = {"id": b64(REGISTRAR), "name": 'Mairie « d\'Été "38" »', "area": "cog:38563", "population": 20412}
    counts = {"enrol": 12, "nym": 30, "issue": 9007199254740993, "revoke": 0, "access": 1}
    return [
        leaf(
            "genesis",
            HOUR,
            issuer="https://id.example",
            origin="id.example/log/registry",
            log_keys=[named(ed25519)],
            vrf_key=named(ristretto),
            policy=policy,
        ),
        key("log", "Ed25519", ed25519, "announced", None),
        key("issuer", "ES256", es, "active", None),
        key("issuer", "RS256", rsa, "announced", "2027-03-07T20Z"),
        key("issuer", "RS256", rsa, "revoked", "2026-12-07T20Z"),
        key("log", "Ed25519", ed25519, "retired", "2027-01-06T20Z"),
        leaf("registrar", HOUR, **offices, act="accredited", keys=[office]),
        leaf("registrar", HOUR, **offices, act="withdrawn", keys=[]),
        leaf(
            "client",
            HOUR,
            id="c_forum",
            name="Budget participatif",
            sector="forum.example",
            hosts=["forum.example", "forum.example:8443"],
            heteronyms_per_person=1,
            act="registered",
        ),
        leaf("config", HOUR, policy=policy),
        leaf(
            "custodians",
            HOUR,
            id=b64(sha256(b"id")),
            group_key=b64(encode(mul(3, G))),
            epoch=0,
            threshold=3,
            custodians=5,
            fingerprint=b64(sha256(b"fingerprint")),
        ),
        leaf("anchor", HOUR, log="2026", size=123456789, root=b64(sha256(b"root")), final=False),
        leaf(
            "stats",
            HOUR,
            month="2026-11",
            counts=counts,
            part=1,
            parts=1,
            registrars=[{"registrar": b64(bytes([n]) * 16), "enrolments": n} for n in (1, 11)],
        ),
        leaf(
            "audit.commit",
            HOUR,
            audit=b64(AUDIT),
            auditor="A journal",
            log="2026",
            size=123456789,
            root=b64(sha256(b"root")),
            draws=20,
            nonce_hash=b64(sha256(NONCE)),
        ),
        leaf("audit.draw", HOUR, audit=b64(AUDIT), nonce=b64(NONCE)),
        leaf("audit.openings", HOUR, audit=b64(AUDIT), opened=19, withheld=1, openings=b64(sha256(b"openings"))),
        leaf("audit.result", HOUR, audit=b64(AUDIT), opened=19, withheld=1, faults=0, report=b64(sha256(b"report"))),
    ]


def owner_vectors() -> list:
    vectors = []
    for secret in (SECRET, OTHER, bytes(32), b"\xff" * 32):
        keys = [{"key": person_key(secret).hex()}]
        places = [("forum.example", 0, 0), ("forum.example", 1, 0), ("forum.example", 0, 1), ("[::1]:8402", 2**32 - 1, 2**32 - 1)]
        for sector, slot, generation in places:
            key = pseudonym_key(secret, sector, slot, generation)
            keys.append({"sector": sector, "slot": slot, "generation": generation, "key": key.hex()})
        for entry in keys:
            entry["tags"] = [[n, tag(bytes.fromhex(entry["key"]), n).hex()] for n in (0, 1, 256, 2**53)]
        owner = tag(person_key(secret), 0)
        salts = {name: salt(secret, owner, name).hex() for name in ("birth_year", "area", "enrol", "")}
        vectors.append({"secret": secret.hex(), "keys": keys, "owner": owner.hex(), "salts": salts})
    return vectors


# --- specs/log.md §13: samples -----------------------------------------------------------------------------------------
def sample(audit: bytes, nonce: bytes, size: int, root_hash: bytes, population: int, draws: int) -> dict:
    seed = sha256(b"heteronym/sample/v1\n" + audit + nonce + size.to_bytes(8, "big") + root_hash)
    end, drawn, i = 2**64 // population * population, [], 0
    while len(drawn) < min(draws, population):
        x = int.from_bytes(sha256(seed + i.to_bytes(8, "big"))[:8], "big")
        if x < end and x % population not in drawn:
            drawn.append(x % population)
        i += 1
    return {
        "audit": audit.hex(),
        "nonce": nonce.hex(),
        "size": size,
        "root": root_hash.hex(),
        "seed": seed.hex(),
        "population": population,
        "draws": draws,
        "drawn": drawn,
    }


def sample_vectors() -> list:
    head = (123456789, sha256(b"root"))
    return [
        sample(AUDIT, NONCE, *head, 98765432, 20),
        sample(AUDIT, NONCE, *head, 7, 20),
        sample(AUDIT, NONCE, *head, 1, 1),
        sample(AUDIT, NONCE, *head, 2**63 + 1, 12),
        sample(bytes(16), NONCE, *head, 98765432, 3),
        sample(AUDIT, bytes(32), *head, 98765432, 3),
        sample(AUDIT, NONCE, head[0] + 1, head[1], 98765432, 3),
        sample(AUDIT, NONCE, head[0], bytes(32), 98765432, 3),
    ]


def self_check() -> None:
    """The published vector of C2SP vrf-r255; RFC 6979 A.2.5 for the point of P-256; RFC 6962's empty leaf."""
    public, output, proof = vrf(VRF, bytes.fromhex("633273702e6f72672f7672662d72323535"))
    assert public.hex() == "54136cd90d99fbd1d4e855d9556efea87ba0337f2a6ce22028d0f5726fcb854e"
    assert output.hex().startswith("dd653f0879b48c3ef69e13551239bec4cbcc1c18fe8894de")
    assert proof.hex().startswith("0a97d961262fb549b4175c5117860f42ae44a123f93c476c")
    private = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    assert point(private)[1:33].hex() == "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    assert root([b""]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


def main() -> int:
    self_check()
    leaves = [("issuance", text) for text in issuance_leaves()] + [("registry", text) for text in registry_leaves()]
    enrol = json.loads(leaves[0][1])
    signed = {name: value for name, value in enrol.items() if name != "signature"}
    owner = tag(person_key(SECRET), 0)
    document = {
        "about": "Vectors of specs/log.md, computed by log.py. Bytes are hexadecimal, except in leaves and openings.",
        "licence": "MIT OR Apache-2.0",
        "owners": owner_vectors(),
        "commitments": [
            commitment("enrol", SECRET, owner, ["1984", "cog:38563"]),
            commitment("enrol", OTHER, owner, ["", ""]),
            commitment("issue", SECRET, owner, ["Y40-49", "1984", "FR-38", b64(owner)]),
            commitment("issue", SECRET, owner, ["", "1984", "", b64(owner)]),
            *(commitment(kind, OTHER, owner, [b64(owner)]) for kind in ("nym", "revoke", "access")),
        ],
        "slots": [
            slot_vector(VRF, PERSON, "forum.example", 0),
            slot_vector(VRF, PERSON, "forum.example", 1),
            slot_vector(VRF, bytes(16), "[::1]:8402", 2**32 - 1),
            slot_vector(1, PERSON, "c_reader", 0),
        ],
        "samples": sample_vectors(),
        "enrol": {"point": point(OFFICE).hex(), "message": "heteronym/enrol/v1\n" + compact(signed)},
        "leaves": [{"log": log, "text": text, "hash": sha256(b"\0" + text.encode()).hex()} for log, text in leaves],
    }
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    file = pathlib.Path(__file__).with_name("log.json")
    if sys.argv[1:] == ["--write"]:
        file.write_text(text)
        return 0
    if file.read_text() != text:
        print("log.json differs from what log.py computes", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
