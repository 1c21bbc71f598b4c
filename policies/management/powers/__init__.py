"""What Gatehouse itself may do in an AWS account: two roles, as little as the work takes."""
