"""Words that tell a speaker's label from a line of notes. Data only.

`ROLES` are labels of the two sides of a conversation with an assistant. `HEADINGS` begin lines such as "Ingredients: …"
and keys such as "Content-Type: …". `FUNCTION_WORDS` occur in sentences and not in names.
"""

from memctl.transcripts.model import Role

PRODUCTS = tuple(
    """chatgpt gpt claude gemini copilot grok llama mistral deepseek replika perplexity bard qwen kimi ernie doubao
    huggingchat cohere notebooklm""".split()  # noqa: SIM905 - a list with one word per line would be long
)

# Words that are also names ("Ty", "Sen", "Saya", "Du") are left out: their words would become the owner's.
_USER = """user|human|me|you|myself|prompt|usuario|usuaria|tú|yo|usted|usuário|usuária|você|eu|utilisateur|utilisatrice
|moi|vous|toi|benutzer|nutzer|benutzerin|ich|utente|gebruiker|jij|ik|jag|jeg|använder|användare|bruger|bruker|użytkownik
|пользователь|я|вы|ты|користувач|kullanıcı|المستخدم|أنت|أنا|उपयोगकर्ता|आप|मैं|ユーザー|あなた|私|用户|用戶|我|你|您|사용자|나|당신
|pengguna|người dùng|bạn|uživatel|felhasználó|utilizator|χρήστης|εσείς|משתמש|אתה|ผู้ใช้|คุณ"""
_ASSISTANT = """assistant|ai|bot|model|ai assistant|the assistant|response|chatbot|asistente|assistente|assistent
|assistentin|asystent|ассистент|помощник|бот|помічник|asistan|yardımcı|المساعد|مساعد|सहायक|アシスタント|助手|助理|어시스턴트
|asisten|trợ lý|asszisztens|asistent|βοηθός|עוזר|ผู้ช่วย|meta ai"""

ROLES: dict[str, Role] = {
    **dict.fromkeys(_USER.replace("\n", "").split("|"), "user"),
    **dict.fromkeys(_ASSISTANT.replace("\n", "").split("|"), "assistant"),
    **dict.fromkeys(("system", "developer", "system prompt"), "system"),
    **dict.fromkeys(("tool", "function", "tool result", "tool output"), "tool"),
}
KEYS = frozenset({"model", "bot", "tool", "system", "function", "developer", "prompt", "response"})
"""Roles that are as often keys of a configuration file."""
CHAT_PARTNERS = frozenset("me myself moi ich yo eu ik jag jeg я 我 나 أنا मैं 私".split())  # noqa: SIM905
"""Labels by which messengers call the owner; the other side is a person, not an assistant."""
NOBODY = frozenset(
    """unknown|unknown speaker|unidentified speaker|unnamed speaker|unknown participant|unknown user|unknown caller
|unbekannt|unbekannter sprecher|unbekannte person|inconnu|intervenant inconnu|locuteur inconnu|desconocido
|hablante desconocido|orador desconhecido|desconhecido|sconosciuto|onbekende spreker|nieznany|неизвестный|不明|未知
|未知说话人|不明な話者|알 수 없음""".replace("\n", "").split("|")
)
"""Labels of speech whose speaker a service did not recognise: several people may share one."""

HEADINGS = frozenset(
    """note notes nb ps p.s. warning update updates edit example examples question questions answer answers summary
    agenda todo todos tip tips hint hints remember important reminder reminders fyi action actions decision decisions
    output input result results error errors step steps conclusion ingredients options option source sources http https
    ftp mailto tel date dates title subject time times location attendees participants topic topics duration re fwd fw
    subtotal total price prices budget goal goals plan plans next today tomorrow yesterday tonight morning afternoon
    evening monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat january february march
    july september october november december week weekend day breakfast lunch dinner snack dessert
    brunch supper recipe method directions instructions serves servings toppings filling sauce background context
    problem solution issue issues cause fix fixes pros cons pro con advantages disadvantages benefits risks overview
    introduction intro details detail description list shopping groceries links link url website web address phone
    email e-mail mail mobile fax contact from to cc bcc reply-to sent received deadline due status priority owner
    author authors license licence version install installation usage requirements name names type types value values
    key keys default returns return args arguments params parameters raises yields see also references reference
    file files path folder code language format size color colour weight height age sex gender occupation job hobbies
    skills education experience interests likes dislikes allergies diet medication medications symptoms diagnosis q a
    first second third fourth finally lastly then before after later now meanwhile however basically honestly anyway
    bonus extra extras fun fact facts caveat disclaimer attention caution danger info debug warn fatal trace critical
    notice exception traceback caused stdout stderr user-agent disallow allow sitemap host accept cookie origin
    referer server content-type content-length content-transfer-encoding mime-version message-id delivered-to
    return-path received-spf dkim-signature x-mailer connection cache-control etag location set-cookie authorization
    begin end dtstart dtend uid build-depends depends package maintainer homepage section architecture commit merge
    signed-off-by co-authored-by reviewed-by changes changed added removed fixed deprecated security unreleased
    task tasks project projects scope objective objectives purpose outcome outcomes lesson lessons quote quotes
    translation pronunciation meaning definition synonyms word words chapter part section figure table
    scene act setting characters character plot theme moral verse chorus bridge album artist genre director
    cast rating stars review verdict score round player players rule rules
    worst favourite favorite spoiler trigger breaking edit2 tldr tl;dr eta eg e.g. ie i.e. aka asap
    caption image photo photos picture video audio attachment attachments forwarded quoted
    nota notas ejemplo exemplo resumen resumo pregunta pergunta respuesta resposta importante objetivo objetivos
    lista ingredientes pasos passos hoy hoje mañana amanhã ayer ontem lunes martes miércoles jueves viernes sábado
    segunda terça quarta quinta sexta desayuno almuerzo cena jantar almoço fecha data hora lugar asunto título
    total precio preço consejo dica aviso atención atenção dirección endereço teléfono telefone correo nombre nome
    remarque exemple résumé question réponse ingrédients étapes objectif lundi mardi mercredi jeudi vendredi samedi
    dimanche aujourd'hui demain hier déjeuner dîner liste prix adresse téléphone courriel nom attention conseil
    hinweis notiz beispiel zusammenfassung frage antwort zutaten schritte ziel ziele montag dienstag mittwoch donnerstag
    freitag samstag sonntag heute morgen gestern frühstück mittagessen abendessen einkaufsliste preis adresse telefon
    betreff datum uhrzeit ort wichtig achtung tipp fazit fehler lösung
    esempio riassunto domanda risposta ingredienti passaggi obiettivo lunedì martedì mercoledì giovedì venerdì
    oggi domani ieri colazione pranzo prezzo indirizzo attenzione consiglio oggetto
    注意 备注 備註 例如 总结 問題 问题 答案 地址 电话 时间 日期 标题 主题 メモ 例 質問 回答 参考 住所 日時
    примечание пример вопрос ответ итог важно тема дата время адрес цена
    """.split()  # noqa: SIM905 - a list with one word per line would be long
)

PARTICLES = frozenset(
    """de da do dos das del della di du van von der den het ter ten bin ibn bint al el la le las los y e i and und et of
    af av zu zum zur ben abu mac mc st jr sr""".split()  # noqa: SIM905
)

FUNCTION_WORDS = frozenset(
    """i i'm i've i'd i'll you he she it it's we we're they my your his her its our their mine him us them the a an this
    that these those is are was were be been am do does did don't have has had having can could will would should might
    must to in on at for with without from by about or but not no if than as here here's there there's what what's
    which who whose when where why how because please let's let say said says means mean like one two three
    thing things way reason point only just still very more most some any every each all both another same
    que qué es son está en con por para mi mis su sus este esta esto un una unos unas pero como si no se lo
    est sont dans avec pour mon ma mes ton ta ce cette ces une ou mais pas ne qui ça c'est j'ai je il elle nous
    ist sind mit für mein meine dein dies diese ein eine einen oder aber nicht ich wir wenn weil dass im am
    um uma é são em com meu minha meus não ou mas os as isso
    è sono con per mio mia un'altra ma non io gli nel nella
    и в на с по для это мой моя что как не но я мы у
    """.split()  # noqa: SIM905
)

TAGS = frozenset(
    """a abbr b big blockquote body br center code dd del details div dl dt em font form h1 h2 h3 h4 h5 h6 head hr html
    i img input ins kbd li link meta mark nav ol option p path pre q s samp script select small source span strike
    strong style sub summary sup svg table tbody td th thead title tr tt u ul var video think thinking answer""".split()  # noqa: SIM905
)
"""Names in angle brackets that are tags of HTML and of models, and not nicknames."""

CJK_FUNCTION = frozenset("我的是了你他她这那這")
"""Signs of Chinese that occur in sentences and not in names."""
