"""Text → its language: py3langid, from the first letters, from more only when it is unsure."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from noisefilter.threads import late_import

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

#: Characters to look at, in turn, until the probability passes `SURE`.
REACHES = (200, 1_000, 5_000)
SURE = 0.95
#: The languages whose words the models have learned.
KNOWN = frozenset(("en",))
#: The codes of ISO 639-1; langid names half of them.
CODES = frozenset(
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et eu fa "
    "ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko "
    "kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa "
    "pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty "
    "ug uk ur uz ve vi vo wa wo xh yi yo za zh zu".split()
)


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    langid = late_import("py3langid.langid")  # 0.1 s that extraction can do without
    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)


def is_known(code: str | None) -> bool:
    """Whether the models have learned a language's words; a language that cannot be told counts as learned.

    The code may be a tag as pages declare it, with a region and in capitals: `en-US`, `EN`, `en_GB`.
    """
    return code is None or subtag(code) in KNOWN


def subtag(code: str) -> str:
    """The language of a tag, without script and region.

    >>> subtag("zh-Hans"), subtag("pt_BR")
    ('zh', 'pt')
    """
    return code.lower().replace("_", "-").partition("-")[0]


def name_language(text: str) -> str | None:
    """ISO 639-1 code of the text's language, None if there are no letters to tell it by."""
    code = None
    for reach in REACHES:
        letters = " ".join(text.split(None, reach)[:reach])  # this many words have at least as many letters
        if any(character.isalpha() for character in letters[:reach]):
            code, probability = _identifier().classify(letters[:reach])
            if probability >= SURE:
                break
        if len(letters) <= reach:
            break
    return None if code is None else str(code)
