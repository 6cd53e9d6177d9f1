"""A file in an old code page is decoded correctly or refused: letters are never guessed."""

import pytest

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.code_pages import code_page
from tests.transcripts.conftest import Result

CHATS = {
    "cp1250": "Jutro jadę do Gdańska|Będę pracować w szkole|Źle śpię, łóżko jest twarde|Żona lubi łososia",
    "cp1251": "Завтра еду в Пермь|Буду работать в школе|Плохо сплю|Жена любит рыбу",
    "cp1252": "Demain je vais à Besançon|Je travaille à l'école, c'est agréable|Où es-tu ?|Ma sœur aime les pêches",
    "cp1253": "Αύριο πάω στη Λάρισα|Θα δουλέψω σε σχολείο|Κοιμάμαι άσχημα|Μου αρέσει το ψάρι",
    "cp1254": "Yarın Eskişehir'e gidiyorum|Bir okulda çalışacağım|Kötü uyuyorum|Eşim balığı çok sever",
    "cp1255": "מחר אני נוסע לאילת|אעבוד בבית ספר|אני ישן רע|אשתי אוהבת דגים",
    "cp1256": "سأسافر غدا إلى طرابلس|سأعمل في مدرسة|لا أنام جيدا|زوجتي تحب السمك",
    "cp1257": "Rytoj važiuosiu į Šiaulius|Dirbsiu mokykloje, būsiu mokytoja|Blogai miegu|Žmona mėgsta žuvį",
    "cp932": "明日は札幌に行きます|学校で働く予定です|よく眠れません|妻は魚が好きです",
    "gbk": "我明天去成都|我要在学校工作|我睡得不好|我妻子喜欢吃鱼",
    "big5": "我明天去台南|我要在學校工作|我睡得不好|我太太喜歡吃魚",
    "cp949": "내일 광주에 가요|학교에서 일할 거예요|잠을 잘 못 자요|아내는 생선을 좋아해요",
    "euc_jp": "明日は札幌に行きます|学校で働く予定です|よく眠れません|妻は魚が好きです",
    "koi8_r": "Завтра еду в Пермь|Буду работать в школе|Плохо сплю|Жена любит рыбу",
    "cp866": "Завтра еду в Пермь|Буду работать в школе|Плохо сплю|Жена любит рыбу",
    "cp850": "Morgen fahre ich nach Köln|Ich höre später auf, Grüße|Das Bett ist groß|Übrigens mag sie süße Äpfel",
    "cp437": "Morgen fahre ich nach Köln|Ich höre später auf, Grüße|Das Bett ist groß|Übrigens mag sie süße Äpfel",
}


def chat(text: str, times: int = 1) -> str:
    return "".join(
        f"13/03/2026, 10:{number:02} - {('Ada', 'Ben')[number % 2]}: {line}\n"
        for number, line in enumerate(text.split("|") * times)
    )


@pytest.mark.parametrize("codec", CHATS)
def test_a_short_chat_keeps_its_letters(read_back, codec: str) -> None:
    result: Result = read_back("WhatsApp Chat.txt", chat(CHATS[codec]).encode(codec))
    assert [text for _, text in result.texts] == CHATS[codec].split("|")


@pytest.mark.parametrize("codec", CHATS)
def test_a_few_words_are_decoded_correctly_or_not_at_all(codec: str) -> None:
    for line in CHATS[codec].split("|"):
        data = chat(line).encode(codec)
        encoding = code_page(data)
        assert encoding is None or data.decode(encoding) == data.decode(codec)


def test_an_unclear_encoding_is_refused_with_a_hint(read_back) -> None:
    result: Result = read_back(
        "WhatsApp Chat.txt", chat("abc|\xc1\xea\xff\xb5\xae\xd7\xfe|\x8f\x9d\xad").encode("latin-1")
    )
    (problem,) = result.problems
    assert isinstance(problem, BadTranscript)
    assert "its encoding is unclear" in str(problem)
    assert "convert it to UTF-8" in str(problem.hint)
    assert not result.sessions


def test_a_file_with_one_undecodable_letter_is_read(read_back) -> None:
    result: Result = read_back("WhatsApp Chat.txt", chat("I live in Ghent|I work in \x8f").encode("latin-1"))
    assert [text for _, text in result.texts] == ["I live in Ghent", "I work in \ufffd"]
