"""Markup that would run a script: kinds × spellings × elements, each a call of `top.hit(N)` with its own number."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CALL = "top.hit(@)"
WORDS = "The ferry sails at noon."

#: Handlers that run by themselves, or by an event that the browser test sends, on the elements that know them.
HANDLED = (
    ("img src=nowhere", "onerror"), ("image src=nowhere", "onerror"), ("input type=image src=nowhere", "onerror"),
    ("video src=nowhere", "onerror"), ("audio src=nowhere", "onerror"), ("video><source src=nowhere", "onerror"),
    ("object data=nowhere:", "onerror"), ("script src=nowhere", "onerror"), ("link rel=stylesheet href=nowhere", "onerror"),
    ("picture><source srcset=nowhere><img src=nowhere", "onerror"), ("svg><image href=nowhere", "onerror"),
    ("iframe src=about:blank", "onload"), ("embed src=nowhere", "onload"), ("svg", "onload"), ("body", "onload"),
    ("style", "onload"), ("frameset", "onload"), ("details open", "ontoggle"), ("marquee", "onstart"), ("p tabindex=0", "onfocus"),
    ("input autofocus", "onfocus"), ("select autofocus", "onfocus"), ("textarea autofocus", "onfocus"), ("p", "onmouseover"),
    ("a href=#", "onclick"), ("button", "onclick"), ("ferry-card", "onclick"), ("table", "onmousemove"), ("td", "onblur"),
    ("h2", "onpointerenter"), ("blockquote", "onwheel"), ("ruby", "oncopy"), ("svg><animate attributeName=x dur=1s", "onbegin"),
    ("svg><set attributeName=x dur=1s", "onend"), ("math><mi", "onclick"), ("dialog open", "onclose"), ("label", "ondblclick"),
)  # fmt: skip
#: How a handler may be written; `{name}` is its name.
HANDLER_SPELLINGS = (
    " {name}={call}", ' {name}="{call}"', " {name}='{call}'", "/{name}={call}", "\t{NAME} = '{call}'", '\n{name}\n=\n"{call}"',
    ' title=">" {name}="{call}"', ' "{name}={call}', " x=y/{name}={call}", ' {name}="&#116;op.hit(@)"', "\x0c{name}={call}",
)  # fmt: skip
#: Elements that follow an address, some by a click.
FOLLOWING = (
    '<a href="{url}">{words}</a>', '<a target=_blank href="{url}">{words}</a>', '<map><area shape=default href="{url}"></map>',
    '<iframe src="{url}"></iframe>', '<frameset><frame src="{url}"></frameset>', '<embed src="{url}">', '<object data="{url}"></object>',
    '<form action="{url}"><button>{words}</button></form>', '<form><button formaction="{url}">{words}</button></form>',
    '<form><input type=submit formaction="{url}"></form>', '<svg><a xlink:href="{url}"><text y=9>{words}</text></a></svg>',
    '<svg><a><animate attributeName=href values="{url}"/><text y=9>{words}</text></a></svg>', '<svg><use href="{url}"/></svg>',
    '<math><mi href="{url}">{words}</mi></math>', '<base href="{url}//"><a href="x">{words}</a>', '<img src="{url}" alt="{words}">',
    '<img srcset="{url} 1x" alt="{words}">', '<img data-src="{url}" alt="{words}">', '<video poster="{url}"></video>',
    '<blockquote cite="{url}">{words}</blockquote>', '<link rel=stylesheet href="{url}">', '<script src="{url}"></script>',
    '<meta http-equiv=refresh content="0;url={url}">', '<table background="{url}"><tr><td>{words}</table>',
    '<p style="background:url({url})">{words}</p>', '<isindex action="{url}">', '<a href="x" ping="{url}">{words}</a>',
)  # fmt: skip
#: Spellings of the scheme that some browser reads, or once read, as a script's; they stand in an attribute.
SCRIPT_URLS = (
    *(before + CALL for before in (
        "javascript:", "JAVAscript:", "  javascript:", "\tjavascript:", "java&#10;script:", "java&Tab;script:", "java\rscript:",
        "&#x6A;avascript:", "javascript&colon;", "javascript&#x3a;", "&#1;javascript:", "\x1bjavascript:", "&#x1f; javascript:",
        "&NewLine;javascript:", "javascript:///%0a", "javascript:/**/", "\ufeffjavascript:", "&nbsp;javascript:", "vbscript:",
        "livescript:", "view-source:javascript:", "feed:javascript:", "java&#0;script:", "javascript\t:", "&Tab;j&#x61;vas&#9;cript&colon;",
    )),
    f"data:text/html,<script>{CALL}</script>", f"DATA:text/html;charset=utf-8,<img src=x onerror={CALL}>",
    f"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='{CALL}'/>",
    f"data:text/xml,<script xmlns='http://www.w3.org/1999/xhtml'>{CALL}</script>", f"data:text/javascript,{CALL}",
    f" d&#97;ta:text/html,<script>{CALL}</script>", f"data:,{CALL}", f"blob:{CALL}", f"data:image/png,<script>{CALL}</script>",
)  # fmt: skip
IMAGE = f"<img src=nowhere onerror={CALL}>"
#: Elements whose content some parser reads as text, and some as markup.
RAW_TEXT = (
    "style script xmp noembed noframes noscript iframe textarea title plaintext listing template select svg math table frameset "
    "option caption desc foreignObject annotation-xml mtext mglyph object applet"
).split()
#: Markup that one parser takes for an attribute's value, a comment or a text, and the next for an element.
TWO_WAYS = (
    '<{tag}><p title="</{tag}>{image}">{words}</p></{tag}>',
    "<{tag}>&lt;/{tag}&gt;{quoted} {words}</{tag}>",
    '<svg><{tag}><style><i title="</style>{image}">{words}</i></style></{tag}></svg>',
    "<math><{tag}><style><!--</style>{image}--></style></{tag}></math>",
    '<{tag}><!-- </{tag}> --!>{image} <b id="-->">{words}</b></{tag}>',
    "<table><{tag}>{words}{image}</{tag}<tr><td>{words}",
)
SINGLE = (
    f"<script>{CALL}</script>", f"<SCRIPT\n>{CALL}</SCRIPT\n>", f"<script/ferry>{CALL}</script>", f"<svg><script>{CALL}</script></svg>",
    f"<sc<script></script>ript>{CALL}</script>", f"<script type=module>{CALL}</script>", f"<svg><script href='data:,{CALL}'/></svg>",
    f"<!--><script>{CALL}</script>-->", f"<!-- --!><script>{CALL}</script>", f"<![CDATA[<script>{CALL}</script>]]>",
    f"<?ferry <script>{CALL}</script>?>", f"</ ferry='><script>{CALL}</script>'>", f"<!ferry '><script>{CALL}</script>'>",
    f"<p ferry='><script>{CALL}</script>{WORDS}", f"<p '\"><script>{CALL}</script>{WORDS}</p>", f'<p a="&quot;>{IMAGE}">{WORDS}</p>',
    f"<iframe srcdoc='{escape(IMAGE)}'></iframe>", f"<iframe srcdoc='&lt;script&gt;{CALL}&lt;/script&gt;'></iframe>",
    f"<div><template shadowrootmode=open>{IMAGE}</template></div>", f"<math><mtext><table><mglyph><style><!--</style>{IMAGE}",
    f"<form><math><mtext></form><form><mglyph><style></math>{IMAGE}", f"<svg></p><style><a title='</style>{IMAGE}'>",
    f"<a title='{IMAGE}' href='>'>{WORDS}</a>", f"<b><a title=`{IMAGE}`>{WORDS}</a></b>", f"<img alt='`{IMAGE}`' src=x>",
    f"<style>@import 'javascript:{CALL}';</style>", f"<p style='width:expression({CALL})'>{WORDS}</p>",
    f"<p ng-app ng-init='constructor.constructor(\"{CALL}\")()'>{WORDS}</p>", f"<p x-data x-init='{CALL}'>{WORDS}</p>",
    f"<p hx-on:click='{CALL}'>{WORDS}</p>", f"<p v-on:click='{CALL}'>{WORDS}</p>", f"<p data-bind='click: {CALL}'>{WORDS}</p>",
    f"<img name=hit src=x><form id=top name=hit><input name=hit></form><p onclick={CALL}>{WORDS}</p>",
    f"<nowhere{IMAGE}>", f"<ferry'{IMAGE}>{WORDS}</ferry'>", f"<svg:script>{CALL}</svg:script>", f"<html:img src=x onerror={CALL}>",
    f"<b is='ferry-card' onmouseover={CALL}>{WORDS}</b>", f"<portal src='javascript:{CALL}'></portal>",
    f"<button popovertarget=sail>{WORDS}</button><p popover id=sail onbeforetoggle={CALL}>{WORDS}</p>",
)  # fmt: skip
#: Vectors that stand in the head, and come out in a title or not at all.
HEADS = (
    f"<title></title>{IMAGE}<title>Ferry</title>", f"<title>Ferry &lt;/title&gt;{escape(IMAGE)}</title>",
    f"<meta property=og:title content='</title>{IMAGE}'>", f"<meta property=og:title content='--&gt;</title><script>{CALL}</script>'>",
    f"<base href='javascript:{CALL}//'>", f"<meta http-equiv=refresh content='0;url=javascript:{CALL}'>",
)  # fmt: skip
PARAGRAPHS = "".join(
    f"<p>The ferry to Skarholm sails {count} times a day from May on, said Ida Voss, who runs the line with her brother.</p>"
    for count in ("six", "seven", "eight", "nine", "ten")
)


def vectors() -> Iterator[tuple[str, str]]:
    """Head and body of each vector; `@` stands for its number."""
    for element, name in HANDLED:
        tag = element.split()[0].split(">")[0]
        for spelling in HANDLER_SPELLINGS[:: 1 if element == "img src=nowhere" else 4]:
            handler = spelling.format(name=name, NAME=name.upper(), call=CALL)
            yield "", f"<{element}{handler}>{WORDS}</{tag}>"
    for url in SCRIPT_URLS:
        quoted = url.replace('"', "&quot;")
        yield from (("", markup.format(url=quoted, words=WORDS)) for markup in FOLLOWING[:2])
    for url in (SCRIPT_URLS[0], SCRIPT_URLS[4], SCRIPT_URLS[25]):
        yield from (("", markup.format(url=url, words=WORDS)) for markup in FOLLOWING[2:])
    for markup in TWO_WAYS:
        yield from (("", markup.format(tag=tag, image=IMAGE, quoted=escape(IMAGE), words=WORDS)) for tag in RAW_TEXT)
    yield from (("", markup) for markup in SINGLE)
    yield from ((head, "") for head in HEADS)


def pages() -> list[str]:
    """A page a vector, in the middle of an article, and whole pages that hide their article; numbered from 0."""
    made = [
        f"<!doctype html><html><head>{head}</head><body><h1>Ferry sails again</h1>{PARAGRAPHS}{body}{PARAGRAPHS}</body></html>"
        for head, body in vectors()
    ]
    article = json.dumps({"articleBody": f"{PARAGRAPHS}{IMAGE}<script>{CALL}</script>"}).replace("</", "<\\/")
    made += [
        f"<body><noscript>{PARAGRAPHS}{IMAGE}<svg onload={CALL}></svg></noscript>",
        f"<body><noscript>{PARAGRAPHS}<p title='</noscript>{IMAGE}'>{WORDS}</p></noscript>",
        f'<body><script type="application/ld+json">{article}</script>',
        f"<body>{'<div>' * 2500}{PARAGRAPHS}{IMAGE}",
        f"<body>{'<b>' * 1900}{PARAGRAPHS}{IMAGE}",
        f"<frameset><frame src='javascript:{CALL}'><noframes>{PARAGRAPHS}<p title='</noframes>{IMAGE}'></noframes></frameset>",
    ]
    return [page.replace("@", str(number)) for number, page in enumerate(made)]
