import time

import pytest

from recognizer.ttl_cache import TtlCache


def test_a_value_is_made_once_and_until_it_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    cache: TtlCache[str, list[int]] = TtlCache(2, seconds=10)
    first = cache.get_or_make("a", list)
    now = 1009.9
    assert cache.get_or_make("a", list) is first
    now = 1010.0
    assert cache.get("a") is None
    assert cache.get_or_make("a", list) is not first


def test_there_are_never_more_than_so_many() -> None:
    cache: TtlCache[int, str] = TtlCache(2, seconds=60)
    for key in (1, 2, 1, 3):
        cache.put(key, str(key))
    assert [cache.get(key) for key in (1, 2, 3)] == ["1", None, "3"]  # 1 was put again, so 2 was the oldest


def test_what_is_dropped_is_gone_and_the_rest_stays() -> None:
    cache: TtlCache[int, str] = TtlCache(9, seconds=60)
    for key in (1, 2):
        cache.put(key, str(key))
    cache.drop(1)
    cache.drop(3)
    assert (cache.get(1), cache.get(2)) == (None, "2")
    cache.clear()
    assert cache.get(2) is None
