"""Sounds of calls: fetched from the gateway, one after the other, outside any transaction."""

import structlog

from service.container import Container
from service.gateways.africastalking.recordings import NoSoundError, fetch
from service.models.session import reading, transaction
from service.usecases.voice import store_sound, unfetched

log = structlog.get_logger()


def fetch_recordings(container: Container) -> str:
    """Fetch what is still with the gateway; returns how many."""
    origin = container.settings.at_recordings
    if not origin:
        return "no host is set"
    with reading(container.engine) as session:
        waiting = unfetched(session, container.clock())
    fetched = 0
    for number, address in waiting:
        try:
            sound = fetch(address, origin)
        except NoSoundError as error:
            log.warning("recording.not_fetched", recording=number, why=str(error))
            continue
        with transaction(container.engine) as session:
            store_sound(session, number, sound.media_type, sound.octets)
        fetched += 1
    return f"{fetched} of {len(waiting)} fetched"
