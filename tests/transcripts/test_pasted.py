"""A message copied from another chat belongs to the person it names, not to the one who pasted it."""

import pytest

from memctl.transcripts.messages.pasted import own_part


@pytest.mark.parametrize(
    "header",
    [
        "[12/03/2026, 09:00:01] Ben: I live in Oslo",
        "[09:00, 12/3/2026] Ben Okafor: I live in Oslo",
        "\u200e[12.03.26, 09:00:01] ~ Ben: I live in Oslo",
        "[10:14] Ben: I live in Oslo",
        "12/03/2026, 09:00 - Ben: I live in Oslo",
        "2026-03-12 09:00 – +47 900 00 000: I live in Oslo",
        "Ben, [12.03.2026 09:00]\nI live in Oslo",
        "Ben Okafor, [Mar 12, 2026 at 9:00:01 AM]:\nI live in Oslo",
        "Ben — Today at 9:00 AM\nI live in Oslo",
        "ben_98 — 03/12/2026 9:00 AM\nI live in Oslo",
    ],
)
def test_text_after_the_header_of_another_chat_is_left_out(header: str) -> None:
    assert own_part(f"He wrote:\n{header}\nreally") == ("He wrote:", True)
    assert own_part(header) == ("", True)


@pytest.mark.parametrize(
    "text",
    [
        "I live in Ghent.",
        "see [1]: I live in Ghent",
        "12/03/2026, 09:00 - we meet at the station: bring bread",
        "The train - 9:00 - was late: I walked.",
        "Agenda [9:00]\nI talk first",
        "[x] Ben: call him",
        "Meet at 9:00 — I will be late: sorry",
    ],
)
def test_ordinary_text_is_kept(text: str) -> None:
    assert own_part(text) == (text, False)


def test_long_messages_are_read_in_linear_time() -> None:
    for text in ("[" * 100_000, "[1:00 " * 20_000, "\n" * 100_000 + "[ - ", "1/1/1 1:00 - " * 10_000, "a, [" * 30_000):
        assert own_part(text + " — ")[1] is False
