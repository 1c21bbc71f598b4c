"""Run as a process of its own: serve every page once, then say what got imported.

Prints one JSON line: the addresses with their answers, and which forbidden modules are loaded.
"""

import json
import sys
from typing import Any

FORBIDDEN = ("boto3", "botocore", "kubernetes", "lightkube", "moto", "policies.clients")


def main() -> None:
    import portal.wsgi

    assert portal.wsgi.application
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    answers = visit()
    loaded = sorted(set(FORBIDDEN) & set(sys.modules))
    print(json.dumps({"answers": answers, "loaded": loaded}))


def visit() -> dict[str, int]:
    """Every page, by somebody who may open it, through asking, deciding and ending."""
    from django.test import Client

    from tests import factories as f
    from tests.portal import scenes

    company = f.company()
    grant = scenes.worker_saw(scenes.granted(company))
    waiting = f.previewed(f.asked(company, "jobs", roles=["sales"]))
    scenes.bundle(company)
    ana, kim = Client(), Client()
    ana.force_login(company.ana)
    kim.force_login(company.kim)
    own = ["/", "/catalogue/", "/catalogue/jobs/", "/catalogue/packages/start/", "/requests/"]
    own += [f"/requests/{waiting.ref}/", f"/access/{grant.ref}/", f"/access/{grant.ref}/end/"]
    answers = {path: ana.get(path).status_code for path in own}
    for path in ("/approvals/", f"/approvals/{waiting.ref}/", "/team/"):
        answers[path] = kim.get(path).status_code
    for path in ("/account/login/", "/healthz", "/readyz"):
        answers[path] = Client().get(path).status_code
    answers |= _write(ana, kim, company, grant, waiting)
    return answers


def _write(ana: Any, kim: Any, company: Any, grant: Any, waiting: Any) -> dict[str, int]:
    from tests import factories as f

    effects = {f"effect-{pk}": effect for pk, effect in f.shown(waiting).items()}
    pk = company.entitlements["kubernetes"].pk
    wish = {f"e{pk}-identity": company.ana_role.pk, f"e{pk}-groups": ["viewers"]}
    more = {"length": "days", "days": 5, "reason": "to look"}
    return {
        "approve": kim.post(f"/approvals/{waiting.ref}/approve/", effects).status_code,
        "end": ana.post(f"/access/{grant.ref}/end/").status_code,
        "ask": ana.post("/catalogue/kubernetes/", {**wish, **more}).status_code,
    }


if __name__ == "__main__":
    main()
