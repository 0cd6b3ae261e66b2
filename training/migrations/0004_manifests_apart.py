import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('training', '0003_plainer_help'),
    ]

    operations = [
        migrations.CreateModel(
            name='SnapshotManifest',
            fields=[
                ('snapshot', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='training.datasetsnapshot')),
                ('packed', models.BinaryField(help_text='zlib of JSON: members and exclusions.')),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.RunSQL(
            'INSERT INTO training_snapshotmanifest (snapshot_id, packed) SELECT id, packed FROM training_datasetsnapshot',
            migrations.RunSQL.noop,
        ),
        migrations.RemoveField(
            model_name='datasetsnapshot',
            name='packed',
        ),
    ]
