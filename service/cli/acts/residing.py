"""Those who live there: they agree to be asked whether works are done, and only how many say yes is told."""

from service.cli.acts.beginning import NAMES
from service.cli.acts.tale import Tale
from service.cli.story import Actor, Way
from service.locales import speaker
from service.models.spotchecks import SpotAnswer

RESIDENT = Way((), "HABITANT", "ساكن")
SPOT = Way(("home.spot",), "MENU", "قائمة")
# A number that answers by SMS: what the question asks for.
FIGURES = {SpotAnswer.YES: "1", SpotAnswer.NO: "2"}
ANSWERS = (SpotAnswer.YES, SpotAnswer.YES, SpotAnswer.NO)


def agree_to_be_asked(tale: Tale) -> None:
    """Let three who live there agree to be asked: whoever is new is asked for a language first."""
    for one in tale.residents:
        if one.by_sms:
            one.types(f"{RESIDENT.spoken(one.language)} {tale.reference}")
            one.picks(NAMES[one.language])
        else:
            one.begins(RESIDENT)
            one.picks(NAMES[one.language], "consent.yes", "home.village")
            one.types(tale.reference)
        one.sees(tale.association, tale.place.douar)
        one.picks("consent.yes")
        if one.by_sms:
            one.proves()
        one.sees("resident.saved")
        one.ended()


def answer(tale: Tale) -> None:
    """Let each be asked by SMS and answer; village, partner and coordinator hear how many said yes."""
    for one, said in zip(tale.residents, ANSWERS, strict=True):
        one.hears("sms.spot_question", tale.reference)
        _answers(one, said)
    tale.job("spot-checks")
    for told in (tale.secretary, tale.treasurer, tale.lyon, tale.duty):
        told.hears(_share(told), tale.reference)


def _answers(one: Actor, said: SpotAnswer) -> None:
    if one.by_sms:
        one.types(FIGURES[said])
        one.sees("sms.spot_noted")
    else:
        one.begins(SPOT)
        one.picks(f"spot.{said}")
        one.sees("spot.done")
    one.ended()


def _share(told: Actor) -> str:
    words = speaker(told.language).say("sms.spot_told")
    yes, answers = ANSWERS.count(SpotAnswer.YES), len(ANSWERS)
    return words.replace("{yes}", str(yes)).replace("{answers}", str(answers))
