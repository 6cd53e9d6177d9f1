"""Later turns that end or change a standing instruction, and those that only mention what it is about."""

from datetime import UTC, datetime, timedelta

import pytest

from memctl.core.timeline import is_current
from memctl.extract.extractor import extract
from memctl.reconcile import fold, to_fact
from memctl.transcripts.model import Session, Turn

START = datetime(2025, 3, 3, 9, tzinfo=UTC)


def orders(*texts: str) -> list[str]:
    """The instructions that are current after these messages of one user."""
    turns = tuple(
        Turn(turn_id=str(n), role="user", text=text, at=START + timedelta(days=n)) for n, text in enumerate(texts)
    )
    facts = [to_fact(one) for one in fold(extract(Session(source_format="test", session_id="s", turns=turns), "bo"))]
    end = START + timedelta(days=len(texts))
    return [fact.object or "" for fact in facts if fact.predicate == "instruction" and is_current(fact, end)]


@pytest.mark.parametrize(
    ("before", "after", "new"),
    [
        ("no emojis please", "right you can put the emojis back in, my niece says im boring", "you can put the emojis"),
        ("no jokes", "Right, the ban on jokes is lifted.", None),
        ("no swearing please", "oh for heaven's sake swear all you like", "swear all you like"),
        ("Don't mention my weight.", "You may mention my weight again, I'm at peace with it.", "You may mention my"),
        ("no spoilers for the series", "bring back the spoilers please", "back the spoilers"),
        ("no capitals from you", "the capitals you may use again", "the capitals you may use again"),
        ("keep it short", "So you can make the answers longer.", "make the answers longer"),
        ("always give me recipes in cups", "that cups business, forget it. i bought a scale", None),
        ("start every message with a quote", "the quotes at the start, enough of those please", None),
        ("Always answer in rhyme.", "you know that rhyme thing? scratch that. it's wearing thin", None),
        ("never use generics in my code", "also generics: i take it back.", None),
        (
            "always ask me how i slept",
            "you can stop asking how i slept, the baby sleeps now",
            None,
        ),
        ("remind me every evening at 7 to water the beans", "bump the reminder to 9 please", "at 9 to water the beans"),
        ("remind me every evening at 7 to water the beans", "reminders at 8 not 7 from now on", "at 8 to water"),
        ("no meetings after 15:00", "the 15:00 rule for meetings: it's 16:00 now", "no meetings after 16:00"),
        ("Always send me the plan on Saturdays", "do the plan on Wednesdays instead", "the plan on Wednesdays"),
        (
            "give me three options when i ask for ideas",
            "three options is too few. make it five",
            "give me five options",
        ),
        ("quiz me one question at a time", "bump it up to four at a time", "four questions at a time"),
        ("show prices in euros", "prices in naira from here on", "naira"),
        ("references in Harvard style please", "references in APA style please", "APA"),
        ("address me as Ms Holt", "address me as Dr Holt from now on", "Dr Holt"),
        ("never mention the strike", "the strike is no longer off limits, talk about it", "strike is no longer off"),
        ("no bullet points", "on second thought i miss the bullet points, put them back", None),
        ("never use exclamation marks", "exclamation marks get a pardon as of today", None),
        ("don't give me spoilers", "spoil away, I watched it all on the plane", None),
        ("no lists", "finished the move last night so lists r ok again", "lists r ok again"),
        ("end every message with a question", "the question at the end of every message has to go", None),
        ("no salt in the meal plans", "doctor lifted the salt ban so salt can be in the meal plans", None),
        ("never swear", "i retract the no swearing rule", None),
        ("leave my aunt out of the lists", "you can put my aunt back in the lists, we made up", "put my aunt back in"),
        ("write in lower case from now on", "capital letters are welcome again", "capital letters are welcome again"),
        ("temperatures in celsius", "i was wrong about celsius, use fahrenheit", "use fahrenheit"),
        ("Always answer in French.", "enough French for one life, english please", "answer in english"),
        ("use ounces in recipes", "grams now please, i bought a scale", "use grams in recipes"),
        ("references in Vancouver style please", "Change the reference style, it's Harvard.", "in Harvard style"),
        ("put numbers in a table always", "So from now numbers as plain lines please.", "put numbers in plain lines"),
        ("stop apologizing", "btw you can say sorry again", "you can say sorry again"),
        ("be blunt with me", "u know the blunt thing? maybe not so much anymore. drop it", None),
        ("stop with the emojis", "u can use emojis today. actually u can use them whenever, i was in a mood", None),
        ("Don't give me the answers.", "you can give me the answers from now on", "give me the answers"),
        ("always put prices in baht", "yeah both names, an drop de baht rule, tourists pay in yen", None),
        ("When ye show me code, explain every line", "Ye can drop the lines thing for the code, I ken it noo", None),
        ("no jokes in work things", "I lift the ban of jokes. The new colleague laughs.", None),
        ("use British English", "You can forget now the British English rule, it is printed", None),
        ("always list tests with a priority column", "no more priority column in tests, he says", None),
        ("explain me the hard words in Tagalog, always", "You don't need explain the words in Tagalog anymore", None),
        ("correct my mistakes at the end", "The correction thing, enough with it, it bores me.", None),
    ],
)
def test_a_later_turn_ends_or_changes_an_instruction(before: str, after: str, new: str | None) -> None:
    (old,) = orders(before)
    current = orders(before, after)
    assert old not in current
    assert new is None or any(new in one for one in current)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("no emojis please", "my daughter uses emojis again in every text"),
        ("no emojis please", "emojis are fine in headings"),
        ("no jokes", "my back is fine again"),
        ("no jokes", "One joke you may make now, one."),
        ("Don't use tables", "the tables are ok in that restaurant"),
        ("Don't mention my weight.", "My weight is fine again, the doctor says."),
        ("keep it short", "When it's about tax you can write long, the rest stays short."),
        ("keep it short", "it's a long story but my tax letter came"),
        ("remind me every evening at 7 to water the beans", "at 8 i had a call with the bank"),
        ("no meetings after 15:00", "we had the meeting at 16:00 not 15:00"),
        ("no calls before 9:00", "we changed the call from 9:00 to 10:30"),
        ("give me three options when i ask for ideas", "he chose option two not three"),
        ("Every Friday ask me about smoking.", "I smoke, not any more"),
        ("start every message with a quote", "the quote from the roofer was insane"),
        ("no exclamation marks", "And the exclamation marks you may use again, when it is Christmas."),
        ("no jokes", "the joke is over, the boiler man never came"),
        ("no meetings on Fridays", "the meeting is off, the client is ill"),
        ("no meetings on Fridays", "fridays are free at the museum"),
        ("give me the weather every morning", "the weather is over the top today"),
        ("send me a quiz on Sundays", "the pub quiz is off"),
        ("no tables", "the tables can go in the van"),
        ("never suggest nuts in recipes", "nuts are back in stock at the corner shop"),
        ("use grams in recipes", "pounds please, said the butcher"),
        ("use ounces in recipes", "we use metric now"),
        ("show prices in euros", "the shop has dollars now"),
        ("don't mention my ex", "my ex is back in town"),
        ("never use dollars", "my cousin paid in dollars again"),
        ("always put prices in baht", "I lift the prices at the shop on Monday"),
        ("remind me every Friday to water the ferns", "no more ferns, says my aunt, they died"),
        ("explain me the hard words in Tagalog, always", "I don't need the Tagalog course"),
        ("always put prices in baht", "I withdraw cash in baht at the airport"),
    ],
)
def test_a_later_turn_leaves_an_instruction_that_it_only_mentions(before: str, after: str) -> None:
    (old,) = orders(before)
    assert old in orders(before, after)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("And stop the iron reminder, they gave me an infusion.", "stop the iron reminder"),
        ("you can leave off the summaries, they spoil the ending", "leave off the summaries"),
        ("But you can stop ending every answer with a riddle, if I want one I'll ask", "stop ending every answer"),
        ("You can suggest me phone calls now, by the way", "You can suggest me phone calls now"),
        ("oh and you can mention Ana again, we talk", "you can mention Ana again"),
        (
            "On wiring questions you can go long, as many lines as it takes",
            "On wiring questions you can go long, as many lines as it takes",
        ),
        ("so you can go longer than five lines", "you can go longer than five lines"),
    ],
)
def test_a_permission_and_an_order_to_stop_are_kept_without_the_earlier_order(text: str, order: str) -> None:
    assert any(one.startswith(order) for one in orders(text))


@pytest.mark.parametrize(
    "text",
    [
        "you can use the pool again",
        "you can stop at the lights now",
        "you can stop taking the tablets now, the doctor said",
        "you can stop smoking with the right help",
        "you can skip the queue now",
        "In the shop you can leave the trolley now",
        "you can see the sea again",
        "quit smoking 3 years ago",
        "the table is fine",
    ],
)
def test_what_people_in_general_can_do_is_no_instruction(text: str) -> None:
    assert orders(text) == []
