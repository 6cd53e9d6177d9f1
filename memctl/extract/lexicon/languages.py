"""Languages people speak."""

LANGUAGES = (
    "english|spanish|french|german|italian|portuguese|dutch|swedish|norwegian|danish|finnish|polish|"
    "czech|russian|ukrainian|greek|turkish|"
    "arabic|hebrew|hindi|urdu|bengali|punjabi|tamil|telugu|marathi|gujarati|mandarin|cantonese|"
    "chinese|japanese|korean|thai|vietnamese|"
    "indonesian|malay|tagalog|swahili|latin|hungarian|romanian|bulgarian|catalan|welsh|irish|gaelic|"
    "farsi|persian|afrikaans|esperanto|"
    "icelandic|amharic|yoruba|igbo|zulu|somali|nepali|sinhala|kannada|malayalam|serbian|croatian|"
    "slovak|sign language|asl|bsl|brazilian portuguese|basque|galician|hausa|lithuanian|latvian|"
    "estonian|georgian|armenian"
)
SPOKEN = (
    r"(?:(?:a (?:little|bit)(?: of)?|some|fluent|native|basic|decent|conversational|good|both|broken|"
    rf"intermediate|rusty|a few words of|passable|near-native) )*(?:{LANGUAGES})(?: fluently|"
    r" natively)?"
)
SPOKEN_LIST = rf"(?P<o>{SPOKEN}(?:(?:\s*,\s*(?:and )?|\s+and (?:also )?|\s*/\s*|\s*&\s*){SPOKEN})*)"
