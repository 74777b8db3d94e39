"""Every word an association of emigrants may text, in four languages, and what each does."""

import pytest
from sqlalchemy import select

from service.container import Container
from service.domain.states import ProposalState
from service.locales import Language, speaker
from service.messaging.segments import fold, measure
from service.models import Consent, DiasporaAssociation, Phone, Pledge, Proposal
from service.models.diaspora import active_contact
from service.models.session import reading, transaction
from service.usecases.phones import know_phone
from tests.conftest import MovedClock
from tests.ussd.conftest import Handset, rows
from tests.ussd.texting import NewHandset, code_in, confirms, other, states
from tests.world import LYON, SECRETARY, need_of

PARIS = "+33639980077"
# The words of each language, one spelt as on the phones' keys, without accents or with a slip.
WORDS = {
    Language.FR: {
        "enrol": ("INSCRIPTION", "inscripton"),
        "list": ("LISTE", "Listes"),
        "info": ("INFO", "infos"),
        "yes": ("OUI", "o", "ouiii"),
        "no": ("NON", "nOn"),
        "pledge": ("DON", "promesse"),
        "profile": ("PROFIL", "proffil"),
        "pause": ("PAUSE", "pausse"),
        "language": ("LANGUE", "lange"),
        "stop": ("STOP", "Arrêt", "arret"),
        "start": ("START", "reprendre"),
        "help": ("AIDE", "aidee"),
    },
    Language.AR: {
        "enrol": ("تسجيل", "التسجيل"),
        "list": ("لائحة", "لاءحه"),
        "info": ("معلومات", "أخبار"),
        "yes": ("نعم", "نَعَم", "واخا"),
        "no": ("لا",),
        "pledge": ("تبرع", "تعهد"),
        "profile": ("ملف", "الملف"),
        "pause": ("استراحة", "توقف مؤقت"),
        "language": ("لغة", "اللغة"),
        "stop": ("توقف", "توقّف"),
        "start": ("ابدأ", "إبدا"),
        "help": ("مساعدة", "المساعده"),
    },
    Language.SHI: {
        "enrol": ("ZMMM", "tasjil"),
        "list": ("LHWAYJ", "lhwayyj"),
        "info": ("LKHBAR", "lkhbr"),
        "yes": ("YAH", "wakha", "waxxa", "ih"),
        "no": ("UHU", "oho", "lla"),
        "pledge": ("TARZZIFT", "tarzift"),
        "profile": ("IGHFAWN", "ighfwan"),
        "pause": ("SUNFU", "sunffu"),
        "language": ("AWAL", "awwal"),
        "stop": ("HBES", "7bes"),
        "start": ("BDU",),
        "help": ("TIWISI", "3awn"),
    },
    Language.EN: {
        "enrol": ("REGISTER", "regster"),
        "list": ("LIST",),
        "info": ("INFO", "details"),
        "yes": ("YES", "y", "ok"),
        "no": ("NO", "n"),
        "pledge": ("PLEDGE", "plegde"),
        "profile": ("PROFILE", "profil"),
        "pause": ("PAUSE",),
        "language": ("LANGUAGE", "langage"),
        "stop": ("STOP",),
        "start": ("START",),
        "help": ("HELP", "heelp"),
    },
}


def spelt(what: str) -> pytest.MarkDecorator:
    """Return one test for each spelling of a word, in each language."""
    every = [(language, word) for language, words in WORDS.items() for word in words[what]]
    return pytest.mark.parametrize(("language", "word"), every)


def speaks(container: Container, language: Language, number: str = LYON) -> None:
    """Let a phone speak a language."""
    with transaction(container.engine) as session:
        know_phone(session, container.clock(), number, language)


def say(language: Language, key: str) -> str:
    """Return the first line of a text as a phone gets it."""
    return fold(speaker(language).say(key)).split("\n")[0]


def pledges(container: Container) -> list[tuple[int, str]]:
    """Return what was promised, in minor units."""
    with reading(container.engine) as session:
        return [(one.minor, one.currency.value) for one in session.scalars(select(Pledge).order_by(Pledge.id))]


@spelt("enrol")
def test_a_newcomer_enrols(container: Container, handset: NewHandset, language: Language, word: str) -> None:
    paris = handset(PARIS)
    (asked,) = paris.sends(word)
    if word in {"inscripton", "regster"}:  # of one nobody knows, a slip is asked about
        assert word.upper() not in asked
        (asked,) = paris.sends(WORDS[language]["enrol"][0])
    assert asked.startswith("Tiwizi. Langue")
    paris.sends(str(1 + ["ar", "shi", "fr", "en"].index(language)))
    assert paris.sends("1")[0].startswith(say(language, "diaspora.name"))
    assert rows(container, DiasporaAssociation) == 0


@spelt("list")
def test_the_list_shows_what_was_proposed(
    container: Container, lyon: Handset, reference: str, language: Language, word: str
) -> None:
    speaks(container, language)
    (shown,) = lyon.sends(word)
    assert shown.startswith(say(language, "proposals"))
    assert reference in shown
    (seen,) = lyon.sends("1")
    assert "84" in seen


@spelt("info")
def test_info_tells_of_one_need(
    container: Container, lyon: Handset, reference: str, language: Language, word: str
) -> None:
    speaks(container, language)
    (told,) = lyon.sends(f"{word} {reference.lower().replace('-', ' ')}")
    assert told.startswith(f"{reference}:")
    assert "320" in told
    assert measure(told).parts <= 2


@spelt("yes")
def test_yes_is_interest(container: Container, lyon: Handset, reference: str, language: Language, word: str) -> None:
    speaks(container, language)
    assert lyon.sends(f"{word} {reference}") == [fold(speaker(language).say("sms.interest_noted", reference=reference))]
    assert states(container) == [ProposalState.INTERESTED, ProposalState.PROPOSED]


@spelt("no")
def test_no_is_a_refusal_with_its_reason(
    container: Container, lyon: Handset, reference: str, language: Language, word: str
) -> None:
    speaks(container, language)
    assert lyon.sends(f"{word} {reference} bezzaf, 3la 7sab l'budget") == [
        fold(speaker(language).say("sms.decline_noted", reference=reference))
    ]
    with reading(container.engine) as session:
        assert session.scalars(select(Proposal.answer_reason).order_by(Proposal.id)).first() == (
            "bezzaf, 3la 7sab l'budget"
        )
    assert states(container) == [ProposalState.DECLINED, ProposalState.PROPOSED]


@spelt("pledge")
def test_a_promise_counts_when_its_code_is_sent_back(
    container: Container, lyon: Handset, reference: str, language: Language, word: str
) -> None:
    speaks(container, language)
    assert reference in lyon.sends(f"{word} {reference} 5 000 EUR")[0]
    code = code_in(lyon.sends("1")[0])
    assert pledges(container) == []
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    assert code in lyon.sends(wrong)[0]
    assert pledges(container) == []
    (noted,) = lyon.sends(code)
    assert reference in noted
    assert pledges(container) == [(5_000_00, "EUR")]
    assert states(container)[0] is ProposalState.INTERESTED  # a promise is a yes
    assert sum("5 000" in fold(text).replace("\u202f", " ") for text in other(lyon, SECRETARY).inbox()) == 1


def test_an_amount_without_a_currency_is_in_that_of_the_association_and_shown(
    container: Container, lyon: Handset, reference: str
) -> None:
    assert "5 000 EUR" in lyon.sends(f"DON {reference} 5000")[0]
    assert "5 000 DH" in lyon.sends(f"DON {reference} 5000 dh")[0]
    confirms(lyon, "1")
    assert pledges(container) == [(5_000_00, "MAD")]


@pytest.mark.parametrize("amount", ["", "5000 $", "beaucoup", "5"])
def test_an_amount_that_is_not_understood_is_asked(lyon: Handset, reference: str, amount: str) -> None:
    assert lyon.sends(f"DON {reference} {amount}")[0].startswith("Combien promettez-vous")
    assert "Vous promettez 70 EUR" in lyon.sends("70 euros")[0]


def test_a_promise_that_names_no_need_keeps_its_amount_and_asks_which(
    container: Container, lyon: Handset, reference: str
) -> None:
    assert reference in lyon.sends("DON 20000 dh")[0]
    assert f"20 000 DH pour {reference}" in lyon.sends("1")[0]
    confirms(lyon, "1")
    assert pledges(container) == [(20_000_00, "MAD")]


def test_a_promise_for_what_was_not_shown_or_is_over_says_where_it_stands_and_begins_nothing(
    container: Container, lyon: Handset, reference: str, clock: MovedClock
) -> None:
    with transaction(container.engine) as session:
        hidden = need_of(session, clock()).reference
    assert "ne trouvons pas" in lyon.sends(f"DON {hidden} 5000")[0]
    lyon.sends(f"NON {reference}")
    assert lyon.sends(f"DON {reference} 5000")[0].startswith(f"{reference}: Eau potable")
    assert "AIDE" in lyon.sends("5000")[0]


def test_a_code_that_was_used_is_worth_nothing_twice(container: Container, lyon: Handset, reference: str) -> None:
    lyon.sends(f"DON {reference} 5000")
    code = code_in(lyon.sends("1")[0])
    lyon.sends(code)
    lyon.sends(code)
    assert len(pledges(container)) == 1
    lyon.sends(f"DON {reference} 7000")
    assert code_in(lyon.sends("1")[0]) != code


def test_non_and_don_are_one_key_apart_and_asked(container: Container, lyon: Handset, reference: str) -> None:
    (asked,) = lyon.sends(f"NON {reference} 5000 EUR")
    assert "NON ou DON" in asked
    assert states(container)[0] is ProposalState.PROPOSED


@pytest.mark.parametrize("text", ["OUI NON", "oui {0} non", "NON {0}, oui plus tard"])
def test_a_yes_that_says_no_as_well_is_asked(container: Container, lyon: Handset, reference: str, text: str) -> None:
    (asked,) = lyon.sends(text.format(reference))
    assert "OUI" in asked
    assert "NON" in asked
    assert states(container) == [ProposalState.PROPOSED] * 2


@spelt("profile")
def test_the_profile_shows_origins_sectors_and_means_and_one_is_changed(
    container: Container, lyon: Handset, reference: str, language: Language, word: str
) -> None:
    assert reference
    speaks(container, language)
    (shown,) = lyon.sends(word)
    place = "تالوين" if language is Language.AR else "Taliouine"
    assert place in shown
    assert lyon.sends("4")[0].startswith(say(language, "profile.slots"))
    lyon.sends("7")
    lyon.sends("1")
    with reading(container.engine) as session:
        contact = active_contact(session, LYON)
        assert contact
        assert contact.association.attention_slots == 7


@spelt("pause")
def test_a_pause_is_one_text(
    container: Container, lyon: Handset, reference: str, language: Language, word: str
) -> None:
    assert reference
    speaks(container, language)
    assert len(lyon.sends(f"{word} 30")) == 1
    with reading(container.engine) as session:
        contact = active_contact(session, LYON)
        assert contact
        assert (contact.association.paused_until or container.clock()) > container.clock()


@pytest.mark.parametrize("days", ["", "900", "0", "longtemps"])
def test_a_pause_of_no_or_too_many_days_is_asked(lyon: Handset, reference: str, days: str) -> None:
    assert reference
    assert lyon.sends(f"PAUSE {days}")[0].startswith("Combien de jours")


@spelt("language")
def test_another_language_is_spoken_at_once(
    container: Container, lyon: Handset, reference: str, language: Language, word: str
) -> None:
    assert reference
    speaks(container, language)
    for other_language, name in (("ar", "عربية"), ("shi", "tachelhit"), ("en", "English"), ("fr", "français")):
        assert lyon.sends(f"{word} {name}") == [fold(speaker(other_language).say("language.changed"))]
    assert lyon.sends(word)[0].startswith(say(Language.FR, "language.which"))


@spelt("stop")
def test_stop_holds_at_once_and_only_start_ends_it(
    container: Container, lyon: Handset, reference: str, clock: MovedClock, language: Language, word: str
) -> None:
    speaks(container, language)
    assert lyon.sends(word) == [fold(speaker(language).say("sms.stopped"))]
    assert lyon.sends(f"INFO {reference}") == lyon.sends(word) == lyon.sends(f"OUI {reference}") == []
    assert states(container)[0] is ProposalState.PROPOSED
    for start in WORDS[language]["start"]:
        assert lyon.sends(start) == [fold(speaker(language).say("sms.started"))]
        clock.move(minutes=1)
        assert len(lyon.sends(f"INFO {reference}")) == 1
        lyon.sends(word)
    with reading(container.engine) as session:
        assert session.get_one(Phone, LYON).stopped_at is not None
        held = session.scalars(select(Consent).where(Consent.phone == LYON, Consent.withdrawn_at.is_(None))).all()
    assert held == []


@spelt("help")
def test_help_names_words_that_are_known(
    container: Container, lyon: Handset, reference: str, language: Language, word: str
) -> None:
    assert reference
    speaks(container, language)
    assert lyon.sends(word) == [fold(speaker(language).say("sms.help_diaspora", code="*384*84#"))]
