"""What arrives as bytes or str leaves as clean text with a format, or with a status that says why not."""

from __future__ import annotations

import codecs
import gzip
import io
import zipfile
from types import SimpleNamespace

import pytest

from noisefilter.page import (
    GUESSED,
    MAX_ATTRIBUTES,
    MAX_CHARACTERS,
    MAX_TEXT,
    cap_attributes,
    decode_declared,
    read_page,
    scrub,
    sniff_format,
)
from noisefilter.types import Page
from tests.making import read_cases

WORDS = "Der Zug fährt über die Brücke – “spät”, wie der Schaffner sagt."
PLAIN = "The café in Königsberg opened at six."


def read(content, **options) -> Page:
    return read_page(Page(content, **options))


def text_of(content, **options) -> str:
    page = read(content, **options)
    assert page.status == "ok"
    return str(page.content)


def html(text: str, charset: str) -> str:
    return f'<html><head><meta charset="{charset}"></head><body><p>{text}</p></body></html>'


@pytest.mark.parametrize(
    ("mark", "charset"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
    ids=["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"],
)
def test_a_byte_order_mark_decides_and_goes(mark, charset):
    assert text_of(mark + WORDS.encode(charset)) == WORDS


@pytest.mark.parametrize("charset", ["utf-8", "utf-16-le", "utf-16-be"])
def test_unmarked_text_is_decoded(charset):
    assert text_of(WORDS.encode(charset)) == WORDS


@pytest.mark.parametrize("charset", ["utf-8", "cp1252", "iso-8859-1", "cp1251", "shift_jis"])
def test_a_declared_charset_is_believed(charset):
    words = {"cp1251": "Поезд идёт", "shift_jis": "列車は橋を渡る"}.get(charset, PLAIN)
    assert words in text_of(html(words, charset).encode(charset))


def test_a_declared_latin_1_is_read_as_browsers_do():
    content = html("He said \x93no\x94 and left.", "iso-8859-1").encode("iso-8859-1")
    assert "He said “no” and left." in text_of(content)


def test_a_wrong_declaration_of_utf_8_is_seen_through():
    content = html(WORDS * 20, "utf-8").encode("cp1252")
    assert WORDS * 20 in text_of(content)


def test_a_few_broken_bytes_do_not_make_the_declaration_wrong():
    content = html(PLAIN * 20, "utf-8").encode().replace(b"opened", b"op\xffned", 1)
    page = text_of(content)
    assert page.count("\ufffd") == 1
    assert "café" in page


def test_a_page_in_utf_8_that_was_cut_within_a_character_is_read_as_such():
    content = "<p>Un café noir à Oberau, où l’on paie 3 €.</p>".encode()
    assert "Un café noir à Oberau, où l’on paie 3 €." in text_of(content + b"\xc3")
    assert "Un café noir à Oberau" in text_of("<p>Un café noir à Oberau</p>".encode("cp1252") + b"\xc3")


@pytest.mark.parametrize("words", ["Boots for £5", "It cost £5. The river rose.", "Un café noir à Oberau"])
def test_a_few_odd_bytes_are_signs_of_a_western_page(words):
    assert read_page(Page(words.encode("cp1252"))).content == words


@pytest.mark.parametrize("shift", [0, 1])
@pytest.mark.parametrize(
    ("charset", "words"),
    [
        ("shift_jis", "列車は橋を渡り、港の委員会は水門を修理する。"),
        ("gbk", "火车驶过大桥，港口委员会决定修复旧水闸。"),
        ("big5", "火車駛過大橋，港口委員會決定修復舊水閘。"),
    ],
)
def test_a_charset_is_guessed_of_a_page_so_long_that_its_beginning_is_read(charset, words, shift):
    page = f"<p>{'x' * shift}</p>" + f"<p>{words * 40}</p>\n" * (2 * GUESSED // len((words * 40).encode(charset)))
    assert text_of(page.encode(charset)) == page


@pytest.mark.parametrize(
    ("charset", "words"),
    [
        ("cp1252", "“The café of José Peña sold 40 crêpes at £4,” said Zoë. "),
        ("cp1252", "Färjan går igen på måndag och tar åtta bilar, säger kommunen. "),
        ("cp1252", "A câmara decidiu que a ponte será reparada até ao verão; não há dinheiro para a estação. "),
        ("cp1250", "Rada miasta postanowiła rozebrać dźwig, ponieważ pękły dwie z czterech nóg. "),
        ("cp1250", "Zastupitelé rozhodli, že jeřáb na nábřeží bude rozebrán, protože průzkum našel trhliny. "),
        ("cp1254", "Meclis, doğu rıhtımındaki buharlı vincin sökülmesine karar verdi, diye açıkladı İşçi. "),
        ("cp1257", "Taryba nusprendė išardyti garo kraną rytinėje krantinėje, nes apžiūra rado įtrūkimų. "),
    ],
)
@pytest.mark.parametrize("declared", ["", '<meta charset="utf-8">'])
def test_letters_of_a_language_tell_apart_charsets_that_differ_in_few_bytes(charset, words, declared):
    english = "<p>The council met on Monday to talk about the road.</p>" * 30 if "José" in words else ""
    page = f"<html><head>{declared}</head><body><p>{words * 3}</p>{english}</body></html>"
    assert text_of(page.encode(charset)) == page


def test_a_guess_does_not_depend_on_what_else_is_installed(monkeypatch):
    content = f"<p>{'Поезд идёт по мосту к старому шлюзу. ' * 20}</p>".encode("cp1251")
    monkeypatch.setattr("bs4.dammit.chardet_module", SimpleNamespace(detect=lambda _: {"encoding": "koi8-r"}))
    assert "Поезд идёт" in text_of(content)


@pytest.mark.parametrize("charset", ["utf8mb4", "none", "x-sjis-mac-fax", "windows-99999", "rot13", "hex"])
def test_a_charset_that_is_none_is_passed_over(charset):
    assert PLAIN in text_of(html(PLAIN, charset).encode())


@pytest.mark.parametrize("charset", ["undefined", "idna", "punycode", "unicode_escape"])
def test_a_codec_that_is_no_charset_of_the_web_is_passed_over(charset):
    assert "café" in text_of(html(PLAIN, charset).encode())


@pytest.mark.parametrize("charset", ["utf-16", "utf-16le", "utf-16be", "utf-32"])
def test_a_page_whose_declaration_can_be_read_is_not_utf_16(charset):
    content = html(PLAIN, charset).encode()
    for padded in (content, content + b" "):
        assert PLAIN in text_of(padded)


@pytest.mark.parametrize("case", read_cases("sniff"), ids=lambda case: case["name"])
def test_the_format_is_sniffed(case):
    assert sniff_format(case["text"]) == case["format"]


def test_a_format_that_is_given_is_not_sniffed():
    assert read("<p>Rain fell.</p>", format="text").format == "text"
    assert read("Rain fell.", format="html").format == "html"


def zipped() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("page.html", "<p>Rain fell.</p>")
    return target.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        gzip.compress(b"<p>Rain fell.</p>"),
        zipped(),
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"GIF89a\x01\x00\x01\x00",
        bytes(range(256)) * 8,
    ],
    ids=["pdf", "png", "gzip", "zip", "jpeg", "gif", "noise"],
)
def test_bytes_that_are_no_text_say_so(content):
    page = read(content)
    assert page.status == "not_html_or_text"
    assert page.content == ""


def test_a_file_that_somebody_decoded_is_no_text_either():
    assert read("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n").status == "not_html_or_text"


@pytest.mark.parametrize("opening", ["ID3 tags", "MZ", "RIFF raff", "BZh", "Rar!", "GIF89a files"])
def test_a_text_that_opens_like_a_magic_number_is_still_a_text(opening):
    text = f"{opening} are what this article about file formats explains to its readers."
    assert text_of(text.encode()) == text


def test_lone_surrogates_and_nuls_are_replaced_one_for_one():
    page = "a\x00b\ud800c\udfff\U0001f327d"
    assert scrub(page) == "a\ufffdb\ufffdc\ufffd\U0001f327d"
    assert len(text_of(page)) == len(page)


def test_clean_text_is_left_alone():
    assert scrub(WORDS) == WORDS


@pytest.mark.parametrize("content", ["", b"", " \n\t ", b" \n", "\u2003", codecs.BOM_UTF8])
def test_a_page_without_a_sign_is_empty(content):
    assert read(content).status == "empty"


def test_a_page_beyond_the_limit_is_too_large():
    assert read("<p>" + "x" * MAX_CHARACTERS).status == "too_large"
    assert read("<p>" + "x" * MAX_TEXT).status == "ok"
    assert read("x" * (MAX_TEXT + 1)).status == "too_large"
    assert read("x" * MAX_TEXT).status == "ok"


def test_a_plain_text_that_is_too_large_keeps_its_offsets():
    page = "x" * MAX_TEXT + "\x00"
    assert len(str(read(page).content)) == len(page)


def test_url_and_title_are_carried_along():
    page = read("Rain fell.", url="https://rain.example", title="Rain")
    assert (page.url, page.title) == ("https://rain.example", "Rain")


def many(pattern: str, count: int = 100_000) -> str:
    return " ".join(pattern.format(number) for number in range(count))


@pytest.mark.parametrize(
    "pattern",
    ["a{}=1", 'a{}="1"', "a{}='1'", 'a{}="1 > 0"', "a{}", 'a{} = "x<y"'],
    ids=["bare", "double", "single", "with >", "no value", "spaced, with <"],
)
def test_an_element_with_too_many_attributes_loses_them(pattern):
    page = f"<body><p>Before.</p><div {many(pattern)}><p>After.</p></div></body>"
    assert cap_attributes(page) == "<body><p>Before.</p><div><p>After.</p></div></body>"


def test_an_element_with_as_many_attributes_as_allowed_keeps_them():
    page = f"<div {many('attribute{}=1', MAX_ATTRIBUTES)}>Rain</div>"
    assert cap_attributes(page) == page


def test_a_script_that_looks_like_a_long_tag_stays():
    script = f"<script>if (a <b {many('c{}=1')}) run();</script>"
    page = f"<p>Before.</p>{script}<div {many('a{}=1')}>After.</div>"
    assert cap_attributes(page) == f"<p>Before.</p>{script}<div>After.</div>"


def test_a_script_with_too_many_attributes_keeps_its_code():
    assert cap_attributes(f"<script {many('a{}=1')}>let x = 1;</script>") == "<script>let x = 1;</script>"


def test_a_stray_quotation_mark_does_not_swallow_the_page():
    """Pages of 600 kB lost their articles: the mark was taken for the start of a value that ends at the next one."""
    filler = "".join(f'<i data-a="{number}" data-b="{number}">x</i>' for number in range(11_000))
    page = f"""<body>{filler}<div class="a"" id=b><p>It's raining, he said.</p></div>{filler}<p title="z">Dry.</p></body>"""
    assert page.count("=") > 10 * MAX_ATTRIBUTES
    assert cap_attributes(page) == page


def test_a_tag_that_never_ends_is_closed():
    assert cap_attributes(f"<p>Rain.</p><div {many('a{}=1')}") == "<p>Rain.</p><div>"


@pytest.mark.parametrize("declared", [None, "bogus", "utf-8", "x-sjis", "shift_jis"])
def test_bytes_that_no_charset_fits_are_read_without_a_line_in_the_log(caplog, recwarn, declared):
    meta = f'<meta charset="{declared}">' if declared else ""
    content = f"{meta}<p>Rain fell.</p>".encode() + b"\x81\xff\xfe\x8d" * 99
    assert "Rain fell." in str(read_page(Page(content, format="html")).content)
    assert not caplog.records
    assert not recwarn.list


@pytest.mark.parametrize(
    ("labels", "codec", "words"),
    [
        ("iso8859-1 cp819 latin-1 l1 iso88591 x-cp1252 csisolatin1 iso_8859-1:1987", "cp1252", "“Für” 9 €"),
        ("iso-8859-9 iso88599 latin5 x-cp1254", "cp1254", "“Işık”"),
        ("tis-620 iso-8859-11 dos-874 windows-874", "cp874", "“รถไฟ”"),
        ("iso-8859-8-i logical csiso88598e", "iso8859-8", "הרכבת"),
        ("x-cp1251", "cp1251", "Поезд идёт"),
        ("koi koi8-r cskoi8r", "koi8-r", "Поезд идёт"),
        ("x-mac-ukrainian x-mac-cyrillic", "mac-cyrillic", "Поїзд"),
        ("x-sjis shift_jis windows-31j", "cp932", "雨が降った①"),
        ("x-euc-jp", "euc_jp", "雨が降った"),
        ("gb2312 gb_2312-80 x-gbk chinese", "gb18030", "朱镕基 €"),
        ("cn-big5 big5", "big5hkscs", "火車駛過㗎"),
        ("ks_c_5601-1989 euc-kr windows-949 ksc_5601", "cp949", "똠방각하"),
    ],
)
def test_a_charset_is_known_by_all_its_labels_and_read_as_browsers_do(labels, codec, words):
    for label in labels.split():
        assert words in text_of(html(words, label).encode(codec))


@pytest.mark.parametrize("label", ["no-such", "utf-8\x00", ""])
def test_a_label_that_a_sender_made_up_is_passed_over(label):
    assert decode_declared(PLAIN.encode(), label) == PLAIN.encode()


@pytest.mark.parametrize("before", ["", "<p>Rain fell.</p>" * 5000])
def test_a_charset_in_a_comment_is_none(before):
    content = f"{before}<!-- <meta charset=koi8-r> --><p>{PLAIN}</p>"
    assert PLAIN in text_of(content.encode("cp1252"))


def test_a_charset_after_a_comment_that_is_empty_counts():
    assert "Поезд" in text_of("<!--><meta charset=cp1251><p>Поезд".encode("cp1251"))


@pytest.mark.parametrize("declared", ["utf-8", ""])
def test_how_many_broken_bytes_make_a_charset_wrong_is_the_same_declared_or_not(declared):
    head = f"<meta charset={declared}>"
    assert f"<p>{WORDS}" in text_of(f"{head}<p>{WORDS}".encode() + b"\xff")
    assert "“late”" in text_of(f"{head}<p>It ran “late”.".encode("cp1252"))


@pytest.mark.parametrize(
    "content",
    [
        '<?xml version="1.0"?>\n<!-- made by hand -->\n<rss version="2.0"><channel><title>News</title></channel></rss>',
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title><entry><summary>It rained.</summary></entry></feed>',
        '<?xml version="1.0"?><urlset><url><loc>https://a.example/</loc></url></urlset>',
        '{"title": "Rain", "body": "<p>It rained on Monday.</p>"}',
        ' [{"text": "It rained."}]\n',
    ],
)
def test_feeds_site_maps_and_json_are_no_pages(content):
    for page in (content, content.encode()):
        assert read_page(Page(page)).status == "not_html_or_text"
    assert read_page(Page(content, format="text")).content == content


@pytest.mark.parametrize(
    "content", ["[Home](/) It rained. [1]", "{It rained.}", "<feeding>It rained.</feeding>", "[1] It rained"]
)
def test_a_text_in_brackets_is_a_text(content):
    assert read_page(Page(content)).status == "ok"
