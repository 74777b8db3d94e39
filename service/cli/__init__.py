"""The `tiwizi` command, as far as it needs only `service`."""

from service.cli.admin import admin
from service.cli.android import android
from service.cli.demo import demo
from service.cli.dial import dial_command
from service.cli.doctor import doctor
from service.cli.export import export
from service.cli.imports import imports
from service.cli.migrate import migrate
from service.cli.sms import sms
from service.cli.statement import rates, statement
from service.cli.texts import texts
from service.cli.up import up

COMMANDS = (admin, android, demo, dial_command, doctor, export, imports, migrate, rates, sms, statement, texts, up)
