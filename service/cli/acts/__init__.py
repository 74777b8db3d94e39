"""The acts of the story that must always work, in their order; each is played by phones that show what they get."""

from collections.abc import Callable

from service.cli.acts.beginning import invites, is_verified, need_is_verified, registers, reports
from service.cli.acts.learning import both_testify, consent, hands_over, is_drafted, is_found, is_published, still_works
from service.cli.acts.meeting import accepts, is_proposed, says_yes
from service.cli.acts.paying import agree, arrives, promises
from service.cli.acts.residing import agree_to_be_asked, answer
from service.cli.acts.tale import Place, Tale
from service.cli.acts.working import begin_works, finish_works

__all__ = ("ACTS", "Place", "Tale")

ACTS: tuple[tuple[str, Callable[[Tale], None]], ...] = (
    ("The secretary registers her association", registers),
    ("A coordinator verifies it", is_verified),
    ("A treasurer joins, with the code of an invitation", invites),
    ("The secretary reports a need: drinking water for 84 households", reports),
    ("The coordinator verifies the need", need_is_verified),
    ("The matching job proposes it to those who fit best", is_proposed),
    ("Lyon asks for more, and answers yes", says_yes),
    ("The village is asked, accepts, and each side has the other's contact", accepts),
    ("Lyon promises 5 000 EUR, and proves that it is Lyon", promises),
    ("Both sides agree to the financing plan", agree),
    ("The treasurer says what arrived; the secretary counts it on her own phone", arrives),
    ("The pump is in place: said by one, confirmed by another", begin_works),
    ("Three who live there agree to be asked", agree_to_be_asked),
    ("The water runs", finish_works),
    ("They are asked whether it does; how many say yes is told, and not who", answer),
    ("The works are handed over, and both sides are asked what they changed", hands_over),
    ("Both sides say so in their words, which a coordinator reads first", both_testify),
    ("A sheet is drafted from the record, and a coordinator completes it", is_drafted),
    ("The village agrees to it, and Lyon to its name in it", consent),
    ("The coordinator publishes it", is_published),
    ("Somebody looks for what others did about water, and finds it", is_found),
    ("A year later the village says whether it still works", still_works),
)
