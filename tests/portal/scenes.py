"""Situations pages show: what the workers would have written down, written down."""

from datetime import datetime

from policies.access import decisions, rules
from policies.models import Beat, Bundle, Delivery, Grant, Phase, Target
from tests import factories as f


def bundle(company: f.Company, slug: str = "start") -> Bundle:
    rule = {"name": "Start kit", "description": "", "entitlements": ["jobs", "templates"]}
    proposal = rules.propose("bundle", slug, rule, by=f.acting(company.ada), reason="new people")
    rules.accept(proposal, by=f.acting(company.bo))
    return Bundle.objects.get(slug=slug)


def granted(company: f.Company, slug: str = "templates", **terms: list[str]) -> Grant:
    """Ana's access after Kim's yes; AWS has not been looked at yet."""
    request = f.previewed(f.asked(company, slug, **terms))
    decisions.approve(request, f.shown(request), by=f.acting(company.kim), now=f.now())
    return Grant.objects.get(item__request=request)


def worker_saw(grant: Grant, at: datetime | None = None) -> Grant:
    """Two agreeing looks found every part."""
    at = at or f.now()
    grant.deliveries.update(state=Delivery.State.SEEN, seen_at=at)
    Grant.objects.filter(pk=grant.pk).update(seen_at=at)
    _settle(grant)
    grant.refresh_from_db()
    return grant


def worker_released(grant: Grant, release: str, needed_by: Grant | None = None) -> Grant:
    """Two agreeing looks told what became of every part of an ended grant."""
    at = f.now()
    grant.deliveries.update(
        state=Delivery.State.RELEASED, release=release, released_at=at, needed_by=needed_by
    )
    Grant.objects.filter(pk=grant.pk).update(released_at=at)
    _settle(grant)
    grant.refresh_from_db()
    return grant


def target_is(grant: Grant, phase: Phase, outcome: str = "", text: str = "") -> None:
    Target.objects.filter(deliveries__grant=grant).update(
        phase=phase, outcome=outcome, outcome_text=text, next_look_at=f.now()
    )


def worker_heard_of(at: datetime) -> None:
    """Everything that gives signs of life gave its last one then."""
    for name in (Beat.SWEEP, Beat.WRITE_WORKER, Beat.READ_WORKER):
        heard_of(name, at)


def heard_of(name: str, at: datetime) -> None:
    Beat.objects.update_or_create(name=name, defaults={"at": at})


def _settle(grant: Grant) -> None:
    for target in Target.objects.filter(deliveries__grant=grant):
        Target.objects.filter(pk=target.pk).update(
            phase=Phase.SETTLED, settled_generation=target.generation
        )
