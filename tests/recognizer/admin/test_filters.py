"""What an address may say of the drawings list: anything, without an error."""

import pytest
from django.test import Client


@pytest.mark.parametrize("name", ["version", "contributor"])
@pytest.mark.parametrize("value", ["99999999999999999999", "9" * 5000, str(2**63), "1", "-1", "", "one", "²"])
def test_a_number_that_no_row_has_is_no_error(admin_client: Client, name: str, value: str) -> None:
    assert admin_client.get("/admin/recognizer/drawing/", {name: value}).status_code == 200
