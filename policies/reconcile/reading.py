"""Reading a target back. That it does not exist is believed only of the account it belongs to."""

from policies import clients
from policies.plan import Reading
from policies.providers import PROVIDERS, Place


def read(place: Place, *, until: float | None = None) -> Reading:
    """What the target holds now; no call starts after `until`, of `time.monotonic`. Raises Outcome.

    A worker with credentials of another account would find nothing, and must not call it gone.
    """
    reader = clients.reading(place.account, place.region, until=until)
    reading = PROVIDERS[place.kind].read(reader, place)
    by_aws = place.config.get("access") != "kubeconfig"
    if reading.missing and by_aws:
        reader.vouch()
    return reading
