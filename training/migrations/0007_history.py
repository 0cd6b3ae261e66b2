"""Runs keep what they saw when they began and what the gate was given; the groups may do what is new for programs."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations, models

OWN_KEYS = ["add_apikey", "change_apikey", "view_apikey"]  # change: revoke
GRANTED = {
    "Reviewer": OWN_KEYS,
    "Operator": [
        *OWN_KEYS,
        "manage_apikey",  # see and revoke everybody's
        "add_subscriber",
        "change_subscriber",
        "delete_subscriber",
        "view_subscriber",
        "view_delivery",
        "change_delivery",  # send again
        "view_ledgerentry",
    ],
}


def grant(apps, schema_editor):
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    recognizer = installed.get_app_config("recognizer")
    create_permissions(recognizer, apps=apps, using=schema_editor.connection.alias, verbosity=0)
    for name, codenames in GRANTED.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.add(
            *Permission.objects.filter(content_type__app_label="recognizer", codename__in=codenames)
        )


class Migration(migrations.Migration):

    dependencies = [
        ('recognizer', '0007_programs'),
        ('training', '0006_prepared_files'),
    ]

    operations = [
        migrations.AddField(
            model_name='trainingrun',
            name='difference',
            field=models.JSONField(default=dict, editable=False, help_text='What was new when it was claimed; see training.runs.schedule.Difference.'),
        ),
        migrations.AddField(
            model_name='trainingrun',
            name='measured',
            field=models.JSONField(default=dict, editable=False, help_text='What the gate was given besides the reports; see training.evaluation.verdicts.'),
        ),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
