"""What smoke does for each kind: prepare its place in AWS, and look there with its own eyes."""

from typing import Any

from policies.management.smoke import further
from policies.management.smoke.report import Failed
from policies.management.smoke.seeds import FOREIGN_POLICY
from policies.management.smoke.stage import Kind, Stage


class Templates:
    slug = "templates"
    portfolio = ""

    def __init__(self) -> None:
        self.terms: dict[str, Any] = {}

    def prepare(self, stage: Stage) -> None:
        """Bea's association is there before the portal ever looks, and so is a stranger's."""
        self.portfolio = stage.seeds.portfolio()
        stage.seeds.associate(self.portfolio, stage.roles["stranger"])
        stage.seeds.associate(self.portfolio, stage.roles["bea"])
        stage.company.offer_portfolio(self.portfolio)

    def holds(self, stage: Stage, arn: str) -> bool:
        return arn in stage.sight.associations(self.portfolio)

    def foreign(self, stage: Stage) -> Any:
        ours = {stage.roles["ana"], stage.roles["lee"]}
        return [arn for arn in stage.sight.associations(self.portfolio) if arn not in ours]


class Jobs:
    slug = "jobs"

    def __init__(self) -> None:
        self.terms: dict[str, Any] = {"roles": ["exec"]}
        self.execution_role = ""

    def prepare(self, stage: Stage) -> None:
        virtual_cluster = stage.seeds.virtual_cluster(stage.outside.cluster)
        self.execution_role = stage.company.offer_jobs(virtual_cluster)

    def holds(self, stage: Stage, arn: str) -> bool:
        return self.execution_role in str(stage.sight.policies(arn))

    def foreign(self, stage: Stage) -> Any:
        held = {who: stage.sight.policies(arn) for who, arn in sorted(stage.roles.items())}
        return {who: policies.get(FOREIGN_POLICY) for who, policies in held.items()}


class Kubernetes:
    slug = "kubernetes"

    def __init__(self) -> None:
        self.terms: dict[str, Any] = {"groups": ["emr-users"]}

    def prepare(self, stage: Stage) -> None:
        outside = stage.outside
        if outside.through_eks:
            stage.seeds.cluster(outside.cluster, stage.roles["stranger"])
        stage.company.offer_cluster(outside.cluster, outside.kubeconfig, outside.context)
        if not self.foreign(stage):
            raise Failed("aws-auth is empty: nothing of others would be there to be left alone.")

    def holds(self, stage: Stage, arn: str) -> bool:
        return arn.rsplit("/", 1)[-1] in stage.sight.auth_map().get("mapRoles", "")

    def foreign(self, stage: Stage) -> Any:
        """The whole text: what the portal adds it must take out again to the last byte."""
        return stage.sight.auth_map()


def every() -> list[Kind]:
    return [Templates(), Jobs(), Kubernetes(), *further.every()]
