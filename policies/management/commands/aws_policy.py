"""`manage.py aws_policy`: the least that our two roles need in an AWS account."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import arns
from policies.management.imports import look
from policies.management.plain_help import PlainHelp
from policies.management.powers import documents, facts, rendering
from policies.models import AwsAccount

HELP = """\
Print the write role and the read role that Gatehouse needs in an AWS account: the least that does
the work the catalogue describes, with what they may never do denied in so many words.

  manage.py aws_policy 111122223333 --hub arn:aws:iam::999900001111:role/gatehouse-workers
  manage.py aws_policy 111122223333 --hub … --format cloudformation > gatehouse.json
  manage.py aws_policy 111122223333 --hub … --format terraform > gatehouse.tf.json

--hub names the role the workers run as. The external id is the account's own. In the account
whose roles are empty in the catalogue, the workers' own role needs both policies; print those as
JSON. Print anew when the catalogue names more: portfolios, clusters, Studios and buckets are
bound by ARN. Only roles and users tagged gatehouse=managed can be written, and Gatehouse may
never set that tag.

Exit codes: 0 printed, 1 refused (unknown account, a policy longer than AWS admits), 2 wrong usage.
"""


class Command(PlainHelp, BaseCommand):
    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("account", metavar="NUMBER", help="the AWS account, of the catalogue")
        parser.add_argument("--hub", metavar="ARN", required=True, help="the workers' own role")
        parser.add_argument("--boundary", metavar="ARN", default="", help=BOUNDARY)
        parser.add_argument("--format", choices=rendering.FORMATS, default="json")
        parser.add_argument("--json", action="store_const", const="json", dest="format")
        parser.add_argument("--with-import", action="store_true", help="import_catalogue, too")

    def handle(self, *args: Any, **options: Any) -> None:
        account = AwsAccount.objects.filter(number=options["account"]).first()
        if account is None:
            raise CommandError(f"There is no AWS account {options['account']} in the catalogue.")
        for name in ("hub", "boundary"):
            _check_arn(options[name], name)
        told = facts.of(account, hub=options["hub"], boundary=options["boundary"])
        more = look.READS if options["with_import"] else ()
        policies = {"write": documents.write(told), "read": documents.read(told, more)}
        roles = [_role(account, options["hub"], name, one) for name, one in policies.items()]
        self.stdout.write(rendering.FORMATS[options["format"]](roles, account.number))


BOUNDARY = "permissions boundary that every role and user written to must carry"


def _check_arn(text: str, name: str) -> None:
    try:
        if text:
            arns.parse(text)
    except arns.BadArn as error:
        raise CommandError(f"--{name}: {error}") from error


def _role(account: AwsAccount, hub: str, name: str, policy: documents.Statement) -> rendering.Role:
    characters = documents.size(policy)
    if characters > documents.ROLE_BYTES:
        raise CommandError(
            f"The {name} policy has {characters} characters, and AWS admits "
            f"{documents.ROLE_BYTES} per role. Keep fewer buckets, portfolios and clusters in one "
            "account of the catalogue."
        )
    is_own = not getattr(account, f"{name}_role_arn")
    return {
        "name": name,
        "trust": None if is_own else documents.trust(hub, account.external_id),
        "policy": policy,
        "characters": characters,
    }
