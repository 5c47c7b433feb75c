"""Texts written for the varied layouts; `{d}` and `{n}` stand for numbers."""

from __future__ import annotations

BOXES = (
    *"intro lead header article-head hero top standfirst summary block wrap last outro more-text".split(),
    "",
)
CONSENT = (
    "We and our {n} partners store information on your device, such as cookies, and read it again.",
    "With your permission we use precise location data and identify your device by scanning it.",
    "You may click to agree to what we and our partners do with your data, or change your mind before you agree.",
    "Some of this does not need your consent, but you have a right to object to it.",
    "Your preferences apply to this website only and can be changed at any time in our privacy centre.",
    "We value your privacy.",
    "This site uses cookies to measure traffic and to show advertisements that suit you.",
    "Partners may process personal data such as your browsing history on the basis of legitimate interest.",
    "Advertisements and content can be personalised on the basis of a profile; their success is measured.",
    "For details see our cookie policy and the list of vendors.",
)
BUTTONS = ("Accept all", "Reject all", "Manage options", "I agree", "Settings", "Save and close", "Only necessary")
DIALOGS: tuple[dict[str, str], ...] = (
    {"id": "cookie-consent", "role": "dialog"},
    {"class": "modal"},
    {"class": "overlay", "aria-modal": "true"},
    {},
    {"class": "privacy-notice"},
    {"id": "gdpr"},
    {"class": "notice"},
)
LABELS = (
    *"Length Height Opened Closed Cost Capacity Owner Architect Staff Area Depth Age Weight".split(),
    "Visitors a year",
    "First flight",
    "Top speed",
    *"Price Season Members Languages Founded Rooms Material Range Distance".split(),
    "Catch in tonnes",
    "Rainfall",
    "Average age",
    "Turnout",
    "Seats",
)
VALUES = (
    "{n} metres",
    "{n}",
    "18{d}",
    "{n} pounds",
    "about {n}",
    "{d} of {n}",
    "none",
    "the county",
    "oak and iron",
    "{d} percent",
    "two",
    "unknown",
)
QUESTIONS = (
    ("When does it open?", "On the first Monday of the month, at nine."),
    ("Who pays for it?", "The county pays {d} percent, the rest comes from a loan."),
    ("Can I bring a dog?", "Yes, on a lead."),
    ("How long does it take?", "Some {d} minutes."),
    ("Is there parking?", "No. A bus runs every half hour."),
    ("What happens in winter?", "The upper road is closed from November; the lower one is cleared by noon."),
    ("Why was it moved?", "The ground gave way in two places after the flood."),
    ("Do I have to book?", "Only for groups of more than {d}."),
    ("Where do I complain?", "At the town hall, room {d}, or by letter."),
    ("Is it safe to drink?", "Yes, it was tested on three days of last week."),
    ("Which size do I need?", "Measure from the heel; between two sizes take the larger one."),
    ("Can it be repaired?", "Usually. Spare parts are made until 20{d}."),
)

NAMES = (
    "Marek",
    "old sailor",
    "Anne-Lise P.",
    "B. Okoro",
    "quietreader",
    "Tomasz K",
    "June",
    "Dr Feld",
    "pixelhen",
    "Ravi",
    "Nadia S.",
    "hugo77",
)
REMARKS = (
    "I have waited for somebody to say this.",
    "Not in my town, I can tell you.",
    "Thanks for the detailed account, it helped me a lot.",
    "The second picture is upside down.",
    "My father worked there for thirty years and told it differently.",
    "Does anybody know whether this works with the older model too?",
    "Great read!",
    "I tried it yesterday and it took {d} minutes, not ten.",
    "You forgot the most important point: who is going to pay?",
    "Same here. We gave up after {d} tries.",
    "Lovely, as always.",
    "With respect, the figures of last year say the opposite.",
    "I will print this and put it on the fridge.",
    "Could you write about the northern line next time?",
    "That is simply wrong, as everyone who was there knows.",
    "+1",
    "First!",
    "We moved here in 19{d} and the noise has been a subject ever since.",
    "Has the date been confirmed?",
    "So sad to hear that.",
)
DATES = ("May {d}, 20{d}", "{d} minutes ago", "20{d}-04-11 at 10:{d}", "3 weeks ago", "1 April 20{d}")
NOTICES = (
    "This page updates by itself. {d} new posts",
    "Turn on scripts in your browser to see new posts.",
    "Refresh to see the latest.",
    "We have stopped updating this page. Thank you for reading.",
    "Last updated {d} minutes ago. Jump to the newest post",
)
