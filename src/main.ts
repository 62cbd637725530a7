// The command line. Each command is a file in commands/.
import { Command, CommanderError } from 'commander'
import { registerDemo } from './commands/demo.ts'
import { registerHotlist } from './commands/hotlist.ts'
import { registerRetention } from './commands/retention.ts'
import { failCommand } from './commands/run.ts'
import { registerServe } from './commands/serve.ts'
import { registerSimulate } from './commands/simulate.ts'
import { registerUser } from './commands/user.ts'

const program = new Command('hotplate')
  .description('Watches licence-plate reads and tells dispatch when one may be on a hot list.')
  .exitOverride()
  .showHelpAfterError(false)

for (const register of [
  registerServe,
  registerDemo,
  registerHotlist,
  registerUser,
  registerRetention,
  registerSimulate,
]) {
  register(program)
}

try {
  await program.parseAsync()
  process.exit(process.exitCode ?? 0)
} catch (error) {
  // commander has printed its one line already; wrong usage is exit 2.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2)
  failCommand(error)
}
