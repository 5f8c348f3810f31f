"""Computed values, kept within a limit of bytes."""

from mono_depth_ros.bytes_cache import BytesCache


def test_the_values_used_last_stay_within_the_limit():
    made = []
    cache = BytesCache(lambda key: made.append(key) or key * 'x', len, 5)
    assert [cache(2), cache(3), cache(2)] == ['xx', 'xxx', 'xx'] and made == [2, 3]
    cache(1)  # together 6: the one used longest ago, 3, goes
    assert [cache(2), cache(1)] == ['xx', 'x'] and made == [2, 3, 1]
    cache(3)
    assert made == [2, 3, 1, 3]


def test_a_value_above_the_limit_is_kept_alone():
    made = []
    cache = BytesCache(lambda key: made.append(key) or key * 'x', len, 5)
    assert cache(9) is cache(9) and made == [9]
