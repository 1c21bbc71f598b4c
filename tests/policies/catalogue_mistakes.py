"""A good catalogue file, and the mistakes that are added to it one at a time.

`# <<` marks the line that the answer has to name; without it, the entry's first line.
"""

GOOD = """\
version: 1
accounts:
  - {number: 111122223333, name: Analytics, region: us-east-1}
  - {number: 444455556666, name: Other, region: us-east-1}
portfolios:
  - {slug: spark, name: Spark, account: 111122223333, portfolio_id: port-1}
clusters:
  - {slug: main, name: Main, account: 111122223333, cluster_name: main}
virtual_clusters:
  - {slug: jobs, name: Jobs, account: 111122223333, virtual_cluster_id: abc}
roles:
  - {slug: sales, name: S, account: 111122223333, arn: "arn:aws:iam::111122223333:role/s"}
  - {slug: far, name: F, account: 444455556666, arn: "arn:aws:iam::444455556666:role/f"}
people:
  - {email: ana@example.com, name: Ana, employee_number: "1"}
  - {email: kim@example.com, name: Kim, employee_number: "2"}
  - {email: gone@example.com, name: Gus, employee_number: "3", state: left}
approval_policies:
  - {slug: manager, name: Manager, steps: [{who: manager}]}
"""

ROWS = [
    ("lakes:", "- slug: x", "There is no section “lakes”"),
    ("acounts:", "- number: x", "Did you mean “accounts”?"),
    ("bundles: yes", "", "takes a list of entries"),
]

ENTRIES = [
    ("accounts", "number: 12345 # <<\nname: A\nregion: us-east-1", "not an account number"),
    ("accounts", "number: 111122223333 # <<\nname: A\nregion: us-east-1", "written twice"),
    ("accounts", "number: 222233334444 # <<\nname: A", "“region” is missing"),
    ("accounts", "number: 222233334444\nname: # <<\nregion: us-east-1", "has no value"),
    ("accounts", "number: 222233334444\nname: A\nregion: virginia # <<", "not an AWS region"),
    (
        "accounts",
        "number: 222233334444\nname: A\nregion: us-east-1\n"
        "write_role: arn:aws:iam::111122223333:role/w # <<",
        "is in account 111122223333",
    ),
    (
        "accounts",
        "number: 222233334444\nname: A\nregion: us-east-1\n"
        "read_role: arn:aws:iam::222233334444:user/w # <<",
        "ARN of something else",
    ),
    (
        "accounts",
        "number: 222233334444\nname: A\nregion: us-east-1\n"
        "read_role: arn:aws-cn:iam::222233334444:role/w # <<",
        "the account is in aws",
    ),
    (
        "portfolios",
        "slug: p\nname: P\naccount: 999988887777 # <<\nportfolio_id: port-1",
        "There is",
    ),
    (
        "portfolios",
        "slug: p\nname: P\naccount: 111122223333\nportfolio_id: prod-1 # <<",
        "not a portfolio id",
    ),
    (
        "portfolios",
        "slug: a b # <<\nname: P\naccount: 111122223333\nportfolio_id: port-1",
        "not a short name",
    ),
    (
        "portfolios",
        "slug: p\nname: P\nacount: 1 # <<\naccount: 111122223333\nportfolio_id: port-1",
        "Did you mean “account”?",
    ),
    (
        "clusters",
        "slug: c\nname: C\naccount: 111122223333\ncluster_name: -x # <<",
        "not an EKS cluster name",
    ),
    (
        "clusters",
        "slug: c\nname: C\naccount: 111122223333\ncluster_name: c\naccess: kubeconfig # <<",
        "needs “kubeconfig”",
    ),
    (
        "clusters",
        "slug: c\nname: C\naccount: 111122223333\ncluster_name: c\ncontext: admin # <<",
        "takes no “context”",
    ),
    (
        "clusters",
        "slug: c\nname: C\naccount: 111122223333\ncluster_name: c\naccess: kubeconfig\n"
        "context: c\nkubeconfig: ../../etc/passwd # <<",
        "not a bare file name",
    ),
    ("clusters", "slug: c\nname: [C] # <<\naccount: 111122223333\ncluster_name: c", "one value"),
    (
        "virtual_clusters",
        "slug: v\nname: V\naccount: 111122223333\nvirtual_cluster_id: a/b # <<",
        "not a virtual cluster id",
    ),
    (
        "roles",
        "slug: r\nname: R\naccount: 111122223333\narn: arn:aws:iam::444455556666:role/r # <<",
        "is in account 444455556666, not in 111122223333",
    ),
    (
        "roles",
        "slug: r\nname: R\naccount: 111122223333\narn: arn:aws:iam::111122223333:role/s # <<",
        "also that of the role “sales”",
    ),
    (
        "roles",
        'slug: r\nname: R\naccount: 111122223333\narn: "arn:aws:iam::111122223333:role/*" # <<',
        "wildcard",
    ),
    ("people", "email: not-an-address # <<\nname: N\nemployee_number: n", "not an e-mail"),
    ("people", "email: new@example.com # <<\nname: N", "needs “employee_number”"),
    (
        "people",
        "email: new@example.com\nname: N\nemployee_number: n\nmanager: kin@example.com # <<",
        "Did you mean “kim@example.com”?",
    ),
    (
        "people",
        "email: new@example.com\nname: N\nemployee_number: n\nmanager: gone@example.com # <<",
        "does not work here now",
    ),
    ("people", "email: new@example.com\nname: N\nemployee_number: 1 # <<", "is that of ana@"),
    ("people", "email: Ana@Example.com # <<\nname: N\nemployee_number: 9", "written twice"),
    (
        "people",
        "email: new@example.com\nname: N\nemployee_number: n\ncontract_ends_on: 31.12.2026 # <<",
        "not a date",
    ),
    (
        "people",
        "email: new@example.com\nname: N\nemployee_number: n\nstate: retired # <<",
        "not known here",
    ),
    (
        "people",
        "email: new@example.com\nname: N\nemployee_number: n\nportal_roles:\n- auditor\n"
        "- superuser # <<",
        "Write one of: administrator, auditor, security.",
    ),
    (
        "people",
        "email: new@example.com\nname: N\nemployee_number: n\nstate: left\nportal_roles: [auditor]",
        "nobody working here",
    ),
    ("services", "name: s\npurpose: P\nowners: [ana@example.com] # <<", "has 1 entries"),
    (
        "services",
        "name: s\npurpose: P\nowners:\n- ana@example.com\n- ana@example.com # <<",
        "the same twice",
    ),
    (
        "services",
        "name: s\npurpose: P\nowners:\n- ana@example.com\n- gone@example.com # <<",
        "cannot own a service",
    ),
    ("principals", "arn: role/ana # <<\nperson: ana@example.com", "is not an ARN"),
    (
        "principals",
        "arn: arn:aws:sts::111122223333:assumed-role/a/b # <<\nperson: ana@example.com",
        "ARN of one session",
    ),
    (
        "principals",
        "arn: arn:aws:iam::999988887777:role/ana # <<\nperson: ana@example.com",
        "AWS account 999988887777 is not in this file",
    ),
    ("principals", "arn: arn:aws:iam::111122223333:role/ana # <<", "one person or to one service"),
    (
        "principals",
        "arn: arn:aws:iam::111122223333:role/ana\nservice: reports # <<",
        "There is no service “reports”",
    ),
    (
        "principals",
        "arn: arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/"
        "AWSReservedSSO_Data_0123456789abcdef # <<\nperson: ana@example.com",
        "usually shared",
    ),
    (
        "principals",
        "arn: arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/X\n"
        "sharing: personal # <<\nperson: ana@example.com",
        "does not go with this ARN",
    ),
    (
        "principals",
        "arn: arn:aws:iam::111122223333:role/team\nsharing: shared\nperson: ana@example.com # <<",
        "belongs to no one person",
    ),
    (
        "principals",
        "arn: arn:aws:iam::111122223333:role/ana\nperson: ana@example.com\n"
        "holders: [kim@example.com] # <<",
        "no list of holders",
    ),
    (
        "principals",
        "arn: arn:aws:iam::111122223333:role/ana\nperson: ana@example.com\n"
        'eks_user:\n  username: "system:admin" # <<',
        "reserved for the cluster",
    ),
    (
        "principals",
        "arn: arn:aws:iam::111122223333:role/ana\nperson: ana@example.com\n"
        "studio_user:\n  level: expert # <<",
        "Write one of: basic, intermediate, advanced.",
    ),
    ("approval_policies", "slug: p\nname: P\nsteps: [] # <<", "has 0 entries"),
    ("approval_policies", "slug: p\nname: P\nsteps:\n- who: boss # <<", "not known here"),
    (
        "approval_policies",
        "slug: p\nname: P\nsteps:\n- who: manager\n  quorum: 0 # <<",
        "number from 1 to 9",
    ),
    (
        "approval_policies",
        "slug: p\nname: P\nsteps: [{who: manager}]\nfallback:\n- gone@example.com # <<",
        "does not work here now (left)",
    ),
    ("entitlements", "slug: e\nended: maybe # <<", "neither true nor false"),
    (
        "entitlements",
        "slug: e\nname: E\nkind: portfolio\nconfig: {portfolio: spark}\napproval_policy: boss # <<",
        "There is no approval policy “boss”",
    ),
    (
        "entitlements",
        "slug: e\nname: E\nkind: buckets # <<\nconfig: {x: y}\napproval_policy: manager",
        "Write one of: portfolio, execution_roles, aws_auth, job_role, ",
    ),
    (
        "entitlements",
        "slug: e\nname: E\nkind: portfolio\napproval_policy: manager\n"
        "config:\n  portfolio: sprak # <<",
        "Did you mean “spark”?",
    ),
    (
        "entitlements",
        "slug: e\nname: E\nkind: portfolio\napproval_policy: manager\n"
        "config:\n  portfolio: spark\n  role: sales # <<",
        "“role” is not a key of config",
    ),
    (
        "entitlements",
        "slug: e\nname: E\nkind: execution_roles\napproval_policy: manager\n"
        "config:\n  virtual_cluster: jobs\n  roles:\n  - sales\n  - far # <<",
        "is in account 444455556666, the virtual cluster in 111122223333",
    ),
    (
        "entitlements",
        "slug: e\nname: E\nkind: aws_auth\napproval_policy: manager\n"
        'config:\n  cluster: main\n  groups:\n  - viewers\n  - "system:masters" # <<',
        "belong to the cluster itself",
    ),
    (
        "entitlements",
        "slug: e\nname: E\nkind: portfolio\nconfig: {portfolio: spark}\n"
        "approval_policy: manager\nmax_days: 1000 # <<",
        "number from 1 to 366",
    ),
    (
        "entitlements",
        "slug: e\nname: E\nkind: portfolio\nconfig: {portfolio: spark}\n"
        "approval_policy: manager\nowner: gone@example.com # <<",
        "does not work here now",
    ),
    ("bundles", "slug: b\nname: B\nentitlements:\n- nothing # <<", "There is no entitlement"),
]
