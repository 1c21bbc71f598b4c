"""`manage.py import_catalogue`: what an AWS account holds, against what the catalogue says."""
