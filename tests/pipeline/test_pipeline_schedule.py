"""Which sample is what: prefixes agree, counts are exact, fractions are even."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natocc.core.errors import UsageError
from natocc.pipeline.schedule import Schedule

sets = st.lists(st.sampled_from([0.25, 0.5, 1, 1.5, 2, 3]), min_size=1, max_size=3)


@given(sets, st.integers(4, 30), st.integers(0, 200), st.integers(0, 200))
def test_a_prefix_is_the_same_however_many_follow(per_face: list[float], faces: int, few: int, more: int) -> None:
    ids = [f"f{number}" for number in range(faces)]
    short, long = Schedule(per_face, ids, few), Schedule(per_face, ids, few + more)
    assert [short[index] for index in range(few)] == [long[index] for index in range(few)]


@given(sets, st.integers(4, 30), st.integers(1, 3))
def test_no_two_samples_are_the_same(per_face: list[float], faces: int, turns: int) -> None:
    ids = [f"f{number}" for number in range(faces)]
    once = len(Schedule(per_face, ids))
    schedule = Schedule(per_face, ids, turns * once)
    made = Counter((spec.set_index, spec.face, spec.variant) for spec in (schedule[index] for index in range(len(schedule))))
    assert max(made.values()) == 1


@given(sets, st.integers(4, 40))
def test_each_set_has_its_share_of_each_face(per_face: list[float], faces: int) -> None:
    ids = [f"f{number}" for number in range(faces)]
    schedule = Schedule(per_face, ids)
    specs = [schedule[index] for index in range(len(schedule))]
    for set_index, wanted in enumerate(per_face):
        of_set = Counter(spec.face for spec in specs if spec.set_index == set_index)
        assert sum(of_set.values()) == int(wanted * faces + 1e-9)
        assert all(int(wanted) <= of_set[face] <= int(wanted) + 1 for face in ids)


def test_nothing_to_make() -> None:
    with pytest.raises(UsageError, match="makes no sample"):
        Schedule([0.1], ["a"], 5)
    with pytest.raises(IndexError):
        Schedule([1], ["a"])[1]
