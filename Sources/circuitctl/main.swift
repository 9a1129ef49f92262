// circuitctl: asks and tells circuitd.

import Glibc

exit(run(Array(CommandLine.arguments.dropFirst()), output: .standard()).rawValue)
