"""Text of a page → whether a server sent it instead of the page: a bot wall, an error, a demand for scripts."""

from __future__ import annotations

import re
from typing import NamedTuple

#: Longer texts are articles, even about bot walls.
MOST_WORDS = 250


class Wall(NamedTuple):
    """A pattern for a server's message, with a text that it matches and one that it does not."""

    pattern: str
    matches: str
    spares: str


WALLS = (
    Wall(
        r"^\W*just a moment|checking (?:if the site connection is secure|your browser)|verify(?:ing)? (?:that )?you are "
        r"(?:a )?human|are you a robot|unusual traffic",
        "Just a moment... Checking your browser before you go on.",
        "She took a moment and checked the harbour.",
    ),
    Wall(
        r"\b(?:solve|complete) th(?:e|is) captcha|\bcaptcha\b.{0,40}\bcontinue",
        "Complete this CAPTCHA to go on",
        "A captcha is a test.",
    ),
    Wall(
        r"^\W*(?:error )?(?:40[0-9]|429|50[0-9])\b.{0,30}(?:error|forbidden|not found|unavailable|gateway|denied|requests)",
        "403 Forbidden",
        "404 boats were found in the harbour",
    ),
    Wall(
        r"^\W*(?:access denied|page not found|service unavailable|bad gateway|internal server error|too many requests)",
        "Access Denied: you don't have permission to view this page",
        "The owner was denied access to the quay",
    ),
    Wall(
        r"(?:please )?enable (?:javascript|cookies)|javascript is (?:disabled|required)",
        "Please enable JavaScript and cookies to continue",
        "Scripts enable pages to move",
    ),
)
PATTERN = re.compile("|".join(f"(?:{wall.pattern})" for wall in WALLS), re.IGNORECASE)


def is_wall(title: str | None, text: str) -> bool:
    """Whether a short text is a wall or an error: nobody should be asked whether it is noise.

    >>> is_wall("Just a moment...", "Checking your browser"), is_wall(None, "The harbour board met on Tuesday.")
    (True, False)
    """
    words = text.split(None, MOST_WORDS)
    return len(words) < MOST_WORDS and bool(PATTERN.search(title or "") or PATTERN.search(text[:4000].strip()))
