"""The built-in editors: plugins too."""
