"""Who runs the site makes campaigns and deletes them; who reviews may ask for the drawings of one."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

GRANTED = {
    "Operator": [
        *("view_campaign", "add_campaign", "change_campaign", "delete_campaign"),
        "view_campaignreceipt",
    ],
    "Reviewer": ["view_campaign"],
}


def grant(apps, schema_editor):
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    create_permissions(
        installed.get_app_config("recognizer"), apps=apps, using=schema_editor.connection.alias, verbosity=0
    )
    for name, codenames in GRANTED.items():
        group, _ = Group.objects.get_or_create(name=name)
        permissions = Permission.objects.filter(content_type__app_label="recognizer", codename__in=codenames)
        group.permissions.add(*permissions)


class Migration(migrations.Migration):
    dependencies = [("training", "0008_watches"), ("recognizer", "0009_rooms")]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
