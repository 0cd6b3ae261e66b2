from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):
    """Hash the imports inside ES modules too; otherwise a deploy leaves browsers with stale modules."""

    support_js_module_import_aggregation = True
