"""Two roles as JSON, as a CloudFormation template, as Terraform (in its JSON syntax). Pure."""

import json
from typing import Any

Role = dict[str, Any]  # {"name", "trust" (None: the workers' own role), "policy"}


def as_json(roles: list[Role], account: str) -> str:
    return _text({"account": account, **{one["name"]: _shown(one) for one in roles}})


def _shown(role: Role) -> dict[str, Any]:
    return {"trust": role["trust"], "policy": role["policy"], "characters": role["characters"]}


def as_cloudformation(roles: list[Role], account: str) -> str:
    resources = {
        f"Gatehouse{one['name'].capitalize()}": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": f"gatehouse-{one['name']}",
                "AssumeRolePolicyDocument": one["trust"],
                "Policies": [{"PolicyName": "gatehouse", "PolicyDocument": one["policy"]}],
            },
        }
        for one in roles
        if one["trust"]
    }
    about = f"Gatehouse's roles in account {account}"
    return _text(
        {"AWSTemplateFormatVersion": "2010-09-09", "Description": about, "Resources": resources}
    )


def as_terraform(roles: list[Role], account: str) -> str:
    """To keep as gatehouse.tf.json: Terraform reads JSON as it reads HCL."""
    made = [one for one in roles if one["trust"]]
    return _text(
        {
            "//": f"Gatehouse's roles in account {account}",
            "resource": {
                "aws_iam_role": {
                    f"gatehouse_{one['name']}": {
                        "name": f"gatehouse-{one['name']}",
                        "assume_role_policy": _template(one["trust"]),
                    }
                    for one in made
                },
                "aws_iam_role_policy": {
                    f"gatehouse_{one['name']}": {
                        "name": "gatehouse",
                        "role": f"${{aws_iam_role.gatehouse_{one['name']}.id}}",
                        "policy": _template(one["policy"]),
                    }
                    for one in made
                },
            },
        }
    )


def _template(document: Any) -> str:
    """A text in which Terraform finds nothing to fill in."""
    return json.dumps(document).replace("${", "$${").replace("%{", "%%{")


def _text(told: Any) -> str:
    return json.dumps(told, indent=2)


FORMATS = {"json": as_json, "cloudformation": as_cloudformation, "terraform": as_terraform}
