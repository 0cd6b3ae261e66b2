"""Two groups with no more than their work needs: Reviewer decides on drawings, Operator on versions, runs and the policy."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

ROLES = {
    "Reviewer": {
        "recognizer": [
            "view_drawing",
            "change_drawing",  # decide
            "view_contributor",
            "change_contributor",  # block, and let in again
            "view_labelevent",
        ],
    },
    "Operator": {
        "recognizer": [
            "view_modelversion",
            "change_modelversion",  # promote, roll back
            "view_promotionevent",
            "export_drawing",  # which 0006 makes sure of: it is younger than these groups
        ],
        "training": [
            "view_trainingrun",
            "add_trainingrun",  # train now
            "change_trainingrun",  # cancel
            "view_trainingpolicy",
            "change_trainingpolicy",
            "view_datasetsnapshot",
            "view_workerheartbeat",
        ],
    },
}


def make_groups(apps, schema_editor):
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    for label in ("recognizer", "training"):  # Django makes them after all migrations; the groups need them now
        create_permissions(
            installed.get_app_config(label), apps=apps, using=schema_editor.connection.alias, verbosity=0
        )
    for name, granted in ROLES.items():
        group, _ = Group.objects.get_or_create(name=name)
        for label, codenames in granted.items():
            group.permissions.add(*Permission.objects.filter(content_type__app_label=label, codename__in=codenames))


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("recognizer", "0001_initial"),
        ("training", "0001_initial"),
    ]

    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
