"""`tiwizi worker` and `tiwizi job`."""

from threading import Event

import click

from jobs import make_jobs, make_loops
from jobs.clock import Job, run_clock, run_job
from jobs.files import make_exports
from jobs.match import explain, rehearse
from service.cli.database import migrated
from service.container import Container
from service.memory import keep_what_is_loaded
from service.messaging.liveness import watch
from service.messaging.sender import drain
from service.messaging.webhooks import deliver


@click.command()
@click.pass_obj
def worker(container: Container) -> None:
    """Do what happens by the clock: send messages, match needs."""
    with migrated(container):
        keep_what_is_loaded()
        run_clock(container, make_jobs(container.settings), make_loops(container))


@click.group()
def job() -> None:
    """Run one job now."""


@job.command("match")
@click.option("--dry-run", is_flag=True, help="Plan the round and write nothing.")
@click.option("--explain", "explained", is_flag=True, help="With --dry-run: say who and why, and what waits for what.")
@click.pass_obj
def match_command(container: Container, *, dry_run: bool, explained: bool) -> None:
    """Propose open needs to the associations that fit best."""
    if explained and not dry_run:
        raise click.UsageError("--explain goes with --dry-run: a written round keeps its reasons with each proposal.")
    with migrated(container):
        if not dry_run:
            click.echo(run_job(container, _job(container, "match"), container.clock()))
            return
        planned = rehearse(container)
    click.echo(f"{len(planned.proposed)} would be proposed, {len(planned.held_back)} held back")
    if explained:
        click.echo("\n".join(explain(planned)))


@job.command("drain")
@click.pass_obj
def drain_command(container: Container) -> None:
    """Send the messages that are due."""
    with migrated(container):
        keep_what_is_loaded()
        click.echo(f"{drain(container)} tried")


@job.command("webhooks")
@click.pass_obj
def webhooks_command(container: Container) -> None:
    """Tell programs outside what they asked to be told."""
    with migrated(container):
        click.echo(f"{deliver(container)} tried")


@job.command("watch")
@click.pass_obj
def watch_command(container: Container) -> None:
    """Warn in the log of gateways that fell silent; what waits for a silent link takes the next."""
    with migrated(container):
        click.echo(f"{watch(container)} fell silent")


@job.command("exports")
@click.pass_obj
def exports_command(container: Container) -> None:
    """Make the files that were asked for, delete those of more than a week ago."""
    with migrated(container):
        click.echo(f"{make_exports(container, Event())} made")


def _job(container: Container, name: str) -> Job:
    return next(one for one in make_jobs(container.settings) if one.name == name)


def _add(name: str, what: str) -> None:
    @job.command(name, help=what)
    @click.pass_obj
    def run(container: Container) -> None:
        with migrated(container):
            click.echo(run_job(container, _job(container, name), container.clock()))


for each, told in {
    "broadcasts": "Write the next messages of approved broadcasts.",
    "digests": "Write the digests that are due.",
    "reminders": "Remind associations of needs they have not answered.",
    "silence": "Ask for word of projects nobody reports on, and of those handed over a year ago.",
    "spot-checks": "Tell what residents answered about works that are said to be done.",
    "adopt-receipts": "Match late receipts with messages.",
    "resend-unknown": "Send once more what is in doubt for long.",
    "recordings": "Fetch what was said on calls.",
    "sheets": "Draft the experience sheets of projects that were handed over.",
    "balances": "See how much credit the gateways' accounts still have.",
    "purge": "Delete what is too old, forget who has gone.",
}.items():
    _add(each, told)
