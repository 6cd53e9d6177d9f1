"""Word documents for tests, with only the parts that a reader uses."""

import io
from collections.abc import Iterable
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def document(paragraphs: Iterable[str], before: str = "", namespace: str = NAMESPACE) -> bytes:
    """A document of these paragraphs; line breaks and tabs become Word's. `before` is put before the root element."""

    def runs(text: str) -> str:
        parts = text.replace("\t", "\n\t").split("\n")
        marks = ["", *("<w:tab/>" if part[:1] == "\t" else "<w:br/>" for part in parts[1:])]
        pairs = zip(marks, parts, strict=True)
        return "".join(
            f'<w:r>{mark}<w:t xml:space="preserve">{escape(part.lstrip())}</w:t></w:r>' for mark, part in pairs
        )

    body = "".join(f"<w:p>{runs(text)}</w:p>" for text in paragraphs)
    root = f'<w:document xmlns:w="{namespace}"><w:body>{body}</w:body></w:document>'
    return packed(f'<?xml version="1.0" encoding="UTF-8"?>{before}{root}')


def packed(xml: str) -> bytes:
    """A document with this `word/document.xml`."""
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", xml)
    return file.getvalue()
