"""Estate, catalogue, requests, grants, targets, inquiries; and what runs the workers."""

from policies.models.calls import AwsCalls
from policies.models.catalogue import ApprovalPolicy, Bundle, Cut, Entitlement, Proposal
from policies.models.drift import EVERYTHING, Drift, Foreign, Freeze, account_scope, target_scope
from policies.models.estate import (
    AwsAccount,
    Bucket,
    Cluster,
    Domain,
    ManagedRole,
    Portfolio,
    Studio,
    VirtualCluster,
    Workspace,
)
from policies.models.grants import LIVING, Delivery, EndReason, Grant, Receipt, Seen
from policies.models.inquiries import Inquiry, InquiryKind, ask_worker
from policies.models.installation import Beat, Installation
from policies.models.rates import Rate
from policies.models.requests import Candidate, Comment, Decision, Item, Request, Step
from policies.models.targets import (
    Key,
    ManagedBy,
    Phase,
    Plan,
    Repair,
    Room,
    Target,
    TargetKind,
    hurry,
    wake,
)

__all__ = [
    "EVERYTHING",
    "LIVING",
    "ApprovalPolicy",
    "AwsAccount",
    "AwsCalls",
    "Beat",
    "Bucket",
    "Bundle",
    "Candidate",
    "Cluster",
    "Comment",
    "Cut",
    "Decision",
    "Delivery",
    "Domain",
    "Drift",
    "EndReason",
    "Entitlement",
    "Foreign",
    "Freeze",
    "Grant",
    "Inquiry",
    "InquiryKind",
    "Installation",
    "Item",
    "Key",
    "ManagedBy",
    "ManagedRole",
    "Phase",
    "Plan",
    "Portfolio",
    "Proposal",
    "Rate",
    "Receipt",
    "Repair",
    "Request",
    "Room",
    "Seen",
    "Step",
    "Studio",
    "Target",
    "TargetKind",
    "VirtualCluster",
    "Workspace",
    "account_scope",
    "ask_worker",
    "hurry",
    "target_scope",
    "wake",
]
