"""Functions and a delegate hear the same."""

from __future__ import annotations

import pytest

from vodseal.sdk.listeners import Event, Listeners

VALUES = {
    Event.PREPARED: ("media",),
    Event.DOWNLOADING: (5,),
    Event.PROCESSING: (6,),
    Event.COMPLETION: (),
    Event.ERROR: ("error",),
}


class Everything:
    """A delegate with every method."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    def on_prepared(self, *values: object) -> None:
        self.heard.append(("on_prepared", *values))

    def on_downloading_progress(self, *values: object) -> None:
        self.heard.append(("on_downloading_progress", *values))

    def on_processing_progress(self, *values: object) -> None:
        self.heard.append(("on_processing_progress", *values))

    def on_completion(self, *values: object) -> None:
        self.heard.append(("on_completion", *values))

    def on_error(self, *values: object) -> None:
        self.heard.append(("on_error", *values))


def test_a_delegate_hears_all_with_the_sender_first() -> None:
    listeners, delegate = Listeners(), Everything()
    listeners.set_delegate(delegate)
    for event, values in VALUES.items():
        listeners.tell(event, "sender", *values)
    assert delegate.heard == [(event.value, "sender", *values) for event, values in VALUES.items()]


def test_a_function_hears_its_event_alone() -> None:
    listeners, heard = Listeners(), []
    for event in Event:
        listeners.set_function(event, lambda *values, event=event: heard.append((event, *values)))
    for event, values in VALUES.items():
        listeners.tell(event, "sender", *values)
    assert heard == [(event, *values) for event, values in VALUES.items()]


def test_a_delegates_methods_are_optional_and_nobody_need_listen() -> None:
    listeners = Listeners()
    for event, values in VALUES.items():
        listeners.tell(event, "sender", *values)
    listeners.set_delegate(object())
    for event, values in VALUES.items():
        listeners.tell(event, "sender", *values)


def test_the_last_listener_set_is_the_one() -> None:
    listeners, heard = Listeners(), []
    first, second = Everything(), Everything()
    for delegate, name in ((first, "first"), (second, "second")):
        listeners.set_delegate(delegate)
        listeners.set_function(Event.COMPLETION, lambda name=name: heard.append(name))
    listeners.tell(Event.COMPLETION, "sender")
    listeners.set_delegate(None)
    listeners.set_function(Event.COMPLETION, None)
    listeners.tell(Event.COMPLETION, "sender")
    assert heard == ["second"]
    assert (len(first.heard), len(second.heard)) == (0, 1)


def test_a_function_that_raises_does_not_keep_it_from_the_delegate() -> None:
    def fail() -> None:
        raise ValueError("mine")

    listeners, delegate = Listeners(), Everything()
    listeners.set_delegate(delegate)
    listeners.set_function(Event.COMPLETION, fail)
    with pytest.raises(ValueError, match="mine"):
        listeners.tell(Event.COMPLETION, "sender")
    assert delegate.heard == [("on_completion", "sender")]
