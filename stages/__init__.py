"""The built-in stages. They are plugins like any other: they import the plugin API, and never each other."""
