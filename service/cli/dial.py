"""`tiwizi dial`: a phone in the terminal, on the same hooks as a real one."""

from collections.abc import Callable

import click
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from service.cli.carrier import Carrier, CarrierError, Screen, Sms
from service.container import Container
from service.domain.phone import parse_phone
from service.locales import DEFAULT_LANGUAGE, Language, Speaker, speaker
from service.messaging.segments import ONE_PART, measure

LETTERS = 24  # a line of a two-inch screen
FRAME = 4  # a border and a space on each side


def dial(
    carrier: Carrier,
    code: str,
    ask: Callable[[str], str] = input,
    show: Callable[[str], None] = print,
    language: str = DEFAULT_LANGUAGE,
) -> None:
    """Call `code`, then pass on what the person types until Ctrl-D (EOFError from `ask`); the session is then hung up.

    `sms TEXT` sends an SMS, `inbox` shows those that came, `drop` drops the session, `again` repeats the last turn.
    """
    phone = TerminalPhone(carrier, code, show, speaker(language))
    show(phone.voice.say("phone.terminal.help"))
    phone.obey("")
    while True:
        try:
            phone.obey(ask("> "))
        except EOFError:
            if carrier.in_session:
                phone.obey("drop")
            return


class TerminalPhone:
    """What one line typed by the person does."""

    def __init__(self, carrier: Carrier, code: str, show: Callable[[str], None], voice: Speaker) -> None:
        """Show what comes through `carrier` in the words of `voice`."""
        self.carrier = carrier
        self.code = code
        self.show = show
        self.voice = voice
        self.read = 0

    def obey(self, typed: str) -> None:
        """Do what was typed; an answer no carrier would show is told and the session stays for `again`."""
        try:
            self._obey(typed)
        except CarrierError as error:
            self.show(f"{self.voice.say('phone.no_answer')} ({error})")

    def _obey(self, typed: str) -> None:
        word, _, rest = typed.partition(" ")
        match word:
            case "sms" if rest:
                self.carrier.sms(rest)
                self.show(self.voice.say("phone.terminal.sent"))
            case "inbox":
                self._show_inbox(self.carrier.inbox(self.read))
            case "drop":
                self.carrier.hang_up()
                self.show(self.voice.say("phone.dropped"))
            case "again":
                self._show_screen(self.carrier.again())
            case _ if self.carrier.in_session:
                self._show_screen(self.carrier.answer(typed))
            case _:
                self._show_screen(self.carrier.dial(typed or self.code))

    def _show_screen(self, screen: Screen) -> None:
        length = measure(screen.text)
        counter = f"{length.encoding} {length.units}/{ONE_PART[length.encoding]}"
        self.show(box(screen.text, counter))
        if not screen.goes_on:
            self.show(self.voice.say("phone.ended"))

    def _show_inbox(self, messages: list[Sms]) -> None:
        if not messages:
            self.show(self.voice.say("phone.no_sms"))
        for message in messages:
            self.show(box(message.text, f"{message.encoding} {message.units}, {message.parts} SMS"))
            self.read = message.id


def box(text: str, below: str) -> str:
    """Return the text as a phone shows it: lines of 24 letters in a frame, with its length on the air below."""
    console = Console(width=LETTERS + FRAME, color_system=None)
    with console.capture() as drawn:
        console.print(Panel(Text(text), subtitle=below, subtitle_align="right"))
    return drawn.get().rstrip("\n")


@click.command("dial")
@click.argument("phone")
@click.option("--url", help="Where the service is; by default the one of these settings.")
@click.option("--token", help="A hook token of that service; by default the first of TIWIZI_HOOK_TOKENS.")
@click.option(
    "--lang",
    type=click.Choice([each.value for each in Language]),
    default=DEFAULT_LANGUAGE.value,
    help="Of the phone's own words.",
)
@click.pass_obj
def dial_command(container: Container, phone: str, url: str | None, token: str | None, lang: str) -> None:
    """Use PHONE, a number such as +212600000001, in this terminal: USSD and SMS, on a running service."""
    settings = container.settings
    try:
        number = parse_phone(phone)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="PHONE") from error
    carrier = Carrier(url or settings.url_here, token or settings.hook_tokens[0], number, settings.sms_number)
    dial(carrier, settings.ussd_code, language=lang)
