import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('recognizer', '0002_find_few_among_many'),
    ]

    operations = [
        migrations.CreateModel(
            name='ModelArtifacts',
            fields=[
                ('version', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='artifacts', serialize=False, to='recognizer.modelversion')),
                ('keras', models.BinaryField()),
                ('tflite', models.BinaryField()),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.RunSQL(
            'INSERT INTO recognizer_modelartifacts (version_id, keras, tflite) SELECT id, keras, tflite FROM recognizer_modelversion',
            migrations.RunSQL.noop,
        ),
        migrations.RemoveField(
            model_name='modelversion',
            name='keras',
        ),
        migrations.RemoveField(
            model_name='modelversion',
            name='tflite',
        ),
    ]
