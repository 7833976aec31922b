from __future__ import annotations

import pytest

from vodseal.credential.decrypt_string import check_private_string
from vodseal.errors import CredentialError


@pytest.mark.behaviour("B46")
@pytest.mark.parametrize("text", ["Abcdefghijklmno1", "A1" + "b" * 30, "aaaaaaaaaaaaaaA0"])
def test_sixteen_to_thirty_two_characters_of_three_classes(text: str) -> None:
    check_private_string(text)


@pytest.mark.behaviour("B46")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "Abcdefghijklmn1",  # 15
        "A1" + "b" * 31,  # 33
        "abcdefghijklmno1",
        "ABCDEFGHIJKLMNO1",
        "Abcdefghijklmnop",
        "Abcdefghijklmno1 ",
        "Abcdefghijklm-o1",
        "Abcdefghijklmno1\n",
        "\u00c4bcdefghijklmnA1",
        "Abcdefghijklmno\u0661",  # an Arabic digit
    ],
)
def test_anything_else_is_refused_without_saying_it_again(text: str) -> None:
    with pytest.raises(CredentialError) as caught:
        check_private_string(text)
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("short", "is 16 to 32 letters and digits"),
        ("abcdefghijklmno1", "needs an upper case letter"),
        ("ABCDEFGHIJKLMNO1", "needs a lower case letter"),
        ("Abcdefghijklmnop", "needs a digit"),
    ],
)
def test_the_refusal_names_the_rule(text: str, rule: str) -> None:
    with pytest.raises(CredentialError, match=f"^a private string {rule}$"):
        check_private_string(text)
