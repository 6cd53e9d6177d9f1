"""Sayings that have the form of an order."""

import re

from memctl.core.late_pattern import late

SAYING = late(
    r"(?:never say never|always look on the bright side(?: of life)?|never judge a book by its cover|never say die|"
    r"always be yourself|never look back|never give up|better late than never|never mind|"
    r"(?:don't|dont|do not|never) (?:judge(?: me| us)?|(?:ever )?ask(?: me)?(?: why\b.*| how| again)?|"
    r"write an? (?:poem|song|novel|ode|sonnet|essay|book)(?: about (?:it|this|that|me|us|him|her|them))?|"
    r"laugh|@ me|change|worry.*|be (?:weird|jealous|mad|shocked)(?: about it)?|"
    r"get me started.*|(?:speak|talk) to me(?: about .*| (?:til|until|before) .*)?|send me (?:any )?more of .*|"
    r"tell (?:any|no)one.*|come for me)|be patient(?: with (?:me|us))?)",
    re.IGNORECASE,
)
""" "Never say never" asks nothing of the assistant."""
