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
