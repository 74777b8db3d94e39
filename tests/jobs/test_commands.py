"""`tiwizi job`: all that a worker does by itself can be done by hand."""

import pytest
from click.testing import CliRunner

from jobs import make_jobs, make_loops
from jobs.commands import job
from service.container import Container


def test_every_job_and_loop_has_a_command(container: Container) -> None:
    # The loops that send are one a gateway, and one command.
    loops = {loop.name.split()[0] for loop in make_loops(container)}
    assert job.commands.keys() == {one.name for one in make_jobs(container.settings)} | loops


@pytest.mark.parametrize("name", sorted(job.commands))
def test_each_does_its_work_once(container: Container, name: str) -> None:
    said = CliRunner().invoke(job, [name], obj=container)
    assert (said.exit_code, said.exception) == (0, None)
