"""Nouns of "my X is Y", and what they say."""

from memctl.extract.verb_frames import Property, prop

PROPERTIES: tuple[Property, ...] = (
    prop(r"(?:full |real |first |legal |given )?name", "name", "is called {o}", shape="proper", category="identity"),
    prop(r"(?:nick ?name|preferred name)", "preferred_name", "goes by {o}", shape="proper", category="identity"),
    prop(r"(?:last|family) name|surname", "surname", "has the surname {o}", shape="proper", category="identity"),
    prop(r"age", "age", "is {o} years old", shape="number", category="identity"),
    prop(
        r"(?:birth ?day|date of birth|dob|b-?day)",
        "birthday",
        "has their birthday on {o}",
        shape="raw",
        category="identity",
    ),
    prop(r"pronouns", "pronouns", "uses {o} pronouns", shape="raw", category="identity"),
    prop(r"(?:home ?town|birthplace)", "hometown", "is from {o}", shape="place", category="identity"),
    prop(
        r"(?:e-?mail|email address|work email|personal email|e-mail address)",
        "email",
        "has the email address {o}",
        shape="raw",
        category="contact",
    ),
    prop(
        r"(?:phone|phone number|cell|mobile|mobile number|cell number|number)",
        "phone",
        "has the phone number {o}",
        shape="raw",
        category="contact",
    ),
    prop(r"(?:time ?zone)", "timezone", "is in the time zone {o}", shape="raw", category="contact"),
    prop(
        r"(?:home|current city|city|current location|address|new home)",
        "lives_in",
        "lives in {o}",
        shape="place",
        category="home",
    ),
    prop(r"(?:employer|company|workplace|new employer)", "works_at", "works at {o}", shape="proper", category="work"),
    prop(
        r"(?:job|occupation|profession|job title|title|role|position|day job|current role|new job)",
        "job_title",
        "works as {a}",
        shape="job",
        category="work",
    ),
    prop(r"(?:major|field of study)", "studies", "studies {o}", category="education"),
    prop(
        r"(?:native language|mother tongue|first language)", "speaks", "speaks {o}", shape="list", category="languages"
    ),
    prop(r"(?:nationality)", "nationality", "is {o}", shape="raw", category="identity"),
    prop(r"(?:blood type|blood group)", "blood_type", "has blood type {o}", shape="raw", category="health"),
    prop(r"(?:relationship status|marital status)", "relationship_status", "is {o}", shape="raw", category="family"),
    prop(
        (
            r"(?:primary|main|go-to|current|preferred|default) (?:programming )?(?:language|stack|tech stack|"
            r"framework|coding language)"
        ),
        "primary_stack",
        "works mainly with {o}",
        category="tools",
    ),
    prop(r"(?:primary |main |current )?(?:tech )?stack", "primary_stack", "works mainly with {o}", category="tools"),
    prop(
        r"(?:main |daily |primary |go-to |text |code )?(?:editor|ide|os|operating system|browser|shell|database)",
        "uses",
        "uses {o}",
        category="tools",
    ),
    prop(
        r"(?:main |primary |only |biggest |favou?rite )?(?:hobby|hobbies|passion|passions|pastime|pastimes)",
        "hobby",
        "has the hobby {o}",
        shape="list",
        kind="preference",
        category="interests",
    ),
    prop(
        (
            r"(?:all-time |absolute |current |personal |new )*(?:favou?rite|fav|"
            r"fave) (?P<s>[\w\-' ]{2,40}?)(?: of all time| ever| these days| right now| at the moment)?"
        ),
        "favorite",
        "has the favourite {s} {o}",
        kind="preference",
        category="preferences",
    ),
    prop(r"(?:diet)", "diet", "follows the diet {o}", category="diet"),
    prop(
        r"(?:allergy|allergies|food allergies|main allergy)",
        "allergic_to",
        "is allergic to {o}",
        shape="list",
        category="health",
    ),
    prop(
        r"(?:long-term |main |biggest |career |fitness |current )?goal",
        "goal",
        "has the goal {o}",
        shape="vp",
        category="plans",
    ),
    prop(
        r"(?:weekly |monthly |total |max |maximum )?budget(?: for [\w ]+)?",
        "constraint",
        "has a budget of {o}",
        shape="raw",
        category="constraints",
    ),
    prop(
        r"(?:car|bike|motorbike|laptop|phone model|guitar|camera|truck|daily driver)",
        "owns",
        "owns {a}",
        category="possessions",
    ),
)
