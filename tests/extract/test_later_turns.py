"""Later turns that name what an earlier one said, and end or change it, or only seem to."""

from datetime import UTC, datetime, timedelta

import pytest

from memctl.core.fact import Fact
from memctl.extract.extractor import extract
from memctl.reconcile import fold, to_fact
from memctl.transcripts.model import Session, Turn

AT = datetime(2026, 2, 3, 9, tzinfo=UTC)


def facts(*texts: str) -> list[Fact]:
    """The facts after a user's messages, which are a week apart."""
    turns = tuple(
        Turn(turn_id=str(n), role="user", text=text, at=AT + timedelta(days=7 * n)) for n, text in enumerate(texts)
    )
    return [to_fact(one) for one in fold(extract(Session(source_format="test", session_id="s", turns=turns), "alice"))]


def current(*texts: str) -> list[str]:
    """The texts of the facts that no turn has ended, with "?" if they are doubted."""
    return [one.text + "?" * ("doubt" in one.native) for one in facts(*texts) if not one.retired]


ENDS = [
    ("I take amitriptyline.", "Weaned off the amitriptyline, I sleep fine", "amitriptyline"),
    ("I take tramadol 50 mg.", "tramadol's stopped, it made me itch", "50 mg"),
    ("My dad takes digoxin.", "They've taken Dad off digoxin", "digoxin"),
    ("My brother Emil takes lithium.", "the clinic switched Emil from lithium to valproate", "lithium"),
    ("I take baclofen.", "the baclofen didn't suit me", "baclofen"),
    ("I live in Tartu.", "No more Tartu", "Tartu"),
    ("I live in Leeds.", "We left Leeds in January", "lives in Leeds"),
    ("I work at Marlow Foods.", "leaving Marlow, the drive is too long", "Marlow"),
    ("I work at Tindall Travel.", "I don't work for Tindall any longer, I teach now", "Tindall"),
    ("My sister Ilse works at Bosch.", "Ilse quit Bosch last month", "Bosch"),
    ("I have gout.", "the gout is gone, thank god", "gout"),
    ("I have shingles.", "shingles all cleared up now", "shingles"),
    ("I'm vegan.", "I'm so done being vegan", "vegan"),
    ("My daughter Romy is vegan.", "Romy isn't vegan any more", "vegan"),
    ("I don't drink coffee.", "back on the coffee, couldn't cope", "coffee"),
    ("I'm allergic to latex.", "turns out I'm not allergic to latex", "latex"),
    ("I'm going to Malta on 20 March.", "Malta's been called off", "Malta"),
    ("I'm running the Lille marathon on 12 April.", "pulled out of the marathon, my knee", "marathon"),
    ("I'm flying to Riga on 15 March.", "I'm not going to Riga after all", "Riga"),
    ("We're getting married on 6 June.", "the wedding is postponed", "married"),
    ("I use Notion.", "deleted Notion, too slow", "Notion"),
    ("I use Jira.", "Jira is history, we have a whiteboard", "Jira"),
    ("I'm learning Finnish.", "I've given up on Finnish", "Finnish"),
    ("My girlfriend is called Wiebke.", "me and Wiebke called it a day", "Wiebke"),
]


@pytest.mark.parametrize(("before", "after", "word"), ENDS)
def test_a_later_turn_ends_what_it_names(before: str, after: str, word: str) -> None:
    assert any(word in text for text in current(before))
    assert not any(word in text for text in current(before, after))


STANDS = [
    ("I take amitriptyline.", "my mum weaned off amitriptyline", "amitriptyline"),
    ("I take amitriptyline.", "I'd love to come off the amitriptyline", "amitriptyline"),
    ("I take amitriptyline.", "should I come off the amitriptyline?", "amitriptyline"),
    ("I take amitriptyline.", "coming off the amitriptyline next month maybe", "amitriptyline"),
    ("I take baclofen.", "the baclofen didn't suit my brother", "baclofen"),
    ("My dad takes digoxin.", "I was taken off digoxin once", "digoxin"),
    ("My brother Emil takes lithium.", "My sister came off lithium", "lithium"),
    ("I live in Tartu.", "Left Tartu this morning, train to Riga", "Tartu"),
    ("I live in Leeds.", "my cousin left Leeds in January", "Leeds"),
    ("I work at Marlow Foods.", "leaving Marlow at six today", "Marlow"),
    ("I work at Marlow Foods.", "last day at Marlow before Easter was chaos", "Marlow"),
    ("I work at Marlow Foods.", "my mate quit Marlow", "Marlow"),
    ("My sister Ilse works at Bosch.", "I quit Bosch years ago", "Bosch"),
    ("My daughter Mina is a teacher.", "Mina's friend packed in teaching", "teacher"),
    ("I have eczema.", "the eczema is gone today", "eczema"),
    ("I have eczema.", "the eczema is not gone", "eczema"),
    ("I'm vegan.", "my brother isn't vegan any more", "vegan"),
    ("I'm vegan.", "I nearly gave up being vegan", "vegan"),
    ("I don't drink coffee.", "my wife is back on the coffee", "coffee"),
    ("I'm allergic to latex.", "my son is not allergic to latex", "latex"),
    ("I'm going to Malta on 20 March.", "did they call off Malta?", "Malta"),
    ("I'm running the Lille marathon on 12 April.", "my friend pulled out of the marathon", "marathon"),
    ("I'm flying to Riga on 15 March.", "I'm not going to Riga for the museums", "Riga"),
    ("I use Notion.", "my sister deleted Notion", "Notion"),
    ("I use Notion.", "thinking of ditching Notion", "Notion"),
    ("I walk every morning at 6 before work.", "Beau quit before me", "walk"),
    ("My girlfriend is called Wiebke.", "if Wiebke and I ever split up I'd cry", "Wiebke"),
]


@pytest.mark.parametrize(("before", "after", "word"), STANDS)
def test_a_later_turn_leaves_what_it_does_not_end(before: str, after: str, word: str) -> None:
    assert any(word in text and not text.endswith("?") for text in current(before, after))
