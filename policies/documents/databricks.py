"""Names that a Databricks workspace goes by. Pure."""

import re

_GROUP = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@+-]{0,99}", re.ASCII)


_USER = re.compile(r"[A-Za-z0-9._%+'@-]{3,254}", re.ASCII)


def is_user(text: str) -> bool:
    """Whether an e-mail address can stand in a filter (RFC 7644) as it is."""
    return bool(_USER.fullmatch(text))


def is_group(text: object) -> bool:
    """Whether a text can be a group's name here: nothing that a filter (RFC 7644) would read."""
    return isinstance(text, str) and bool(_GROUP.fullmatch(text))


def profile(role_arn: str) -> str:
    """The instance profile of a role, which the console makes with the role's own name.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html
    """
    head, _role, name = role_arn.partition(":role/")
    return f"{head}:instance-profile/{name.rsplit('/', 1)[-1]}"
