"""Places well known enough to be told from firms, and the words between "live" and "in"."""

ADVERBIALS = (
    r"(?:(?:just|right|way|full[- ]time|part[- ]time|remotely|alone|here|now|right|out|"
    r"up|over|down|back|currently|mostly|with (?:my|our|a|two|three) [\w ]{2,30}?|by myself|on my own|"
    r"together|downtown|abroad) )*"
)
CITIES = (
    r"(?:London|Paris|Berlin|Madrid|Barcelona|Rome|Milan|Lisbon|Porto|Amsterdam|Brussels|Vienna|"
    r"Prague|Warsaw|Budapest|Dublin|Oslo|Stockholm|Copenhagen|Helsinki|Zurich|Geneva|Munich|Hamburg|"
    r"Lyon|Athens|Istanbul|Moscow|Kyiv|"
    r"New York|NYC|San Francisco|SF|Los Angeles|LA|Chicago|Boston|Seattle|Austin|Denver|Miami|Houston|"
    r"Dallas|Atlanta|Portland|Toronto|Vancouver|Montreal|Mexico City|Buenos Aires|São Paulo|"
    r"Rio de Janeiro|Lima|Bogotá|Santiago|"
    r"Tokyo|Osaka|Kyoto|Seoul|Beijing|Shanghai|Hong Kong|Singapore|Bangkok|Jakarta|Manila|Delhi|"
    r"Mumbai|Bangalore|Bengaluru|Chennai|Hyderabad|Dubai|Tel Aviv|Cairo|Lagos|Nairobi|Cape Town|"
    r"Johannesburg|Sydney|Melbourne|Auckland|"
    r"England|Scotland|Ireland|France|Germany|Spain|Italy|Portugal|Sweden|Norway|Denmark|Finland|"
    r"Poland|Greece|Turkey|Canada|Mexico|Brazil|Argentina|India|China|Japan|Korea|Australia|Texas|"
    r"California|Florida)"
)
"""Places well known enough to tell "I left Paris for Lyon" from "I left Google for Anthropic"."""
