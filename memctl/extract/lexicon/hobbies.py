"""Pastimes, games and instruments."""

PASTIMES = (
    r"bouldering|climbing|hiking|running|jogging|swimming|cycling|biking|fishing|camping|skiing|"
    r"snowboarding|surfing|kayaking|sailing|rowing|knitting|crocheting|"
    r"painting|drawing|sketching|pottery|ceramics|woodworking|gardening|baking|cooking|birdwatching|"
    r"birding|dancing|salsa dancing|photography|"
    r"reading|writing|gaming|yoga|pilates|weightlifting|lifting|boxing|martial arts|karate|judo|"
    r"jiu[- ]?jitsu|bjj|crossfit|meditation|journaling|"
    r"skateboarding|skating|ice skating|horse riding|horseback riding|scuba diving|diving|backpacking|"
    r"calligraphy|quilting|sewing|embroidery|"
    r"home ?brewing|brewing|stargazing|astronomy|foraging|archery|fencing|golfing|bird watching|"
    r"paragliding|open[- ]water swimming|wild swimming|spinning|trail running|rock climbing|thrifting|"
    r"geocaching|parkour|triathlons|singing|freediving|snorkel+ing|beekeeping|origami|scrapbooking|"
    r"bowling|roller skating|improv|stand-up comedy|metal detecting"
)
GAMES_AND_INSTRUMENTS = (
    r"(?:the )?(?:guitar|bass guitar|bass|piano|violin|viola|cello|drums|flute|saxophone|sax|trumpet|"
    r"trombone|clarinet|ukulele|banjo|harp|oboe|keyboard|harmonica|accordion|organ|french horn|"
    r"double bass|mandolin|tennis|table tennis|football|soccer|basketball|baseball|volleyball|rugby|"
    r"cricket|golf|chess|badminton|squash|padel|pickleball|hockey|ice hockey|netball|softball|poker|"
    r"bridge|darts|snooker|pool|board games|video games|d&d|dungeons and dragons|lacrosse|"
    r"ultimate frisbee|handball|water polo|go|mahjong)"
)
