# ruff: noqa: E501 -- one pattern a row: a table is read across
"""Allergies, health, diet, preferences and dislikes."""

from memctl.extract.frames import Frame, frame

# fmt: off
_SEVERE = r"(?:(?:very|severely|deathly|highly|extremely|mildly|badly|really|super|quite|also|slightly) )*"
CONDITIONS = (
    r"asthma|diabetes|type (?:1|2|one|two) diabetes|adhd|add|autism|epilepsy|anxiety|depression|bipolar(?: disorder)?|ptsd|ocd|migraines?|"
    r"arthritis|celiac disease|coeliac disease|celiac|coeliac|crohn's(?: disease)?|ibs|gerd|eczema|psoriasis|insomnia|hypertension|high blood pressure|"
    r"low blood pressure|hypothyroidism|hyperthyroidism|hashimoto's|pcos|endometriosis|fibromyalgia|lupus|ms|multiple sclerosis|parkinson's|"
    r"dyslexia|dyspraxia|dyscalculia|tinnitus|vertigo|sleep apnea|sleep apnoea|scoliosis|sciatica|gout|anemia|anaemia|hay fever|"
    r"high cholesterol|cancer|breast cancer|leukemia|lymphoma|hiv|long covid|narcolepsy|tourette's|color blindness|colour blindness|"
    r"chronic (?:[\w\-]+ ){0,2}(?:pain|fatigue|migraines?|illness|disease|condition|insomnia)(?: syndrome)?|(?:[\w\-]+ ){0,2}(?:disorder|syndrome|disease|neuropathy|intolerance|arrhythmia)|"
    r"a (?:bad|herniated|slipped|weak) (?:knee|back|disc|shoulder|hip|heart|ankle)|a heart (?:condition|murmur)|a pacemaker|gallstones|kidney stones|rosacea|acid reflux|panic attacks|seasonal depression|perfect pitch"
)
DIETS = (
    r"vegetarian|vegan|pescatarian|pescetarian|veggie|keto|paleo|carnivore|flexitarian|plant-based|gluten[- ]free|dairy[- ]free|halal|kosher|"
    r"fruitarian|low[- ]carb|lactose[- ]free|sugar[- ]free|teetotal|low[- ]fodmap|whole30|mediterranean"
)
_DRUG = (
    r"(?P<o>(?:[\w\-]*(?:pram|oxetine|azepam|azolam|statin|azole|mab|cillin|mycin|faxine|formin|sartan|prazole|olol|april|opril|dipine|triptyline|thyroxine|profen|cetamol|gabalin|gabapentin|"
    r"trigine|tiapine|floxacin|cycline|glutide|xaban|parin|phylline|butamol|terol|sone|solone|codone|peridone|apine|promazine|barbital|thiazide|semide|lactone|afil|setron|tadine|tirizine|fenadine|"
    r"traline|lithium|thotrexate|zepatide|triptan|phenidate|amfetamine|mertazapine|mirtazapine|bupropion|finasteride|minoxidil|tamoxifen|letrozole|warfarin|aspirin|acetaminophen|naproxen|melatonin|insulin|progesterone|estradiol|testosterone|"
    r"clonidine|digoxin|amiodarone|levodopa|isotretinoin|spironolactone|hydroxychloroquine)|"
    r"ritalin|adderall|prozac|zoloft|vyvanse|concerta|lexapro|wellbutrin|xanax|ozempic|wegovy|mounjaro|humira|synthroid|lipitor|claritin|zyrtec|allegra|accutane|tylenol|advil|ibuprofen|nexium|singulair|ventolin|prep|truvada|plavix|eliquis|lyrica|cymbalta|effexor|abilify|seroquel|"
    r"antidepressants|antihistamines|ssris|statins|supplements|beta[- ]blockers|blood thinners|birth control|antibiotics|multivitamins?|vitamin [a-e]\d*|iron supplements|magnesium|creatine|fish oil|probiotics|hrt|steroids|an? inhaler))\b"
)

FRAMES: tuple[Frame, ...] = (
    # allergies
    frame("be", rf"{_SEVERE}(?:allergic|hypersensitive) to (?P<o>.+)", "allergic_to", "is allergic to {o}", shape="list", confidence=0.95, category="health"),
    frame("have", r"(?:got )?(?:an? )?(?:really )?(?:bad |severe |serious |mild |life-threatening |strong |slight |deadly )*allerg(?:y|ies) to (?P<o>.+)", "allergic_to", "is allergic to {o}", shape="list", confidence=0.95, category="health"),
    frame("have", r"(?:got )?(?:an? )?(?:really )?(?:bad |severe |serious |mild |life-threatening |strong |slight |deadly )*(?P<o>(?!any|no|some|food|many|multiple|other|my|seasonal|several|lots|terrible|new)[a-z][\w\-]*(?: [a-z]+)?) allerg(?:y|ies)\b", "allergic_to", "is allergic to {o}", confidence=0.95, category="health"),
    frame("develop", r"(?:an? )?(?:severe |bad )?allergy to (?P<o>.+)", "allergic_to", "is allergic to {o}", shape="list", past="assert", category="health"),
    frame("be", rf"{_SEVERE}(?P<o>lactose|gluten|fructose|histamine)[- ]?intolerant\b", "has_condition", "is {o} intolerant", shape="raw", confidence=0.95, neg="skip", category="health"),
    frame("be", rf"{_SEVERE}(?:intolerant|sensitive) to (?P<o>.+)", "intolerant_to", "is intolerant to {o}", shape="list", neg="skip", category="health"),
    # conditions
    frame("have suffer live struggle deal", rf"(?:got |from |with |really |bad |severe |mild |also |chronic )*(?P<o>(?:{CONDITIONS}))\b(?! (?:medication|meds|patients?|research|shop|app|project|policy))", "has_condition", "has {o}", shape="raw", confidence=0.9, past="skip", neg="skip", category="health"),
    frame("be", r"(?:officially |recently |just |finally |also |now )*(?:diagnosed|living|struggling|dealing) (?:with|as) (?:having )?(?P<o>.+)", "has_condition", "has {o}", shape="list", past="assert", neg="skip", confidence=0.9, category="health"),
    frame("get", r"(?:officially |recently |just )*(?:diagnosed|a diagnosis)(?: with| of) (?P<o>.+)", "has_condition", "has {o}", shape="list", past="assert", neg="skip", confidence=0.9, category="health"),
    frame("be", r"(?:an? )?(?P<o>(?:(?:type (?:1|2|one|two) )?diabetic|asthmatic|epileptic|autistic|bipolar|dyslexic|colou?r-?blind|deaf|hard of hearing|blind|legally blind|left-handed|coeliac|celiac|anaemic|anemic|neurodivergent|short-sighted|nearsighted|insomniac|a wheelchair user|a cancer survivor|autistic|hiv positive|immunocompromised|in remission))\b(?! (?:to|about|spots?))", "has_condition", "is {o}", shape="raw", confidence=0.85, neg="skip", category="health"),
    # medication
    frame("take use", r"(?:(?:my|daily|some|regular|\d+ ?(?:mg|mcg|ml|iu)|of|a|low|dose|a day|medication|called) )*" + _DRUG, "takes_medication", "takes {o}", shape="raw", past="retract", category="health"),
    frame("be", r"(?:(?:now|currently|back) )?(?:on|taking|prescribed|put on) (?:(?:my|daily|a|an|the|low|high|dose|of|\d+ ?(?:mg|mcg|ml|iu)|blood pressure medication|medication|called) )*" + _DRUG, "takes_medication", "takes {o}", shape="raw", past="retract", category="health"),
    frame("come stop wean", r"(?:off|taking) (?:my |the )?" + _DRUG, "takes_medication", "takes {o}", shape="raw", op="retract", past="assert", neg="skip", category="health"),
    # diet
    frame("be become go turn", rf"(?:(?:a|an|on|strict|strictly|mostly|mainly|committed|lifelong|life-long|fully|100%|the|eating|following|now|pretty much|mostly|raw|new) )*(?P<o>{DIETS})\b(?! (?:recipes?|food|restaurants?|options?|cuisine|bakery|cheese|ice|place|and my|myself-))", "diet", "is {o}", shape="raw", past="assert", confidence=0.9, category="diet"),
    frame("eat follow keep observe do try have", rf"(?:(?:a|an|on|strict|strictly|mostly|fully|only|the) )*(?P<o>{DIETS})\b(?! (?:recipes?|restaurants?|options?|cheese|ice|place|meals?|cookies))", "diet", "eats {o}", shape="raw", confidence=0.85, category="diet"),
    frame("eat drink have touch consume", r"(?P<o>(?!here|there|out|breakfast|lunch|dinner|alone|anything|any|a\b|the\b|my\b|an\b|time|to\b|much|enough|it\b|one\b|that\b|kids|children|plans|questions|all\b)[\w\- ,]+)", "avoids", "does not eat or drink {o}", shape="none", neg="avoids", op="retract", present=False, category="diet"),
    frame("avoid abstain", r"(?:(?:eating|drinking|all|any|from) )*(?P<o>.+)", "avoids", "avoids {o}", shape="list", neg="retract", confidence=0.8, category="diet"),
    frame("give_up", r"(?:(?:eating|drinking) )?(?P<o>(?:meat|dairy|alcohol|sugar|gluten|coffee|caffeine|red meat|smoking|bread|carbs|booze|soda|fish|pork|cigarettes|drinking)\b.*)", "avoids", "avoids {o}", shape="list", past="assert", neg="skip", category="diet"),
    # likes
    frame("like love enjoy adore fancy favor", r"(?:(?:eating|drinking|watching|reading|listening to|playing) (?=[\w\- ]+$))?(?!to\b)(?P<o>.+)", "likes", "{v} {o}", shape="list", neg="dislikes", kind="preference", confidence=0.85, category="preferences"),
    frame("like love enjoy", r"to (?P<o>(?!be\b|see|hear|know|think|say|have|get|help|meet|chat|talk|thank|ask|share|do\b|go\b(?! \w+ing)|take|try|make|use|keep|come|give|tell|show|put|start|add|call)\w+ ?.*)", "likes", "{v} to {o}", shape="vp", neg="dislikes", kind="preference", confidence=0.8, category="preferences"),
    frame("be", r"(?:(?:really|so|very|super|totally|absolutely|quite|pretty|big|huge|also|currently) )*(?:into|in love with|obsessed with|crazy about|mad about|fond of|keen on|passionate about|hooked on|addicted to|a sucker for|partial to|(?:an? )?(?:(?:big|huge|massive|avid|lifelong|real|die-?hard|total|great) )*(?:fan|lover|enthusiast) of) (?P<o>.+)", "likes", "likes {o}", shape="list", neg="dislikes", kind="preference", confidence=0.85, category="preferences"),
    frame("be", r"(?:an? )(?:(?:big|huge|massive|avid|lifelong|real|die-?hard|total|great) )*(?P<o>(?!real|actual|other)[\w\- ]{3,30}?) (?:lover|fan|fanatic|enthusiast|addict|buff|geek|nerd|aficionado|junkie)\b(?! of)", "likes", "likes {o}", neg="dislikes", kind="preference", confidence=0.8, category="preferences"),
    frame("be", r"(?:not )?(?:an? )(?P<o>(?:morning|cat|dog|night|coffee|tea|beach|mountain|outdoors|people|city|dessert|cake|beer|wine) person)\b", "trait", "is a {o}", shape="raw", kind="preference", confidence=0.8, neg="skip", category="preferences"),
    frame("have", r"a (?:soft spot|sweet tooth|passion|thing|weakness|real love|love) for (?P<o>.+)", "likes", "likes {o}", shape="list", neg="skip", kind="preference", category="preferences"),
    # dislikes
    frame("hate dislike despise detest loathe", r"(?!to\b)(?P<o>.+)", "dislikes", "{v} {o}", shape="list", neg="skip", kind="preference", confidence=0.85, category="preferences"),
    frame("stand bear tolerate", r"(?P<o>.+)", "dislikes", "cannot stand {o}", shape="list", neg="dislikes", present=False, kind="preference", can=True, category="preferences"),
    frame("be", r"(?:sick(?: and tired)? of|fed up with|scared of|afraid of|terrified of|not into|bored of|tired of|over it with|averse to) (?P<o>.+)", "dislikes", "dislikes {o}", shape="list", neg="skip", kind="preference", confidence=0.75, category="preferences"),
    # preferences
    frame("prefer", r"(?!to be called|not\b)(?:to )?(?P<o>.+?)(?: (?:over|to|rather than|instead of|than) .+|$)", "prefers", "prefers {o}", shape="vp", neg="skip", kind="preference", confidence=0.9, category="preferences"),
    frame("favour", r"(?P<o>.+?)(?: (?:over|to|rather than|instead of) .+|$)", "prefers", "prefers {o}", neg="skip", kind="preference", confidence=0.85, category="preferences"),
    frame("like love enjoy", r"(?P<o>[\w\- ]+?) (?:better|more) than .+", "prefers", "prefers {o}", neg="skip", kind="preference", confidence=0.85, category="preferences"),
)
# fmt: on
