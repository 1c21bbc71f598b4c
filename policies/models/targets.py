"""Targets: each thing in AWS that we manage, what we wrote there, what we intend.

`wake` is the only way a change of a grant reaches AWS: it raises the generation in the
caller's transaction and hurries a worker after commit.
"""

import logging
from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from celery import current_app
from django.db import models, transaction
from django.db.models import F, JSONField, Q, Value
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError

from accounts import context
from accounts.refs import plan as new_plan_ref

logger = logging.getLogger(__name__)


class TargetKind(models.TextChoices):
    PORTFOLIO_PRINCIPALS = "portfolio_principals", _("portfolio access")
    PRINCIPAL_POLICY = "principal_policy", _("policy of an AWS identity")
    CLUSTER_AUTH_MAP = "cluster_auth_map", _("aws-auth of a cluster")
    JOB_RUNS = "job_runs", _("running jobs of an AWS identity")
    ROLE_TRUST = "role_trust", _("trust policy of a role")
    BUCKET_POLICY = "bucket_policy", _("policy of a bucket")
    CLUSTER_ACCESS_ENTRIES = "cluster_access_entries", _("access entries of a cluster")
    STUDIO_SESSIONS = "studio_sessions", _("users and groups of an EMR Studio")
    POD_IDENTITIES = "pod_identities", _("Pod Identity of a cluster")
    KMS_GRANTS = "kms_grants", _("grants of a KMS key")
    DOMAIN_ROLES = "domain_roles", _("roles inside an OpenSearch domain")
    INSTANCE_PROFILES = "instance_profiles", _("instance profiles of a Databricks workspace")
    INSTANCE_PROFILE_USERS = (
        "instance_profile_users",
        _("who may use instance profiles in a Databricks workspace"),
    )


class Phase(models.TextChoices):
    DUE = "due", _("applying")
    VERIFYING = "verifying", _("waiting for AWS to show it")
    SETTLED = "settled", _("confirmed in AWS")
    WAITING = "waiting", _("will try again")
    HELD = "held", _("paused for a person")
    STUCK = "stuck", _("stuck")


class Repair(models.TextChoices):
    REPORT = "report", _("only report it")
    LATER = "later", _("put it back when acknowledged, or after some hours")
    AT_ONCE = "at_once", _("put it back at once")


class ManagedBy(models.TextChoices):
    """Who writes. What others own is compared and watched, and never written by us."""

    PORTAL = "portal", _("Gatehouse")
    EXTERNAL = "external", _("somebody else: Gatehouse prints the change and watches")


class Target(models.Model):
    """One thing in AWS. `next_look_at` alone decides when a worker comes by.

    `generation` counts wishes, `applied_generation` the last one written out,
    `settled_generation` the last one that two agreeing looks confirmed.
    `refused` maps keys AWS refused to {"text", "kind", "message", "retry_at", "since"}; they are
    left alone until the next generation, a retry, or `retry_at` (removals, and gives that name
    what may be too new for AWS to know).
    """

    kind = models.CharField(_("kind"), max_length=40, choices=TargetKind.choices)
    account = models.CharField(_("account"), max_length=12)
    region = models.CharField(_("region"), max_length=32, blank=True)
    object = models.CharField(_("object"), max_length=1000)
    phase = models.CharField(
        _("phase"), max_length=10, choices=Phase.choices, default=Phase.SETTLED
    )
    generation = models.PositiveBigIntegerField(default=0)
    applied_generation = models.PositiveBigIntegerField(default=0)
    settled_generation = models.PositiveBigIntegerField(default=0)
    next_look_at = models.DateTimeField(_("next look at"), null=True, blank=True)
    looks = models.PositiveIntegerField(default=0)
    agreed_at = models.DateTimeField(null=True, blank=True)
    agreed_digest = models.CharField(max_length=64, blank=True)
    written_at = models.DateTimeField(null=True, blank=True)
    window_until = models.DateTimeField(null=True, blank=True)
    round = models.PositiveSmallIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    outcome = models.CharField(_("outcome"), max_length=12, blank=True)
    outcome_text = models.TextField(_("what AWS said"), blank=True)
    refused = models.JSONField(default=dict)
    # What a pass would change and must not: frozen, braked, or changed by others.
    pending = models.JSONField(_("held back"), default=list, db_default=Value([], JSONField()))
    # The digest of held-back changes that an administrator let go.
    released_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    managed_by = models.CharField(
        _("written by"),
        max_length=8,
        choices=ManagedBy.choices,
        default=ManagedBy.PORTAL,
        db_default=ManagedBy.PORTAL,
    )
    repair = models.CharField(
        _("when others changed it"),
        max_length=10,
        choices=Repair.choices,
        default=Repair.REPORT,
        db_default=Repair.REPORT,
    )
    repair_hours = models.PositiveSmallIntegerField(_("hours"), default=24, db_default=24)
    scanned_at = models.DateTimeField(_("last read"), null=True, blank=True)
    foreign_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    unsettled_since = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    hurried_at = models.DateTimeField(null=True, blank=True)
    lease_token = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    # Of whoever raised the generation last, so that a pass found by the sweep knows it, too.
    correlation = models.CharField(max_length=40, blank=True, db_default="", editable=False)

    class Meta:
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        ordering: ClassVar = ["kind", "account", "region", "object"]
        constraints = (
            models.UniqueConstraint(
                fields=["kind", "account", "region", "object"], name="target_once"
            ),
            models.CheckConstraint(
                condition=Q(settled_generation__lte=F("generation"))
                & Q(applied_generation__lte=F("generation")),
                name="target_generations_in_order",
            ),
        )
        indexes = (
            models.Index(
                fields=["next_look_at"],
                condition=Q(next_look_at__isnull=False),
                name="target_looks",
            ),
            models.Index(
                fields=["scanned_at"],
                condition=Q(next_look_at__isnull=True),
                name="target_scans",
            ),
            # For the metrics: how many are not settled, in which phase, and the oldest of them.
            models.Index(fields=["phase", "outcome"], name="target_by_phase"),
            models.Index(
                fields=["unsettled_since"],
                condition=Q(unsettled_since__isnull=False),
                name="target_unsettled",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.object}"

    @property
    def is_settled(self) -> bool:
        return self.settled_generation == self.generation


class Room(models.Model):
    """What others hold in one place that counts against its quotas, as last read for a preview.

    `basis` is what the place's provider needs to tell, without AWS, whether parts fit. The row
    is also what two decisions about one place line up on.
    """

    kind = models.CharField(max_length=40, choices=TargetKind.choices)
    account = models.CharField(max_length=12)
    region = models.CharField(max_length=32, blank=True)
    object = models.CharField(max_length=1000)
    basis = models.JSONField()
    read_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("room in a place")
        verbose_name_plural = _("room in places")
        constraints = (
            models.UniqueConstraint(
                fields=["kind", "account", "region", "object"], name="room_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.object}"


class Key(models.Model):
    """Who owns one key of one target, and the last text we wrote there.

    No row: we never touched the key. `text` null: we removed it, and until `window_until`
    a reading that still shows it proves nothing. `doubt`: the answer to that write was
    lost. `seen`: two agreeing looks confirmed the text. `ordered`: an administrator told us
    to bring this key to what is wanted. `restoring`: a text that an administrator wants back
    there; once it is seen, the key is nobody's of ours again.
    """

    class Origin(models.TextChoices):
        FOUND = "found", _("was there before us")
        MADE = "made", _("made by us")
        ADOPTED = "adopted", _("adopted")

    target = models.ForeignKey(Target, models.CASCADE, related_name="keys")
    key = models.CharField(max_length=1100)
    origin = models.CharField(max_length=8, choices=Origin.choices)
    text = models.TextField(null=True, blank=True)
    replaced = models.TextField(null=True, blank=True)
    window_until = models.DateTimeField(null=True, blank=True)
    doubt = models.BooleanField(default=False)
    seen = models.BooleanField(default=False)
    ordered = models.BooleanField(default=False, db_default=False)
    restoring = models.TextField(null=True, blank=True)
    plan = models.ForeignKey("Plan", models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("key")
        verbose_name_plural = _("keys")
        constraints = (models.UniqueConstraint(fields=["target", "key"], name="key_once"),)

    def __str__(self) -> str:
        return f"{self.origin} {self.key}"


class Plan(models.Model):
    """What one pass was about to change, committed before it changed anything.

    `changes` is a list of {"key", "before", "after", "say", "state", "memory"}; `memory`
    is the Key row as it was, so that a refused change leaves no trace of ownership.
    A plan without outcome is a pass that died: its writes may have happened.
    """

    class Outcome(models.TextChoices):
        OPEN = "", _("under way")
        APPLIED = "applied", _("written")
        PARTIAL = "partial", _("partly written")
        REFUSED = "refused", _("refused")
        LOST = "lost", _("answer lost")

    ref = models.CharField(max_length=12, unique=True, default=new_plan_ref, editable=False)
    target = models.ForeignKey(Target, models.CASCADE, related_name="plans")
    generation = models.PositiveBigIntegerField()
    changes = models.JSONField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    error = models.TextField(blank=True)
    aws = models.JSONField(default=list)
    correlation = models.CharField(max_length=40)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        ordering: ClassVar = ["-started_at", "-pk"]
        indexes = (
            models.Index(
                fields=["target"],
                condition=Q(finished_at__isnull=True),
                name="plan_unfinished",
            ),
        )

    def __str__(self) -> str:
        return self.ref


def hurry(target_id: int, *, in_seconds: float = 0) -> None:
    """Ask a worker to look soon. Losing the message loses nothing: the sweep finds the row."""
    try:
        current_app.send_task(
            "policies.converge", [target_id], countdown=in_seconds or None, retry=False
        )
    except (OperationalError, OSError) as error:
        logger.warning(
            "the broker took no message; the sweep will find target %s: %s", target_id, error
        )


def wake(targets: Iterable[Target]) -> None:
    """Raise the generation of `targets` in the caller's transaction; hurry after commit."""
    for target in sorted(targets, key=lambda one: one.pk):
        Target.objects.filter(pk=target.pk).update(
            generation=F("generation") + 1,
            phase=Phase.DUE,
            next_look_at=Now(),
            unsettled_since=Coalesce(F("unsettled_since"), Now()),
            refused={},
            round=0,
            attempts=0,
            correlation=context.correlation(),
        )
        transaction.on_commit(partial(hurry, target.pk), robust=True)
