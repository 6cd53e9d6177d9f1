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
    ("I use Jira.", "no more Jira for us", "Jira"),
    ("I have gout.", "finally got rid of the gout", "gout"),
    ("I'm learning Finnish.", "the Finnish phase has run its course", "Finnish"),
    ("I work at Marlow Foods.", "Marlow is history", "Marlow"),
    ("I have shingles.", "I'm over the shingles at last", "shingles"),
    ("I'm vegan.", "gave the vegan thing up", "vegan"),
    ("I take creatine.", "my trainer took me off the creatine", "creatine"),
    ("I'm going to Malta on 20 March.", "Malta's been called off", "Malta"),
    ("I'm running the Lille marathon on 12 April.", "pulled out of the marathon, my knee", "marathon"),
    ("I'm flying to Riga on 15 March.", "I'm not going to Riga after all", "Riga"),
    ("We're getting married on 6 June.", "the wedding is postponed", "married"),
    ("I use Notion.", "deleted Notion, too slow", "Notion"),
    ("I use Jira.", "Jira is history, we have a whiteboard", "Jira"),
    ("I'm learning Finnish.", "I've given up on Finnish", "Finnish"),
    ("My girlfriend is called Wiebke.", "me and Wiebke called it a day", "Wiebke"),
    ("I use Dragon.", "Rhys has changed me over from Dragon to Voice Control", "Dragon"),
    ("I take sumatriptan 50 mg.", "Dr Achebe replaced the sumatriptan with rizatriptan", "sumatriptan 50"),
    ("My midwife is Odile.", "It's Petra now. So no more Odile.", "Odile"),
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
    ("I take baclofen.", "she came off the baclofen", "baclofen"),
    ("I use Notion.", "friends ditched Notion", "Notion"),
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
    ("I live in Varna.", "moved Saturday's meeting to Monday", "Varna"),
    ("I take baclofen.", "Rhys came off baclofen", "baclofen"),
    ("I work at Marlow Foods.", "my last day in Rome was lovely", "Marlow"),
    ("I live in Varna.", "we moved Saturday to Sunday", "Varna"),
    ("I live in Varna.", "my sister moved Saturday", "Varna"),
    ("My exam is on 12 September.", "my sister's exam is on the 14th, not the 12th", "12 September"),
]


@pytest.mark.parametrize(("before", "after", "word"), STANDS)
def test_a_later_turn_leaves_what_it_does_not_end(before: str, after: str, word: str) -> None:
    assert any(word in text and not text.endswith("?") for text in current(before, after))


NEW_VALUES = [
    ("I take mirtazapine 15 mg.", "they've put me up to 30 of the mirtazapine", "mirtazapine 30 mg", "15"),
    ("I take mirtazapine 15 mg.", "mirtazapine got bumped to 30 last week", "mirtazapine 30 mg", "15"),
    ("I take mirtazapine 15 mg.", "psych upped me to 30", "mirtazapine 30 mg", "15"),
    ("I take mirtazapine 15 mg.", "the dose is 30 now", "mirtazapine 30 mg", "15"),
    ("I take mirtazapine 15 mg.", "the dose went up to 30", "mirtazapine 30 mg", "15"),
    ("I take mirtazapine 15 mg.", "I'm up to 30 now", "mirtazapine 30 mg", "15"),
    ("I take mirtazapine 30 mg.", "30 made me groggy. so 15, since this morning", "mirtazapine 15 mg", "30"),
    ("My mum takes 5 mg of warfarin.", "Mum's warfarin is down to 3 mg", "warfarin 3 mg", "5 mg"),
    ("I have choir on Tuesdays.", "choir's moved to Thursdays", "choir on Thursdays", "Tuesdays"),
    ("My exam is on 12 September.", "The exam is on the 14th, not the 12th", "14 September", "12 September"),
    ("My daughter Ines is 8.", "Ines turned 9 on Saturday", "9 years", "8 years"),
    ("I have choir on Tuesdays at 7.", "choir is going to Mondays, same time", "choir on Mondays at 7", "Tuesdays"),
    ("I have choir on Tuesdays at 7.", "choir is Mondays at 8pm now", "choir on Mondays at 8pm", "at 7"),
    (
        "My daughter Ines has ballet on Fridays.",
        "ballet got switched to Mondays for Ines",
        "ballet on Mondays",
        "Fridays",
    ),
]


@pytest.mark.parametrize(("before", "after", "new", "old"), NEW_VALUES)
def test_a_later_turn_gives_what_it_names_another_value(before: str, after: str, new: str, old: str) -> None:
    texts = current(before, after)
    assert any(new in text for text in texts)
    assert not any(old in text for text in texts)


OLD_VALUES = [
    ("I take mirtazapine 15 mg.", "my sister was put up to 30 of mirtazapine", "15 mg"),
    ("I take mirtazapine 15 mg.", "might go up to 30 on the mirtazapine", "15 mg"),
    ("I take mirtazapine 15 mg.", "the doctor put my brother up to 30", "15 mg"),
    ("I take mirtazapine 15 mg.", "work put me up to 40 hours", "15 mg"),
    ("I take mirtazapine 15 mg.", "my weight is down to 70", "15 mg"),
    ("I take mirtazapine 15 mg.", "I was put on 30 when I started, years ago", "15 mg"),
    ("I take mirtazapine 15 mg.", "so 30, since this morning", "15 mg"),
    ("I have choir on Tuesdays.", "choir was on Thursday last week", "Tuesdays"),
    ("I have choir on Tuesdays.", "my sister's choir moved to Thursdays", "Tuesdays"),
    ("I have choir on Tuesdays.", "if choir moves to Thursdays I'm out", "Tuesdays"),
    ("I have choir on Tuesdays.", "choir moved to Thursday just this week", "Tuesdays"),
]


@pytest.mark.parametrize(("before", "after", "old"), OLD_VALUES)
def test_a_later_turn_leaves_the_value_that_it_does_not_change(before: str, after: str, old: str) -> None:
    assert any(old in text and not text.endswith("?") for text in current(before, after))


@pytest.mark.parametrize(
    ("before", "after", "old"),
    [
        ("I take ramipril 5 mg.", "the GP doubled my ramipril", "5 mg"),
        ("I have sciatica.", "no sciatica for three weeks now", "sciatica"),
        ("I live in Varna.", "We moved Saturday. My back!", "Varna"),
        ("I live in Varna.", "moved last weekend, I ache", "Varna"),
        ("I work at Marlow Foods.", "My last day will be the 15th of March", "Marlow"),
        ("I play squash.", "I haven't played squash since the op and never went back", "squash"),
    ],
)
def test_a_fact_that_changed_in_a_way_not_said_is_doubted(before: str, after: str, old: str) -> None:
    assert any(old in text and text.endswith("?") for text in current(before, after))


NAMES_AND_ORDERS = [
    ("Call me Smudge.", "ok stop the Smudge thing, just Ana", "goes by Smudge"),
    ("Call me Caz.", "I'd rather you stopped calling me Caz", "goes by Caz"),
    ("I go by Teddy.", "enough with the Teddy, I'm forty", "goes by Teddy"),
    ("Don't use emojis.", "emojis are alright again", "Don't use emojis"),
    ("Ask me every Sunday how the garden is doing.", "you needn't ask about the garden any more", "garden"),
    ("Always answer in French.", "english is fine from here on", "French"),
    ('Start every message with "Ahoy".', "ok the ahoy joke has run its course", "Ahoy"),
    ("Don't mention calories.", "calories are ok to mention now", "Don't mention"),
    ("End every answer with a joke.", "no more jokes at the end please", "every answer"),
    ("Please reply in Spanish.", "exam's done so no need for spanish replies any more", "Spanish"),
    ("If I write before 9, ask me if I had breakfast.", "you can drop the breakfast question btw", "breakfast"),
    ('End every message with the word "Onward".', "quit it with that Onward line", "Onward"),
    ("Call me Coach.", "And stop the Coach thing please, it sounds silly", "Coach"),
    ("Every Sunday ask me for the word count.", "and the word count thing on Sundays, can we stop", "word count"),
    ("Don't ask me about my weight.", "that thing about not asking me about my weight, forget it", "weight"),
]


@pytest.mark.parametrize(("before", "after", "old"), NAMES_AND_ORDERS)
def test_a_later_turn_takes_back_a_name_or_an_instruction(before: str, after: str, old: str) -> None:
    assert any(old in text for text in current(before))
    assert not any(old in text for text in current(before, after))


@pytest.mark.parametrize(
    ("before", "after", "old"),
    [
        ("Call me Smudge.", "my teacher never called me Smudge", "Smudge"),
        ("Please call me Captain.", "the captain of our team retired", "Captain"),
        ("Don't use emojis.", "my sister says emojis are fine in mails", "emojis"),
        ("Don't use tables.", "the tables are ok in that restaurant", "tables"),
        ("Always answer in French.", "how do I say english is fine in French?", "French"),
        ("Send me a joke every Friday.", "that joke was bad", "joke"),
    ],
)
def test_a_later_turn_leaves_a_name_or_an_instruction(before: str, after: str, old: str) -> None:
    assert any(old in text for text in current(before, after))


def test_the_birth_of_another_child_ends_no_pregnancy() -> None:
    assert any("pregnant" in text for text in current("I'm pregnant.", "my friend's baby girl was born at 4 am"))


def test_a_pet_that_is_gone_for_an_hour_is_still_there() -> None:
    assert any("Miso" in text for text in current("I have a cat called Miso.", "Miso was gone for two hours"))
