"""Elements that are never a page's article, however long they are: consent dialogs, and comment threads."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.places import with_names
from noisefilter.html.tags import HEADINGS
from noisefilter.text.cues import fold_case

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from numpy.typing import NDArray

    from noisefilter.arrays import Column, Flags
    from noisefilter.blocks.table import BlockTable
    from noisefilter.html.walk import BlockedPage
    from noisefilter.types import Block

#: Phrases of consent dialogs. A text in one has two different ones, a button one.
CONSENT = re.compile(
    r"\b(cookies?|consent|(?:our|\d+) (?:partners|vendors|companies|providers)|legitimate interests?|personal data|your privacy|tracking|"
    r"(?:store|save|access|keep|put)\w* .{0,30}on (?:a|your) (?:device|phone|computer)|personali[sz]ed|geolocation|"
    r"your (?:data|permission|choices?|interests)|legal bas[ie]s|withdraw\w*|similar technologies|third parties|data protection|"
    r"(?:accept|allow|reject|agree)\b.{0,12}\b(?:all|everything|cookies)|only (?:what is )?(?:needed|necessary|essential)|"
    r"manage (?:options|choices|settings)|i agree|profiles?)\b"
)
#: The same in other languages: German, French, Spanish, Italian, Portuguese, Dutch, Polish, Russian, Greek, Turkish, Swedish
#: with Norwegian and Danish, Czech, Arabic; then Chinese, Japanese and Korean, which have no blanks between words.
CONSENT_OTHER = re.compile(
    r"\b(?:cookie\w*|"
    r"einwillig\w+|zustimm\w+|unsere\w* (?:\d+ )?partner\w*|auf (?:ihrem|deinem|einem) gerät|personenbezogen\w+|berechtigt\w+ interess\w+|"
    r"widerruf\w+|personalisier\w+|datenschutz\w*|"
    r"consentement|partenaires|sur (?:votre|un) (?:appareil|terminal)|données personnelles|intérêts? légitimes?|vos (?:choix|préférences|données)|"
    r"vie privée|personnalisé\w+|mesure d.audience|finalités|"
    r"consentimiento|(?:nuestros|\d+) (?:socios|proveedores)|en (?:su|tu|un) dispositivo|datos personales|interés legítimo|"
    r"(?:sus|tus) (?:preferencias|datos|opciones)|privacidad|personalizad\w+|"
    r"consenso|(?:nostri|\d+) partner|su(?:l tuo|l suo|l| un) dispositivo|dati personali|legittim\w+ interess\w+|preferenze|personalizzat\w+|"
    r"consentimento|parceiros|no (?:seu |teu )?dispositivo|dados pessoais|interesse legítimo|preferências|privacidade|"
    r"toestemming|onze (?:\d+ )?partners|op (?:je|uw|een) apparaat|persoonsgegevens|gerechtvaardigd\w* belang\w*|voorkeuren|gepersonaliseerd\w*|"
    r"zgod[aęyą]\w*|(?:nasi|\d+) partner\w+|urządzeni\w+|dan\w+ osobow\w+|uzasadnion\w+ interes\w*|wycofa\w+|spersonalizowan\w+|prywatnoś\w+|"
    r"соглас\w+|партн[её]р\w+|устройств\w+|персональн\w+|отозва\w+|рекомендательн\w+ технолог\w+|"
    r"συγκατάθεσ\w+|συνεργάτες|συσκευή|προσωπικ\w+ δεδομέν\w+|επιλογές σας|εξατομικευμέν\w+|ανακαλέσ\w+|"
    r"çerez\w*|iş ortaği\w*|cihaziniz\w*|kişisel veri\w*|tercihlerini\w*|kişiselleştiril\w+|"
    r"samty[ck]+\w*|(?:våra|våre|vores|\d+) partner\w*|(?:din |min )?enhe[td]\w*|person(?:uppgift|opplysning|oplysning)\w*|"
    r"(?:till|til)passe\w*|anpassa\w*|"
    r"souhlas\w*|(?:naši|\d+) partne[rř]\w*|zařízení|osobní\w* údaj\w*|oprávněn\w+ záj\w+|"
    r"شركا\w+|وشركا\w+|موافقت\w+|جهازك|البيانات الشخصية|ملفات تعريف الارتباط|خصوصيت\w+|مخصص\w*)\b"
    r"|同意|合作[伙夥]伴|[您你]的[设設][备備]|[个個]人(?:信息|资料|資料|情報|データ)|撤回|[隐隱]私|[个個][性人]化"
    r"|パートナー|端末|プライバシー|クッキー|동의|협력사|파트너|기기에|개인 ?정보|철회|쿠키|맞춤형"
)
#: What a button of such a dialog says.
ANSWER = re.compile(
    r"accept|akzept|accett|aceit|acept|akcept|godta|godkän|zustimm|zgadz|zgod|прин|соглас|συμφων|αποδ|kabul|souhlas|přij|قبول|موافق|同意|接受|동의|"
    r"ablehn|refus|rechaz|rifiut|recus|weiger|odrzu|avvis|отклон|διαφων|απόρρ|reddet|odmít|رفض|拒|거부|instell|einstell|paramét|config"
)
#: Names of cookies.
COOKIES = ("cookie", "çerez", "ciasteczk", "تعريف الارتباط", "クッキー", "쿠키")
#: A page without any of these, in English or in any language, has no dialog that texts give away; searching the whole text
#: is cheap.
SIGNS = ("cookie", "consent", "privacy")
SIGNS_OTHER = (*SIGNS, *COOKIES, *"einwillig toestemming zgod συγκατάθ samtyk souhlas 同意 동의".split())
#: Most buttons that are looked at; only hostile pages have more.
MOST_ANCHORS = 50
#: Most words of a button, and most characters of a text that are read.
MOST_BUTTON, MOST_READ = 8, 500
#: Fewest words of a text that a dialog leaves to the page: an article about cookies is all that its page has to say.
LEAST_LEFT = 15
#: What stands directly in the body beside the article is a dialog if it names cookies, which many languages call so, and
#: has so many controls and at most so many words; or if so many of its texts, and one in four, speak of consent.
MIN_CONTROLS, MOST_ASIDE, MIN_SPEAKING = 2, 400, 3
#: Most words of a line of links that are controls, and the least share of a link in its line.
MOST_LINKS, MOSTLY_LINK = 16, 0.8
NOWHERE = ("", "#")
#: Places named as dialogs, whatever they say, and as consent dialogs; an element that holds one of `ARTICLE` is a page's
#: frame.
dialogs_in = with_names(
    r"(?<![\w-])(?:alert)?dialog(?![\w-])"
    r"|(?<![\w-])(?!(?:tag|category|post|topic)-)(?:[\w-]*[-_])?"
    r"(?:cookie[a-z]*|consent|gdpr|rgpd|dsgvo|rodo|lgpd|ccpa|onetrust|didomi|usercentrics|truste|iubenda|borlabs|osano|klaro"
    r"|complianz|cmplz|axeptio|tarteaucitron|termly|cmpbox)(?:[-_][\w-]*)?(?![\w-])"
)
ARTICLE = frozenset(("main", "article", "h1"))
#: Places named as comment threads, and the share of a page's words from which a thread is what the page exists for.
threads_in = with_names(
    r"\b(?:comments?|comment-?list|comments?-(?:area|section|thread|list|wrapper)|respond|responses|disqus_thread|discussion)\b"
)
MOST_THREAD = 0.7
#: Names that a post has in common with the first one.
ALIKE = 2
ROOTS = frozenset(("body", "html"))
#: Elements that are no box, whatever their names: headings may be named by their words.
NO_BOX = ROOTS | HEADINGS


def find_dialogs(page: BlockedPage, words: Column, *, english: bool = True) -> Flags:
    """Blocks of dialogs: (blocks,).

    Elements that are dialogs by tag or role, or consent dialogs by name; those around a button or link in which at
    least half of the texts speak of consent; those beside the headline that end in several buttons; and what lies beside
    it, in an element or in none, and speaks of consent.

    Args:
        page: an HTML page.
        words: of each block.
        english: whether the page's words are; else phrases of consent in other languages count, too.
    """
    found = np.zeros(len(page.blocks), np.bool_)
    tags = page.places.tags
    tagged = [place for place, tag in enumerate(tags) if tag == "dialog"]
    named = [place for place in (*tagged, *dialogs_in(page.places)) if tags[place] not in NO_BOX]
    framing = _framing(page, ARTICLE - {"h1"}) if named else set()
    headlines = _running(np.array([tag == "h1" for tag in page.block_tags]))
    for place in named:
        first, last = page.places.firsts[place], page.places.lasts[place]
        all_of_them = 0 < headlines[-1] == headlines[last] - headlines[first]  # of several, one may be the dialog's
        if place not in framing and not all_of_them:
            found[first:last] = True
    telling, beside = _parts(page, words)
    for first, last in _asking(page, words, telling, beside):
        found[first:last] = True
    small = fold_case(page.text)
    if any(map(small.__contains__, SIGNS if english else SIGNS_OTHER)):
        speech = _Speech(page, small, words, english=english)
        left = words >= LEAST_LEFT
        for index in speech.buttons()[:MOST_ANCHORS]:
            if not found[index]:
                first, last = speech.around(index)
                if first < last:
                    taken = found.copy()
                    taken[first:last] = True
                    found = taken if (left & ~taken).any() else found
        for first, last in _speaking(words, speech, telling, beside):
            found[first:last] = True
    return found


def _asking(page: BlockedPage, words: Column, telling: range, beside: Mapping[int, range]) -> Iterator[tuple[int, int]]:
    """Bounds of elements that ask before one may read, beside the one that holds the headline and a text (`_parts`)."""
    framing = _framing(page, ARTICLE) if telling else ()
    alike = Counter((page.places.tags[place], page.places.names[place]) for place in beside)
    for place, inside in beside.items() if telling else ():
        single = place not in framing and alike[page.places.tags[place], page.places.names[place]] == 1
        above = inside.start < telling.start
        less = above or _in_texts(words, inside) < _in_texts(words, telling)  # below, it may be the article itself
        if single and less and _asks(page, words, inside, above=above):
            yield inside.start, inside.stop


def _speaking(words: Column, speech: _Speech, telling: range, beside: Mapping[int, range]) -> Iterator[tuple[int, int]]:
    """Bounds of what speaks of consent beside the element that holds the headline and a text, with or without a button."""
    if not telling:
        return
    for _, alike in itertools.groupby(beside.values(), lambda inside: inside if len(inside) > 1 else None):
        parts = list(alike)  # an element, or lines that are in none
        first, last = parts[0].start, parts[-1].stop
        texts = [index for index in range(first, last) if words[index] >= LEAST_LEFT]
        other = parts[0] != telling and words[first:last].sum() <= MOST_ASIDE
        if other and texts and 2 * sum(map(speech.speaks, texts)) >= len(texts):
            yield first, last


def _parts(page: BlockedPage, words: Column) -> tuple[range, dict[int, range]]:
    """Blocks of the part of a page that holds the headline and a text, if any does; and of all parts, by place."""
    if "h1" not in page.block_tags:
        return range(0), {}
    places, framing, count = page.places, _framing(page, ARTICLE), len(page.blocks)
    around = max((place for place in framing if places.lasts[place] - places.firsts[place] == count), default=-1)
    beside = {
        place: range(places.firsts[place], places.lasts[place])
        for place, parent in enumerate(places.parents)
        if parent == around >= 0 and places.firsts[place] < places.lasts[place]
    }
    return next((inside for inside in beside.values() if _tells(page, words, inside)), range(0)), beside


def _tells(page: BlockedPage, words: Column, inside: range) -> bool:
    """Whether blocks hold a headline and a text."""
    return any(page.blocks[index].tag == "h1" for index in inside) and _in_texts(words, inside) > 0


def _in_texts(words: Column, inside: range) -> float:
    """How many words of blocks are in texts."""
    counts = words[inside.start : inside.stop]
    return float(counts[counts >= LEAST_LEFT].sum())


def _asks(page: BlockedPage, words: Column, inside: range, *, above: bool) -> bool:
    """Whether blocks end in one of several buttons; `above` the headline, they may hold a text and lines of links instead."""
    blocks, counts = page.blocks[inside.start : inside.stop], words[inside.start : inside.stop]
    buttons = sum(block.tag == "button" for block in blocks)
    if counts.sum() > MOST_ASIDE:
        return False
    if buttons >= MIN_CONTROLS and blocks[-1].tag == "button":
        return True
    lines = (block for block, words_in in zip(blocks, counts.tolist(), strict=True) if words_in <= MOST_LINKS)
    controls = buttons + sum(len(block.links) for block in lines if _is_link(block))
    return above and controls >= MIN_CONTROLS and bool((counts >= LEAST_LEFT).any())


class _Speech:
    """Which texts of a page speak of consent; looked up near buttons and beside the headline."""

    def __init__(self, page: BlockedPage, small: str, words: Column, *, english: bool) -> None:
        self._page, self._small, self._english = page, small, english
        self._words = _running(words).tolist()
        long = words > MOST_BUTTON
        self._long, self._is_long = _running(long).tolist(), long.tolist()
        self._known: dict[tuple[int, bool], bool] = {}
        self._framing = _framing(page, ARTICLE)
        self._is_control = [_is_control(block) for block in page.blocks]
        self._controls = _running(np.array(self._is_control, np.bool_))

    def buttons(self) -> list[int]:
        """Buttons, and links that speak of consent or lead nowhere."""
        found: list[int] = []
        others: list[int] = []
        for index, block in enumerate(self._page.blocks):
            if self._is_long[index]:
                continue
            if block.tag == "button" or (
                block.links and _is_link(block) and CONSENT.search(self._small, block.start, block.end)
            ):
                found.append(index)
            elif self._is_control[index]:
                others.append(index)
        return found + others

    def around(self, index: int) -> tuple[int, int]:
        """First block, and the one after the last, of the largest element around a block that speaks of consent.

        At least half of the element's texts do, or it stands beside the article, names cookies, and has controls.
        """
        button = self._page.blocks[index]
        foreign = not self._english and ANSWER.search(self._small, button.start, button.end) is not None
        places = self._page.places
        place, found = button.place, (index, index)
        first = last = index
        consents = 0
        speaks = True
        while place >= 0 and places.tags[place] not in ROOTS and place not in self._framing:
            before, after = places.firsts[place], places.lasts[place]
            texts = self._long[after] - self._long[before]
            consents += sum(
                self._speaks(text, foreign=foreign) for text in (*range(before, first), *range(last, after))
            )
            first, last = before, after
            speaks &= consents * 2 >= texts
            if speaks and texts:
                found = (before, after)
            often = consents >= MIN_SPEAKING and consents * 4 >= texts
            if not (speaks or often or self._words[after] - self._words[before] <= MOST_ASIDE):
                return found  # larger elements are no dialogs
            place = places.parents[place]
        alone = place >= 0 and places.tags[place] in ROOTS
        return (first, last) if alone and self._is_aside(first, last) else found

    def speaks(self, index: int) -> bool:
        """Whether a block is a text that begins with two different phrases of consent, in any language that the page may have."""
        return self._speaks(index, foreign=not self._english)

    def _is_aside(self, first: int, last: int) -> bool:
        """Whether a stretch of blocks names cookies and has controls."""
        start, end = self._page.blocks[first].start, self._page.blocks[last - 1].end
        return bool(
            self._controls[last] - self._controls[first] >= MIN_CONTROLS
            and any(self._small.find(name, start, end) >= 0 for name in COOKIES)
        )

    def _speaks(self, index: int, *, foreign: bool) -> bool:
        """Whether a block is a text that begins with two different phrases of consent; `foreign` ones count, too."""
        known = self._known.get((index, foreign))
        if known is None:
            block = self._page.blocks[index]
            stretch = block.start, min(block.end, block.start + MOST_READ)
            known = self._known[index, foreign] = self._is_long[index] and any(
                len(set(phrases.findall(self._small, *stretch))) > 1
                for phrases in ((CONSENT, CONSENT_OTHER) if foreign else (CONSENT,))
            )
        return known


def find_threads(table: BlockTable) -> Flags:
    """Blocks of comment threads, by the names of elements: (blocks,).

    One that the page exists for is none, nor are elements made as one beside them that is not named so: a forum may call all posts but the
    first one comments.
    """
    places, page = table.elements, table.page.places
    named = set(threads_in(page)).difference(dialogs_in(page))
    first = _first_posts(table, named)
    small = [place for place in named if places.words[place] < MOST_THREAD * places.words[0]]
    return table.blocks_in(
        place for place in small if page.tags[place] not in NO_BOX and not _made_as(place, first, table)
    )


def _first_posts(table: BlockTable, named: set[int]) -> dict[int, list[set[str]]]:
    """Names of elements with a text that are beside named ones, by the parent of both."""
    places, page = table.elements, table.page.places
    parents = {page.parents[place] for place in named}
    found: dict[int, list[set[str]]] = {}
    for place, parent in enumerate(page.parents if parents else ()):
        if parent in parents and place not in named and places.prose[place] > 0:
            found.setdefault(parent, []).append({page.tags[place], *page.names[place].split()})
    return found


def _made_as(place: int, first: dict[int, list[set[str]]], table: BlockTable) -> bool:
    """Whether an element has the tag and two names of one beside it."""
    page = table.page.places
    return any(
        page.tags[place] in other and len(other.intersection(page.names[place].split())) >= ALIKE
        for other in first.get(page.parents[place], ())
    )


def _framing(page: BlockedPage, tags: Collection[str]) -> set[int]:
    """Places that are one of the `tags` or contain one."""
    found: set[int] = set()
    for place, tag in enumerate(page.places.tags):
        while tag in tags and place >= 0 and place not in found:
            found.add(place)
            place = page.places.parents[place]
    return found


def _is_control(block: Block) -> bool:
    """Whether a block is a button, or has a link that leads nowhere."""
    return block.tag == "button" or (
        bool(block.links)
        and any(link.href in NOWHERE or link.href[:11].lower() == "javascript:" for link in block.links)
    )


def _is_link(block: Block) -> bool:
    return sum(link.end - link.start for link in block.links) >= MOSTLY_LINK * (block.end - block.start)


def _running(values: NDArray[np.generic]) -> Column:
    """Sum of the values before each, and of all."""
    return np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
