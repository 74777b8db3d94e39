"""What remains: the handover, words of both sides, and a sheet that others find."""

from service.cli.acts.tale import Tale
from service.cli.story import Actor, Way
from service.domain.projects import Condition
from service.domain.sectors import Sector
from service.domain.testimonies import Publication

HAND_OVER = Way(("home.project", "project.line.hand_over"), "PROJET", "مشروع")
FOLLOW_UP = Way(("home.project", "project.line.follow_up"), "PROJET", "مشروع")
TESTIMONY = Way(("home.testimony",), "TEMOIGNAGE", "شهادة")
SHEET = Way(("home.experience", "sheet.own"), "FICHE", "بطاقة")
EXPERIENCE = Way(("home.experience",), "EXPERIENCE", "تجربة")
A_YEAR = 366  # days
OF_THE_VILLAGE = "L'eau coule, nos filles vont a l'ecole"
OF_THE_PARTNER = "Nous avons vu ou va chaque euro"
TITLE = "Un puits pour 84 foyers"
DIFFICULTIES = "La pluie"
LESSONS = "Creuser avant les pluies, et compter a deux."


def hands_over(tale: Tale) -> None:
    """Hand the works over; both sides are asked what they changed, and who never answered is waited for no more."""
    she = tale.secretary
    she.begins(HAND_OVER)
    if she.by_sms:
        she.follows("project.line.hand_over")
    she.picks("project.hand_over.yes")
    she.proves()
    she.ended()
    she.hears("sms.testimony_asked", tale.reference)
    tale.lyon.hears("sms.testimony_asked", tale.reference)
    tale.job("match")


def both_testify(tale: Tale) -> None:
    """Let each side say in its own words what the project changed, and a coordinator read it first."""
    for actor, words in ((tale.secretary, OF_THE_VILLAGE), (tale.lyon, OF_THE_PARTNER)):
        _testifies(actor, words, tale.reference)
        tale.coordinator.decides("/admin/testimonies", words, "publish")
        actor.hears("sms.testimony_published", tale.reference)


def _testifies(actor: Actor, words: str, reference: str) -> None:
    actor.begins(TESTIMONY)
    actor.chooses("testimony.new", "testimony.way")
    actor.chooses(reference, "project.which")
    actor.types(words)
    if not actor.by_sms:
        actor.picks("testimony.words.done")
    actor.picks(Publication.NAMED)
    actor.sees(words[:20])
    actor.picks("review.send")
    if actor.by_sms:
        actor.proves()
    actor.ended()


def is_drafted(tale: Tale) -> None:
    """Let the job draft the sheet from the record, and a coordinator complete it and ask those it names."""
    tale.job("sheets")
    they = tale.coordinator
    page = they.finds("/admin/sheets", tale.reference)
    words = {"title": TITLE, "summary": "De l'eau au village.", "difficulties": DIFFICULTIES, "lessons": LESSONS}
    they.sends(page, "complete", language=tale.secretary.language, **words)
    they.sends(page, "ask")
    tale.secretary.hears("sms.sheet_asked", tale.reference)
    tale.lyon.hears("sms.sheet_name_asked", tale.reference)


def consent(tale: Tale) -> None:
    """Let the village agree to its sheet, and Lyon to its name in it."""
    for actor, asked in ((tale.secretary, "sheet.ask"), (tale.lyon, "sheet.name")):
        actor.begins(SHEET, tale.reference)
        actor.sees(TITLE)
        actor.picks(f"{asked}.yes")
        actor.proves()
        actor.ended()


def is_published(tale: Tale) -> None:
    """Let the coordinator publish the sheet."""
    they = tale.coordinator
    they.sends(they.finds("/admin/sheets", tale.reference), "publish", language=tale.secretary.language)
    tale.secretary.hears("sms.sheet_published", tale.reference)
    tale.lyon.hears("sms.sheet_published", tale.reference)


def is_found(tale: Tale) -> None:
    """Let somebody else look for what others did about water, and find it."""
    he = tale.treasurer
    if he.by_sms:
        he.types(f"{EXPERIENCE.spoken(he.language)} {he.says(Sector.WATER)}")
    else:
        he.begins(EXPERIENCE)
        he.picks(Sector.WATER, tale.reference)
        he.sees(TITLE, DIFFICULTIES)
        he.picks("experience.sms")
        he.ended()
    he.hears("sms.experience", TITLE)


def still_works(tale: Tale) -> None:
    """Ask the village a year later whether it still works; the partner hears what it says."""
    if not tale.later(A_YEAR):
        return
    she = tale.secretary
    tale.job("silence")
    she.hears("sms.follow_up_asked", tale.reference)
    she.begins(FOLLOW_UP)
    if she.by_sms:
        she.follows("project.line.follow_up")
    she.picks(Condition.WORKS)
    _is_known_again(tale, she)
    she.proves()
    she.ended()
    tale.lyon.hears("sms.project_moved", tale.reference, Condition.WORKS)


def _is_known_again(tale: Tale, actor: Actor) -> None:
    """Let a coordinator hear the voice of somebody who, as all of the village, was silent for a year."""
    actor.picks("number.ask")
    actor.sees("number.waiting")
    tale.coordinator.sends("/admin/numbers", "confirm", phone=actor.carrier.number)
    actor.hears("sms.vouched")
    actor.picks("number.again")
