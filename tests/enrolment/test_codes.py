"""Codes are read over the telephone: whatever is heard or typed wrongly is noticed at once."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edge.enrolment.codes import DATA, GROUPS, Code, check_of, make_code, prove, read_code
from edge.errors import EnrolmentRefused

SIZE = DATA + 1
numbers = st.lists(st.integers(0, 9), min_size=GROUPS * DATA, max_size=GROUPS * DATA)


def a_code(drawn: list[int]) -> Code:
    left = iter(drawn)
    return make_code(lambda _below: next(left))


@given(numbers, st.sampled_from([" ", "", "-", " · ", "，"]))
def test_a_code_is_read_however_it_is_written(drawn: list[int], between: str) -> None:
    """Spaces, hyphens and the wide digits of a Chinese keyboard do not matter."""
    code = a_code(drawn)
    written = between.join(str(code).split(" "))
    assert read_code(written) == code
    assert read_code(written.translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)})) == code


@given(numbers, st.integers(0, GROUPS * SIZE - 1), st.integers(1, 9))
def test_one_wrong_digit_is_noticed_in_its_group(drawn: list[int], at: int, by: int) -> None:
    """And the sentence says which group to read again."""
    digits = a_code(drawn).digits
    wrong = digits[:at] + str((int(digits[at]) + by) % 10) + digits[at + 1 :]
    with pytest.raises(EnrolmentRefused, match=f"Group {at // SIZE + 1} "):
        read_code(wrong)


@given(numbers, st.integers(0, GROUPS * SIZE - 2))
def test_two_neighbours_exchanged_are_noticed(drawn: list[int], at: int) -> None:
    """Also across the border of two groups."""
    digits = a_code(drawn).digits
    assume(digits[at] != digits[at + 1])
    wrong = digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
    with pytest.raises(EnrolmentRefused):
        read_code(wrong)


@given(numbers, st.permutations(range(GROUPS)))
def test_groups_in_another_order_are_noticed(drawn: list[int], order: list[int]) -> None:
    """A group is good in its own place only."""
    groups = str(a_code(drawn)).split(" ")
    assume(order != list(range(GROUPS)))
    with pytest.raises(EnrolmentRefused):
        read_code(" ".join(groups[number] for number in order))


@given(st.text(max_size=300))
def test_whatever_is_typed_is_a_code_or_a_sentence(text: str) -> None:
    """Nothing else can come of it."""
    try:
        code = read_code(text)
    except EnrolmentRefused:
        return
    assert read_code(str(code)) == code


def test_what_the_township_keeps_is_not_the_code() -> None:
    """It can check a signature, and neither repr nor record shows the digits."""
    code = make_code()
    proof, check = prove(code), check_of(code)
    assert check.lookup == proof.lookup
    assert check.signed(proof.private.sign(b"box"), b"box")
    assert not check.signed(proof.private.sign(b"box"), b"other")
    assert not check_of(make_code()).signed(proof.private.sign(b"box"), b"box")
    told = f"{check} {code!r} {proof}"
    assert code.digits not in told
    assert proof.secret.hex() not in told
