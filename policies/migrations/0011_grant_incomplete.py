from django.db import migrations, models

from accounts.migrating import AddIndexOnline


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('policies', '0010_incomplete'),
    ]

    operations = [
        AddIndexOnline(
            model_name='grant',
            index=models.Index(condition=models.Q(('ended_at__isnull', True), ('incomplete_at__isnull', True), ('seen_at__isnull', True)), fields=['started_at'], name='grant_incomplete'),
        ),
    ]
