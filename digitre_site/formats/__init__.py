"""How dates are written: the folder that FORMAT_MODULE_PATH names."""
