import Daemon

exit(runDaemon(Array(CommandLine.arguments.dropFirst())))
