from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):
    """Hash the imports inside ES modules too; otherwise a deploy leaves browsers with stale modules."""

    support_js_module_import_aggregation = True
    # a pass for each step of the longest way from a page's module to one that imports nothing
    max_post_process_passes = 12
