"""`tiwizi import`: registers that an NGO keeps in a table. A dry run first, one line an error, all or nothing."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

import click
from sqlalchemy.orm import Session

from service.cli.database import migrated
from service.cli.imported import ASSOCIATION_COLUMNS, DIASPORA_COLUMNS, add_association, add_diaspora
from service.cli.spreadsheet import Row, read_rows
from service.container import Container
from service.models.session import transaction

Add = Callable[[Session, "datetime", dict[str, str]], bool]
