# ruff: noqa: E501 -- one pattern a row: a table is read across
"""Possessions, pets, hobbies, skills, languages spoken, tools and stacks."""

from memctl.extract.frames import Frame, frame
from memctl.extract.topics.life import PET

# fmt: off
LANGUAGES = (
    "english|spanish|french|german|italian|portuguese|dutch|swedish|norwegian|danish|finnish|polish|czech|russian|ukrainian|greek|turkish|"
    "arabic|hebrew|hindi|urdu|bengali|punjabi|tamil|telugu|marathi|gujarati|mandarin|cantonese|chinese|japanese|korean|thai|vietnamese|"
    "indonesian|malay|tagalog|swahili|latin|hungarian|romanian|bulgarian|catalan|welsh|irish|gaelic|farsi|persian|afrikaans|esperanto|"
    "icelandic|amharic|yoruba|igbo|zulu|somali|nepali|sinhala|kannada|malayalam|serbian|croatian|slovak|sign language|asl|bsl|brazilian portuguese|basque|galician|hausa|lithuanian|latvian|estonian|georgian|armenian"
)
_LANG = rf"(?:(?:a (?:little|bit)(?: of)?|some|fluent|native|basic|decent|conversational|good|both|broken|intermediate|rusty|a few words of|passable|near-native) )*(?:{LANGUAGES})(?: fluently| natively)?"
_LANGS = rf"(?P<o>{_LANG}(?:(?:\s*,\s*(?:and )?|\s+and (?:also )?|\s*/\s*|\s*&\s*){_LANG})*)"
PLATFORMS = (
    r"kubernetes|k8s|ecs|eks|gke|aks|aws|gcp|azure|heroku|vercel|netlify|fly\.io|fly|render|railway|digitalocean|digital ocean|cloudflare(?: workers| pages)?|"
    r"lambda|aws lambda|fargate|cloud run|app engine|google cloud|hetzner|linode|openshift|nomad|docker swarm|ec2|on-prem|bare metal|firebase|ovh|oracle cloud|beanstalk|elastic beanstalk|hashicorp nomad|dokku|coolify|rancher|proxmox"
)
_STACK = r"(?:my |our |the )?(?:primary |main |default |whole |entire |current |backend |frontend |work )*(?:stack|language|programming language|tech stack|coding language|main language)"
_VEHICLE = r"(?:car|truck|van|motorcycle|motorbike|bike|bicycle|scooter|suv|boat|campervan|rv|house|apartment|condo|flat|cottage|cabin|guitar|piano|violin|cello|drum kit|keyboard|saxophone|trumpet|flute|telescope|camera|drone|laptop|macbook(?: \w+)?|iphone(?: \w+)?|ipad(?: \w+)?|pixel(?: \w+)?|android phone|desktop|gaming pc|pc|ps5|ps4|xbox|switch|nintendo switch|kindle|3d printer|sewing machine|record player|vinyl collection|espresso machine|air fryer|instant pot|tesla(?: model \w)?|kayak|tent|surfboard|snowboard|treadmill|peloton|smartwatch|apple watch|e-bike|ebike|restaurant|store|garden|greenhouse|pool|hot tub|allotment)"
_HOBBY = (
    r"bouldering|climbing|hiking|running|jogging|swimming|cycling|biking|fishing|camping|skiing|snowboarding|surfing|kayaking|sailing|rowing|knitting|crocheting|"
    r"painting|drawing|sketching|pottery|ceramics|woodworking|gardening|baking|cooking|birdwatching|birding|dancing|salsa dancing|photography|"
    r"reading|writing|gaming|yoga|pilates|weightlifting|lifting|boxing|martial arts|karate|judo|jiu-jitsu|bjj|crossfit|meditation|journaling|"
    r"skateboarding|skating|ice skating|horse riding|horseback riding|scuba diving|diving|backpacking|calligraphy|quilting|sewing|embroidery|"
    r"home ?brewing|brewing|stargazing|astronomy|foraging|archery|fencing|golfing|bird watching|paragliding|open[- ]water swimming|wild swimming|spinning|trail running|rock climbing|thrifting|geocaching|parkour|triathlons|singing|freediving|snorkel+ing|beekeeping|origami|scrapbooking|bowling|roller skating|improv|stand-up comedy|metal detecting"
)
_PLAYED = r"(?:the )?(?:guitar|bass guitar|bass|piano|violin|viola|cello|drums|flute|saxophone|sax|trumpet|trombone|clarinet|ukulele|banjo|harp|oboe|keyboard|harmonica|accordion|organ|french horn|double bass|mandolin|tennis|table tennis|football|soccer|basketball|baseball|volleyball|rugby|cricket|golf|chess|badminton|squash|padel|pickleball|hockey|ice hockey|netball|softball|poker|bridge|darts|snooker|pool|board games|video games|d&d|dungeons and dragons|lacrosse|ultimate frisbee|handball|water polo|go|mahjong)"
_PROGRAMMING = r"python|rust|go|golang|java|javascript|typescript|c\+\+|c#|c|ruby|php|kotlin|swift|scala|haskell|elixir|erlang|clojure|r|julia|perl|lua|dart|zig|ocaml|f#|sql|bash|matlab|cobol|fortran|solidity|vba|assembly|html|css"
_ADOPT = r"(?:(?:a|an|the|my|our|new|rescue|little|cute|this|adorable|one|two|three|four|five|six|\d+|older|old|young|elderly|black|white|orange|ginger|tabby|golden|brown|grey|gray|german|french|border|great|siamese|persian|maine coon|siberian|english|bernese|mountain|australian|labrador|second|tiny|big|lovely|senior|spaniel|jack|russell|shiba|inu|\w+-year-old) )+"

FRAMES: tuple[Frame, ...] = (
    # pets
    frame("have adopt get own rescue keep buy", rf"(?:got )?(?:just )?(?P<o>{_ADOPT}(?:{PET})s?(?:,? (?:called|named) [A-ZÀ-Þ][\w'\-]+(?:,? and [A-ZÀ-Þ][\w'\-]+)?)?)\b(?! (?:food|allerg|hair|park|show|video|toy|shelter|person|lover|sitter|walker))", "has_pet", "has {o}", shape="np", past="assert", confidence=0.85, neg="skip", category="pets"),
    frame("lose bury", r"(?:our |my )?(?:(?:dog|cat|puppy|kitten|rabbit|hamster|horse|bird|parrot|greyhound|pet) )?(?P<o>(?-i:[A-Z][\w\-]+))(?=$| (?:last|this|yesterday|on|in|two|a)\b)", "has_pet", "has {o}", shape="raw", op="retract", past="assert", neg="skip", confidence=0.75, category="pets"),
    frame("give rehome", r"(?:away |up )?(?:our |my )(?P<o>(?:dog|cat|puppy|kitten|rabbit|hamster|horse|bird|parrot)s?)\b", "has_pet", "has {o}", op="retract", past="assert", neg="skip", category="pets"),
    # possessions
    frame("own", r"(?P<o>.+)", "owns", "owns {o}", shape="list", past="retract", category="possessions", neg="retract"),
    frame("have", rf"(?:got )?(?P<o>(?:an?|two|three|my own) (?:[\w\-'.]+ ){{0,4}}?{_VEHICLE})\b(?! (?:lesson|problem|issue|accident|question|class|idea|rental|loan|payment|meeting|warming|party))", "owns", "has {o}", past="skip", neg="skip", category="possessions"),
    frame("have", r"(?:got )?(?P<o>(?:an? )(?-i:(?:[a-z\-]+ )?[A-Z][\w\-]+(?: [A-Z0-9][\w\-]*)+|(?:[a-z\-]+ )?(?:\d{4} )[A-Z][\w\-]+(?: [A-Z0-9][\w\-]*)*))(?=$|[,.]| (?:and|that|with|which|for|but)\b)", "owns", "has {o}", past="skip", confidence=0.75, neg="skip", category="possessions"),
    frame("drive ride", r"(?P<o>(?:an?|my) (?:\d{4} )?(?:[a-z\-]+ ){0,3}?(?:(?-i:[A-Z])[\w\-]*(?: (?-i:[A-Z0-9])[\w\-]*)*|car|truck|van|motorcycle|motorbike|bike|bicycle|scooter|lorry|bus|taxi|suv|hatchback|sedan|pickup|horse))", "owns", "{v} {o}", past="retract", neg="skip", category="possessions"),
    frame("buy purchase order", r"(?:myself |ourselves )?(?P<o>(?:an?|my first|our first|a new|a used|a second-hand) .+?)(?: (?:for|from|off|at|on|to|in) .+|$)", "owns", "owns {o}", past="assert", present=False, neg="skip", category="possessions"),
    frame("get", rf"(?:myself |ourselves )?(?P<o>(?:an?|my first|our first) (?:new |used )?(?:[\w\-'.]+ ){{0,4}}?{_VEHICLE})\b(?! (?:lesson|quote|fixed))", "owns", "owns {o}", past="assert", present=False, neg="skip", category="possessions"),
    frame("inherit", r"(?P<o>.+)", "owns", "owns {o}", past="assert", present=False, neg="skip", category="possessions"),
    frame("sell ditch", r"(?:my|our|the) (?:old )?(?P<o>.+?)(?: (?:for|to|on|and) .+|$)", "owns", "owns {o}", op="retract", past="assert", present=False, neg="skip", category="possessions"),
    frame("get", r"rid of (?:my|our|the) (?:old )?(?P<o>.+?)(?: (?:for|to|on|and) .+|$)", "owns", "owns {o}", op="retract", past="assert", present=False, neg="skip", category="possessions"),
    frame("trade swap", r"(?:in )?(?:my|our|the) (?:old )?(?P<o>.+?)(?: in)? (?:for|to) .+", "owns", "owns {o}", op="retract", past="assert", present=False, neg="skip", category="possessions"),
    frame("trade swap sell", r"(?:in )?(?:my|our|the) .+? (?:for|and (?:bought|got)) (?P<o>(?:an?|the) .+)", "owns", "owns {o}", past="assert", present=False, neg="skip", category="possessions"),
    frame("collect", r"(?P<o>(?!my|the|data|it|feedback|information|user|them|some)[\w\- ,]+)", "hobby", "collects {o}", shape="list", past="skip", neg="skip", category="interests", value="collecting {o}"),
    # hobbies
    frame("play", rf"(?P<o>{_PLAYED}(?:(?:,| and|, and) {_PLAYED})*)\b", "hobby", "plays {o}", shape="list", past="skip", confidence=0.85, can=True, kind="fact", neg="skip", category="interests"),
    frame("go", rf"(?P<o>{_HOBBY})\b(?! (?:yesterday|last|tomorrow|this|on (?:mon|tue|wed|thu|fri|sat|sun)\w+day\b(?!s)))", "hobby", "goes {o}", shape="raw", kind="preference", neg="skip", category="interests"),
    frame("do practise practice", rf"(?:a lot of |some |lots of )?(?P<o>{_HOBBY})\b", "hobby", "does {o}", shape="raw", kind="preference", neg="skip", category="interests"),
    frame("run swim hike climb bake garden knit paint meditate cycle", r"(?P<o>(?:every (?:day|morning|week|weekend|evening|night|sunday|saturday)|daily|regularly|most (?:mornings|days|weekends)|on (?:weekends|sundays|saturdays)|a lot|\d+ times a week|(?:twice|three times|once) a week))", "hobby", "{v} {o}", shape="none", kind="preference", neg="skip", category="interests", value="{v}"),
    frame("take get pick start", r"(?:up |into )(?P<o>(?!(?:a|the|my|it)\b).+)", "hobby", "has taken up {o}", past="assert", present=False, neg="skip", kind="preference", confidence=0.8, category="interests"),
    frame("give_up", rf"(?:on )?(?P<o>collecting .+|(?:{_HOBBY})\b.*|(?:the )?(?:guitar|piano|cello|violin|drums|tennis|golf|football|chess)\b)", "hobby", "has the hobby {o}", op="retract", past="assert", neg="skip", category="interests"),
    # languages, skills
    frame("speak know understand", rf"{_LANGS}", "speaks", "speaks {o}", shape="list", can=True, past="skip", confidence=0.9, neg="skip", category="languages"),
    frame("be", rf"(?:(?:fluent|bilingual|trilingual|proficient|conversational) in|a native speaker of|a native) {_LANGS}(?: speaker)?", "speaks", "speaks {o}", shape="list", confidence=0.9, neg="skip", category="languages"),
    frame("learn study teach", rf"(?:myself |how to speak |to speak )?{_LANGS}", "learning", "is learning {o}", shape="list", past="skip", neg="skip", category="languages"),
    frame("learn", r"(?:how )?(?:to )?(?:play |code in |program in |use |speak )?(?P<o>(?!a lot|that|about|from|how|so|it|more|the hard|new|something|what|my|to be|many|much|this|by|as|of\b|about|on|at|in)[\w\-+#./ ]+)", "learning", "is learning {o}", past="skip", present=True, confidence=0.75, neg="skip", category="skills"),
    frame("know", r"(?:how to (?:code in|program in|use|write) )?(?P<o>(?-i:[A-Z])[\w+#.\-]*(?:,? (?:and )?(?-i:[A-Z])[\w+#.\-]*)*)(?=$|[,.]| (?:pretty|quite|very|really|well|but|inside|and|better|fairly|already|enough)\b)", "knows", "knows {o}", shape="list", confidence=0.75, neg="skip", category="skills"),
    frame("code program write build develop work", rf"(?:(?:mostly|mainly|primarily|a lot|all|everything|code|apps?|software|exclusively|day to day|daily|only|services|most(?:ly)? of my code|my code) )*(?:in|with) (?P<o>(?:{_PROGRAMMING})(?:(?:, | and |, and |/)(?:{_PROGRAMMING}))*)(?=$|[\s,.;!])", "uses", "works with {o}", shape="list", past="skip", category="tools"),
    frame("be", r"(?:(?:very|pretty|really|quite|also) )*(?:good|great|skilled|proficient|experienced|expert|well-versed|an expert|trained|certified|comfortable) (?:at|in|with) (?P<o>(?!it|that|this|what|all|my|your|the\b).+)", "knows", "is good at {o}", shape="list", neg="skip", confidence=0.75, category="skills"),
    frame("teach", r"(?P<o>(?!me|my|him|her|them|us|you|myself|a\b|the\b|kids|children|at\b|in\b|people)[\w ]+?)(?: (?:at|in|to|for|part|on) .+|$)", "job_title", "is a {o} teacher", past="retract", confidence=0.85, neg="skip", category="work", value="{o} teacher"),
    # tools
    frame("use run", r"(?:(?:mostly|mainly|the|an?|my|our|only) )*(?P<o>(?-i:i?[A-Z])[\w+#.\-/]*(?: (?-i:[A-Z0-9])[\w+#.\-/]*)*(?:(?:,| and|, and| &) (?-i:[A-Z])[\w+#.\-/]*(?: (?-i:[A-Z0-9])[\w+#.\-/]*)*)*)(?=$|[,.;)]| (?:for|to|as|at|on|in|with|and|every|daily|because|since|but|when|these|now|mostly|instead|anymore|any)\b)", "uses", "uses {o}", shape="list", past="retract", confidence=0.85, category="tools"),
    frame("use", rf"(?P<o>(?:{_PROGRAMMING}|{PLATFORMS}|vim|neovim|emacs|vscode|vs code|docker|postgres|mysql|redis|react|vue|angular|svelte|django|flask|rails|linux|ubuntu|windows|macos|git|notion|obsidian|slack|excel|figma|terraform|jenkins|tmux|zsh|pytorch|tensorflow|pandas|dark mode))(?=$|[\s,.;!])", "uses", "uses {o}", past="retract", category="tools"),
    frame("be", r"on (?:an? |the )?(?P<o>(?-i:Pixel|iPhone|iPad|Mac|MacBook|Windows|Linux|Ubuntu|Android|Galaxy|Arch|Fedora|macOS|Debian|Postgres|Python)[\w\- ]*?\b)(?=$|[,.;]| (?:now|for|and|these|with|at|so)\b)", "uses", "uses {o}", past="retract", category="tools"),
    frame("deploy host ship run", rf"(?:(?:everything|our|my|the|all|app|apps|services?|it|mostly|mainly|code|stuff|backend|workloads|production|site|prod) )*(?:on|to|onto|with|via|in|using) (?P<o>(?:(?:{PLATFORMS})(?![\w.])|(?-i:[A-Z])[\w.+\-]*(?: (?-i:[A-Z])[\w.+\-]*)*))", "deploys_on", "deploys on {o}", past="retract", confidence=0.85, category="tools"),
    frame("migrate move switch", rf"(?:(?:everything|our|the|all|app|services?|off|away|over|prod|production|infra|infrastructure) )*(?:from|off|of) (?P<o>(?:{PLATFORMS})(?![\w.]))", "deploys_on", "deploys on {o}", op="retract", past="assert", neg="skip", category="tools"),
    frame("migrate move switch", rf"(?:.+? )?(?:to|onto|over to) (?P<o>(?:{PLATFORMS})(?![\w.]))", "deploys_on", "deploys on {o}", past="assert", neg="skip", category="tools"),
    frame("migrate switch convert", rf"(?:from|off) (?!{PLATFORMS})(?P<o>(?-i:[A-Z])[\w+#.\- ]*?) (?:to|onto) .+", "uses", "uses {o}", op="retract", past="assert", neg="skip", category="tools"),
    frame("migrate switch convert", rf"(?:(?:over|from .+?|back) )?(?:to|onto) (?!{PLATFORMS})(?P<o>(?-i:[A-Z])[\w+#.\-]*(?: (?-i:[A-Z0-9])[\w+#.\-]*)*)(?! as my (?:main|primary))", "uses", "uses {o}", past="assert", neg="skip", confidence=0.8, category="tools"),
    frame("drop ditch abandon cancel stop replace", r"(?:using )?(?P<o>(?-i:[A-Z])[\w+#.\-]*(?: (?-i:[A-Z0-9])[\w+#.\-]*)*)(?: (?:for|with|in favou?r of|and) .+|$)", "uses", "uses {o}", op="retract", past="assert", present=False, neg="skip", category="tools"),
    frame("move", r"(?:over )?to (?P<o>(?-i:GitHub|GitLab|Linux|Postgres|Notion|Obsidian|Slack|Linear|Jira|Emacs|Neovim|Vim|VS Code|Firefox|Chrome|Safari|Android|iOS|Mac|Windows)[\w \-]*)", "uses", "uses {o}", past="assert", neg="skip", category="tools"),
    frame("replace", r".+? (?:with|by) (?P<o>(?-i:[A-Z])[\w+#.\-]*)", "uses", "uses {o}", past="assert", neg="skip", category="tools"),
    # primary stack
    frame("switch change move migrate", rf"{_STACK} (?:(?:over|from .+?) )?to (?P<o>.+)", "primary_stack", "works mainly with {o}", past="assert", neg="skip", confidence=0.9, category="tools"),
    frame("switch change move", rf"(?:from .+? )?to (?P<o>.+?) (?:as|for) {_STACK}", "primary_stack", "works mainly with {o}", past="assert", neg="skip", confidence=0.9, category="tools"),
    frame("use", rf"(?P<o>.+?) (?:as|for) {_STACK}", "primary_stack", "works mainly with {o}", neg="retract", confidence=0.9, category="tools"),
)
# fmt: on
