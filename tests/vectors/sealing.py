#!/usr/bin/env python3
"""Vectors for specs/sealing.md, computed from the specification alone.

ristretto255 is written from RFC 9496, ChaCha20-Poly1305 from RFC 8439, HKDF from RFC 5869; only SHA-2 and HMAC come
from the standard library. Nothing here is fast or constant-time. Prints tests/vectors/sealing.json.

    python3 tests/vectors/sealing.py > tests/vectors/sealing.json

Licence: MIT OR Apache-2.0, as the rest of the project.
"""
import base64, hashlib, hmac, json, struct

# --- ristretto255, RFC 9496 ------------------------------------------------------------------------------------------
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = 37095705934669439343138083508754565189542113879843219016388785533085940283555
SQRT_M1 = 19681161376707505956807079304988542015446066515923890162744021073123829784752
INVSQRT_A_MINUS_D = 54469307008909316920995813868745141605393597292927456921205312896311721017578


def negative(x):
    return x % P & 1


def absolute(x):
    return (P - x) % P if negative(x) else x % P


def sqrt_ratio_m1(u, v):  # §4.2
    r = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    check = v * r * r % P
    correct, flipped, flipped_i = check == u % P, check == -u % P, check == -u * SQRT_M1 % P
    if flipped or flipped_i:
        r = r * SQRT_M1 % P
    return correct or flipped, absolute(r)


def encode(point):  # §4.3.2
    x0, y0, z0, t0 = point
    u1, u2 = (z0 + y0) * (z0 - y0) % P, x0 * y0 % P
    _, invsqrt = sqrt_ratio_m1(1, u1 * u2 * u2 % P)
    den1, den2 = invsqrt * u1 % P, invsqrt * u2 % P
    z_inv = den1 * den2 * t0 % P
    rotate = negative(t0 * z_inv)
    x = y0 * SQRT_M1 % P if rotate else x0
    y = x0 * SQRT_M1 % P if rotate else y0
    den_inv = den1 * INVSQRT_A_MINUS_D % P if rotate else den2
    if negative(x * z_inv):
        y = -y % P
    return absolute(den_inv * (z0 - y)).to_bytes(32, "little")


def add(p, q):  # extended coordinates, a = -1
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * D * p[3] * q[3], 2 * p[2] * q[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def mul(k, p):
    q, k = (0, 1, 1, 0), k % L
    while k:
        q, p, k = (add(q, p) if k & 1 else q), add(p, p), k >> 1
    return q


BX = 15112221349535400772501151409588531511454012693041857206046113283949847762202
BY = 46316835694926478169428394003475163141307993866256225615783033603165251855960
G = (BX, BY, 1, BX * BY % P)
assert encode(G).hex() == "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"  # appendix A.1
assert encode(mul(2, G)).hex() == "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919"


# --- ChaCha20-Poly1305, RFC 8439 -------------------------------------------------------------------------------------
def block(key, counter, nonce):
    state = list(struct.unpack("<16I", b"expand 32-byte k" + key + struct.pack("<I", counter) + nonce))
    work = state[:]

    def quarter(a, b, c, d):
        for x, y, z, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            work[x] = (work[x] + work[y]) & 0xFFFFFFFF
            w = work[z] ^ work[x]
            work[z] = (w << n | w >> 32 - n) & 0xFFFFFFFF

    for _ in range(10):
        for q in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)):
            quarter(*q)
        for q in ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            quarter(*q)
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(work, state)))


def chacha20poly1305(key, nonce, aad, text):
    stream = b"".join(block(key, 1 + i, nonce) for i in range((len(text) + 63) // 64))
    ciphertext = bytes(a ^ b for a, b in zip(text, stream))
    one_time = block(key, 0, nonce)
    r = int.from_bytes(one_time[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    s, acc = int.from_bytes(one_time[16:32], "little"), 0
    zeros = lambda b: b + bytes(-len(b) % 16)
    mac = zeros(aad) + zeros(ciphertext) + struct.pack("<QQ", len(aad), len(ciphertext))
    for i in range(0, len(mac), 16):
        acc = (acc + int.from_bytes(mac[i : i + 16] + b"\x01", "little")) * r % (2**130 - 5)
    return ciphertext + ((acc + s) % 2**128).to_bytes(16, "little")


assert chacha20poly1305(  # RFC 8439 §2.8.2
    bytes(range(0x80, 0xA0)),
    bytes.fromhex("070000004041424344454647"),
    bytes.fromhex("50515253c0c1c2c3c4c5c6c7"),
    b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
).hex().endswith("1ae10b594f09e26a7e902ecbd0600691")


# --- specs/sealing.md ------------------------------------------------------------------------------------------------
def lp(*parts):
    return b"".join(struct.pack(">I", len(p)) + p for p in parts)


def h256(domain, *parts):
    return hashlib.sha256(lp(domain, *parts)).digest()


def h512(domain, *parts):
    return int.from_bytes(hashlib.sha512(lp(domain, *parts)).digest(), "little") % L


def hkdf(ikm, info):
    prk = hmac.new(bytes(32), ikm, hashlib.sha256).digest()
    return hmac.new(prk, info + b"\x01", hashlib.sha256).digest()


def scalar(n):
    return (n % L).to_bytes(32, "little")


def stretch(text):
    """A scalar anybody can recompute."""
    return int.from_bytes(hashlib.sha512(text.encode()).digest(), "little") % L


def seal(group, label, text, r, t):
    key_id = h256(b"heteronym/custodians-id/v1", encode(group))
    size = next(size for size in (512, 2048) if len(text) + 2 <= size)
    padded = (struct.pack(">H", len(text)) + text).ljust(size, b"\0")
    big_r, shared = encode(mul(r, G)), encode(mul(r, group))
    key = hkdf(shared, lp(b"heteronym/seal/v1/key", key_id, big_r, label))
    ciphertext = chacha20poly1305(key, bytes(12), b"\x01" + key_id + big_r + label, padded)
    c = h512(b"heteronym/seal/v1/proof", key_id, label, big_r, encode(mul(t, G)), ciphertext)
    return b"\x01" + key_id + big_r + scalar(c) + scalar(t + c * r) + ciphertext


def partial(fingerprint, index, share, sealed, case, r_point, t):
    d = mul(share, r_point)
    fields = fingerprint, hashlib.sha256(sealed).digest(), case
    c = h512(
        b"heteronym/partial/v1/proof",
        fields[0], struct.pack(">H", index), encode(mul(share, G)), fields[1], fields[2],
        encode(r_point), encode(d), encode(mul(t, G)), encode(mul(t, r_point)),
    )  # fmt: skip
    return b"\x01" + struct.pack(">H", index) + b"".join(fields) + encode(d) + scalar(c) + scalar(t + c * share)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def main():
    threshold, names = 3, ["Court of Appeal", "Ombudsman", "Bar Council", "University", "Press Council"]
    polynomial = [stretch(f"coefficient {i}") for i in range(threshold)]
    shares = [sum(a * i**j for j, a in enumerate(polynomial)) % L for i in range(1, len(names) + 1)]
    group = mul(polynomial[0], G)
    parts = [encode(group), struct.pack(">H", threshold), struct.pack(">I", 0), struct.pack(">H", len(names))]
    for name, share in zip(names, shares):
        parts += [encode(mul(share, G)), name.encode()]
    fingerprint = h256(b"heteronym/custodians-fingerprint/v1", *parts)
    custodians = [
        {"index": i, "name": name, "verification_share": b64(encode(mul(share, G)))}
        for i, (name, share) in enumerate(zip(names, shares), 1)
    ]
    key = {
        "type": "heteronym/custodians/v1",
        "group_key": b64(encode(group)),
        "threshold": threshold,
        "epoch": 0,
        "custodians": custodians,
    }
    request = b'{"type":"lift.request","case":"2026-001"}'
    case = h256(b"heteronym/case/v1", request)
    cases = []
    texts = [b"", '{"v":1,"family_name":"Lefèvre"}'.encode(), b"x" * 510, b"y" * 511, b"z" * 2046]
    for n, text in enumerate(texts):
        label = bytes([n]) * (16 if n else 0)
        r, t = stretch(f"r {n}"), stretch(f"t {n}")
        sealed = seal(group, label, text, r, t)
        partials = [
            (stretch(f"t {n} of {i}"), partial(fingerprint, i, share, sealed, case, mul(r, G), stretch(f"t {n} of {i}")))
            for i, share in enumerate(shares, 1)
        ]
        cases.append({
            "label": label.hex(), "text": text.decode(), "r": scalar(r).hex(), "t": scalar(t).hex(),
            "sealed": b64(sealed),
            "partials": [{"t": scalar(t).hex(), "partial": b64(p)} for t, p in partials],
        })  # fmt: skip
    print(json.dumps({
        "source": "tests/vectors/sealing.py, written from specs/sealing.md; MIT OR Apache-2.0",
        "key": key,
        "key_id": b64(h256(b"heteronym/custodians-id/v1", encode(group))),
        "fingerprint": fingerprint.hex(),
        "shares": [scalar(share).hex() for share in shares],
        "request": request.decode(),
        "case": case.hex(),
        "cases": cases,
    }, indent=1, ensure_ascii=False))  # fmt: skip


if __name__ == "__main__":
    main()
