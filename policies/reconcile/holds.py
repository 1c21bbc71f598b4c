"""What stops a pass from writing although it would: another owner, a freeze, or the brake."""

from collections.abc import Sequence
from dataclasses import dataclass

from policies import brake
from policies.models import Freeze, Installation, ManagedBy, Target
from policies.plan import Change, Reading, Step, digest
from policies.providers import Place, Provider
from policies.reconcile import restored
from policies.reconcile.deliveries import Holding
from policies.reconcile.wishes import Wish


@dataclass(frozen=True)
class Hold:
    """Why a pass must not write: `outcome` for programs, `text` for people."""

    outcome: str
    text: str


def check(wish: Wish, reading: Reading, step: Step, holding: Holding) -> Hold | None:
    """None when the step's changes may be made now."""
    return _external(wish.target) or _frozen(wish.target) or _braked(wish, reading, step, holding)


def _external(target: Target) -> Hold | None:
    """Asked of the database and not of the pass's own row, which may be older than the choice."""
    others = Target.objects.filter(pk=target.pk, managed_by=ManagedBy.EXTERNAL).exists()
    return left_to_others(0) if others else None


def left_to_others(changes: int) -> Hold:
    """What is said of a target that others write, with so many changes for them to make."""
    what = f"{changes} change(s) wait for them" if changes else "the change waits for them"
    return Hold(
        "external",
        f"This place is managed by others (Terraform, for example), so {what}: Gatehouse shows "
        "it, never writes it, and looks again every few minutes until it is there (GH-205).",
    )


def _frozen(target: Target) -> Hold | None:
    restored.freeze_if_so()
    freeze = Freeze.objects.of(target).order_by("since_at").first()
    if freeze is None:
        return None
    return Hold("frozen", f"Frozen since {freeze.since_at:%Y-%m-%d %H:%M} UTC: {freeze.why}")


def _braked(wish: Wish, reading: Reading, step: Step, holding: Holding) -> Hold | None:
    if changes_digest(step.changes) == wish.target.released_digest:
        return None
    ours = wish.target.keys.filter(origin__in=["made", "adopted"])
    keys = list(ours.values_list("key", "ordered"))
    ordered = {key for key, is_ordered in keys if is_ordered} | wish.rules.clearing
    limits = Installation.brake()
    stop = brake.check(step.changes, ordered | _ordered(wish, reading, holding), len(keys), limits)
    if stop is None:
        return None
    return Hold(
        "brake",
        f"This pass would remove {stop.removals} and give {stop.gives} of {stop.keys} entries "
        f"that no person ordered one by one; {limits.changes} or {limits.percent} % is the most "
        "that happens without asking. An administrator looks at them and lets them go, or mends "
        "what caused them (GH-202).",
    )


def _ordered(wish: Wish, reading: Reading, holding: Holding) -> set[str]:
    """Keys that a person's decision brings about: new grants, and ends that were ordered."""
    provider, place, keys = wish.provider, wish.place, set[str]()
    for one in holding.living:
        if one.seen_at is None:
            keys |= provider.keys_of(place, one.part, wish.wanted)
    for one in holding.ended:
        if one.grant.end_ordered:
            keys |= provider.keys_of(place, one.part, reading.state)
    return keys


def changes_digest(changes: Sequence[Change]) -> str:
    """What an administrator lets go: exactly these changes and no others."""
    return digest([[one.key, one.before, one.after] for one in changes])


def told(provider: Provider, place: Place, changes: Sequence[Change]) -> list[dict[str, object]]:
    """Changes as they are shown to whoever lets them go."""
    return [
        {
            "key": one.key,
            "before": one.before,
            "after": one.after,
            "say": str(provider.say(place, one)),
        }
        for one in changes
    ]
