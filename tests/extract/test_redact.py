"""Secrets are removed before they reach a fact, log or embedding; ordinary numbers are kept."""

import base64
import random
import string

import pytest
from examples import some
from hypothesis import given, settings
from hypothesis import strategies as st

from memctl.extract.secrets import entropy, iban, luhn, redact

ALNUM = string.ascii_letters + string.digits


def fake_key(prefix: str, length: int, alphabet: str = ALNUM) -> str:
    """A string that looks like a key, built here so that no scanner finds one in the sources."""
    return prefix + "".join(random.Random(prefix).choices(alphabet, k=length))


def jwt() -> str:
    parts = (b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"1234567890"}', b"0123456789abcdef")
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


SECRETS = [
    ("openai_key", fake_key("sk-" + "proj-", 40)),
    ("openai_key", fake_key("sk-" + "ant-api03-", 60)),
    ("aws_key", fake_key("AK" + "IA", 16, string.ascii_uppercase + string.digits)),
    ("github_token", fake_key("gh" + "p_", 36)),
    ("slack_token", fake_key("xox" + "b-", 30)),
    ("google_key", fake_key("AI" + "za", 35)),
    ("stripe_key", fake_key("sk" + "_live_", 24)),
    ("jwt", jwt()),
]


@pytest.mark.parametrize(("kind", "secret"), SECRETS)
@pytest.mark.parametrize("frame", ["{}", "my key is {} ok?", "export KEY={} && run", '{{"token": "{}"}}', "see ({})."])
def test_a_key_is_replaced_by_its_kind(kind: str, secret: str, frame: str) -> None:
    redacted = redact(frame.format(secret))
    assert secret not in redacted.text
    assert f"[redacted:{kind}]" in redacted.text
    assert kind in redacted.kinds


@pytest.mark.parametrize(
    ("template", "kind"),
    [
        ("My password is {}.", "password"),
        ("the wifi password is {}, can you make a sign", "password"),
        ("pw: {}", "password"),
        ("password={}", "password"),
        ("my passcode for the office is {}", "password"),
        ("login with Pass: {} please", "password"),
        ("postgres://bob:{}@db.example.com/app", "url_credentials"),
        ("Authorization: Bearer abc{}def0123456789", "bearer_token"),
        ("api key: f00d{}Q9xZ81LmPq", "secret"),
        ("client_secret = f00d{}Q9xZ81LmPq", "secret"),
    ],
)
def test_values_described_as_secret_are_removed(template: str, kind: str) -> None:
    secret = "Tr0ub" + "4dor&3" if "f00d" not in template and "abc" not in template else "7Kd2"
    redacted = redact(template.format(secret))
    assert secret not in redacted.text
    assert redacted.kinds == (kind,)


def test_a_private_key_block_is_removed_completely() -> None:
    begin, end = "-----BEGIN RSA " + "PRIVATE KEY-----", "-----END RSA " + "PRIVATE KEY-----"
    redacted = redact(f"here:\n{begin}\nMIIEabc\ndef==\n{end}\nthanks")
    assert redacted.text == "here:\n[redacted:private_key]\nthanks"


def test_numbers_with_a_valid_checksum_are_removed() -> None:
    assert redact("card 4242 4242 4242 4242 exp 12/30").text == "card [redacted:card] exp 12/30"
    assert redact("IBAN GB82 WEST 1234 5698 7654 32 please").kinds == ("iban",)
    assert redact("my ssn is 123-45-6789").kinds == ("ssn",)
    assert not luhn("4242 4242 4242 4241")
    assert not iban("GB82 WEST 1234 5698 7654 33")


@pytest.mark.parametrize(
    "text",
    [
        "order 1234567890123 shipped",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b fixes it",
        "id 123e4567-e89b-12d3-a456-426614174000",
        "call me on +1 415 555 0100",
        "the token count is 4096 and the key takeaway is patience",
        "I forgot my password and need to reset it",
        "password is required",
        "my password is wrong, what do I do?",
        "the key is to practise every day",
        "meet at 10:30 on 2025-06-02, room 404",
        "https://example.com/path?a=1#frag",
        "pi is 3.14159265358979323846",
        "a secret santa for the token gesture",
        "ISBN 978-3-16-148410-0",
        "passport renewal takes 6 weeks",
        "I passed the exam: 92 points",
    ],
)
def test_ordinary_text_is_unchanged(text: str) -> None:
    assert redact(text).text == text


@settings(max_examples=some(200), deadline=None)
@given(before=st.text(max_size=30), after=st.text(max_size=30), which=st.integers(0, len(SECRETS) - 1))
def test_a_key_is_removed_in_any_surrounding_text(before: str, after: str, which: int) -> None:
    secret = SECRETS[which][1]
    assert secret not in redact(f"{before} {secret} {after}").text


@settings(max_examples=some(200), deadline=None)
@given(st.text(max_size=80))
def test_redacting_twice_gives_the_same_text(text: str) -> None:
    once = redact(text)
    assert redact(once.text).text == once.text


def test_entropy_is_bits_per_character() -> None:
    assert entropy("aaaa") == 0.0
    assert entropy("abcd") == 2.0
