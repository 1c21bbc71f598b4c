"""An independent reading of what AWS would allow: imports nothing of the product.

It reads only what the (fake) AWS returns – policies, trusts, bucket policies, associations,
access entries, aws-auth – and decides one request by IAM's documented logic:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
`cases/*.yaml` are the questions; add a file and it is asked, too (`cases.py` tells the form).
"""
