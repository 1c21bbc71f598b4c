from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('policies', '0009_more_places'),
    ]

    operations = [
        migrations.AddField(
            model_name='grant',
            name='incomplete_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
