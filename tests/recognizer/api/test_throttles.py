"""By what calls are counted."""

import pytest

from recognizer.api.throttles import network_of


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("what a client wrote", "what a client wrote"),
    ],
)
def test_an_ipv6_network_is_one_sender(address: str, counted_as: str) -> None:
    assert network_of(address) == counted_as
