#!/usr/bin/env python3
"""Writes tests/golden/numerics/*.txt: roundings and accumulations of the number formats in exact arithmetic.

    python3 tests/golden/make_numerics_goldens.py

Independent of the C++ code: a format is the sorted list of all of its numbers as fractions, rounding looks for the neighbours in it,
and sums are sums of fractions. src/dojo/numerics/golden_test.cc compares.
"""

import bisect
import pathlib
import random
import struct
from fractions import Fraction

FOLDER = pathlib.Path(__file__).resolve().parent / "numerics"
TESLA = {  # sign, exponent and fraction bits; the fixed bias, or None
    "cfloat8_1_4_3": (1, 4, 3, None),
    "cfloat8_1_5_2": (1, 5, 2, None),
    "shp": (1, 5, 10, None),
    "uhp": (0, 6, 10, 31),
}
IEEE = {"f16": (1, 5, 10, 15), "bf16": (1, 8, 7, 127)}
INFINITY = "infinity"


def power(e):
    return Fraction(2) ** e


class Format:
    """All numbers of a format that are not negative, by code, and the power of two that would come next."""

    def __init__(self, name, bias, as_written=False):
        signs, exponents, fractions, fixed = {**TESLA, **IEEE}[name]
        bias = fixed if bias is None else bias
        self.bits = signs + exponents + fractions
        self.sign = 1 << (self.bits - 1) if signs else None
        self.clamps = name in TESLA
        self.values = []
        for e in range(2**exponents - (0 if self.clamps else 1)):
            for f in range(2**fractions):
                if e == 0:
                    scale = power(-bias if as_written else 1 - bias)
                    self.values.append(Fraction(f, 2**fractions) * scale)
                else:
                    self.values.append((1 + Fraction(f, 2**fractions)) * power(e - bias))
        self.beyond = power(len(self.values) // 2**fractions - bias)

    def encode(self, x, stochastic=None, away=False):
        """x: a fraction; stochastic: (random bits, how many)."""
        if x < 0 and self.sign is None:
            return 0
        a = abs(x)
        if a >= self.beyond:
            code = len(self.values)
        else:
            code = bisect.bisect_right(self.values, a) - 1
            low = self.values[code]
            high = self.values[code + 1] if code + 1 < len(self.values) else self.beyond
            share = (a - low) / (high - low)
            if stochastic is not None:
                r, bits = stochastic
                up = int(share * 2**bits) + (r >> (32 - bits)) >= 2**bits
            else:
                up = share > Fraction(1, 2) or (share == Fraction(1, 2) and (away or code % 2 == 1))
            code += up
        if self.clamps:
            code = min(code, len(self.values) - 1)
        return code | (self.sign if x < 0 else 0)

    def value(self, code):
        if self.sign and code & self.sign:
            return -self.values[code ^ self.sign]
        return self.values[code]


def float_bits(x):
    """The code of a fraction that is a double of f32's or more digits, as a hexadecimal double."""
    d = x.numerator / x.denominator
    assert Fraction(d) == x
    return struct.pack(">d", d).hex()


def formats(rng):
    for name in TESLA:
        for bias in [None] if TESLA[name][3] is not None else [0, 7, 15, 31, 63, rng.randrange(64)]:
            for as_written in (False, True):
                yield name, bias, as_written
    for name in IEEE:
        yield name, None, False


def hard_number(rng, f):
    """Near a number or a middle of the format, with a few digits more than it has; sometimes out of its range."""
    code = rng.randrange(len(f.values))
    low = f.values[code]
    high = f.values[code + 1] if code + 1 < len(f.values) else f.beyond
    share = rng.choice([Fraction(0), Fraction(1, 2), Fraction(rng.randrange(2**20), 2**20)])
    near = rng.choice([0, 0, 1, -1]) * (high - low) * power(-25)
    x = low + share * (high - low) + near
    if rng.random() < 0.1:
        x = rng.choice([f.values[1] * power(-rng.randrange(30)) * 3 / 4, f.beyond * power(rng.randrange(3)), f.values[-1]])
    if rng.random() < 0.5:
        x = -x
    return x


def write_roundings(rng):
    lines = ["# kind bias subnormal-numbers rule random x(double) code"]
    for name, bias, as_written in formats(rng):
        f = Format(name, bias, as_written)
        for i in range(60):
            x = hard_number(rng, f)
            if x == 0:
                continue
            rule = rng.choice(["even", "away", 1, 5, 12, 24, 31])
            r = rng.getrandbits(32)
            code = f.encode(x, (r, rule) if isinstance(rule, int) else None, rule == "away")
            lines.append(f"{name} {'-' if bias is None else bias} {'as_written' if as_written else 'gradual'} {rule} {r} {float_bits(x)} {code}")
    (FOLDER / "roundings.txt").write_text("\n".join(lines) + "\n")
    return len(lines) - 1


def rounded(x, exponent_bits, fraction_bits, bias, clamps):
    """A fraction to the nearest number of a wide format, ties to even; INFINITY, with a sign, beyond it. For -0 see below."""
    if x == 0:
        return x
    a = abs(x)
    e = a.numerator.bit_length() - a.denominator.bit_length()
    e -= a < power(e)
    assert power(e) <= a < power(e + 1)
    step = power(max(e, 1 - bias) - fraction_bits)
    n = a / step
    q = n.numerator // n.denominator
    rest = n - q
    q += rest > Fraction(1, 2) or (rest == Fraction(1, 2) and q % 2 == 1)
    a = q * step
    top = 2**exponent_bits - (1 if clamps else 2) - bias
    if a >= power(top + 1):
        if not clamps:
            return (INFINITY, x < 0)
        a = (2 - power(-fraction_bits)) * power(top)
    return -a if x < 0 else a


ACCUMULATORS = {"f32": (8, 23, 127, False), "1_7_13": (7, 13, 63, True), "exact": (8, 23, 127, False)}


def accumulate(order, accumulator, start, products):
    def round_(x):
        return rounded(x, *ACCUMULATORS[accumulator])

    if accumulator == "exact":
        return round_(start + sum(products))
    acc = start
    if order == "in_turn":
        for p in products:
            acc = round_(acc + p)
    elif order == "four_units":
        units = [start, Fraction(0), Fraction(0), Fraction(0)]
        for k, p in enumerate(products):
            units[k % 4] = round_(units[k % 4] + p)
        acc = round_(round_(units[0] + units[1]) + round_(units[2] + units[3]))
    else:
        for k in range(0, len(products), 4):
            p = products[k : k + 4]
            if order == "fused":
                acc = round_(acc + sum(p))
            else:
                pairs = [round_(p[i] + p[i + 1]) if i + 1 < len(p) else p[i] for i in range(0, len(p), 2)]
                acc = round_(acc + (round_(pairs[0] + pairs[1]) if len(pairs) > 1 else pairs[0]))
    return acc


def accumulation(rng):
    order = rng.choice(["in_turn", "in_turn", "pairs", "fused", "four_units"])
    accumulator = rng.choice(["f32", "f32", "f32", "1_7_13", "exact"])
    kinds = []
    for _ in range(2):
        name = rng.choice(["cfloat8_1_4_3", "cfloat8_1_5_2", "shp", "bf16", "f16"])
        kinds.append((name, rng.choice([0, 15, 31, 63]) if name in TESLA else None))
    tables = [table(*kind) for kind in kinds]
    depth = rng.randrange(1, 15)
    # Of few neighbouring exponents, else one product outweighs all others; and now and then of all.
    codes = []
    for f in tables:
        window = max(1, len(f.values) // rng.choice([1, 2, 4, 8]))
        first = rng.randrange(len(f.values) - window + 1)
        codes.append([first + rng.randrange(window) | (f.sign if f.sign and rng.random() < 0.5 else 0) for _ in range(depth)])
    products = [tables[0].value(a) * tables[1].value(b) for a, b in zip(*codes)]
    start = Fraction(0)
    if rng.random() < 0.7:
        start = rounded(sum(products) * Fraction(rng.randrange(-400, 400), 100), *ACCUMULATORS["1_7_13"])
    result = accumulate(order, accumulator, start, products)
    if isinstance(result, tuple) or result == 0 or isinstance(start, tuple):
        return None  # infinities and the signs of zero have tests of their own
    names = " ".join(f"{name}:{'-' if bias is None else bias}" for name, bias in kinds)
    lists = " ".join(",".join(map(str, c)) for c in codes)
    return f"{order} {accumulator} {names} {float_bits(start)} {lists} {float_bits(result)}"


TABLES = {}


def table(name, bias):
    if (name, bias) not in TABLES:
        TABLES[name, bias] = Format(name, bias)
    return TABLES[name, bias]


def write_accumulations(rng):
    lines = ["# order accumulator a:bias b:bias start(double) codes-of-a codes-of-b result(double)"]
    while len(lines) <= 1500:
        try:
            line = accumulation(rng)
        except TypeError:  # an infinity on the way
            continue
        if line:
            lines.append(line)
    (FOLDER / "accumulations.txt").write_text("\n".join(lines) + "\n")
    return len(lines) - 1


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    rng = random.Random(1)
    print(f"  {write_roundings(rng)} roundings, {write_accumulations(rng)} accumulations")
