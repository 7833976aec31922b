"""Answers are held against their models, strictly."""

from __future__ import annotations

import pytest

from vodseal.rpc.messages.fields import to_wire
from vodseal.rpc.messages.play import GetPlayInfoAnswer, PlayInfo
from vodseal.rpc.messages.registry import ACTIONS
from vodseal.rpc.messages.settings import GetServiceSettingsAnswer
from vodseal.testing.answers import mismatches


def answer(**info: object) -> dict[str, object]:
    play_info = {**to_wire(PlayInfo()), **info}
    return {**to_wire(GetPlayInfoAnswer()), "PlayInfoList": {"PlayInfo": [play_info]}}


@pytest.mark.parametrize("model", ACTIONS.values(), ids=lambda model: model.action())
def test_what_a_model_writes_fits_it(model: type) -> None:
    answer_type = model.answer_type()
    assert mismatches(answer_type, to_wire(answer_type())) == []


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"Size": "7"}, "PlayInfoList.PlayInfo[0].Size: str, not int"),
        ({"Encrypt": True}, "PlayInfoList.PlayInfo[0].Encrypt: bool, not int"),
        ({"Duration": 3.5}, "PlayInfoList.PlayInfo[0].Duration: float, not str"),
        ({"New": 1}, "PlayInfoList.PlayInfo[0].New: not a name of PlayInfo"),
        ({"EncryptType": 1}, "PlayInfoList.PlayInfo[0].EncryptType: int, not str"),
        ({"JobId": None}, "PlayInfoList.PlayInfo[0].JobId: NoneType, not str"),
    ],
)
def test_a_wrong_value_is_named(wrong: dict[str, object], line: str) -> None:
    assert mismatches(GetPlayInfoAnswer, answer(**wrong)) == [line]


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ([], "PlayInfoList: not an object with PlayInfo alone"),
        ({"PlayInfo": [], "More": 1}, "PlayInfoList: not an object with PlayInfo alone"),
        ({"PlayInfo": {}}, "PlayInfoList.PlayInfo: not a list"),
        ({"PlayInfo": [7]}, "PlayInfoList.PlayInfo[0]: not an object"),
    ],
)
def test_a_wrong_shape_is_named(value: object, line: str) -> None:
    assert mismatches(GetPlayInfoAnswer, {**answer(), "PlayInfoList": value}) == [line]


def test_what_is_missing_is_named() -> None:
    wrong = answer()
    del wrong["VideoBase"]
    assert mismatches(GetPlayInfoAnswer, wrong) == ["VideoBase: missing"]
    assert mismatches(GetServiceSettingsAnswer, {"RequestId": "R", "Settings": 7}) == [
        "Settings: not an object"
    ]


def test_null_stands_for_what_may_be_absent() -> None:
    assert mismatches(GetPlayInfoAnswer, answer(EncryptType=None)) == []


def test_a_whole_number_is_a_number() -> None:
    model = ACTIONS[("2017-03-21", "GetVideoPlayAuth")].answer_type()
    wrong = to_wire(model())
    meta = dict(wrong["VideoMeta"], Duration=3)  # type: ignore[call-overload]  # wrong on purpose
    assert mismatches(model, {**wrong, "VideoMeta": meta}) == []
