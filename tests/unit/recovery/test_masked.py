"""What `o2c dlq show` lets a person see of a message that may name somebody."""

import json

from hypothesis import given
from hypothesis import strategies as st

from o2c.masked import masked

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def test_structure_ids_days_and_flags_are_shown_and_nothing_else() -> None:
    told = {
        "Id": "8015g00000AbC01AAF",
        "EffectiveDate": "2026-12-01",
        "Active": True,
        "Gone": None,
        "Name": "Ana",
        "Phone": 70000001,
    }
    assert masked(json.dumps(told).encode()) == told | {"Name": "<texto, 3>", "Phone": "<número>"}


def test_a_text_that_is_json_is_opened_and_masked_alike() -> None:
    inner = json.dumps({"Email": "ana@example.com"})
    assert masked(json.dumps({"Payload__c": inner}).encode()) == {"Payload__c": {"Email": "<texto, 15>"}}


def test_what_is_no_json_is_told_by_its_length() -> None:
    assert masked(b"\xff ana@example.com") == "<no es JSON, 17 bytes>"
    assert masked(None) is None


def test_a_name_in_place_of_a_field_is_masked_too() -> None:
    assert masked(b'{"ana@example.com": 1}') == {"<clave, 15>": "<número>"}


@given(JSON)
def test_no_value_is_shown_whatever_comes(value: object) -> None:
    marked = json.dumps({"Name": f"Zulema {value!r}", "more": [value, "Zulema"]}).encode()
    assert "Zulema" not in str(masked(marked))
