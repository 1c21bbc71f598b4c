"""What Gatehouse gives, as Terraform: to hand a place over, or to look at it there."""
