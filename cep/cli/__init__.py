"""The command line `cep`: one file a verb, each with `configure(parser)` and `run(arguments) -> exit code`."""
