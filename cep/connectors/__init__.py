"""Where events come from and go to: one file a connector, one a format."""
