"""Estate, catalogue, requests, grants, targets, inquiries; and what runs the workers."""

from policies.models.catalogue import ApprovalPolicy, Bundle, Cut, Entitlement, Proposal
from policies.models.estate import (
    AwsAccount,
    Cluster,
    ManagedRole,
    Portfolio,
    VirtualCluster,
)
from policies.models.grants import LIVING, Delivery, EndReason, Grant, Receipt, Seen
from policies.models.inquiries import Inquiry, InquiryKind, ask_worker
from policies.models.installation import Beat, Installation
from policies.models.requests import Candidate, Comment, Decision, Item, Request, Step
from policies.models.targets import Key, Phase, Plan, Room, Target, TargetKind, hurry, wake

__all__ = [
    "LIVING",
    "ApprovalPolicy",
    "AwsAccount",
    "Beat",
    "Bundle",
    "Candidate",
    "Cluster",
    "Comment",
    "Cut",
    "Decision",
    "Delivery",
    "EndReason",
    "Entitlement",
    "Grant",
    "Inquiry",
    "InquiryKind",
    "Installation",
    "Item",
    "Key",
    "ManagedRole",
    "Phase",
    "Plan",
    "Portfolio",
    "Proposal",
    "Receipt",
    "Request",
    "Room",
    "Seen",
    "Step",
    "Target",
    "TargetKind",
    "VirtualCluster",
    "ask_worker",
    "hurry",
    "wake",
]
