"""``@value`` behaves like a frozen, slotted dataclass in everything the house uses."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import pickle
import pkgutil

import pytest

import agent2.core
from agent2.core.model import Code, Finding, Outcome, Severity, TargetState
from agent2.core.value import FrozenError, as_dict, replace, value


@value
class Point:
    """A value with two fields, one of them with a default."""

    x: float
    y: float = 2.0

    @property
    def norm(self) -> float:
        """The distance from the origin, squared."""
        return self.x**2 + self.y**2


@value
class Other:
    """The same fields as Point, and not a Point."""

    x: float
    y: float = 2.0


@value
class Nothing:
    """A value without any field."""


def test_it_is_made_by_position_and_by_name():
    assert Point(1.0) == Point(x=1.0) == Point(1.0, 2.0) == Point(y=2.0, x=1.0)


def test_a_missing_or_unknown_field_is_refused():
    with pytest.raises(TypeError):
        Point()
    with pytest.raises(TypeError):
        Point(1.0, z=3.0)
    with pytest.raises(TypeError):
        Point(1.0, 2.0, 3.0)


def test_it_cannot_be_changed_and_says_what_to_do_instead():
    point = Point(1.0)

    with pytest.raises(FrozenError, match=r"Point\.x cannot be changed: use replace"):
        point.x = 5.0
    with pytest.raises(FrozenError, match=r"Point\.z cannot"):
        point.z = 5.0
    with pytest.raises(FrozenError):
        del point.x

    assert point == Point(1.0)


def test_it_has_slots_and_no_dict():
    assert Point.__slots__ == ("x", "y")
    assert not hasattr(Point(1.0), "__dict__")


def test_equal_fields_make_equal_values_of_one_class_alone():
    assert Point(1.0) != Point(1.5)
    assert Point(1.0, 2.0) != Point(1.0, 3.0)
    assert Point(1.0) != Other(1.0)
    assert Point(1.0) != (1.0, 2.0)
    assert Nothing() == Nothing()


def test_equal_values_hash_alike_and_different_ones_apart():
    assert hash(Point(1.0)) == hash(Point(1.0, 2.0))
    assert len({Point(1.0), Point(1.0, 2.0), Point(2.0)}) == 2
    assert hash(Point(1.0, 3.0)) != hash(Point(3.0, 1.0))


def test_its_repr_can_be_read_back():
    assert repr(Point(1.0)) == "Point(x=1.0, y=2.0)"
    assert eval(repr(Point(1.0, 3.5))) == Point(1.0, 3.5)
    assert repr(Nothing()) == "Nothing()"


def test_a_class_may_write_its_own_repr():
    @value
    class Hidden:
        key: str

        def __repr__(self) -> str:
            return "***"

    assert repr(Hidden("k")) == "***"


def test_replace_returns_a_changed_copy():
    old = Point(1.0, 3.0)

    assert replace(old, x=9.0) == Point(9.0, 3.0)
    assert old == Point(1.0, 3.0)


def test_replace_refuses_a_name_that_is_no_field():
    with pytest.raises(TypeError):
        replace(Point(1.0), norm=9.0)


def test_replace_knows_a_field_of_any_name():
    @value
    class Change:
        old: int
        changes: int

    assert replace(Change(1, 2), old=5, changes=6) == Change(5, 6)


def test_as_dict_gives_the_fields_in_their_order_one_level_deep():
    inner = Point(1.0)

    assert list(as_dict(Point(inner, 4.0)).items()) == [("x", inner), ("y", 4.0)]


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_a_copy_equals_its_original(duplicate):
    assert duplicate(Point(1.0, 3.0)) == Point(1.0, 3.0)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_survives_a_pickle(protocol):
    finding = Finding(Outcome.OK, Code.SLOW, "3 s", 3.0, (("dns", 0.1),), "7:1")

    assert pickle.loads(pickle.dumps(finding, protocol)) == finding


def test_it_can_be_taken_apart_by_match():
    match Point(1.0, 3.0):
        case Point(x, y):
            assert (x, y) == (1.0, 3.0)
        case _:
            pytest.fail("a value must match its own class")


def test_methods_and_properties_stay():
    assert Point(3.0, 4.0).norm == 25.0
    assert Point.__doc__ == "A value with two fields, one of them with a default."
    assert Point.__name__ == Point.__qualname__ == "Point"
    assert Point.__module__ == __name__


def test_post_init_is_called_with_all_fields_set():
    seen = []

    @value
    class Checked:
        low: int
        high: int = 5

        def __post_init__(self) -> None:
            seen.append((self.low, self.high))
            if self.low > self.high:
                raise ValueError("low > high")

    Checked(1)
    with pytest.raises(ValueError, match="low > high"):
        Checked(6)

    assert seen == [(1, 5), (6, 5)]


def test_replace_calls_post_init_on_the_changed_copy():
    @value
    class Ordered:
        low: int
        high: int

        def __post_init__(self) -> None:
            if self.low > self.high:
                raise ValueError("low > high")

    assert replace(Ordered(1, 2), high=9) == Ordered(1, 9)
    with pytest.raises(ValueError, match="low > high"):
        replace(Ordered(1, 2), low=3)


def test_what_replace_returns_is_as_frozen_as_its_original():
    copied = replace(Point(1.0), x=2.0)

    assert type(copied) is Point
    assert hash(copied) == hash(Point(2.0))
    with pytest.raises(FrozenError):
        copied.x = 5.0


def test_a_field_without_default_after_one_with_a_default_is_refused():
    with pytest.raises(TypeError, match="Wrong: a field without default"):

        @value
        class Wrong:
            x: int = 1
            y: int


def _values():
    for found in pkgutil.iter_modules(agent2.core.__path__):
        module = importlib.import_module(f"agent2.core.{found.name}")
        for thing in vars(module).values():
            ours = isinstance(thing, type) and thing.__module__ == module.__name__
            if ours and hasattr(thing, "__defaults__"):
                yield thing


def _default(cls, name):
    return dataclasses.field(default_factory=lambda: cls.__defaults__[name])


@pytest.mark.parametrize("cls", list(_values()), ids=lambda c: c.__name__)
def test_each_value_of_the_core_behaves_as_a_frozen_dataclass_would(cls):
    names = cls.__match_args__
    twin = dataclasses.make_dataclass(
        cls.__name__,
        [(n, object, _default(cls, n)) if n in cls.__defaults__ else n for n in names],
        frozen=True,
        slots=True,
    )
    fields = {n: f"{n}!" for n in names if n not in cls.__defaults__}

    ours, theirs = cls(**fields), twin(**fields)

    assert repr(ours).partition("(")[2] == repr(theirs).partition("(")[2]
    assert as_dict(ours) == {n: getattr(theirs, n) for n in names}
    assert ours == cls(*fields.values()) == replace(ours) == copy.copy(ours)
    for name in names:
        other = replace(ours, **{name: "another"})
        assert getattr(other, name) == "another"
        assert other != ours
        with pytest.raises(AttributeError):
            setattr(ours, name, "another")
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(theirs, name, "another")


def test_the_first_state_of_a_target_says_nothing():
    assert as_dict(TargetState()) | {"health": None, "facet": None, "code": None} == {
        "health": None,
        "degraded": False,
        "first_seen": None,
        "since": None,
        "failures": 0,
        "successes": 0,
        "slow_count": 0,
        "ever_healthy": False,
        "healthy_since": None,
        "facet": None,
        "code": None,
        "detail": "",
        "incident": None,
        "severity": Severity.CRITICAL,
        "incident_at": 0.0,
        "failing_since": None,
        "warning": None,
        "warning_at": 0.0,
        "warning_owed": False,
        "restarts": (),
        "attempts": 0,
        "action": None,
        "action_at": 0.0,
        "action_identity": None,
        "hand": False,
        "hold_until": 0.0,
        "withheld": "",
        "exhausted_at": None,
        "exhausted_owed": False,
        "told": False,
        "reminded": 0,
        "reminded_at": 0.0,
        "ring": 0,
        "seen": 0,
        "flap": None,
        "flap_at": 0.0,
        "flap_owed": False,
    }
