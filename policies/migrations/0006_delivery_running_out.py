from django.db import migrations, models

from accounts.migrating import AddIndexOnline


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('policies', '0005_run'),
    ]

    operations = [
        AddIndexOnline(
            model_name='delivery',
            index=models.Index(condition=models.Q(('over_at__isnull', True), ('wanted_until__isnull', False)), fields=['wanted_until'], name='delivery_running_out'),
        ),
    ]
